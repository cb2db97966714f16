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
#include <bit>
#include <cmath>
#include <map>
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

/// Activations of the busiest group, counted one by one: those of one group
/// first, then those of as many groups, by their lowest expert.
double countedByHand(const DrawnSteps &steps,
                     const std::vector<std::vector<int64_t>> &held) {
  std::map<int64_t, std::vector<size_t>> having;
  for (size_t g = 0; g < held.size(); ++g)
    for (int64_t expert : held[g])
      having[expert].push_back(g);
  auto rankOf = [&](int64_t expert) {
    const std::vector<size_t> &own = having[expert];
    int64_t lowest = expert;
    for (const auto &[other, groups] : having)
      if (groups == own)
        lowest = std::min(lowest, other);
    return std::pair(own.size(), own.size() > 1 ? lowest : 0);
  };
  double sum = 0;
  for (int64_t s = 0; s < steps.count(); ++s) {
    std::vector<int64_t> loads(held.size(), 0), experts;
    for (size_t a = steps.first[size_t(s)]; a < steps.first[size_t(s) + 1]; ++a)
      experts.push_back(steps.activations[a].expert);
    std::sort(experts.begin(), experts.end(), [&](int64_t a, int64_t b) {
      return std::pair(rankOf(a), a) < std::pair(rankOf(b), b);
    });
    for (int64_t expert : experts) {
      size_t best = having[expert].front();
      for (size_t g : having[expert])
        best = loads[g] < loads[best] ? g : best;
      ++loads[best];
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
  // Expert 0 serves in the group that has less to do: both others of the first
  // for each token are the worst.
  std::vector<std::vector<int64_t>> held = {{0, 1, 2}, {0, 3}};
  EXPECT_EQ(worstLoad({4, 3, 1, 2, &held}), 2);
  EXPECT_EQ(worstLoad({4, 3, 2, 2, &held}), 4);
  EXPECT_EQ(worstLoad({4, 1, 4, 2, &held}), 4);
  for (int64_t tokens : {1, 3, 9}) {
    ExpertLoad load = {4, 3, tokens, 2, &held};
    DrawnSteps steps = drawSteps(Routing::zipf(0.5), load, 200, 9);
    for (int64_t s = 0; s < steps.count(); ++s) {
      DrawnSteps one;
      one.first = {0, steps.first[size_t(s) + 1] - steps.first[size_t(s)]};
      one.activations.assign(
          steps.activations.begin() + int64_t(steps.first[size_t(s)]),
          steps.activations.begin() + int64_t(steps.first[size_t(s) + 1]));
      EXPECT_LE(countedByHand(one, held), worstLoad(load));
    }
  }
}

TEST(RoutingTest, PoolsOfReplicasAreFollowed) {
  std::vector<std::vector<int64_t>> apart = {{0, 1}, {2, 3}, {4, 5}};
  EXPECT_EQ(followingOperations({6, 2, 4, 3}), 0);
  EXPECT_EQ(followingOperations({6, 2, 4, 3, &apart}), 0);
  // Experts 0 and 3 everywhere are one pool, expert 1 in two groups another.
  std::vector<std::vector<int64_t>> held = {
      {0, 1, 3}, {0, 1, 2, 3}, {0, 3, 4, 5}};
  EXPECT_EQ(followingOperations({6, 2, 4, 3, &held}), 14 + 10);
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

/// Drawn are sets of exactly k experts, each as often as its odds say.
TEST(RoutingTest, DrawsBySeedAndPurpose) {
  ModelRouting routing;
  routing.kind = Routing::Kind::Zipf;
  routing.exponent = 1;
  ExpertLoad load = {16, 4, 8, 4};
  auto drawn = [&](uint64_t seed, uint64_t purpose) {
    routing.seed = seed;
    std::vector<uint32_t> experts;
    for (const DrawnSteps::Activation &one :
         drawSteps(routing.of(3), load, 50, purpose).activations)
      experts.push_back(one.expert);
    return experts;
  };
  EXPECT_EQ(drawn(0, 1), drawn(0, 1));
  EXPECT_EQ(drawn(7, 1), drawn(7, 1));
  EXPECT_NE(drawn(7, 1), drawn(0, 1));
  EXPECT_NE(drawn(7, 1), drawn(8, 1));
  EXPECT_NE(drawn(7, 1), drawn(7, 2));
}

TEST(RoutingTest, DrawsAreAsLikelyAsTheyShouldBe) {
  constexpr unsigned kExperts = 8, kChosen = 3;
  ExpertLoad load = {kExperts, kChosen, 4, 3};
  Routing zipf = Routing::zipf(0.8);
  std::vector<double> chosen = inclusion(zipf, kExperts, kChosen);
  std::vector<double> odds(size_t(1) << kExperts, 0);
  for (unsigned set = 0; set < odds.size(); ++set)
    if (std::popcount(set) == int(kChosen)) {
      odds[set] = 1;
      for (unsigned i = 0; i < kExperts; ++i)
        odds[set] *= set >> i & 1 ? chosen[i] / (1 - chosen[i]) : 1;
    }
  double all = std::accumulate(odds.begin(), odds.end(), 0.0);
  constexpr int64_t kSteps = 20000;
  DrawnSteps steps = drawSteps(zipf, load, kSteps, 1);
  ASSERT_EQ(steps.count(), kSteps);
  std::vector<double> counts(odds.size(), 0);
  for (int64_t s = 0; s < steps.count(); ++s) {
    std::vector<unsigned> sets(size_t(load.tokens), 0);
    for (size_t a = steps.first[size_t(s)]; a < steps.first[size_t(s) + 1];
         ++a) {
      ASSERT_LT(steps.activations[a].token, 4U);
      sets[steps.activations[a].token] |= 1U << steps.activations[a].expert;
    }
    for (unsigned set : sets) {
      ASSERT_EQ(std::popcount(set), int(kChosen));
      counts[set] += 1;
    }
  }
  for (size_t set = 0; set < odds.size(); ++set)
    EXPECT_NEAR(counts[set] / double(kSteps * load.tokens), odds[set] / all,
                0.005)
        << set;
}

/// Groups are compared by one law, whether they are in order or listed.
TEST(RoutingTest, ListedGroupsInOrderAreThoseInOrder) {
  for (int64_t tokens : {1, 7, 64, 200})
    for (double exponent : {0.0, 0.5, 1.0, 3.0}) {
      std::vector<std::vector<int64_t>> held = {
          {0, 1, 2, 3, 4}, {5, 6, 7, 8, 9}, {10, 11, 12, 13, 14}, {15, 16}};
      Routing zipf = Routing::zipf(exponent);
      EXPECT_DOUBLE_EQ(expectedLargestLoad(zipf, {17, 4, tokens, 4, &held}),
                       expectedLargestLoad(zipf, {17, 4, tokens, 4}))
          << exponent << ", " << tokens;
    }
}

/// Odds from next to nothing to nearly sure keep numbers in range.
TEST(RoutingTest, ExtremeSkewKeepsLoadsInRange) {
  for (double exponent : {5.0, 30.0, 100.0}) {
    ExpertLoad load = {2000, 12, 8, 40};
    Routing zipf = Routing::zipf(exponent);
    double largest = expectedLargestLoad(zipf, load);
    EXPECT_GT(largest, 12 * 8 * 0.9);
    EXPECT_LE(largest, worstLoad(load));
    DrawnSteps steps = drawSteps(zipf, load, 10, 1);
    EXPECT_EQ(steps.activations.size(), size_t(12 * 8 * 10));
  }
}

/// Equal experts in several groups: each serves a token in one of them.
TEST(RoutingTest, ReplicasOfEqualExpertsShareTokens) {
  std::vector<std::vector<int64_t>> held = {{0, 1, 2}, {0, 1, 3}};
  for (int64_t tokens : {2, 6, 32}) {
    double drawn =
        countedByHand(drawSteps({}, {4, 2, tokens, 2}, 20000, 5), held);
    EXPECT_NEAR(expectedLargestLoad({}, {4, 2, tokens, 2, &held}) / drawn, 1,
                0.06)
        << tokens;
  }
}

} // namespace
