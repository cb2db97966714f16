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
    for (const std::optional<WeightView> *view :
         {&matrix.scales, &matrix.zeroPoints, &matrix.bias, &matrix.global})
      if (*view)
        all &= (*view)->layout.has(Axis::Expert) == byExpert;
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

/// The tokens, if that is what a full weight multiplies: Llama-4 weights the
/// inputs of its experts.
static Value tokensOf(const Fact &weight, View view, int64_t hidden) {
  Layout tokens = Layout::rowMajor(
      {{Axis::Token, weight.router->tokens}, {Axis::Hidden, hidden}});
  Value found;
  do {
    if (view.layout == tokens &&
        numElements(*shapeOf(view.value)) == weight.router->tokens * hidden)
      found = view.value;
  } while (stepBack(view, /*casts=*/false));
  return found;
}

static bool meetInput(Analysis &analysis, NodeOp node, const Fact &weight,
                      const Layout &product, View other, int64_t hidden) {
  if (weight.kind != FactKind::FullWeight)
    return false;
  Value input = tokensOf(weight, other, hidden);
  if (!input)
    return false;
  Fact fact = weight;
  fact.kind = FactKind::WeightedInput;
  fact.layout = product;
  fact.input = input;
  return analysis.set(node, std::move(fact));
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
