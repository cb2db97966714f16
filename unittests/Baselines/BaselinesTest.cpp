//===- BaselinesTest.cpp - Placements that Inlay's are held against -------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Baselines.h"
#include "Arrangement.h"
#include "Strips.h"

#include "gtest/gtest.h"

#include <map>
#include <memory>
#include <numeric>
#include <tuple>

using namespace inlay;
using namespace inlay::baselines;
using floorplan::Chain;
using floorplan::Kernels;
using floorplan::Offer;
using floorplan::RegionPlan;
using model::Extent;
using model::Rect;

static constexpr int64_t kBudget = 1000;

/// Layers of a small and a large kernel on cores of 1,000 bytes: work is shared
/// by cores, the result crosses the region once.
static Chain makeChain(Extent grid, int layers, int64_t small, int64_t large) {
  Chain chain;
  chain.name = "w";
  chain.grid = grid;
  chain.budget = kBudget;
  for (int k = 0; k < 2 * layers; ++k)
    chain.links.push_back({"k" + std::to_string(k), k % 2, k / 2,
                           double(k % 2 == 0 ? small : large)});
  using Key = std::tuple<int, int64_t, int64_t>;
  auto known = std::make_shared<std::map<Key, std::vector<Offer>>>();
  chain.offers = [=](int kind, Extent extent) -> const std::vector<Offer> & {
    auto [it, isNew] = known->try_emplace({kind, extent.width, extent.height});
    int64_t bytes = kind == 0 ? small : large;
    int64_t resident = (bytes + extent.area() - 1) / extent.area();
    if (isNew && resident <= kBudget)
      it->second.push_back({double(bytes) / double(extent.area()) +
                                double(extent.width + extent.height),
                            resident, 0});
    return it->second;
  };
  for (size_t k = 1; k < chain.links.size(); ++k)
    chain.streams.push_back({k - 1, k, 0, 64});
  chain.way = [](const floorplan::Stream &, const Rect &from, const Rect &to) {
    return double(model::centreDistance(from, to));
  };
  return chain;
}

static Problem makeProblem(const Chain &chain) {
  Problem problem{chain, {}};
  for (size_t k = 1; k < chain.links.size(); ++k)
    problem.streams.push_back({k - 1, k, 64});
  return problem;
}

/// A plan that holds, by the verifier that knows no solver.
static void expectLegal(const Chain &chain, const Plan &plan) {
  ASSERT_TRUE(plan);
  Diagnostics diags;
  EXPECT_TRUE(plan->verify(chain, diags));
  for (const Diagnostic &diag : diags.all())
    ADD_FAILURE() << diag.subject << ": " << diag.message;
}

/// Ends after so many questions.
static std::function<double()> steps(int count) {
  return [count, done = 0]() mutable { return double(done++) / count; };
}

static std::vector<std::tuple<int64_t, int64_t, int64_t, int64_t, Kernels>>
shapeOf(const RegionPlan &plan) {
  std::vector<std::tuple<int64_t, int64_t, int64_t, int64_t, Kernels>> shape;
  for (const floorplan::Region &region : plan.regions)
    shape.push_back({region.rect.x, region.rect.y, region.rect.width,
                     region.rect.height, region.kernels});
  return shape;
}

