//===- Replay.h - Single kernels as others executed them ----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// To hold the cost model against measured wafers, the single kernels that were
// timed are composed here from the same tile programs and collectives that
// estimate Inlay's own plans, with the padding, groups and message sizes of the
// runs. Nothing here has a number of its own. Whole layers are no programs of
// their own: they are built from a config and estimated as any kernel
// (inlay/Fidelity/Layer.h).
//
// Sources: WaferLLM (He et al., OSDI'25; github MeshInfra/WaferLLM @2cd13b5)
// and its re-measurement (github Wang-oss-tech/Wafer-Scale-Accelerator-
// Experiments @6b781e0). Cycles are those of one repetition in a loop without a
// barrier: a core starts the next as soon as it has finished its own part.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_REPLAY_H
#define INLAY_COST_REPLAY_H

#include "inlay/Cost/Breakdown.h"
#include "inlay/Cost/Rates.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inlay::cost {

/// One step of a program.
struct ReplayStep {
  std::string name;
  Breakdown cycles;
};

/// Steps in order; a program takes their sum.
struct Replay {
  std::vector<ReplayStep> steps;

  void add(std::string name, const Breakdown &cycles) {
    steps.push_back({std::move(name), cycles});
  }
  Breakdown total() const;
};

/// y = x W, W tiles of k x n: clear the result, k multiply-accumulates of n
/// elements, one two-tree all-reduce along y in groups of `group`.
Replay meshGemv(const Rates &rates, int64_t cores, int64_t k, int64_t n,
                int64_t group);

/// The same product with the vendor's chain: converted to 32 bits, a chain
/// along y to the last core, broadcast back, converted again.
///   library set-up + r 2 B + (h + s) P + h P
Replay chainGemv(const Rates &rates, int64_t cores, int64_t k, int64_t n);

/// A tile of a product, m x k by k x n.
struct TileShape {
  int64_t m = 1, k = 1, n = 1;
};

/// C = X W by cyclic shifts (gemmCyclicShift).
Replay meshGemm(const Rates &rates, int64_t cores, const TileShape &tile);

/// C = A B by pipelined multicast (gemmSumma).
Replay summaGemm(const Rates &rates, int64_t cores, const TileShape &tile);

/// The divisor of P that gives 20 groups when 20 divides P, else the number of
/// groups nearest to 20 that divides P (the smaller of two).
int64_t defaultGroup(int64_t cores);

} // namespace inlay::cost

#endif // INLAY_COST_REPLAY_H
