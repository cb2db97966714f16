//===- ShapeCurve.h - Extents on which a block fits -------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The extents on which a malleable block fits, as the least height for each
// width and the least width for each height. Curves of blocks side by side add
// up in width, those of blocks on top of each other in height (Stockmeyer,
// "Optimal orientations of cells in slicing floorplan designs", 1983).
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FLOORPLAN_SHAPECURVE_H
#define INLAY_FLOORPLAN_SHAPECURVE_H

#include "inlay/Model/Geometry.h"

#include <cstdint>
#include <vector>

namespace inlay::floorplan {

/// A width or a height in cores. 16 bits keep curves in the caches.
using Side = uint16_t;

/// No width or height is enough. Two of them still fit in a Side.
inline constexpr Side kNoSide = 16384;

/// Sides of grids that curves can be made for: a sum that leaves the grid stays
/// below kNoSide.
inline constexpr int64_t kMostSide = 4096;

struct ShapeCurve {
  /// By width, 0 to the grid's: never rising.
  std::vector<Side> heights;
  /// By height, 0 to the grid's: never rising.
  std::vector<Side> widths;

  ShapeCurve() = default;
  /// Fits nowhere, until extents are added.
  explicit ShapeCurve(model::Extent grid)
      : heights(grid.width + 1, kNoSide), widths(grid.height + 1, kNoSide) {}

  /// Adds an extent; those outside the grid are ignored. Call `close` after the
  /// last.
  void add(int64_t width, int64_t height);
  /// Makes every extent fit that is as wide and as high as one that was added.
  void close();

  bool fits(int64_t width, int64_t height) const {
    return heights[width] <= height;
  }
  bool isEmpty() const { return heights.back() == kNoSide; }
  /// Cores of the smallest extent.
  int64_t leastArea() const;
  /// The shorter side of the extent whose shorter side is least.
  int64_t leastSide() const;
};

/// sum[i] = a[i] + b[i], at most kNoSide.
void addSides(const Side *a, const Side *b, Side *sum, size_t count);

/// The least width for each height from the least height for each width, or the
/// other way round.
void invertSides(const Side *from, size_t fromCount, Side *to, size_t toCount);

} // namespace inlay::floorplan

#endif // INLAY_FLOORPLAN_SHAPECURVE_H
