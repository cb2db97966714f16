//===- ExpertsBench.h - Placements of experts beside each other -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_TOOLS_INLAY_BENCH_EXPERTSBENCH_H
#define INLAY_TOOLS_INLAY_BENCH_EXPERTSBENCH_H

#include "inlay/Support/Diagnostic.h"

#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace inlay {

struct ExpertsOptions {
  std::vector<std::string> models; ///< configs of Hugging Face
  std::string trace;               ///< empty: one is made up
  std::string curveOf;             ///< of the model whose path has this
  std::string targetDir;
  std::string target = "wse3";
};

/// Prints for each model with experts, each way of choosing them and batches of
/// 1 and 32 what a layer of experts takes: placed, and round robin at the
/// number of groups that is best for this. Then the curve over the number of
/// groups for one of the models. Nothing is printed where an error is added.
void benchExperts(const ExpertsOptions &options, llvm::raw_ostream &os,
                  Diagnostics &diags);

} // namespace inlay

#endif // INLAY_TOOLS_INLAY_BENCH_EXPERTSBENCH_H
