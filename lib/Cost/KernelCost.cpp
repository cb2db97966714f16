//===- KernelCost.cpp - Cycles of kernels ---------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Collectives.h"
#include "inlay/Cost/Cost.h"

#include "inlay/Support/Format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;
using target::Target;

double inlay::cost::expectedMaxLoad(int64_t activations, int64_t groups) {
  if (groups <= 1 || activations <= 1)
    return double(activations);
  // P(X <= m) of a binomial, summed term by term from m = 0 on.
  double n = double(activations);
  double p = 1 / double(groups);
  double term = std::pow(1 - p, n);
  double cumulative = 0;
  double expected = 0;
  for (int64_t m = 0; m < activations; ++m) {
    cumulative = std::min(1.0, cumulative + term);
    expected += 1 - std::pow(cumulative, double(groups));
    term *= (n - double(m)) / (double(m) + 1) * (p / (1 - p));
    if (cumulative >= 1)
      break;
  }
  return std::clamp(expected, std::max(1.0, n * p), n);
}

namespace {

bool isExpertDim(const IterationDim &dim) { return dim.name == "expert"; }

/// Estimates one kernel, op by op.
class Estimator {
public:
  Estimator(const KernelSpec &kernel, const Sharding &sharding,
            const Target &target)
      : kernel(kernel), sharding(sharding), target(target) {}

  KernelCost run() {
    if (kernel.role == KernelRole::Experts)
      measureRouting();
    spreadInput();
    for (size_t o = 0; o < kernel.ops.size(); ++o)
      addOp(kernel.ops[o], sharding.ops[o]);
    if (kernel.role == KernelRole::Experts)
      combine();
    result.worstCase = result.cycles.total() + worstCaseExtra;
    return result;
  }

private:
  /// Activations of the busiest group, expected and at worst.
  void measureRouting() {
    double tokens = 1;
    for (const OpSpec &op : kernel.ops)
      for (const IterationDim &dim : op.dims)
        if (dim.name == "token")
          tokens = double(dim.size);
    int64_t activations =
        std::max<int64_t>(1, int64_t(tokens) * kernel.expertsPerToken);
    int64_t groups = sharding.numGroups();
    load = expectedMaxLoad(activations, groups);
    double perGroup = double(ceilDiv(kernel.numExperts, groups));
    worstLoad = std::min(double(activations), perGroup * tokens);
    load = std::min(load, worstLoad);
    activeGroups = std::min(activations, groups);
  }

  double wavelets(double elements, int bits) const {
    return std::ceil(elements * bits / 8 / target.wavelet.value);
  }

  /// The inputs' shards along one side, and half the perimeter in hops.
  void spreadInput() {
    int64_t bits = 0;
    for (size_t o = 0; o < kernel.ops.size(); ++o)
      for (const OperandSpec &operand : kernel.ops[o].operands)
        if (operand.role == TensorRole::Input)
          bits = std::max(bits, shardElements(kernel.ops[o], operand,
                                              sharding.ops[o], sharding) *
                                    operand.type.bits);
    double payload = std::ceil(double(bits) / 8 / target.wavelet.value) /
                     target.linkRate.value;
    result.cycles.fabricBandwidth += payload;
    result.cycles.fabricLatency += regionBound(target, sharding.region);
  }

  /// Points that the busiest core runs, for `activations` of its group where
  /// the op runs per expert.
  double pointsOf(const OpSpec &op, const OpSharding &opSharding,
                  double activations) const {
    bool perExpert = kernel.role == KernelRole::Experts &&
                     std::any_of(op.dims.begin(), op.dims.end(), isExpertDim);
    if (!perExpert)
      return std::max(1.0, shardPoints(op, opSharding, sharding) * op.density);
    double points = activations;
    for (size_t d = 0; d < op.dims.size(); ++d)
      if (op.dims[d].name != "token" && !isExpertDim(op.dims[d]))
        points *= double(shardLength(
            op.dims[d], partsOf(sharding, opSharding.axisOfDim[d])));
    return points;
  }

