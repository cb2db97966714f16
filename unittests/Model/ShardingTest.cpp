//===- ShardingTest.cpp ---------------------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Sharding.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::model;
using testing::ElementsAre;

namespace {

const ElementType kF16 = {"f16", 16};
const ElementType kU4 = {"u4", 4};

/// y[1, n] = x[1, k] W[n, k], 4-bit weights in blocks of 32 with f16 scales.
KernelSpec quantisedLinear(int64_t n, int64_t k) {
  KernelSpec kernel;
  kernel.name = "linear";
  kernel.weights = {{"w", kU4, {n, k}, 0, 0, {}},
                    {"scales", kF16, {n, k / 32}, 0, 0, {}},
                    {"bias", kF16, {n}, 0, 0, {}}};
  kernel.inputs = {{kF16, {1, k}}};
  kernel.outputs = {{kF16, {1, n}}};
  OpSpec op;
  op.name = "linear";
  op.opClass = OpClass::Contraction;
  op.dims = {{"token", 1}, {"n", n}, {"k", k, DimKind::Reduction, 32}};
  op.operands = {{TensorRole::Input, 0, kF16, {{0, 1}, {2, 1}}},
                 {TensorRole::Weights, 0, kU4, {{1, 1}, {2, 1}}},
                 {TensorRole::Weights, 1, kF16, {{1, 1}, {2, 32}}},
                 {TensorRole::Weights, 2, kF16, {{1, 1}}},
                 {TensorRole::Output, 0, kF16, {{0, 1}, {1, 1}}}};
  kernel.ops = {op};
  return kernel;
}

Sharding shardingOf(Extent region, std::vector<OpSharding> ops) {
  return {region, {1, 1}, region, std::move(ops)};
}

const OpSharding kNoverX = {{Axis::None, Axis::X, Axis::Y}};

std::vector<std::string> messages(const Diagnostics &diags) {
  std::vector<std::string> all;
  for (const Diagnostic &diag : diags.all())
    all.push_back(diag.message);
  return all;
}

TEST(ShardingTest, CutsAtUnitsOnly) {
  IterationDim k = {"k", 96, DimKind::Reduction, 32};
  EXPECT_EQ(shardLength(k, 1), 96);
  EXPECT_EQ(shardLength(k, 2), 64);
  EXPECT_EQ(shardLength(k, 3), 32);
  EXPECT_EQ(shardLength(k, 100), 32);
  EXPECT_EQ(shardRange(k, 2, 1), (IndexRange{64, 96}));
  EXPECT_EQ(shardRange(k, 100, 99), (IndexRange{96, 96}));
  IterationDim odd = {"k", 70, DimKind::Reduction, 32};
  EXPECT_EQ(shardRange(odd, 3, 2), (IndexRange{64, 70}));
}

TEST(ShardingTest, RangesTileEveryDim) {
  for (int64_t size : {1, 2, 7, 64, 97})
    for (int64_t unit : {1, 3, 16})
      for (int64_t parts : {1, 2, 5, 64, 200}) {
        IterationDim dim = {"n", size, DimKind::Parallel, unit};
        int64_t at = 0;
        for (int64_t part = 0; part < parts; ++part) {
          IndexRange range = shardRange(dim, parts, part);
          EXPECT_EQ(range.begin, at);
          EXPECT_LE(range.length(), shardLength(dim, parts));
          at = range.end;
        }
        EXPECT_EQ(at, size);
      }
}

TEST(ShardingTest, FootprintCountsScalesPaddingAndDoubleBuffers) {
  KernelSpec kernel = quantisedLinear(10, 128);
  Sharding sharding = shardingOf({5, 2}, {kNoverX});
  Diagnostics diags;
  ASSERT_TRUE(check(kernel, sharding, diags));
  // A core has 2 rows of 64: 64 bytes of weights, 2 x 2 scales of 2 bytes and 2
  // biases, each rounded up to 16.
  Footprint bytes = footprint(kernel, sharding);
  EXPECT_EQ(bytes.weights, 64 + 16 + 16);
  EXPECT_EQ(bytes.state, 0);
  EXPECT_EQ(bytes.streams, 2 * 128 + 2 * 16);
  // Partial sums of two 32-bit results.
  EXPECT_EQ(bytes.scratch, 16);
  EXPECT_EQ(bytes.total(), 400);
}

TEST(ShardingTest, WeightShardsFollowUnitsAndBlocks) {
  KernelSpec kernel = quantisedLinear(10, 128);
  Sharding sharding = shardingOf({4, 3}, {kNoverX});
  EXPECT_THAT(weightShard(kernel, sharding, 0, {0, 3, 1}),
              ElementsAre(IndexRange{9, 10}, IndexRange{64, 128}));
  EXPECT_THAT(weightShard(kernel, sharding, 1, {0, 3, 1}),
              ElementsAre(IndexRange{9, 10}, IndexRange{2, 4}));
  EXPECT_THAT(weightShard(kernel, sharding, 2, {0, 3, 1}),
              ElementsAre(IndexRange{9, 10}));
  // Four blocks over three rows: two, two, none.
  EXPECT_EQ(weightShard(kernel, sharding, 0, {0, 0, 2})[1].length(), 0);
  EXPECT_EQ(copies(kernel, sharding, 0), 1);
  EXPECT_EQ(copies(kernel, sharding, 2), 3);
}

TEST(ShardingTest, ScalesOfWholeRowsAreOnEveryPartOfTheRow) {
  KernelSpec kernel = quantisedLinear(10, 128);
  kernel.weights[1].shape = {10, 1};
  kernel.ops[0].operands[2].indexing[1].divisor = 128;
  Sharding sharding = shardingOf({5, 4}, {kNoverX});
  Diagnostics diags;
  EXPECT_TRUE(check(kernel, sharding, diags));
  EXPECT_EQ(copies(kernel, sharding, 1), 4);
  EXPECT_THAT(weightShard(kernel, sharding, 1, {0, 0, 3}),
              ElementsAre(IndexRange{0, 2}, IndexRange{0, 1}));
}

TEST(ShardingTest, WeightsThatNoOpIndexesAreHeldWhole) {
  KernelSpec kernel = quantisedLinear(10, 128);
  kernel.weights.push_back({"table", kF16, {100, 4}, 0, 0, {}});
  Sharding sharding = shardingOf({5, 2}, {kNoverX});
  EXPECT_EQ(footprint(kernel, sharding).weights, 96 + 800);
  EXPECT_EQ(copies(kernel, sharding, 3), 10);
  // Indexed by one dim only: the other is held whole.
  kernel.ops[0].operands.push_back(
      {TensorRole::Weights, 3, kF16, {{-1, 1}, {1, 1}}});
  EXPECT_EQ(footprint(kernel, sharding).weights, 96 + 160);
  // Indexed by fewer dims than it has.
  kernel.ops[0].operands.back().indexing = {{1, 1}};
  EXPECT_EQ(footprint(kernel, sharding).weights, 96 + 800);
  EXPECT_THAT(weightShard(kernel, sharding, 3, {0, 1, 1}),
              ElementsAre(IndexRange{0, 100}, IndexRange{0, 4}));
}

TEST(ShardingTest, DimsThatShareAnAxisAreCutAsOne) {
  OpSpec op;
  op.dims = {{"head", 8}, {"context", 100}, {"dim", 64}};
  OperandSpec keys = {TensorRole::State, 0, kF16, {{0, 1}, {1, 1}, {2, 1}}};
  OperandSpec heads = {TensorRole::Local, -1, kF16, {{0, 1}, {1, 1}}};
  OpSharding cut = {{Axis::X, Axis::Y, Axis::X}};
  Sharding sharding = shardingOf({16, 10}, {cut});
  // 512 channels over 16 columns: half a head each.
  EXPECT_EQ(shardElements(op, keys, cut, sharding), 10 * 32);
  EXPECT_EQ(shardElements(op, heads, cut, sharding), 10);
  sharding = shardingOf({12, 10}, {cut});
  // Runs of 43 channels; one of them touches two heads.
  EXPECT_EQ(shardElements(op, keys, cut, sharding), 10 * 43);
  EXPECT_DOUBLE_EQ(shardPoints(op, cut, sharding), 10 * 43);
}

TEST(ShardingTest, LocalsLiveFromProducerToLastUser) {
  KernelSpec kernel;
  auto elementwise = [](std::vector<int> locals) {
    OpSpec op;
    op.dims = {{"n", 8}};
    for (int local : locals)
      op.operands.push_back({TensorRole::Local, local, kF16, {{0, 1}}});
    return op;
  };
  // 0 is needed again by the last op.
  kernel.ops = {elementwise({0}), elementwise({0, 1}), elementwise({1, 2}),
                elementwise({2, 0, 3})};
  Sharding sharding =
      shardingOf({1, 1}, std::vector<OpSharding>(4, {{Axis::None}}));
  EXPECT_EQ(footprint(kernel, sharding).scratch, 3 * 16);
  std::vector<ShardBuffer> buffers = shardBuffers(kernel, sharding);
  ASSERT_EQ(buffers.size(), 4u);
  EXPECT_EQ(buffers[0].firstOp, 0);
  EXPECT_EQ(buffers[0].lastOp, 3);
}

TEST(ShardingTest, StatesLongerThanTheVisibleContextAreHeldWhole) {
  KernelSpec kernel;
  kernel.states = {{"k", kF16, {1, 1000, 64}}};
  OpSpec op;
  op.dims = {{"context", 100}, {"dim", 64}};
  op.operands = {{TensorRole::State, 0, kF16, {{-1, 1}, {0, 1}, {1, 1}}}};
  kernel.ops = {op};
  Sharding sharding = shardingOf({10, 1}, {{{Axis::X, Axis::None}}});
  EXPECT_EQ(footprint(kernel, sharding).state, 100 * 64 * 2);
}

TEST(ShardingTest, HugeSizesSaturate) {
  KernelSpec kernel = quantisedLinear(int64_t(1) << 61, int64_t(1) << 61);
  Sharding sharding = shardingOf({2, 2}, {kNoverX});
  EXPECT_GT(footprint(kernel, sharding).total(), int64_t(1) << 48);
}

/// 32 of 100 places: dealt out where they have the axis for themselves, in
/// blocks else.
TEST(ShardingTest, PlacesOfAWindowHaveAnAxisForThemselves) {
  KernelSpec kernel;
  kernel.name = "attention";
  kernel.states = {{"keys", kF16, {1, 2, 100, 8}}};
  OpSpec scores;
  scores.name = "scores";
  scores.opClass = OpClass::Contraction;
  scores.dims = {{"token", 1},
                 {"head", 2},
                 {"context", 32},
                 {"dim", 8, DimKind::Reduction}};
  scores.operands = {
      {TensorRole::State, 0, kF16, {{0, 1}, {1, 1}, {2, 1}, {3, 1}}}};
  kernel.ops = {scores};
  using enum Axis;
  Diagnostics diags;
  EXPECT_TRUE(check(kernel, shardingOf({4, 4}, {{{None, X, Y, X}}}), diags));
  EXPECT_FALSE(check(kernel, shardingOf({4, 4}, {{{None, Y, Y, X}}}), diags));
  EXPECT_EQ(diags.all().front().message,
            "cuts the 32 places that op 'scores' reads of the 100 of state "
            "'keys' together with other dims: give dim 'context' an axis for "
            "itself");
  kernel.ops[0].dims[2].size = 100;
  EXPECT_TRUE(check(kernel, shardingOf({4, 4}, {{{None, Y, Y, X}}}), diags));
}

/// Two of six sequences: those of other steps would lie on other cores.
TEST(ShardingTest, SequencesInFlightAreNotCut) {
  KernelSpec kernel;
  kernel.name = "attention";
  kernel.states = {{"keys", kF16, {6, 100}}};
  OpSpec scores;
  scores.name = "scores";
  scores.opClass = OpClass::Contraction;
  scores.dims = {{"token", 2}, {"context", 100}};
  scores.operands = {{TensorRole::State, 0, kF16, {{0, 1}, {1, 1}}}};
  kernel.ops = {scores};
  using enum Axis;
  Diagnostics diags;
  EXPECT_TRUE(check(kernel, shardingOf({4, 4}, {{{None, Y}}}), diags));
  EXPECT_FALSE(check(kernel, shardingOf({4, 4}, {{{X, Y}}}), diags));
  EXPECT_EQ(diags.all().front().message,
            "cuts the 2 sequences of op 'scores' over cores, though state "
            "'keys' has 6");
  kernel.states[0].shape[0] = 2;
  EXPECT_TRUE(check(kernel, shardingOf({4, 4}, {{{X, Y}}}), diags));
}

TEST(ShardingTest, ChecksWhatGroupsHold) {
  KernelSpec kernel = quantisedLinear(10, 128);
  kernel.numExperts = 4;
  Diagnostics diags;
  Sharding sharding = shardingOf({4, 4}, {kNoverX});
  sharding.held = {{0, 1, 2, 3}};
  EXPECT_FALSE(check(kernel, sharding, diags));
  kernel.role = KernelRole::Experts;
  EXPECT_TRUE(check(kernel, sharding, diags));
  for (std::vector<std::vector<int64_t>> held :
       std::vector<std::vector<std::vector<int64_t>>>{
           {{0, 1}, {2, 3}}, {{0, 1, 2, 4}}, {{0, 1, 2, 3, 2}}, {{0, 3, 1}}}) {
    sharding.held = held;
    EXPECT_FALSE(check(kernel, sharding, diags));
  }
  EXPECT_THAT(messages(diags),
              ElementsAre("has groups, which only experts have",
                          "says what 2 groups hold, and has 1",
                          "puts expert 4 of 4 into group 0",
                          "puts expert 2 into group 0 twice",
                          "has expert 2 in no group"));
}

/// Groups of unequal size: the fullest decides what a core has room for.
TEST(ShardingTest, GroupsThatAreGivenHaveWhatTheyList) {
  KernelSpec kernel;
  kernel.name = "moe";
  kernel.role = KernelRole::Experts;
  kernel.numExperts = 6;
  kernel.expertsPerToken = 2;
  ElementType half{"f16", 16};
  kernel.weights.push_back({"w", half, {6, 8, 16}, 0, 6 * 8 * 16 * 2, {}});
  OpSpec op;
  op.name = "fc1";
  op.opClass = OpClass::Contraction;
  op.dims = {{"expert", 6}, {"n", 8}, {"k", 16, DimKind::Reduction}};
  op.operands = {{TensorRole::Weights, 0, half, {{0, 1}, {1, 1}, {2, 1}}}};
  kernel.ops = {op};
  Sharding sharding{{4, 2},
                    {2, 1},
                    {2, 2},
                    {{{Axis::Group, Axis::Y, Axis::X}}},
                    {{5, 0}, {1, 2, 3, 4, 0}}};
  Diagnostics diags;
  ASSERT_TRUE(check(kernel, sharding, diags));
  EXPECT_EQ(sharding.slots(), 5);
  EXPECT_EQ(footprint(kernel, sharding).weights, 5 * 4 * 8 * 2);
  EXPECT_EQ(weightShard(kernel, sharding, 0, {1, 0, 0}).front(),
            (IndexRange{0, 5}));
  EXPECT_EQ(weightShard(kernel, sharding, 0, {0, 0, 0}).front(),
            (IndexRange{0, 2}));
  std::vector<ExpertGroup> groups = expertGroups(kernel, sharding);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].experts, (std::vector<int64_t>{5, 0}));
  // Without lists they lie in order.
  sharding.held.clear();
  EXPECT_EQ(expertGroups(kernel, sharding)[1].experts,
            (std::vector<int64_t>{3, 4, 5}));
}

