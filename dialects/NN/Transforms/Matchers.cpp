//===- Matchers.cpp - What patterns ask of operations ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Matchers.h"

#include "Raiser.h"

#include <cmath>

using namespace mlir;
using namespace inlay::nn;

static bool isFloat(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

bool inlay::nn::holdsFloats(Type wide, Type narrow) {
  auto to = dyn_cast<FloatType>(wide), from = dyn_cast<FloatType>(narrow);
  return to && from &&
         llvm::APFloatBase::isRepresentableBy(from.getFloatSemantics(),
                                              to.getFloatSemantics());
}

/// What a conversion of floats reads, if it `drops` nothing that matters.
/// Nothing is computed in less than 16 bits, so a conversion to or from those
/// is always a step of the model.
static Value stripCasts(Value value, function_ref<bool(CastOp)> drops) {
  constexpr unsigned narrowest = 16;
  auto isWide = [](Value each) {
    return isFloat(each) &&
           getElementTypeOrSelf(each.getType()).getIntOrFloatBitWidth() >=
               narrowest;
  };
  while (auto cast = value.getDefiningOp<CastOp>()) {
    if (!isWide(value) || !isWide(cast.getInput()) || !drops(cast))
      break;
    value = cast.getInput();
  }
  return value;
}

bool inlay::nn::isWidening(CastOp cast) {
  return holdsFloats(getElementTypeOrSelf(cast.getType()),
                     getElementTypeOrSelf(cast.getInput().getType()));
}

Value inlay::nn::stripWideningCasts(Value value) {
  return stripCasts(value, isWidening);
}

Value inlay::nn::stripFloatCasts(Value value, Type own) {
  return stripCasts(value, [&](CastOp cast) {
    return isWidening(cast) ||
           holdsFloats(getElementTypeOrSelf(cast.getType()), own);
  });
}

static std::optional<double> getNumber(ElementsAttr elements) {
  auto dense = dyn_cast<DenseElementsAttr>(elements);
  if (!dense || !dense.isSplat())
    return std::nullopt;
  Type type = dense.getElementType();
  if (isa<FloatType>(type))
    return dense.getSplatValue<APFloat>().convertToDouble();
  if (!isa<IntegerType>(type))
    return std::nullopt;
  APInt number = dense.getSplatValue<APInt>();
  bool isUnsigned = type.isUnsignedInteger() || number.getBitWidth() == 1;
  return isUnsigned ? number.roundToDouble() : number.signedRoundToDouble();
}

/// A number after conversions to float types, the last of which stands first.
static double roundThrough(ArrayRef<FloatType> types, double number) {
  for (FloatType type : llvm::reverse(types))
    number = FloatAttr::get(type, number).getValueAsDouble();
  return number;
}

std::optional<double> inlay::nn::getScalar(Value value) {
  constexpr int maxDepth = 8;
  SmallVector<FloatType> types;
  for (int depth = 0; depth < maxDepth; ++depth) {
    Operation *op = value.getDefiningOp();
    if (auto constant = dyn_cast_or_null<ConstantOp>(op)) {
      std::optional<double> number = getNumber(constant.getValue());
      return number ? std::optional(roundThrough(types, *number)) : number;
    }
    if (auto cast = dyn_cast_or_null<CastOp>(op); cast && !isFloat(value))
      return std::nullopt; // a conversion that may change the number
    if (isa_and_nonnull<CastOp>(op))
      types.push_back(cast<FloatType>(getElementTypeOrSelf(value.getType())));
    if (!isa_and_nonnull<CastOp, ReshapeOp, BroadcastOp, TransposeOp>(op))
      return std::nullopt;
    value = op->getOperand(0);
  }
  return std::nullopt;
}

bool inlay::nn::isNear(double number, double expected, Type element) {
  auto type = dyn_cast<FloatType>(element);
  if (!type)
    return number == expected;
  int precision = llvm::APFloat::semanticsPrecision(type.getFloatSemantics());
  constexpr double digits = 1e-5;
  double tolerance = std::max(digits, std::ldexp(1.0, 1 - precision));
  return std::abs(number - expected) <= tolerance * std::abs(expected);
}

bool inlay::nn::isNear(Value value, double expected) {
  std::optional<double> number = getScalar(value);
  return number &&
         isNear(*number, expected, getElementTypeOrSelf(value.getType()));
}

static bool isWeightLike(Value value, int depth) {
  Operation *op = value.getDefiningOp();
  if (isWeight(value) || isa_and_nonnull<ConstantOp>(op))
    return true;
  if (!depth || !isa_and_nonnull<CastOp, ReshapeOp, BroadcastOp, TransposeOp,
                                 BinaryOp, UnaryOp, SliceOp, DequantizeOp>(op))
    return false;
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    return ::isWeightLike(operand, depth - 1);
  });
}

bool inlay::nn::isWeightLike(Value value) {
  constexpr int maxDepth = 4;
  return ::isWeightLike(value, maxDepth);
}

BinaryOp inlay::nn::matchBinary(Value value, BinaryKind kind) {
  auto op = value.getDefiningOp<BinaryOp>();
  return op && op.getKind() == kind ? op : BinaryOp();
}

UnaryOp inlay::nn::matchUnary(Value value, UnaryKind kind) {
  auto op = value.getDefiningOp<UnaryOp>();
  return op && op.getKind() == kind ? op : UnaryOp();
}

