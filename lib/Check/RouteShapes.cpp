//===- RouteShapes.cpp - Each route by itself -----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RectIndex.h"
#include "Routing.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

static constexpr Port kAllLinks[] = {kWest, kEast, kNorth, kSouth};

/// No grid is longer; routes beyond leave it.
static constexpr int64_t kLongest = int64_t(1) << 14;

static std::string at(const Rect &rect) {
  return fmt::format("({}, {})", rect.x, rect.y);
}

//===----------------------------------------------------------------------===//
// What a route says of itself
//===----------------------------------------------------------------------===//

/// Of the kernels that use it, of the producer that is gathered from, of the
/// consumer that is spread over.
const Region *Routing::regionOf(const Route &route) const {
  std::string kernel;
  if (route.isCollective()) {
    if (!route.uses.empty())
      kernel = route.uses.front().kernel;
  } else if (!route.streams.empty() &&
             route.streams.front() <
                 static_cast<int64_t>(plan.streams.size())) {
    const Stream &stream = plan.streams[route.streams.front()];
    kernel = route.kind == "gather" ? stream.from : stream.to;
  }
  auto found = plan.kernelOf.find(kernel);
  if (found == plan.kernelOf.end())
    return nullptr;
  auto region = regions.find(plan.kernels[found->second].region);
  return region == regions.end() ? nullptr : region->second;
}

/// Members that go with the kind, and none else.
void Routing::checkKind(Shape &shape) {
  const Route &route = *shape.route;
  bool isTrunk = route.kind == "trunk";
  if (route.isInTurn == isTrunk)
    spoil(shape, fmt::format("of kind {} is {}", route.kind,
                             isTrunk ? "in turn: trunks are set once"
                                     : "set once: only trunks are"));
  bool hasLines = !route.lines.empty() && !route.uses.empty() &&
                  !route.pattern.empty() &&
                  (route.lineAxis == "x" || route.lineAxis == "y");
  bool hasNoLines = route.lines.empty() && route.uses.empty() &&
                    route.pattern.empty() && route.lineAxis == "none";
  bool hasWay = !route.segments.empty() && !route.streams.empty();
  bool hasNoWay = route.segments.empty() && route.streams.empty() &&
                  route.axis == "none" && route.firstPart == 0 &&
                  route.endPart == 0 && route.wavelets == 0;
  if (route.isCollective() ? !hasLines || !hasNoWay : !hasWay || !hasNoLines)
    spoil(shape, fmt::format("of kind {} has members of another kind, or lacks "
                             "its own",
                             route.kind));
}

void Routing::checkHead(Shape &shape) {
  const Route &route = *shape.route;
  checkKind(shape);
  if (route.wafer >= plan.system.wafers)
    spoil(shape,
          fmt::format("is on wafer {} of {}", route.wafer, plan.system.wafers));
  for (int64_t stream : route.streams)
    if (stream >= static_cast<int64_t>(plan.streams.size()))
      spoil(shape,
            fmt::format("leads stream {} of {}", stream, plan.streams.size()));
  size_t colours = 1;
  if (route.isCollective()) {
    auto found = patterns.find(route.pattern);
    if (found == patterns.end())
      return spoil(shape,
                   "names pattern '" + route.pattern + "', which is not there");
    shape.pattern = found->second;
    colours = shape.pattern->colours;
  }
  if (route.colours.size() != colours)
    spoil(shape, fmt::format("has {} colours, {} are needed",
                             route.colours.size(), colours));
  std::set<int64_t> different;
  for (int64_t colour : route.colours) {
    if (colour >= fabric.available)
      fail(route, fmt::format("has colour {}, but the target has 0 to {}",
                              colour, fabric.available - 1));
    if (!different.insert(colour).second)
      fail(route, fmt::format("has colour {} twice", colour));
  }
  if (!route.isInTurn)
    return;
  shape.region = regionOf(route);
  if (!shape.region)
    spoil(shape, "is in turn in no region");
  else if (shape.region->wafer != route.wafer)
    spoil(shape,
          fmt::format("is on wafer {}, its region '{}' on wafer {}",
                      route.wafer, shape.region->name, shape.region->wafer));
}

//===----------------------------------------------------------------------===//
// Its routers
//===----------------------------------------------------------------------===//

void Routing::checkPlace(Shape &shape, const Rect &rect) {
  for (const Rect &dead : plan.system.dead)
    if (Rect common = rect.meet(dead); common.area() > 0)
      spoil(shape, fmt::format("goes over dead cores at {} of wafer {}",
                               at(common), shape.route->wafer));
  if (shape.region && !shape.region->rect.contains(rect))
    spoil(shape, fmt::format("is in turn, but at {} it leaves its region '{}' "
                             "at {}",
                             rect.str(), shape.region->name,
                             shape.region->rect.str()));
}

