//===- ShardKernels.cpp - Gives kernels regions and cuts them over them ---===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttrConversion.h"
#include "EmitDiagnostics.h"
#include "MappingAnalysis.h"
#include "Passes.h"
#include "Placement.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace inlay::wafer {
#define GEN_PASS_DEF_SHARDKERNELS
#include "dialects/Wafer/Transforms/Passes.h.inc"
} // namespace inlay::wafer

namespace {

class ShardKernels : public inlay::wafer::impl::ShardKernelsBase<ShardKernels> {
  void runOnOperation() override {
    auto &mapping = getAnalysis<MappingAnalysis>();
    FailureOr<OpenSystem> open =
        openSystem(getOperation(), mapping, Progress::Assigned);
    if (failed(open) || failed(shard(*open, mapping)))
      return signalPassFailure();
    markAnalysesPreserved<MappingAnalysis>();
  }

  LogicalResult shard(OpenSystem &open, MappingAnalysis &mapping);
  void addRegions(MutableArrayRef<Placement> placements,
                  const mapping::WaferPlanner::Run &run,
                  const floorplan::RegionPlan &plan,
                  mapping::WaferPlanner &planner);
};

} // namespace

LogicalResult ShardKernels::shard(OpenSystem &open, MappingAnalysis &mapping) {
  SystemOp system = open.system;
  MutableArrayRef<Placement> placements = open.placements;
  mapping::WaferPlanner &planner = mapping.getPlanner(system, open.constraints);
  Diagnostics diags;
  if (!planner.getExplorer().allFit(mapping.getModel().kernels, diags)) {
    emitDiagnostics(system, diags);
    return failure();
  }
  int64_t regions = 0, cores = 0;
  for (auto &[stage, run] : stagesOf(system, placements)) {
    if (run.empty() || placements[run.front()].isSharded())
      continue;
    const std::optional<floorplan::RegionPlan> &plan = planner.plan(run);
    if (!plan) {
      reportNoPlan(stage, planner, run);
      return failure();
    }
    addRegions(placements, run, *plan, planner);
    regions += static_cast<int64_t>(plan->regions.size());
    for (const floorplan::Region &region : plan->regions)
      cores += region.rect.area();
  }
  remark::passed(system.getLoc(),
                 remark::RemarkOpts::name("ShardKernels").category("mapping"))
      << "gave kernels regions and cut them"
      << remark::metric("regions", regions) << remark::metric("cores", cores);
  return success();
}

/// Regions stand before the assignments of their stage, named by number.
void ShardKernels::addRegions(MutableArrayRef<Placement> placements,
                              const mapping::WaferPlanner::Run &run,
                              const floorplan::RegionPlan &plan,
                              mapping::WaferPlanner &planner) {
  StageOp stage = placements[run.front()].stage;
  OpBuilder builder(&getContext());
  builder.setInsertionPoint(*stage.getBody().getOps<AssignOp>().begin());
  for (auto [number, planned] : llvm::enumerate(plan.regions)) {
    model::Extent extent = planned.rect.extent();
    bool isShared = planned.kernels.size() > 1;
    auto region = RegionOp::create(
        builder, stage.getLoc(),
        builder.getStringAttr("r" + llvm::Twine(number)),
        /*at=*/DenseI64ArrayAttr(),
        builder.getDenseI64ArrayAttr({extent.width, extent.height}),
        isShared ? builder.getUnitAttr() : UnitAttr());
    for (auto [kernel, offer] : llvm::zip(planned.kernels, planned.offers)) {
      AssignOp assign = placements[run[kernel]].assign;
      assign.setRegionAttr(FlatSymbolRefAttr::get(region.getSymNameAttr()));
      assign.setShardingAttr(toAttr(
          &getContext(), planner.shardingOf(run[kernel], extent, offer)));
    }
  }
}
