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

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;

//===----------------------------------------------------------------------===//
// Bands
//===----------------------------------------------------------------------===//

static Rect transpose(const Rect &rect) {
  return {rect.y, rect.x, rect.height, rect.width};
}

/// Rows at which bands end: about equal ones, moved a little where fewer dead
/// rectangles lie across.
static std::vector<int64_t> bandEnds(Extent grid, const std::vector<Rect> &dead,
                                     int64_t bands) {
  constexpr int64_t kReach = 5; // parts of a band that an end may move
  std::vector<int64_t> ends;
  int64_t height = grid.height / bands;
  for (int64_t band = 1; band < bands; ++band) {
    int64_t even = grid.height * band / bands;
    std::pair<int64_t, int64_t> best = {-1, 0}; // cut rectangles, way
    int64_t chosen = even;
    for (int64_t way = 0; way <= height / kReach; ++way)
      for (int64_t end : {even - way, even + way}) {
        int64_t cut =
            std::count_if(dead.begin(), dead.end(), [&](const Rect &rect) {
              return rect.y < end && end < rect.bottom() && rect.width > 0;
            });
        if (best.first >= 0 && std::pair(cut, way) >= best)
          continue;
        best = {cut, way};
        chosen = end;
      }
    ends.push_back(chosen);
  }
  ends.push_back(grid.height);
  return ends;
}

/// What is free along all of the band of rows top .. bottom - 1.
static std::vector<Rect> freeInBand(Extent grid, const std::vector<Rect> &dead,
                                    int64_t top, int64_t bottom) {
  std::vector<std::pair<int64_t, int64_t>> blocked;
  for (const Rect &rect : dead)
    if (rect.area() > 0 && rect.y < bottom && top < rect.bottom())
      blocked.push_back({rect.x, rect.right()});
  blocked.push_back({grid.width, grid.width});
  std::sort(blocked.begin(), blocked.end());
  std::vector<Rect> all;
  int64_t at = 0;
  for (auto [from, to] : blocked) {
    if (from > at)
      all.push_back({at, top, std::min(from, grid.width) - at, bottom - top});
    at = std::max(at, to);
  }
  return all;
}

namespace {

/// Rectangles, and how many of the largest kernels they hold.
struct Bands {
  std::vector<Rect> rects;
  int64_t held = 0;
  int64_t area = 0;
};

} // namespace

static Bands bandsOf(Extent grid, const std::vector<Rect> &dead, int64_t bands,
                     int64_t cores) {
  // Shards are never quite full.
  constexpr double kRoom = 1.12;
  constexpr int64_t kSmallest = 16; // a part of the largest kernel
  Bands result;
  int64_t top = 0;
  for (int64_t bottom : bandEnds(grid, dead, bands)) {
    for (const Rect &free : freeInBand(grid, dead, top, bottom)) {
      auto count = int64_t(double(free.area()) / (kRoom * double(cores)));
      int64_t parts = std::clamp<int64_t>(count, 1, free.width);
      if (free.area() < std::max<int64_t>(1, cores / kSmallest))
        continue;
      result.held += count;
      result.area += free.area();
      for (int64_t part = 0; part < parts; ++part) {
        int64_t left = free.width * part / parts;
        int64_t right = free.width * (part + 1) / parts;
        result.rects.push_back(
            {free.x + left, free.y, right - left, free.height});
      }
    }
    top = bottom;
  }
  return result;
}

