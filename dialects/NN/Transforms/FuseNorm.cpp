//===- FuseNorm.cpp - Norms that are written out --------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// First the division by the root becomes a norm whose gamma is one number, 1
// for the root of the mean of squares; then gamma, beta and conversions around
// it go into the op. So each exporter's order of casts and products needs no
// pattern of its own.
//
//===----------------------------------------------------------------------===//

#include "FuseOps.h"
#include "Matchers.h"
#include "NormRoots.h"

#include <cmath>

using namespace mlir;
using namespace inlay::nn;

namespace {

/// Gamma of a norm: what the root was multiplied with, and the vector if there
/// is one.
class Gamma {
public:
  Gamma(PatternRewriter &rewriter, Operation *at, Value input)
      : rewriter(rewriter), loc(at->getLoc()),
        type(RankedTensorType::get(getShape(input).back(),
                                   getElementTypeOrSelf(input.getType()))) {}

  /// `number`, 1 if it is as near as the type can say it.
  Value splat(double number) {
    bool isOne = isNear(number, 1, type.getElementType());
    return createSplat(rewriter, loc, type, isOne ? 1 : number);
  }

  /// `number` times a vector.
  Value scaled(double number, Value vector) {
    vector = createReshape(rewriter, loc, vector, type.getShape());
    if (isNear(number, 1, type.getElementType()))
      return vector;
    auto scalar =
        RankedTensorType::get({}, getElementTypeOrSelf(vector.getType()));
    return BinaryOp::create(rewriter, loc, vector.getType(), BinaryKind::Mul,
                            vector, createSplat(rewriter, loc, scalar, number));
  }

  Value create(double number, Value vector) {
    return vector ? scaled(number, vector) : splat(number);
  }

private:
  PatternRewriter &rewriter;
  Location loc;
  RankedTensorType type;
};

/// A norm of roots whose variance is `times` what it should be.
struct Rescaled {
  Rescaled(const Root &root, double times)
      : epsilon(root.epsilon / times),
        factor(1 / (root.factor * std::sqrt(times))) {}
  double epsilon, factor;
};

/// x / sqrt(mean(x^2) + epsilon), x centred or not.
struct FuseNorm : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getType());
    Type own = type.getElementType();
    if (type.getRank() == 0 || !isa<FloatType>(own))
      return failure();
    if (op.getKind() == BinaryKind::Div) {
      std::optional<Root> root = matchRoot(op.getRhs(), own);
      return root ? rewrite(op, op.getLhs(), {*root, Value()}, rewriter)
                  : failure();
    }
    if (op.getKind() != BinaryKind::Mul)
      return failure();
    for (auto [input, factor] : {std::pair(op.getLhs(), op.getRhs()),
                                 std::pair(op.getRhs(), op.getLhs())})
      if (std::optional<Inverse> inverse = matchInverse(factor, type);
          inverse && succeeded(rewrite(op, input, *inverse, rewriter)))
        return success();
    return failure();
  }

  static LogicalResult rewrite(BinaryOp op, Value input, const Inverse &inverse,
                               PatternRewriter &rewriter) {
    Type own = getElementTypeOrSelf(op.getType());
    if (getShape(input) != getShape(op.getResult()) ||
        !isa<FloatType>(getElementTypeOrSelf(input.getType())))
      return failure();
    Value centred = matchCentred(stripFloatCasts(input, own), own);
    std::optional<Scaled> squares =
        centred ? matchVariance(inverse.root.variance, own)
                : matchMeanOfSquares(inverse.root.variance, own);
    if (!squares || squares->factor <= 0 ||
        stripFloatCasts(squares->inner, own) !=
            stripFloatCasts(centred ? centred : input, own))
      return failure();
    Rescaled norm(inverse.root, squares->factor);
    FloatAttr epsilon = rewriter.getF64FloatAttr(norm.epsilon);
    if (centred) {
      Value gamma =
          Gamma(rewriter, op, centred).create(norm.factor, inverse.gamma);
      rewriter.replaceOpWithNewOp<LayerNormOp>(op, op.getType(), centred, gamma,
                                               Value(), epsilon);
      return success();
    }
    Value gamma = Gamma(rewriter, op, input).create(norm.factor, inverse.gamma);
    rewriter.replaceOpWithNewOp<RmsNormOp>(op, op.getType(), input, gamma,
                                           epsilon);
    return success();
  }
};

