//===- StagePlanner.cpp - The wafer of each kernel of a model -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StageProblem.h"

#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <limits>
#include <map>

using namespace inlay;
using namespace inlay::mapping;

/// Bytes that cross when the chain is cut behind each kernel: every tensor that
/// is made before the cut and used behind it, once.
static std::vector<double> crossingBytes(const model::Graph &model) {
  std::map<std::pair<int, int>, const model::StreamSpec *> lastUse;
  for (const model::StreamSpec &stream : model.streams) {
    if (stream.producer == model::kHost || stream.consumer == model::kHost)
      continue;
    const model::StreamSpec *&last =
        lastUse[{stream.producer, stream.producerPort}];
    if (!last || last->consumer < stream.consumer)
      last = &stream;
  }
  // Differences between neighbouring cuts, then their sums.
  std::vector<double> bytes(model.kernels.size() + 1, 0);
  for (const auto &[port, stream] : lastUse) {
    bytes[stream->producer] += static_cast<double>(stream->bytes());
    bytes[stream->consumer] -= static_cast<double>(stream->bytes());
  }
  for (size_t k = 1; k < bytes.size(); ++k)
    bytes[k] += bytes[k - 1];
  bytes.pop_back();
  return bytes;
}

/// Cycles of a kernel on a region of middling size: what stages are weighed by
/// before their regions are known.
static double typicalCycles(WaferPlanner &planner,
                            const model::KernelSpec &kernel) {
  sharding::Explorer &explorer = planner.getExplorer();
  model::Extent grid = explorer.getMachine().grid;
  for (model::Extent extent :
       {model::Extent{std::max<int64_t>(1, grid.width / 2),
                      std::max<int64_t>(1, grid.height / 3)},
        grid})
    if (auto variant = explorer.best(kernel, extent))
      return variant->cycles;
  return 0;
}

static partition::Problem makeProblem(const StageRequest &request,
                                      WaferPlanner &planner) {
  const model::Graph &model = request.model;
  std::vector<double> crossing = crossingBytes(model);
  std::vector<bool> joined = request.constraints.joined(model.kernels.size());
  partition::Problem problem;
  for (size_t k = 0; k < model.kernels.size(); ++k) {
    const model::KernelSpec &kernel = model.kernels[k];
    partition::Item &item = problem.items.emplace_back();
    item.name = kernel.name;
    item.layer = kernel.layer;
    item.bytes = planner.leastBytes(k);
    item.cycles = typicalCycles(planner, kernel);
    item.crossing = cost::crossingCost(request.target, crossing[k]).total();
    item.kind = planner.kindOf(k);
    item.isJoined = joined[k];
  }
  for (const Constraints::Pin &pin : request.constraints.pins)
    problem.items[pin.kernel].wafer = static_cast<int>(pin.wafer);
  problem.wafers = request.wafers;
  problem.objective = request.objective;
  problem.bytesPerWafer = planner.liveCores() * request.budget;
  problem.fits = [&planner](size_t first, size_t last) {
    return planner.fits(WaferPlanner::runOf(first, last));
  };
  return problem;
}

/// Says of each kernel that constraints leave no place by itself, that they do.
static bool checkPlaces(const StageRequest &request, WaferPlanner &planner,
                        Diagnostics &diags) {
  std::map<size_t, std::string> limited; // kernels and what limits them
  for (const Constraints::Limit &limit : request.constraints.limits)
    limited[limit.kernel] = fmt::format(
        "limit '{}' to {} x {} cores", request.model.kernels[limit.kernel].name,
        limit.most.width, limit.most.height);
  for (const Constraints::Pin &pin : request.constraints.pins)
    if (pin.at)
      limited[pin.kernel] = fmt::format(
          "pin '{}' at ({}, {}), from where regions lead east and south",
          request.model.kernels[pin.kernel].name, pin.at->first,
          pin.at->second);
  bool isValid = true;
  for (const auto &[kernel, what] : limited) {
    if (planner.fits({kernel}))
      continue;
    isValid = false;
    diags
        .capacityError(
            "constraints",
            fmt::format("{}: it fits on no rectangle there, although it needs "
                        "only {} of the {} of the live cores of a wafer",
                        what,
                        formatTotalBytes(double(planner.leastBytes(kernel))),
                        formatTotalBytes(double(planner.liveCores()) *
                                         double(request.budget))))
        .notes.push_back("pin it further to the north-west, or give it more "
                         "cores");
  }
  return isValid;
}

