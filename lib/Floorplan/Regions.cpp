//===- Regions.cpp - Searches for regions of few cycles -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Floorplan.h"

#include "Divisions.h"
#include "RunCost.h"
#include "Tiles.h"

#include <algorithm>
#include <cmath>
#include <set>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;

namespace {

constexpr double kNever = RunCost::kNever;

class Planner {
public:
  Planner(const Chain &chain, const SearchOptions &options,
          std::vector<Attempt> *attempts)
      : chain(chain), options(options), attempts(attempts), runs(chain) {
    for (const Rect &rect : chain.dead)
      if (rect.area() > 0 &&
          rect.overlaps({0, 0, chain.grid.width, chain.grid.height}))
        dead.push_back(rect);
    for (size_t k = 0; k < chain.links.size(); ++k)
      if (chain.links[k].at)
        pinned.push_back(k);
    findCuts();
  }

  std::optional<RegionPlan> run();
  std::optional<RegionPlan> runFixed(const Parts &parts);

private:
  size_t count() const { return chain.links.size(); }
  bool isDone() const { return best && options.anyPlan; }
  /// Whether tiles in strips do not do.
  bool needsFreeTiles() const { return !dead.empty() || !pinned.empty(); }

  void findCuts();
  bool tryOneRegion();
  void tryCount(size_t regions);
  void tryStrips(Extent grid, const Strips &strips, size_t regions);
  void tryFree(Extent tile);
  void tryTiles(const std::vector<Rect> &tiles);
  void tryPinned(Extent tile);
  bool mayHold(size_t tile, size_t first, size_t last) const;
  Parts distribute(const std::vector<Rect> &tiles, std::vector<Rect> &used);
  Parts cutByBytes(size_t regions) const;
  void resize(Extent grid, const Strips &strips, const Parts &parts,
              std::vector<Rect> tiles);

  void tryDivisions();
  void tryDivision(const Division &division);
  void trySides(const Division &division, const Sides &sides);

  std::optional<RegionPlan> placeAll(const Parts &parts,
                                     const std::vector<Rect> &rects);
  void addWays(RegionPlan &plan) const;
  bool consider(std::optional<RegionPlan> plan);

  void shrink(RegionPlan &plan);
  bool shrinkSide(RegionPlan &plan, size_t region, bool isHeight,
                  int64_t parts);
  double costOf(const RegionPlan &plan, size_t region) const;

  const Chain &chain;
  const SearchOptions &options;
  std::vector<Attempt> *attempts;
  RunCost runs;
  std::vector<Rect> dead;
  std::vector<size_t> pinned; ///< kernels whose regions have their places
  /// The pinned kernel of each tile of a distribution, or -1; may be empty.
  std::vector<int64_t> pinOfTile;
  /// Kernels that a region may begin with, and the number of kernels.
  std::vector<size_t> cuts;
  bool isFixed = false; ///< a region begins at each of them
  std::optional<RegionPlan> best;
  size_t bestCount = 0;
};

} // namespace

/// Chains of very many kernels are cut at few of them.
void Planner::findCuts() {
  constexpr size_t kMostCuts = 200;
  size_t step = (count() + kMostCuts - 1) / kMostCuts;
  for (size_t k = 0; k < count(); ++k) {
    bool isLayer = k == 0 || chain.links[k].layer != chain.links[k - 1].layer ||
                   chain.links[k].layer < 0;
    if (chain.links[k].isJoined)
      continue;
    bool isPinned = chain.links[k].at || (k > 0 && chain.links[k - 1].at);
    if (step == 1 || isPinned || (isLayer && k % step == 0) ||
        k % (2 * step) == 0)
      cuts.push_back(k);
  }
  cuts.push_back(count());
}

void Planner::addWays(RegionPlan &plan) const {
  plan.cycles = waysBetween(chain, plan.regions);
  for (const Region &region : plan.regions)
    plan.cycles += region.cycles;
}

/// Runs that begin at `firsts`.
static Parts toParts(const std::vector<size_t> &firsts, size_t count) {
  Parts parts;
  for (size_t r = 0; r < firsts.size(); ++r)
    parts.push_back(
        runOf(firsts[r], r + 1 < firsts.size() ? firsts[r + 1] : count));
  return parts;
}

