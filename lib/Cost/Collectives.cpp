//===- Collectives.cpp - Cycles of collectives on lines and rectangles ----===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Collectives.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::cost;

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

const char *inlay::cost::toString(AllReduceAlgorithm algorithm) {
  switch (algorithm) {
  case AllReduceAlgorithm::ReduceBroadcast:
    return "reduce and broadcast";
  case AllReduceAlgorithm::TwoTree:
    return "two-tree";
  case AllReduceAlgorithm::MiddleChain:
    return "chains to the middle";
  case AllReduceAlgorithm::Ring:
    return "ring";
  case AllReduceAlgorithm::OnePhase:
    return "one phase to the middle";
  case AllReduceAlgorithm::TwoPhases:
    return "two phases to the middle";
  case AllReduceAlgorithm::ThreePhases:
    return "three phases to the middle";
  }
  return "two-tree";
}

namespace {

/// The terms of T = max(r C, r E / N + h L) + s D, as a breakdown.
struct Terms {
  double contention = 0; ///< C, wavelets
  double energy = 0;     ///< E / N, wavelets
  double distance = 0;   ///< L, hops
  double depth = 0;      ///< D, dependent cores
};

/// What of a dependent core is hardware is latency, the rest software.
Breakdown evaluate(const Rates &rates, const Terms &terms) {
  Breakdown cycles;
  double busy = terms.contention * rates.period;
  double path =
      terms.energy * rates.period + terms.distance * rates.collectiveHop;
  double stream = std::max(busy, path);
  cycles.fabricBandwidth =
      std::min(stream, std::max(busy, terms.energy * rates.period));
  double hardware = std::min(rates.stage, 2 * rates.ramp + 1);
  cycles.fabricLatency =
      stream - cycles.fabricBandwidth + hardware * terms.depth;
  cycles.software =
      rates.collectiveSetup + (rates.stage - hardware) * terms.depth;
  return cycles;
}

} // namespace

Breakdown inlay::cost::stream(const Rates &rates, double hops,
                              double wavelets) {
  Breakdown cycles;
  double hardware = std::min(rates.start, 2 * rates.ramp);
  cycles.fabricBandwidth = wavelets * rates.period;
  cycles.fabricLatency = hops * rates.hop + hardware;
  cycles.software = rates.start - hardware;
  return cycles;
}

Breakdown inlay::cost::broadcast(const Rates &rates, int64_t cores,
                                 double wavelets) {
  if (cores <= 1)
    return {};
  return stream(rates, double(cores), wavelets);
}

Breakdown inlay::cost::lineMulticast(const Rates &rates, int64_t receivers,
                                     double wavelets) {
  if (receivers < 1)
    return {};
  return stream(rates, double(receivers - 1), wavelets);
}

Breakdown inlay::cost::broadcast2D(const Rates &rates,
                                   const model::Extent &extent,
                                   double wavelets) {
  if (extent.area() <= 1)
    return {};
  Breakdown cycles =
      stream(rates, double(extent.width + extent.height - 2), wavelets);
  cycles.fabricLatency += 1;
  return cycles;
}

/// Of a line of at least two cores.
static Terms termsOf(ReduceAlgorithm algorithm, int64_t cores,
                     double wavelets) {
  double p = double(cores);
  switch (algorithm) {
  case ReduceAlgorithm::Star:
    return {wavelets * (p - 1), 0, 0, 1};
  case ReduceAlgorithm::Chain:
    return {0, wavelets, p - 1, p - 1};
  case ReduceAlgorithm::Tree: {
    double levels = std::log2(p);
    return {wavelets * levels, wavelets * p / (2 * (p - 1)) * levels, p - 1,
            levels};
  }
  case ReduceAlgorithm::TwoPhase: {
    double root = std::sqrt(p);
    return {2 * wavelets, 2 * wavelets * root / (root + 1), p - 1,
            2 * root - 2};
  }
  }
  return {};
}

Breakdown inlay::cost::reduce(const Rates &rates, ReduceAlgorithm algorithm,
                              int64_t cores, double wavelets) {
  if (cores <= 1)
    return {};
  return evaluate(rates, termsOf(algorithm, cores, wavelets));
}

