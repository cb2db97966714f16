//===- Verify.cpp - Whether routes do what they claim ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Works on the segments alone, as rectangles. Knows no solver.
//
//===----------------------------------------------------------------------===//

#include "SolutionCheck.h"

#include "inlay/Support/Parallel.h"

#include <algorithm>
#include <map>

using namespace inlay;
using namespace inlay::routing;
using model::Rect;

/// Removes `hole` from `rect`; the rest goes to `rest`.
static void subtract(const Rect &rect, const Rect &hole,
                     std::vector<Rect> &rest) {
  Rect common = intersect(rect, hole);
  if (common.area() == 0) {
    rest.push_back(rect);
    return;
  }
  auto add = [&](Rect part) {
    if (part.width > 0 && part.height > 0)
      rest.push_back(part);
  };
  add({rect.x, rect.y, rect.width, common.y - rect.y});
  add({rect.x, common.bottom(), rect.width, rect.bottom() - common.bottom()});
  add({rect.x, common.y, common.x - rect.x, common.height});
  add({common.right(), common.y, rect.right() - common.right(), common.height});
}

std::vector<Rect> inlay::routing::uncovered(const Rect &rect,
                                            const std::vector<Rect> &covers) {
  std::vector<Rect> open = {rect};
  for (const Rect &cover : covers) {
    if (open.empty())
      break;
    if (!cover.overlaps(rect))
      continue;
    std::vector<Rect> rest;
    for (const Rect &part : open)
      subtract(part, cover, rest);
    open = std::move(rest);
  }
  return open;
}

static Rect shifted(const Rect &rect, Port port) {
  Offset offset = offsetOf(port);
  return {rect.x + offset.dx, rect.y + offset.dy, rect.width, rect.height};
}

static constexpr Port kLinks[] = {Port::West, Port::East, Port::North,
                                  Port::South};

static std::vector<Piece> piecesOf(const Route &route) {
  std::vector<Piece> pieces;
  for (const Segment &segment : route.segments)
    for (int64_t k = 0; k < segment.area.count; ++k)
      pieces.push_back(
          {segment.area.copy(k), segment.in, segment.out, segment.position});
  return pieces;
}

std::string SolutionCheck::nameOf(const Route &route) const {
  if (route.flow >= 0)
    return fmt::format("{} of flow {}, lane {}", toString(route.kind),
                       route.flow, route.lane);
  return fmt::format("{} in '{}'", toString(route.kind),
                     problem.regions[route.region].name);
}

/// Indices and sizes, which everything else relies on.
bool SolutionCheck::checkHead(const Route &route) {
  bool isLine = route.kind == RouteKind::AllReduce ||
                route.kind == RouteKind::Combine ||
                route.kind == RouteKind::Move;
  bool isTrunk = route.kind == RouteKind::Trunk;
  auto isIndex = [](int index, size_t size) {
    return index >= 0 && index < static_cast<int>(size);
  };
  size_t wanted = 1;
  if (isLine && isIndex(route.pattern, solution.patterns.size()))
    wanted = solution.patterns[route.pattern].colours;
  return route.wafer >= 0 && route.wafer < problem.wafers &&
         (isTrunk ? route.region == -1
                  : isIndex(route.region, problem.regions.size()) &&
                        problem.regions[route.region].wafer == route.wafer) &&
         (isLine ? isIndex(route.pattern, solution.patterns.size()) &&
                       route.flow == -1 && route.segments.empty()
                 : isIndex(route.flow, problem.flows.size()) &&
                       route.pattern == -1 && route.lines.empty()) &&
         route.colours.size() == wanted &&
         std::all_of(
             route.collectives.begin(), route.collectives.end(),
             [&](int c) { return isIndex(c, problem.collectives.size()); }) &&
         std::all_of(
             route.segments.begin(), route.segments.end(),
             [](const Segment &s) {
               return s.area.count >= 1 && s.area.rect.width >= 1 &&
                      s.area.rect.height >= 1;
             }) &&
         std::all_of(
             route.lines.begin(), route.lines.end(),
             [](const Area &a) {
               return a.count >= 1 && a.rect.width >= 1 && a.rect.height >= 1;
             });
}

bool SolutionCheck::checkHeads() {
  for (size_t r = 0; r < solution.routes.size(); ++r)
    if (!checkHead(solution.routes[r]))
      fail(fmt::format("route {}", r),
           "names a wafer, region, flow, pattern or colour that is not there");
  return isValid;
}

