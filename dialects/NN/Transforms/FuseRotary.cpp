//===- FuseRotary.cpp - Rotary embeddings that are written out ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Three spellings, of channels x rotated by cosines c and sines s:
//
// - x * c + rotate(x) * s, where rotate(x) is (-second half, first half) and c
//   and s hold each number twice, in both halves;
// - the same with even and odd channels for the halves;
// - the halves of the result, x1 * c - x2 * s and x2 * c + x1 * s, put
// together.
//
// Each may turn the other way: by (second half, -first half), or with the signs
// of both products of s swapped. That is a rotation by -s.
//
// In the first two the doubling of c and s may be seen in the graph: it is a
// concatenation of a tensor with itself, behind functions of single elements.
// Where it is not (tables of full width, whose bytes raising does not read),
// the op takes them as they are, with a number for each channel; so it says
// what the graph says whether or not the numbers are there twice. Signs may
// then be in the table of sines too, beside halves that are only swapped.
//
//===----------------------------------------------------------------------===//

#include "FuseOps.h"
#include "Matchers.h"

using namespace mlir;
using namespace inlay::nn;

//===----------------------------------------------------------------------===//
// Caches
//===----------------------------------------------------------------------===//

/// Pairs [..., d/2, 2] of equal numbers: the tensor with each of them once.
static Value unpair(ReshapeOp reshape) {
  ArrayRef<int64_t> input = getShape(reshape.getInput());
  int64_t half = getLastDim(reshape.getResult()) / 2;
  Operation *pairs = reshape.getInput().getDefiningOp();
  if (!pairs || input.size() < 2 || input.back() != 2 ||
      input[input.size() - 2] != half)
    return {};
  if (auto copy = dyn_cast<BroadcastOp>(pairs);
      copy && getLastDim(copy.getInput()) == 1 &&
      numElements(getShape(copy.getInput())) * 2 == numElements(input))
    return copy.getInput();
  if (auto stack = dyn_cast<ConcatOp>(pairs);
      stack && stack.getInputs().size() == 2 &&
      stack.getInputs()[0] == stack.getInputs()[1])
    return stack.getInputs()[0];
  return {};
}

namespace {

/// Finds, and then rebuilds, what a value computes before its last dim was
/// doubled.
class Halver {
public:
  explicit Halver(RotaryLayout layout) : layout(layout) {}

  /// Whether the last dim holds each number twice, and all ops on the way to
  /// where it was doubled work on single elements.
  bool check(Value value, int depth = 12) {
    Operation *op = value.getDefiningOp();
    ArrayRef<int64_t> shape = getShape(value);
    if (!op || !depth || shape.empty() || shape.back() % 2 != 0)
      return false;
    if (auto concat = dyn_cast<ConcatOp>(op))
      return layout == RotaryLayout::Halves && concat.getInputs().size() == 2 &&
             concat.getInputs()[0] == concat.getInputs()[1] &&
             concat.getAxis() + 1 == shape.size();
    if (auto reshape = dyn_cast<ReshapeOp>(op)) {
      if (keepsLastDim(reshape))
        return check(reshape.getInput(), depth - 1);
      return layout == RotaryLayout::Interleaved && unpair(reshape);
    }
    if (auto copy = dyn_cast<BroadcastOp>(op))
      return keepsLastDim(copy) && check(copy.getInput(), depth - 1);
    if (auto binary = dyn_cast<BinaryOp>(op);
        binary && numElements(getShape(binary.getRhs())) != 1)
      return false;
    return isa<UnaryOp, CastOp, BinaryOp>(op) &&
           check(op->getOperand(0), depth - 1);
  }