template <typename Cycles> static ReduceAlgorithm fewest(Cycles cycles) {
  ReduceAlgorithm best = ReduceAlgorithm::Star;
  double least = cycles(best);
  for (ReduceAlgorithm algorithm :
       {ReduceAlgorithm::Chain, ReduceAlgorithm::Tree,
        ReduceAlgorithm::TwoPhase})
    if (double other = cycles(algorithm); other < least) {
      least = other;
      best = algorithm;
    }
  return best;
}

ReduceAlgorithm inlay::cost::bestReduce(const Rates &rates, int64_t cores,
                                        double wavelets) {
  return fewest([&](ReduceAlgorithm algorithm) {
    return reduce(rates, algorithm, cores, wavelets).total();
  });
}

static Terms termsOf(const Rates &rates, ReduceAlgorithm algorithm,
                     const SpacedLine &line, double wavelets) {
  Terms terms = termsOf(algorithm, line.cores, wavelets);
  if (line.pitch == 1)
    return terms;
  terms.distance = double((line.cores - 1) * line.pitch);
  if (algorithm != ReduceAlgorithm::Star)
    return terms;
  // All vectors from the nearest on, or the last one from the farthest.
  Terms near = {terms.contention, terms.contention, double(line.pitch), 1};
  terms.energy = wavelets;
  return evaluate(rates, near).total() > evaluate(rates, terms).total() ? near
                                                                        : terms;
}

Breakdown inlay::cost::reduce(const Rates &rates, ReduceAlgorithm algorithm,
                              const SpacedLine &line, double wavelets) {
  if (line.cores <= 1)
    return {};
  Terms terms = termsOf(rates, algorithm, line, wavelets);
  Terms next = {std::max(terms.contention, wavelets), 0, 0, 1};
  Breakdown more = evaluate(rates, next) * double(line.vectors - 1);
  return evaluate(rates, terms) + more;
}

ReduceAlgorithm inlay::cost::bestReduce(const Rates &rates,
                                        const SpacedLine &line,
                                        double wavelets) {
  return fewest([&](ReduceAlgorithm algorithm) {
    return reduce(rates, algorithm, line, wavelets).total();
  });
}

int64_t inlay::cost::twoTreeStages(int64_t cores, int64_t group) {
  auto arm = [](int64_t n) { return std::max(n / 2, n - 1 - n / 2); };
  int64_t groups = std::max<int64_t>(1, cores / std::max<int64_t>(1, group));
  return arm(group) + arm(groups);
}

/// Two arms in each of `phases`, then the way back.
static Terms arms(double phases, int64_t cores, double stages,
                  double wavelets) {
  return {0, (2 * phases + 1) * wavelets, double(cores), stages + 1};
}

int64_t inlay::cost::phaseGroup(int64_t cores, int phases) {
  auto side = double((cores + 1) / 2);
  double group = phases == 2   ? std::sqrt(side)
                 : phases == 3 ? std::cbrt(side)
                               : 1;
  return std::max<int64_t>(1, std::llround(group));
}

int64_t inlay::cost::phaseStages(int64_t cores, int phases) {
  int64_t group = phaseGroup(cores, phases), heads = 1;
  for (int phase = 1; phase < phases; ++phase)
    heads *= group;
  int64_t last = ((cores + 1) / 2 + heads - 1) / heads;
  return (phases - 1) * (group - 1) + last;
}

static Terms phaseTerms(int phases, int64_t cores, double wavelets) {
  return {0, (phases + 1) * wavelets, double(2 * (cores / 2)),
          double(phaseStages(cores, phases) + 1)};
}

/// 0 for an algorithm of another kind.
static int phasesOf(AllReduceAlgorithm algorithm) {
  int phases = static_cast<int>(algorithm) -
               static_cast<int>(AllReduceAlgorithm::OnePhase) + 1;
  return std::max(0, phases);
}

