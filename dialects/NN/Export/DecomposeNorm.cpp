//===- DecomposeNorm.cpp - Norms and softmax as nodes ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"

using namespace mlir;
using namespace inlay::nn;

/// value / sqrt(mean(value^2) + epsilon) over the last dim, in f32.
static Value divideByRms(NodeBuilder &nodes, Value value, double epsilon) {
  int64_t last = getShape(value).size() - 1;
  Value square = nodes.binary("Mul", value, value);
  Value mean = nodes.reduce("Mean", square, last);
  Value rms = nodes.unary("Sqrt", nodes.binary("Add", mean, epsilon));
  return nodes.binary("Div", value, rms);
}

/// A vector over the last dim, whatever its rank, in the type of `like`.
static Value asVector(NodeBuilder &nodes, Value vector, Value like) {
  return nodes.cast(nodes.reshape(vector, {numElements(getShape(vector))}),
                    elementType(like));
}

Value inlay::nn::rmsNorm(NodeBuilder &nodes, Value value, Value gamma,
                         double epsilon) {
  Type type = elementType(value);
  Value wide = nodes.cast(value, nodes.getBuilder().getF32Type());
  Value normed = nodes.cast(divideByRms(nodes, wide, epsilon), type);
  return nodes.binary("Mul", normed, asVector(nodes, gamma, normed));
}

/// What a norm reads, in the type of its result where that is the wider: the
/// norm rounds nothing that its result could hold.
template <typename NormOp>
static Value inputOf(NormOp op, Operands operands, NodeBuilder &nodes) {
  Value input = operands(op.getInput());
  Type given = elementType(input), made = elementType(op.getResult());
  bool widens = made.getIntOrFloatBitWidth() > given.getIntOrFloatBitWidth();
  return widens ? nodes.cast(input, made) : input;
}

Results inlay::nn::decompose(RmsNormOp op, Operands operands,
                             NodeBuilder &nodes) {
  Value normed =
      rmsNorm(nodes, inputOf(op, operands, nodes), operands(op.getGamma()),
              op.getEpsilon().convertToDouble());
  return {nodes.cast(normed, elementType(op.getResult()))};
}

Results inlay::nn::decompose(LayerNormOp op, Operands operands,
                             NodeBuilder &nodes) {
  Value input = inputOf(op, operands, nodes);
  Value wide = nodes.cast(input, nodes.getBuilder().getF32Type());
  int64_t last = getShape(input).size() - 1;
  Value centred = nodes.binary("Sub", wide, nodes.reduce("Mean", wide, last));
  Value normed =
      nodes.cast(divideByRms(nodes, centred, op.getEpsilon().convertToDouble()),
                 elementType(input));
  Value result = nodes.binary("Mul", normed,
                              asVector(nodes, operands(op.getGamma()), normed));
  if (Value beta = operands(op.getBeta()))
    result = nodes.binary("Add", result, asVector(nodes, beta, result));
  return {nodes.cast(result, elementType(op.getResult()))};
}

Results inlay::nn::decompose(SoftmaxOp op, Operands operands,
                             NodeBuilder &nodes) {
  return {nodes.softmax(operands(op.getInput()), op.getAxis())};
}
