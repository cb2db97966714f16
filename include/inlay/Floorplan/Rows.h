//===- Rows.h - Blocks in rows, in a given order ----------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Start of searches: consecutive blocks stand in rows across the grid, each
// block as narrow as the height of its row allows.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FLOORPLAN_ROWS_H
#define INLAY_FLOORPLAN_ROWS_H

#include "inlay/Floorplan/ShapeCurve.h"

#include <optional>

namespace inlay::floorplan {

struct RowPlan {
  int64_t height = 0; ///< of all rows; may be more than the grid's
  /// Twice the estimated wirelength, where wires were asked for.
  int64_t doubledWires = 0;
  /// Indices into the order, row by row; every second row is reversed, so that
  /// consecutive blocks are neighbours (snake).
  std::vector<std::vector<int>> rows;
};

/// The plan of shortest wires among those no higher than the grid: rows run
/// either way, and begin near where the row before ended. `crossing[k]` counts
/// the edges from the first k + 1 blocks to the others; each is taken to pass
/// all blocks between its ends. Dynamic programming over where rows begin, the
/// height used so far and the direction; for each only the shortest is kept,
/// wherever it ends. None when nothing fits.
std::optional<RowPlan>
planShortRows(const std::vector<const ShapeCurve *> &curves,
              const std::vector<int> &crossing, model::Extent grid);

/// For each number of rows from 1 to `mostRows` that is possible, the plan of
/// least height; `curves` holds the blocks in their order. Dynamic programming
/// over where rows begin.
std::vector<RowPlan> planRows(const std::vector<const ShapeCurve *> &curves,
                              model::Extent grid, int mostRows);

} // namespace inlay::floorplan

#endif // INLAY_FLOORPLAN_ROWS_H
