//===- ConstTensor.cpp - Small tensors with known elements ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/ConstTensor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

std::optional<int64_t> onnx::countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    if (size < 0 || llvm::MulOverflow(count, size, count))
      return std::nullopt;
  return count;
}

std::string onnx::formatShape(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t size : shape) {
    if (!text.empty())
      text += 'x';
    text += size < 0 ? "?" : std::to_string(size);
  }
  return text;
}

/// Brings `value` into the range of an integer type: the low bits count.
static int64_t wrap(int64_t value, Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  if (width >= 64)
    return value;
  if (width == 1 || type.isUnsignedInteger())
    return value & llvm::maskTrailingOnes<uint64_t>(width);
  return llvm::SignExtend64(value, width);
}

static double roundTo(double value, Type type) {
  APFloat number(value);
  bool losesInfo;
  number.convert(cast<FloatType>(type).getFloatSemantics(),
                 APFloat::rmNearestTiesToEven, &losesInfo);
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return number.convertToDouble();
}

ConstTensor::ConstTensor(ArrayRef<int64_t> shape, Type elementType)
    : dims(shape), type(elementType), elements(*countElements(shape)) {}

bool ConstTensor::fits(ArrayRef<int64_t> shape, Type elementType) {
  std::optional<int64_t> count = countElements(shape);
  if (!count || *count > maxElements || !elementType)
    return false;
  if (auto integer = dyn_cast<IntegerType>(elementType))
    return integer.getWidth() < 64 || !integer.isUnsigned();
  // Doubles hold every value of these exactly.
  return elementType.isF16() || elementType.isBF16() || elementType.isF32() ||
         elementType.isF64();
}

std::optional<ConstTensor> ConstTensor::fromAttr(ElementsAttr value) {
  ShapedType type = value.getShapedType();
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense || !fits(type.getShape(), type.getElementType()))
    return std::nullopt;
  ConstTensor result(type.getShape(), type.getElementType());
  int64_t at = 0;
  if (result.isFloat()) {
    for (const APFloat &element : dense.getValues<APFloat>()) {
      APFloat number = element;
      bool losesInfo;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &losesInfo);
      result.elements[at++] = {true, 0, number.convertToDouble()};
    }
    return result;
  }
  for (const APInt &element : dense.getValues<APInt>())
    result.setInt(at++, element.getZExtValue());
  return result;
}

ConstTensor ConstTensor::fromDims(ArrayRef<int64_t> dims, Type i64) {
  int64_t rank = dims.size();
  ConstTensor result(rank, i64);
  for (auto [index, size] : llvm::enumerate(dims))
    if (!ShapedType::isDynamic(size))
      result.setInt(index, size);
  return result;
}

bool ConstTensor::isFullyKnown() const {
  return llvm::all_of(elements, [](const Element &e) { return e.known; });
}

void ConstTensor::setInt(int64_t index, int64_t value) {
  elements[index] = {true, wrap(value, type), 0};
}

void ConstTensor::setFloat(int64_t index, double value) {
  elements[index] = {true, 0, roundTo(value, type)};
}

ConstTensor ConstTensor::reshaped(ArrayRef<int64_t> shape) const {
  ConstTensor result = *this;
  result.dims.assign(shape.begin(), shape.end());
  return result;
}

/// Stores the whole part of `value` where the integer type `to` can hold it.
static void setTruncated(ConstTensor &result, int64_t index, double value) {
  double whole = std::trunc(value);
  Type to = result.elementType();
  if (to.isInteger(1)) {
    result.setInt(index, value != 0);
    return;
  }
  // Beyond 2^63 nothing is exact, and outside the type's range the standard
  // leaves the result open: such an element stays unknown.
  if (!(std::fabs(whole) < 0x1p63))
    return;
  auto number = static_cast<int64_t>(whole);
  if (wrap(number, to) == number)
    result.setInt(index, number);
}

/// Rounds once, from 64 bits to the float type.
static double toFloat(int64_t value, FloatType type) {
  APFloat number(type.getFloatSemantics());
  number.convertFromAPInt(APInt(64, value, /*isSigned=*/true),
                          /*IsSigned=*/true, APFloat::rmNearestTiesToEven);
  bool losesInfo;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return number.convertToDouble();
}

ConstTensor ConstTensor::cast(Type to) const {
  ConstTensor result(dims, to);
  for (int64_t i = 0; i < size(); ++i) {
    const Element &from = elements[i];
    if (!from.known)
      continue;
    if (isFloat() && result.isFloat())
      result.setFloat(i, from.f);
    else if (isFloat())
      setTruncated(result, i, from.f);
    else if (result.isFloat())
      result.setFloat(i, toFloat(from.i, mlir::cast<FloatType>(to)));
    else
      result.setInt(i, to.isInteger(1) ? from.i != 0 : from.i);
  }
  return result;
}

SmallVector<int64_t> ConstTensor::asDims() const {
  SmallVector<int64_t> result;
  for (const Element &element : elements)
    // kDynamic is the smallest number; who writes that as the end of a slice
    // means "as far as it goes", which its neighbour says as well.
    result.push_back(element.known ? std::max(element.i, -INT64_MAX)
                                   : ShapedType::kDynamic);
  return result;
}

DenseElementsAttr ConstTensor::toAttr() const {
  auto tensorType = RankedTensorType::get(dims, type);
  if (isFloat()) {
    SmallVector<APFloat> values;
    for (const Element &element : elements) {
      values.emplace_back(element.f);
      bool losesInfo;
      values.back().convert(mlir::cast<FloatType>(type).getFloatSemantics(),
                            APFloat::rmNearestTiesToEven, &losesInfo);
    }
    return DenseElementsAttr::get(tensorType, values);
  }
  SmallVector<APInt> values;
  unsigned width = type.getIntOrFloatBitWidth();
  for (const Element &element : elements)
    values.emplace_back(width, static_cast<uint64_t>(element.i),
                        /*isSigned=*/false, /*implicitTrunc=*/true);
  return DenseElementsAttr::get(tensorType, values);
}

void onnx::forEachIndex(
    ArrayRef<int64_t> shape,
    llvm::function_ref<void(int64_t, ArrayRef<int64_t>)> visit) {
  int64_t count = countElements(shape).value_or(0);
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t linear = 0; linear < count; ++linear) {
    visit(linear, index);
    for (size_t dim = shape.size(); dim-- > 0;) {
      if (++index[dim] < shape[dim])
        break;
      index[dim] = 0;
    }
  }
}

int64_t onnx::broadcastPosition(ArrayRef<int64_t> index,
                                ArrayRef<int64_t> shape) {
  ArrayRef<int64_t> tail = index.take_back(shape.size());
  int64_t position = 0;
  for (auto [at, size] : llvm::zip_equal(tail, shape))
    position = position * size + (size == 1 ? 0 : at);
  return position;
}