void SolutionCheck::checkPlaces(const Route &route,
                                const std::vector<Piece> &pieces) {
  for (const Piece &piece : pieces) {
    if (!grid.contains(piece.rect))
      fail(nameOf(route), "leaves the grid at ({}, {})", piece.rect.x,
           piece.rect.y);
    for (const Rect &rect : problem.dead)
      if (rect.overlaps(piece.rect))
        fail(nameOf(route), "goes over dead cores at ({}, {})", piece.rect.x,
             piece.rect.y);
    if (route.region >= 0 &&
        !problem.regions[route.region].rect.contains(piece.rect))
      fail(nameOf(route), "is in turn, but leaves its region at ({}, {})",
           piece.rect.x, piece.rect.y);
    // A core may send to itself.
    if (piece.out.empty() ||
        (piece.in != Port::Ramp && piece.out.has(piece.in)))
      fail(nameOf(route), "has no legal ports at ({}, {})", piece.rect.x,
           piece.rect.y);
  }
}

void SolutionCheck::checkPositions(const Route &route,
                                   const std::vector<Piece> &pieces) {
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Piece &a = pieces[i];
    if (a.position < 0 || a.position >= kSwitchPositions)
      fail(nameOf(route), "uses position {} of a switch of {}", a.position,
           kSwitchPositions);
    for (size_t j = 0; j < i; ++j)
      if (a.position == pieces[j].position && a.rect.overlaps(pieces[j].rect)) {
        Rect common = intersect(a.rect, pieces[j].rect);
        fail(nameOf(route),
             "has two settings in one position in the router at ({}, {})",
             common.x, common.y);
      }
  }
}

void SolutionCheck::checkLinks(const Route &route,
                               const std::vector<Piece> &pieces) {
  Ends &own = ends[&route - solution.routes.data()];
  for (Port port : kLinks) {
    std::vector<Rect> takers, senders;
    for (const Piece &piece : pieces) {
      if (piece.in == opposite(port))
        takers.push_back(piece.rect);
      if (piece.out.has(port))
        senders.push_back(shifted(piece.rect, port));
    }
    for (const Rect &rect : senders)
      for (const Rect &open : uncovered(rect, takers)) {
        if (!grid.overlaps(open) && route.kind == RouteKind::Trunk)
          own.leaves = true;
        else
          fail(nameOf(route),
               "sends {} into the router at ({}, {}), which "
               "does not take it in",
               toString(port), open.x, open.y);
      }
    for (const Rect &rect : takers)
      for (const Rect &open : uncovered(rect, senders)) {
        if (!grid.overlaps(shifted(open, opposite(port))) &&
            route.kind == RouteKind::Trunk)
          own.enters = true;
        else
          fail(nameOf(route),
               "takes in from {} at ({}, {}), where nothing is "
               "sent",
               toString(opposite(port)), open.x, open.y);
      }
  }
  for (const Piece &piece : pieces) {
    if (piece.in == Port::Ramp)
      own.roots.push_back(piece.rect);
    if (piece.out.has(Port::Ramp))
      own.drops.push_back(piece.rect);
  }
}

/// Channels of the pieces: a link of a piece waits for those that it feeds.
/// Within a piece they lead straight on and cannot close a circle.
void SolutionCheck::checkCycles(const Route &route,
                                const std::vector<Piece> &pieces) {
  std::vector<std::vector<size_t>> feeds(pieces.size());
  std::vector<int> waiting(pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i)
    for (Port port : kLinks) {
      if (!pieces[i].out.has(port))
        continue;
      Rect next = shifted(pieces[i].rect, port);
      for (size_t j = 0; j < pieces.size(); ++j)
        if (j != i && pieces[j].in == opposite(port) &&
            pieces[j].rect.overlaps(next)) {
          feeds[i].push_back(j);
          ++waiting[j];
        }
    }
  std::vector<size_t> ready;
  for (size_t i = 0; i < pieces.size(); ++i)
    if (waiting[i] == 0)
      ready.push_back(i);
  for (size_t r = 0; r < ready.size(); ++r)
    for (size_t j : feeds[ready[r]])
      if (--waiting[j] == 0)
        ready.push_back(j);
  if (ready.size() == pieces.size())
    return;
  size_t stuck = std::find_if(waiting.begin(), waiting.end(),
                              [](int count) { return count > 0; }) -
                 waiting.begin();
  fail(nameOf(route),
       "waits for itself: a cycle of channels passes the router at ({}, {})",
       pieces[stuck].rect.x, pieces[stuck].rect.y);
}

