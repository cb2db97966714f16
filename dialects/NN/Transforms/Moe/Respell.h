//===- Respell.h - One spelling for what has several -------- -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums, products and choices that are written in another way than most are.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MOE_RESPELL_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MOE_RESPELL_H

#include "dialects/Onnx/IR/Onnx.h"

namespace inlay::nn::moe {

/// Writes in `graph`:
///
/// - Sum and Mean of values, and ReduceSum and ReduceMean over the dim along
///   which Concat has stacked them, as Add of two each, the first two first;
/// - a product with a row or column of ones as the sum that it is;
/// - what a comparison keeps that always holds, as of counts of tokens with
///   places for all of them, as it is;
/// - softmax and sigmoid that are written out as the operators;
/// - Einsum of three factors or more as Einsum of two each;
/// - rows that are gathered by token * experts + choice as GatherND;
/// - rows that are split by counts, put together and split again as parts that
///   stay parts;
/// - quotients of indices that are computed in floats as those of integers;
/// - ArgMax over the last dim as TopK with k = 1, of equal numbers the first,
///   and ReduceMax of the same values as its other result.
void respell(onnx::GraphOp graph);

} // namespace inlay::nn::moe

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MOE_RESPELL_H
