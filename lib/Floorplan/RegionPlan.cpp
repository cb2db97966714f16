//===- RegionPlan.cpp - Checks chains and plans of regions ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Floorplan.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::floorplan;
using model::Rect;

bool Chain::check(Diagnostics &diags) const {
  bool valid = true;
  auto fail = [&](const std::string &message) {
    valid = false;
    diags.internalError("floorplan of '" + name + "'", message);
  };
  if (grid.width < 1 || grid.height < 1)
    fail(fmt::format("has a grid of {} x {} cores", grid.width, grid.height));
  if (links.empty())
    fail("has no kernels");
  if (!offers || !way)
    fail("does not say what kernels cost");
  for (size_t s = 0; s < streams.size(); ++s)
    if (streams[s].to >= links.size() ||
        (streams[s].from && *streams[s].from >= streams[s].to) ||
        (s > 0 && streams[s].to < streams[s - 1].to))
      fail(fmt::format("has stream {} out of order", s));
  return valid;
}

/// Cuts `rect` to the grid.
static Rect clip(const Rect &rect, const model::Extent &grid) {
  int64_t left = std::clamp<int64_t>(rect.x, 0, grid.width);
  int64_t top = std::clamp<int64_t>(rect.y, 0, grid.height);
  int64_t right = std::clamp<int64_t>(rect.right(), left, grid.width);
  int64_t bottom = std::clamp<int64_t>(rect.bottom(), top, grid.height);
  return {left, top, right - left, bottom - top};
}

int64_t Chain::liveCores() const {
  // Dead rectangles may overlap: count row by row between their edges.
  std::vector<Rect> clipped;
  std::vector<int64_t> edges = {0, grid.height};
  for (const Rect &rect : dead) {
    clipped.push_back(clip(rect, grid));
    edges.push_back(clipped.back().y);
    edges.push_back(clipped.back().bottom());
  }
  std::sort(edges.begin(), edges.end());
  int64_t live = grid.area();
  for (size_t e = 0; e + 1 < edges.size(); ++e) {
    std::vector<std::pair<int64_t, int64_t>> spans;
    for (const Rect &rect : clipped)
      if (rect.y <= edges[e] && edges[e + 1] <= rect.bottom())
        spans.push_back({rect.x, rect.right()});
    std::sort(spans.begin(), spans.end());
    int64_t covered = 0;
    int64_t at = 0;
    for (auto [from, to] : spans) {
      from = std::max(from, at);
      covered += std::max<int64_t>(0, to - from);
      at = std::max(at, to);
    }
    live -= covered * (edges[e + 1] - edges[e]);
  }
  return live;
}

namespace {

/// Checks a plan; every violation becomes one error.
class Verifier {
public:
  Verifier(const Chain &chain, const RegionPlan &plan, Diagnostics &diags)
      : chain(chain), plan(plan), diags(diags) {}

  bool run() {
    regionOf.assign(chain.links.size(), nullptr);
    for (size_t r = 0; r < plan.regions.size(); ++r) {
      if (!takeKernels(r))
        return false;
      checkRect(r);
      checkBytes(r);
    }
    for (size_t k = 0; k < chain.links.size(); ++k)
      if (!regionOf[k])
        fail(fmt::format("kernel '{}' has no region", chain.links[k].name));
    if (!valid)
      return false;
    for (size_t k = 0; k < chain.links.size(); ++k)
      checkWishes(k);
    checkCycles();
    return valid;
  }

private:
  void fail(std::string message) {
    valid = false;
    diags.internalError("floorplan of '" + chain.name + "'",
                        std::move(message));
  }

