//===- KernelWork.cpp - What a kernel's ops come to on a core -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Beside the programs of its ops: relating the parts of a softmax to each
// other, following where choices of experts go, and reading what a core has no
// room for.
//
//===----------------------------------------------------------------------===//

#include "CoreWork.h"
#include "Costs.h"
#include "Cuts.h"
#include "Routing.h"
#include "Sums.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include <set>

using namespace inlay::checker;

SumAlgorithms inlay::checker::algorithmsOf(const Plan &plan) {
  std::map<std::string, const Pattern *> patterns;
  for (const Pattern &pattern : plan.fabric.patterns)
    patterns.emplace(pattern.name, &pattern);
  SumAlgorithms algorithms;
  for (const Route &route : plan.fabric.routes) {
    auto found = patterns.find(route.pattern);
    if (route.kind != "all_reduce" || found == patterns.end())
      continue;
    const Pattern &pattern = *found->second;
    int64_t steps = 2 * (pattern.cores - 1);
    for (const RouteUse &use : route.uses) {
      int64_t wavelets = pattern.algorithm == "ring" && steps > 0
                             ? -(use.wavelets / steps)
                             : use.wavelets;
      algorithms[{use.kernel, use.op, route.lineAxis, pattern.cores,
                  wavelets}] = pattern.algorithm;
    }
  }
  return algorithms;
}

std::string inlay::checker::algorithmOf(const SumAlgorithms &algorithms,
                                        const FabricRates &rates,
                                        const Kernel &kernel,
                                        const SumNeed &need,
                                        const SumTurns &lines) {
  for (int64_t wavelets :
       {-divideUp(lines.wavelets, lines.cores), lines.wavelets}) {
    auto found = algorithms.find(
        {kernel.name, need.op, need.axis, lines.cores, wavelets});
    if (found != algorithms.end())
      return found->second;
  }
  return rates.fastest(lines.cores, double(lines.wavelets), need.maxima == 0);
}

/// Vectors that some core adds one after the other.
static double mergesOf(llvm::StringRef algorithm, int64_t cores) {
  auto others = double(cores - 1);
  return llvm::StringSwitch<double>(algorithm)
      .Cases({"star_broadcast", "ring"}, others)
      .Case("chain_broadcast", 1)
      .Case("tree_broadcast", std::ceil(std::log2(double(cores))))
      .Cases({"two_phase_broadcast", "middle_chain", "middle_one_phase"}, 2)
      .Case("middle_two_phases", 3)
      .Cases({"two_tree", "middle_three_phases"}, 4)
      .Default(0);
}

/// A core relates what it adds to the larger of two largest: three operations
/// and two exponentials for each row, a product and a multiply-accumulate for
/// each element, which hide behind the link as far as that is slower.
static CoreCycles rescaling(const CoreRates &rates, const FabricRates &fabric,
                            const SumNeed &need, double merges) {
  constexpr double kBits = 32;
  Program factors;
  factors.runs.push_back({false, 3 * merges, need.maxima, 6 * merges});
  factors.exponentials = 2 * need.maxima * merges;
  CoreCycles cycles = rates.cyclesOf(factors, "f32", kBits);
  double each =
      rates.elementPeriod("f32") + rates.macPeriod("f32") - fabric.period;
  cycles.compute +=
      std::max(0.0, each) * merges * (need.elements - need.maxima);
  return cycles;
}

/// Experts that the same groups list are a pool: two operations each, and four
/// for each of its groups.
static double following(const Kernel &kernel) {
  std::map<int64_t, std::vector<size_t>> groupsOf;
  for (size_t g = 0; g < kernel.groups.size(); ++g)
    for (int64_t expert : kernel.groups[g].experts)
      groupsOf[expert].push_back(g);
  std::set<std::vector<size_t>> pools;
  double operations = 0;
  for (const auto &[expert, groups] : groupsOf)
    if (groups.size() > 1 && pools.insert(groups).second)
      operations += 2 + 4 * double(groups.size());
  return operations;
}

namespace {

/// Bytes of a kernel that its firings need from the memory beside the SRAM, if
/// the machine has one.
class Overflow {
public:
  Overflow(const Plan &plan, const Kernel &kernel)
      : plan(plan), kernel(kernel) {}

  /// By how much a core exceeds what it has, if scratch takes `scratch`.
  double bytes(int64_t scratch) const;
  std::pair<int64_t, int64_t> scratch() const;

private:
  double used() const;

  const Plan &plan;
  const Kernel &kernel;
};

} // namespace

