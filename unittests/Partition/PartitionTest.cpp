//===- PartitionTest.cpp - A chain of kernels over wafers -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Partition/Partition.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <limits>
#include <random>

using namespace inlay;
using namespace inlay::partition;
using testing::ElementsAre;

namespace {

/// Kernels "k0", "k1", ... of these bytes, each in a layer of its own, with ten
/// cycles for each byte.
Problem makeProblem(std::vector<int64_t> bytes, int64_t perWafer,
                    int wafers = 0) {
  Problem problem;
  for (int64_t b : bytes) {
    int index = static_cast<int>(problem.items.size());
    problem.items.push_back(
        {"k" + std::to_string(index), index, b, 10.0 * double(b), 5});
  }
  problem.bytesPerWafer = perWafer;
  problem.wafers = wafers;
  return problem;
}

std::optional<Solution> solved(const Problem &problem) {
  Diagnostics diags;
  EXPECT_TRUE(problem.check(diags));
  std::optional<Solution> solution = solve(problem, diags);
  if (solution)
    EXPECT_TRUE(solution->verify(problem, diags));
  for (const Diagnostic &diag : diags.all())
    ADD_FAILURE() << diag.subject << ": " << diag.message;
  return solution;
}

std::vector<std::string> messages(const Diagnostics &diags) {
  std::vector<std::string> all;
  for (const Diagnostic &diag : diags.all())
    all.push_back(diag.subject + ": " + diag.message);
  return all;
}

TEST(PartitionTest, FindsTheLeastNumberAndBalances) {
  std::optional<Solution> solution =
      solved(makeProblem({4, 4, 4, 4, 4, 4}, 20));
  ASSERT_TRUE(solution);
  // Five would fit on the first wafer; three and three are balanced.
  EXPECT_THAT(solution->stages, ElementsAre(Stage{0, 3}, Stage{3, 6}));
  EXPECT_EQ(solution->fewestWafers, 2);
  EXPECT_DOUBLE_EQ(solution->slowestStage, 125);
  EXPECT_DOUBLE_EQ(solution->crossings, 5);
}

TEST(PartitionTest, KeepsLayersWholeWhereTheyFit) {
  Problem problem = makeProblem({6, 6, 6, 6, 6, 6}, 24, 2);
  for (int i = 0; i < 6; ++i)
    problem.items[i].layer = i < 4 ? 0 : 1;
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_THAT(solution->stages, ElementsAre(Stage{0, 4}, Stage{4, 6}));
}

TEST(PartitionTest, CutsLayersThatDoNotFit) {
  Problem problem = makeProblem({6, 6, 6, 6}, 13);
  for (Item &item : problem.items)
    item.layer = 0;
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_THAT(solution->stages, ElementsAre(Stage{0, 2}, Stage{2, 4}));
}

TEST(PartitionTest, CutsLayersWhereWholeOnesNeedTooManyWafers) {
  Problem problem = makeProblem({4, 4, 4, 4, 4, 4}, 12, 2);
  for (int i = 0; i < 6; ++i)
    problem.items[i].layer = i / 2;
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_THAT(solution->stages, ElementsAre(Stage{0, 3}, Stage{3, 6}));
}

TEST(PartitionTest, CutsLayersWhereThatSavesWafers) {
  // Whole layers of 8 take a wafer of 12 each; cut in the middle, two do.
  Problem problem = makeProblem({4, 4, 4, 4, 4, 4}, 12);
  for (int i = 0; i < 6; ++i)
    problem.items[i].layer = i / 2;
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_EQ(solution->stages.size(), 3u);
  problem.objective = Objective::Wafers;
  solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_THAT(solution->stages, ElementsAre(Stage{0, 3}, Stage{3, 6}));
}

TEST(PartitionTest, AsksOnceForRunsThatAreAlike) {
  // A hundred layers of two kernels, ten kernels to a wafer.
  Problem problem = makeProblem(std::vector<int64_t>(200, 10), 100);
  for (int i = 0; i < 200; ++i) {
    problem.items[i].layer = i / 2;
    problem.items[i].kind = i % 2;
  }
  int asked = 0;
  problem.objective = Objective::Wafers;
  problem.fits = [&](size_t first, size_t last) {
    ++asked;
    return last - first <= 7;
  };
  Diagnostics diags;
  std::optional<Solution> solution = solve(problem, diags);
  ASSERT_TRUE(solution);
  EXPECT_EQ(solution->stages.size(), 29u);
  // Runs of 1 to 10 that start with either kind, and those at the end.
  EXPECT_LE(asked, 60);
}

TEST(PartitionTest, UsesAsManyWafersAsGiven) {
  Problem problem = makeProblem({1, 1, 1, 1, 1}, 100, 4);
  for (Item &item : problem.items)
    item.layer = 0;
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_EQ(solution->stages.size(), 4u);
  EXPECT_EQ(solution->fewestWafers, 1);
}

TEST(PartitionTest, ThroughputBalancesCyclesNotCores) {
  Problem problem = makeProblem({1, 1, 1, 9}, 100, 2);
  problem.items[0].cycles = 500;
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_EQ(solution->stages[0], (Stage{0, 3}));
  problem.objective = Objective::Throughput;
  solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_EQ(solution->stages[0], (Stage{0, 1}));
  EXPECT_DOUBLE_EQ(solution->slowestStage, 500);
}

TEST(PartitionTest, AmongEqualLoadsCrossesWhereItIsCheap) {
  Problem problem = makeProblem({0, 4, 0, 4, 0}, 100, 2);
  problem.items[1].crossing = 9;
  problem.items[2].crossing = 3;
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_THAT(solution->stages, ElementsAre(Stage{0, 3}, Stage{3, 5}));
}

TEST(PartitionTest, AsksWhatCanBePlaced) {
  Problem problem = makeProblem({4, 4, 4, 4}, 100);
  problem.fits = [](size_t first, size_t last) { return last - first <= 3; };
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_THAT(solution->stages, ElementsAre(Stage{0, 2}, Stage{2, 4}));
}

/// Every way to cut, for comparison.
double bestLoad(const Problem &problem, size_t first, int wafers) {
  if (first == problem.items.size())
    return wafers == 0 ? 0 : std::numeric_limits<double>::infinity();
  double best = std::numeric_limits<double>::infinity();
  if (wafers == 0)
    return best;
  int64_t bytes = 0;
  for (size_t last = first + 1; last <= problem.items.size(); ++last) {
    bytes += problem.items[last - 1].bytes;
    if (bytes > problem.bytesPerWafer)
      break;
    best = std::min(
        best, std::max(double(bytes), bestLoad(problem, last, wafers - 1)));
  }
  return best;
}

TEST(PartitionTest, IsOptimalOnSmallChains) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<int64_t> bytes;
    for (unsigned i = 0; i < 2 + random() % 8; ++i)
      bytes.push_back(1 + static_cast<int64_t>(random() % 20));
    Problem problem = makeProblem(bytes, 30);
    std::optional<Solution> solution = solved(problem);
    ASSERT_TRUE(solution);
    int wafers = static_cast<int>(solution->stages.size());
    EXPECT_EQ(bestLoad(problem, 0, wafers - 1),
              std::numeric_limits<double>::infinity());
    double load = 0;
    for (const Stage &stage : solution->stages) {
      int64_t sum = 0;
      for (size_t i = stage.first; i < stage.last; ++i)
        sum += problem.items[i].bytes;
      load = std::max(load, double(sum));
    }
    EXPECT_EQ(load, bestLoad(problem, 0, wafers));
  }
}

