//===- StepPasses.h - What options say of steps, into the IR ----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes that stand between the levels of dataflow and wafer, and write down
// what a compilation was asked beyond the graph of one step. They write
// attributes, which a module may as well come with.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_STEPPASSES_H
#define INLAY_COMPILER_STEPPASSES_H

#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace inlay {

/// Notes on the graph how many steps are in flight at once.
std::unique_ptr<mlir::Pass> createKeepStepsInFlight(int64_t steps);

/// Notes on the graph what random choices depend on.
std::unique_ptr<mlir::Pass> createKeepSeed(int64_t seed);

/// Notes on the graph how long to search, in per cent of what is usual.
std::unique_ptr<mlir::Pass> createKeepEffort(int64_t percent);

/// Notes on the graph in which type states are kept, in MLIR's spelling.
std::unique_ptr<mlir::Pass> createKeepKvType(std::string type);

/// Sets the graph of decode, which a module in bytecode has, beside the graph
/// of prefill: `firings` of it for each one of prefill.
std::unique_ptr<mlir::Pass> createAddDecode(std::string bytecode,
                                            double firings);

} // namespace inlay

#endif // INLAY_COMPILER_STEPPASSES_H
