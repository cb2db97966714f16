//===- RoutingProblems.h - Small machines to find routes on -----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_UNITTESTS_ROUTING_ROUTINGPROBLEMS_H
#define INLAY_UNITTESTS_ROUTING_ROUTINGPROBLEMS_H

#include "inlay/Routing/Routing.h"

#include "gtest/gtest.h"

namespace inlay::routing {

using model::Rect;

inline std::string textOf(const Diagnostics &diags) {
  std::string text;
  for (const Diagnostic &diag : diags.all())
    text += diag.subject + ": " + diag.message + "\n";
  return text;
}

inline std::string errorsOf(const Problem &problem, const Solution &solution) {
  Diagnostics diags;
  bool isValid = solution.verify(problem, diags);
  EXPECT_EQ(isValid, diags.all().empty());
  return textOf(diags);
}

inline Solution solved(const Problem &problem) {
  Diagnostics diags;
  EXPECT_TRUE(problem.check(diags)) << textOf(diags);
  std::optional<Solution> solution = solve(problem, diags);
  EXPECT_TRUE(solution) << textOf(diags);
  if (!solution)
    return {};
  EXPECT_EQ(errorsOf(problem, *solution), "");
  return *solution;
}

/// `to` kernels in a row, each on its own region.
inline Problem machine(int64_t width, int64_t height,
                       std::vector<Rect> regions) {
  Problem problem;
  problem.grid = {width, height};
  problem.colours = 21;
  for (size_t i = 0; i < regions.size(); ++i) {
    problem.regions.push_back({"r" + std::to_string(i), 0, regions[i]});
    problem.kernels.push_back({"k" + std::to_string(i), static_cast<int>(i)});
  }
  return problem;
}

inline Share shareOf(Axis axis, const Rect &rect, int64_t size) {
  int64_t parts = axis == Axis::X   ? rect.width
                  : axis == Axis::Y ? rect.height
                                    : 1;
  return {axis, parts, (size + parts - 1) / parts, size};
}

inline void connect(Problem &problem, int from, int to, Axis given, Axis wanted,
                    int64_t wavelets, model::Extent group = {0, 0}) {
  Flow flow;
  flow.from = from;
  flow.to = to;
  flow.streams = {static_cast<int>(problem.flows.size())};
  flow.cutWavelets = wavelets;
  flow.sameDim = true;
  if (from != kHost) {
    flow.source = problem.regions[problem.kernels[from].region].rect;
    flow.given = shareOf(given, flow.source, wavelets);
  }
  if (to != kHost) {
    flow.sink = problem.regions[problem.kernels[to].region].rect;
    flow.group = group.area() > 0 ? group : flow.sink.extent();
    flow.wanted =
        shareOf(wanted, {0, 0, flow.group.width, flow.group.height}, wavelets);
  }
  if (from != kHost && to != kHost)
    problem.order.emplace_back(from, to);
  problem.flows.push_back(flow);
}

inline Collective collectiveOf(int kernel, Axis axis, const Rect &rect,
                               Algorithm algorithm = Algorithm::TwoTree) {
  Collective collective;
  collective.kernel = kernel;
  collective.axis = axis;
  collective.algorithm = algorithm;
  collective.cores = axis == Axis::X ? rect.width : rect.height;
  collective.lines = {{rect, 1, 0, 0}};
  collective.wavelets = 12;
  return collective;
}

} // namespace inlay::routing

#endif // INLAY_UNITTESTS_ROUTING_ROUTINGPROBLEMS_H
