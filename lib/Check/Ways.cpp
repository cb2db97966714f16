//===- Ways.cpp - What the sums and moves of a kernel take ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In `ideal` mode the elements of a sum leave as they are made, and cores work
// on what has arrived of its result while the rest is on its way: docs/plan.md,
// Work, has the rule. Around a ring no core has a vector in order.
//
//===----------------------------------------------------------------------===//

#include "CoreWork.h"
#include "Costs.h"
#include "Routing.h"
#include "Sums.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

namespace {

/// Goes through the ops of a kernel in order, with its sums and moves between
/// them.
class KernelWays {
public:
  KernelWays(const Plan &plan, const CoreRates &cores, const FabricRates &rates,
             const SumAlgorithms &algorithms, const Kernel &kernel)
      : plan(plan), cores(cores), rates(rates), algorithms(algorithms),
        kernel(kernel), sums(sumsNeeded(plan, kernel)),
        moves(movesOf(plan, kernel)), visible(kernel.ops.size()),
        leavesSums(kernel.ops.size()),
        taken(std::min(rates.period, cores.elementPeriod("f32"))) {
    for (const SumNeed &need : sums)
      for (size_t maker : need.makers)
        leavesSums[maker] = true;
  }

  FabricCycles run();

private:
  /// Cycles between wavelets that are still to come, and the part of an op's
  /// work that does not need the last element.
  struct Arrival {
    double share = 0, rest = 0;
  };

  void travelUntil(Moment end);
  void add(const SumNeed &need);
  void work(size_t number);
  double savedWhileMade(const SumNeed &need, double wavelets);

  const Plan &plan;
  const CoreRates &cores;
  const FabricRates &rates;
  const SumAlgorithms &algorithms;
  const Kernel &kernel;
  std::vector<SumNeed> sums;
  std::vector<MoveLoad> moves;
  size_t sum = 0, move = 0;    ///< the next ones
  std::vector<double> visible; ///< work of an op that no arrival hides
  std::vector<bool> leavesSums;
  double taken; ///< of a wavelet's period, from the datapath that works
  Arrival arrival;
  FabricCycles all;
};

} // namespace

/// With its own work and the wavelets on the ramp the last element has left
/// after the longest of: elements up to some one made, those from it on sent.
double KernelWays::savedWhileMade(const SumNeed &need, double wavelets) {
  double elements = 0, work = 0;
  for (auto [maker, part] : llvm::zip(need.makers, need.parts)) {
    elements += part;
    work += visible[maker];
  }
  if (elements <= 1 || work <= 0)
    return 0;
  double sent = wavelets * rates.period / elements;
  double shared = wavelets * cores.elementPeriod("f32") / elements;
  double clock = 0, before = 0, longest = 0;
  for (auto [maker, part] : llvm::zip(need.makers, need.parts)) {
    if (part <= 0) {
      clock += visible[maker];
      continue;
    }
    double each = visible[maker] / part + shared;
    double untilFirst = clock + each, untilLast = clock + part * each;
    longest = std::max({longest, untilFirst + (elements - before) * sent,
                        untilLast + (elements - before - part + 1) * sent});
    before += part;
    clock = untilLast;
  }
  longest = std::max(longest, clock);
  return std::max(0.0, work + wavelets * rates.period - longest);
}

void KernelWays::add(const SumNeed &need) {
  SumTurns lines = turnsOf(plan, kernel, need);
  if (lines.cores < 2)
    return;
  std::string algorithm = algorithmOf(algorithms, rates, kernel, need, lines);
  auto wavelets = double(lines.wavelets);
  all += rates.allReduce(algorithm, lines.cores, wavelets)
             .times(double(lines.turns));
  arrival = {};
  if (!cores.isCalibrated && algorithm != "ring") {
    all.bandwidth -= savedWhileMade(need, wavelets);
    double elements = need.elements / double(lines.share);
    if (elements > 1) {
      arrival.share = (elements - 1) / elements;
      arrival.rest = arrival.share * wavelets * (rates.period - taken);
    }
  }
  for (size_t maker : need.makers)
    visible[maker] = 0; // a second sum of an op waits for the first
}

