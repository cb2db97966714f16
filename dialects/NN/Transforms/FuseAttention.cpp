//===- FuseAttention.cpp - Attention that is written out ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// softmax(query * key^T * scale + mask) * value becomes an attention over all
// keys that it was given, with the mask as its bias. Copies of heads and the
// state then go into the op (FuseState.cpp), and masks that say nothing but
// causality go away (FoldMasks.cpp).
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"
#include "FuseOps.h"
#include "Matchers.h"
#include "ScoreMasks.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace inlay::nn;

namespace {

/// What is between the products and the softmax.
struct Scores {
  Value query;      ///< [..., tokens, d]
  Value transposed; ///< the keys, [..., d, length]
  double scale = 1;
  double softcap = 0;
  Value sinks;                  ///< a column of the scores, [..., tokens, 1]
  SmallVector<ScoreMask> masks; ///< the last that is applied first
  /// No masked score is less: -inf without such a bound.
  double floor = -std::numeric_limits<double>::infinity();
  /// The type of what the attention gives: nothing on the way is narrower.
  Type own;

  explicit Scores(Type own) : own(own) {}
  bool match(Value value, int depth = 10);

private:
  bool matchMask(Value value, int depth);
  Value matchBounded(Value value);
  bool matchProduct(MatMulOp product);
  bool isPlain() const { return scale == 1 && softcap == 0; }
};

} // namespace

/// x of c * tanh(x / c)
static std::optional<std::pair<Value, double>> matchSoftcap(Value value,
                                                            Type own) {
  std::optional<Scaled> outer = matchScaled(value);
  auto tanh =
      outer ? matchUnary(stripFloatCasts(outer->inner, own), UnaryKind::Tanh)
            : UnaryOp();
  std::optional<Scaled> inner =
      tanh ? matchScaled(tanh.getInput()) : std::nullopt;
  if (!inner || outer->factor <= 0 ||
      !isNear(inner->factor * outer->factor, 1,
              getElementTypeOrSelf(tanh.getType())))
    return std::nullopt;
  return std::pair(inner->inner, outer->factor);
}

/// x of x - max(x), with one maximum for each row: softmax does not see the
/// difference.
static Value matchShifted(Value value, Type own) {
  auto difference = matchBinary(value, BinaryKind::Sub);
  if (!difference)
    return {};
  SmallVector<int64_t> rows(getShape(difference.getLhs()));
  if (rows.empty())
    return {};
  rows.back() = 1;
  if (getShape(difference.getRhs()) != ArrayRef<int64_t>(rows))
    return {};
  Value largest = stripFloatCasts(difference.getRhs(), own);
  if (auto reshape = largest.getDefiningOp<ReshapeOp>())
    largest = reshape.getInput();
  auto maximum = largest.getDefiningOp<ReduceOp>();
  auto last = static_cast<int64_t>(rows.size()) - 1;
  bool isOwn = maximum && maximum.getKind() == ReduceKind::Max &&
               maximum.getAxes() == ArrayRef<int64_t>{last} &&
               stripFloatCasts(maximum.getInput(), own) ==
                   stripFloatCasts(difference.getLhs(), own);
  return isOwn ? difference.getLhs() : Value();
}

bool Scores::matchProduct(MatMulOp product) {
  if (product.getQuant() || product.getTransposed())
    return false;
  query = product.getLhs();
  transposed = product.getRhs();
  for (Value *operand : {&query, &transposed})
    while (std::optional<Scaled> scaled =
               matchScaled(stripFloatCasts(*operand, own))) {
      scale *= scaled->factor;
      *operand = scaled->inner;
    }
  return true;
}

/// x of max(x, lowest), which comes behind all masks, so that a query that sees
/// no key has equal weights. Beside a number that low nothing of a score is
/// left, so the masks may as well be bounded before they are added.
Value Scores::matchBounded(Value value) {
  auto largest = matchBinary(value, BinaryKind::Max);
  if (!largest || !masks.empty() || !isPlain() || std::isfinite(floor))
    return {};
  for (auto [inner, least] : {std::pair(largest.getLhs(), largest.getRhs()),
                              std::pair(largest.getRhs(), largest.getLhs())})
    if (std::optional<double> number = getScalar(least);
        number && absorbsScores(*number) &&
        getShape(inner) == getShape(value)) {
      floor = *number;
      return inner;
    }
  return {};
}

