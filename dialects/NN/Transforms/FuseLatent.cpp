//===- FuseLatent.cpp - Latent attention that expands its state -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters of multi-head latent attention keep the latent and the rotated
// channels of all tokens, and expand the latent to the keys and values of each
// head in every step:
//
//   key = [latent * Wk, rotated], value = latent * Wv, for all tokens
//
// The products with Wk and Wv are linear, so that they may as well be taken on
// the few queries and results of the step:
//
//   query * key^T = [query * Wk^T, query] * [latent, rotated]^T
//   probabilities * value = (probabilities * latent) * Wv
//
// This keeps the state as it is in the file and drops the work on the state.
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"
#include "FuseOps.h"
#include "Matchers.h"
#include "States.h"
#include "WeightViews.h"

using namespace mlir;
using namespace inlay::nn;

namespace {

/// Channels of each head, made of a latent by a part of a weight.
struct Expansion {
  LinearOp linear;
  int64_t head = 0;   ///< outputs of the weight for each head
  int64_t offset = 0; ///< of these, the first that is meant
  int64_t size = 0;   ///< and how many are

  Value latent() { return linear->getOperand(0); }
};

} // namespace

/// [batch, heads, tokens, d] as an expansion of a latent, split into heads and
/// cut to some channels of each.
static std::optional<Expansion> matchExpansion(Value value, int64_t heads) {
  Expansion expansion;
  expansion.size = getLastDim(value);
  bool isTurned = false;
  constexpr int maxDepth = 4;
  for (int depth = 0; depth < maxDepth; ++depth) {
    LastDimPart part = getLastDimPart(value);
    auto transpose = value.getDefiningOp<TransposeOp>();
    auto reshape = value.getDefiningOp<ReshapeOp>();
    if (part.base != value && part.stride == 1) {
      expansion.offset += part.offset;
      value = part.base;
    } else if (transpose &&
               transpose.getPermutation() == ArrayRef<int64_t>{0, 2, 1, 3}) {
      isTurned = !isTurned;
      value = transpose.getInput();
    } else if (reshape && isTurned) {
      ArrayRef<int64_t> shape = getShape(value);
      expansion.head = getLastDim(value);
      expansion.linear = reshape.getInput().getDefiningOp<LinearOp>();
      bool splits = shape.size() == 4 && shape[2] == heads &&
                    getLastDim(reshape.getInput()) == heads * expansion.head;
      bool isPlain = expansion.linear && !expansion.linear.getQuant() &&
                     !expansion.linear.getBias() &&
                     isWholeWeight(expansion.linear.getWeight());
      return splits && isPlain ? std::optional(expansion) : std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

/// [batch, 1, tokens, d] of a copy for each head; null for other values.
static Value matchCopied(Value value, int64_t heads) {
  auto copy = value.getDefiningOp<BroadcastOp>();
  if (!copy || getShape(copy.getInput()).size() != 4)
    return {};
  SmallVector<int64_t> single(getShape(value));
  bool isCopied = single.size() == 4 && single[1] == heads;
  if (!isCopied)
    return {};
  single[1] = 1;
  return getShape(copy.getInput()) == ArrayRef<int64_t>(single)
             ? copy.getInput()
             : Value();
}

namespace {

class LatentFuser {
public:
  LatentFuser(AttentionOp op, PatternRewriter &rewriter)
      : op(op), rewriter(rewriter), loc(op.getLoc()),
        heads(static_cast<int64_t>(op.getNumHeads())) {}

  LogicalResult run();

private:
  bool matchParts();
  /// What reads a state after the step; false where it cannot be taken over.
  bool matchStates();
  /// The part of an expansion's weight as a matrix for each head: of channels x
  /// latent, or, `turned`, of latent x channels.
  Value headMatrices(Expansion &part, bool turned, StringRef role);
  /// Channels of the queries' heads, [batch, heads, tokens, size].
  Value queryPart(int64_t offset, int64_t size);
  Value multiply(Value lhs, Value matrices);
  Value createQuery();
  AttentionOp createAttention();

  AttentionOp op;
  PatternRewriter &rewriter;
  Location loc;
  int64_t heads;
  Expansion key, value;
  Value rotated;             ///< [batch, 1, length, d], of all tokens
  bool rotatedFirst = false; ///< in the keys
  std::optional<Cache> latentCache, rotatedCache;
  SmallVector<OpOperand *> latentReaders, rotatedReaders;
};

} // namespace

bool LatentFuser::matchParts() {
  Value keys = unflattenHeads(op.getKey(), heads);
  Value values = unflattenHeads(op.getValue(), heads);
  auto concat = keys.getDefiningOp<ConcatOp>();
  if (getShape(keys).size() != 4 || getShape(values).size() != 4 || !concat ||
      concat.getInputs().size() != 2 ||
      static_cast<int64_t>(concat.getAxis()) != 3)
    return false;
  rotated = matchCopied(concat.getInputs()[1], heads);
  if (!rotated) {
    rotatedFirst = true;
    rotated = matchCopied(concat.getInputs()[0], heads);
  }
  auto ofKeys = matchExpansion(concat.getInputs()[rotatedFirst ? 1 : 0], heads);
  auto ofValues = matchExpansion(values, heads);
  if (!rotated || !ofKeys || !ofValues ||
      ofKeys->latent() != ofValues->latent())
    return false;
  key = *ofKeys;
  value = *ofValues;
  return true;
}

bool LatentFuser::matchStates() {
  latentCache = matchCache(key.latent(), 1);
  rotatedCache = matchCache(rotated, 1);
  if (!latentCache || !rotatedCache ||
      latentCache->past == rotatedCache->past ||
      !hidesUnwritten(op, *latentCache) || !hidesUnwritten(op, *rotatedCache))
    return false;
  // Product, reshape, transpose, slice, and what joins the keys.
  constexpr int longestWay = 10;
  auto ofLatent = readersBehind(latentCache->whole, op, longestWay);
  auto ofRotated = readersBehind(rotatedCache->whole, op, longestWay);
  if (!ofLatent || !ofRotated)
    return false;
  latentReaders = *ofLatent;
  rotatedReaders = *ofRotated;
  return true;
}

Value LatentFuser::headMatrices(Expansion &part, bool turned, StringRef role) {
  int64_t latent = getLastDim(part.latent());
  // Elements from one output, and from one channel of the latent, to the next.
  bool isTransposed = part.linear.getTransposed();
  int64_t outputStep = isTransposed ? 1 : latent;
  int64_t latentStep = isTransposed ? heads * part.head : 1;
  Strided view{part.offset * outputStep,
               {heads, part.size, latent},
               {part.head * outputStep, outputStep, latentStep}};
  if (turned) {
    std::swap(view.sizes[1], view.sizes[2]);
    std::swap(view.strides[1], view.strides[2]);
  }
  return createWeightView(rewriter, loc, part.linear.getWeight(), view, role);
}

Value LatentFuser::queryPart(int64_t offset, int64_t size) {
  Value query = unflattenHeads(op.getQuery(), heads);
  if (getShape(query).size() != 4)
    query = splitHeads(rewriter, loc, op.getQuery(), heads);
  auto concat = query.getDefiningOp<ConcatOp>();
  if (concat && static_cast<int64_t>(concat.getAxis()) == 3) {
    int64_t first = 0;
    for (Value part : concat.getInputs()) {
      if (first == offset && getLastDim(part) == size)
        return part;
      first += getLastDim(part);
    }
  }
  SmallVector<int64_t> shape(getShape(query));
  SmallVector<int64_t> offsets{0, 0, 0, offset};
  shape.back() = size;
  auto type = RankedTensorType::get(shape, getElementTypeOrSelf(query));
  return SliceOp::create(rewriter, loc, type, query, offsets,
                         SmallVector<int64_t>(shape.size(), 1));
}

Value LatentFuser::multiply(Value lhs, Value matrices) {
  SmallVector<int64_t> shape(getShape(lhs));
  shape.back() = getLastDim(matrices);
  auto type = RankedTensorType::get(shape, getElementTypeOrSelf(lhs));
  return MatMulOp::create(rewriter, loc, type, lhs, matrices);
}

Value LatentFuser::createQuery() {
  int64_t turning = getLastDim(rotated);
  Value plain = queryPart(rotatedFirst ? turning : 0, key.size);
  Value turned = queryPart(rotatedFirst ? 0 : key.size, turning);
  Value absorbed = multiply(plain, headMatrices(key, /*turned=*/false, "keys"));
  SmallVector<int64_t> shape(getShape(absorbed));
  shape.back() += turning;
  auto type = RankedTensorType::get(shape, getElementTypeOrSelf(absorbed));
  Value query = ConcatOp::create(rewriter, loc, type,
                                 ValueRange{absorbed, turned}, /*axis=*/3);
  return flattenHeads(rewriter, loc, query);
}

AttentionOp LatentFuser::createAttention() {
  AttentionParts parts(op);
  parts.query = createQuery();
  parts.key = flattenUpdate(rewriter, op, latentCache->update);
  parts.value = flattenUpdate(rewriter, op, rotatedCache->update);
  parts.pastKey = latentCache->past;
  parts.pastValue = rotatedCache->past;
  parts.presentKey = latentCache->whole.getType();
  parts.presentValue = rotatedCache->whole.getType();
  parts.kvHeads = 1;
  parts.valueDim = getLastDim(key.latent());
  parts.headDim = parts.valueDim + getLastDim(rotated);
  parts.valueInKey = true;
  ArrayRef<int64_t> shape = getShape(op.getResult());
  auto type =
      RankedTensorType::get({shape[0], shape[1], heads * parts.valueDim},
                            getElementTypeOrSelf(op.getResult()));
  return parts.create(rewriter, loc, type);
}

LogicalResult LatentFuser::run() {
  bool isPlain = !op.isPacked() && op.getValue() && !op.getPastKey() &&
                 !op.getPresentKey() && !op.getValueInKey() &&
                 op.getLayout() == RotaryLayout::None && !op.getQueryNorm() &&
                 !op.getKeyScale() && op.getKvHeads() == op.getNumHeads();
  if (!isPlain || !matchParts() || !matchStates())
    return failure();
  AttentionOp attention = createAttention();
  Value latent = splitHeads(rewriter, loc, attention.getResult(), heads);
  Value result =
      multiply(latent, headMatrices(value, /*turned=*/true, "values"));
  rewriter.replaceOp(op, flattenHeads(rewriter, loc, result));
  replaceState(rewriter, latentReaders, attention.getPresentKey());
  replaceState(rewriter, rotatedReaders, attention.getPresentValue());
  return success();
}

namespace {
struct FuseLatentExpansion : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    return LatentFuser(op, rewriter).run();
  }
};
} // namespace

void inlay::nn::populateLatentPatterns(RewritePatternSet &patterns) {
  patterns.add<FuseLatentExpansion>(patterns.getContext());
}
