//===- MapModel.cpp - Variants, partition, floorplan and memory -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MapModel.h"

#include "inlay/Cost/Cost.h"

#include <map>

using namespace inlay;
using namespace inlay::model;
using namespace inlay::test;

namespace {

class Mapper {
public:
  Mapper(const Graph &graph, const target::Target &target, Diagnostics &diags)
      : graph(graph), target(target), diags(diags),
        explorer(sharding::machineOf(target)) {}

  std::optional<std::vector<Placed>> run(int wafers,
                                         partition::Objective objective) {
    if (!graph.check(diags) || !exploreAll())
      return std::nullopt;
    partition::Problem problem;
    for (size_t k = 0; k < graph.kernels.size(); ++k)
      problem.items.push_back(
          {graph.kernels[k].name, graph.kernels[k].layer, least[k].area(),
           explorer.best(graph.kernels[k], least[k])->cycles,
           cost::crossingCost(target, 256).total()});
    problem.wafers = wafers;
    problem.objective = objective;
    problem.coresPerWafer = floorplanOf(0, 0).liveCores();
    problem.fits = [this](size_t first, size_t last) {
      return floorplan::pack(floorplanOf(first, last)).has_value();
    };
    if (!problem.check(diags))
      return std::nullopt;
    std::optional<partition::Solution> solution =
        partition::solve(problem, diags);
    if (!solution || !solution->verify(problem, diags))
      return std::nullopt;
    for (size_t s = 0; s < solution->stages.size(); ++s)
      if (!placeStage(solution->stages[s], static_cast<int>(s)))
        return std::nullopt;
    return std::move(placed);
  }

private:
  bool exploreAll() {
    auto extents = explorer.leastExtents(graph.kernels, diags);
    if (extents)
      least = std::move(*extents);
    return extents.has_value();
  }

  floorplan::Problem floorplanOf(size_t first, size_t last) {
    floorplan::Problem problem;
    problem.name = "wafer";
    problem.grid = target.grid;
    problem.dead = target.dead;
    std::map<std::string, int> shapeOf;
    for (size_t k = first; k < last; ++k) {
      const KernelSpec &kernel = graph.kernels[k];
      auto [it, isNew] = shapeOf.try_emplace(
          kernel.structuralHash, static_cast<int>(problem.shapes.size()));
      if (isNew)
        problem.shapes.push_back(
            {least[k].area(),
             [&](Extent extent) { return explorer.fits(kernel, extent); },
             [&](Extent extent) {
               return explorer.best(kernel, extent)->cycles;
             }});
      problem.blocks.push_back({kernel.name, it->second});
    }
    return problem;
  }

  bool placeStage(const partition::Stage &stage, int wafer) {
    floorplan::Problem problem = floorplanOf(stage.first, stage.last);
    if (!problem.check(diags))
      return false;
    std::optional<floorplan::Solution> plan = floorplan::solve(problem, diags);
    if (!plan || !plan->verify(problem, diags))
      return false;
    for (size_t k = stage.first; k < stage.last; ++k) {
      const KernelSpec &kernel = graph.kernels[k];
      Placed place;
      place.wafer = wafer;
      place.rect = plan->rects[k - stage.first];
      place.variant = *explorer.best(kernel, place.rect.extent());
      if (!model::check(kernel, place.variant.sharding, diags))
        return false;
      memory::Problem map =
          memory::problemOf(kernel, place.variant.sharding, target.budget());
      if (!map.check(diags))
        return false;
      std::optional<memory::Solution> offsets = memory::solve(map, diags);
      if (!offsets || !offsets->verify(map, diags))
        return false;
      place.memory = std::move(*offsets);
      placed.push_back(std::move(place));
    }
    return true;
  }

  const Graph &graph;
  const target::Target &target;
  Diagnostics &diags;
  sharding::Explorer explorer;
  std::vector<Extent> least;
  std::vector<Placed> placed;
};

} // namespace

std::optional<std::vector<Placed>>
inlay::test::mapModel(const Graph &graph, const target::Target &target,
                      int wafers, partition::Objective objective,
                      Diagnostics &diags) {
  return Mapper(graph, target, diags).run(wafers, objective);
}
