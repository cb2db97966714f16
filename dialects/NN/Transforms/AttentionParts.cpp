//===- AttentionParts.cpp - What an attention is made of ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"
#include "Matchers.h"

#include <limits>

using namespace mlir;
using namespace inlay::nn;

AttentionParts::AttentionParts(AttentionOp op)
    : query(op.getQuery()), key(op.getKey()), value(op.getValue()),
      pastKey(op.getPastKey()), pastValue(op.getPastValue()), cos(op.getCos()),
      sin(op.getSin()), positions(op.getPositions()), bias(op.getBias()),
      sinks(op.getSinks()), queryNorm(op.getQueryNorm()),
      keyNorm(op.getKeyNorm()), keyScale(op.getKeyScale()),
      valueScale(op.getValueScale()), layout(op.getLayout()),
      numHeads(op.getNumHeads()), kvHeads(op.getKvHeads()),
      headDim(op.getHeadDim()), valueDim(op.getValueDim()),
      scale(op.getScale().convertToDouble()), window(op.getWindow()),
      softcap(op.getSoftcap().convertToDouble()), causal(op.getCausal()),
      stateBits(op.getStateBits()),
      normEpsilon(op.getNormEpsilon().convertToDouble()),
      valueInKey(op.getValueInKey()) {
  if (op.getPresentKey()) {
    presentKey = op.getPresentKey().getType();
    if (op.getPresentValue())
      presentValue = op.getPresentValue().getType();
  }
}

AttentionOp AttentionParts::create(OpBuilder &builder, Location loc,
                                   Type result) const {
  return AttentionOp::create(
      builder, loc, result, presentKey, presentValue, query, key, value,
      pastKey, pastValue, cos, sin, positions, bias, sinks, queryNorm, keyNorm,
      keyScale, valueScale, layout, numHeads, kvHeads, headDim, valueDim,
      llvm::APFloat(scale), window, llvm::APFloat(softcap), causal, stateBits,
      llvm::APFloat(normEpsilon), valueInKey);
}

Value AttentionParts::createHidden(OpBuilder &builder, Location loc,
                                   int64_t first, int64_t length) const {
  int64_t tokens = getShape(query)[1];
  Type index = builder.getI64Type(), flag = builder.getI1Type();
  Type element = getElementTypeOrSelf(query.getType());
  auto count = [&](ArrayRef<int64_t> shape, int64_t from, int64_t size) {
    Value range = RangeOp::create(
        builder, loc, RankedTensorType::get(size, index),
        llvm::APFloat(static_cast<double>(from)), llvm::APFloat(1.0));
    return createReshape(builder, loc, range, shape);
  };
  auto combine = [&](Type type, BinaryKind kind, Value lhs, Value rhs) {
    return BinaryOp::create(builder, loc,
                            RankedTensorType::get({1, 1, tokens, length}, type),
                            kind, lhs, rhs);
  };
  auto scalar = [&](Type type, double number) {
    return createSplat(builder, loc, RankedTensorType::get({}, type), number);
  };
  Value at = count({1, 1, tokens, 1}, first, tokens);
  Value of = count({1, 1, 1, length}, 0, length);
  Value seen = combine(flag, BinaryKind::LessOrEqual, of, at);
  if (window > 0)
    seen = combine(flag, BinaryKind::And, seen,
                   combine(flag, BinaryKind::Less,
                           combine(index, BinaryKind::Sub, at, of),
                           scalar(index, static_cast<double>(window))));
  return WhereOp::create(
      builder, loc, RankedTensorType::get({1, 1, tokens, length}, element),
      seen, scalar(element, 0),
      scalar(element, -std::numeric_limits<double>::infinity()));
}

bool AttentionParts::spellOutCausality(OpBuilder &builder, Location loc) {
  int64_t tokens = getShape(query)[1], length = getShape(key)[1];
  if (window > 0 && tokens >= length + window)
    return false;
  Value hidden = createHidden(builder, loc, /*first=*/0, length);
  bias = createSum(builder, loc, bias, hidden);
  causal = false;
  window = 0;
  return true;
}

Value AttentionParts::zeroBlindQueries(OpBuilder &builder, Location loc,
                                       Value heads, double hidden) const {
  if (!bias || sinks)
    return heads;
  Value seen = bias;
  if (causal) {
    int64_t length = getShape(key)[1];
    if (pastKey)
      length += getShape(pastKey)[2];
    int64_t first = length - getShape(query)[1];
    seen = createSum(builder, loc, bias,
                     createHidden(builder, loc, first, length));
  }
  Type element = getElementTypeOrSelf(seen.getType());
  SmallVector<int64_t> rows(getShape(seen));
  int64_t last = static_cast<int64_t>(rows.size()) - 1;
  rows[last] = 1;
  Value best =
      ReduceOp::create(builder, loc, RankedTensorType::get(rows, element),
                       ReduceKind::Max, seen, ArrayRef{last});
  Value limit =
      createSplat(builder, loc, RankedTensorType::get({}, element), hidden);
  Value isBlind = BinaryOp::create(
      builder, loc, RankedTensorType::get(rows, builder.getI1Type()),
      BinaryKind::LessOrEqual, best, limit);
  auto type = cast<RankedTensorType>(heads.getType());
  Value zero = createSplat(builder, loc,
                           RankedTensorType::get({}, type.getElementType()), 0);
  return WhereOp::create(builder, loc, type, isBlind, zero, heads);
}
