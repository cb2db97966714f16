//===- Rows.cpp - Blocks in rows, in a given order ------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Rows.h"

#include <algorithm>
#include <array>
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
    findRowHeights();
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

protected:
  void findRowHeights() {
    rowHeights.assign(count, std::vector<int64_t>(count + 1, kNever));
    for (size_t from = 0; from < count; ++from) {
      int64_t height = 1;
      for (size_t to = from + 1; to <= count; ++to) {
        height = leastHeight(from, to, height);
        rowHeights[from][to] = height;
        if (height >= kNever)
          break;
      }
    }
  }

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
  /// By first block and one past the last: the least height of their row.
  std::vector<std::vector<int64_t>> rowHeights;
};

/// Lengths are doubled, for centres lie on half cores.
class ShortRowPlanner : public RowPlanner {
public:
  ShortRowPlanner(const std::vector<const ShapeCurve *> &curves,
                  const std::vector<int> &crossing, model::Extent grid)
      : RowPlanner(curves, grid), crossing(crossing),
        states(count + 1, std::vector<Pair>(grid.height + 1)) {}

  std::optional<RowPlan> run() {
    findRowHeights();
    states[0][0][0].wires = 0;
    for (size_t from = 0; from < count; ++from)
      for (size_t to = from + 1; to <= count; ++to) {
        if (rowHeights[from][to] >= kNever)
          break;
        extend(from, to);
      }
    const State *best = nullptr;
    for (const Pair &pair : states[count])
      for (const State &state : pair)
        if (state.wires < kNever && (!best || state.wires < best->wires))
          best = &state;
    return best ? std::optional(trace(*best)) : std::nullopt;
  }

private:
  struct State {
    int64_t wires = kNever;
    int64_t end = 0;    ///< centre of the last block
    size_t from = 0;    ///< where the last row begins
    int64_t height = 0; ///< before the last row
    int oldWay = 0;
  };
  using Pair = std::array<State, 2>; ///< by the way of the last row

  /// Adds the row of blocks `from` to `to` - 1 to all plans of those before.
  void extend(size_t from, size_t to) {
    int64_t height = rowHeights[from][to];
    auto widthOf = [&](size_t block) {
      return before(height, block + 1) - before(height, block);
    };
    int64_t inRow = 0;
    for (size_t k = from; k + 1 < to; ++k)
      inRow += crossing[k] * (widthOf(k) + widthOf(k + 1));
    int64_t spare =
        2 * (grid.width - before(height, to) + before(height, from));
    int64_t first = widthOf(from);
    int64_t last =
        2 * (before(height, to) - before(height, from)) - widthOf(to - 1);
    int64_t upTo = to < count ? crossing[to - 1] * height : 0;
    int64_t downFrom = from > 0 ? crossing[from - 1] * height : 0;
    for (int64_t used = 0; used + height <= grid.height; ++used)
      for (int oldWay : {0, 1}) {
        const State &old = states[from][used][oldWay];
        if (old.wires >= kNever)
          continue;
        for (int way : {0, 1}) {
          // Seen from the side where the row begins.
          int64_t oldEnd = way == 0 ? old.end : 2 * grid.width - old.end;
          int64_t offset =
              from == 0 ? 0 : std::clamp<int64_t>(oldEnd - first, 0, spare);
          int64_t across = from == 0 ? 0
                                     : crossing[from - 1] *
                                           std::abs(oldEnd - offset - first);
          int64_t wires = old.wires + inRow + upTo + downFrom + across;
          State &next = states[to][used + height][way];
          if (wires >= next.wires)
            continue;
          int64_t end = offset + last;
          next = {wires, way == 0 ? end : 2 * grid.width - end, from, used,
                  oldWay};
        }
      }
  }

  RowPlan trace(const State &best) const {
    RowPlan plan;
    plan.doubledWires = best.wires;
    size_t to = count;
    const State *state = &best;
    while (true) {
      std::vector<int> row(to - state->from);
      std::iota(row.begin(), row.end(), static_cast<int>(state->from));
      // Which of the pair it is shows its way.
      if (isBackward(*state, to))
        std::reverse(row.begin(), row.end());
      plan.rows.push_back(row);
      plan.height += rowHeights[state->from][to];
      if (state->from == 0)
        break;
      to = state->from;
      state = &states[to][state->height][state->oldWay];
    }
    std::reverse(plan.rows.begin(), plan.rows.end());
    return plan;
  }

  bool isBackward(const State &state, size_t to) const {
    int64_t end = state.height + rowHeights[state.from][to];
    return &state == &states[to][end][1];
  }

  const std::vector<int> &crossing;
  std::vector<std::vector<Pair>> states; ///< by blocks placed and height used
};

} // namespace

std::optional<RowPlan>
floorplan::planShortRows(const std::vector<const ShapeCurve *> &curves,
                         const std::vector<int> &crossing, model::Extent grid) {
  return ShortRowPlanner(curves, crossing, grid).run();
}

std::vector<RowPlan>
floorplan::planRows(const std::vector<const ShapeCurve *> &curves,
                    model::Extent grid, int mostRows) {
  return RowPlanner(curves, grid).run(mostRows);
}
