//===- Bound.cpp - What physics allows ------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Cost.h"
#include "inlay/Cost/LightCone.h"
#include "inlay/Support/Format.h"

#include <algorithm>
#include <cmath>
#include <string>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;
using target::Target;

double Bound::cycles() const {
  return std::max({compute, sram, link, bisection, distance, crossing});
}

const char *Bound::binding() const {
  double most = cycles();
  for (auto [name, value] :
       {std::pair("compute", compute), std::pair("sram", sram),
        std::pair("link", link), std::pair("bisection", bisection),
        std::pair("distance", distance)})
    if (value == most)
      return name;
  return "crossing";
}

/// Bytes of weights and state that one firing must read. Of E experts a firing
/// uses at least k, of a table at least one row.
static double touchedBytes(const KernelSpec &kernel) {
  double total = 0;
  auto add = [&](TensorRole role, size_t count, auto bytesOf) {
    for (size_t i = 0; i < count; ++i) {
      double fraction = 0;
      for (const OpSpec &op : kernel.ops)
        for (const OperandSpec &operand : op.operands)
          if (operand.role == role && operand.tensor == static_cast<int>(i) &&
              op.opClass != OpClass::Move && op.opClass != OpClass::Opaque &&
              !operand.indexing.empty())
            fraction = std::max(fraction, op.density);
      total += fraction * double(bytesOf(i));
    }
  };
  add(TensorRole::Weights, kernel.weights.size(),
      [&](size_t i) { return kernel.weights[i].storedBytes(); });
  return total;
}

/// Operations of all conversions of weights that a firing needs.
static double dequantisations(const OpSpec &op) {
  if (op.opClass != OpClass::Contraction)
    return 0;
  double elements = 0;
  for (const OperandSpec &operand : op.operands) {
    if (!isDequantised(op, operand))
      continue;
    double size = 1;
    for (const IndexExpr &index : operand.indexing)
      if (index.dim >= 0)
        size *= double(op.dims[size_t(index.dim)].size);
    elements += size * op.density;
  }
  return elements;
}

double inlay::cost::coreCycles(const OpSpec &op, const Target &target) {
  const std::string &type = op.computeType.name;
  double cycles = dequantisations(op) * target.dequantise.valueOr(0) /
                  target.elementsPerCycle(type);
  if (op.opClass == OpClass::Contraction)
    cycles += op.numOps() / 2 / target.macsPerCycle(type);
  else if (op.opClass != OpClass::Lookup && op.opClass != OpClass::Opaque)
    cycles += op.numOps() / target.elementsPerCycle(type);
  return cycles;
}

Bound inlay::cost::kernelBound(const KernelSpec &kernel, const Target &target,
                               int64_t cores) {
  Bound bound;
  double count = double(std::max<int64_t>(1, cores));
  for (const OpSpec &op : kernel.ops)
    bound.compute += coreCycles(op, target) / count;
  double bytes = touchedBytes(kernel);
  bound.sram = bytes / count / target.sramRead.value;
  double area = bytes / double(std::max<int64_t>(1, target.budget()));
  if (area > 1)
    bound.distance =
        std::ceil((std::sqrt(2 * area - 1) - 1) / 2) * target.hop.value;
  std::vector<WorkSegment> segments = workSegments(kernel, target);
  double cones = 0;
  for (size_t i = 1; i < segments.size(); ++i)
    cones += lightCone(target, segments[i].work, i + 1 == segments.size());
  bound.distance = std::max(bound.distance, cones);
  return bound;
}

double inlay::cost::regionBound(const Target &target, Extent region) {
  return double(region.width + region.height) / 2 * target.hop.value;
}

namespace {

/// True when the first and the last part of the axis both hold a part of the
/// sum.
bool reachesBothEnds(const OpSpec &op, const OpSharding &opSharding,
                     const Sharding &sharding, Axis axis) {
  int64_t parts = partsOf(sharding, axis);
  const IterationDim *only = nullptr;
  for (size_t d = 0; d < op.dims.size(); ++d) {
    if (opSharding.axisOfDim[d] != axis)
      continue;
    // Where several dims share an axis the ends may hold different results.
    if (only || op.dims[d].kind != DimKind::Reduction)
      return false;
    only = &op.dims[d];
  }
  return only && parts > 1 && shardRange(*only, parts, parts - 1).length() > 0;
}

} // namespace

Bound inlay::cost::shardingBound(const KernelSpec &kernel,
                                 const Sharding &sharding,
                                 const Target &target) {
  Bound bound = kernelBound(kernel, target, sharding.region.area());
  // Groups of experts are regions of their own.
  if (kernel.role == KernelRole::Experts)
    return bound;
  double linkBytes =
      target.linkRate.value * target.wavelet.value * target.networks.valueOr(1);
  Rates rates(target, Mode::Ideal);
  for (size_t o = 0; o < kernel.ops.size(); ++o) {
    const OpSpec &op = kernel.ops[o];
    if (op.opClass != OpClass::Contraction)
      continue;
    for (Axis axis : {Axis::X, Axis::Y}) {
      if (!reachesBothEnds(op, sharding.ops[o], sharding, axis))
        continue;
      int64_t parts = partsOf(sharding, axis);
      double lines =
          double(partsOf(sharding, axis == Axis::X ? Axis::Y : Axis::X));
      double bytes = op.density * op.computeType.bits / 8;
      int64_t holders = 1;
      for (size_t d = 0; d < op.dims.size(); ++d) {
        if (op.dims[d].kind == DimKind::Parallel)
          bytes *= double(op.dims[d].size);
        else if (sharding.ops[o].axisOfDim[d] == axis)
          holders = ceilDiv(op.dims[d].size, shardLength(op.dims[d], parts));
      }
      bound.link =
          std::max(bound.link, bytes * double(holders - 1) /
                                   double(sharding.region.area()) / linkBytes);
      // A torus crosses its middle twice.
      double crossings = lines * (target.isTorus() ? 2 : 1);
      bound.bisection =
          std::max(bound.bisection, bytes / crossings / linkBytes);
      double length = axis == Axis::X ? double(target.grid.width)
                                      : double(target.grid.height);
      bound.distance =
          std::max(bound.distance,
                   std::floor(rates.lineHops(double(parts), length) / 2) *
                       target.hop.value);
    }
  }
  return bound;
}

Breakdown inlay::cost::gapByCause(const Breakdown &estimate,
                                  const Bound &bound) {
  Breakdown gap = estimate;
  double rest = bound.cycles();
  auto explain = [&](double &cause) {
    double taken = std::min(cause, rest);
    cause -= taken;
    rest -= taken;
  };
  // The cause that binds first, then the others in order.
  std::string binding = bound.binding();
  if (binding == "sram")
    explain(gap.sram);
  if (binding == "link" || binding == "bisection")
    explain(gap.fabricBandwidth);
  if (binding == "distance")
    explain(gap.fabricLatency);
  for (double *cause :
       {&gap.compute, &gap.sram, &gap.fabricBandwidth, &gap.fabricLatency,
        &gap.software, &gap.crossing, &gap.contention})
    explain(*cause);
  return gap;
}
