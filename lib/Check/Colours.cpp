//===- Colours.cpp - One flow of a colour in a router ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Routes in turn of one region share colours, since its kernels take turns. A
// trunk never has the colour of one in turn in the same router. Two trunks do
// only when one is over before the other begins; each takes a position of the
// switch, and they wait in the order of the routes.
//
//===----------------------------------------------------------------------===//

#include "RectIndex.h"
#include "Routing.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

Precedence::Precedence(const Plan &plan) : next(plan.kernels.size()) {
  for (const Stream &stream : plan.streams) {
    auto from = plan.kernelOf.find(stream.from);
    auto to = plan.kernelOf.find(stream.to);
    if (from != plan.kernelOf.end() && to != plan.kernelOf.end())
      next[from->second].push_back(to->second);
  }
}

bool Precedence::reaches(size_t from, size_t to) const {
  auto [entry, isNew] = known.try_emplace(from);
  std::vector<bool> &reached = entry->second;
  if (isNew) {
    reached.resize(next.size());
    reached[from] = true;
    std::vector<size_t> open = {from};
    while (!open.empty()) {
      size_t kernel = open.back();
      open.pop_back();
      for (size_t other : next[kernel])
        if (!reached[other]) {
          reached[other] = true;
          open.push_back(other);
        }
    }
  }
  return reached[to];
}

namespace {

/// A rectangle of routers of one route.
struct Part {
  size_t route;
  Rect rect;
};

/// Rectangles of some routes, to be found by place.
struct Layer {
  std::vector<Part> parts;
  RectIndex index;

  explicit Layer(std::vector<Part> given)
      : parts(std::move(given)), index(rectsOf(parts)) {}

  static std::vector<Rect> rectsOf(const std::vector<Part> &parts) {
    std::vector<Rect> rects;
    for (const Part &part : parts)
      rects.push_back(part.rect);
    return rects;
  }
};

class ColourChecker {
public:
  ColourChecker(const Plan &plan, const std::vector<Shape> &shapes,
                Report &report)
      : plan(plan), shapes(shapes), report(report), precedence(plan) {}

  void run();

private:
  struct Ends {
    std::optional<size_t> from, to; ///< kernels; none: the host
    bool leaves = false;            ///< its wafer
  };

  void checkCount();
  void checkColour(int64_t wafer, int64_t colour,
                   const std::vector<size_t> &routes);
  bool isBefore(size_t first, size_t second) const;
  void checkBound();
  int64_t neededAt(int64_t x, int64_t y, const Layer &trunks,
                   const Layer &turns, int64_t known) const;
  int64_t mostTogether(const std::vector<size_t> &routes) const;
  std::vector<Part> partsOf(const std::vector<size_t> &routes) const;

  const Route &route(size_t r) const { return *shapes[r].route; }

  const Plan &plan;
  const std::vector<Shape> &shapes;
  Report &report;
  Precedence precedence;
  std::vector<Ends> ends; ///< by route
};

} // namespace

/// The first is over, at every consumer, before the second begins. What one
/// kernel sends off its wafer goes in the order of the routes.
bool ColourChecker::isBefore(size_t first, size_t second) const {
  const Ends &a = ends[first], &b = ends[second];
  if (!a.from || !a.to || !b.from)
    return false;
  if (*a.from == *b.from && a.leaves && b.leaves &&
      route(first).streams != route(second).streams)
    return first < second;
  return precedence.reaches(*a.to, *b.from);
}

std::vector<Part>
ColourChecker::partsOf(const std::vector<size_t> &routes) const {
  std::vector<Part> parts;
  for (size_t r : routes) {
    for (const Tile &tile : shapes[r].tiles)
      parts.push_back({r, tile.rect});
    for (const Rect &rect : shapes[r].lines)
      parts.push_back({r, rect});
  }
  return parts;
}

