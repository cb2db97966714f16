//===- MemoryTest.cpp - Offsets of buffers in the SRAM of a core ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Memory/Memory.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <random>

using namespace inlay;
using namespace inlay::memory;
using testing::ElementsAre;

namespace {

Problem makeProblem(std::vector<Buffer> buffers, int64_t budget = 1 << 20) {
  Problem problem;
  problem.name = "core";
  problem.buffers = std::move(buffers);
  problem.budget = budget;
  return problem;
}

std::vector<std::string> messages(const Diagnostics &diags) {
  std::vector<std::string> all;
  for (const Diagnostic &diag : diags.all())
    all.push_back(diag.message);
  return all;
}

TEST(MemoryTest, BuffersThatNeverMeetShareBytes) {
  Problem problem =
      makeProblem({{"weights", 100, 0, 3}, {"a", 50, 0, 1}, {"b", 64, 1, 2}});
  Diagnostics diags;
  std::optional<Solution> solution = solve(problem, diags);
  ASSERT_TRUE(solution);
  EXPECT_TRUE(solution->verify(problem, diags));
  EXPECT_EQ(solution->peak, 112 + 64);
  EXPECT_EQ(problem.lowerBound(), solution->peak);
}

TEST(MemoryTest, NoBuffersNeedNothing) {
  Problem problem = makeProblem({}, 0);
  Diagnostics diags;
  std::optional<Solution> solution = solve(problem, diags);
  ASSERT_TRUE(solution);
  EXPECT_EQ(solution->peak, 0);
  EXPECT_TRUE(solution->verify(problem, diags));
}

TEST(MemoryTest, RandomProblemsAreLegalAndNearTheBound) {
  std::mt19937 random(7);
  auto draw = [&](int from, int to) {
    return from + static_cast<int>(random() % unsigned(to - from + 1));
  };
  for (int round = 0; round < 200; ++round) {
    std::vector<Buffer> buffers;
    int count = draw(1, 30);
    for (int i = 0; i < count; ++i) {
      int begin = draw(0, 9);
      buffers.push_back({"b" + std::to_string(i), draw(0, 500), begin,
                         begin + draw(1, 10 - begin)});
    }
    Problem problem = makeProblem(buffers);
    Diagnostics diags;
    ASSERT_TRUE(problem.check(diags));
    std::optional<Solution> solution = solve(problem, diags);
    ASSERT_TRUE(solution);
    EXPECT_TRUE(solution->verify(problem, diags));
    EXPECT_GE(solution->peak, problem.lowerBound());
    EXPECT_LE(double(solution->peak), 1.25 * double(problem.lowerBound()));
  }
}

TEST(MemoryTest, KernelBuffersPeakAtTheFootprint) {
  model::KernelSpec kernel;
  kernel.name = "k";
  kernel.weights = {{"w", {"f16", 16}, {8, 8}, 0, 0, {}}};
  kernel.states = {{"past", {"f16", 16}, {8}}};
  kernel.inputs = {{{"f16", 16}, {8}}};
  kernel.outputs = {{{"f16", 16}, {8}}};
  model::OpSpec op;
  op.dims = {{"n", 8}};
  op.operands = {{model::TensorRole::Local, 4, {"f16", 16}, {{0, 1}}}};
  kernel.ops = {op, op};
  kernel.ops[1].operands[0].tensor = -1;
  model::Sharding sharding = {
      {1, 1}, {1, 1}, {1, 1}, {{{model::Axis::X}}, {{model::Axis::X}}}};
  Problem problem = problemOf({{&kernel, &sharding}}, "k", 4096);
  EXPECT_EQ(problem.lowerBound(), model::footprint(kernel, sharding).total());
  std::vector<std::string> names;
  for (const Buffer &buffer : problem.buffers)
    names.push_back(buffer.name);
  EXPECT_THAT(names, ElementsAre("w", "past", "input 0 (double-buffered)",
                                 "output 0 (double-buffered)", "local 4",
                                 "scratch of op 1"));
}

/// A weight of 64 bytes, an input and an output of 16, and scratch of the op.
model::KernelSpec kernelWithScratch(int64_t scratch) {
  model::KernelSpec kernel;
  model::ElementType byte = {"i8", 8};
  kernel.weights = {{"w", byte, {64}, 0, 64, {}}};
  kernel.inputs = {{byte, {16}}};
  kernel.outputs = {{byte, {16}}};
  model::OpSpec op;
  op.dims = {{"n", scratch, model::DimKind::Parallel, 1}};
  op.operands = {{model::TensorRole::Local, 0, byte, {{0, 1}}}};
  kernel.ops = {op, op};
  return kernel;
}

TEST(MemoryTest, KernelsThatTakeTurnsShareScratchOnly) {
  model::KernelSpec small = kernelWithScratch(160);
  model::KernelSpec large = kernelWithScratch(320);
  model::Sharding sharding = {
      {1, 1}, {1, 1}, {1, 1}, {{{model::Axis::None}}, {{model::Axis::None}}}};
  std::vector<model::CutKernel> kernels = {
      {&small, &sharding}, {&large, &sharding}, {&small, &sharding}};
  model::Footprint bytes = model::footprint(kernels);
  EXPECT_EQ(bytes.weights, 3 * 64);
  EXPECT_EQ(bytes.streams, 3 * 4 * 16);
  EXPECT_EQ(bytes.scratch, 320);
  Problem problem = problemOf(kernels, "region", bytes.total());
  Diagnostics diags;
  ASSERT_TRUE(problem.check(diags));
  std::optional<Solution> solution = solve(problem, diags);
  ASSERT_TRUE(solution);
  EXPECT_TRUE(solution->verify(problem, diags));
  EXPECT_EQ(solution->peak, bytes.total());
}

TEST(MemoryTest, OverBudgetNamesTheLargest) {
  Problem problem = makeProblem(
      {{"w", 1000, 0, 2}, {"a", 30, 0, 1}, {"b", 100, 1, 2}, {"c", 200, 0, 2}},
      1024);
  Diagnostics diags;
  EXPECT_FALSE(solve(problem, diags));
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_EQ(diags.exitStatus(), 2);
  EXPECT_EQ(diags.all()[0].subject, "memory of 'core'");
  EXPECT_EQ(diags.all()[0].message,
            "buffers reach up to 1,328 B, the budget of a core is 1,024 B, "
            "short by 304 B; at least 1,328 B are live at once");
  EXPECT_THAT(
      diags.all()[0].notes,
      ElementsAre("largest: w 1,000 B, c 200 B, b 100 B, a 30 B",
                  "would fit: 304 B more on each core (a smaller --reserve or "
                  "a target with more SRAM)"));
}

TEST(MemoryTest, ChecksTheProblem) {
  Problem problem = makeProblem({{"a", -1, 0, 1}, {"b", 8, 3, 3}});
  problem.alignment = 0;
  Diagnostics diags;
  EXPECT_FALSE(problem.check(diags));
  EXPECT_THAT(messages(diags),
              ElementsAre("aligns buffers to 0 bytes",
                          "buffer 'a' has -1 bytes",
                          "buffer 'b' lives from 3 to 3, which is never"));
}

TEST(MemoryTest, VerifiesWhatItIsGiven) {
  Problem problem = makeProblem({{"a", 32, 0, 2}, {"b", 32, 1, 2}}, 64);
  Diagnostics diags;
  EXPECT_FALSE((Solution{{0}, 32}.verify(problem, diags)));
  EXPECT_FALSE((Solution{{0, 8}, 48}.verify(problem, diags)));
  EXPECT_FALSE((Solution{{0, 48}, 96}.verify(problem, diags)));
  EXPECT_THAT(messages(diags),
              ElementsAre("has 1 offsets for 2 buffers",
                          "buffer 'b' starts at 8, not at a multiple of 16",
                          "buffers 'a' and 'b' overlap",
                          "claims a peak of 96, but it is 80",
                          "reaches up to 80 B, above the budget of 64 B"));
}

} // namespace
