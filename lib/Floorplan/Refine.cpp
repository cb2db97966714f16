//===- Refine.cpp - Better plans step by step -----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Refine.h"

#include "Tiles.h"

#include <algorithm>
#include <utility>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;

/// Less is no reason to change anything.
static constexpr double kLeastGain = 0.5;

/// Takes the regions over where a step takes fewer cycles on them.
bool Refiner::take(RegionPlan &plan, Regions next) {
  double cycles = stepCycles(chain, next);
  if (cycles > plan.cycles - kLeastGain)
    return false;
  std::sort(next.begin(), next.end(), [](const Region &a, const Region &b) {
    return a.kernels.front() < b.kernels.front();
  });
  plan.regions = std::move(next);
  plan.cycles = cycles;
  return true;
}

bool Refiner::isFree(const Rect &rect, const Regions &regions,
                     const std::vector<size_t> &except) const {
  Rect grid = {0, 0, chain.grid.width, chain.grid.height};
  if (rect.area() < 1 || !grid.contains(rect))
    return false;
  for (const Rect &other : dead)
    if (rect.overlaps(other))
      return false;
  for (size_t r = 0; r < regions.size(); ++r)
    if (rect.overlaps(regions[r].rect) &&
        std::find(except.begin(), except.end(), r) == except.end())
      return false;
  return true;
}

bool Refiner::isPinned(const Region &region) const {
  return std::any_of(region.kernels.begin(), region.kernels.end(),
                     [&](size_t k) { return chain.links[k].at.has_value(); });
}

