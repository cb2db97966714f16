//===- DecomposeShape.cpp - Operations that move data as nodes ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"

using namespace mlir;
using namespace inlay::nn;

Results inlay::nn::decompose(ReshapeOp op, Operands operands,
                             NodeBuilder &nodes) {
  return {nodes.reshape(operands(op.getInput()), getShape(op.getResult()))};
}

Results inlay::nn::decompose(TransposeOp op, Operands operands,
                             NodeBuilder &nodes) {
  return {nodes.transpose(operands(op.getInput()), op.getPermutation())};
}

Results inlay::nn::decompose(ConcatOp op, Operands operands,
                             NodeBuilder &nodes) {
  SmallVector<Value> inputs =
      llvm::map_to_vector(op.getInputs(), [&](Value v) { return operands(v); });
  return {nodes.concat(inputs, op.getAxis())};
}

Results inlay::nn::decompose(SliceOp op, Operands operands,
                             NodeBuilder &nodes) {
  return {nodes.slice(operands(op.getInput()), op.getOffsets(),
                      getShape(op.getResult()), op.getStrides())};
}

Results inlay::nn::decompose(BroadcastOp op, Operands operands,
                             NodeBuilder &nodes) {
  return {nodes.expand(operands(op.getInput()), getShape(op.getResult()))};
}

Results inlay::nn::decompose(GatherOp op, Operands operands,
                             NodeBuilder &nodes) {
  return {nodes.gather(operands(op.getInput()), operands(op.getIndices()),
                       op.getAxis())};
}
