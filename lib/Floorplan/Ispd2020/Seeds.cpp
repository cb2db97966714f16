//===- Seeds.cpp - Where searches start -----------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Seeds.h"

#include "inlay/Floorplan/Rows.h"
#include "inlay/Floorplan/SlicingTree.h"
#include "inlay/Floorplan/Slide.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace inlay;
using namespace inlay::floorplan;
using namespace inlay::floorplan::ispd2020;
using model::Rect;

std::vector<int> ispd2020::dataOrder(const Problem &problem) {
  size_t count = problem.kernels.size();
  std::vector<int> waiting(count, 0);
  std::vector<std::vector<int>> next(count);
  for (auto [from, to] : problem.edges) {
    ++waiting[to];
    next[from].push_back(to);
  }
  std::vector<int> order;
  std::vector<bool> isDone(count);
  auto follow = [&](int start) {
    std::vector<int> stack = {start};
    while (!stack.empty()) {
      int kernel = stack.back();
      stack.pop_back();
      if (isDone[kernel])
        continue;
      isDone[kernel] = true;
      order.push_back(kernel);
      for (int after : next[kernel])
        if (--waiting[after] == 0)
          stack.push_back(after);
    }
  };
  for (size_t i = 0; i < count; ++i)
    if (waiting[i] == 0)
      follow(static_cast<int>(i));
  // What is left waits in a cycle.
  for (size_t i = 0; i < count; ++i)
    follow(static_cast<int>(i));
  return order;
}

/// By place in the order: edges from kernels up to there to later ones.
static std::vector<int> countCrossing(const Problem &problem,
                                      const std::vector<int> &order) {
  std::vector<int> place(order.size());
  for (size_t i = 0; i < order.size(); ++i)
    place[order[i]] = static_cast<int>(i);
  std::vector<int> crossing(order.size(), 0);
  for (auto [from, to] : problem.edges) {
    auto [first, last] = std::minmax(place[from], place[to]);
    for (int k = first; k < last; ++k)
      ++crossing[k];
  }
  return crossing;
}

std::vector<std::vector<std::vector<int>>>
ispd2020::startRows(const Problem &problem, const std::vector<int> &order,
                    const std::vector<const ShapeCurve *> &curves) {
  constexpr int mostRows = 8;
  std::vector<const ShapeCurve *> ordered;
  for (int kernel : order)
    ordered.push_back(curves[kernel]);
  std::vector<RowPlan> plans = planRows(ordered, problem.grid, mostRows);
  if (plans.empty()) // perhaps every kernel needs a row of its own
    plans = planRows(ordered, problem.grid, static_cast<int>(order.size()));
  if (std::optional<RowPlan> plan =
          planShortRows(ordered, countCrossing(problem, order), problem.grid))
    plans.push_back(*plan);
  std::vector<std::vector<std::vector<int>>> all;
  for (RowPlan &plan : plans) {
    for (std::vector<int> &row : plan.rows)
      for (int &block : row)
        block = order[block];
    all.push_back(std::move(plan.rows));
  }
  return all;
}

static double leastRowScore(const Sizes &sizes, const std::vector<int> &order,
                            const std::vector<ShapeCurve> &curves) {
  const Problem &problem = sizes.problem();
  std::vector<const ShapeCurve *> byKernel;
  for (const ShapeCurve &curve : curves)
    byKernel.push_back(&curve);
  double least = std::numeric_limits<double>::infinity();
  for (const std::vector<std::vector<int>> &rows :
       startRows(problem, order, byKernel)) {
    SlicingTree tree(problem.grid, byKernel);
    tree.build(rows, Join::Above);
    std::vector<Rect> slots;
    std::vector<Rect> boxes;
    for (double stretch : {0.0, 1.0}) {
      tree.setStretch(stretch);
      if (tree.place(slots, boxes) == 0)
        least = std::min(
            least, problem.weights.wirelength *
                       double(doubledWirelength(boxes, problem.edges)) / 2);
    }
  }
  return least;
}

Window ispd2020::findWindow(const Sizes &sizes, const std::vector<int> &order) {
  const Weights &weights = sizes.problem().weights;
  Window window;
  window.score = std::numeric_limits<double>::infinity();
  double low = sizes.leastTime();
  struct Point {
    double time, wires;
  };
  std::vector<Point> points;
  constexpr double step = 1.01;
  double spare = weights.adapter * double(sizes.problem().edges.size());
  for (double time = low;
       weights.time * time < window.score + spare && time < 64 * low;
       time *= step) {
    std::vector<ShapeCurve> curves = sizes.curves(time);
    points.push_back(
        {time, weights.wirelength * sizes.leastWirelength(curves)});
    if (weights.time * time + points.back().wires >= window.score)
      continue;
    double score = weights.time * time + leastRowScore(sizes, order, curves);
    if (score >= window.score)
      continue;
    window.score = score;
    window.time = time;
  }
  // A plan that saves adapters may take longer than the best one without them.
  double most = window.score + spare;
  // Between two points wires are no shorter than at the second, and the time is
  // no less than at the first.
  window.low = window.high = low;
  bool isFirst = true;
  for (size_t i = 0; i < points.size(); ++i) {
    double from = i == 0 ? low : points[i - 1].time;
    if (weights.time * from + points[i].wires > most)
      continue;
    if (isFirst)
      window.low = from;
    isFirst = false;
    window.high = points[i].time;
  }
  if (!std::isfinite(window.score)) {
    window.high = 2 * low;
    window.time = 1.1 * low;
  }
  return window;
}

std::vector<Image> ispd2020::choosePalette(const Sizes &sizes, double time) {
  const Problem &problem = sizes.problem();
  size_t count = problem.kernels.size();
  int mostH = 1;
  int mostW = 1;
  auto longest =
      static_cast<int>(std::max(problem.grid.width, problem.grid.height));
  std::vector<int64_t> least(count);
  for (size_t i = 0; i < count; ++i) {
    const Kernel &kernel = problem.kernels[i];
    mostH = static_cast<int>(
        std::min<int64_t>(longest, std::max<int64_t>(mostH, kernel.mostH())));
    mostW = static_cast<int>(
        std::min<int64_t>(longest, std::max<int64_t>(mostW, kernel.mostW())));
    least[i] = sizes.sizer(static_cast<int>(i)).shapes(time).curve.leastArea();
  }
  struct Candidate {
    double area; ///< of all kernels, those that cannot use the image in part
    Image image;
  };
  std::vector<Candidate> candidates;
  for (int h = 1; h <= mostH; ++h)
    for (int w = 1; w <= mostW && 2 * h * w <= longest; ++w) {
      double area = 0;
      for (size_t i = 0; i < count; ++i) {
        int64_t own = sizes.sizer(static_cast<int>(i))
                          .shapes(time, {h, w})
                          .curve.leastArea();
        area += std::min(double(own), 1.5 * double(least[i]));
      }
      candidates.push_back({area, {h, w}});
    }
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate &a, const Candidate &b) {
              return std::pair(a.area, a.image) < std::pair(b.area, b.image);
            });
  std::vector<Image> palette;
  for (size_t i = 0; i < candidates.size() && i < 32; ++i)
    palette.push_back(candidates[i].image);
  return palette;
}