TEST(PartitionTest, SaysHowManyWafersWouldDo) {
  Problem problem = makeProblem({50, 80, 70, 1060}, 1100, 1);
  Diagnostics diags;
  EXPECT_FALSE(solve(problem, diags));
  EXPECT_EQ(diags.exitStatus(), 2);
  EXPECT_THAT(
      messages(diags),
      ElementsAre("the model: needs 1.3 kB, 1 wafer holds 1.1 kB, short by "
                  "160 B; with its kernels whole it takes 2 wafers"));
  EXPECT_THAT(diags.all()[0].notes,
              ElementsAre("largest: k3 1.1 kB, k1 80 B, k2 70 B, k0 50 B",
                          "would fit: --wafers 2"));
}

/// The bytes of all would fit, but not as whole kernels.
TEST(PartitionTest, SaysThatKernelsAreNotCutOverWafers) {
  Problem problem = makeProblem({60, 60, 60}, 100, 2);
  Diagnostics diags;
  EXPECT_FALSE(solve(problem, diags));
  EXPECT_THAT(messages(diags),
              ElementsAre("the model: takes 3 wafers, 2 given: 2 wafers hold "
                          "200 B and the model needs 180 B, but no kernel is "
                          "cut over wafers, so that on each there is room that "
                          "the next does not fit into"));
  EXPECT_THAT(diags.all()[0].notes,
              ElementsAre("largest: k0 60 B, k1 60 B, k2 60 B",
                          "would fit: --wafers 3"));
}

