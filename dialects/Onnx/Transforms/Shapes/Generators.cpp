//===- Generators.cpp - Shapes of constants and of what makes tensors -----===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

#include "mlir/IR/Builders.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

static LogicalResult inferShape(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  // start and end are clamped to the rank, not checked.
  int64_t rank = shape->size();
  auto clamp = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  int64_t start = clamp(n.intAttr("start", 0));
  int64_t end = std::max(start, clamp(n.intAttr("end", rank)));
  n.fold(0, ConstTensor::fromDims(
                ArrayRef<int64_t>(*shape).slice(start, end - start),
                Builder(n.node.getContext()).getI64Type()));
  return success();
}

static LogicalResult inferSize(NodeInference &n) {
  ConstTensor result(ArrayRef<int64_t>(),
                     Builder(n.node.getContext()).getI64Type());
  if (std::optional<Shape> shape = n.shape(0))
    if (std::optional<int64_t> count = countElements(*shape))
      result.setInt(0, *count);
  n.fold(0, result);
  return success();
}

/// A `Constant` node that the import left as a node: its tensor is large.
static LogicalResult inferConstant(NodeInference &n) {
  if (auto tensor = n.node.getNodeAttrOfType<TensorAttr>("value"))
    n.set(0, tensor.getType().getShape(), tensor.getType().getElementType());
  if (auto value = n.node.getNodeAttrOfType<ElementsAttr>("value")) {
    ShapedType type = value.getShapedType();
    n.set(0, type.getShape(), type.getElementType());
    if (std::optional<ConstTensor> known = ConstTensor::fromAttr(value))
      n.fold(0, *known);
  }
  return success();
}

/// The element that the attribute `value` gives, zero of f32 without one.
static ConstTensor getFillValue(NodeInference &n) {
  if (auto value = n.node.getNodeAttrOfType<ElementsAttr>("value"))
    if (value.getNumElements() == 1)
      if (std::optional<ConstTensor> known = ConstTensor::fromAttr(value))
        return *known;
  ConstTensor zero(ArrayRef<int64_t>(), Float32Type::get(n.node.getContext()));
  zero.setFloat(0, 0);
  return zero;
}

static LogicalResult inferConstantOfShape(NodeInference &n) {
  std::optional<SmallVector<int64_t>> shape = n.dims(0);
  if (!shape)
    return success();
  for (int64_t size : *shape)
    if (isKnown(size) && size < 0)
      return n.error() << "the shape to fill has a dim of size " << size,
             failure();
  Type elementType;
  if (auto value = n.node.getNodeAttrOfType<ElementsAttr>("value"))
    elementType = value.getShapedType().getElementType();
  else
    elementType = Float32Type::get(n.node.getContext());
  n.set(0, *shape, elementType);
  ConstTensor fill = getFillValue(n);
  if (!n.mayFold(*shape, elementType) || fill.elementType() != elementType)
    return success();
  ConstTensor result(*shape, elementType);
  for (int64_t i = 0; i < result.size(); ++i)
    result.set(i, fill[0]);
  n.fold(0, result);
  return success();
}

/// The number of elements of Range, or none where it is not known.
static std::optional<int64_t> countRange(const Element &start,
                                         const Element &limit,
                                         const Element &delta, bool isFloat) {
  double count;
  if (isFloat) {
    if (delta.f == 0)
      return std::nullopt;
    count = std::ceil((limit.f - start.f) / delta.f);
  } else {
    if (delta.i == 0)
      return std::nullopt;
    // 128 bits hold every difference of two 64-bit numbers.
    __int128 span = static_cast<__int128>(limit.i) - start.i;
    __int128 whole = span / delta.i;
    if (span % delta.i != 0 && (span < 0) == (delta.i < 0))
      ++whole;
    count = static_cast<double>(whole);
  }
  if (!(count < 0x1p62))
    return std::nullopt;
  return count < 0 ? 0 : static_cast<int64_t>(count);
}

static LogicalResult inferRange(NodeInference &n) {
  const ConstTensor *start = n.value(0), *limit = n.value(1),
                    *delta = n.value(2);
  Type elementType = n.elementType(0);
  n.set(0, Shape{ShapedType::kDynamic}, elementType);
  for (const ConstTensor *operand : {start, limit, delta})
    if (!operand || operand->size() != 1 || !(*operand)[0].known ||
        operand->elementType() != elementType)
      return success();
  const Element &from = (*start)[0], &step = (*delta)[0];
  bool isFloat = start->isFloat();
  if (isFloat ? step.f == 0 : step.i == 0)
    return n.error() << "the step of a range is 0", failure();
  std::optional<int64_t> count = countRange(from, (*limit)[0], step, isFloat);
  if (!count)
    return success();
  n.set(0, Shape{*count}, elementType);
  if (!n.mayFold(*count, elementType))
    return success();
  ConstTensor result(*count, elementType);
  for (int64_t i = 0; i < *count; ++i)
    if (isFloat)
      result.setFloat(i, from.f + i * step.f);
    else
      result.setInt(i, static_cast<uint64_t>(from.i) +
                           static_cast<uint64_t>(i) * step.i); // wraps
  n.fold(0, result);
  return success();
}

/// [rank, number of elements that are not zero].
static LogicalResult inferNonZero(NodeInference &n) {
  std::optional<Shape> shape = n.shape(0);
  if (!shape)
    return success();
  int64_t rank = shape->size();
  Type i64 = Builder(n.node.getContext()).getI64Type();
  n.set(0, Shape{rank, ShapedType::kDynamic}, i64);
  const ConstTensor *value = n.value(0);
  if (!value || !value->isFullyKnown())
    return success();
  SmallVector<SmallVector<int64_t>> found;
  forEachIndex(*shape, [&](int64_t at, ArrayRef<int64_t> index) {
    if (value->isFloat() ? (*value)[at].f != 0 : (*value)[at].i != 0)
      found.emplace_back(index);
  });
  int64_t count = found.size();
  Shape resultShape{rank, count};
  n.set(0, resultShape, i64);
  if (!n.mayFold(resultShape, i64))
    return success();
  ConstTensor result(resultShape, i64);
  forEachIndex(resultShape, [&](int64_t at, ArrayRef<int64_t> index) {
    result.setInt(at, found[index[1]][index[0]]);
  });
  n.fold(0, result);
  return success();
}

static LogicalResult inferEyeLike(NodeInference &n) {
  Type type = n.hasAttr("dtype") ? getElementTypeOfCode(n.node.getContext(),
                                                        n.intAttr("dtype", 1))
                                 : n.elementType(0);
  if (std::optional<Shape> shape = n.shape(0))
    n.set(0, *shape, type);
  return success();
}

/// RandomNormal and RandomUniform: the shape is an attribute.
static LogicalResult inferRandom(NodeInference &n) {
  if (std::optional<SmallVector<int64_t>> shape = n.intsAttr("shape"))
    n.set(0, *shape,
          getElementTypeOfCode(n.node.getContext(), n.intAttr("dtype", 1)));
  return success();
}

void onnx::addGenerators(InferTable &table) {
  table["Shape"] = inferShape;
  table["Size"] = inferSize;
  table["Constant"] = inferConstant;
  table["ConstantOfShape"] = inferConstantOfShape;
  table["Range"] = inferRange;
  table["NonZero"] = inferNonZero;
  table["EyeLike"] = inferEyeLike;
  table["RandomNormal"] = inferRandom;
  table["RandomUniform"] = inferRandom;
  for (StringRef name : {"RandomNormalLike", "RandomUniformLike", "Bernoulli"})
    table[name] = inferEyeLike;
}