TEST(ShardingTest, ChecksExtentsAndAxes) {
  KernelSpec kernel = quantisedLinear(10, 128);
  Diagnostics diags;
  Sharding sharding = shardingOf({0, 2}, {kNoverX});
  EXPECT_FALSE(check(kernel, sharding, diags));
  sharding = {{4, 4}, {2, 1}, {2, 4}, {kNoverX}};
  EXPECT_FALSE(check(kernel, sharding, diags));
  kernel.role = KernelRole::Experts;
  sharding.groups = {3, 1};
  EXPECT_FALSE(check(kernel, sharding, diags));
  sharding = shardingOf({4, 4}, {});
  EXPECT_FALSE(check(kernel, sharding, diags));
  sharding = shardingOf({4, 4}, {{{Axis::X}}});
  EXPECT_FALSE(check(kernel, sharding, diags));
  sharding = shardingOf({4, 4}, {{{Axis::None, Axis::Group, Axis::X}}});
  EXPECT_FALSE(check(kernel, sharding, diags));
  EXPECT_EQ(diags.exitStatus(), 3);
  EXPECT_EQ(diags.all()[0].subject, "sharding of kernel 'linear'");
  EXPECT_THAT(messages(diags),
              ElementsAre("has an extent of 0 x 2",
                          "has groups, which only experts have",
                          "tiles 3 x 1 groups of 2 x 4 cores over a region of "
                          "4 x 4",
                          "cuts 0 ops of 1",
                          "gives op 'linear' 1 axes for 3 "
                          "dims",
                          "cuts dim 'n' of op 'linear' over groups"));
}

