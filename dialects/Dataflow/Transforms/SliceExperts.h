//===- SliceExperts.h - Experts of a layer in several kernels ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An expert is `fc2 * h` with an intermediate `h` of I values, each of which is
// made of a row of fc1 (and fc3) alone. So slices of these rows, with the
// columns of fc2 that meet them, make partial results that add up to the
// expert. A kernel of experts becomes several, each with all experts and a
// slice of I; whoever takes its result takes theirs and adds them up. Slices
// have equal work whatever tokens choose, and each has a region of its own.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_DATAFLOW_TRANSFORMS_SLICEEXPERTS_H
#define INLAY_DIALECTS_DATAFLOW_TRANSFORMS_SLICEEXPERTS_H

#include "dialects/Dataflow/IR/Dataflow.h"

#include "mlir/IR/SymbolTable.h"

namespace inlay::dataflow {

/// What the lengths of slices of I must be multiples of: slices end at the ends
/// of quantisation blocks and of bytes. 0 where `experts` must stay whole:
/// weights have to come from initializers as they are or as views, and only
/// kernels may take the result.
int64_t sliceUnit(ExpertsOp experts, mlir::SymbolTable &globals);

/// Whether there are several lengths, each a multiple of `unit` and at least
/// one, that add up to `whole`.
bool areSlices(int64_t whole, int64_t unit, llvm::ArrayRef<int64_t> lengths);

/// Such lengths in proportion to `shares`, which are positive, as near as units
/// allow; for the first of them where there are fewer units than shares. None
/// where `whole` is not made of units.
llvm::SmallVector<int64_t> proportionalSlices(int64_t whole, int64_t unit,
                                              llvm::ArrayRef<int64_t> shares);

/// A slice of `experts` beside them, to be looked at: I from 0 to `length`, a
/// multiple of the unit. Whoever asks erases it, and its weights.
ExpertsOp sampleSlice(ExpertsOp experts, int64_t length,
                      mlir::SymbolTable &globals);

/// Replaces `experts` by a kernel for each length, if these are slices of it,
/// named `<name>.slice_<i>`. Their weights are views of the same initializers;
/// the bias of fc2 belongs to the first. Structural hashes are set, also those
/// of the kernels that take the result.
void sliceExperts(ExpertsOp experts, llvm::ArrayRef<int64_t> lengths,
                  mlir::SymbolTable &globals);

} // namespace inlay::dataflow

#endif // INLAY_DIALECTS_DATAFLOW_TRANSFORMS_SLICEEXPERTS_H
