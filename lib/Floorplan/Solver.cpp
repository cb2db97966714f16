//===- Solver.cpp - Searches for a plan of few cycles ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Strips.h"

#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace inlay;
using namespace inlay::floorplan;

/// The order of execution, or largest first.
static std::vector<int> orderOf(const Problem &problem, bool bySize) {
  std::vector<int> order(problem.blocks.size());
  std::iota(order.begin(), order.end(), 0);
  auto cores = [&](int block) {
    return problem.shapes[problem.blocks[block].shape].leastCores;
  };
  if (bySize)
    std::sort(order.begin(), order.end(), [&](int a, int b) {
      return cores(a) != cores(b) ? cores(a) > cores(b) : a < b;
    });
  return order;
}

static int64_t sumOfLeastCores(const Problem &problem) {
  int64_t sum = 0;
  for (const Block &block : problem.blocks)
    sum += problem.shapes[block.shape].leastCores;
  return sum;
}

std::optional<Solution> inlay::floorplan::pack(const Problem &problem) {
  if (sumOfLeastCores(problem) > problem.liveCores())
    return std::nullopt;
  ShapeMemo memo(problem);
  for (bool bySize : {false, true})
    for (bool isTransposed : {false, true}) {
      StripPlanner planner(problem, isTransposed, orderOf(problem, bySize),
                           memo);
      if (std::optional<Plan> plan = planner.tightest())
        return planner.finish(*plan);
    }
  return std::nullopt;
}

namespace {

/// Bisects the price of a core for one order and direction of strips.
class PriceSearch {
public:
  PriceSearch(const Problem &problem, bool isTransposed, bool bySize,
              ShapeMemo &memo)
      : problem(problem),
        planner(problem, isTransposed, orderOf(problem, bySize), memo) {}

  std::optional<Solution> run() {
    std::optional<Plan> tight = planner.tightest();
    if (!tight)
      return std::nullopt;
    consider(*tight);
    isAmple = tryPrice(0);
    if (isAmple)
      return best;
    constexpr int kProbes = 11;
    constexpr double kLowest = -6; // log10 of cycles per core
    constexpr double kHighest = 6;
    double low = kLowest;
    double high = kHighest;
    for (int probe = 0; probe < kProbes; ++probe) {
      double middle = (low + high) / 2;
      (tryPrice(std::pow(10.0, middle)) ? high : low) = middle;
    }
    return best;
  }

  /// Whether every block got the extent it likes best: another direction of
  /// strips would only place the same extents elsewhere.
  bool hadRoom() const { return isAmple; }

private:
  bool tryPrice(double price) {
    std::optional<Plan> plan = planner.priced(price);
    if (plan)
      consider(*plan);
    return plan.has_value();
  }

  void consider(Plan plan) {
    planner.stretch(plan);
    Solution solution = planner.finish(plan);
    if (!best || solution.cost(problem) < best->cost(problem))
      best = std::move(solution);
  }

  const Problem &problem;
  StripPlanner planner;
  std::optional<Solution> best;
  bool isAmple = false;
};

} // namespace

static void reportFailure(const Problem &problem, Diagnostics &diags) {
  int64_t least = sumOfLeastCores(problem);
  int64_t live = problem.liveCores();
  std::string subject = "floorplan of '" + problem.name + "'";
  Diagnostic &diag =
      least > live
          ? diags.capacityError(
                subject,
                fmt::format("its {} kernels need at least {} cores, but {} of "
                            "{} x {} are live, short by {}",
                            problem.blocks.size(), formatCount(least),
                            formatCount(live), problem.grid.width,
                            problem.grid.height, formatCount(least - live)))
          : diags.capacityError(
                subject,
                fmt::format("its {} kernels need at least {} of {} live cores, "
                            "but no arrangement in strips holds them",
                            problem.blocks.size(), formatCount(least),
                            formatCount(live)));
  std::vector<int> order = orderOf(problem, /*bySize=*/true);
  std::string largest;
  for (size_t i = 0; i < std::min<size_t>(3, order.size()); ++i) {
    const Block &block = problem.blocks[order[i]];
    largest += fmt::format("{}{} {} cores", i ? ", " : "", block.name,
                           formatCount(problem.shapes[block.shape].leastCores));
  }
  diag.notes.push_back("largest: " + largest);
  diag.notes.push_back("would fit: more --wafers, a smaller --context or "
                       "--batch, or a smaller --reserve");
}

std::optional<Solution> inlay::floorplan::solve(const Problem &problem,
                                                Diagnostics &diags) {
  std::optional<Solution> best;
  if (sumOfLeastCores(problem) <= problem.liveCores()) {
    ShapeMemo memo(problem);
    // Neighbours in order of execution come first; another order only where
    // this one cannot be placed.
    for (bool bySize : {false, true})
      for (bool isTransposed : {false, true}) {
        if (bySize && best)
          break;
        PriceSearch search(problem, isTransposed, bySize, memo);
        std::optional<Solution> solution = search.run();
        if (solution &&
            (!best || solution->cost(problem) < best->cost(problem)))
          best = std::move(solution);
        if (best && (bySize || search.hadRoom()))
          break;
      }
  }
  if (!best)
    reportFailure(problem, diags);
  return best;
}
