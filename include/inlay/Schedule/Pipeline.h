//===- Pipeline.h - Several steps in flight ---------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Wafers are stations of a pipeline: while one works on a step, those before it
// work on later steps, which are of other sequences. A sequence's next step
// begins when its last one has ended, for that is where its token comes from.
//
// Let L be the latency of a step that is alone, t_w the cycles for which wafer
// w works on it, T the largest of these, and m the steps in flight. A wafer
// works on one step at a time, and streams lead from each wafer to the next.
//
//   period   p = max(T, L / m)      from step to step, once all are in flight
//
//     No less: the slowest wafer takes T for each step; and each of the m steps
//     takes at least L, so that no more than m end in any L.
//     No more: start step i at i p. Wafer w gets each step after the same delay
//     d_w, and works on step i from i p + d_w to i p + d_w + t_w: these do not
//     overlap, as t_w <= p. Step i + m, of the same sequences, starts m p >= L
//     later, when step i has ended.
//
//   turn     m p = max(L, m T)      from token to token of one sequence
//   fill     L - t_last             until the last wafer begins to work
//   drain    L - t_first            from when the first wafer has no more work
//   n steps  (n - 1) p + L          from the start of the first to the last end
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_SCHEDULE_PIPELINE_H
#define INLAY_SCHEDULE_PIPELINE_H

#include <cstdint>
#include <vector>

namespace inlay::schedule {

/// All in cycles.
struct Pipeline {
  int64_t steps = 1; ///< in flight
  double latency = 0;
  double period = 0;
  double fill = 0;
  double drain = 0;

  double turn() const { return double(steps) * period; }
  /// Of `count` steps, at least 1.
  double cyclesOf(int64_t count) const {
    return double(count - 1) * period + latency;
  }
};

/// Of a step of that latency with that much work for each wafer, in the order
/// of the pipeline; one wafer at least, and `steps` at least 1.
Pipeline pipelineOf(double latency, const std::vector<double> &stageCycles,
                    int64_t steps);

} // namespace inlay::schedule

#endif // INLAY_SCHEDULE_PIPELINE_H
