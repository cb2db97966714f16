//===- RaiseMixer.cpp - Routers that choose in rounds ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The sparse mixer of Phi-3.5-MoE. Each round chooses the largest logit of
// those that are left, weighs it by a softmax over the logits that are left and
// near it, and takes it out for the next round. The chosen experts of all
// rounds, and their weights, are concatenated: there the rounds become one
// router.
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

#include "dialects/NN/Transforms/Raiser.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

namespace {

class RoundReader {
public:
  explicit RoundReader(int64_t tokens) : tokens(tokens) {}

  /// Follows the choices of all rounds from the first on.
  bool readChoices(ValueRange values) {
    for (Value value : values)
      if (!readChoice(value))
        return false;
    return true;
  }

  /// The same from the weights. Afterwards the threshold is known.
  bool readWeights(ValueRange values) {
    for (auto [round, value] : llvm::enumerate(values)) {
      NodeOp gather = definedBy(one(value), "GatherElements");
      if (!gather || !isOverLastDim(gather, gather.getInput(0), 0) ||
          !readChoice(gather.getInput(1)))
        return false;
      NodeOp softmax = definedBy(all(gather.getInput(0)), "Softmax");
      if (!softmax || softmax.getOpset().value_or(13) < 13 ||
          !isOverLastDim(softmax, softmax.getInput(0), -1))
        return false;
      std::optional<double> near = readNear(softmax.getInput(0), round);
      if (!near || *near < 0 || (threshold && *threshold != *near))
        return false;
      threshold = near;
    }
    return true;
  }

  Value logits() const { return left.front(); }
  /// The node that chose in round `index`.
  NodeOp chooser(unsigned index) const {
    return chosen[index].getDefiningOp<NodeOp>();
  }
  unsigned size() const { return chosen.size(); }
  Value firstIndex() const { return chosen.front(); }

  std::optional<double> threshold;

private:
  /// One number for each token, or one for each token and expert, without idle
  /// nodes before it.
  Value one(Value value) const {
    return stripIdle(value, Layout::rowMajor({{Axis::Token, tokens}}));
  }
  Value all(Value value) const {
    return stripIdle(value, Layout::rowMajor({{Axis::Token, tokens},
                                              {Axis::Expert, experts}}));
  }

  /// The largest of what is left, which the value is the index of.
  bool readChoice(Value value) {
    value = one(value);
    auto node = value ? value.getDefiningOp<NodeOp>() : NodeOp();
    if (!node || !isTop(node, value))
      return false;
    experts = shapeOf(node.getInput(0))->back();
    // With or without what is far from the largest: it is the same one.
    Value from = all(node.getInput(0));
    if (NodeOp where = definedBy(from, "Where"))
      from = all(where.getInput(isLowest(where.getInput(1)) ? 2 : 1));
    if (!isLeft(from))
      return false;
    left.push_back(from);
    chosen.push_back(value);
    return true;
  }

  static bool isTop(NodeOp node, Value output) {
    if (node.isOp("", "ArgMax"))
      return node.getIntAttr("select_last_index", 0) == 0 &&
             isOverLastDim(node, node.getInput(0), 0);
    return node.isOp("", "TopK") && node.getOutput(1) == output &&
           node.getIntAttr("largest", 1) == 1 && intOf(node.getInput(1)) == 1 &&
           isOverLastDim(node, node.getInput(0), -1);
  }

  /// Whether `value` is the logits without those chosen so far.
  bool isLeft(Value value) const {
    if (left.empty())
      return static_cast<bool>(value);
    NodeOp scatter = definedBy(value, "ScatterElements");
    return scatter && isOverLastDim(scatter, scatter.getInput(0), 0) &&
           scatter.getStringAttr("reduction", "none") == "none" &&
           all(scatter.getInput(0)) == left.back() &&
           one(scatter.getInput(1)) == chosen.back() &&
           isLowest(scatter.getInput(2));
  }

  /// The logits of any round up to `round`: they differ where there is minus
  /// infinity later on.
  bool isLogits(Value value, unsigned round) const {
    return llvm::is_contained(ArrayRef<Value>(left).take_front(round + 1),
                              all(value));
  }

  /// The threshold, where `value` is what is left in `round` with minus
  /// infinity in place of what is far from the largest.
  std::optional<double> readNear(Value value, unsigned round) const {
    NodeOp where = definedBy(all(value), "Where");
    if (!where || !isLowest(where.getInput(1)) ||
        all(where.getInput(2)) != left[round])
      return std::nullopt;
    Value condition = all(where.getInput(0));
    if (NodeOp greater = definedBy(condition, "Greater"))
      return readDistance(greater.getInput(0), round)
                 ? scalarOf(greater.getInput(1))
                 : std::nullopt;
    if (NodeOp less = definedBy(condition, "Less"))
      return readDistance(less.getInput(1), round) ? scalarOf(less.getInput(0))
                                                   : std::nullopt;
    return std::nullopt;
  }

