//===- KernelCost.cpp - Cycles of kernels ---------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Collectives.h"
#include "inlay/Cost/Cost.h"
#include "inlay/Cost/TilePrograms.h"

#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;
using target::Target;

namespace {

constexpr int kPartialSumBits = 32;

bool isExpertDim(const IterationDim &dim) { return dim.name == "expert"; }
bool isTokenDim(const IterationDim &dim) { return dim.name == "token"; }

const char *nameOf(Axis axis) { return axis == Axis::X ? "x" : "y"; }

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
        load(activations.load), activeGroups(activations.groups), terms(terms) {
  }

  KernelCost run() {
    for (size_t o = 0; o < kernel.ops.size(); ++o)
      addOp(kernel.ops[o], sharding.ops[o]);
    if (kernel.role == KernelRole::Experts)
      combine();
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

  /// Points that the busiest core runs, for `activations` of its group where
  /// the op runs per expert.
  double pointsOf(const OpSpec &op, const OpSharding &opSharding,
                  double activations) const {
    if (!isPerExpert(op))
      return std::max(1.0, shardPoints(op, opSharding, sharding) * op.density);
    double points = activations;
    for (size_t d = 0; d < op.dims.size(); ++d)
      if (!isTokenDim(op.dims[d]) && !isExpertDim(op.dims[d]))
        points *= lengthOf(op, opSharding, d);
    return points;
  }

  bool isPerExpert(const OpSpec &op) const {
    return kernel.role == KernelRole::Experts &&
           std::any_of(op.dims.begin(), op.dims.end(), isExpertDim);
  }

  double lengthOf(const OpSpec &op, const OpSharding &opSharding,
                  size_t d) const {
    return double(
        shardLength(op.dims[d], partsOf(sharding, opSharding.axisOfDim[d])));
  }

  /// Bytes that an op reads on the busiest core. A contraction streams its
  /// weights or state once for each token; lookups read what they execute.
  double bytesOf(const OpSpec &op, const OpSharding &opSharding,
                 double points) const {
    double bytes = 0;
    for (const OperandSpec &operand : op.operands) {
      if (op.opClass == OpClass::Lookup) {
        if (operand.role == TensorRole::Weights)
          bytes = std::max(bytes, points * operand.type.bits / 8);
        continue;
      }
      double elements =
          double(shardElements(op, operand, opSharding, sharding));
      // Of the experts in a group only the active ones are read.
      bytes += std::min(elements, points) * operand.type.bits / 8;
    }
    return bytes;
  }

  /// The two longest dims of the core's points: the inner loop is one vector
  /// instruction along the longest, the next loop runs over the second, and
  /// operands are described anew for each point of all others.
  std::pair<double, double> loopsOf(const OpSpec &op,
                                    const OpSharding &opSharding) const {
    double longest = 1, second = 1;
    for (size_t d = 0; d < op.dims.size(); ++d) {
      if (isPerExpert(op) &&
          (isTokenDim(op.dims[d]) || isExpertDim(op.dims[d])))
        continue;
      double length = lengthOf(op, opSharding, d);
      if (length > longest)
        std::swap(longest, length);
      second = std::max(second, length);
    }
    return {longest, second};
  }

  TypeRates ratesOf(const OpSpec &op) const {
    double bits = op.computeType.bits > 0 ? op.computeType.bits : 16;
    return rates.of(op.computeType.name, bits);
  }

  struct Local {
    Breakdown cycles;
    std::string formula;
  };

  std::string describe(const VectorRun &run, const TypeRates &type,
                       double period) const {
    if (!rates.isCalibrated())
      return fmt::format("max({:g} operations x {:g}, {:g} B x {:g})",
                         run.instructions * run.length, period, run.readBytes,
                         rates.readPeriod);
    return fmt::format(
        "{:g} instructions x ({:g} + {:g} words x {:g}) + {:g} operands x {:g}",
        run.instructions, rates.vectorIssue,
        std::ceil(run.length * type.bits / 64), rates.vectorWord, run.operands,
        rates.operandSetup);
  }

  Local localWork(const OpSpec &op, const OpSharding &opSharding,
                  double activations) const {
    double points = pointsOf(op, opSharding, activations);
    TypeRates type = ratesOf(op);
    auto [longest, second] = loopsOf(op, opSharding);
    Local local;
    VectorRun run;
    run.readBytes = bytesOf(op, opSharding, points);
    switch (op.opClass) {
    case OpClass::Contraction:
      run.op = VectorOp::MultiplyAccumulate;
      run.length = std::min(longest, points);
      run.instructions = points * op.opsPerPoint / 2 / run.length;
      run.operands = 3 * std::max(1.0, points / (longest * second));
      break;
    case OpClass::Lookup:
    case OpClass::Opaque: {
      // Nothing but bytes.
      local.cycles.sram = run.readBytes * rates.readPeriod;
      if (terms)
        local.formula =
            fmt::format("{:g} B x {:g}", run.readBytes, rates.readPeriod);
      return local;
    }
    case OpClass::Elementwise:
    case OpClass::Reduction:
    case OpClass::Softmax:
    case OpClass::TopK:
    case OpClass::Move:
      run.length = points;
      run.instructions = op.opsPerPoint;
      run.operands = 3 * std::max(1.0, op.opsPerPoint);
      break;
    }
    local.cycles = vectors(rates, type, run);
    double rows = points / std::max(1.0, reductionLength(op, opSharding));
    double exponentialCount = op.opClass == OpClass::Softmax ? points : 0;
    double divideCount = op.opClass == OpClass::Softmax     ? rows
                         : op.opClass == OpClass::Reduction ? 3 * rows
                                                            : 0;
    if (rates.isCalibrated()) {
      local.cycles += exponentials(rates, type, exponentialCount);
      local.cycles += divides(rates, type, divideCount);
    }
    double converted = dequantised(op, opSharding, points);
    local.cycles += dequantise(rates, type, converted, longest);
    if (!terms)
      return local;
    local.formula = describe(
        run, type,
        run.op == VectorOp::Elementwise ? type.elementPeriod : type.macPeriod);
    if (rates.isCalibrated() && exponentialCount > 0)
      local.formula += fmt::format(" + {:g} exponentials x {:g}",
                                   exponentialCount, rates.exponential);
    if (rates.isCalibrated() && divideCount > 0)
      local.formula +=
          fmt::format(" + {:g} divides x {:g}", divideCount, rates.divide);
    if (converted > 0)
      local.formula +=
          fmt::format(" + {:g} weights dequantised, {:g} operations each",
                      converted, rates.dequantise);
    return local;
  }

  double reductionLength(const OpSpec &op, const OpSharding &opSharding) const {
    double length = 1;
    for (size_t d = 0; d < op.dims.size(); ++d)
      if (op.dims[d].kind == DimKind::Reduction)
        length *= lengthOf(op, opSharding, d);
    return length;
  }

  /// Weights of fewer bits than the type that a contraction computes in.
  double dequantised(const OpSpec &op, const OpSharding &opSharding,
                     double points) const {
    if (op.opClass != OpClass::Contraction)
      return 0;
    double elements = 0;
    for (const OperandSpec &operand : op.operands)
      if (isDequantised(op, operand))
        elements += std::min(
            points, double(shardElements(op, operand, opSharding, sharding)));
    return elements;
  }

  /// Elements that a cut reduction exchanges: the op's result for contractions,
  /// one value per row for norms and softmax.
  double reducedElements(const OpSpec &op, const OpSharding &opSharding) const {
    bool isExperts = kernel.role == KernelRole::Experts;
    double elements = 1;
    for (size_t d = 0; d < op.dims.size(); ++d) {
      if (op.dims[d].kind == DimKind::Reduction ||
          (isExperts && (isExpertDim(op.dims[d]) || isTokenDim(op.dims[d]))))
        continue;
      elements *= lengthOf(op, opSharding, d);
    }
    return isExperts ? elements * load : elements;
  }

  void addCollectives(const OpSpec &op, const OpSharding &opSharding) {
    // Softmax needs the maximum before it can add.
    int rounds = op.opClass == OpClass::Softmax ? 2 : 1;
    double payload = std::ceil(reducedElements(op, opSharding) *
                               kPartialSumBits / 8 / rates.waveletBytes);
    for (Axis axis : {Axis::X, Axis::Y}) {
      bool isCut = false;
      for (size_t d = 0; d < op.dims.size(); ++d)
        isCut |= op.dims[d].kind == DimKind::Reduction &&
                 opSharding.axisOfDim[d] == axis;
      int64_t cores = partsOf(sharding, axis);
      if (!isCut || cores <= 1)
        continue;
      Breakdown sum = allReduce(rates, cores, payload) * rounds;
      if (lastAxis != Axis::None && lastAxis != axis)
        sum.software += rates.reroute;
      bool isTurn = lastAxis != Axis::None && lastAxis != axis;
      lastAxis = axis;
      add(terms ? fmt::format("{}: all-reduce over {}", op.name, nameOf(axis))
                : std::string(),
          sum, [&] {
            return fmt::format(
                "{}{} over {} cores, {:g} wavelets, {:g} a hop, {:g} a stage, "
                "{:g} to set up{}",
                rounds > 1 ? "2 x " : "",
                toString(bestAllReduce(rates, cores, payload)), cores, payload,
                rates.collectiveHop, rates.stage, rates.collectiveSetup,
                isTurn ? fmt::format(", {:g} to change the axis", rates.reroute)
                       : "");
          });
    }
  }

  void addOp(const OpSpec &op, const OpSharding &opSharding) {
    Local local = localWork(op, opSharding, load);
    add(op.name, local.cycles, [&] { return local.formula; });
    addCollectives(op, opSharding);
    if (op.opClass == OpClass::Opaque)
      result.unknownBytes +=
          bytesOf(op, opSharding, shardPoints(op, opSharding, sharding));
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

  const KernelSpec &kernel;
  const Sharding &sharding;
  const Rates &rates;
  double load;
  int64_t activeGroups;
  std::vector<Term> *terms;
  KernelCost result;
  Axis lastAxis = Axis::None;
};

} // namespace

bool inlay::cost::isDequantised(const OpSpec &op, const OperandSpec &operand) {
  // Scales and zero points are indexed by blocks.
  bool isBlocked =
      std::any_of(operand.indexing.begin(), operand.indexing.end(),
                  [](const IndexExpr &index) { return index.divisor > 1; });
  return operand.role == TensorRole::Weights && !isBlocked &&
         operand.type.bits <= 8 && operand.type.bits < op.computeType.bits;
}

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
