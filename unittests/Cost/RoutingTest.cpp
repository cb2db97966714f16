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
}

/// No skew is uniform routing, and next to none is next to it.
TEST(RoutingTest, NoSkewIsUniform) {
  for (ExpertLoad load : {ExpertLoad{128, 4, 1, 8}, ExpertLoad{128, 4, 1, 128},
                          ExpertLoad{32, 4, 1, 16}, ExpertLoad{384, 8, 16, 48},
                          ExpertLoad{60, 6, 100, 7}}) {
    double uniform = expectedLargestLoad({}, load);
    EXPECT_EQ(expectedLargestLoad(Routing::zipf(0), load), uniform);
    std::vector<double> even(size_t(load.experts), 10);
    EXPECT_EQ(expectedLargestLoad(Routing::trace(even), load), uniform);
    EXPECT_NEAR(expectedLargestLoad(Routing::zipf(1e-9), load), uniform,
                1e-6 * uniform);
  }
}

/// Two groups, one token: all sets of k experts, weighed by their odds.
TEST(RoutingTest, ATokenChoosesExactlyK) {
  constexpr int64_t kExperts = 10, kChosen = 4;
  ExpertLoad load = {kExperts, kChosen, 1, 2};
  Routing zipf = Routing::zipf(0.4);
  std::vector<double> chosen = inclusion(zipf, kExperts, kChosen);
  double all = 0, largest = 0;
  std::vector<double> first(kChosen + 1, 0);
  for (unsigned set = 0; set < 1U << kExperts; ++set) {
    double odds = 1;
    int64_t size = 0, inFirst = 0;
    for (unsigned i = 0; i < kExperts; ++i)
      if (set >> i & 1) {
        odds *= chosen[i] / (1 - chosen[i]);
        ++size;
        inFirst += i < kExperts / 2;
      }
    if (size != kChosen)
      continue;
    all += odds;
    first[size_t(inFirst)] += odds;
  }
  // The groups as if they were independent, each with its own distribution.
  double below = 0, above = 0;
  for (int64_t m = 0; m < kChosen; ++m) {
    below += first[size_t(m)] / all;
    above += first[size_t(kChosen - m)] / all;
    largest += 1 - below * above;
  }
  EXPECT_NEAR(expectedLargestLoad(zipf, load), largest, 1e-9);
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

} // namespace
