//===- CutsTest.cpp - The rule by which every core's part follows ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Cuts.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <map>
#include <set>

using namespace inlay;
using namespace inlay::model;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

namespace {

const ElementType kF16 = {"f16", 16};
const ElementType kU4 = {"u4", 4};
const Axis kX = Axis::X;
const Axis kY = Axis::Y;
const Axis kNone = Axis::None;
const Axis kGroup = Axis::Group;

/// The core's number on the axis of a cut.
int64_t partOf(const Cut &cut, const CorePosition &core) {
  switch (cut.axis) {
  case Axis::None:
    return 0;
  case Axis::X:
    return core.x;
  case Axis::Y:
    return core.y;
  case Axis::Group:
    return core.group;
  }
  return 0;
}

std::vector<CorePosition> coresOf(const Sharding &sharding) {
  std::vector<CorePosition> cores;
  for (int64_t group = 0; group < sharding.numGroups(); ++group)
    for (int64_t y = 0; y < sharding.group.height; ++y)
      for (int64_t x = 0; x < sharding.group.width; ++x)
        cores.push_back({group, x, y});
  return cores;
}

/// The index tuples that a core holds, read off the cuts word for word.
std::vector<std::vector<int64_t>> tuplesOf(const std::vector<Cut> &cuts,
                                           const CorePosition &core) {
  // One loop for each axis; a dim without an axis has one of its own.
  std::vector<std::vector<int64_t>> tuples = {
      std::vector<int64_t>(cuts.size(), 0)};
  for (size_t d = 0; d < cuts.size(); ++d) {
    bool isShared = false;
    for (size_t e = 0; e < d; ++e)
      isShared |= cuts[d].axis != Axis::None && cuts[e].axis == cuts[d].axis;
    if (isShared)
      continue;
    int64_t begin = partOf(cuts[d], core) * cuts[d].shard;
    int64_t end = std::min(begin + cuts[d].shard, cuts[d].points);
    std::vector<std::vector<int64_t>> next;
    for (const std::vector<int64_t> &tuple : tuples)
      for (int64_t q = begin; q < end; ++q) {
        next.push_back(tuple);
        for (size_t e = d; e < cuts.size(); ++e)
          if (e == d ||
              (cuts[d].axis != Axis::None && cuts[e].axis == cuts[d].axis))
            next.back()[e] = (q / cuts[e].inner) % cuts[e].pitch;
      }
    // Some points are none of the indices.
    std::erase_if(next, [&](const std::vector<int64_t> &tuple) {
      for (size_t e = 0; e < cuts.size(); ++e)
        if (tuple[e] >= cuts[e].size)
          return true;
      return false;
    });
    tuples = std::move(next);
  }
  return tuples;
}

/// One operand of the given indexing, in an op with these dims.
KernelSpec kernelWith(std::vector<IterationDim> dims, OperandSpec operand) {
  KernelSpec kernel;
  kernel.name = "k";
  OpSpec op;
  op.name = "op";
  op.dims = std::move(dims);
  op.operands = {std::move(operand)};
  kernel.ops = {op};
  return kernel;
}

TEST(CutsTest, OfAWeightWithScales) {
  KernelSpec kernel =
      kernelWith({{"token", 1}, {"n", 10}, {"k", 100, DimKind::Reduction, 32}},
                 {TensorRole::Weights, 0, kF16, {{1, 1}, {2, 32}}});
  kernel.weights = {{"scales", kF16, {10, 4}, 0, 0, {}}};
  Sharding sharding = {{4, 3}, {1, 1}, {4, 3}, {{{kNone, kX, kY}}}};
  EXPECT_THAT(weightCuts(kernel, sharding, 0),
              ElementsAre(Cut{"n", 10, kX, 4, 1, 3, 1, 10, 10},
                          Cut{"k", 4, kY, 3, 1, 2, 1, 4, 4}));
  EXPECT_THAT(opCuts(kernel.ops[0], sharding.ops[0], sharding),
              ElementsAre(Cut{"token", 1, kNone, 1, 1, 1, 1, 1, 1},
                          Cut{"n", 10, kX, 4, 1, 3, 1, 10, 10},
                          Cut{"k", 100, kY, 3, 32, 64, 1, 100, 100}));
}

TEST(CutsTest, DimsThatShareAnAxisAreCutTogether) {
  std::vector<IterationDim> dims = {{"head", 3}, {"context", 5}, {"dim", 4}};
  Sharding sharding = {{5, 2}, {1, 1}, {5, 2}, {{{kX, kY, kX}}}};
  KernelSpec kernel = kernelWith(dims, {});
  std::vector<Cut> cuts = opCuts(kernel.ops[0], sharding.ops[0], sharding);
  EXPECT_THAT(cuts, ElementsAre(Cut{"head", 3, kX, 5, 1, 3, 4, 12, 3},
                                Cut{"context", 5, kY, 2, 1, 3, 1, 5, 5},
                                Cut{"dim", 4, kX, 5, 1, 3, 1, 12, 4}));
  EXPECT_THAT(tuplesOf(cuts, {0, 1, 1}),
              UnorderedElementsAre(ElementsAre(0, 3, 3), ElementsAre(1, 3, 0),
                                   ElementsAre(1, 3, 1), ElementsAre(0, 4, 3),
                                   ElementsAre(1, 4, 0), ElementsAre(1, 4, 1)));
}

TEST(CutsTest, PointsOfAnOpLieOnAsManyCoresAsItDoesNotUse) {
  std::vector<IterationDim> dims = {{"a", 3}, {"b", 7}, {"c", 4}};
  const std::vector<Axis> choices[] = {
      {kX, kY, kX}, {kX, kX, kX}, {kY, kX, kNone}, {kNone, kNone, kNone}};
  for (const std::vector<Axis> &axes : choices)
    for (Extent region : {Extent{1, 1}, Extent{2, 3}, Extent{5, 4}}) {
      Sharding sharding = {region, {1, 1}, region, {{axes}}};
      KernelSpec kernel = kernelWith(dims, {});
      std::vector<Cut> cuts = opCuts(kernel.ops[0], sharding.ops[0], sharding);
      std::map<std::vector<int64_t>, int64_t> count;
      for (const CorePosition &core : coresOf(sharding)) {
        std::vector<std::vector<int64_t>> tuples = tuplesOf(cuts, core);
        EXPECT_LE(double(tuples.size()),
                  shardPoints(kernel.ops[0], sharding.ops[0], sharding));
        for (const std::vector<int64_t> &tuple : tuples)
          ++count[tuple];
      }
      EXPECT_EQ(count.size(), 3u * 7 * 4);
      int64_t unused = region.area();
      for (Axis axis : {kX, kY})
        if (std::count(axes.begin(), axes.end(), axis))
          unused /= partsOf(sharding, axis);
      for (auto &[tuple, cores] : count)
        EXPECT_EQ(cores, unused);
    }
}

TEST(CutsTest, CountsTheValuesThatARunTouches) {
  // 12 heads in 3 groups of 4, with 10 elements each, in runs of 7.
  std::vector<IterationDim> dims = {{"group", 3}, {"head", 4}, {"dim", 10}};
  Sharding sharding = {{18, 1}, {1, 1}, {18, 1}, {{{kX, kX, kX}}}};
  KernelSpec kernel = kernelWith(dims, {});
  std::vector<Cut> cuts = opCuts(kernel.ops[0], sharding.ops[0], sharding);
  auto seen = [&](std::vector<size_t> some) {
    return valuesSeen(cuts, kX, [&](size_t d) {
      return std::count(some.begin(), some.end(), d) > 0;
    });
  };
  // The end of one head and the beginning of the next: two of them, not two
  // heads of each of two groups.
  EXPECT_EQ(seen({0, 1}), 2);
  EXPECT_EQ(seen({0, 1, 2}), 7);
  EXPECT_EQ(seen({2}), 7);
  EXPECT_EQ(seen({}), 1);
  for (std::vector<size_t> some :
       {std::vector<size_t>{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 2}, {0, 1, 2}}) {
    size_t most = 0;
    for (const CorePosition &core : coresOf(sharding)) {
      std::set<std::vector<int64_t>> values;
      for (const std::vector<int64_t> &tuple : tuplesOf(cuts, core)) {
        std::vector<int64_t> value;
        for (size_t d : some)
          value.push_back(tuple[d]);
        values.insert(value);
      }
      most = std::max(most, values.size());
    }
    EXPECT_GE(seen(some), int64_t(most));
    EXPECT_LE(seen(some), 2 * int64_t(most));
  }
}

TEST(CutsTest, StatesAreHeldWhereTheirFirstUseIsComputed) {
  // Keys: what was there before the step is one token shorter than the state.
  KernelSpec kernel = kernelWith(
      {{"token", 1}, {"head", 2}, {"context", 8}, {"dim", 6}},
      {TensorRole::State, 0, kF16, {{0, 1}, {1, 1}, {2, 1}, {3, 1}}});
  kernel.states = {{"key", kF16, {1, 2, 9, 6}}, {"unused", kF16, {4}}};
  Sharding sharding = {{4, 2}, {1, 1}, {4, 2}, {{{kNone, kX, kY, kX}}}};
  std::vector<Cut> cuts = stateCuts(kernel, sharding, 0);
  EXPECT_THAT(cuts, ElementsAre(Cut{"token", 1, kNone, 1, 1, 1, 1, 1, 1},
                                Cut{"head", 2, kX, 4, 1, 3, 6, 12, 2},
                                Cut{"context", 9, kY, 2, 1, 5, 1, 9, 9},
                                Cut{"dim", 6, kX, 4, 1, 3, 1, 12, 6}));
  std::map<std::vector<int64_t>, int64_t> count;
  for (const CorePosition &core : coresOf(sharding))
    for (const std::vector<int64_t> &tuple : tuplesOf(cuts, core))
      ++count[tuple];
  EXPECT_EQ(count.size(), 2u * 9 * 6);
  for (auto &[tuple, cores] : count)
    EXPECT_EQ(cores, 1);
  EXPECT_THAT(stateCuts(kernel, sharding, 1),
              ElementsAre(Cut{"", 4, kNone, 1, 1, 4, 1, 4, 4}));
}

TEST(CutsTest, AStateIsReadByGroupsOfHeads) {
  KernelSpec kernel =
      kernelWith({{"head", 6}}, {TensorRole::State, 0, kF16, {{0, 2}}});
  kernel.states = {{"key", kF16, {3}}};
  Sharding sharding = {{4, 1}, {1, 1}, {4, 1}, {{{kX}}}};
  std::vector<Cut> cuts = stateCuts(kernel, sharding, 0);
  // Heads 2 and 3 are on one core, both of group 1.
  EXPECT_THAT(cuts, ElementsAre(Cut{"head", 3, kX, 4, 1, 2, 2, 6, 3}));
  EXPECT_THAT(tuplesOf(cuts, {0, 1, 0}),
              ElementsAre(ElementsAre(1), ElementsAre(1)));
}

/// Attention over `sets` of three sequences, of which a step brings each of one
/// set a chunk of tokens.
KernelSpec attentionWith(int64_t chunk, int64_t sets) {
  KernelSpec kernel = kernelWith(
      {{"token", 3 * chunk},
       {"head", 2},
       {"group", 2},
       {"context", 5},
       {"dim", 6}},
      {TensorRole::State, 0, kF16, {{0, chunk}, {1, 1}, {3, 1}, {4, 1}}});
  kernel.states = {{"key", kF16, {3 * sets, 2, 5, 6}}};
  return kernel;
}

/// What a core's points of the op say of the state, one by one.
std::set<std::vector<int64_t>> indexedBy(const KernelSpec &kernel,
                                         const Sharding &sharding,
                                         const CorePosition &core) {
  std::set<std::vector<int64_t>> indexed;
  for (const std::vector<int64_t> &point :
       tuplesOf(opCuts(kernel.ops[0], sharding.ops[0], sharding), core)) {
    std::vector<int64_t> element;
    for (const IndexExpr &index : kernel.ops[0].operands[0].indexing)
      element.push_back(point[size_t(index.dim)] / index.divisor);
    indexed.insert(element);
  }
  return indexed;
}

/// The ways to cut that attention, and the grids.
std::vector<Sharding> cutsOfAttention() {
  std::vector<Sharding> all;
  for (const std::vector<Axis> &axes :
       {std::vector<Axis>{kY, kY, kNone, kX, kY},
        {kNone, kY, kY, kX, kY},
        {kY, kY, kY, kX, kNone},
        {kY, kNone, kNone, kX, kNone},
        {kX, kY, kNone, kNone, kY},
        {kNone, kX, kNone, kY, kX}})
    for (Extent region : {Extent{1, 1}, Extent{2, 3}, Extent{4, 8},
                          Extent{5, 7}, Extent{3, 23}})
      all.push_back({region, {1, 1}, region, {{axes}}});
  return all;
}

TEST(CutsTest, CoresHaveRoomForTheSequencesOfTheirTokens) {
  int numWithinChunks = 0;
  for (int64_t chunk : {1, 2, 3, 4, 8})
    for (const Sharding &sharding : cutsOfAttention()) {
      KernelSpec kernel = attentionWith(chunk, 1);
      std::vector<Cut> cuts = stateCuts(kernel, sharding, 0);
      size_t most = 0;
      for (const CorePosition &core : coresOf(sharding)) {
        std::vector<std::vector<int64_t>> tuples = tuplesOf(cuts, core);
        std::set<std::vector<int64_t>> held(tuples.begin(), tuples.end());
        EXPECT_EQ(held, indexedBy(kernel, sharding, core));
        most = std::max(most, held.size());
      }
      const OpSpec &op = kernel.ops[0];
      auto room =
          size_t(shardElements(op, op.operands[0], sharding.ops[0], sharding));
      EXPECT_GE(room, most);
      if (chunk > 1)
        EXPECT_LE(room, size_t(shardPoints(op, sharding.ops[0], sharding)));
      EXPECT_GE(footprint(kernel, sharding).state, int64_t(2 * most));
      numWithinChunks += cuts[0].axis != kNone && chunk > 1 &&
                         cuts[0].shard % cuts[0].inner != 0;
    }
  EXPECT_GT(numWithinChunks, 20);
}

/// Runs of 48 points, 128 to a sequence: one of them begins at point 96 and
/// has the 16 last channels of one sequence and as many of the next.
TEST(CutsTest, AShardThatBeginsWithinAChunkHasPartsOfTwoSequences) {
  KernelSpec kernel = kernelWith(
      {{"token", 24}, {"head", 1}, {"context", 8}, {"dim", 16}},
      {TensorRole::State, 0, {"f32", 32}, {{0, 8}, {1, 1}, {2, 1}, {3, 1}}});
  kernel.states = {{"key", {"f32", 32}, {3, 1, 8, 16}}};
  Sharding sharding = {{8, 8}, {1, 1}, {8, 8}, {{{kY, kY, kX, kY}}}};
  EXPECT_EQ(indexedBy(kernel, sharding, {0, 0, 2}).size(), 32u);
  EXPECT_EQ(footprint(kernel, sharding).state, 128);
}

TEST(CutsTest, EverySequenceInFlightHasItsPlace) {
  for (int64_t chunk : {1, 2, 8})
    for (const Sharding &sharding : cutsOfAttention()) {
      KernelSpec kernel = attentionWith(chunk, 2);
      std::vector<Cut> cuts = stateCuts(kernel, sharding, 0);
      std::set<std::vector<int64_t>> all;
      size_t most = 0;
      for (const CorePosition &core : coresOf(sharding)) {
        std::vector<std::vector<int64_t>> tuples = tuplesOf(cuts, core);
        std::set<std::vector<int64_t>> held(tuples.begin(), tuples.end());
        most = std::max(most, held.size());
        all.merge(held);
      }
      EXPECT_EQ(all.size(), 6u * 2 * 5 * 6);
      EXPECT_GE(footprint(kernel, sharding).state, int64_t(2 * most));
    }
}

/// Counts what cores hold of a weight one by one.
struct Held {
  int64_t all = 0;
  int64_t largest = 0;
};

Held countShards(const KernelSpec &kernel, const Sharding &sharding) {
  Held held;
  for (const CorePosition &core : coresOf(sharding)) {
    int64_t elements = 1;
    for (IndexRange range : weightShard(kernel, sharding, 0, core))
      elements *= range.length();
    int64_t bytes = (elements * kernel.weights[0].type.bits + 7) / 8;
    held.all += bytes;
    held.largest = std::max(held.largest, bytes);
  }
  return held;
}

TEST(CutsTest, BytesOfCopiesAreThoseOfTheirShards) {
  int numSharedBytes = 0;
  for (ElementType type : {kU4, kF16})
    for (int64_t unit : {1, 2, 8})
      for (Extent groups : {Extent{1, 1}, Extent{2, 2}})
        for (Extent group : {Extent{1, 1}, Extent{3, 2}, Extent{7, 5}})
          for (auto axes : {std::vector<Axis>{kGroup, kX, kY},
                            {kGroup, kY, kX},
                            {kGroup, kX, kNone},
                            {kNone, kNone, kY},
                            {kNone, kNone, kNone}}) {
            KernelSpec kernel = kernelWith(
                {{"expert", 3}, {"n", 5}, {"k", 26, DimKind::Reduction, unit}},
                {TensorRole::Weights, 0, type, {{0, 1}, {1, 1}, {2, 1}}});
            kernel.role = KernelRole::Experts;
            kernel.weights = {{"w", type, {3, 5, 26}, 0, 0, {}}};
            Sharding sharding = {{14, 10}, groups, group, {{axes}}};
            Diagnostics diags;
            ASSERT_TRUE(check(kernel, sharding, diags));
            Held held = countShards(kernel, sharding);
            int64_t one = copyBytes(kernel, sharding, 0);
            EXPECT_EQ(one * copySets(kernel, sharding, 0), held.all);
            EXPECT_EQ(largestShardBytes(kernel, sharding, 0), held.largest);
            EXPECT_LE(held.largest, footprint(kernel, sharding).weights);
            int64_t packed = (3 * 5 * 26 * type.bits + 7) / 8;
            EXPECT_GE(one, packed);
            numSharedBytes += one > packed;
          }
  // Some shards of 4-bit elements end inside a byte; those of f16 never do.
  EXPECT_GT(numSharedBytes, 0);
}

/// Where cuts fall into blocks that share a scale, cores on either side have
/// it.
TEST(CutsTest, CoresHaveTheScalesOfAllBlocksThatTheyHaveAPartOf) {
  int numCopied = 0;
  for (int64_t size : {26, 128, 300, 1000})
    for (int64_t block : {8, 12, 128})
      for (int64_t unit : {1, 3, 16})
        for (int64_t parts : {1, 2, 5, 40, 200}) {
          KernelSpec kernel =
              kernelWith({{"n", 5}, {"k", size, DimKind::Reduction, unit}},
                         {TensorRole::Weights, 1, kU4, {{0, 1}, {1, 1}}});
          kernel.ops[0].operands.push_back(
              {TensorRole::Weights, 0, kF16, {{0, 1}, {1, block}}});
          int64_t blocks = (size + block - 1) / block;
          kernel.weights = {{"scales", kF16, {5, blocks}, 0, 0, {}},
                            {"w", kU4, {5, size}, 0, 0, {}}};
          Sharding sharding = {{parts, 1}, {1, 1}, {parts, 1}, {{{kNone, kX}}}};
          Diagnostics diags;
          ASSERT_TRUE(check(kernel, sharding, diags));
          std::vector<int> holders(size_t(blocks), 0);
          for (int64_t x = 0; x < parts; ++x) {
            IndexRange elements =
                weightShard(kernel, sharding, 1, {0, x, 0})[1];
            IndexRange scales = weightShard(kernel, sharding, 0, {0, x, 0})[1];
            // One block of all elements belongs to every part alike.
            if (block >= size)
              EXPECT_EQ(scales, (IndexRange{0, 1}));
            else if (elements.length() == 0)
              EXPECT_EQ(scales.length(), 0);
            else
              EXPECT_EQ(scales,
                        (IndexRange{elements.begin / block,
                                    (elements.end + block - 1) / block}))
                  << size << " " << block << " " << unit << " " << parts;
            for (int64_t b = scales.begin; b < scales.end; ++b)
              ++holders[size_t(b)];
          }
          EXPECT_EQ(std::count(holders.begin(), holders.end(), 0), 0);
          Held held = countShards(kernel, sharding);
          EXPECT_EQ(copyBytes(kernel, sharding, 0) *
                        copySets(kernel, sharding, 0),
                    held.all);
          EXPECT_EQ(copies(kernel, sharding, 0),
                    *std::min_element(holders.begin(), holders.end()));
          int64_t largest = largestShardBytes(kernel, sharding, 0);
          EXPECT_GE(largest, held.largest);
          // At most one scale of each row more, where few parts begin early.
          EXPECT_LE(largest, held.largest + 5 * 2);
          EXPECT_GE(footprint(kernel, sharding).weights,
                    largest + largestShardBytes(kernel, sharding, 1));
          numCopied += hasSharedElements(weightCuts(kernel, sharding, 0));
        }
  EXPECT_GT(numCopied, 50);
}

TEST(CutsTest, EmptyWeightsHaveNoBytes) {
  KernelSpec kernel =
      kernelWith({{"n", 4}}, {TensorRole::Weights, 0, kF16, {{0, 1}, {-1, 1}}});
  kernel.weights = {{"w", kF16, {4, 0}, 0, 0, {}}};
  Sharding sharding = {{2, 1}, {1, 1}, {2, 1}, {{{kX}}}};
  EXPECT_EQ(copyBytes(kernel, sharding, 0), 0);
  EXPECT_EQ(largestShardBytes(kernel, sharding, 0), 0);
}

/// A matrix for each of 3 heads, the heads and what is summed on one axis.
KernelSpec productOfHeads(int64_t k) {
  KernelSpec kernel =
      kernelWith({{"head", 3}, {"n", 4}, {"k", k, DimKind::Reduction}},
                 {TensorRole::Weights, 0, kF16, {{0, 1}, {1, 1}, {2, 1}}});
  kernel.weights = {{"w", kF16, {3, 4, k}, 0, 3 * 4 * k * 2, {}}};
  return kernel;
}

/// 4 of 14 columns to a head, 3 indices to a column: 10 of 12.
TEST(CutsTest, HeadsMayHaveCoresOfTheirOwn) {
  KernelSpec kernel = productOfHeads(10);
  Sharding sharding = {{14, 2}, {1, 1}, {14, 2}, {{{kX, kY, kX}, 12}}};
  Diagnostics diags;
  ASSERT_TRUE(check(kernel, sharding, diags));
  std::vector<Cut> cuts = weightCuts(kernel, sharding, 0);
  EXPECT_EQ(cuts[0], (Cut{"head", 3, kX, 14, 1, 3, 12, 36, 3}));
  EXPECT_EQ(cuts[1], (Cut{"n", 4, kY, 2, 1, 2, 1, 4, 4}));
  EXPECT_EQ(cuts[2], (Cut{"k", 10, kX, 14, 1, 3, 1, 36, 12}));
  EXPECT_EQ(weightShard(kernel, sharding, 0, {0, 7, 1}),
            (std::vector<IndexRange>{{1, 2}, {2, 4}, {9, 10}}));
  EXPECT_EQ(weightShard(kernel, sharding, 0, {0, 12, 0})[0].length(), 0);
  EXPECT_EQ(copies(kernel, sharding, 0), 1);
  EXPECT_EQ(largestShardBytes(kernel, sharding, 0), 2 * 3 * 2);
  EXPECT_EQ(copyBytes(kernel, sharding, 0), 3 * 4 * 10 * 2);
  EXPECT_FALSE(hasSharedElements(cuts));
}

/// Of any number of columns and any width each element has one core, and that
/// holds what the cuts say word for word.
TEST(CutsTest, ColumnsOfHeadsHoldEachElementOnce) {
  for (int64_t k : {2, 5, 8, 10})
    for (int64_t columns : {1, 2, 3, 4, 7, 12, 40})
      for (int64_t width : {k, k + 1, k + 6}) {
        KernelSpec kernel = productOfHeads(k);
        Sharding sharding = {
            {columns, 1}, {1, 1}, {columns, 1}, {{{kX, kNone, kX}, width}}};
        std::vector<Cut> cuts = weightCuts(kernel, sharding, 0);
        std::map<std::vector<int64_t>, int> held;
        int64_t most = 0;
        for (const CorePosition &core : coresOf(sharding)) {
          std::vector<IndexRange> box = weightShard(kernel, sharding, 0, core);
          int64_t elements = 1;
          for (const IndexRange &range : box)
            elements *= range.length();
          most = std::max(most, elements);
          // The loop over n is one of its own.
          std::set<std::vector<int64_t>> distinct;
          for (std::vector<int64_t> &tuple : tuplesOf(cuts, core))
            distinct.insert(tuple);
          EXPECT_EQ(int64_t(distinct.size()), elements);
          for (const std::vector<int64_t> &tuple : distinct)
            ++held[tuple];
        }
        EXPECT_EQ(int64_t(held.size()), 3 * 4 * k);
        for (const auto &[tuple, times] : held)
          EXPECT_EQ(times, 1);
        EXPECT_EQ(largestShardBytes(kernel, sharding, 0), 2 * most);
        EXPECT_EQ(copyBytes(kernel, sharding, 0), 3 * 4 * k * 2);
      }
}

/// What differs by head only is on all cores of a head.
TEST(CutsTest, CoresOfAHeadShareItsScale) {
  KernelSpec kernel = productOfHeads(10);
  kernel.weights.push_back({"scale", kF16, {3, 5}, 0, 3 * 5 * 2, {}});
  kernel.ops[0].operands.push_back(
      {TensorRole::Weights, 1, kF16, {{0, 1}, {2, 2}}});
  Sharding sharding = {{14, 2}, {1, 1}, {14, 2}, {{{kX, kY, kX}, 12}}};
  std::vector<Cut> cuts = weightCuts(kernel, sharding, 1);
  EXPECT_EQ(weightShard(kernel, sharding, 1, {0, 7, 1}),
            (std::vector<IndexRange>{{1, 2}, {0, 5}}));
  EXPECT_TRUE(hasSharedElements(cuts));
  EXPECT_EQ(copySets(kernel, sharding, 1), 2); // one for each row
  EXPECT_EQ(copies(kernel, sharding, 1), 2 * 4);
  EXPECT_EQ(copyBytes(kernel, sharding, 1), 3 * 4 * 5 * 2);
}

} // namespace
