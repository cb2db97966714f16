//===- RaiseRouter.cpp - From logits to the weights of the chosen ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// TopK is the boundary of a router. What it is given is read backwards; what is
// made of its results is followed forwards: softmax or sigmoid over the chosen,
// scores gathered by the choice, division by the sum, a scale.
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

#include "dialects/NN/Transforms/Raiser.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

//===----------------------------------------------------------------------===//
// TopK
//===----------------------------------------------------------------------===//

bool moe::isOverLastDim(NodeOp node, Value input, int64_t otherwise) {
  auto shape = shapeOf(input);
  if (!shape || shape->empty())
    return false;
  int64_t rank = shape->size();
  return normaliseAxis(node.getIntAttr("axis", otherwise), rank) == rank - 1;
}

/// Whether the values of TopK are scores of the chosen: where nothing was added
/// for the choice, and no expert of another group, whose score is masked, can
/// be chosen.
static bool areValuesScores(const Router &router) {
  const Selection &selection = router.selection;
  if (selection.bias)
    return false;
  if (selection.groups <= 1)
    return true;
  constexpr double lowest = -65504; // of f16
  bool isBelow = selection.kind == RouteKind::TopK
                     ? selection.maskedScore <= lowest
                     : selection.maskedScore <= 0;
  int64_t size = router.experts / selection.groups;
  return isBelow && router.slots <= selection.topGroups * size;
}

static bool startRouter(Analysis &analysis, NodeOp node) {
  // A sort of choices is no choice.
  const Fact *known = analysis.find(node.getInput(0));
  if (known && known->kind != FactKind::Inside)
    return false;
  auto shape = shapeOf(node.getInput(0));
  auto type = dyn_cast<RankedTensorType>(node.getInput(0).getType());
  std::optional<int64_t> k = intOf(node.getInput(1));
  if (!shape || shape->empty() || !type || !type.hasStaticShape() || !k ||
      !node.getOutput(1) || !isa<FloatType>(type.getElementType()) ||
      !isOverLastDim(node, node.getInput(0), /*otherwise=*/-1) ||
      node.getIntAttr("largest", 1) != 1)
    return false;
  Router router;
  router.topK = node;
  router.indices = node.getOutput(1);
  router.experts = shape->back();
  router.tokens = numElements(shape->drop_back());
  router.slots = *k;
  if (router.experts < 1 || router.tokens < 1 || *k < 1 || *k > router.experts)
    return false;
  router.selection =
      readSelection(node.getInput(0), router.tokens, router.experts);
  Router *added = analysis.addRouter(router);

  Fact index(FactKind::Index);
  index.router = added;
  index.layout = Layout::rowMajor(
      {{Axis::Token, router.tokens}, {Axis::Slot, router.slots}});
  Fact weight = index;
  weight.kind = FactKind::Weight;
  if (router.selection.kind != RouteKind::TopK)
    weight.spec.kind = router.selection.kind;
  analysis.set(node, std::move(index), 1);
  if (!areValuesScores(router))
    return true; // the values are no weights
  Value values = node.getOutput(0);
  added->usesChoiceAsScores = values && !values.use_empty();
  return analysis.set(node, std::move(weight), 0);
}

//===----------------------------------------------------------------------===//
// Functions of the weights
//===----------------------------------------------------------------------===//

static bool setWeight(Analysis &analysis, NodeOp node, Fact fact) {
  // The last of a chain counts where no expert uses the weights.
  if (fact.kind == FactKind::Weight && fact.spec.kind) {
    fact.router->lastWeights = node.getOutput(0);
    fact.router->lastSpec = fact.spec;
  }
  return analysis.set(node, std::move(fact));
}

/// Whether a fact's weights are still what TopK was given.
static bool isRaw(const Fact &fact) {
  return !fact.spec.kind && !fact.spec.renormalize && fact.spec.scale == 1 &&
         fact.router->selection.kind == RouteKind::TopK;
}

