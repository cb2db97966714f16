//===- Solver.cpp - Cuts a chain into stages ------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Partition/Partition.h"

#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <limits>
#include <map>

using namespace inlay;
using namespace inlay::partition;

namespace {

class Solver {
public:
  explicit Solver(const Problem &problem) : problem(problem) {
    bytes.push_back(0);
    cycles.push_back(0);
    for (const Item &item : problem.items) {
      bytes.push_back(bytes.back() + item.bytes);
      cycles.push_back(cycles.back() + item.cycles);
    }
    findAlike();
  }

  std::optional<Solution> run(Diagnostics &diags) {
    if (!reportLargeItems(diags))
      return std::nullopt;
    findCuts();
    std::vector<Stage> least = fillInOrder();
    // Room that whole layers leave makes kernels faster; it is wasted only
    // where wafers count.
    bool wantsFewer = problem.wafers ? problem.wafers < int(least.size())
                                     : problem.objective == Objective::Wafers;
    if (wantsFewer)
      cutLayersIfThatSavesWafers(least);
    int wafers = static_cast<int>(least.size());
    if (problem.wafers && problem.wafers < wafers) {
      reportTooFewWafers(wafers, diags);
      return std::nullopt;
    }
    if (problem.wafers > wafers)
      wafers = problem.wafers;
    if (lastPinned() >= 0)
      return runPinned(wafers, diags);
    if (static_cast<size_t>(wafers) + 1 > cuts.size()) {
      allowAllCuts();
      least = fillInOrder();
    }
    std::vector<Stage> stages = balance(wafers);
    if (stages.empty())
      stages = split(std::move(least), wafers);
    return finish(std::move(stages));
  }

private:
  /// The last wafer that an item is pinned to; -1 without pins.
  int lastPinned() const {
    int last = -1;
    for (const Item &item : problem.items)
      last = std::max(last, item.wafer);
    return last;
  }

  /// As few wafers as hold everything with pinned items in their places.
  std::optional<Solution> runPinned(int wafers, Diagnostics &diags) {
    constexpr int kMostMore = 16;
    int first = problem.wafers ? wafers : std::max(wafers, lastPinned() + 1);
    int last = problem.wafers ? wafers : first + kMostMore;
    for (bool everywhere : {false, true}) {
      if (everywhere)
        allowAllCuts();
      for (wafers = first; wafers <= last; ++wafers)
        if (std::vector<Stage> stages = balance(wafers); !stages.empty())
          return finish(std::move(stages));
    }
    diags
        .capacityError("constraints",
                       fmt::format("no partition over {} wafers has every "
                                   "pinned kernel on its wafer",
                                   first == last
                                       ? std::to_string(first)
                                       : fmt::format("{} to {}", first, last)))
        .notes.push_back("pin kernels in order of execution, as many bytes "
                         "before each as wafers before its own hold");
    return std::nullopt;
  }

  int64_t bytesOf(size_t first, size_t last) const {
    return bytes[last] - bytes[first];
  }

  double cyclesOf(size_t first, size_t last) const {
    return cycles[last] - cycles[first] + crossingLoad(problem, first);
  }

  /// Gives each item the first one from which on a wafer would hold the same.
  void findAlike() {
    for (size_t i = 0; i < problem.items.size(); ++i) {
      size_t j = 0;
      while (j < i && (alike[j] != j || !isSameRun(j, i)))
        ++j;
      alike.push_back(j);
    }
  }

  /// Whether the items from `first` on and those from `second` on are of equal
  /// kinds, as many as a wafer may hold.
  bool isSameRun(size_t first, size_t second) const {
    for (size_t at = second; at < problem.items.size(); ++at) {
      if (bytesOf(second, at + 1) > problem.bytesPerWafer)
        return true;
      int kind = problem.items[at].kind;
      if (kind < 0 || kind != problem.items[first + (at - second)].kind)
        return false;
    }
    return true;
  }

  /// The question whether a run fits, the same for runs that are alike.
  std::pair<size_t, size_t> keyOf(size_t first, size_t last) const {
    return {alike[first], alike[first] + (last - first)};
  }

  bool fits(size_t first, size_t last) {
    if (bytesOf(first, last) > problem.bytesPerWafer)
      return false;
    if (!problem.fits)
      return true;
    auto key = keyOf(first, last);
    auto [it, isNew] = asked.try_emplace(key, false);
    if (isNew)
      it->second = problem.fits(key.first, key.second);
    return it->second;
  }

  /// One error for each kind of item that no wafer holds.
  bool reportLargeItems(Diagnostics &diags) {
    std::vector<std::pair<size_t, size_t>> large; // first of a kind, how many
    for (size_t i = 0; i < problem.items.size(); ++i) {
      if (fits(i, i + 1))
        continue;
      int kind = problem.items[i].kind;
      auto known = std::find_if(
          large.begin(), large.end(), [&](const std::pair<size_t, size_t> &l) {
            return kind >= 0 && problem.items[l.first].kind == kind;
          });
      if (known == large.end())
        large.push_back({i, 1});
      else
        ++known->second;
    }
    for (auto [first, count] : large) {
      Diagnostic &diag = reportLargeItem(problem.items[first], diags);
      if (count > 1)
        diag.notes.push_back(fmt::format(
            "so {} {} more kernel{} of the same structure",
            count == 2 ? "does" : "do", count - 1, count == 2 ? "" : "s"));
    }
    return large.empty();
  }

