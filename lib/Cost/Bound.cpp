//===- Bound.cpp - What physics allows ------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Cost.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;
using target::Target;

double Bound::cycles() const { return std::max({compute, sram, distance}); }

const char *Bound::binding() const {
  if (compute >= sram && compute >= distance)
    return "compute";
  return sram >= distance ? "sram" : "distance";
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

Bound inlay::cost::kernelBound(const KernelSpec &kernel, const Target &target,
                               int64_t cores) {
  Bound bound;
  for (const OpSpec &op : kernel.ops) {
    const std::string &type = op.computeType.name;
    double share = op.numOps() / double(std::max<int64_t>(1, cores));
    if (op.opClass == OpClass::Contraction)
      bound.compute += share / 2 / target.macsPerCycle(type);
    else if (op.opClass != OpClass::Lookup && op.opClass != OpClass::Opaque)
      bound.compute += share / target.elementsPerCycle(type);
  }
  double bytes = touchedBytes(kernel);
  bound.sram =
      bytes / double(std::max<int64_t>(1, cores)) / target.sramRead.value;
  double area = bytes / double(std::max<int64_t>(1, target.budget()));
  if (area > 1)
    bound.distance =
        std::ceil((std::sqrt(2 * area - 1) - 1) / 2) * target.hop.value;
  return bound;
}

double inlay::cost::regionBound(const Target &target, Extent region) {
  return double(region.width + region.height) / 2 * target.hop.value;
}