/// Of algorithms other than a reduction and a broadcast, on a line of at least
/// two cores.
static Terms termsOf(AllReduceAlgorithm algorithm, int64_t cores,
                     double wavelets, int64_t group) {
  double p = double(cores);
  switch (algorithm) {
  case AllReduceAlgorithm::ReduceBroadcast:
    break;
  case AllReduceAlgorithm::TwoTree:
    return arms(2, cores,
                group > 0 ? double(twoTreeStages(cores, group)) : std::sqrt(p),
                wavelets);
  case AllReduceAlgorithm::MiddleChain:
    return arms(1, cores, p / 2, wavelets);
  case AllReduceAlgorithm::Ring:
    return {0, 2 * (p - 1) * wavelets / p, std::max(1.0, 4 * p - 6),
            2 * (p - 1)};
  case AllReduceAlgorithm::OnePhase:
  case AllReduceAlgorithm::TwoPhases:
  case AllReduceAlgorithm::ThreePhases:
    return phaseTerms(phasesOf(algorithm), cores, wavelets);
  }
  return {};
}

Breakdown inlay::cost::twoTree(const Rates &rates, int64_t cores, int64_t group,
                               double wavelets) {
  return allReduce(rates, AllReduceAlgorithm::TwoTree, cores, wavelets, group);
}

Breakdown inlay::cost::twoTree(const Rates &rates, int64_t cores,
                               double wavelets) {
  return allReduce(rates, AllReduceAlgorithm::TwoTree, cores, wavelets);
}

Breakdown inlay::cost::middleChain(const Rates &rates, int64_t cores,
                                   double wavelets) {
  return allReduce(rates, AllReduceAlgorithm::MiddleChain, cores, wavelets);
}

Breakdown inlay::cost::phasesToMiddle(const Rates &rates, int phases,
                                      int64_t cores, double wavelets) {
  return cores <= 1 ? Breakdown()
                    : evaluate(rates, phaseTerms(phases, cores, wavelets));
}

double inlay::cost::mergesOf(const Rates &rates, AllReduceAlgorithm algorithm,
                             int64_t cores, double wavelets) {
  if (int phases = phasesOf(algorithm))
    return phases + 1;
  if (algorithm == AllReduceAlgorithm::TwoTree)
    return 4;
  if (algorithm == AllReduceAlgorithm::MiddleChain)
    return 2;
  if (algorithm == AllReduceAlgorithm::Ring)
    return double(cores - 1);
  switch (bestReduce(rates, cores, wavelets)) {
  case ReduceAlgorithm::Star:
    return double(cores - 1);
  case ReduceAlgorithm::Chain:
    return 1;
  case ReduceAlgorithm::Tree:
    return std::ceil(std::log2(double(cores)));
  case ReduceAlgorithm::TwoPhase:
    return 2;
  }
  return 1;
}

Breakdown inlay::cost::ring(const Rates &rates, int64_t cores,
                            double wavelets) {
  return allReduce(rates, AllReduceAlgorithm::Ring, cores, wavelets);
}

Breakdown inlay::cost::allReduce(const Rates &rates,
                                 AllReduceAlgorithm algorithm, int64_t cores,
                                 double wavelets, int64_t group) {
  if (cores <= 1)
    return {};
  if (algorithm == AllReduceAlgorithm::ReduceBroadcast)
    return reduce(rates, bestReduce(rates, cores, wavelets), cores, wavelets) +
           broadcast(rates, cores, wavelets);
  return evaluate(rates, termsOf(algorithm, cores, wavelets, group));
}

/// A + max(C r, E/N r + L h) + D s, parts of no cycles left out.
static std::string formulaOf(const Rates &rates, const Terms &terms) {
  std::string path =
      fmt::format("{:g} wavelets x {:g} + {:g} hops x {:g}", terms.energy,
                  rates.period, terms.distance, rates.collectiveHop);
  if (terms.contention > 0 && terms.energy + terms.distance > 0)
    path = fmt::format("max({:g} wavelets x {:g}, {})", terms.contention,
                       rates.period, path);
  else if (terms.contention > 0)
    path = fmt::format("{:g} wavelets x {:g}", terms.contention, rates.period);
  std::string setUp = rates.collectiveSetup > 0
                          ? fmt::format("{:g} + ", rates.collectiveSetup)
                          : "";
  return fmt::format("{}{} + {:g} stages x {:g}", setUp, path, terms.depth,
                     rates.stage);
}

