//===- Cost.h - Cycles of kernels and streams, and what physics allows -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An estimate is the time of one firing on the busiest core, with the
// collectives that the sharding implies, in one of the two modes of Rates.h.
// Ops of one kernel follow each other. In `ideal` mode the wavelets of a sum
// pass while cores make what it adds and work on what it brings, its hops do
// not; in `calibrated` mode nothing overlaps, as in the open wafer-scale
// kernels for decode.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_COST_H
#define INLAY_COST_COST_H

#include "inlay/Cost/Breakdown.h"
#include "inlay/Cost/Collectives.h"
#include "inlay/Cost/Practice.h"
#include "inlay/Cost/Rates.h"
#include "inlay/Cost/Routing.h"
#include "inlay/Model/Sharding.h"
#include "inlay/Target/Target.h"

namespace inlay::cost {

/// One summand of an estimate.
struct Term {
  std::string name;    ///< "linear", "linear: all-reduce over y", ...
  std::string formula; ///< with its numbers filled in
  Breakdown cycles;
};

/// What one firing of a kernel takes.
struct KernelCost {
  Breakdown cycles;
  /// Experts under the worst routing: every chosen expert in one group.
  double worstCase = 0;
  /// Bytes moved by ops that no rule knows; their cycles are a guess by bytes.
  double unknownBytes = 0;
  /// The axis along which the collectives are led at the end.
  model::Axis axis = model::Axis::None;
};

/// Cycles of `kernel` cut by `sharding`, which must have passed `check`.
///
/// For each op: the tile program of the busiest core (TilePrograms.h; weights
/// of fewer bits are dequantised first), then, for each axis that cuts a
/// reduction dim, an all-reduce of the op's result by the algorithm with the
/// fewest cycles. Sums over one axis of ops that follow each other, and of
/// which none needs the result of another, share one message. Inputs lie where
/// the cut wants them: what comes from outside the region pays `entryCost`
/// first. Experts: tokens go to the groups of their experts, the group with the
/// most activations decides (see Routing.h), and the groups' results are added
/// on the way back, a chain over the groups that take part. Of what exceeds the
/// budgets of the cores as much as a firing touches is read from DRAM, where
/// the target has any. `practice` says how the kernels are written.
KernelCost estimateKernel(const model::KernelSpec &kernel,
                          const model::Sharding &sharding, const Rates &rates,
                          const Routing &routing = {},
                          const Practice &practice = {});

/// A kernel of experts under a sharding, and what a step brings; `held` of the
/// sharding, which must outlive it, if that is given.
ExpertLoad expertLoad(const model::KernelSpec &kernel,
                      const model::Sharding &sharding);

/// `estimateKernel` of a kernel of experts whose largest load is known.
KernelCost estimateExperts(const model::KernelSpec &kernel,
                           const model::Sharding &sharding, const Rates &rates,
                           const LargestLoad &load,
                           const Practice &practice = {});

/// What it takes to spread an input that comes from outside over the region of
/// its kernel: the largest shard of it in wavelets, and half the perimeter in
/// hops.
Term entryCost(const model::KernelSpec &kernel, size_t input,
               const model::Sharding &sharding, const Rates &rates);
/// The same without its formula.
Breakdown entryCycles(const model::KernelSpec &kernel, size_t input,
                      const model::Sharding &sharding, const Rates &rates);

/// The entry that takes longest: inputs arrive at one time over different
/// links. For a kernel that has its region for itself.
Breakdown longestEntry(const model::KernelSpec &kernel,
                       const model::Sharding &sharding, const Rates &rates);

/// The same estimate, summand by summand; they add up to it.
std::vector<Term> explainKernel(const model::KernelSpec &kernel,
                                const model::Sharding &sharding,
                                const Rates &rates, const Routing &routing = {},
                                const Practice &practice = {});

/// A collective that an estimate counts.
struct CollectiveUse {
  enum class Kind {
    AllReduce, ///< of partial results, over lines of `cores` cores
    Combine,   ///< of what the groups of experts made (GroupSums.h)
    Move,      ///< of a value to where it is wanted (Relayout.h)
  };
  Kind kind = Kind::AllReduce;
  /// The op whose need starts it; their number for what is handed over.
  int op = 0;
  model::Axis axis = model::Axis::None;
  int64_t cores = 1;
  AllReduceAlgorithm algorithm = AllReduceAlgorithm::TwoTree;
  /// Of the reduction in ReduceBroadcast, or of a combination along x.
  ReduceAlgorithm reduction = ReduceAlgorithm::Chain;
  double wavelets = 0; ///< of a vector in one turn; of a move what one sends
  /// Of an all-reduce: ops whose sums it makes (SumLines.h).
  std::vector<int> makers;
  /// Of a combination along y.
  ReduceAlgorithm reductionDown = ReduceAlgorithm::Chain;
  /// Lines lead over the whole region; else over each group of it.
  bool overGroups = false;
  int64_t lines = 1;   ///< of a move: one behind the other along the axis
  int64_t senders = 1; ///< of a move: cores of a line that have something
  /// Of a move: of the same value as the one before it, which comes first.
  bool isSecond = false;
};

/// The collectives of the same estimate, in order, each with the algorithm that
/// was counted.
std::vector<CollectiveUse> collectivesOf(const model::KernelSpec &kernel,
                                         const model::Sharding &sharding,
                                         const Rates &rates,
                                         const Routing &routing = {});

/// A stream between regions: hops of the way, and wavelets over the lanes of
/// the narrower side.
Breakdown streamCost(const Rates &rates, double bytes, int64_t hops,
                     int64_t lanes);

/// True for an operand of weights that a contraction turns into its own type:
/// 8 bits or less, and no scales or zero points of blocks.
bool isDequantised(const model::OpSpec &op, const model::OperandSpec &operand);

/// Cycles that reading `bytes` from the memory beside the SRAM takes, all cores
/// together; 0 where a target has none.
double dramCycles(const target::Target &target, double bytes);

/// A stream between wafers, in cycles at the target's clock:
/// latency + bytes / bandwidth.
Breakdown crossingCost(const target::Target &target, double bytes);

/// Cycles that the operations of an op keep one core busy at its peak.
double arithmeticCycles(const model::OpSpec &op, const target::Target &target);

/// The same with the dequantising of its weights.
double coreCycles(const model::OpSpec &op, const target::Target &target);

/// The least that physics allows, by reason. Each holds by itself.
struct Bound {
  double compute = 0;   ///< operations / (cores x peak rate)
  double sram = 0;      ///< weight and state bytes touched / (cores x width)
  double link = 0;      ///< operands of sums through the ramps of the cores
  double bisection = 0; ///< sums whose parts lie in both halves of the region
  double distance = 0;  ///< hops to what a result depends on
  double crossing = 0;  ///< from wafer to wafer

