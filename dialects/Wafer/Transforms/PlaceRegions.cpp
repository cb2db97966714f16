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

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

#include "llvm/ADT/MapVector.h"

#include <map>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

namespace inlay::wafer {
#define GEN_PASS_DEF_PLACEREGIONS
#include "dialects/Wafer/Transforms/Passes.h.inc"
} // namespace inlay::wafer

namespace {

/// What a region has left on each core for a kernel of experts.
struct Room {
  int64_t bytes = 0;
  int64_t scratch = 0; ///< of the region, which the kernel may use
};

/// Writes the floorplans of a system's stages into its regions.
class Placer {
public:
  Placer(OpenSystem &open, MappingAnalysis &mapping)
      : system(open.system), model(mapping.getModel()),
        planner(mapping.getPlanner(system, open.constraints)),
        placements(open.placements), builder(system.getContext()) {}

  LogicalResult run();

private:
  LogicalResult placeStage(StageOp stage,
                           const mapping::WaferPlanner::Run &run);
  const floorplan::RegionPlan *findPlan(StageOp stage,
                                        const mapping::WaferPlanner::Run &run);
  void placeKernel(size_t k, model::Extent extent, size_t offer);
  void placeExperts();
  std::pair<double, double> routerOf(size_t k) const;
  void addGroups(size_t k, const model::Sharding &sharding);
  void addConnections();
  void report();

  SystemOp system;
  const model::Graph &model;
  mapping::WaferPlanner &planner;
  MutableArrayRef<Placement> placements;
  OpBuilder builder;
  std::map<size_t, Room> rooms; ///< of kernels of experts
  int64_t regions = 0, cores = 0, distance = 0;
};

class PlaceRegions : public inlay::wafer::impl::PlaceRegionsBase<PlaceRegions> {
  void runOnOperation() override {
    auto &mapping = getAnalysis<MappingAnalysis>();
    FailureOr<OpenSystem> open =
        openSystem(getOperation(), mapping, Progress::Sharded);
    if (failed(open) || failed(Placer(*open, mapping).run()))
      return signalPassFailure();
    markAnalysesPreserved<MappingAnalysis>();
  }
};

} // namespace

LogicalResult Placer::run() {
  for (auto &[stage, run] : stagesOf(system, placements))
    if (!run.empty() && failed(placeStage(stage, run)))
      return failure();
  placeExperts();
  addConnections();
  report();
  return success();
}

/// What each region holds, in the order of their first kernels.
static std::vector<floorplan::Kernels>
partsOf(const mapping::WaferPlanner::Run &run, ArrayRef<Placement> placements) {
  llvm::MapVector<Operation *, floorplan::Kernels> parts;
  for (size_t i = 0; i < run.size(); ++i)
    parts[placements[run[i]].region].push_back(i);
  auto kernels = llvm::make_second_range(parts);
  return {kernels.begin(), kernels.end()};
}

static bool isExperts(const model::KernelSpec &kernel) {
  return kernel.role == model::KernelRole::Experts;
}

/// The planner's best where its regions hold what those of the stage hold, else
/// its best for the regions as they are.
const floorplan::RegionPlan *
Placer::findPlan(StageOp stage, const mapping::WaferPlanner::Run &run) {
  std::vector<floorplan::Kernels> parts = partsOf(run, placements);
  const std::optional<floorplan::RegionPlan> &best = planner.plan(run);
  auto kernels = [](const floorplan::Region &region) { return region.kernels; };
  if (best && llvm::equal(llvm::map_range(best->regions, kernels), parts))
    return &*best;
  const std::optional<floorplan::RegionPlan> &plan =
      planner.arrange(run, parts);
  if (plan)
    return &*plan;
  reportNoPlan(stage, planner, run);
  return nullptr;
}

