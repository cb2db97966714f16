//===- Paths.h - Longest paths over tasks -----------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What estimate and bound of a step share: the longest path by any weights.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_SCHEDULE_PATHS_H
#define INLAY_LIB_SCHEDULE_PATHS_H

#include "inlay/Schedule/Schedule.h"

#include <limits>
#include <vector>

namespace inlay::schedule {

/// A path that takes this long is never the longest.
inline constexpr double kNever = -std::numeric_limits<double>::infinity();

/// Longest paths over the tasks: `taskWeight` and `edgeWeight` give lengths.
struct LongestPath {
  std::vector<double> finish; ///< length of the longest path that ends here
  std::vector<int> previous;  ///< edge by which it comes; -1 at a start
  int last = -1;

  template <typename TaskWeight, typename EdgeWeight>
  LongestPath(const Problem &problem, TaskWeight taskWeight,
              EdgeWeight edgeWeight)
      : finish(problem.tasks.size()), previous(problem.tasks.size(), -1) {
    std::vector<std::vector<int>> incoming(problem.tasks.size());
    for (size_t e = 0; e < problem.edges.size(); ++e)
      incoming[problem.edges[e].to].push_back(static_cast<int>(e));
    for (size_t t = 0; t < problem.tasks.size(); ++t) {
      double start = 0;
      for (int e : incoming[t]) {
        const Edge &edge = problem.edges[e];
        double arrival = finish[edge.from] + edgeWeight(edge);
        if (arrival > start || (previous[t] < 0 && arrival >= 0)) {
          start = arrival;
          previous[t] = e;
        }
      }
      finish[t] = start + taskWeight(problem.tasks[t]);
      if (last < 0 || finish[t] > finish[last])
        last = static_cast<int>(t);
    }
  }

  double length() const { return last < 0 ? 0 : finish[last]; }
};

/// Fills the bounds of a solution (StepBound.cpp).
void addBound(const Problem &problem, Solution &solution);

} // namespace inlay::schedule

#endif // INLAY_LIB_SCHEDULE_PATHS_H
