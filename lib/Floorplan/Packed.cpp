//===- Packed.cpp - Kernels on free rectangles around dead cores ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Packed.h"

#include "Planner.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;

//===----------------------------------------------------------------------===//
// Shelves
//===----------------------------------------------------------------------===//

namespace {

/// A shelf takes all columns of some rows; kernels stand on it side by side.
struct Shelf {
  int64_t height = 0;
  int64_t width = 0; ///< that a kernel needs on it
};

/// Stands shelves on a grid so that they hold most kernels.
class Shelving {
public:
  Shelving(Extent grid, const std::vector<Rect> &dead,
           const std::vector<Shelf> &shelves)
      : grid(grid), dead(dead), shelves(shelves) {}

  std::vector<Rect> run();
  int64_t getHeld() const { return held; }

private:
  using Spans = std::vector<std::pair<int64_t, int64_t>>;

  /// Columns that are free in all rows top .. bottom - 1.
  Spans freeColumns(int64_t top, int64_t bottom) const;
  int64_t countOn(const Shelf &shelf, int64_t top) const;
  void add(int64_t top, int64_t bottom, int64_t width,
           std::vector<Rect> &rects) const;

  Extent grid;
  const std::vector<Rect> &dead;
  const std::vector<Shelf> &shelves;
  int64_t held = 0;
};

} // namespace

Shelving::Spans Shelving::freeColumns(int64_t top, int64_t bottom) const {
  Spans blocked;
  for (const Rect &rect : dead)
    if (rect.area() > 0 && rect.y < bottom && top < rect.bottom())
      blocked.push_back({rect.x, rect.right()});
  blocked.push_back({grid.width, grid.width});
  std::sort(blocked.begin(), blocked.end());
  Spans free;
  int64_t at = 0;
  for (auto [from, to] : blocked) {
    from = std::min(from, grid.width);
    if (from > at)
      free.push_back({at, from});
    at = std::max(at, to);
  }
  return free;
}

int64_t Shelving::countOn(const Shelf &shelf, int64_t top) const {
  int64_t count = 0;
  for (auto [from, to] : freeColumns(top, top + shelf.height))
    count += (to - from) / shelf.width;
  return count;
}

/// What is free on a shelf, in parts of at least `width` where it is as wide.
void Shelving::add(int64_t top, int64_t bottom, int64_t width,
                   std::vector<Rect> &rects) const {
  for (auto [from, to] : freeColumns(top, bottom)) {
    int64_t parts = std::max<int64_t>(1, (to - from) / width);
    for (int64_t part = 0; part < parts; ++part) {
      int64_t left = from + (to - from) * part / parts;
      int64_t right = from + (to - from) * (part + 1) / parts;
      rects.push_back({left, top, right - left, bottom - top});
    }
  }
}

/// Dynamic programming over the rows: the most kernels above each. Rows between
/// shelves are for what is small.
std::vector<Rect> Shelving::run() {
  auto rows = size_t(grid.height);
  std::vector<int64_t> most(rows + 1, 0);
  std::vector<size_t> last(rows + 1, shelves.size()); // shelf that ends there
  for (size_t row = 0; row < rows; ++row) {
    if (most[row] > most[row + 1]) {
      most[row + 1] = most[row];
      last[row + 1] = shelves.size();
    }
    for (size_t s = 0; s < shelves.size(); ++s) {
      size_t end = row + size_t(shelves[s].height);
      if (end > rows)
        continue;
      int64_t count = most[row] + countOn(shelves[s], int64_t(row));
      if (count <= most[end])
        continue;
      most[end] = count;
      last[end] = s;
    }
  }
  held = most[rows];
  std::vector<Rect> rects;
  auto gap = int64_t(rows), at = int64_t(rows);
  while (at >= 0) {
    size_t shelf = at > 0 ? last[size_t(at)] : 0;
    bool isShelf = at > 0 && shelf < shelves.size();
    if ((isShelf || at == 0) && gap > at)
      add(at, gap, grid.width, rects);
    if (isShelf) {
      gap = at - shelves[shelf].height;
      add(gap, at, shelves[shelf].width, rects);
      at = gap;
      continue;
    }
    --at;
  }
  return rects;
}

