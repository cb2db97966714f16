//===- ExpertLoad.cpp - How busy the busiest group of experts is ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Routing.h"
#include "inlay/Support/Format.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

using namespace inlay;
using namespace inlay::cost;

namespace {

/// Where a step finds its experts.
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
    numGroups = load.isGiven() ? load.held->size()
                               : size_t(std::max<int64_t>(1, load.groups));
    findPools();
  }

  /// Groups that hold it; none for an expert that the kernel does not have.
  const std::vector<int32_t> &of(int64_t expert) const {
    static const std::vector<int32_t> none;
    return expert < 0 || expert >= int64_t(groups.size())
               ? none
               : groups[size_t(expert)];
  }
  /// Different lists of groups that hold an expert, of two groups and more; the
  /// shortest first, then by their lowest expert.
  const std::vector<std::vector<int32_t>> &getPools() const { return pools; }
  size_t count() const { return numGroups; }

  /// Choices of each group in a step, by the rule of `ExpertLoad::held`.
  std::vector<int64_t> serve(const DrawnSteps &steps, int64_t step) const {
    std::vector<int64_t> loads(numGroups, 0), waiting(pools.size(), 0);
    for (size_t a = steps.first[size_t(step)];
         a < steps.first[size_t(step) + 1]; ++a) {
      uint32_t expert = steps.activations[a].expert;
      const std::vector<int32_t> &all = of(expert);
      if (all.size() == 1)
        ++loads[size_t(all.front())];
      else if (!all.empty())
        ++waiting[poolOf[expert]];
    }
    auto isLess = [&](int32_t g, int32_t h) {
      return loads[size_t(g)] < loads[size_t(h)];
    };
    for (size_t p = 0; p < pools.size(); ++p)
      for (; waiting[p] > 0; --waiting[p])
        ++loads[size_t(
            *std::min_element(pools[p].begin(), pools[p].end(), isLess))];
    return loads;
  }

private:
  void findPools() {
    std::map<std::vector<int32_t>, size_t> lowest;
    for (size_t expert = 0; expert < groups.size(); ++expert)
      if (groups[expert].size() > 1)
        lowest.try_emplace(groups[expert], expert);
    std::map<std::pair<size_t, size_t>, const std::vector<int32_t> *> inOrder;
    for (const auto &[all, expert] : lowest)
      inOrder[{all.size(), expert}] = &all;
    std::map<std::vector<int32_t>, size_t> index;
    for (const auto &[rank, all] : inOrder) {
      index[*all] = pools.size();
      pools.push_back(*all);
    }
    poolOf.assign(groups.size(), 0);
    for (size_t expert = 0; expert < groups.size(); ++expert)
      if (groups[expert].size() > 1)
        poolOf[expert] = index[groups[expert]];
  }

  std::vector<std::vector<int32_t>> groups, pools;
  std::vector<size_t> poolOf;
  size_t numGroups;
};

} // namespace

/// Where replicas choose the least busy group, one with L choices got its last
/// either from an expert that it alone holds, or when another one had L - 1.
double inlay::cost::worstLoad(const ExpertLoad &load) {
  int64_t inGroup = ceilDiv(load.experts, std::max<int64_t>(1, load.groups));
  if (!load.isGiven())
    return double(load.tokens) * double(std::min(load.perToken, inGroup));
  Replicas replicas(load);
  int64_t worst = 0, even = (load.tokens * load.perToken + 1) / 2;
  for (const std::vector<int64_t> &group : *load.held) {
    int64_t alone =
        std::count_if(group.begin(), group.end(), [&](int64_t expert) {
          return replicas.of(expert).size() == 1;
        });
    int64_t most = load.tokens * std::min(load.perToken, int64_t(group.size()));
    int64_t ofAlone = load.tokens * std::min(load.perToken, alone);
    worst = std::max(worst, std::min(most, std::max(ofAlone, even)));
  }
  return double(worst);
}

double inlay::cost::followingOperations(const ExpertLoad &load) {
  double operations = 0;
  Replicas replicas(load);
  for (const std::vector<int32_t> &pool : replicas.getPools())
    operations += double(2 + 4 * pool.size());
  return operations;
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

/// The experts of each group; each is in one.
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

  /// What each of so many tokens brings.
  GroupLoad(const Distribution &ofToken, int64_t tokens) {
    if (tokens <= kCountedTokens) {
      count(ofToken.times(tokens));
      return;
    }
    mean = double(tokens) * ofToken.mean();
    deviation = std::sqrt(double(tokens) * ofToken.variance());
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

static bool isUniform(const std::vector<double> &chosen) {
  return std::count(chosen.begin(), chosen.end(), chosen.front()) ==
         int64_t(chosen.size());
}

/// Groups whose tokens choose by the experts' probabilities alone, each expert
/// in one group.
static double expectedByOdds(const Routing &routing, const ExpertLoad &load,
                             double most) {
  int64_t perToken = std::clamp<int64_t>(load.perToken, 1, load.experts);
  std::vector<double> chosen = inclusion(routing, load.experts, perToken);
  bool areEqual = isUniform(chosen);
  Replicas replicas(load);
  Serving serving(replicas.count());
  for (int64_t expert = 0; expert < load.experts; ++expert)
    for (int32_t group : replicas.of(expert))
      serving[size_t(group)].push_back(expert);
  std::optional<ChosenSets> sets;
  if (!areEqual)
    sets.emplace(chosen, perToken, serving);
  /// Of equal experts only how many a group serves matters.
  std::map<size_t, size_t> known;
  std::vector<GroupLoad> loads;
  std::vector<double> alike;
  for (size_t g = 0; g < serving.size(); ++g) {
    auto [at, isNew] =
        known.try_emplace(areEqual ? serving[g].size() : g, alike.size());
    if (!isNew) {
      alike[at->second] += 1;
      continue;
    }
    alike.push_back(1);
    Distribution ofToken =
        areEqual
            ? hypergeometric(load.experts, int64_t(serving[g].size()), perToken)
            : sets->of(g);
    loads.emplace_back(ofToken, load.tokens);
  }
  return expectedMaximum(loads, alike, most);
}

/// Mean over drawn steps.
static double meanOfDraws(const Routing &routing, const ExpertLoad &load) {
  constexpr uint64_t kPurpose = 1;
  constexpr int64_t kActivations = 1 << 16, kMost = 2048, kLeast = 16;
  int64_t tokens = std::max<int64_t>(1, load.tokens);
  int64_t perStep = tokens * std::max<int64_t>(1, load.perToken);
  int64_t count = std::clamp(kActivations / perStep, kLeast, kMost);
  if (tokens == 1 && routing.choices)
    count = routing.choices->numTokens();
  DrawnSteps steps = drawSteps(routing, load, count, kPurpose);
  Replicas replicas(load);
  double sum = 0;
  for (int64_t s = 0; s < steps.count(); ++s) {
    std::vector<int64_t> loads = replicas.serve(steps, s);
    sum += double(*std::max_element(loads.begin(), loads.end()));
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
  bool hasTrace = routing.choices && routing.choices->numTokens() > 0;
  if (hasTrace || (load.isGiven() && !Replicas(load).getPools().empty()))
    return std::min(meanOfDraws(routing, load), most);
  // Some group has at least the mean.
  int64_t filled = load.isGiven()
                       ? int64_t(load.held->size())
                       : ceilDiv(load.experts, ceilDiv(load.experts, groups));
  double mean = activations / double(filled);
  return std::clamp(expectedByOdds(routing, load, most),
                    std::min(most, std::max(1.0, mean)), most);
}
