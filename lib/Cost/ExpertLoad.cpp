//===- ExpertLoad.cpp - How busy the busiest group of experts is ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Routing.h"
#include "inlay/Model/Sharding.h"
#include "inlay/Support/Format.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

using namespace inlay;
using namespace inlay::cost;

namespace {

/// Where the tokens of a step find their experts.
class Replicas {
public:
  explicit Replicas(const ExpertLoad &load) : groups(size_t(load.experts)) {
    int64_t inGroup = ceilDiv(load.experts, std::max<int64_t>(1, load.groups));
    for (int64_t expert = 0; !load.isGiven() && expert < load.experts; ++expert)
      groups[size_t(expert)].push_back(int32_t(expert / inGroup));
    if (load.isGiven())
      for (size_t g = 0; g < load.held->size(); ++g)
        for (int64_t expert : (*load.held)[g])
          groups[size_t(expert)].push_back(int32_t(g));
  }

  /// -1 for an expert that the kernel does not have.
  int64_t groupOf(int64_t expert, int64_t token) const {
    if (expert < 0 || expert >= int64_t(groups.size()))
      return -1;
    const std::vector<int32_t> &all = groups[size_t(expert)];
    if (all.size() < 2)
      return all.empty() ? -1 : all.front();
    return all[size_t(model::replicaOf(token, int64_t(all.size())))];
  }
  int64_t replicasOf(int64_t expert) const {
    return int64_t(groups[size_t(expert)].size());
  }
  int64_t numGroups(const ExpertLoad &load) const {
    return load.isGiven() ? int64_t(load.held->size())
                          : std::max<int64_t>(1, load.groups);
  }

private:
  std::vector<std::vector<int32_t>> groups;
};

} // namespace

double inlay::cost::worstLoad(const ExpertLoad &load) {
  if (!load.isGiven()) {
    int64_t inGroup = ceilDiv(load.experts, std::max<int64_t>(1, load.groups));
    return double(load.tokens) * double(std::min(load.perToken, inGroup));
  }
  Replicas replicas(load);
  int64_t worst = 0;
  for (size_t g = 0; g < load.held->size(); ++g) {
    int64_t sum = 0;
    for (int64_t token = 0; token < load.tokens; ++token) {
      int64_t serving = 0;
      for (int64_t expert : (*load.held)[g])
        serving += replicas.groupOf(expert, token) == int64_t(g);
      sum += std::min(load.perToken, serving);
    }
    worst = std::max(worst, sum);
  }
  return double(worst);
}

namespace {

/// Probabilities of 0, 1, 2, ... activations, from `first` on; none of the
/// others is likely.
struct Distribution {
  int64_t first = 0;
  std::vector<double> mass = {1};

  /// Of the sum of two that are independent.
  Distribution operator+(const Distribution &other) const {
    Distribution sum;
    sum.first = first + other.first;
    sum.mass.assign(mass.size() + other.mass.size() - 1, 0);
    for (size_t i = 0; i < mass.size(); ++i)
      for (size_t j = 0; j < other.mass.size(); ++j)
        sum.mass[i + j] += mass[i] * other.mass[j];
    sum.trim();
    return sum;
  }

  /// Of the sum of `count` alike.
  Distribution times(int64_t count) const {
    Distribution sum, power = *this;
    for (; count > 0; count /= 2) {
      if (count % 2 != 0)
        sum = sum + power;
      if (count > 1)
        power = power + power;
    }
    return sum;
  }

  double mean() const {
    double sum = 0;
    for (size_t i = 0; i < mass.size(); ++i)
      sum += double(first + int64_t(i)) * mass[i];
    return sum;
  }

  double variance() const {
    double center = mean(), sum = 0;
    for (size_t i = 0; i < mass.size(); ++i)
      sum += std::pow(double(first + int64_t(i)) - center, 2) * mass[i];
    return sum;
  }

private:
  void trim() {
    constexpr double kUnlikely = 1e-14;
    size_t begin = 0, end = mass.size();
    while (end > 1 && mass[end - 1] < kUnlikely)
      --end;
    while (begin + 1 < end && mass[begin] < kUnlikely)
      ++begin;
    mass = std::vector<double>(mass.begin() + int64_t(begin),
                               mass.begin() + int64_t(end));
    first += int64_t(begin);
  }
};

} // namespace

/// k of E experts chosen, e of them in the group.
static Distribution hypergeometric(int64_t all, int64_t inGroup,
                                   int64_t chosen) {
  auto logChoose = [](int64_t n, int64_t k) {
    return std::lgamma(double(n + 1)) - std::lgamma(double(k + 1)) -
           std::lgamma(double(n - k + 1));
  };
  Distribution result;
  // Below this many none can be: the others are not enough.
  result.first = std::max<int64_t>(0, chosen - (all - inGroup));
  result.mass.clear();
  for (int64_t m = result.first; m <= std::min(inGroup, chosen); ++m)
    result.mass.push_back(std::exp(logChoose(inGroup, m) +
                                   logChoose(all - inGroup, chosen - m) -
                                   logChoose(all, chosen)));
  return result;
}

