//===- MoveRoutes.cpp - Routes for the moves that kernels need ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each move that the ops of a kernel ask for has its lines among the routes,
// and no others are there.
//
//===----------------------------------------------------------------------===//

#include "Moves.h"
#include "RectIndex.h"
#include "Routing.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay::checker;

static std::string describe(const Move &move) {
  return fmt::format(
      "for op {} along {} over {} lines of {} cores, {} of which have {} "
      "wavelets each for another",
      move.op, move.alongX ? "x" : "y", move.lines, move.cores, move.senders,
      move.wavelets);
}

/// How many lines follow each other from the first core of each group, or of
/// the region, on; 0 where they do not.
static int64_t linesOf(const Shape &shape, const std::vector<Rect> &units) {
  bool alongX = shape.route->lineAxis == "x";
  int64_t cores = shape.pattern->cores;
  RectIndex lines(shape.lines);
  int64_t all = 0, ofUnits = 0, found = 0;
  for (const Rect &line : shape.lines)
    all = plus(all, line.area());
  for (const Rect &unit : units)
    ofUnits = plus(ofUnits, times(cores, alongX ? unit.height : unit.width));
  if (ofUnits == 0 || all % ofUnits != 0)
    return 0;
  int64_t count = all / ofUnits;
  for (const Rect &unit : units) {
    if (times(count, cores) > (alongX ? unit.width : unit.height))
      return 0;
    for (int64_t i = 0; i < count; ++i) {
      int64_t start = times(i, cores);
      Rect wanted = alongX ? Rect{unit.x + start, unit.y, cores, unit.height}
                           : Rect{unit.x, unit.y + start, unit.width, cores};
      lines.forEach(wanted, [&](size_t l) {
        bool isOnIt = alongX ? lines[l].x == wanted.x : lines[l].y == wanted.y;
        found = plus(found, isOnIt ? lines[l].common(wanted) : 0);
      });
    }
  }
  return found == all ? count : 0;
}

namespace {

/// Uses of the routes of moves by one kernel, in the order of the routes.
using MoveUses = std::vector<std::pair<Move, int64_t>>;

} // namespace

/// What a value is after the first of its moves the second begins with: there
/// are never more of the second behind it than of the first.
static bool isInOrder(const MoveUses &uses, const MoveNeeds &needs,
                      const Move &first, const Move &second, int64_t pairs) {
  // So many of the second need not wait for any.
  int64_t ahead = needs.moves.at(second) - pairs;
  for (const auto &[move, times] : uses) {
    if (move == first)
      ahead = plus(ahead, times);
    else if (move == second)
      ahead -= times;
    if (ahead < 0)
      return false;
  }
  return true;
}

static void checkMovesOf(const Kernel &kernel, const MoveNeeds &needs,
                         const MoveUses &uses, Report &report) {
  std::map<Move, int64_t> counts;
  for (const auto &[move, times] : uses)
    counts[move] = plus(counts[move], times);
  bool isComplete = true;
  for (const auto &[move, count] : needs.moves)
    if (counts[move] != count) {
      isComplete = false;
      report.fail(kernel.place(),
                  fmt::format("needs {} moves {}, routes have {}", count,
                              describe(move), counts[move]));
    }
  for (const auto &[move, count] : counts)
    if (count > 0 && !needs.moves.count(move))
      report.fail(kernel.place(),
                  fmt::format("needs no move {}, routes have {}",
                              describe(move), count));
  if (!isComplete)
    return;
  for (const auto &[pair, count] : needs.pairs)
    if (!isInOrder(uses, needs, pair.first, pair.second, count))
      report.fail(kernel.place(),
                  fmt::format("has a value move first {}, then {}; the routes "
                              "stand in another order",
                              describe(pair.first), describe(pair.second)));
}

void Routing::checkMoves() {
  std::map<std::string, MoveUses> routed;
  for (const Shape &shape : shapes) {
    const Route &route = *shape.route;
    if (route.kind != "move" || !shape.pattern)
      continue;
    if (!isAllGather(*shape.pattern) || shape.pattern->pitch() != 1)
      fail(route, "does not bring what each core of a line has to all others "
                  "by pattern '" +
                      route.pattern + "'");
    if (!shape.isWhole)
      continue;
    for (const RouteUse &use : route.uses) {
      auto found = plan.kernelOf.find(use.kernel);
      if (found == plan.kernelOf.end()) {
        fail(route,
             "is used by kernel '" + use.kernel + "', which is not there");
        continue;
      }
      const Kernel &kernel = plan.kernels[found->second];
      bool isGiven = use.op == static_cast<int64_t>(kernel.ops.size());
      int64_t lines = linesOf(shape, isGiven && !joinedAxis(kernel).empty()
                                         ? std::vector<Rect>{sourceOf(kernel)}
                                         : unitsOf(kernel));
      if (lines == 0)
        fail(route,
             fmt::format("has lines that do not follow each other from the "
                         "first cores of kernel '{}', or of its expert groups, "
                         "on",
                         kernel.name));
      Move move{use.op, route.lineAxis == "x",  shape.pattern->cores,
                lines,  rootOf(*shape.pattern), use.wavelets};
      routed[kernel.name].emplace_back(move, use.times);
    }
  }
  for (const Kernel &kernel : plan.kernels) {
    MoveNeeds needs;
    // Older plans do not say how values move inside kernels.
    if (fabric.available > 0 && plan.minor >= 2)
      needs = movesNeeded(plan, kernel);
    checkMovesOf(kernel, needs, routed[kernel.name], report);
  }
}