/// Softmax over the slots, or over all experts where the rest is masked.
static bool followSoftmax(Analysis &analysis, NodeOp node) {
  const Fact *fact = analysis.find(node.getInput(0));
  if (!fact || node.getOpset().value_or(13) < 13 || !isRaw(*fact))
    return false;
  bool isOpen = fact->kind == FactKind::OpenWeight && fact->expert < 0;
  if (!isOpen && fact->kind != FactKind::Weight)
    return false;
  auto shape = shapeOf(node.getInput(0));
  if (!shape)
    return false;
  int64_t dim = normaliseAxis(node.getIntAttr("axis", -1), shape->size());
  auto dims = split(fact->layout, *shape);
  Layout expected{0,
                  {isOpen ? Term{Axis::Expert, fact->router->experts}
                          : Term{Axis::Slot, fact->router->slots}}};
  expected.normalise();
  if (!dims || dim < 0 || dim >= static_cast<int64_t>(dims->size()) ||
      !((*dims)[dim] == expected))
    return false;
  Fact after = *fact;
  after.kind = isOpen ? FactKind::FullWeight : FactKind::Weight;
  after.spec.kind = RouteKind::TopKSoftmax;
  return setWeight(analysis, node, std::move(after));
}

/// Sigmoid is monotonic: it may come after the choice as well as before.
static bool followSigmoid(Analysis &analysis, NodeOp node) {
  const Fact *fact = analysis.find(node.getInput(0));
  if (!fact || !isRaw(*fact) ||
      (fact->kind != FactKind::OpenWeight && fact->kind != FactKind::Weight))
    return false;
  Fact after = *fact;
  if (fact->kind == FactKind::OpenWeight)
    after.kind = FactKind::FullWeight;
  after.spec.kind = RouteKind::SigmoidTopK;
  return setWeight(analysis, node, std::move(after));
}

/// The sum of a token's weights, to divide by.
static bool sumWeights(Analysis &analysis, NodeOp node) {
  const Fact *fact = analysis.find(node.getInput(0), FactKind::Weight);
  SmallVector<Axis> axes;
  if (!fact || fact->spec.renormalize)
    return false;
  std::optional<Layout> layout = reducedLayout(node, fact->layout, axes);
  if (!layout || !sumsOver(axes, {Axis::Slot}, *fact->router))
    return false;
  Fact after = *fact;
  after.kind = FactKind::WeightSum;
  after.layout = *layout;
  return analysis.set(node, std::move(after));
}

/// Whether no weight of a token is below 0; `least` is then the least that
/// their sum can be.
static bool areAtLeastZero(const Fact &fact, double &least) {
  const Router &router = *fact.router;
  std::optional<RouteKind> kind = fact.spec.kind;
  if (!kind || fact.spec.scale <= 0)
    return false;
  bool isShare =
      kind == RouteKind::SoftmaxTopK || kind == RouteKind::TopKSoftmax;
  // The best of all have no less than their share of 1, where nothing but
  // their own size chooses them.
  bool isBest =
      isShare && !router.selection.bias && router.selection.groups <= 1;
  least = isBest ? static_cast<double>(router.slots) /
                       static_cast<double>(router.experts)
                 : 0;
  return isShare || kind == RouteKind::SigmoidTopK;
}

/// The sum of what a token's weights are above 0: the sum, where they are.
static bool sumMagnitudes(Analysis &analysis, NodeOp node) {
  const Fact *fact = analysis.find(node.getInput(0), FactKind::Weight);
  double least = 0;
  return fact && areAtLeastZero(*fact, least) && sumWeights(analysis, node);
}

/// A sum of weights that is kept from 0 by a number; where it never falls below
/// that, the number says nothing.
static bool keepSum(Analysis &analysis, NodeOp node) {
  constexpr double small = 1e-2;
  bool isClip = node.isOp("", "Clip");
  Value value = node.getInput(0), bound = node.getInput(1);
  const Fact *fact = analysis.find(value, FactKind::WeightSum);
  if (!fact && !isClip && bound) {
    std::swap(value, bound);
    fact = analysis.find(value, FactKind::WeightSum);
  }
  double least = 0;
  std::optional<double> number = fact && bound ? scalarOf(bound) : std::nullopt;
  if (!number || !(*number >= 0) || fact->spec.scale != 1 ||
      fact->spec.leastSum != 0 || (isClip && node.getInput(2)) ||
      node.getInputs().size() > 3 ||
      (!isClip && node.getInputs().size() != 2) ||
      shapeOf(value) != shapeOf(node.getOutput(0)))
    return false;
  Fact after = *fact;
  bool isIdle = fact->spec.epsilon == 0 && areAtLeastZero(*fact, least) &&
                *number <= small * least;
  after.spec.leastSum = isIdle ? 0 : *number;
  return analysis.set(node, std::move(after));
}

