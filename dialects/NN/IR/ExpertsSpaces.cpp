//===- ExpertsSpaces.cpp - The loop nests of routers and experts ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IterationSpaces.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using model::IndexExpr;
using model::OpClass;
using model::OpSpec;

Spaces RouteOp::getIterationSpaces() {
  ArrayRef<int64_t> logits = getShape(getLogits());
  SpaceBuilder space(*this, "route", OpClass::TopK);
  int token = space.parallel("token", logits[0]);
  int expert = space.reduction("expert", logits[1]);
  space.input(getLogits(), {{token, 1}, {expert, 1}});
  space.input(getBias(), {{expert, 1}});
  space.input(getScores(), {{token, 1}, {expert, 1}});
  space.output(getIndices(), {{token, 1}, {-1, 1}});
  space.output(getWeights(), {{token, 1}, {-1, 1}});
  space.opsPerPoint(kSoftmax + static_cast<double>(getK()));
  return {space.take()};
}

namespace {

/// fc1 (and fc3), activation, fc2. Only the chosen experts run: k of E.
class ExpertsSpaces {
public:
  explicit ExpertsSpaces(ExpertsOp op)
      : op(op), tokens(numElements(getShape(op.getInput()).drop_back())),
        density(static_cast<double>(op.getExpertsPerToken()) /
                static_cast<double>(op.getNumExperts())) {}

  Spaces run() {
    Spaces spaces;
    int64_t hidden = op.getHidden();
    int64_t inner = op.getIntermediate();
    spaces.push_back(
        product("fc1", op.getQuantAttr(),
                {op.getFc1(), op.getFc1Scales(), op.getFc1ZeroPoints(),
                 op.getFc1Global(), op.getFc1Bias()},
                inner, hidden));
    if (op.getFc3())
      spaces.push_back(
          product("fc3", op.getQuantAttr(),
                  {op.getFc3(), op.getFc3Scales(), op.getFc3ZeroPoints(),
                   op.getFc3Global(), op.getFc3Bias()},
                  inner, hidden));
    spaces.push_back(activation(inner));
    spaces.push_back(
        product("fc2", op.getQuantOfFc2(),
                {op.getFc2(), op.getFc2Scales(), op.getFc2ZeroPoints(),
                 op.getFc2Global(), op.getFc2Bias()},
                hidden, inner));
    return spaces;
  }

private:
  /// Values between the products, by number.
  static constexpr int kInner = 0, kOfFc3 = 1;

  /// The operands that are one matrix of the experts.
  struct MatrixOperands {
    Value weight, scales, zeroPoints, global, bias;
  };

  OpSpec product(StringRef name, BlockQuantAttr quant,
                 const MatrixOperands &matrix, int64_t height, int64_t width) {
    SpaceBuilder space(op, name, OpClass::Contraction);
    int token = space.parallel("token", tokens);
    int expert = space.parallel("expert", op.getNumExperts());
    ScaleIndexing scales(quant, expert + 1, height, expert + 2, width);
    int n = space.parallel("n", height);
    int k = space.reduction("k", width, scales.columnUnit);
    if (name == "fc2") {
      space.local(op.getInput().getType(), {{token, 1}, {k, 1}}, kInner);
      space.input(op.getWeights(), {{token, 1}, {-1, 1}});
    } else {
      space.input(op.getInput(), {{token, 1}, {k, 1}});
      space.input(op.getIndices(), {{token, 1}, {-1, 1}});
    }
    if (quant) {
      SmallVector<IndexExpr> perBlock = {
          {expert, 1}, scales.byRow, scales.byColumn};
      if (getShape(matrix.scales).size() == 1)
        perBlock.truncate(1);
      space.input(matrix.weight, quantisedType(quant, matrix.weight),
                  {{expert, 1}, {n, 1}, {k, 1}});
      space.input(matrix.scales, perBlock);
      space.input(matrix.zeroPoints, quantisedType(quant, matrix.zeroPoints),
                  perBlock);
      space.input(matrix.global, {{expert, 1}});
    } else {
      space.input(matrix.weight, {{expert, 1}, {n, 1}, {k, 1}});
    }
    space.input(matrix.bias, {{expert, 1}, {n, 1}});
    if (name == "fc2")
      space.output(op.getResult(), {{token, 1}, {n, 1}});
    else
      space.local(op.getInput().getType(), {{token, 1}, {n, 1}},
                  name == "fc3" ? kOfFc3 : kInner);
    space.opsPerPoint(kMultiplyAccumulate);
    space.density(density);
    return space.take();
  }

  OpSpec activation(int64_t inner) {
    SpaceBuilder space(op, "activation", OpClass::Elementwise);
    int token = space.parallel("token", tokens);
    space.parallel("expert", op.getNumExperts());
    int n = space.parallel("n", inner);
    // It works in place.
    bool gated = static_cast<bool>(op.getFc3());
    if (gated)
      space.local(op.getInput().getType(), {{token, 1}, {n, 1}}, kOfFc3);
    space.local(op.getInput().getType(), {{token, 1}, {n, 1}}, kInner);
    space.local(op.getInput().getType(), {{token, 1}, {n, 1}}, kInner);
    space.opsPerPoint(kTranscendental + (gated ? 3 : 0));
    space.density(density);
    return space.take();
  }

  ExpertsOp op;
  int64_t tokens;
  double density;
};

} // namespace

Spaces ExpertsOp::getIterationSpaces() { return ExpertsSpaces(*this).run(); }