  double cycles() const;       ///< the largest
  const char *binding() const; ///< the name of the largest
};

/// For one firing of a kernel on at most `cores` cores, whatever the sharding.
///
/// compute: every operation must run, and no core runs more than its peak; a
///   weight of fewer bits is dequantised at least once.
/// sram: every weight byte that a firing uses is read at least once.
/// distance: these bytes occupy at least A = bytes / budget cores; among A
///   cores of a mesh some are at least r hops from any given core, r the least
///   radius with 2 r^2 + 2 r + 1 >= A, and the result depends on all of them.
///   And the norms and choices of one token must be known one after the other,
///   with the work between them (LightCone.h).
/// All three hold at once, so the largest is a bound.
Bound kernelBound(const model::KernelSpec &kernel, const target::Target &target,
                  int64_t cores);

/// No kernel that gets its input from outside a region of this extent is
/// estimated below this: the input crosses half the perimeter. Searches over
/// extents stop by it.
double regionBound(const target::Target &target, model::Extent region);

/// For one firing under one sharding, whatever the algorithms: what
/// `kernelBound` says of as many cores as the region has, and what the cut
/// itself implies. How inputs get there is the business of streams.
///
/// Sums are those of products, norms and softmax; a choice is one likewise, as
/// every part must name its best. An axis that cuts nothing but reduction dims
/// has P parts that are not empty, on the first P of its cores.
///
/// link: each element of the result takes P - 1 additions. Routers do not add,
///   so that each needs an operand that came over the ramp of a core; the
///   busiest of A cores takes at least the mean: elements x bits of the compute
///   type x (P - 1) / A / (networks x link rate x wavelet). Twice as much where
///   all P cores go on with all of the result: a reader that this axis does not
///   cut, or an output, which is wanted in every column (Layout.h).
/// bisection: each element of the result has a part on either side of the
///   middle of these cores, and at least one number for it crosses: elements x
///   bits of the compute type / (links that cross the middle x link rate x
///   wavelet).
/// distance: the first core of the axis holds a shard of every value, so that
/// it
///   goes on with sums that depend on the last part, P - 1 hops away (at most
///   half the ring on a torus).
/// Each must hold, so the largest is a bound.
Bound shardingBound(const model::KernelSpec &kernel,
                    const model::Sharding &sharding,
                    const target::Target &target);

/// Cycles above the bound by cause: the estimate's summands less what the bound
/// explains of the same cause. They add up to estimate - bound.
Breakdown gapByCause(const Breakdown &estimate, const Bound &bound);

} // namespace inlay::cost

#endif // INLAY_COST_COST_H
