//===- Solution.cpp - Legality and score of the ISPD-2020 contest ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Ispd2020.h"

#include "fmt/format.h"

using namespace inlay;
using namespace inlay::floorplan;
using namespace inlay::floorplan::ispd2020;
using model::Rect;

Rect Solution::box(const Problem &problem, int kernel) const {
  const Placement &placement = kernels[kernel];
  Cost size = cost(problem.kernels[kernel], placement.cut);
  if (placement.isRotated)
    return {placement.x, placement.y, size.height, size.width};
  return {placement.x, placement.y, size.width, size.height};
}

int ispd2020::adapters(const Kernel &from, const Cut &fromCut,
                       const Cut &toCut) {
  size_t last = from.convolutions().size() - 1;
  return int(fromCut.h != toCut.h) + int(fromCut.w != toCut.w) +
         int(fromCut.c[last] != toCut.c[0]);
}

Score Solution::score(const Problem &problem) const {
  Score score;
  for (size_t i = 0; i < kernels.size(); ++i)
    score.time =
        std::max(score.time, cost(problem.kernels[i], kernels[i].cut).time);
  int64_t doubled = 0; // centres lie on half tiles
  for (auto [from, to] : problem.edges) {
    Rect a = box(problem, from);
    Rect b = box(problem, to);
    doubled += std::abs((2 * a.x + a.width) - (2 * b.x + b.width)) +
               std::abs((2 * a.y + a.height) - (2 * b.y + b.height));
    score.adapters +=
        adapters(problem.kernels[from], kernels[from].cut, kernels[to].cut);
  }
  score.wirelength = static_cast<double>(doubled) / 2;
  return score;
}

namespace {

class Verifier {
public:
  Verifier(const Problem &problem, const Solution &solution, Diagnostics &diags)
      : problem(problem), solution(solution), diags(diags) {}

  bool run() {
    if (solution.kernels.size() != problem.kernels.size()) {
      diags.inputError("", fmt::format("{} kernels are placed, the case has {}",
                                       solution.kernels.size(),
                                       problem.kernels.size()));
      return false;
    }
    for (size_t i = 0; i < solution.kernels.size(); ++i) {
      // What is cut wrongly has no box.
      boxes.push_back(checkCut(i) ? solution.box(problem, static_cast<int>(i))
                                  : Rect{});
      checkPlace(i);
    }
    return valid;
  }

private:
  void fail(size_t kernel, const std::string &message) {
    valid = false;
    diags.inputError(fmt::format("kernel '{}'", problem.kernels[kernel].name),
                     message);
  }

  bool checkArgument(size_t i, const char *name, int64_t value, int64_t most) {
    if (value >= 1 && value <= most)
      return true;
    fail(i, fmt::format("{}={} is not between 1 and {}", name, value, most));
    return false;
  }

  bool checkCut(size_t i) {
    const Kernel &kernel = problem.kernels[i];
    const Cut &cut = solution.kernels[i].cut;
    bool fits = checkArgument(i, "h", cut.h, kernel.mostH());
    fits &= checkArgument(i, "w", cut.w, kernel.mostW());
    std::vector<Convolution> parts = kernel.convolutions();
    for (size_t j = 0; j < parts.size(); ++j) {
      fits &= checkArgument(i, "c", cut.c[j], parts[j].inputs);
      fits &= checkArgument(i, "k", cut.k[j], parts[j].outputs);
    }
    if (!fits)
      return false;
    double memory = cost(kernel, cut).memory;
    if (memory > problem.memoryLimit)
      fail(i, fmt::format("needs {:.1f} words in a tile, the limit is {:.1f}",
                          memory, problem.memoryLimit));
    return true;
  }

  void checkPlace(size_t i) {
    const Rect &box = boxes[i];
    if (box.area() == 0)
      return;
    Rect grid = {0, 0, problem.grid.width, problem.grid.height};
    if (!grid.contains(box))
      fail(i, fmt::format("{} x {} tiles at ({}, {}) leave the grid of {} x {}",
                          box.width, box.height, box.x, box.y, grid.width,
                          grid.height));
    for (size_t j = 0; j < i; ++j)
      if (boxes[j].area() > 0 && box.overlaps(boxes[j]))
        fail(i, fmt::format("overlaps kernel '{}'", problem.kernels[j].name));
  }

  const Problem &problem;
  const Solution &solution;
  Diagnostics &diags;
  std::vector<Rect> boxes;
  bool valid = true;
};

} // namespace

bool Solution::verify(const Problem &problem, Diagnostics &diags) const {
  return Verifier(problem, *this, diags).run();
}