/// Calls `put` with the copies that lie on the grid; false where one does not.
/// No more of them than the grid is long can lie beside each other.
template <typename Put>
bool Routing::forCopies(Shape &shape, const Area &area, Put put) {
  int64_t most = grid.width + grid.height + 1;
  for (int64_t k = 0; k < std::min(area.count, most); ++k) {
    Rect copy = area.copy(k);
    if (!grid.contains(copy) || copy.width < 1 || copy.height < 1) {
      spoil(shape, fmt::format("at {} leaves the grid of {} x {}", copy.str(),
                               grid.width, grid.height));
      return false;
    }
    put(copy);
  }
  if (area.count <= most)
    return true;
  spoil(shape, fmt::format("has {} copies of routers at {}, more than the grid "
                           "has room for",
                           area.count, at(area.rect)));
  return false;
}

void Routing::expand(Shape &shape) {
  const Route &route = *shape.route;
  int64_t routers = 0;
  for (const Segment &segment : route.segments) {
    forCopies(shape, segment.area, [&](const Rect &rect) {
      checkPlace(shape, rect);
      routers = plus(routers, rect.area());
      shape.tiles.push_back({rect, segment.in, segment.out, segment.position});
    });
    // A core may send to itself.
    if (segment.out == 0 || segment.in == kNone ||
        (segment.in != kRamp && has(segment.out, segment.in)))
      spoil(shape,
            fmt::format("has no legal ports at {}", at(segment.area.rect)));
    if (segment.position >= kPositions)
      spoil(shape,
            fmt::format("uses position {} of the switch of the router "
                        "at {}, which has {}",
                        segment.position, at(segment.area.rect), kPositions));
  }
  if (routers > times(kPositions, grid.area())) {
    spoil(shape, fmt::format("has {} settings for the {} routers of a wafer",
                             routers, grid.area()));
    shape.tiles.clear();
  }
  for (const Tile &tile : shape.tiles) {
    if (tile.in == kRamp)
      shape.roots.push_back(tile.rect);
    if (has(tile.out, kRamp))
      shape.drops.push_back(tile.rect);
  }
}

static std::vector<Rect> rectsOf(const std::vector<Tile> &tiles) {
  std::vector<Rect> rects;
  for (const Tile &tile : tiles)
    rects.push_back(tile.rect);
  return rects;
}

/// A router has one setting in one position. Trunks and spreads have one at
/// all; in a gather the own core comes first, then W or N, then E or S.
void Routing::checkPositions(Shape &shape) {
  const Route &route = *shape.route;
  bool isGather = route.kind == "gather";
  auto rank = [](Port in) {
    return in == kRamp ? 0 : in == kWest || in == kNorth ? 1 : 2;
  };
  RectIndex index(rectsOf(shape.tiles));
  for (size_t i = 0; i < shape.tiles.size(); ++i) {
    const Tile &a = shape.tiles[i];
    index.forEach(a.rect, [&](size_t j) {
      if (j >= i)
        return;
      const Tile &b = shape.tiles[j];
      std::string where = at(a.rect.meet(b.rect));
      if (a.position == b.position || !isGather)
        spoil(shape, fmt::format("has two settings in one position in the "
                                 "router at {}",
                                 where));
      else if ((a.position < b.position) != (rank(a.in) < rank(b.in)))
        spoil(shape,
              fmt::format("gathers in the router at {} from {} after {}: its "
                          "own core comes first, then W or N, then E or S",
                          where, nameOf(a.position < b.position ? b.in : a.in),
                          nameOf(a.position < b.position ? a.in : b.in)));
    });
  }
}

/// What leaves a router is taken in by the next, and the other way round; only
/// trunks go over the wafer's edge.
void Routing::checkLinks(Shape &shape) {
  const Route &route = *shape.route;
  bool isTrunk = route.kind == "trunk";
  for (Port port : kAllLinks) {
    std::vector<Rect> takers, senders;
    for (const Tile &tile : shape.tiles) {
      if (tile.in == opposite(port))
        takers.push_back(tile.rect);
      if (has(tile.out, port))
        senders.push_back(neighbours(tile.rect, port));
    }
    RectIndex takersAt(takers), sendersAt(senders);
    // Only trunks go over the edge.
    auto forOpen = [&](const Rect &rect, const RectIndex &others, Port away,
                       auto cross, auto complain) {
      std::vector<Rect> covers;
      others.forEach(rect, [&](size_t i) { covers.push_back(others[i]); });
      for (const Rect &open : openParts(rect, covers)) {
        Rect beyond = neighbours(open, away);
        for (const Rect &off : openParts(beyond, {grid})) {
          Rect edge = neighbours(off, opposite(away));
          isTrunk ? cross(edge) : complain(edge);
        }
        if (Rect inside = beyond.meet(grid); inside.area() > 0)
          complain(neighbours(inside, opposite(away)));
      }
    };
    for (const Rect &rect : senders)
      forOpen(
          rect, takersAt, kRamp,
          [&](const Rect &off) {
            shape.exits.emplace_back(neighbours(off, opposite(port)), port);
          },
          [&](const Rect &open) {
            spoil(shape, fmt::format("sends {} into the router at {}, which "
                                     "does not take it in",
                                     nameOf(port), at(open)));
          });
    for (const Rect &rect : takers)
      forOpen(
          rect, sendersAt, opposite(port),
          [&](const Rect &off) {
            shape.entries.emplace_back(off, opposite(port));
          },
          [&](const Rect &open) {
            spoil(shape, fmt::format("takes in from {} in the router at {}, "
                                     "where nothing is sent",
                                     nameOf(opposite(port)), at(open)));
          });
  }
}

