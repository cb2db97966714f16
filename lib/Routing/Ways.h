//===- Ways.h - From a core to a line of cores ------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_ROUTING_WAYS_H
#define INLAY_LIB_ROUTING_WAYS_H

#include "inlay/Routing/Fabric.h"

#include <optional>

namespace inlay::routing {

struct Point {
  int64_t x = 0;
  int64_t y = 0;

  bool operator==(const Point &) const = default;
};

/// The corners of a way from `start` to the first router of `goal`, a line of
/// one column or row, that it meets: along the row of `start` first, then along
/// a column, where no obstacle lies in between; else a shortest way round with
/// the fewest corners, `clearance` further off the obstacles than need be.
/// Nothing where there is none.
std::optional<std::vector<Point>>
findWay(Point start, const model::Rect &goal, const model::Extent &grid,
        const std::vector<model::Rect> &obstacles, int64_t clearance);

/// Routers of `line`, a column or a row, that are off all obstacles: one of
/// each run of them, the one nearest to `wanted`, the nearest run first. Those
/// of `taken` only where a run has no other.
std::vector<Point> freeRoutersOf(const model::Rect &line, Point wanted,
                                 const std::vector<model::Rect> &obstacles,
                                 const std::vector<Point> &taken);

} // namespace inlay::routing

#endif // INLAY_LIB_ROUTING_WAYS_H