/// x * s - mean(x) * s + beta in any order, where s is gamma / sqrt(variance of
/// x + epsilon): how TensorFlow writes a layer norm, which tf2onnx keeps.
class FuseUnfoldedNorm : public OpRewritePattern<BinaryOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getType());
    if (type.getRank() == 0 || !isa<FloatType>(type.getElementType()))
      return failure();
    SmallVector<Term> terms;
    if (!isSum(op) || !addTerms(op, /*isNegative=*/false, terms) ||
        terms.size() > 3)
      return failure();
    for (const Term &scaled : terms)
      for (const Term &mean : terms)
        if (std::optional<Value> beta = betaOf(terms, scaled, mean, type))
          for (bool swaps : {false, true})
            if (succeeded(rewrite(op, scaled, mean, *beta, swaps, rewriter)))
              return success();
    return failure();
  }

private:
  struct Term {
    Value value;
    bool isNegative = false;
  };

  static bool isSum(BinaryOp op) {
    return op &&
           (op.getKind() == BinaryKind::Add || op.getKind() == BinaryKind::Sub);
  }

  /// The terms of nested sums; false where there are too many.
  static bool addTerms(Value value, bool isNegative,
                       SmallVectorImpl<Term> &terms, int depth = 3) {
    if (auto minus = matchUnary(value, UnaryKind::Neg))
      return depth > 0 &&
             addTerms(minus.getInput(), !isNegative, terms, depth - 1);
    auto sum = value.getDefiningOp<BinaryOp>();
    if (isSum(sum) && depth > 0)
      return addTerms(sum.getLhs(), isNegative, terms, depth - 1) &&
             addTerms(sum.getRhs(),
                      isNegative != (sum.getKind() == BinaryKind::Sub), terms,
                      depth - 1);
    terms.push_back({value, isNegative});
    return terms.size() <= 3;
  }

  /// The term beside the two others, null where there is none.
  static std::optional<Value> betaOf(ArrayRef<Term> terms, const Term &scaled,
                                     const Term &mean, RankedTensorType type) {
    if (&scaled == &mean || scaled.isNegative)
      return std::nullopt;
    Value beta;
    for (const Term &term : terms) {
      if (&term == &scaled || &term == &mean)
        continue;
      if (term.isNegative || !isVector(term.value, type))
        return std::nullopt;
      beta = term.value;
    }
    return beta;
  }

  /// Whether `term` is the mean of `input` times `factor`, with a minus.
  static bool isMeanTimes(const Term &term, Value input, Value factor,
                          Type own) {
    auto product = matchBinary(term.value, BinaryKind::Mul);
    if (!product)
      return false;
    bool isNegative = term.isNegative;
    for (auto [mean, other] : {std::pair(product.getLhs(), product.getRhs()),
                               std::pair(product.getRhs(), product.getLhs())}) {
      if (other != factor)
        continue;
      if (auto minus = matchUnary(mean, UnaryKind::Neg)) {
        mean = minus.getInput();
        isNegative = !isNegative;
      }
      Value of = matchMeanOfLastDim(stripFloatCasts(mean, own));
      return of && isNegative &&
             stripFloatCasts(of, own) == stripFloatCasts(input, own);
    }
    return false;
  }

  static LogicalResult rewrite(BinaryOp op, const Term &scaled,
                               const Term &mean, Value beta, bool swaps,
                               PatternRewriter &rewriter) {
    auto type = cast<RankedTensorType>(op.getType());
    Type own = type.getElementType();
    auto product = matchBinary(scaled.value, BinaryKind::Mul);
    if (!product)
      return failure();
    Value input = swaps ? product.getRhs() : product.getLhs();
    Value factor = swaps ? product.getLhs() : product.getRhs();
    if (getShape(input) != type.getShape() ||
        !isMeanTimes(mean, input, factor, own))
      return failure();
    std::optional<Inverse> inverse = matchInverse(factor, type);
    std::optional<Scaled> variance =
        inverse ? matchVariance(inverse->root.variance, own) : std::nullopt;
    if (!variance || variance->factor <= 0 ||
        stripFloatCasts(variance->inner, own) != stripFloatCasts(input, own))
      return failure();
    Rescaled norm(inverse->root, variance->factor);
    if (beta)
      beta = createReshape(rewriter, op.getLoc(), beta,
                           type.getShape().take_back());
    Value gamma =
        Gamma(rewriter, op, input).create(norm.factor, inverse->gamma);
    rewriter.replaceOpWithNewOp<LayerNormOp>(
        op, type, input, gamma, beta, rewriter.getF64FloatAttr(norm.epsilon));
    return success();
  }
};

/// Puts other operands and another result type into a norm.
RmsNormOp rebuild(PatternRewriter &rewriter, Operation *at, RmsNormOp norm,
                  Type type, Value input, Value gamma) {
  return rewriter.replaceOpWithNewOp<RmsNormOp>(at, type, input, gamma,
                                                norm.getEpsilonAttr());
}
LayerNormOp rebuild(PatternRewriter &rewriter, Operation *at, LayerNormOp norm,
                    Type type, Value input, Value gamma) {
  return rewriter.replaceOpWithNewOp<LayerNormOp>(
      at, type, input, gamma, norm.getBeta(), norm.getEpsilonAttr());
}

