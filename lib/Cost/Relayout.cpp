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
                                  int64_t tokens, int bits) {
  return waveletsOf(rates, move.piece, tokens, bits);
}

/// What passes on a line.
static double passing(const Rates &rates, const LineMove &move, int64_t tokens,
                      int bits) {
  auto senders = double(move.senders);
  return std::min(senders * pieceWavelets(rates, move, tokens, bits),
                  waveletsOf(rates, move.features, tokens, bits) + senders);
}

Breakdown inlay::cost::moveCycles(const Rates &rates, const LineMove &move,
                                  int64_t tokens, int bits) {
  return stream(rates, double(move.cores), passing(rates, move, tokens, bits));
}

std::string inlay::cost::describeMove(const Rates &rates, const LineMove &move,
                                      int64_t tokens, int bits) {
  return fmt::format("all-gather along {} over {} cores: {:g} to start + {:g} "
                     "wavelets x {:g} + {} hops x {:g}",
                     move.axis == Axis::X ? "x" : "y", move.cores, rates.start,
                     passing(rates, move, tokens, bits), rates.period,
                     move.cores, rates.hop);
}
