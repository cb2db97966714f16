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

#include <functional>

namespace inlay::routing {

/// Which flows exclude each other in time: one is over, at every consumer,
/// before the other begins.
class Turns {
public:
  explicit Turns(const Problem &problem);

  /// Which kernels follow which is given by pairs, the first before the second.
  Turns(const Problem &problem, std::vector<std::pair<int, int>> order);

  /// The first flow is over before the second begins; both of one problem.
  bool isBefore(const Flow &first, const Flow &second) const;
  /// Both leave the wafer of one kernel, the first before the second: what a
  /// kernel sends off its wafer goes in the order of the flows.
  bool leavesBefore(const Flow &first, const Flow &second) const;
  /// `to` is `from`, or follows it.
  bool reaches(int from, int to) const;

private:
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

/// Routers of a route in turn with a number of colours.
struct Pool {
  model::Rect rect;
  int colours = 0;
};

/// What counts: how many colours there are, or the number behind the highest.
enum class PoolSize { Count, End };

/// The pools that `routes` make of each region, those with the most colours
/// first; none lies in one that has as many.
std::vector<std::vector<Pool>> poolsOf(const Problem &problem,
                                       const std::vector<const Route *> &routes,
                                       PoolSize size);

/// Rectangles of routers that each send so many wavelets over one kind of link.
struct Weighted {
  model::Rect rect;
  int64_t wavelets;
};

/// The largest sum of what covers one router, and the first router, row by row,
/// that has it.
Weighted largestSum(const std::vector<Weighted> &weighted);

/// Calls `put` with each kind of link that routers of `rect` send over.
void forLinks(const model::Extent &grid, const model::Rect &rect, Port in,
              const Ports &out, const std::function<void(LinkKind)> &put);

/// Fills in contention and kernelContention.
void measureContention(const Problem &problem, Solution &solution);

/// Fills in lowerBound and where, links, contention and coloursUsed.
void measure(const Problem &problem, Solution &solution);

} // namespace inlay::routing

#endif // INLAY_LIB_ROUTING_MEASURE_H
