//===- DecomposeLinear.cpp - Products with weights as nodes ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"

#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace inlay::nn;

//===----------------------------------------------------------------------===//
// Block-quantised weights
//===----------------------------------------------------------------------===//

// Shifts are divisions: bit operators are younger than some models' opsets.
Value inlay::nn::unpack(NodeBuilder &nodes, Value packed, int64_t rows,
                        int64_t bits, Type type) {
  int64_t bytes = numElements(getShape(packed)) / rows;
  // Converted first: runtimes move few of the narrow types.
  bool isPacked = elementType(packed).isUnsignedInteger(8) && bits < 8;
  if (!isPacked)
    return nodes.reshape(nodes.cast(packed, type), {rows, bytes});
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
  return nodes.cast(all, type);
}

/// Each element of dim `dim` `times` times, of which the first `size` are kept.
static Value repeat(NodeBuilder &nodes, Value value, int64_t dim, int64_t times,
                    int64_t size) {
  if (times == 1)
    return value;
  SmallVector<int64_t> narrow(getShape(value));
  SmallVector<int64_t> flat(narrow);
  flat[dim] *= times;
  narrow.insert(narrow.begin() + dim + 1, 1);
  SmallVector<int64_t> wide(narrow);
  wide[dim + 1] = times;
  value = nodes.expand(nodes.reshape(value, narrow), wide);
  return nodes.sliceDim(nodes.reshape(value, flat), dim, 0, size);
}

/// One value for each block, as one for each element, or so that they broadcast
/// to [matrices * rows, columns].
static Value spread(NodeBuilder &nodes, Value blocks, BlockQuantAttr quant,
                    MatrixSizes sizes) {
  int64_t given = numElements(getShape(blocks));
  if (given == 1)
    return nodes.reshape(blocks, {});
  bool isOneEach = quant.getBlock() == 0 && given == sizes.matrices;
  int64_t shared = isOneEach ? sizes.rows : quant.getRows();
  int64_t rows = llvm::divideCeil(sizes.rows, shared);
  int64_t columns = given / (sizes.matrices * rows);
  Value values = nodes.reshape(blocks, {sizes.matrices, rows, columns});
  values = repeat(nodes, values, 1, shared, sizes.rows);
  values = nodes.reshape(values, {sizes.matrices * sizes.rows, columns});
  return columns == 1
             ? values
             : repeat(nodes, values, 1, quant.getBlock(), sizes.columns);
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
  return nodes.sliceDim(
      unpack(nodes, zeroPoints, rows, bits, elementType(scales)), 1, 0, blocks);
}

Value inlay::nn::dequantise(NodeBuilder &nodes, Value weight, Value scales,
                            Value zeroPoints, BlockQuantAttr quant,
                            MatrixSizes sizes) {
  int64_t block = quant.getBlock() ? quant.getBlock() : sizes.columns;
  int64_t bits = quant.getBits();
  int64_t rows = sizes.matrices * sizes.rows;
  scales = wideNumbers(nodes, scales);
  if (isOnlyStored(elementType(weight)))
    weight = wideNumbers(nodes, weight);
  Value numbers =
      nodes.sliceDim(unpack(nodes, weight, rows, bits, elementType(scales)), 1,
                     0, sizes.columns);
  // Only unsigned integers have a zero in the middle.
  bool isUnsigned = elementType(weight).isUnsignedInteger();
  if (!zeroPoints && isUnsigned)
    numbers = nodes.binary("Sub", numbers,
                           static_cast<double>(int64_t(1) << (bits - 1)));
  if (zeroPoints)
    numbers = nodes.binary("Sub", numbers,
                           spread(nodes,
                                  zeros(nodes, zeroPoints, scales, rows, bits,
                                        llvm::divideCeil(sizes.columns, block)),
                                  quant, sizes));
  return nodes.binary("Mul", numbers, spread(nodes, scales, quant, sizes));
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
                        asRows(operands(op.getZeroPoints())), quant,
                        {1, width, getLastDim(input)});
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
    rows = dequantise(
        nodes, rows,
        chooseRows(nodes, operands(op.getScales()), vocabulary, ids),
        zeros ? chooseRows(nodes, zeros, vocabulary, ids) : Value(), quant,
        {1, getShape(ids).front(), getLastDim(op.getResult())});
  }
  return {nodes.cast(nodes.reshape(rows, getShape(op.getResult())),
                     elementType(op.getResult()))};
}

Results inlay::nn::decompose(MatMulOp op, Operands operands,
                             NodeBuilder &nodes) {
  Value lhs = operands(op.getLhs()), rhs = operands(op.getRhs());
  SmallVector<int64_t> shape(getShape(op.getRhs()));
  int64_t last = static_cast<int64_t>(shape.size()) - 1;
  if (BlockQuantAttr quant = op.getQuantAttr()) {
    MatrixSizes sizes{numElements(ArrayRef(shape).drop_back(2)),
                      shape[last - 1], shape[last]};
    rhs = dequantise(nodes, rhs, operands(op.getScales()),
                     operands(op.getZeroPoints()), quant, sizes);
    rhs = nodes.reshape(rhs, shape);
  }
  rhs = nodes.cast(rhs, elementType(lhs));
  if (op.getTransposed()) {
    SmallVector<int64_t> permutation =
        llvm::to_vector(llvm::seq<int64_t>(0, last + 1));
    std::swap(permutation[last - 1], permutation[last]);
    rhs = nodes.transpose(rhs, permutation);
  }
  return {nodes.matmul(lhs, rhs)};
}

/// Scales or zero points so that they broadcast to the input.
static Value overBlocks(NodeBuilder &nodes, Value values, DequantizeOp op,
                        ArrayRef<int64_t> shape) {
  SmallVector<int64_t> counts;
  for (auto [size, block] : llvm::zip_equal(shape, op.getBlocks()))
    counts.push_back(block ? static_cast<int64_t>(llvm::divideCeil(size, block))
                           : 1);
  values = nodes.reshape(values, counts);
  for (auto [dim, block] : llvm::enumerate(op.getBlocks()))
    if (block > 1 && counts[dim] > 1)
      values =
          repeat(nodes, values, static_cast<int64_t>(dim), block, shape[dim]);
  return values;
}

Results inlay::nn::decompose(DequantizeOp op, Operands operands,
                             NodeBuilder &nodes) {
  Value scales = wideNumbers(nodes, operands(op.getScales()));
  Value input = operands(op.getInput());
  ArrayRef<int64_t> shape = getShape(op.getInput());
  if (isOnlyStored(elementType(input)))
    input = wideNumbers(nodes, input);
  Value numbers = nodes.cast(input, elementType(scales));
  if (Value zeroPoints = operands(op.getZeroPoints()))
    numbers = nodes.binary(
        "Sub", numbers,
        overBlocks(nodes, nodes.cast(zeroPoints, elementType(scales)), op,
                   shape));
  numbers = nodes.binary("Mul", numbers, overBlocks(nodes, scales, op, shape));
  return {nodes.cast(numbers, elementType(op.getResult()))};
}
