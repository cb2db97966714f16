//===- Rows.cpp - Blocks in rows, in a given order ------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Rows.h"

#include <algorithm>
#include <limits>
#include <numeric>

using namespace inlay;
using namespace inlay::floorplan;

namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max() / 4;

class RowPlanner {
public:
  RowPlanner(const std::vector<const ShapeCurve *> &curves, model::Extent grid)
      : grid(grid), count(curves.size()),
        widthBefore((grid.height + 1) * (count + 1), 0) {
    for (int64_t h = 0; h <= grid.height; ++h)
      for (size_t i = 0; i < count; ++i)
        before(h, i + 1) = before(h, i) + curves[i]->widths[h];
  }

  std::vector<RowPlan> run(int mostRows) {
    std::vector<std::vector<int64_t>> rowHeights(
        count, std::vector<int64_t>(count + 1, kNever));
    for (size_t from = 0; from < count; ++from) {
      int64_t height = 1;
      for (size_t to = from + 1; to <= count; ++to) {
        height = leastHeight(from, to, height);
        rowHeights[from][to] = height;
        if (height >= kNever)
          break;
      }
    }
    std::vector<RowPlan> plans;
    std::vector<int64_t> ends(count + 1, kNever); // of the first blocks
    ends[0] = 0;
    std::vector<std::vector<size_t>> starts; // by rows, of the last row
    for (int rows = 1; rows <= mostRows; ++rows) {
      std::vector<int64_t> next(count + 1, kNever);
      std::vector<size_t> start(count + 1, 0);
      for (size_t to = 1; to <= count; ++to)
        for (size_t from = 0; from < to; ++from)
          if (ends[from] + rowHeights[from][to] < next[to]) {
            next[to] = ends[from] + rowHeights[from][to];
            start[to] = from;
          }
      ends = next;
      starts.push_back(start);
      if (ends[count] < kNever)
        plans.push_back(trace(ends[count], starts));
    }
    return plans;
  }

private:
  int64_t &before(int64_t height, size_t block) {
    return widthBefore[height * (count + 1) + block];
  }

  /// At least `height`; kNever when even the grid's height is too little.
  int64_t leastHeight(size_t from, size_t to, int64_t height) {
    auto fits = [&](int64_t h) {
      return before(h, to) - before(h, from) <= grid.width;
    };
    if (height > grid.height || !fits(grid.height))
      return kNever;
    int64_t high = grid.height;
    while (height < high) {
      int64_t middle = (height + high) / 2;
      if (fits(middle))
        high = middle;
      else
        height = middle + 1;
    }
    return high;
  }

  RowPlan trace(int64_t height,
                const std::vector<std::vector<size_t>> &starts) const {
    RowPlan plan;
    plan.height = height;
    size_t to = count;
    for (size_t r = starts.size(); r-- > 0;) {
      size_t from = starts[r][to];
      std::vector<int> row(to - from);
      std::iota(row.begin(), row.end(), static_cast<int>(from));
      if (r % 2 == 1)
        std::reverse(row.begin(), row.end());
      plan.rows.push_back(row);
      to = from;
    }
    std::reverse(plan.rows.begin(), plan.rows.end());
    return plan;
  }

  model::Extent grid;
  size_t count;
  std::vector<int64_t> widthBefore; ///< by height and block
};

} // namespace

std::vector<RowPlan>
floorplan::planRows(const std::vector<const ShapeCurve *> &curves,
                    model::Extent grid, int mostRows) {
  return RowPlanner(curves, grid).run(mostRows);
}
