//===- Rules.h - The rules that a legal plan follows ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function for each group of rules. Each reports everything that it finds,
// and trusts nothing that another one has looked at.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_RULES_H
#define INLAY_LIB_CHECK_RULES_H

#include "Plan.h"
#include "Report.h"

#include <set>

namespace inlay::checker {

/// System and step: numbers that belong together.
void checkSystem(const Plan &plan, Report &report);

/// Regions in the grid, off dead cores, disjoint; expert groups and core
/// classes inside them; every expert in one group.
void checkPlaces(const Plan &plan, Report &report);

/// Ops, their cuts and operands; kernels of one structure are alike.
void checkOps(const Plan &plan, Report &report);

/// Slices take what there is, concatenations put together all of their result.
void checkParts(const Plan &plan, Report &report);

/// Every element of a weight and state on exactly as many cores as the plan
/// says, every stored element of an initializer in exactly one weight.
void checkWeights(const Plan &plan, Report &report);

/// What the plan counts of its weights.
void checkAccounting(const Plan &plan, Report &report);

/// Buffers in budget, aligned, large enough, disjoint while they live.
void checkMemory(const Plan &plan, Report &report);

/// Edges between ports; topological order.
void checkStreams(const Plan &plan, Report &report);

/// Routes whole and from end to end, patterns free of deadlock, colours legal
/// in every router, loads as the routes give them.
void checkRoutes(const Plan &plan, Report &report);

/// Values that the host works out itself are streams from it, each once.
void checkHostValues(const Plan &plan, Report &report);

/// Sums, paths, bounds and rates.
void checkEstimate(const Plan &plan, Report &report);

/// Choices that the busiest of several groups of experts serves where tokens
/// spread over them evenly, and where they do not at all.
struct ChoiceRange {
  double even = 0, worst = 0;
};
ChoiceRange choicesOf(const Kernel &kernel);

/// Choices of experts that the busiest group of a kernel serves.
void checkChoices(const Plan &plan, Report &report);

/// What crossings, hops and waiting on links take.
void checkTravel(const Plan &plan, Report &report);

/// The plan against the device description that it names.
void checkTarget(const Plan &plan, llvm::StringRef text,
                 const json::Object &target, Report &report);

/// The plan against the model that it places.
void checkModel(const Plan &plan, const Model &model, Report &report);

/// The host can make its values of the model from what they list.
void checkHostCones(const Plan &plan, const Model &model, Report &report);

/// Every node of the model in a kernel or between kernels that streams join.
void checkNodes(const Plan &plan, const Model &model, Report &report);

/// Every value of the model along a stream from the op that makes it to those
/// that need it, every initializer at the op whose node reads it.
void checkValues(const Plan &plan, const Model &model, Report &report);

/// As many experts for each token as the model chooses.
void checkModelChoices(const Plan &plan, const Model &model, Report &report);

/// States with room for the tokens that the model's attention sees.
void checkStateRooms(const Plan &plan, const Model &model, Report &report);

/// Operands of rotations in their order, as far as their indices tell.
void checkRotationParts(const Plan &plan, Report &report);

/// Tables of cosines and of sines each in its place.
void checkRotations(const Plan &plan, const Model &model, Report &report);

/// Elements of weights in the order in which the model's nodes read them.
void checkLayouts(const Plan &plan, const Model &model, Report &report);

/// Bits of an element type by its name; 0 where the name is unknown.
int64_t bitsOfType(llvm::StringRef name);

/// Cuts of a tensor that stays, as the first op that uses it gives them.
std::vector<Cut> cutsByUse(const Kernel &kernel, const Tensor &tensor,
                           llvm::StringRef role);

/// Calls `visit` with every pair of intervals that have something in common.
/// Intervals are [first, second) and come with the number that `visit` gets.
struct Interval {
  int64_t begin = 0, end = 0;
  size_t number = 0;
};
template <typename Visit>
void forEachOverlap(std::vector<Interval> intervals, Visit visit) {
  std::sort(intervals.begin(), intervals.end(),
            [](const Interval &a, const Interval &b) {
              return std::tie(a.begin, a.number) < std::tie(b.begin, b.number);
            });
  std::vector<Interval> open;
  for (const Interval &interval : intervals) {
    if (interval.begin >= interval.end)
      continue;
    std::erase_if(open, [&](const Interval &other) {
      return other.end <= interval.begin;
    });
    for (const Interval &other : open)
      visit(other.number, interval.number);
    open.push_back(interval);
  }
}

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_RULES_H
