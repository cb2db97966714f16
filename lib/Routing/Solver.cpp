//===- Solver.cpp - Routes for every flow and collective ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lanes.h"
#include "Measure.h"

#include "fmt/format.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

using namespace inlay;
using namespace inlay::routing;
using model::Rect;

/// Lanes of a flow, where colours last.
static constexpr int64_t kMostLanes = 16;

namespace {

class RouteSolver {
public:
  RouteSolver(const Problem &problem, Diagnostics &diags)
      : problem(problem), turns(problem), diags(diags) {}

  std::optional<Solution> run();

private:
  void routeCollectives();
  bool routeFlows();
  int colourTrunks(int wafer, bool longestFirst);
  int leastColour(int wafer, const Footprint &trunk) const;
  bool colourAll();
  void addCrowded(const std::vector<int> &chosen);
  bool giveWay();
  bool canShare(size_t trunk, size_t other, const std::vector<size_t> &sharers);

  const Problem &problem;
  Turns turns;
  Diagnostics &diags;
  Solution solution;
  size_t numCollectiveRoutes = 0;
  std::vector<int64_t> mostLanes;       ///< of each flow
  std::set<size_t> crowded;             ///< flows of which some must have fewer
  std::vector<std::vector<Pool>> pools; ///< of each region
  // Of the wafer whose trunks are being coloured:
  std::vector<Route *> trunks;
  std::vector<Footprint> footprints;
  std::vector<int> colours;
};

} // namespace

/// Kernels of one region with the same collective share one route.
void RouteSolver::routeCollectives() {
  using PatternKey = std::tuple<Algorithm, int64_t, int64_t, int64_t>;
  std::map<PatternKey, int> patterns;
  std::map<std::tuple<int, int, RouteKind>, std::vector<size_t>> known;
  for (size_t c = 0; c < problem.collectives.size(); ++c) {
    const Collective &collective = problem.collectives[c];
    auto [entry, isNew] =
        patterns.try_emplace({collective.algorithm, collective.cores,
                              collective.pitch, collective.root},
                             static_cast<int>(solution.patterns.size()));
    if (isNew)
      solution.patterns.push_back(
          makePattern(collective.algorithm, collective.cores, collective.pitch,
                      collective.root));
    int region = problem.kernels[collective.kernel].region;
    std::vector<size_t> &alike =
        known[{region, entry->second, collective.kind}];
    auto same = std::find_if(alike.begin(), alike.end(), [&](size_t r) {
      const Route &route = solution.routes[r];
      return route.lineAxis == collective.axis &&
             route.lines == collective.lines;
    });
    if (same != alike.end()) {
      solution.routes[*same].collectives.push_back(static_cast<int>(c));
      continue;
    }
    alike.push_back(solution.routes.size());
    Route &route = solution.routes.emplace_back();
    route.kind = collective.kind;
    route.region = region;
    route.wafer = problem.regions[region].wafer;
    route.pattern = entry->second;
    route.lineAxis = collective.axis;
    route.lines = collective.lines;
    route.collectives = {static_cast<int>(c)};
    route.colours.resize(solution.patterns[entry->second].colours);
    std::iota(route.colours.begin(), route.colours.end(), 0);
  }
  numCollectiveRoutes = solution.routes.size();
}

bool RouteSolver::routeFlows() {
  solution.routes.resize(numCollectiveRoutes);
  for (size_t f = 0; f < problem.flows.size(); ++f) {
    size_t first = solution.routes.size();
    if (!routeFlow(problem, static_cast<int>(f), mostLanes[f],
                   solution.routes)) {
      diags.capacityError(
          fmt::format("flow {}", f),
          "finds no way round the dead cores, which cut the wafer in two; keep "
          "one side free with 'keep_out' constraints");
      return false;
    }
    // Rows that feed a column work at the same time as it.
    int gathers = 0;
    for (size_t r = first; r < solution.routes.size(); ++r)
      if (solution.routes[r].kind == RouteKind::Gather)
        solution.routes[r].colours = {gathers++};
      else if (solution.routes[r].kind == RouteKind::Spread)
        solution.routes[r].colours = {0};
  }
  return true;
}

/// Whether a trunk may have the colour of `other`, which it meets, and of the
/// `sharers` that it meets in this colour.
bool RouteSolver::canShare(size_t trunk, size_t other,
                           const std::vector<size_t> &sharers) {
  const Flow &a = problem.flows[trunks[trunk]->flow];
  const Flow &b = problem.flows[trunks[other]->flow];
  // Trunks take turns in the order of the routes.
  if (!(trunk < other ? turns.isBefore(a, b) : turns.isBefore(b, a)))
    return false;
  if (sharers.size() + 1 < kSwitchPositions)
    return true;
  // The most of them in one router lie at a corner of two rectangles.
  std::vector<Rect> commons;
  for (size_t sharer : sharers)
    for (const Rect &mine : footprints[trunk].rects)
      if (mine.overlaps(footprints[sharer].bounds))
        for (const Rect &theirs : footprints[sharer].rects)
          if (Rect common = intersect(mine, theirs); common.area() > 0)
            commons.push_back(common);
  for (const Rect &x : commons)
    for (const Rect &y : commons) {
      Rect router = {x.x, y.y, 1, 1};
      if (!x.contains(router) || !y.contains(router))
        continue;
      auto here =
          std::count_if(sharers.begin(), sharers.end(), [&](size_t sharer) {
            const auto &rects = footprints[sharer].rects;
            return std::any_of(rects.begin(), rects.end(), [&](const Rect &r) {
              return r.contains(router);
            });
          });
      if (here + 1 > kSwitchPositions)
        return false;
    }
  return true;
}

