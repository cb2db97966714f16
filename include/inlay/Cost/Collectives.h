//===- Collectives.h - Cycles of collectives on lines and rectangles -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The model of Luczynski et al., "Near-Optimal Wafer-Scale Reduce" (HPDC'24,
// arXiv 2404.15888):
//
//   T = max(C, E / N + L) + (2 T_R + 1) D
//
// with C the wavelets through the ramp of the busiest core, E wavelets times
// hops, N links in use, L the longest way in hops, D the longest chain of
// dependent cores, T_R the latency of a ramp. B is the payload in wavelets, P
// the cores of a line. The hop latency h and the link rate r of the target
// scale hops and wavelets; the paper's machine has h = 1, r = 1.
//
// All functions return 0 for a line of one core. Bandwidth is what grows with
// B, latency the rest.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_COLLECTIVES_H
#define INLAY_COST_COLLECTIVES_H

#include "inlay/Cost/Breakdown.h"
#include "inlay/Target/Target.h"

#include <cstdint>

namespace inlay::cost {

enum class ReduceAlgorithm { Star, Chain, Tree, TwoPhase };
const char *toString(ReduceAlgorithm algorithm);

/// From one core to all others of a line: B + P + 2 T_R.
Breakdown broadcast(const target::Target &target, int64_t cores,
                    double wavelets);

/// From one core to a rectangle: B + W + H - 2 + 2 T_R + 1.
Breakdown broadcast2D(const target::Target &target, const model::Extent &extent,
                      double wavelets);

/// To one end of a line, by the given algorithm:
///   star       B (P - 1) + 2 T_R + 1
///   chain      B + (2 T_R + 2) (P - 1)
///   tree       max(B log2 P, B P log2 P / (2 (P - 1)) + P - 1)
///              + (2 T_R + 1) log2 P
///   two-phase  max(2 B, 2 B sqrt P / (sqrt P + 1) + P - 1)
///              + (2 T_R + 1) (2 sqrt P - 2)
Breakdown reduce(const target::Target &target, ReduceAlgorithm algorithm,
                 int64_t cores, double wavelets);

/// The algorithm with the fewest cycles; ties go to the first in the enum.
ReduceAlgorithm bestReduce(const target::Target &target, int64_t cores,
                           double wavelets);

/// Best reduce to one end, then broadcast back along the line.
Breakdown allReduce(const target::Target &target, int64_t cores,
                    double wavelets);

} // namespace inlay::cost

#endif // INLAY_COST_COLLECTIVES_H