/// Masks come between softmax and scale, whatever adds or chooses them. What is
/// added before scores are scaled is scaled with them.
bool Scores::matchMask(Value value, int depth) {
  if (softcap != 0)
    return false;
  Scores before = *this;
  auto tryWith = [&](Value rest, ScoreMask mask) {
    *this = before;
    if (getShape(rest) != getShape(value))
      return false;
    masks.push_back(mask);
    return match(rest, depth - 1);
  };
  if (auto sum = matchBinary(value, BinaryKind::Add))
    return tryWith(sum.getLhs(), {sum.getRhs(), WhereOp(), scale}) ||
           tryWith(sum.getRhs(), {sum.getLhs(), WhereOp(), scale});
  auto choice = value.getDefiningOp<WhereOp>();
  if (!choice || !isPlain())
    return false;
  std::optional<double> chosen = getScalar(choice.getLhs());
  std::optional<double> otherwise = getScalar(choice.getRhs());
  if (otherwise && *otherwise <= kMaskedScore && !chosen)
    return tryWith(choice.getLhs(), {Value(), choice});
  if (chosen && *chosen <= kMaskedScore && !otherwise)
    return tryWith(choice.getRhs(), {Value(), choice});
  return false;
}

bool Scores::match(Value value, int depth) {
  for (; depth > 0; --depth) {
    value = stripFloatCasts(value, own);
    if (auto product = value.getDefiningOp<MatMulOp>())
      return matchProduct(product);
    if (Value shifted = matchShifted(value, own)) {
      value = shifted;
      continue;
    }
    if (Value bounded = matchBounded(value)) {
      value = bounded;
      continue;
    }
    if (auto capped = matchSoftcap(value, own)) {
      if (!isPlain())
        return false;
      softcap = capped->second;
      value = capped->first;
      continue;
    }
    if (std::optional<Scaled> scaled = matchScaled(value)) {
      scale *= scaled->factor;
      value = scaled->inner;
      continue;
    }
    auto concat = value.getDefiningOp<ConcatOp>();
    int64_t last = static_cast<int64_t>(getShape(value).size()) - 1;
    if (concat && concat.getInputs().size() == 2 && isPlain() && !sinks &&
        static_cast<int64_t>(concat.getAxis()) == last &&
        getLastDim(concat.getInputs()[1]) == 1 && masks.empty()) {
      sinks = concat.getInputs()[1];
      value = concat.getInputs()[0];
      continue;
    }
    return matchMask(value, depth);
  }
  return false;
}

//===----------------------------------------------------------------------===//
// From probabilities to the product with the values
//===----------------------------------------------------------------------===//

/// p of where(p != p, 0, p): rows without a key are zero.
static Value matchGuarded(Value value) {
  auto choice = value.getDefiningOp<WhereOp>();
  if (!choice || getScalar(choice.getLhs()) != 0.0)
    return value;
  Value kept = choice.getRhs();
  auto isNaN = matchUnary(choice.getCondition(), UnaryKind::Not);
  auto equal =
      isNaN ? matchBinary(isNaN.getInput(), BinaryKind::Equal) : BinaryOp();
  bool isGuard = equal && equal.getLhs() == kept && equal.getRhs() == kept;
  return isGuard ? kept : value;
}

/// The softmax behind the probabilities, over the keys; `hasSink` where its
/// last column is dropped, `isGuarded` where rows without a key are zero.
static SoftmaxOp matchSoftmax(Value value, Type own, bool &hasSink,
                              bool &isGuarded) {
  value = stripFloatCasts(value, own);
  Value kept = matchGuarded(value);
  isGuarded = kept != value;
  value = stripFloatCasts(kept, own);
  int64_t length = getLastDim(value);
  if (Value whole = matchLastDimSlice(value, 0, 1, length);
      whole && getLastDim(whole) == length + 1) {
    hasSink = true;
    value = stripFloatCasts(whole, own);
  }
  auto softmax = value.getDefiningOp<SoftmaxOp>();
  int64_t last = static_cast<int64_t>(getShape(value).size()) - 1;
  bool isLast = softmax && static_cast<int64_t>(softmax.getAxis()) == last;
  return isLast ? softmax : SoftmaxOp();
}

namespace {

class AttentionBuilder {
public:
  AttentionBuilder(PatternRewriter &rewriter, MatMulOp op, Scores scores,
                   bool isGuarded)
      : rewriter(rewriter), op(op), loc(op.getLoc()), scores(std::move(scores)),
        isGuarded(isGuarded) {}

