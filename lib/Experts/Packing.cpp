//===- Packing.cpp - Experts into groups, by drawn steps ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Packing.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

using namespace inlay;
using namespace inlay::experts;

Packing::Packing(const Problem &problem, const cost::DrawnSteps &steps,
                 const std::vector<int64_t> &replicas)
    : numGroups(size_t(problem.groups)), numSteps(size_t(steps.count())),
      slots(size_t(problem.slots())), groups(numGroups),
      loads(numGroups * numSteps), tops(numSteps) {
  std::vector<size_t> first;
  for (size_t expert = 0; expert < replicas.size(); ++expert) {
    first.push_back(items.size());
    for (int64_t r = 0; r < replicas[expert]; ++r)
      items.push_back({int64_t(expert), replicas[expert], 0,
                       std::vector<int32_t>(numSteps, 0)});
  }
  for (size_t s = 0; s < numSteps; ++s)
    for (size_t a = steps.first[s]; a < steps.first[s + 1]; ++a) {
      const cost::DrawnSteps::Activation &one = steps.activations[a];
      if (one.expert >= replicas.size())
        continue;
      // In turns: whom a step will choose, only all of its choices say.
      int64_t replica = int64_t(one.token + s) % replicas[one.expert];
      Item &item = items[first[one.expert] + size_t(replica)];
      ++item.loads[s];
      ++item.total;
    }
}

/// Replica r of an expert is the one in the r-th of the groups that hold it;
/// which of equals lies where makes no difference to what is expected.
bool Packing::holds(size_t group, int64_t expert, int64_t except) const {
  return std::any_of(
      groups[group].begin(), groups[group].end(), [&](int64_t item) {
        return item != except && items[size_t(item)].expert == expert;
      });
}

bool Packing::pack() {
  std::vector<size_t> order(items.size());
  std::iota(order.begin(), order.end(), 0);
  // What needs a place in many groups first, while there is one.
  auto rankOf = [&](size_t i) {
    return std::tuple(-items[i].replicas, -items[i].total, i);
  };
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return rankOf(a) < rankOf(b); });
  for (size_t item : order) {
    const std::vector<int32_t> &own = items[item].loads;
    size_t best = numGroups;
    std::tuple<int64_t, size_t> least;
    for (size_t g = 0; g < numGroups; ++g) {
      if (groups[g].size() >= slots || holds(g, items[item].expert, -1))
        continue;
      int64_t product = 0;
      for (size_t s = 0; s < numSteps; ++s)
        product += int64_t(own[s]) * loadOf(s, g);
      std::tuple<int64_t, size_t> rank = {product, groups[g].size()};
      if (best == numGroups || rank < least) {
        best = g;
        least = rank;
      }
    }
    if (best == numGroups)
      return false;
    groups[best].push_back(int64_t(item));
    for (size_t s = 0; s < numSteps; ++s)
      loadOf(s, best) += own[s];
  }
  for (size_t s = 0; s < numSteps; ++s)
    setTop(s);
  return true;
}

void Packing::setTop(size_t step) {
  Top &top = tops[step];
  std::fill_n(top.load, 3, -1);
  std::fill_n(top.group, 3, -1);
  for (size_t g = 0; g < numGroups; ++g) {
    int32_t load = loadOf(step, g), group = int32_t(g);
    for (int i = 0; i < 3; ++i)
      if (load > top.load[i]) {
        std::swap(load, top.load[i]);
        std::swap(group, top.group[i]);
      }
  }
}

int32_t Packing::Top::without(int32_t a, int32_t b) const {
  for (int i = 0; i < 3; ++i)
    if (group[i] != a && group[i] != b)
      return load[i];
  return -1;
}

/// By how much the busiest groups' loads fall, over all steps, when `item` goes
/// from group a to b and `other`, if any, the other way.
int64_t Packing::gainOf(int64_t item, size_t a, int64_t other, size_t b) const {
  const std::vector<int32_t> &leaving = items[size_t(item)].loads;
  const int32_t *coming =
      other < 0 ? nullptr : items[size_t(other)].loads.data();
  int64_t gain = 0;
  for (size_t s = 0; s < numSteps; ++s) {
    int32_t moved = leaving[s] - (coming ? coming[s] : 0);
    if (moved == 0)
      continue;
    int32_t most = std::max(loadOf(s, a) - moved, loadOf(s, b) + moved);
    const Top &top = tops[s];
    // Where neither is busiest before or after, nothing changes.
    if (top.group[0] != int32_t(a) && top.group[0] != int32_t(b)) {
      gain -= std::max(0, most - top.load[0]);
      continue;
    }
    gain += top.load[0] - std::max(most, top.without(int32_t(a), int32_t(b)));
  }
  return gain;
}

bool Packing::mayHold(size_t group, int64_t item, int64_t instead) const {
  return !holds(group, items[size_t(item)].expert, instead);
}

void Packing::exchange(size_t a, size_t i, size_t b, int64_t j) {
  int64_t item = groups[a][i];
  const std::vector<int32_t> &leaving = items[size_t(item)].loads;
  for (size_t s = 0; s < numSteps; ++s) {
    int32_t moved = leaving[s];
    if (j >= 0)
      moved -= items[size_t(groups[b][size_t(j)])].loads[s];
    if (moved == 0)
      continue;
    loadOf(s, a) -= moved;
    loadOf(s, b) += moved;
    setTop(s);
  }
  if (j >= 0) {
    std::swap(groups[a][i], groups[b][size_t(j)]);
    return;
  }
  groups[a].erase(groups[a].begin() + int64_t(i));
  groups[b].push_back(item);
}

/// The best exchange of one item of group a.
bool Packing::improveItem(size_t a, size_t i, int64_t &work) {
  int64_t item = groups[a][i], best = 0, bestOther = -1;
  size_t bestGroup = numGroups;
  for (size_t b = 0; b < numGroups && work > 0; ++b) {
    if (b == a)
      continue;
    auto look = [&](int64_t j) {
      int64_t other = j < 0 ? -1 : groups[b][size_t(j)];
      if (!mayHold(b, item, other) || (other >= 0 && !mayHold(a, other, item)))
        return;
      work -= int64_t(numSteps);
      int64_t gain = gainOf(item, a, other, b);
      if (gain > best) {
        best = gain;
        bestOther = j;
        bestGroup = b;
      }
    };
    if (groups[b].size() < slots)
      look(-1);
    for (size_t j = 0; j < groups[b].size() && work > 0; ++j)
      look(int64_t(j));
  }
  if (bestGroup == numGroups)
    return false;
  exchange(a, i, bestGroup, bestOther);
  return true;
}

/// Groups by falling number of steps in which they are the busiest.
std::vector<size_t> Packing::busiestFirst() const {
  std::vector<int64_t> times(numGroups, 0);
  for (const Top &top : tops)
    if (top.group[0] >= 0)
      ++times[size_t(top.group[0])];
  std::vector<size_t> order(numGroups);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(-times[a], a) < std::pair(-times[b], b);
  });
  return order;
}

void Packing::improve(int64_t work) {
  for (bool improved = true; improved && work > 0;) {
    improved = false;
    for (size_t a : busiestFirst()) {
      for (size_t i = 0; i < groups[a].size() && work > 0; ++i)
        improved |= improveItem(a, i, work);
      if (improved)
        break;
    }
  }
}

Groups Packing::getGroups() const {
  Groups held(numGroups);
  for (size_t g = 0; g < numGroups; ++g) {
    for (int64_t item : groups[g])
      held[g].push_back(items[size_t(item)].expert);
    std::sort(held[g].begin(), held[g].end());
  }
  return held;
}