  /// The undoubled tensor; `check` holds.
  Value build(PatternRewriter &rewriter, Value value) {
    Operation *op = value.getDefiningOp();
    SmallVector<int64_t> half(getShape(value));
    half.back() /= 2;
    if (auto concat = dyn_cast<ConcatOp>(op))
      return concat.getInputs()[0];
    if (auto reshape = dyn_cast<ReshapeOp>(op)) {
      Value inner = keepsLastDim(reshape) ? build(rewriter, reshape.getInput())
                                          : unpair(reshape);
      return createReshape(rewriter, op->getLoc(), inner, half);
    }
    Value inner = build(rewriter, op->getOperand(0));
    auto type =
        RankedTensorType::get(half, getElementTypeOrSelf(value.getType()));
    if (auto unary = dyn_cast<UnaryOp>(op))
      return UnaryOp::create(rewriter, op->getLoc(), type, unary.getKind(),
                             inner);
    if (auto binary = dyn_cast<BinaryOp>(op))
      return BinaryOp::create(rewriter, op->getLoc(), type, binary.getKind(),
                              inner, binary.getRhs());
    if (isa<BroadcastOp>(op))
      return BroadcastOp::create(rewriter, op->getLoc(), type, inner);
    return CastOp::create(rewriter, op->getLoc(), type, inner);
  }

private:
  static bool keepsLastDim(Operation *op) {
    ArrayRef<int64_t> input = getShape(op->getOperand(0));
    return !input.empty() && input.back() == getLastDim(op->getResult(0));
  }

  RotaryLayout layout;
};

} // namespace

namespace {
/// Which signs the two parts have that took each other's places.
enum class Signs : uint8_t {
  Forward,  ///< (-second, first)
  Backward, ///< (second, -first): by minus the sines
  Given,    ///< (second, first): those of the sines
};

/// What rotates, and by which caches: halves of them, or of full width.
struct Rotation {
  Value input, cos, sin;
  RotaryLayout layout = RotaryLayout::Halves;
  Signs signs = Signs::Forward;
  bool isFull = false;
};
} // namespace

/// Whether a cache has a row of `width` for each token of an input [batch,
/// heads, tokens, d] (`tokenDim` 2) or [batch, tokens, heads, d] (1).
static bool fitsTokens(Value cache, ArrayRef<int64_t> input, unsigned tokenDim,
                       int64_t width) {
  SmallVector<int64_t> shape(getShape(cache));
  if (shape.size() > 4)
    return false;
  shape.insert(shape.begin(), 4 - shape.size(), 1);
  return shape[3 - tokenDim] == 1 && shape[tokenDim] == input[tokenDim] &&
         (shape[0] == 1 || shape[0] == input[0]) && shape[3] == width;
}

/// Such a cache as [batch, tokens, r / 2].
static Value flattenCache(PatternRewriter &rewriter, Location loc, Value cache,
                          ArrayRef<int64_t> input, unsigned tokenDim) {
  ArrayRef<int64_t> shape = getShape(cache);
  int64_t batch = shape.size() == 4 ? shape[0] : 1;
  int64_t tokens = input[tokenDim];
  Value flat =
      createReshape(rewriter, loc, cache, {batch, tokens, shape.back()});
  if (batch == input[0])
    return flat;
  auto type = RankedTensorType::get({input[0], tokens, shape.back()},
                                    getElementTypeOrSelf(cache.getType()));
  return BroadcastOp::create(rewriter, loc, type, flat);
}

/// The dim of the tokens of a rotated input of `shape`, or 0.
static unsigned findTokenDim(ArrayRef<int64_t> shape, Value cos, Value sin,
                             int64_t width) {
  if (shape.size() == 4)
    for (unsigned tokenDim : {2u, 1u})
      if (fitsTokens(cos, shape, tokenDim, width) &&
          fitsTokens(sin, shape, tokenDim, width))
        return tokenDim;
  return 0;
}

/// The sines of a rotation by (-second, first).
static Value createSigned(PatternRewriter &rewriter, const Rotation &rotation) {
  Value sin = rotation.sin;
  Location loc = sin.getLoc();
  if (rotation.signs == Signs::Forward)
    return sin;
  if (rotation.signs == Signs::Backward)
    return UnaryOp::create(rewriter, loc, sin.getType(), UnaryKind::Neg, sin);
  int64_t width = getLastDim(sin);
  bool isHalves = rotation.layout == RotaryLayout::Halves;
  Type element = getElementTypeOrSelf(sin.getType());
  SmallVector<Attribute> signs;
  for (int64_t i = 0; i < width; ++i)
    signs.push_back(FloatAttr::get(
        element, (isHalves ? i < width / 2 : i % 2 == 0) ? -1.0 : 1.0));
  auto type = RankedTensorType::get(width, element);
  Value constant = ConstantOp::create(rewriter, loc, type,
                                      DenseElementsAttr::get(type, signs));
  return BinaryOp::create(rewriter, loc, sin.getType(), BinaryKind::Mul, sin,
                          constant);
}

