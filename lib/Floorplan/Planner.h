//===- Planner.h - Searches for regions of few cycles -----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_PLANNER_H
#define INLAY_LIB_FLOORPLAN_PLANNER_H

#include "inlay/Floorplan/Floorplan.h"

#include "Divisions.h"
#include "Packed.h"
#include "RunCost.h"
#include "Tiles.h"

namespace inlay::floorplan {

/// Searches for the regions of one chain. Its parts are in several files.
class Planner {
public:
  Planner(const Chain &chain, const SearchOptions &options,
          std::vector<Attempt> *attempts)
      : chain(chain), options(options), attempts(attempts), runs(chain) {
    for (const model::Rect &rect : chain.dead)
      if (rect.area() > 0 &&
          rect.overlaps({0, 0, chain.grid.width, chain.grid.height}))
        dead.push_back(rect);
    for (size_t k = 0; k < chain.links.size(); ++k)
      if (chain.links[k].at)
        pinned.push_back(k);
    findCuts();
  }

  std::optional<RegionPlan> run();
  std::optional<RegionPlan> runFixed(const Parts &parts);

private:
  size_t count() const { return chain.links.size(); }
  bool isDone() const { return best && options.anyPlan; }
  /// Whether tiles in strips do not do.
  bool needsFreeTiles() const { return !dead.empty() || !pinned.empty(); }

  void search();
  void findCuts();
  bool tryOneRegion();
  void tryRoundSides(const Parts &all, const model::Rect &within);
  void tryCount(size_t regions);
  void tryStrips(model::Extent grid, const Strips &strips, size_t regions);
  void tryFree(model::Extent tile);
  void tryTiles(const std::vector<model::Rect> &tiles);
  void tryPinned(model::Extent tile);
  std::vector<size_t> places() const;
  std::vector<model::Rect> pinnedRects(const std::vector<size_t> &firsts,
                                       model::Extent most) const;
  bool mayHold(size_t tile, size_t first, size_t last) const;
  Parts distribute(const std::vector<model::Rect> &tiles,
                   std::vector<model::Rect> &used);
  Parts cutByBytes(size_t regions) const;
  void resize(model::Extent grid, const Strips &strips, const Parts &parts,
              std::vector<model::Rect> tiles);

  void tryPacked(const Parts &parts, bool apart);
  void tryPackedPinned(const Parts &parts, bool apart);
  bool tryAssigned(const Parts &parts, const PartRects &rects, bool apart);
  Parts unitsOf() const;

  void tryDivisions();
  void tryDivision(const Division &division);
  void trySides(const Division &division, const Sides &sides);

  bool consider(std::optional<RegionPlan> plan);
  void refine();

  const Chain &chain;
  const SearchOptions &options;
  std::vector<Attempt> *attempts;
  RunCost runs;
  std::vector<model::Rect> dead;
  std::vector<size_t> pinned; ///< kernels whose regions have their places
  /// The pinned kernel of each tile of a distribution, or -1; may be empty.
  std::vector<int64_t> pinOfTile;
  /// Kernels that a region may begin with, and the number of kernels.
  std::vector<size_t> cuts;
  bool isCoarse = false; ///< tiles are of few sizes
  bool isFixed = false;  ///< a region begins at each of them
  std::optional<RegionPlan> best;
  std::vector<RegionPlan> starts; ///< the best for each number of regions
  size_t bestCount = 0;
};

} // namespace inlay::floorplan

#endif // INLAY_LIB_FLOORPLAN_PLANNER_H
