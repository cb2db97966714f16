//===- AttentionParts.cpp - What an attention is made of ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"

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