/// The rotated input; `findTokenDim` has found the dim of its tokens.
static Value createRotary(PatternRewriter &rewriter, Location loc,
                          const Rotation &rotation, Type element) {
  ArrayRef<int64_t> shape = getShape(rotation.input);
  unsigned tokenDim =
      findTokenDim(shape, rotation.cos, rotation.sin,
                   rotation.isFull ? shape.back() : shape.back() / 2);
  Value cos = flattenCache(rewriter, rotation.cos.getLoc(), rotation.cos, shape,
                           tokenDim);
  Value sin = flattenCache(rewriter, rotation.sin.getLoc(),
                           createSigned(rewriter, rotation), shape, tokenDim);
  if (tokenDim == 2)
    return RotaryOp::create(
        rewriter, loc, RankedTensorType::get(shape, element), rotation.input,
        cos, sin, Value(), rotation.layout, 0, rotation.isFull);
  SmallVector<int64_t> flat = {shape[0], shape[1], shape[2] * shape[3]};
  Value rotated = RotaryOp::create(
      rewriter, loc, RankedTensorType::get(flat, element),
      createReshape(rewriter, loc, rotation.input, flat), cos, sin, Value(),
      rotation.layout, shape[2], rotation.isFull);
  return createReshape(rewriter, loc, rotated, shape);
}

//===----------------------------------------------------------------------===//
// x * c + rotate(x) * s
//===----------------------------------------------------------------------===//

namespace {
/// What was turned by 90 degrees.
struct Rotated {
  LastDimPart part;
  RotaryLayout layout;
  Signs signs;
};
} // namespace

/// x of -x, of 0 - x, or of x * -1.
static Value matchNegated(Value value) {
  if (auto negated = matchUnary(value, UnaryKind::Neg))
    return negated.getInput();
  if (auto difference = matchBinary(value, BinaryKind::Sub);
      difference && getScalar(difference.getLhs()) == 0.0)
    return getShape(difference.getRhs()) == getShape(value)
               ? difference.getRhs()
               : Value();
  std::optional<Scaled> scaled = matchScaled(value);
  return scaled && scaled->factor == -1 ? scaled->inner : Value();
}

/// One of the two parts that took each other's places, and whether it is
/// negated; of pairs, without the dim that pairs them.
static std::pair<Value, bool> matchPart(Value part, RotaryLayout layout) {
  Value negated = matchNegated(part);
  if (layout == RotaryLayout::Halves)
    return {negated ? negated : part, static_cast<bool>(negated)};
  auto reshape = (negated ? negated : part).getDefiningOp<ReshapeOp>();
  if (!reshape)
    return {};
  // The minus sign may stand before or behind the dim that pairs.
  Value before = matchNegated(reshape.getInput());
  if (before && negated)
    return {};
  return {before ? before : reshape.getInput(), before || negated};
}

/// The input of (-second half, first half), or of (-odd, even) in pairs; with
/// these signs or others.
static std::optional<Rotated> matchRotated(Value value) {
  ArrayRef<int64_t> shape = getShape(value);
  if (shape.empty() || shape.back() % 2 != 0)
    return std::nullopt;
  int64_t half = shape.back() / 2;
  RotaryLayout layout = RotaryLayout::Halves;
  int64_t offset = half, stride = 1;
  if (auto reshape = value.getDefiningOp<ReshapeOp>()) {
    ArrayRef<int64_t> pairs = getShape(reshape.getInput());
    if (pairs.size() < 2 || pairs.back() != 2 ||
        pairs[pairs.size() - 2] != half)
      return std::nullopt;
    value = reshape.getInput();
    layout = RotaryLayout::Interleaved;
    offset = 1;
    stride = 2;
  }
  auto concat = value.getDefiningOp<ConcatOp>();
  if (!concat || concat.getInputs().size() != 2 ||
      concat.getAxis() + 1 != getShape(value).size())
    return std::nullopt;
  auto [front, isFrontNegated] = matchPart(concat.getInputs()[0], layout);
  auto [back, isBackNegated] = matchPart(concat.getInputs()[1], layout);
  if (!front || !back || (isFrontNegated && isBackNegated))
    return std::nullopt;
  // Slices of slices are slices of the whole: `offset` counts from the part.
  LastDimPart one = getLastDimPart(back), other = getLastDimPart(front);
  if (one.size != half || (half > 1 && one.stride != stride) ||
      other != LastDimPart{one.base, one.offset + offset, one.stride, half})
    return std::nullopt;
  Signs signs = isFrontNegated  ? Signs::Forward
                : isBackNegated ? Signs::Backward
                                : Signs::Given;
  return Rotated{{one.base, one.offset, 1, 2 * half}, layout, signs};
}

