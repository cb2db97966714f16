//===- Tiles.cpp - Rectangles that tile a grid ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tiles.h"

#include "inlay/Floorplan/Floorplan.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;

Strips inlay::floorplan::evenStrips(size_t tiles, size_t strips,
                                    bool isTransposed) {
  Strips result;
  result.isTransposed = isTransposed;
  for (size_t s = 0; s < strips; ++s)
    result.counts.push_back(tiles / strips + (s < tiles % strips ? 1 : 0));
  return result;
}

/// Borders lie at multiples of this.
static int64_t unitOf(int64_t length, bool isCoarse) {
  constexpr int64_t kUnits = 80;
  return isCoarse ? std::max<int64_t>(1, length / kUnits) : 1;
}

/// Cuts `length` in proportion to the weights, into parts of at least one.
/// Equal weights get equal parts, so that what is alike is looked at once.
static std::vector<int64_t>
divide(int64_t length, const std::vector<double> &weights, bool isCoarse) {
  double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  auto count = static_cast<int64_t>(weights.size());
  auto [least, most] = std::minmax_element(weights.begin(), weights.end());
  if (*most <= 1.001 * *least)
    return std::vector<int64_t>(weights.size(),
                                std::max<int64_t>(1, length / count));
  std::vector<int64_t> parts;
  double seen = 0;
  int64_t at = 0;
  int64_t unit = unitOf(length, isCoarse);
  for (size_t i = 0; i < weights.size(); ++i) {
    seen += weights[i];
    auto left = static_cast<int64_t>(weights.size() - i - 1);
    auto end = static_cast<int64_t>(std::llround(double(length) * seen / sum));
    if (left > 0)
      end = (end + unit / 2) / unit * unit;
    end = std::clamp(end, at + 1, std::max(at + 1, length - left));
    parts.push_back(end - at);
    at = end;
  }
  return parts;
}

std::vector<Rect> inlay::floorplan::layOut(Extent grid, const Strips &strips,
                                           const std::vector<double> &weights,
                                           bool isCoarse) {
  if (strips.isTransposed)
    std::swap(grid.width, grid.height);
  if (static_cast<int64_t>(strips.counts.size()) > grid.height)
    return {};
  std::vector<double> sums;
  auto at = weights.begin();
  for (size_t count : strips.counts) {
    if (static_cast<int64_t>(count) > grid.width)
      return {};
    auto end = at + static_cast<std::ptrdiff_t>(count);
    sums.push_back(std::accumulate(at, end, 0.0));
    at = end;
  }
  std::vector<int64_t> heights = divide(grid.height, sums, isCoarse);
  std::vector<Rect> tiles;
  int64_t y = 0;
  at = weights.begin();
  for (size_t s = 0; s < strips.counts.size(); ++s) {
    auto end = at + static_cast<std::ptrdiff_t>(strips.counts[s]);
    int64_t x = 0;
    for (int64_t width :
         divide(grid.width, std::vector<double>(at, end), isCoarse)) {
      Rect tile = {x, y, width, heights[s]};
      if (s % 2 == 1)
        tile.x = grid.width - tile.right();
      tiles.push_back(strips.isTransposed ? transpose(tile) : tile);
      x += width;
    }
    y += heights[s];
    at = end;
  }
  return tiles;
}

std::vector<Rect>
inlay::floorplan::layOutSides(Extent grid, const Sides &sides,
                              const std::vector<double> &weights,
                              bool isCoarse) {
  if (sides.onTheLeft)
    std::swap(grid.width, grid.height);
  auto middle = weights.begin() + static_cast<std::ptrdiff_t>(sides.small);
  std::vector<double> small(weights.begin(), middle);
  std::vector<double> large(middle, weights.end());
  double ofSmall = std::accumulate(small.begin(), small.end(), 0.0);
  double ofLarge = std::accumulate(large.begin(), large.end(), 0.0);
  auto depth = static_cast<int64_t>(
      std::ceil(double(grid.height) * ofSmall / (ofSmall + ofLarge)));
  int64_t unit = unitOf(grid.height, isCoarse);
  depth = (depth + unit - 1) / unit * unit;
  if (depth < 1 || depth >= grid.height)
    return {};
  std::vector<Rect> tiles =
      layOut({grid.width, depth}, {{sides.small}, false}, small, isCoarse);
  std::vector<Rect> rest =
      layOut({grid.width, grid.height - depth}, sides.large, large, isCoarse);
  if (tiles.empty() || rest.empty())
    return {};
  for (Rect &tile : rest) {
    tile.y += depth;
    tiles.push_back(tile);
  }
  if (sides.onTheLeft)
    for (Rect &tile : tiles)
      tile = transpose(tile);
  return tiles;
}

namespace {

/// Finds the largest rectangle of a grid that meets none of others.
class LargestFree {
public:
  LargestFree(Extent grid, const std::vector<Rect> &blocked)
      : grid(grid), blocked(blocked) {}