/// The least width on which a kernel fits with a height; 0: none.
static int64_t leastWidth(const Chain &chain, RunCost &runs, size_t kernel,
                          Extent most, int64_t height, bool isTurned) {
  auto fits = [&](int64_t width) {
    Extent extent = isTurned ? Extent{height, width} : Extent{width, height};
    return chain.fits ? chain.fits(chain.links[kernel].kind, extent)
                      : !runs.offersOf(kernel, extent).empty();
  };
  constexpr int64_t kStep = 24; // of a width
  auto cores =
      int64_t(std::ceil(chain.links[kernel].bytes / double(chain.budget)));
  int64_t width = std::max<int64_t>(1, (cores + height - 1) / height);
  while (width <= most.width && !fits(width))
    width += std::max<int64_t>(1, width / kStep);
  return width <= most.width ? width : 0;
}

/// Heights worth trying: parts of the grid, and those that are often multiples
/// of what a kernel is cut into.
static std::vector<int64_t> heightsOn(int64_t height) {
  constexpr int64_t kMostParts = 10, kRound = 64, kMostRounds = 8;
  std::vector<int64_t> heights;
  for (int64_t part = 1; part <= std::min(kMostParts, height); ++part)
    heights.push_back(height / part);
  for (int64_t round = 1; round <= kMostRounds; ++round)
    if (round * kRound < height)
      heights.push_back(round * kRound);
  std::sort(heights.begin(), heights.end());
  heights.erase(std::unique(heights.begin(), heights.end()), heights.end());
  return heights;
}

std::vector<std::vector<Rect>>
inlay::floorplan::freeShelves(const Chain &chain, RunCost &runs, size_t largest,
                              const std::vector<Rect> &dead) {
  constexpr double kSliver = 4;
  constexpr double kRooms[] = {8, 5.5, 4, 3, 2.2, 1.7, 1.4, 1.2, 1.1, 1};
  std::vector<Rect> turned;
  for (const Rect &rect : dead)
    turned.push_back(transpose(rect));
  std::vector<std::vector<Rect>> all;
  std::vector<Shelf> least[2];
  for (bool isTurned : {false, true}) {
    Extent grid = chain.grid;
    if (isTurned)
      std::swap(grid.width, grid.height);
    for (int64_t height : heightsOn(grid.height)) {
      int64_t width = leastWidth(chain, runs, largest, grid, height, isTurned);
      if (width > 0 && double(std::max(width, height)) <=
                           kSliver * double(std::min(width, height)))
        least[isTurned].push_back({height, width});
    }
  }
  for (double room : kRooms)
    for (bool isTurned : {false, true}) {
      Extent grid = chain.grid;
      if (isTurned)
        std::swap(grid.width, grid.height);
      std::vector<Shelf> shelves;
      for (Shelf shelf : least[isTurned]) {
        shelf.width = int64_t(std::ceil(double(shelf.width) * room));
        if (shelf.width <= grid.width)
          shelves.push_back(shelf);
      }
      Shelving shelving(grid, isTurned ? turned : dead, shelves);
      std::vector<Rect> rects = shelving.run();
      if (isTurned)
        for (Rect &rect : rects)
          rect = transpose(rect);
      if (shelving.getHeld() > 0)
        all.push_back(std::move(rects));
    }
  return all;
}

//===----------------------------------------------------------------------===//
// Assignment
//===----------------------------------------------------------------------===//

namespace {

class Assigner {
public:
  Assigner(const Chain &chain, RunCost &runs, const Parts &parts,
           const PartRects &places, bool apart)
      : chain(chain), runs(runs), parts(parts), rects(places.rects),
        homes(places.homes), apart(apart), rectOf(parts.size(), kNowhere),
        regions(rects.size()) {}

  bool assign(bool byCycles);
  void refine();
  std::vector<Region> getRegions() const;

private:
  static constexpr size_t kNowhere = size_t(-1);

  /// Cycles with the part on the rectangle instead of where it is; RunCost's
  /// kNever where it does not fit.
  double tryMove(size_t part, size_t rect);
  bool canMove(size_t part, size_t rect);
  double trySwap(size_t a, size_t b);
  void move(size_t part, size_t rect);
  Kernels kernelsOn(size_t rect) const;
  bool mayBe(size_t part, size_t rect) const {
    return homes.empty() || !homes[part] || *homes[part] == rect;
  }
  bool update(size_t rect);
  double cycles() {
    --triesLeft;
    return stepCycles(chain, getRegions());
  }

  /// Of long chains not all moves are looked at: this many kernels' times.
  static constexpr int64_t kMostWork = 100'000;

  const Chain &chain;
  RunCost &runs;
  const Parts &parts;
  const std::vector<Rect> &rects;
  const std::vector<std::optional<size_t>> &homes;
  bool apart;
  int64_t triesLeft = kMostWork / int64_t(chain.links.size() + 1);
  std::vector<size_t> rectOf;
  std::vector<std::optional<Region>> regions; ///< of each rectangle
};

} // namespace

