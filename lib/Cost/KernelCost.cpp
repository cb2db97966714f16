//===- KernelCost.cpp - Cycles of kernels ---------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelCollectives.h"
#include "LocalWork.h"

#include "inlay/Cost/Collectives.h"
#include "inlay/Cost/Cost.h"
#include "inlay/Cost/Relayout.h"
#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;
using target::Target;

namespace {

bool isTokenDim(const IterationDim &dim) { return dim.name == "token"; }

/// What a step brings to the groups of a layer of experts.
struct Activations {
  double load = 1;    ///< of the busiest group
  int64_t groups = 1; ///< that take part
};

ExpertLoad expertLoad(const KernelSpec &kernel, const Sharding &sharding) {
  ExpertLoad load;
  for (const OpSpec &op : kernel.ops)
    for (const IterationDim &dim : op.dims)
      if (isTokenDim(dim))
        load.tokens = dim.size;
  load.experts = std::max<int64_t>(1, kernel.numExperts);
  load.perToken = std::max<int64_t>(1, kernel.expertsPerToken);
  load.groups = sharding.numGroups();
  return load;
}

/// Expected ones under `routing`, of a kernel of experts.
Activations expectedActivations(const ExpertLoad &load,
                                const Routing &routing) {
  return {std::min(expectedLargestLoad(routing, load), worstLoad(load)),
          std::min(load.tokens * load.perToken, load.groups)};
}

/// Estimates one kernel, op by op.
class Estimator {
public:
  Estimator(const KernelSpec &kernel, const Sharding &sharding,
            const Rates &rates, const Activations &activations,
            std::vector<Term> *terms)
      : kernel(kernel), sharding(sharding), rates(rates),
        load(activations.load), activeGroups(activations.groups), terms(terms),
        work(kernel, sharding, rates, terms != nullptr),
        values(kernel, sharding) {}

  KernelCost run() {
    if (kernel.role == KernelRole::Experts)
      dispatch();
    for (size_t o = 0; o < kernel.ops.size(); ++o)
      addOp(kernel.ops[o], sharding.ops[o]);
    finishSum();
    if (kernel.role == KernelRole::Experts)
      combine();
    handOver();
    result.worstCase = result.cycles.total();
    return result;
  }

private:
  /// Adds a summand; `formula` is called where somebody wants to read it.
  template <typename Formula>
  void add(const std::string &name, const Breakdown &cycles, Formula formula) {
    result.cycles += cycles;
    if (terms)
      terms->push_back({name, formula(), cycles});
  }

  double halfPerimeter() const {
    return double(sharding.region.width + sharding.region.height) / 2;
  }

  /// Tokens go to the groups of their experts, wherever these lie.
  void dispatch() {
    if (sharding.numGroups() <= 1 || kernel.inputs.empty())
      return;
    Term way = entryCost(kernel, 0, sharding, rates);
    add("dispatch to the groups", way.cycles, [&] { return way.formula; });
  }

  /// Results of the groups that took part are added on their way to the exit.
  void combine() {
    if (activeGroups <= 1 || kernel.outputs.empty())
      return;
    double bytes = double(kernel.outputs.front().bytes());
    double payload =
        std::ceil(bytes / double(std::max<int64_t>(1, sharding.group.width)) /
                  rates.waveletBytes);
    ReduceAlgorithm algorithm = bestReduce(rates, activeGroups, payload);
    Breakdown cycles = reduce(rates, algorithm, activeGroups, payload);
    cycles.fabricLatency += halfPerimeter() * rates.hop;
    add("combine the groups", cycles, [&] {
      return fmt::format("{} over {} groups, {:g} wavelets, + {:g} hops x {:g}",
                         toString(algorithm), activeGroups, payload,
                         halfPerimeter(), rates.hop);
    });
  }

