//===- AttentionSpaces.cpp - The loop nests of attention ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IterationSpaces.h"
#include "SplitKey.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::nn;
using model::IndexExpr;
using model::OpClass;
using model::OpSpec;

namespace {

/// The three nests of attention share their dims' sizes.
class AttentionSpaces {
public:
  explicit AttentionSpaces(AttentionOp op) : op(op) {
    ArrayRef<int64_t> query = getShape(op.getQuery());
    newTokens = query[1];
    tokens = query[0] * newTokens;
    length = op.getVisibleLength();
    groupSize = op.getNumHeads() / op.getKvHeads();
  }

  Spaces run() {
    Spaces spaces;
    if (op.getLayout() != RotaryLayout::None || op.getQueryNorm())
      spaces.push_back(prepare());
    spaces.push_back(scores());
    if (hasSplitKey(op))
      spaces.push_back(secondScores());
    spaces.push_back(softmax());
    spaces.push_back(context());
    return spaces;
  }

private:
  /// Rotation and norm of the new queries and keys.
  OpSpec prepare() {
    SpaceBuilder space(op, "rotary", OpClass::Elementwise);
    int token = space.parallel("token", tokens);
    int head = space.parallel("head", op.getNumHeads() + op.getKvHeads());
    // The first channels of a head rotate, two for each column of a cache.
    int64_t width = op.getHeadDim();
    if (op.getCos())
      width = std::max<int64_t>(2, 2 * getLastDim(op.getCos()));
    int dim = space.parallel("dim", width, 2);
    if (op.getCos())
      rotaryCaches(space, op.getCos(), op.getSin(), dim);
    int normed = width == static_cast<int64_t>(op.getHeadDim()) ? dim : -1;
    space.input(op.getQueryNorm(), {{normed, 1}});
    space.input(op.getKeyNorm(), {{normed, 1}});
    space.local(op.getQuery().getType(), {{token, 1}, {head, 1}, {dim, 1}});
    space.opsPerPoint(kRotary + (op.getQueryNorm() ? kNorm : 0));
    return space.take();
  }

  /// New keys and values have one row for each new token; without a past they
  /// may be all keys there are.
  SmallVector<IndexExpr> keyDims(int token, int head, int keys, int dim) {
    bool isAll = op.getKey() && getShape(op.getKey())[1] != newTokens;
    if (isAll)
      return {{token, newTokens}, {keys, 1}, {head, 1}, {dim, 1}};
    return {{token, 1}, {head, 1}, {dim, 1}};
  }

  /// Of `[batch or 1, num_heads or 1, tokens or 1, length]` those that are
  /// there. Rows for each token that all sequences share have no such index:
  /// cores need all of them.
  SmallVector<IndexExpr> biasDims(int token, int head, int group, int keys) {
    ArrayRef<int64_t> shape =
        op.getBias() ? getShape(op.getBias()) : ArrayRef<int64_t>();
    auto sizeOf = [&](size_t fromLast) {
      return fromLast < shape.size() ? shape[shape.size() - 1 - fromLast] : 1;
    };
    bool hasTokens = sizeOf(1) > 1, hasHeads = sizeOf(2) > 1;
    bool hasSequences = sizeOf(3) > 1;
    if (hasTokens && !hasSequences && tokens != newTokens)
      return {{-1, 1}};
    SmallVector<IndexExpr> dims;
    if (hasTokens || hasSequences)
      dims.push_back({token, hasTokens ? 1 : newTokens});
    if (hasHeads)
      dims.append({{head, 1}, {group, 1}});
    dims.push_back({keys, 1});
    return dims;
  }

  /// Past and present are one memory; the present tells its size. Its logical
  /// dims are the same whether the file keeps heads apart or not.
  void state(SpaceBuilder &space, Value past, Value present, Value scale,
             int token, int head, int keys, int dim) {
    SmallVector<IndexExpr> dims = {
        {token, newTokens}, {head, 1}, {keys, 1}, {dim, 1}};
    if (past && op.getStateBits())
      space.input(past,
                  {"u" + std::to_string(op.getStateBits()),
                   static_cast<int>(op.getStateBits())},
                  dims);
    else if (past)
      space.input(past, dims);
    else if (present)
      space.output(present, dims);
    if (scale && numElements(getShape(scale)) > 1)
      space.input(scale, {{head, 1}, {dim, 1}});
    else
      space.input(scale, {{-1, 1}});
  }

