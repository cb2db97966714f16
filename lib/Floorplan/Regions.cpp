//===- Regions.cpp - Searches for regions of few cycles -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Planner.h"
#include "Refine.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;

static constexpr double kNever = RunCost::kNever;

static Attempt toAttempt(const RegionPlan &plan) {
  Attempt attempt = {plan.regions.size(), plan.cycles, {}, {}};
  for (const Region &region : plan.regions) {
    Extent extent = region.rect.extent();
    bool isFirst = &region == &plan.regions.front();
    if (isFirst || extent.area() < attempt.least.area())
      attempt.least = extent;
    if (isFirst || extent.area() > attempt.most.area())
      attempt.most = extent;
  }
  return attempt;
}

/// True when the plan is the best so far.
bool Planner::consider(std::optional<RegionPlan> plan) {
  if (!plan)
    return false;
  if (attempts) {
    Attempt attempt = toAttempt(*plan);
    auto known =
        std::find_if(attempts->begin(), attempts->end(), [&](const Attempt &a) {
          return a.regions == attempt.regions;
        });
    if (known == attempts->end())
      attempts->push_back(attempt);
    else if (attempt.cycles < known->cycles)
      *known = attempt;
  }
  auto start =
      std::find_if(starts.begin(), starts.end(), [&](const RegionPlan &p) {
        return p.regions.size() == plan->regions.size();
      });
  if (start == starts.end())
    starts.push_back(*plan);
  else if (plan->cycles < start->cycles)
    *start = *plan;
  if (best && plan->cycles >= best->cycles)
    return false;
  best = std::move(plan);
  return true;
}

/// Gives tiles the sizes that their runs need, by how full they are.
void Planner::resize(Extent grid, const Strips &strips, const Parts &parts,
                     std::vector<Rect> tiles) {
  constexpr int kRounds = 3;
  std::vector<double> weights;
  for (const Rect &tile : tiles)
    weights.push_back(double(tile.area()));
  std::set<std::vector<int64_t>> seen;
  for (int round = 0; round < kRounds; ++round) {
    for (size_t r = 0; r < parts.size(); ++r)
      weights[r] *=
          std::clamp(runs.fill(parts[r], tiles[r].extent()), 0.1, 8.0);
    tiles = layOut(grid, strips, weights, isCoarse);
    std::vector<int64_t> sizes;
    for (const Rect &tile : tiles) {
      sizes.push_back(tile.width);
      sizes.push_back(tile.height);
    }
    if (tiles.empty() || !seen.insert(sizes).second)
      return;
    consider(runs.placeAll(parts, tiles));
    if (isDone())
      return;
    for (size_t r = 0; r < tiles.size(); ++r)
      weights[r] = double(tiles[r].area());
  }
}

void Planner::tryStrips(Extent grid, const Strips &strips, size_t regions) {
  std::vector<Rect> tiles =
      layOut(grid, strips, std::vector<double>(regions, 1.0), isCoarse);
  if (tiles.empty())
    return;
  // Other sizes save little; they are worth a look where equal ones are good.
  constexpr double kNear = 1.06;
  std::vector<Rect> used;
  Parts parts = distribute(tiles, used);
  std::optional<RegionPlan> plan;
  if (!parts.empty())
    plan = runs.placeAll(parts, used);
  bool isNear = !plan || !best || plan->cycles < kNear * best->cycles;
  consider(std::move(plan));
  if (isDone() || !isNear)
    return;
  if (parts.size() != regions)
    parts = cutByBytes(regions);
  if (!parts.empty())
    resize(grid, strips, parts, tiles);
}

void Planner::tryTiles(const std::vector<Rect> &tiles) {
  std::vector<Rect> used;
  Parts parts = distribute(tiles, used);
  if (!parts.empty())
    consider(runs.placeAll(parts, used));
}

void Planner::tryFree(Extent tile) {
  if (pinned.empty())
    tryTiles(freeTiles(chain.grid, dead, tile));
  else
    tryPinned(tile);
}

/// The first kernel of each place that is pinned, in order.
std::vector<size_t> Planner::places() const {
  std::vector<size_t> firsts;
  for (size_t k : pinned)
    if (std::none_of(firsts.begin(), firsts.end(), [&](size_t other) {
          return chain.links[other].at == chain.links[k].at;
        }))
      firsts.push_back(k);
  return firsts;
}

