//===- RaiseExpertsDense.cpp - All experts in one batched product ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Encoding D: the weights scattered to the full width of all experts, the
// tokens repeated for each expert, batched products, and a sum over the
// experts. Parts of the full width serve loops too (encoding B with a dense
// router).
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

#include "dialects/NN/Transforms/Raiser.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

/// Weights that a node writes over what fills the rest, its first input: zeros,
/// or what a softmax behind makes of experts that are not chosen.
static bool setFilled(Analysis &analysis, NodeOp node, Fact full) {
  if (isZero(node.getInput(0)))
    full.kind = FactKind::FullWeight;
  else if (isLowest(node.getInput(0)))
    full.kind = FactKind::OpenWeight;
  else
    return false;
  return analysis.set(node, std::move(full));
}

/// Weights put at the places of the chosen experts, into 0 or minus infinity.
static bool scatterWeights(Analysis &analysis, NodeOp node) {
  const Fact *index = analysis.find(node.getInput(1), FactKind::Index);
  const Fact *weight = analysis.find(node.getInput(2), FactKind::Weight);
  auto shape = shapeOf(node.getInput(0)), chosen = shapeOf(node.getInput(1));
  if (!index || !weight || index->router != weight->router || !shape ||
      !chosen || shape->empty() || chosen->size() != shape->size() ||
      shapeOf(node.getInput(2)) != chosen ||
      !(index->layout == weight->layout) ||
      node.getStringAttr("reduction", "none") != "none")
    return false;
  const Router &router = *index->router;
  int64_t rank = shape->size();
  int64_t axis = normaliseAxis(node.getIntAttr("axis", 0), rank);
  auto dims = split(index->layout, *chosen);
  if (!dims || axis < 0 || axis >= rank || (*shape)[axis] != router.experts)
    return false;
  // Along `axis` lie the slots of the choice, and nothing else.
  Layout slots{0, {{Axis::Slot, router.slots}}};
  slots.normalise();
  if (!((*dims)[axis] == slots))
    return false;
  (*dims)[axis] = Layout{0, {{Axis::Expert, router.experts}}};
  (*dims)[axis].normalise();
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis && (*shape)[i] != (*chosen)[i])
      return false;
  auto layout = join(*dims, *shape);
  if (!layout)
    return false;
  Fact full = *weight;
  full.layout = *layout;
  return setFilled(analysis, node, std::move(full));
}

/// Whether `indices` are pairs of a token and what it chose, for each slot.
static const Fact *choicesOfTokens(Analysis &analysis, Value indices) {
  NodeOp pairs = definedBy(indices, "Concat");
  auto shape = shapeOf(indices);
  if (!pairs || !shape || shape->empty() || shape->back() != 2 ||
      pairs.getInputs().size() != 2 || !isOverLastDim(pairs, indices, 0))
    return nullptr;
  const Fact *index = analysis.find(pairs.getInput(1), FactKind::Index);
  auto tokens = onnx::getConstantInts(pairs.getInput(0));
  if (!index || !tokens)
    return nullptr;
  const Router &router = *index->router;
  if (static_cast<int64_t>(tokens->size()) != router.tokens * router.slots ||
      !(index->layout == Layout::rowMajor({{Axis::Token, router.tokens},
                                           {Axis::Slot, router.slots}})))
    return nullptr;
  for (auto [i, token] : llvm::enumerate(*tokens))
    if (token != static_cast<int64_t>(i) / router.slots)
      return nullptr;
  return index;
}

/// The same by ScatterND.
static bool scatterPairs(Analysis &analysis, NodeOp node) {
  const Fact *index =
      node.getInput(1) ? choicesOfTokens(analysis, node.getInput(1)) : nullptr;
  const Fact *weight =
      index ? analysis.find(node.getInput(2), FactKind::Weight) : nullptr;
  auto to = shapeOf(node.getOutput(0));
  if (!weight || !to || weight->router != index->router ||
      !(weight->layout == index->layout) ||
      node.getStringAttr("reduction", "none") != "none")
    return false;
  const Router &router = *index->router;
  if (*to != ArrayRef<int64_t>{router.tokens, router.experts})
    return false;
  Fact full = *weight;
  full.layout = Layout::rowMajor(
      {{Axis::Token, router.tokens}, {Axis::Expert, router.experts}});
  return setFilled(analysis, node, std::move(full));
}

//===----------------------------------------------------------------------===//
// One expert of all
//===----------------------------------------------------------------------===//

/// Output `index` of a node that cuts along `dim`: `start` is the expert, if
/// that is what the dim counts and one of them is taken.
static bool cut(Analysis &analysis, NodeOp node, unsigned index, int64_t dim,
                int64_t start, int64_t size, bool keepsDim) {
  const Fact *fact = analysis.find(node.getInput(0));
  auto shape = shapeOf(node.getInput(0)), to = shapeOf(node.getOutput(index));
  if (!fact ||
      (fact->kind != FactKind::FullWeight && fact->kind != FactKind::Mask &&
       fact->kind != FactKind::Ends && fact->kind != FactKind::Count) ||
      fact->expert >= 0 || !shape || !to || size != 1)
    return false;
  auto dims = split(fact->layout, *shape);
  Layout experts{0, {{Axis::Expert, fact->router->experts}}};
  experts.normalise();
  if (!dims || dim < 0 || dim >= static_cast<int64_t>(dims->size()) ||
      !((*dims)[dim] == experts) || start < 0 || start >= fact->router->experts)
    return false;
  if (keepsDim)
    (*dims)[dim] = Layout();
  else
    dims->erase(dims->begin() + dim);
  if (dims->size() != to->size())
    return false;
  auto layout = join(*dims, *to);
  if (!layout)
    return false;
  Fact one = *fact;
  if (fact->kind == FactKind::Ends)
    one.kind = FactKind::Bound;
  one.layout = *layout;
  one.expert = start;
  return analysis.set(node, std::move(one), index);
}

