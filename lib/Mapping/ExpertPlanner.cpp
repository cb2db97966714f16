//===- ExpertPlanner.cpp - Groups of experts and their cost ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Mapping/ExpertPlanner.h"

#include "inlay/Support/Format.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace inlay;
using namespace inlay::mapping;
using experts::Effort;

/// Layers choose alike unless a trace says otherwise.
int64_t ExpertPlanner::layerOf(const model::KernelSpec &kernel) const {
  return routing.kind == cost::Routing::Kind::Trace ? kernel.layer : 0;
}

const experts::Solution &ExpertPlanner::solutionOf(
    Way way, Effort effort, const model::KernelSpec &kernel,
    const model::Sharding &sharding, int64_t layer, int64_t room) {
  cost::ExpertLoad load = cost::expertLoad(kernel, sharding);
  bool mayReplicate = room > ceilDiv(load.experts, load.groups);
  double operation = mayReplicate ? operationOf(kernel, sharding) : 0;
  Key key = {way,         effort,      layer, load.experts, load.perToken,
             load.tokens, load.groups, room,  operation};
  // What is known stays where it is.
  std::lock_guard<std::mutex> lock(mutex);
  auto [entry, isNew] = known.try_emplace(key);
  if (!isNew)
    return entry->second;
  experts::Problem problem = {layer < 0 ? typical : routing.of(layer),
                              load.experts,
                              std::min(load.perToken, load.experts),
                              load.tokens,
                              load.groups,
                              room,
                              operation};
  entry->second = way == Way::Solve
                      ? experts::solve(problem, effort, effortPercent)
                  : way == Way::RoundRobin ? experts::roundRobin(problem)
                                           : experts::inOrder(problem);
  return entry->second;
}

/// By how much the kernel takes longer with one activation more.
double ExpertPlanner::operationOf(const model::KernelSpec &kernel,
                                  const model::Sharding &sharding) const {
  cost::ExpertLoad load = cost::expertLoad(kernel, sharding);
  double mean = double(load.tokens * load.perToken) / double(load.groups);
  auto cyclesOf = [&](double activations) {
    return cost::estimateExperts(kernel, sharding, rates,
                                 {activations, activations})
        .cycles.total();
  };
  double low = std::max(1.0, mean), high = low * 1.25 + 1;
  double slope = (cyclesOf(high) - cyclesOf(low)) / (high - low);
  return slope > 0 ? 1 / slope : 1;
}

cost::KernelCost ExpertPlanner::estimate(const model::KernelSpec &kernel,
                                         const model::Sharding &sharding) {
  if (kernel.role != model::KernelRole::Experts)
    return cost::estimateKernel(kernel, sharding, rates);
  return cost::estimateExperts(kernel, sharding, rates,
                               solutionOf(Way::Solve, Effort::Quick, kernel,
                                          sharding, /*layer=*/-1,
                                          /*room=*/0)
                                   .load);
}

double ExpertPlanner::expectedCycles(const model::KernelSpec &kernel,
                                     const model::Sharding &sharding) {
  if (kernel.role != model::KernelRole::Experts)
    return cost::estimateKernel(kernel, sharding, rates).cycles.total();
  double load = solutionOf(Way::Solve, Effort::Quick, kernel, sharding,
                           /*layer=*/-1, /*room=*/0)
                    .load.expected;
  return cost::estimateExperts(kernel, sharding, rates, {load, load})
      .cycles.total();
}

cost::KernelCost ExpertPlanner::costOf(Way way, const model::KernelSpec &kernel,
                                       const model::Sharding &sharding) {
  const experts::Solution &solution =
      solutionOf(way, Effort::Thorough, kernel, sharding, layerOf(kernel),
                 /*room=*/0);
  return cost::estimateExperts(kernel, sharding, rates, solution.load);
}

int64_t inlay::mapping::roomFor(const model::KernelSpec &kernel,
                                const model::Sharding &sharding,
                                int64_t freeBytes) {
  int64_t least =
      ceilDiv(std::max<int64_t>(1, kernel.numExperts), sharding.numGroups());
  model::Sharding trial = sharding;
  auto bytesOf = [&](int64_t slots) {
    trial.held.assign(size_t(sharding.numGroups()), {});
    trial.held.front().resize(size_t(slots));
    return model::footprint(kernel, trial).total();
  };
  int64_t most = bytesOf(least) + freeBytes, room = least;
  // Twice as many are more than replicas ever need.
  while (room < std::min(2 * least, kernel.numExperts) &&
         bytesOf(room + 1) <= most)
    ++room;
  return room;
}

const model::Sharding &
ExpertPlanner::choose(const model::KernelSpec &kernel,
                      const std::vector<model::Sharding> &shardings) {
  constexpr size_t kCompared = 3;
  std::vector<std::pair<double, size_t>> ranked;
  std::pair<double, size_t> turns;
  for (size_t i = 0; i < shardings.size(); ++i) {
    ranked.push_back({estimate(kernel, shardings[i]).cycles.total(), i});
    std::pair<double, size_t> other = {
        costOf(Way::RoundRobin, kernel, shardings[i]).cycles.total(), i};
    turns = i == 0 ? other : std::min(turns, other);
  }
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(std::min(ranked.size(), kCompared));
  ranked.push_back(turns);
  std::pair<double, size_t> best = ranked.front();
  for (size_t c = 0; c < ranked.size(); ++c) {
    size_t i = ranked[c].second;
    double cycles = costOf(Way::Solve, kernel, shardings[i]).cycles.total();
    if (c == 0 || cycles < best.first)
      best = {cycles, i};
  }
  return shardings[best.second];
}

