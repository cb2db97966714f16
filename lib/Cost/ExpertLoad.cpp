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

/// Each expert of the group chosen or not.
static Distribution poissonBinomial(const double *chosen, int64_t experts) {
  Distribution sum;
  for (int64_t i = 0; i < experts; ++i)
    sum = sum + Distribution{0, {1 - chosen[i], chosen[i]}};
  return sum;
}

/// What `tokens` tokens bring that choose one expert with probability p.
static Distribution binomial(int64_t tokens, double p) {
  return Distribution{0, {1 - p, p}}.times(tokens);
}

namespace {

/// P(X <= m) of what all tokens bring to one group.
class GroupLoad {
public:
  static constexpr int64_t kCountedTokens = 64;

  GroupLoad(const Distribution &ofToken, int64_t tokens) {
    if (tokens <= kCountedTokens) {
      count(ofToken.times(tokens));
      return;
    }
    mean = double(tokens) * ofToken.mean();
    deviation = std::sqrt(double(tokens) * ofToken.variance());
  }

  /// Of pairs: tokens that an expert serves here, and how likely each is to
  /// choose it.
  GroupLoad(const std::vector<std::pair<int64_t, double>> &served,
            int64_t tokens) {
    if (tokens <= kCountedTokens) {
      Distribution all;
      for (auto [ofExpert, p] : served)
        all = all + binomial(ofExpert, p);
      count(all);
      return;
    }
    double variance = 0;
    for (auto [ofExpert, p] : served) {
      mean += double(ofExpert) * p;
      variance += double(ofExpert) * p * (1 - p);
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

/// Groups that were given their experts.
static double expectedOfGiven(const Routing &routing, const ExpertLoad &load,
                              double most) {
  std::vector<double> chosen = inclusion(routing, load.experts, load.perToken);
  Replicas replicas(load);
  std::vector<GroupLoad> loads;
  for (size_t g = 0; g < load.held->size(); ++g) {
    std::vector<std::pair<int64_t, double>> served;
    for (int64_t expert : (*load.held)[g]) {
      int64_t tokens = load.tokens;
      if (replicas.replicasOf(expert) > 1) {
        tokens = 0;
        for (int64_t token = 0; token < load.tokens; ++token)
          tokens += replicas.groupOf(expert, token) == int64_t(g);
      }
      served.push_back({tokens, chosen[size_t(expert)]});
    }
    loads.emplace_back(served, load.tokens);
  }
  return expectedMaximum(loads, std::vector<double>(loads.size(), 1), most);
}

/// Mean over steps of tokens of a trace.
static double meanOfTrace(const Routing &routing, const ExpertLoad &load) {
  constexpr uint64_t kSeed = 1;
  constexpr int64_t kActivations = 1 << 16, kMost = 2048, kLeast = 16;
  int64_t tokens = std::max<int64_t>(1, load.tokens);
  int64_t perStep = tokens * std::max<int64_t>(1, routing.choices->perToken);
  int64_t count = std::clamp(kActivations / perStep, kLeast, kMost);
  if (tokens == 1)
    count = routing.choices->numTokens();
  DrawnSteps steps = drawSteps(routing, load, count, kSeed);
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

DrawnSteps inlay::cost::drawSteps(const Routing &routing,
                                  const ExpertLoad &load, int64_t count,
                                  uint64_t seed) {
  if (routing.choices)
    return drawFromTrace(*routing.choices, load, count, seed);
  std::vector<double> chosen = inclusion(routing, load.experts, load.perToken);
  // Of each expert the places, among all tokens of all steps, where it is
  // chosen: gaps are geometric.
  auto tokens = uint64_t(std::max<int64_t>(1, load.tokens));
  uint64_t places = tokens * uint64_t(count);
  std::vector<std::pair<uint64_t, uint32_t>> all;
  for (size_t expert = 0; expert < chosen.size(); ++expert) {
    double p = chosen[expert];
    if (p <= 0)
      continue;
    for (uint64_t place = 0; place < places; ++place) {
      if (p < 1) {
        double unit = double((nextRandom(seed) >> 11) + 1) * 0x1p-53;
        double gap = std::floor(std::log(unit) / std::log1p(-p));
        if (gap >= double(places - place))
          break;
        place += uint64_t(gap);
      }
      all.push_back({place, uint32_t(expert)});
    }
  }
  std::sort(all.begin(), all.end());
  DrawnSteps steps;
  size_t at = 0;
  for (uint64_t s = 0; s <= uint64_t(count); ++s) {
    while (at < all.size() && all[at].first < s * tokens) {
      steps.activations.push_back(
          {uint32_t(all[at].first % tokens), all[at].second});
      ++at;
    }
    steps.first.push_back(steps.activations.size());
  }
  return steps;
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
  if (load.isGiven() && routing.kind != Routing::Kind::Uniform) {
    double mean = activations / double(load.held->size());
    return std::clamp(expectedOfGiven(routing, load, most),
                      std::min(most, std::max(1.0, mean)), most);
  }
  int64_t inGroup = ceilDiv(load.experts, groups);
  bool isUniform = routing.kind == Routing::Kind::Uniform;
  std::vector<double> chosen = isUniform
                                   ? std::vector<double>()
                                   : inclusion(routing, load.experts, perToken);
  std::vector<GroupLoad> loads;
  std::vector<double> alike; ///< groups with that load
  // Which of equal experts a group holds makes no difference.
  for (size_t g = 0; load.isGiven() && g < load.held->size(); ++g) {
    loads.emplace_back(
        hypergeometric(load.experts, int64_t((*load.held)[g].size()), perToken),
        load.tokens);
    alike.push_back(1);
  }
  for (int64_t at = 0; !load.isGiven() && at < load.experts; at += inGroup) {
    int64_t size = std::min(inGroup, load.experts - at);
    if (isUniform && !loads.empty() && size == inGroup) {
      alike.front() += 1;
      continue;
    }
    Distribution ofToken = isUniform
                               ? hypergeometric(load.experts, size, perToken)
                               : poissonBinomial(chosen.data() + at, size);
    loads.emplace_back(ofToken, load.tokens);
    alike.push_back(1);
  }
  // Some group has at least the mean.
  double mean = activations / double(ceilDiv(load.experts, inGroup));
  return std::clamp(expectedMaximum(loads, alike, most),
                    std::min(most, std::max(1.0, mean)), most);
}