static bool gatherExpert(Analysis &analysis, NodeOp node) {
  std::optional<int64_t> index = intOf(node.getInput(1));
  auto shape = shapeOf(node.getInput(0)),
       indexShape = shapeOf(node.getInput(1));
  if (!index || !shape || !indexShape || indexShape->size() > 1)
    return false;
  int64_t dim = normaliseAxis(node.getIntAttr("axis", 0), shape->size());
  if (dim < 0 || dim >= static_cast<int64_t>(shape->size()))
    return false;
  int64_t start = *index < 0 ? *index + (*shape)[dim] : *index;
  return cut(analysis, node, 0, dim, start, 1,
             /*keepsDim=*/indexShape->size() == 1);
}

static bool sliceExpert(Analysis &analysis, NodeOp node) {
  if (!analysis.find(node.getInput(0)))
    return false;
  auto ranges = readSlice(node);
  auto to = shapeOf(node.getOutput(0));
  if (!ranges || ranges->size() != 1 || !to)
    return false;
  const SliceRange &range = ranges->front();
  return cut(analysis, node, 0, range.dim, range.start, (*to)[range.dim],
             /*keepsDim=*/true);
}

static bool splitExperts(Analysis &analysis, NodeOp node) {
  auto shape = shapeOf(node.getInput(0));
  if (!analysis.find(node.getInput(0)) || !shape)
    return false;
  int64_t dim = normaliseAxis(node.getIntAttr("axis", 0), shape->size());
  if (dim < 0 || dim >= static_cast<int64_t>(shape->size()))
    return false;
  int64_t start = 0;
  bool any = false;
  for (unsigned i = 0; i < node->getNumResults(); ++i) {
    auto part = shapeOf(node.getOutput(i));
    if (!part)
      return any;
    any |= cut(analysis, node, i, dim, start, (*part)[dim], /*keepsDim=*/true);
    start += (*part)[dim];
  }
  return any;
}

//===----------------------------------------------------------------------===//
// Sums over all experts
//===----------------------------------------------------------------------===//

static bool sumTerms(Analysis &analysis, NodeOp node) {
  const Fact *fact = analysis.find(node.getInput(0), FactKind::Terms);
  SmallVector<Axis> axes;
  if (!fact || !isReadOnce(node.getInput(0)))
    return false;
  auto layout = reducedLayout(node, fact->layout, axes);
  if (!layout || llvm::is_contained(axes, Axis::Token) ||
      llvm::is_contained(axes, Axis::Hidden))
    return false;
  return analysis.setTerms(node, fact->sum, *layout);
}

/// The sum over experts, or over the slots of each token, whose inputs were
/// weighted: their outputs are read back to the weighted inputs.
static bool sumInside(Analysis &analysis, NodeOp node) {
  Value value = node.getInput(0);
  const Fact *found = analysis.find(value, FactKind::Inside);
  auto shape = shapeOf(value);
  if (!found || found->expert >= 0 || !shape || shape->size() < 2)
    return false;
  const Router &router = *found->router;
  int64_t hidden = shape->back();
  bool isFull = found->weightKind == FactKind::FullWeight;
  std::pair<Axis, int64_t> token{Axis::Token, router.tokens},
      width{Axis::Hidden, hidden},
      summed = isFull ? std::pair(Axis::Expert, router.experts)
                      : std::pair(Axis::Slot, router.slots);
  if (numElements(*shape) != router.tokens * summed.second * hidden)
    return false;
  // The dim that is summed over comes behind the tokens, or first.
  for (const Layout &layout : {Layout::rowMajor({token, summed, width}),
                               Layout::rowMajor({summed, token, width})}) {
    SmallVector<Axis> axes;
    auto after = reducedLayout(node, layout, axes);
    if (after && sumsOver(axes, {summed.first}, router) &&
        meetInside(analysis, value, layout, hidden))
      return sumTerms(analysis, node);
  }
  return false;
}

void moe::addDenseRules(RuleMap &rules) {
  rules["ScatterElements"].push_back(scatterWeights);
  rules["ScatterND"].push_back(scatterPairs);
  rules["Gather"].push_back(gatherExpert);
  rules["Slice"].push_back(sliceExpert);
  rules["Split"].push_back(splitExperts);
  rules["ReduceSum"].push_back(sumTerms);
  rules["ReduceSum"].push_back(sumInside);
  for (StringRef op : {"MatMul", "Gemm", "Einsum"})
    rules[op].push_back(meetSum);
}
