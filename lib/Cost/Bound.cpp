//===- Bound.cpp - What physics allows ------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpPrograms.h"

#include "inlay/Cost/Cost.h"
#include "inlay/Cost/LightCone.h"
#include "inlay/Model/Cuts.h"
#include "inlay/Model/Layout.h"
#include "inlay/Support/Format.h"

#include "llvm/ADT/STLExtras.h"

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

/// Weights that a firing converts.
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

double inlay::cost::arithmeticCycles(const OpSpec &op, const Target &target) {
  const std::string &type = op.computeType.name;
  if (op.opClass == OpClass::Contraction)
    return op.numOps() / 2 / target.macsPerCycle(type);
  if (op.opClass == OpClass::Lookup || op.opClass == OpClass::Opaque)
    return 0;
  return op.numOps() / target.elementsPerCycle(type);
}

double inlay::cost::coreCycles(const OpSpec &op, const Target &target) {
  // Where blocks share scales, sums may be scaled instead.
  double operations = target.dequantise.valueOr(0);
  if (llvm::any_of(op.operands, [&](const OperandSpec &operand) {
        return scalesBlocksOfSum(op, operand);
      }))
    operations = std::max(0.0, operations - kScaling);
  return arithmeticCycles(op, target) +
         dequantisations(op) * operations /
             target.elementsPerCycle(op.computeType.name);
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
  bound.distance = std::max(bound.distance,
                            pathDistance(target, {pathWork(kernel, target)}));
  return bound;
}

double inlay::cost::regionBound(const Target &target, Extent region) {
  return double(region.width + region.height) / 2 * target.hop.value;
}

/// True for ops whose result depends on all values along their reduction dims.
static bool isSum(const OpSpec &op) {
  return op.opClass == OpClass::Contraction ||
         op.opClass == OpClass::Reduction || op.opClass == OpClass::Softmax ||
         op.opClass == OpClass::TopK;
}

/// Cores along an axis that hold a part of every sum of the op; 1 where the
/// axis cuts no sum, or where other dims share it so that its cores may hold
/// parts of different sums.
static int64_t holdersOf(const OpSpec &op, const std::vector<Cut> &cuts,
                         Axis axis) {
  int64_t holders = 1;
  for (size_t d = 0; d < op.dims.size(); ++d) {
    if (cuts[d].axis != axis || op.dims[d].size <= 1)
      continue;
    if (op.dims[d].kind != DimKind::Reduction)
      return 1;
    holders = ceilDiv(cuts[d].points, std::max<int64_t>(1, cuts[d].shard));
  }
  return holders;
}

/// Bytes of all results of the op, one number each.
static double sumBytes(const OpSpec &op) {
  double bytes = op.density * op.computeType.bits / 8;
  for (const IterationDim &dim : op.dims)
    if (dim.kind == DimKind::Parallel)
      bytes *= double(dim.size);
  return bytes;
}

/// True where every core of the axis goes on with the whole result of the op.
static bool isWantedByAll(const KernelSpec &kernel, const Sharding &sharding,
                          size_t o, Axis axis) {
  if (kernel.ops[o].operands.empty())
    return false;
  const OpSpec &op = kernel.ops[o];
  const OperandSpec &made = op.operands.back();
  // A scale is wanted wherever there is something to be scaled.
  for (const IndexExpr &index : made.indexing)
    if (index.dim >= 0 && op.dims[size_t(index.dim)].kind == DimKind::Reduction)
      return true;
  if (made.role == TensorRole::Output)
    return axis == Axis::X && kernel.role != KernelRole::Head;
  if (made.role != TensorRole::Local || made.tensor < 0)
    return false;
  for (size_t reader = o + 1; reader < kernel.ops.size(); ++reader)
    for (const OperandSpec &operand : kernel.ops[reader].operands)
      if (operand.role == made.role && operand.tensor == made.tensor &&
          !operand.indexing.empty() &&
          &operand != &kernel.ops[reader].operands.back())
        return !layoutOf(kernel.ops[reader], operand, sharding.ops[reader],
                         sharding)
                    .on(axis)
                    .isCut();
  return false;
}

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
    if (!isSum(op))
      continue;
    std::vector<Cut> cuts = opCuts(op, sharding.ops[o], sharding);
    for (Axis axis : {Axis::X, Axis::Y}) {
      int64_t holders = holdersOf(op, cuts, axis);
      if (holders <= 1)
        continue;
      double bytes = sumBytes(op);
      double ways = isWantedByAll(kernel, sharding, o, axis) ? 2 : 1;
      bound.link =
          std::max(bound.link, ways * bytes * double(holders - 1) /
                                   double(sharding.region.area()) / linkBytes);
      // A torus crosses its middle twice.
      double crossings =
          double(partsOf(sharding, axis == Axis::X ? Axis::Y : Axis::X)) *
          (target.isTorus() ? 2 : 1);
      bound.bisection =
          std::max(bound.bisection, bytes / crossings / linkBytes);
      double ring = axis == Axis::X ? double(target.grid.width)
                                    : double(target.grid.height);
      double hops =
          std::min(double(holders - 1),
                   rates.lineHops(double(partsOf(sharding, axis)), ring));
      bound.distance = std::max(bound.distance, hops * target.hop.value);
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
