//===- Strips.h - Plans made of strips --------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Works in a view of the wafer in which strips run along x: the wafer itself or
// its transpose.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_STRIPS_H
#define INLAY_LIB_FLOORPLAN_STRIPS_H

#include "inlay/Floorplan/Floorplan.h"

#include <limits>
#include <map>

namespace inlay::floorplan {

/// Remembers what the shape functions answered.
class ShapeMemo {
public:
  explicit ShapeMemo(const Problem &problem)
      : problem(problem), fitting(problem.shapes.size()),
        costs(problem.shapes.size()) {}

  bool fits(int shape, model::Extent extent);
  double cycles(int shape, model::Extent extent);

private:
  using Key = std::pair<int64_t, int64_t>;
  const Problem &problem;
  std::vector<std::map<Key, bool>> fitting;
  std::vector<std::map<Key, double>> costs;
};

/// A free stretch of a strip with the blocks that stand in it, west to east.
struct Segment {
  int64_t from = 0;
  int64_t to = 0;
  std::vector<int> blocks;
  std::vector<int64_t> widths;

  int64_t used() const;
};

struct Strip {
  int64_t y = 0;
  int64_t height = 0;
  bool isBackward = false; ///< its first block stands furthest east
  std::vector<Segment> segments;

  /// The column at which its last block ends, in the direction it runs.
  int64_t end() const;
};

using Plan = std::vector<Strip>;

/// Builds plans for blocks in a given order.
class StripPlanner {
public:
  /// `order` lists the blocks in the order in which strips take them.
  StripPlanner(const Problem &problem, bool isTransposed,
               std::vector<int> order, ShapeMemo &memo);

  /// Ends as far north as strips of the candidate heights allow.
  std::optional<Plan> tightest();

  /// Fewest cycles when every core of a strip costs `price` cycles; none when
  /// the strips are higher than the wafer.
  std::optional<Plan> priced(double price);

  /// Gives spare rows to strips and spare columns to blocks where that lowers
  /// cycles.
  void stretch(Plan &plan);

  Solution finish(const Plan &plan);

private:
  struct Choice {
    int64_t width = 0; ///< 0: does not fit
    double cycles = 0;
  };

  model::Extent turned(int64_t width, int64_t height) const {
    return isTransposed ? model::Extent{height, width}
                        : model::Extent{width, height};
  }
  bool fits(int block, int64_t width, int64_t height) {
    return memo.fits(problem.blocks[block].shape, turned(width, height));
  }
  double cycles(int block, int64_t width, int64_t height) {
    return memo.cycles(problem.blocks[block].shape, turned(width, height));
  }

  int64_t leastWidth(int shape, int64_t height);
  Choice choose(int shape, int64_t height, double price);
  std::vector<Segment> freeSegments(int64_t y, int64_t height) const;
  /// The first row at or below which a dead rectangle that meets the band ends;
  /// -1 when none meets it.
  int64_t nextStart(int64_t y, int64_t height) const;
  size_t fill(std::vector<Segment> &segments, size_t first, size_t last,
              const std::vector<int64_t> &widths) const;
  std::optional<Strip> placeStrip(int64_t y, int64_t height, size_t first,
                                  size_t last,
                                  const std::vector<int64_t> &widths,
                                  bool backward, int64_t start) const;
  std::optional<Strip> placeNextStrip(const Plan &plan, int64_t y,
                                      int64_t height, size_t first, size_t last,
                                      const std::vector<int64_t> &widths) const;
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  /// The tightest plan of the first blocks: where it ends, and its last strip.
  struct TightState {
    int64_t end = kNever;
    size_t from = 0;
    int64_t y = 0;
    int64_t height = 0;
  };
  void relax(std::vector<TightState> &states, size_t first, int64_t height,
             const std::vector<int64_t> &widths) const;
  Plan tracePlan(const std::vector<TightState> &states);

  struct Band {
    size_t first = 0;
    size_t last = 0; ///< one past the last block
    int64_t height = 0;
    std::vector<int64_t> widths;
  };
  std::optional<Plan> placeBands(const std::vector<Band> &bands);
  void stretchRows(Plan &plan);
  void stretchColumns(Strip &strip);
  double planCycles(const Plan &plan);

  const Problem &problem;
  bool isTransposed;
  std::vector<int> order;
  ShapeMemo &memo;
  model::Extent grid;
  std::vector<model::Rect> dead;
  std::vector<std::map<int64_t, int64_t>> leastWidths; ///< by shape, height
};

} // namespace inlay::floorplan

#endif // INLAY_LIB_FLOORPLAN_STRIPS_H