TEST(ShardingTest, HoldsAWeightWholeAlongDimsThatShareAnAxis) {
  // One scale for the elements of every head, heads and elements cut together.
  KernelSpec kernel;
  kernel.name = "k";
  kernel.weights = {{"gamma", kF16, {24}, 0, 48, {}}};
  OpSpec norm;
  norm.name = "rms_norm";
  norm.opClass = OpClass::Reduction;
  norm.dims = {{"head", 6}, {"dim", 24, DimKind::Reduction}};
  norm.operands = {{TensorRole::Weights, 0, kF16, {{1, 1}}}};
  kernel.ops = {norm};
  Sharding together = shardingOf({16, 1}, {{{Axis::X, Axis::X}}});
  Diagnostics diags;
  EXPECT_TRUE(check(kernel, together, diags));
  // A run of 9 of 144 points ends in one head and begins in the next.
  EXPECT_EQ(weightShard(kernel, together, 0, {0, 2, 0}),
            (std::vector<IndexRange>{{0, 24}}));
  EXPECT_EQ(copies(kernel, together, 0), 16);
  EXPECT_EQ(footprint(kernel, together).weights, 48);
  // A dim that has the axis for itself is cut.
  Sharding alone = shardingOf({16, 1}, {{{Axis::None, Axis::X}}});
  EXPECT_EQ(weightShard(kernel, alone, 0, {0, 2, 0}),
            (std::vector<IndexRange>{{4, 6}}));
}