TEST(PartitionTest, PinnedKernelsAreOnTheirWafers) {
  Problem problem = makeProblem({4, 4, 4, 4, 4, 4}, 20);
  problem.items[2].wafer = 1;
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_THAT(solution->stages, ElementsAre(Stage{0, 2}, Stage{2, 6}));
  problem.items[5].wafer = 3;
  solution = solved(problem);
  ASSERT_TRUE(solution);
  ASSERT_EQ(solution->stages.size(), 4u);
  EXPECT_LE(solution->stages[1].first, 2u);
}

TEST(PartitionTest, JoinedKernelsAreOnOneWafer) {
  Problem problem = makeProblem({4, 4, 4, 4}, 12, 2);
  problem.items[2].isJoined = true; // the middle, where it would be cut
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_NE(solution->stages[1].first, 2u);
}

TEST(PartitionTest, SaysWhenPinsCannotBe) {
  Problem problem = makeProblem({4, 4, 4}, 20);
  problem.items[0].wafer = 1; // nothing could be on wafer 0
  Diagnostics diags;
  ASSERT_TRUE(problem.check(diags));
  EXPECT_FALSE(solve(problem, diags));
  EXPECT_EQ(diags.exitStatus(), 2);
  EXPECT_THAT(messages(diags),
              ElementsAre("constraints: no partition over 2 to 18 wafers has "
                          "every pinned kernel on its wafer"));
  EXPECT_THAT(diags.all().front().notes,
              ElementsAre("pin kernels in order of execution, as many bytes "
                          "before each as wafers before its own hold"));
  Problem apart = makeProblem({4, 4}, 20);
  apart.items[0].wafer = 0;
  apart.items[1].wafer = 1;
  apart.items[1].isJoined = true;
  Diagnostics input;
  EXPECT_FALSE(apart.check(input));
  EXPECT_THAT(messages(input),
              ElementsAre("constraints: kernels 'k0' and 'k1' share a region, "
                          "but are pinned to wafers 0 and 1"));
}

TEST(PartitionTest, VerifiesThatWishesHold) {
  Problem problem = makeProblem({4, 4, 4}, 8, 2);
  problem.items[0].wafer = 1;
  Solution solution;
  solution.stages = {{0, 2}, {2, 3}};
  solution.slowestStage = 80;
  solution.crossings = 5;
  Diagnostics diags;
  EXPECT_FALSE(solution.verify(problem, diags));
  EXPECT_THAT(messages(diags), ElementsAre("partition: kernel 'k0' is not on "
                                           "the wafer that it must be on"));
}

TEST(PartitionTest, SaysWhichKernelsFitNoWafer) {
  Problem problem = makeProblem({50, 1060, 4}, 1000);
  problem.fits = [](size_t first, size_t) { return first != 2; };
  Diagnostics diags;
  EXPECT_FALSE(solve(problem, diags));
  EXPECT_EQ(diags.exitStatus(), 2);
  EXPECT_THAT(
      messages(diags),
      ElementsAre("kernel 'k1': needs at least 1.1 kB, a wafer has 1.0 "
                  "kB, short by 60 B",
                  "kernel 'k2': finds no rectangle on a wafer, "
                  "although it needs only 4 B of the 1.0 kB of its live "
                  "cores"));
  // Whoever knows the model says what would fit.
  EXPECT_TRUE(diags.all()[0].notes.empty());
}

