//===- Packed.h - Kernels on free rectangles around dead cores --*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dead cores leave rectangles of many sizes. Which kernels share one is then
// not a matter of their order but of what fits: kernels are assigned to the
// rectangles one by one, the largest first, and moved as long as that saves
// cycles of the step.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_PACKED_H
#define INLAY_LIB_FLOORPLAN_PACKED_H

#include "Divisions.h"
#include "RunCost.h"

namespace inlay::floorplan {

/// Sets of disjoint free rectangles, from few large ones to as many as hold
/// kernel `largest`: shelves of rows (or of columns) that may begin anywhere,
/// with what is free along all of each in parts that hold the kernel.
std::vector<std::vector<model::Rect>>
freeShelves(const Chain &chain, RunCost &runs, size_t largest,
            const std::vector<model::Rect> &dead);

/// Where parts may be.
struct PartRects {
  std::vector<model::Rect> rects;
  /// The only rectangle of each part that has its place; may be empty.
  std::vector<std::optional<size_t>> homes = {};
};

/// Kernels of a part share a region. Parts are assigned to the rectangles so
/// that the step is short; several may share one, unless `apart`. None where a
/// part finds no room. `refines`: whether to look for better assignments.
std::optional<std::vector<Region>>
assignParts(const Chain &chain, RunCost &runs, const Parts &parts,
            const PartRects &rects, bool apart, bool refines);

} // namespace inlay::floorplan

#endif // INLAY_LIB_FLOORPLAN_PACKED_H
