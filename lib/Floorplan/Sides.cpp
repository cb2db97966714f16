//===- Sides.cpp - Small kernels along a side of the wafer ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Planner.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;

static constexpr double kNever = RunCost::kNever;

/// Sizes first by how full the tiles are; then the small ones grow as far as
/// the large ones leave them room.
void Planner::trySides(const Division &division, const Sides &sides) {
  constexpr int kRounds = 3;
  constexpr double kGrowth[] = {1.5, 2.5, 4, 7, 12};
  Parts parts = division.small;
  parts.insert(parts.end(), division.large.begin(), division.large.end());
  std::vector<double> weights;
  for (const Kernels &part : parts) {
    double bytes = 0;
    for (size_t k : part)
      bytes += chain.links[k].bytes;
    weights.push_back(std::max(1.0, bytes));
  }
  std::optional<RegionPlan> plan;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Rect> tiles = layOutSides(chain.grid, sides, weights, isCoarse);
    if (tiles.empty())
      return;
    if (std::optional<RegionPlan> next = runs.placeAll(parts, tiles))
      plan = std::move(next);
    for (size_t r = 0; r < parts.size(); ++r)
      weights[r] = double(tiles[r].area()) *
                   std::clamp(runs.fill(parts[r], tiles[r].extent()), 0.1, 8.0);
  }
  // Growth saves some of the cycles, not most of them.
  constexpr double kNear = 1.5;
  if (best && plan && plan->cycles > kNear * best->cycles)
    return;
  double before = plan ? plan->cycles : kNever;
  consider(std::move(plan));
  if (isDone())
    return;
  for (double growth : kGrowth) {
    std::vector<double> grown = weights;
    for (size_t r = 0; r < division.small.size(); ++r)
      grown[r] *= growth;
    std::vector<Rect> tiles = layOutSides(chain.grid, sides, grown, isCoarse);
    std::optional<RegionPlan> next;
    if (!tiles.empty())
      next = runs.placeAll(parts, tiles);
    if (!next || next->cycles > before)
      return;
    before = next->cycles;
    consider(std::move(next));
    if (isDone())
      return;
  }
}

void Planner::tryDivision(const Division &division) {
  constexpr double kSliver = 4;
  size_t large = division.large.size();
  for (bool onTheLeft : {false, true})
    for (size_t strips = 1; strips <= large; ++strips)
      for (bool isTransposed : {false, true}) {
        if (isTransposed && (large % strips == 0))
          continue;
        Extent grid = chain.grid;
        double across = double(isTransposed ? grid.height : grid.width) *
                        double(strips) / double(large);
        double along =
            double(isTransposed ? grid.width : grid.height) / double(strips);
        if (std::max(across, along) > kSliver * std::min(across, along))
          continue;
        trySides(division, {division.small.size(), onTheLeft,
                            evenStrips(large, strips, isTransposed)});
        if (isDone())
          return;
      }
}

void Planner::tryDivisions() {
  if (needsFreeTiles())
    return;
  for (const Division &division : divisionsOf(chain)) {
    if (isDone())
      return;
    tryDivision(division);
  }
}
