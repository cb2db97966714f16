//===- PlaceRegions.cpp - Gives regions their size and position -----------===//
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
#include "StageFloorplan.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace inlay::wafer {
#define GEN_PASS_DEF_PLACEREGIONS
#include "dialects/Wafer/Transforms/Passes.h.inc"
} // namespace inlay::wafer

namespace {

/// Writes the floorplans of a system's stages into its regions.
class Placer {
public:
  Placer(SystemOp system, MappingAnalysis &mapping,
         MutableArrayRef<Placement> placements)
      : system(system), model(mapping.getModel()),
        explorer(mapping.getExplorer(system.getTarget(), system.getPlanBudget(),
                                     system.getCost(),
                                     system.getRoutingAttr())),
        placements(placements), builder(system.getContext()) {}

  LogicalResult run();

private:
  LogicalResult placeStage(StageOp stage, const std::vector<size_t> &kernels,
                           const StageFloorplan &floorplans);
  void placeKernel(size_t k, const model::Rect &rect);
  void addGroups(size_t k, const model::Sharding &sharding);
  void addConnections();
  void report();

  SystemOp system;
  const model::Graph &model;
  sharding::Explorer &explorer;
  MutableArrayRef<Placement> placements;
  OpBuilder builder;
  int64_t cores = 0, distance = 0;
};

class PlaceRegions : public inlay::wafer::impl::PlaceRegionsBase<PlaceRegions> {
  void runOnOperation() override {
    auto &mapping = getAnalysis<MappingAnalysis>();
    FailureOr<OpenSystem> open =
        openSystem(getOperation(), mapping, Progress::Sharded);
    if (failed(open) ||
        failed(Placer(open->system, mapping, open->placements).run()))
      return signalPassFailure();
    markAnalysesPreserved<MappingAnalysis>();
  }
};

} // namespace

LogicalResult Placer::run() {
  SmallVector<model::Rect> forbidden =
      forbiddenRects(system.getTarget(), system->getParentOfType<ModuleOp>());
  StageFloorplan floorplans(model, explorer,
                            {forbidden.begin(), forbidden.end()},
                            system.getTarget().getValue("hop"));
  // The kernels of a stage, in order of execution.
  llvm::MapVector<Operation *, std::vector<size_t>> stages;
  for (StageOp stage : system.getBody().getOps<StageOp>())
    stages[stage];
  for (auto [k, placement] : llvm::enumerate(placements))
    stages[placement.stage].push_back(k);
  for (auto &[stage, kernels] : stages)
    if (failed(placeStage(cast<StageOp>(stage), kernels, floorplans)))
      return failure();
  addConnections();
  report();
  return success();
}

LogicalResult Placer::placeStage(StageOp stage,
                                 const std::vector<size_t> &kernels,
                                 const StageFloorplan &floorplans) {
  Diagnostics diags;
  std::vector<model::KernelSpec> specs;
  for (size_t k : kernels)
    specs.push_back(model.kernels[k]);
  std::optional<floorplan::Solution> plan;
  if (explorer.leastExtents(specs, diags)) {
    floorplan::Problem problem = floorplans.problemOf(
        kernels, "wafer " + std::to_string(stage.getWafer()));
    if (problem.check(diags))
      plan = floorplan::solve(problem, diags);
    if (plan && !plan->verify(problem, diags))
      plan.reset();
  }
  emitDiagnostics(stage, diags);
  if (!plan)
    return failure();
  distance += plan->distance;
  for (auto [k, rect] : llvm::zip(kernels, plan->rects))
    placeKernel(k, rect);
  return success();
}

/// The kernel is cut anew for the size that its region got.
void Placer::placeKernel(size_t k, const model::Rect &rect) {
  RegionOp region = placements[k].region;
  region.setSize({rect.width, rect.height});
  region.setAt(ArrayRef<int64_t>{rect.x, rect.y});
  model::Sharding sharding =
      explorer.best(model.kernels[k], rect.extent())->sharding;
  placements[k].assign.setShardingAttr(toAttr(system.getContext(), sharding));
  cores += rect.area();
  if (model.kernels[k].role == model::KernelRole::Experts)
    addGroups(k, sharding);
}

void Placer::addGroups(size_t k, const model::Sharding &sharding) {
  AssignOp assign = placements[k].assign;
  builder.setInsertionPointToEnd(&placements[k].stage.getBlock());
  for (const model::ExpertGroup &group :
       model::expertGroups(model.kernels[k], sharding))
    ExpertGroupOp::create(
        builder, assign.getLoc(), builder.getI64IntegerAttr(group.index),
        assign.getKernelAttr(),
        builder.getDenseI64ArrayAttr({group.rect.x, group.rect.y}),
        builder.getDenseI64ArrayAttr({group.rect.width, group.rect.height}),
        builder.getI64IntegerAttr(group.experts.begin),
        builder.getI64IntegerAttr(group.experts.end));
}

void Placer::addConnections() {
  builder.setInsertionPointToEnd(&system.getBlock());
  for (const model::StreamSpec &stream : model.streams) {
    Connection way = connectionOf(stream, placements);
    auto kernelOf = [&](int kernel) {
      return kernel == model::kHost ? FlatSymbolRefAttr()
                                    : placements[kernel].assign.getKernelAttr();
    };
    // The host has no ports: the name of the stream says which of its ends.
    auto portOf = [&](int kernel, int port) {
      return builder.getI64IntegerAttr(kernel == model::kHost ? 0 : port);
    };
    ConnectOp::create(
        builder, system.getLoc(), builder.getStringAttr(stream.name),
        kernelOf(stream.producer), portOf(stream.producer, stream.producerPort),
        kernelOf(stream.consumer), portOf(stream.consumer, stream.consumerPort),
        builder.getI64IntegerAttr(stream.bytes()),
        builder.getI64IntegerAttr(way.hops),
        way.crossing ? builder.getUnitAttr() : UnitAttr(),
        /*cycles=*/CyclesAttr());
  }
}

void Placer::report() {
  remark::passed(system.getLoc(),
                 remark::RemarkOpts::name("PlaceRegions").category("mapping"))
      << "placed regions"
      << remark::metric("regions", static_cast<int64_t>(placements.size()))
      << remark::metric("cores", cores) << remark::metric("distance", distance);
}
