//===- Refine.h - Better plans step by step ---------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_REFINE_H
#define INLAY_LIB_FLOORPLAN_REFINE_H

#include "inlay/Floorplan/Floorplan.h"

#include "RunCost.h"

namespace inlay::floorplan {

/// Changes a plan as long as a step takes fewer cycles after each change. What
/// is tried and in which order depends on the plan only.
class Refiner {
public:
  /// `dead` are the dead cores of the chain that lie on its grid. At most so
  /// many rectangles of new sizes are looked at.
  Refiner(const Chain &chain, RunCost &runs,
          const std::vector<model::Rect> &dead, int mostSizes)
      : chain(chain), runs(runs), dead(dead), sizesLeft(mostSizes) {}

  /// Takes parts of sides away from regions.
  void shrink(RegionPlan &plan);

  /// Everything: where `mayMove`, kernels change their regions too.
  void run(RegionPlan &plan, bool mayMove);

private:
  using Regions = std::vector<Region>;

  bool take(RegionPlan &plan, Regions next);
  bool isFree(const model::Rect &rect, const Regions &regions,
              const std::vector<size_t> &except) const;
  bool isPinned(const Region &region) const;
  std::vector<Kernels> unitsOf(const Region &region) const;

  bool resizeAll(RegionPlan &plan, const std::vector<int64_t> &parts);
  bool resize(RegionPlan &plan, size_t region,
              const std::vector<int64_t> &parts);
  bool resizeBy(RegionPlan &plan, size_t region, const model::Rect &rect);
  bool shiftBorders(RegionPlan &plan);
  bool shiftBorder(RegionPlan &plan, size_t a, size_t b, bool isVertical);
  bool slideAll(RegionPlan &plan);
  bool slide(RegionPlan &plan, size_t region);
  bool swapAll(RegionPlan &plan);
  bool moveAll(RegionPlan &plan);
  bool move(RegionPlan &plan, size_t from, const Kernels &unit);
  bool moveTo(RegionPlan &plan, size_t from, size_t to, const Kernels &unit);
  bool moveToNew(RegionPlan &plan, size_t from, const Kernels &unit);

  const Chain &chain;
  RunCost &runs;
  const std::vector<model::Rect> &dead;
  int sizesLeft;
};

} // namespace inlay::floorplan

#endif // INLAY_LIB_FLOORPLAN_REFINE_H
