//===- RaiseExpertsGrouped.cpp - Choices sorted by expert, one run for each
//-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Encoding F: all choices, as pairs of a token and a slot, are sorted by
// expert; counts per expert give the bounds of the runs; each expert gets its
// run, and the concatenated outputs go back to the tokens by a scatter, or by
// the inverse order and a sum over the slots.
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

#include "dialects/NN/Transforms/Raiser.h"

#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

static Layout pairsOf(const Router &router) {
  return Layout::rowMajor(
      {{Axis::Token, router.tokens}, {Axis::Slot, router.slots}});
}

static Layout sortedPairs(const Router &router) {
  return Layout::rowMajor({{Axis::Pair, router.tokens * router.slots}});
}

//===----------------------------------------------------------------------===//
// The order
//===----------------------------------------------------------------------===//

/// Ascending sort of a whole 1-D value.
static bool isArgsort(NodeOp node, int64_t size) {
  auto shape = shapeOf(node.getInput(0));
  return shape && shape->size() == 1 && shape->front() == size &&
         intOf(node.getInput(1)) == size &&
         node.getIntAttr("largest", 1) != 1 &&
         node.getIntAttr("sorted", 1) == 1;
}

static bool sort(Analysis &analysis, NodeOp node) {
  const Fact *fact = analysis.find(node.getInput(0));
  if (!fact || !isArgsort(node, fact->router->tokens * fact->router->slots))
    return false;
  const Router &router = *fact->router;
  if (fact->kind == FactKind::Index && fact->layout == pairsOf(router)) {
    Fact order = *fact;
    order.kind = FactKind::Order;
    order.router->isSorted = true;
    order.layout = sortedPairs(router);
    order.root = node;
    Fact sorted = order;
    sorted.kind = FactKind::SortedIndex;
    analysis.set(node, std::move(sorted), 0);
    return analysis.set(node, std::move(order), 1);
  }
  if (fact->kind == FactKind::Order && fact->layout == sortedPairs(router)) {
    Fact inverse = *fact;
    inverse.kind = FactKind::InverseOrder;
    inverse.layout = pairsOf(router);
    return analysis.set(node, std::move(inverse), 1);
  }
  return false;
}

/// Consecutive numbers written to the places that the order says.
static bool invert(Analysis &analysis, NodeOp node) {
  const Fact *fact = analysis.find(node.getInput(1), FactKind::Order);
  auto values = fact ? onnx::getConstantInts(node.getInput(2)) : std::nullopt;
  auto shape = shapeOf(node.getInput(0));
  if (!values || !shape || shape->size() != 1 ||
      node.getStringAttr("reduction", "none") != "none" ||
      static_cast<int64_t>(values->size()) != shape->front() ||
      shape->front() != fact->router->tokens * fact->router->slots ||
      !(fact->layout == sortedPairs(*fact->router)))
    return false;
  for (auto [i, value] : llvm::enumerate(*values))
    if (value != static_cast<int64_t>(i))
      return false;
  Fact inverse = *fact;
  inverse.kind = FactKind::InverseOrder;
  inverse.layout = pairsOf(*fact->router);
  return analysis.set(node, std::move(inverse));
}

static bool tokenOfPair(Analysis &analysis, NodeOp node) {
  const Fact *order = analysis.find(node.getInput(0), FactKind::Order);
  auto type = dyn_cast<ShapedType>(node.getOutput(0).getType());
  if (!order || !type || !type.getElementType().isInteger() ||
      intOf(node.getInput(1)) != order->router->slots)
    return false;
  auto from = shapeOf(node.getInput(0)), to = shapeOf(node.getOutput(0));
  if (!from || !to || *from != *to)
    return false;
  Fact token = *order;
  token.kind = FactKind::PairToken;
  return analysis.set(node, std::move(token));
}

/// What rounding towards minus infinity adds to a division of numbers that are
/// never negative: nothing.
static bool compareWithZero(Analysis &analysis, NodeOp node) {
  const Fact *fact = analysis.find(node.getInput(0));
  if (!fact || scalarOf(node.getInput(1)) != 0.0 ||
      (fact->kind != FactKind::Order && fact->kind != FactKind::PairToken))
    return false;
  Fact never(FactKind::Never);
  never.router = fact->router;
  return analysis.set(node, std::move(never));
}