/// Routes with one colour on one wafer.
void ColourChecker::checkColour(int64_t wafer, int64_t colour,
                                const std::vector<size_t> &routes) {
  std::vector<size_t> trunks, others;
  for (size_t r : routes)
    (route(r).isInTurn ? others : trunks).push_back(r);
  if (trunks.empty())
    return;
  Layer trunkLayer(partsOf(trunks));
  // Those in turn lie on each other: one of each rectangle is enough.
  std::map<Rect, Part> different;
  for (const Part &part : partsOf(others))
    different.try_emplace(part.rect, part);
  std::vector<Part> turnParts;
  for (const auto &[rect, part] : different)
    turnParts.push_back(part);
  Layer turnLayer(std::move(turnParts));
  std::set<std::pair<size_t, size_t>> met;
  auto meet = [&](const Part &a, const Part &b) {
    if (!met.emplace(a.route, b.route).second)
      return;
    if (!route(b.route).isInTurn && isBefore(a.route, b.route))
      return;
    Rect common = a.rect.meet(b.rect);
    report.fail(route(a.route).place(),
                fmt::format("has colour {} in the router at ({}, {}) of wafer "
                            "{}, and so has {}, which may be there at the same "
                            "time",
                            colour, common.x, common.y, wafer,
                            route(b.route).place()));
  };
  bool isShared = false;
  for (const Part &part : trunkLayer.parts) {
    turnLayer.index.forEach(part.rect,
                            [&](size_t i) { meet(part, turnLayer.parts[i]); });
    trunkLayer.index.forEach(part.rect, [&](size_t i) {
      if (trunkLayer.parts[i].route <= part.route)
        return;
      isShared = true;
      meet(part, trunkLayer.parts[i]);
    });
  }
  if (!isShared)
    return;
  std::vector<Weighted> weighted;
  for (const Part &part : trunkLayer.parts)
    weighted.push_back({part.rect, 1});
  Peak peak = largestSum(weighted);
  if (peak.amount > kPositions)
    report.fail("colours",
                fmt::format("give the router at ({}, {}) of wafer {} {} "
                            "settings of colour {}, its switch has {} "
                            "positions",
                            peak.x, peak.y, wafer, peak.amount, colour,
                            kPositions));
}

//===----------------------------------------------------------------------===//
// How many there are, and how few there could be
//===----------------------------------------------------------------------===//

void ColourChecker::checkCount() {
  const Fabric &fabric = plan.fabric;
  int64_t available = 0;
  for (const Figure &figure : plan.system.figures)
    if (figure.name == "colours")
      available = static_cast<int64_t>(figure.value);
  if (fabric.available != available)
    report.fail("colours", fmt::format("say that {} are available, the target "
                                       "has {}",
                                       fabric.available, available));
  std::set<int64_t> used;
  for (const Shape &shape : shapes)
    used.insert(shape.route->colours.begin(), shape.route->colours.end());
  auto count = static_cast<int64_t>(used.size());
  if (fabric.used != count)
    report.fail("colours", fmt::format("say that {} are used, the routes have "
                                       "{}",
                                       fabric.used, count));
}

/// As many of them as exclude none of each other, begun with each in turn.
int64_t ColourChecker::mostTogether(const std::vector<size_t> &routes) const {
  size_t most = 0;
  for (size_t first : routes) {
    std::vector<size_t> together = {first};
    for (size_t r : routes)
      if (r != first && llvm::none_of(together, [&](size_t other) {
            return isBefore(r, other) || isBefore(other, r);
          }))
        together.push_back(r);
    most = std::max(most, together.size());
  }
  return static_cast<int64_t>(most);
}

/// Colours that a router needs; less than that only where they are no more than
/// `known`.
int64_t ColourChecker::neededAt(int64_t x, int64_t y, const Layer &trunks,
                                const Layer &turns, int64_t known) const {
  Rect router{x, y, 1, 1};
  int64_t inTurn = 0;
  turns.index.forEach(router, [&](size_t i) {
    inTurn = std::max(inTurn, static_cast<int64_t>(
                                  route(turns.parts[i].route).colours.size()));
  });
  std::vector<size_t> routes;
  trunks.index.forEach(
      router, [&](size_t i) { routes.push_back(trunks.parts[i].route); });
  if (inTurn + static_cast<int64_t>(routes.size()) <= known)
    return inTurn;
  llvm::sort(routes);
  routes.erase(std::unique(routes.begin(), routes.end()), routes.end());
  std::vector<size_t> shared;
  // One that excludes no other has a colour for itself. Older plans do not
  // count on that.
  llvm::copy_if(routes, std::back_inserter(shared), [&](size_t r) {
    return plan.minor < 2 || llvm::any_of(
                                 routes,
                                 [&](size_t other) {
                                   return isBefore(r, other) ||
                                          isBefore(other, r);
                                 });
  });
  auto alone = static_cast<int64_t>(routes.size() - shared.size());
  auto others = static_cast<int64_t>(shared.size());
  return inTurn + alone +
         std::max(divideUp(others, kPositions), mostTogether(shared));
}