TEST(ShardingTest, ChecksThatWeightShardsAreBoxes) {
  KernelSpec kernel = quantisedLinear(10, 128);
  Diagnostics diags;
  kernel.ops[0].dims[2].unit = 16;
  EXPECT_TRUE(check(kernel, shardingOf({4, 4}, {kNoverX}), diags));
  kernel.ops.push_back(kernel.ops[0]);
  OpSharding kOverX = {{Axis::None, Axis::Y, Axis::X}};
  EXPECT_FALSE(check(kernel, shardingOf({4, 4}, {kNoverX, kOverX}), diags));
  EXPECT_THAT(messages(diags), ElementsAre("cuts weight 'w' in two ways",
                                           "cuts weight 'scales' in two ways",
                                           "cuts weight 'bias' in two ways"));
}

TEST(ShardingTest, CoresOfAHeadDivideAllOfIt) {
  KernelSpec kernel = quantisedLinear(64, 96);
  Sharding sharding =
      shardingOf({4, 4}, {{{Axis::None, Axis::X, Axis::X}, 90}});
  Diagnostics diags;
  EXPECT_FALSE(check(kernel, sharding, diags));
  EXPECT_THAT(messages(diags),
              ElementsAre("has op 'linear' divide 90 indices of dim 'k', which "
                          "has 96"));
}

} // namespace
