//===- Geometry.h - Rectangles of cores -------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Coordinates are (x, y) in cores, origin in the north-west corner, x grows
// east, y grows south. Rectangles are half-open.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODEL_GEOMETRY_H
#define INLAY_MODEL_GEOMETRY_H

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace inlay::model {

/// No grid of cores has more than this many on a side, so that areas and
/// coordinates never overflow.
inline constexpr int64_t kLargestSide = 1 << 16;

/// Columns and rows, in cores.
struct Extent {
  int64_t width = 1;
  int64_t height = 1;

  int64_t area() const { return width * height; }
  bool operator==(const Extent &) const = default;
};

struct Rect {
  int64_t x = 0;
  int64_t y = 0;
  int64_t width = 0;
  int64_t height = 0;

  int64_t right() const { return x + width; }
  int64_t bottom() const { return y + height; }
  int64_t area() const { return width * height; }
  Extent extent() const { return {width, height}; }

  bool overlaps(const Rect &other) const {
    return x < other.right() && other.x < right() && y < other.bottom() &&
           other.y < bottom();
  }
  bool contains(const Rect &other) const {
    return x <= other.x && other.right() <= right() && y <= other.y &&
           other.bottom() <= bottom();
  }
  bool operator==(const Rect &) const = default;
};

/// Hops between the middles of two rectangles on a mesh, rounded up.
inline int64_t centreDistance(const Rect &a, const Rect &b) {
  int64_t dx = std::abs((2 * a.x + a.width) - (2 * b.x + b.width));
  int64_t dy = std::abs((2 * a.y + a.height) - (2 * b.y + b.height));
  return (dx + dy + 1) / 2;
}

/// Links side by side that lead from one rectangle to another: rows of the
/// lower one where they lie beside each other, columns of the narrower one
/// where one lies above the other.
inline int64_t facingLanes(const Rect &a, const Rect &b) {
  int64_t gapX = std::max(b.x - a.right(), a.x - b.right());
  int64_t gapY = std::max(b.y - a.bottom(), a.y - b.bottom());
  return gapX >= gapY ? std::min(a.height, b.height)
                      : std::min(a.width, b.width);
}

} // namespace inlay::model

#endif // INLAY_MODEL_GEOMETRY_H
