//===- Fastest.cpp - Stages of few cycles in sum --------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Partition/Partition.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

using namespace inlay;
using namespace inlay::partition;

static constexpr double kNever = std::numeric_limits<double>::infinity();

/// The share of a step that one more wafer must save: nobody buys machines for
/// less.
static constexpr double kWorthAWafer = 0.001;

namespace {

class Fastener {
public:
  Fastener(const Problem &problem, const StageCosts &costs)
      : problem(problem), costs(costs) {
    bytes.push_back(0);
    for (const Item &item : problem.items)
      bytes.push_back(bytes.back() + item.bytes);
  }

  Solution run(Solution start);

private:
  void search(int most);
  void findCuts(const Solution &start);
  bool mayCut(size_t before) const {
    return before == 0 || before == problem.items.size() ||
           !problem.items[before].isJoined;
  }
  /// Items of a layer before this one.
  size_t offsetOf(size_t item) const;
  bool mayHold(size_t first, size_t last) const;
  double cyclesOf(const Stage &stage);
  std::optional<double> knownCycles(const Stage &stage) const;
  double sumOf(const std::vector<Stage> &stages);
  double costOf(const std::vector<Stage> &stages) {
    return sumOf(stages) + double(stages.size()) * waferPrice;
  }
  std::vector<Stage> cheapest(bool onlyKnown);

  const Problem &problem;
  const StageCosts &costs;
  std::vector<int64_t> bytes; ///< of the first i items
  std::set<size_t> cuts;      ///< allowed
  std::set<size_t> free;      ///< of these, with any other as the other end
  std::map<std::vector<int>, double> known;
  double waferPrice = 0; ///< in cycles
};

} // namespace

size_t Fastener::offsetOf(size_t item) const {
  if (item >= problem.items.size() || problem.items[item].layer < 0)
    return 0;
  size_t first = item;
  while (first > 0 &&
         problem.items[first - 1].layer == problem.items[item].layer)
    --first;
  return item - first;
}

/// Whether a stage may be one, by what it holds; not whether it fits. Wafers
/// that are nearly full are slow if they can be placed at all, which takes long
/// to find out.
bool Fastener::mayHold(size_t first, size_t last) const {
  constexpr double kMostFull = 0.92;
  if (double(bytes[last] - bytes[first]) >
      kMostFull * double(problem.bytesPerWafer))
    return knownCycles({first, last}).has_value();
  return free.count(first) || free.count(last) ||
         offsetOf(first) == offsetOf(last);
}

double Fastener::cyclesOf(const Stage &stage) {
  auto [entry, isNew] =
      known.try_emplace(costs.key(stage.first, stage.last), kNever);
  if (isNew && (!problem.fits || problem.fits(stage.first, stage.last)))
    entry->second = costs.cycles(stage.first, stage.last);
  return entry->second;
}

std::optional<double> Fastener::knownCycles(const Stage &stage) const {
  auto found = known.find(costs.key(stage.first, stage.last));
  if (found == known.end())
    return std::nullopt;
  return found->second;
}

double Fastener::sumOf(const std::vector<Stage> &stages) {
  double sum = 0;
  for (const Stage &stage : stages) {
    sum += cyclesOf(stage);
    if (stage.first > 0)
      sum += problem.items[stage.first - 1].crossing;
  }
  return sum;
}

