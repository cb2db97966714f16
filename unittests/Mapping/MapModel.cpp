//===- MapModel.cpp - Partition, regions, shardings and memory ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MapModel.h"

#include "inlay/Cost/Cost.h"
#include "inlay/Mapping/WaferPlanner.h"

using namespace inlay;
using namespace inlay::model;
using namespace inlay::test;
using mapping::WaferPlanner;

namespace {

class Mapper {
public:
  Mapper(const Graph &graph, const target::Target &target, Diagnostics &diags)
      : graph(graph), target(target), diags(diags),
        planner(graph, target, cost::Mode::Ideal, {}, target.budget()) {}

  std::optional<std::vector<Placed>> run(int wafers,
                                         partition::Objective objective) {
    if (!graph.check(diags) ||
        !planner.getExplorer().allFit(graph.kernels, diags))
      return std::nullopt;
    partition::Problem problem;
    for (size_t k = 0; k < graph.kernels.size(); ++k)
      problem.items.push_back(
          {graph.kernels[k].name, graph.kernels[k].layer, planner.leastBytes(k),
           double(planner.leastBytes(k)),
           cost::crossingCost(target, 256).total(), planner.kindOf(k)});
    problem.wafers = wafers;
    problem.objective = objective;
    problem.bytesPerWafer = planner.liveCores() * target.budget();
    problem.fits = [this](size_t first, size_t last) {
      return planner.fits(WaferPlanner::runOf(first, last));
    };
    if (!problem.check(diags))
      return std::nullopt;
    std::optional<partition::Solution> solution =
        partition::solve(problem, diags);
    if (!solution || !solution->verify(problem, diags))
      return std::nullopt;
    placed.resize(graph.kernels.size());
    for (size_t s = 0; s < solution->stages.size(); ++s)
      if (!placeStage(solution->stages[s], static_cast<int>(s)))
        return std::nullopt;
    return std::move(placed);
  }

private:
  bool placeStage(const partition::Stage &stage, int wafer) {
    WaferPlanner::Run run = WaferPlanner::runOf(stage.first, stage.last);
    floorplan::Chain chain = planner.chainOf(run, "wafer");
    const std::optional<floorplan::RegionPlan> &plan = planner.plan(run);
    if (!chain.check(diags) || !plan || !plan->verify(chain, diags))
      return false;
    for (const floorplan::Region &region : plan->regions)
      if (!placeRegion(region, stage.first, wafer))
        return false;
    return true;
  }

  bool placeRegion(const floorplan::Region &region, size_t base, int wafer) {
    std::vector<CutKernel> kernels;
    for (size_t i = 0; i < region.kernels.size(); ++i) {
      size_t k = base + region.kernels[i];
      const KernelSpec &kernel = graph.kernels[k];
      const Sharding &sharding =
          planner.shardingOf(k, region.rect.extent(), region.offers[i]);
      if (!model::check(kernel, sharding, diags))
        return false;
      kernels.push_back({&kernel, &sharding});
    }
    memory::Problem map = memory::problemOf(kernels, "region", target.budget());
    if (!map.check(diags))
      return false;
    std::optional<memory::Solution> offsets = memory::solve(map, diags);
    if (!offsets || !offsets->verify(map, diags))
      return false;
    for (size_t i = 0; i < kernels.size(); ++i)
      placed[base + region.kernels[i]] = {wafer, region.rect,
                                          *kernels[i].sharding, *offsets};
    return true;
  }

  const Graph &graph;
  const target::Target &target;
  Diagnostics &diags;
  WaferPlanner planner;
  std::vector<Placed> placed;
};

} // namespace

std::optional<std::vector<Placed>>
inlay::test::mapModel(const Graph &graph, const target::Target &target,
                      int wafers, partition::Objective objective,
                      Diagnostics &diags) {
  return Mapper(graph, target, diags).run(wafers, objective);
}
