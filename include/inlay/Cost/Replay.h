//===- Replay.h - Kernels and layers as others executed them ----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// To hold the cost model against measured wafers, the programs that were timed
// are composed here from the same tile programs and collectives that estimate
// Inlay's own plans: step for step, with the padding, groups and message sizes
// of the runs. Nothing here has a number of its own.
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

/// Whole numbers of elements on a core, padded up.
struct LayerShape {
  int64_t cores = 1;  ///< P, cores on a side of the square region
  int64_t model = 1;  ///< d, model dim / P
  int64_t ffn = 1;    ///< f, FFN dim / P
  int64_t tokens = 1; ///< s, sequence or context / P
  int64_t group = 1;  ///< g, cores in a group of the two-tree
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

/// Decode layer of a dense model with full multi-head attention, batch 1, one
/// head as wide as the model; 10 all-reduces, 7 along y and 3 along x, and 6
/// changes of axis.
Replay decodeLayer(const Rates &rates, const LayerShape &shape);

/// Prefill layer of such a model: 9 products of P steps, 5 alignments, 4
/// all-reduces of s elements by two chains to the middle. The causal mask skips
/// no work. The sums of Q K^T run along with its steps: a core at the end of a
/// row sends and goes on, so each step pays one dependent core, and the length
/// of the row once.
Replay prefillLayer(const Rates &rates, const LayerShape &shape);

/// The divisor of P that gives 20 groups when 20 divides P, else the number of
/// groups nearest to 20 that divides P (the smaller of two).
int64_t defaultGroup(int64_t cores);

} // namespace inlay::cost

#endif // INLAY_COST_REPLAY_H
