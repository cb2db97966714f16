//===- Choices.cpp - What the busiest group of experts serves -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tokens choose their experts independently of each other. Where all experts
// are equally likely and each is in one group, what the busiest group expects
// follows; else it lies between an even spread and the worst one.
//
//===----------------------------------------------------------------------===//

#include "Costs.h"
#include "Rules.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

namespace {

/// The experts of a kernel and a step.
struct Load {
  int64_t experts = 1, perToken = 1, tokens = 1;
  std::vector<std::vector<int64_t>> groups;
  bool isReplicated = false;

  auto operator<=>(const Load &) const = default;
};

} // namespace

static Load loadOf(const Kernel &kernel) {
  Load load;
  load.experts = std::max<int64_t>(1, kernel.experts);
  load.perToken = std::clamp<int64_t>(kernel.expertsPerToken, 1, load.experts);
  for (const Op &op : kernel.ops)
    for (const Cut &dim : op.dims)
      if (dim.dim == "token")
        load.tokens = std::max<int64_t>(1, dim.size);
  std::map<int64_t, int64_t> copies;
  for (const Group &group : kernel.groups) {
    load.groups.push_back(group.experts);
    for (int64_t expert : group.experts)
      load.isReplicated |= ++copies[expert] > 1;
  }
  return load;
}

/// Every token chooses as many experts of one group as it can. Of experts in
/// several groups the least busy serves, so that one gets its last choice from
/// an expert that it alone has, or when another has as many.
static double worstOf(const Load &load) {
  std::map<int64_t, int64_t> copies;
  for (const std::vector<int64_t> &group : load.groups)
    for (int64_t expert : group)
      ++copies[expert];
  int64_t worst = 0, all = times(load.tokens, load.perToken);
  for (const std::vector<int64_t> &group : load.groups) {
    auto count = static_cast<int64_t>(group.size());
    int64_t alone = llvm::count_if(
        group, [&](int64_t expert) { return copies[expert] == 1; });
    int64_t most = times(load.tokens, std::min(load.perToken, count));
    int64_t ofAlone = times(load.tokens, std::min(load.perToken, alone));
    int64_t even = load.isReplicated ? divideUp(all, 2) : 0;
    worst = std::max(worst, std::min(most, std::max(ofAlone, even)));
  }
  return double(worst);
}

/// How likely a token chooses 0, 1, ... experts of a group: k of E, m of the
/// group's e.
static std::vector<double> chosenOf(const Load &load, int64_t inGroup) {
  auto choose = [](int64_t n, int64_t k) { // logarithm
    return std::lgamma(double(n) + 1) - std::lgamma(double(k) + 1) -
           std::lgamma(double(n - k) + 1);
  };
  int64_t k = load.perToken, others = load.experts - inGroup;
  std::vector<double> mass(std::min(k, inGroup) + 1);
  for (int64_t m = 0; m < static_cast<int64_t>(mass.size()); ++m)
    if (k - m <= others)
      mass[m] = std::exp(choose(inGroup, m) + choose(others, k - m) -
                         choose(load.experts, k));
  return mass;
}

static std::vector<double> convolve(const std::vector<double> &a,
                                    const std::vector<double> &b) {
  std::vector<double> sum(a.size() + b.size() - 1);
  for (size_t i = 0; i < a.size(); ++i)
    for (size_t j = 0; j < b.size(); ++j)
      sum[i + j] += a[i] * b[j];
  return sum;
}

