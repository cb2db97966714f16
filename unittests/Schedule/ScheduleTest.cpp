//===- ScheduleTest.cpp - One step of the whole machine -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Schedule/Schedule.h"

#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace inlay;
using namespace inlay::schedule;

namespace {

Task task(const char *name, double compute, int stage = 0) {
  Task result;
  result.name = name;
  result.stage = stage;
  result.cycles.compute = compute;
  result.worstCase = compute;
  result.bound.compute = compute / 2;
  return result;
}

Edge edge(int from, int to, double latency, double crossing = 0) {
  Edge result;
  result.from = from;
  result.to = to;
  result.cycles.fabricLatency = latency;
  result.cycles.crossing = crossing;
  return result;
}

/// a -> b -> d and a -> c -> d, with d on another wafer.
Problem diamond() {
  Problem problem;
  problem.tasks = {task("a", 10), task("b", 30), task("c", 5),
                   task("d", 20, 1)};
  problem.edges = {edge(0, 1, 1), edge(0, 2, 50), edge(1, 3, 1, 100),
                   edge(2, 3, 1, 100)};
  problem.numStages = 2;
  return problem;
}

std::string print(const Diagnostics &diags) {
  std::string text;
  llvm::raw_string_ostream os(text);
  diags.print(os);
  return text;
}

TEST(ScheduleTest, LatencyIsTheLongestPath) {
  Problem problem = diamond();
  Diagnostics diags;
  ASSERT_TRUE(problem.check(diags));
  Solution solution = solve(problem);
  // a 10, stream 50, c 5, stream 1 and crossing 100, d 20.
  EXPECT_EQ(solution.latency.total(), 186);
  EXPECT_EQ(solution.latency.crossing, 100);
  EXPECT_EQ(solution.latency.compute, 35);
  EXPECT_THAT(solution.criticalPath, testing::ElementsAre(0, 2, 3));
  // Bounds ignore streams but for crossings: a 5, b 15, d 10.
  EXPECT_EQ(solution.bound, 130);
  EXPECT_TRUE(solution.verify(problem, diags)) << print(diags);
}

TEST(ScheduleTest, AnEdgeMayTakeAsMuchLongerAsItsSlack) {
  Problem problem = diamond();
  double latency = solve(problem).latency.total();
  std::vector<double> spare = slacks(problem);
  ASSERT_EQ(spare.size(), problem.edges.size());
  for (size_t e = 0; e < spare.size(); ++e) {
    Problem longer = problem;
    longer.edges[e].cycles.fabricLatency += spare[e];
    EXPECT_EQ(solve(longer).latency.total(), latency) << e;
    longer.edges[e].cycles.fabricLatency += 1;
    EXPECT_EQ(solve(longer).latency.total(), latency + 1) << e;
  }
}

TEST(ScheduleTest, KernelsOfOneRegionTakeTurns) {
  // a -> c on one path and a -> b on another: b and c run at one time, unless
  // they share a region.
  Problem problem;
  problem.tasks = {task("a", 10), task("b", 30), task("c", 20)};
  problem.edges = {edge(0, 1, 1), edge(0, 2, 1)};
  EXPECT_EQ(solve(problem).latency.total(), 41);
  double bound = solve(problem).bound;
  problem.edges.push_back({1, 2, {}, /*isTurn=*/true});
  Diagnostics diags;
  ASSERT_TRUE(problem.check(diags));
  Solution solution = solve(problem);
  EXPECT_EQ(solution.latency.total(), 61);
  EXPECT_THAT(solution.criticalPath, testing::ElementsAre(0, 1, 2));
  EXPECT_THAT(solution.stageCycles, testing::ElementsAre(61));
  EXPECT_EQ(solution.bound, bound); // other mappings need no turns
  EXPECT_TRUE(solution.verify(problem, diags)) << print(diags);
}

TEST(ScheduleTest, ThroughputIsTheSlowestStage) {
  Problem problem = diamond();
  problem.batch = 4;
  Solution solution = solve(problem);
  // a 10, stream 50, c 5; and d alone.
  EXPECT_THAT(solution.stageCycles, testing::ElementsAre(65, 20));
  EXPECT_EQ(solution.slowestStage, 0);
  EXPECT_DOUBLE_EQ(solution.tokensPerUser(problem, 1), 1e9 / 186);
  EXPECT_DOUBLE_EQ(solution.tokensPerSystem(problem, 1), 4e9 / 65);
}

TEST(ScheduleTest, CrossingsTakeTheSameTimeAtEveryClock) {
  Problem problem = diamond();
  Solution slow = solve(problem);
  // Twice the clock is twice the cycles of a crossing.
  Problem fast = diamond();
  fast.clock = 2 * problem.clock;
  for (Edge &edge : fast.edges)
    edge.cycles.crossing *= 2;
  EXPECT_DOUBLE_EQ(slow.tokensPerUser(problem, fast.clock),
                   solve(fast).tokensPerUser(fast, fast.clock));
  EXPECT_DOUBLE_EQ(slow.tokensPerUser(problem, 2), 2e9 / 286);
}

TEST(ScheduleTest, CheckReportsEveryViolation) {
  Problem problem = diamond();
  problem.tasks[1].stage = 2;
  problem.tasks[2].cycles.sram = -1;
  problem.edges[0].to = 0;
  problem.edges[1].cycles.software = -1;
  Diagnostics diags;
  EXPECT_FALSE(problem.check(diags));
  EXPECT_EQ(print(diags),
            "error: task 'b': is on stage 2 of 2\n"
            "error: task 'c': has cycles that are no numbers\n"
            "error: edge 0 -> 0: does not go from an earlier task to a later "
            "one\n"
            "error: edge 0 -> 2: has cycles that are no numbers\n");
}

TEST(ScheduleTest, VerifyCatchesWrongClaims) {
  using testing::HasSubstr;
  Problem problem = diamond();
  auto errorsOf = [&](auto change) {
    Solution solution = solve(problem);
    change(solution);
    Diagnostics diags;
    EXPECT_FALSE(solution.verify(problem, diags));
    return print(diags);
  };
  EXPECT_THAT(errorsOf([](Solution &s) { s.criticalPath = {0, 3}; }),
              HasSubstr("no stream joins 'a' and 'd' of the critical path"));
  EXPECT_THAT(errorsOf([](Solution &s) { s.latency.compute += 1; }),
              HasSubstr("the critical path takes 186.0 cycles, but the latency "
                        "is 187.0"));
  EXPECT_THAT(errorsOf([](Solution &s) { s.latency.compute -= 1; }),
              HasSubstr("a path to 'd' takes 186.0 cycles, more than the "
                        "latency of 185.0"));
  EXPECT_THAT(
      errorsOf([](Solution &s) { s.stageCycles[0] += 1; }),
      HasSubstr(
          "the cycles of the stages are not those of their longest paths"));
  EXPECT_THAT(errorsOf([](Solution &s) { s.bound = 187; }),
              HasSubstr("the bound of 187.0 cycles is above the latency of "
                        "186.0"));
}

/// A chain of `count` kernels of 8 intervals each, on `stages` wafers.
Problem chain(int count, int stages, double crossing) {
  Problem problem;
  problem.target.emplace();
  problem.target->grid = {100, 100};
  problem.target->hop.value = 1;
  problem.numStages = stages;
  problem.leastCrossing = crossing;
  for (int i = 0; i < count; ++i) {
    Task next = task("k", 1e6, i * stages / count);
    next.bound = {};
    next.bound.compute = 1;
    next.work.passages = 8;
    for (int behind = 0; behind <= 8; ++behind)
      next.work.parts.push_back({behind, 0, 36e3});
    next.residentBytes = 100;
    problem.tasks.push_back(next);
    if (i > 0)
      problem.edges.push_back(edge(
          i - 1, i, 0,
          next.stage == problem.tasks[size_t(i) - 1].stage ? 0 : crossing));
  }
  return problem;
}

/// A bound belongs to its partition; that of the model is below that of all.
TEST(ScheduleTest, TheModelHasABoundWhateverThePartition) {
  constexpr int kTasks = 8;
  constexpr double kCrossing = 500;
  double least = 0;
  for (int stages = 2; stages <= kTasks; ++stages) {
    Problem problem = chain(kTasks, stages, kCrossing);
    problem.waferBytes = 400; // two wafers
    Solution solution = solve(problem);
    Diagnostics diags;
    EXPECT_TRUE(solution.verify(problem, diags)) << print(diags);
    EXPECT_EQ(solution.leastWafers, 2);
    EXPECT_EQ(solution.boundParts.crossing, (stages - 1) * kCrossing);
    EXPECT_GT(solution.modelBound, kCrossing);
    EXPECT_LE(solution.modelBound, solution.bound);
    if (least > 0) {
      EXPECT_DOUBLE_EQ(solution.modelBound, least);
    }
    least = solution.modelBound;
  }
  // Not far below the best of them.
  EXPECT_GE(least, 0.9 * solve(chain(kTasks, 2, kCrossing)).bound);
  // What fits one wafer needs no crossing.
  Problem one = chain(kTasks, 1, kCrossing);
  one.waferBytes = 800;
  EXPECT_EQ(solve(one).leastWafers, 1);
  EXPECT_DOUBLE_EQ(solve(one).modelBound, solve(one).bound);
  // A plan that is over budget is no slower than its bound.
  one.waferBytes = 100;
  EXPECT_LE(solve(one).modelBound, solve(one).bound);
}

/// Cones end where a wafer does: what lies on either side of a crossing is not
/// joined.
TEST(ScheduleTest, ConesEndAtCrossings) {
  double whole = solve(chain(8, 1, 500)).boundParts.distance;
  double cut = solve(chain(8, 8, 500)).boundParts.distance;
  Problem single = chain(1, 1, 500);
  EXPECT_NEAR(cut,
              8 * cost::pathDistance(*single.target, {single.tasks[0].work}),
              1e-9 * cut);
  EXPECT_LT(std::abs(cut - whole), 0.3 * whole);
}

/// Where crossings dominate, a step is near its bound.
TEST(ScheduleTest, IsTightWhereCrossingsDominate) {
  Problem problem = diamond();
  problem.edges[2].cycles.crossing = problem.edges[3].cycles.crossing = 8500;
  EXPECT_LE(solve(problem).gap(), 1.2);
}

TEST(ScheduleTest, EmptyProblemHasNoLatency) {
  Problem problem;
  Diagnostics diags;
  EXPECT_TRUE(problem.check(diags));
  Solution solution = solve(problem);
  EXPECT_EQ(solution.latency.total(), 0);
  EXPECT_TRUE(solution.verify(problem, diags));
}

} // namespace
