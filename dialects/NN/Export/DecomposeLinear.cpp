//===- DecomposeLinear.cpp - Products with weights as nodes ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace inlay::nn;

//===----------------------------------------------------------------------===//
// Block-quantised weights
//===----------------------------------------------------------------------===//

/// Packed integers as rows of numbers of the element type of `like`. Shifts are
/// divisions: bit operators are younger than some models' opsets.
static Value unpack(NodeBuilder &nodes, Value packed, int64_t rows,
                    int64_t bits, Value like) {
  int64_t bytes = numElements(getShape(packed)) / rows;
  if (elementType(packed).getIntOrFloatBitWidth() == bits)
    return nodes.cast(nodes.reshape(packed, {rows, bytes}), elementType(like));
  int64_t perByte = 8 / bits;
  Type i32 = nodes.getBuilder().getI32Type();
  Value words = nodes.cast(nodes.reshape(packed, {rows, bytes, 1}), i32);
  SmallVector<Value> parts;
  for (int64_t i = 0; i < perByte; ++i) {
    Value shifted =
        i == 0 ? words
               : nodes.binary("Div", words,
                              static_cast<double>(int64_t(1) << (bits * i)));
    parts.push_back(
        nodes.binary("Mod", shifted, static_cast<double>(int64_t(1) << bits)));
  }
  Value all = nodes.reshape(nodes.concat(parts, 2), {rows, bytes * perByte});
  return nodes.cast(all, elementType(like));
}

/// One value for each block of each row, as one for each column.
static Value spread(NodeBuilder &nodes, Value blocks, int64_t rows,
                    int64_t block, int64_t columns) {
  if (numElements(getShape(blocks)) == 1)
    return nodes.reshape(blocks, {});
  int64_t count = numElements(getShape(blocks)) / rows;
  if (count == 1)
    return nodes.reshape(blocks, {rows, 1});
  Value wide = nodes.expand(nodes.reshape(blocks, {rows, count, 1}),
                            {rows, count, block});
  return nodes.sliceDim(nodes.reshape(wide, {rows, count * block}), 1, 0,
                        columns);
}

/// Zero points as numbers, one for each scale. They are packed as the weight
/// is, or have an element for each; where a row has one only, both are the
/// same.
static Value zeros(NodeBuilder &nodes, Value zeroPoints, Value scales,
                   int64_t rows, int64_t bits, int64_t blocks) {
  bool isPacked = elementType(zeroPoints).isUnsignedInteger(8) && bits < 8 &&
                  (blocks == 1 || numElements(getShape(zeroPoints)) !=
                                      numElements(getShape(scales)));
  if (!isPacked)
    return nodes.cast(zeroPoints, elementType(scales));
  return nodes.sliceDim(unpack(nodes, zeroPoints, rows, bits, scales), 1, 0,
                        blocks);
}

Value inlay::nn::dequantise(NodeBuilder &nodes, Value weight, Value scales,
                            Value zeroPoints, BlockQuantAttr quant,
                            int64_t rows, int64_t columns) {
  int64_t block = quant.getBlock() ? quant.getBlock() : columns;
  int64_t bits = quant.getBits();
  Value numbers =
      nodes.sliceDim(unpack(nodes, weight, rows, bits, scales), 1, 0, columns);
  // Only unsigned integers have a zero in the middle.
  bool isUnsigned = elementType(weight).isUnsignedInteger();
  if (!zeroPoints && isUnsigned)
    numbers = nodes.binary("Sub", numbers,
                           static_cast<double>(int64_t(1) << (bits - 1)));
  if (zeroPoints)
    numbers = nodes.binary("Sub", numbers,
                           spread(nodes,
                                  zeros(nodes, zeroPoints, scales, rows, bits,
                                        llvm::divideCeil(columns, block)),
                                  rows, block, columns));
  return nodes.binary("Mul", numbers,
                      spread(nodes, scales, rows, block, columns));
}

//===----------------------------------------------------------------------===//
// Linear, lm_head, embedding, matmul
//===----------------------------------------------------------------------===//

