//===- Slide.cpp - Moves rectangles together without turning them ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Slide.h"

#include <limits>

using namespace inlay;
using namespace inlay::floorplan;
using model::Rect;

int64_t
floorplan::doubledWirelength(const std::vector<Rect> &rects,
                             const std::vector<std::pair<int, int>> &edges) {
  int64_t sum = 0;
  for (auto [from, to] : edges) {
    const Rect &a = rects[from];
    const Rect &b = rects[to];
    sum += std::abs((2 * a.x + a.width) - (2 * b.x + b.width)) +
           std::abs((2 * a.y + a.height) - (2 * b.y + b.height));
  }
  return sum;
}

namespace {

constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max() / 4;

/// Minimum cut by augmenting paths; graphs have some hundred nodes.
class MinCut {
public:
  explicit MinCut(int nodes)
      : arcsOf(nodes + 2), source(nodes), sink(nodes + 1) {}

  void addArc(int from, int to, int64_t capacity) {
    arcsOf[from].push_back(static_cast<int>(arcs.size()));
    arcs.push_back({to, capacity});
    arcsOf[to].push_back(static_cast<int>(arcs.size()));
    arcs.push_back({from, 0});
  }
  /// What it costs that `node` is on the side of the source.
  void addGain(int node, int64_t cost) {
    if (cost > 0)
      addArc(node, sink, cost);
    else if (cost < 0)
      addArc(source, node, -cost);
  }

  /// The smallest side of the source among all minimum cuts.
  std::vector<bool> run() {
    while (augment()) {
    }
    std::vector<bool> side(arcsOf.size());
    for (size_t node = 0; node < side.size(); ++node)
      side[node] = reached[node] != -1;
    return side;
  }

private:
  struct Arc {
    int to;
    int64_t capacity;
  };

  bool augment() {
    reached.assign(arcsOf.size(), -1);
    std::vector<int> queue = {source};
    reached[source] = -2;
    for (size_t next = 0; next < queue.size() && reached[sink] == -1; ++next)
      for (int index : arcsOf[queue[next]])
        if (arcs[index].capacity > 0 && reached[arcs[index].to] == -1) {
          reached[arcs[index].to] = index;
          queue.push_back(arcs[index].to);
        }
    if (reached[sink] == -1)
      return false;
    int64_t flow = kUnbounded;
    for (int node = sink; node != source; node = arcs[reached[node] ^ 1].to)
      flow = std::min(flow, arcs[reached[node]].capacity);
    for (int node = sink; node != source; node = arcs[reached[node] ^ 1].to) {
      arcs[reached[node]].capacity -= flow;
      arcs[reached[node] ^ 1].capacity += flow;
    }
    return true;
  }

  std::vector<Arc> arcs; ///< each followed by its reverse
  std::vector<std::vector<int>> arcsOf;
  std::vector<int> reached; ///< by node, the arc that led there
  int source, sink;
};

/// Slides along one axis: starts and lengths of intervals.
class AxisSlider {
public:
  AxisSlider(std::vector<int64_t> starts, std::vector<int64_t> lengths,
             int64_t end, const std::vector<std::pair<int, int>> &edges)
      : starts(std::move(starts)), lengths(std::move(lengths)), end(end),
        edges(edges) {}

  /// `second` must stay behind `first`.
  void addOrder(int first, int second) { orders.push_back({first, second}); }

  /// Returns true when anything moved.
  bool run() {
    bool moved = false;
    while (step(1) || step(-1))
      moved = true;
    return moved;
  }

  const std::vector<int64_t> &result() const { return starts; }

private:
  int64_t distance(int from, int to) const {
    return (2 * starts[from] + lengths[from]) - (2 * starts[to] + lengths[to]);
  }

