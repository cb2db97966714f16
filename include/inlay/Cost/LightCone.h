//===- LightCone.h - How much work distance allows --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// More cores compute faster but lie farther apart. A decoder passes through
// points where one number depends on all that was computed before and all that
// follows depends on it: the scale of a norm, the choice of a router. Say such
// a number is known first at core c and the next one first at core c'. A core v
// that works in between hears of the first d(c, v) hops later, and must be done
// d(v, c') hops before the second is known. With m the middle between c and c',
//
//   d(c, v) + d(v, c') >= 2 d(m, v)      (a norm is convex)
//
// and at most 2 r^2 + 2 r + 1 cores of a mesh lie within r hops of a point. So
// in an interval of L hops
//
//   integral from 0 to L of min(t^2 / 2 + t + 1, cores) dt
//
// cycles of cores can be spent, about L^3 / 6, whatever the mapping: W cycles
// of work take about (6 W)^(1/3) hops. Before the first such number and behind
// the last one only one way counts: 2 t^2 + 2 t + 1 cores in t hops.
//
// A product directly behind a norm need not wait for the scale,
// W (s x) = s (W x): its work may be done in the interval before. Because the
// time of an interval is concave in its work, the least sum over a path is
// reached where each such product lies wholly in one of its two intervals;
// `pathDistance` takes the least over these choices.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_LIGHTCONE_H
#define INLAY_COST_LIGHTCONE_H

#include "inlay/Model/Model.h"
#include "inlay/Target/Target.h"

#include <vector>

namespace inlay::cost {

/// Work of a kernel between two numbers that everything passes through, in
/// cycles of one core at its peak.
struct WorkSegment {
  bool follows =
      false;        ///< behind such a number; false: what was before goes on
  double early = 0; ///< of products that need not wait for it
  double work = 0;  ///< of all other ops
};

/// The work of a kernel, cut at the norms and choices over all features.
std::vector<WorkSegment> workSegments(const model::KernelSpec &kernel,
                                      const target::Target &target);

/// Least cycles in which `work` cycles of cores can be done between two numbers
/// that everything passes through, or, `oneWay`, behind or before one.
double lightCone(const target::Target &target, double work,
                 bool oneWay = false);

/// Least cycles of the segments of a path, one after the other.
double pathDistance(const target::Target &target,
                    const std::vector<WorkSegment> &path);

} // namespace inlay::cost

#endif // INLAY_COST_LIGHTCONE_H
