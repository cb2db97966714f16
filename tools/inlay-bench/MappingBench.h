//===- MappingBench.h - Inlay's placements beside others --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_TOOLS_INLAY_BENCH_MAPPINGBENCH_H
#define INLAY_TOOLS_INLAY_BENCH_MAPPINGBENCH_H

#include "inlay/Compiler/CompileOptions.h"

#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace inlay {

struct MappingBenchOptions {
  std::vector<std::string> models; ///< ONNX files, or configs of Hugging Face
  CompileOptions compile;          ///< but for its input
  int randomPlacements = 8;
  double annealingTimes = 1; ///< processor time of annealing over that of Inlay
  bool asJson = false;
};

/// Maps each model, then places the same kernels on the same wafers as each
/// baseline does (Baselines.h), takes every placement through the passes that
/// follow, and prints the estimates beside each other. Returns the exit status:
/// that of the first model that cannot be compiled, after the others.
int benchMapping(const MappingBenchOptions &options, llvm::raw_ostream &os,
                 llvm::raw_ostream &errors);

} // namespace inlay

#endif // INLAY_TOOLS_INLAY_BENCH_MAPPINGBENCH_H
