//===- Distribution.cpp - Cuts a chain over tiles -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Planner.h"

#include <algorithm>
#include <map>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;

static constexpr double kNever = RunCost::kNever;

/// Chains of very many kernels are cut at few of them.
void Planner::findCuts() {
  constexpr size_t kMostCuts = 200;
  size_t step = (count() + kMostCuts - 1) / kMostCuts;
  for (size_t k = 0; k < count(); ++k) {
    bool isLayer = k == 0 || chain.links[k].layer != chain.links[k - 1].layer ||
                   chain.links[k].layer < 0;
    if (chain.links[k].isJoined)
      continue;
    bool isPinned = chain.links[k].at || (k > 0 && chain.links[k - 1].at);
    if (step == 1 || isPinned || (isLayer && k % step == 0) ||
        k % (2 * step) == 0)
      cuts.push_back(k);
  }
  cuts.push_back(count());
}

/// Runs that begin at `firsts`.
static Parts toParts(const std::vector<size_t> &firsts, size_t count) {
  Parts parts;
  for (size_t r = 0; r < firsts.size(); ++r)
    parts.push_back(
        runOf(firsts[r], r + 1 < firsts.size() ? firsts[r + 1] : count));
  return parts;
}

/// A tile that is there for a pinned kernel holds it; no other holds a pinned
/// kernel, unless its region has the same place.
bool Planner::mayHold(size_t tile, size_t first, size_t last) const {
  if (pinned.empty())
    return true;
  int64_t pin = tile < pinOfTile.size() ? pinOfTile[tile] : -1;
  bool holds = false;
  for (size_t k : pinned) {
    if (k < first || k >= last)
      continue;
    if (pin < 0 || chain.links[k].at != chain.links[pin].at)
      return false;
    holds = true;
  }
  return holds || pin < 0;
}

/// Cuts the chain over tiles, of which some may stay empty. Returns the run of
/// each region and the tiles used; nothing when it does not fit.
Parts Planner::distribute(const std::vector<Rect> &tiles,
                          std::vector<Rect> &used) {
  struct State {
    double cycles = kNever;
    size_t from = 0;      ///< index into `cuts`
    bool isEmpty = false; ///< of the tile
  };
  size_t ends = cuts.size();
  std::vector<std::vector<State>> states(tiles.size() + 1,
                                         std::vector<State>(ends));
  states[0][0].cycles = 0;
  std::map<std::pair<int64_t, int64_t>, std::vector<std::vector<double>>> costs;
  for (size_t t = 0; t < tiles.size(); ++t) {
    Extent extent = tiles[t].extent();
    std::vector<std::vector<double>> &cost =
        costs[{extent.width, extent.height}];
    cost.resize(ends);
    for (size_t i = 0; i < ends; ++i) {
      const State &before = states[t][i];
      if (before.cycles >= kNever)
        continue;
      if (before.cycles < states[t + 1][i].cycles)
        states[t + 1][i] = {before.cycles, i, true};
      if (i + 1 == ends)
        continue;
      if (cost[i].empty())
        runs.extend(cuts[i], extent, cost[i]);
      double way = t > 0 && cuts[i] > 0
                       ? runs.handover(cuts[i], tiles[t - 1], tiles[t])
                       : 0;
      for (size_t j = i + 1; j < ends; ++j) {
        double cycles = cost[i][cuts[j]];
        if (cycles >= kNever || (isFixed && j > i + 1))
          break;
        if (!mayHold(t, cuts[i], cuts[j]))
          continue;
        cycles += before.cycles + way;
        if (cycles < states[t + 1][j].cycles)
          states[t + 1][j] = {cycles, i, false};
      }
    }
  }
  std::vector<size_t> firsts;
  used.clear();
  size_t at = ends - 1;
  if (states[tiles.size()][at].cycles >= kNever)
    return {};
  for (size_t t = tiles.size(); t > 0; --t) {
    const State &state = states[t][at];
    if (!state.isEmpty) {
      firsts.push_back(cuts[state.from]);
      used.push_back(tiles[t - 1]);
    }
    at = state.from;
  }
  std::reverse(firsts.begin(), firsts.end());
  std::reverse(used.begin(), used.end());
  return toParts(firsts, count());
}

/// Runs of about equal bytes.
Parts Planner::cutByBytes(size_t regions) const {
  double sum = 0;
  for (const Link &link : chain.links)
    sum += link.bytes;
  std::vector<size_t> firsts = {0};
  double seen = 0;
  size_t cut = 1;
  for (size_t k = 0; k < count() && firsts.size() < regions; ++k) {
    while (cut < cuts.size() && cuts[cut] <= k)
      ++cut;
    seen += chain.links[k].bytes;
    double target = sum * double(firsts.size()) / double(regions);
    if (cuts[cut] != k + 1 || k + 1 >= count())
      continue;
    // Cut where the sum is nearest to the target.
    double next = k + 1 < count() ? chain.links[k + 1].bytes : 0;
    if (seen >= target || target - seen <= next / 2)
      firsts.push_back(k + 1);
  }
  return firsts.size() == regions ? toParts(firsts, count()) : Parts();
}
