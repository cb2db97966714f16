//===- Simple.cpp - Strips, random places, equal squares ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arrangement.h"
#include "Strips.h"

#include "inlay/Floorplan/Random.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::baselines;
using floorplan::Kernels;
using model::Rect;

std::vector<Kernels> inlay::baselines::layersOf(const floorplan::Chain &chain) {
  std::vector<Kernels> layers;
  for (size_t k = 0; k < chain.links.size(); ++k) {
    if (k == 0 || chain.links[k].layer != chain.links[k - 1].layer)
      layers.emplace_back();
    layers.back().push_back(k);
  }
  return layers;
}

std::vector<Arrangement>
inlay::baselines::rowMajorStrips(const floorplan::Chain &chain,
                                 const Legaliser &legaliser) {
  Arrangement apart, together;
  for (const Kernels &layer : layersOf(chain)) {
    together.rows.push_back({legaliser.makePart(layer)});
    apart.rows.emplace_back();
    for (size_t k : layer)
      apart.rows.back().push_back(legaliser.makePart({k}));
  }
  return {apart, together};
}

static bool isUnbroken(const Problem &problem) {
  return std::none_of(problem.chain.dead.begin(), problem.chain.dead.end(),
                      [](const Rect &rect) { return rect.area() > 0; });
}

Plan inlay::baselines::placeRowMajor(const Problem &problem) {
  if (!isUnbroken(problem))
    return std::nullopt;
  Legaliser legaliser(problem);
  Plan best;
  for (Arrangement &strips : rowMajorStrips(problem.chain, legaliser))
    best = cheaper(std::move(best), legaliser.legalise(strips));
  return best ? Plan(legaliser.shrink(std::move(*best))) : std::nullopt;
}

/// Kernels dealt to regions, regions shuffled and cut into rows.
static Arrangement draw(const Problem &problem, const Legaliser &legaliser,
                        floorplan::Random &random) {
  constexpr int kMostRegions = 12;
  auto kernels = static_cast<int>(problem.chain.links.size());
  int regions = 1 + random.below(std::min(kernels, kMostRegions));
  std::vector<Kernels> dealt(static_cast<size_t>(regions));
  for (int k = 0; k < kernels; ++k)
    dealt[size_t(random.below(regions))].push_back(size_t(k));
  std::erase_if(dealt, [](const Kernels &part) { return part.empty(); });
  for (size_t i = dealt.size(); i > 1; --i)
    std::swap(dealt[i - 1], dealt[size_t(random.below(int(i)))]);
  size_t rows = 1 + size_t(random.below(int(dealt.size())));
  Arrangement arrangement;
  arrangement.rows.resize(rows);
  for (size_t i = 0; i < dealt.size(); ++i)
    arrangement.rows[i * rows / dealt.size()].push_back(
        legaliser.makePart(std::move(dealt[i])));
  return arrangement;
}

Plan inlay::baselines::placeRandomly(const Problem &problem, uint64_t seed) {
  constexpr int kDraws = 100;
  if (!isUnbroken(problem))
    return std::nullopt;
  Legaliser legaliser(problem);
  floorplan::Random random(seed);
  for (int i = 0; i < kDraws; ++i) {
    Arrangement drawn = draw(problem, legaliser, random);
    if (Plan plan = legaliser.legalise(drawn))
      return legaliser.shrink(std::move(*plan));
  }
  return std::nullopt;
}

/// Whole layers; what is none goes with the layer before it, or the first.
static std::vector<Kernels> wholeLayers(const floorplan::Chain &chain) {
  std::vector<Kernels> layers;
  bool waits = true; // what comes first, for its layer
  for (const Kernels &part : layersOf(chain)) {
    bool isLayer = chain.links[part.front()].layer >= 0;
    if (layers.empty() || (isLayer && !waits))
      layers.emplace_back();
    layers.back().insert(layers.back().end(), part.begin(), part.end());
    waits = waits && !isLayer;
  }
  return layers;
}

/// The longest side of `count` equal squares that stand in rows on a grid.
static int64_t longestSide(model::Extent grid, int64_t count) {
  int64_t side = std::min(grid.width, grid.height);
  while (side > 1 && (grid.width / side) * (grid.height / side) < count)
    --side;
  return side;
}

Plan inlay::baselines::placeOnEqualSquares(const Problem &problem) {
  if (!isUnbroken(problem))
    return std::nullopt;
  const floorplan::Chain &chain = problem.chain;
  std::vector<Kernels> layers = wholeLayers(chain);
  floorplan::Pricer pricer(chain);
  Plan best;
  for (size_t count = 1; count <= layers.size(); ++count) {
    std::vector<Kernels> parts(count);
    for (size_t i = 0; i < layers.size(); ++i) {
      Kernels &part = parts[i * count / layers.size()];
      part.insert(part.end(), layers[i].begin(), layers[i].end());
    }
    int64_t longest = longestSide(chain.grid, int64_t(count));
    int64_t columns = chain.grid.width / longest;
    for (int64_t tenths = 10; tenths >= 2; --tenths) {
      int64_t side = std::max<int64_t>(1, longest * tenths / 10);
      std::vector<Rect> squares;
      for (int64_t i = 0; i < int64_t(count); ++i)
        squares.push_back({i % columns * side, i / columns * side, side, side});
      Plan plan = pricer.price(parts, squares);
      if (!plan)
        break;
      best = cheaper(std::move(best), std::move(plan));
    }
  }
  return best;
}
