//===- FuseState.cpp - Copied heads and states of attention ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An attention over all keys it is given takes in what makes them: copies of
// the key/value heads for groups of query heads, and the state before the step,
// with the new keys behind it (a concatenation) or in it (a write).
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"
#include "FuseOps.h"
#include "Matchers.h"
#include "ScoreMasks.h"
#include "States.h"
#include "StepValues.h"

using namespace mlir;
using namespace inlay::nn;

static bool hasState(AttentionOp op) {
  return op.isPacked() || op.getPastKey() || op.getPresentKey();
}

//===----------------------------------------------------------------------===//
// Copied heads
//===----------------------------------------------------------------------===//

/// Key/value heads [batch, tokens, heads, d] of which each is copied `group`
/// times in a row, as [batch, tokens, heads * d]; null for other values.
static Value matchRepeat(Value flat, int64_t heads, int64_t dim, int64_t &group,
                         PatternRewriter *rewriter) {
  auto reshape = flat.getDefiningOp<ReshapeOp>();
  if (!reshape)
    return {};
  Value source = reshape.getInput();
  bool isMoved = false;
  if (auto transpose = source.getDefiningOp<TransposeOp>()) {
    // [batch, heads, tokens, d], moved behind the copies.
    if (transpose.getPermutation() != ArrayRef<int64_t>{0, 2, 1, 3})
      return {};
    isMoved = true;
    source = transpose.getInput();
    if (auto inner = source.getDefiningOp<ReshapeOp>())
      source = inner.getInput();
  }
  auto copy = source.getDefiningOp<BroadcastOp>();
  if (!copy)
    return {};
  ArrayRef<int64_t> from = getShape(copy.getInput());
  ArrayRef<int64_t> to = getShape(copy.getResult());
  ArrayRef<int64_t> result = getShape(flat);
  unsigned headDim = isMoved ? 1 : 2;
  // [batch, kv, group, tokens, d], or [batch, tokens, kv, group, d].
  if (from.size() != 5 || to.size() != 5 || from[headDim + 1] != 1 ||
      to[headDim] * to[headDim + 1] != heads || to[4] != dim ||
      to[0] != result[0] || to[isMoved ? 3 : 1] != result[1])
    return {};
  for (unsigned i = 0; i < 5; ++i)
    if (i != headDim + 1 && from[i] != to[i])
      return {};
  group = to[headDim + 1];
  if (!rewriter)
    return copy.getInput();
  Location loc = flat.getLoc();
  if (isMoved)
    return flattenHeads(*rewriter, loc,
                        createReshape(*rewriter, loc, copy.getInput(),
                                      {to[0], to[1], to[3], to[4]}));
  return createReshape(*rewriter, loc, copy.getInput(),
                       {to[0], to[1], to[2] * to[4]});
}

namespace {

struct FuseRepeat : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    int64_t heads = op.getKvHeads();
    int64_t keyGroup = 0, valueGroup = 0;
    if (hasState(op) || op.getValueInKey() ||
        !matchRepeat(op.getKey(), heads, op.getHeadDim(), keyGroup, nullptr) ||
        !matchRepeat(op.getValue(), heads, op.getValueDim(), valueGroup,
                     nullptr) ||
        keyGroup != valueGroup)
      return failure();
    Value key =
        matchRepeat(op.getKey(), heads, op.getHeadDim(), keyGroup, &rewriter);
    Value value = matchRepeat(op.getValue(), heads, op.getValueDim(),
                              valueGroup, &rewriter);
    AttentionParts parts(op);
    parts.key = key;
    parts.value = value;
    parts.kvHeads = heads / keyGroup;
    AttentionOp fused =
        parts.create(rewriter, op.getLoc(), op.getResult().getType());
    rewriter.replaceOp(op, fused.getResult());
    return success();
  }
};

//===----------------------------------------------------------------------===//
// The state
//===----------------------------------------------------------------------===//

} // namespace