  /// Of no area when nothing is free.
  Rect find() {
    // It touches a blocked rectangle or the edge on every side.
    std::vector<int64_t> lefts = {0}, rights = {grid.width};
    for (const Rect &rect : blocked) {
      lefts.push_back(std::clamp<int64_t>(rect.right(), 0, grid.width));
      rights.push_back(std::clamp<int64_t>(rect.x, 0, grid.width));
    }
    sortUnique(lefts);
    sortUnique(rights);
    byRow = blocked;
    std::sort(byRow.begin(), byRow.end(), [](const Rect &a, const Rect &b) {
      return std::tie(a.y, a.x, a.height) < std::tie(b.y, b.x, b.height);
    });
    for (int64_t left : lefts)
      for (int64_t right : rights)
        if ((right - left) * grid.height > best.area())
          sweep(left, right);
    return best;
  }

private:
  static void sortUnique(std::vector<int64_t> &values) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
  }

  /// The highest gap between what blocks these columns.
  void sweep(int64_t left, int64_t right) {
    int64_t top = 0;
    auto consider = [&](int64_t bottom) {
      Rect rect = {left, top, right - left, bottom - top};
      if (rect.height > 0 && rect.area() > best.area())
        best = rect;
    };
    for (const Rect &rect : byRow) {
      if (rect.x >= right || rect.right() <= left || rect.area() <= 0)
        continue;
      consider(std::min(rect.y, grid.height));
      top = std::max(top, rect.bottom());
    }
    consider(grid.height);
  }

  Extent grid;
  const std::vector<Rect> &blocked;
  std::vector<Rect> byRow;
  Rect best;
};

} // namespace

/// Cuts a rectangle into equal parts of about `tile` cores, of about its shape.
static void cutIntoTiles(const Rect &rect, Extent tile,
                         std::vector<Rect> &tiles) {
  auto partsOf = [](int64_t length, int64_t part) {
    return std::max<int64_t>(1, std::llround(double(length) / double(part)));
  };
  int64_t columns = partsOf(rect.width, tile.width);
  int64_t rows = partsOf(rect.height, tile.height);
  // A narrow rectangle makes up for it by longer parts.
  if (columns == 1)
    rows = partsOf(rect.area(), tile.area());
  else if (rows == 1)
    columns = partsOf(rect.area(), tile.area());
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      int64_t left = rect.width * column / columns;
      int64_t right = rect.width * (column + 1) / columns;
      int64_t top = rect.height * row / rows;
      int64_t bottom = rect.height * (row + 1) / rows;
      if (right > left && bottom > top)
        tiles.push_back(
            {rect.x + left, rect.y + top, right - left, bottom - top});
    }
}

/// Nearest neighbour first, from the north-west on.
static std::vector<Rect> inWalkingOrder(std::vector<Rect> tiles) {
  Rect at = {0, 0, 0, 0};
  for (size_t i = 0; i < tiles.size(); ++i) {
    auto next = std::min_element(
        tiles.begin() + static_cast<std::ptrdiff_t>(i), tiles.end(),
        [&](const Rect &a, const Rect &b) {
          return std::tuple(model::centreDistance(at, a), a.y, a.x) <
                 std::tuple(model::centreDistance(at, b), b.y, b.x);
        });
    std::swap(tiles[i], *next);
    at = tiles[i];
  }
  return tiles;
}

std::vector<Rect> inlay::floorplan::largestFree(Extent grid,
                                                const std::vector<Rect> &dead,
                                                int64_t least, size_t most) {
  std::vector<Rect> blocked = dead;
  std::vector<Rect> rects;
  while (rects.size() < most) {
    Rect rect = LargestFree(grid, blocked).find();
    if (rect.area() < std::max<int64_t>(1, least))
      break;
    rects.push_back(rect);
    blocked.push_back(rect);
  }
  return rects;
}

std::vector<Rect> inlay::floorplan::freeTiles(Extent grid,
                                              const std::vector<Rect> &dead,
                                              Extent tile) {
  constexpr int64_t kSmallest = 12; // a tile's part that is left unused
  constexpr size_t kMost = 64;
  std::vector<Rect> tiles;
  for (const Rect &rect :
       largestFree(grid, dead, tile.area() / kSmallest, kMost)) {
    if (tiles.size() >= kMost)
      break;
    cutIntoTiles(rect, tile, tiles);
  }
  return inWalkingOrder(std::move(tiles));
}

Rect inlay::floorplan::anchoredTile(Extent grid, const std::vector<Rect> &dead,
                                    int64_t x, int64_t y, Extent most) {
  Rect best;
  int64_t width = std::min(most.width, grid.width - x);
  int64_t height = std::min(most.height, grid.height - y);
  if (width < 1 || height < 1)
    return best;
  // What ends a rectangle of some width is the first that it meets.
  std::vector<int64_t> widths = {width};
  for (const Rect &rect : dead)
    if (rect.area() > 0 && rect.x > x && rect.x - x < width)
      widths.push_back(rect.x - x);
  for (int64_t candidate : widths) {
    Rect tile = {x, y, candidate, height};
    for (const Rect &rect : dead)
      if (rect.area() > 0 && tile.overlaps(rect))
        tile.height = std::max<int64_t>(0, rect.y - y);
    if (tile.area() > best.area())
      best = tile;
  }
  return best;
}
