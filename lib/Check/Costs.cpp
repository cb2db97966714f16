//===- Costs.cpp - What goes over the fabric and what it takes ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Costs.h"
#include "Cuts.h"
#include "Routing.h"

#include "llvm/ADT/StringSwitch.h"

using namespace inlay::checker;
using llvm::StringRef;

double inlay::checker::figureOf(const Plan &plan, StringRef name) {
  for (const Figure &given : plan.system.figures)
    if (given.name == name)
      return given.value;
  return 0;
}

/// Measured costs never undercut what the hardware allows; those of software
/// are scaled to the machine.
FabricRates::FabricRates(const Plan &plan) {
  double rate = figureOf(plan, "link_rate");
  period = rate > 0 ? 1 / rate : 0;
  hop = collectiveHop = figureOf(plan, "hop");
  ramp = figureOf(plan, "ramp");
  start = 2 * ramp;
  stage = 2 * ramp + 1;
  if (plan.estimate.mode != "calibrated")
    return;
  double scale = figureOf(plan, "primitive.software_scale");
  if (scale == 0)
    scale = 1;
  auto take = [&](const std::string &name, double &value, double factor) {
    value = std::max(value, figureOf(plan, "primitive." + name) * factor);
  };
  take("wavelet_period", period, 1);
  take("stream_hop", hop, 1);
  take("collective_hop", collectiveHop, scale);
  take("stream_start", start, scale);
  take("collective_setup", setup, scale);
  take("collective_stage", stage, scale);
}

FabricCycles FabricRates::stream(double hops, double wavelets) const {
  double hardware = std::min(start, 2 * ramp);
  return {hops * hop + hardware, wavelets * period, start - hardware};
}

/// A + max(r C, r E/N + h L) + s D.
FabricCycles FabricRates::evaluate(const Terms &terms) const {
  double busy = terms.busiest * period, links = terms.energy * period;
  double path = links + terms.distance * collectiveHop;
  double all = std::max(busy, path), hardware = std::min(stage, 2 * ramp + 1);
  FabricCycles cycles;
  cycles.bandwidth = std::min(all, std::max(busy, links));
  cycles.latency = all - cycles.bandwidth + hardware * terms.depth;
  cycles.software = setup + (stage - hardware) * terms.depth;
  return cycles;
}

FabricRates::Terms FabricRates::reduction(StringRef algorithm, int64_t cores,
                                          double wavelets) {
  auto p = double(cores);
  double root = std::sqrt(p), levels = std::log2(p);
  if (algorithm == "star")
    return {wavelets * (p - 1), 0, 0, 1};
  if (algorithm == "chain")
    return {0, wavelets, p - 1, p - 1};
  if (algorithm == "tree")
    return {wavelets * levels, wavelets * p / (2 * (p - 1)) * levels, p - 1,
            levels};
  return {2 * wavelets, 2 * wavelets * root / (root + 1), p - 1, 2 * root - 2};
}

/// Of a star of cores that are apart the longer of all vectors from the nearest
/// core on and the last from the farthest.
FabricCycles FabricRates::reduce(StringRef name, const SpacedLine &line,
                                 double wavelets) const {
  Terms terms = reduction(name, line.cores, wavelets);
  FabricCycles cycles = evaluate(terms);
  if (line.pitch > 1) {
    Terms near{terms.busiest, terms.busiest, double(line.pitch), 1};
    terms.distance = double((line.cores - 1) * line.pitch);
    if (name == "star")
      terms.energy = wavelets;
    cycles = evaluate(terms);
    if (name == "star" && evaluate(near).total() > cycles.total())
      cycles = evaluate(near);
  }
  // Each further vector takes the busiest ramp, and one core that adds.
  Terms next{std::max(terms.busiest, wavelets), 0, 0, 1};
  return cycles += evaluate(next).times(double(line.vectors - 1));
}

FabricCycles FabricRates::bestReduce(const SpacedLine &line,
                                     double wavelets) const {
  FabricCycles best;
  if (line.cores < 2)
    return best;
  bool isFirst = true;
  for (StringRef name : {"star", "chain", "tree", "two_phase"}) {
    FabricCycles cycles = reduce(name, line, wavelets);
    if (isFirst || cycles.total() < best.total())
      best = cycles;
    isFirst = false;
  }
  return best;
}

/// The first of those with the fewest cycles; a reduction before a broadcast is
/// the one that is fastest by itself.
std::string FabricRates::fastest(int64_t cores, double wavelets,
                                 bool inPieces) const {
  std::string best;
  double least = INFINITY;
  auto take = [&](const std::string &name, double cycles) {
    if (cycles < least) {
      least = cycles;
      best = name;
    }
  };
  for (const char *name : {"star", "chain", "tree", "two_phase"})
    take(name, evaluate(reduction(name, cores, wavelets)).total());
  best += "_broadcast";
  least = allReduce(best, cores, wavelets).total();
  for (const char *name :
       {"two_tree", "middle_chain", "ring", "middle_one_phase",
        "middle_two_phases", "middle_three_phases"})
    if (inPieces || StringRef(name) != "ring")
      take(name, allReduce(name, cores, wavelets).total());
  return best;
}