static bool stayNever(Analysis &analysis, NodeOp node) {
  auto pair = findOperand(analysis, node, FactKind::Never);
  return pair && (node.isOp("", "And") || scalarOf(pair->other) == 1.0) &&
         analysis.set(node, Fact(*pair->fact));
}

static bool subtractNever(Analysis &analysis, NodeOp node) {
  const Fact *token = analysis.find(node.getInput(0), FactKind::PairToken);
  return token && analysis.find(node.getInput(1), FactKind::Never) &&
         shapeOf(node.getInput(0)) == shapeOf(node.getOutput(0)) &&
         analysis.set(node, Fact(*token));
}

//===----------------------------------------------------------------------===//
// The bounds
//===----------------------------------------------------------------------===//

static const Fact *findChoices(Analysis &analysis, Value value) {
  const Fact *fact = analysis.find(value, FactKind::SortedIndex);
  return fact ? fact : analysis.find(value, FactKind::Index);
}

/// torch.histc over E bins from 0 to E - 1: division by the width of a bin,
/// (E - 1) / E, rounding down, and clamping. Expert e gives e + e / (E - 1), in
/// bin e; the last one gives E, which is clamped to E - 1. Division by 1 and
/// bounds that experts keep anyway do not matter.
static bool keepChoices(Analysis &analysis, NodeOp node) {
  const Fact *choices = findChoices(analysis, node.getInput(0));
  if (!choices)
    choices = analysis.find(node.getInput(0), FactKind::BinIndex);
  auto type = dyn_cast<ShapedType>(node.getOutput(0).getType());
  if (!choices || !type ||
      shapeOf(node.getInput(0)) != shapeOf(node.getOutput(0)))
    return false;
  Fact after = *choices;
  auto experts = static_cast<double>(choices->router->experts);
  if (node.isOp("", "Div")) {
    double by = numberOf(node.getInput(1)).value_or(0);
    if (by == 1)
      return analysis.set(node, std::move(after));
    if (choices->kind == FactKind::BinIndex || experts < 2 ||
        !isa<FloatType>(type.getElementType()) ||
        std::abs(by - (experts - 1) / experts) > 1e-6)
      return false;
    after.kind = FactKind::BinIndex;
    return analysis.set(node, std::move(after));
  }
  Value low = node.getInput(1), high = node.getInput(2);
  double top = high ? numberOf(high).value_or(0) : experts;
  if ((low && numberOf(low).value_or(1) > 0) || top < experts - 1)
    return false;
  if (choices->kind == FactKind::BinIndex) {
    if (top != experts - 1 || !isa<IntegerType>(type.getElementType()))
      return false;
    after.kind = FactKind::SortedIndex;
  }
  return analysis.set(node, std::move(after));
}

/// Ones added up at the places of the chosen experts.
static bool countByScatter(Analysis &analysis, NodeOp node) {
  const Fact *choices = findChoices(analysis, node.getInput(1));
  auto shape = shapeOf(node.getInput(0));
  if (!choices || !shape || shape->size() != 1 ||
      shape->front() != choices->router->experts ||
      node.getStringAttr("reduction", "none") != "add" ||
      !isZero(node.getInput(0)) || !isOne(node.getInput(2)))
    return false;
  const Router &router = *choices->router;
  if (!(choices->layout == pairsOf(router)) &&
      !(choices->layout == sortedPairs(router)))
    return false;
  Fact number = *choices;
  number.kind = FactKind::Count;
  number.root = nullptr;
  number.layout = Layout::rowMajor({{Axis::Expert, router.experts}});
  return analysis.set(node, std::move(number));
}

/// The numbers from one bound to the next.
static bool makeRun(Analysis &analysis, NodeOp node) {
  const Fact *end = analysis.find(node.getInput(1), FactKind::Bound);
  if (!end || intOf(node.getInput(2)) != 1)
    return false;
  const Fact *start = analysis.find(node.getInput(0), FactKind::Bound);
  int64_t before = start ? start->expert : -1;
  if ((start ? start->router != end->router : intOf(node.getInput(0)) != 0) ||
      end->expert != before + 1)
    return false;
  Fact run = *end;
  run.kind = FactKind::Run;
  run.layout = Layout::rowMajor({{Axis::Hit, ShapedType::kDynamic}});
  return analysis.set(node, std::move(run));
}

