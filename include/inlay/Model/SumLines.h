//===- SumLines.h - Lines of cores that hold parts of one sum ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where an op sums over a dim that shares its axis with others, the sums lie
// one behind the other, `points` of each, `shard` of them on a core. A core may
// then hold the end of one and the beginning of the next, so that not all sums
// can be made at once: lines that meet take turns. What the estimate counts and
// what routers do follow from here.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODEL_SUMLINES_H
#define INLAY_MODEL_SUMLINES_H

#include "inlay/Model/Sharding.h"

#include "llvm/ADT/ArrayRef.h"

namespace inlay::model {

/// Cores of a line along `axis` that hold parts of one sum of an op: the whole
/// line, or, behind parallel dims that are slower on the same axis, those of
/// one value of these; at most as many as there are. 1 where no reduction is
/// cut.
int64_t coresOfSum(const OpSpec &op, const OpSharding &opSharding,
                   const Sharding &sharding, Axis axis);

/// How often lines of one sum each take turns.
struct SumTurns {
  int64_t turns = 1;
  /// Sums that a core may have parts of, one in each turn: a vector is so much
  /// shorter.
  int64_t share = 1;
};

/// Of the sums over lines of `cores` cores that the ops `makers` of a kernel
/// leave: of the op with the most turns.
SumTurns sumTurns(const KernelSpec &kernel, const Sharding &sharding,
                  llvm::ArrayRef<int> makers, Axis axis, int64_t cores);

/// Where the lines begin, in cores of the axis, turn by turn; those of one turn
/// do not meet. Runs of cores from the first on where each sum lies in one of
/// them; else a line for each sum, every n-th in one turn, n the least for
/// which these do not meet.
std::vector<std::vector<int64_t>> sumLines(const KernelSpec &kernel,
                                           const Sharding &sharding,
                                           llvm::ArrayRef<int> makers,
                                           Axis axis, int64_t cores);

} // namespace inlay::model

#endif // INLAY_MODEL_SUMLINES_H
