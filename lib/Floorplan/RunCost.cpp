//===- RunCost.cpp - What runs of kernels take on a rectangle -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunCost.h"

#include <algorithm>
#include <numeric>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;

namespace {

/// Kernels of one kind on a region. They take the same offer, so that what is
/// equal is planned once.
struct KindUse {
  int kind = 0;
  const std::vector<Offer> *offers = nullptr;
  int64_t count = 0;
  size_t choice = 0;

  const Offer &offer() const { return (*offers)[choice]; }
};

/// The kernels of a region by kind.
class Uses {
public:
  /// False where the kernel has no offer.
  bool add(int kind, const std::vector<Offer> *offers) {
    if (offers->empty())
      return false;
    auto known = std::find_if(uses.begin(), uses.end(),
                              [&](const KindUse &u) { return u.kind == kind; });
    if (known == uses.end())
      known = uses.insert(uses.end(), {kind, offers, 0, 0});
    ++known->count;
    return true;
  }

  /// The fastest offers of all that fit together; where there are too many
  /// combinations, the smallest, and then faster ones kind by kind as far as
  /// bytes allow. False when even the smallest exceed the budget.
  bool choose(int64_t budget) {
    for (KindUse &use : uses)
      use.choice = 0;
    if (bytes() <= budget)
      return true;
    size_t combinations = 1;
    for (KindUse &use : uses) {
      use.choice = use.offers->size() - 1;
      combinations =
          std::min(kMostCombinations + 1, combinations * use.offers->size());
    }
    if (bytes() > budget)
      return false;
    if (combinations <= kMostCombinations) {
      chooseBest(budget);
      return true;
    }
    for (KindUse &use : uses) {
      size_t smallest = use.choice;
      for (use.choice = 0; use.choice < smallest; ++use.choice)
        if (bytes() <= budget)
          break;
    }
    return true;
  }

  size_t choiceOf(int kind) const {
    return std::find_if(uses.begin(), uses.end(),
                        [&](const KindUse &u) { return u.kind == kind; })
        ->choice;
  }

  int64_t bytes() const {
    int64_t resident = 0, scratch = 0;
    for (const KindUse &use : uses) {
      resident += use.count * use.offer().resident;
      scratch = std::max(scratch, use.offer().scratch);
    }
    return resident + scratch;
  }

  double cycles() const {
    double cycles = 0;
    for (const KindUse &use : uses)
      cycles += double(use.count) * use.offer().cycles;
    return cycles;
  }

private:
  static constexpr size_t kMostCombinations = 256;

  /// Begins with the smallest of each kind, which fit.
  void chooseBest(int64_t budget) {
    std::vector<size_t> best;
    for (const KindUse &use : uses)
      best.push_back(use.choice);
    double least = cycles();
    // A number in mixed radix, whose digits are the choices.
    for (KindUse &use : uses)
      use.choice = 0;
    for (bool isLast = false; !isLast;) {
      if (double trial = cycles(); trial < least && bytes() <= budget) {
        least = trial;
        for (size_t u = 0; u < uses.size(); ++u)
          best[u] = uses[u].choice;
      }
      isLast = true;
      for (KindUse &use : uses) {
        if (++use.choice < use.offers->size()) {
          isLast = false;
          break;
        }
        use.choice = 0;
      }
    }
    for (size_t u = 0; u < uses.size(); ++u)
      uses[u].choice = best[u];
  }

  std::vector<KindUse> uses; ///< by their first kernels
};

} // namespace

Kernels inlay::floorplan::runOf(size_t first, size_t last) {
  Kernels run(last - first);
  std::iota(run.begin(), run.end(), first);
  return run;
}

RunCost::RunCost(const Chain &chain) : chain(chain) {
  std::map<int, size_t> indexOf;
  for (const Link &link : chain.links)
    kinds.push_back(
        indexOf.try_emplace(link.kind, indexOf.size()).first->second);
  numKinds = indexOf.size();
}

const std::vector<Offer> &RunCost::offersOf(size_t kernel, Extent extent,
                                            Offers &offers) {
  const std::vector<Offer> *&found = offers[kinds[kernel]];
  if (!found)
    found = &chain.offers(chain.links[kernel].kind, extent);
  return *found;
}

