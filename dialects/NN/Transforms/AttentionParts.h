//===- AttentionParts.h - What an attention is made of ----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The operands and attributes of `inlay_nn.attention` by name: rules and
// patterns fill in what they know and leave the rest.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_ATTENTIONPARTS_H
#define INLAY_DIALECTS_NN_TRANSFORMS_ATTENTIONPARTS_H

#include "dialects/NN/IR/NN.h"

namespace inlay::nn {

struct AttentionParts {
  AttentionParts() = default;
  explicit AttentionParts(AttentionOp op);

  AttentionOp create(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Type result) const;

  /// Turns causality into a bias, for operators that count queries from the
  /// first key on: query i sees the keys up to i, where the op aligns the last
  /// query with the last key. False, and nothing is changed, where a window
  /// leaves a query without any key.
  bool spellOutCausality(mlir::OpBuilder &builder, mlir::Location loc);

  /// `heads`, the result as [batch, heads, tokens, d], with zeros for each
  /// query whose keys the bias hides all, by `hidden` or less. Folds away where
  /// a step has no such query.
  mlir::Value zeroBlindQueries(mlir::OpBuilder &builder, mlir::Location loc,
                               mlir::Value heads, double hidden) const;

  mlir::Value query, key, value;
  mlir::Value pastKey, pastValue;
  mlir::Value cos, sin, positions;
  mlir::Value bias, sinks;
  mlir::Value queryNorm, keyNorm;
  mlir::Value keyScale, valueScale;
  mlir::Type presentKey, presentValue; ///< null without a state
  RotaryLayout layout = RotaryLayout::None;
  int64_t numHeads = 0, kvHeads = 0, headDim = 0, valueDim = 0;
  double scale = 1;
  int64_t window = 0;
  double softcap = 0;
  bool causal = true;
  int64_t stateBits = 0;
  double normEpsilon = 1e-6;
  bool valueInKey = false;

private:
  /// [1, 1, tokens, length]: 0 where the query that stands `first` keys behind
  /// the first one may see a key, else minus infinity.
  mlir::Value createHidden(mlir::OpBuilder &builder, mlir::Location loc,
                           int64_t first, int64_t length) const;
};

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_ATTENTIONPARTS_H