namespace {

TEST(Baselines, AreLegalOnChainsOfAllSizes) {
  for (int layers : {1, 2, 5})
    for (double full : {0.3, 0.8}) {
      Extent grid = {60, 90};
      auto bytes = static_cast<int64_t>(full * double(kBudget) *
                                        double(grid.area()) / layers);
      Chain chain = makeChain(grid, layers, bytes / 10, bytes * 9 / 10);
      Problem problem = makeProblem(chain);
      SCOPED_TRACE(testing::Message() << layers << " layers, " << full);
      expectLegal(chain, placeRowMajor(problem));
      expectLegal(chain, placeRandomly(problem, 1));
      expectLegal(chain, placeByAnnealing(problem, 1, steps(300)));
      expectLegal(chain, placeByScotch(problem));
    }
}

TEST(Baselines, AreRepeatable) {
  Chain chain = makeChain({60, 90}, 4, 40000, 700000);
  Problem problem = makeProblem(chain);
  Plan random = placeRandomly(problem, 7);
  Plan scotch = placeByScotch(problem);
  Plan annealed = placeByAnnealing(problem, 3, steps(200));
  ASSERT_TRUE(random && scotch && annealed);
  EXPECT_EQ(shapeOf(*random), shapeOf(*placeRandomly(problem, 7)));
  EXPECT_EQ(shapeOf(*scotch), shapeOf(*placeByScotch(problem)));
  EXPECT_EQ(shapeOf(*annealed),
            shapeOf(*placeByAnnealing(problem, 3, steps(200))));
  EXPECT_NE(shapeOf(*random), shapeOf(*placeRandomly(problem, 8)));
}

TEST(Baselines, AnnealingIsNoWorseThanItsStartAndGetsBetter) {
  Chain chain = makeChain({60, 90}, 4, 40000, 700000);
  Problem problem = makeProblem(chain);
  Plan start = placeByAnnealing(problem, 3, steps(1));
  Plan later = placeByAnnealing(problem, 3, steps(3000));
  ASSERT_TRUE(start && later);
  EXPECT_LT(later->cycles, start->cycles);
}

TEST(Baselines, SquaresAreEqualAndHoldWholeLayers) {
  Chain chain = makeChain({60, 90}, 6, 40000, 300000);
  chain.links.front().layer = -1; // an embedding, say
  Plan plan = placeOnEqualSquares(makeProblem(chain));
  expectLegal(chain, plan);
  int64_t side = plan->regions.front().rect.width;
  std::map<int, const floorplan::Region *> regionOfLayer;
  for (const floorplan::Region &region : plan->regions) {
    EXPECT_EQ(region.rect.width, side);
    EXPECT_EQ(region.rect.height, side);
    for (size_t k : region.kernels) {
      const floorplan::Region *&known = regionOfLayer[chain.links[k].layer];
      EXPECT_TRUE(!known || known == &region);
      known = &region;
    }
  }
}

TEST(Baselines, ThereIsNoneWhereKernelsDoNotFitOrCoresAreDead) {
  Chain full = makeChain({20, 20}, 2, 10000, 250000);
  EXPECT_FALSE(placeRowMajor(makeProblem(full)));
  EXPECT_FALSE(placeByScotch(makeProblem(full)));
  EXPECT_FALSE(placeOnEqualSquares(makeProblem(full)));
  EXPECT_FALSE(placeRandomly(makeProblem(full), 1));
  EXPECT_FALSE(placeByAnnealing(makeProblem(full), 1, steps(50)));
  Chain broken = makeChain({60, 90}, 2, 10000, 250000);
  broken.dead = {{3, 3, 2, 2}};
  EXPECT_FALSE(placeRowMajor(makeProblem(broken)));
  EXPECT_FALSE(placeByScotch(makeProblem(broken)));
  EXPECT_FALSE(placeOnEqualSquares(makeProblem(broken)));
  EXPECT_FALSE(placeRandomly(makeProblem(broken), 1));
  EXPECT_FALSE(placeByAnnealing(makeProblem(broken), 1, steps(50)));
}

TEST(Arrangement, TilesCoverTheGrid) {
  Arrangement arrangement;
  arrangement.rows = {{{{0}, 3}, {{1}, 1}}, {{{2}, 5}}};
  for (bool areColumns : {false, true}) {
    arrangement.areColumns = areColumns;
    std::vector<Rect> tiles = layOut(arrangement, {31, 47});
    ASSERT_EQ(tiles.size(), 3u);
    int64_t area = std::accumulate(
        tiles.begin(), tiles.end(), int64_t(0),
        [](int64_t sum, const Rect &tile) { return sum + tile.area(); });
    EXPECT_EQ(area, 31 * 47);
    for (size_t i = 0; i < tiles.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        EXPECT_FALSE(tiles[i].overlaps(tiles[j]));
  }
  EXPECT_TRUE(layOut(arrangement, {1, 1}).empty());
}

} // namespace
