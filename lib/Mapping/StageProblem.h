//===- StageProblem.h - The cut of a model as a problem ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_MAPPING_STAGEPROBLEM_H
#define INLAY_LIB_MAPPING_STAGEPROBLEM_H

#include "inlay/Mapping/StagePlanner.h"

namespace inlay::mapping {

/// What `partition` is to solve; it asks `planner`, which must outlive it. None
/// where a kernel fits nowhere, which is an error.
std::optional<partition::Problem> checkedProblem(const StageRequest &request,
                                                 WaferPlanner &planner,
                                                 Diagnostics &diags);

} // namespace inlay::mapping

#endif // INLAY_LIB_MAPPING_STAGEPROBLEM_H
