//===- Relayout.cpp - Cycles of moving a value ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Relayout.h"
#include "inlay/Cost/Collectives.h"

#include "fmt/format.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;

static double waveletsOf(const Rates &rates, int64_t features, int64_t tokens,
                         int bits) {
  return rates.wavelets(double(features) * double(tokens) * bits / 8);
}

double inlay::cost::pieceWavelets(const Rates &rates, const LineMove &move,
                                  int bits) {
  return waveletsOf(rates, move.piece, move.tokens, bits);
}

/// What passes on a line.
static double passing(const Rates &rates, const LineMove &move, int bits) {
  auto senders = double(move.senders);
  return std::min(senders * pieceWavelets(rates, move, bits),
                  waveletsOf(rates, move.features, move.tokens, bits) +
                      senders);
}

Breakdown inlay::cost::moveCycles(const Rates &rates, const LineMove &move,
                                  int bits) {
  return stream(rates, double(move.cores), passing(rates, move, bits));
}

std::string inlay::cost::describeMove(const Rates &rates, const LineMove &move,
                                      int bits) {
  return fmt::format("all-gather along {} over {} cores: {:g} to start + {:g} "
                     "wavelets x {:g} + {} hops x {:g}",
                     move.axis == Axis::X ? "x" : "y", move.cores, rates.start,
                     passing(rates, move, bits), rates.period, move.cores,
                     rates.hop);
}
