//===- RectIndex.cpp - Which of many rectangles meet ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RectIndex.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace inlay::checker;

RectIndex::RectIndex(std::vector<Rect> given) : rects(std::move(given)) {
  spans.reserve(rects.size());
  for (size_t i = 0; i < rects.size(); ++i)
    spans.emplace_back(rects[i], i);
  if (rects.size() <= kFew)
    return;
  for (size_t i = 0; i < rects.size(); ++i) {
    const Rect &rect = rects[i];
    if (!isNear(rect) || tilesOf(rect) > kMostTiles) {
      large.push_back(spans[i]);
      continue;
    }
    int64_t firstX = std::max<int64_t>(0, rect.x) / kTile;
    int64_t firstY = std::max<int64_t>(0, rect.y) / kTile;
    for (int64_t x = firstX; x <= (rect.right() - 1) / kTile; ++x)
      for (int64_t y = firstY; y <= (rect.bottom() - 1) / kTile; ++y)
        tiles[tileOf(x, y)].push_back(spans[i]);
  }
}

void RectIndex::forEach(const Rect &rect,
                        llvm::function_ref<void(size_t)> visit) const {
  const Span mine(rect, 0);
  auto look = [&](const Span &span) {
    if (span.meets(mine))
      visit(span.number);
  };
  bool isFew = rects.size() <= kFew || !isNear(rect) ||
               tilesOf(rect) > static_cast<int64_t>(rects.size());
  if (isFew) {
    llvm::for_each(spans, look);
    return;
  }
  llvm::for_each(large, look);
  int64_t firstX = std::max<int64_t>(0, rect.x) / kTile;
  int64_t firstY = std::max<int64_t>(0, rect.y) / kTile;
  for (int64_t x = firstX; x <= (rect.right() - 1) / kTile; ++x)
    for (int64_t y = firstY; y <= (rect.bottom() - 1) / kTile; ++y) {
      auto tile = tiles.find(tileOf(x, y));
      if (tile == tiles.end())
        continue;
      // Once, in the first tile that both are in.
      for (const Span &other : tile->second)
        if (other.meets(mine) && std::max(firstX, other.left / kTile) == x &&
            std::max(firstY, other.top / kTile) == y)
          visit(other.number);
    }
}

namespace {

/// Sums over columns, with the largest and the first column that has it.
class Columns {
public:
  explicit Columns(size_t count) {
    while (leaves < count)
      leaves *= 2;
    most.resize(2 * leaves);
    all.resize(2 * leaves);
  }

  void add(size_t first, size_t end, int64_t amount) {
    add(1, 0, leaves, first, end, amount);
  }
  int64_t largest() const { return most[1]; }
  size_t where() const {
    size_t node = 1;
    while (node < leaves)
      node = 2 * node + (most[2 * node] < most[2 * node + 1] ? 1 : 0);
    return node - leaves;
  }

private:
  /// As deep as the tree is high: at most 63 levels.
  void add(size_t node, size_t from, size_t to, size_t first, size_t end,
           int64_t amount) {
    if (end <= from || to <= first)
      return;
    if (first <= from && to <= end) {
      most[node] = plus(most[node], amount);
      all[node] = plus(all[node], amount);
      return;
    }
    size_t middle = (from + to) / 2;
    add(2 * node, from, middle, first, end, amount);
    add(2 * node + 1, middle, to, first, end, amount);
    most[node] = plus(std::max(most[2 * node], most[2 * node + 1]), all[node]);
  }

  size_t leaves = 1;
  std::vector<int64_t> most, all;
};

} // namespace

Peak inlay::checker::largestSum(const std::vector<Weighted> &weighted) {
  struct Event {
    int64_t y, amount;
    size_t first, end;
  };
  std::vector<int64_t> xs;
  for (const Weighted &w : weighted)
    llvm::append_range(
        xs, std::initializer_list<int64_t>{w.rect.x, w.rect.right()});
  llvm::sort(xs);
  xs.erase(std::unique(xs.begin(), xs.end()), xs.end());
  auto at = [&](int64_t x) -> size_t {
    return llvm::lower_bound(xs, x) - xs.begin();
  };
  std::vector<Event> events;
  for (const Weighted &w : weighted) {
    size_t first = at(w.rect.x), end = at(w.rect.right());
    events.push_back({w.rect.y, w.amount, first, end});
    events.push_back({w.rect.bottom(), -w.amount, first, end});
  }
  llvm::sort(events, [](const Event &a, const Event &b) { return a.y < b.y; });
  Columns columns(xs.size());
  Peak best;
  for (size_t i = 0; i < events.size();) {
    int64_t y = events[i].y;
    for (; i < events.size() && events[i].y == y; ++i)
      columns.add(events[i].first, events[i].end, events[i].amount);
    if (columns.largest() > best.amount)
      best = {columns.largest(), xs[columns.where()], y};
  }
  return best;
}

std::vector<Rect> inlay::checker::openParts(const Rect &rect,
                                            const std::vector<Rect> &covers) {
  std::vector<Rect> open = {rect};
  for (const Rect &cover : covers) {
    if (!cover.meets(rect))
      continue;
    std::vector<Rect> rest;
    for (const Rect &part : open) {
      Rect common = part.meet(cover);
      if (common.area() == 0) {
        rest.push_back(part);
        continue;
      }
      const Rect around[] = {
          {part.x, part.y, part.width, common.y - part.y},
          {part.x, common.y, common.x - part.x, common.height},
          {common.right(), common.y, part.right() - common.right(),
           common.height},
          {part.x, common.bottom(), part.width,
           part.bottom() - common.bottom()}};
      for (const Rect &side : around)
        if (side.width > 0 && side.height > 0)
          rest.push_back(side);
    }
    open = std::move(rest);
    if (open.empty())
      break;
  }
  llvm::sort(open, [](const Rect &a, const Rect &b) {
    return std::tie(a.y, a.x) < std::tie(b.y, b.x);
  });
  return open;
}
