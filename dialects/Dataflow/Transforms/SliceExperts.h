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

/// Whether `experts` can become `count` kernels, count being at least 2: I is
/// cut into equal slices at the ends of quantisation blocks and of bytes,
/// weights come from initializers as they are or as views, and only kernels
/// take the result.
bool canSlice(ExpertsOp experts, int64_t count, mlir::SymbolTable &globals);

/// Replaces `experts`, of which `canSlice` holds, by `count` kernels, named
/// `<name>.slice_<i>`. Their weights are views of the same initializers; the
/// bias of fc2 belongs to the first. Structural hashes are set, also those of
/// the kernels that take the result.
void sliceExperts(ExpertsOp experts, int64_t count, mlir::SymbolTable &globals);

} // namespace inlay::dataflow

#endif // INLAY_DIALECTS_DATAFLOW_TRANSFORMS_SLICEEXPERTS_H