void KernelWays::travelUntil(Moment end) {
  while (true) {
    bool hasSum = sum < sums.size() && sums[sum].when <= end;
    bool hasMove = move < moves.size() && moves[move].when <= end;
    if (!hasSum && !hasMove)
      return;
    if (hasSum && (!hasMove || sums[sum].when <= moves[move].when)) {
      add(sums[sum++]);
      continue;
    }
    const MoveLoad &load = moves[move++];
    if (load.cores > 0)
      all += rates.stream(double(load.cores), double(load.wavelets));
    arrival = {}; // what is taken elsewhere must be there
  }
}

/// A softmax and a choice need all of what arrives; a norm whose sum does not
/// travel has its scale after all elements; bytes are not elements.
void KernelWays::work(size_t number) {
  const Op &op = kernel.ops[number];
  double cycles = OpWork(cores, kernel, op).cycles().total();
  bool needsAll = op.kind == "softmax" || op.kind == "top_k" ||
                  op.kind == "lookup" || op.kind == "opaque";
  double hidden = needsAll ? 0 : std::min(arrival.share * cycles, arrival.rest);
  arrival.rest -= hidden;
  if (needsAll || (op.kind == "reduction" && !leavesSums[number]))
    arrival = {};
  all.bandwidth -= hidden;
  visible[number] = cycles - hidden;
}

FabricCycles KernelWays::run() {
  for (size_t number = 0; number < kernel.ops.size(); ++number) {
    auto op = static_cast<int64_t>(number);
    travelUntil(Moment::works(op));
    work(number);
    travelUntil(Moment::leaves(op));
  }
  travelUntil(Moment::works(static_cast<int64_t>(kernel.ops.size())));
  return all;
}

/// Groups that are not joined: across, down, row after row of one home, and
/// along the rows of the first; from there results leave.
static FabricCycles combination(const Plan &plan, const FabricRates &rates,
                                const Kernel &kernel) {
  const Stream *output = nullptr;
  for (const Stream &stream : plan.streams)
    if (stream.from == kernel.name && stream.fromPort == 0)
      output = &stream;
  if (!output || !joinedAxis(kernel).empty())
    return {};
  Rect unit = unitOf(kernel), all = workingOf(kernel);
  int64_t w = std::max<int64_t>(1, unit.width),
          h = std::max<int64_t>(1, unit.height);
  int64_t across = all.width / w, down = all.height / h;
  if (givenBy(kernel, *output).axis == Share::Axis::X) {
    std::swap(across, down);
    std::swap(w, h);
  }
  auto wavelets = double(divideUp(waveletsOf(plan, output->bytes), h));
  int64_t homes = std::min({int64_t(16), w, h});
  FabricCycles cycles = rates.bestReduce({across, w, 1}, wavelets);
  cycles += rates.bestReduce({down, h, divideUp(h, homes)}, wavelets);
  if (w > 1)
    cycles += rates.stream(double(w), wavelets);
  cycles.latency +=
      double(kernel.rect.width + kernel.rect.height) / 2 * rates.hop;
  return cycles;
}

FabricCycles inlay::checker::waysOf(const Plan &plan, const CoreRates &cores,
                                    const FabricRates &rates,
                                    const SumAlgorithms &algorithms,
                                    const Kernel &kernel) {
  FabricCycles ways = KernelWays(plan, cores, rates, algorithms, kernel).run();
  if (kernel.experts > 0 && kernel.groups.size() > 1) {
    if (!kernel.inputs.empty() && !takesHandedOver(plan, kernel))
      ways += entryOf(plan, rates, kernel, 0);
    ways += combination(plan, rates, kernel);
  }
  return ways;
}
