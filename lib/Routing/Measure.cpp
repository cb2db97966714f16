//===- Measure.cpp - What follows from routes -----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Measure.h"

#include "inlay/Support/Parallel.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

using namespace inlay;
using namespace inlay::routing;
using model::Rect;

Turns::Turns(const Problem &problem) : Turns(problem, problem.order) {}

Turns::Turns(const Problem &problem, std::vector<std::pair<int, int>> order)
    : words((problem.kernels.size() + 63) / 64),
      reached(problem.kernels.size() * words) {
  for (size_t k = 0; k < problem.kernels.size(); ++k)
    wafers.push_back(problem.waferOf(static_cast<int>(k)));
  // From the last kernel back, each adds what those after it reach.
  std::sort(order.begin(), order.end(), std::greater<>());
  for (size_t k = 0; k < problem.kernels.size(); ++k)
    reached[k * words + k / 64] |= uint64_t(1) << (k % 64);
  for (auto [before, after] : order)
    for (size_t w = 0; w < words; ++w)
      reached[before * words + w] |= reached[after * words + w];
}

bool Turns::reaches(int from, int to) const {
  return (reached[from * words + to / 64] >> (to % 64)) & 1;
}

bool Turns::isBefore(const Flow &first, const Flow &second) const {
  if (first.from == kHost || first.to == kHost || second.from == kHost)
    return false;
  // The edge takes in each before the next begins.
  return leavesBefore(first, second) || reaches(first.to, second.from);
}

bool Turns::leavesBefore(const Flow &first, const Flow &second) const {
  return first.from != kHost && first.from == second.from && leaves(first) &&
         leaves(second) && std::less<>()(&first, &second);
}

bool Turns::leaves(const Flow &flow) const {
  return flow.to != kHost && wafers[flow.from] != wafers[flow.to];
}

Footprint::Footprint(const Route &route) {
  auto add = [&](const Area &area) {
    for (int64_t k = 0; k < area.count; ++k)
      rects.push_back(area.copy(k));
  };
  for (const Segment &segment : route.segments)
    add(segment.area);
  for (const Area &area : route.lines)
    add(area);
  if (rects.empty())
    return;
  bounds = rects.front();
  for (const Rect &rect : rects) {
    int64_t x = std::min(bounds.x, rect.x), y = std::min(bounds.y, rect.y);
    bounds = {x, y, std::max(bounds.right(), rect.right()) - x,
              std::max(bounds.bottom(), rect.bottom()) - y};
  }
}

bool Footprint::overlaps(const Footprint &other) const {
  if (!bounds.overlaps(other.bounds))
    return false;
  for (const Rect &a : rects)
    if (a.overlaps(other.bounds))
      for (const Rect &b : other.rects)
        if (a.overlaps(b))
          return true;
  return false;
}

std::vector<std::vector<Pool>>
inlay::routing::poolsOf(const Problem &problem,
                        const std::vector<const Route *> &routes,
                        PoolSize size) {
  auto coloursOf = [&](const Route &route) {
    if (size == PoolSize::Count)
      return static_cast<int>(route.colours.size());
    return 1 + *std::max_element(route.colours.begin(), route.colours.end());
  };
  std::vector<std::vector<Pool>> all(problem.regions.size()), result;
  for (const Route *route : routes)
    if (route->region >= 0 && !route->colours.empty())
      for (const Rect &rect : Footprint(*route).rects)
        all[route->region].push_back({rect, coloursOf(*route)});
  for (std::vector<Pool> &pools : all) {
    std::sort(pools.begin(), pools.end(), [](const Pool &a, const Pool &b) {
      auto key = [](const Pool &pool) {
        return std::tuple(-pool.colours, -pool.rect.area(), pool.rect.y,
                          pool.rect.x, pool.rect.height);
      };
      return key(a) < key(b);
    });
    std::vector<Pool> &kept = result.emplace_back();
    for (const Pool &pool : pools)
      if (std::none_of(kept.begin(), kept.end(), [&](const Pool &other) {
            return other.rect.contains(pool.rect);
          }))
        kept.push_back(pool);
  }
  return result;
}