/// Cores that wait for each other in k phases to the middle: chains of g in all
/// phases but the last, and the other side.
static double stagesOfPhases(int64_t cores, int phases) {
  int64_t side = divideUp(cores, 2);
  double root = phases == 1 ? 1 : std::pow(double(side), 1.0 / phases);
  int64_t group = std::max<int64_t>(1, std::llround(root)), heads = 1;
  for (int phase = 1; phase < phases; ++phase)
    heads *= group;
  return double((phases - 1) * (group - 1) + divideUp(side, heads));
}

FabricCycles FabricRates::allReduce(StringRef algorithm, int64_t cores,
                                    double wavelets) const {
  if (cores < 2)
    return {};
  auto p = double(cores);
  StringRef kind = algorithm;
  if (kind.consume_back("_broadcast")) {
    FabricCycles cycles = evaluate(reduction(kind, cores, wavelets));
    return cycles += stream(p, wavelets);
  }
  if (algorithm == "two_tree")
    return evaluate({0, 5 * wavelets, p, std::sqrt(p) + 1});
  if (algorithm == "middle_chain")
    return evaluate({0, 3 * wavelets, p, p / 2 + 1});
  if (algorithm == "ring")
    return evaluate(
        {0, 2 * (p - 1) * wavelets / p, std::max(1.0, 4 * p - 6), 2 * (p - 1)});
  int phases = llvm::StringSwitch<int>(algorithm)
                   .Case("middle_one_phase", 1)
                   .Case("middle_two_phases", 2)
                   .Case("middle_three_phases", 3)
                   .Default(0);
  if (phases == 0)
    return {};
  return evaluate({0, (phases + 1) * wavelets, double(2 * (cores / 2)),
                   stagesOfPhases(cores, phases) + 1});
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

FabricCycles inlay::checker::entryOf(const Plan &plan, const FabricRates &rates,
                                     const Kernel &kernel, int64_t input) {
  int64_t bits = 0;
  for (const Op &op : kernel.ops)
    for (const Operand &operand : op.operands)
      if (isPort(operand, "input", input))
        bits = std::max(bits,
                        times(LargestPart(op).elements(operand), operand.bits));
  int64_t wavelets = bits > 0 ? waveletsOf(plan, divideUp(bits, 8)) : 0;
  return rates.stream(double(kernel.rect.width + kernel.rect.height) / 2,
                      double(wavelets));
}

double inlay::checker::dispatchOf(const Plan &plan, const FabricRates &rates,
                                  const Kernel &kernel) {
  double longest = 0;
  if (!takesHandedOver(plan, kernel))
    for (size_t i = 0; i < kernel.inputs.size(); ++i)
      longest = std::max(
          longest,
          entryOf(plan, rates, kernel, static_cast<int64_t>(i)).total());
  return longest;
}

int64_t inlay::checker::hopsBetween(const Rect &a, const Rect &b) {
  int64_t dx = std::abs((2 * a.x + a.width) - (2 * b.x + b.width));
  int64_t dy = std::abs((2 * a.y + a.height) - (2 * b.y + b.height));
  return divideUp(plus(dx, dy), 2);
}

int64_t inlay::checker::lanesBetween(const Rect &a, const Rect &b) {
  int64_t gapX = std::max(b.x - a.right(), a.x - b.right());
  int64_t gapY = std::max(b.y - a.bottom(), a.y - b.bottom());
  int64_t lanes =
      gapX >= gapY ? std::min(a.height, b.height) : std::min(a.width, b.width);
  return std::max<int64_t>(1, lanes);
}

int64_t inlay::checker::assumedWavelets(const Plan &plan,
                                        const Stream &stream) {
  auto from = plan.kernelOf.find(stream.from);
  auto to = plan.kernelOf.find(stream.to);
  if (from == plan.kernelOf.end() || to == plan.kernelOf.end())
    return waveletsOf(plan, stream.bytes);
  const Kernel &maker = plan.kernels[from->second];
  const Kernel &user = plan.kernels[to->second];
  if (maker.wafer != user.wafer) {
    // As many as pass a link in the time that the bandwidth takes.
    double bandwidth = figureOf(plan, "wafer_bandwidth");
    return bandwidth > 0
               ? static_cast<int64_t>(double(stream.bytes) / bandwidth *
                                      figureOf(plan, "clock") *
                                      figureOf(plan, "link_rate"))
               : 0;
  }
  int64_t lanes =
      maker.region == user.region ? 1 : lanesBetween(maker.rect, user.rect);
  return divideUp(waveletsOf(plan, stream.bytes), lanes);
}
