//===- Links.cpp - What links carry in a step -----------------------------===//
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

static constexpr const char *kKinds[] = {"W",    "E",      "N",   "S",
                                         "core", "router", "edge"};
static constexpr int kCore = 4, kRouter = 5, kEdge = 6, kNumKinds = 7;

namespace {

/// Lines of routers side by side: loads depend on the place along them only.
struct Band {
  bool alongX = false;
  int64_t first = 0, count = 0; ///< rows (columns) that it takes
  auto operator<=>(const Band &) const = default;
};

/// What the routes of one wafer load.
class WaferLoads {
public:
  explicit WaferLoads(const Rect &grid) : grid(grid) {}

  void add(const Shape &shape);
  void finish();

  int64_t totals[kNumKinds] = {};
  std::vector<Weighted> weighted[kNumKinds];

private:
  void addTile(const Rect &rect, Port in, Ports out, int64_t wavelets);
  void addLines(const Shape &shape, const Rect &lines);
  template <typename Put>
  void forLinks(const Rect &rect, Port in, Ports out, Put put) const;

  const Rect &grid;
  /// By kind: wavelets by column (row) of the grid.
  std::map<Band, std::vector<int64_t>> bands[kNumKinds];
};

} // namespace

/// Calls `put` with each kind of link that routers of `rect` send over, and the
/// routers that do.
template <typename Put>
void WaferLoads::forLinks(const Rect &rect, Port in, Ports out, Put put) const {
  if (in == kRamp)
    put(kRouter, rect);
  if (has(out, kRamp))
    put(kCore, rect);
  for (Port port : {kWest, kEast, kNorth, kSouth}) {
    if (!has(out, port))
      continue;
    Rect next = neighbours(rect, port);
    Rect inside = next.meet(grid);
    if (inside.area() > 0)
      put(port, neighbours(inside, opposite(port)));
    for (const Rect &off : openParts(next, {grid}))
      put(kEdge, neighbours(off, opposite(port)));
  }
}

void WaferLoads::addTile(const Rect &rect, Port in, Ports out,
                         int64_t wavelets) {
  forLinks(rect, in, out, [&](int kind, const Rect &routers) {
    totals[kind] = plus(totals[kind], times(routers.area(), wavelets));
    weighted[kind].push_back({routers, wavelets});
  });
}

/// Ports of a line along y: back is N, ahead S.
static Ports turned(Ports ports) {
  return ((ports & 3u) << 2) | (ports & (1u << kRamp));
}

void WaferLoads::addLines(const Shape &shape, const Rect &lines) {
  const Route &route = *shape.route;
  bool alongX = route.lineAxis == "x";
  int64_t begin = alongX ? lines.x : lines.y;
  Band band{alongX, alongX ? lines.y : lines.x,
            alongX ? lines.height : lines.width};
  auto length = static_cast<size_t>(alongX ? grid.width : grid.height);
  int64_t wavelets = 0;
  for (const RouteUse &use : route.uses)
    wavelets = plus(wavelets, times(use.times, use.wavelets));
  for (const LineSegment &segment : shape.pattern->segments) {
    Port in = segment.in == kRamp || alongX
                  ? segment.in
                  : (segment.in == kWest ? kNorth : kSouth);
    Ports out = alongX ? segment.out : turned(segment.out);
    int64_t most = std::min(segment.span.count, static_cast<int64_t>(length));
    for (int64_t i = 0; i < most; ++i) {
      int64_t at = plus(begin, segment.span.at(i));
      if (at < 0 || at >= static_cast<int64_t>(length))
        continue; // checkPatterns and checkLines have said it
      int64_t load =
          times(wavelets, plus(segment.load, times(i, segment.loadStep)));
      Rect rect = alongX ? Rect{at, band.first, 1, band.count}
                         : Rect{band.first, at, band.count, 1};
      forLinks(rect, in, out, [&](int kind, const Rect &routers) {
        std::vector<int64_t> &sums = bands[kind][band];
        sums.resize(length);
        sums[at] = plus(sums[at], load);
        totals[kind] = plus(totals[kind], times(routers.area(), load));
      });
    }
  }
}

void WaferLoads::add(const Shape &shape) {
  for (const Tile &tile : shape.tiles)
    addTile(tile.rect, tile.in, tile.out, shape.route->wavelets);
  if (shape.pattern)
    for (const Rect &lines : shape.lines)
      addLines(shape, lines);
}