  Diagnostic &reportLargeItem(const Item &item, Diagnostics &diags) {
    std::string bytes = formatTotalBytes(double(item.bytes));
    std::string wafer = formatTotalBytes(double(problem.bytesPerWafer));
    if (item.bytes > problem.bytesPerWafer)
      return diags.capacityError(
          "kernel '" + item.name + "'",
          fmt::format(
              "needs at least {}, a wafer has {}, short by {}", bytes, wafer,
              formatTotalBytes(double(item.bytes - problem.bytesPerWafer))));
    return diags.capacityError(
        "kernel '" + item.name + "'",
        fmt::format("finds no rectangle on a wafer, although it needs only {} "
                    "of the {} of its live cores",
                    bytes, wafer));
  }

  /// Cuts lie between layers; and within a layer that is too large for a wafer.
  void findCuts() {
    cuts = {0};
    size_t count = problem.items.size();
    for (size_t first = 0; first < count;) {
      size_t last = first + 1;
      while (last < count && problem.items[first].layer >= 0 &&
             problem.items[last].layer == problem.items[first].layer)
        ++last;
      if (!fits(first, last))
        for (size_t i = first + 1; i < last; ++i)
          if (mayCut(i))
            cuts.push_back(i);
      if (mayCut(last))
        cuts.push_back(last);
      first = last;
    }
  }

  /// Whole layers may leave room that parts of them would fill.
  void cutLayersIfThatSavesWafers(std::vector<Stage> &least) {
    std::vector<size_t> betweenLayers = cuts;
    allowAllCuts();
    std::vector<Stage> stages = fillInOrder();
    if (stages.size() < least.size())
      least = std::move(stages);
    else
      cuts = std::move(betweenLayers);
  }

  void allowAllCuts() {
    cuts.clear();
    for (size_t i = 0; i <= problem.items.size(); ++i)
      if (mayCut(i))
        cuts.push_back(i);
  }

  bool mayCut(size_t before) const {
    return before == 0 || before == problem.items.size() ||
           !problem.items[before].isJoined;
  }

  /// Fills wafer after wafer: no partition at these cuts has fewer stages.
  std::vector<Stage> fillInOrder() {
    std::vector<Stage> stages;
    for (size_t c = 0; c + 1 < cuts.size();) {
      size_t end = c + 1;
      while (end + 1 < cuts.size() &&
             bytesOf(cuts[c], cuts[end + 1]) <= problem.bytesPerWafer)
        ++end;
      while (end > c + 1 && !fits(cuts[c], cuts[end]))
        --end;
      stages.push_back({cuts[c], cuts[end]});
      c = end;
    }
    return stages;
  }