namespace {

/// Of experts that are chosen independently, how likely 0, 1, ... of them are.
/// Given that k of all are, these are the sets of k by the product of their
/// odds: what P(none) scales cancels out, and nothing overflows.
struct IndependentSum {
  std::vector<double> mass = {1};

  void add(double p, int64_t most) {
    if (int64_t(mass.size()) <= most)
      mass.push_back(0);
    for (size_t j = mass.size(); j-- > 0;)
      mass[j] = mass[j] * (1 - p) + (j > 0 ? mass[j - 1] * p : 0);
  }

  /// Of both.
  IndependentSum with(const IndependentSum &other, int64_t most) const {
    IndependentSum both;
    both.mass.assign(
        std::min(mass.size() + other.mass.size() - 1, size_t(most) + 1), 0);
    for (size_t i = 0; i < mass.size(); ++i)
      for (size_t j = 0; j < other.mass.size() && i + j <= size_t(most); ++j)
        both.mass[i + j] += mass[i] * other.mass[j];
    return both;
  }

  double of(int64_t count) const {
    return count >= 0 && count < int64_t(mass.size()) ? mass[size_t(count)] : 0;
  }
};

} // namespace

/// Chosen by every token, but for rounding.
static bool isSure(double p) { return p > 1 - 1e-12; }

/// Of a token's choices, those that are not sure.
static int64_t freeChoices(const std::vector<double> &chosen,
                           int64_t perToken) {
  return perToken - std::count_if(chosen.begin(), chosen.end(), isSure);
}

namespace {

/// The experts that serve one token, by group; all of them, each once.
using Serving = std::vector<std::vector<int64_t>>;

/// What a token that chooses exactly k experts brings to each group, by the
/// probabilities of the experts.
class ChosenSets {
public:
  ChosenSets(const std::vector<double> &chosen, int64_t perToken,
             const Serving &serving)
      : free(freeChoices(chosen, perToken)), groups(serving.size()),
        before(serving.size()), behind(serving.size()), sure(serving.size()) {
    for (size_t g = 0; g < serving.size(); ++g)
      for (int64_t expert : serving[g])
        if (isSure(chosen[size_t(expert)]))
          ++sure[g];
        else
          groups[g].add(chosen[size_t(expert)], free);
    // What lies before and behind each group.
    for (size_t g = 1; g < groups.size(); ++g) {
      before[g] = before[g - 1].with(groups[g - 1], free);
      size_t last = groups.size() - 1 - g;
      behind[last] = behind[last + 1].with(groups[last + 1], free);
    }
  }

  Distribution of(size_t group) const {
    IndependentSum others = before[group].with(behind[group], free);
    Distribution result;
    result.first = sure[group];
    result.mass.clear();
    double all = 0;
    for (int64_t m = 0; m < int64_t(groups[group].mass.size()); ++m) {
      double mass = groups[group].of(m) * others.of(free - m);
      result.mass.push_back(mass);
      all += mass;
    }
    for (double &mass : result.mass)
      mass /= all;
    return result;
  }

private:
  int64_t free;
  std::vector<IndependentSum> groups, before, behind;
  std::vector<int64_t> sure;
};

} // namespace

namespace {

/// P(X <= m) of what all tokens bring to one group.
class GroupLoad {
public:
  static constexpr int64_t kCountedTokens = 64;

  /// Of pairs: what a token brings, and how many tokens bring that.
  explicit GroupLoad(
      const std::vector<std::pair<Distribution, int64_t>> &ofTokens) {
    int64_t tokens = 0;
    for (const auto &[ofToken, alike] : ofTokens)
      tokens += alike;
    if (tokens <= kCountedTokens) {
      Distribution all;
      for (const auto &[ofToken, alike] : ofTokens)
        all = all + ofToken.times(alike);
      count(all);
      return;
    }
    double variance = 0;
    for (const auto &[ofToken, alike] : ofTokens) {
      mean += double(alike) * ofToken.mean();
      variance += double(alike) * ofToken.variance();
    }
    deviation = std::sqrt(variance);
  }

  double atMost(int64_t m) const {
    if (!sums.empty()) {
      if (m < first)
        return 0;
      return m - first < int64_t(sums.size()) ? sums[size_t(m - first)] : 1;
    }
    if (deviation <= 0)
      return double(m) >= mean ? 1 : 0;
    return std::erfc((mean - double(m) - 0.5) / deviation / std::sqrt(2)) / 2;
  }

