//===- Attention.cpp - Cycles of attention over a sharded state -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Attention.h"
#include "inlay/Cost/Cost.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;

namespace {

const ElementType kHalf = {"f16", 16};

/// The three nests of attention as a kernel, and how it is cut.
struct AttentionKernel {
  KernelSpec kernel;
  Sharding sharding;

  void add(OpSpec op, std::vector<Axis> axes) {
    kernel.ops.push_back(std::move(op));
    sharding.ops.push_back({std::move(axes)});
  }
};

} // namespace

/// `tokens` queries of each sequence against `positions` keys.
static AttentionKernel attentionKernel(const AttentionShape &shape,
                                       int64_t tokens, int64_t positions,
                                       const Extent &region) {
  constexpr double kMultiplyAccumulate = 2, kSoftmaxOperations = 8;
  AttentionKernel result;
  result.kernel.name = "attention";
  result.kernel.role = KernelRole::Attention;
  result.sharding.region = result.sharding.group = region;
  result.sharding.groups = {1, 1};
  IterationDim token = {"token", tokens * shape.batch, DimKind::Parallel, 1};
  IterationDim head = {"head", shape.kvHeads, DimKind::Parallel, 1};
  IterationDim group = {"group",
                        std::max<int64_t>(1, shape.heads / shape.kvHeads),
                        DimKind::Parallel, 1};
  auto dim = [](const char *name, int64_t size, DimKind kind) {
    return IterationDim{name, size, kind, 1};
  };
  // Dims in order: token, head, group, then two that differ.
  std::vector<IndexExpr> scores = {{0, 1}, {1, 1}, {2, 1}, {3, 1}};
  OpSpec products = {
      "scores",
      OpClass::Contraction,
      {token, head, group, dim("context", positions, DimKind::Parallel),
       dim("dim", shape.keyDim, DimKind::Reduction)},
      {{TensorRole::Local, 2, kHalf, {{0, 1}, {1, 1}, {2, 1}, {4, 1}}},
       {TensorRole::State, 0, kHalf, {{0, tokens}, {1, 1}, {3, 1}, {4, 1}}},
       {TensorRole::Local, 0, kHalf, scores}},
      kMultiplyAccumulate,
      /*density=*/1,
      kHalf};
  result.add(products, {Axis::None, Axis::X, Axis::None, Axis::Y, Axis::X});
  OpSpec softmax = {
      "softmax",
      OpClass::Softmax,
      {token, head, group, dim("context", positions, DimKind::Reduction)},
      {{TensorRole::Local, 0, kHalf, scores},
       {TensorRole::Local, 1, kHalf, scores}},
      kSoftmaxOperations,
      /*density=*/1,
      kHalf};
  result.add(softmax, {Axis::None, Axis::X, Axis::None, Axis::Y});
  OpSpec mixed = {
      "context",
      OpClass::Contraction,
      {token, head, group, dim("dim", shape.valueDim, DimKind::Parallel),
       dim("context", positions, DimKind::Reduction)},
      {{TensorRole::Local, 1, kHalf, {{0, 1}, {1, 1}, {2, 1}, {4, 1}}},
       {TensorRole::State, 1, kHalf, {{0, tokens}, {1, 1}, {4, 1}, {3, 1}}},
       {TensorRole::Local, 3, kHalf, scores}},
      kMultiplyAccumulate,
      /*density=*/1,
      kHalf};
  result.add(mixed, {Axis::None, Axis::X, Axis::None, Axis::X, Axis::Y});
  return result;
}

static Breakdown attend(const Rates &rates, const AttentionShape &shape,
                        int64_t tokens, int64_t positions,
                        const Extent &region) {
  AttentionKernel attention = attentionKernel(shape, tokens, positions, region);
  return estimateKernel(attention.kernel, attention.sharding, rates).cycles;
}

Breakdown inlay::cost::attentionDecode(const Rates &rates,
                                       const AttentionShape &shape,
                                       int64_t context, const Extent &region) {
  int64_t positions = context + 1;
  if (shape.window > 0)
    positions = std::min(positions, shape.window);
  return attend(rates, shape, 1, positions, region);
}

Breakdown inlay::cost::attentionPrefill(const Rates &rates,
                                        const AttentionShape &shape,
                                        int64_t tokens, int64_t context,
                                        const Extent &region) {
  int64_t positions = context + tokens;
  if (shape.window > 0)
    positions = std::min(positions, shape.window + tokens);
  return attend(rates, shape, tokens, positions, region);
}
