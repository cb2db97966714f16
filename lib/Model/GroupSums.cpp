//===- GroupSums.cpp - How groups of experts are added up -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/GroupSums.h"

#include "inlay/Model/Layout.h"
#include "inlay/Support/Format.h"

using namespace inlay;
using namespace inlay::model;

/// The axis along which the last op sums, nothing else being cut there, where
/// that is all there is of the kernel's output; None where it is not.
static Axis summedAxis(const KernelSpec &kernel, const Sharding &sharding) {
  if (kernel.outputs.size() != 1 || kernel.ops.empty())
    return Axis::None;
  const OpSpec &op = kernel.ops.back();
  if (op.opClass != OpClass::Contraction || op.operands.empty() ||
      op.operands.back().role != TensorRole::Output)
    return Axis::None;
  Axis summed = Axis::None;
  for (size_t d = 0; d < op.dims.size(); ++d) {
    Axis axis = sharding.ops.back().axisOfDim[d];
    if (op.dims[d].kind != DimKind::Reduction || axis == Axis::Group ||
        axis == Axis::None)
      continue;
    if (summed != Axis::None || sharesAxis(sharding.ops.back(), d))
      return Axis::None;
    summed = axis;
  }
  return summed;
}

GroupSums inlay::model::groupSums(const KernelSpec &kernel,
                                  const Sharding &sharding) {
  GroupSums sums;
  if (sharding.numGroups() <= 1)
    return sums;
  Axis summed = summedAxis(kernel, sharding);
  bool isRow = summed == Axis::X && sharding.groups.height == 1;
  bool isColumn = summed == Axis::Y && sharding.groups.width == 1;
  if (partsOf(sharding, summed) > 1 && (isRow || isColumn)) {
    sums.joined = summed;
    sums.line = isRow ? sharding.region.width : sharding.region.height;
    return sums;
  }
  const Extent &group = sharding.group;
  for (size_t o = 0; o < kernel.ops.size(); ++o)
    for (const OperandSpec &operand : kernel.ops[o].operands) {
      if (operand.role != TensorRole::Output || operand.tensor != 0)
        continue;
      Layout layout =
          layoutOf(kernel.ops[o], operand, sharding.ops[o], sharding);
      bool isCutX = layout.x.isCut() && group.width > 1;
      bool isCutY = layout.y.isCut() && group.height > 1;
      sums.held = isCutX && !isCutY ? Axis::X : Axis::Y;
    }
  sums.across = sharding.groups.width;
  sums.down = sharding.groups.height;
  sums.width = group.width;
  sums.height = group.height;
  if (sums.held == Axis::X) {
    std::swap(sums.across, sums.down);
    std::swap(sums.width, sums.height);
  }
  sums.turns = ceilDiv(sums.height, homesOf(sums.width, sums.height));
  return sums;
}

bool inlay::model::givesHandedOver(const KernelSpec &kernel,
                                   const Sharding &sharding) {
  return sharding.numGroups() <= 1 || groupSums(kernel, sharding).isJoined();
}

bool inlay::model::takesHandedOver(const KernelSpec &kernel,
                                   const Sharding &sharding) {
  if (sharding.numGroups() <= 1)
    return true;
  if (sharding.groups.height > 1)
    return false;
  auto isThere = [&](const OpSpec &op, const OperandSpec &operand,
                     const OpSharding &opSharding) {
    const std::vector<int64_t> &shape = kernel.inputs[operand.tensor].shape;
    if (shape.empty() || operand.indexing.empty())
      return true;
    Layout wanted = layoutOf(op, operand, opSharding, sharding);
    int64_t tokens = 1;
    for (size_t d = 0; d + 1 < shape.size(); ++d)
      tokens *= shape[d];
    Layout given = handedOver(shape.back(), tokens, sharding.group);
    return movesBetween(given, wanted, sharding.group).empty();
  };
  for (size_t o = 0; o < kernel.ops.size(); ++o)
    for (const OperandSpec &operand : kernel.ops[o].operands)
      if (operand.role == TensorRole::Input && operand.tensor >= 0 &&
          !isThere(kernel.ops[o], operand, sharding.ops[o]))
        return false;
  return true;
}
