//===- SumLinesTest.cpp - Lines of cores that hold parts of one sum -------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every point of every sum is dealt to its core: all cores of a sum must lie on
// one line, lines of a turn apart, and no core may see more sums in all turns
// than the share says. The footprint of what a core sees is held against the
// same count.
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/SumLines.h"

#include "gtest/gtest.h"

#include <random>
#include <set>

using namespace inlay;
using namespace inlay::model;

namespace {

/// Scores of attention: heads, queries of a head, and the dim that is summed.
KernelSpec scores(int64_t heads, int64_t group, int64_t dim) {
  OpSpec op;
  op.name = "scores";
  op.opClass = OpClass::Contraction;
  op.dims = {{"head", heads, DimKind::Parallel, 1},
             {"group", group, DimKind::Parallel, 1},
             {"dim", dim, DimKind::Reduction, 1}};
  // Queries, keys that all queries of a head share, a number for each head.
  op.operands = {{TensorRole::Local, 0, {"f32", 32}, {{0, 1}, {1, 1}, {2, 1}}},
                 {TensorRole::Local, 1, {"f32", 32}, {{0, 1}, {2, 1}}},
                 {TensorRole::Local, 2, {"f32", 32}, {{0, 1}}}};
  KernelSpec kernel;
  kernel.name = "attention";
  kernel.ops = {op};
  return kernel;
}

Sharding cutOverX(int64_t parts) {
  Sharding sharding;
  sharding.region = sharding.group = {parts, 1};
  sharding.groups = {1, 1};
  sharding.ops = {{{Axis::X, Axis::X, Axis::X}}};
  return sharding;
}

struct Case {
  int64_t heads, group, dim, parts;
  int64_t points() const { return heads * group * dim; }
  int64_t shard() const { return (points() + parts - 1) / parts; }
  int64_t coreOf(int64_t point) const { return point / shard(); }
};

void checkLines(const Case &c) {
  KernelSpec kernel = scores(c.heads, c.group, c.dim);
  Sharding sharding = cutOverX(c.parts);
  int64_t cores = coresOfSum(kernel.ops[0], sharding.ops[0], sharding, Axis::X);
  std::set<int64_t> all;
  bool isOnOneCore = true;
  for (int64_t sum = 0; sum < c.heads * c.group; ++sum)
    isOnOneCore &= c.coreOf(sum * c.dim) == c.coreOf((sum + 1) * c.dim - 1);
  if (cores < 2) {
    EXPECT_TRUE(isOnOneCore);
    return;
  }
  SumTurns turns = sumTurns(kernel, sharding, {0}, Axis::X, cores);
  auto lines = sumLines(kernel, sharding, {0}, Axis::X, cores);
  ASSERT_EQ(turns.turns, int64_t(lines.size()));
  for (const std::vector<int64_t> &starts : lines)
    for (size_t i = 0; i < starts.size(); ++i) {
      EXPECT_GE(starts[i], 0);
      EXPECT_LE(starts[i] + cores, c.parts);
      if (i > 0) {
        EXPECT_GE(starts[i], starts[i - 1] + cores);
      }
    }
  std::vector<std::set<int64_t>> seen(c.parts);
  for (int64_t sum = 0; sum < c.heads * c.group; ++sum) {
    int64_t first = c.coreOf(sum * c.dim);
    int64_t last = c.coreOf((sum + 1) * c.dim - 1);
    for (int64_t core = first; core <= last; ++core)
      seen[core].insert(sum);
    bool isTogether = first == last; // needs no line
    for (size_t turn = 0; turn < lines.size(); ++turn)
      if (lines.size() == 1 || int64_t(turn) == sum % turns.turns)
        for (int64_t start : lines[turn])
          isTogether |= start <= first && last < start + cores;
    EXPECT_TRUE(isTogether) << "sum " << sum;
  }
  for (const std::set<int64_t> &sums : seen)
    if (turns.turns > 1) {
      EXPECT_LE(int64_t(sums.size()), turns.share);
    }
}

/// Elements that the core with the most has of each operand.
void checkFootprint(const Case &c) {
  KernelSpec kernel = scores(c.heads, c.group, c.dim);
  Sharding sharding = cutOverX(c.parts);
  const OpSpec &op = kernel.ops[0];
  for (const OperandSpec &operand : op.operands) {
    std::vector<std::set<std::vector<int64_t>>> held(c.parts);
    for (int64_t point = 0; point < c.points(); ++point) {
      int64_t index[] = {point / (c.group * c.dim), point / c.dim % c.group,
                         point % c.dim};
      std::vector<int64_t> element;
      for (const IndexExpr &expr : operand.indexing)
        element.push_back(index[expr.dim]);
      held[c.coreOf(point)].insert(element);
    }
    for (const auto &elements : held)
      EXPECT_LE(int64_t(elements.size()),
                shardElements(op, operand, sharding.ops[0], sharding));
  }
}

/// A head's sums lie on its own cores: no line meets another.
TEST(SumLinesTest, HeadsWithCoresOfTheirOwnTakeNoTurns) {
  KernelSpec kernel = scores(3, 1, 10);
  Sharding sharding = cutOverX(14);
  EXPECT_GT(
      sumTurns(kernel, sharding, {0}, Axis::X,
               coresOfSum(kernel.ops[0], sharding.ops[0], sharding, Axis::X))
          .turns,
      1);
  sharding.ops[0].width = 10;
  EXPECT_EQ(coresOfSum(kernel.ops[0], sharding.ops[0], sharding, Axis::X), 4);
  EXPECT_EQ(sumTurns(kernel, sharding, {0}, Axis::X, 4).turns, 1);
  std::vector<std::vector<int64_t>> lines =
      sumLines(kernel, sharding, {0}, Axis::X, 4);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines.front(), (std::vector<int64_t>{0, 4, 8}));
}

} // namespace

TEST(SumLinesTest, EverySumIsOnOneLine) {
  std::mt19937 random(5);
  auto upTo = [&](int64_t most) { return int64_t(random() % most) + 1; };
  for (int i = 0; i < 2000; ++i) {
    Case c = {upTo(6), upTo(5), upTo(40), upTo(60)};
    SCOPED_TRACE(testing::Message() << c.heads << " x " << c.group << " x "
                                    << c.dim << " over " << c.parts);
    checkLines(c);
    checkFootprint(c);
  }
}

/// 22 points a core: those from 44 on are of two heads of 48.
TEST(SumLinesTest, RunsBeginWithinAnyDim) {
  checkFootprint({2, 3, 16, 5});
  checkLines({2, 3, 16, 5});
}

TEST(SumLinesTest, SumsInRunsGoAtOnce) {
  KernelSpec kernel = scores(2, 2, 16);
  Sharding sharding = cutOverX(8);
  EXPECT_EQ(coresOfSum(kernel.ops[0], sharding.ops[0], sharding, Axis::X), 2);
  EXPECT_EQ(sumTurns(kernel, sharding, {0}, Axis::X, 2).turns, 1);
  sharding = cutOverX(11); // 6 points a core, sums of 16
  EXPECT_EQ(coresOfSum(kernel.ops[0], sharding.ops[0], sharding, Axis::X), 4);
  EXPECT_GT(sumTurns(kernel, sharding, {0}, Axis::X, 4).turns, 1);
}
