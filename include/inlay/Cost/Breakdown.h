//===- Breakdown.h - Cycles by cause ----------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every estimate is a sum over the seven causes below; nothing is kept beside
// them, so that a breakdown always adds up to its total.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_BREAKDOWN_H
#define INLAY_COST_BREAKDOWN_H

namespace inlay::cost {

/// Cycles by cause.
struct Breakdown {
  double compute = 0;         ///< arithmetic of the busiest core
  double sram = 0;            ///< what its SRAM adds beyond arithmetic
  double fabricLatency = 0;   ///< hops and ramps
  double fabricBandwidth = 0; ///< wavelets through the busiest link or ramp
  double software = 0;        ///< software stages (calibrated estimates only)
  double crossing = 0;        ///< links between wafers
  double contention = 0; ///< wavelets on a route beyond those a stream counts

  double total() const {
    return compute + sram + fabricLatency + fabricBandwidth + software +
           crossing + contention;
  }

  Breakdown &operator+=(const Breakdown &other) {
    compute += other.compute;
    sram += other.sram;
    fabricLatency += other.fabricLatency;
    fabricBandwidth += other.fabricBandwidth;
    software += other.software;
    crossing += other.crossing;
    contention += other.contention;
    return *this;
  }

  Breakdown operator+(const Breakdown &other) const {
    Breakdown sum = *this;
    return sum += other;
  }

  /// The same work `times` over.
  Breakdown operator*(double times) const {
    return {compute * times,         sram * times,     fabricLatency * times,
            fabricBandwidth * times, software * times, crossing * times,
            contention * times};
  }
};

} // namespace inlay::cost

#endif // INLAY_COST_BREAKDOWN_H
