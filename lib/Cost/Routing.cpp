//===- Routing.cpp - Which experts tokens choose, and how evenly ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Routing.h"
#include "inlay/Cost/RoutingTrace.h"
#include "inlay/Support/Digest.h"
#include "inlay/Support/Format.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

using namespace inlay;
using namespace inlay::cost;

Routing ModelRouting::of(int64_t layer) const {
  if (kind == Routing::Kind::Zipf)
    return Routing::zipf(exponent);
  auto found = counts.find(layer);
  if (kind == Routing::Kind::Trace && found != counts.end())
    return Routing::trace(found->second);
  return {};
}

Routing ModelRouting::typical() const {
  if (kind != Routing::Kind::Trace)
    return of(0);
  std::vector<double> mean;
  for (const auto &[layer, chosen] : counts) {
    std::vector<double> ranked = chosen;
    std::sort(ranked.begin(), ranked.end(), std::greater<>());
    mean.resize(std::max(mean.size(), ranked.size()), 0);
    double all = std::accumulate(ranked.begin(), ranked.end(), 0.0);
    for (size_t i = 0; i < ranked.size(); ++i)
      mean[i] += ranked[i] / std::max(1.0, all);
  }
  return Routing::trace(std::move(mean));
}

std::string ModelRouting::describe() const {
  switch (kind) {
  case Routing::Kind::Uniform:
    return "uniform";
  case Routing::Kind::Zipf:
    return fmt::format("zipf:{:g}", exponent);
  case Routing::Kind::Trace:
    return "trace " + trace;
  }
  return "uniform";
}

std::optional<ModelRouting> inlay::cost::parseRouting(const std::string &text,
                                                      Diagnostics &diags) {
  constexpr double kMostSkewed = 100;
  ModelRouting routing;
  llvm::StringRef rest = text;
  if (rest == "uniform")
    return routing;
  if (rest.consume_front("zipf:")) {
    routing.kind = Routing::Kind::Zipf;
    if (!rest.getAsDouble(routing.exponent) && routing.exponent >= 0 &&
        routing.exponent <= kMostSkewed)
      return routing;
    diags
        .inputError("option --routing",
                    fmt::format("'{}' is no exponent from 0 to {:g}",
                                rest.str(), kMostSkewed))
        .notes.push_back("e.g. --routing zipf:1");
    return std::nullopt;
  }
  if (rest.empty() || !llvm::sys::fs::is_regular_file(rest)) {
    diags
        .inputError(
            "option --routing",
            fmt::format("'{}' is neither uniform nor zipf:S nor a file", text))
        .notes.push_back("docs/routing-traces.md describes the files");
    return std::nullopt;
  }
  std::optional<RoutingTrace> trace = readRoutingTrace(text, diags);
  std::optional<std::string> digest =
      trace ? sha256OfFile(text, diags) : std::nullopt;
  if (!digest)
    return std::nullopt;
  routing = countTrace(*trace);
  routing.trace = llvm::sys::path::filename(rest).str();
  routing.digest = std::move(*digest);
  return routing;
}

std::vector<double> inlay::cost::inclusion(const Routing &routing,
                                           int64_t experts, int64_t perToken) {
  size_t count = size_t(std::max<int64_t>(1, experts));
  double wanted = double(std::clamp<int64_t>(perToken, 1, int64_t(count)));
  std::vector<double> weights(count, 1);
  if (routing.kind == Routing::Kind::Zipf)
    for (size_t i = 0; i < count; ++i)
      weights[i] = std::pow(double(i + 1), -routing.exponent);
  if (routing.kind == Routing::Kind::Trace)
    for (size_t i = 0; i < count; ++i)
      // An expert that the trace never saw may still be chosen.
      weights[i] = i < routing.frequency.size()
                       ? std::max(routing.frequency[i], 1e-9)
                       : 1e-9;
  std::vector<double> chosen(count, 0);
  std::vector<bool> isCapped(count, false);
  for (size_t round = 0; round <= count; ++round) {
    double free = wanted, sum = 0;
    for (size_t i = 0; i < count; ++i)
      (isCapped[i] ? free : sum) += isCapped[i] ? -1 : weights[i];
    bool isDone = true;
    for (size_t i = 0; i < count; ++i) {
      chosen[i] = isCapped[i] ? 1 : weights[i] * free / sum;
      if (!isCapped[i] && chosen[i] > 1) {
        isCapped[i] = true;
        isDone = false;
      }
    }
    if (isDone)
      break;
  }
  return chosen;
}

double inlay::cost::worstLoad(const ExpertLoad &load) {
  int64_t inGroup = ceilDiv(load.experts, std::max<int64_t>(1, load.groups));
  return double(load.tokens) * double(std::min(load.perToken, inGroup));
}