Value inlay::nn::unflattenHeads(Value flat, int64_t heads) {
  auto reshape = flat.getDefiningOp<ReshapeOp>();
  if (!reshape)
    return flat;
  Value source = reshape.getInput();
  if (auto transpose = source.getDefiningOp<TransposeOp>())
    if (transpose.getPermutation() == ArrayRef<int64_t>{0, 2, 1, 3})
      return transpose.getInput();
  // One head or one token: moving them is no move.
  ArrayRef<int64_t> shape = getShape(source);
  bool isHeads = shape.size() == 4 && shape[1] == heads &&
                 (shape[1] == 1 || shape[2] == 1);
  return isHeads ? source : flat;
}

bool inlay::nn::writesBehindContext(CacheWriteOp write) {
  Value positions = write.getPositions();
  if (!positions || isa<BlockArgument>(positions))
    return true;
  auto graph = write->getParentOfType<GraphOp>();
  std::optional<double> first = getScalar(positions);
  return graph && first == static_cast<double>(graph.getContext());
}

bool inlay::nn::hidesUnwritten(AttentionOp op, const Cache &cache) {
  auto graph = op->getParentOfType<GraphOp>();
  bool grows = getShape(cache.past) != getShape(cache.whole);
  if (grows || op.getCausal() || !graph)
    return true;
  ArrayRef<int64_t> shape = getShape(cache.whole);
  auto written =
      static_cast<int64_t>(graph.getContext()) + getShape(op.getQuery())[1];
  int64_t length = shape[shape.size() - 2];
  if (length <= written)
    return true;
  if (!op.getBias())
    return false;
  StepRoles none;
  StepValues values(graph, none);
  const StepValues::Numbers *numbers = values.evaluate(op.getBias());
  if (!numbers)
    return !isWeightLike(op.getBias());
  int64_t columns = getLastDim(op.getBias());
  for (auto [i, number] : llvm::enumerate(*numbers)) {
    auto key = static_cast<int64_t>(i) % columns;
    if ((columns == 1 || key >= written) && number > kMaskedScore)
      return false;
  }
  return true;
}

std::optional<Cache> inlay::nn::matchCache(Value flat, int64_t heads) {
  Value whole = unflattenHeads(flat, heads);
  int64_t rank = getShape(whole).size();
  Cache cache{whole, {}, {}};
  if (auto concat = whole.getDefiningOp<ConcatOp>()) {
    if (concat.getInputs().size() != 2 ||
        static_cast<int64_t>(concat.getAxis()) != rank - 2)
      return std::nullopt;
    cache.past = concat.getInputs()[0];
    cache.update = concat.getInputs()[1];
  } else if (auto write = whole.getDefiningOp<CacheWriteOp>()) {
    if (static_cast<int64_t>(write.getAxis()) != rank - 2 ||
        !writesBehindContext(write))
      return std::nullopt;
    cache.past = write.getCache();
    cache.update = write.getUpdate();
  }
  bool isState =
      isa_and_nonnull<BlockArgument>(cache.past) && cache.past.hasOneUse();
  if (!isState || (rank == 4 && getShape(whole)[1] != heads))
    return std::nullopt;
  return cache;
}

/// Whether nothing that the graph returns depends on `op`, a few steps deep.
static bool isDead(Operation *op, int depth = 8) {
  return depth > 0 && op->getNumResults() != 0 && !op->getNumRegions() &&
         llvm::all_of(op->getUsers(),
                      [&](Operation *user) { return isDead(user, depth - 1); });
}

/// Whether all that reads `user` leads to the attention in `depth` steps, such
/// as a transpose and a reshape.
static bool isOnTheWay(Operation *user, AttentionOp attention, int depth) {
  return user == attention || isDead(user) ||
         (depth > 0 && user->getNumResults() != 0 &&
          llvm::all_of(user->getUsers(), [&](Operation *next) {
            return isOnTheWay(next, attention, depth - 1);
          }));
}

std::optional<SmallVector<OpOperand *>>
inlay::nn::readersBehind(Value whole, AttentionOp attention, int depth) {
  bool returned = false;
  SmallVector<OpOperand *> readers;
  for (OpOperand &use : whole.getUses()) {
    Operation *user = use.getOwner();
    if (isa<ReturnOp>(user)) {
      returned = true;
      readers.push_back(&use);
      continue;
    }
    if (isOnTheWay(user, attention, depth))
      continue;
    if (!attention->isBeforeInBlock(user))
      return std::nullopt;
    readers.push_back(&use);
  }
  return returned ? std::optional(readers) : std::nullopt;
}