namespace {

/// Colours that a router needs, and which.
struct Bound {
  int colours = 0;
  int64_t x = 0;
  int64_t y = 0;
};

/// The most colours that one router of a wafer needs.
class BoundSearch {
public:
  BoundSearch(const Problem &problem, const Turns &turns,
              const Solution &solution, int wafer)
      : problem(problem), turns(turns) {
    std::vector<const Route *> inTurn;
    for (const Route &route : solution.routes)
      if (route.wafer == wafer && route.region >= 0)
        inTurn.push_back(&route);
      else if (route.wafer == wafer)
        trunks.emplace_back(&route, Footprint(route));
    std::vector<std::vector<Pool>> all =
        poolsOf(problem, inTurn, PoolSize::Count);
    for (size_t r = 0; r < problem.regions.size(); ++r)
      if (!all[r].empty())
        regions.emplace_back(problem.regions[r].rect, std::move(all[r]));
  }

  Bound run();

private:
  using Trunk = std::pair<const Route *, Footprint>;

  void offerCrossings(const Trunk &trunk, size_t index);
  void tryRouter(int64_t x, int64_t y);
  int poolAt(const Rect &router, int unless) const;
  int neededBy(const std::vector<const Route *> &here) const;
  bool excludes(const Route &a, const Route &b) const {
    const Flow &first = problem.flows[a.flow], &second = problem.flows[b.flow];
    return turns.isBefore(first, second) || turns.isBefore(second, first);
  }
  void offer(int64_t x, int64_t y) { routers.emplace_back(y, x); }

  const Problem &problem;
  const Turns &turns;
  Bound most;
  std::vector<std::pair<Rect, std::vector<Pool>>> regions;
  std::vector<Trunk> trunks;
  std::vector<std::pair<int64_t, int64_t>> routers; ///< y, x
};

} // namespace

/// Colours of routes in turn in a router; 0 where `unless` are more than any of
/// its region.
int BoundSearch::poolAt(const Rect &router, int unless) const {
  for (const auto &[rect, pools] : regions) {
    if (!rect.contains(router) || pools.front().colours < unless)
      continue;
    for (const Pool &pool : pools)
      if (pool.rect.contains(router))
        return pool.colours;
  }
  return 0;
}

/// Colours that trunks of one router need: one that excludes no other has its
/// own; of the others those of which none excludes another, begun with each in
/// turn, have one each, and at most four share one.
int BoundSearch::neededBy(const std::vector<const Route *> &here) const {
  std::vector<const Route *> shared, together;
  for (const Route *route : here)
    if (std::any_of(here.begin(), here.end(), [&](const Route *other) {
          return other != route && excludes(*route, *other);
        }))
      shared.push_back(route);
  auto count = static_cast<int>(shared.size());
  int needed = (count + kSwitchPositions - 1) / kSwitchPositions;
  for (const Route *first : shared) {
    together = {first};
    for (const Route *route : shared)
      if (route != first && std::none_of(together.begin(), together.end(),
                                         [&](const Route *other) {
                                           return excludes(*route, *other);
                                         }))
        together.push_back(route);
    needed = std::max(needed, static_cast<int>(together.size()));
  }
  return needed + static_cast<int>(here.size()) - count;
}

void BoundSearch::tryRouter(int64_t x, int64_t y) {
  Rect router = {x, y, 1, 1};
  auto inBounds = static_cast<int>(
      std::count_if(trunks.begin(), trunks.end(), [&](const Trunk &trunk) {
        return trunk.second.bounds.contains(router);
      }));
  int pool = poolAt(router, most.colours - inBounds);
  if (pool + inBounds <= most.colours)
    return;
  std::vector<const Route *> here;
  for (const auto &[route, footprint] : trunks)
    if (footprint.bounds.contains(router) &&
        std::any_of(footprint.rects.begin(), footprint.rects.end(),
                    [&](const Rect &rect) { return rect.contains(router); }))
      here.push_back(route);
  if (pool + static_cast<int>(here.size()) <= most.colours)
    return;
  int needed = pool + neededBy(here);
  if (needed <= most.colours)
    return;
  most = {needed, x, y};
}