std::vector<Region> Assigner::getRegions() const {
  std::vector<Region> all;
  for (const std::optional<Region> &region : regions)
    if (region)
      all.push_back(*region);
  std::sort(all.begin(), all.end(), [](const Region &a, const Region &b) {
    return a.kernels.front() < b.kernels.front();
  });
  return all;
}

Kernels Assigner::kernelsOn(size_t rect) const {
  Kernels kernels;
  for (size_t p = 0; p < parts.size(); ++p)
    if (rectOf[p] == rect)
      kernels.insert(kernels.end(), parts[p].begin(), parts[p].end());
  std::sort(kernels.begin(), kernels.end());
  return kernels;
}

/// Places what is on a rectangle; false where it does not fit.
bool Assigner::update(size_t rect) {
  if (rect == kNowhere)
    return true;
  Kernels kernels = kernelsOn(rect);
  regions[rect].reset();
  if (kernels.empty())
    return true;
  regions[rect] = runs.place(kernels, rects[rect]);
  return regions[rect].has_value();
}

double Assigner::tryMove(size_t part, size_t rect) {
  size_t from = rectOf[part];
  if ((apart && regions[rect]) || !mayBe(part, rect))
    return RunCost::kNever;
  std::optional<Region> there = regions[rect];
  std::optional<Region> here;
  if (from != kNowhere)
    here = regions[from];
  rectOf[part] = rect;
  double result = update(rect) && update(from) ? cycles() : RunCost::kNever;
  rectOf[part] = from;
  regions[rect] = std::move(there);
  if (from != kNowhere)
    regions[from] = std::move(here);
  return result;
}

bool Assigner::canMove(size_t part, size_t rect) {
  if ((apart && regions[rect]) || !mayBe(part, rect))
    return false;
  std::optional<Region> there = regions[rect];
  size_t from = std::exchange(rectOf[part], rect);
  bool fits = update(rect);
  rectOf[part] = from;
  regions[rect] = std::move(there);
  return fits;
}

double Assigner::trySwap(size_t a, size_t b) {
  size_t ofA = rectOf[a], ofB = rectOf[b];
  if (!mayBe(a, ofB) || !mayBe(b, ofA))
    return RunCost::kNever;
  std::optional<Region> there = regions[ofA], here = regions[ofB];
  std::swap(rectOf[a], rectOf[b]);
  double result = update(ofA) && update(ofB) ? cycles() : RunCost::kNever;
  std::swap(rectOf[a], rectOf[b]);
  regions[ofA] = std::move(there);
  regions[ofB] = std::move(here);
  return result;
}

void Assigner::move(size_t part, size_t rect) {
  size_t from = rectOf[part];
  rectOf[part] = rect;
  update(rect);
  update(from);
}

/// Those that have their places, then the largest part first: where the step is
/// shortest then, or on the smallest rectangle that has room.
bool Assigner::assign(bool byCycles) {
  std::vector<double> bytes;
  for (const Kernels &part : parts) {
    double sum = 0;
    for (size_t k : part)
      sum += chain.links[k].bytes;
    bytes.push_back(sum);
  }
  std::vector<size_t> order(parts.size());
  std::iota(order.begin(), order.end(), 0);
  auto isFree = [&](size_t part) { return homes.empty() || !homes[part]; };
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::tuple(isFree(a), -bytes[a], a) <
           std::tuple(isFree(b), -bytes[b], b);
  });
  for (size_t part : order) {
    std::pair<double, size_t> best = {RunCost::kNever, kNowhere};
    bool counts = byCycles && triesLeft > 0;
    for (size_t rect = 0; rect < rects.size(); ++rect) {
      double cost = counts                ? tryMove(part, rect)
                    : canMove(part, rect) ? double(rects[rect].area())
                                          : RunCost::kNever;
      best = std::min(best, std::pair(cost, rect));
    }
    if (best.first >= RunCost::kNever)
      return false;
    move(part, best.second);
  }
  return true;
}

