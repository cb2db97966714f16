//===- Slide.h - Moves rectangles together without turning them  -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Last step of placement: sizes and neighbourhoods stay, places change.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FLOORPLAN_SLIDE_H
#define INLAY_FLOORPLAN_SLIDE_H

#include "inlay/Model/Geometry.h"

#include <utility>
#include <vector>

namespace inlay::floorplan {

/// Twice the sum of the L1 distances between the centres of rectangles that
/// edges join.
int64_t doubledWirelength(const std::vector<model::Rect> &rects,
                          const std::vector<std::pair<int, int>> &edges);

/// Moves disjoint rectangles within the grid so that the wirelength falls.
/// Along one axis, with the order of rectangles that face each other kept, the
/// result is the least there is: the cost is L-natural-convex, so that the
/// steepest descent by minimum cuts ends there (Murota, "Discrete convex
/// analysis", 2003). Axes take turns until neither helps.
void slide(std::vector<model::Rect> &rects,
           const std::vector<std::pair<int, int>> &edges, model::Extent grid);

} // namespace inlay::floorplan

#endif // INLAY_FLOORPLAN_SLIDE_H