std::optional<RegionPlan> Planner::placeAll(const Parts &parts,
                                            const std::vector<Rect> &rects) {
  RegionPlan plan;
  for (size_t r = 0; r < parts.size(); ++r) {
    std::optional<Region> region = runs.place(parts[r], rects[r]);
    if (!region)
      return std::nullopt;
    plan.regions.push_back(std::move(*region));
  }
  std::sort(plan.regions.begin(), plan.regions.end(),
            [](const Region &a, const Region &b) {
              return a.kernels.front() < b.kernels.front();
            });
  addWays(plan);
  return plan;
}

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
  if (best && plan->cycles >= best->cycles)
    return false;
  best = std::move(plan);
  return true;
}

/// A tile that is there for a pinned kernel holds it; no other holds a pinned
/// kernel, unless its region has the same place.
bool Planner::mayHold(size_t tile, size_t first, size_t last) const {
  if (pinned.empty())
    return true;
  int64_t pin = tile < pinOfTile.size() ? pinOfTile[tile] : -1;
  bool holds = false;
  for (size_t k : pinned) {
    if (k < first || k >= last)
      continue;
    if (pin < 0 || chain.links[k].at != chain.links[pin].at)
      return false;
    holds = true;
  }
  return holds || pin < 0;
}

/// Cuts the chain over tiles, of which some may stay empty. Returns the run of
/// each region and the tiles used; nothing when it does not fit.
Parts Planner::distribute(const std::vector<Rect> &tiles,
                          std::vector<Rect> &used) {
  struct State {
    double cycles = kNever;
    size_t from = 0;      ///< index into `cuts`
    bool isEmpty = false; ///< of the tile
  };
  size_t ends = cuts.size();
  std::vector<std::vector<State>> states(tiles.size() + 1,
                                         std::vector<State>(ends));
  states[0][0].cycles = 0;
  std::map<std::pair<int64_t, int64_t>, std::vector<std::vector<double>>> costs;
  for (size_t t = 0; t < tiles.size(); ++t) {
    Extent extent = tiles[t].extent();
    std::vector<std::vector<double>> &cost =
        costs[{extent.width, extent.height}];
    cost.resize(ends);
    for (size_t i = 0; i < ends; ++i) {
      const State &before = states[t][i];
      if (before.cycles >= kNever)
        continue;
      if (before.cycles < states[t + 1][i].cycles)
        states[t + 1][i] = {before.cycles, i, true};
      if (i + 1 == ends)
        continue;
      if (cost[i].empty())
        runs.extend(cuts[i], extent, cost[i]);
      double way = t > 0 && cuts[i] > 0
                       ? chain.handover(cuts[i], tiles[t - 1], tiles[t])
                       : 0;
      for (size_t j = i + 1; j < ends; ++j) {
        double cycles = cost[i][cuts[j]];
        if (cycles >= kNever || (isFixed && j > i + 1))
          break;
        if (!mayHold(t, cuts[i], cuts[j]))
          continue;
        cycles += before.cycles + way;
        if (cycles < states[t + 1][j].cycles)
          states[t + 1][j] = {cycles, i, false};
      }
    }
  }
  std::vector<size_t> firsts;
  used.clear();
  size_t at = ends - 1;
  if (states[tiles.size()][at].cycles >= kNever)
    return {};
  for (size_t t = tiles.size(); t > 0; --t) {
    const State &state = states[t][at];
    if (!state.isEmpty) {
      firsts.push_back(cuts[state.from]);
      used.push_back(tiles[t - 1]);
    }
    at = state.from;
  }
  std::reverse(firsts.begin(), firsts.end());
  std::reverse(used.begin(), used.end());
  return toParts(firsts, count());
}

/// Runs of about equal bytes.
Parts Planner::cutByBytes(size_t regions) const {
  double sum = 0;
  for (const Link &link : chain.links)
    sum += link.bytes;
  std::vector<size_t> firsts = {0};
  double seen = 0;
  size_t cut = 1;
  for (size_t k = 0; k < count() && firsts.size() < regions; ++k) {
    while (cut < cuts.size() && cuts[cut] <= k)
      ++cut;
    seen += chain.links[k].bytes;
    double target = sum * double(firsts.size()) / double(regions);
    if (cuts[cut] != k + 1 || k + 1 >= count())
      continue;
    // Cut where the sum is nearest to the target.
    double next = k + 1 < count() ? chain.links[k + 1].bytes : 0;
    if (seen >= target || target - seen <= next / 2)
      firsts.push_back(k + 1);
  }
  return firsts.size() == regions ? toParts(firsts, count()) : Parts();
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
    tiles = layOut(grid, strips, weights);
    std::vector<int64_t> sizes;
    for (const Rect &tile : tiles) {
      sizes.push_back(tile.width);
      sizes.push_back(tile.height);
    }
    if (tiles.empty() || !seen.insert(sizes).second)
      return;
    consider(placeAll(parts, tiles));
    if (isDone())
      return;
    for (size_t r = 0; r < tiles.size(); ++r)
      weights[r] = double(tiles[r].area());
  }
}

