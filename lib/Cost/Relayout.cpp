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
  double wavelets = 0;        ///< over the fullest link, in order
  double hops = 0;
  double crossing = 0; ///< over the fullest link, across other flows
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
      return {"gather", wavelets(passing(axis)), double(parts)};
    Move move = shift(axis);
    if (a.runs == b.runs)
      return move;
    double runs = double(commonRuns(a, b, from.features));
    move.kind = "shuffle";
    move.crossing = wavelets(passing(axis) / runs / 4);
    move.hops += std::ceil(double(usedOn(axis, b)) / runs);
    return move;
  }

private:
  int64_t partsOn(Axis axis) const {
    return axis == Axis::X ? cores.width : cores.height;
  }
  static Axis other(Axis axis) { return axis == Axis::X ? Axis::Y : Axis::X; }

  double wavelets(double features) const {
    return rates.wavelets(std::ceil(features) * double(from.tokens) * bits / 8);
  }

  /// Cores of a line that hold anything.
  int64_t usedOn(Axis axis, const AxisLayout &layout) const {
    int64_t features = 1;
    for (const FeatureRun &run : layout.runs)
      features *= run.size;
    return std::min(partsOn(axis),
                    ceilDiv(features, std::max<int64_t>(1, layout.shard)));
  }

  /// Which part of the features a core's place on an axis leaves it.
  double share(Axis axis, const AxisLayout &layout) const {
    return layout.isCut() ? 1.0 / double(usedOn(axis, layout)) : 1;
  }

  /// Features that move along a line of `axis`: of those that its cores hold,
  /// the ones that they want, of all along the line.
  double passing(Axis axis) const {
    Axis across = other(axis);
    return double(from.features) * std::min(share(across, from.on(across)),
                                            share(across, to.on(across)));
  }

  /// The same order on other cores of the line: the fullest link is behind the
  /// last core of the layout that uses fewer.
  Move shift(Axis axis) const {
    auto before = double(usedOn(axis, from.on(axis)));
    auto after = double(usedOn(axis, to.on(axis)));
    if (before == after)
      return {};
    double fewer = std::min(before, after), more = std::max(before, after);
    return {"shift", wavelets(passing(axis) * (1 - fewer / more)),
            more - fewer};
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
      cycles += stream(rates, move.hops,
                       move.wavelets + move.crossing * rates.crossingFlows);
  return cycles;
}

/// "64 wavelets", "(64 wavelets x 1.5 + 3 wavelets)"
static std::string describe(const Rates &rates, const Move &move) {
  if (move.crossing <= 0)
    return fmt::format("{:g} wavelets", move.wavelets);
  std::string crossing =
      fmt::format("{:g} wavelets x {:g}", move.crossing, rates.crossingFlows);
  if (move.wavelets <= 0)
    return crossing;
  return fmt::format("({} + {:g} wavelets)", crossing, move.wavelets);
}

std::string inlay::cost::describeRelayout(const Rates &rates,
                                          const Layout &from, const Layout &to,
                                          int bits, const Extent &cores) {
  std::string text;
  Mover mover(rates, from, to, bits, cores);
  for (Axis axis : {Axis::X, Axis::Y})
    if (Move move = mover.along(axis); move.kind)
      text += fmt::format("{}{} along {}: {:g} to start + {} x {:g} "
                          "+ {:g} hops x {:g}",
                          text.empty() ? "" : ", ", move.kind,
                          axis == Axis::X ? "x" : "y", rates.start,
                          describe(rates, move), rates.period, move.hops,
                          rates.hop);
  return text;
}
