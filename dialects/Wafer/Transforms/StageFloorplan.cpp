//===- StageFloorplan.cpp - Floorplans of runs of kernels -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StageFloorplan.h"

#include <map>
#include <numeric>

using namespace inlay;
using namespace inlay::wafer;

floorplan::Problem StageFloorplan::problemOf(const std::vector<size_t> &kernels,
                                             std::string name) const {
  floorplan::Problem problem;
  problem.name = std::move(name);
  problem.grid = explorer.getMachine().grid;
  problem.dead = forbidden;
  problem.cyclesPerHop = cyclesPerHop;
  std::map<std::string, int> shapeOf;
  for (size_t index : kernels) {
    const model::KernelSpec &kernel = model.kernels[index];
    // Hashes are hexadecimal; a name with a colon is none.
    const std::string &key = kernel.structuralHash.empty()
                                 ? "name:" + kernel.name
                                 : kernel.structuralHash;
    auto [shape, isNew] =
        shapeOf.try_emplace(key, static_cast<int>(problem.shapes.size()));
    if (isNew)
      problem.shapes.push_back(
          {explorer.leastExtent(kernel)->area(),
           [&explorer = explorer, &kernel](model::Extent extent) {
             return explorer.fits(kernel, extent);
           },
           [&explorer = explorer, &kernel](model::Extent extent) {
             return explorer.best(kernel, extent)->cycles;
           },
           explorer.getMachine().atLeast});
    problem.blocks.push_back({kernel.name, shape->second});
  }
  return problem;
}

floorplan::Problem StageFloorplan::problemOf(size_t first, size_t last,
                                             std::string name) const {
  std::vector<size_t> kernels(last - first);
  std::iota(kernels.begin(), kernels.end(), first);
  return problemOf(kernels, std::move(name));
}
