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
  static uint64_t tileOf(int64_t x, int64_t y) {
    return (static_cast<uint64_t>(x / kTile) << 32) |
           static_cast<uint32_t>(y / kTile);
  }
  static int64_t tilesOf(const Rect &rect) {
    return (rect.width / kTile + 2) * (rect.height / kTile + 2);
  }

  static constexpr int64_t kTile = 16;
  static constexpr size_t kFew = 24;
  static constexpr int64_t kMostTiles = 128;

  std::vector<Rect> rects;
  std::vector<size_t> large; ///< in too many tiles
  llvm::DenseMap<uint64_t, std::vector<size_t>> tiles;
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
