//===- Relayout.cpp - Cycles of moving a value ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Relayout.h"
#include "inlay/Cost/Collectives.h"
#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;

namespace {

/// What happens to a value on one axis.
struct Move {
  const char *kind = nullptr; ///< null: nothing moves
  double wavelets = 0;        ///< over the fullest link
  double hops = 0;
};

class Mover {
public:
  Mover(const Rates &rates, const Layout &from, const Layout &to, int bits,
        const Extent &cores)
      : rates(rates), from(from), to(to), bits(bits), cores(cores) {}

  Move along(Axis axis) const {
    const AxisLayout &a = from.on(axis), &b = to.on(axis);
    int64_t parts = partsOn(axis);
    if (!a.isCut() || parts <= 1 || (a.runs == b.runs && a.shard == b.shard))
      return {};
    if (!b.isCut())
      return {"gather", wavelets(needed(axis)), double(parts)};
    if (a.runs == b.runs)
      return shift(a, b, parts);
    constexpr double kContention = 1.5;
    double runs = double(commonRuns(a, b, from.features));
    double ofRun = onLine(axis) / runs;
    return {"shuffle", kContention * wavelets(ofRun / 4),
            std::ceil(double(parts) / runs)};
  }

private:
  int64_t partsOn(Axis axis) const {
    return axis == Axis::X ? cores.width : cores.height;
  }
  static Axis other(Axis axis) { return axis == Axis::X ? Axis::Y : Axis::X; }

  double wavelets(double features) const {
    return rates.wavelets(std::ceil(features) * double(from.tokens) * bits / 8);
  }

  /// Features that a line of cores along `axis` holds.
  double onLine(Axis axis) const {
    const AxisLayout &across = from.on(other(axis));
    return across.isCut() ? double(across.shard) : double(from.features);
  }

  /// Features of the line that its cores want in the end.
  double needed(Axis axis) const {
    const AxisLayout &across = to.on(other(axis));
    double wanted = across.isCut() ? double(across.shard) : onLine(axis);
    return std::min(wanted, onLine(axis));
  }

  /// Core c holds what ends at (c + 1) * shard: the fullest link is behind the
  /// last core of the layout with longer shards.
  Move shift(const AxisLayout &a, const AxisLayout &b, int64_t parts) const {
    auto shorter = double(std::min(a.shard, b.shard));
    auto longer = double(std::max(a.shard, b.shard));
    double all = 1;
    for (const FeatureRun &run : a.runs)
      all *= double(run.size);
    double moved = all * (1 - shorter / longer);
    double last = std::min(double(parts), std::ceil(all / longer));
    return {"shift", wavelets(moved),
            std::ceil(last * (longer - shorter) / longer)};
  }

  const Rates &rates;
  const Layout &from, &to;
  int bits;
  const Extent &cores;
};

} // namespace

Breakdown inlay::cost::relayout(const Rates &rates, const Layout &from,
                                const Layout &to, int bits,
                                const Extent &cores) {
  Breakdown cycles;
  Mover mover(rates, from, to, bits, cores);
  for (Axis axis : {Axis::X, Axis::Y})
    if (Move move = mover.along(axis); move.kind)
      cycles += stream(rates, move.hops, move.wavelets);
  return cycles;
}

std::string inlay::cost::describeRelayout(const Rates &rates,
                                          const Layout &from, const Layout &to,
                                          int bits, const Extent &cores) {
  std::string text;
  Mover mover(rates, from, to, bits, cores);
  for (Axis axis : {Axis::X, Axis::Y})
    if (Move move = mover.along(axis); move.kind)
      text += fmt::format("{}{} along {}: {:g} to start + {:g} wavelets x {:g} "
                          "+ {:g} hops x {:g}",
                          text.empty() ? "" : ", ", move.kind,
                          axis == Axis::X ? "x" : "y", rates.start,
                          move.wavelets, rates.period, move.hops, rates.hop);
  return text;
}
