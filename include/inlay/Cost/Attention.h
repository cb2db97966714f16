//===- Attention.h - Cycles of attention over a sharded state ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention for what-if questions without a model: the kernel that the shape
// describes, cut as Inlay cuts it (the context over the H rows of a region,
// heads and channels together over its W columns) and estimated as any other.
// Projections are not part of it.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_ATTENTION_H
#define INLAY_COST_ATTENTION_H

#include "inlay/Cost/Breakdown.h"
#include "inlay/Cost/Rates.h"

#include <cstdint>

namespace inlay::cost {

/// MHA: kvHeads = heads. GQA: fewer. MLA in its latent form: one key head whose
/// channels are the latent rank and the rotary part, values the latent rank.
struct AttentionShape {
  int64_t heads = 1;
  int64_t kvHeads = 1;
  int64_t keyDim = 128;   ///< channels of a key
  int64_t valueDim = 128; ///< channels of a value
  int64_t window = 0;     ///< newest positions that are seen; 0: all
  int64_t batch = 1;      ///< sequences

  /// The latent form of multi-head latent attention.
  static AttentionShape latent(int64_t heads, int64_t rank, int64_t rotaryDim) {
    return {heads, 1, rank + rotaryDim, rank, 0, 1};
  }
};

/// One new token of each sequence against `context` positions, cut over
/// `region`. On a core, with h = heads, c = ceil(positions / H), k and v the
/// channels of all key and value heads over W:
///   scores   k x (c x h / kvHeads) multiply-accumulates; all-reduce over x of
///            h c sums where a head spans columns
///   softmax  h c exponentials; all-reduce over y of h maxima and h sums
///   context  c x v multiply-accumulates for each query of a head; all-reduce
///            over y of the values
Breakdown attentionDecode(const Rates &rates, const AttentionShape &shape,
                          int64_t context, const model::Extent &region);

/// A chunk of `tokens` new tokens of a prompt, `context` before them: every
/// token sees the context and, by the causal mask, half of the chunk on
/// average. The mask skips whole blocks of a core only, so that the chunk
/// counts in full, as in the open kernels.
Breakdown attentionPrefill(const Rates &rates, const AttentionShape &shape,
                           int64_t tokens, int64_t context,
                           const model::Extent &region);

} // namespace inlay::cost

#endif // INLAY_COST_ATTENTION_H