std::string inlay::cost::explainReduce(const Rates &rates,
                                       ReduceAlgorithm algorithm, int64_t cores,
                                       double wavelets) {
  if (cores <= 1)
    return "0";
  return fmt::format("{} over {} cores: {}", toString(algorithm), cores,
                     formulaOf(rates, termsOf(algorithm, cores, wavelets)));
}

std::string inlay::cost::explainReduce(const Rates &rates,
                                       ReduceAlgorithm algorithm,
                                       const SpacedLine &line,
                                       double wavelets) {
  if (line.cores <= 1)
    return "0";
  Terms terms = termsOf(rates, algorithm, line, wavelets);
  std::string text = fmt::format("{} over {} cores: {}", toString(algorithm),
                                 line.cores, formulaOf(rates, terms));
  if (line.vectors > 1)
    text += fmt::format(
        " + {} x ({})", line.vectors - 1,
        formulaOf(rates, {std::max(terms.contention, wavelets), 0, 0, 1}));
  return text;
}

std::string inlay::cost::explainAllReduce(const Rates &rates,
                                          AllReduceAlgorithm algorithm,
                                          int64_t cores, double wavelets,
                                          int64_t group) {
  if (cores <= 1)
    return "0";
  if (algorithm == AllReduceAlgorithm::ReduceBroadcast)
    return explainReduce(rates, bestReduce(rates, cores, wavelets), cores,
                         wavelets) +
           fmt::format("; broadcast: {:g} + {:g} wavelets x {:g} + {} hops x "
                       "{:g}",
                       rates.start, wavelets, rates.period, cores, rates.hop);
  return fmt::format(
      "{} over {} cores: {}", toString(algorithm), cores,
      formulaOf(rates, termsOf(algorithm, cores, wavelets, group)));
}

AllReduceAlgorithm inlay::cost::bestAllReduce(const Rates &rates, int64_t cores,
                                              double wavelets, bool inPieces) {
  AllReduceAlgorithm best = AllReduceAlgorithm::ReduceBroadcast;
  double least = allReduce(rates, best, cores, wavelets).total();
  for (AllReduceAlgorithm algorithm :
       {AllReduceAlgorithm::TwoTree, AllReduceAlgorithm::MiddleChain,
        AllReduceAlgorithm::Ring, AllReduceAlgorithm::OnePhase,
        AllReduceAlgorithm::TwoPhases, AllReduceAlgorithm::ThreePhases}) {
    if (algorithm == AllReduceAlgorithm::Ring && !inPieces)
      continue;
    double cycles = allReduce(rates, algorithm, cores, wavelets).total();
    if (cycles < least) {
      least = cycles;
      best = algorithm;
    }
  }
  return best;
}

Breakdown inlay::cost::allReduce(const Rates &rates, int64_t cores,
                                 double wavelets) {
  if (cores <= 1)
    return {};
  return allReduce(rates, bestAllReduce(rates, cores, wavelets), cores,
                   wavelets);
}

Breakdown inlay::cost::allReduce2D(const Rates &rates,
                                   const model::Extent &extent,
                                   double wavelets) {
  return allReduce(rates, extent.width, wavelets) +
         allReduce(rates, extent.height, wavelets);
}

Breakdown inlay::cost::reduce2D(const Rates &rates, const model::Extent &extent,
                                double wavelets) {
  auto best = [&](int64_t cores) {
    return reduce(rates, bestReduce(rates, cores, wavelets), cores, wavelets);
  };
  Breakdown axes = best(extent.width) + best(extent.height);
  Breakdown snake =
      reduce(rates, ReduceAlgorithm::Chain, extent.area(), wavelets);
  return snake.total() < axes.total() ? snake : axes;
}

Breakdown inlay::cost::cyclicShift(const Rates &rates, double wavelets) {
  return stream(rates, 2, wavelets);
}

double inlay::cost::allReduceBound(const Rates &rates, int64_t cores,
                                   double wavelets) {
  if (cores <= 1)
    return 0;
  const target::Target &target = rates.target;
  double hops = rates.lineHops(double(cores), double(cores));
  double p = double(cores);
  double received = 2 * wavelets * (p - 1) / p;
  return std::max(received / target.linkRate.value / rates.networks,
                  hops * target.hop.value);
}
