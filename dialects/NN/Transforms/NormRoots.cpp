//===- NormRoots.cpp - What norms divide by -------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NormRoots.h"

using namespace mlir;
using namespace inlay::nn;

static Root matchSum(Value value) {
  if (auto sum = matchBinary(value, BinaryKind::Add))
    for (auto [variance, epsilon] : {std::pair(sum.getLhs(), sum.getRhs()),
                                     std::pair(sum.getRhs(), sum.getLhs())})
      if (std::optional<double> number = getScalar(epsilon))
        return Root{variance, *number};
  return Root{value};
}

/// A root that is kept from 0 by the least number, as functions that normalise
/// keep it: the number's square under the root does the same, but for rows as
/// short as the number, which are longer by up to the root of 2 then. Of a
/// larger number it would not: rows may well have roots of its size. The square
/// of a smaller one would be 0 itself.
static std::optional<Root> keepFromZero(Root root, double least) {
  constexpr double negligible = 1e-10;
  if (root.epsilon != 0 || least < 0 || least > negligible)
    return std::nullopt;
  least /= root.factor;
  if (least != 0 && static_cast<float>(least) < static_cast<float>(kLeastRoot))
    return std::nullopt;
  root.epsilon = least * least;
  return root;
}

/// How many factors and conversions may stand around a root.
constexpr int kMaxDepth = 6;

static std::optional<Root> findRoot(Value value, Type own, int depth) {
  if (depth == 0)
    return std::nullopt;
  value = stripFloatCasts(value, own);
  if (std::optional<Scaled> scaled = matchScaled(value)) {
    std::optional<Root> root = scaled->factor > 0
                                   ? findRoot(scaled->inner, own, depth - 1)
                                   : std::nullopt;
    if (root)
      root->factor *= scaled->factor;
    return root;
  }
  if (auto largest = matchBinary(value, BinaryKind::Max))
    for (auto [inner, least] : {std::pair(largest.getLhs(), largest.getRhs()),
                                std::pair(largest.getRhs(), largest.getLhs())})
      if (std::optional<double> number = getScalar(least)) {
        std::optional<Root> root = findRoot(inner, own, depth - 1);
        return root ? keepFromZero(*root, *number) : std::nullopt;
      }
  if (auto root = matchUnary(value, UnaryKind::Sqrt))
    return matchSum(root.getInput());
  if (auto power = matchBinary(value, BinaryKind::Pow))
    if (getScalar(power.getRhs()) == 0.5)
      return matchSum(power.getLhs());
  return std::nullopt;
}

std::optional<Root> inlay::nn::matchRoot(Value value, Type own) {
  return findRoot(value, own, kMaxDepth);
}

bool inlay::nn::isVector(Value value, RankedTensorType type) {
  ArrayRef<int64_t> shape = getShape(value);
  int64_t width = type.getShape().back();
  return !shape.empty() && shape.back() == width &&
         numElements(shape) == width && isWeightLike(value);
}

/// number / sqrt(variance + epsilon)
static std::optional<Root> matchInverseRoot(Value value, Type own, int depth) {
  if (depth == 0)
    return std::nullopt;
  value = stripFloatCasts(value, own);
  if (std::optional<Scaled> scaled = matchScaled(value)) {
    std::optional<Root> root =
        scaled->factor > 0 ? matchInverseRoot(scaled->inner, own, depth - 1)
                           : std::nullopt;
    if (root)
      root->factor /= scaled->factor;
    return root;
  }
  if (auto reciprocal = matchUnary(value, UnaryKind::Reciprocal))
    return findRoot(reciprocal.getInput(), own, depth - 1);
  if (auto quotient = matchBinary(value, BinaryKind::Div)) {
    double number = getScalar(quotient.getLhs()).value_or(0);
    std::optional<Root> root =
        number > 0 ? findRoot(quotient.getRhs(), own, depth - 1) : std::nullopt;
    if (root)
      root->factor /= number;
    return root;
  }
  if (auto power = matchBinary(value, BinaryKind::Pow))
    if (getScalar(power.getRhs()) == -0.5)
      return matchSum(power.getLhs());
  return std::nullopt;
}

std::optional<Inverse> inlay::nn::matchInverse(Value value,
                                               RankedTensorType type) {
  Type own = type.getElementType();
  value = stripFloatCasts(value, own);
  if (std::optional<Root> root = matchInverseRoot(value, own, kMaxDepth))
    return Inverse{*root, Value()};
  auto product = matchBinary(value, BinaryKind::Mul);
  if (!product)
    return std::nullopt;
  for (auto [inner, gamma] : {std::pair(product.getLhs(), product.getRhs()),
                              std::pair(product.getRhs(), product.getLhs())})
    if (std::optional<Root> root = matchInverseRoot(inner, own, kMaxDepth);
        root && isVector(gamma, type))
      return Inverse{*root, gamma};
  return std::nullopt;
}

Value inlay::nn::matchCentred(Value value, Type own) {
  auto difference = matchBinary(value, BinaryKind::Sub);
  if (!difference)
    return {};
  Value mean = matchMeanOfLastDim(stripFloatCasts(difference.getRhs(), own));
  bool isOwn = mean && stripFloatCasts(mean, own) ==
                           stripFloatCasts(difference.getLhs(), own);
  return isOwn ? difference.getLhs() : Value();
}

std::optional<Scaled> inlay::nn::matchMeanOfSquares(Value value, Type own) {
  std::optional<Scaled> mean = matchScaledMean(stripFloatCasts(value, own));
  Value base = mean ? matchSquare(stripFloatCasts(mean->inner, own)) : Value();
  return base ? std::optional(Scaled{base, mean->factor}) : std::nullopt;
}

/// v of max(v, 0), or the value itself.
static Value stripFloor(Value value) {
  if (auto relu = matchUnary(value, UnaryKind::Relu))
    return relu.getInput();
  if (auto largest = matchBinary(value, BinaryKind::Max)) {
    if (getScalar(largest.getRhs()) == 0.0)
      return largest.getLhs();
    if (getScalar(largest.getLhs()) == 0.0)
      return largest.getRhs();
  }
  return value;
}

/// mean(x^2) - mean(x)^2, kept from getting negative or not.
static std::optional<Scaled> matchMoments(Value value, Type own) {
  value = stripFloatCasts(stripFloor(value), own);
  auto difference = matchBinary(value, BinaryKind::Sub);
  std::optional<Scaled> squares =
      difference ? matchMeanOfSquares(difference.getLhs(), own) : std::nullopt;
  Value mean = squares ? matchSquare(stripFloatCasts(difference.getRhs(), own))
                       : Value();
  Value input = mean ? matchMeanOfLastDim(stripFloatCasts(mean, own)) : Value();
  bool isOwn =
      input && squares->factor == 1 &&
      stripFloatCasts(input, own) == stripFloatCasts(squares->inner, own);
  return isOwn ? std::optional(Scaled{input, 1}) : std::nullopt;
}

std::optional<Scaled> inlay::nn::matchVariance(Value value, Type own) {
  if (std::optional<Scaled> squares = matchMeanOfSquares(value, own)) {
    Value input = matchCentred(stripFloatCasts(squares->inner, own), own);
    return input ? std::optional(Scaled{input, squares->factor}) : std::nullopt;
  }
  return matchMoments(stripFloatCasts(value, own), own);
}
