//===- SumLines.h - Lines of cores that hold parts of one sum ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_SUMLINES_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_SUMLINES_H

#include "inlay/Model/Sharding.h"

namespace inlay::wafer {

/// Where the lines of an all-reduce begin, in cores of an axis.
struct SumLines {
  /// Lines of one turn do not meet; turns follow each other.
  std::vector<std::vector<int64_t>> turns;
  /// Sums that a core may have parts of, one in each turn: the payload is
  /// divided by so much.
  int64_t share = 1;
};

/// Lines of `cores` cores, of `parts` on the axis, for the sums that `op` or
/// the one before it that makes them leaves. Runs of cores from the first on
/// where each sum lies in one of them; else a line for each sum, since a core
/// may hold the end of one and the beginning of the next.
SumLines sumLines(const model::KernelSpec &kernel,
                  const model::Sharding &sharding, int op, model::Axis axis,
                  int64_t cores, int64_t parts);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_SUMLINES_H
