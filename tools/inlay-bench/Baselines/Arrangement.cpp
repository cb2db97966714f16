//===- Arrangement.cpp - Regions in rows, and their legaliser -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arrangement.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace inlay;
using namespace inlay::baselines;
using model::Rect;

/// The ends of parts of a length in proportion to weights, each of at least
/// one; empty where that cannot be.
static std::vector<int64_t> cut(int64_t length,
                                const std::vector<double> &weights) {
  auto count = static_cast<int64_t>(weights.size());
  if (count > length)
    return {};
  double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  double seen = 0;
  std::vector<int64_t> ends;
  for (int64_t i = 0; i < count; ++i) {
    seen += weights[size_t(i)];
    int64_t before = i == 0 ? 0 : ends.back();
    ends.push_back(std::clamp(
        static_cast<int64_t>(std::llround(double(length) * seen / sum)),
        before + 1, length - (count - i - 1)));
  }
  return ends;
}

static std::vector<Rect> layOutRows(const std::vector<std::vector<Part>> &rows,
                                    model::Extent grid) {
  std::vector<double> sums;
  for (const std::vector<Part> &row : rows)
    sums.push_back(std::accumulate(
        row.begin(), row.end(), 0.0,
        [](double sum, const Part &p) { return sum + p.weight; }));
  std::vector<int64_t> bottoms = cut(grid.height, sums);
  std::vector<Rect> tiles;
  for (size_t r = 0; r < bottoms.size(); ++r) {
    std::vector<double> weights;
    for (const Part &part : rows[r])
      weights.push_back(part.weight);
    std::vector<int64_t> rights = cut(grid.width, weights);
    if (rights.empty())
      return {};
    int64_t y = r == 0 ? 0 : bottoms[r - 1];
    for (size_t i = 0; i < rights.size(); ++i) {
      int64_t x = i == 0 ? 0 : rights[i - 1];
      tiles.push_back({x, y, rights[i] - x, bottoms[r] - y});
    }
  }
  return tiles;
}

std::vector<Rect> inlay::baselines::layOut(const Arrangement &arrangement,
                                           model::Extent grid) {
  if (!arrangement.areColumns)
    return layOutRows(arrangement.rows, grid);
  std::vector<Rect> tiles =
      layOutRows(arrangement.rows, {grid.height, grid.width});
  for (Rect &tile : tiles)
    tile = {tile.y, tile.x, tile.height, tile.width};
  return tiles;
}

Plan inlay::baselines::cheaper(Plan a, Plan b) {
  if (!a || (b && b->cycles < a->cycles))
    return b;
  return a;
}

Part Legaliser::makePart(floorplan::Kernels kernels) const {
  Part part;
  part.kernels = std::move(kernels);
  for (size_t k : part.kernels)
    part.weight += std::max(1.0, problem.chain.links[k].bytes);
  return part;
}

/// Regions on the tiles of an arrangement, as far as they use them.
static std::vector<Rect> rectsOf(const Arrangement &arrangement,
                                 model::Extent grid) {
  std::vector<Rect> rects = layOut(arrangement, grid);
  auto rect = rects.begin();
  if (rects.empty())
    return rects;
  for (const std::vector<Part> &row : arrangement.rows)
    for (const Part &part : row) {
      auto less = [](int64_t side, double use) {
        return std::max<int64_t>(1, int64_t(double(side) * use));
      };
      rect->width = less(rect->width, part.useX);
      rect->height = less(rect->height, part.useY);
      ++rect;
    }
  return rects;
}

Plan Legaliser::price(const Arrangement &arrangement) {
  std::vector<Rect> rects = rectsOf(arrangement, problem.chain.grid);
  if (rects.empty())
    return std::nullopt;
  std::vector<floorplan::Kernels> parts;
  for (const std::vector<Part> &row : arrangement.rows)
    for (const Part &part : row)
      parts.push_back(part.kernels);
  return pricer.price(parts, rects);
}

double Legaliser::overfill(const Arrangement &arrangement) {
  std::vector<Rect> rects = rectsOf(arrangement, problem.chain.grid);
  if (rects.empty())
    return 8;
  double most = 1;
  auto rect = rects.begin();
  for (const std::vector<Part> &row : arrangement.rows)
    for (const Part &part : row)
      most = std::max(most, pricer.fill(part.kernels, (rect++)->extent()));
  return most - 1;
}

Plan Legaliser::legalise(Arrangement &arrangement) {
  constexpr int kRounds = 8, kMore = 2;
  Plan best;
  Arrangement sized = arrangement;
  for (int round = 0, left = kRounds; round < kRounds && left > 0; ++round) {
    std::vector<Rect> tiles = layOut(sized, problem.chain.grid);
    if (tiles.empty())
      break;
    Plan plan = price(sized);
    if (plan && (!best || plan->cycles < best->cycles)) {
      left = best ? left : kMore + 1;
      best = std::move(plan);
      arrangement = sized;
    }
    --left;
    auto tile = tiles.begin();
    for (std::vector<Part> &row : sized.rows)
      for (Part &part : row) {
        double fill = pricer.fill(part.kernels, tile->extent());
        part.weight = double(tile->area()) * std::clamp(fill, 0.1, 8.0);
        ++tile;
      }
  }
  return best;
}

floorplan::RegionPlan Legaliser::shrink(floorplan::RegionPlan plan) {
  std::vector<floorplan::Kernels> parts;
  std::vector<Rect> rects;
  for (const floorplan::Region &region : plan.regions) {
    parts.push_back(region.kernels);
    rects.push_back(region.rect);
  }
  for (Rect &rect : rects)
    for (int64_t Rect::*side : {&Rect::width, &Rect::height})
      while (true) {
        Rect before = rect;
        rect.*side -= std::max<int64_t>(1, rect.*side / 10);
        Plan next;
        if (rect.*side >= 1)
          next = pricer.price(parts, rects);
        if (!next || next->cycles >= plan.cycles) {
          rect = before;
          break;
        }
        plan = std::move(*next);
      }
  return plan;
}