  /// The core that holds the row of a token reads its part of that row; at
  /// worst all tokens of a step hit one core.
  double lookedUp(const OpSpec &op, const OpSharding &opSharding) const {
    double points = 1;
    for (size_t d = 0; d < op.dims.size(); ++d)
      if (op.dims[d].name != "vocab")
        points *= double(shardLength(
            op.dims[d], partsOf(sharding, opSharding.axisOfDim[d])));
    return points;
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

  Breakdown localWork(const OpSpec &op, const OpSharding &opSharding,
                      double activations) const {
    double points = pointsOf(op, opSharding, activations);
    const std::string &type = op.computeType.name;
    double compute = 0;
    if (op.opClass == OpClass::Contraction)
      compute = points * op.opsPerPoint / 2 / target.macsPerCycle(type);
    else if (op.opClass != OpClass::Lookup && op.opClass != OpClass::Opaque)
      compute = points * op.opsPerPoint / target.elementsPerCycle(type);
    double memory = bytesOf(op, opSharding, points) / target.sramRead.value;
    Breakdown cycles;
    cycles.compute = compute;
    cycles.sram = std::max(0.0, memory - compute);
    return cycles;
  }

  /// Elements that a cut reduction exchanges: the op's result for contractions,
  /// one value per row for norms and softmax.
  double reducedElements(const OpSpec &op, const OpSharding &opSharding) const {
    bool perExpert = kernel.role == KernelRole::Experts;
    double elements = 1;
    for (size_t d = 0; d < op.dims.size(); ++d) {
      if (op.dims[d].kind == DimKind::Reduction ||
          (perExpert &&
           (isExpertDim(op.dims[d]) || op.dims[d].name == "token")))
        continue;
      elements *= double(
          shardLength(op.dims[d], partsOf(sharding, opSharding.axisOfDim[d])));
    }
    return perExpert ? elements * load : elements;
  }

  void addCollectives(const OpSpec &op, const OpSharding &opSharding) {
    constexpr int kPartialSumBits = 32;
    // Softmax needs the maximum before it can add.
    int rounds = op.opClass == OpClass::Softmax ? 2 : 1;
    double payload = wavelets(reducedElements(op, opSharding), kPartialSumBits);
    for (Axis axis : {Axis::X, Axis::Y}) {
      bool cut = false;
      for (size_t d = 0; d < op.dims.size(); ++d)
        cut |= op.dims[d].kind == DimKind::Reduction &&
               opSharding.axisOfDim[d] == axis;
      if (!cut)
        continue;
      for (int i = 0; i < rounds; ++i)
        result.cycles += allReduce(target, partsOf(sharding, axis), payload);
    }
  }

  void addOp(const OpSpec &op, const OpSharding &opSharding) {
    Breakdown local = localWork(op, opSharding, load);
    result.cycles += local;
    if (kernel.role == KernelRole::Experts)
      worstCaseExtra += std::max(
          0.0, localWork(op, opSharding, worstLoad).total() - local.total());
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
                  target.wavelet.value);
    result.cycles += reduce(target, bestReduce(target, activeGroups, payload),
                            activeGroups, payload);
    result.cycles.fabricLatency += regionBound(target, sharding.region);
  }

  const KernelSpec &kernel;
  const Sharding &sharding;
  const Target &target;
  KernelCost result;
  double load = 1;
  double worstLoad = 1;
  double worstCaseExtra = 0;
  int64_t activeGroups = 1;
};

} // namespace

KernelCost inlay::cost::estimateKernel(const KernelSpec &kernel,
                                       const Sharding &sharding,
                                       const Target &target) {
  return Estimator(kernel, sharding, target).run();
}

Breakdown inlay::cost::streamCost(const Target &target, double bytes,
                                  int64_t hops, int64_t lanes) {
  double wavelets = std::ceil(bytes / target.wavelet.value);
  Breakdown cycles;
  cycles.fabricBandwidth =
      std::ceil(wavelets / double(std::max<int64_t>(1, lanes))) /
      target.linkRate.value;
  cycles.fabricLatency =
      double(hops) * target.hop.value + 2 * target.ramp.value;
  return cycles;
}

Breakdown inlay::cost::crossingCost(const Target &target, double bytes) {
  // 1 us = 1e3 cycles at 1 GHz; 1 GB/s = 1 byte per cycle at 1 GHz.
  Breakdown cycles;
  cycles.crossing = target.waferLatency.value * 1e3 * target.clock.value +
                    bytes / target.waferBandwidth.value * target.clock.value;
  return cycles;
}