void Planner::tryStrips(Extent grid, const Strips &strips, size_t regions) {
  std::vector<Rect> tiles =
      layOut(grid, strips, std::vector<double>(regions, 1.0));
  if (tiles.empty())
    return;
  // Other sizes save little; they are worth a look where equal ones are good.
  constexpr double kNear = 1.06;
  std::vector<Rect> used;
  Parts parts = distribute(tiles, used);
  std::optional<RegionPlan> plan;
  if (!parts.empty())
    plan = placeAll(parts, used);
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
    consider(placeAll(parts, used));
}

void Planner::tryFree(Extent tile) {
  if (pinned.empty())
    tryTiles(freeTiles(chain.grid, dead, tile));
  else
    tryPinned(tile);
}

/// Tiles at the places of pinned kernels, and free tiles around them. A pinned
/// tile stands where the bytes of the chain before its kernel end, or a few
/// tiles off.
void Planner::tryPinned(Extent tile) {
  constexpr int64_t kFarthest = 4;
  std::vector<Rect> blocked = dead;
  std::vector<std::pair<double, size_t>> places; // part of the bytes, kernel
  std::vector<Rect> rects;
  double seen = 0;
  for (size_t k = 0; k < count(); ++k) {
    const Link &link = chain.links[k];
    seen += link.bytes;
    bool isNew = link.at && (places.empty() ||
                             chain.links[places.back().second].at != link.at);
    if (!isNew)
      continue;
    Rect rect = anchoredTile(chain.grid, blocked, link.at->first,
                             link.at->second, runs.clip({k}, tile));
    if (rect.area() == 0)
      return;
    blocked.push_back(rect);
    rects.push_back(rect);
    places.push_back({seen - link.bytes, k});
  }
  std::vector<Rect> others = freeTiles(chain.grid, blocked, tile);
  for (int64_t offset = -kFarthest; offset <= kFarthest && !isDone();
       ++offset) {
    std::vector<Rect> tiles = others;
    pinOfTile.assign(tiles.size(), -1);
    for (size_t p = places.size(); p-- > 0;) {
      auto at = std::llround(double(others.size()) * places[p].first / seen);
      at = std::clamp<int64_t>(at + offset, 0,
                               static_cast<int64_t>(others.size()));
      tiles.insert(tiles.begin() + at, rects[p]);
      pinOfTile.insert(pinOfTile.begin() + at,
                       static_cast<int64_t>(places[p].second));
    }
    tryTiles(tiles);
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

/// Sizes first by how full the tiles are; then the small ones grow as far as
/// the large ones leave them room.
void Planner::trySides(const Division &division, const Sides &sides) {
  constexpr int kRounds = 3;
  constexpr double kGrowth[] = {1.5, 2.5, 4, 7, 12};
  Parts parts = division.small;
  parts.insert(parts.end(), division.large.begin(), division.large.end());
  std::vector<double> weights;
  for (const Kernels &part : parts) {
    double bytes = 0;
    for (size_t k : part)
      bytes += chain.links[k].bytes;
    weights.push_back(std::max(1.0, bytes));
  }
  std::optional<RegionPlan> plan;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Rect> tiles = layOutSides(chain.grid, sides, weights);
    if (tiles.empty())
      return;
    if (std::optional<RegionPlan> next = placeAll(parts, tiles))
      plan = std::move(next);
    for (size_t r = 0; r < parts.size(); ++r)
      weights[r] = double(tiles[r].area()) *
                   std::clamp(runs.fill(parts[r], tiles[r].extent()), 0.1, 8.0);
  }
  double before = plan ? plan->cycles : kNever;
  consider(std::move(plan));
  if (isDone())
    return;
  for (double growth : kGrowth) {
    std::vector<double> grown = weights;
    for (size_t r = 0; r < division.small.size(); ++r)
      grown[r] *= growth;
    std::vector<Rect> tiles = layOutSides(chain.grid, sides, grown);
    std::optional<RegionPlan> next;
    if (!tiles.empty())
      next = placeAll(parts, tiles);
    if (!next || next->cycles > before)
      return;
    before = next->cycles;
    consider(std::move(next));
    if (isDone())
      return;
  }
}

void Planner::tryDivision(const Division &division) {
  constexpr double kSliver = 4;
  size_t large = division.large.size();
  for (bool onTheLeft : {false, true})
    for (size_t strips = 1; strips <= large; ++strips)
      for (bool isTransposed : {false, true}) {
        if (isTransposed && (large % strips == 0))
          continue;
        Extent grid = chain.grid;
        double across = double(isTransposed ? grid.height : grid.width) *
                        double(strips) / double(large);
        double along =
            double(isTransposed ? grid.width : grid.height) / double(strips);
        if (std::max(across, along) > kSliver * std::min(across, along))
          continue;
        trySides(division, {division.small.size(), onTheLeft,
                            evenStrips(large, strips, isTransposed)});
        if (isDone())
          return;
      }
}

void Planner::tryDivisions() {
  if (needsFreeTiles())
    return;
  for (const Division &division : divisionsOf(chain)) {
    if (isDone())
      return;
    tryDivision(division);
  }
}

/// One region of ever smaller size; true when less than the wafer is best, so
/// that several regions would do no better.
bool Planner::tryOneRegion() {
  constexpr double kStep = 0.75;
  Rect whole = {0, 0, chain.grid.width, chain.grid.height};
  if (needsFreeTiles())
    return false;
  Parts all = {runOf(0, count())};
  bool isBest = consider(placeAll(all, {whole}));
  int64_t area = whole.area();
  size_t numWorse = 0;
  while (best && !isDone() && whole.area() > 1 && numWorse < 3) {
    whole.width = std::max<int64_t>(1, int64_t(double(whole.width) * kStep));
    whole.height = std::max<int64_t>(1, int64_t(double(whole.height) * kStep));
    std::optional<RegionPlan> plan = placeAll(all, {whole});
    if (!plan)
      return false;
    isBest = consider(std::move(plan));
    numWorse = isBest ? 0 : numWorse + 1;
  }
  bool isLimited = std::any_of(chain.links.begin(), chain.links.end(),
                               [](const Link &l) { return l.most.width > 0; });
  return best && !isLimited && best->regions.front().rect.area() < area &&
         best->regions.front().rect.area() > whole.area();
}

std::optional<RegionPlan> Planner::run() {
  double bytes = 0;
  for (const Link &link : chain.links)
    bytes += link.bytes;
  if (bytes > double(chain.liveCores()) * double(chain.budget))
    return std::nullopt;
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
  }
  if (best && !options.anyPlan)
    shrink(*best);
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
  if (!areRuns) {
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
    shrink(*best);
  return best;
}

/// The cycles of a region's kernels, and of the ways to it and from it.
double Planner::costOf(const RegionPlan &plan, size_t r) const {
  return plan.regions[r].cycles + waysBetween(chain, plan.regions);
}

/// Takes one of `parts` parts of a side away while that saves cycles.
bool Planner::shrinkSide(RegionPlan &plan, size_t r, bool isHeight,
                         int64_t parts) {
  bool isSmaller = false;
  while (true) {
    Region &region = plan.regions[r];
    Rect rect = region.rect;
    int64_t &side = isHeight ? rect.height : rect.width;
    int64_t less = std::max<int64_t>(1, side / parts);
    if (side <= less)
      return isSmaller;
    side -= less;
    std::optional<Region> next = runs.place(region.kernels, rect);
    if (!next)
      return isSmaller;
    double before = costOf(plan, r);
    std::swap(region, *next);
    if (costOf(plan, r) >= before) {
      std::swap(region, *next);
      return isSmaller;
    }
    isSmaller = true;
  }
}

void Planner::shrink(RegionPlan &plan) {
  for (size_t r = 0; r < plan.regions.size(); ++r)
    for (int64_t parts : {4, 12, 40})
      for (bool isHeight : {true, false})
        shrinkSide(plan, r, isHeight, parts);
  addWays(plan);
}

std::optional<RegionPlan>
inlay::floorplan::tile(const Chain &chain, const SearchOptions &options,
                       std::vector<Attempt> *attempts) {
  return Planner(chain, options, attempts).run();
}

std::optional<RegionPlan>
inlay::floorplan::arrange(const Chain &chain,
                          const std::vector<Kernels> &parts) {
  return Planner(chain, {}, nullptr).runFixed(parts);
}