bool hasBeta(RmsNormOp) { return false; }
bool hasBeta(LayerNormOp norm) { return static_cast<bool>(norm.getBeta()); }

/// norm(x, a number everywhere) * gamma
template <typename NormOp> struct FuseGamma : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getType());
    if (std::optional<Scaled> scaled = matchScaled(op.getResult())) {
      // A factor that the root lacks, as of the length in place of the root of
      // the mean. Other factors are no part of the norm.
      NormOp norm = normOf(scaled->inner, type);
      std::optional<double> number = norm ? numberOf(norm) : std::nullopt;
      if (!number || *number == 1)
        return failure();
      Value gamma =
          Gamma(rewriter, op, norm.getInput()).splat(*number * scaled->factor);
      rebuild(rewriter, op, norm, type, norm.getInput(), gamma);
      return success();
    }
    if (op.getKind() != BinaryKind::Mul)
      return failure();
    for (auto [normed, vector] : {std::pair(op.getLhs(), op.getRhs()),
                                  std::pair(op.getRhs(), op.getLhs())}) {
      NormOp norm = normOf(normed, type);
      std::optional<double> number = norm ? numberOf(norm) : std::nullopt;
      if (!number || !isVector(vector, type))
        continue;
      Value gamma =
          Gamma(rewriter, op, norm.getInput()).scaled(*number, vector);
      rebuild(rewriter, op, norm, type, norm.getInput(), gamma);
      return success();
    }
    return failure();
  }

private:
  /// The norm that only this op reads, of the same shape, and without a beta.
  static NormOp normOf(Value value, RankedTensorType type) {
    auto norm = value.getDefiningOp<NormOp>();
    return norm && norm->hasOneUse() && !hasBeta(norm) &&
                   getShape(value) == type.getShape()
               ? norm
               : NormOp();
  }

  static std::optional<double> numberOf(NormOp norm) {
    return getScalar(norm.getGamma());
  }
};

/// layer_norm(x) + beta
struct FuseBeta : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getKind() != BinaryKind::Add)
      return failure();
    for (auto [normed, beta] : {std::pair(op.getLhs(), op.getRhs()),
                                std::pair(op.getRhs(), op.getLhs())}) {
      auto norm = normed.getDefiningOp<LayerNormOp>();
      auto type = cast<RankedTensorType>(op.getType());
      if (!norm || !norm->hasOneUse() || norm.getBeta() ||
          !isVector(beta, type) || getShape(normed) != type.getShape())
        continue;
      Value vector = createReshape(rewriter, op.getLoc(), beta,
                                   type.getShape().take_back());
      rewriter.replaceOpWithNewOp<LayerNormOp>(op, type, norm.getInput(),
                                               norm.getGamma(), vector,
                                               norm.getEpsilonAttr());
      return success();
    }
    return failure();
  }
};

/// A norm computes in f32 whatever it reads and writes.
template <typename NormOp> struct DropCastBefore : OpRewritePattern<NormOp> {
  using OpRewritePattern<NormOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(NormOp op,
                                PatternRewriter &rewriter) const override {
    Value input = stripWideningCasts(op.getInput());
    if (input == op.getInput())
      return failure();
    rebuild(rewriter, op, op, op.getType(), input, op.getGamma());
    return success();
  }
};

/// What a norm gives is rounded once. Where it was rounded before, to another
/// type than that of what it reads, it stays so.
template <typename NormOp> struct DropCastBehind : OpRewritePattern<CastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(CastOp op,
                                PatternRewriter &rewriter) const override {
    auto norm = op.getInput().template getDefiningOp<NormOp>();
    if (!norm || !norm->hasOneUse() ||
        !isa<FloatType>(getElementTypeOrSelf(op.getType())))
      return failure();
    constexpr int64_t narrowest = 16;
    Type given = getElementTypeOrSelf(norm.getInput().getType());
    Type made = getElementTypeOrSelf(norm.getType());
    Type wanted = getElementTypeOrSelf(op.getType());
    if (wanted.getIntOrFloatBitWidth() < narrowest ||
        (!holdsFloats(made, wanted) && !holdsFloats(made, given)))
      return failure();
    rebuild(rewriter, op, norm, op.getType(), norm.getInput(), norm.getGamma());
    return success();
  }
};

} // namespace

void inlay::nn::populateNormPatterns(RewritePatternSet &patterns) {
  patterns.add<FuseNorm, FuseUnfoldedNorm, FuseGamma<RmsNormOp>,
               FuseGamma<LayerNormOp>, FuseBeta, DropCastBefore<RmsNormOp>,
               DropCastBefore<LayerNormOp>, DropCastBehind<RmsNormOp>,
               DropCastBehind<LayerNormOp>>(patterns.getContext());
}
