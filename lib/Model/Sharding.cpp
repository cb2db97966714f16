//===- Sharding.cpp - How a kernel is cut over a region -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Sharding.h"

#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::model;

/// Partial sums of a cut reduction travel as 32-bit values.
static constexpr int kPartialSumBits = 32;
/// Streams are double-buffered: one tensor computes while the next arrives.
static constexpr int64_t kStreamBuffers = 2;

int64_t inlay::model::shardLength(const IterationDim &dim, int64_t parts) {
  int64_t units = ceilDiv(dim.size, dim.unit);
  return std::min(dim.size, ceilDiv(units, parts) * dim.unit);
}

IndexRange inlay::model::shardRange(const IterationDim &dim, int64_t parts,
                                    int64_t part) {
  int64_t length = shardLength(dim, parts);
  int64_t begin = std::min(dim.size, part * length);
  return {begin, std::min(dim.size, begin + length)};
}

int64_t inlay::model::partsOf(const Sharding &sharding, Axis axis) {
  switch (axis) {
  case Axis::None:
    return 1;
  case Axis::X:
    return sharding.group.width;
  case Axis::Y:
    return sharding.group.height;
  case Axis::Group:
    return sharding.numGroups();
  }
  return 1;
}

namespace {

/// Distinct values that one core sees of each dim of an op.
///
/// A dim that is cut alone has blocks of `shardLength`. Where several dims
/// share an axis their product is cut into equal runs; a run of C points of a
/// product whose faster dims have I points touches min(I, C) values of these
/// and at most ceil(C / I) + 1 of the slower ones.
std::vector<int64_t> valuesPerCore(const OpSpec &op,
                                   const OpSharding &opSharding,
                                   const Sharding &sharding) {
  std::vector<int64_t> values;
  for (const IterationDim &dim : op.dims)
    values.push_back(dim.size);
  for (Axis axis : {Axis::X, Axis::Y, Axis::Group}) {
    std::vector<size_t> cut;
    for (size_t d = 0; d < op.dims.size(); ++d)
      if (opSharding.axisOfDim[d] == axis)
        cut.push_back(d);
    if (cut.empty())
      continue;
    int64_t parts = partsOf(sharding, axis);
    if (cut.size() == 1) {
      values[cut[0]] = shardLength(op.dims[cut[0]], parts);
      continue;
    }
    int64_t run = 1;
    for (size_t d : cut)
      run *= op.dims[d].size;
    run = ceilDiv(run, parts);
    for (size_t at = cut.size(); at-- > 0;) {
      int64_t size = op.dims[cut[at]].size;
      values[cut[at]] = std::min(size, run);
      bool straddles = run > size && run % size != 0;
      run = ceilDiv(run, size) + (straddles ? 1 : 0);
    }
  }
  return values;
}

/// Points of the flattened dims on one axis cannot exceed their common run, so
/// a tensor indexed by all of them holds `run` elements, not the product of the
/// distinct values.
int64_t elementsOf(const OpSpec &op, const OperandSpec &operand,
                   const OpSharding &opSharding, const Sharding &sharding) {
  std::vector<int64_t> values = valuesPerCore(op, opSharding, sharding);
  std::vector<bool> done(op.dims.size(), false);
  int64_t elements = 1;
  for (Axis axis : {Axis::X, Axis::Y, Axis::Group}) {
    int64_t product = 1;
    int64_t run = 1;
    size_t numCut = 0;
    size_t numIndexed = 0;
    for (size_t d = 0; d < op.dims.size(); ++d) {
      if (opSharding.axisOfDim[d] != axis)
        continue;
      ++numCut;
      run *= op.dims[d].size;
      for (const IndexExpr &index : operand.indexing)
        if (index.dim == static_cast<int>(d)) {
          ++numIndexed;
          done[d] = true;
          product *= ceilDiv(values[d], index.divisor);
          break;
        }
    }
    if (numCut > 1 && numIndexed == numCut)
      product = std::min(product, ceilDiv(run, partsOf(sharding, axis)));
    elements *= product;
  }
  for (const IndexExpr &index : operand.indexing)
    if (index.dim >= 0 && !done[index.dim])
      elements *= ceilDiv(op.dims[index.dim].size, index.divisor);
  return elements;
}

/// Largest shard of a tensor over the ops that use it; `fullBytes` when none
/// does.
int64_t tensorBytes(const KernelSpec &kernel, const Sharding &sharding,
                    TensorRole role, int tensor, int64_t fullBytes) {
  int64_t bytes = -1;
  for (size_t o = 0; o < kernel.ops.size(); ++o)
    for (const OperandSpec &operand : kernel.ops[o].operands)
      if (operand.role == role && operand.tensor == tensor)
        bytes = std::max(bytes, ceilDiv(elementsOf(kernel.ops[o], operand,
                                                   sharding.ops[o], sharding) *
                                            operand.type.bits,
                                        8));
  return bytes < 0 ? fullBytes : bytes;
}

bool reducesOverCores(const OpSpec &op, const OpSharding &opSharding,
                      const Sharding &sharding) {
  for (size_t d = 0; d < op.dims.size(); ++d)
    if (op.dims[d].kind == DimKind::Reduction &&
        partsOf(sharding, opSharding.axisOfDim[d]) > 1)
      return true;
  return false;
}

int64_t scratchBytes(const KernelSpec &kernel, const Sharding &sharding) {
  int64_t most = 0;
  for (size_t o = 0; o < kernel.ops.size(); ++o) {
    const OpSpec &op = kernel.ops[o];
    int64_t bytes = 0;
    for (const OperandSpec &operand : op.operands)
      if (operand.role == TensorRole::Local)
        bytes += ceilDiv(elementsOf(op, operand, sharding.ops[o], sharding) *
                             operand.type.bits,
                         8);
    if (!op.operands.empty() && reducesOverCores(op, sharding.ops[o], sharding))
      bytes += ceilDiv(
          elementsOf(op, op.operands.back(), sharding.ops[o], sharding) *
              kPartialSumBits,
          8);
    most = std::max(most, bytes);
  }
  return most;
}

} // namespace

