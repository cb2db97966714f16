//===- Quantized.cpp - Shapes of quantisation and quantised operators -----===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

static Type getUnsignedByte(NodeInference &n) {
  return IntegerType::get(n.node.getContext(), 8, IntegerType::Unsigned);
}

/// The type that the attribute `output_dtype` asks for, or null.
static Type getOutputType(NodeInference &n) {
  int64_t code = n.intAttr("output_dtype", 0);
  return code == 0 ? Type() : getElementTypeOfCode(n.node.getContext(), code);
}

//===----------------------------------------------------------------------===//
// To and from integers
//===----------------------------------------------------------------------===//

/// A scale is one number, one per slice along `axis`, or one per block of
/// `block_size` along it.
static LogicalResult checkScale(NodeInference &n) {
  std::optional<Shape> x = n.shape(0), scale = n.shape(1);
  int64_t block = n.intAttr("block_size", 0);
  if (!x || !scale || scale->size() < 1 || countElements(*scale) == 1)
    return success();
  int64_t rank = x->size();
  FailureOr<int64_t> axis = n.axis(n.intAttr("axis", 1), rank);
  if (failed(axis))
    return failure();
  if (scale->size() == 1 && block == 0)
    return n.expectDim(1, 0, (*x)[*axis], "slices along the axis");
  if (failed(n.expectRank(1, rank)))
    return failure();
  for (int64_t dim = 0; dim < rank; ++dim) {
    int64_t size = (*x)[dim];
    if (dim == *axis && block > 0 && isKnown(size))
      size = ceilDiv(size, block);
    else if (dim == *axis)
      continue;
    if (failed(n.expectDim(1, dim, size, "blocks of the tensor")))
      return failure();
  }
  return success();
}

static LogicalResult inferDequantize(NodeInference &n) {
  if (failed(checkScale(n)))
    return failure();
  Type type = getOutputType(n);
  if (std::optional<Shape> shape = n.shape(0))
    n.set(0, *shape, type ? type : n.elementType(1));
  return success();
}

static LogicalResult inferQuantize(NodeInference &n) {
  if (failed(checkScale(n)))
    return failure();
  Type type = n.has(2) ? n.elementType(2) : getOutputType(n);
  if (std::optional<Shape> shape = n.shape(0))
    n.set(0, *shape, type ? type : getUnsignedByte(n));
  return success();
}

/// y as x in bytes, a scale and a zero point.
static LogicalResult inferDynamicQuantize(NodeInference &n) {
  if (std::optional<Shape> shape = n.shape(0))
    n.set(0, *shape, getUnsignedByte(n));
  n.set(1, {}, Float32Type::get(n.node.getContext()));
  n.set(2, {}, getUnsignedByte(n));
  return success();
}

//===----------------------------------------------------------------------===//
// Block-quantised operators
//===----------------------------------------------------------------------===//

/// A [..., K] times the transpose of a packed [N, K]: B is
/// [N, ceil(K / block), block * bits / 8] bytes.
static LogicalResult inferMatMulNBits(NodeInference &n) {
  FailureOr<int64_t> k = n.requiredInt("K", 1), columns = n.requiredInt("N", 1);
  FailureOr<int64_t> block = n.requiredInt("block_size", 1);
  if (failed(k) || failed(columns) || failed(block))
    return failure();
  int64_t bits = n.intAttr("bits", 4);
  if (failed(n.expectDim(0, -1, *k, "attribute 'K'")) ||
      failed(n.expectDim(1, 0, *columns, "attribute 'N'")) ||
      failed(n.expectDim(5, 0, *columns, "attribute 'N'")))
    return failure();
  std::optional<Shape> b = n.shape(1);
  if (b && b->size() == 3 &&
      (failed(n.expectDim(1, 1, ceilDiv(*k, *block), "blocks of K")) ||
       failed(
           n.expectDim(1, 2, mulDims(*block, bits) / 8, "bytes of a block"))))
    return failure();
  std::optional<Shape> shape = n.shape(0);
  if (!shape || shape->empty())
    return success();
  shape->back() = *columns;
  n.set(0, *shape, n.elementType(0));
  return success();
}

/// Gathers rows and dequantises them. Bytes hold 8 / bits elements of the last
/// dim each.
static LogicalResult inferGatherBlockQuantized(NodeInference &n) {
  std::optional<Shape> data = n.shape(0), indices = n.shape(1);
  if (!data || !indices)
    return success();
  FailureOr<int64_t> axis = n.axis(n.intAttr("gather_axis", 0), data->size());
  if (failed(axis))
    return failure();
  int64_t bits = n.intAttr("bits", 4);
  Type type = n.elementType(0);
  if (type && type.isUnsignedInteger(8) && (bits == 2 || bits == 4))
    data->back() = mulDims(data->back(), 8 / bits);
  Shape result(data->begin(), data->begin() + *axis);
  llvm::append_range(result, *indices);
  result.append(data->begin() + *axis + 1, data->end());
  n.set(0, result, n.elementType(2));
  return success();
}

void onnx::addQuantized(InferTable &table) {
  for (StringRef domain : {"", "com.microsoft::"}) {
    table[(domain + "DequantizeLinear").str()] = inferDequantize;
    table[(domain + "QuantizeLinear").str()] = inferQuantize;
  }
  table["DynamicQuantizeLinear"] = inferDynamicQuantize;
  table["com.microsoft::MatMulNBits"] = inferMatMulNBits;
  table["com.microsoft::GatherBlockQuantized"] = inferGatherBlockQuantized;
}
