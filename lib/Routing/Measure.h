//===- Measure.h - What follows from routes ---------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_ROUTING_MEASURE_H
#define INLAY_LIB_ROUTING_MEASURE_H

#include "inlay/Routing/Routing.h"

namespace inlay::routing {

/// Which flows exclude each other in time: one is over, at every consumer,
/// before the other begins.
class Turns {
public:
  explicit Turns(const Problem &problem);

  /// The first flow is over before the second begins; both of one problem.
  bool isBefore(const Flow &first, const Flow &second) const;

private:
  bool reaches(int from, int to) const;
  bool leaves(const Flow &flow) const;

  size_t words = 0;
  std::vector<int> wafers;       ///< of the kernels
  std::vector<uint64_t> reached; ///< by kernel, a bit for each it reaches
};

/// The routers of a route, as rectangles.
struct Footprint {
  model::Rect bounds;
  std::vector<model::Rect> rects;

  explicit Footprint(const Route &route);
  bool overlaps(const Footprint &other) const;
};

/// Colours that routes in turn take in each region: the largest plus one.
std::vector<int> poolSizes(const Problem &problem,
                           const std::vector<Route> &routes);

/// Fills in lowerBound and where, links, contention and coloursUsed.
void measure(const Problem &problem, Solution &solution);

} // namespace inlay::routing

#endif // INLAY_LIB_ROUTING_MEASURE_H
