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

void moe::addGatheredRules(RuleMap &rules) { rules["Mul"].push_back(multiply); }
