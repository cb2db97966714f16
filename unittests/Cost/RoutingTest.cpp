//===- RoutingTest.cpp - How evenly tokens choose experts -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Routing.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

using namespace inlay::cost;

namespace {

/// The mean largest load of many drawn steps, tokens choosing uniformly.
double drawn(const ExpertLoad &load, int steps) {
  std::mt19937 engine(5);
  std::vector<int64_t> experts(size_t(load.experts));
  std::iota(experts.begin(), experts.end(), 0);
  int64_t inGroup = (load.experts + load.groups - 1) / load.groups;
  double sum = 0;
  for (int step = 0; step < steps; ++step) {
    std::vector<int64_t> loads(size_t(load.groups), 0);
    for (int64_t token = 0; token < load.tokens; ++token)
      for (int64_t i = 0; i < load.perToken; ++i) {
        // The first k of a shuffle are k different experts.
        std::uniform_int_distribution<int64_t> rest(i, load.experts - 1);
        std::swap(experts[size_t(i)], experts[size_t(rest(engine))]);
        ++loads[size_t(experts[size_t(i)] / inGroup)];
      }
    sum += double(*std::max_element(loads.begin(), loads.end()));
  }
  return sum / steps;
}

TEST(RoutingTest, AgreesWithDraws) {
  for (ExpertLoad load :
       {ExpertLoad{384, 8, 1, 48}, ExpertLoad{384, 8, 1, 384},
        ExpertLoad{128, 4, 1, 8}, ExpertLoad{64, 6, 1, 4},
        ExpertLoad{384, 8, 16, 48}, ExpertLoad{128, 8, 64, 16}}) {
    double expected = expectedLargestLoad({}, load);
    EXPECT_NEAR(expected / drawn(load, 4000), 1, 0.08)
        << load.experts << " experts, " << load.perToken << " of them, "
        << load.tokens << " tokens, " << load.groups << " groups";
  }
}

/// The same with tokens that choose each expert with the probability that
/// `chosen` says, and none twice: systematic sampling in random order.
double drawnByInclusion(const ExpertLoad &load,
                        const std::vector<double> &chosen, int steps) {
  std::mt19937 engine(9);
  std::vector<size_t> order(chosen.size());
  std::iota(order.begin(), order.end(), 0);
  int64_t inGroup = (load.experts + load.groups - 1) / load.groups;
  double sum = 0;
  for (int step = 0; step < steps; ++step) {
    std::vector<int64_t> loads(size_t(load.groups), 0);
    for (int64_t token = 0; token < load.tokens; ++token) {
      std::shuffle(order.begin(), order.end(), engine);
      double at = std::uniform_real_distribution<>(0, 1)(engine), passed = 0;
      for (size_t expert : order) {
        passed += chosen[expert];
        if (passed <= at)
          continue;
        at += 1;
        ++loads[expert / size_t(inGroup)];
      }
    }
    sum += double(*std::max_element(loads.begin(), loads.end()));
  }
  return sum / steps;
}

/// Skewed routing, and several tokens whose experts are all different.
TEST(RoutingTest, SkewAgreesWithDraws) {
  for (ExpertLoad load :
       {ExpertLoad{64, 4, 1, 16}, ExpertLoad{64, 4, 8, 16},
        ExpertLoad{128, 8, 32, 32}, ExpertLoad{64, 2, 100, 8}})
    for (double exponent : {0.3, 0.7, 1.2}) {
      Routing zipf = Routing::zipf(exponent);
      std::vector<double> chosen = inclusion(zipf, load.experts, load.perToken);
      double expected = drawnByInclusion(load, chosen, 1000);
      EXPECT_NEAR(expectedLargestLoad(zipf, load) / expected, 1, 0.08)
          << load.experts << " experts, " << load.tokens
          << " tokens, s = " << exponent;
      // A trace that counted these choices says the same.
      EXPECT_NEAR(expectedLargestLoad(Routing::trace(chosen), load) / expected,
                  1, 0.08);
    }
}

TEST(RoutingTest, OneExpertToAGroupIsNeverChosenTwice) {
  EXPECT_EQ(expectedLargestLoad({}, {384, 8, 1, 384}), 1);
  EXPECT_EQ(worstLoad({384, 8, 1, 384}), 1);
  EXPECT_EQ(worstLoad({384, 8, 1, 48}), 8);
  EXPECT_EQ(worstLoad({384, 8, 10, 96}), 40);
}

TEST(RoutingTest, SkewMakesTheBusiestGroupBusier) {
  ExpertLoad load = {128, 8, 32, 16};
  double last = 0;
  for (double exponent : {0.2, 0.6, 1.0, 1.5}) {
    double largest = expectedLargestLoad(Routing::zipf(exponent), load);
    EXPECT_GE(largest, last) << exponent;
    EXPECT_LE(largest, worstLoad(load));
    last = largest;
  }
  // A trace in which all experts are equal is uniform routing.
  std::vector<double> even(128, 10);
  EXPECT_NEAR(expectedLargestLoad(Routing::trace(even), load) /
                  expectedLargestLoad({}, load),
              1, 0.1);
}

TEST(RoutingTest, InclusionAddsUpToTheChosen) {
  for (const Routing &routing : {Routing(), Routing::zipf(1), Routing::zipf(3),
                                 Routing::trace({100, 50, 1})}) {
    std::vector<double> chosen = inclusion(routing, 64, 8);
    EXPECT_NEAR(std::accumulate(chosen.begin(), chosen.end(), 0.0), 8, 1e-6);
    for (double p : chosen) {
      EXPECT_GE(p, 0);
      EXPECT_LE(p, 1);
    }
  }
}

TEST(RoutingTest, ExpertsUsedRiseToAllOfThem) {
  EXPECT_NEAR(expectedExpertsUsed({}, {384, 8, 1, 1}), 8, 1e-9);
  double last = 0;
  for (int64_t tokens : {1, 2, 8, 64, 512}) {
    double used = expectedExpertsUsed({}, {384, 8, tokens, 1});
    EXPECT_GT(used, last);
    EXPECT_LE(used, 384);
    last = used;
  }
  EXPECT_GT(last, 383);
}

/// Activations of the busiest group, counted one by one.
double countedByHand(const DrawnSteps &steps,
                     const std::vector<std::vector<int64_t>> &held) {
  double sum = 0;
  for (int64_t s = 0; s < steps.count(); ++s) {
    std::vector<int64_t> loads(held.size(), 0);
    for (size_t a = steps.first[size_t(s)]; a < steps.first[size_t(s) + 1];
         ++a) {
      std::vector<size_t> having;
      for (size_t g = 0; g < held.size(); ++g)
        if (std::count(held[g].begin(), held[g].end(),
                       int64_t(steps.activations[a].expert)))
          having.push_back(g);
      ++loads[having[steps.activations[a].token % having.size()]];
    }
    sum += double(*std::max_element(loads.begin(), loads.end()));
  }
  return sum / double(steps.count());
}

/// Groups that are given, with experts in several of them.
TEST(RoutingTest, GivenGroupsAgreeWithDraws) {
  std::vector<std::vector<int64_t>> held = {
      {0, 4, 8, 12}, {0, 1, 5, 9, 13}, {0, 2, 6, 10, 14}, {1, 3, 7, 11, 15}};
  for (int64_t tokens : {1, 5, 32, 100}) {
    ExpertLoad load = {16, 3, tokens, 4, &held};
    Routing zipf = Routing::zipf(0.8);
    double drawn = countedByHand(drawSteps(zipf, load, 3000, 3), held);
    EXPECT_NEAR(expectedLargestLoad(zipf, load) / drawn, 1, 0.06) << tokens;
    // Equal experts: only how many a group holds matters, not which.
    std::vector<std::vector<int64_t>> turned = {
        {15, 14, 13, 12}, {11, 10, 9, 8}, {7, 6, 5, 4}, {3, 2, 1, 0}};
    ExpertLoad even = {16, 3, tokens, 4, &turned};
    EXPECT_NEAR(expectedLargestLoad({}, even),
                expectedLargestLoad({}, {16, 3, tokens, 4}), 1e-9);
  }
}

TEST(RoutingTest, WorstLoadCountsWhatServesAToken) {
  // Expert 0 serves even tokens in the first group, odd ones in the second.
  std::vector<std::vector<int64_t>> held = {{0, 1, 2}, {0, 3}};
  EXPECT_EQ(worstLoad({4, 3, 1, 2, &held}), 3);
  EXPECT_EQ(worstLoad({4, 3, 2, 2, &held}), 5);
  EXPECT_EQ(worstLoad({4, 1, 4, 2, &held}), 4);
}

/// What comes together in a trace meets in a group; counts do not show it.
TEST(RoutingTest, ChoicesOfATraceComeTogether) {
  auto choices = std::make_shared<Choices>();
  choices->perToken = 2;
  for (uint16_t token = 0; token < 40; ++token)
    for (uint16_t expert : {token % 4 * 2, token % 4 * 2 + 1})
      choices->experts.push_back(expert);
  Routing together = Routing::trace(choices);
  EXPECT_EQ(together.frequency, std::vector<double>(8, 10));
  ExpertLoad load = {8, 2, 1, 4};
  EXPECT_EQ(expectedLargestLoad(together, load), 2);
  EXPECT_LT(expectedLargestLoad(Routing::trace(together.frequency), load), 1.9);
  std::vector<std::vector<int64_t>> apart = {{0, 3}, {1, 4}, {2, 5}, {6}, {7}};
  EXPECT_EQ(expectedLargestLoad(together, {8, 2, 1, 5, &apart}), 1);
}

TEST(RoutingTest, DrawsAreAsLikelyAsTheyShouldBe) {
  ExpertLoad load = {12, 3, 4, 3};
  std::vector<double> chosen = inclusion(Routing::zipf(1), 12, 3);
  DrawnSteps steps = drawSteps(Routing::zipf(1), load, 5000, 1);
  ASSERT_EQ(steps.count(), 5000);
  std::vector<double> counts(12, 0);
  for (const DrawnSteps::Activation &one : steps.activations) {
    ASSERT_LT(one.token, 4U);
    counts[one.expert] += 1;
  }
  for (size_t e = 0; e < chosen.size(); ++e)
    EXPECT_NEAR(counts[e] / 20000, chosen[e], 0.02) << e;
}

} // namespace
