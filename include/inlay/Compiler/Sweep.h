//===- Sweep.h - A what-if over several options -----------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_SWEEP_H
#define INLAY_COMPILER_SWEEP_H

#include "inlay/Compiler/CompileOptions.h"
#include "inlay/Plan/Plan.h"

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace inlay {

/// One point of a sweep; no plan where the model does not fit.
struct SweepResult {
  CompileOptions options;
  std::optional<plan::Plan> plan;
};

/// A table with a row for each point: its values, wafers, cycles of a step, the
/// bound and what binds, tokens/s for one user and for the system. Cells of
/// points that do not fit are empty (null in JSON).
void printSweep(const std::vector<SweepAxis> &axes,
                const std::vector<SweepResult> &results, SummaryFormat format,
                llvm::raw_ostream &os);

} // namespace inlay

#endif // INLAY_COMPILER_SWEEP_H