std::optional<Scaled> inlay::nn::matchScaled(Value value) {
  auto op = value.getDefiningOp<BinaryOp>();
  if (!op)
    return std::nullopt;
  Value lhs = op.getLhs(), rhs = op.getRhs();
  if (op.getKind() == BinaryKind::Div) {
    std::optional<double> divisor = getScalar(rhs);
    if (divisor && *divisor != 0 && getShape(lhs) == getShape(value))
      return Scaled{lhs, 1 / *divisor};
  }
  if (op.getKind() != BinaryKind::Mul)
    return std::nullopt;
  for (auto [inner, factor] : {std::pair(lhs, rhs), std::pair(rhs, lhs)})
    if (std::optional<double> number = getScalar(factor);
        number && getShape(inner) == getShape(value))
      return Scaled{inner, *number};
  return std::nullopt;
}

Value inlay::nn::matchSquare(Value value) {
  if (auto product = matchBinary(value, BinaryKind::Mul))
    return product.getLhs() == product.getRhs() ? product.getLhs() : Value();
  if (auto power = matchBinary(value, BinaryKind::Pow))
    if (getScalar(power.getRhs()) == 2.0 &&
        getShape(power.getLhs()) == getShape(value))
      return power.getLhs();
  return {};
}

std::optional<Scaled> inlay::nn::matchScaledMean(Value value) {
  ArrayRef<int64_t> shape = getShape(value);
  double factor = 1;
  if (std::optional<Scaled> scaled = matchScaled(value)) {
    value = scaled->inner;
    factor = scaled->factor;
  }
  if (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getInput(); // the dim was dropped and put back
  auto reduce = value.getDefiningOp<ReduceOp>();
  if (!reduce || shape.empty() || shape.back() != 1)
    return std::nullopt;
  ArrayRef<int64_t> input = getShape(reduce.getInput());
  int64_t last = static_cast<int64_t>(input.size()) - 1;
  if (reduce.getAxes() != ArrayRef<int64_t>{last} ||
      input.drop_back() != shape.drop_back())
    return std::nullopt;
  if (reduce.getKind() == ReduceKind::Sum)
    factor *= static_cast<double>(input.back());
  else if (reduce.getKind() != ReduceKind::Mean)
    return std::nullopt;
  if (reduce.getKind() == ReduceKind::Sum &&
      isNear(factor, 1, getElementTypeOrSelf(value.getType())))
    factor = 1;
  return Scaled{reduce.getInput(), factor};
}

Value inlay::nn::matchMeanOfLastDim(Value value) {
  std::optional<Scaled> mean = matchScaledMean(value);
  return mean && mean->factor == 1 ? mean->inner : Value();
}

LastDimPart inlay::nn::getLastDimPart(Value value) {
  ArrayRef<int64_t> shape = getShape(value);
  LastDimPart whole{value, 0, 1, shape.empty() ? 1 : shape.back()};
  auto slice = value.getDefiningOp<SliceOp>();
  if (!slice || shape.empty() ||
      getShape(slice.getInput()).drop_back() != shape.drop_back())
    return whole;
  int64_t stride = whole.size > 1 ? slice.getStrides().back() : 1;
  return {slice.getInput(), slice.getOffsets().back(), stride, whole.size};
}

Value inlay::nn::matchLastDimSlice(Value value, int64_t offset, int64_t stride,
                                   int64_t size) {
  LastDimPart part = getLastDimPart(value);
  if (size <= 1)
    stride = 1;
  bool isThat = part == LastDimPart{part.base, offset, stride, size};
  return isThat && part.base != value ? part.base : Value();
}

//===----------------------------------------------------------------------===//
// Builders
//===----------------------------------------------------------------------===//

Value inlay::nn::createReshape(OpBuilder &builder, Location loc, Value value,
                               ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  return ReshapeOp::create(
      builder, loc, RankedTensorType::get(shape, type.getElementType()), value);
}

Value inlay::nn::createTranspose(OpBuilder &builder, Location loc, Value value,
                                 ArrayRef<int64_t> permutation) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape;
  for (int64_t dim : permutation)
    shape.push_back(type.getDimSize(dim));
  return TransposeOp::create(
      builder, loc, RankedTensorType::get(shape, type.getElementType()), value,
      permutation);
}

Value inlay::nn::createSplat(OpBuilder &builder, Location loc,
                             RankedTensorType type, double number) {
  Attribute element;
  if (isa<FloatType>(type.getElementType()))
    element = FloatAttr::get(type.getElementType(), number);
  else
    element =
        IntegerAttr::get(type.getElementType(), static_cast<int64_t>(number));
  return ConstantOp::create(builder, loc, type,
                            DenseElementsAttr::get(type, element));
}

Value inlay::nn::createSum(OpBuilder &builder, Location loc, Value lhs,
                           Value rhs) {
  if (!lhs || !rhs)
    return lhs ? lhs : rhs;
  auto shape = broadcastShapes({getShape(lhs), getShape(rhs)});
  if (!shape)
    return {};
  auto type =
      RankedTensorType::get(*shape, getElementTypeOrSelf(lhs.getType()));
  return BinaryOp::create(builder, loc, type, BinaryKind::Add, lhs, rhs);
}

Value inlay::nn::flattenHeads(OpBuilder &builder, Location loc, Value value) {
  ArrayRef<int64_t> shape = getShape(value);
  return createReshape(builder, loc,
                       createTranspose(builder, loc, value, {0, 2, 1, 3}),
                       {shape[0], shape[2], shape[1] * shape[3]});
}

Value inlay::nn::splitHeads(OpBuilder &builder, Location loc, Value value,
                            int64_t heads) {
  ArrayRef<int64_t> shape = getShape(value);
  Value split = createReshape(builder, loc, value,
                              {shape[0], shape[1], heads, shape[2] / heads});
  return createTranspose(builder, loc, split, {0, 2, 1, 3});
}