/// How likely it is that a group serves at most m choices, m from 0 on: exactly
/// for few tokens, by a normal distribution for many.
static std::vector<double> atMostOf(const Load &load, int64_t inGroup,
                                    int64_t most) {
  constexpr int64_t kCounted = 64;
  std::vector<double> mass = chosenOf(load, inGroup), result;
  if (load.tokens <= kCounted) {
    std::vector<double> all = {1};
    for (int64_t token = 0; token < load.tokens; ++token)
      all = convolve(all, mass);
    double sum = 0;
    for (double part : all)
      result.push_back(std::min(1.0, sum += part));
    return result;
  }
  double mean = 0, square = 0;
  for (size_t m = 0; m < mass.size(); ++m) {
    mean += double(m) * mass[m];
    square += double(m * m) * mass[m];
  }
  double deviation =
      std::sqrt(double(load.tokens) * std::max(0.0, square - mean * mean));
  mean *= double(load.tokens);
  for (int64_t m = 0; m < most; ++m)
    result.push_back(
        deviation > 0
            ? std::erfc((mean - double(m) - 0.5) / deviation / std::sqrt(2)) / 2
            : double(double(m) >= mean));
  return result;
}

/// Expected largest of the groups, taken as independent.
static double expectedOf(const Load &load, double least, double most) {
  std::map<int64_t, int64_t> alike; // groups by how many experts they have
  for (const std::vector<int64_t> &group : load.groups)
    ++alike[static_cast<int64_t>(group.size())];
  std::vector<double> all(static_cast<size_t>(most), 1);
  for (auto [inGroup, count] : alike) {
    std::vector<double> atMost =
        atMostOf(load, inGroup, static_cast<int64_t>(most));
    for (size_t m = 0; m < std::min(all.size(), atMost.size()); ++m)
      all[m] *= std::pow(atMost[m], double(count));
  }
  double expected = 0;
  for (double below : all)
    expected += 1 - below;
  return std::clamp(expected, std::min(least, most), most);
}

ChoiceRange inlay::checker::choicesOf(const Kernel &kernel) {
  Load load = loadOf(kernel);
  double all = double(times(load.tokens, load.perToken));
  return {std::max(1.0, all / double(load.groups.size())), worstOf(load)};
}

void inlay::checker::checkChoices(const Plan &plan, Report &report) {
  if (plan.minor < 3)
    return;
  // More than any step and token have: no time is spent on these.
  constexpr int64_t kMostChoices = int64_t(1) << 40, kMostExperts = 1 << 16,
                    kMostPerToken = 64;
  int64_t steps = int64_t(1) << 24; // of all that is worked out here
  bool isUniform = llvm::is_contained(
      plan.assumptions, "routing: every expert equally likely, independently "
                        "for each token");
  std::map<Load, double> known; // layers are alike
  for (const Kernel &kernel : plan.kernels) {
    double stated = kernel.activations;
    auto fail = [&](double least, double most) {
      report.fail(kernel.place(),
                  isClose(least, most)
                      ? fmt::format("says that its busiest expert group serves "
                                    "{} choices, it serves {}",
                                    stated, least)
                      : fmt::format("says that its busiest expert group serves "
                                    "{} choices, it serves {} to {}",
                                    stated, least, most));
    };
    if (kernel.role != "experts" || kernel.groups.empty()) {
      if (stated != 0)
        fail(0, 0);
      continue;
    }
    Load load = loadOf(kernel);
    int64_t all = times(load.tokens, load.perToken);
    if (all > kMostChoices || load.experts > kMostExperts)
      continue;
    size_t filled = llvm::count_if(
        load.groups, [](const auto &group) { return !group.empty(); });
    double most = load.groups.size() > 1 ? worstOf(load) : double(all);
    double least =
        load.groups.size() > 1
            ? std::max(1.0, double(all) / double(std::max<size_t>(1, filled)))
            : most;
    least = std::min(least, most);
    bool isComplete = llvm::all_of(load.groups, [&](const auto &group) {
      return static_cast<int64_t>(group.size()) <= load.experts;
    });
    if (isUniform && !load.isReplicated && isComplete && least < most &&
        load.perToken <= kMostPerToken && most < double(steps)) {
      auto [entry, isNew] = known.try_emplace(load);
      if (isNew) {
        entry->second = expectedOf(load, least, most);
        steps -= static_cast<int64_t>(most);
      }
      least = most = entry->second;
    }
    if ((stated < least && !isClose(stated, least)) ||
        (stated > most && !isClose(stated, most)))
      fail(least, most);
  }
}