/// What lives at once, and what does if nothing shares bytes.
std::pair<int64_t, int64_t> Overflow::scratch() const {
  std::map<int64_t, int64_t> change;
  int64_t all = 0, live = 0, most = 0;
  for (const CoreClass &cores : kernel.classes)
    for (const Buffer &buffer : cores.memory)
      if (buffer.role == "scratch") {
        change[buffer.firstOp] = plus(change[buffer.firstOp], buffer.bytes);
        change[plus(buffer.lastOp, 1)] =
            plus(change[plus(buffer.lastOp, 1)], -buffer.bytes);
        all = plus(all, buffer.bytes);
      }
  for (auto [op, bytes] : change)
    most = std::max(most, live = plus(live, bytes));
  return {most, all};
}

/// Of a table the rows that are looked up, of experts those that are chosen, of
/// a state what ops work on.
double Overflow::used() const {
  std::map<std::string, double> ofWeight, ofState;
  for (const Op &op : kernel.ops) {
    double tokens = 1;
    for (const Cut &dim : op.dims)
      if (dim.dim == "token")
        tokens *= double(dim.size);
    double share = 1 - std::pow(1 - std::min(1.0, op.density), tokens);
    for (const Operand &operand : op.operands) {
      double whole = double(operand.bits) / 8;
      for (auto [d, divisor] :
           llvm::zip(operand.indexDims, operand.indexDivisors))
        if (d >= 0 && d < static_cast<int64_t>(op.dims.size()))
          whole *= double(divideUp(op.dims[d].size, divisor));
      auto take = [&](std::map<std::string, double> &of, double value) {
        double &most = of[operand.buffer];
        most = std::max(most, value);
      };
      if (operand.role == "weights")
        take(ofWeight, share);
      else if (operand.role == "state")
        take(ofState, whole);
    }
  }
  double bytes = 0;
  for (const Weight &weight : kernel.weights)
    bytes += ofWeight[weight.name] * double(weight.bytes) *
             double(copySets(kernel, weight));
  for (const Tensor &state : kernel.states)
    bytes += std::min(ofState[state.name], double(state.bytes));
  return bytes;
}

double Overflow::bytes(int64_t scratch) const {
  int64_t resident = 0;
  for (const CoreClass &cores : kernel.classes)
    for (const Buffer &buffer : cores.memory)
      if (buffer.role != "scratch")
        resident = plus(resident, buffer.bytes);
  double budget = double(plan.system.sramBytes - plan.system.reservedBytes);
  double excess = (double(resident) + double(scratch) - budget) *
                  double(kernel.rect.area());
  return excess > 0 ? std::min(excess, used()) : 0;
}

KernelWork inlay::checker::workOf(const Plan &plan, const CoreRates &rates,
                                  const FabricRates &fabric,
                                  const SumAlgorithms &algorithms,
                                  const Kernel &kernel) {
  CoreCycles all;
  for (const Op &op : kernel.ops)
    all += OpWork(rates, kernel, op).cycles();
  std::string lastAxis;
  for (const SumNeed &need : sumsNeeded(plan, kernel)) {
    SumTurns lines = turnsOf(plan, kernel, need);
    if (lines.cores < 2)
      continue;
    if (!lastAxis.empty() && lastAxis != need.axis)
      all.software += rates.reroute;
    lastAxis = need.axis;
    if (need.maxima == 0)
      continue;
    std::string name = algorithmOf(algorithms, fabric, kernel, need, lines);
    all += rescaling(rates, fabric, need,
                     mergesOf(name, lines.cores) * double(lines.turns));
  }
  if (kernel.experts > 0 && !kernel.inputs.empty() &&
      !takesHandedOver(plan, kernel))
    all.compute += following(kernel);
  KernelWork work{all, all};
  double bandwidth = figureOf(plan, "dram_bandwidth");
  if (bandwidth > 0) {
    Overflow overflow(plan, kernel);
    auto [least, most] = overflow.scratch();
    double period = plan.system.clockGhz / bandwidth;
    work.least.sram += overflow.bytes(least) * period;
    work.most.sram += overflow.bytes(most) * period;
  }
  return work;
}

LeastWork inlay::checker::leastWorkOf(const CoreRates &rates,
                                      const Kernel &kernel) {
  LeastWork work;
  std::map<std::string, double> used;
  for (const Op &op : kernel.ops) {
    work.compute += OpWork(rates, kernel, op).leastCycles();
    if (op.kind == "move" || op.kind == "opaque")
      continue;
    for (const Operand &operand : op.operands)
      if (operand.role == "weights" && !operand.indexDims.empty()) {
        double &share = used[operand.buffer];
        share = std::max(share, op.density);
      }
  }
  for (const Weight &weight : kernel.weights)
    work.sram += used[weight.name] * double(weight.bytes) * rates.readPeriod;
  return work;
}
