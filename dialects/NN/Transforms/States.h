//===- States.h - States that an attention takes over -----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keys and values of all tokens, as a graph keeps them from step to step: what
// the patterns that put them into an attention share.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_STATES_H
#define INLAY_DIALECTS_NN_TRANSFORMS_STATES_H

#include "dialects/NN/IR/NN.h"

#include "mlir/IR/PatternMatch.h"

namespace inlay::nn {

/// Keys or values as an attention reads them, and where they come from.
struct Cache {
  mlir::Value whole; ///< after the step: what the graph returns
  mlir::Value past;  ///< before it: an argument of the graph
  mlir::Value
      update; ///< [batch, tokens, heads * d] or [batch, heads, tokens, d]
};

/// The 4-D value of which `flat` is the flattened form, or `flat` itself.
mlir::Value unflattenHeads(mlir::Value flat, int64_t heads);

/// Whether a step's new entries go where an attention puts them: behind the
/// tokens of the state. That the runtime says so is known of an input.
bool writesBehindContext(CacheWriteOp write);

/// Whether an attention over the whole of `cache` sees no more of it than one
/// that takes it as its state: the tokens of the context and of the step, also
/// where the buffer has room for others. A mask that the graph is
/// given counts as one that hides these.
bool hidesUnwritten(AttentionOp op, const Cache &cache);

/// The state that `flat`, [batch, length, heads * d] or with the heads apart,
/// is after the step; nothing where it is none.
std::optional<Cache> matchCache(mlir::Value flat, int64_t heads);

/// What reads the state after the step behind `attention`, which is to make it.
/// Nothing unless the state is returned, or where others read it before, other
/// than on a way of `depth` ops to the attention. Asks for the order of ops
/// only where it must: it is computed anew for the whole block after every
/// change.
std::optional<llvm::SmallVector<mlir::OpOperand *>>
readersBehind(mlir::Value whole, AttentionOp attention, int depth = 2);

/// What a step adds to a state, as [batch, tokens, heads * d].
mlir::Value flattenUpdate(mlir::PatternRewriter &rewriter, AttentionOp op,
                          mlir::Value update);

/// The state is now the attention's; what led to the attention is dead.
void replaceState(mlir::PatternRewriter &rewriter,
                  llvm::ArrayRef<mlir::OpOperand *> readers,
                  mlir::Value present);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_STATES_H