/// Rectangles of at most `most` cores at these places; none covers another's.
/// Empty where one has no core.
std::vector<Rect> Planner::pinnedRects(const std::vector<size_t> &firsts,
                                       Extent most) const {
  std::vector<Rect> rects;
  for (size_t k : firsts) {
    std::vector<Rect> blocked = dead;
    blocked.insert(blocked.end(), rects.begin(), rects.end());
    auto [x, y] = *chain.links[k].at;
    for (size_t other : firsts)
      if (chain.links[other].at != chain.links[k].at)
        blocked.push_back({chain.links[other].at->first,
                           chain.links[other].at->second, 1, 1});
    bool isFree = std::none_of(
        blocked.begin(), blocked.end(),
        [x = x, y = y](const Rect &r) { return r.overlaps({x, y, 1, 1}); });
    Rect rect;
    if (isFree)
      rect = anchoredTile(chain.grid, blocked, x, y, runs.clip({k}, most));
    if (rect.area() == 0)
      return {};
    rects.push_back(rect);
  }
  return rects;
}

/// Tiles at the places of pinned kernels, as large as others or as they can be,
/// and free tiles around them. A pinned tile stands where the bytes of the
/// chain before its kernel end, or a few tiles off.
void Planner::tryPinned(Extent tile) {
  constexpr int64_t kFarthest = 4;
  std::vector<size_t> firsts = places();
  std::vector<double> before(count() + 1, 0); // bytes
  for (size_t k = 0; k < count(); ++k)
    before[k + 1] = before[k] + chain.links[k].bytes;
  for (Extent most : {tile, chain.grid}) {
    std::vector<Rect> rects = pinnedRects(firsts, most);
    if (rects.empty() || isDone())
      continue;
    std::vector<Rect> blocked = dead;
    blocked.insert(blocked.end(), rects.begin(), rects.end());
    std::vector<Rect> others = freeTiles(chain.grid, blocked, tile);
    auto farthest = std::min(kFarthest, static_cast<int64_t>(others.size()));
    for (int64_t offset = -farthest; offset <= farthest && !isDone();
         ++offset) {
      std::vector<Rect> tiles = others;
      pinOfTile.assign(tiles.size(), -1);
      for (size_t p = firsts.size(); p-- > 0;) {
        auto at = std::llround(double(others.size()) * before[firsts[p]] /
                               before.back());
        at = std::clamp<int64_t>(at + offset, 0,
                                 static_cast<int64_t>(others.size()));
        tiles.insert(tiles.begin() + at, rects[p]);
        pinOfTile.insert(pinOfTile.begin() + at,
                         static_cast<int64_t>(firsts[p]));
      }
      tryTiles(tiles);
    }
  }
}

/// Plans of so many regions in strips whose tiles are no slivers.
void Planner::tryCount(size_t regions) {
  constexpr double kSliver = 3.2;
  for (size_t strips = 1; strips <= regions && !isDone(); ++strips)
    for (bool isTransposed : {false, true}) {
      if (isTransposed && (regions % strips == 0 || needsFreeTiles()))
        continue;
      Extent grid = chain.grid;
      Strips shape = evenStrips(regions, strips, isTransposed);
      double across = double(isTransposed ? grid.height : grid.width) *
                      double(strips) / double(regions);
      double along =
          double(isTransposed ? grid.width : grid.height) / double(strips);
      if (std::max(across, along) > kSliver * std::min(across, along) &&
          regions > 1)
        continue;
      if (!needsFreeTiles())
        tryStrips(grid, shape, regions);
      else
        tryFree({std::max<int64_t>(1, int64_t(across)),
                 std::max<int64_t>(1, int64_t(along))});
      if (isDone())
        return;
    }
}

/// Powers of two, and those times three: what dims of models are made of.
static std::vector<int64_t> roundSides(int64_t most) {
  std::vector<int64_t> sides;
  for (int64_t side = 1; side <= most; side *= 2) {
    sides.push_back(side);
    if (3 * side <= most)
      sides.push_back(3 * side);
  }
  return sides;
}

/// One region in a free rectangle, of about the size of the best, of other
/// shapes.
void Planner::tryRoundSides(const Parts &all, const Rect &within) {
  constexpr int64_t kLarger = 4, kLonger = 8;
  if (!best || isDone() || best->regions.size() > 1)
    return;
  int64_t area = best->regions.front().rect.area();
  if (area * kLarger > within.area())
    return;
  for (int64_t width : roundSides(within.width))
    for (int64_t height : roundSides(within.height)) {
      bool isNear = width * height <= area * kLarger &&
                    area <= width * height * kLarger &&
                    width <= height * kLonger && height <= width * kLonger;
      if (isNear)
        consider(runs.placeAll(all, {{within.x, within.y, width, height}}));
    }
}