/// Routers of a band that carry the same become one rectangle.
void WaferLoads::finish() {
  for (int kind = 0; kind < kNumKinds; ++kind)
    for (const auto &[band, sums] : bands[kind])
      for (size_t from = 0, to = 0; from < sums.size(); from = to) {
        for (to = from + 1; to < sums.size() && sums[to] == sums[from];)
          ++to;
        if (sums[from] == 0)
          continue;
        auto at = static_cast<int64_t>(from);
        auto count = static_cast<int64_t>(to - from);
        weighted[kind].push_back({band.alongX
                                      ? Rect{at, band.first, count, band.count}
                                      : Rect{band.first, at, band.count, count},
                                  sums[from]});
      }
}

static int64_t loadAt(const std::vector<Weighted> &weighted, int64_t x,
                      int64_t y) {
  int64_t sum = 0;
  for (const Weighted &w : weighted)
    if (w.rect.contains({x, y, 1, 1}))
      sum = plus(sum, w.amount);
  return sum;
}

/// Every kind that carries something is there once, with its sum and a router
/// whose link carries the most.
void Routing::checkLoads() {
  report.begin("links");
  std::map<std::string, const LinkLoad *> stated;
  for (const LinkLoad &load : fabric.links)
    if (!stated.emplace(load.link, &load).second)
      report.fail("links '" + load.link + "'", "are there twice");
  std::map<int64_t, std::vector<const Shape *>> byWafer;
  for (const Shape &shape : shapes)
    byWafer[shape.route->wafer].push_back(&shape);
  int64_t totals[kNumKinds] = {}, there[kNumKinds] = {};
  Peak most[kNumKinds];
  int64_t mostWafer[kNumKinds] = {};
  for (const auto &[wafer, ofWafer] : byWafer) {
    WaferLoads loads(grid);
    for (const Shape *shape : ofWafer)
      loads.add(*shape);
    loads.finish();
    for (int kind = 0; kind < kNumKinds; ++kind) {
      totals[kind] = plus(totals[kind], loads.totals[kind]);
      Peak peak = largestSum(loads.weighted[kind]);
      if (peak.amount > most[kind].amount) {
        most[kind] = peak;
        mostWafer[kind] = wafer;
      }
      auto load = stated.find(kKinds[kind]);
      if (load != stated.end() && load->second->wafer == wafer)
        there[kind] =
            loadAt(loads.weighted[kind], load->second->x, load->second->y);
    }
  }
  int64_t hottest = 0;
  for (int kind = 0; kind < kNumKinds; ++kind) {
    hottest = std::max(hottest, most[kind].amount);
    auto found = stated.find(kKinds[kind]);
    std::string place = fmt::format("links '{}'", kKinds[kind]);
    if (found == stated.end()) {
      if (totals[kind] != 0)
        report.fail(place, fmt::format("are missing, but carry {} wavelets",
                                       totals[kind]));
      continue;
    }
    const LinkLoad &load = *found->second;
    if (totals[kind] == 0 || load.total != totals[kind])
      report.fail(place, fmt::format("say that they carry {} wavelets, routes "
                                     "give {}",
                                     load.total, totals[kind]));
    if (load.most != most[kind].amount)
      report.fail(place,
                  fmt::format("say {} wavelets on the fullest, routes give {} "
                              "to that of the router at ({}, {}) of wafer {}",
                              load.most, most[kind].amount, most[kind].x,
                              most[kind].y, mostWafer[kind]));
    if (there[kind] != load.most)
      report.fail(place,
                  fmt::format("name the router at ({}, {}) of wafer {} for {} "
                              "wavelets, routes give it {}",
                              load.x, load.y, load.wafer, load.most,
                              there[kind]));
  }
  for (const auto &[name, load] : stated)
    if (!llvm::is_contained(kKinds, name))
      report.fail("links '" + name + "'", "are no kind of links");
  bool isOne = fabric.links.empty()
                   ? fabric.hottest == LinkLoad{"none", 0, 0, 0, 0, 0}
                   : llvm::is_contained(fabric.links, fabric.hottest);
  if (!isOne || fabric.hottest.most != hottest)
    report.fail("links",
                fmt::format("say that the hottest is '{}' with {} "
                            "wavelets, which is none of them or not "
                            "the fullest: {}",
                            fabric.hottest.link, fabric.hottest.most, hottest));
}