double inlay::cost::expectedExpertsUsed(const Routing &routing,
                                        const ExpertLoad &load) {
  double used = 0;
  for (double p : inclusion(routing, load.experts, load.perToken))
    used += 1 - std::pow(1 - p, double(load.tokens));
  return used;
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

/// e_0, e_1, ... e_k of the odds of some experts, scaled so that none is large.
struct SymmetricSums {
  std::vector<double> sums = {1};

  void add(double odds, int64_t most) {
    if (int64_t(sums.size()) <= most)
      sums.push_back(0);
    for (size_t j = sums.size(); j-- > 1;)
      sums[j] += sums[j - 1] * odds;
  }

  /// Of both.
  SymmetricSums with(const SymmetricSums &other, int64_t most) const {
    SymmetricSums both;
    both.sums.assign(
        std::min(sums.size() + other.sums.size() - 1, size_t(most) + 1), 0);
    for (size_t i = 0; i < sums.size(); ++i)
      for (size_t j = 0; j < other.sums.size() && i + j <= size_t(most); ++j)
        both.sums[i + j] += sums[i] * other.sums[j];
    return both;
  }

  double of(int64_t count) const {
    return count >= 0 && count < int64_t(sums.size()) ? sums[size_t(count)] : 0;
  }
};

/// What a token that chooses exactly k experts brings to each group of
/// `inGroup`, by the probabilities of the experts.
class ChosenSets {
public:
  ChosenSets(const std::vector<double> &chosen, int64_t perToken,
             int64_t inGroup)
      : free(perToken) {
    // Odds near 1 keep the sums of many experts in range.
    double logs = 0, count = 0;
    for (double p : chosen)
      if (!isSure(p)) {
        logs += std::log(p / (1 - p));
        ++count;
      }
    double typical = count > 0 ? std::exp(logs / count) : 1;
    for (double p : chosen)
      free -= isSure(p);
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (i % size_t(inGroup) == 0) {
        groups.emplace_back();
        sure.push_back(0);
      }
      if (isSure(chosen[i]))
        ++sure.back();
      else
        groups.back().add(chosen[i] / (1 - chosen[i]) / typical, free);
    }
    // What lies before and behind each group.
    before.resize(groups.size());
    behind.resize(groups.size());
    for (size_t g = 1; g < groups.size(); ++g) {
      before[g] = before[g - 1].with(groups[g - 1], free);
      size_t last = groups.size() - 1 - g;
      behind[last] = behind[last + 1].with(groups[last + 1], free);
    }
  }

  Distribution of(size_t group) const {
    SymmetricSums others = before[group].with(behind[group], free);
    Distribution result;
    result.first = sure[group];
    result.mass.clear();
    double all = 0;
    for (int64_t m = 0; m < int64_t(groups[group].sums.size()); ++m) {
      double mass = groups[group].of(m) * others.of(free - m);
      result.mass.push_back(mass);
      all += mass;
    }
    for (double &mass : result.mass)
      mass /= all;
    return result;
  }

private:
  /// Chosen by every token, but for rounding.
  static bool isSure(double p) { return p > 1 - 1e-12; }

  int64_t free; ///< of a token's choices, those that are not sure
  std::vector<SymmetricSums> groups, before, behind;
  std::vector<int64_t> sure;
};

} // namespace

namespace {

/// P(X <= m) of what all tokens bring to one group.
class GroupLoad {
public:
  GroupLoad(const Distribution &ofToken, int64_t tokens) {
    constexpr int64_t kCountedTokens = 64;
    if (tokens <= kCountedTokens) {
      Distribution all = ofToken.times(tokens);
      first = all.first;
      double sum = 0;
      for (double mass : all.mass)
        sums.push_back(sum = std::min(1.0, sum + mass));
      sums.back() = 1;
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
  int64_t first = 0;
  std::vector<double> sums;
  double mean = 0, deviation = 0;
};

} // namespace

double inlay::cost::expectedLargestLoad(const Routing &routing,
                                        const ExpertLoad &load) {
  int64_t groups = std::clamp<int64_t>(load.groups, 1, load.experts);
  int64_t perToken = std::clamp<int64_t>(load.perToken, 1, load.experts);
  double activations = double(load.tokens * perToken);
  if (groups <= 1)
    return activations;
  int64_t inGroup = ceilDiv(load.experts, groups);
  double most = worstLoad(load);
  std::vector<double> chosen = inclusion(routing, load.experts, perToken);
  bool isUniform = chosen.front() == chosen.back() &&
                   std::count(chosen.begin(), chosen.end(), chosen.front()) ==
                       int64_t(chosen.size());
  std::optional<ChosenSets> sets;
  if (!isUniform)
    sets.emplace(chosen, perToken, inGroup);
  std::vector<GroupLoad> loads;
  std::vector<double> alike; ///< groups with that load
  for (int64_t at = 0; at < load.experts; at += inGroup) {
    int64_t size = std::min(inGroup, load.experts - at);
    if (isUniform && !loads.empty() && size == inGroup) {
      alike.front() += 1;
      continue;
    }
    Distribution ofToken = isUniform
                               ? hypergeometric(load.experts, size, perToken)
                               : sets->of(size_t(at / inGroup));
    loads.emplace_back(ofToken, load.tokens);
    alike.push_back(1);
  }
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
  // Some group has at least the mean.
  double mean = activations / double(ceilDiv(load.experts, inGroup));
  return std::clamp(expected, std::min(most, std::max(1.0, mean)), most);
}
