//===- Schedule.h - One step of the whole machine ---------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step fires every kernel once. A kernel starts when all its inputs have
// arrived; a stream takes its time after its producer has finished; kernels on
// different regions run at the same time, those of one region take turns.
//
// Latency of a step is the longest path from source to sink. Throughput is that
// of the slowest stage: with enough steps in flight each wafer works on another
// one, and takes the longest path through its own kernels and streams. That two
// steps could overlap on one wafer is not counted.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_SCHEDULE_SCHEDULE_H
#define INLAY_SCHEDULE_SCHEDULE_H

#include "inlay/Cost/Cost.h"
#include "inlay/Cost/LightCone.h"

#include <optional>
#include <string>
#include <vector>

namespace inlay::schedule {

/// A kernel with the cycles of one firing.
struct Task {
  std::string name;
  int stage = 0;
  cost::Breakdown cycles;
  double worstCase = 0; ///< cycles under the worst routing, at least the total
  cost::Bound bound;    ///< least cycles on a whole wafer
  double unknownBytes = 0; ///< of ops that no rule knows
  double movedBytes = 0; ///< weights and streams: what unknownBytes is part of
  cost::PathWork work;   ///< of one token, see LightCone.h
  cost::Bound regionBound = {}; ///< least cycles on its region, as it is cut
  /// Bytes that stay on its wafer and that no earlier task has.
  double residentBytes = 0;
};

/// A stream from task to task, or the turn of one task behind another on the
/// region that they share.
struct Edge {
  int from = 0;
  int to = 0;
  cost::Breakdown cycles;
  bool isTurn =
      false; ///< another mapping would not have it: no bound counts it
};

struct Problem {
  std::vector<Task> tasks; ///< in topological order
  std::vector<Edge> edges;
  int numStages = 1;
  double clock = 1; ///< GHz
  /// Of which the light cones are; without one distance counts by task.
  std::optional<target::Target> target;
  /// Bytes that one wafer has room for; 0: any number.
  double waferBytes = 0;
  double leastCrossing = 0; ///< cycles of a crossing that carries nothing
  int64_t batch = 1;        ///< sequences in a step
  int64_t tokens = 1;       ///< new tokens of each sequence in a step

  /// Adds an error for every edge or stage out of range, edge that goes back,
  /// and number of cycles that is negative or not finite.
  bool check(Diagnostics &diags) const;
};

struct Solution {
  cost::Breakdown latency;       ///< along the critical path
  std::vector<int> criticalPath; ///< tasks, first to last
  double worstLatency = 0;       ///< latency with every task at its worst case
  std::vector<double> stageCycles;
  int slowestStage = 0;

  /// Least latency of this partition over wafers: along the longest path of the
  /// tasks' bounds and the crossings, the largest of `boundParts`, and the
  /// crossings.
  double bound = 0;
  /// Sums over that path by kind: of the tasks' own, or, for distance, of the
  /// light cones of the path, wafer by wafer. The largest names what binds.
  cost::Bound boundParts;
  /// The least that any partition over wafers needs, each kernel on one of
  /// them, at most `bound`: its path, if it were cut where that saves most
  /// distance, and a crossing for each wafer beyond the first of
  /// `leastWafers`, which what stays resident along the path fills.
  double modelBound = 0;
  int64_t leastWafers = 1;
  double unknownBytes = 0;
  double movedBytes = 0;

  double gap() const { return bound > 0 ? latency.total() / bound : 0; }

  /// Tokens per second at `ghz`; decode: batch tokens a step, for one user one.
  /// Cycles do not depend on the clock, but for crossings: these take a time,
  /// so many cycles at `problem.clock`. The path is that of `problem.clock`.
  double tokensPerUser(const Problem &problem, double ghz) const;
  double tokensPerSystem(const Problem &problem, double ghz) const;
  /// With so many steps in flight (Pipeline.h): at most as many steps a
  /// latency, and at most those of the slowest stage.
  double tokensInFlight(const Problem &problem, double ghz,
                        int64_t steps) const;

  /// Recomputes everything that the solution claims, without the solver: the
  /// critical path is a path, its cycles add up to the latency, no other path
  /// is longer, stages add up, the bound is no larger than the latency.
  bool verify(const Problem &problem, Diagnostics &diags) const;
};

/// `problem` must have passed `check`.
Solution solve(const Problem &problem);

/// For each edge the cycles that it alone may take longer without the step
/// taking longer; 0 on the critical path. `problem` must have passed `check`.
std::vector<double> slacks(const Problem &problem);

} // namespace inlay::schedule

#endif // INLAY_SCHEDULE_SCHEDULE_H