TEST(PartitionTest, SaysOfKernelsThatAreAlikeOnce) {
  Problem problem = makeProblem({50, 60, 60, 60, 70, 70}, 1000);
  const int kinds[] = {0, 1, 1, 1, 2, 2};
  for (size_t i = 0; i < problem.items.size(); ++i)
    problem.items[i].kind = kinds[i];
  problem.fits = [](size_t first, size_t) { return first == 0; };
  Diagnostics diags;
  EXPECT_FALSE(solve(problem, diags));
  ASSERT_EQ(diags.all().size(), 2u);
  EXPECT_THAT(diags.all()[0].notes,
              ElementsAre("so do 2 more kernels of the same structure"));
  EXPECT_THAT(diags.all()[1].notes,
              ElementsAre("so does 1 more kernel of the same structure"));
}

TEST(PartitionTest, ChecksTheProblem) {
  Diagnostics diags;
  EXPECT_FALSE(makeProblem({}, 0).check(diags));
  EXPECT_FALSE(makeProblem({-1}, 10).check(diags));
  EXPECT_EQ(diags.exitStatus(), 3);
  EXPECT_THAT(messages(diags),
              ElementsAre("partition: has no kernels",
                          "partition: has wafers of 0 B",
                          "partition: kernel 'k0' has -1 B, -10 cycles and "
                          "5 cycles of crossing, but none may be negative"));
  Diagnostics input;
  EXPECT_FALSE(makeProblem({1, 1}, 10, 3).check(input));
  EXPECT_EQ(input.exitStatus(), 1);
  EXPECT_THAT(messages(input),
              ElementsAre("option --wafers: 3 wafers cannot be used: the model "
                          "has 2 kernels, so 1 to 2 wafers, or auto"));
}

TEST(PartitionTest, VerifiesWhatItIsGiven) {
  Problem problem = makeProblem({4, 4, 4}, 8, 2);
  Diagnostics diags;
  auto verify = [&](std::vector<Stage> stages, double slowest,
                    double crossings) {
    Solution solution;
    solution.stages = std::move(stages);
    solution.slowestStage = slowest;
    solution.crossings = crossings;
    return solution.verify(problem, diags);
  };
  EXPECT_TRUE(verify({{0, 2}, {2, 3}}, 80, 5));
  EXPECT_FALSE(verify({{0, 1}, {1, 2}, {2, 3}}, 45, 10));
  EXPECT_FALSE(verify({{0, 2}, {1, 3}}, 80, 5));
  EXPECT_FALSE(verify({{0, 1}, {1, 2}}, 45, 5));
  EXPECT_FALSE(verify({{0, 2}, {2, 3}}, 70, 5));
  problem.bytesPerWafer = 7;
  EXPECT_FALSE(verify({{0, 2}, {2, 3}}, 80, 5));
  EXPECT_THAT(
      messages(diags),
      ElementsAre("partition: has 3 stages for 2 wafers",
                  "partition: has a stage of kernels 1 to 3 after kernel 2",
                  "partition: leaves out kernels 2 to 3",
                  "partition: claims 70.0 cycles of the slowest stage and 5.0 "
                  "of crossings, but they are 80.0 and 5.0",
                  "partition: kernels 'k0' to 'k1' do not fit on one wafer"));
}

/// Cycles of a stage that grow faster than what it holds.
StageCosts steepCosts(const Problem &problem) {
  auto bytesOf = [&problem](size_t first, size_t last) {
    double bytes = 0;
    for (size_t i = first; i < last; ++i)
      bytes += double(problem.items[i].bytes);
    return bytes;
  };
  StageCosts costs;
  costs.cycles = [=](size_t first, size_t last) {
    double bytes = bytesOf(first, last);
    return bytes + bytes * bytes / 20;
  };
  costs.atLeast = bytesOf;
  costs.key = [](size_t first, size_t last) {
    return std::vector<int>{static_cast<int>(first), static_cast<int>(last)};
  };
  return costs;
}