/// The first colour that no route in turn has where a trunk passes.
int RouteSolver::leastColour(int wafer, const Footprint &trunk) const {
  int least = 0;
  for (size_t r = 0; r < problem.regions.size(); ++r) {
    const Region &region = problem.regions[r];
    if (region.wafer != wafer || !region.rect.overlaps(trunk.bounds))
      continue;
    for (const Pool &pool : pools[r])
      if (pool.colours > least &&
          std::any_of(
              trunk.rects.begin(), trunk.rects.end(),
              [&](const Rect &rect) { return rect.overlaps(pool.rect); }))
        least = pool.colours;
  }
  return least;
}

/// The smallest colour that is free, trunk after trunk; returns how many are
/// used, colours of routes in turn included.
int RouteSolver::colourTrunks(int wafer, bool longestFirst) {
  int used = 0;
  for (size_t r = 0; r < problem.regions.size(); ++r)
    if (problem.regions[r].wafer == wafer && !pools[r].empty())
      used = std::max(used, pools[r].front().colours);
  std::vector<size_t> order(trunks.size());
  std::iota(order.begin(), order.end(), 0);
  if (longestFirst)
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      auto key = [&](size_t t) {
        const Rect &bounds = footprints[t].bounds;
        return std::pair(-bounds.width - bounds.height, t);
      };
      return key(a) < key(b);
    });
  colours.assign(trunks.size(), -1);
  for (size_t t : order) {
    int least = leastColour(wafer, footprints[t]);
    std::map<int, std::vector<size_t>> met;
    for (size_t other = 0; other < trunks.size(); ++other)
      if (colours[other] >= least && other != t &&
          footprints[t].overlaps(footprints[other]))
        met[colours[other]].push_back(other);
    int colour = least;
    for (;; ++colour) {
      auto sharers = met.find(colour);
      if (sharers == met.end() ||
          std::all_of(sharers->second.begin(), sharers->second.end(),
                      [&](size_t other) {
                        return canShare(t, other, sharers->second);
                      }))
        break;
    }
    colours[t] = colour;
    used = std::max(used, colour + 1);
  }
  return used;
}

/// Of trunks for which no colour is left, and those that they meet, the flows
/// with the most lanes.
void RouteSolver::addCrowded(const std::vector<int> &chosen) {
  for (size_t t = 0; t < trunks.size(); ++t) {
    if (chosen[t] < problem.colours)
      continue;
    std::set<size_t> flows;
    int64_t most = 0;
    for (size_t other = 0; other < trunks.size(); ++other)
      if (other == t || footprints[t].overlaps(footprints[other])) {
        auto flow = static_cast<size_t>(trunks[other]->flow);
        flows.insert(flow);
        most = std::max(most, mostLanes[flow]);
      }
    for (size_t flow : flows)
      if (mostLanes[flow] == most)
        crowded.insert(flow);
  }
}

/// Halves the lanes of crowded flows; false where they have one each.
bool RouteSolver::giveWay() {
  bool isLess = false;
  for (size_t flow : crowded)
    if (mostLanes[flow] > 1) {
      mostLanes[flow] /= 2;
      isLess = true;
    }
  return isLess;
}

bool RouteSolver::colourAll() {
  bool fits = true;
  crowded.clear();
  pools = poolsOf(problem, solution.routes, PoolSize::End);
  for (int wafer = 0; wafer < problem.wafers; ++wafer) {
    trunks.clear();
    footprints.clear();
    for (Route &route : solution.routes)
      if (route.region < 0 && route.wafer == wafer) {
        trunks.push_back(&route);
        footprints.emplace_back(route);
      }
    int used = colourTrunks(wafer, false);
    std::vector<int> best = colours;
    if (int longest = colourTrunks(wafer, true); longest < used) {
      used = longest;
      best = colours;
    }
    for (size_t t = 0; t < trunks.size(); ++t)
      trunks[t]->colours = {best[t]};
    if (used <= problem.colours)
      continue;
    fits = false;
    addCrowded(best);
  }
  return fits;
}

std::optional<Solution> RouteSolver::run() {
  routeCollectives();
  mostLanes.assign(problem.flows.size(), kMostLanes);
  do {
    if (!routeFlows())
      return std::nullopt;
    if (!colourAll())
      continue;
    measure(problem, solution);
    return std::move(solution);
  } while (giveWay());
  measure(problem, solution);
  diags.capacityError(
      fmt::format("wafer {}", solution.boundWafer),
      fmt::format("routes take {} colours, of which the target has {}; the "
                  "router at ({}, {}) needs {}. Fewer regions on a wafer "
                  "would need fewer",
                  solution.coloursUsed, problem.colours, solution.boundX,
                  solution.boundY, solution.lowerBound));
  return std::nullopt;
}

std::optional<Solution> inlay::routing::solve(const Problem &problem,
                                              Diagnostics &diags) {
  return RouteSolver(problem, diags).run();
}
