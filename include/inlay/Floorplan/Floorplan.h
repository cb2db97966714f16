//===- Floorplan.h - Rectangles for kernels on one wafer --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A wafer is a grid of cores with dead rectangles. Every block (a kernel) needs
// one rectangle of live cores that no other block uses. Blocks are malleable:
// each has a shape function that says on which extents it fits and how many
// cycles it then takes.
//
// Plans are rows of strips: a strip is a band over the whole grid, its blocks
// stand side by side and take its height. Strips run alternately forth and back
// (snake), each from where the one before ended, so that consecutive blocks are
// neighbours. The same is tried with
// columns for rows, where blocks want more room than there is.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FLOORPLAN_FLOORPLAN_H
#define INLAY_FLOORPLAN_FLOORPLAN_H

#include "inlay/Model/Geometry.h"
#include "inlay/Support/Diagnostic.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace inlay::floorplan {

/// What a kind of block needs. Blocks of equal kernels share one.
struct Shape {
  /// No extent of fewer cores fits.
  int64_t leastCores = 1;
  /// True when a block fits on an extent. An extent that is as wide and as high
  /// as one that fits should fit as well; where it does not, plans may be
  /// larger than they need be, never illegal.
  std::function<bool(model::Extent)> fits;
  /// Cycles on an extent that fits.
  std::function<double(model::Extent)> cycles;
  /// No more than the cycles on an extent, cheap to ask, and never less on a
  /// larger extent. May be empty: then no extent is left out.
  std::function<double(model::Extent)> atLeast = {};
};

struct Block {
  std::string name;
  int shape = 0; ///< index into Problem::shapes
};

/// Blocks in order of execution; consecutive ones exchange data.
struct Problem {
  std::string name; ///< of the wafer, for diagnostics
  model::Extent grid;
  std::vector<model::Rect> dead;
  std::vector<Shape> shapes;
  std::vector<Block> blocks;
  double cyclesPerHop = 0; ///< between the middles of consecutive blocks

  /// Adds an error for an empty grid, a shape that is not there or says
  /// nothing, and a shape of fewer than one core.
  bool check(Diagnostics &diags) const;

  /// Cores that are in the grid and not dead.
  int64_t liveCores() const;
};

/// One rectangle for each block.
struct Solution {
  std::vector<model::Rect> rects;
  double cycles = 0; ///< sum over the blocks
  /// Hops between the middles of consecutive blocks, summed.
  int64_t distance = 0;

  /// What plans are compared by: cycles of blocks and of the way between them.
  double cost(const Problem &problem) const {
    return cycles + problem.cyclesPerHop * static_cast<double>(distance);
  }

  /// Every rectangle inside the grid, off dead cores, disjoint from all others
  /// and large enough; sums are what they say. Knows no solver.
  bool verify(const Problem &problem, Diagnostics &diags) const;
};

/// A plan that packs the blocks as tightly as strips allow, in order or, where
/// that fails, by falling size; none when there is no such plan. Cycles are not
/// looked at: partitioning asks this of every stage it considers.
std::optional<Solution> pack(const Problem &problem);

/// The plan of least cost that the search over prices of area finds: a price
/// of 0 gives every block its best extent, a high one its least; between them
/// lies the least price whose strips fit. Spare cores go to blocks that become
/// faster with them. A capacity error when `pack` finds nothing.
std::optional<Solution> solve(const Problem &problem, Diagnostics &diags);

} // namespace inlay::floorplan

#endif // INLAY_FLOORPLAN_FLOORPLAN_H
