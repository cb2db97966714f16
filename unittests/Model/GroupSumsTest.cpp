//===- GroupSumsTest.cpp - How groups of experts are added up -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Random kernels of experts are dealt core by core: joined lines must bring
// together every part of a sum and nothing else, and a kernel that takes values
// as they are handed over must find all it wants on each of its cores.
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/GroupSums.h"

#include "inlay/Model/Cuts.h"
#include "inlay/Model/Layout.h"

#include "gtest/gtest.h"

#include <map>
#include <random>
#include <set>

using namespace inlay;
using namespace inlay::model;

namespace {

/// A product into `inner`, of the input, and one back, of a value that only
/// they know.
KernelSpec experts(int64_t hidden, int64_t inner, int64_t count) {
  ElementType f16{"f16", 16};
  KernelSpec kernel;
  kernel.name = "experts";
  kernel.role = KernelRole::Experts;
  kernel.numExperts = count;
  kernel.expertsPerToken = 1;
  auto product = [&](int64_t n, int64_t k, int weight) {
    OpSpec op;
    op.opClass = OpClass::Contraction;
    op.dims = {{"token", 1, DimKind::Parallel, 1},
               {"expert", count, DimKind::Parallel, 1},
               {"n", n, DimKind::Parallel, 1},
               {"k", k, DimKind::Reduction, 1}};
    op.operands = {{TensorRole::Local, -1, f16, {{0, 1}, {3, 1}}},
                   {TensorRole::Weights, weight, f16, {{1, 1}, {2, 1}, {3, 1}}},
                   {TensorRole::Local, -1, f16, {{0, 1}, {2, 1}}}};
    op.computeType = f16;
    kernel.weights.push_back(
        {"w", f16, {count, n, k}, 0, count * n * k * 2, {}});
    return op;
  };
  OpSpec in = product(inner, hidden, 0), out = product(hidden, inner, 1);
  in.operands.front().role = TensorRole::Input;
  out.operands.back().role = TensorRole::Output;
  in.operands.front().tensor = out.operands.back().tensor = 0;
  kernel.ops = {in, out};
  kernel.inputs = kernel.outputs = {{f16, {1, hidden}}};
  return kernel;
}

Axis other(Axis axis) { return axis == Axis::X ? Axis::Y : Axis::X; }

/// Sums of the first op along `in`, of the last along `out`.
Sharding cut(Extent region, Extent groups, Axis in, Axis out) {
  Sharding sharding;
  sharding.region = region;
  sharding.groups = groups;
  sharding.group = {region.width / groups.width, region.height / groups.height};
  sharding.ops = {{{Axis::None, Axis::Group, other(in), in}},
                  {{Axis::None, Axis::Group, other(out), out}}};
  return sharding;
}

struct Random {
  std::mt19937 generator{7};
  int64_t from(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(generator);
  }
  Axis axis() { return from(0, 1) == 0 ? Axis::X : Axis::Y; }
  Sharding sharding(int64_t experts) {
    Extent groups = {from(1, 4), from(1, 4)};
    if (from(0, 2) > 0)
      (from(0, 1) == 0 ? groups.width : groups.height) = 1;
    while (groups.area() > experts)
      groups = {1, groups.height > 1 ? groups.height - 1 : 1};
    Extent region = {groups.width * from(1, 6) + from(0, 2),
                     groups.height * from(1, 6) + from(0, 2)};
    return cut(region, groups, axis(), axis());
  }
};

/// What the core at (x, y) of a group holds of a dim of an op.
IndexRange partOf(const OpSpec &op, size_t dim, const OpSharding &opSharding,
                  const Sharding &sharding, int64_t x, int64_t y) {
  Cut cut = opCut(op, dim, opSharding, sharding);
  int64_t p = cut.axis == Axis::X ? x : cut.axis == Axis::Y ? y : 0;
  return {std::min(p * cut.shard, cut.size),
          std::min((p + 1) * cut.shard, cut.size)};
}

/// By line of the region the outputs that its cores have parts of, and how many
/// values of the summed dim in all: each expert group has every one.
struct Line {
  std::set<std::pair<int64_t, int64_t>> outputs;
  int64_t summed = 0;
};

TEST(GroupSumsTest, JoinedLinesHaveEverySumWhole) {
  constexpr size_t kOutput = 2, kSummed = 3;
  Random random;
  int numJoined = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    KernelSpec kernel =
        experts(random.from(1, 40), random.from(1, 40), random.from(2, 16));
    Sharding sharding = random.sharding(kernel.numExperts);
    GroupSums sums = groupSums(kernel, sharding);
    if (!sums.isJoined())
      continue;
    ++numJoined;
    bool isRow = sums.joined == Axis::X;
    EXPECT_EQ(sums.line,
              isRow ? sharding.region.width : sharding.region.height);
    std::map<int64_t, Line> lines;
    for (const ExpertGroup &group : expertGroups(kernel, sharding))
      for (int64_t y = 0; y < group.rect.height; ++y)
        for (int64_t x = 0; x < group.rect.width; ++x) {
          const OpSpec &op = kernel.ops.back();
          IndexRange n =
              partOf(op, kOutput, sharding.ops.back(), sharding, x, y);
          IndexRange k =
              partOf(op, kSummed, sharding.ops.back(), sharding, x, y);
          if (n.length() < 1 || k.length() < 1)
            continue;
          Line &line = lines[isRow ? group.rect.y + y : group.rect.x + x];
          line.outputs.insert({n.begin, n.end});
          line.summed += k.length();
        }
    int64_t outputs = 0;
    for (const auto &[at, line] : lines) {
      EXPECT_EQ(line.outputs.size(), 1u) << "parts of two sums on one line";
      EXPECT_EQ(line.summed,
                kernel.ops.back().dims[kSummed].size * sharding.numGroups())
          << "a part of the sum is on another line";
      outputs += line.outputs.begin()->second - line.outputs.begin()->first;
    }
    EXPECT_EQ(outputs, kernel.ops.back().dims[kOutput].size);
  }
  EXPECT_GT(numJoined, 500);
}

