//===- StepProblem.h - One step of a placed system --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_STEPPROBLEM_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_STEPPROBLEM_H

#include "Placement.h"

#include "inlay/Routing/Routing.h"
#include "inlay/Schedule/Schedule.h"
#include "inlay/Target/Target.h"

namespace inlay::wafer {

/// The scheduling problem of a placed system, costed by the cost model. Task k
/// is kernel k of the model, edges are its streams between kernels, in order,
/// and then the turns of kernels that share a region.
struct StepProblem {
  schedule::Problem schedule;
  cost::Mode mode = cost::Mode::Ideal;
  /// Of each stream of the model its edge; -1 for a stream of the host.
  std::vector<int> edgeOf;
  /// Of each kernel: cycles, whatever experts tokens choose, at least.
  std::vector<double> leastCycles;
  /// Of each kernel of experts: choices that its busiest group has, expected;
  /// else 0.
  std::vector<double> activations;
  /// Of each kernel: cycles of its first part that are those of its inputs on
  /// their way to groups of experts.
  std::vector<double> dispatch;

  StepProblem(const target::Target &target, cost::Mode mode,
              const cost::ModelRouting &routing, const model::Graph &model,
              int numStages, llvm::MutableArrayRef<Placement> placements);

  /// Adds the wavelets that the routes of streams carry beyond those that their
  /// estimates count; the connections of `system` say how many.
  void addContention(SystemOp system,
                     llvm::MutableArrayRef<Placement> placements);
  /// The same by routes that `system` does not have yet, of flows whose streams
  /// are those of the model.
  void addContention(const routing::Problem &problem,
                     const routing::Solution &routes);

  /// Says how long flows and kernels take. `problem` is of the same model and
  /// placements; contention must not have been added.
  void addTimes(routing::Problem &problem) const;

private:
  void addTurns(llvm::ArrayRef<Placement> placements);
};

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_STEPPROBLEM_H
