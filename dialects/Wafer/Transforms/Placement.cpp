//===- Placement.cpp - Where a system puts the kernels of a graph ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Placement.h"
#include "AttrConversion.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

FailureOr<SystemOp> inlay::wafer::findSystem(ModuleOp module) {
  auto systems = llvm::to_vector(module.getOps<SystemOp>());
  if (systems.size() == 1)
    return systems.front();
  return module.emitError()
         << "the wafer level holds one 'inlay_wafer.system', this module holds "
         << systems.size()
         << (systems.empty() ? "; 'partition-stages' makes it" : "");
}

model::Sharding Placement::getSharding() {
  model::Sharding sharding = toSharding(
      *assign.getSharding(), {region.getWidth(), region.getHeight()});
  return carry ? (*carry)(sharding) : sharding;
}

/// The assignments of a system by kernel. Names the model does not have are
/// errors.
static LogicalResult collect(SystemOp system, const model::Graph &model,
                             SmallVectorImpl<Placement> &placements) {
  llvm::StringMap<size_t> indexOf;
  for (auto [index, kernel] : llvm::enumerate(model.kernels))
    indexOf[kernel.name] = index;
  placements.resize(model.kernels.size());
  bool isValid = true;
  for (StageOp stage : system.getBody().getOps<StageOp>()) {
    SymbolTable regions(stage);
    for (AssignOp assign : stage.getBody().getOps<AssignOp>()) {
      auto found = indexOf.find(assign.getKernel());
      if (found == indexOf.end()) {
        assign.emitError() << "the graph has no kernel '" << assign.getKernel()
                           << "'";
        isValid = false;
        continue;
      }
      RegionOp region;
      if (assign.getRegion())
        region = regions.lookup<RegionOp>(*assign.getRegion());
      placements[found->second] = {stage, assign, region};
    }
  }
  return success(isValid);
}

FailureOr<SmallVector<Placement>>
inlay::wafer::readPlacements(SystemOp system, const model::Graph &model,
                             Progress needed) {
  SmallVector<Placement> placements;
  bool isValid = succeeded(collect(system, model, placements));
  auto fail = [&](const model::KernelSpec &kernel) {
    isValid = false;
    return system.emitError() << "kernel '" << kernel.name << "' ";
  };
  for (auto [kernel, placement] : llvm::zip(model.kernels, placements)) {
    if (!placement.assign)
      fail(kernel) << "is on no wafer; 'partition-stages' assigns it";
    else if (needed >= Progress::Sharded && !placement.isSharded())
      fail(kernel) << "has no region; 'shard-kernels' gives it one";
    else if (needed >= Progress::Placed && !placement.isPlaced())
      fail(kernel) << "has a region without position; 'place-regions' places "
                      "it";
  }
  if (!isValid)
    return failure();
  return placements;
}

SmallVector<std::pair<StageOp, std::vector<size_t>>>
inlay::wafer::stagesOf(SystemOp system, ArrayRef<Placement> placements) {
  SmallVector<std::pair<StageOp, std::vector<size_t>>> stages;
  DenseMap<Operation *, size_t> indexOf;
  for (StageOp stage : system.getBody().getOps<StageOp>()) {
    indexOf[stage] = stages.size();
    stages.push_back({stage, {}});
  }
  for (auto [k, placement] : llvm::enumerate(placements))
    stages[indexOf.lookup(StageOp(placement.stage))].second.push_back(k);
  return stages;
}

Connection inlay::wafer::connectionOf(const model::StreamSpec &stream,
                                      MutableArrayRef<Placement> placements) {
  Connection way;
  if (stream.producer == model::kHost || stream.consumer == model::kHost)
    return way;
  Placement &from = placements[stream.producer];
  Placement &to = placements[stream.consumer];
  if (from.stage != to.stage) {
    way.crossing = true;
    return way;
  }
  if (from.region != to.region) {
    way.hops = model::centreDistance(from.getRect(), to.getRect());
    way.lanes = model::facingLanes(from.getRect(), to.getRect());
    return way;
  }
  way.inPlace = true;
  return way;
}
