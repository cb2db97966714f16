//===- SplitKey.h - Keys of attention in two parts --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the operands `key` and `value` of `inlay_nn.attention` hold, for those
// who look at single channels: with `value_in_key` both may be parts of the
// keys.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_SPLITKEY_H
#define INLAY_DIALECTS_NN_IR_SPLITKEY_H

#include "dialects/NN/IR/NN.h"

namespace inlay::nn {

/// Whether the keys lie in two parts, of which the second is the value operand.
inline bool hasSplitKey(AttentionOp op) {
  return op.getValueInKey() && op.getValue();
}

/// Channels of a head that the key operand and its state hold.
inline int64_t getKeyWidth(AttentionOp op) {
  return hasSplitKey(op) ? op.getValueDim() : op.getHeadDim();
}

/// Channels of a head that the value operand and its state hold.
inline int64_t getValueWidth(AttentionOp op) {
  return hasSplitKey(op) ? op.getHeadDim() - op.getValueDim()
                         : op.getValueDim();
}

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_IR_SPLITKEY_H
