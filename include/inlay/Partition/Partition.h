//===- Partition.h - A chain of kernels over wafers -------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels in order of execution are cut into stages, one for each wafer. Stages
// are runs of consecutive kernels; only activations cross from one to the next.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_PARTITION_PARTITION_H
#define INLAY_PARTITION_PARTITION_H

#include "inlay/Support/Diagnostic.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace inlay::partition {

enum class Objective {
  Latency, ///< few crossings; spare cores spread evenly, where they save time
  Throughput, ///< the slowest stage as fast as possible
  Wafers,     ///< few wafers; as Latency for a given number
};

/// One kernel of the chain.
struct Item {
  std::string name;
  int layer = -1;    ///< kernels of a layer stay together: see `solve`
  int64_t bytes = 0; ///< it needs at least these, over all cores
  double cycles = 0; ///< of one firing
  double crossing =
      0; ///< cycles of what crosses when the chain is cut after it
  /// Runs of items of equal kinds fit alike; -1: like no other.
  int kind = -1;
  bool isJoined = false; ///< it stays on the wafer of the item before it
  int wafer = -1;        ///< where it must be; -1: anywhere
};

/// Adds an error where `count` kernels cannot be on `wafers` wafers, none of
/// them empty; 0 wafers are as many as it takes.
bool checkWafers(int64_t wafers, size_t count, Diagnostics &diags);

/// Where to cut the chain so that every stage fits on a wafer.
struct Problem {
  std::vector<Item> items;
  int64_t bytesPerWafer = 0; ///< for data, of all live cores
  int wafers = 0;            ///< 0: the least number that fits
  Objective objective = Objective::Latency;
  /// Whether items first .. last - 1 can be placed on one wafer together. Part
  /// of what fits must fit. May be empty: then the sum of bytes decides.
  std::function<bool(size_t first, size_t last)> fits;

  /// Adds an error for an empty chain, an empty wafer, a number of wafers that
  /// is negative or exceeds the number of items, and an item of negative bytes
  /// or cycles, and joined items on different wafers.
  bool check(Diagnostics &diags) const;
};

/// Cycles that the crossing before an item adds to the load of the stage which
/// begins with it.
double crossingLoad(const Problem &problem, size_t first);

/// Items first .. last - 1.
struct Stage {
  size_t first = 0;
  size_t last = 0;

  bool operator==(const Stage &) const = default;
};

struct Solution {
  std::vector<Stage> stages;
  /// No partition needs fewer wafers: the sum of all bytes over those of one.
  int fewestWafers = 0;
  /// Cycles of its items, and of the crossing into it, which `Throughput` does
  /// not count: a wafer works on another step meanwhile.
  double slowestStage = 0;
  double crossings = 0; ///< cycles, summed

  /// Stages cover the chain in order, none is empty or too large, the number is
  /// the one asked for, sums are what they say. Knows no solver.
  bool verify(const Problem &problem, Diagnostics &diags) const;
};

/// The least number of wafers comes from filling one after the other; cuts are
/// then chosen by dynamic programming: least load of the fullest stage (bytes,
/// or cycles for Throughput), then least crossings. Layers are cut only where
/// one does not fit on a wafer, where the wafers asked for are more than the
/// layers or fewer than whole layers need, and where that saves wafers and
/// Wafers is the objective.
/// Capacity errors name what does not fit and what would. `problem` must have
/// passed `check`.
std::optional<Solution> solve(const Problem &problem, Diagnostics &diags);

/// What a step takes on the wafer that holds items first .. last - 1.
struct StageCosts {
  /// Cycles of the best plan; infinite where there is none. Takes long.
  std::function<double(size_t first, size_t last)> cycles;
  /// About the least that `cycles` may say, in no time.
  std::function<double(size_t first, size_t last)> atLeast;
  /// Equal for runs that cost the same.
  std::function<std::vector<int>(size_t first, size_t last)> key;
};

/// The partition of fewest cycles that a search finds, crossings included, over
/// any number of wafers where none is given, each of which must save a
/// thousandth of the step; no worse than `start`, a solution of the same
/// problem. Stages hold whole layers, or begin and end at the same
/// place within a layer, except at the ends of the chain and where `start` has
/// a cut. Runs are costed as they become part of the partition that would be
/// best if all others took the least that they may; at most so many as a
/// compile has time for. Items must not be pinned to wafers.
Solution fasten(const Problem &problem, Solution start,
                const StageCosts &costs);

/// A solution of these stages.
Solution solutionOf(const Problem &problem, std::vector<Stage> stages);

} // namespace inlay::partition

#endif // INLAY_PARTITION_PARTITION_H
