//===- Problem.cpp - Rectangles for kernels on one wafer ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Floorplan.h"

#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <cmath>

using namespace inlay;
using namespace inlay::floorplan;
using model::Rect;

bool Problem::check(Diagnostics &diags) const {
  bool valid = true;
  auto fail = [&](const std::string &message) {
    valid = false;
    diags.internalError("floorplan of '" + name + "'", message);
  };
  if (grid.width < 1 || grid.height < 1)
    fail(fmt::format("has a grid of {} x {} cores", grid.width, grid.height));
  for (size_t s = 0; s < shapes.size(); ++s)
    if (!shapes[s].fits || !shapes[s].cycles || shapes[s].leastCores < 1)
      fail(fmt::format("shape {} does not say what fits", s));
  for (const Block &block : blocks)
    if (block.shape < 0 || static_cast<size_t>(block.shape) >= shapes.size())
      fail(fmt::format("block '{}' has shape {} of {}", block.name, block.shape,
                       shapes.size()));
  return valid;
}

/// Cuts `rect` to the grid.
static Rect clip(const Rect &rect, const model::Extent &grid) {
  int64_t left = std::clamp<int64_t>(rect.x, 0, grid.width);
  int64_t top = std::clamp<int64_t>(rect.y, 0, grid.height);
  int64_t right = std::clamp<int64_t>(rect.right(), left, grid.width);
  int64_t bottom = std::clamp<int64_t>(rect.bottom(), top, grid.height);
  return {left, top, right - left, bottom - top};
}

int64_t Problem::liveCores() const {
  // Dead rectangles may overlap: count row by row between their edges.
  std::vector<Rect> clipped;
  std::vector<int64_t> edges = {0, grid.height};
  for (const Rect &rect : dead) {
    clipped.push_back(clip(rect, grid));
    edges.push_back(clipped.back().y);
    edges.push_back(clipped.back().bottom());
  }
  std::sort(edges.begin(), edges.end());
  int64_t live = grid.area();
  for (size_t e = 0; e + 1 < edges.size(); ++e) {
    std::vector<std::pair<int64_t, int64_t>> spans;
    for (const Rect &rect : clipped)
      if (rect.y <= edges[e] && edges[e + 1] <= rect.bottom())
        spans.push_back({rect.x, rect.right()});
    std::sort(spans.begin(), spans.end());
    int64_t covered = 0;
    int64_t at = 0;
    for (auto [from, to] : spans) {
      from = std::max(from, at);
      covered += std::max<int64_t>(0, to - from);
      at = std::max(at, to);
    }
    live -= covered * (edges[e + 1] - edges[e]);
  }
  return live;
}

namespace {

/// Checks a solution; every violation becomes one error.
class Verifier {
public:
  Verifier(const Problem &problem, const Solution &solution, Diagnostics &diags)
      : problem(problem), solution(solution), diags(diags) {}

  bool run() {
    if (solution.rects.size() != problem.blocks.size()) {
      fail(fmt::format("has {} rectangles for {} blocks", solution.rects.size(),
                       problem.blocks.size()));
      return false;
    }
    for (size_t i = 0; i < solution.rects.size(); ++i)
      checkBlock(i);
    if (valid)
      checkSums();
    return valid;
  }

private:
  void fail(std::string message) {
    valid = false;
    diags.internalError("floorplan of '" + problem.name + "'",
                        std::move(message));
  }

  void checkBlock(size_t i) {
    const Rect &rect = solution.rects[i];
    const std::string &name = problem.blocks[i].name;
    Rect grid = {0, 0, problem.grid.width, problem.grid.height};
    if (rect.width < 1 || rect.height < 1 || !grid.contains(rect))
      return fail(fmt::format("block '{}' at ({}, {}) of {} x {} cores leaves "
                              "the grid of {} x {}",
                              name, rect.x, rect.y, rect.width, rect.height,
                              grid.width, grid.height));
    for (const Rect &dead : problem.dead)
      if (dead.area() > 0 && rect.overlaps(dead))
        fail(fmt::format("block '{}' covers dead cores at ({}, {})", name,
                         dead.x, dead.y));
    for (size_t j = 0; j < i; ++j)
      if (rect.overlaps(solution.rects[j]))
        fail(fmt::format("blocks '{}' and '{}' overlap", problem.blocks[j].name,
                         name));
    if (!problem.shapes[problem.blocks[i].shape].fits(rect.extent()))
      fail(fmt::format("block '{}' does not fit on {} x {} cores", name,
                       rect.width, rect.height));
  }

  void checkSums() {
    double cycles = 0;
    int64_t distance = 0;
    for (size_t i = 0; i < solution.rects.size(); ++i) {
      const Shape &shape = problem.shapes[problem.blocks[i].shape];
      cycles += shape.cycles(solution.rects[i].extent());
      if (i > 0)
        distance +=
            model::centreDistance(solution.rects[i - 1], solution.rects[i]);
    }
    if (std::abs(cycles - solution.cycles) > 1e-6 * (1 + std::abs(cycles)))
      fail(fmt::format("claims {:.1f} cycles, but they add up to {:.1f}",
                       solution.cycles, cycles));
    if (distance != solution.distance)
      fail(fmt::format("claims a distance of {} hops, but it is {}",
                       solution.distance, distance));
  }

  const Problem &problem;
  const Solution &solution;
  Diagnostics &diags;
  bool valid = true;
};

} // namespace

bool Solution::verify(const Problem &problem, Diagnostics &diags) const {
  return Verifier(problem, *this, diags).run();
}
