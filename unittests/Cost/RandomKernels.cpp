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
using namespace inlay::cost::testing;
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

namespace {

/// Ops that work on one value of `features` for each token, in turn.
class LayerBuilder {
public:
  explicit LayerBuilder(Random &random)
      : random(random), tokens(random.size(32)), features(random.size(4096)) {
    kernel.name = "layer";
    kernel.inputs = {{kHalf, {tokens, features}}};
  }

  KernelSpec run() {
    for (int64_t left = 1 + random.below(8); left > 0; --left)
      addAny();
    // What leaves the kernel is the last value.
    OperandSpec &last = kernel.ops.back().operands.back();
    last.role = TensorRole::Output;
    last.tensor = 0;
    kernel.outputs = {{kHalf, {tokens, features}}};
    return kernel;
  }

private:
  void addAny() {
    constexpr double kExponential = 6, kNorm = 4, kSoftmax = 8;
    switch (random.below(7)) {
    case 0:
      return addRow("rms_norm", OpClass::Reduction, kNorm);
    case 1:
      return addRow("softmax", OpClass::Softmax, kSoftmax);
    case 2:
      return addRow("choice", OpClass::TopK, 2);
    case 3:
      return addRow("silu", OpClass::Elementwise, kExponential);
    case 4:
      return addAttention();
    default:
      return addProduct(random.size(8192), TensorRole::Weights);
    }
  }

  OperandSpec read() const {
    return kernel.ops.empty()
               ? OperandSpec{TensorRole::Input, 0, kHalf, {}}
               : OperandSpec{TensorRole::Local, value, kHalf, {}};
  }

  void add(OpSpec op) {
    op.computeType = kHalf;
    op.operands.back().role = TensorRole::Local;
    op.operands.back().tensor = ++value;
    kernel.ops.push_back(std::move(op));
  }

  /// Norms, softmax and choices depend on all of a row.
  void addRow(const char *name, OpClass opClass, double operations) {
    OpSpec op;
    op.name = name;
    op.opClass = opClass;
    op.opsPerPoint = operations;
    op.dims = {{"token", tokens, DimKind::Parallel, 1},
               {"k", features,
                opClass == OpClass::Elementwise ? DimKind::Parallel
                                                : DimKind::Reduction,
                1}};
    op.operands = {read(), {TensorRole::Local, 0, kHalf, {{0, 1}, {1, 1}}}};
    op.operands.front().indexing = {{0, 1}, {1, 1}};
    add(std::move(op));
  }

  void addProduct(int64_t wanted, TensorRole role) {
    OpSpec op;
    op.name = "product";
    op.opClass = OpClass::Contraction;
    op.opsPerPoint = 2;
    op.dims = {{"token", tokens, DimKind::Parallel, 1},
               {"n", wanted, DimKind::Parallel, 1},
               {"k", features, DimKind::Reduction, 1}};
    int held = int(role == TensorRole::State ? kernel.states.size()
                                             : kernel.weights.size());
    op.operands = {read(),
                   {role, held, kHalf, {{1, 1}, {2, 1}}},
                   {TensorRole::Local, 0, kHalf, {{0, 1}, {1, 1}}}};
    op.operands.front().indexing = {{0, 1}, {2, 1}};
    if (role == TensorRole::State)
      kernel.states.push_back({"s", kHalf, {wanted, features}});
    else
      kernel.weights.push_back({"w",
                                kHalf,
                                {wanted, features},
                                0,
                                packedBytes({wanted, features}, 16),
                                {}});
    add(std::move(op));
    features = wanted;
  }

  void addAttention() {
    constexpr double kSoftmax = 8;
    int64_t width = features;
    addProduct(random.size(20000), TensorRole::State);
    addRow("softmax", OpClass::Softmax, kSoftmax);
    addProduct(width, TensorRole::State);
  }

  Random &random;
  KernelSpec kernel;
  int64_t tokens, features;
  int value = 0;
};

} // namespace

KernelSpec inlay::cost::testing::layer(Random &random) {
  return LayerBuilder(random).run();
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
