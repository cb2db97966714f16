//===- StagePlanner.h - The wafer of each kernel of a model -----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cuts a model into stages, and where it does not fit finds out what would.
// What is said to fit has been tried: the same search that failed succeeds with
// that one number changed.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MAPPING_STAGEPLANNER_H
#define INLAY_MAPPING_STAGEPLANNER_H

#include "inlay/Mapping/WaferPlanner.h"
#include "inlay/Partition/Partition.h"

namespace inlay::mapping {

/// A model to be cut into stages, and the machine. What it refers to must
/// outlive it.
struct StageRequest {
  const model::Graph &model;
  const target::Target &target;
  cost::Mode mode = cost::Mode::Ideal;
  cost::ModelRouting routing;
  const Constraints &constraints;
  int64_t budget = 0; ///< bytes of a core for data
  int wafers = 0;     ///< 0: as few as possible
  partition::Objective objective = partition::Objective::Latency;

  WaferPlanner makePlanner() const {
    return WaferPlanner(model, target, mode, routing, budget, constraints);
  }
};

/// The stages of a model. `planner` must be one of the request. Capacity errors
/// name the kernels that fit nowhere, or the number of wafers that would do.
std::optional<partition::Solution> planStages(const StageRequest &request,
                                              WaferPlanner &planner,
                                              Diagnostics &diags);

/// The same; but where latency is the objective and no kernel is pinned, the
/// partition of fewest cycles that `partition::fasten` finds, by the plans of
/// its wafers: those that are packed as tight as can be are slow, and each more
/// is a crossing. Where throughput is the objective and any number of wafers
/// may be taken, the number with which each of them yields most.
std::optional<partition::Solution>
planFastestStages(const StageRequest &request, WaferPlanner &planner,
                  Diagnostics &diags);

/// Cycles of a step by the best plan of each wafer of the solution, crossings
/// counted; infinity where some wafer has none.
double stepCycles(const partition::Solution &solution, WaferPlanner &planner);

/// A budget with which a request that fails succeeds.
struct LeastBudget {
  int64_t budget = 0; ///< a multiple of the alignment of buffers
  partition::Solution solution;
};

/// The least such budget that a bisection finds, for models of many kernels to
/// 1/32 of what is missing; none where not even a core that holds the whole
/// model helps.
std::optional<LeastBudget> findLeastBudget(const StageRequest &request);

/// Adds a capacity error for a request that `planStages` refuses: the fullest
/// cores of the stages of `least` and by how many bytes they are short, the
/// five largest tensors on them, and then each change that makes the model fit
/// by itself, with its number: more bytes on a core, more wafers and so fewer
/// layers on each, a shorter context, weights or states of fewer bits. What
/// does not help by itself is said too.
void reportWhatFits(const StageRequest &request, const LeastBudget &least,
                    Diagnostics &diags);

} // namespace inlay::mapping

#endif // INLAY_MAPPING_STAGEPLANNER_H
