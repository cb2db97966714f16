//===- CollectDecisions.cpp - What a placed module was chosen from --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The search is deterministic, so it is run again for who wants to know what it
// looked at: passes keep no diary.
//
//===----------------------------------------------------------------------===//

#include "CollectDecisions.h"
#include "MappingAnalysis.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

/// Whether the search's plan is what the stage has.
static bool isChosen(const floorplan::RegionPlan &plan, ArrayRef<size_t> run,
                     MutableArrayRef<Placement> placed) {
  return llvm::all_of(plan.regions, [&](const floorplan::Region &region) {
    return placed[run[region.kernels.front()]].getRect() == region.rect;
  });
}

static mapping::WaferDecision decisionOf(mapping::WaferPlanner &planner,
                                         const model::Graph &model,
                                         const mapping::WaferPlanner::Run &run,
                                         MutableArrayRef<Placement> placed) {
  mapping::WaferDecision decision;
  for (size_t k : run)
    decision.kernels.push_back(model.kernels[k].name);
  std::vector<floorplan::Attempt> attempts;
  std::optional<floorplan::RegionPlan> plan =
      floorplan::tile(planner.chainOf(run, "wafer"), {}, &attempts);
  if (!plan || !isChosen(*plan, run, placed))
    return decision;
  llvm::sort(attempts, [](const auto &a, const auto &b) {
    return a.regions < b.regions;
  });
  decision.attempts = std::move(attempts);
  decision.regions = plan->regions;
  decision.cycles = plan->cycles;
  return decision;
}

/// One decision for layers that are alike in structure, region and groups.
static void addExperts(mapping::WaferPlanner &planner,
                       const model::Graph &model,
                       MutableArrayRef<Placement> placements,
                       mapping::Decisions &decisions) {
  using Key = std::tuple<int, int64_t, int64_t, int64_t>;
  std::map<Key, size_t> known;
  for (auto [k, kernel] : llvm::enumerate(model.kernels)) {
    if (kernel.role != model::KernelRole::Experts)
      continue;
    model::Sharding sharding = placements[k].getSharding();
    auto [at, isNew] =
        known.try_emplace(Key(planner.kindOf(k), sharding.region.width,
                              sharding.region.height, sharding.numGroups()),
                          decisions.experts.size());
    if (!isNew) {
      ++decisions.experts[at->second].kernels;
      continue;
    }
    mapping::GroupsDecision &layer = decisions.experts.emplace_back();
    layer.kernel = kernel.name;
    layer.region = sharding.region;
    layer.groups = sharding.numGroups();
    for (const std::vector<int64_t> &group : sharding.held)
      layer.replicas += static_cast<int64_t>(group.size());
    layer.replicas -= sharding.held.empty() ? 0 : kernel.numExperts;
    layer.considered = planner.getExperts().curve(
        kernel, planner.getExplorer().allOf(kernel, sharding.region));
  }
}

FailureOr<mapping::Decisions> inlay::wafer::collectDecisions(ModuleOp module) {
  MappingAnalysis analysis(module);
  FailureOr<OpenSystem> open = openSystem(module, analysis, Progress::Placed);
  if (failed(open))
    return failure();
  const model::Graph &model = analysis.getModel();
  mapping::WaferPlanner &planner =
      analysis.getPlanner(open->system, open->constraints);
  mapping::Decisions decisions;
  decisions.wafers = open->system.getWafers();
  for (size_t k = 0; k < model.kernels.size(); ++k)
    decisions.bytes += double(planner.leastBytes(k));
  decisions.bytesPerWafer =
      double(planner.liveCores()) * double(open->system.getPlanBudget());
  decisions.fewestWafers = std::max<int64_t>(
      1, std::llround(std::ceil(decisions.bytes / decisions.bytesPerWafer)));
  std::map<std::vector<int>, size_t> known;
  for (auto &[stage, run] : stagesOf(open->system, open->placements)) {
    if (run.empty())
      continue;
    auto [at, isNew] =
        known.try_emplace(planner.keyOf(run), decisions.stages.size());
    if (isNew)
      decisions.stages.push_back(
          decisionOf(planner, model, run, open->placements));
    decisions.stages[at->second].wafers.push_back(stage.getWafer());
  }
  addExperts(planner, model, open->placements, decisions);
  return decisions;
}
