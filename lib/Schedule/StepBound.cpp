//===- StepBound.cpp - The least that a step can take ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Paths.h"

#include <algorithm>
#include <cmath>
#include <functional>

using namespace inlay;
using namespace inlay::schedule;

/// What a bound may count of an edge: wafers are joined by physical links.
static double crossing(const Edge &edge) {
  return edge.isTurn ? kNever : edge.cycles.crossing;
}

namespace {

/// Tasks that follow each other, and the crossings between them.
struct BoundPath {
  std::vector<const Task *> tasks;
  std::vector<double> crossings; ///< before each task

  explicit BoundPath(const Problem &problem) {
    LongestPath path(
        problem, [](const Task &task) { return task.bound.cycles(); },
        crossing);
    for (int at = path.last; at >= 0;) {
      tasks.push_back(&problem.tasks[at]);
      int edge = path.previous[at];
      crossings.push_back(edge < 0 ? 0 : crossing(problem.edges[edge]));
      at = edge < 0 ? -1 : problem.edges[edge].from;
    }
    std::reverse(tasks.begin(), tasks.end());
    std::reverse(crossings.begin(), crossings.end());
  }

  /// Light cones of the path: of all of it, or wafer by wafer.
  std::vector<double> intervals(const target::Target &target,
                                bool isCut) const {
    std::vector<double> all;
    std::vector<cost::PathWork> work;
    auto finish = [&] {
      std::vector<double> lengths = cost::pathIntervals(target, work);
      all.insert(all.end(), lengths.begin(), lengths.end());
      work.clear();
    };
    for (size_t i = 0; i < tasks.size(); ++i) {
      if (isCut && i > 0 && tasks[i]->stage != tasks[i - 1]->stage)
        finish();
      work.push_back(tasks[i]->work);
    }
    finish();
    return all;
  }
};

double sum(const std::vector<double> &values) {
  double total = 0;
  for (double value : values)
    total += value;
  return total;
}

} // namespace

/// However the path is cut, at least `leastWafers` - 1 times. A cut in an
/// interval takes away no more than all of it; a cut more than needed costs a
/// crossing.
static void addModelBound(const Problem &problem, const BoundPath &path,
                          Solution &solution) {
  double resident = 0;
  for (const Task *task : path.tasks)
    resident += task->residentBytes;
  if (problem.waferBytes > 0)
    solution.leastWafers =
        std::max<int64_t>(1, int64_t(std::ceil(resident / problem.waferBytes)));
  auto needed = size_t(solution.leastWafers - 1);
  double distance = solution.boundParts.distance;
  if (problem.target) {
    std::vector<double> intervals =
        path.intervals(*problem.target, /*isCut=*/false);
    std::sort(intervals.begin(), intervals.end(), std::greater<>());
    distance = sum(intervals);
    for (size_t i = 0; i < intervals.size(); ++i)
      distance -= i < needed
                      ? intervals[i]
                      : std::max(0.0, intervals[i] - problem.leastCrossing);
  }
  double least = std::max(
      {distance, solution.boundParts.compute, solution.boundParts.sram});
  // A plan over budget has fewer wafers than its bytes need.
  solution.modelBound =
      std::min(solution.bound, least + double(needed) * problem.leastCrossing);
}

/// Kernels of a path come one after the other, but a product may begin before
/// the norm that scales it: so the sums of each kind hold, not the sum of the
/// largest.
void inlay::schedule::addBound(const Problem &problem, Solution &solution) {
  BoundPath path(problem);
  cost::Bound &parts = solution.boundParts;
  for (const Task *task : path.tasks) {
    parts.compute += task->bound.compute;
    parts.sram += task->bound.sram;
    parts.distance += task->bound.distance;
  }
  if (problem.target)
    parts.distance = sum(path.intervals(*problem.target, /*isCut=*/true));
  double crossings = sum(path.crossings);
  parts.crossing = 0;
  solution.bound = parts.cycles() + crossings;
  parts.crossing = crossings;
  addModelBound(problem, path, solution);
}
