//===- ShardKernels.cpp - Cuts kernels over their least regions -----------===//
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
    if (failed(open) || failed(shard(open->system, mapping, open->placements)))
      return signalPassFailure();
    markAnalysesPreserved<MappingAnalysis>();
  }

  LogicalResult shard(SystemOp system, MappingAnalysis &mapping,
                      MutableArrayRef<Placement> placements);
  void addRegion(Placement &placement, const sharding::Variant &variant);
};

} // namespace

LogicalResult ShardKernels::shard(SystemOp system, MappingAnalysis &mapping,
                                  MutableArrayRef<Placement> placements) {
  const model::Graph &model = mapping.getModel();
  sharding::Explorer &explorer =
      mapping.getExplorer(system.getTarget(), system.getPlanBudget(),
                          system.getCost(), system.getRoutingAttr());
  Diagnostics diags;
  auto least = explorer.leastExtents(model.kernels, diags);
  if (!least) {
    emitDiagnostics(system, diags);
    return failure();
  }
  int64_t regions = 0, cores = 0;
  for (auto [k, kernel] : llvm::enumerate(model.kernels)) {
    if (placements[k].isSharded())
      continue;
    addRegion(placements[k], *explorer.best(kernel, (*least)[k]));
    ++regions;
    cores += (*least)[k].area();
  }
  remark::passed(system.getLoc(),
                 remark::RemarkOpts::name("ShardKernels").category("mapping"))
      << "cut kernels over their least regions"
      << remark::metric("regions", regions) << remark::metric("cores", cores);
  return success();
}

/// Regions stand before the assignments of their stage, named by number.
void ShardKernels::addRegion(Placement &placement,
                             const sharding::Variant &variant) {
  StageOp stage = placement.stage;
  AssignOp assign = placement.assign;
  OpBuilder builder(&getContext());
  auto assigns = stage.getBody().getOps<AssignOp>();
  builder.setInsertionPoint(*assigns.begin());
  model::Extent extent = variant.extent();
  size_t number = llvm::range_size(stage.getBody().getOps<RegionOp>());
  auto region = RegionOp::create(
      builder, assign.getLoc(),
      builder.getStringAttr("r" + llvm::Twine(number)),
      /*at=*/DenseI64ArrayAttr(),
      builder.getDenseI64ArrayAttr({extent.width, extent.height}),
      /*shared=*/UnitAttr());
  assign.setRegionAttr(FlatSymbolRefAttr::get(region.getSymNameAttr()));
  assign.setShardingAttr(toAttr(&getContext(), variant.sharding));
}