/// The signs behind a minus before the product; none where there are none to
/// turn around.
static std::optional<Signs> turnAround(Signs signs) {
  if (signs == Signs::Given)
    return std::nullopt;
  return signs == Signs::Forward ? Signs::Backward : Signs::Forward;
}

namespace {

struct FuseRotated : OpRewritePattern<BinaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    bool isSum = op.getKind() == BinaryKind::Add;
    if (!isSum && op.getKind() != BinaryKind::Sub)
      return failure();
    for (auto [straight, turned] : {std::pair(op.getLhs(), op.getRhs()),
                                    std::pair(op.getRhs(), op.getLhs())}) {
      std::optional<Rotation> rotation = match(straight, turned);
      if (!rotation || !fit(*rotation, getShape(op.getResult())))
        continue;
      if (!isSum) {
        std::optional<Signs> signs = turnAround(rotation->signs);
        if (!signs || straight != op.getLhs())
          continue;
        rotation->signs = *signs;
      }
      rewriter.replaceOp(op, createRotary(rewriter, op.getLoc(), *rotation,
                                          getElementTypeOrSelf(op.getType())));
      return success();
    }
    return failure();
  }

  /// Whether there is a row of full width for each token. They become halves
  /// later, where they can (HalveCaches).
  static bool fit(Rotation &rotation, ArrayRef<int64_t> result) {
    ArrayRef<int64_t> shape = getShape(rotation.input);
    rotation.isFull = true;
    return shape == result &&
           findTokenDim(shape, rotation.cos, rotation.sin, shape.back()) != 0;
  }

  static std::optional<Rotation> match(Value straight, Value turned) {
    auto cosine = matchBinary(straight, BinaryKind::Mul);
    auto sine = matchBinary(turned, BinaryKind::Mul);
    if (!cosine || !sine)
      return std::nullopt;
    for (auto [rotated, sin] : {std::pair(sine.getLhs(), sine.getRhs()),
                                std::pair(sine.getRhs(), sine.getLhs())}) {
      std::optional<Rotated> found = matchRotated(rotated);
      if (!found)
        continue;
      for (auto [input, cos] : {std::pair(cosine.getLhs(), cosine.getRhs()),
                                std::pair(cosine.getRhs(), cosine.getLhs())})
        if (getLastDimPart(input) == found->part)
          return Rotation{input, cos, sin, found->layout, found->signs};
    }
    return std::nullopt;
  }
};

//===----------------------------------------------------------------------===//
// Both halves apart
//===----------------------------------------------------------------------===//

/// a * b in either order: the other factor of `value` beside `factor`.
Value otherFactor(Value value, Value factor) {
  auto product = matchBinary(value, BinaryKind::Mul);
  if (!product)
    return {};
  if (product.getLhs() == factor)
    return product.getRhs();
  return product.getRhs() == factor ? product.getLhs() : Value();
}

/// Both terms of a difference; of a sum in either order.
SmallVector<std::pair<Value, Value>, 2> termsOf(BinaryOp op) {
  SmallVector<std::pair<Value, Value>, 2> terms;
  if (!op)
    return terms;
  if (op.getKind() == BinaryKind::Add || op.getKind() == BinaryKind::Sub)
    terms.emplace_back(op.getLhs(), op.getRhs());
  if (op.getKind() == BinaryKind::Add)
    terms.emplace_back(op.getRhs(), op.getLhs());
  return terms;
}

