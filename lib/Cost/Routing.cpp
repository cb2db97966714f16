//===- Routing.cpp - Which experts tokens choose, and how evenly ----------===//
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

using namespace inlay;
using namespace inlay::cost;

double inlay::cost::expectedMaxLoad(int64_t activations, int64_t groups) {
  if (groups <= 1 || activations <= 1)
    return double(activations);
  // P(X <= m) of a binomial, summed term by term from m = 0 on.
  double n = double(activations);
  double p = 1 / double(groups);
  double term = std::pow(1 - p, n);
  double cumulative = 0;
  double expected = 0;
  for (int64_t m = 0; m < activations; ++m) {
    cumulative = std::min(1.0, cumulative + term);
    expected += 1 - std::pow(cumulative, double(groups));
    term *= (n - double(m)) / (double(m) + 1) * (p / (1 - p));
    if (cumulative >= 1)
      break;
  }
  return std::clamp(expected, std::max(1.0, n * p), n);
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

/// P(X <= m) of one group, for rising m.
class Cumulative {
public:
  /// Hypergeometric: k of E experts chosen, e of them in the group.
  static Cumulative hypergeometric(int64_t all, int64_t inGroup,
                                   int64_t chosen) {
    Cumulative result;
    result.limit = std::min(inGroup, chosen);
    // Below this many none can be: the others are not enough.
    int64_t first = std::max<int64_t>(0, chosen - (all - inGroup));
    auto logChoose = [](double n, double k) {
      return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
    };
    for (int64_t m = first; m <= result.limit; ++m)
      result.add(m,
                 std::exp(logChoose(double(inGroup), double(m)) +
                          logChoose(double(all - inGroup), double(chosen - m)) -
                          logChoose(double(all), double(chosen))));
    return result;
  }

  static Cumulative binomial(int64_t draws, double mean) {
    Cumulative result;
    result.limit = draws;
    double p = std::clamp(mean / double(std::max<int64_t>(1, draws)), 0.0, 1.0);
    if (p >= 1) {
      result.add(draws, 1);
      return result;
    }
    double n = double(draws);
    for (int64_t m = 0; m <= draws; ++m)
      result.add(m, std::exp(std::lgamma(n + 1) - std::lgamma(double(m) + 1) -
                             std::lgamma(n - double(m) + 1) +
                             (p > 0 ? double(m) * std::log(p) : 0) +
                             (n - double(m)) * std::log1p(-p)) *
                        (p > 0 || m == 0 ? 1 : 0));
    return result;
  }

  double operator()(int64_t m) const {
    if (m >= limit)
      return 1;
    return m < int64_t(sums.size()) ? sums[size_t(m)] : 1;
  }

private:
  void add(int64_t m, double probability) {
    double last = sums.empty() ? 0 : sums.back();
    while (int64_t(sums.size()) < m)
      sums.push_back(last);
    sums.push_back(std::min(1.0, last + probability));
  }

  int64_t limit = 0;
  std::vector<double> sums;
};

} // namespace

double inlay::cost::expectedLargestLoad(const Routing &routing,
                                        const ExpertLoad &load) {
  int64_t groups = std::clamp<int64_t>(load.groups, 1, load.experts);
  double activations = double(load.tokens * load.perToken);
  if (groups <= 1)
    return activations;
  int64_t inGroup = ceilDiv(load.experts, groups);
  double most = worstLoad(load);
  bool isUniform = routing.kind == Routing::Kind::Uniform;
  // Many tokens: the closed loop over equal groups, without tables.
  if (isUniform && load.tokens > 1)
    return std::clamp(expectedMaxLoad(load.tokens * load.perToken, groups),
                      std::min(most, activations / double(groups)), most);

  std::vector<double> chosen =
      isUniform ? std::vector<double>()
                : inclusion(routing, load.experts, load.perToken);
  std::vector<Cumulative> distributions;
  std::vector<double> times;
  for (int64_t first = 0; first < load.experts; first += inGroup) {
    int64_t size = std::min(inGroup, load.experts - first);
    if (isUniform && !distributions.empty() && size == inGroup) {
      times.front() += 1;
      continue;
    }
    if (isUniform) {
      distributions.push_back(
          Cumulative::hypergeometric(load.experts, size, load.perToken));
    } else {
      double mean = 0;
      for (int64_t i = first; i < first + size; ++i)
        mean += chosen[size_t(i)];
      distributions.push_back(
          Cumulative::binomial(load.tokens * std::min(load.perToken, size),
                               mean * double(load.tokens)));
    }
    times.push_back(1);
  }
  double expected = 0;
  for (int64_t m = 0; double(m) < most; ++m) {
    double all = 1;
    for (size_t g = 0; g < distributions.size(); ++g)
      all *= times[g] == 1 ? distributions[g](m)
                           : std::pow(distributions[g](m), times[g]);
    expected += 1 - all;
    if (1 - all < 1e-12)
      break;
  }
  return std::clamp(expected, std::min(most, 1.0), most);
}