/// The small number that keeps from dividing by zero.
static bool addEpsilon(Analysis &analysis, NodeOp node) {
  auto pair = findOperand(analysis, node, FactKind::WeightSum);
  std::optional<double> epsilon = pair ? scalarOf(pair->other) : std::nullopt;
  if (!epsilon || *epsilon < 0 || pair->fact->spec.epsilon != 0 ||
      pair->fact->spec.leastSum != 0)
    return false;
  auto shape = shapeOf(pair->value), to = shapeOf(node.getOutput(0));
  if (!shape || !to || *shape != *to)
    return false;
  Fact after = *pair->fact;
  after.spec.epsilon = *epsilon;
  return analysis.set(node, std::move(after));
}

static bool keepsShape(NodeOp node, Value value) {
  auto from = shapeOf(value), to = shapeOf(node.getOutput(0));
  return from && to && *from == *to;
}

static bool divide(Analysis &analysis, NodeOp node) {
  const Fact *weight = analysis.find(node.getInput(0), FactKind::Weight);
  if (!weight || !keepsShape(node, node.getInput(0)))
    return false;
  Fact after = *weight;
  if (std::optional<double> by = scalarOf(node.getInput(1))) {
    if (*by == 0)
      return false;
    after.spec.scale /= *by;
    return setWeight(analysis, node, std::move(after));
  }
  const Fact *sum = analysis.find(node.getInput(1), FactKind::WeightSum);
  WeightSpec before = weight->spec;
  if (sum) {
    before.epsilon = sum->spec.epsilon;
    before.leastSum = sum->spec.leastSum;
  }
  // A scale before the division is one of both or of none.
  if (!sum || sum->router != weight->router || !(sum->spec == before) ||
      before.scale != 1 || weight->spec.renormalize ||
      !isAligned(node, *weight, node.getInput(0), *sum, node.getInput(1)))
    return false;
  after.spec.renormalize = true;
  after.spec.epsilon = sum->spec.epsilon;
  after.spec.leastSum = sum->spec.leastSum;
  return setWeight(analysis, node, std::move(after));
}

static bool scale(Analysis &analysis, NodeOp node) {
  auto pair = findOperand(analysis, node, FactKind::Weight);
  std::optional<double> by = pair ? scalarOf(pair->other) : std::nullopt;
  if (!by || !keepsShape(node, pair->value))
    return false;
  Fact after = *pair->fact;
  after.spec.scale *= *by;
  return setWeight(analysis, node, std::move(after));
}

/// Scores taken by the choice: the weights where the choice was by others.
static bool gatherScores(Analysis &analysis, NodeOp node) {
  const Fact *index = analysis.find(node.getInput(1), FactKind::Index);
  auto shape = shapeOf(node.getInput(0)),
       indexShape = shapeOf(node.getInput(1));
  if (!index || !shape || !indexShape || shape->empty() ||
      !isOverLastDim(node, node.getInput(0), /*otherwise=*/0))
    return false;
  const Router &router = *index->router;
  Layout row = Layout::rowMajor(
      {{Axis::Token, router.tokens}, {Axis::Slot, router.slots}});
  if (!(index->layout == row) || shape->back() != router.experts ||
      indexShape->back() != router.slots ||
      shape->drop_back() != indexShape->drop_back())
    return false;
  Fact weight = *index;
  weight.kind = FactKind::Weight;
  const Selection &selection = router.selection;
  View scores{node.getInput(0),
              Layout::rowMajor({{Axis::Token, router.tokens},
                                {Axis::Expert, router.experts}})};
  peel(scores, /*casts=*/true);
  splitBias(*index->router, scores);
  View known{selection.scores, scores.layout};
  if (known.value)
    peel(known, /*casts=*/true);
  bool isKnown = known.value && scores == known;
  if (isKnown && selection.kind != RouteKind::TopK) {
    weight.spec.kind = selection.kind;
  } else if (isKnown) {
    // Without a bias of its own the choice is the scores.
    index->router->usesChoiceAsScores |= !selection.bias;
  } else {
    weight.spec.kind = RouteKind::TopK;
    weight.spec.scores = node.getInput(0);
  }
  return setWeight(analysis, node, std::move(weight));
}

void moe::addRouterRules(RuleMap &rules) {
  rules["TopK"].push_back(startRouter);
  rules["Softmax"].push_back(followSoftmax);
  rules["Sigmoid"].push_back(followSigmoid);
  rules["ReduceSum"].push_back(sumWeights);
  rules["ReduceL1"].push_back(sumMagnitudes);
  rules["Max"].push_back(keepSum);
  rules["Clip"].push_back(keepSum);
  rules["Add"].push_back(addEpsilon);
  rules["Div"].push_back(::divide);
  rules["Mul"].push_back(scale);
  rules["GatherElements"].push_back(gatherScores);
}