/// x1 * c - x2 * s and x2 * c + x1 * s, or with both signs the other way.
struct Turned {
  Value x1, x2, cos, sin;
  Signs signs;
};

std::optional<Turned> matchTurned(Value first, Value second) {
  auto front = first.getDefiningOp<BinaryOp>();
  auto back = second.getDefiningOp<BinaryOp>();
  if (!front || !back || front.getKind() == back.getKind())
    return std::nullopt;
  Signs signs =
      front.getKind() == BinaryKind::Sub ? Signs::Forward : Signs::Backward;
  for (auto [x1Cos, x2Sin] : termsOf(front)) {
    auto product = matchBinary(x1Cos, BinaryKind::Mul);
    if (!product)
      continue;
    for (auto [x1, cos] : {std::pair(product.getLhs(), product.getRhs()),
                           std::pair(product.getRhs(), product.getLhs())})
      for (auto [x2Cos, x1Sin] : termsOf(back)) {
        Value sin = otherFactor(x1Sin, x1);
        Value x2 = otherFactor(x2Cos, cos);
        if (sin && x2 && otherFactor(x2Sin, x2) == sin &&
            x1.getType() == first.getType() && x2.getType() == first.getType())
          return Turned{x1, x2, cos, sin, signs};
      }
  }
  return std::nullopt;
}

/// Both parts one behind the other, or number by number, under a dim of pairs.
struct FuseHalves : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> shape = getShape(op.getResult());
    if (op.getInputs().size() != 2 || op.getAxis() + 1 != shape.size())
      return failure();
    Value first = op.getInputs()[0], second = op.getInputs()[1];
    if (std::optional<Turned> turned = matchTurned(first, second))
      return rewrite(rewriter, op, *turned, shape, RotaryLayout::Halves);
    auto one = first.getDefiningOp<ReshapeOp>();
    auto other = second.getDefiningOp<ReshapeOp>();
    if (!one || !other || shape.back() != 2)
      return failure();
    SmallVector<int64_t> flat(shape.drop_back());
    std::optional<Turned> turned =
        matchTurned(one.getInput(), other.getInput());
    if (!turned || getShape(turned->x1) != ArrayRef<int64_t>(flat))
      return failure();
    flat.back() *= 2;
    return rewrite(rewriter, op, *turned, flat, RotaryLayout::Interleaved);
  }

  /// `shape` is that of the rotated tensor; the op's is the same or has pairs.
  static LogicalResult rewrite(PatternRewriter &rewriter, ConcatOp op,
                               const Turned &turned, ArrayRef<int64_t> shape,
                               RotaryLayout layout) {
    int64_t half = shape.back() / 2;
    bool isHalves = layout == RotaryLayout::Halves;
    int64_t offset = isHalves ? half : 1, stride = isHalves ? 1 : 2;
    Value input = matchLastDimSlice(turned.x1, 0, stride, half);
    if (!input || getShape(input) != shape ||
        matchLastDimSlice(turned.x2, offset, stride, half) != input)
      input = {};
    if (shape.size() != 4 || shape.back() % 2 != 0 || (!input && !isHalves) ||
        !findTokenDim(shape, turned.cos, turned.sin, half))
      return failure();
    if (!input)
      input =
          ConcatOp::create(rewriter, op.getLoc(), op.getType(),
                           ValueRange{turned.x1, turned.x2}, shape.size() - 1);
    Value rotated =
        createRotary(rewriter, op.getLoc(),
                     {input, turned.cos, turned.sin, layout, turned.signs},
                     getElementTypeOrSelf(op.getType()));
    rewriter.replaceOp(op, createReshape(rewriter, op.getLoc(), rotated,
                                         getShape(op.getResult())));
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Around the op
//===----------------------------------------------------------------------===//

/// Halves of caches whose numbers are seen to be there twice.
struct HalveCaches : OpRewritePattern<RotaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RotaryOp op,
                                PatternRewriter &rewriter) const override {
    Halver halver(op.getLayout());
    if (!op.getFullWidth() || op.getPositions() || !halver.check(op.getCos()) ||
        !halver.check(op.getSin()))
      return failure();
    Value cos = halver.build(rewriter, op.getCos());
    Value sin = halver.build(rewriter, op.getSin());
    rewriter.replaceOpWithNewOp<RotaryOp>(
        op, op.getType(), op.getInput(), cos, sin, Value(), op.getLayout(),
        op.getNumHeads(), /*full_width=*/false);
    return success();
  }
};