  /// Below this no load is likely.
  int64_t least() const {
    constexpr double kDeviations = 8;
    if (!sums.empty())
      return first;
    return std::max<int64_t>(0, int64_t(mean - kDeviations * deviation));
  }

private:
  void count(const Distribution &all) {
    first = all.first;
    double sum = 0;
    for (double mass : all.mass)
      sums.push_back(sum = std::min(1.0, sum + mass));
    sums.back() = 1;
  }

  int64_t first = 0;
  std::vector<double> sums;
  double mean = 0, deviation = 0;
};

} // namespace

/// Expected maximum of loads that are taken as independent; `alike[g]` groups
/// have load g.
static double expectedMaximum(const std::vector<GroupLoad> &loads,
                              const std::vector<double> &alike, double most) {
  int64_t least = 0;
  for (const GroupLoad &group : loads)
    least = std::max(least, group.least());
  double expected = double(least);
  for (int64_t m = least; double(m) < most; ++m) {
    double all = 1;
    for (size_t g = 0; g < loads.size(); ++g)
      all *= alike[g] == 1 ? loads[g].atMost(m)
                           : std::pow(loads[g].atMost(m), alike[g]);
    expected += 1 - all;
    if (1 - all < 1e-12)
      break;
  }
  return expected;
}

/// How tokens of a step are served, and how many of them so: as long as no
/// expert is in two groups, all alike.
static std::map<Serving, int64_t> servingsOf(const ExpertLoad &load) {
  Replicas replicas(load);
  auto servingOf = [&](int64_t token) {
    Serving serving(size_t(replicas.numGroups(load)));
    for (int64_t expert = 0; expert < load.experts; ++expert)
      if (int64_t group = replicas.groupOf(expert, token); group >= 0)
        serving[size_t(group)].push_back(expert);
    return serving;
  };
  int64_t alike = 1; ///< tokens after which all replicas begin anew
  for (int64_t expert = 0; expert < load.experts && alike < load.tokens;
       ++expert)
    alike = std::lcm(alike, std::max<int64_t>(1, replicas.replicasOf(expert)));
  alike = std::min(alike, load.tokens);
  std::map<Serving, int64_t> servings;
  for (int64_t token = 0; token < alike; ++token)
    servings[servingOf(token)] += ceilDiv(load.tokens - token, alike);
  return servings;
}

static bool isUniform(const std::vector<double> &chosen) {
  return std::count(chosen.begin(), chosen.end(), chosen.front()) ==
         int64_t(chosen.size());
}

/// Groups whose tokens choose by the experts' probabilities alone.
static double expectedByOdds(const Routing &routing, const ExpertLoad &load,
                             double most) {
  int64_t perToken = std::clamp<int64_t>(load.perToken, 1, load.experts);
  std::vector<double> chosen = inclusion(routing, load.experts, perToken);
  bool areEqual = isUniform(chosen);
  std::vector<std::vector<std::pair<Distribution, int64_t>>> ofTokens;
  /// Groups whose tokens bring the same, by that; of equal experts only how
  /// many a group serves matters.
  std::map<std::vector<int64_t>, size_t> known;
  std::vector<double> alike;
  std::map<Serving, int64_t> servings = servingsOf(load);
  std::vector<ChosenSets> sets;
  for (const auto &[serving, tokens] : servings)
    if (!areEqual)
      sets.emplace_back(chosen, perToken, serving);
  size_t numGroups = servings.begin()->first.size();
  for (size_t g = 0; g < numGroups; ++g) {
    std::vector<int64_t> key;
    for (const auto &[serving, tokens] : servings)
      key.push_back(areEqual ? int64_t(serving[g].size()) : int64_t(g));
    auto [at, isNew] = known.try_emplace(key, alike.size());
    if (!isNew) {
      alike[at->second] += 1;
      continue;
    }
    alike.push_back(1);
    ofTokens.emplace_back();
    size_t s = 0;
    for (const auto &[serving, tokens] : servings)
      ofTokens.back().push_back(
          {areEqual ? hypergeometric(load.experts, int64_t(serving[g].size()),
                                     perToken)
                    : sets[s++].of(g),
           tokens});
  }
  std::vector<GroupLoad> loads;
  for (const auto &group : ofTokens)
    loads.emplace_back(group);
  return expectedMaximum(loads, alike, most);
}

