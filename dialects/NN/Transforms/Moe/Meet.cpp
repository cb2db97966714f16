//===- Meet.cpp - Where a weight multiplies an expert ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

#include "dialects/NN/Transforms/Raiser.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

std::optional<Layout> moe::productLayout(const Fact &weight, Shape from,
                                         Shape to, int64_t &hidden) {
  std::optional<Layout> rows = broadcast(weight.layout, from, to);
  auto dims = rows ? split(*rows, to) : std::nullopt;
  if (!dims)
    return std::nullopt;
  hidden = 0;
  // Runs of experts are as many rows together as there are pairs. Where that is
  // one, no term says so of a dim whose size is known from the data only.
  bool isOnePair = weight.kind == FactKind::PairWeight &&
                   weight.router->tokens * weight.router->slots == 1;
  for (auto [dim, size] : llvm::zip_equal(*dims, to)) {
    if (!dim.terms.empty() || dim.first != 0 || size == 1 ||
        (isOnePair && ShapedType::isDynamic(size)))
      continue;
    if (hidden != 0 || ShapedType::isDynamic(size))
      return std::nullopt;
    hidden = size;
    dim.terms.push_back({Axis::Hidden, size});
  }
  if (hidden == 0)
    return std::nullopt;
  return join(*dims, to);
}

bool moe::isStacked(const Mlp &mlp, bool byExpert) {
  auto agrees = [byExpert](const Matrix &matrix) {
    bool all = matrix.weight.layout.has(Axis::Expert) == byExpert;
    // All experts may share scales or a bias.
    for (const std::optional<WeightView> *view :
         {&matrix.scales, &matrix.zeroPoints, &matrix.bias, &matrix.global})
      if (*view)
        all &= byExpert || !(*view)->layout.has(Axis::Expert);
    return all;
  };
  return agrees(mlp.fc1) && agrees(mlp.fc2) && (!mlp.fc3 || agrees(*mlp.fc3));
}

/// Whether an MLP is of the experts that its weight is of.
static bool belongs(const Mlp &mlp, const Fact &weight) {
  if (mlp.root != weight.root || mlp.expert >= 0 || mlp.weightedInput)
    return false;
  bool ofOne = weight.expert >= 0 || weight.router->experts == 1;
  return isStacked(mlp, /*byExpert=*/!ofOne);
}

/// The tokens, if that is what a weight multiplies: Llama-4 weights the inputs
/// of its experts. All of them, or those that were chosen.
static Value tokensOf(Analysis &analysis, const Fact &weight, View view,
                      int64_t hidden) {
  Layout tokens = Layout::rowMajor(
      {{Axis::Token, weight.router->tokens}, {Axis::Hidden, hidden}});
  Operation *root = nullptr;
  Value found;
  do {
    if (view.layout == tokens &&
        numElements(*shapeOf(view.value)) == weight.router->tokens * hidden)
      found = view.value;
  } while (stepBack(view, /*casts=*/false) ||
           stepBackChoice(analysis, *weight.router, view, root));
  return root == weight.root ? found : Value();
}

/// A product inside of experts: of their tokens, or of what they compute
/// between their two layers, which is as good as that of the outputs where the
/// second layer has no bias. Which one it is shows at the outputs.
static bool weighInside(Analysis &analysis, NodeOp node, Fact fact,
                        Value weight, const Layout &product, const View &other,
                        int64_t width) {
  Value input = tokensOf(analysis, fact, other, width);
  View inner{other.value, other.layout.renamed(Axis::Hidden, Axis::Inner)};
  if (!input && !isInner(analysis, *fact.router, inner, width))
    return false;
  fact.weightKind = fact.kind;
  fact.kind = FactKind::WeightedInput;
  fact.layout = product;
  fact.input = input;
  fact.weight = weight;
  return analysis.set(node, std::move(fact));
}

//===----------------------------------------------------------------------===//
// Outputs of experts
//===----------------------------------------------------------------------===//

/// The outputs of all experts, each computed by nodes of its own, stacked.
static std::optional<Experts> readStack(Analysis &analysis,
                                        const Router &router, View output,
                                        int64_t hidden) {
  Operation *root = nullptr;
  do {
    peel(output, /*casts=*/true);
  } while (stepBackChoice(analysis, router, output, root));
  NodeOp stack = definedBy(output.value, "Concat");
  auto shape = shapeOf(output.value);
  auto dims = stack && shape ? split(output.layout, *shape) : std::nullopt;
  if (!dims || root || router.experts == 1 ||
      static_cast<int64_t>(stack.getInputs().size()) != router.experts)
    return std::nullopt;
  int64_t axis = normaliseAxis(stack.getIntAttr("axis", 0), shape->size());
  const Layout along = (*dims)[axis];
  Experts experts;
  for (Value piece : stack.getInputs()) {
    auto part = shapeOf(piece);
    Layout whole{0, {{Axis::Expert, router.experts, part ? (*part)[axis] : 0}}};
    if (!part || !(along.only(Axis::Expert) == whole))
      return std::nullopt;
    (*dims)[axis] = along.without(Axis::Expert);
    auto layout = join(*dims, *part);
    auto mlp =
        layout ? readMlp(analysis, router, {piece, *layout}, hidden) : nullptr;
    if (!mlp || mlp->root || mlp->expert >= 0 || mlp->weightedInput ||
        !isStacked(*mlp, /*byExpert=*/false))
      return std::nullopt;
    experts.emplace_back(experts.size(), std::move(mlp));
  }
  return experts;
}

