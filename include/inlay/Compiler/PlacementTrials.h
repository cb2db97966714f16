//===- PlacementTrials.h - One partition, many placements -------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles a model once and keeps it as it is when its kernels have their
// wafers. From there other placements go through the same passes: routes,
// memory, estimates and the verifier are those of every compilation.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_PLACEMENTTRIALS_H
#define INLAY_COMPILER_PLACEMENTTRIALS_H

#include "inlay/Compiler/CompileOptions.h"
#include "inlay/Mapping/WaferPlanner.h"
#include "inlay/Plan/Plan.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace inlay {

class PlacementTrials {
public:
  /// Compiles `options.input`. Null after an error, whose text and exit status
  /// are those of inlayc.
  static std::unique_ptr<PlacementTrials>
  create(const CompileOptions &options, std::string &error, int &status);
  ~PlacementTrials();

  /// The plan of the compiler's own placement.
  const plan::Plan &own() const;
  /// Processor seconds of the import and all passes, and those of them that map
  /// (partition, shardings, regions).
  double compileSeconds() const;
  double mappingSeconds() const;

  /// What mapping sees of the model.
  const model::Graph &graph() const;
  /// The kernels of each wafer, but for wafers whose kernels are planned like
  /// those of one before.
  const std::vector<mapping::WaferPlanner::Run> &runs() const;
  /// A planner that has looked at nothing yet; for as long as this lives.
  std::unique_ptr<mapping::WaferPlanner> makePlanner() const;

  /// The plan with these regions for `runs()`; none where a pass refuses it,
  /// and then `why` is what it says.
  std::optional<plan::Plan>
  place(const std::vector<floorplan::RegionPlan> &regions, std::string &why);

private:
  struct State;
  explicit PlacementTrials(std::unique_ptr<State> state);
  std::unique_ptr<State> state;
};

} // namespace inlay

#endif // INLAY_COMPILER_PLACEMENTTRIALS_H
