//===- Groups.cpp - Adding up what groups of experts made -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/GroupSums.h"
#include "inlay/Routing/Routing.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::routing;
using model::Rect;

namespace {

/// Rows of a group that are added in one of its columns.
struct Home {
  int64_t column = 0;
  int64_t firstRow = 0;
  int64_t endRow = 0;
};

class GroupCombiner {
public:
  /// In a frame where rows hold different parts.
  explicit GroupCombiner(const GroupSum &sum)
      : sum(sum), isSwapped(sum.held == Axis::X),
        rect(isSwapped ? transposed(sum.rect) : sum.rect),
        width(isSwapped ? sum.group.height : sum.group.width),
        height(isSwapped ? sum.group.width : sum.group.height) {
    int64_t count = model::homesOf(width, height);
    for (int64_t i = 0; i < count; ++i)
      homes.push_back(
          {width * i / count, height * i / count, height * (i + 1) / count});
  }

  std::vector<Collective> run();

private:
  Collective &add(Axis axis, Algorithm algorithm, int64_t cores, int64_t pitch);
  void addLines(Collective &collective, Area area) const;

  const GroupSum &sum;
  bool isSwapped;
  Rect rect;
  int64_t width, height; ///< of a group
  std::vector<Home> homes;
  std::vector<Collective> result;
};

} // namespace

Collective &GroupCombiner::add(Axis axis, Algorithm algorithm, int64_t cores,
                               int64_t pitch) {
  Collective &collective = result.emplace_back();
  collective.kernel = sum.kernel;
  collective.op = sum.op;
  collective.kind = RouteKind::Combine;
  collective.algorithm = algorithm;
  collective.cores = cores;
  collective.pitch = pitch;
  bool alongX = (axis == Axis::X) != isSwapped;
  collective.axis = alongX ? Axis::X : Axis::Y;
  collective.wavelets =
      std::max<int64_t>(1, (sum.wavelets + height - 1) / height);
  return collective;
}

void GroupCombiner::addLines(Collective &collective, Area area) const {
  if (isSwapped)
    area = {transposed(area.rect), area.count, area.dy, area.dx};
  collective.lines.push_back(area);
}

std::vector<Collective> GroupCombiner::run() {
  int64_t columns = rect.width / width, rows = rect.height / height;
  if (columns * rows <= 1)
    return {};
  if (columns > 1) {
    Collective &across =
        add(Axis::X, isSwapped ? sum.down : sum.across, columns, width);
    for (const Home &home : homes)
      addLines(across,
               {{rect.x + home.column, rect.y + home.firstRow,
                 (columns - 1) * width + 1, home.endRow - home.firstRow},
                rows,
                0,
                height});
  }
  int64_t most = 0;
  for (const Home &home : homes)
    most = std::max(most, home.endRow - home.firstRow);
  // Rows of one home take turns.
  for (int64_t turn = 0; rows > 1 && turn < most; ++turn) {
    Collective &down =
        add(Axis::Y, isSwapped ? sum.across : sum.down, rows, height);
    for (const Home &home : homes)
      if (home.firstRow + turn < home.endRow)
        addLines(down, {{rect.x + home.column, rect.y + home.firstRow + turn, 1,
                         (rows - 1) * height + 1},
                        1,
                        0,
                        0});
  }
  for (const Home &home : homes) {
    if (width < 2)
      break;
    Collective &row = add(Axis::X, Algorithm::Broadcast, width, 1);
    row.root = home.column;
    addLines(row, {{rect.x, rect.y + home.firstRow, width,
                    home.endRow - home.firstRow},
                   1,
                   0,
                   0});
  }
  return std::move(result);
}

std::vector<Collective> inlay::routing::combineGroups(const GroupSum &sum) {
  return GroupCombiner(sum).run();
}
