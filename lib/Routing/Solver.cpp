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
static constexpr int64_t kMostLanes = 32;

namespace {

class RouteSolver {
public:
  RouteSolver(const Problem &problem, Diagnostics &diags)
      : problem(problem), turns(problem), diags(diags) {}

  std::optional<Solution> run();

private:
  void routeCollectives();
  bool routeFlow(size_t flow);
  bool routeFlows();
  void openWafer(int wafer);
  int colourTrunks(int wafer, bool longestFirst);
  int leastColour(int wafer, const Footprint &trunk) const;
  bool colourWafer(int wafer);
  bool colourAll();
  void addCrowded(const std::vector<int> &chosen);
  bool giveWay();
  void gatherRoutes();
  bool canShare(size_t trunk, const std::vector<size_t> &sharers) const;
  bool fitsSwitches(size_t trunk, const std::vector<size_t> &sharers) const;

  const Problem &problem;
  Turns turns;
  Diagnostics &diags;
  Solution solution;
  std::vector<std::vector<Route>> ofFlow;
  std::vector<int64_t> mostLanes; ///< of each flow
  std::set<size_t> crowded;       ///< flows of which some must have fewer
  std::set<size_t> unrouted;      ///< flows that have no routes yet
  std::set<int> uncoloured;       ///< wafers whose trunks have no colours yet
  // Of the wafer whose trunks are being coloured:
  std::vector<Route *> trunks;
  std::vector<Footprint> footprints;
  std::vector<std::vector<size_t>> met; ///< by trunk: others in its way
  std::vector<std::vector<Pool>> pools; ///< of each region
  std::vector<int> colours;
};

} // namespace

/// The routes before this one are no use to a collective: routes in turn come
/// one after the other as they stand, and a second move of a value waits for
/// the first. The same moves of one op, of which only some wait, are told apart
/// by their order.
static size_t firstRouteFor(const Problem &problem, const Solution &solution,
                            const std::vector<size_t> &routeOf,
                            const std::vector<size_t> &alike, size_t index) {
  const Collective &collective = problem.collectives[index];
  size_t first = collective.after >= 0 ? routeOf[collective.after] + 1 : 0;
  for (size_t r : alike)
    for (int other : solution.routes[r].collectives)
      if (problem.collectives[other].kernel == collective.kernel &&
          problem.collectives[other].op == collective.op &&
          problem.collectives[other].after != collective.after)
        first = std::max(first, r + 1);
  return first;
}

