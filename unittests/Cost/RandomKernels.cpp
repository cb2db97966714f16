//===- RandomKernels.cpp - Kernels and regions for property tests ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RandomKernels.h"

#include "gtest/gtest.h"

#include <cstdlib>

using namespace inlay;
using namespace inlay::model;

target::Target inlay::cost::testing::shipped(const std::string &name) {
  Diagnostics diags;
  auto target = target::find(
      name, std::string(std::getenv("INLAY_SOURCE_DIR")) + "/targets", diags);
  EXPECT_TRUE(target.has_value());
  return target.value_or(target::Target());
}

static const ElementType kHalf{"f16", 16};

KernelSpec inlay::cost::testing::linear(const Sizes &sizes, int bits) {
  KernelSpec kernel;
  kernel.name = "linear";
  ElementType stored = bits == 16 ? kHalf : ElementType{"i4", bits};
  OpSpec op;
  op.name = "linear";
  op.opClass = OpClass::Contraction;
  op.dims = {{"token", sizes.tokens, DimKind::Parallel, 1},
             {"n", sizes.n, DimKind::Parallel, 1},
             {"k", sizes.k, DimKind::Reduction, 1}};
  op.operands = {{TensorRole::Input, 0, kHalf, {{0, 1}, {2, 1}}},
                 {TensorRole::Weights, 0, stored, {{1, 1}, {2, 1}}},
                 {TensorRole::Output, 0, kHalf, {{0, 1}, {1, 1}}}};
  op.opsPerPoint = 2;
  op.computeType = kHalf;
  kernel.ops = {op};
  kernel.weights = {{"w",
                     stored,
                     {sizes.n, sizes.k},
                     0,
                     packedBytes({sizes.n, sizes.k}, bits),
                     {}}};
  kernel.inputs = {{kHalf, {sizes.tokens, sizes.k}}};
  kernel.outputs = {{kHalf, {sizes.tokens, sizes.n}}};
  return kernel;
}

KernelSpec inlay::cost::testing::softmaxRows(int64_t rows, int64_t context) {
  KernelSpec kernel;
  kernel.name = "softmax";
  OpSpec op;
  op.name = "softmax";
  op.opClass = OpClass::Softmax;
  op.dims = {{"token", rows, DimKind::Parallel, 1},
             {"n", 1, DimKind::Parallel, 1},
             {"k", context, DimKind::Reduction, 1}};
  op.operands = {{TensorRole::Input, 0, kHalf, {{0, 1}, {2, 1}}},
                 {TensorRole::Output, 0, kHalf, {{0, 1}, {2, 1}}}};
  op.opsPerPoint = 8;
  op.computeType = kHalf;
  kernel.ops = {op};
  kernel.inputs = {{kHalf, {rows, context}}};
  kernel.outputs = {{kHalf, {rows, context}}};
  return kernel;
}

KernelSpec inlay::cost::testing::experts(const Sizes &sizes, int64_t numExperts,
                                         int64_t perToken) {
  KernelSpec kernel = linear(sizes);
  kernel.name = "experts";
  kernel.role = KernelRole::Experts;
  kernel.numExperts = numExperts;
  kernel.expertsPerToken = perToken;
  OpSpec &op = kernel.ops.front();
  op.dims.insert(op.dims.begin() + 1,
                 {"expert", numExperts, DimKind::Parallel, 1});
  op.operands = {{TensorRole::Input, 0, kHalf, {{0, 1}, {3, 1}}},
                 {TensorRole::Weights, 0, kHalf, {{1, 1}, {2, 1}, {3, 1}}},
                 {TensorRole::Output, 0, kHalf, {{0, 1}, {2, 1}}}};
  op.density = double(perToken) / double(numExperts);
  int64_t elements = numExperts * sizes.n * sizes.k;
  kernel.weights = {
      {"w", kHalf, {numExperts, sizes.n, sizes.k}, 0, elements * 2, {}}};
  return kernel;
}

Sharding inlay::cost::testing::cut(const KernelSpec &kernel, Extent region,
                                   Extent groups) {
  Sharding sharding;
  sharding.region = region;
  sharding.groups = groups;
  sharding.group = {region.width / groups.width, region.height / groups.height};
  for (const OpSpec &op : kernel.ops) {
    OpSharding axes;
    for (const IterationDim &dim : op.dims)
      axes.axisOfDim.push_back(dim.name == "n"        ? Axis::X
                               : dim.name == "k"      ? Axis::Y
                               : dim.name == "expert" ? Axis::Group
                                                      : Axis::None);
    sharding.ops.push_back(axes);
  }
  return sharding;
}