LogicalResult Placer::placeStage(StageOp stage,
                                 const mapping::WaferPlanner::Run &run) {
  const floorplan::RegionPlan *plan = findPlan(stage, run);
  if (!plan)
    return failure();
  Diagnostics diags;
  floorplan::Chain chain =
      planner.chainOf(run, "wafer " + std::to_string(stage.getWafer()));
  bool holds = plan->verify(chain, diags);
  emitDiagnostics(stage, diags);
  if (!holds)
    return failure();
  for (const floorplan::Region &planned : plan->regions) {
    const model::Rect &rect = planned.rect;
    RegionOp region = placements[run[planned.kernels.front()]].region;
    region.setSize({rect.width, rect.height});
    region.setAt(ArrayRef<int64_t>{rect.x, rect.y});
    int64_t layers = 0, scratch = 0;
    for (auto [kernel, offer] : llvm::zip(planned.kernels, planned.offers)) {
      placeKernel(run[kernel], rect.extent(), offer);
      layers += isExperts(model.kernels[run[kernel]]) ? 1 : 0;
      scratch = std::max(
          scratch,
          chain.offers(chain.links[kernel].kind, rect.extent())[offer].scratch);
    }
    // Kernels of experts that share a region share what it has left.
    for (size_t kernel : planned.kernels)
      if (isExperts(model.kernels[run[kernel]]))
        rooms[run[kernel]] = {(chain.budget - planned.bytes) / layers, scratch};
    ++regions;
    cores += rect.area();
  }
  for (size_t i = 1; i < run.size(); ++i)
    distance += model::centreDistance(placements[run[i - 1]].getRect(),
                                      placements[run[i]].getRect());
  return success();
}

/// The kernel is cut anew for the size that its region got.
void Placer::placeKernel(size_t k, model::Extent extent, size_t offer) {
  const model::Sharding &sharding = planner.shardingOf(k, extent, offer);
  placements[k].assign.setShardingAttr(toAttr(system.getContext(), sharding));
}

/// Where all regions are, groups take their experts. What is left on the cores
/// of a region serves other groupings, then replicas.
void Placer::placeExperts() {
  for (auto [k, room] : rooms) {
    const model::KernelSpec &kernel = model.kernels[k];
    model::Sharding sharding = placements[k].getSharding();
    auto bytesOf = [&, scratch = room.scratch](const model::Sharding &cut) {
      model::Footprint bytes = model::footprint(kernel, cut);
      return bytes.resident() + std::max(bytes.scratch, scratch);
    };
    int64_t most = bytesOf(sharding) + std::max<int64_t>(0, room.bytes);
    std::vector<model::Sharding> groupings =
        planner.groupings(k, sharding.region, most, room.scratch);
    if (!groupings.empty())
      sharding = planner.getExperts().choose(kernel, groupings);
    sharding.held = planner.getExperts().place(
        kernel, sharding, std::max<int64_t>(0, most - bytesOf(sharding)),
        routerOf(k));
    placements[k].assign.setShardingAttr(toAttr(system.getContext(), sharding));
    addGroups(k, sharding);
  }
}

/// Where tokens come from, relative to the region of kernel `k`: the middle of
/// the router's region, or of the kernel's own where that is the same or on
/// another wafer.
std::pair<double, double> Placer::routerOf(size_t k) const {
  model::Rect own = placements[k].getRect(), from = own;
  for (const model::StreamSpec &stream : model.streams)
    if (stream.consumer == static_cast<int>(k) &&
        stream.producer != model::kHost &&
        model.kernels[stream.producer].role == model::KernelRole::Router &&
        placements[stream.producer].stage == placements[k].stage)
      from = placements[stream.producer].getRect();
  return {double(from.x - own.x) + double(from.width) / 2,
          double(from.y - own.y) + double(from.height) / 2};
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
        builder.getDenseI64ArrayAttr(group.experts));
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
        way.inPlace ? builder.getUnitAttr() : UnitAttr(),
        /*contention=*/builder.getI64IntegerAttr(0), /*cycles=*/CyclesAttr());
  }
}

void Placer::report() {
  remark::passed(system.getLoc(),
                 remark::RemarkOpts::name("PlaceRegions").category("mapping"))
      << "placed regions" << remark::metric("regions", regions)
      << remark::metric("cores", cores) << remark::metric("distance", distance);
}