int64_t inlay::model::shardElements(const OpSpec &op,
                                    const OperandSpec &operand,
                                    const OpSharding &opSharding,
                                    const Sharding &sharding) {
  return elementsOf(op, operand, opSharding, sharding);
}

double inlay::model::shardPoints(const OpSpec &op, const OpSharding &opSharding,
                                 const Sharding &sharding) {
  double points = 1;
  for (Axis axis : {Axis::None, Axis::X, Axis::Y, Axis::Group}) {
    double product = 1;
    int64_t longest = 0;
    size_t numCut = 0;
    for (size_t d = 0; d < op.dims.size(); ++d) {
      if (opSharding.axisOfDim[d] != axis)
        continue;
      ++numCut;
      product *= static_cast<double>(op.dims[d].size);
      longest = shardLength(op.dims[d], partsOf(sharding, axis));
    }
    if (axis == Axis::None || numCut == 0)
      points *= product;
    else if (numCut == 1)
      points *= static_cast<double>(longest);
    else
      points *= std::ceil(product / double(partsOf(sharding, axis)));
  }
  return points;
}

Footprint inlay::model::footprint(const KernelSpec &kernel,
                                  const Sharding &sharding) {
  Footprint bytes;
  for (size_t i = 0; i < kernel.weights.size(); ++i)
    bytes.weights +=
        tensorBytes(kernel, sharding, TensorRole::Weights, static_cast<int>(i),
                    kernel.weights[i].storedBytes());
  for (size_t i = 0; i < kernel.states.size(); ++i)
    bytes.state += tensorBytes(kernel, sharding, TensorRole::State,
                               static_cast<int>(i), kernel.states[i].bytes());
  for (size_t i = 0; i < kernel.inputs.size(); ++i)
    bytes.streams += kStreamBuffers *
                     tensorBytes(kernel, sharding, TensorRole::Input,
                                 static_cast<int>(i), kernel.inputs[i].bytes());
  for (size_t i = 0; i < kernel.outputs.size(); ++i)
    bytes.streams +=
        kStreamBuffers * tensorBytes(kernel, sharding, TensorRole::Output,
                                     static_cast<int>(i),
                                     kernel.outputs[i].bytes());
  bytes.scratch = scratchBytes(kernel, sharding);
  return bytes;
}

int64_t inlay::model::copies(const KernelSpec &kernel, const Sharding &sharding,
                             int weight) {
  int64_t cores = sharding.numGroups() * sharding.group.area();
  for (size_t o = 0; o < kernel.ops.size(); ++o)
    for (const OperandSpec &operand : kernel.ops[o].operands) {
      if (operand.role != TensorRole::Weights || operand.tensor != weight)
        continue;
      int64_t parts = 1;
      for (Axis axis : {Axis::X, Axis::Y, Axis::Group}) {
        bool cut = false;
        for (const IndexExpr &index : operand.indexing)
          cut |= index.dim >= 0 && sharding.ops[o].axisOfDim[index.dim] == axis;
        if (cut)
          parts *= partsOf(sharding, axis);
      }
      return cores / parts;
    }
  return cores;
}

bool inlay::model::check(const KernelSpec &kernel, const Sharding &sharding,
                         Diagnostics &diags) {
  bool valid = true;
  auto fail = [&](const std::string &message) {
    valid = false;
    diags.internalError("sharding of kernel '" + kernel.name + "'", message);
  };
  const Extent &region = sharding.region;
  const Extent &groups = sharding.groups;
  const Extent &group = sharding.group;
  for (const Extent &extent : {region, groups, group})
    if (extent.width < 1 || extent.height < 1)
      fail(
          fmt::format("has an extent of {} x {}", extent.width, extent.height));
  if (groups.width * group.width > region.width ||
      groups.height * group.height > region.height)
    fail(fmt::format("tiles {} x {} groups of {} x {} cores over a region of "
                     "{} x {}",
                     groups.width, groups.height, group.width, group.height,
                     region.width, region.height));
  if (kernel.role != KernelRole::Experts &&
      (groups.area() != 1 || !(group == region)))
    fail("has groups, which only experts have");
  if (sharding.ops.size() != kernel.ops.size()) {
    fail(fmt::format("cuts {} ops of {}", sharding.ops.size(),
                     kernel.ops.size()));
    return false;
  }
  for (size_t o = 0; o < kernel.ops.size(); ++o) {
    const OpSpec &op = kernel.ops[o];
    const std::vector<Axis> &axes = sharding.ops[o].axisOfDim;
    if (axes.size() != op.dims.size()) {
      fail(fmt::format("gives op '{}' {} axes for {} dims", op.name,
                       axes.size(), op.dims.size()));
      continue;
    }
    for (size_t d = 0; d < axes.size(); ++d)
      if (axes[d] == Axis::Group && op.dims[d].name != "expert")
        fail(fmt::format("cuts dim '{}' of op '{}' over groups",
                         op.dims[d].name, op.name));
  }
  return valid;
}
