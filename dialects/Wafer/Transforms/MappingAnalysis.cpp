//===- MappingAnalysis.cpp - What passes over this level share ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MappingAnalysis.h"
#include "AttrConversion.h"
#include "ConstraintConversion.h"
#include "EmitDiagnostics.h"
#include "ExtractModel.h"

#include "inlay/Support/Format.h"

#include "mlir/IR/BuiltinOps.h"

#include "fmt/format.h"

#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

MappingAnalysis::MappingAnalysis(Operation *op) {
  auto module = cast<ModuleOp>(op);
  graph = mappedGraph(module);
  if (!graph) {
    module.emitError() << "the wafer level places one 'inlay_dataflow.graph', "
                          "this module holds "
                       << llvm::range_size(module.getOps<dataflow::GraphOp>());
    return;
  }
  FailureOr<model::Graph> extracted = extractModel(graph);
  if (failed(extracted))
    return;
  FailureOr<std::optional<OtherPhase>> phase =
      readOtherPhase(graph, *extracted);
  if (failed(phase))
    return;
  other = std::move(*phase);
  model = std::move(*extracted);
}

mapping::WaferPlanner &
MappingAnalysis::getPlanner(TargetAttr target, int64_t budget, CostMode mode,
                            RoutingAttr routing,
                            const mapping::Constraints &constraints) {
  if (!planner || machine != std::tuple(target, budget, mode, routing) ||
      !(planner->getConstraints() == constraints)) {
    machine = {target, budget, mode, routing};
    planner = std::make_unique<mapping::WaferPlanner>(
        *model, toTarget(target), toMode(mode),
        toRouting(routing, seedOf(graph)), budget, constraints);
    planner->setEffort(effortOf(graph));
    if (other)
      planner->weigh(other->model, other->firings);
  }
  return *planner;
}

mapping::WaferPlanner &
MappingAnalysis::getPlanner(SystemOp system,
                            const mapping::Constraints &constraints) {
  return getPlanner(system.getTarget(), system.getPlanBudget(),
                    system.getCost(), system.getRoutingAttr(), constraints);
}

void inlay::wafer::reportNoPlan(StageOp stage, mapping::WaferPlanner &planner,
                                const mapping::WaferPlanner::Run &run) {
  floorplan::Chain chain = planner.chainOf(
      run, "wafer " + std::to_string(static_cast<int64_t>(stage.getWafer())));
  auto needed = static_cast<double>(0);
  for (size_t k : run)
    needed += static_cast<double>(planner.leastBytes(k));
  double there = double(chain.liveCores()) * double(chain.budget);
  Diagnostics diags;
  inlay::Diagnostic &diag =
      needed > there
          ? diags.capacityError(
                "floorplan of '" + chain.name + "'",
                fmt::format("its {} kernels need at least {}, but its live "
                            "cores have {}, short by {}",
                            run.size(), formatTotalBytes(needed),
                            formatTotalBytes(there),
                            formatTotalBytes(needed - there)))
          : diags.capacityError(
                "floorplan of '" + chain.name + "'",
                fmt::format("its {} kernels need at least {} of the {} of its "
                            "live cores, but no regions hold them",
                            run.size(), formatTotalBytes(needed),
                            formatTotalBytes(there)));
  std::vector<size_t> order = run;
  llvm::sort(order, [&](size_t a, size_t b) {
    int64_t bytesOfA = planner.leastBytes(a), bytesOfB = planner.leastBytes(b);
    return bytesOfA != bytesOfB ? bytesOfA > bytesOfB : a < b;
  });
  constexpr size_t kShown = 5;
  std::string largest;
  for (size_t k : ArrayRef(order).take_front(kShown))
    largest += fmt::format("{}{} {}", largest.empty() ? "" : ", ",
                           chain.links[llvm::find(run, k) - run.begin()].name,
                           formatTotalBytes(double(planner.leastBytes(k))));
  diag.notes.push_back("largest: " + largest);
  if (needed > there)
    diag.notes.push_back(
        fmt::format("would fit: no less than {} more on each live core",
                    formatBytes(static_cast<int64_t>(std::ceil(
                        (needed - there) / double(chain.liveCores()))))));
  emitDiagnostics(stage, diags);
}

FailureOr<OpenSystem> inlay::wafer::openSystem(ModuleOp module,
                                               const MappingAnalysis &mapping,
                                               Progress needed) {
  if (!mapping.isValid())
    return failure();
  FailureOr<SystemOp> system = findSystem(module);
  if (failed(system))
    return failure();
  FailureOr<SmallVector<Placement>> placements =
      readPlacements(*system, mapping.getModel(), needed);
  if (failed(placements))
    return failure();
  FailureOr<mapping::Constraints> constraints =
      readConstraints(module, mapping.getModel());
  if (failed(constraints))
    return failure();
  return OpenSystem{*system, std::move(*placements), std::move(*constraints)};
}