TEST(GroupSumsTest, WhatIsTakenHandedOverIsThere) {
  constexpr size_t kFeature = 3;
  Random random;
  int numTaken = 0, numOthers = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    int64_t hidden = random.from(1, 60);
    KernelSpec kernel = experts(hidden, random.from(1, 40), random.from(2, 16));
    Sharding sharding = random.sharding(kernel.numExperts);
    if (sharding.numGroups() < 2)
      continue;
    bool isTaken = takesHandedOver(kernel, sharding);
    ++(isTaken ? numTaken : numOthers);
    Layout given = handedOver(hidden, 1, sharding.region);
    bool isThere = true;
    for (const ExpertGroup &group : expertGroups(kernel, sharding))
      for (int64_t y = 0; y < group.rect.height; ++y)
        for (int64_t x = 0; x < group.rect.width; ++x) {
          IndexRange wanted = partOf(kernel.ops.front(), kFeature,
                                     sharding.ops.front(), sharding, x, y);
          int64_t row = group.rect.y + y;
          bool isOwn = wanted.length() < 1 || !given.y.isCut() ||
                       (row * given.y.shard <= wanted.begin &&
                        wanted.end <= (row + 1) * given.y.shard);
          isThere &= isOwn;
        }
    EXPECT_TRUE(isThere || !isTaken);
  }
  EXPECT_GT(numTaken, 200);
  EXPECT_GT(numOthers, 200);
}

TEST(GroupSumsTest, OtherGroupsHaveAHomeForEachRow) {
  KernelSpec kernel = experts(40, 40, 6);
  // Sums along x, groups below each other too: rows hold the parts.
  GroupSums sums = groupSums(kernel, cut({16, 24}, {2, 3}, Axis::X, Axis::X));
  EXPECT_FALSE(sums.isJoined());
  EXPECT_EQ(sums.held, Axis::Y);
  EXPECT_EQ(sums.across, 2);
  EXPECT_EQ(sums.down, 3);
  EXPECT_EQ(sums.width, 8);
  EXPECT_EQ(sums.height, 8);
  EXPECT_EQ(sums.turns, 1);
  // Sums along y: the same turned over. Two homes, nine lines.
  sums = groupSums(kernel, cut({18, 4}, {2, 2}, Axis::X, Axis::Y));
  EXPECT_EQ(sums.held, Axis::X);
  EXPECT_EQ(sums.width, 2);
  EXPECT_EQ(sums.height, 9);
  EXPECT_EQ(sums.turns, 5);
}

} // namespace