  LogicalResult run() {
    if (failed(check()))
      return failure();
    AttentionParts parts;
    parts.query = flattenHeads(rewriter, loc, asHeads(scores.query));
    parts.key =
        flattenHeads(rewriter, loc,
                     createTranspose(rewriter, loc, asHeads(scores.transposed),
                                     {0, 1, 3, 2}));
    parts.value = flattenHeads(rewriter, loc, asHeads(op.getRhs()));
    parts.bias =
        addMasks(rewriter, loc, scores.masks, scores.own, isGrouped() ? 5 : 4);
    parts.bias = createBounded(parts.bias);
    parts.sinks = createSinks();
    parts.numHeads = heads;
    parts.kvHeads = kvHeads;
    parts.headDim = headDim;
    parts.valueDim = valueDim;
    parts.scale = scores.scale;
    parts.softcap = scores.softcap;
    parts.causal = false;
    auto type = cast<RankedTensorType>(op.getType());
    auto flat = RankedTensorType::get({batch, tokens, heads * valueDim},
                                      type.getElementType());
    AttentionOp attention = parts.create(rewriter, loc, flat);
    Value result = splitHeads(rewriter, loc, attention.getResult(), heads);
    if (isGuarded)
      result = parts.zeroBlindQueries(rewriter, loc, result,
                                      -std::numeric_limits<double>::infinity());
    rewriter.replaceOp(op,
                       createReshape(rewriter, loc, result, type.getShape()));
    return success();
  }

private:
  /// Dims of a product's operand; [heads, …] counts as a batch of 1, and
  /// [batch, kv heads, heads of each, …] as [batch, heads, …].
  static SmallVector<int64_t> dimsOf(Value value) {
    SmallVector<int64_t> dims(getShape(value));
    if (dims.size() == 3)
      dims.insert(dims.begin(), 1);
    if (dims.size() == 5) {
      dims[1] *= dims[2];
      dims.erase(dims.begin() + 2);
    }
    return dims;
  }

  /// Whether the heads that share keys and values have a dim of their own.
  bool isGrouped() { return getShape(scores.query).size() == 5; }

  /// Of these each has its own keys and values, which have that dim too.
  bool isGroupingSound() {
    return !scores.sinks && getShape(scores.transposed).size() == 5 &&
           getShape(op.getRhs()).size() == 5 &&
           getShape(scores.transposed)[2] == 1 && getShape(op.getRhs())[2] == 1;
  }

  Value asHeads(Value value) {
    return createReshape(rewriter, loc, value, dimsOf(value));
  }

  LogicalResult check() {
    SmallVector<int64_t> query = dimsOf(scores.query);
    SmallVector<int64_t> key = dimsOf(scores.transposed);
    SmallVector<int64_t> value = dimsOf(op.getRhs());
    if (query.size() != 4 || key.size() != 4 || value.size() != 4)
      return failure();
    batch = query[0];
    heads = query[1];
    tokens = query[2];
    headDim = query[3];
    kvHeads = key[1];
    length = key[3];
    valueDim = value[3];
    bool fits = key[0] == batch && value[0] == batch && value[1] == kvHeads &&
                (kvHeads == heads || kvHeads == 1 ||
                 (isGrouped() && kvHeads == getShape(scores.query)[1])) &&
                (!isGrouped() || isGroupingSound()) && key[2] == headDim &&
                value[2] == length && headDim > 0 && valueDim > 0 &&
                heads > 0 && scores.scale > 0;
    if (!fits || !llvm::all_of(scores.masks, [&](ScoreMask &mask) {
          return isMask(mask.shaped());
        }))
      return failure();
    if (!canAddMasks(scores.masks, op->getParentOfType<GraphOp>()) ||
        (std::isfinite(scores.floor) &&
         !canBoundMasks(scores.masks, scores.floor)))
      return failure();
    if (scores.sinks && !sinksOf())
      return failure();
    return success();
  }

