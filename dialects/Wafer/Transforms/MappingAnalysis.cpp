//===- MappingAnalysis.cpp - What passes over this level share ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MappingAnalysis.h"
#include "AttrConversion.h"
#include "ExtractModel.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

MappingAnalysis::MappingAnalysis(Operation *op) {
  auto module = cast<ModuleOp>(op);
  auto graphs = llvm::to_vector(module.getOps<dataflow::GraphOp>());
  if (graphs.size() != 1) {
    module.emitError() << "the wafer level places one 'inlay_dataflow.graph', "
                          "this module holds "
                       << graphs.size();
    return;
  }
  graph = graphs.front();
  FailureOr<model::Graph> extracted = extractModel(graph);
  if (succeeded(extracted))
    model = std::move(*extracted);
}

sharding::Explorer &MappingAnalysis::getExplorer(TargetAttr target,
                                                 int64_t budget, CostMode mode,
                                                 RoutingAttr routing) {
  if (!explorer || machine != std::tuple(target, budget, mode, routing)) {
    machine = {target, budget, mode, routing};
    sharding::Machine costed = sharding::machineOf(
        toTarget(target), toMode(mode), toRouting(routing).typical());
    costed.budget = budget;
    explorer = std::make_unique<sharding::Explorer>(std::move(costed));
  }
  return *explorer;
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
  return OpenSystem{*system, std::move(*placements)};
}