void SolutionCheck::checkLines(const Route &route) {
  const Pattern &pattern = solution.patterns[route.pattern];
  std::vector<Rect> rects;
  for (const Area &area : route.lines)
    for (int64_t k = 0; k < area.count; ++k) {
      Rect rect = area.copy(k);
      int64_t length = route.lineAxis == Axis::X ? rect.width : rect.height;
      if (length != pattern.length() ||
          !problem.regions[route.region].rect.contains(rect))
        fail(nameOf(route),
             "has lines of {} at ({}, {}) that do not fit the "
             "pattern '{}' or the region",
             length, rect.x, rect.y, pattern.name());
      for (const Rect &other : rects)
        if (other.overlaps(rect))
          fail(nameOf(route), "has two lines in one router at ({}, {})", rect.x,
               rect.y);
      rects.push_back(rect);
    }
}

/// Every collective has the lines and the algorithm that it asks for.
void SolutionCheck::checkCollectives() {
  std::vector<int> routed(problem.collectives.size());
  for (const Route &route : solution.routes)
    for (int index : route.collectives) {
      int first = problem.collectives[index].after;
      if (first >= 0 && routed[first] == 0)
        fail(nameOf(route), "comes before the move along the other axis that "
                            "it goes on from");
      const Collective &collective = problem.collectives[index];
      const Pattern &pattern = solution.patterns[route.pattern];
      ++routed[index];
      if (problem.kernels[collective.kernel].region != route.region ||
          collective.axis != route.lineAxis ||
          !(collective.lines == route.lines) ||
          collective.algorithm != pattern.algorithm ||
          collective.cores != pattern.cores ||
          collective.root != pattern.root || collective.pitch != pattern.pitch)
        fail(nameOf(route), "is not the collective of op {} of '{}'",
             collective.op, problem.kernels[collective.kernel].name);
    }
  for (size_t c = 0; c < routed.size(); ++c)
    if (routed[c] != 1)
      fail(problem.kernels[problem.collectives[c].kernel].name,
           "has a collective of op {} with {} routes instead of one",
           problem.collectives[c].op, routed[c]);
}
/// A trunk and another route of its colour.
void SolutionCheck::checkPair(int colour, size_t trunk, size_t other,
                              const std::vector<Footprint> &footprints) {
  const Footprint &a = footprints[trunk], &b = footprints[other];
  if (!a.overlaps(b))
    return;
  const Route &first = solution.routes[trunk];
  const Route &second = solution.routes[other];
  bool areTrunks = first.region < 0 && second.region < 0;
  if (areTrunks &&
      turns.isBefore(problem.flows[first.flow], problem.flows[second.flow]))
    return;
  Rect common;
  for (const Rect &rect : a.rects)
    for (const Rect &theirs : b.rects)
      if (common.area() == 0)
        common = intersect(rect, theirs);
  fail(nameOf(first),
       "has colour {} in the router at ({}, {}) of wafer {}, and so has {}, "
       "which may be there at the same time",
       colour, common.x, common.y, first.wafer, nameOf(second));
}

/// Trunks of one colour that take turns in one router need a position each.
void SolutionCheck::checkStack(const std::vector<size_t> &trunks,
                               const std::vector<Footprint> &footprints) {
  for (size_t i = 0; i < trunks.size(); ++i) {
    const Route &route = solution.routes[trunks[i]];
    std::vector<const Rect *> others;
    const Footprint &own = footprints[trunks[i]];
    for (size_t j : trunks)
      if (j != trunks[i] && own.bounds.overlaps(footprints[j].bounds))
        for (const Rect &rect : footprints[j].rects)
          others.push_back(&rect);
    for (const Rect &rect : own.rects) {
      std::vector<Rect> here;
      for (const Rect *other : others)
        if (Rect common = intersect(rect, *other); common.area() > 0)
          here.push_back(common);
      if (here.size() < kSwitchPositions)
        continue;
      for (const Rect &x : here)
        for (const Rect &y : here) {
          Rect router = {x.x, y.y, 1, 1};
          auto count =
              std::count_if(here.begin(), here.end(),
                            [&](const Rect &r) { return r.contains(router); });
          if (count + 1 > kSwitchPositions) {
            fail(nameOf(route),
                 "is one of {} trunks with colour {} in the router at ({}, "
                 "{}), whose switch has {} positions",
                 count + 1, route.colours[0], router.x, router.y,
                 kSwitchPositions);
            return;
          }
        }
    }
  }
}