/// Kernels of one region with the same collective share one route.
void RouteSolver::routeCollectives() {
  using PatternKey = std::tuple<Algorithm, int64_t, int64_t, int64_t>;
  std::map<PatternKey, int> patterns;
  std::map<std::tuple<int, int, RouteKind>, std::vector<size_t>> known;
  std::vector<size_t> routeOf; ///< by collective
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
    std::vector<size_t> onLines;
    std::copy_if(alike.begin(), alike.end(), std::back_inserter(onLines),
                 [&](size_t r) {
                   const Route &route = solution.routes[r];
                   return route.lineAxis == collective.axis &&
                          route.lines == collective.lines;
                 });
    size_t first = firstRouteFor(problem, solution, routeOf, onLines, c);
    auto same = std::lower_bound(onLines.begin(), onLines.end(), first);
    routeOf.push_back(same != onLines.end() ? *same : solution.routes.size());
    if (same != onLines.end()) {
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
}

bool RouteSolver::routeFlow(size_t flow) {
  std::vector<Route> &routes = ofFlow[flow];
  routes.clear();
  std::string why;
  if (!routing::routeFlow(problem, static_cast<int>(flow), mostLanes[flow],
                          routes, why)) {
    auto nameOf = [&](int kernel) {
      return kernel == kHost
                 ? std::string("the host")
                 : fmt::format("'{}'", problem.kernels[kernel].name);
    };
    const Flow &ends = problem.flows[flow];
    diags.capacityError(
        fmt::format("what {} sends to {}", nameOf(ends.from), nameOf(ends.to)),
        why);
    return false;
  }
  // Rows that feed a column work at the same time as it.
  int gathers = 0;
  for (Route &route : routes) {
    uncoloured.insert(route.wafer);
    if (route.kind == RouteKind::Gather)
      route.colours = {gathers++};
    else if (route.kind == RouteKind::Spread)
      route.colours = {0};
  }
  return true;
}

bool RouteSolver::routeFlows() {
  bool isRouted = std::all_of(unrouted.begin(), unrouted.end(),
                              [&](size_t flow) { return routeFlow(flow); });
  unrouted.clear();
  return isRouted;
}

/// Whether a trunk may have the colour of `sharers`, which it meets.
bool RouteSolver::canShare(size_t trunk,
                           const std::vector<size_t> &sharers) const {
  const Flow &mine = problem.flows[trunks[trunk]->flow];
  // Trunks take turns in the order of the routes.
  return std::all_of(sharers.begin(), sharers.end(),
                     [&](size_t other) {
                       const Flow &theirs = problem.flows[trunks[other]->flow];
                       return trunk < other ? turns.isBefore(mine, theirs)
                                            : turns.isBefore(theirs, mine);
                     }) &&
         (sharers.size() + 1 < kSwitchPositions ||
          fitsSwitches(trunk, sharers));
}

/// Whether a trunk and the `sharers` of its colour find a position each in
/// every router. The most of them in one lie at a corner of two rectangles.
bool RouteSolver::fitsSwitches(size_t trunk,
                               const std::vector<size_t> &sharers) const {
  struct Common {
    Rect rect;
    size_t sharer;
  };
  std::vector<Common> commons;
  for (size_t sharer : sharers)
    for (const Rect &mine : footprints[trunk].rects)
      if (mine.overlaps(footprints[sharer].bounds))
        for (const Rect &theirs : footprints[sharer].rects)
          if (Rect common = intersect(mine, theirs); common.area() > 0)
            commons.push_back({common, sharer});
  // Those of one sharer lie beside each other in `commons`.
  auto count = [](const std::vector<Common> &all, auto isHere) {
    int64_t found = 0;
    for (size_t i = 0, last = SIZE_MAX; i < all.size(); ++i)
      if (all[i].sharer != last && isHere(all[i].rect)) {
        last = all[i].sharer;
        ++found;
      }
    return found;
  };
  for (const Common &x : commons) {
    std::vector<Common> inColumn;
    for (const Common &other : commons)
      if (other.rect.overlaps({x.rect.x, x.rect.y, 1, x.rect.height}))
        inColumn.push_back(other);
    if (count(inColumn, [](const Rect &) { return true; }) < kSwitchPositions)
      continue;
    for (const Common &y : inColumn) {
      Rect router = {x.rect.x, y.rect.y, 1, 1};
      if (x.rect.contains(router) && count(inColumn, [&](const Rect &rect) {
                                       return rect.contains(router);
                                     }) >= kSwitchPositions)
        return false;
    }
  }
  return true;
}

/// Finds the trunks of a wafer, what they meet, and the colours of its regions.
void RouteSolver::openWafer(int wafer) {
  trunks.clear();
  footprints.clear();
  std::vector<const Route *> inTurn;
  for (const Route &route : solution.routes)
    if (route.wafer == wafer)
      inTurn.push_back(&route);
  for (std::vector<Route> &routes : ofFlow)
    for (Route &route : routes) {
      if (route.wafer != wafer)
        continue;
      if (route.region >= 0) {
        inTurn.push_back(&route);
        continue;
      }
      trunks.push_back(&route);
      footprints.emplace_back(route);
    }
  pools = poolsOf(problem, inTurn, PoolSize::End);
  met.assign(trunks.size(), {});
  for (size_t t = 0; t < trunks.size(); ++t)
    for (size_t other = 0; other < t; ++other)
      if (footprints[t].overlaps(footprints[other])) {
        met[t].push_back(other);
        met[other].push_back(t);
      }
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
    if (!pools[r].empty())
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
    std::map<int, std::vector<size_t>> byColour;
    for (size_t other : met[t])
      if (colours[other] >= least)
        byColour[colours[other]].push_back(other);
    int colour = least;
    for (;; ++colour) {
      auto sharers = byColour.find(colour);
      if (sharers == byColour.end() || canShare(t, sharers->second))
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
    std::set<size_t> flows = {static_cast<size_t>(trunks[t]->flow)};
    for (size_t other : met[t])
      flows.insert(static_cast<size_t>(trunks[other]->flow));
    int64_t most = 0;
    for (size_t flow : flows)
      most = std::max(most, mostLanes[flow]);
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
      unrouted.insert(flow);
      isLess = true;
    }
  return isLess;
}

/// False where the trunks of a wafer take more colours than there are.
bool RouteSolver::colourWafer(int wafer) {
  openWafer(wafer);
  int used = colourTrunks(wafer, false);
  std::vector<int> best = colours;
  if (int longest = colourTrunks(wafer, true); longest < used) {
    used = longest;
    best = colours;
  }
  for (size_t t = 0; t < trunks.size(); ++t)
    trunks[t]->colours = {best[t]};
  if (used <= problem.colours)
    return true;
  addCrowded(best);
  return false;
}

/// Colours are a wafer's own business: those stay whose routes have.
bool RouteSolver::colourAll() {
  crowded.clear();
  std::erase_if(uncoloured, [&](int wafer) { return colourWafer(wafer); });
  return uncoloured.empty();
}

void RouteSolver::gatherRoutes() {
  for (std::vector<Route> &routes : ofFlow)
    std::move(routes.begin(), routes.end(),
              std::back_inserter(solution.routes));
}

std::optional<Solution> RouteSolver::run() {
  routeCollectives();
  ofFlow.resize(problem.flows.size());
  mostLanes.assign(problem.flows.size(), kMostLanes);
  for (size_t flow = 0; flow < problem.flows.size(); ++flow)
    unrouted.insert(unrouted.end(), flow);
  bool fits = false;
  do {
    if (!routeFlows())
      return std::nullopt;
    fits = colourAll();
  } while (!fits && giveWay());
  gatherRoutes();
  measure(problem, solution);
  if (fits)
    return std::move(solution);
  diags
      .capacityError(
          fmt::format("wafer {}", solution.boundWafer),
          fmt::format("routes take {} colours, of which the target has {}; the "
                      "router at ({}, {}) needs {}",
                      solution.coloursUsed, problem.colours, solution.boundX,
                      solution.boundY, solution.lowerBound))
      .notes.push_back(fmt::format("would fit: routers with {} colours",
                                   solution.coloursUsed));
  return std::nullopt;
}

std::optional<Solution> inlay::routing::solve(const Problem &problem,
                                              Diagnostics &diags) {
  return RouteSolver(problem, diags).run();
}
