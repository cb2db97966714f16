//===- Given.h - Regions that are given from outside ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Another search, or a person, says which kernels share a rectangle and where
// it lies; here is what they then take, by the rules that hold for Inlay's own
// search.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FLOORPLAN_GIVEN_H
#define INLAY_FLOORPLAN_GIVEN_H

#include "inlay/Floorplan/Floorplan.h"

#include <memory>
#include <vector>

namespace inlay::floorplan {

class RunCost;

/// Prices regions of one chain, which must outlive this. Extents that were
/// asked for before are answered from memory.
class Pricer {
public:
  explicit Pricer(const Chain &chain);
  ~Pricer();

  /// `parts[i]` on `rects[i]`: every kernel with its fastest offer, slower ones
  /// where bytes call for it. None when some part does not fit on its
  /// rectangle. That each kernel is in one part, and that rectangles are
  /// disjoint and off dead cores, is for RegionPlan::verify to find out.
  std::optional<RegionPlan> price(const std::vector<Kernels> &parts,
                                  const std::vector<model::Rect> &rects);

  /// Bytes of a core that the kernels need at least, over the budget: at most 1
  /// where they fit, and large where one of them has no offer at all.
  double fill(const Kernels &kernels, model::Extent extent);

private:
  std::unique_ptr<RunCost> runs;
};

} // namespace inlay::floorplan

#endif // INLAY_FLOORPLAN_GIVEN_H