  /// Either the bytes are too many, or kernels that stay whole leave room on
  /// each wafer that the next of them does not fit into.
  void reportTooFewWafers(int least, Diagnostics &diags) {
    size_t count = problem.items.size();
    int64_t needed = bytesOf(0, count);
    int64_t held = problem.bytesPerWafer * problem.wafers;
    std::string plural = problem.wafers == 1 ? "" : "s";
    std::string given = fmt::format("{} wafer{} hold{}", problem.wafers, plural,
                                    problem.wafers == 1 ? "s" : "");
    Diagnostic &diag = diags.capacityError(
        "the model",
        needed > held
            ? fmt::format("needs {}, {} {}, short by {}; with its kernels "
                          "whole it takes {} wafers",
                          formatTotalBytes(double(needed)), given,
                          formatTotalBytes(double(held)),
                          formatTotalBytes(double(needed - held)), least)
            : fmt::format("takes {} wafers, {} given: {} {} and the model "
                          "needs {}, but no kernel is cut over wafers, so "
                          "that on each there is room that the next does not "
                          "fit into",
                          least, problem.wafers, given,
                          formatTotalBytes(double(held)),
                          formatTotalBytes(double(needed))));
    std::vector<size_t> order(count);
    for (size_t i = 0; i < count; ++i)
      order[i] = i;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      int64_t bytesOfA = problem.items[a].bytes;
      int64_t bytesOfB = problem.items[b].bytes;
      return bytesOfA != bytesOfB ? bytesOfA > bytesOfB : a < b;
    });
    std::string largest;
    for (size_t i = 0; i < std::min<size_t>(5, count); ++i)
      largest +=
          fmt::format("{}{} {}", i ? ", " : "", problem.items[order[i]].name,
                      formatTotalBytes(double(problem.items[order[i]].bytes)));
    diag.notes.push_back("largest: " + largest);
    diag.notes.push_back(fmt::format("would fit: --wafers {}", least));
  }

  double load(size_t first, size_t last) const {
    return problem.objective == Objective::Throughput
               ? cyclesOf(first, last)
               : static_cast<double>(bytesOf(first, last));
  }

  /// Least load of the fullest stage among partitions into `wafers` stages.
  /// Stages that turn out not to be placeable are ruled out and the search is
  /// repeated; empty when that takes too long.
  std::vector<Stage> balance(int wafers) {
    constexpr int kMostRounds = 200;
    for (int round = 0; round < kMostRounds; ++round) {
      std::vector<Stage> stages = cheapest(wafers);
      bool allFit = true;
      for (const Stage &stage : stages)
        allFit &= fits(stage.first, stage.last);
      if (allFit)
        return stages;
    }
    return {};
  }

  struct State {
    double load = std::numeric_limits<double>::infinity();
    double crossings = 0;
    size_t from = 0;

    bool isBetterThan(const State &other) const {
      return load != other.load ? load < other.load
                                : crossings < other.crossings;
    }
  };

  /// Whether no item of a run is pinned to another wafer.
  bool mayBeOn(int wafer, size_t first, size_t last) const {
    for (size_t i = first; i < last; ++i)
      if (problem.items[i].wafer >= 0 && problem.items[i].wafer != wafer)
        return false;
    return true;
  }

  /// The best partition whose stages are not known to be unplaceable.
  std::vector<Stage> cheapest(int wafers) {
    size_t count = cuts.size();
    std::vector<std::vector<State>> states(wafers + 1,
                                           std::vector<State>(count));
    states[0][0].load = 0;
    for (int w = 1; w <= wafers; ++w)
      for (size_t end = 1; end < count; ++end)
        for (size_t begin = end; begin-- > 0;) {
          if (bytesOf(cuts[begin], cuts[end]) > problem.bytesPerWafer ||
              !mayBeOn(w - 1, cuts[begin], cuts[begin + 1]))
            break;
          const State &before = states[w - 1][begin];
          auto known = asked.find(keyOf(cuts[begin], cuts[end]));
          if (before.load == std::numeric_limits<double>::infinity() ||
              (known != asked.end() && !known->second))
            continue;
          State next = {
              std::max(before.load, load(cuts[begin], cuts[end])),
              before.crossings +
                  (begin ? problem.items[cuts[begin] - 1].crossing : 0),
              begin};
          if (next.isBetterThan(states[w][end]))
            states[w][end] = next;
        }
    std::vector<Stage> stages;
    size_t end = count - 1;
    if (states[wafers][end].load == std::numeric_limits<double>::infinity())
      return {};
    for (int w = wafers; w > 0; --w) {
      size_t begin = states[w][end].from;
      stages.push_back({cuts[begin], cuts[end]});
      end = begin;
    }
    std::reverse(stages.begin(), stages.end());
    return stages;
  }

  /// Halves the stage of most items until there are enough: part of what fits
  /// fits.
  std::vector<Stage> split(std::vector<Stage> stages, int wafers) const {
    while (stages.size() < static_cast<size_t>(wafers)) {
      auto longest = std::max_element(
          stages.begin(), stages.end(), [](const Stage &a, const Stage &b) {
            return a.last - a.first < b.last - b.first;
          });
      size_t middle = longest->first + (longest->last - longest->first) / 2;
      Stage second = {middle, longest->last};
      longest->last = middle;
      stages.insert(longest + 1, second);
    }
    return stages;
  }

  Solution finish(std::vector<Stage> stages) const {
    return solutionOf(problem, std::move(stages));
  }

  const Problem &problem;
  std::vector<int64_t> bytes; ///< of the first i items
  std::vector<double> cycles;
  std::vector<size_t> cuts; ///< first item of each part that stays together
  std::vector<size_t> alike;
  std::map<std::pair<size_t, size_t>, bool> asked; ///< by keyOf
};

} // namespace

Solution inlay::partition::solutionOf(const Problem &problem,
                                      std::vector<Stage> stages) {
  Solution solution;
  for (const Stage &stage : stages) {
    double crossing =
        stage.first > 0 ? problem.items[stage.first - 1].crossing : 0;
    double cycles = crossingLoad(problem, stage.first);
    for (size_t i = stage.first; i < stage.last; ++i)
      cycles += problem.items[i].cycles;
    solution.slowestStage = std::max(solution.slowestStage, cycles);
    solution.crossings += crossing;
  }
  int64_t bytes = 0;
  for (const Item &item : problem.items)
    bytes += item.bytes;
  solution.stages = std::move(stages);
  solution.fewestWafers = static_cast<int>(
      std::max<int64_t>(1, ceilDiv(bytes, problem.bytesPerWafer)));
  return solution;
}

std::optional<Solution> inlay::partition::solve(const Problem &problem,
                                                Diagnostics &diags) {
  return Solver(problem).run(diags);
}