std::optional<partition::Problem>
inlay::mapping::checkedProblem(const StageRequest &request,
                               WaferPlanner &planner, Diagnostics &diags) {
  if (planner.liveCores() == 0) {
    diags.inputError("constraints",
                     "leave no core: with the target's dead cores they keep "
                     "kernels out of the whole grid");
    return std::nullopt;
  }
  if (!planner.getExplorer().allFit(request.model.kernels, diags))
    return std::nullopt;
  if (!checkPlaces(request, planner, diags))
    return std::nullopt;
  partition::Problem problem = makeProblem(request, planner);
  if (!problem.check(diags))
    return std::nullopt;
  return problem;
}

static std::optional<partition::Solution>
solved(const partition::Problem &problem, Diagnostics &diags) {
  std::optional<partition::Solution> solution =
      partition::solve(problem, diags);
  if (!solution || !solution->verify(problem, diags))
    return std::nullopt;
  return solution;
}

std::optional<partition::Solution>
inlay::mapping::planStages(const StageRequest &request, WaferPlanner &planner,
                           Diagnostics &diags) {
  std::optional<partition::Problem> problem =
      checkedProblem(request, planner, diags);
  return problem ? solved(*problem, diags) : std::nullopt;
}

double inlay::mapping::stepCycles(const partition::Solution &solution,
                                  WaferPlanner &planner) {
  double cycles = solution.crossings;
  for (const partition::Stage &stage : solution.stages) {
    const std::optional<floorplan::RegionPlan> &plan =
        planner.plan(WaferPlanner::runOf(stage.first, stage.last));
    if (!plan)
      return std::numeric_limits<double>::infinity();
    cycles += plan->cycles;
  }
  return cycles;
}

/// Cycles of the slowest wafer times wafers: the least is the most that each
/// wafer can yield.
static double costOfYield(const partition::Solution &solution,
                          WaferPlanner &planner) {
  double slowest = 0;
  for (const partition::Stage &stage : solution.stages) {
    const std::optional<floorplan::RegionPlan> &plan =
        planner.plan(WaferPlanner::runOf(stage.first, stage.last));
    slowest = std::max(slowest, plan ? plan->cycles
                                     : std::numeric_limits<double>::infinity());
  }
  return slowest * double(solution.stages.size());
}

/// More wafers than `least` has, where each of them yields more then.
static partition::Solution withMostYield(partition::Problem problem,
                                         partition::Solution least,
                                         WaferPlanner &planner) {
  constexpr int kPatience = 3;
  double cost = costOfYield(least, planner);
  auto wafers = static_cast<int>(least.stages.size());
  for (int worse = 0; worse < kPatience; ++worse) {
    problem.wafers = ++wafers;
    Diagnostics ignored;
    if (problem.items.size() < size_t(wafers))
      break;
    std::optional<partition::Solution> more = solved(problem, ignored);
    double trial = more ? costOfYield(*more, planner) : cost;
    if (trial >= cost)
      continue;
    cost = trial;
    least = std::move(*more);
    worse = -1;
  }
  return least;
}

std::optional<partition::Solution>
inlay::mapping::planFastestStages(const StageRequest &request,
                                  WaferPlanner &planner, Diagnostics &diags) {
  std::optional<partition::Problem> problem =
      checkedProblem(request, planner, diags);
  std::optional<partition::Solution> start =
      problem ? solved(*problem, diags) : std::nullopt;
  if (!start || !request.constraints.pins.empty())
    return start;
  if (request.objective == partition::Objective::Throughput &&
      request.wafers == 0)
    return withMostYield(*problem, std::move(*start), planner);
  if (request.objective != partition::Objective::Latency)
    return start;
  partition::StageCosts costs;
  costs.cycles = [&](size_t first, size_t last) {
    const std::optional<floorplan::RegionPlan> &plan =
        planner.plan(WaferPlanner::runOf(first, last));
    return plan ? plan->cycles : std::numeric_limits<double>::infinity();
  };
  costs.atLeast = [&](size_t first, size_t last) {
    return planner.atLeast(WaferPlanner::runOf(first, last));
  };
  costs.key = [&](size_t first, size_t last) {
    return planner.keyOf(WaferPlanner::runOf(first, last));
  };
  partition::Solution best =
      partition::fasten(*problem, std::move(*start), costs);
  if (!best.verify(*problem, diags))
    return std::nullopt;
  return best;
}