/// Kernels that have to stay together.
std::vector<Kernels> Refiner::unitsOf(const Region &region) const {
  std::vector<Kernels> units;
  for (size_t k : region.kernels)
    if (chain.links[k].isJoined && !units.empty())
      units.back().push_back(k);
    else
      units.push_back({k});
  return units;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

bool Refiner::resizeBy(RegionPlan &plan, size_t r, const Rect &rect) {
  if (sizesLeft <= 0 || !isFree(rect, plan.regions, {r}))
    return false;
  --sizesLeft;
  std::optional<Region> next = runs.place(plan.regions[r].kernels, rect);
  if (!next)
    return false;
  Regions regions = plan.regions;
  regions[r] = std::move(*next);
  return take(plan, std::move(regions));
}

/// Moves each side in and out by a part of its length, as often as that helps.
bool Refiner::resize(RegionPlan &plan, size_t r,
                     const std::vector<int64_t> &parts) {
  bool isBetter = false;
  bool isPinnedHere = isPinned(plan.regions[r]);
  size_t first = plan.regions[r].kernels.front();
  for (int64_t part : parts)
    for (bool isHeight : {true, false})
      for (bool grows : {false, true})
        for (bool atEnd : {true, false}) {
          if (!atEnd && isPinnedHere)
            continue;
          while (plan.regions[r].kernels.front() == first) {
            Rect rect = plan.regions[r].rect;
            int64_t &side = isHeight ? rect.height : rect.width;
            int64_t &start = isHeight ? rect.y : rect.x;
            int64_t step = std::max<int64_t>(1, side / part);
            side += grows ? step : -step;
            if (!atEnd)
              start += grows ? -step : step;
            if (side < 1 || !resizeBy(plan, r, rect))
              break;
            isBetter = true;
          }
        }
  return isBetter;
}

bool Refiner::resizeAll(RegionPlan &plan, const std::vector<int64_t> &parts) {
  bool isBetter = false;
  for (size_t r = 0; r < plan.regions.size(); ++r)
    isBetter |= resize(plan, r, parts);
  return isBetter;
}

/// Takes one of `parts` parts of a side away while that saves cycles.
void Refiner::shrink(RegionPlan &plan) {
  for (size_t r = 0; r < plan.regions.size(); ++r)
    for (int64_t parts : {4, 12, 40})
      for (bool isHeight : {true, false})
        while (true) {
          Rect rect = plan.regions[r].rect;
          int64_t &side = isHeight ? rect.height : rect.width;
          side -= std::max<int64_t>(1, side / parts);
          if (side < 1 || !resizeBy(plan, r, rect))
            break;
        }
}

/// Moves the border of two regions that lie side by side, or one above the
/// other, and are equally high (wide).
bool Refiner::shiftBorder(RegionPlan &plan, size_t a, size_t b,
                          bool isVertical) {
  bool isBetter = false;
  for (int64_t part : {8, 24})
    for (bool grows : {true, false})
      while (sizesLeft > 0) {
        Rect first = plan.regions[a].rect, second = plan.regions[b].rect;
        int64_t &sideOfFirst = isVertical ? first.width : first.height;
        int64_t &sideOfSecond = isVertical ? second.width : second.height;
        int64_t &start = isVertical ? second.x : second.y;
        int64_t step =
            std::max<int64_t>(1, std::min(sideOfFirst, sideOfSecond) / part);
        step = grows ? step : -step;
        sideOfFirst += step;
        sideOfSecond -= step;
        start += step;
        if (sideOfFirst < 1 || sideOfSecond < 1)
          break;
        sizesLeft -= 2;
        std::optional<Region> left = runs.place(plan.regions[a].kernels, first);
        std::optional<Region> right =
            left ? runs.place(plan.regions[b].kernels, second) : std::nullopt;
        if (!right)
          break;
        Regions regions = plan.regions;
        regions[a] = std::move(*left);
        regions[b] = std::move(*right);
        if (!take(plan, std::move(regions)))
          break;
        isBetter = true;
      }
  return isBetter;
}

bool Refiner::shiftBorders(RegionPlan &plan) {
  bool isBetter = false;
  for (size_t a = 0; a < plan.regions.size(); ++a)
    for (size_t b = 0; b < plan.regions.size(); ++b) {
      const Rect &first = plan.regions[a].rect, &second = plan.regions[b].rect;
      if (isPinned(plan.regions[a]) || isPinned(plan.regions[b]))
        continue;
      if (first.right() == second.x && first.y == second.y &&
          first.height == second.height)
        isBetter |= shiftBorder(plan, a, b, true);
      else if (first.bottom() == second.y && first.x == second.x &&
               first.width == second.width)
        isBetter |= shiftBorder(plan, a, b, false);
    }
  return isBetter;
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

/// Where a side of some length may begin so that it touches sides of others,
/// lies along them, or has its middle where theirs is.
static std::vector<int64_t>
placesFor(int64_t length, int64_t most,
          const std::vector<std::pair<int64_t, int64_t>> &others) {
  std::vector<int64_t> places = {0, most - length};
  for (auto [begin, end] : others)
    for (int64_t place : {begin, end, begin - length, end - length,
                          begin + (end - begin - length) / 2})
      places.push_back(place);
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  std::erase_if(places, [&](int64_t place) {
    return place < 0 || place + length > most;
  });
  return places;
}

/// To the best place of those that are free.
bool Refiner::slide(RegionPlan &plan, size_t r) {
  constexpr size_t kMostForPairs = 8;
  Rect rect = plan.regions[r].rect;
  std::vector<std::pair<int64_t, int64_t>> columns, rows;
  for (size_t other = 0; other < plan.regions.size(); ++other)
    if (other != r) {
      const Rect &is = plan.regions[other].rect;
      columns.push_back({is.x, is.right()});
      rows.push_back({is.y, is.bottom()});
    }
  std::vector<int64_t> xs = placesFor(rect.width, chain.grid.width, columns);
  std::vector<int64_t> ys = placesFor(rect.height, chain.grid.height, rows);
  Regions best;
  double least = plan.cycles;
  Regions trial = plan.regions;
  bool isPaired = plan.regions.size() <= kMostForPairs;
  for (int64_t x : xs)
    for (int64_t y : ys) {
      if (!isPaired && x != rect.x && y != rect.y)
        continue;
      Rect moved = {x, y, rect.width, rect.height};
      if (!isFree(moved, plan.regions, {r}))
        continue;
      trial[r].rect = moved;
      double cycles = stepCycles(chain, trial);
      if (cycles < least - kLeastGain) {
        least = cycles;
        best = trial;
      }
    }
  return !best.empty() && take(plan, std::move(best));
}

bool Refiner::slideAll(RegionPlan &plan) {
  bool isBetter = false;
  for (size_t r = 0; r < plan.regions.size(); ++r)
    if (!isPinned(plan.regions[r]))
      isBetter |= slide(plan, r);
  return isBetter;
}

/// Two regions exchange their rectangles.
bool Refiner::swapAll(RegionPlan &plan) {
  bool isBetter = false;
  for (size_t a = 0; a < plan.regions.size(); ++a)
    for (size_t b = a + 1; b < plan.regions.size(); ++b) {
      if (isPinned(plan.regions[a]) || isPinned(plan.regions[b]))
        continue;
      std::optional<Region> first =
          runs.place(plan.regions[a].kernels, plan.regions[b].rect);
      std::optional<Region> second =
          first ? runs.place(plan.regions[b].kernels, plan.regions[a].rect)
                : std::nullopt;
      if (!second)
        continue;
      Regions regions = plan.regions;
      regions[a] = std::move(*first);
      regions[b] = std::move(*second);
      isBetter |= take(plan, std::move(regions));
    }
  return isBetter;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static Kernels without(const Kernels &kernels, const Kernels &unit) {
  Kernels rest;
  std::set_difference(kernels.begin(), kernels.end(), unit.begin(), unit.end(),
                      std::back_inserter(rest));
  return rest;
}

static Kernels with(const Kernels &kernels, const Kernels &unit) {
  Kernels all;
  std::merge(kernels.begin(), kernels.end(), unit.begin(), unit.end(),
             std::back_inserter(all));
  return all;
}

/// Rectangles that a region may take when more is to lie on it: its own, and
/// that with one side further out.
static std::vector<Rect> grownFrom(const Rect &rect) {
  constexpr int64_t kPart = 6;
  int64_t dx = std::max<int64_t>(1, rect.width / kPart);
  int64_t dy = std::max<int64_t>(1, rect.height / kPart);
  return {rect,
          {rect.x, rect.y, rect.width + dx, rect.height},
          {rect.x, rect.y, rect.width, rect.height + dy},
          {rect.x - dx, rect.y, rect.width + dx, rect.height},
          {rect.x, rect.y - dy, rect.width, rect.height + dy}};
}

/// The largest rectangles of about so many cores that are free.
static std::vector<Rect> freeRects(const Chain &chain,
                                   const std::vector<Rect> &dead,
                                   const std::vector<Region> &regions,
                                   Extent about) {
  constexpr size_t kMost = 4;
  std::vector<Rect> blocked = dead;
  for (const Region &region : regions)
    blocked.push_back(region.rect);
  std::vector<Rect> rects = freeTiles(chain.grid, blocked, about);
  if (rects.size() > kMost)
    rects.resize(kMost);
  return rects;
}

bool Refiner::moveTo(RegionPlan &plan, size_t from, size_t to,
                     const Kernels &unit) {
  Kernels rest = without(plan.regions[from].kernels, unit);
  Kernels more = with(plan.regions[to].kernels, unit);
  Regions regions = plan.regions;
  if (!rest.empty()) {
    std::optional<Region> left = runs.place(rest, regions[from].rect);
    if (!left)
      return false;
    regions[from] = std::move(*left);
  }
  std::vector<size_t> except = {to};
  if (rest.empty())
    except.push_back(from);
  for (const Rect &rect : grownFrom(plan.regions[to].rect)) {
    bool isSame = rect == plan.regions[to].rect;
    if (!isSame && (sizesLeft <= 0 || isPinned(plan.regions[to]) ||
                    !isFree(rect, plan.regions, except)))
      continue;
    sizesLeft -= isSame ? 0 : 1;
    std::optional<Region> grown = runs.place(more, rect);
    if (!grown)
      continue;
    Regions trial = regions;
    trial[to] = std::move(*grown);
    if (rest.empty())
      trial.erase(trial.begin() + static_cast<std::ptrdiff_t>(from));
    if (take(plan, std::move(trial)))
      return true;
  }
  return false;
}

/// A region of its own, where there is room.
bool Refiner::moveToNew(RegionPlan &plan, size_t from, const Kernels &unit) {
  Kernels rest = without(plan.regions[from].kernels, unit);
  if (rest.empty())
    return false;
  std::optional<Region> left = runs.place(rest, plan.regions[from].rect);
  if (!left)
    return false;
  Extent about = {chain.grid.width / 3, chain.grid.height / 3};
  for (const Rect &rect : freeRects(chain, dead, plan.regions, about)) {
    if (--sizesLeft <= 0)
      return false;
    std::optional<Region> own = runs.place(unit, rect);
    if (!own)
      continue;
    Regions regions = plan.regions;
    regions[from] = *left;
    regions.push_back(std::move(*own));
    if (take(plan, std::move(regions)))
      return true;
  }
  return false;
}

bool Refiner::move(RegionPlan &plan, size_t from, const Kernels &unit) {
  for (size_t to = 0; to < plan.regions.size(); ++to)
    if (to != from && moveTo(plan, from, to, unit))
      return true;
  return moveToNew(plan, from, unit);
}

bool Refiner::moveAll(RegionPlan &plan) {
  bool isBetter = false;
  bool hasMoved = true;
  while (hasMoved && sizesLeft > 0) {
    hasMoved = false;
    for (size_t r = 0; r < plan.regions.size() && !hasMoved; ++r) {
      if (isPinned(plan.regions[r]))
        continue;
      for (const Kernels &unit : unitsOf(plan.regions[r]))
        if (move(plan, r, unit)) {
          hasMoved = isBetter = true;
          break;
        }
    }
  }
  return isBetter;
}

void Refiner::run(RegionPlan &plan, bool mayMove) {
  constexpr int kMostRounds = 12;
  for (int round = 0; round < kMostRounds && sizesLeft > 0; ++round) {
    bool isBetter = mayMove && moveAll(plan);
    isBetter |= swapAll(plan);
    isBetter |= slideAll(plan);
    isBetter |= resizeAll(plan, {4, 12, 40});
    isBetter |= shiftBorders(plan);
    if (!isBetter)
      return;
  }
}
