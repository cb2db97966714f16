//===- RectIndex.h - Which of many rectangles meet --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_RECTINDEX_H
#define INLAY_LIB_CHECK_RECTINDEX_H

#include "Geometry.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <limits>

namespace inlay::checker {

/// Finds the rectangles that meet one. Few are looked through one by one; many
/// lie in tiles of the grid, so that the time is that of what is near.
class RectIndex {
public:
  explicit RectIndex(std::vector<Rect> rects);

  const Rect &operator[](size_t number) const { return rects[number]; }
  size_t size() const { return rects.size(); }

  /// Calls `visit` with the number of every rectangle that meets `rect`, each
  /// once.
  void forEach(const Rect &rect, llvm::function_ref<void(size_t)> visit) const;

private:
  /// A rectangle by its edges; one without cores meets none.
  struct Span {
    int64_t left, top, right, bottom;
    size_t number; ///< of the rectangle

    Span(const Rect &rect, size_t number)
        : left(rect.x), top(rect.y), right(rect.right()), bottom(rect.bottom()),
          number(number) {
      if (rect.width <= 0 || rect.height <= 0)
        left = std::numeric_limits<int64_t>::max();
    }
    bool meets(const Span &other) const {
      return left < other.right && other.left < right && top < other.bottom &&
             other.top < bottom;
    }
  };

  static uint64_t tileOf(int64_t x, int64_t y) {
    return (static_cast<uint64_t>(x) << 32) | static_cast<uint32_t>(y);
  }
  /// Whether its tiles have keys of their own; those west or north of the grid
  /// have none.
  static bool isNear(const Rect &rect) {
    constexpr int64_t kFar = int64_t(1) << 31;
    return rect.x > -kFar && rect.y > -kFar && rect.right() < kFar &&
           rect.bottom() < kFar;
  }
  static int64_t tilesOf(const Rect &rect) {
    return (rect.width / kTile + 2) * (rect.height / kTile + 2);
  }

  static constexpr int64_t kTile = 16;
  static constexpr size_t kFew = 24;
  static constexpr int64_t kMostTiles = 128;

  std::vector<Rect> rects;
  std::vector<Span> spans; ///< of the rectangles
  std::vector<Span> large; ///< in too many tiles, or beyond all
  llvm::DenseMap<uint64_t, std::vector<Span>> tiles;
};

/// A rectangle of routers with the same amount of something.
struct Weighted {
  Rect rect;
  int64_t amount = 0;
};

/// The largest sum of what covers one router, and the north-most, then
/// west-most router that has it; 0 at (0, 0) where nothing does.
struct Peak {
  int64_t amount = 0, x = 0, y = 0;
};
Peak largestSum(const std::vector<Weighted> &weighted);

/// What of `rect` the others leave open, as rectangles from north-west on.
/// `covers` may overlap.
std::vector<Rect> openParts(const Rect &rect, const std::vector<Rect> &covers);

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_RECTINDEX_H
