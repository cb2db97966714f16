//===- Replay.cpp - Kernels and layers as others executed them ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Replay.h"
#include "inlay/Cost/Collectives.h"
#include "inlay/Cost/TilePrograms.h"

#include <cstdlib>

using namespace inlay;
using namespace inlay::cost;

Breakdown Replay::total() const {
  Breakdown sum;
  for (const ReplayStep &step : steps)
    sum += step.cycles;
  return sum;
}

/// All measured kernels compute in 16-bit floats and pack their rows.
static TypeRates half(const Rates &rates) {
  TypeRates type = rates.of("f16", 16);
  type.hasPackedRows = true;
  return type;
}

int64_t inlay::cost::defaultGroup(int64_t cores) {
  constexpr int64_t kGroups = 20;
  int64_t best = 1;
  for (int64_t groups = 1; groups <= cores; ++groups)
    if (cores % groups == 0 &&
        std::abs(groups - kGroups) < std::abs(best - kGroups))
      best = groups;
  return cores / best;
}

Replay inlay::cost::meshGemv(const Rates &rates, int64_t cores, int64_t k,
                             int64_t n, int64_t group) {
  TypeRates type = half(rates);
  Replay replay;
  replay.add("product", gemv(rates, double(k), double(n)).cycles(rates, type));
  replay.add(
      "all-reduce y",
      twoTree(rates, cores, group, rates.wavelets(double(n) * type.bits / 8)));
  return replay;
}

Replay inlay::cost::chainGemv(const Rates &rates, int64_t cores, int64_t k,
                              int64_t n) {
  constexpr double kSumBytes = 4;
  TypeRates type = half(rates);
  Replay replay;
  replay.add("product", gemv(rates, double(k), double(n)).cycles(rates, type));
  double wavelets = rates.wavelets(double(n) * kSumBytes);
  Breakdown sum;
  double hardware = 2 * rates.ramp + 1;
  sum.fabricBandwidth = 2 * wavelets * rates.period;
  sum.fabricLatency = double(cores) * (2 * rates.collectiveHop + hardware);
  sum.software = rates.librarySetup + double(cores) * (rates.stage - hardware);
  replay.add("all-reduce y", sum);
  return replay;
}

Replay inlay::cost::meshGemm(const Rates &rates, int64_t cores,
                             const TileShape &tile) {
  Replay replay;
  replay.add("product",
             gemmCyclicShift(rates, half(rates), cores, double(tile.m),
                             double(tile.k), double(tile.n)));
  return replay;
}

Replay inlay::cost::summaGemm(const Rates &rates, int64_t cores,
                              const TileShape &tile) {
  Replay replay;
  replay.add("product", gemmSumma(rates, half(rates), cores, double(tile.m),
                                  double(tile.k), double(tile.n)));
  return replay;
}
