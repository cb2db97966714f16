//===- Cost.h - Cycles of kernels and streams, and what physics allows -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `ideal` estimates: hardware limits of the target file only. An estimate is
// the time of one firing on the busiest core, with the collectives that the
// sharding implies. Nothing overlaps: computation and communication of one
// kernel follow each other, as in the open wafer-scale kernels for decode.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_COST_H
#define INLAY_COST_COST_H

#include "inlay/Cost/Breakdown.h"
#include "inlay/Model/Sharding.h"
#include "inlay/Target/Target.h"

namespace inlay::cost {

/// What one firing of a kernel takes.
struct KernelCost {
  Breakdown cycles;
  /// Experts under the worst routing: every chosen expert in one group.
  double worstCase = 0;
  /// Bytes moved by ops that no rule knows; their cycles are a guess by bytes.
  double unknownBytes = 0;
};

/// Cycles of `kernel` cut by `sharding`, which must have passed `check`.
///
/// For each op: local work of the busiest core, max(operations / rate, bytes /
/// SRAM width), the first being compute and the excess SRAM; then, for each
/// axis that cuts a reduction dim, an all-reduce of the op's result. The input
/// is first spread over the region: its shard in wavelets, and half the
/// perimeter in hops. Experts: tokens go to the groups of their experts, the
/// group with the most activations decides (see `expectedMaxLoad`), and the
/// groups' results are added on the way back, a chain over the groups that take
/// part.
KernelCost estimateKernel(const model::KernelSpec &kernel,
                          const model::Sharding &sharding,
                          const target::Target &target);

/// Expected largest number of activations in one of `groups` equally likely
/// groups when `activations` are drawn:
///   sum over m of 1 - P(X <= m)^groups, X binomial(activations, 1 / groups),
/// which takes the groups as independent; exact for one group.
double expectedMaxLoad(int64_t activations, int64_t groups);

/// A stream between regions: hops of the way, and wavelets over the lanes of
/// the narrower side.
Breakdown streamCost(const target::Target &target, double bytes, int64_t hops,
                     int64_t lanes);

/// A stream between wafers, in cycles at the target's clock:
/// latency + bytes / bandwidth.
Breakdown crossingCost(const target::Target &target, double bytes);

/// The least that physics allows for one firing of a kernel on at most `cores`
/// cores, whatever the sharding.
struct Bound {
  double compute = 0;  ///< operations / (cores x peak rate)
  double sram = 0;     ///< weight and state bytes touched / (cores x width)
  double distance = 0; ///< see kernelBound

  double cycles() const;
  const char *binding() const; ///< "compute", "sram" or "distance"
};

/// compute: every operation must run, and no core runs more than its peak.
/// sram: every weight and state byte that a firing uses is read at least once.
/// distance: these bytes occupy at least A = bytes / budget cores; among A
/// cores
///   of a mesh some are at least r hops from any given core, r the least radius
///   with 2 r^2 + 2 r + 1 >= A, and the result depends on all of them.
/// All three hold at once, so the largest is a bound.
Bound kernelBound(const model::KernelSpec &kernel, const target::Target &target,
                  int64_t cores);

/// No kernel on a region of this extent is estimated below this: its input
/// crosses half the perimeter. Searches over extents stop by it.
double regionBound(const target::Target &target, model::Extent region);

} // namespace inlay::cost

#endif // INLAY_COST_COST_H
