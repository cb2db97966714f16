//===- Ways.cpp - Ways to cut a kernel ------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ways.h"

#include "inlay/Model/Fits.h"
#include "inlay/Support/Parallel.h"

#include <algorithm>
#include <limits>

using namespace inlay;
using namespace inlay::model;
using namespace inlay::sharding;

/// Sides of regions that layers of large models like.
static constexpr int64_t kLarge = 320, kSmall = 160, kLong = 640;

namespace {

/// Where to look for a way to cut a kernel.
struct Wish {
  Extent extent;
  int64_t most = 0; ///< bytes of a core; the rule may take more
};

/// Ways to cut a kernel, each the fastest on a region of some shape.
class WaySearch {
public:
  /// `savesBytes`: where nothing takes few enough, look for what takes fewer.
  WaySearch(const KernelSpec &kernel, const Machine &machine, bool savesBytes)
      : kernel(kernel), machine(machine), savesBytes(savesBytes) {}

  /// For each wish in order the axes of fewest cycles there; where those of
  /// wishes before are no faster.
  std::vector<std::vector<OpSharding>> run(const std::vector<Wish> &wishes);

private:
  Sharding shardingOn(const Wish &wish) const;
  double costOf(Sharding &sharding, const std::vector<OpSharding> &axes,
                int64_t most) const;
  std::vector<OpSharding> bestFor(Wish &wish) const;

  const KernelSpec &kernel;
  const Machine &machine;
  bool savesBytes;
};

} // namespace

/// Infinite where it takes more bytes; or more than any cycles, by what each op
/// lacks: the worst alone would not say that another one is better than before.
double WaySearch::costOf(Sharding &sharding,
                         const std::vector<OpSharding> &axes,
                         int64_t most) const {
  constexpr double kTooLarge = 1e15;
  sharding.ops = axes;
  if (footprintWithin(kernel, sharding, most))
    return machine.cost(kernel, sharding);
  if (!savesBytes)
    return std::numeric_limits<double>::infinity();
  std::vector<int64_t> live(kernel.ops.size(), 0);
  for (const ShardBuffer &buffer : shardBuffers(kernel, sharding))
    for (int o = buffer.firstOp; o <= buffer.lastOp && !live.empty(); ++o)
      live[size_t(o)] += buffer.bytes;
  double lacking = 1;
  for (int64_t bytes : live)
    lacking += double(std::max<int64_t>(0, bytes - most));
  return kTooLarge * lacking;
}

Sharding WaySearch::shardingOn(const Wish &wish) const {
  Sharding sharding;
  sharding.region = {std::min(wish.extent.width, machine.grid.width),
                     std::min(wish.extent.height, machine.grid.height)};
  sharding.groups = {1, 1};
  sharding.group = sharding.region;
  return sharding;
}

/// Raises what the wish grants to what the rule takes.
std::vector<OpSharding> WaySearch::bestFor(Wish &wish) const {
  Sharding sharding = shardingOn(wish);
  if (!savesBytes) {
    sharding.ops = chooseAxes(kernel);
    int64_t bytes = footprint(kernel, sharding).total();
    wish.most = std::max(wish.most, bytes + bytes / 8);
  }
  return chooseAxes(kernel, [&](const std::vector<OpSharding> &axes) {
    return costOf(sharding, axes, wish.most);
  });
}

std::vector<std::vector<OpSharding>>
WaySearch::run(const std::vector<Wish> &wishes) {
  constexpr double kWorthAWay = 0.995;
  std::vector<Wish> granted = wishes;
  std::vector<std::vector<OpSharding>> best(wishes.size()), ways;
  parallelFor(wishes.size(), [&](size_t w) { best[w] = bestFor(granted[w]); });
  for (size_t w = 0; w < wishes.size(); ++w) {
    Sharding sharding = shardingOn(granted[w]);
    double least = std::numeric_limits<double>::infinity();
    for (const std::vector<OpSharding> &way : ways)
      least = std::min(least, costOf(sharding, way, granted[w].most));
    if (ways.empty() ||
        costOf(sharding, best[w], granted[w].most) < kWorthAWay * least)
      ways.push_back(std::move(best[w]));
  }
  return ways;
}

std::vector<std::vector<OpSharding>>
inlay::sharding::fastestWays(const KernelSpec &kernel, const Machine &machine) {
  int64_t budget = machine.budget;
  return WaySearch(kernel, machine, /*savesBytes=*/false)
      .run({{{kLarge, kLarge}, 0},
            {{kLarge, kLarge}, budget},
            {{kSmall, kSmall}, budget},
            {{kLong, kLong}, budget},
            {{kLong, kSmall}, budget},
            {{kSmall, kLong}, budget}});
}

std::vector<std::vector<OpSharding>>
inlay::sharding::savingWays(const KernelSpec &kernel, const Machine &machine) {
  int64_t budget = machine.budget;
  return WaySearch(kernel, machine, /*savesBytes=*/true)
      .run({{machine.grid, budget},
            {{kLong, kLong}, budget},
            {{kLarge, kLarge}, budget},
            {{kLong, kSmall}, budget},
            {{kSmall, kLong}, budget}});
}