/// Ones written to the places of the chosen experts, of which each token has
/// no two alike.
static bool maskByScatter(Analysis &analysis, NodeOp node) {
  const Fact *index = analysis.find(node.getInput(1), FactKind::Index);
  auto to = shapeOf(node.getInput(0)), from = shapeOf(node.getInput(1));
  if (!index || !to || !from || to->size() != from->size() || to->empty() ||
      to->back() != index->router->experts ||
      to->drop_back() != from->drop_back() ||
      !isOverLastDim(node, node.getInput(0), /*otherwise=*/0) ||
      node.getStringAttr("reduction", "none") != "none" ||
      !isZero(node.getInput(0)) || !isOne(node.getInput(2)) ||
      shapeOf(node.getInput(2)) != from ||
      !(index->layout == pairsOf(*index->router)))
    return false;
  Fact mask = *index;
  mask.kind = FactKind::Mask;
  mask.layout = Layout::rowMajor({{Axis::Token, index->router->tokens},
                                  {Axis::Expert, index->router->experts}});
  return analysis.set(node, std::move(mask));
}

static bool count(Analysis &analysis, NodeOp node) {
  const Fact *mask = analysis.find(node.getInput(0), FactKind::Mask);
  SmallVector<Axis> axes;
  if (!mask || mask->expert >= 0)
    return false;
  auto layout = reducedLayout(node, mask->layout, axes);
  // Where a mask has no slots, each token has an expert once at most.
  SmallVector<Axis> wanted = {Axis::Token};
  if (mask->layout.has(Axis::Slot))
    wanted.push_back(Axis::Slot);
  if (!layout || !sumsOver(axes, wanted, *mask->router))
    return false;
  Fact number = *mask;
  number.kind = FactKind::Count;
  number.layout = *layout;
  return analysis.set(node, std::move(number));
}

bool moe::isCount(const Fact *fact) {
  if (!fact)
    return false;
  bool isOne = fact->kind == FactKind::Mask && fact->router->tokens == 1 &&
               !fact->layout.has(Axis::Slot);
  return isOne || fact->kind == FactKind::Count;
}

/// The counts of all experts, one after the other.
static bool joinCounts(Analysis &analysis, NodeOp node) {
  const Fact *first = analysis.find(node.getInput(0));
  auto to = shapeOf(node.getOutput(0));
  if (!isCount(first) || !to || to->size() != 1 ||
      static_cast<int64_t>(node.getInputs().size()) != first->router->experts)
    return false;
  for (auto [expert, input] : llvm::enumerate(node.getInputs())) {
    const Fact *one = analysis.find(input);
    auto shape = shapeOf(input);
    if (!isCount(one) || one->router != first->router || !shape ||
        numElements(*shape) != 1 ||
        (one->expert != static_cast<int64_t>(expert) &&
         first->router->experts != 1))
      return false;
  }
  Fact all = *first;
  all.kind = FactKind::Count;
  all.expert = -1;
  all.layout = Layout::rowMajor({{Axis::Expert, first->router->experts}});
  return analysis.set(node, std::move(all));
}

static bool addUp(Analysis &analysis, NodeOp node) {
  const Fact *number = analysis.find(node.getInput(0));
  if (!isCount(number) || number->expert >= 0)
    return false;
  auto shape = shapeOf(node.getInput(0));
  std::optional<int64_t> axis = intOf(node.getInput(1));
  auto dims = shape ? split(number->layout, *shape) : std::nullopt;
  if (!dims || !axis || node.getIntAttr("exclusive", 0) ||
      node.getIntAttr("reverse", 0))
    return false;
  int64_t dim = normaliseAxis(*axis, shape->size());
  if (dim < 0 || dim >= static_cast<int64_t>(dims->size()) ||
      !((*dims)[dim] ==
        Layout::rowMajor({{Axis::Expert, number->router->experts}})))
    return false;
  Fact ends = *number;
  ends.kind = FactKind::Ends;
  return analysis.set(node, std::move(ends));
}

//===----------------------------------------------------------------------===//
// Weights and outputs
//===----------------------------------------------------------------------===//

/// Dim `axis` of a fact's value exchanged for what an index of one dim counts.
static std::optional<Layout> gathered(NodeOp node, const Fact &fact,
                                      const Layout &before,
                                      const Layout &after) {
  std::optional<GatherForm> gather = readGather(node);
  auto dims = gather ? split(fact.layout, gather->from) : std::nullopt;
  if (!dims || gather->batch != 0 || gather->index.size() != 1 ||
      !((*dims)[gather->dim] == before))
    return std::nullopt;
  (*dims)[gather->dim] = after;
  return join(*dims, gather->to);
}

