//===- Ways.cpp - From a core to a line of cores --------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ways.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <tuple>

using namespace inlay;
using namespace inlay::routing;
using model::Extent;
using model::Rect;

/// Routers from one point to another in the same row or column, both included.
static Rect legOf(Point a, Point b) {
  return {std::min(a.x, b.x), std::min(a.y, b.y), std::abs(a.x - b.x) + 1,
          std::abs(a.y - b.y) + 1};
}

static bool isFree(const Rect &leg, const std::vector<Rect> &obstacles) {
  return std::none_of(obstacles.begin(), obstacles.end(),
                      [&](const Rect &rect) { return rect.overlaps(leg); });
}

/// Drops points between others on one line, and what comes after the first
/// router of the goal.
static std::vector<Point> finish(std::vector<Point> points, const Rect &goal) {
  std::vector<Point> way = {points.front()};
  auto isInGoal = [&](Point point) {
    return goal.contains(Rect{point.x, point.y, 1, 1});
  };
  for (size_t i = 1; i < points.size() && !isInGoal(way.back()); ++i) {
    Point next = points[i];
    Rect met = intersect(legOf(way.back(), next), goal);
    if (met.area() > 0)
      next = {std::clamp(way.back().x, met.x, met.right() - 1),
              std::clamp(way.back().y, met.y, met.bottom() - 1)};
    if (next == way.back())
      continue;
    if (way.size() >= 2) {
      Point before = way[way.size() - 2];
      bool isStraight = (before.x == way.back().x && next.x == way.back().x) ||
                        (before.y == way.back().y && next.y == way.back().y);
      if (isStraight)
        way.pop_back();
    }
    way.push_back(next);
  }
  return way;
}

namespace {

/// The shortest way over the lines that obstacles and ends make.
class Search {
public:
  Search(Point start, const Rect &goal, const Extent &grid,
         const std::vector<Rect> &obstacles, int64_t clearance)
      : goal(goal), obstacles(obstacles) {
    xs = {start.x, goal.x, goal.right() - 1};
    ys = {start.y, goal.y, goal.bottom() - 1};
    for (const Rect &rect : obstacles) {
      for (int64_t gap : {int64_t(1), 1 + clearance}) {
        xs.insert(xs.end(), {rect.x - gap, rect.right() - 1 + gap});
        ys.insert(ys.end(), {rect.y - gap, rect.bottom() - 1 + gap});
      }
    }
    tidy(xs, grid.width);
    tidy(ys, grid.height);
    first = indexOf(start);
  }

  std::optional<std::vector<Point>> run();

private:
  static void tidy(std::vector<int64_t> &values, int64_t size) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    std::erase_if(values, [&](int64_t v) { return v < 0 || v >= size; });
  }
  /// Nodes are crossings of the lines, once for each direction of arrival.
  size_t indexOf(Point point) const {
    auto at = [](const std::vector<int64_t> &values, int64_t value) {
      return std::lower_bound(values.begin(), values.end(), value) -
             values.begin();
    };
    return (at(ys, point.y) * xs.size() + at(xs, point.x)) * 2;
  }
  Point pointOf(size_t node) const {
    return {xs[node / 2 % xs.size()], ys[node / 2 / xs.size()]};
  }

  using Cost = std::pair<int64_t, int64_t>; ///< hops, corners

  const Rect goal;
  const std::vector<Rect> &obstacles;
  std::vector<int64_t> xs, ys;
  size_t first = 0;
};

} // namespace

std::optional<std::vector<Point>> Search::run() {
  constexpr Cost kFar = {std::numeric_limits<int64_t>::max(), 0};
  std::vector<Cost> costs(xs.size() * ys.size() * 2, kFar);
  std::vector<size_t> from(costs.size());
  using Entry = std::pair<Cost, size_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
  for (size_t node : {first, first + 1}) {
    costs[node] = {0, 0};
    from[node] = node;
    open.emplace(costs[node], node);
  }
  while (!open.empty()) {
    auto [cost, node] = open.top();
    open.pop();
    if (cost != costs[node])
      continue;
    Point at = pointOf(node);
    if (goal.contains(Rect{at.x, at.y, 1, 1})) {
      std::vector<Point> points = {at};
      for (; from[node] != node; node = from[node])
        points.push_back(pointOf(from[node]));
      std::reverse(points.begin(), points.end());
      return finish(std::move(points), goal);
    }
    auto column = static_cast<int64_t>(node / 2 % xs.size());
    auto row = static_cast<int64_t>(node / 2 / xs.size());
    constexpr std::pair<int, int> kSteps[] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
    for (auto [dx, dy] : kSteps) {
      int64_t x = column + dx, y = row + dy;
      if (x < 0 || y < 0 || x >= static_cast<int64_t>(xs.size()) ||
          y >= static_cast<int64_t>(ys.size()))
        continue;
      Point to = {xs[x], ys[y]};
      if (!isFree(legOf(at, to), obstacles))
        continue;
      size_t next = indexOf(to) + (dy != 0 ? 1 : 0);
      Cost reached = {cost.first + std::abs(to.x - at.x) +
                          std::abs(to.y - at.y),
                      cost.second + (next % 2 != node % 2 ? 1 : 0)};
      if (reached >= costs[next])
        continue;
      costs[next] = reached;
      from[next] = node;
      open.emplace(reached, next);
    }
  }
  return std::nullopt;
}

std::optional<std::vector<Point>>
inlay::routing::findWay(Point start, const Rect &goal, const Extent &grid,
                        const std::vector<Rect> &obstacles, int64_t clearance) {
  Point corner = {std::clamp(start.x, goal.x, goal.right() - 1), start.y};
  Point end = {corner.x, std::clamp(start.y, goal.y, goal.bottom() - 1)};
  if (isFree(legOf(start, corner), obstacles) &&
      isFree(legOf(corner, end), obstacles))
    return finish({start, corner, end}, goal);
  return Search(start, goal, grid, obstacles, clearance).run();
}

std::vector<Point>
inlay::routing::freeRoutersOf(const Rect &line, Point wanted,
                              const std::vector<Rect> &obstacles,
                              const std::vector<Point> &taken) {
  bool alongRow = line.height == 1;
  int64_t length = alongRow ? line.width : line.height;
  auto pointAt = [&](int64_t i) {
    return alongRow ? Point{line.x + i, line.y} : Point{line.x, line.y + i};
  };
  // Taken ones are worse than any others of their run.
  auto costOf = [&](Point point) {
    bool isTaken = std::find(taken.begin(), taken.end(), point) != taken.end();
    return std::pair(isTaken, std::abs(point.x - wanted.x) +
                                  std::abs(point.y - wanted.y));
  };
  std::vector<Point> routers;
  bool isInRun = false;
  for (int64_t i = 0; i < length; ++i) {
    Point point = pointAt(i);
    bool isBlocked = !isFree({point.x, point.y, 1, 1}, obstacles);
    if (!isBlocked && !isInRun)
      routers.push_back(point);
    else if (!isBlocked && costOf(point) < costOf(routers.back()))
      routers.back() = point;
    isInRun = !isBlocked;
  }
  std::sort(routers.begin(), routers.end(), [&](Point a, Point b) {
    return std::tuple(costOf(a), a.y, a.x) < std::tuple(costOf(b), b.y, b.x);
  });
  return routers;
}