double costOf(const Problem &problem, const StageCosts &costs,
              const std::vector<Stage> &stages) {
  double sum = 0;
  for (const Stage &stage : stages)
    sum += costs.cycles(stage.first, stage.last) +
           (stage.first ? problem.items[stage.first - 1].crossing : 0);
  return sum;
}

/// Of all partitions of items from `first` on into that many, or any number.
double leastCost(const Problem &problem, const StageCosts &costs, size_t first,
                 int wafers) {
  size_t count = problem.items.size();
  if (first == count)
    return wafers <= 0 ? 0 : std::numeric_limits<double>::infinity();
  double least = std::numeric_limits<double>::infinity();
  int64_t bytes = 0;
  for (size_t last = first + 1; last <= count; ++last) {
    bytes += problem.items[last - 1].bytes;
    if (bytes > problem.bytesPerWafer || wafers == 1 - (last < count))
      break;
    double rest = leastCost(problem, costs, last, wafers - (wafers > 0));
    least = std::min(least, rest + costOf(problem, costs, {{first, last}}));
  }
  return least;
}

TEST(PartitionTest, FastensToTheLeastCycles) {
  std::mt19937 random(11);
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(round);
    std::vector<int64_t> bytes(7);
    for (int64_t &b : bytes)
      b = std::uniform_int_distribution<int64_t>(1, 9)(random);
    for (int wafers : {0, 5}) {
      Problem problem = makeProblem(bytes, 30, wafers);
      std::optional<Solution> start = solved(problem);
      ASSERT_TRUE(start);
      StageCosts costs = steepCosts(problem);
      Solution best = fasten(problem, *start, costs);
      Diagnostics diags;
      EXPECT_TRUE(best.verify(problem, diags));
      double cycles = costOf(problem, costs, best.stages);
      EXPECT_LE(cycles, costOf(problem, costs, start->stages));
      // Stages that are nearly full are not looked at, and the search ends.
      Problem roomy = problem;
      roomy.bytesPerWafer = 27;
      EXPECT_LE(cycles, 1.02 * leastCost(roomy, costs, 0, wafers));
    }
  }
}

TEST(PartitionTest, TakesMoreWafersOnlyForWhatTheySave) {
  // Two wafers more save 16 slopes less two crossings, of 8,000 cycles.
  for (auto [slope, isWorthIt] : {std::pair(1, false), std::pair(10, true)}) {
    SCOPED_TRACE(slope);
    Problem problem = makeProblem(std::vector<int64_t>(8, 1), 5);
    StageCosts costs;
    costs.cycles = [slope = slope](size_t first, size_t last) {
      double count = double(last - first);
      return 1000 * count + slope * count * count;
    };
    costs.atLeast = costs.cycles;
    costs.key = [](size_t first, size_t last) {
      return std::vector<int>{static_cast<int>(last - first)};
    };
    std::optional<Solution> start = solved(problem);
    ASSERT_TRUE(start);
    ASSERT_EQ(start->stages.size(), 2u);
    Solution best = fasten(problem, *start, costs);
    EXPECT_EQ(best.stages.size() > 2, isWorthIt);
  }
}

TEST(PartitionTest, FastensWithinLayersWhereThatIsFaster) {
  // Layers of two items; those that begin with the second are fast.
  Problem problem = makeProblem(std::vector<int64_t>(12, 5), 24);
  for (size_t i = 0; i < problem.items.size(); ++i)
    problem.items[i].layer = static_cast<int>(i / 2);
  StageCosts costs;
  costs.cycles = [](size_t first, size_t last) {
    return double(last - first) * (first % 2 == 1 ? 10 : 100);
  };
  costs.atLeast = [](size_t first, size_t last) {
    return 10 * double(last - first);
  };
  costs.key = [](size_t first, size_t last) {
    return std::vector<int>{static_cast<int>(first % 2),
                            static_cast<int>(last - first)};
  };
  std::optional<Solution> start = solved(problem);
  ASSERT_TRUE(start);
  Solution best = fasten(problem, *start, costs);
  ASSERT_GE(best.stages.size(), 2u);
  EXPECT_EQ(best.stages[1].first % 2, 1u);
}

} // namespace