/// One region of ever smaller size; true when less than the wafer is best, so
/// that several regions would do no better.
bool Planner::tryOneRegion() {
  constexpr double kStep = 0.75;
  Rect whole = {0, 0, chain.grid.width, chain.grid.height};
  if (!pinned.empty())
    return false;
  if (!dead.empty()) {
    std::vector<Rect> tiles = freeTiles(chain.grid, dead, chain.grid);
    if (tiles.empty())
      return false;
    whole = *std::max_element(
        tiles.begin(), tiles.end(),
        [](const Rect &a, const Rect &b) { return a.area() < b.area(); });
  }
  const Rect free = whole;
  Parts all = {runOf(0, count())};
  bool isBest = consider(runs.placeAll(all, {whole}));
  int64_t area = whole.area();
  size_t numWorse = 0;
  while (best && !isDone() && whole.area() > 1 && numWorse < 3) {
    whole.width = std::max<int64_t>(1, int64_t(double(whole.width) * kStep));
    whole.height = std::max<int64_t>(1, int64_t(double(whole.height) * kStep));
    std::optional<RegionPlan> plan = runs.placeAll(all, {whole});
    if (!plan)
      return false;
    isBest = consider(std::move(plan));
    numWorse = isBest ? 0 : numWorse + 1;
  }
  tryRoundSides(all, free);
  bool isLimited = std::any_of(chain.links.begin(), chain.links.end(),
                               [](const Link &l) { return l.most.width > 0; });
  return best && !isLimited && best->regions.front().rect.area() < area &&
         best->regions.front().rect.area() > whole.area();
}

/// Other numbers of regions may be better once they are refined.
void Planner::refine() {
  constexpr double kNear = 1.15;
  constexpr size_t kMost = 6;
  std::sort(starts.begin(), starts.end(),
            [](const RegionPlan &a, const RegionPlan &b) {
              return a.cycles != b.cycles ? a.cycles < b.cycles
                                          : a.regions.size() < b.regions.size();
            });
  if (starts.size() > kMost)
    starts.resize(kMost);
  double near = kNear * best->cycles;
  // What is considered becomes a start itself.
  for (RegionPlan &start : std::exchange(starts, {})) {
    if (start.cycles > near)
      break;
    Refiner refiner(chain, runs, dead, options.mostSizes);
    refiner.shrink(start);
    refiner.run(start, /*mayMove=*/true);
    consider(std::move(start));
  }
}

/// All that begins with tiles.
void Planner::search() {
  constexpr size_t kPatience = 4;
  constexpr size_t kMostForAny = 12;
  if (tryOneRegion() || isDone())
    bestCount = 1;
  else {
    // Where any plan does, few regions do: each that is added adds gaps.
    size_t most =
        std::min(options.anyPlan ? kMostForAny : options.mostRegions, count());
    for (size_t regions = needsFreeTiles() ? 1 : 2;
         regions <= most && !isDone(); ++regions) {
      double before = best ? best->cycles : kNever;
      tryCount(regions);
      if (best && best->cycles < before)
        bestCount = regions;
      if (best && regions >= bestCount + kPatience)
        break;
    }
    tryDivisions();
    if (!isDone())
      tryPacked(unitsOf(), /*apart=*/false);
  }
}

std::optional<RegionPlan> Planner::run() {
  double bytes = 0;
  for (const Link &link : chain.links)
    bytes += link.bytes;
  if (bytes > double(chain.liveCores()) * double(chain.budget))
    return std::nullopt;
  // The first plan has to be found where any is: coarse tiles lose cores.
  isCoarse = !options.anyPlan;
  search();
  if (!best && isCoarse) {
    isCoarse = false;
    search();
  }
  if (best && !options.anyPlan)
    refine();
  return best;
}

/// Parts that are runs are laid out as such; others with the large ones and the
/// small ones on either side.
std::optional<RegionPlan> Planner::runFixed(const Parts &parts) {
  size_t regions = parts.size();
  bool areRuns = true;
  cuts.clear();
  for (const Kernels &part : parts) {
    cuts.push_back(part.front());
    areRuns &= part.back() - part.front() + 1 == part.size();
  }
  cuts.push_back(count());
  isFixed = true;
  if (needsFreeTiles() && !areRuns) {
    tryPacked(parts, /*apart=*/true);
  } else if (!areRuns) {
    for (const Division &division : divisionsOf(chain, parts))
      tryDivision(division);
  } else {
    if (regions == 1)
      tryOneRegion();
    if (needsFreeTiles() || regions > 1)
      for (size_t tiles = regions; tiles <= 2 * regions && !best; ++tiles)
        tryCount(tiles);
  }
  if (best)
    Refiner(chain, runs, dead, options.mostSizes).run(*best, /*mayMove=*/false);
  return best;
}

std::optional<RegionPlan>
inlay::floorplan::tile(const Chain &chain, const SearchOptions &options,
                       std::vector<Attempt> *attempts) {
  return Planner(chain, options, attempts).run();
}

std::optional<RegionPlan>
inlay::floorplan::arrange(const Chain &chain, const std::vector<Kernels> &parts,
                          const SearchOptions &options) {
  return Planner(chain, options, nullptr).runFixed(parts);
}
