//===- MappingAnalysis.h - What passes over this level share -----*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The plain model of the module's graph and the plans of its wafers, found once
// for all passes: none of them changes the graph.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_MAPPINGANALYSIS_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_MAPPINGANALYSIS_H

#include "OtherPhase.h"
#include "Placement.h"

#include "inlay/Mapping/WaferPlanner.h"
#include "inlay/Model/Model.h"

#include <memory>
#include <optional>
#include <tuple>

namespace inlay::wafer {

/// An analysis of a module; emits an error and is not valid where the module
/// does not hold exactly one dataflow graph, or one of prefill and one of
/// decode, that `extractModel` accepts.
class MappingAnalysis {
public:
  explicit MappingAnalysis(mlir::Operation *module);

  bool isValid() const { return model.has_value(); }
  const model::Graph &getModel() const { return *model; }
  dataflow::GraphOp getGraph() const { return graph; }

  /// The phase that is mapped along with it; null where there is one only.
  const OtherPhase *getOther() const { return other ? &*other : nullptr; }

  /// The planner of wafers whose cores have `budget` bytes and whose regions
  /// respect `constraints`. It is kept until another machine is asked for.
  mapping::WaferPlanner &getPlanner(TargetAttr target, int64_t budget,
                                    CostMode mode, RoutingAttr routing,
                                    const mapping::Constraints &constraints);
  /// The planner of a system's wafers.
  mapping::WaferPlanner &getPlanner(SystemOp system,
                                    const mapping::Constraints &constraints);

private:
  dataflow::GraphOp graph;
  std::optional<model::Graph> model;
  std::optional<OtherPhase> other;
  std::tuple<TargetAttr, int64_t, CostMode, RoutingAttr>
      machine; ///< of `planner`
  std::unique_ptr<mapping::WaferPlanner> planner;
};

/// The error that no regions were found for the kernels of a stage: what they
/// need, and what would help.
void reportNoPlan(StageOp stage, mapping::WaferPlanner &planner,
                  const mapping::WaferPlanner::Run &run);

/// The system that a pass works on.
struct OpenSystem {
  SystemOp system;
  llvm::SmallVector<Placement> placements; ///< of each kernel of the model
  mapping::Constraints constraints;        ///< of the module
};

/// Opens the one system of a module whose placement is at least as far as
/// `needed`; what is missing is an error.
mlir::FailureOr<OpenSystem> openSystem(mlir::ModuleOp module,
                                       const MappingAnalysis &mapping,
                                       Progress needed);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_MAPPINGANALYSIS_H
