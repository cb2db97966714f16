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
#include "AttrConversion.h"
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

/// One decision for kernels that are cut alike.
static void addKernels(mapping::WaferPlanner &planner, SystemOp system,
                       const model::Graph &model,
                       MutableArrayRef<Placement> placements,
                       mapping::Decisions &decisions) {
  target::Target target = toTarget(system.getTarget());
  cost::Rates rates(target, toMode(system.getCost()));
  cost::ModelRouting routing = routingOf(system);
  using Key = std::tuple<int, int64_t, int64_t, int64_t, std::vector<int>>;
  std::map<Key, size_t> known;
  for (auto [k, kernel] : llvm::enumerate(model.kernels)) {
    model::Sharding sharding = placements[k].getSharding();
    std::vector<int> axes;
    for (const model::OpSharding &op : sharding.ops) {
      for (model::Axis axis : op.axisOfDim)
        axes.push_back(static_cast<int>(axis));
      axes.push_back(static_cast<int>(op.width));
    }
    auto [at, isNew] = known.try_emplace(
        Key(planner.kindOf(k), sharding.region.width, sharding.region.height,
            sharding.numGroups(), axes),
        decisions.kernels.size());
    if (isNew)
      decisions.kernels.push_back(mapping::decideKernel(
          kernel, sharding, planner, rates, routing.of(kernel.layer)));
    else
      ++decisions.kernels[at->second].kernels;
  }
}

static void addPartition(mapping::WaferPlanner &planner, OpenSystem &open,
                         const model::Graph &model,
                         mapping::Decisions &decisions) {
  SystemOp system = open.system;
  target::Target target = toTarget(system.getTarget());
  std::vector<partition::Stage> stages;
  for (auto &[stage, run] : stagesOf(system, open.placements))
    if (!run.empty())
      stages.push_back({run.front(), run.back() + 1});
  mapping::StageRequest request = {
      model,
      target,
      toMode(system.getCost()),
      routingOf(system),
      open.constraints,
      static_cast<int64_t>(system.getPlanBudget())};
  if (DictionaryAttr options = system.getOptionsAttr()) {
    if (auto wafers = options.getAs<StringAttr>("wafers"))
      if (wafers.getValue().getAsInteger(10, request.wafers))
        request.wafers = 0;
    if (auto objective = options.getAs<StringAttr>("objective"))
      if (auto known = symbolizeObjective(objective.getValue()))
        request.objective = static_cast<partition::Objective>(*known);
  }
  decisions.partition = mapping::decidePartition(request, planner, stages);
}

static void addStep(SystemOp system, mapping::Decisions &decisions) {
  for (auto step : system.getBody().getOps<StepEstimateOp>()) {
    decisions.step.cycles = step.getLatency().getTotal();
    decisions.step.least = step.getLeast().convertToDouble();
    decisions.step.leastOfAll = step.getModel().convertToDouble();
    decisions.step.stages.assign(step.getStages().begin(),
                                 step.getStages().end());
    double crossings = toBound(step.getBound()).crossing;
    decisions.step.leastSlowest =
        std::max(0.0, decisions.step.least - crossings) /
        double(step.getStages().size());
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
  addStep(open->system, decisions);
  std::map<std::vector<int>, size_t> known;
  for (auto &[stage, run] : stagesOf(open->system, open->placements)) {
    if (run.empty())
      continue;
    auto [at, isNew] =
        known.try_emplace(planner.keyOf(run), decisions.stages.size());
    if (isNew)
      decisions.stages.push_back(
          decisionOf(planner, model, run, open->placements));
    mapping::WaferDecision &decision = decisions.stages[at->second];
    decision.wafers.push_back(stage.getWafer());
    decision.routed =
        std::max(decision.routed, decisions.step.stages[stage.getWafer()]);
  }
  addPartition(planner, *open, model, decisions);
  addKernels(planner, open->system, model, open->placements, decisions);
  addExperts(planner, model, open->placements, decisions);
  return decisions;
}
