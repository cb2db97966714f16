//===- Arrangement.h - Regions in rows, and their legaliser -----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_TOOLS_INLAY_BENCH_BASELINES_ARRANGEMENT_H
#define INLAY_TOOLS_INLAY_BENCH_BASELINES_ARRANGEMENT_H

#include "Baselines.h"

#include "inlay/Floorplan/Given.h"

namespace inlay::baselines {

/// Kernels that share a region.
struct Part {
  floorplan::Kernels kernels;
  double weight = 0; ///< its area is to the grid's as this to the sum
  /// What the region takes of its tile's columns and rows; the rest is idle.
  double useX = 1, useY = 1;
};

/// Rows from north to south, in each parts from west to east; or columns from
/// west to east, in each parts from north to south.
struct Arrangement {
  std::vector<std::vector<Part>> rows;
  bool areColumns = false;
};

/// Turns arrangements into rectangles that tile the grid.
class Legaliser {
public:
  /// `problem` must outlive this.
  explicit Legaliser(const Problem &problem)
      : problem(problem), pricer(problem.chain) {}

  /// A part with the weight of its kernels' bytes.
  Part makePart(floorplan::Kernels kernels) const;

  /// Sizes tiles by weights; then weights again by how full the tiles are, up
  /// to a number of rounds, and two more where the kernels fit. The cheapest of
  /// what fits; `arrangement` keeps its weights.
  Plan legalise(Arrangement &arrangement);

  /// The arrangement with the sizes that it has.
  Plan price(const Arrangement &arrangement);

  /// How much fuller the fullest region is than it may be; 0 where all fit.
  double overfill(const Arrangement &arrangement);

  /// Takes tenths of the sides of regions away as long as that saves cycles.
  floorplan::RegionPlan shrink(floorplan::RegionPlan plan);

  floorplan::Pricer &getPricer() { return pricer; }

private:
  const Problem &problem;
  floorplan::Pricer pricer;
};

/// The tiles of all parts, row by row; empty where one would have no core.
std::vector<model::Rect> layOut(const Arrangement &arrangement,
                                model::Extent grid);

/// The cheaper of two plans.
Plan cheaper(Plan a, Plan b);

} // namespace inlay::baselines

#endif // INLAY_TOOLS_INLAY_BENCH_BASELINES_ARRANGEMENT_H