  /// Results end in order along Y, where the next kernel wants them.
  void handOver() {
    if (sharding.numGroups() > 1 || kernel.role == KernelRole::Head)
      return;
    for (size_t o = 0; o < kernel.outputs.size(); ++o)
      if (const Value *value =
              values.find(TensorRole::Output, static_cast<int>(o)))
        move(fmt::format("hand over output {}", o), *value,
             handedOver(value->layout.features, value->layout.tokens,
                        sharding.group));
  }

  void move(const std::string &name, const Value &value, const Layout &wanted) {
    Breakdown cycles =
        relayout(rates, value.layout, wanted, value.bits, sharding.group);
    if (cycles.total() > 0)
      add(name, cycles, [&] {
        return describeRelayout(rates, value.layout, wanted, value.bits,
                                sharding.group);
      });
  }

  void addOp(const OpSpec &op, const OpSharding &opSharding) {
    std::vector<LineSum> sums = sumsOf(kernel, op, opSharding, sharding, load);
    read(op, opSharding, sums);
    Local local = work.of(op, opSharding, load);
    add(op.name, local.cycles, [&] { return local.formula; });
    for (const LineSum &sum : sums)
      addSum(op, sum);
    values.define(op, opSharding);
    if (op.opClass == OpClass::Opaque)
      result.unknownBytes +=
          work.bytesOf(op, opSharding, shardPoints(op, opSharding, sharding));
  }

  /// What the op reads must be there, and where it is wanted.
  void read(const OpSpec &op, const OpSharding &opSharding,
            const std::vector<LineSum> &sums) {
    for (const OperandSpec &operand : readsOf(op)) {
      if (pending && pending->holdsUp(op, sums, operand))
        finishSum();
      const Value *value = values.find(operand.role, operand.tensor);
      if (value && !operand.indexing.empty())
        move(op.name + ": input", *value,
             layoutOf(op, operand, opSharding, sharding));
    }
  }

  /// A sum waits for others that go the same way: those of products that read
  /// the same input, and the product of a value whose scale is this sum.
  void addSum(const OpSpec &op, const LineSum &sum) {
    if (op.opClass == OpClass::Softmax) {
      // The largest is needed before anything can be added.
      finishSum();
      allReduceOver(op.name + ": largest", sum.axis, sum.cores, sum.elements);
    }
    if (pending && !sum.isAlong(pending->sum))
      finishSum();
    if (!pending)
      pending.emplace();
    pending->add(op, sum);
  }

  void finishSum() {
    if (!pending)
      return;
    PendingSum sum = std::move(*pending);
    pending.reset();
    allReduceOver(sum.name, sum.sum.axis, sum.sum.cores, sum.sum.elements);
  }

  void allReduceOver(const std::string &name, Axis axis, int64_t cores,
                     double elements) {
    double payload =
        std::ceil(elements * kPartialSumBits / 8 / rates.waveletBytes);
    Breakdown cycles = allReduce(rates, cores, payload);
    bool turns = lastAxis != Axis::None && lastAxis != axis;
    if (turns)
      cycles.software += rates.reroute;
    lastAxis = axis;
    add(terms ? fmt::format("{}: all-reduce over {}", name, nameOf(axis))
              : std::string(),
        cycles, [&] {
          return fmt::format(
              "{} over {} cores, {:g} wavelets, {:g} a hop, {:g} a stage, "
              "{:g} to set up{}",
              toString(bestAllReduce(rates, cores, payload)), cores, payload,
              rates.collectiveHop, rates.stage, rates.collectiveSetup,
              turns ? fmt::format(", {:g} to change the axis", rates.reroute)
                    : "");
        });
  }

  const KernelSpec &kernel;
  const Sharding &sharding;
  const Rates &rates;
  double load;
  int64_t activeGroups;
  std::vector<Term> *terms;
  LocalWork work;
  Values values;
  std::optional<PendingSum> pending;
  KernelCost result;
  Axis lastAxis = Axis::None;
};

} // namespace