/// A node for each tile, an edge where a port of one feeds another. Within a
/// tile wavelets go straight on. Nodes that wait for nothing are taken away
/// until none is left; those that stay are on a cycle or behind one.
void Routing::checkCycles(Shape &shape) {
  const std::vector<Tile> &tiles = shape.tiles;
  RectIndex index(rectsOf(tiles));
  std::vector<std::vector<size_t>> feeds(tiles.size());
  std::vector<int64_t> waits(tiles.size());
  for (size_t i = 0; i < tiles.size(); ++i)
    for (Port port : kAllLinks) {
      if (!has(tiles[i].out, port))
        continue;
      index.forEach(neighbours(tiles[i].rect, port), [&](size_t j) {
        if (j == i || tiles[j].in != opposite(port))
          return;
        feeds[i].push_back(j);
        ++waits[j];
      });
    }
  std::vector<size_t> free;
  for (size_t i = 0; i < tiles.size(); ++i)
    if (waits[i] == 0)
      free.push_back(i);
  for (size_t f = 0; f < free.size(); ++f)
    for (size_t j : feeds[free[f]])
      if (--waits[j] == 0)
        free.push_back(j);
  if (free.size() == tiles.size())
    return;
  size_t stuck =
      llvm::find_if(waits, [](int64_t n) { return n > 0; }) - waits.begin();
  spoil(shape, fmt::format("waits for itself: a cycle of channels passes the "
                           "router at {} of wafer {}",
                           at(tiles[stuck].rect), shape.route->wafer));
}

void Routing::checkLines(Shape &shape) {
  const Route &route = *shape.route;
  bool alongX = route.lineAxis == "x";
  int64_t routers = 0;
  for (const Area &area : route.lines)
    forCopies(shape, area, [&](const Rect &rect) {
      checkPlace(shape, rect);
      int64_t length = alongX ? rect.width : rect.height;
      if (shape.pattern && length != shape.pattern->length)
        spoil(shape, fmt::format("has lines of {} routers at {}, the pattern "
                                 "'{}' is {} long",
                                 length, rect.str(), route.pattern,
                                 shape.pattern->length));
      routers = plus(routers, rect.area());
      shape.lines.push_back(rect);
    });
  if (routers > times(kPositions, grid.area())) {
    spoil(shape, fmt::format("has {} settings for the {} routers of a wafer",
                             routers, grid.area()));
    return shape.lines.clear();
  }
  RectIndex index(shape.lines);
  for (size_t i = 0; i < shape.lines.size(); ++i)
    index.forEach(shape.lines[i], [&](size_t j) {
      if (j < i)
        spoil(shape, fmt::format("has two lines in the router at {}",
                                 at(shape.lines[i].meet(shape.lines[j]))));
    });
}

//===----------------------------------------------------------------------===//
// All of them
//===----------------------------------------------------------------------===//

Routing::Routing(const Plan &plan, Report &report)
    : plan(plan), fabric(plan.fabric), report(report),
      grid{0, 0, std::min(plan.system.width, kLongest),
           std::min(plan.system.height, kLongest)} {
  for (const Region &region : plan.regions)
    regions.emplace(region.name, &region);
  for (const Pattern &pattern : fabric.patterns)
    patterns.emplace(pattern.name, &pattern);
}

void Routing::run() {
  checkPatterns(plan, grid, report);
  report.begin("routes");
  std::set<std::string> names;
  shapes.resize(fabric.routes.size());
  for (size_t r = 0; r < shapes.size(); ++r) {
    Shape &shape = shapes[r];
    shape.route = &fabric.routes[r];
    if (!names.insert(shape.route->name).second)
      fail(*shape.route, "is there twice");
    checkHead(shape);
    if (shape.route->isCollective()) {
      checkLines(shape);
      continue;
    }
    expand(shape);
    if (!shape.isWhole)
      continue;
    checkPositions(shape);
    checkLinks(shape);
    checkCycles(shape);
  }
  checkFlows();
  checkSums();
  checkCombinations();
  checkMoves();
  checkColours();
  checkLoads();
}

void inlay::checker::checkRoutes(const Plan &plan, Report &report) {
  Routing(plan, report).run();
}
