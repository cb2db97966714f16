//===- Ispd2020Solver.h - Solves cases of the ISPD-2020 contest -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels are malleable: for a target time each has a curve of extents that it
// can do with. The search
//
//  1. bounds the time from below by areas, and from above by the best rows of
//     kernels in data order, found for a ladder of times;
//  2. starts from rows at many times of the window between (no time outside can
//     win: the score is at least time plus shortest possible wires);
//  3. anneals slicing trees, times and images (h, w) together under the whole
//     score, in a tournament: the better half of the searches goes on with
//     twice the moves;
//  4. slides the kernels of the best plans together.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FLOORPLAN_ISPD2020SOLVER_H
#define INLAY_FLOORPLAN_ISPD2020SOLVER_H

#include "inlay/Floorplan/Ispd2020.h"

#include <functional>
#include <optional>

namespace inlay::floorplan::ispd2020 {

struct SolverOptions {
  /// Thousands of moves, in all. For equal effort the solution is the same on
  /// any number of threads.
  int64_t effort = 2000;
  /// When above 0, seconds after which the search ends, instead of effort. Two
  /// runs may then differ.
  double timeLimit = 0;
  int threads = 2;
  uint64_t seed = 1;
  /// Gets a line about each step. May be empty.
  std::function<void(const std::string &)> log = {};
};

struct Solved {
  Solution solution;
  /// No solution scores less: the least sum of a time for which the areas
  /// suffice and of the shortest wires that kernels so fast can have. Adapters
  /// are taken for free.
  double bound = 0;
};

/// A legal solution; a capacity error when the search finds none.
std::optional<Solved> solve(const Problem &problem,
                            const SolverOptions &options, Diagnostics &diags);

} // namespace inlay::floorplan::ispd2020

#endif // INLAY_FLOORPLAN_ISPD2020SOLVER_H
