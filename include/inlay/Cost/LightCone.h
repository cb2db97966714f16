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
// follows depends on it: the scale of a norm, the choice of a router. Call
// these numbers of ONE token its passages 1 .. n - 1; passage 0 is the start, n
// the end. What lies between two of them is an interval.
//
// Let K_i(v) be the earliest time at which core v can know passage i, K_0 = 0,
// and l_i(v) the latest at which v can contribute to it. The number is known
// only where all contributions have arrived, so for all cores v and w
//
//   l_i(v) + d(v, w) <= K_i(w)                                            (1)
//
// wherever and by however many cores it is formed. In interval i core v works
// for at most a_i(v) = l_{i+1}(v) - K_i(v) cycles. Take any one core v_i for
// each interval; by (1) the sum of the a_i telescopes into
//
//   H >= sum of a_i(v_i) + sum of d(v_{i-1}, v_i)                         (2)
//
// with H the time from start to end. Let A_i(t) = {v : a_i(v) >= t}.
//
// Mesh. With u = x + y and w = x - y distance is max(|du|, |dw|). Take v_i at
// the largest u of A_i(t_i) for even i and at the least for odd i, and average
// with the opposite choice: the distances add up to at least the u-ranges R_i
// of the inner intervals, and half of those of the first and the last. Likewise
// for w. The larger of the two is at least their mean: with D_i = (R^u + R^w) /
// 2
//
//   H >= sum of (t_i + D_i(t_i)),  half of D_i in the first and the last   (3)
//
// u and w of a core are both even or both odd: a set of cores has at most
// ((R^u + 1)(R^w + 1) + 1) / 2 <= D^2 / 2 + D + 1 members. (3) holds for any
// t_i; with L_i the largest t + D_i(t) it says H >= sum of L_i. The work of an
// interval is at most the integral of |A_i(t)|, and D_i(t) <= L_i - t, so
//
//   work_i <= integral from 0 to L_i of min(t^2 / 2 + t + 1, cores) dt    (4)
//
// about L^3 / 6: W cycles of work take about (6 W)^(1/3) hops. In the first and
// the last interval D <= 2 t: 2 t^2 + 2 t + 1 cores. A path without passages is
// one interval without any distance. (3) is about the sum: an interval alone
// may do better, by contributing early at one side and being told late at the
// other, and takes from its neighbours what it gains. So no single interval has
// a bound of its own.
//
// Torus. Take v_i at either end of a diameter of A_i(t_i): a core is on average
// at least half the diameter away from the two, so that each distance of (2) is
// at least the mean of D_{i-1} / 2 and D_i / 2, D now the diameter. A set lies
// within D of any of its members, where at most 2 D^2 + 2 D + 1 cores are: in
// (4) D = 2 t, and 4 t in the first and the last interval.
//
// Tokens. B tokens have B independent numbers each, and cores can work on one
// while they wait for another. The bound counts the share of one token, and is
// a bound of the step because one token must pass.
//
// Early work. W (s x) = s (W x): a product need not wait for the scale that its
// input will get, nor anything that keeps its form when its input is scaled:
// products in a row, rotation, moves, sums, ReLU, norms of heads, the order of
// a choice. Exponentials do wait. Such work fits between l_i(v) and K_i(v),
// while v waits to be told, and so in neither interval. Leaving a passage out
// of the chain makes one interval of two, in which all their work is done, the
// early work of that passage included. Each choice of passages gives a bound;
// the path takes the best, over runs of at most `kMostJoined` intervals. The
// dequantising of weights waits for nothing and counts nowhere.
//
// Wafers. A kernel starts when its streams have arrived: a crossing is the end
// of one path and the start of the next.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_LIGHTCONE_H
#define INLAY_COST_LIGHTCONE_H

#include "inlay/Model/Model.h"
#include "inlay/Target/Target.h"

#include <vector>

namespace inlay::cost {

/// What one token's share of a kernel does behind which of its passages.
struct PathWork {
  /// Work behind passage `behind` of the kernel, counted from 1; 0: behind what
  /// was there before the kernel.
  struct Part {
    int behind = 0;
    /// It needs none of the last `early` passages up to `behind`; one more than
    /// `behind`: nor the scale of what enters the kernel.
    int early = 0;
    double cycles = 0; ///< of one core at its peak
  };
  int passages = 0;
  std::vector<Part> parts;
  int early = 0; ///< likewise of what leaves the kernel, behind all passages
};

/// The work of a kernel along its norms and choices over all features.
PathWork pathWork(const model::KernelSpec &kernel,
                  const target::Target &target);

/// How an interval lies in its path.
enum class Interval {
  Inner, ///< between two passages
  End,   ///< before the first or behind the last
  Whole, ///< a path without passages: no distance
};

/// Least length of an interval in the sum over its path, in cycles, such that
/// `work` cycles of cores can be done in it: L of (4).
double intervalLength(const target::Target &target, double work,
                      Interval interval);

/// Intervals that a path may join to one.
inline constexpr int kMostJoined = 4;

/// Lengths of the intervals of a path, kernels one after the other, by the
/// choice of passages with the largest sum.
std::vector<double> pathIntervals(const target::Target &target,
                                  const std::vector<PathWork> &path);

/// Least cycles of a path: the sum of these.
double pathDistance(const target::Target &target,
                    const std::vector<PathWork> &path);

} // namespace inlay::cost

#endif // INLAY_COST_LIGHTCONE_H