  /// Moves the best set of intervals one way, as far as it pays.
  bool step(int64_t way) {
    auto count = static_cast<int>(starts.size());
    MinCut cut(count);
    for (int i = 0; i < count; ++i)
      if (way > 0 ? starts[i] + lengths[i] >= end : starts[i] <= 0)
        cut.addGain(i, kUnbounded);
    for (auto [first, second] : orders)
      if (starts[first] + lengths[first] == starts[second]) {
        if (way > 0)
          cut.addArc(first, second, kUnbounded);
        else
          cut.addArc(second, first, kUnbounded);
      }
    for (auto [from, to] : edges) {
      int64_t now = distance(from, to);
      int64_t alone = std::abs(now + 2 * way) - std::abs(now);
      int64_t other = std::abs(now - 2 * way) - std::abs(now);
      // alone x_f (1 - x_t) + other x_t (1 - x_f), a sum of arcs both ways and
      // of gains: convex, so that alone + other >= 0.
      cut.addGain(from, alone);
      cut.addGain(to, -alone);
      cut.addArc(to, from, alone + other);
    }
    std::vector<bool> side = cut.run();
    int64_t gain = 0;
    for (auto [from, to] : edges)
      if (side[from] != side[to]) {
        int64_t now = distance(from, to);
        int64_t by = side[from] ? 2 * way : -2 * way;
        gain += std::abs(now) - std::abs(now + by);
      }
    if (gain <= 0)
      return false;
    int64_t length = reach(side, way);
    for (int i = 0; i < count; ++i)
      if (side[i])
        starts[i] += way * length;
    return true;
  }

  /// How far the set can go until something is in the way or an edge is as
  /// short as it can be; at least 1.
  int64_t reach(const std::vector<bool> &side, int64_t way) const {
    int64_t most = end;
    for (size_t i = 0; i < starts.size(); ++i)
      if (side[i])
        most =
            std::min(most, way > 0 ? end - starts[i] - lengths[i] : starts[i]);
    for (auto [first, second] : orders) {
      int64_t room = starts[second] - starts[first] - lengths[first];
      if (way > 0 ? side[first] && !side[second] : side[second] && !side[first])
        most = std::min(most, room);
    }
    for (auto [from, to] : edges) {
      if (side[from] == side[to])
        continue;
      int64_t now = side[from] ? distance(from, to) : distance(to, from);
      if (now * way < 0)
        most = std::min(most, std::max<int64_t>(1, std::abs(now) / 2));
    }
    return std::max<int64_t>(1, most);
  }

  std::vector<int64_t> starts, lengths;
  int64_t end;
  const std::vector<std::pair<int, int>> &edges;
  std::vector<std::pair<int, int>> orders;
};

} // namespace

static bool slideAlong(std::vector<Rect> &rects,
                       const std::vector<std::pair<int, int>> &edges,
                       int64_t end, int64_t Rect::*start, int64_t Rect::*length,
                       int64_t Rect::*crossStart, int64_t Rect::*crossLength) {
  std::vector<int64_t> starts, lengths;
  for (const Rect &rect : rects) {
    starts.push_back(rect.*start);
    lengths.push_back(rect.*length);
  }
  AxisSlider slider(starts, lengths, end, edges);
  for (size_t i = 0; i < rects.size(); ++i)
    for (size_t j = 0; j < rects.size(); ++j) {
      const Rect &a = rects[i];
      const Rect &b = rects[j];
      if (i != j && a.*start + a.*length <= b.*start &&
          a.*crossStart < b.*crossStart + b.*crossLength &&
          b.*crossStart < a.*crossStart + a.*crossLength)
        slider.addOrder(static_cast<int>(i), static_cast<int>(j));
    }
  if (!slider.run())
    return false;
  for (size_t i = 0; i < rects.size(); ++i)
    rects[i].*start = slider.result()[i];
  return true;
}

void floorplan::slide(std::vector<Rect> &rects,
                      const std::vector<std::pair<int, int>> &edges,
                      model::Extent grid) {
  auto alongX = [&] {
    return slideAlong(rects, edges, grid.width, &Rect::x, &Rect::width,
                      &Rect::y, &Rect::height);
  };
  auto alongY = [&] {
    return slideAlong(rects, edges, grid.height, &Rect::y, &Rect::height,
                      &Rect::x, &Rect::width);
  };
  for (bool moved = true; moved;) {
    moved = alongX();
    moved |= alongY();
  }
}