/// The best partition; what is not known counts as the least that it may take,
/// or not at all. Empty where there is none.
std::vector<Stage> Fastener::cheapest(bool onlyKnown) {
  struct State {
    double cycles = kNever;
    size_t from = 0;
  };
  std::vector<size_t> at(cuts.begin(), cuts.end());
  // By number of wafers where it is given; else all are one.
  auto wafers = static_cast<size_t>(problem.wafers);
  size_t layers = wafers ? wafers + 1 : 1;
  std::vector<std::vector<State>> states(layers, std::vector<State>(at.size()));
  states[0][0].cycles = 0;
  std::vector<std::vector<double>> costOf(at.size());
  for (size_t begin = 0; begin < at.size(); ++begin)
    for (size_t end = begin + 1; end < at.size(); ++end) {
      Stage stage = {at[begin], at[end]};
      if (bytes[stage.last] - bytes[stage.first] > problem.bytesPerWafer)
        break;
      costOf[begin].push_back(kNever);
      if (!mayHold(stage.first, stage.last))
        continue;
      std::optional<double> cycles = knownCycles(stage);
      if (!cycles && !onlyKnown)
        cycles = costs.atLeast(stage.first, stage.last);
      costOf[begin].back() =
          cycles.value_or(kNever) + waferPrice +
          (begin ? problem.items[stage.first - 1].crossing : 0);
    }
  auto relax = [&](const std::vector<State> &before, std::vector<State> &after,
                   size_t begin) {
    if (before[begin].cycles == kNever)
      return;
    for (size_t i = 0; i < costOf[begin].size(); ++i) {
      double cycles = before[begin].cycles + costOf[begin][i];
      if (cycles < after[begin + 1 + i].cycles)
        after[begin + 1 + i] = {cycles, begin};
    }
  };
  for (size_t w = 0; w < std::max<size_t>(1, wafers); ++w)
    for (size_t begin = 0; begin + 1 < at.size(); ++begin)
      relax(states[w], states[wafers ? w + 1 : 0], begin);
  std::vector<Stage> stages;
  size_t end = at.size() - 1;
  if (states[wafers].back().cycles == kNever)
    return {};
  for (size_t w = wafers; end > 0; w -= wafers ? 1 : 0) {
    size_t begin = states[w][end].from;
    stages.push_back({at[begin], at[end]});
    end = begin;
  }
  std::reverse(stages.begin(), stages.end());
  return stages;
}

/// Costs what the best partition holds until all of it is known, that first of
/// which there is the most.
void Fastener::search(int most) {
  for (; most > 0; --most) {
    std::map<std::vector<int>, int> counts;
    std::optional<Stage> next;
    int mostAlike = 0;
    for (const Stage &stage : cheapest(/*onlyKnown=*/false)) {
      if (knownCycles(stage))
        continue;
      int alike = ++counts[costs.key(stage.first, stage.last)];
      if (alike <= mostAlike)
        continue;
      mostAlike = alike;
      next = stage;
    }
    if (!next)
      return;
    cyclesOf(*next);
  }
}

void Fastener::findCuts(const Solution &start) {
  size_t count = problem.items.size();
  cuts = {0, count};
  free = cuts;
  for (size_t i = 1; i < count; ++i)
    if (offsetOf(i) == 0 && mayCut(i))
      cuts.insert(i);
  for (const Stage &stage : start.stages) {
    cuts.insert(stage.first);
    free.insert(stage.first);
  }
}

/// Whole layers first; then layers that are cut all alike.
Solution Fastener::run(Solution start) {
  constexpr int kMostWhole = 12, kMostOfFewKinds = 40;
  constexpr int kMostCut = 4;
  constexpr size_t kFewKinds = 4;
  std::set<int> kinds;
  for (const Item &item : problem.items)
    kinds.insert(item.kind);
  findCuts(start);
  if (double cycles = sumOf(start.stages); cycles < kNever)
    waferPrice = kWorthAWafer * cycles;
  // Where all layers are alike a stage is soon planned.
  search(kinds.size() <= kFewKinds ? kMostOfFewKinds : kMostWhole);
  for (size_t i = 1; i < problem.items.size(); ++i)
    if (mayCut(i))
      cuts.insert(i);
  search(kMostCut);
  std::vector<Stage> stages = cheapest(/*onlyKnown=*/true);
  if (stages.empty() || costOf(stages) >= costOf(start.stages))
    return start;
  return solutionOf(problem, std::move(stages));
}

Solution inlay::partition::fasten(const Problem &problem, Solution start,
                                  const StageCosts &costs) {
  return Fastener(problem, costs).run(std::move(start));
}