/// Activations of a token that each group is expected to get.
static std::vector<double> meansOf(const experts::Groups &held,
                                   const std::vector<double> &chosen) {
  std::vector<double> replicas(chosen.size(), 0);
  for (const std::vector<int64_t> &group : held)
    for (int64_t expert : group)
      replicas[size_t(expert)] += 1;
  std::vector<double> means;
  for (const std::vector<int64_t> &group : held) {
    double mean = 0;
    for (int64_t expert : group)
      mean += chosen[size_t(expert)] / replicas[size_t(expert)];
    means.push_back(mean);
  }
  return means;
}

/// Gives the hottest groups the places nearest to the router.
static experts::Groups arranged(const experts::Groups &held,
                                const std::vector<double> &means,
                                const model::Sharding &sharding,
                                std::pair<double, double> router) {
  std::vector<size_t> hottest(held.size()), nearest(held.size());
  std::iota(hottest.begin(), hottest.end(), 0);
  std::iota(nearest.begin(), nearest.end(), 0);
  std::sort(hottest.begin(), hottest.end(), [&](size_t a, size_t b) {
    return std::pair(-means[a], a) < std::pair(-means[b], b);
  });
  auto distanceOf = [&](size_t place) {
    auto column = double(int64_t(place) % sharding.groups.width) + 0.5;
    auto row = double(int64_t(place) / sharding.groups.width) + 0.5;
    return std::abs(column * double(sharding.group.width) - router.first) +
           std::abs(row * double(sharding.group.height) - router.second);
  };
  std::sort(nearest.begin(), nearest.end(), [&](size_t a, size_t b) {
    return std::pair(distanceOf(a), a) < std::pair(distanceOf(b), b);
  });
  experts::Groups result(held.size());
  for (size_t i = 0; i < held.size(); ++i)
    result[nearest[i]] = held[hottest[i]];
  return result;
}

experts::Groups ExpertPlanner::place(const model::KernelSpec &kernel,
                                     const model::Sharding &sharding,
                                     int64_t freeBytes,
                                     std::pair<double, double> router) {
  const experts::Solution &solution =
      solutionOf(Way::Solve, Effort::Thorough, kernel, sharding,
                 layerOf(kernel), roomFor(kernel, sharding, freeBytes));
  cost::Routing layer = routing.of(layerOf(kernel));
  if (layer.kind == cost::Routing::Kind::Uniform || sharding.numGroups() < 2)
    return solution.held;
  // Also where they are in order, some are hotter than others.
  experts::Groups held = solution.held;
  if (held.empty())
    for (model::ExpertGroup &group : model::expertGroups(kernel, sharding))
      held.push_back(std::move(group.experts));
  return arranged(held,
                  meansOf(held, cost::inclusion(layer, kernel.numExperts,
                                                kernel.expertsPerToken)),
                  sharding, router);
}

OtherPlacements
ExpertPlanner::others(const model::KernelSpec &kernel,
                      const std::vector<model::Sharding> &shardings) {
  OtherPlacements best;
  bool isFirst = true;
  for (const model::Sharding &sharding : shardings) {
    cost::KernelCost turns = costOf(Way::RoundRobin, kernel, sharding);
    cost::KernelCost order = costOf(Way::InOrder, kernel, sharding);
    if (isFirst || turns.cycles.total() < best.roundRobin.cycles.total()) {
      best.roundRobin = turns;
      best.roundRobinGroups = sharding.numGroups();
    }
    if (isFirst || order.cycles.total() < best.inOrder.cycles.total()) {
      best.inOrder = order;
      best.inOrderGroups = sharding.numGroups();
    }
    isFirst = false;
  }
  return best;
}

std::vector<GroupCount>
ExpertPlanner::curve(const model::KernelSpec &kernel,
                     const std::vector<model::Sharding> &shardings,
                     int64_t budget) {
  std::map<int64_t, GroupCount> counts;
  for (const model::Sharding &sharding : shardings) {
    int64_t room = 0;
    if (budget > 0)
      room = roomFor(kernel, sharding,
                     budget - model::footprint(kernel, sharding).total());
    const experts::Solution &solution = solutionOf(
        Way::Solve, Effort::Thorough, kernel, sharding, layerOf(kernel), room);
    cost::KernelCost cost =
        cost::estimateExperts(kernel, sharding, rates, solution.load);
    double turns = costOf(Way::RoundRobin, kernel, sharding).cycles.total();
    auto [entry, isNew] = counts.try_emplace(sharding.numGroups());
    GroupCount &count = entry->second;
    turns = isNew ? turns : std::min(turns, count.roundRobin);
    double cycles = cost.cycles.total();
    if (isNew || cycles < count.cycles) {
      cost::ExpertLoad load = cost::expertLoad(kernel, sharding);
      double mean = std::max(1.0, double(load.tokens * load.perToken) /
                                      double(load.groups));
      int64_t places = 0;
      for (const std::vector<int64_t> &group : solution.held)
        places += int64_t(group.size());
      count = {sharding.numGroups(),
               cycles,
               cost.worstCase,
               turns,
               solution.held.empty() ? 0 : places - load.experts,
               cost::estimateExperts(kernel, sharding, rates, {mean, mean})
                   .cycles.total()};
    }
    count.roundRobin = turns;
  }
  std::vector<GroupCount> curve;
  for (const auto &[groups, count] : counts)
    curve.push_back(count);
  return curve;
}