/// The experts one by one, where nodes stack their weights.
static std::optional<Experts> readEach(Analysis &analysis, const Router &router,
                                       const View &output, int64_t hidden) {
  Experts experts;
  for (int64_t e = 0; e < router.experts; ++e) {
    auto mlp =
        readMlp(analysis, router, output, hidden, {/*sumsExperts=*/false, e});
    if (!mlp || mlp->root || mlp->expert >= 0 || mlp->weightedInput ||
        !isStacked(*mlp, /*byExpert=*/false))
      return std::nullopt;
    experts.emplace_back(e, std::move(mlp));
  }
  return experts;
}

std::optional<Experts> moe::readExperts(Analysis &analysis, const Fact &weight,
                                        View output, int64_t hidden) {
  if (auto sorted = readSorted(analysis, weight, output, hidden))
    return sorted;
  bool isOfAll = weight.expert < 0 && !weight.root;
  if (isOfAll)
    if (auto stack = readStack(analysis, *weight.router, output, hidden))
      return stack;
  auto mlp = readMlp(analysis, *weight.router, output, hidden);
  if (!mlp)
    return isOfAll ? readEach(analysis, *weight.router, output, hidden)
                   : std::nullopt;
  Experts experts;
  if (belongs(*mlp, weight))
    experts.emplace_back(weight.expert, std::move(mlp));
  return experts;
}

/// Whether an expert answers to zeros with zeros: where all experts run on all
/// tokens, those that were not chosen must add nothing.
static bool keepsZero(const Mlp &mlp) { return !mlp.fc1.bias && !mlp.fc2.bias; }

bool moe::meetInside(Analysis &analysis, Value value, const Layout &layout,
                     int64_t hidden) {
  const Fact *inside = analysis.find(value, FactKind::Inside);
  const Fact *found =
      inside ? analysis.find(inside->input, FactKind::WeightedInput) : nullptr;
  auto producer = value.getDefiningOp<NodeOp>();
  if (!found || !producer || producer.getOutput(0) != value)
    return false;
  // A copy: facts move when others are set.
  Fact input = *found;
  Value weightedInput = inside->input;
  Experts experts;
  if (auto sorted = readSorted(analysis, input, {value, layout}, hidden)) {
    experts = std::move(*sorted);
  } else {
    auto mlp = readMlp(analysis, *input.router, {value, layout}, hidden);
    bool ofOne = input.expert >= 0 || input.router->experts == 1;
    if (!mlp || mlp->expert >= 0 || !isStacked(*mlp, /*byExpert=*/!ofOne))
      return false;
    experts.emplace_back(input.expert, std::move(mlp));
  }
  bool mayLeaveOut =
      input.weightKind == FactKind::FullWeight || input.leavesOutZeros;
  bool onInput = !experts.front().second->weightsInner;
  for (auto &[expert, mlp] : experts)
    if (mlp->weightedInput != weightedInput || mlp->weightsInner == onInput ||
        (onInput && mayLeaveOut && !keepsZero(*mlp)) ||
        (!onInput && (mlp->fc2.bias || mlp->root != input.root)))
      return false;
  Sum *sum = analysis.addSum(input);
  sum->weightOnInput = onInput;
  sum->experts = std::move(experts);
  return analysis.setTerms(producer, sum, layout);
}

bool moe::meetSum(Analysis &analysis, NodeOp node) {
  auto shape = shapeOf(node.getOutput(0));
  if (!shape || shape->empty() || ShapedType::isDynamicShape(*shape))
    return false;
  for (Value operand : node.getInputs().take_front(2)) {
    const Fact *inside = analysis.find(operand);
    if (inside && inside->kind == FactKind::Inside)
      operand = inside->input;
    const Fact *found = analysis.find(operand, FactKind::WeightedInput);
    int64_t hidden = shape->back();
    if (!found || found->expert >= 0 ||
        found->weightKind != FactKind::FullWeight ||
        numElements(*shape) != found->router->tokens * hidden)
      continue;
    Fact input = *found;
    Layout rows = Layout::rowMajor(
        {{Axis::Token, input.router->tokens}, {Axis::Hidden, hidden}});
    auto mlp = readMlp(analysis, *input.router, {node.getOutput(0), rows},
                       hidden, {/*sumsExperts=*/true});
    if (!mlp || mlp->weightedInput != operand || !mlp->weightsInner ||
        mlp->fc2.bias || mlp->root || mlp->expert >= 0 ||
        !isStacked(*mlp, /*byExpert=*/input.router->experts > 1))
      continue;
    Sum *sum = analysis.addSum(input);
    sum->experts.emplace_back(-1, std::move(mlp));
    return analysis.setTerms(node, sum, rows);
  }
  return false;
}

bool moe::meet(Analysis &analysis, NodeOp node, const Fact &weight,
               Value weightValue, Value other) {
  auto from = shapeOf(weightValue), to = shapeOf(node.getOutput(0));
  auto otherShape = shapeOf(other);
  if (!from || !to || !otherShape)
    return false;
  int64_t hidden = 0;
  std::optional<Layout> product = productLayout(weight, *from, *to, hidden);
  auto layout =
      product ? broadcastBack(*product, *to, *otherShape) : std::nullopt;
  if (!layout || !layout->has(Axis::Hidden))
    return false;
  View output{other, *layout};
  auto experts = readExperts(analysis, weight, output, hidden);
  if (!experts)
    return weighInside(analysis, node, weight, weightValue, *product, output,
                       hidden);
  if (experts->empty())
    return false;
  Sum *sum = analysis.addSum(weight);
  sum->experts = std::move(*experts);
  return analysis.setTerms(node, sum, *product);
}