/// A head of which only the first channels rotate, put together again.
struct FusePartial : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> shape = getShape(op.getResult());
    if (op.getInputs().size() != 2 || op.getAxis() != 3 || shape.size() != 4)
      return failure();
    Value front = op.getInputs()[0];
    bool isReshaped = false;
    if (auto reshape = front.getDefiningOp<ReshapeOp>()) {
      front = reshape.getInput();
      isReshaped = true;
    }
    auto rotary = front.getDefiningOp<RotaryOp>();
    if (!rotary || !rotary->hasOneUse())
      return failure();
    Value part = rotary.getInput();
    if (isReshaped) {
      auto reshape = part.getDefiningOp<ReshapeOp>();
      if (!reshape ||
          getShape(reshape.getInput()) != getShape(op.getInputs()[0]))
        return failure();
      part = reshape.getInput();
    }
    int64_t rotated = getShape(op.getInputs()[0])[3];
    if (rotary.getWidth() != rotated)
      return failure();
    Value input = matchLastDimSlice(part, 0, 1, rotated);
    if (!input || getShape(input) != shape ||
        matchLastDimSlice(op.getInputs()[1], rotated, 1, shape[3] - rotated) !=
            input)
      return failure();
    return rebuild(rewriter, op, rotary, input);
  }

  static LogicalResult rebuild(PatternRewriter &rewriter, ConcatOp op,
                               RotaryOp rotary, Value input) {
    SmallVector<int64_t> shape(getShape(op.getResult()));
    int64_t heads = rotary.getNumHeads();
    SmallVector<int64_t> rotaryShape = shape;
    if (heads) {
      if (shape[2] != heads)
        return failure();
      rotaryShape = {shape[0], shape[1], heads * shape[3]};
    }
    auto type =
        RankedTensorType::get(rotaryShape, getElementTypeOrSelf(op.getType()));
    Value result = RotaryOp::create(
        rewriter, op.getLoc(), type,
        createReshape(rewriter, op.getLoc(), input, rotaryShape),
        rotary.getCos(), rotary.getSin(), rotary.getPositions(),
        rotary.getLayout(), heads, rotary.getFullWidth());
    rewriter.replaceOp(op, createReshape(rewriter, op.getLoc(), result, shape));
    return success();
  }
};

/// Rotates before the heads are moved apart: [batch, tokens, heads * d].
struct RotateFlat : OpRewritePattern<RotaryOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RotaryOp op,
                                PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> shape = getShape(op.getInput());
    if (shape.size() != 4)
      return failure();
    auto transpose = op.getInput().getDefiningOp<TransposeOp>();
    bool isSplit = transpose &&
                   transpose.getPermutation() == ArrayRef<int64_t>{0, 2, 1, 3};
    bool isOneToken = shape[2] == 1 || shape[1] == 1;
    if (!isSplit && !isOneToken)
      return failure();
    Location loc = op.getLoc();
    int64_t heads = shape[1];
    Value flat = flattenHeads(rewriter, loc, op.getInput());
    auto type = RankedTensorType::get(getShape(flat),
                                      getElementTypeOrSelf(op.getType()));
    Value rotated = RotaryOp::create(rewriter, loc, type, flat, op.getCos(),
                                     op.getSin(), op.getPositions(),
                                     op.getLayout(), heads, op.getFullWidth());
    rewriter.replaceOp(op, splitHeads(rewriter, loc, rotated, heads));
    return success();
  }
};

} // namespace

void inlay::nn::populateRotaryPatterns(RewritePatternSet &patterns) {
  patterns.add<FuseRotated, FuseHalves, HalveCaches, FusePartial, RotateFlat>(
      patterns.getContext());
}
