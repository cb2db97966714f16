//===- Meet.cpp - Where a weight multiplies an expert ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

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
  for (auto [dim, size] : llvm::zip_equal(*dims, to)) {
    if (!dim.terms.empty() || dim.first != 0 || size == 1)
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

static bool meetInput(Analysis &analysis, NodeOp node, const Fact &weight,
                      const Layout &product, View other, int64_t hidden) {
  Value input = tokensOf(analysis, weight, other, hidden);
  if (!input)
    return false;
  Fact fact = weight;
  fact.kind = FactKind::WeightedInput;
  fact.weightKind = weight.kind;
  fact.layout = product;
  fact.input = input;
  return analysis.set(node, std::move(fact));
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
  std::vector<std::pair<int64_t, Mlp>> experts;
  if (auto sorted = readSorted(analysis, input, {value, layout}, hidden)) {
    experts = std::move(*sorted);
  } else {
    auto mlp = readMlp(analysis, *input.router, {value, layout}, hidden);
    bool ofOne = input.expert >= 0 || input.router->experts == 1;
    if (!mlp || mlp->expert >= 0 || !isStacked(*mlp, /*byExpert=*/!ofOne))
      return false;
    experts.push_back({input.expert, std::move(*mlp)});
  }
  for (auto &[expert, mlp] : experts)
    if (mlp.weightedInput != weightedInput ||
        (input.weightKind == FactKind::FullWeight && !keepsZero(mlp)))
      return false;
  Sum *sum = analysis.addSum(input);
  sum->weightOnInput = true;
  sum->experts = std::move(experts);
  return analysis.setTerms(producer, sum, layout);
}

bool moe::meet(Analysis &analysis, NodeOp node, const Fact &weight,
               Value weightValue, Value other) {
  auto from = shapeOf(weightValue), to = shapeOf(node.getOutput(0));
  auto otherShape = shapeOf(other);
  if (!from || !to || !otherShape)
    return false;
  // A copy: facts move when others are set.
  Fact fact = weight;
  int64_t hidden = 0;
  std::optional<Layout> product = productLayout(fact, *from, *to, hidden);
  auto layout =
      product ? broadcastBack(*product, *to, *otherShape) : std::nullopt;
  if (!layout || !layout->has(Axis::Hidden))
    return false;
  View output{other, *layout};
  std::vector<std::pair<int64_t, Mlp>> experts;
  if (auto sorted = readSorted(analysis, fact, output, hidden)) {
    experts = std::move(*sorted);
  } else {
    auto mlp = readMlp(analysis, *fact.router, output, hidden);
    if (!mlp)
      return meetInput(analysis, node, fact, *product, output, hidden);
    if (!belongs(*mlp, fact))
      return false;
    experts.push_back({fact.expert, std::move(*mlp)});
  }
  Sum *sum = analysis.addSum(fact);
  sum->experts = std::move(experts);
  return analysis.setTerms(node, sum, *product);
}
