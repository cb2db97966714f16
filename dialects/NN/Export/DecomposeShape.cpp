//===- DecomposeShape.cpp - Operations that move data as nodes ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"

#include "llvm/ADT/Sequence.h"

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

/// 0, 1, 2, … as integers.
static Value count(NodeBuilder &nodes, int64_t size) {
  return nodes.ints(llvm::to_vector(llvm::seq<int64_t>(0, size)));
}

Results inlay::nn::decompose(RangeOp op, Operands operands,
                             NodeBuilder &nodes) {
  Type type = elementType(op.getResult());
  Value steps = count(nodes, getShape(op.getResult()).front());
  if (isa<FloatType>(type))
    steps = nodes.cast(steps, nodes.getBuilder().getF64Type());
  steps = nodes.binary("Mul", steps, op.getStep().convertToDouble());
  steps = nodes.binary("Add", steps, op.getStart().convertToDouble());
  return {nodes.cast(steps, type)};
}

/// Without positions the update goes behind the tokens of the state.
Results inlay::nn::decompose(CacheWriteOp op, Operands operands,
                             NodeBuilder &nodes) {
  Value cache = operands(op.getCache());
  Value update = operands(op.getUpdate());
  ArrayRef<int64_t> shape = getShape(update);
  int64_t axis = op.getAxis();
  SmallVector<int64_t> along(shape.size(), 1);
  along[axis] = shape[axis];
  Value indices = nodes.reshape(count(nodes, shape[axis]), along);
  if (Value positions = operands(op.getPositions())) {
    SmallVector<int64_t> first(shape.size(), 1);
    first[0] = numElements(getShape(positions));
    positions = nodes.cast(positions, elementType(indices));
    indices = nodes.binary("Add", indices, nodes.reshape(positions, first));
  } else {
    auto graph = op->getParentOfType<GraphOp>();
    indices = nodes.binary(
        "Add", indices, graph ? static_cast<double>(graph.getContext()) : 0.0);
  }
  return {nodes.node("ScatterElements", cache.getType(),
                     {cache, nodes.expand(indices, shape), update},
                     nodes.attr("axis", axis))};
}
