//===- FuseNorm.cpp - Norms that are written out --------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// First the division by the root becomes a norm with a gamma of ones; then
// gamma, beta and conversions around it go into the op. So each exporter's
// order of casts and products needs no pattern of its own.
//
//===----------------------------------------------------------------------===//

#include "FuseOps.h"
#include "Matchers.h"

using namespace mlir;
using namespace inlay::nn;

/// sqrt(variance + epsilon)
namespace {
struct Root {
  Value variance;
  double epsilon = 0;
};
} // namespace

static std::optional<Root> matchSum(Value value) {
  if (auto sum = matchBinary(value, BinaryKind::Add))
    for (auto [variance, epsilon] : {std::pair(sum.getLhs(), sum.getRhs()),
                                     std::pair(sum.getRhs(), sum.getLhs())})
      if (std::optional<double> number = getScalar(epsilon))
        return Root{variance, *number};
  return Root{value, 0};
}

static std::optional<Root> matchRoot(Value value) {
  if (auto root = matchUnary(value, UnaryKind::Sqrt))
    return matchSum(root.getInput());
  if (auto power = matchBinary(value, BinaryKind::Pow))
    if (getScalar(power.getRhs()) == 0.5)
      return matchSum(power.getLhs());
  return std::nullopt;
}

/// 1 / sqrt(variance + epsilon)
static std::optional<Root> matchInverseRoot(Value value) {
  if (auto reciprocal = matchUnary(value, UnaryKind::Reciprocal))
    return matchRoot(reciprocal.getInput());
  if (auto quotient = matchBinary(value, BinaryKind::Div))
    return getScalar(quotient.getLhs()) == 1.0 ? matchRoot(quotient.getRhs())
                                               : std::nullopt;
  if (auto power = matchBinary(value, BinaryKind::Pow))
    if (getScalar(power.getRhs()) == -0.5)
      return matchSum(power.getLhs());
  return std::nullopt;
}

/// x of x - mean(x)
static Value matchCentred(Value value, Type own) {
  auto difference = matchBinary(value, BinaryKind::Sub);
  if (!difference)
    return {};
  Value mean = matchMeanOfLastDim(stripFloatCasts(difference.getRhs(), own));
  bool isOwn = mean && stripFloatCasts(mean, own) ==
                           stripFloatCasts(difference.getLhs(), own);
  return isOwn ? difference.getLhs() : Value();
}

static Value createOnes(PatternRewriter &rewriter, Operation *op, Value input) {
  auto type = cast<RankedTensorType>(input.getType());
  auto vector =
      RankedTensorType::get(type.getShape().back(), type.getElementType());
  return createSplat(rewriter, op->getLoc(), vector, 1);
}

namespace {

/// x / sqrt(mean(x^2) + epsilon), x centred or not.
struct FuseNorm : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    Type own = getElementTypeOrSelf(op.getType());
    if (op.getKind() == BinaryKind::Div)
      return rewrite(op, op.getLhs(), own,
                     matchRoot(stripFloatCasts(op.getRhs(), own)), rewriter);
    if (op.getKind() != BinaryKind::Mul)
      return failure();
    for (auto [input, root] : {std::pair(op.getLhs(), op.getRhs()),
                               std::pair(op.getRhs(), op.getLhs())})
      if (succeeded(rewrite(op, input, own,
                            matchInverseRoot(stripFloatCasts(root, own)),
                            rewriter)))
        return success();
    return failure();
  }

  static LogicalResult rewrite(BinaryOp op, Value input, Type own,
                               std::optional<Root> root,
                               PatternRewriter &rewriter) {
    if (!root || getShape(input) != getShape(op.getResult()) ||
        !isa<FloatType>(getElementTypeOrSelf(input.getType())))
      return failure();
    Value squares = matchMeanOfLastDim(stripFloatCasts(root->variance, own));
    Value base = squares ? matchSquare(stripFloatCasts(squares, own)) : Value();
    if (!base || stripFloatCasts(base, own) != stripFloatCasts(input, own))
      return failure();
    FloatAttr epsilon = rewriter.getF64FloatAttr(root->epsilon);
    if (Value centred = matchCentred(stripFloatCasts(input, own), own))
      rewriter.replaceOpWithNewOp<LayerNormOp>(
          op, op.getType(), centred, createOnes(rewriter, op, centred), Value(),
          epsilon);
    else
      rewriter.replaceOpWithNewOp<RmsNormOp>(
          op, op.getType(), input, createOnes(rewriter, op, input), epsilon);
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

/// Whether `value` has one number for each element of the last dim of `type`,
/// and depends on weights only.
bool isVector(Value value, RankedTensorType type) {
  ArrayRef<int64_t> shape = getShape(value);
  int64_t width = type.getShape().back();
  return !shape.empty() && shape.back() == width &&
         numElements(shape) == width && isWeightLike(value);
}

/// norm(x, ones) * gamma
template <typename NormOp> struct FuseGamma : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getKind() != BinaryKind::Mul)
      return failure();
    for (auto [normed, gamma] : {std::pair(op.getLhs(), op.getRhs()),
                                 std::pair(op.getRhs(), op.getLhs())}) {
      auto norm = normed.template getDefiningOp<NormOp>();
      auto type = cast<RankedTensorType>(op.getType());
      if (!norm || !norm->hasOneUse() || hasBeta(norm) ||
          getScalar(norm.getGamma()) != 1.0 || !isVector(gamma, type) ||
          getShape(normed) != type.getShape())
        continue;
      Value vector = createReshape(rewriter, op.getLoc(), gamma,
                                   type.getShape().take_back());
      rebuild(rewriter, op, norm, type, norm.getInput(), vector);
      return success();
    }
    return failure();
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
  patterns.add<FuseNorm, FuseGamma<RmsNormOp>, FuseGamma<LayerNormOp>, FuseBeta,
               DropCastBefore<RmsNormOp>, DropCastBefore<LayerNormOp>,
               DropCastBehind<RmsNormOp>, DropCastBehind<LayerNormOp>>(
      patterns.getContext());
}