/// Where a trunk meets pools and the trunks before it.
void BoundSearch::offerCrossings(const Trunk &trunk, size_t index) {
  for (const Rect &rect : trunk.second.rects) {
    offer(rect.x, rect.y);
    for (const auto &[region, pools] : regions)
      if (region.overlaps(rect))
        for (const Pool &pool : pools)
          if (Rect common = intersect(rect, pool.rect); common.area() > 0)
            offer(common.x, common.y);
  }
  for (size_t j = 0; j < index; ++j) {
    const Footprint &other = trunks[j].second;
    if (!trunk.second.bounds.overlaps(other.bounds))
      continue;
    for (const Rect &rect : trunk.second.rects)
      if (rect.overlaps(other.bounds))
        for (const Rect &theirs : other.rects)
          if (Rect common = intersect(rect, theirs); common.area() > 0)
            offer(common.x, common.y);
  }
}

/// What passes a router changes only at the edges of rectangles: one that has
/// the most is the north-west corner of two of them, or of one.
Bound BoundSearch::run() {
  for (const auto &[rect, pools] : regions)
    for (const Pool &pool : pools)
      offer(pool.rect.x, pool.rect.y);
  for (size_t i = 0; i < trunks.size(); ++i)
    offerCrossings(trunks[i], i);
  std::sort(routers.begin(), routers.end());
  routers.erase(std::unique(routers.begin(), routers.end()), routers.end());
  for (auto [y, x] : routers)
    tryRouter(x, y);
  return most;
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

namespace {

/// Sums over columns of routers, with the largest and the first that has it.
class Columns {
public:
  explicit Columns(size_t count) {
    while (leaves < count)
      leaves *= 2;
    most.resize(2 * leaves);
    added.resize(2 * leaves);
  }

  void add(size_t first, size_t end, int64_t wavelets) {
    add(1, 0, leaves, first, end, wavelets);
  }
  int64_t largest() const { return most[1]; }
  size_t firstLargest() const {
    size_t node = 1;
    while (node < leaves)
      node = most[2 * node] >= most[2 * node + 1] ? 2 * node : 2 * node + 1;
    return node - leaves;
  }

private:
  void add(size_t node, size_t from, size_t to, size_t first, size_t end,
           int64_t wavelets) {
    if (end <= from || to <= first)
      return;
    if (first <= from && to <= end) {
      most[node] += wavelets;
      added[node] += wavelets;
      return;
    }
    size_t middle = (from + to) / 2;
    add(2 * node, from, middle, first, end, wavelets);
    add(2 * node + 1, middle, to, first, end, wavelets);
    most[node] = std::max(most[2 * node], most[2 * node + 1]) + added[node];
  }

  size_t leaves = 1;
  std::vector<int64_t> most, added; ///< a tree over columns
};

} // namespace

/// Rows are swept from north to south.
Weighted inlay::routing::largestSum(const std::vector<Weighted> &weighted) {
  std::vector<int64_t> xs;
  struct Event {
    int64_t y;
    const Weighted *of;
    int64_t wavelets;
  };
  std::vector<Event> events;
  for (const Weighted &w : weighted) {
    xs.push_back(w.rect.x);
    xs.push_back(w.rect.right());
    events.push_back({w.rect.y, &w, w.wavelets});
    events.push_back({w.rect.bottom(), &w, -w.wavelets});
  }
  std::sort(xs.begin(), xs.end());
  xs.erase(std::unique(xs.begin(), xs.end()), xs.end());
  std::sort(events.begin(), events.end(),
            [](const Event &a, const Event &b) { return a.y < b.y; });
  auto at = [&](int64_t x) -> size_t {
    return std::lower_bound(xs.begin(), xs.end(), x) - xs.begin();
  };
  Columns columns(xs.size());
  Weighted best{{}, 0};
  for (size_t i = 0; i < events.size();) {
    int64_t y = events[i].y;
    for (; i < events.size() && events[i].y == y; ++i)
      columns.add(at(events[i].of->rect.x), at(events[i].of->rect.right()),
                  events[i].wavelets);
    if (columns.largest() > best.wavelets)
      best = {{xs[columns.firstLargest()], y, 1, 1}, columns.largest()};
  }
  return best;
}

namespace {

/// What lines of one region along one axis load, by router of a line: the sum
/// of all collectives whose lines lie in the same rows (columns).
struct LineLoads {
  int64_t first = 0;                      ///< row (column) of the first line
  int64_t lines = 0;                      ///< side by side
  std::vector<int64_t> at[kNumLinkKinds]; ///< by column (row) of the grid
};

/// Adds up what the routes of one wafer load.
class Loads {
public:
  Loads(const Problem &problem, const Solution &solution, int wafer)
      : problem(problem), solution(solution), wafer(wafer) {}

  /// By kind of link.
  std::vector<LinkLoad> run();

private:
  void addSegments(const Route &route);
  void addLines(const Route &route);
  void addLine(const Route &route, const Rect &lines,
               const LineSegment &segment, int64_t wavelets);
  void add(const Rect &rect, Port in, const Ports &out, int64_t wavelets);
  void addPeaks();
  const Problem &problem;
  const Solution &solution;
  int wafer;
  int64_t totals[kNumLinkKinds] = {};
  std::vector<Weighted> weighted[kNumLinkKinds];
  std::map<std::pair<int, bool>, LineLoads> lineLoads; ///< region, along x
};

} // namespace

void inlay::routing::forLinks(const model::Extent &grid, const Rect &rect,
                              Port in, const Ports &out,
                              const std::function<void(LinkKind)> &put) {
  Rect all = {0, 0, grid.width, grid.height};
  if (in == Port::Ramp)
    put(LinkKind::Router);
  if (out.has(Port::Ramp))
    put(LinkKind::Core);
  for (Port port : {Port::West, Port::East, Port::North, Port::South}) {
    if (!out.has(port))
      continue;
    Offset offset = offsetOf(port);
    Rect next = {rect.x + offset.dx, rect.y + offset.dy, rect.width,
                 rect.height};
    put(all.contains(next) ? static_cast<LinkKind>(port) : LinkKind::Edge);
  }
}

void Loads::add(const Rect &rect, Port in, const Ports &out, int64_t wavelets) {
  if (wavelets == 0)
    return;
  forLinks(problem.grid, rect, in, out, [&](LinkKind kind) {
    totals[static_cast<int>(kind)] += rect.area() * wavelets;
    weighted[static_cast<int>(kind)].push_back({rect, wavelets});
  });
}

void Loads::addSegments(const Route &route) {
  for (const Segment &segment : route.segments)
    for (int64_t k = 0; k < segment.area.count; ++k)
      add(segment.area.copy(k), segment.in, segment.out, route.wavelets);
}

void Loads::addLine(const Route &route, const Rect &lines,
                    const LineSegment &segment, int64_t wavelets) {
  bool alongX = route.lineAxis == Axis::X;
  Segment ports{{}, segment.in, segment.out, 0};
  if (!alongX)
    ports = transposed(ports);
  int64_t start = alongX ? lines.x : lines.y;
  int64_t first = alongX ? lines.y : lines.x;
  int64_t count = alongX ? lines.height : lines.width;
  LineLoads &loads = lineLoads[{route.region, alongX}];
  if (loads.lines == 0) {
    loads.first = first;
    loads.lines = count;
  }
  bool fits = loads.first == first && loads.lines == count;
  if (!fits && segment.at.step == 1 && segment.loadStep == 0) {
    // Routers side by side that are alike.
    int64_t at = start + segment.at.first;
    add(alongX ? Rect{at, first, segment.at.count, count}
               : Rect{first, at, count, segment.at.count},
        ports.in, ports.out, wavelets * segment.load);
    return;
  }
  for (int64_t i = 0; i < segment.at.count; ++i) {
    int64_t at = start + segment.at.first + i * segment.at.step;
    int64_t load = wavelets * (segment.load + i * segment.loadStep);
    Rect rect = alongX ? Rect{at, first, 1, count} : Rect{first, at, count, 1};
    if (!fits) {
      add(rect, ports.in, ports.out, load);
      continue;
    }
    forLinks(problem.grid, rect, ports.in, ports.out, [&](LinkKind kind) {
      std::vector<int64_t> &sums = loads.at[static_cast<int>(kind)];
      sums.resize(alongX ? problem.grid.width : problem.grid.height);
      sums[at] += load;
      totals[static_cast<int>(kind)] += count * load;
    });
  }
}

/// Routers of a line that are alike are one rectangle each, as all lines of an
/// area lie side by side.
void Loads::addLines(const Route &route) {
  int64_t wavelets = 0;
  for (int use : route.collectives)
    wavelets +=
        problem.collectives[use].wavelets * problem.collectives[use].times;
  for (const Area &area : route.lines)
    for (int64_t k = 0; k < area.count; ++k)
      for (const LineSegment &segment :
           solution.patterns[route.pattern].segments)
        addLine(route, area.copy(k), segment, wavelets);
}

/// Of the lines of a region only the fullest routers between two places where
/// something else begins or ends can be the fullest of all.
void Loads::addPeaks() {
  std::vector<Weighted> found[kNumLinkKinds];
  for (const auto &[key, loads] : lineLoads)
    for (int kind = 0; kind < kNumLinkKinds; ++kind) {
      const std::vector<int64_t> &sums = loads.at[kind];
      if (sums.empty())
        continue;
      bool alongX = key.second;
      std::vector<int64_t> breaks = {0, static_cast<int64_t>(sums.size())};
      Rect all = alongX ? Rect{0, loads.first, breaks[1], loads.lines}
                        : Rect{loads.first, 0, loads.lines, breaks[1]};
      for (const Weighted &w : weighted[kind])
        if (w.rect.overlaps(all)) {
          breaks.push_back(alongX ? w.rect.x : w.rect.y);
          breaks.push_back(alongX ? w.rect.right() : w.rect.bottom());
        }
      if (auto crossing = lineLoads.find({key.first, !alongX});
          crossing != lineLoads.end()) {
        breaks.push_back(crossing->second.first);
        breaks.push_back(crossing->second.first + crossing->second.lines);
      }
      std::sort(breaks.begin(), breaks.end());
      std::vector<Weighted> peaks;
      for (size_t b = 0; b + 1 < breaks.size(); ++b) {
        auto from = sums.begin() + breaks[b], to = sums.begin() + breaks[b + 1];
        if (from == to)
          continue;
        auto peak = std::max_element(from, to);
        int64_t at = peak - sums.begin();
        if (*peak > 0)
          peaks.push_back({alongX ? Rect{at, loads.first, 1, loads.lines}
                                  : Rect{loads.first, at, loads.lines, 1},
                           *peak});
      }
      found[kind].insert(found[kind].end(), peaks.begin(), peaks.end());
    }
  for (int kind = 0; kind < kNumLinkKinds; ++kind)
    weighted[kind].insert(weighted[kind].end(), found[kind].begin(),
                          found[kind].end());
}

std::vector<LinkLoad> Loads::run() {
  for (const Route &route : solution.routes)
    if (route.wafer == wafer) {
      addSegments(route);
      if (route.pattern >= 0)
        addLines(route);
    }
  addPeaks();
  std::vector<LinkLoad> links;
  for (int kind = 0; kind < kNumLinkKinds; ++kind) {
    Weighted most = largestSum(weighted[kind]);
    links.push_back({static_cast<LinkKind>(kind), totals[kind], most.wavelets,
                     wafer, most.rect.x, most.rect.y});
  }
  return links;
}

const LinkLoad *Solution::hottest() const {
  const LinkLoad *best = nullptr;
  for (const LinkLoad &load : links)
    if (!best || load.most > best->most)
      best = &load;
  return best;
}

void inlay::routing::measure(const Problem &problem, Solution &solution) {
  std::set<int> used;
  for (const Route &route : solution.routes)
    used.insert(route.colours.begin(), route.colours.end());
  solution.coloursUsed = static_cast<int>(used.size());

  Turns turns(problem);
  auto wafers = static_cast<size_t>(problem.wafers);
  std::vector<Bound> bounds(wafers);
  std::vector<std::vector<LinkLoad>> loads(wafers);
  parallelFor(wafers, [&](size_t w) {
    auto wafer = static_cast<int>(w);
    bounds[w] = BoundSearch(problem, turns, solution, wafer).run();
    loads[w] = Loads(problem, solution, wafer).run();
  });
  solution.lowerBound = 0;
  for (size_t w = 0; w < wafers; ++w)
    if (const Bound &bound = bounds[w]; bound.colours > solution.lowerBound) {
      solution.lowerBound = bound.colours;
      solution.boundWafer = static_cast<int>(w);
      solution.boundX = bound.x;
      solution.boundY = bound.y;
    }
  solution.links.clear();
  for (int kind = 0; kind < kNumLinkKinds; ++kind) {
    LinkLoad all{static_cast<LinkKind>(kind)};
    for (const std::vector<LinkLoad> &ofWafer : loads) {
      const LinkLoad &load = ofWafer[kind];
      int64_t total = all.total + load.total;
      if (load.most > all.most)
        all = load;
      all.total = total;
    }
    if (all.total != 0)
      solution.links.push_back(all);
  }

  measureContention(problem, solution);
}