/// The router that is named needs so many, and none needs more.
void ColourChecker::checkBound() {
  const Fabric &fabric = plan.fabric;
  std::map<int64_t, std::vector<size_t>> trunksOf, othersOf;
  for (size_t r = 0; r < shapes.size(); ++r)
    (route(r).isInTurn ? othersOf : trunksOf)[route(r).wafer].push_back(r);
  int64_t stated = 0;
  Peak most;
  int64_t mostWafer = 0;
  std::set<int64_t> wafers;
  for (size_t r = 0; r < shapes.size(); ++r)
    wafers.insert(route(r).wafer);
  for (int64_t wafer : wafers) {
    // The largest of each rectangle is enough of those in turn.
    std::map<Rect, Part> largest;
    for (const Part &part : partsOf(othersOf[wafer])) {
      auto [entry, isNew] = largest.try_emplace(part.rect, part);
      if (!isNew && route(part.route).colours.size() >
                        route(entry->second.route).colours.size())
        entry->second = part;
    }
    std::vector<Part> turnParts;
    for (const auto &[rect, part] : largest)
      turnParts.push_back(part);
    Layer turns(std::move(turnParts)), trunks(partsOf(trunksOf[wafer]));
    if (wafer == fabric.boundWafer)
      stated = neededAt(fabric.boundX, fabric.boundY, trunks, turns, -1);
    std::vector<std::pair<int64_t, int64_t>> corners; // y, x
    // What passes changes only at the edges of rectangles: a router that needs
    // the most is the north-west corner of two of them, or of one.
    for (const Layer *layer : {&turns, &trunks})
      for (const Part &part : layer->parts) {
        corners.emplace_back(part.rect.y, part.rect.x);
        trunks.index.forEach(part.rect, [&](size_t i) {
          Rect common = part.rect.meet(trunks.parts[i].rect);
          corners.emplace_back(common.y, common.x);
        });
      }
    llvm::sort(corners);
    corners.erase(std::unique(corners.begin(), corners.end()), corners.end());
    for (auto [y, x] : corners)
      if (int64_t needed = neededAt(x, y, trunks, turns, most.amount);
          needed > most.amount) {
        most = {needed, x, y};
        mostWafer = wafer;
      }
  }
  if (fabric.lowerBound != stated)
    report.fail("colours",
                fmt::format("say that the router at ({}, {}) of wafer {} needs "
                            "{}, it needs {}",
                            fabric.boundX, fabric.boundY, fabric.boundWafer,
                            fabric.lowerBound, stated));
  if (fabric.lowerBound < most.amount)
    report.fail("colours",
                fmt::format("say that no router needs more than {}, the one at "
                            "({}, {}) of wafer {} needs {}",
                            fabric.lowerBound, most.x, most.y, mostWafer,
                            most.amount));
}

void ColourChecker::run() {
  report.begin("colours");
  checkCount();
  ends.resize(shapes.size());
  std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> routesOf;
  auto kernelOf = [&](const std::string &name) -> std::optional<size_t> {
    auto found = plan.kernelOf.find(name);
    if (found == plan.kernelOf.end())
      return std::nullopt;
    return found->second;
  };
  for (size_t r = 0; r < shapes.size(); ++r) {
    for (int64_t colour : route(r).colours)
      routesOf[{route(r).wafer, colour}].push_back(r);
    if (route(r).streams.empty() ||
        route(r).streams.front() >= static_cast<int64_t>(plan.streams.size()))
      continue;
    const Stream &stream = plan.streams[route(r).streams.front()];
    ends[r] = {kernelOf(stream.from), kernelOf(stream.to), false};
    ends[r].leaves =
        ends[r].from && ends[r].to &&
        plan.kernels[*ends[r].from].wafer != plan.kernels[*ends[r].to].wafer;
  }
  for (const auto &[key, routes] : routesOf)
    checkColour(key.first, key.second, routes);
  if (!shapes.empty() || plan.fabric.lowerBound != 0)
    checkBound();
}

void Routing::checkColours() { ColourChecker(plan, shapes, report).run(); }
