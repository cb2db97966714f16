//===- RunCost.cpp - What runs of kernels take on a rectangle -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunCost.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;

namespace {

/// Bytes of a core, kernel by kernel.
struct Bytes {
  int64_t resident = 0;
  int64_t scratch = 0;

  void add(const Offer &offer) {
    resident += offer.resident;
    scratch = std::max(scratch, offer.scratch);
  }
  int64_t total() const { return resident + scratch; }
};

} // namespace

const RunCost::Offers &RunCost::offersOn(Extent extent) {
  auto [it, isNew] = known.try_emplace({extent.width, extent.height});
  if (!isNew)
    return it->second;
  std::map<int, const std::vector<Offer> *> ofKind;
  for (const Link &link : chain.links) {
    auto [offers, isNewKind] = ofKind.try_emplace(link.kind, nullptr);
    if (isNewKind)
      offers->second = &chain.offers(link.kind, extent);
    it->second.push_back(offers->second);
  }
  return it->second;
}

Extent RunCost::clip(size_t first, size_t last, Extent tile) const {
  for (size_t k = first; k < last; ++k) {
    Extent most = chain.links[k].most;
    if (most.width > 0)
      tile = {std::min(tile.width, most.width),
              std::min(tile.height, most.height)};
  }
  return tile;
}

Region RunCost::withOffers(size_t first, size_t last, const Rect &rect,
                           const Offers &offers,
                           std::vector<size_t> choice) const {
  Region region = {rect, first, last, std::move(choice), 0, 0};
  Bytes bytes;
  for (size_t k = first; k < last; ++k) {
    const Offer &offer = (*offers[k])[region.offers[k - first]];
    bytes.add(offer);
    region.cycles += offer.cycles;
  }
  region.bytes = bytes.total();
  return region;
}

std::optional<Region> RunCost::place(size_t first, size_t last,
                                     const Rect &tile) {
  Extent extent = clip(first, last, tile.extent());
  Rect rect = {tile.x, tile.y, extent.width, extent.height};
  const Offers &offers = offersOn(extent);
  std::vector<size_t> choice;
  for (size_t k = first; k < last; ++k) {
    if (offers[k]->empty())
      return std::nullopt;
    choice.push_back(0);
  }
  Region region = withOffers(first, last, rect, offers, choice);
  if (region.bytes <= chain.budget)
    return region;
  for (size_t k = first; k < last; ++k)
    choice[k - first] = offers[k]->size() - 1;
  region = withOffers(first, last, rect, offers, choice);
  if (region.bytes > chain.budget)
    return std::nullopt;
  // Kernels of one kind stay alike, so that what is equal is planned once.
  std::map<int, bool> tried;
  for (size_t k = first; k < last; ++k) {
    if (offers[k]->size() == 1 || tried[chain.links[k].kind])
      continue;
    tried[chain.links[k].kind] = true;
    for (size_t offer = 0; offer + 1 < offers[k]->size(); ++offer) {
      std::vector<size_t> faster = region.offers;
      for (size_t j = k; j < last; ++j)
        if (chain.links[j].kind == chain.links[k].kind)
          faster[j - first] = offer;
      Region next = withOffers(first, last, rect, offers, std::move(faster));
      if (next.bytes > chain.budget)
        continue;
      region = std::move(next);
      break;
    }
  }
  return region;
}

double RunCost::fill(size_t first, size_t last, Extent extent) {
  constexpr double kFarTooFull = 8;
  const Offers &offers = offersOn(clip(first, last, extent));
  Bytes bytes;
  for (size_t k = first; k < last; ++k) {
    if (offers[k]->empty())
      return kFarTooFull;
    bytes.add(offers[k]->back());
  }
  return double(bytes.total()) / double(std::max<int64_t>(1, chain.budget));
}

void RunCost::extend(size_t first, Extent tile, std::vector<double> &cycles) {
  Extent extent = tile;
  const Offers *offers = &offersOn(extent);
  cycles.assign(chain.links.size() + 1, kNever);
  Bytes fast, small;
  double fastCycles = 0;
  auto add = [&](size_t k) {
    if ((*offers)[k]->empty())
      return false;
    fast.add((*offers)[k]->front());
    small.add((*offers)[k]->back());
    fastCycles += (*offers)[k]->front().cycles;
    return true;
  };
  for (size_t k = first; k < chain.links.size(); ++k) {
    Extent clipped = clip(k, k + 1, extent);
    if (clipped == extent) {
      if (!add(k))
        return;
    } else {
      // From here on the region is smaller, for all its kernels.
      extent = clipped;
      offers = &offersOn(extent);
      fast = small = {};
      fastCycles = 0;
      for (size_t j = first; j <= k; ++j)
        if (!add(j))
          return;
    }
    if (small.total() > chain.budget)
      return;
    if (fast.total() <= chain.budget) {
      cycles[k + 1] = fastCycles;
      continue;
    }
    Rect rect = {0, 0, extent.width, extent.height};
    cycles[k + 1] = place(first, k + 1, rect)->cycles;
  }
}