/// Wavelets of the largest shard that an op reads of an input.
static double shardWavelets(const KernelSpec &kernel, size_t input,
                            const Sharding &sharding, const Rates &rates) {
  int64_t bits = 0;
  for (size_t o = 0; o < kernel.ops.size(); ++o)
    for (const OperandSpec &operand : kernel.ops[o].operands)
      if (operand.role == TensorRole::Input &&
          operand.tensor == static_cast<int>(input))
        bits = std::max(bits, shardElements(kernel.ops[o], operand,
                                            sharding.ops[o], sharding) *
                                  operand.type.bits);
  return std::ceil(double(bits) / 8 / rates.waveletBytes);
}

Term inlay::cost::entryCost(const KernelSpec &kernel, size_t input,
                            const Sharding &sharding, const Rates &rates) {
  double payload = shardWavelets(kernel, input, sharding, rates);
  double hops = double(sharding.region.width + sharding.region.height) / 2;
  Term term;
  term.name = fmt::format("spread input {}", input);
  term.cycles.fabricBandwidth = payload * rates.period;
  term.cycles.fabricLatency = hops * rates.hop;
  term.cycles.software = std::max(0.0, rates.start - 2 * rates.ramp);
  term.formula =
      fmt::format("{:g} wavelets x {:g} + {:g} hops x {:g} + {:g} "
                  "to start",
                  payload, rates.period, hops, rates.hop, term.cycles.software);
  return term;
}

Breakdown inlay::cost::longestEntry(const KernelSpec &kernel,
                                    const Sharding &sharding,
                                    const Rates &rates) {
  Breakdown longest;
  for (size_t i = 0; i < kernel.inputs.size(); ++i) {
    Breakdown entry = entryCost(kernel, i, sharding, rates).cycles;
    if (entry.total() > longest.total())
      longest = entry;
  }
  return longest;
}

KernelCost inlay::cost::estimateKernel(const KernelSpec &kernel,
                                       const Sharding &sharding,
                                       const Rates &rates,
                                       const Routing &routing) {
  if (kernel.role != KernelRole::Experts)
    return Estimator(kernel, sharding, rates, {}, nullptr).run();
  ExpertLoad load = expertLoad(kernel, sharding);
  Activations expected = expectedActivations(load, routing);
  KernelCost cost = Estimator(kernel, sharding, rates, expected, nullptr).run();
  Activations worst = {worstLoad(load), expected.groups};
  if (worst.load > expected.load)
    cost.worstCase = std::max(
        cost.worstCase,
        Estimator(kernel, sharding, rates, worst, nullptr).run().worstCase);
  return cost;
}

std::vector<Term> inlay::cost::explainKernel(const KernelSpec &kernel,
                                             const Sharding &sharding,
                                             const Rates &rates,
                                             const Routing &routing) {
  std::vector<Term> terms;
  Activations activations;
  if (kernel.role == KernelRole::Experts)
    activations = expectedActivations(expertLoad(kernel, sharding), routing);
  Estimator(kernel, sharding, rates, activations, &terms).run();
  return terms;
}

Breakdown inlay::cost::streamCost(const Rates &rates, double bytes,
                                  int64_t hops, int64_t lanes) {
  double wavelets = std::ceil(bytes / rates.waveletBytes);
  return stream(rates, double(hops),
                std::ceil(wavelets / double(std::max<int64_t>(1, lanes))));
}

Breakdown inlay::cost::crossingCost(const Target &target, double bytes) {
  // 1 us = 1e3 cycles at 1 GHz; 1 GB/s = 1 byte per cycle at 1 GHz.
  Breakdown cycles;
  cycles.crossing = target.waferLatency.value * 1e3 * target.clock.value +
                    bytes / target.waferBandwidth.value * target.clock.value;
  return cycles;
}

double inlay::cost::dramCycles(const Target &target, double bytes) {
  if (!target.dramBandwidth.isGiven())
    return 0;
  return bytes / target.dramBandwidth.value * target.clock.value;
}
