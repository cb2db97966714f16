//===- FuseActivation.cpp - Activations that are written out --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FuseOps.h"
#include "Matchers.h"

#include <cmath>

using namespace mlir;
using namespace inlay::nn;

/// Whether `value` is `scaled` of the factor `expected`, as its type can say
/// it.
static bool isScaledBy(Value value, const Scaled &scaled, double expected) {
  return isNear(scaled.factor, expected, getElementTypeOrSelf(value.getType()));
}

namespace {
/// A product, written as a number times values.
struct Factors {
  double number = 1;
  SmallVector<Value> values;
};
} // namespace

/// Collects the factors of a product that nothing else uses on the way.
static void collectFactors(Value value, Factors &factors, bool isRoot = true) {
  constexpr unsigned maxFactors = 4;
  if (std::optional<double> number = getScalar(value)) {
    factors.number *= *number;
    return;
  }
  auto op = value.getDefiningOp<BinaryOp>();
  bool isOpen =
      op && (isRoot || op->hasOneUse()) && factors.values.size() <= maxFactors;
  if (isOpen && op.getKind() == BinaryKind::Mul) {
    collectFactors(op.getLhs(), factors, false);
    collectFactors(op.getRhs(), factors, false);
    return;
  }
  std::optional<Scaled> quotient = isOpen ? matchScaled(value) : std::nullopt;
  if (!quotient) {
    factors.values.push_back(value);
    return;
  }
  factors.number *= quotient->factor;
  collectFactors(quotient->inner, factors, false);
}

/// x of 1 + f(x)
static UnaryOp matchOnePlus(Value value, UnaryKind kind) {
  auto sum = matchBinary(value, BinaryKind::Add);
  if (!sum)
    return {};
  if (getScalar(sum.getRhs()) == 1.0)
    return matchUnary(sum.getLhs(), kind);
  if (getScalar(sum.getLhs()) == 1.0)
    return matchUnary(sum.getRhs(), kind);
  return {};
}

/// Whether `value` is x / sqrt(2).
static bool isErfArgument(Value value, Value x) {
  std::optional<Scaled> scaled = matchScaled(value);
  return scaled && scaled->inner == x &&
         isScaledBy(value, *scaled, std::sqrt(0.5));
}

/// Whether `value` is x^3.
static bool isCube(Value value, Value x) {
  if (auto power = matchBinary(value, BinaryKind::Pow))
    return power.getLhs() == x && getScalar(power.getRhs()) == 3.0;
  Factors factors;
  collectFactors(value, factors);
  return factors.number == 1 && factors.values.size() == 3 &&
         llvm::all_of(factors.values, [&](Value value) { return value == x; });
}

/// Whether `value` is sqrt(2 / pi) * x * (1 + 0.044715 * x^2), the factors in
/// any order.
static bool isFactoredTanhArgument(Value value, Value x) {
  Factors factors;
  collectFactors(value, factors);
  if (factors.values.size() != 2 ||
      !isNear(factors.number, std::sqrt(2 / M_PI),
              getElementTypeOrSelf(value.getType())))
    return false;
  bool isFirst = factors.values[0] == x;
  if (!isFirst && factors.values[1] != x)
    return false;
  auto sum = matchBinary(factors.values[isFirst ? 1 : 0], BinaryKind::Add);
  if (!sum)
    return false;
  for (auto [one, other] : {std::pair(sum.getLhs(), sum.getRhs()),
                            std::pair(sum.getRhs(), sum.getLhs())}) {
    if (getScalar(one) != 1.0)
      continue;
    // 0.044715 * x * x, or the number times a square.
    Factors square;
    collectFactors(other, square);
    bool isSquare =
        square.values.size() == 2
            ? square.values[0] == x && square.values[1] == x
            : square.values.size() == 1 && matchSquare(square.values[0]) == x;
    if (isSquare &&
        isNear(square.number, 0.044715, getElementTypeOrSelf(value.getType())))
      return true;
  }
  return false;
}

/// Whether `value` is sqrt(2 / pi) * (x + 0.044715 * x^3).
static bool isTanhArgument(Value value, Value x) {
  std::optional<Scaled> scaled = matchScaled(value);
  if (!scaled || !isScaledBy(value, *scaled, std::sqrt(2 / M_PI)))
    return isFactoredTanhArgument(value, x);
  auto sum = matchBinary(scaled->inner, BinaryKind::Add);
  if (!sum)
    return isFactoredTanhArgument(value, x);
  if (sum.getLhs() != x && sum.getRhs() != x)
    return false;
  Value other = sum.getLhs() == x ? sum.getRhs() : sum.getLhs();
  std::optional<Scaled> cubic = matchScaled(other);
  return cubic && isScaledBy(other, *cubic, 0.044715) &&
         isCube(cubic->inner, x);
}

namespace {

/// x * sigmoid(x)  ->  silu(x)
struct FuseSilu : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getKind() != BinaryKind::Mul)
      return failure();
    Type own = getElementTypeOrSelf(op.getType());
    for (auto [value, gate] : {std::pair(op.getLhs(), op.getRhs()),
                               std::pair(op.getRhs(), op.getLhs())}) {
      auto sigmoid = matchUnary(stripFloatCasts(gate, own), UnaryKind::Sigmoid);
      if (!sigmoid ||
          stripFloatCasts(sigmoid.getInput(), own) !=
              stripFloatCasts(value, own) ||
          getShape(value) != getShape(op.getResult()))
        continue;
      rewriter.replaceOpWithNewOp<UnaryOp>(op, op.getType(), UnaryKind::Silu,
                                           value);
      return success();
    }
    return failure();
  }
};

/// x * 0.5 * (1 + erf(x / sqrt(2))) and its approximation with tanh, factors in
/// any order; x / 2 for x * 0.5.
struct FuseGelu : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getKind() != BinaryKind::Mul)
      return failure();
    Factors factors;
    collectFactors(op.getResult(), factors);
    if (factors.values.size() != 2 || factors.number != 0.5)
      return failure();
    Value first = factors.values[0], second = factors.values[1];
    return success(succeeded(rewrite(op, first, second, rewriter)) ||
                   succeeded(rewrite(op, second, first, rewriter)));
  }

  static LogicalResult rewrite(BinaryOp op, Value gate, Value x,
                               PatternRewriter &rewriter) {
    if (x.getType() != op.getType())
      return failure();
    UnaryKind kind;
    if (auto erf = matchOnePlus(gate, UnaryKind::Erf);
        erf && isErfArgument(erf.getInput(), x))
      kind = UnaryKind::Gelu;
    else if (auto tanh = matchOnePlus(gate, UnaryKind::Tanh);
             tanh && isTanhArgument(tanh.getInput(), x))
      kind = UnaryKind::GeluTanh;
    else
      return failure();
    rewriter.replaceOpWithNewOp<UnaryOp>(op, op.getType(), kind, x);
    return success();
  }
};

} // namespace

void inlay::nn::populateActivationPatterns(RewritePatternSet &patterns) {
  patterns.add<FuseSilu, FuseGelu>(patterns.getContext());
}
