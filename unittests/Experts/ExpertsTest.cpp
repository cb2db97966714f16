//===- ExpertsTest.cpp - Which experts lie together -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Experts/Experts.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <random>
#include <thread>

using namespace inlay;
using namespace inlay::experts;
using cost::Routing;

namespace {

Routing traceOf(int64_t perToken, std::vector<uint16_t> experts) {
  auto choices = std::make_shared<cost::Choices>();
  choices->perToken = perToken;
  choices->experts = std::move(experts);
  return Routing::trace(choices);
}

/// Tokens that choose all experts of a random topic.
Routing topics(int64_t experts, int64_t perToken, int64_t numTopics,
               int64_t tokens, unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<std::vector<uint16_t>> chosen;
  for (int64_t t = 0; t < numTopics; ++t) {
    std::vector<uint16_t> all(static_cast<size_t>(experts));
    for (size_t e = 0; e < all.size(); ++e)
      all[e] = static_cast<uint16_t>(e);
    std::shuffle(all.begin(), all.end(), engine);
    all.resize(static_cast<size_t>(perToken));
    chosen.push_back(all);
  }
  std::vector<uint16_t> trace;
  for (int64_t token = 0; token < tokens; ++token) {
    const std::vector<uint16_t> &topic = chosen[engine() % chosen.size()];
    trace.insert(trace.end(), topic.begin(), topic.end());
  }
  return traceOf(perToken, std::move(trace));
}

Problem problemOf(Routing routing, int64_t experts, int64_t perToken,
                  int64_t tokens, int64_t groups, int64_t room = 0) {
  return {std::move(routing), experts, perToken, tokens, groups, room};
}

void expectHolds(const Problem &problem, const Solution &solution) {
  Diagnostics diags;
  EXPECT_TRUE(problem.check(diags));
  EXPECT_TRUE(solution.verify(problem, diags));
  for (const Diagnostic &diag : diags.all())
    ADD_FAILURE() << diag.subject << ": " << diag.message;
}

/// The least load of any assignment of the experts, each to one group.
double leastOf(const Problem &problem) {
  Groups held(size_t(problem.groups));
  double least = std::numeric_limits<double>::infinity();
  std::function<void(int64_t)> place = [&](int64_t expert) {
    if (expert == problem.experts) {
      least = std::min(least, cost::expectedLargestLoad(problem.routing,
                                                        problem.load(held)));
      return;
    }
    for (std::vector<int64_t> &group : held) {
      bool isEmpty = group.empty();
      if (int64_t(group.size()) < problem.slots()) {
        group.push_back(expert);
        place(expert + 1);
        group.pop_back();
      }
      if (isEmpty) // all empty groups are alike
        break;
    }
  };
  place(0);
  return least;
}

TEST(ExpertsTest, IsOptimalOnSmallInstances) {
  for (unsigned seed = 0; seed < 12; ++seed)
    for (const Problem &problem :
         {problemOf(topics(8, 2, 6, 40, seed), 8, 2, 1, 4),
          problemOf(topics(8, 3, 5, 40, seed), 8, 3, 1, 2),
          problemOf(topics(9, 3, 9, 60, seed), 9, 3, 1, 3)}) {
      Solution solution = solve(problem);
      expectHolds(problem, solution);
      EXPECT_NEAR(solution.load.expected, leastOf(problem), 1e-9)
          << "seed " << seed << ", " << problem.groups << " groups";
    }
  for (double exponent : {0.5, 1.0, 1.5}) {
    Problem problem = problemOf(Routing::zipf(exponent), 8, 2, 4, 4);
    EXPECT_LE(solve(problem).load.expected, leastOf(problem) * 1.01)
        << exponent;
  }
}

TEST(ExpertsTest, IsNeverWorseThanRoundRobinOrOrder) {
  std::mt19937 engine(7);
  for (unsigned seed = 0; seed < 40; ++seed) {
    int64_t experts = 2 + int64_t(engine() % 60);
    int64_t perToken = 1 + int64_t(engine() % std::min<int64_t>(8, experts));
    int64_t groups = 1 + int64_t(engine() % experts);
    int64_t tokens = 1 + int64_t(engine() % 40);
    Routing routing = seed % 3 == 0   ? Routing::zipf(0.1 * double(seed % 20))
                      : seed % 3 == 1 ? Routing()
                                      : topics(experts, perToken, 7, 100, seed);
    Problem problem =
        problemOf(routing, experts, perToken, tokens, groups,
                  seed % 2 ? (experts + groups - 1) / groups + 1 : 0);
    Solution solution = solve(problem, Effort::Quick);
    expectHolds(problem, solution);
    EXPECT_LE(solution.load.expected,
              inOrder(problem).load.expected * (1 + 1e-9));
    // No placement gets below the mean of the groups.
    EXPECT_GE(solution.load.expected,
              double(tokens * perToken) / double(groups) - 1e-9);
  }
}

TEST(ExpertsTest, PutsApartWhatIsChosenTogether) {
  // Experts 2 i and 2 i + 1 come together: neighbours in order, and with half
  // as many groups no two of them need to meet.
  std::vector<uint16_t> trace;
  for (uint16_t token = 0; token < 64; ++token) {
    trace.push_back(uint16_t(token % 8 * 2));
    trace.push_back(uint16_t(token % 8 * 2 + 1));
  }
  Problem problem = problemOf(traceOf(2, trace), 16, 2, 1, 8);
  EXPECT_EQ(inOrder(problem).load.expected, 2);
  Solution solution = solve(problem);
  expectHolds(problem, solution);
  EXPECT_EQ(solution.load.expected, 1);
  // Counts alone, which are equal, do not show it: no placement is better.
  problem.routing.choices = nullptr;
  EXPECT_DOUBLE_EQ(solve(problem).load.expected,
                   inOrder(problem).load.expected);
}

TEST(ExpertsTest, BalancesSkewedExperts) {
  for (int64_t groups : {4, 7, 16}) {
    Problem problem = problemOf(Routing::zipf(1), 384, 8, 32, groups);
    Solution solution = solve(problem, Effort::Quick);
    expectHolds(problem, solution);
    EXPECT_LT(solution.load.expected * 1.1, roundRobin(problem).load.expected)
        << groups;
  }
}

TEST(ExpertsTest, ReplicatesHotExpertsWhereThereIsRoom) {
  Problem tight = problemOf(Routing::zipf(1), 64, 4, 32, 32);
  Problem roomy = tight;
  roomy.room = 3;
  Solution alone = solve(tight), copied = solve(roomy);
  expectHolds(roomy, copied);
  EXPECT_EQ(alone.replicas(tight), 0);
  EXPECT_GT(copied.replicas(roomy), 0);
  EXPECT_LT(copied.load.expected * 1.3, alone.load.expected);
  // With one token a step too, unless following it takes longer than it saves.
  roomy.tokens = tight.tokens = 1;
  EXPECT_LE(solve(roomy).load.expected, solve(tight).load.expected);
  roomy.operation = 1;
  EXPECT_EQ(solve(roomy).replicas(roomy), 0);
}

TEST(ExpertsTest, LeavesEvenExpertsInOrder) {
  EXPECT_TRUE(solve(problemOf({}, 64, 4, 32, 8)).held.empty());
  EXPECT_TRUE(solve(problemOf(Routing::zipf(2), 64, 4, 32, 1)).held.empty());
}

TEST(ExpertsTest, IsTheSameEveryTimeAndOnEveryThread) {
  Problem problem = problemOf(topics(96, 6, 20, 500, 3), 96, 6, 16, 12, 10);
  Solution first = solve(problem);
  std::vector<Solution> others(4);
  std::vector<std::thread> threads;
  for (Solution &other : others)
    threads.emplace_back([&] { other = solve(problem); });
  for (std::thread &thread : threads)
    thread.join();
  for (const Solution &other : others) {
    EXPECT_EQ(other.held, first.held);
    EXPECT_EQ(other.load.expected, first.load.expected);
  }
}

/// What verify says of a solution that was changed.
std::string saidOf(const Problem &problem, const Solution &solution) {
  Diagnostics diags;
  EXPECT_FALSE(solution.verify(problem, diags));
  return diags.all().empty() ? "" : diags.all().front().message;
}

TEST(ExpertsTest, MoreWorkIsNeverWorseThanNone) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    Problem problem = problemOf(topics(24, 3, 8, 256, seed), 24, 3, 8, 6);
    Solution none = solve(problem, Effort::Thorough, 0);
    Solution usual = solve(problem, Effort::Thorough);
    expectHolds(problem, none);
    EXPECT_EQ(usual.held, solve(problem, Effort::Thorough, 100).held);
    EXPECT_LE(usual.load.expected, none.load.expected * 1.02);
  }
}