template <typename OpTy>
static Results linear(OpTy op, Operands operands, NodeBuilder &nodes) {
  Value input = operands(op.getInput());
  Value weight = operands(op.getWeight());
  int64_t width = getLastDim(op.getResult());
  BlockQuantAttr quant = op.getQuantAttr();
  if (quant) {
    // Blocks run along K, which becomes the last dim.
    auto asRows = [&](Value value) {
      return value && op.getTransposed() && getShape(value).size() == 2
                 ? nodes.transpose(value, {1, 0})
                 : value;
    };
    weight = dequantise(nodes, asRows(weight), asRows(operands(op.getScales())),
                        asRows(operands(op.getZeroPoints())), quant, width,
                        getLastDim(input));
  }
  if (quant || !op.getTransposed())
    weight = nodes.transpose(weight, {1, 0});
  weight = nodes.cast(weight, elementType(input));
  Value result = nodes.matmul(input, weight);
  if (Value bias = operands(op.getBias()))
    result = nodes.binary(
        "Add", result,
        nodes.cast(nodes.reshape(bias, {width}), elementType(result)));
  return {nodes.cast(result, elementType(op.getResult()))};
}

Results inlay::nn::decompose(LinearOp op, Operands operands,
                             NodeBuilder &nodes) {
  return linear(op, operands, nodes);
}

Results inlay::nn::decompose(LmHeadOp op, Operands operands,
                             NodeBuilder &nodes) {
  return linear(op, operands, nodes);
}

/// The rows that the ids choose of a tensor with one row per token of the
/// vocabulary, as [ids, elements of a row].
static Value chooseRows(NodeBuilder &nodes, Value table, int64_t vocabulary,
                        Value ids) {
  int64_t width = numElements(getShape(table)) / vocabulary;
  return nodes.gather(nodes.reshape(table, {vocabulary, width}), ids, 0);
}

Results inlay::nn::decompose(EmbeddingOp op, Operands operands,
                             NodeBuilder &nodes) {
  Value table = operands(op.getTable());
  int64_t vocabulary = getShape(table).front();
  Value ids = operands(op.getIds());
  ids = nodes.reshape(ids, {numElements(getShape(ids))});
  Value rows = chooseRows(nodes, table, vocabulary, ids);
  if (BlockQuantAttr quant = op.getQuantAttr()) {
    Value zeros = operands(op.getZeroPoints());
    rows =
        dequantise(nodes, rows,
                   chooseRows(nodes, operands(op.getScales()), vocabulary, ids),
                   zeros ? chooseRows(nodes, zeros, vocabulary, ids) : Value(),
                   quant, getShape(ids).front(), getLastDim(op.getResult()));
  }
  return {nodes.cast(nodes.reshape(rows, getShape(op.getResult())),
                     elementType(op.getResult()))};
}

Results inlay::nn::decompose(MatMulOp op, Operands operands,
                             NodeBuilder &nodes) {
  return {nodes.matmul(operands(op.getLhs()), operands(op.getRhs()))};
}

/// Scales or zero points so that they broadcast to the input.
static Value alongAxis(NodeBuilder &nodes, Value values, DequantizeOp op,
                       ArrayRef<int64_t> shape) {
  int64_t axis = op.getAxis();
  if (numElements(getShape(values)) == 1)
    return nodes.reshape(values, {});
  if (op.getBlock() == 0) {
    SmallVector<int64_t> along(shape.size(), 1);
    along[axis] = shape[axis];
    return nodes.reshape(values, along);
  }
  SmallVector<int64_t> blocks(getShape(values));
  blocks.insert(blocks.begin() + axis + 1, 1);
  SmallVector<int64_t> wide(blocks);
  wide[axis + 1] = op.getBlock();
  SmallVector<int64_t> flat(getShape(values));
  flat[axis] *= op.getBlock();
  values = nodes.expand(nodes.reshape(values, blocks), wide);
  return nodes.sliceDim(nodes.reshape(values, flat), axis, 0, shape[axis]);
}

Results inlay::nn::decompose(DequantizeOp op, Operands operands,
                             NodeBuilder &nodes) {
  Value scales = operands(op.getScales());
  Value input = operands(op.getInput());
  ArrayRef<int64_t> shape = getShape(input);
  Value numbers = nodes.cast(input, elementType(scales));
  if (Value zeroPoints = operands(op.getZeroPoints()))
    numbers = nodes.binary(
        "Sub", numbers,
        alongAxis(nodes, nodes.cast(zeroPoints, elementType(scales)), op,
                  shape));
  numbers = nodes.binary("Mul", numbers, alongAxis(nodes, scales, op, shape));
  return {nodes.cast(numbers, elementType(op.getResult()))};
}