void SolutionCheck::checkColours() {
  for (const Route &route : solution.routes)
    for (int colour : route.colours)
      if (colour < 0 || colour >= problem.colours)
        fail(nameOf(route), "has colour {}, but the target has 0 to {}", colour,
             problem.colours - 1);
  std::vector<Footprint> footprints;
  std::map<std::pair<int, int>, Sharers> sharers; // by wafer and colour
  for (size_t r = 0; r < solution.routes.size(); ++r) {
    const Route &route = solution.routes[r];
    footprints.emplace_back(route);
    for (int colour : route.colours) {
      Sharers &all = sharers[{route.wafer, colour}];
      (route.region < 0 ? all.trunks : all.inTurn).push_back(r);
    }
  }
  std::vector<std::pair<std::pair<int, int>, Sharers>> each(sharers.begin(),
                                                            sharers.end());
  checkAll(each.size(), [&](SolutionCheck &part, size_t i) {
    part.checkSharers(each[i].first.second, each[i].second, footprints);
  });
}

void SolutionCheck::checkSharers(int colour, const Sharers &all,
                                 const std::vector<Footprint> &footprints) {
  for (size_t i = 0; i < all.trunks.size(); ++i) {
    for (size_t j = i + 1; j < all.trunks.size(); ++j)
      checkPair(colour, all.trunks[i], all.trunks[j], footprints);
    for (size_t other : all.inTurn)
      checkPair(colour, all.trunks[i], other, footprints);
  }
  checkStack(all.trunks, footprints);
}

void SolutionCheck::checkMeasures() {
  Solution again;
  again.patterns = solution.patterns;
  again.routes = solution.routes;
  measure(problem, again);
  auto same = [](const LinkLoad &a, const LinkLoad &b) {
    return a.kind == b.kind && a.total == b.total && a.most == b.most &&
           a.wafer == b.wafer && a.x == b.x && a.y == b.y;
  };
  if (again.coloursUsed != solution.coloursUsed ||
      again.lowerBound != solution.lowerBound ||
      again.boundWafer != solution.boundWafer ||
      again.boundX != solution.boundX || again.boundY != solution.boundY)
    fail("colours",
         "{} used and at least {} needed are not what follows from "
         "the routes: {} and {}",
         solution.coloursUsed, solution.lowerBound, again.coloursUsed,
         again.lowerBound);
  if (!std::equal(again.links.begin(), again.links.end(),
                  solution.links.begin(), solution.links.end(), same))
    fail("links", "loads are not what follows from the routes");
  if (again.contention != solution.contention ||
      again.kernelContention != solution.kernelContention)
    fail("flows", "contention is not what follows from the routes");
}

void SolutionCheck::checkAll(
    size_t count, const std::function<void(SolutionCheck &, size_t)> &check) {
  std::vector<Diagnostics> found(count);
  parallelFor(count, [&](size_t i) {
    SolutionCheck part(problem, solution, found[i], shared);
    check(part, i);
  });
  for (const Diagnostics &part : found)
    for (const Diagnostic &diag : part.all()) {
      isValid = false;
      diags.error(diag.kind, diag.subject, diag.message).notes = diag.notes;
    }
}

void SolutionCheck::checkRoute(size_t index) {
  const Route &route = solution.routes[index];
  if (route.flow < 0)
    return checkLines(route);
  std::vector<Piece> pieces = piecesOf(route);
  checkPlaces(route, pieces);
  checkPositions(route, pieces);
  checkLinks(route, pieces);
  checkCycles(route, pieces);
}

bool SolutionCheck::run() {
  if (!checkHeads())
    return false;
  checkAll(solution.patterns.size(), [&](SolutionCheck &part, size_t p) {
    solution.patterns[p].verify(part.diags);
  });
  checkAll(solution.routes.size(),
           [](SolutionCheck &part, size_t r) { part.checkRoute(r); });
  checkCollectives();
  if (!isValid)
    return false;
  std::vector<std::vector<size_t>> routesOf(problem.flows.size());
  for (size_t r = 0; r < solution.routes.size(); ++r)
    if (int flow = solution.routes[r].flow; flow >= 0)
      routesOf[flow].push_back(r);
  checkAll(routesOf.size(), [&](SolutionCheck &part, size_t f) {
    part.checkFlow(f, routesOf[f]);
  });
  checkColours();
  checkMeasures();
  return isValid;
}

bool Solution::verify(const Problem &problem, Diagnostics &diags) const {
  return SolutionCheck(problem, *this, diags).run();
}