std::vector<std::vector<Rect>>
inlay::floorplan::freeBands(Extent grid, const std::vector<Rect> &dead,
                            int64_t cores, size_t most) {
  constexpr int64_t kMostBands = 10;
  std::vector<Rect> turned;
  for (const Rect &rect : dead)
    turned.push_back(transpose(rect));
  std::vector<Bands> all;
  for (bool isColumns : {false, true})
    for (int64_t bands = 1; bands <= kMostBands; ++bands) {
      Extent turnedGrid = {grid.height, grid.width};
      const Extent &frame = isColumns ? turnedGrid : grid;
      if (bands > frame.height)
        break;
      Bands found = bandsOf(frame, isColumns ? turned : dead, bands, cores);
      if (isColumns)
        for (Rect &rect : found.rects)
          rect = transpose(rect);
      if (!found.rects.empty())
        all.push_back(std::move(found));
    }
  std::vector<std::tuple<int64_t, int64_t, size_t, size_t>> order;
  for (size_t i = 0; i < all.size(); ++i)
    order.push_back({-all[i].held, -all[i].area, all[i].rects.size(), i});
  std::sort(order.begin(), order.end());
  order.resize(std::min(order.size(), most));
  std::vector<std::vector<Rect>> result;
  for (const auto &[held, area, count, index] : order)
    result.push_back(std::move(all[index].rects));
  return result;
}

//===----------------------------------------------------------------------===//
// Assignment
//===----------------------------------------------------------------------===//

namespace {

class Assigner {
public:
  Assigner(const Chain &chain, RunCost &runs, const Parts &parts,
           const std::vector<Rect> &rects, bool apart)
      : chain(chain), runs(runs), parts(parts), rects(rects), apart(apart),
        rectOf(parts.size(), kNowhere), regions(rects.size()) {}

  bool assign(bool byCycles);
  void refine();
  std::vector<Region> getRegions() const;

private:
  static constexpr size_t kNowhere = size_t(-1);

  /// Cycles with the part on the rectangle instead of where it is; RunCost's
  /// kNever where it does not fit.
  double tryMove(size_t part, size_t rect);
  double trySwap(size_t a, size_t b);
  void move(size_t part, size_t rect);
  Kernels kernelsOn(size_t rect) const;
  bool update(size_t rect);
  double cycles() const { return stepCycles(chain, getRegions()); }

  const Chain &chain;
  RunCost &runs;
  const Parts &parts;
  const std::vector<Rect> &rects;
  bool apart;
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
  if (apart && regions[rect])
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

double Assigner::trySwap(size_t a, size_t b) {
  size_t ofA = rectOf[a], ofB = rectOf[b];
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

/// The largest part first: where the step is shortest then, or on the smallest
/// rectangle that has room.
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
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(-bytes[a], a) < std::pair(-bytes[b], b);
  });
  for (size_t part : order) {
    std::pair<double, size_t> best = {RunCost::kNever, kNowhere};
    for (size_t rect = 0; rect < rects.size(); ++rect) {
      double cost = tryMove(part, rect);
      if (cost < RunCost::kNever && !byCycles)
        cost = double(rects[rect].area());
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
    for (size_t part = 0; part < parts.size(); ++part) {
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
      for (size_t b = 0; b < a; ++b) {
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

std::optional<std::vector<Region>> inlay::floorplan::assignParts(
    const Chain &chain, RunCost &runs, const Parts &parts,
    const std::vector<Rect> &rects, bool apart, bool refines) {
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

/// Around dead cores: parts on rectangles that hold the largest of them, or
/// several.
void Planner::tryPacked(const Parts &parts, bool apart) {
  constexpr size_t kMostSets = 3, kMostParts = 120;
  if (dead.empty() || !pinned.empty() || parts.size() > kMostParts)
    return;
  double largest = 1;
  for (const Kernels &part : parts) {
    double bytes = 0;
    for (size_t k : part)
      bytes += chain.links[k].bytes;
    largest = std::max(largest, bytes);
  }
  auto cores = int64_t(std::ceil(largest / double(chain.budget)));
  for (int64_t held : {1, 2}) {
    for (const std::vector<Rect> &rects :
         freeBands(chain.grid, dead, held * cores, kMostSets)) {
      std::optional<std::vector<Region>> regions =
          assignParts(chain, runs, parts, rects, apart, !options.anyPlan);
      if (!regions)
        continue;
      RegionPlan plan;
      plan.regions = std::move(*regions);
      plan.cycles = stepCycles(chain, plan.regions);
      consider(std::move(plan));
      if (isDone())
        return;
    }
    if (apart)
      return;
  }
}
