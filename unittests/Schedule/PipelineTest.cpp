//===- PipelineTest.cpp - Several steps in flight -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formulas are held against a simulation that knows none of them: steps
// queue at wafers, first come first served, and start anew when they have
// ended.
//
//===----------------------------------------------------------------------===//

#include "inlay/Schedule/Pipeline.h"
#include "inlay/Schedule/Schedule.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <queue>
#include <random>

using namespace inlay::schedule;

namespace {

/// Wafers in a row, and the ways behind them.
struct Line {
  std::vector<double> work, ways;

  double latency() const {
    double sum = 0;
    for (size_t w = 0; w < work.size(); ++w)
      sum += work[w] + ways[w];
    return sum;
  }
};

/// What a simulation saw.
struct Seen {
  std::vector<double> ends;  ///< of steps, in order
  double lastWaferFrom = -1; ///< when the last wafer began
  double firstWaferTo = 0;   ///< when the first wafer did its last work
};

/// `sequences` go round until `count` steps have started.
Seen simulate(const Line &line, int sequences, int count) {
  struct Arrival {
    double time;
    int order; ///< of steps that arrive at the same time
    size_t wafer;
    bool operator>(const Arrival &other) const {
      return time != other.time ? time > other.time : order > other.order;
    }
  };
  std::priority_queue<Arrival, std::vector<Arrival>, std::greater<>> queue;
  std::vector<double> freeAt(line.work.size(), 0);
  Seen seen;
  int started = 0;
  for (; started < std::min(sequences, count); ++started)
    queue.push({0, started, 0});
  while (!queue.empty()) {
    Arrival step = queue.top();
    queue.pop();
    if (step.wafer == line.work.size()) {
      seen.ends.push_back(step.time);
      if (started < count)
        queue.push({step.time, started++, 0});
      continue;
    }
    double begin = std::max(step.time, freeAt[step.wafer]);
    double end = begin + line.work[step.wafer];
    freeAt[step.wafer] = end;
    if (step.wafer + 1 == line.work.size() && seen.lastWaferFrom < 0)
      seen.lastWaferFrom = begin;
    if (step.wafer == 0)
      seen.firstWaferTo = end;
    queue.push({end + line.ways[step.wafer], step.order, step.wafer + 1});
  }
  return seen;
}

Line randomLine(std::mt19937 &random) {
  std::uniform_int_distribution<int> wafers(1, 9), cycles(1, 1000);
  Line line;
  for (int w = wafers(random); w > 0; --w) {
    line.work.push_back(cycles(random));
    line.ways.push_back(w > 1 ? cycles(random) : 0);
  }
  return line;
}

TEST(PipelineTest, PeriodFillAndDrainAreThoseOfASimulation) {
  std::mt19937 random(5);
  for (int trial = 0; trial < 300; ++trial) {
    Line line = randomLine(random);
    int steps = 1 + trial % 12;
    Pipeline pipeline = pipelineOf(line.latency(), line.work, steps);
    constexpr int kCount = 600;
    Seen seen = simulate(line, steps, kCount);
    ASSERT_EQ(seen.ends.size(), size_t(kCount));
    // Whole rounds, late enough that all is steady.
    int rounds = 200 / steps;
    double round =
        (seen.ends.back() - seen.ends[kCount - 1 - rounds * steps]) / rounds;
    EXPECT_NEAR(round, pipeline.turn(), 1e-6 * pipeline.turn());
    EXPECT_NEAR(seen.lastWaferFrom, pipeline.fill, 1e-9 * line.latency());
    EXPECT_NEAR(seen.ends.back(), pipeline.cyclesOf(kCount),
                1e-9 * seen.ends.back() + line.latency());
  }
}

/// When the last step leaves the first wafer, it has all the others to pass.
TEST(PipelineTest, AStepAloneDrainsInWhatIsBehindTheFirstWafer) {
  Line line{{100, 250, 40}, {7, 9, 0}};
  Seen seen = simulate(line, 1, 1);
  Pipeline pipeline = pipelineOf(line.latency(), line.work, 1);
  EXPECT_EQ(seen.ends.back(), pipeline.cyclesOf(1));
  EXPECT_EQ(seen.ends.back() - seen.firstWaferTo, pipeline.drain);
  EXPECT_EQ(pipeline.fill, 100 + 7 + 250 + 9);
  EXPECT_EQ(pipeline.drain, 7 + 250 + 9 + 40);
}

/// The starts that the header gives are legal: no wafer has two steps at once,
/// and no sequence begins before it has its token.
TEST(PipelineTest, StartsAtEveryPeriodAreLegal) {
  std::mt19937 random(9);
  for (int trial = 0; trial < 200; ++trial) {
    Line line = randomLine(random);
    int steps = 1 + trial % 7;
    Pipeline pipeline = pipelineOf(line.latency(), line.work, steps);
    for (double work : line.work)
      EXPECT_LE(work, pipeline.period);
    EXPECT_GE(pipeline.turn(), line.latency() * (1 - 1e-12));
  }
}

/// One step in flight is a step alone; with ever more, the slowest wafer says
/// how many there are.
TEST(PipelineTest, FollowsFromTheScheduleOfAStep) {
  Problem problem;
  for (int stage = 0; stage < 3; ++stage) {
    Task task;
    task.name = "t" + std::to_string(stage);
    task.stage = stage;
    task.cycles.compute = task.worstCase = 100 + 50 * stage;
    problem.tasks.push_back(task);
  }
  for (int from : {0, 1}) {
    Edge edge;
    edge.from = from;
    edge.to = from + 1;
    edge.cycles.crossing = 30;
    problem.edges.push_back(edge);
  }
  problem.numStages = 3;
  Solution solution = solve(problem);
  auto with = [&](int64_t steps) {
    return pipelineOf(solution.latency.total(), solution.stageCycles, steps);
  };
  EXPECT_EQ(with(1).period, 100 + 30 + 150 + 30 + 200);
  EXPECT_EQ(with(2).period, 255);
  EXPECT_EQ(with(3).period, 200);
  EXPECT_EQ(with(30).period, 200);
  EXPECT_EQ(with(30).turn(), 6000);
  EXPECT_EQ(with(3).fill, 310);
  EXPECT_EQ(with(3).drain, 410);
}

} // namespace
