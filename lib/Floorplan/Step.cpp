//===- Step.cpp - What a step takes on regions ----------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Floorplan.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::floorplan;

namespace {

/// A kernel on its region.
struct Placed {
  const Region *region = nullptr;
  const Offer *offer = nullptr;
};

} // namespace

static std::vector<Placed> placedOn(const Chain &chain,
                                    const std::vector<Region> &regions) {
  std::vector<Placed> placed(chain.links.size());
  for (const Region &region : regions)
    for (size_t i = 0; i < region.kernels.size(); ++i) {
      size_t k = region.kernels[i];
      const std::vector<Offer> &offers =
          chain.offers(chain.links[k].kind, region.rect.extent());
      placed[k] = {&region, &offers[region.offers[i]]};
    }
  return placed;
}

double inlay::floorplan::stepCycles(const Chain &chain,
                                    const std::vector<Region> &regions) {
  std::vector<Placed> placed = placedOn(chain, regions);
  std::vector<double> finish(placed.size(), 0);
  std::vector<double> free(regions.size(), 0);
  double last = 0;
  auto stream = chain.streams.begin();
  for (size_t k = 0; k < placed.size(); ++k) {
    const Region *region = placed[k].region;
    for (; stream != chain.streams.end() && stream->to == k; ++stream) {
      if (!region)
        continue;
      const Placed &from = stream->from ? placed[*stream->from] : Placed();
      double arrival = stream->from ? finish[*stream->from] : 0;
      if (from.region && from.region != region)
        arrival += chain.way(*stream, from.region->rect, region->rect);
      const std::vector<double> &entries = placed[k].offer->entries;
      if (from.region != region && stream->input < entries.size())
        arrival += entries[stream->input];
      finish[k] = std::max(finish[k], arrival);
    }
    if (!region)
      continue;
    double &idle = free[region - regions.data()];
    finish[k] = std::max(finish[k], idle) + placed[k].offer->cycles;
    idle = finish[k];
    last = std::max(last, finish[k]);
  }
  return last;
}
