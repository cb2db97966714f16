//===- Obstacles.cpp - What no route and experts can say ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Spellings that look like a choice of k experts and mean something else. They
// stay what they are, and the user is told which node is in the way and what
// to export in its place. The rules here give no facts.
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

#include "dialects/NN/Transforms/Raiser.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

/// The router of whose best scores `value` is a part, a few steps back.
static Router *bestScoresOf(Analysis &analysis, Value value) {
  constexpr int maxDepth = 8;
  for (int depth = 0; value && depth < maxDepth; ++depth) {
    auto node = value.getDefiningOp<NodeOp>();
    if (!node || !node.getDomain().empty())
      return nullptr;
    if (node.isOp("", "TopK")) {
      const Fact *index =
          value == node.getOutput(0) && node.getOutput(1)
              ? analysis.find(node.getOutput(1), FactKind::Index)
              : nullptr;
      return index && index->router->topK == node ? index->router : nullptr;
    }
    static constexpr StringLiteral kParts[] = {
        "Slice",     "Split",  "Gather",   "Reshape",   "Squeeze",
        "Unsqueeze", "Expand", "Cast",     "Identity",  "Transpose",
        "Tile",      "Min",    "CastLike", "ReduceMin", "Flatten"};
    if (!llvm::is_contained(kParts, node.getOpType()))
      return nullptr;
    value = node.getInput(0);
  }
  return nullptr;
}

/// Scores that are compared with the least of the k best: of equal ones all
/// pass.
static bool noteThreshold(Analysis &analysis, NodeOp node) {
  if (node.getInputs().size() != 2)
    return false;
  for (unsigned i : {0u, 1u}) {
    auto shape = shapeOf(node.getInput(1 - i));
    Router *router = shape && !shape->empty()
                         ? bestScoresOf(analysis, node.getInput(i))
                         : nullptr;
    if (router && shape->back() == router->experts && !router->threshold)
      router->threshold = node;
  }
  return false;
}

/// Tokens that are numbered within each expert: its places may not do for all.
static bool noteCapacity(Analysis &analysis, NodeOp node) {
  // Where there are places for all, nothing asks for the numbers any more.
  if (llvm::all_of(node.getOutput(0).getUsers(),
                   [](Operation *user) { return user->use_empty(); }))
    return false;
  const Fact *mask = analysis.find(node.getInput(0));
  std::optional<int64_t> axis = intOf(node.getInput(1));
  auto shape = shapeOf(node.getInput(0));
  auto dims =
      mask && axis && shape ? split(mask->layout, *shape) : std::nullopt;
  if (!dims || mask->kind != FactKind::Mask || mask->expert >= 0)
    return false;
  int64_t dim = normaliseAxis(*axis, shape->size());
  if (dim >= 0 && dim < static_cast<int64_t>(dims->size()) &&
      (*dims)[dim].has(Axis::Token) && !mask->router->capacity)
    mask->router->capacity = node;
  return false;
}

/// What a choice among so many is, is no choice of experts: of a sampler's
/// words, say.
static constexpr int64_t kMostExperts = 1 << 14;

static std::string titleOf(NodeOp node) {
  return "node '" + node.getNodeName().str() + "' (" + node.getFullName() + ")";
}

/// Whether nothing that the graph returns needs `value`, a few steps on.
static bool isUseless(Value value, int depth = 8) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    return depth > 0 && isa<NodeOp>(user) &&
           llvm::all_of(user->getResults(), [&](Value result) {
             return isUseless(result, depth - 1);
           });
  });
}

void moe::reportObstacle(const Router &router) {
  if (router.hasExperts || router.isReported || router.experts > kMostExperts)
    return;
  NodeOp topK = router.topK;
  if (router.threshold)
    mlir::emitWarning(router.threshold->getLoc())
        << titleOf(router.threshold)
        << " takes all experts whose scores reach the least of the "
        << router.slots << " best of TopK '" << topK.getNodeName()
        << "': where scores are equal these are more than " << router.slots
        << ", which no route of " << router.slots
        << " experts says, so what is behind it stays products that all tokens "
           "pass; export the choice by the indices of TopK";
  bool hasCapacity =
      router.capacity && !isUseless(NodeOp(router.capacity).getOutput(0));
  if (hasCapacity)
    mlir::emitWarning(router.capacity->getLoc())
        << titleOf(router.capacity)
        << " numbers the tokens of each expert of TopK '" << topK.getNodeName()
        << "', for places of which an expert has only so many: tokens beyond "
           "them pass no expert, which no route says, so what is behind it "
           "stays as the graph has it; export without a capacity (dropless)";
  if (!router.threshold && !hasCapacity && !router.isRound &&
      (router.seen.any() || router.isSorted))
    mlir::emitWarning(topK->getLoc())
        << titleOf(topK) << " chooses from " << router.experts
        << " experts, but no sum of their outputs, each times its weight, is "
           "behind it, so what is there stays as the graph has it; export "
           "experts whose weighted outputs are added up";
}

void moe::addObstacleRules(RuleMap &rules) {
  for (StringRef op : {"Greater", "GreaterOrEqual", "Less", "LessOrEqual"})
    rules[op].push_back(noteThreshold);
  rules["CumSum"].push_back(noteCapacity);
}
