//===- RaiseExpertsGathered.cpp - The weights of the chosen experts, gathered
//-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Encoding C: the matrices of the experts that a token chose are gathered by
// the router's indices; batched products; the weights of the slots, and a sum
// over the slots. Gathers are looked through where the MLP is read
// (ExpertMlp.cpp).
//
//===----------------------------------------------------------------------===//

#include "Analysis.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using namespace inlay::nn::moe;
using onnx::NodeOp;

static bool multiply(Analysis &analysis, NodeOp node) {
  auto pair = findOperand(analysis, node, FactKind::Weight);
  return pair && meet(analysis, node, *pair->fact, pair->value, pair->other);
}

/// weights [T, 1, k] times outputs [T, k, H]: product and sum in one node.
static bool multiplyAndSum(Analysis &analysis, NodeOp node) {
  const Fact *found = analysis.find(node.getInput(0), FactKind::Weight);
  auto from = shapeOf(node.getInput(0)), other = shapeOf(node.getInput(1));
  auto to = shapeOf(node.getOutput(0));
  if (!found || !from || !other || !to || other->size() < 2 ||
      from->size() != other->size())
    return false;
  Fact weight = *found;
  const Router &router = *weight.router;
  auto dims = split(weight.layout, *from);
  Layout slots{0, {{Axis::Slot, router.slots}}};
  slots.normalise();
  size_t rank = from->size();
  if (!dims || !(dims->back() == slots) || (*from)[rank - 2] != 1)
    return false;
  int64_t hidden = other->back();
  SmallVector<Layout> outputDims(*dims);
  outputDims[rank - 2] = slots;
  outputDims[rank - 1] = Layout::rowMajor({{Axis::Hidden, hidden}});
  auto layout = join(outputDims, *other);
  outputDims[rank - 2] = Layout();
  auto summed = join(outputDims, *to);
  if (!layout || !summed || hidden == 1)
    return false;
  auto mlp = readMlp(analysis, router, {node.getInput(1), *layout}, hidden);
  if (!mlp || mlp->root || mlp->expert >= 0 || mlp->weightedInput ||
      !isStacked(*mlp, /*byExpert=*/router.experts > 1))
    return false;
  Sum *sum = analysis.addSum(weight);
  sum->experts.push_back({-1, std::move(*mlp)});
  return analysis.setTerms(node, sum, *summed);
}

void moe::addGatheredRules(RuleMap &rules) {
  rules["Mul"].push_back(multiply);
  rules["MatMul"].push_back(multiplyAndSum);
}