Value inlay::nn::flattenUpdate(PatternRewriter &rewriter, AttentionOp op,
                               Value update) {
  if (getShape(update).size() == 3)
    return update;
  return flattenHeads(rewriter, op.getLoc(), update);
}

void inlay::nn::replaceState(PatternRewriter &rewriter,
                             ArrayRef<OpOperand *> readers, Value present) {
  for (OpOperand *use : readers)
    rewriter.modifyOpInPlace(use->getOwner(), [&] { use->set(present); });
}

namespace {

/// Values that are the first channels of the keys: the latent form.
struct FuseLatentValue : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (hasState(op) || op.getValueInKey() || op.getKvHeads() != 1)
      return failure();
    // With one head both are reshapes of [batch, 1, length, d], if that.
    LastDimPart part = getLastDimPart(stripReshape(op.getValue()));
    int64_t dim = op.getValueDim();
    if (part != LastDimPart{part.base, 0, 1, dim} ||
        stripReshape(part.base) != stripReshape(op.getKey()) ||
        dim > static_cast<int64_t>(op.getHeadDim()))
      return failure();
    AttentionParts parts(op);
    parts.value = {};
    parts.valueInKey = true;
    AttentionOp fused =
        parts.create(rewriter, op.getLoc(), op.getResult().getType());
    rewriter.replaceOp(op, fused.getResult());
    return success();
  }

  /// What a reshape that keeps the last dim reads.
  static Value stripReshape(Value value) {
    auto reshape = value.getDefiningOp<ReshapeOp>();
    bool keeps = reshape && getLastDim(reshape.getInput()) == getLastDim(value);
    return keeps ? reshape.getInput() : value;
  }
};

/// The state of keys that hold the values too.
struct FuseLatentCache : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override;
};

struct FuseCache : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (hasState(op) || op.getValueInKey())
      return failure();
    int64_t heads = op.getKvHeads();
    std::optional<Cache> key = matchCache(op.getKey(), heads);
    std::optional<Cache> value = matchCache(op.getValue(), heads);
    if (!key || !value || key->past == value->past ||
        !hidesUnwritten(op, *key) || !hidesUnwritten(op, *value))
      return failure();
    auto keyReaders = readersBehind(key->whole, op);
    auto valueReaders = readersBehind(value->whole, op);
    if (!keyReaders || !valueReaders)
      return failure();
    AttentionParts parts(op);
    parts.key = flattenUpdate(rewriter, op, key->update);
    parts.value = flattenUpdate(rewriter, op, value->update);
    parts.pastKey = key->past;
    parts.pastValue = value->past;
    parts.presentKey = key->whole.getType();
    parts.presentValue = value->whole.getType();
    AttentionOp fused =
        parts.create(rewriter, op.getLoc(), op.getResult().getType());
    rewriter.replaceOp(op, fused.getResult());
    replaceState(rewriter, *keyReaders, fused.getPresentKey());
    replaceState(rewriter, *valueReaders, fused.getPresentValue());
    return success();
  }
};

} // namespace

LogicalResult
FuseLatentCache::matchAndRewrite(AttentionOp op,
                                 PatternRewriter &rewriter) const {
  if (hasState(op) || !op.getValueInKey())
    return failure();
  std::optional<Cache> key = matchCache(op.getKey(), op.getKvHeads());
  if (!key || !hidesUnwritten(op, *key))
    return failure();
  auto readers = readersBehind(key->whole, op);
  if (!readers)
    return failure();
  AttentionParts parts(op);
  parts.key = flattenUpdate(rewriter, op, key->update);
  parts.pastKey = key->past;
  parts.presentKey = key->whole.getType();
  AttentionOp fused =
      parts.create(rewriter, op.getLoc(), op.getResult().getType());
  rewriter.replaceOp(op, fused.getResult());
  replaceState(rewriter, *readers, fused.getPresentKey());
  return success();
}

void inlay::nn::populateStatePatterns(RewritePatternSet &patterns) {
  patterns.add<FuseRepeat, FuseCache, FuseLatentValue, FuseLatentCache>(
      patterns.getContext());
}