TEST(ExpertsTest, RefusesWhatIsNoPlacement) {
  Problem problem = problemOf(Routing::zipf(1), 8, 2, 4, 4);
  Solution good = solve(problem);
  ASSERT_FALSE(good.held.empty());
  expectHolds(problem, good);
  auto changed = [&](const std::function<void(Solution &)> &change) {
    Solution solution = good;
    change(solution);
    return saidOf(problem, solution);
  };
  EXPECT_EQ(changed([](Solution &s) { s.held.pop_back(); }),
            "fills 3 groups of 4");
  EXPECT_EQ(
      changed([](Solution &s) { s.held[0].push_back(7), s.held[0][0] = 0; }),
      "puts 3 experts where 2 have room");
  EXPECT_EQ(changed([](Solution &s) { s.held[1].back() = 8; }),
            "places expert 8 of 8");
  EXPECT_EQ(changed([](Solution &s) { s.held[0] = {5, 5}; }),
            "lists expert 5 behind 5");
  int64_t gone = good.held[2][0];
  EXPECT_EQ(changed([](Solution &s) { s.held[2].erase(s.held[2].begin()); }),
            "leaves out expert " + std::to_string(gone));
  std::string other = changed([](Solution &s) { s.load.expected += 1; });
  EXPECT_EQ(other.find("says that the busiest group has "), 0U);
  EXPECT_NE(other.find(" activations, at worst "), std::string::npos);
  // In order Zipf's experts lie badly.
  EXPECT_NE(saidOf(problem, inOrder(problem))
                .find(" activations of the busiest group, round robin has "),
            std::string::npos);
}

TEST(ExpertsTest, RefusesWhatIsNoProblem) {
  Problem problem = problemOf({}, 0, 0, 0, 0, -1);
  Diagnostics diags;
  EXPECT_FALSE(problem.check(diags));
  std::vector<std::string> said;
  for (const Diagnostic &diag : diags.all())
    said.push_back(diag.message);
  EXPECT_EQ(said,
            (std::vector<std::string>{
                "has 0 experts", "has 0 experts of a token", "has 0 tokens",
                "has 0 groups", "has room for -1 experts in a group"}));
  Diagnostics more;
  EXPECT_FALSE(problemOf({}, 4, 5, 1, 2).check(more));
  EXPECT_EQ(more.all().front().subject, "placement of experts");
  EXPECT_EQ(more.all().front().message, "chooses 5 of 4 experts");
}

} // namespace