const std::vector<Offer> &RunCost::offersOf(size_t kernel, Extent extent) {
  return offersOf(kernel, extent, offersOn(extent));
}

double RunCost::handover(size_t link, const Rect &from, const Rect &to) {
  const std::vector<Offer> &offers = offersOf(link, clip({link}, to.extent()));
  double longest = 0;
  auto stream = std::partition_point(
      chain.streams.begin(), chain.streams.end(),
      [&](const Stream &stream) { return stream.to < link; });
  for (; stream != chain.streams.end() && stream->to == link; ++stream) {
    if (!stream->from)
      continue;
    double cycles = chain.way(*stream, from, to);
    if (!offers.empty() && stream->input < offers.front().entries.size())
      cycles += offers.front().entries[stream->input];
    longest = std::max(longest, cycles);
  }
  return longest;
}

Extent RunCost::clip(const Kernels &kernels, Extent tile) const {
  for (size_t k : kernels) {
    Extent most = chain.links[k].most;
    if (most.width > 0)
      tile = {std::min(tile.width, most.width),
              std::min(tile.height, most.height)};
  }
  return tile;
}

std::optional<Region> RunCost::place(const Kernels &kernels, const Rect &tile) {
  Extent extent = clip(kernels, tile.extent());
  Offers &offers = offersOn(extent);
  Uses uses;
  for (size_t k : kernels)
    if (!uses.add(chain.links[k].kind, &offersOf(k, extent, offers)))
      return std::nullopt;
  if (!uses.choose(chain.budget))
    return std::nullopt;
  Region region;
  region.rect = {tile.x, tile.y, extent.width, extent.height};
  region.kernels = kernels;
  region.bytes = uses.bytes();
  for (size_t k : kernels) {
    region.offers.push_back(uses.choiceOf(chain.links[k].kind));
    region.cycles += offersOf(k, extent, offers)[region.offers.back()].cycles;
  }
  return region;
}

std::optional<RegionPlan> RunCost::placeAll(const std::vector<Kernels> &parts,
                                            const std::vector<Rect> &rects) {
  RegionPlan plan;
  for (size_t r = 0; r < parts.size(); ++r) {
    std::optional<Region> region = place(parts[r], rects[r]);
    if (!region)
      return std::nullopt;
    plan.regions.push_back(std::move(*region));
  }
  std::sort(plan.regions.begin(), plan.regions.end(),
            [](const Region &a, const Region &b) {
              return a.kernels.front() < b.kernels.front();
            });
  plan.cycles = stepCycles(chain, plan.regions);
  return plan;
}

double RunCost::fill(const Kernels &kernels, Extent extent) {
  constexpr double kFarTooFull = 8;
  extent = clip(kernels, extent);
  int64_t resident = 0, scratch = 0;
  for (size_t k : kernels) {
    const std::vector<Offer> &offers = offersOf(k, extent);
    if (offers.empty())
      return kFarTooFull;
    resident += offers.back().resident;
    scratch = std::max(scratch, offers.back().scratch);
  }
  return double(resident + scratch) /
         double(std::max<int64_t>(1, chain.budget));
}

void RunCost::extend(size_t first, Extent tile, std::vector<double> &cycles) {
  Extent extent = tile;
  Offers *offers = &offersOn(extent);
  cycles.assign(chain.links.size() + 1, kNever);
  Uses uses;
  auto add = [&](size_t k) {
    return uses.add(chain.links[k].kind, &offersOf(k, extent, *offers));
  };
  for (size_t k = first; k < chain.links.size(); ++k) {
    Extent clipped = clip({k}, extent);
    if (clipped == extent) {
      if (!add(k))
        return;
    } else {
      // From here on the region is smaller, for all its kernels.
      extent = clipped;
      offers = &offersOn(extent);
      uses = {};
      for (size_t j = first; j <= k; ++j)
        if (!add(j))
          return;
    }
    if (!uses.choose(chain.budget))
      return;
    cycles[k + 1] = uses.cycles();
  }
}
