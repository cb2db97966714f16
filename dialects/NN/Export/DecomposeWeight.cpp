//===- DecomposeWeight.cpp - Weights that are views, as nodes -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A strided piece of an initializer is a reshape to dims of its strides, a
// slice of each dim, and a transpose; pieces follow each other by a concat.
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;

/// The dims of a piece that have a stride, the widest first.
static SmallVector<int64_t> sortedDims(const onnx::WeightPiece &piece) {
  SmallVector<int64_t> dims;
  for (auto [i, size] : llvm::enumerate(piece.sizes))
    if (size > 1)
      dims.push_back(static_cast<int64_t>(i));
  llvm::sort(dims, [&](int64_t a, int64_t b) {
    return std::pair(piece.strides[b], a) < std::pair(piece.strides[a], b);
  });
  return dims;
}

/// Null where the strides are none of nested dims.
static Value writePiece(NodeBuilder &nodes, Value source,
                        const onnx::WeightPiece &piece) {
  SmallVector<int64_t> dims = sortedDims(piece);
  int64_t elements = numElements(getShape(source));
  SmallVector<int64_t> shape, offsets, sizes;
  int64_t outer = elements, first = piece.first;
  for (int64_t dim : dims) {
    int64_t stride = piece.strides[dim];
    if (stride < 1 || outer % stride != 0)
      return {};
    shape.push_back(outer / stride);
    offsets.push_back(first / stride);
    sizes.push_back(piece.sizes[dim]);
    first %= stride;
    outer = stride;
  }
  shape.push_back(outer);
  offsets.push_back(first);
  sizes.push_back(1);
  for (auto [size, offset, count] : llvm::zip_equal(shape, offsets, sizes))
    if (offset + count > size)
      return {};
  Value value = nodes.slice(nodes.reshape(source, shape), offsets, sizes,
                            SmallVector<int64_t>(shape.size(), 1));
  value = nodes.reshape(value, ArrayRef<int64_t>(sizes).drop_back());
  // Dim i of the piece comes from where it was sorted to.
  SmallVector<int64_t> permutation(dims.size());
  SmallVector<int64_t> order = dims;
  llvm::sort(order);
  for (auto [i, dim] : llvm::enumerate(order))
    permutation[i] = llvm::find(dims, dim) - dims.begin();
  return nodes.reshape(nodes.transpose(value, permutation), piece.sizes);
}

/// What a piece counts, of a whole initializer: its elements, or narrow floats
/// that it holds. Runtimes move few of the narrow types, so these are widened.
static Value loadSource(NodeBuilder &nodes, ml_program::GlobalLoadConstOp load,
                        ml_program::GlobalOp global) {
  auto type = global ? dyn_cast<RankedTensorType>(global.getType())
                     : RankedTensorType();
  if (!type || !type.hasStaticShape())
    return {};
  Type element = elementType(load.getResult());
  bool isAsStored = type.getElementType() == element;
  if (isAsStored && !isOnlyStored(element)) {
    Value whole = ml_program::GlobalLoadConstOp::create(
        nodes.getBuilder(), load.getLoc(), type,
        FlatSymbolRefAttr::get(global));
    bool isNarrowInt = isa<IntegerType>(element) &&
                       element.getIntOrFloatBitWidth() < 8 &&
                       !element.isInteger(1);
    return isNarrowInt ? nodes.cast(whole, nodes.getBuilder().getI32Type())
                       : wideNumbers(nodes, whole);
  }
  if (!isa<FloatType>(element) || !isRaw(global) ||
      (!isAsStored && !type.getElementType().isUnsignedInteger(8)))
    return {};
  Value numbers =
      numbersOfBytes(nodes, loadBytes(nodes, load.getLoc(), global), element);
  return isAsStored ? nodes.sliceDim(numbers, 0, 0, type.getNumElements())
                    : numbers;
}

Value inlay::nn::writeView(ml_program::GlobalLoadConstOp load,
                           onnx::WeightViewAttr view, NodeBuilder &nodes) {
  auto module = load->getParentOfType<ModuleOp>();
  SmallVector<Value> parts;
  for (const onnx::WeightPiece &piece : view.getPieces()) {
    auto global = module.lookupSymbol<ml_program::GlobalOp>(piece.source);
    Value source = loadSource(nodes, load, global);
    if (!source || piece.getLast() >= numElements(getShape(source)))
      return {};
    Value part = writePiece(nodes, source, piece);
    if (!part)
      return {};
    parts.push_back(part);
  }
  return parts.size() == 1 ? parts.front() : nodes.concat(parts, 0);
}