static bool gatherWeights(Analysis &analysis, NodeOp node) {
  const Fact *weight = analysis.find(node.getInput(0), FactKind::Weight);
  const Fact *order = analysis.find(node.getInput(1), FactKind::Order);
  if (!weight || !order || weight->router != order->router)
    return false;
  const Router &router = *weight->router;
  auto layout = gathered(node, *weight, pairsOf(router), sortedPairs(router));
  if (!layout || !(order->layout == sortedPairs(router)))
    return false;
  Fact sorted = *weight;
  sorted.kind = FactKind::PairWeight;
  sorted.layout = *layout;
  sorted.root = order->root;
  return analysis.set(node, std::move(sorted));
}

/// Weighted outputs back in the order of the pairs.
static bool gatherTerms(Analysis &analysis, NodeOp node) {
  const Fact *terms = analysis.find(node.getInput(0), FactKind::Terms);
  const Fact *inverse = analysis.find(node.getInput(1), FactKind::InverseOrder);
  if (!terms || !inverse || terms->router != inverse->router ||
      !isReadOnce(node.getInput(0)) ||
      !(inverse->layout == pairsOf(*terms->router)))
    return false;
  for (auto &[expert, mlp] : terms->sum->experts)
    if (mlp->root != inverse->root)
      return false;
  auto layout = gathered(node, *terms, sortedPairs(*terms->router),
                         pairsOf(*terms->router));
  return layout && analysis.setTerms(node, terms->sum, *layout);
}

static bool multiply(Analysis &analysis, NodeOp node) {
  auto pair = findOperand(analysis, node, FactKind::PairWeight);
  return pair && meet(analysis, node, *pair->fact, pair->value, pair->other);
}

std::optional<Experts> moe::readSorted(Analysis &analysis, const Fact &weight,
                                       View output, int64_t hidden) {
  const Router &router = *weight.router;
  Operation *root = weight.root;
  bool onInput = weight.kind == FactKind::WeightedInput;
  if (weight.kind != FactKind::PairWeight && weight.kind != FactKind::Weight &&
      !onInput)
    return std::nullopt;
  do {
    peel(output, /*casts=*/true);
  } while (weight.kind == FactKind::Weight &&
           stepBackChoice(analysis, router, output, root));
  NodeOp concat = definedBy(output.value, "Concat");
  auto shape = shapeOf(output.value);
  if (!concat || !shape || shape->size() != 2 ||
      normaliseAxis(concat.getIntAttr("axis", 0), 2) != 0 ||
      !(output.layout ==
        Layout::rowMajor({{Axis::Pair, router.tokens * router.slots},
                          {Axis::Hidden, hidden}})))
    return std::nullopt;
  Layout rows = Layout::rowMajor(
      {{Axis::Hit, ShapedType::kDynamic}, {Axis::Hidden, hidden}});
  Experts experts;
  for (Value piece : concat.getInputs()) {
    auto mlp = readMlp(analysis, router, {piece, rows}, hidden);
    if (!mlp || mlp->root != root ||
        static_cast<bool>(mlp->weightedInput) != onInput ||
        mlp->expert != static_cast<int64_t>(experts.size()) ||
        !isStacked(*mlp, /*byExpert=*/false))
      return std::nullopt;
    int64_t expert = std::exchange(mlp->expert, -1);
    experts.emplace_back(expert, std::move(mlp));
  }
  return experts;
}

void moe::addGroupedRules(RuleMap &rules) {
  rules["TopK"].push_back(sort);
  rules["ScatterElements"].push_back(invert);
  rules["Div"].push_back(tokenOfPair);
  rules["ScatterElements"].push_back(maskByScatter);
  rules["ReduceSum"].push_back(count);
  rules["Concat"].push_back(joinCounts);
  rules["CumSum"].push_back(addUp);
  rules["Less"].push_back(compareWithZero);
  rules["Equal"].push_back(stayNever);
  rules["And"].push_back(stayNever);
  rules["Sub"].push_back(subtractNever);
  rules["Div"].push_back(keepChoices);
  rules["Clip"].push_back(keepChoices);
  rules["ScatterElements"].push_back(countByScatter);
  rules["ScatterND"].push_back(invert);
  rules["Range"].push_back(makeRun);
  for (StringRef op : {"Gather", "GatherND"}) {
    rules[op].push_back(gatherWeights);
    rules[op].push_back(gatherTerms);
  }
  rules["Mul"].push_back(multiply);
}
