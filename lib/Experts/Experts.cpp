//===- Experts.cpp - Which experts lie together ---------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Experts/Experts.h"

#include "Packing.h"

#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace inlay;
using namespace inlay::experts;

int64_t Problem::slots() const {
  return std::max(room, ceilDiv(experts, std::max<int64_t>(1, groups)));
}

cost::ExpertLoad Problem::load(const Groups &held) const {
  return {experts, perToken, tokens, groups, &held};
}

bool Problem::check(Diagnostics &diags) const {
  bool isValid = true;
  auto fail = [&](const std::string &message) {
    diags.internalError("placement of experts", message);
    isValid = false;
  };
  for (auto [name, value] :
       {std::pair("experts", experts),
        std::pair("experts of a token", perToken), std::pair("tokens", tokens),
        std::pair("groups", groups)})
    if (value < 1)
      fail(fmt::format("has {} {}", value, name));
  if (room < 0)
    fail(fmt::format("has room for {} experts in a group", room));
  if (perToken > experts)
    fail(fmt::format("chooses {} of {} experts", perToken, experts));
  return isValid;
}

static Solution costed(const Problem &problem, Groups held) {
  Solution solution;
  solution.held = std::move(held);
  cost::ExpertLoad load = problem.load(solution.held);
  solution.load = {cost::expectedLargestLoad(problem.routing, load),
                   cost::worstLoad(load), cost::followingOperations(load)};
  return solution;
}

Solution inlay::experts::inOrder(const Problem &problem) {
  return costed(problem, {});
}

Solution inlay::experts::roundRobin(const Problem &problem) {
  Groups held(size_t(problem.groups));
  for (int64_t expert = 0; expert < problem.experts; ++expert)
    held[size_t(expert % problem.groups)].push_back(expert);
  return costed(problem, std::move(held));
}

int64_t Solution::replicas(const Problem &problem) const {
  int64_t places = 0;
  for (const std::vector<int64_t> &group : held)
    places += int64_t(group.size());
  return held.empty() ? 0 : places - problem.experts;
}

bool Solution::verify(const Problem &problem, Diagnostics &diags) const {
  bool holds = true;
  auto fail = [&](const std::string &message) {
    diags.internalError("placement of experts", message);
    holds = false;
  };
  if (!held.empty() && int64_t(held.size()) != problem.groups) {
    fail(fmt::format("fills {} groups of {}", held.size(), problem.groups));
    return false;
  }
  std::vector<bool> isThere(size_t(problem.experts), held.empty());
  for (const std::vector<int64_t> &group : held) {
    if (int64_t(group.size()) > problem.slots())
      fail(fmt::format("puts {} experts where {} have room", group.size(),
                       problem.slots()));
    for (size_t i = 0; i < group.size(); ++i) {
      if (group[i] < 0 || group[i] >= problem.experts) {
        fail(fmt::format("places expert {} of {}", group[i], problem.experts));
        return false;
      }
      if (i > 0 && group[i] <= group[i - 1])
        fail(fmt::format("lists expert {} behind {}", group[i], group[i - 1]));
      isThere[size_t(group[i])] = true;
    }
  }
  for (size_t expert = 0; expert < isThere.size(); ++expert)
    if (!isThere[expert])
      fail(fmt::format("leaves out expert {}", expert));
  if (!holds)
    return false;
  constexpr double kRounding = 1e-9;
  cost::LargestLoad counted = costed(problem, held).load;
  if (std::abs(counted.expected - load.expected) > kRounding ||
      std::abs(counted.worst - load.worst) > kRounding ||
      std::abs(counted.following - load.following) > kRounding)
    fail(fmt::format("says that the busiest group has {} activations, at worst "
                     "{}; it has {} and {}",
                     load.expected, load.worst, counted.expected,
                     counted.worst));
  double other = roundRobin(problem).load.expected;
  if (load.expected > other + kRounding)
    fail(fmt::format("expects {} activations of the busiest group, round robin "
                     "has {}",
                     load.expected, other));
  return holds;
}

/// How many replicas each expert gets: the `count` hottest one in every group.
static std::vector<int64_t> replicasOf(const Problem &problem, int64_t count) {
  std::vector<double> chosen =
      cost::inclusion(problem.routing, problem.experts, problem.perToken);
  std::vector<size_t> order(chosen.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(-chosen[a], a) < std::pair(-chosen[b], b);
  });
  std::vector<int64_t> replicas(chosen.size(), 1);
  for (size_t i = 0; i < order.size() && int64_t(i) < count; ++i)
    replicas[order[i]] = problem.groups;
  return replicas;
}

/// The most experts that may lie in every group beside all others.
static int64_t mostEverywhere(const Problem &problem) {
  int64_t count = 0;
  while (count < problem.experts &&
         ceilDiv(problem.experts - count - 1, problem.groups) + count + 1 <=
             problem.slots())
    ++count;
  return count;
}

static Solution packed(const Problem &problem, const cost::DrawnSteps &steps,
                       const std::vector<int64_t> &replicas, int64_t work) {
  Packing packing(problem, steps, replicas);
  if (!packing.pack())
    return roundRobin(problem);
  packing.improve(work);
  return costed(problem, packing.getGroups());
}

Solution inlay::experts::solve(const Problem &problem, Effort effort,
                               int64_t percent) {
  Solution best = inOrder(problem);
  if (problem.groups <= 1)
    return best;
  // A difference below this is none: what is simpler stays.
  constexpr double kLess = 1 - 1e-4;
  auto valueOf = [&](const Solution &solution) {
    return solution.load.expected + problem.operation * solution.load.following;
  };
  auto consider = [&](Solution solution) {
    if (valueOf(solution) < valueOf(best) * kLess)
      best = std::move(solution);
  };
  Solution turns = roundRobin(problem);
  consider(turns);
  // Of equal experts only how many a group holds makes a difference.
  if (problem.routing.kind == cost::Routing::Kind::Uniform)
    return turns.load.expected < best.load.expected ? turns : best;
  constexpr uint64_t kPurpose = 2;
  constexpr int64_t kActivations = 1 << 16, kLeastSteps = 16, kMostSteps = 512;
  constexpr int64_t kQuickWork = 1 << 21, kThoroughWork = 1 << 23;
  int64_t work =
      (effort == Effort::Quick ? kQuickWork : kThoroughWork) * percent / 100;
  int64_t count = std::clamp(kActivations / (problem.tokens * problem.perToken),
                             kLeastSteps, kMostSteps);
  Groups none;
  cost::DrawnSteps steps =
      cost::drawSteps(problem.routing, problem.load(none), count, kPurpose);
  std::vector<int64_t> once(size_t(problem.experts), 1);
  consider(packed(problem, steps, once, work));
  int64_t most = mostEverywhere(problem), last = 0;
  for (int64_t part : {8, 4, 2, 1})
    if (int64_t count = most / part; count > last) {
      consider(packed(problem, steps, replicasOf(problem, count), work));
      last = count;
    }
  if (turns.load.expected < best.load.expected)
    return turns;
  return best;
}