  /// (largest - logits) / max(|logits|, largest)
  bool readDistance(Value value, unsigned round) const {
    NodeOp ratio = definedBy(all(value), "Div");
    NodeOp difference =
        ratio ? definedBy(all(ratio.getInput(0)), "Sub") : NodeOp();
    NodeOp size = ratio ? definedBy(all(ratio.getInput(1)), "Max") : NodeOp();
    if (!difference || !size || size.getInputs().size() != 2 ||
        !isLargest(difference.getInput(0), round) ||
        !isByToken(difference, difference.getInput(0)) ||
        !isLogits(difference.getInput(1), round))
      return false;
    for (unsigned i : {0u, 1u}) {
      NodeOp abs = definedBy(all(size.getInput(i)), "Abs");
      if (abs && isLogits(abs.getInput(0), round) &&
          isLargest(size.getInput(1 - i), round) &&
          isByToken(size, size.getInput(1 - i)))
        return true;
    }
    return false;
  }

  /// Whether an operand of one number for each token meets all experts of its
  /// token, and not one expert of all tokens.
  bool isByToken(NodeOp node, Value operand) const {
    auto from = shapeOf(operand), to = shapeOf(node.getOutput(0));
    auto wide =
        from && to
            ? broadcast(Layout::rowMajor({{Axis::Token, tokens}}), *from, *to)
            : std::nullopt;
    return wide && *wide == Layout::rowMajor({{Axis::Token, tokens},
                                              {Axis::Expert, experts}})
                                .only(Axis::Token);
  }

  /// The largest of what is left, one for each token.
  bool isLargest(Value value, unsigned round) const {
    value = one(value);
    auto node = value ? value.getDefiningOp<NodeOp>() : NodeOp();
    if (!node)
      return false;
    if (node.isOp("", "TopK"))
      return node.getOutput(0) == value && isTop(node, node.getOutput(1)) &&
             all(node.getInput(0)) == left[round];
    auto from = shapeOf(node.getInput(0)), to = shapeOf(value);
    return node.isOp("", "ReduceMax") && from && to && !from->empty() &&
           all(node.getInput(0)) == left[round] &&
           numElements(*to) == numElements(from->drop_back()) &&
           reducesLastDim(node, from->size());
  }

  static bool reducesLastDim(NodeOp node, int64_t rank) {
    std::optional<SmallVector<int64_t>> dims;
    if (auto given = node.getIntsAttr("axes"))
      dims = SmallVector<int64_t>(*given);
    else if (Value input = node.getInput(1))
      dims = onnx::getConstantInts(input);
    return dims && dims->size() == 1 &&
           normaliseAxis(dims->front(), rank) == rank - 1;
  }

  /// By round: the logits that are left, and the index that was chosen.
  SmallVector<Value, 2> left, chosen;
  int64_t tokens;
  int64_t experts = 0;
};

} // namespace

/// The router of all rounds, which is made when their choices or their weights
/// are first seen together.
static Router *findMixer(Analysis &analysis, const RoundReader &rounds,
                         ArrayRef<int64_t> shape) {
  Router *&router = analysis.mixerOf(rounds.firstIndex());
  if (router)
    return router->slots == rounds.size() ? router : nullptr;
  auto logits = shapeOf(rounds.logits());
  if (!logits || logits->empty() || ShapedType::isDynamicShape(*logits))
    return nullptr;
  Router added;
  added.topK = rounds.chooser(0);
  added.experts = logits->back();
  added.tokens = numElements(logits->drop_back());
  added.slots = rounds.size();
  if (added.tokens < 1 || added.slots > added.experts ||
      numElements(shape) != added.tokens * added.slots)
    return nullptr;
  added.selection.logits = added.selection.scores = rounds.logits();
  router = analysis.addRouter(added);
  // What one round chooses is no choice of its own.
  for (unsigned i = 0; i < rounds.size(); ++i)
    for (Value output : rounds.chooser(i).getOutputs())
      if (const Fact *fact = analysis.find(output, FactKind::Index))
        fact->router->isRound = true;
  return router;
}

/// The concatenation of what all rounds chose, or of the weights.
static bool joinRounds(Analysis &analysis, NodeOp node) {
  auto shape = shapeOf(node.getOutput(0));
  int64_t slots = node.getInputs().size();
  if (!shape || slots < 2 || shape->empty() || shape->back() != slots ||
      ShapedType::isDynamicShape(*shape) ||
      !isOverLastDim(node, node.getOutput(0), -1))
    return false;
  int64_t tokens = numElements(shape->drop_back());
  RoundReader choices(tokens), weights(tokens);
  bool isChoice = choices.readChoices(node.getInputs());
  if (!isChoice && !weights.readWeights(node.getInputs()))
    return false;
  Router *router = findMixer(analysis, isChoice ? choices : weights, *shape);
  if (!router)
    return false;
  Fact fact(isChoice ? FactKind::Index : FactKind::Weight);
  fact.router = router;
  fact.layout = Layout::rowMajor(
      {{Axis::Token, router->tokens}, {Axis::Slot, router->slots}});
  if (isChoice) {
    router->indices = node.getOutput(0);
    return analysis.set(node, std::move(fact));
  }
  router->selection.threshold = *weights.threshold;
  fact.spec.kind = RouteKind::SparseMixer;
  router->lastWeights = node.getOutput(0);
  router->lastSpec = fact.spec;
  return analysis.set(node, std::move(fact));
}

void moe::addMixerRules(RuleMap &rules) {
  rules["Concat"].push_back(joinRounds);
}