  bool takeKernels(size_t r) {
    const Region &region = plan.regions[r];
    size_t before = 0;
    for (size_t k : region.kernels) {
      if (k >= chain.links.size() || k < before || regionOf[k]) {
        fail(fmt::format("region {} holds kernel {} of {} out of order, or "
                         "another region holds it too",
                         r, k, chain.links.size()));
        return false;
      }
      before = k;
      regionOf[k] = &region;
    }
    bool isBehind =
        r == 0 || (!region.kernels.empty() &&
                   region.kernels[0] > plan.regions[r - 1].kernels[0]);
    if (isBehind && !region.kernels.empty() &&
        region.offers.size() == region.kernels.size())
      return true;
    fail(fmt::format("region {} holds {} kernels with {} offers, or begins "
                     "before the one before it",
                     r, region.kernels.size(), region.offers.size()));
    return false;
  }

  void checkRect(size_t r) {
    const Rect &rect = plan.regions[r].rect;
    Rect grid = {0, 0, chain.grid.width, chain.grid.height};
    if (rect.width < 1 || rect.height < 1 || !grid.contains(rect))
      return fail(fmt::format("region {} at ({}, {}) of {} x {} cores leaves "
                              "the grid of {} x {}",
                              r, rect.x, rect.y, rect.width, rect.height,
                              grid.width, grid.height));
    for (const Rect &dead : chain.dead)
      if (dead.area() > 0 && rect.overlaps(dead))
        fail(fmt::format("region {} covers dead cores at ({}, {})", r, dead.x,
                         dead.y));
    for (size_t other = 0; other < r; ++other)
      if (rect.overlaps(plan.regions[other].rect))
        fail(fmt::format("regions {} and {} overlap", other, r));
  }

  void checkWishes(size_t k) {
    const Link &link = chain.links[k];
    const Rect &rect = regionOf[k]->rect;
    bool isTooLarge = link.most.width > 0 && (rect.width > link.most.width ||
                                              rect.height > link.most.height);
    bool isElsewhere = link.at && *link.at != std::pair(rect.x, rect.y);
    bool isAlone = link.isJoined && k > 0 && regionOf[k] != regionOf[k - 1];
    if (isTooLarge || isElsewhere || isAlone)
      fail(fmt::format("region {} is not what kernel '{}' may have",
                       regionOf[k] - plan.regions.data(), link.name));
  }

  void checkBytes(size_t r) {
    const Region &region = plan.regions[r];
    int64_t resident = 0, scratch = 0;
    double cycles = 0;
    for (size_t i = 0; i < region.kernels.size(); ++i) {
      size_t k = region.kernels[i];
      const std::vector<Offer> &offers =
          chain.offers(chain.links[k].kind, region.rect.extent());
      size_t choice = region.offers[i];
      if (choice >= offers.size())
        return fail(fmt::format("kernel '{}' does not fit on {} x {} cores",
                                chain.links[k].name, region.rect.width,
                                region.rect.height));
      resident += offers[choice].resident;
      scratch = std::max(scratch, offers[choice].scratch);
      cycles += offers[choice].cycles;
    }
    if (resident + scratch != region.bytes || region.bytes > chain.budget)
      fail(fmt::format("region {} claims {} B of a budget of {} B, but needs "
                       "{} B",
                       r, region.bytes, chain.budget, resident + scratch));
    if (std::abs(cycles - region.cycles) > 1e-6 * (1 + cycles))
      fail(fmt::format("region {} claims {:.1f} cycles, but they add up to "
                       "{:.1f}",
                       r, region.cycles, cycles));
  }

  void checkCycles() {
    double cycles = stepCycles(chain, plan.regions);
    if (std::abs(cycles - plan.cycles) > 1e-6 * (1 + cycles))
      fail(fmt::format("claims {:.1f} cycles, but a step takes {:.1f}",
                       plan.cycles, cycles));
  }

  const Chain &chain;
  const RegionPlan &plan;
  Diagnostics &diags;
  std::vector<const Region *> regionOf; ///< of each kernel
  bool valid = true;
};

} // namespace

bool RegionPlan::verify(const Chain &chain, Diagnostics &diags) const {
  return Verifier(chain, *this, diags).run();
}
