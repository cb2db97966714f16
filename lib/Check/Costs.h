//===- Costs.h - What goes over the fabric and what it takes ----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formulas of docs/cost-model.md for streams, all-reduces and moves, from
// the figures that the plan itself gives.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_COSTS_H
#define INLAY_LIB_CHECK_COSTS_H

#include "Plan.h"

#include "llvm/ADT/StringRef.h"

#include <cmath>

namespace inlay::checker {

/// Sums of the same numbers in another order may differ in the last digits.
inline bool isClose(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}

/// A figure of the machine; 0 where the plan does not give it.
double figureOf(const Plan &plan, llvm::StringRef name);

/// Cycles of something that only the fabric and its software take part in.
struct FabricCycles {
  double latency = 0, bandwidth = 0, software = 0;

  double total() const { return latency + bandwidth + software; }
  FabricCycles &operator+=(const FabricCycles &other) {
    latency += other.latency;
    bandwidth += other.bandwidth;
    software += other.software;
    return *this;
  }
  FabricCycles times(double factor) const {
    return {latency * factor, bandwidth * factor, software * factor};
  }
};

/// A line whose cores are `pitch` routers apart, with so many vectors one
/// behind the other.
struct SpacedLine {
  int64_t cores = 1, pitch = 1, vectors = 1;
};

class FabricRates {
public:
  explicit FabricRates(const Plan &plan);

  /// start + r B + h hops.
  FabricCycles stream(double hops, double wavelets) const;
  /// Of an algorithm by its name in a pattern; nothing of one that is unknown.
  FabricCycles allReduce(llvm::StringRef algorithm, int64_t cores,
                         double wavelets) const;
  /// The name of the fastest of them; a ring needs vectors that may go in
  /// pieces.
  std::string fastest(int64_t cores, double wavelets, bool inPieces) const;
  /// To one core of a line, by the fastest algorithm.
  FabricCycles bestReduce(const SpacedLine &line, double wavelets) const;

  double period = 0; ///< of a wavelet on a link
  double hop = 0;

private:
  struct Terms {
    double busiest = 0, energy = 0, distance = 0, depth = 0;
  };
  FabricCycles evaluate(const Terms &terms) const;
  FabricCycles reduce(llvm::StringRef name, const SpacedLine &line,
                      double wavelets) const;
  static Terms reduction(llvm::StringRef algorithm, int64_t cores,
                         double wavelets);

  double ramp = 0, start = 0, setup = 0, collectiveHop = 0, stage = 0;
};

/// What the largest shard that an op reads of an input takes to be spread over
/// the cores of the kernel's region.
FabricCycles entryOf(const Plan &plan, const FabricRates &rates,
                     const Kernel &kernel, int64_t input);

/// The longest way of inputs to the groups of experts of a kernel; 0 where it
/// takes them as they are handed over.
double dispatchOf(const Plan &plan, const FabricRates &rates,
                  const Kernel &kernel);

/// Wavelets of a stream that its estimate lets go over one link.
int64_t assumedWavelets(const Plan &plan, const Stream &stream);

/// Hops between the middles of two regions, and links that lead from one to the
/// other side by side.
int64_t hopsBetween(const Rect &a, const Rect &b);
int64_t lanesBetween(const Rect &a, const Rect &b);

/// When something happens in a kernel. An op first waits for sums and moves
/// what it reads, operand by operand, then works, and then leaves sums of its
/// own.
struct Moment {
  int64_t op = 0, step = 0;

  static Moment waits(int64_t op, size_t operand) {
    return {op, 2 * static_cast<int64_t>(operand)};
  }
  static Moment moves(int64_t op, size_t operand) {
    return {op, 2 * static_cast<int64_t>(operand) + 1};
  }
  static Moment works(int64_t op) { return {op, kHuge}; }
  static Moment leaves(int64_t op) { return {op, kHuge + 1}; }

  auto operator<=>(const Moment &) const = default;
};

/// Values that move inside a kernel: cores of a line, wavelets that pass on it,
/// and when. 0 cores: an op is the first to want a value as it does.
struct MoveLoad {
  int64_t cores = 0, wavelets = 0;
  Moment when;
};
std::vector<MoveLoad> movesOf(const Plan &plan, const Kernel &kernel);

/// What streams wait for, and kernels, in cycles by the rule of docs/plan.md.
/// Where times are equal but for rounding there is a least and a most.
struct Waits {
  std::vector<double> least, most;
};
struct Contention {
  Waits ofStreams, ofKernels;
};
Contention contentionOf(const Plan &plan, const FabricRates &rates);

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_COSTS_H