  /// The numbers of a constant column [batch, heads, tokens, 1] that differ by
  /// head only.
  Value constantSinks(ConstantOp constant) {
    auto dense = dyn_cast<DenseFPElementsAttr>(constant.getValue());
    ArrayRef<int64_t> shape = constant.getValue().getShapedType().getShape();
    if (!dense || shape.size() != 4 || shape[1] != heads)
      return {};
    SmallVector<APFloat> all(dense.getValues<APFloat>()), perHead;
    for (int64_t head = 0; head < heads; ++head)
      perHead.push_back(all[head * shape[2]]);
    for (auto [i, number] : llvm::enumerate(all))
      if (number != perHead[(i / shape[2]) % heads])
        return {};
    auto type = RankedTensorType::get(heads, dense.getElementType());
    return ConstantOp::create(rewriter, loc, type,
                              DenseElementsAttr::get(type, perHead));
  }

  /// One number for each head, behind copies over batch and tokens.
  Value sinksOf() {
    Value value = stripFloatCasts(scores.sinks, scores.own);
    if (auto constant = value.getDefiningOp<ConstantOp>();
        constant && numElements(getShape(value)) != heads)
      return constantSinks(constant);
    constexpr int maxDepth = 4;
    for (int depth = 0; depth < maxDepth; ++depth) {
      if (numElements(getShape(value)) == heads && isWeightLike(value))
        return value;
      Operation *producer = value.getDefiningOp();
      if (!isa_and_nonnull<BroadcastOp, ReshapeOp, CastOp>(producer))
        return {};
      if (isa<BroadcastOp>(producer) && !copiesHeads(producer))
        return {};
      if (auto cast = dyn_cast<CastOp>(producer);
          cast && stripFloatCasts(value, scores.own) == value)
        return {};
      value = producer->getOperand(0);
    }
    return {};
  }

  /// The masks, but nowhere less than the scores are kept to.
  Value createBounded(Value masks) {
    if (!masks || !std::isfinite(scores.floor))
      return masks;
    auto type = cast<RankedTensorType>(masks.getType());
    Value least = createSplat(rewriter, loc,
                              RankedTensorType::get({}, type.getElementType()),
                              scores.floor);
    return BinaryOp::create(rewriter, loc, type, BinaryKind::Max, masks, least);
  }

  /// A copy from [1, heads, 1, 1] keeps one number for each head.
  bool copiesHeads(Operation *copy) {
    ArrayRef<int64_t> from = getShape(copy->getOperand(0));
    ArrayRef<int64_t> to = getShape(copy->getResult(0));
    return numElements(from) == heads && from.size() >= 3 &&
           from[from.size() - 3] == heads && to[to.size() - 3] == heads;
  }

  Value createSinks() {
    if (!scores.sinks)
      return {};
    return createReshape(rewriter, loc, sinksOf(), {heads});
  }

  bool isMask(Value mask) {
    SmallVector<int64_t> scoresShape = {batch, heads, tokens, length};
    if (isGrouped()) {
      int64_t group = heads / kvHeads;
      scoresShape = {batch, kvHeads, group, tokens, length};
      SmallVector<int64_t> dims(getShape(mask));
      if (dims.size() > 5)
        return false;
      dims.insert(dims.begin(), 5 - dims.size(), 1);
      if (dims[1] * dims[2] != 1 && (dims[1] != kvHeads || dims[2] != group))
        return false;
    }
    auto shape = broadcastShapes({getShape(mask), scoresShape});
    return shape && ArrayRef<int64_t>(*shape) == ArrayRef(scoresShape);
  }

  PatternRewriter &rewriter;
  MatMulOp op;
  Location loc;
  Scores scores;
  bool isGuarded;
  int64_t batch = 0, heads = 0, kvHeads = 0, tokens = 0, length = 0;
  int64_t headDim = 0, valueDim = 0;
};

struct FuseAttention : OpRewritePattern<MatMulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MatMulOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getQuant() || op.getTransposed())
      return failure();
    bool hasSink = false, isGuarded = false;
    Type own = getElementTypeOrSelf(op.getType());
    SoftmaxOp softmax = matchSoftmax(op.getLhs(), own, hasSink, isGuarded);
    Scores scores(own);
    if (!softmax || !scores.match(softmax.getInput()) ||
        static_cast<bool>(scores.sinks) != hasSink)
      return failure();
    return AttentionBuilder(rewriter, op, std::move(scores), isGuarded).run();
  }
};

} // namespace

void inlay::nn::populateAttentionPatterns(RewritePatternSet &patterns) {
  patterns.add<FuseAttention>(patterns.getContext());
  populateStatePatterns(patterns);
  populateLatentPatterns(patterns);
}