/// Mean over steps of tokens of a trace.
static double meanOfTrace(const Routing &routing, const ExpertLoad &load) {
  constexpr uint64_t kPurpose = 1;
  constexpr int64_t kActivations = 1 << 16, kMost = 2048, kLeast = 16;
  int64_t tokens = std::max<int64_t>(1, load.tokens);
  int64_t perStep = tokens * std::max<int64_t>(1, routing.choices->perToken);
  int64_t count = std::clamp(kActivations / perStep, kLeast, kMost);
  if (tokens == 1)
    count = routing.choices->numTokens();
  DrawnSteps steps = drawSteps(routing, load, count, kPurpose);
  Replicas replicas(load);
  std::vector<int64_t> loads(size_t(replicas.numGroups(load)));
  double sum = 0;
  for (int64_t s = 0; s < steps.count(); ++s) {
    std::fill(loads.begin(), loads.end(), 0);
    int64_t largest = 0;
    for (size_t a = steps.first[size_t(s)]; a < steps.first[size_t(s) + 1];
         ++a) {
      const DrawnSteps::Activation &one = steps.activations[a];
      int64_t group = replicas.groupOf(one.expert, one.token);
      if (group >= 0)
        largest = std::max(largest, ++loads[size_t(group)]);
    }
    sum += double(largest);
  }
  return sum / double(std::max<int64_t>(1, steps.count()));
}

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", 2014).
static uint64_t nextRandom(uint64_t &state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// Tokens of a trace, all in turn where a step has one.
static DrawnSteps drawFromTrace(const Choices &choices, const ExpertLoad &load,
                                int64_t count, uint64_t seed) {
  DrawnSteps steps;
  steps.first.push_back(0);
  auto recorded = uint64_t(choices.numTokens());
  for (int64_t s = 0; s < count && recorded > 0; ++s) {
    for (int64_t token = 0; token < load.tokens; ++token) {
      uint64_t from = load.tokens == 1
                          ? uint64_t(s) % recorded
                          : (nextRandom(seed) >> 32) * recorded >> 32;
      for (int64_t i = 0; i < choices.perToken; ++i)
        steps.activations.push_back(
            {uint32_t(token),
             choices.experts[size_t(from) * size_t(choices.perToken) +
                             size_t(i)]});
    }
    steps.first.push_back(steps.activations.size());
  }
  return steps;
}

/// Draws the choices of one token after another: an expert is chosen with the
/// probability that it has given what was decided of those before it.
static DrawnSteps drawByOdds(const std::vector<double> &chosen,
                             const ExpertLoad &load, int64_t count,
                             uint64_t seed) {
  std::vector<uint32_t> sure, others;
  for (size_t expert = 0; expert < chosen.size(); ++expert)
    (isSure(chosen[expert]) ? sure : others).push_back(uint32_t(expert));
  int64_t free = std::max<int64_t>(0, load.perToken - int64_t(sure.size()));
  // How many of an expert and all behind it are chosen.
  std::vector<IndependentSum> from(others.size() + 1);
  for (size_t i = others.size(); i-- > 0;) {
    from[i] = from[i + 1];
    from[i].add(chosen[others[i]], free);
  }
  DrawnSteps steps;
  steps.first.push_back(0);
  for (int64_t s = 0; s < count; ++s) {
    for (int64_t token = 0; token < load.tokens; ++token) {
      for (uint32_t expert : sure)
        steps.activations.push_back({uint32_t(token), expert});
      int64_t left = free;
      for (size_t i = 0; i < others.size() && left > 0; ++i) {
        double unit = double(nextRandom(seed) >> 11) * 0x1p-53;
        bool isNeeded = int64_t(others.size() - i) <= left;
        if (!isNeeded && unit * from[i].of(left) >=
                             chosen[others[i]] * from[i + 1].of(left - 1))
          continue;
        steps.activations.push_back({uint32_t(token), others[i]});
        --left;
      }
    }
    steps.first.push_back(steps.activations.size());
  }
  return steps;
}

DrawnSteps inlay::cost::drawSteps(const Routing &routing,
                                  const ExpertLoad &load, int64_t count,
                                  uint64_t purpose) {
  uint64_t mixed = routing.seed;
  uint64_t seed = purpose ^ (routing.seed == 0 ? 0 : nextRandom(mixed));
  if (routing.choices)
    return drawFromTrace(*routing.choices, load, count, seed);
  return drawByOdds(inclusion(routing, load.experts, load.perToken), load,
                    count, seed);
}

double inlay::cost::expectedLargestLoad(const Routing &routing,
                                        const ExpertLoad &load) {
  int64_t groups = std::clamp<int64_t>(load.groups, 1, load.experts);
  int64_t perToken = std::clamp<int64_t>(load.perToken, 1, load.experts);
  double activations = double(load.tokens * perToken);
  if (groups <= 1)
    return activations;
  double most = worstLoad(load);
  if (routing.choices && routing.choices->numTokens() > 0)
    return std::min(meanOfTrace(routing, load), most);
  // Some group has at least the mean.
  int64_t filled = load.isGiven()
                       ? int64_t(load.held->size())
                       : ceilDiv(load.experts, ceilDiv(load.experts, groups));
  double mean = activations / double(filled);
  return std::clamp(expectedByOdds(routing, load, most),
                    std::min(most, std::max(1.0, mean)), most);
}