  /// Products of the queries' channels with those of one part of the keys.
  OpSpec scoresOf(StringRef name, int64_t width, Value part, Value past,
                  Value present) {
    SpaceBuilder space(op, name, OpClass::Contraction);
    int token = space.parallel("token", tokens);
    int head = space.parallel("head", op.getKvHeads());
    int group = space.parallel("group", groupSize);
    int keys = space.parallel("context", length);
    int dim = space.reduction("dim", width);
    space.input(op.getQuery(), {{token, 1}, {head, 1}, {group, 1}, {dim, 1}});
    space.input(part, keyDims(token, head, keys, dim));
    state(space, past, present, op.getKeyScale(), token, head, keys, dim);
    space.local(op.getResult().getType(),
                {{token, 1}, {head, 1}, {group, 1}, {keys, 1}});
    space.opsPerPoint(kMultiplyAccumulate);
    return space.take();
  }

  OpSpec scores() {
    return scoresOf("scores", getKeyWidth(op), op.getKey(), op.getPastKey(),
                    op.getPresentKey());
  }

  /// The channels of keys in two parts that are no values.
  OpSpec secondScores() {
    return scoresOf("second_scores", getValueWidth(op), op.getValue(),
                    op.getPastValue(), op.getPresentValue());
  }

  OpSpec softmax() {
    SpaceBuilder space(op, "softmax", OpClass::Softmax);
    int token = space.parallel("token", tokens);
    int head = space.parallel("head", op.getKvHeads());
    int group = space.parallel("group", groupSize);
    int keys = space.reduction("context", length);
    space.input(op.getSinks(), {{head, 1}, {group, 1}});
    space.input(op.getBias(), biasDims(token, head, group, keys));
    space.local(op.getResult().getType(),
                {{token, 1}, {head, 1}, {group, 1}, {keys, 1}});
    space.opsPerPoint(kSoftmax + (op.getSoftcap().convertToDouble() > 0
                                      ? kTranscendental
                                      : 0));
    return space.take();
  }

  OpSpec context() {
    SpaceBuilder space(op, "context", OpClass::Contraction);
    int token = space.parallel("token", tokens);
    int head = space.parallel("head", op.getKvHeads());
    int group = space.parallel("group", groupSize);
    // Values that are the first channels of the keys are cut as these are: one
    // state cannot lie in two ways.
    int64_t width = op.getValueInKey() ? getKeyWidth(op) : op.getValueDim();
    int dim = space.parallel("dim", width);
    space.density(static_cast<double>(op.getValueDim()) /
                  static_cast<double>(width));
    int keys = space.reduction("context", length);
    space.local(op.getResult().getType(),
                {{token, 1}, {head, 1}, {group, 1}, {keys, 1}});
    if (op.getValueInKey()) {
      space.input(op.getKey(), keyDims(token, head, keys, dim));
      state(space, op.getPastKey(), op.getPresentKey(), op.getKeyScale(), token,
            head, keys, dim);
    } else {
      space.input(op.getValue(), keyDims(token, head, keys, dim));
      state(space, op.getPastValue(), op.getPresentValue(), op.getValueScale(),
            token, head, keys, dim);
    }
    space.output(op.getResult(), {{token, 1}, {head, 1}, {group, 1}, {dim, 1}});
    space.opsPerPoint(kMultiplyAccumulate);
    return space.take();
  }

  AttentionOp op;
  int64_t newTokens;
  int64_t tokens;
  int64_t length;
  int64_t groupSize;
};

} // namespace

Spaces AttentionOp::getIterationSpaces() {
  return AttentionSpaces(*this).run();
}
