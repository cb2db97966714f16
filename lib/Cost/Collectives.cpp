//===- Collectives.cpp - Cycles of collectives on lines and rectangles ----===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Collectives.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using target::Target;

const char *inlay::cost::toString(ReduceAlgorithm algorithm) {
  switch (algorithm) {
  case ReduceAlgorithm::Star:
    return "star";
  case ReduceAlgorithm::Chain:
    return "chain";
  case ReduceAlgorithm::Tree:
    return "tree";
  case ReduceAlgorithm::TwoPhase:
    return "two-phase";
  }
  return "star";
}

/// Splits a total into what grows with the payload and the rest.
static Breakdown split(double total, double bandwidth) {
  Breakdown cycles;
  cycles.fabricBandwidth = std::min(total, bandwidth);
  cycles.fabricLatency = total - cycles.fabricBandwidth;
  return cycles;
}

/// Cycles that `wavelets` take on one link.
static double onLink(const Target &target, double wavelets) {
  return wavelets / target.linkRate.value;
}

Breakdown inlay::cost::broadcast(const Target &target, int64_t cores,
                                 double wavelets) {
  if (cores <= 1)
    return {};
  double stream = onLink(target, wavelets);
  return split(stream + double(cores) * target.hop.value +
                   2 * target.ramp.value,
               stream);
}

Breakdown inlay::cost::broadcast2D(const Target &target,
                                   const model::Extent &extent,
                                   double wavelets) {
  if (extent.area() <= 1)
    return {};
  double stream = onLink(target, wavelets);
  double hops = double(extent.width + extent.height - 2) * target.hop.value;
  return split(stream + hops + 2 * target.ramp.value + 1, stream);
}

Breakdown inlay::cost::reduce(const Target &target, ReduceAlgorithm algorithm,
                              int64_t cores, double wavelets) {
  if (cores <= 1)
    return {};
  double p = double(cores);
  double stream = onLink(target, wavelets);
  double hop = target.hop.value;
  double stage = 2 * target.ramp.value + 1;
  switch (algorithm) {
  case ReduceAlgorithm::Star:
    return split(stream * (p - 1) + stage, stream * (p - 1));
  case ReduceAlgorithm::Chain:
    return split(stream + (stage + hop) * (p - 1), stream);
  case ReduceAlgorithm::Tree: {
    double levels = std::log2(p);
    double contention = stream * levels;
    double energy = stream * p / (2 * (p - 1)) * levels;
    return split(std::max(contention, energy + (p - 1) * hop) + stage * levels,
                 contention);
  }
  case ReduceAlgorithm::TwoPhase: {
    double root = std::sqrt(p);
    double energy = 2 * stream * root / (root + 1);
    return split(std::max(2 * stream, energy + (p - 1) * hop) +
                     stage * (2 * root - 2),
                 2 * stream);
  }
  }
  return {};
}

ReduceAlgorithm inlay::cost::bestReduce(const Target &target, int64_t cores,
                                        double wavelets) {
  ReduceAlgorithm best = ReduceAlgorithm::Star;
  for (ReduceAlgorithm algorithm :
       {ReduceAlgorithm::Chain, ReduceAlgorithm::Tree,
        ReduceAlgorithm::TwoPhase})
    if (reduce(target, algorithm, cores, wavelets).total() <
        reduce(target, best, cores, wavelets).total())
      best = algorithm;
  return best;
}

Breakdown inlay::cost::allReduce(const Target &target, int64_t cores,
                                 double wavelets) {
  Breakdown cycles =
      reduce(target, bestReduce(target, cores, wavelets), cores, wavelets);
  cycles += broadcast(target, cores, wavelets);
  return cycles;
}