void Assigner::refine() {
  constexpr int kRounds = 6;
  constexpr double kLess = 1 - 1e-9;
  double least = cycles();
  for (int round = 0; round < kRounds; ++round) {
    double before = least;
    for (size_t part = 0; part < parts.size() && triesLeft > 0; ++part) {
      size_t best = rectOf[part];
      for (size_t rect = 0; rect < rects.size(); ++rect) {
        if (rect == rectOf[part])
          continue;
        double cost = tryMove(part, rect);
        if (cost < kLess * least) {
          least = cost;
          best = rect;
        }
      }
      if (best != rectOf[part])
        move(part, best);
    }
    for (size_t a = 0; a < parts.size(); ++a)
      for (size_t b = 0; b < a && triesLeft > 0; ++b) {
        if (rectOf[a] == rectOf[b])
          continue;
        double cost = trySwap(a, b);
        if (cost >= kLess * least)
          continue;
        least = cost;
        size_t ofA = rectOf[a], ofB = rectOf[b];
        std::swap(rectOf[a], rectOf[b]);
        update(ofA);
        update(ofB);
      }
    if (least >= kLess * before)
      break;
  }
}

std::optional<std::vector<Region>>
inlay::floorplan::assignParts(const Chain &chain, RunCost &runs,
                              const Parts &parts, const PartRects &rects,
                              bool apart, bool refines) {
  for (bool byCycles : {true, false}) {
    Assigner assigner(chain, runs, parts, rects, apart);
    if (!assigner.assign(byCycles))
      continue;
    if (refines)
      assigner.refine();
    return assigner.getRegions();
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

/// Kernels, each with those that are joined to it.
Parts Planner::unitsOf() const {
  Parts units;
  for (size_t k = 0; k < count(); ++k) {
    if (!chain.links[k].isJoined || units.empty())
      units.push_back({});
    units.back().push_back(k);
  }
  return units;
}

/// False where parts find no room.
bool Planner::tryAssigned(const Parts &parts, const PartRects &rects,
                          bool apart) {
  std::optional<std::vector<Region>> regions =
      assignParts(chain, runs, parts, rects, apart, !options.anyPlan);
  if (!regions)
    return false;
  RegionPlan plan;
  plan.regions = std::move(*regions);
  plan.cycles = stepCycles(chain, plan.regions);
  consider(std::move(plan));
  return true;
}

/// Around dead cores: parts on rectangles that hold the largest of them.
void Planner::tryPacked(const Parts &parts, bool apart) {
  constexpr size_t kMostParts = 120, kMostPlans = 6;
  size_t plans = 0;
  if (!needsFreeTiles() || parts.size() > kMostParts)
    return;
  if (!pinned.empty())
    return tryPackedPinned(parts, apart);
  size_t largest = 0;
  for (size_t k = 0; k < count(); ++k)
    if (chain.links[k].bytes > chain.links[largest].bytes)
      largest = k;
  // What is free as it is, for kernels that were cut to fill it.
  constexpr size_t kMostRects = 16;
  constexpr int64_t kSmallest = 200; // of a grid
  tryAssigned(parts,
              {largestFree(chain.grid, dead, chain.grid.area() / kSmallest,
                           kMostRects)},
              apart);
  if (isDone())
    return;
  for (std::vector<Rect> &rects : freeShelves(chain, runs, largest, dead)) {
    if (!tryAssigned(parts, {std::move(rects)}, apart))
      continue;
    if (++plans == kMostPlans || isDone())
      return;
  }
}

/// Pinned parts at their places, on rectangles as large as others, as large as
/// they can be, or small; others where the step is shortest, on these too.
void Planner::tryPackedPinned(const Parts &parts, bool apart) {
  constexpr int64_t kMostTiles = 8, kSmall = 8;
  const Extent small = {std::max<int64_t>(1, chain.grid.width / kSmall),
                        std::max<int64_t>(1, chain.grid.height / kSmall)};
  std::vector<size_t> firsts = places();
  PartRects all;
  for (const Kernels &part : parts) {
    std::optional<size_t> &home = all.homes.emplace_back();
    for (size_t k : part)
      for (size_t f = 0; f < firsts.size(); ++f)
        if (chain.links[k].at && chain.links[k].at == chain.links[firsts[f]].at)
          home = f;
  }
  for (int64_t columns = 1; columns <= kMostTiles; ++columns)
    for (int64_t rows = 1; columns * rows <= kMostTiles; ++rows) {
      Extent tile = {std::max<int64_t>(1, chain.grid.width / columns),
                     std::max<int64_t>(1, chain.grid.height / rows)};
      for (Extent most : {tile, chain.grid, small}) {
        all.rects = pinnedRects(firsts, most);
        if (all.rects.empty())
          continue;
        std::vector<Rect> blocked = dead;
        blocked.insert(blocked.end(), all.rects.begin(), all.rects.end());
        for (const Rect &rect : freeTiles(chain.grid, blocked, tile))
          all.rects.push_back(rect);
        tryAssigned(parts, all, apart);
        if (isDone())
          return;
      }
    }
}
