//===- Tiles.h - Rectangles that tile a grid --------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tiles stand in strips, which run alternately forth and back, so that each
// tile is the neighbour of the one before.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_TILES_H
#define INLAY_LIB_FLOORPLAN_TILES_H

#include "inlay/Model/Geometry.h"

#include <vector>

namespace inlay::floorplan {

inline model::Rect transpose(const model::Rect &rect) {
  return {rect.y, rect.x, rect.height, rect.width};
}

/// Strips over a grid: rows, or columns where transposed.
struct Strips {
  std::vector<size_t> counts; ///< tiles in each
  bool isTransposed = false;
};

/// `tiles` tiles in `strips` strips, as evenly as numbers allow.
Strips evenStrips(size_t tiles, size_t strips, bool isTransposed);

/// Tiles of about equal fill: strips as high as the sum of their tiles' weights
/// says, tiles as wide as their own; one weight for each tile, in order. Empty
/// where some tile would have no core.
/// Where `isCoarse`, borders lie at multiples of some cores, so that tiles of
/// about one size are of one size and are looked at once.
std::vector<model::Rect> layOut(model::Extent grid, const Strips &strips,
                                const std::vector<double> &weights,
                                bool isCoarse);

/// Small tiles side by side along the top of a grid, or on its left side; the
/// others in strips on the rest.
struct Sides {
  size_t small = 1;
  bool onTheLeft = false;
  Strips large;
};

/// Sized by weights, those of the small tiles first.
std::vector<model::Rect> layOutSides(model::Extent grid, const Sides &sides,
                                     const std::vector<double> &weights,
                                     bool isCoarse);

/// Disjoint rectangles off `dead`, none of more than about `tile` cores: the
/// largest free rectangle first, cut into equal parts where it is larger than a
/// tile, until what is left is small. Ordered so that neighbours follow each
/// other.
std::vector<model::Rect> freeTiles(model::Extent grid,
                                   const std::vector<model::Rect> &dead,
                                   model::Extent tile);

/// The largest rectangle of at most `most` cores on a side whose north-west
/// core is at (x, y), off `dead`; of no area where that core is not free.
model::Rect anchoredTile(model::Extent grid,
                         const std::vector<model::Rect> &dead, int64_t x,
                         int64_t y, model::Extent most);

} // namespace inlay::floorplan

#endif // INLAY_LIB_FLOORPLAN_TILES_H
