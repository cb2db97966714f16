//===- FloorplanTest.cpp - Regions whose kernels take turns ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Floorplan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <map>
#include <memory>
#include <random>
#include <tuple>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;
using testing::HasSubstr;

namespace {

/// A kind of kernels: `work` is shared by the cores, the result crosses the
/// region once, and so are `bytes`; `scratch` is what each core needs.
struct Kind {
  double work = 0;
  int64_t bytes = 0;
  int64_t scratch = 0;
};

/// A chain of kernels of these kinds on cores of 1,000 bytes. A kernel has a
/// second offer, twice as slow, of half the bytes.
Chain makeChain(Extent grid, std::vector<Kind> kinds, std::vector<int> links,
                std::vector<Rect> dead = {}) {
  Chain chain;
  chain.name = "w";
  chain.grid = grid;
  chain.dead = std::move(dead);
  chain.budget = 1000;
  for (size_t k = 0; k < links.size(); ++k)
    chain.links.push_back({"k" + std::to_string(k), links[k],
                           static_cast<int>(k),
                           double(kinds[links[k]].bytes / 2)});
  using Key = std::tuple<int, int64_t, int64_t>;
  auto known = std::make_shared<std::map<Key, std::vector<Offer>>>();
  chain.offers = [=](int kind, Extent extent) -> const std::vector<Offer> & {
    auto [it, isNew] = known->try_emplace({kind, extent.width, extent.height});
    if (!isNew)
      return it->second;
    const Kind &is = kinds[kind];
    double cycles =
        is.work / double(extent.area()) + double(extent.width + extent.height);
    int64_t resident = (is.bytes + extent.area() - 1) / extent.area();
    if (resident + is.scratch <= 1000)
      it->second.push_back({cycles, resident, is.scratch});
    if (resident / 2 + is.scratch <= 1000)
      it->second.push_back({2 * cycles, resident / 2, is.scratch});
    return it->second;
  };
  for (size_t k = 1; k < links.size(); ++k)
    chain.streams.push_back({k - 1, k, 0, 1});
  chain.way = [](const Stream &, const Rect &from, const Rect &to) {
    return double(model::centreDistance(from, to));
  };
  return chain;
}

std::optional<RegionPlan> planned(const Chain &chain) {
  Diagnostics diags;
  EXPECT_TRUE(chain.check(diags));
  std::optional<RegionPlan> plan = tile(chain, {});
  if (plan)
    EXPECT_TRUE(plan->verify(chain, diags));
  for (const Diagnostic &diag : diags.all())
    ADD_FAILURE() << diag.subject << ": " << diag.message;
  return plan;
}

std::vector<std::string> messages(const Diagnostics &diags) {
  std::vector<std::string> all;
  for (const Diagnostic &diag : diags.all())
    all.push_back(diag.message);
  return all;
}

TEST(FloorplanTest, TakesTheBestAreaNotTheLargest) {
  // work / (w h) + w + h is least at w = h = work^(1/3) = 20: 60 cycles.
  Chain chain = makeChain({200, 200}, {{8000, 0, 0}}, {0, 0, 0});
  std::optional<RegionPlan> plan = planned(chain);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->regions.size(), 1u);
  EXPECT_LT(plan->cycles, 1.05 * 3 * 60);
}

/// A kernel that is cut into 64 x 8 parts: other regions leave cores idle.
static Chain ofParts(std::vector<Rect> dead) {
  Chain chain = makeChain({200, 300}, {{0, 0, 0}}, {0, 0, 0}, std::move(dead));
  using Key = std::pair<int64_t, int64_t>;
  auto known = std::make_shared<std::map<Key, std::vector<Offer>>>();
  chain.offers = [known](int, Extent extent) -> const std::vector<Offer> & {
    std::vector<Offer> &mine = (*known)[{extent.width, extent.height}];
    auto rounds = [](int64_t parts, int64_t cores) {
      return double((parts + cores - 1) / cores);
    };
    if (mine.empty())
      mine.push_back(
          {1000 * rounds(64, extent.width) * rounds(8, extent.height) +
               double(extent.width + extent.height),
           1, 0});
    return mine;
  };
  return chain;
}

TEST(FloorplanTest, RegionsHaveTheSidesOfWhatTheyHold) {
  std::optional<RegionPlan> plan = planned(ofParts({}));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->regions.size(), 1u);
  EXPECT_EQ(plan->cycles, 3 * (1000 + 64 + 8));
}

TEST(FloorplanTest, SmallRegionsCostNoMoreBesideDeadCores) {
  std::optional<RegionPlan> plan = planned(ofParts({{199, 299, 1, 1}}));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->cycles, 3 * (1000 + 64 + 8));
  plan = planned(ofParts({{0, 0, 8, 9}, {3, 100, 190, 4}}));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->cycles, 3 * (1000 + 64 + 8));
}

TEST(FloorplanTest, CutsTheWaferWhereOneRegionIsTooLarge) {
  // Twelve kernels that fill the wafer to three quarters and would like 20 x 20
  // cores, a hundredth of it.
  Chain chain =
      makeChain({200, 200}, {{8000, 2500000, 10}}, std::vector<int>(12, 0));
  std::optional<RegionPlan> plan = planned(chain);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->regions.size(), 12u);
  // 12 on the whole wafer take 12 x 400 cycles.
  EXPECT_LT(plan->cycles, 12 * 400 / 2.4);
}

TEST(FloorplanTest, KernelsOfARegionShareScratch) {
  // Four kernels of 100 bytes and 600 of scratch on one core each: together
  // 1,000, were scratch not shared 2,800.
  Chain chain = makeChain({1, 1}, {{10, 100, 600}}, {0, 0, 0, 0});
  std::optional<RegionPlan> plan = planned(chain);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->regions.size(), 1u);
  EXPECT_EQ(plan->regions[0].bytes, 1000);
}

TEST(FloorplanTest, TakesSmallerOffersOnlyWhereBytesNeedIt) {
  // 600 bytes each on one core: two do not fit, a kind at half does.
  Chain chain = makeChain({1, 1}, {{10, 600, 0}, {10, 600, 0}}, {0, 1});
  std::optional<RegionPlan> plan = planned(chain);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->regions[0].bytes, 900);
  EXPECT_DOUBLE_EQ(plan->regions[0].cycles, 12 + 24);
}

/// a -> b -> d and a -> c -> d.
Chain makeDiamond(Extent grid, std::vector<Kind> kinds) {
  Chain chain = makeChain(grid, std::move(kinds), {0, 1, 2, 0});
  chain.streams = {{0, 1, 0, 1}, {0, 2, 0, 1}, {1, 3, 0, 1}, {2, 3, 1, 1}};
  return chain;
}

TEST(FloorplanTest, StepsTakeTheirLongestPath) {
  Chain chain = makeDiamond({100, 10}, {{100, 1, 0}, {500, 1, 0}, {900, 1, 0}});
  auto region = [](Rect rect, Kernels kernels) {
    std::vector<size_t> first(kernels.size(), 0);
    return Region{rect, std::move(kernels), first};
  };
  // 10 x 10 cores: 1, 5 and 9 cycles to compute and 20 to reduce.
  EXPECT_DOUBLE_EQ(stepCycles(chain, {region({0, 0, 10, 10}, {0, 1, 2, 3})}),
                   21 + 25 + 29 + 21);
  std::vector<Region> apart = {region({0, 0, 10, 10}, {0, 1, 3}),
                               region({30, 0, 10, 10}, {2})};
  EXPECT_DOUBLE_EQ(stepCycles(chain, apart), 21 + 30 + 29 + 30 + 21);
  // What comes from elsewhere has to spread; within a region nothing has.
  auto plain = chain.offers;
  auto known = std::make_shared<std::map<int, std::vector<Offer>>>();
  chain.offers = [=](int kind, Extent extent) -> const std::vector<Offer> & {
    std::vector<Offer> &offers = (*known)[kind];
    offers = plain(kind, extent);
    for (Offer &offer : offers)
      offer.entries = {3, 5};
    return offers;
  };
  EXPECT_DOUBLE_EQ(stepCycles(chain, {apart.front()}), 21 + 25 + 21);
  chain.streams.insert(chain.streams.begin(), {std::nullopt, 0, 1, 1});
  EXPECT_DOUBLE_EQ(stepCycles(chain, {apart.front()}), 5 + 21 + 25 + 21);
}

TEST(FloorplanTest, KernelsThatNeedNotWaitGetRegionsApart) {
  // Of the two in the middle each takes most of the time.
  Chain chain =
      makeDiamond({120, 60}, {{100, 1, 0}, {90000, 1, 0}, {90000, 1, 0}});
  std::optional<RegionPlan> plan = planned(chain);
  ASSERT_TRUE(plan);
  auto regionOf = [&](size_t k) {
    return std::find_if(
        plan->regions.begin(), plan->regions.end(), [&](const Region &region) {
          return std::find(region.kernels.begin(), region.kernels.end(), k) !=
                 region.kernels.end();
        });
  };
  EXPECT_NE(regionOf(1), regionOf(2));
  double sum = 0;
  for (const Region &region : plan->regions)
    sum += region.cycles;
  EXPECT_LT(plan->cycles, 0.8 * sum);
}

TEST(FloorplanTest, RegionsThatWaitForEachOtherTouch) {
  // Two kernels that one region cannot hold, on a wafer with room to spare.
  Chain chain =
      makeChain({200, 200}, {{8000, 900000, 700}, {64000, 900000, 0}}, {0, 1});
  chain.links[1].most = {40, 40};
  std::optional<RegionPlan> plan = planned(chain);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->regions.size(), 2u);
  const Rect &a = plan->regions[0].rect, &b = plan->regions[1].rect;
  EXPECT_LE(model::centreDistance(a, b),
            std::max(a.width + b.width, a.height + b.height) / 2 + 1);
}

TEST(FloorplanTest, PacksKernelsAroundDeadCores) {
  // Dead cores cut the grid into a band and two columns of different sizes, of
  // which each kernel needs most of one; in the order of the chain they do not
  // fit.
  std::vector<Rect> dead = {{0, 20, 60, 1}, {30, 21, 1, 39}};
  Chain chain = makeChain({60, 60}, {{100, 1100000, 0}, {100, 900000, 0}},
                          {1, 0, 1}, dead);
  for (Link &link : chain.links)
    link.bytes *= 2;
  // One offer each: nothing is halved.
  using Key = std::tuple<int, int64_t, int64_t>;
  auto known = std::make_shared<std::map<Key, std::vector<Offer>>>();
  chain.offers = [known, offers = chain.offers](
                     int kind, Extent extent) -> const std::vector<Offer> & {
    std::vector<Offer> &mine = (*known)[{kind, extent.width, extent.height}];
    int64_t bytes = kind == 0 ? 1100000 : 900000;
    if (mine.empty() && bytes <= extent.area() * 1000)
      mine.push_back(offers(kind, extent).front());
    return mine;
  };
  std::optional<RegionPlan> plan = planned(chain);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->regions.size(), 3u);
}

/// Four arms of 800 cores around one of `side` x `side`, dead lines between.
std::vector<Rect> pinwheel(int64_t side) {
  int64_t far = 21 + side;
  return {{0, 20, far, 1},
          {far, 0, 1, far + 1},
          {20, far, 41, 1},
          {20, 20, 1, far + 20}};
}

TEST(FloorplanTest, FreeRectanglesComeTheLargestFirst) {
  std::vector<Rect> dead = pinwheel(15);
  std::vector<Rect> rects = largestFree({57, 57}, dead, 1, 100);
  ASSERT_EQ(rects.size(), 5u);
  EXPECT_EQ(rects.back(), (Rect{21, 21, 15, 15}));
  int64_t sum = 0, before = 57 * 57;
  for (size_t r = 0; r < rects.size(); ++r) {
    EXPECT_LE(rects[r].area(), before);
    before = rects[r].area();
    sum += before;
    for (const Rect &rect : dead)
      EXPECT_FALSE(rects[r].overlaps(rect));
    for (size_t other = 0; other < r; ++other)
      EXPECT_FALSE(rects[r].overlaps(rects[other]));
  }
  Chain chain = makeChain({57, 57}, {{1, 1, 0}}, {0}, dead);
  EXPECT_EQ(sum, chain.liveCores());
  EXPECT_EQ(largestFree({57, 57}, dead, 226, 100).size(), 4u);
  EXPECT_EQ(largestFree({57, 57}, dead, 1, 2).size(), 2u);
  EXPECT_TRUE(largestFree({4, 4}, {{0, 0, 4, 4}}, 1, 9).empty());
}

TEST(FloorplanTest, FillsFreeRectanglesWithKernelsOfTheirSizes) {
  // The first kernel of the chain fills the smallest rectangle, which is in the
  // middle; no shelf of rows or columns holds two of the others.
  int64_t needs[] = {220, 710};
  Chain chain = makeChain({57, 57}, {{10, 220000, 0}, {100, 710000, 0}},
                          {0, 1, 1, 1, 1}, pinwheel(15));
  for (Link &link : chain.links)
    link.bytes = double(needs[link.kind]) * 1000;
  using Key = std::tuple<int, int64_t, int64_t>;
  auto known = std::make_shared<std::map<Key, std::vector<Offer>>>();
  chain.offers = [known, needs](int kind,
                                Extent extent) -> const std::vector<Offer> & {
    std::vector<Offer> &mine = (*known)[{kind, extent.width, extent.height}];
    if (mine.empty() && needs[kind] <= extent.area())
      mine.push_back({100, needs[kind] * 1000 / extent.area(), 0});
    return mine;
  };
  std::optional<RegionPlan> plan = planned(chain);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->regions.size(), 5u);
}

TEST(FloorplanTest, FindsNothingWhereNothingFits) {
  Chain chain = makeChain({10, 10}, {{10, 150000, 0}}, {0, 0});
  EXPECT_FALSE(planned(chain));
}

TEST(FloorplanTest, UnequalKernelsGetUnequalRegions) {
  // One kernel needs four fifths of the wafer, four share the rest.
  Chain chain = makeChain({100, 100}, {{1000, 14000000, 0}, {1000, 500000, 0}},
                          {1, 1, 0, 1, 1});
  EXPECT_TRUE(planned(chain));
}

TEST(FloorplanTest, AvoidsDeadCoresAtLittleCost) {
  std::vector<Rect> dead;
  std::mt19937 random(7);
  for (int i = 0; i < 20; ++i)
    dead.push_back({int64_t(random() % 740), int64_t(random() % 1150),
                    int64_t(1 + random() % 16), int64_t(1 + random() % 16)});
  std::vector<Kind> kinds = {{4e6, 15000000, 100}, {9e6, 32000000, 50}};
  std::vector<int> links;
  for (int i = 0; i < 24; ++i)
    links.push_back(i % 2);
  std::optional<RegionPlan> whole =
      planned(makeChain({755, 1170}, kinds, links));
  std::optional<RegionPlan> damaged =
      planned(makeChain({755, 1170}, kinds, links, dead));
  ASSERT_TRUE(whole && damaged);
  EXPECT_LT(damaged->cycles, 1.25 * whole->cycles);
}

TEST(FloorplanTest, CountsOverlappingDeadRectanglesOnce) {
  Chain chain = makeChain({10, 10}, {{1, 1, 0}}, {0},
                          {{0, 0, 4, 4}, {2, 2, 4, 4}, {8, 8, 9, 9}});
  EXPECT_EQ(chain.liveCores(), 100 - 16 - 16 + 4 - 4);
}

TEST(FloorplanTest, ArrangesRunsAsTheyAre) {
  Chain chain =
      makeChain({60, 60}, {{8000, 100000, 0}}, std::vector<int>(6, 0));
  std::vector<Kernels> parts = {{0}, {1, 2, 3}, {4, 5}};
  std::optional<RegionPlan> plan = arrange(chain, parts);
  ASSERT_TRUE(plan);
  Diagnostics diags;
  EXPECT_TRUE(plan->verify(chain, diags));
  ASSERT_EQ(plan->regions.size(), 3u);
  for (size_t r = 0; r < parts.size(); ++r)
    EXPECT_EQ(plan->regions[r].kernels, parts[r]);
}

TEST(FloorplanTest, ArrangesKernelsThatDoNotFollowEachOther) {
  Chain chain =
      makeChain({60, 60}, {{8000, 20000, 0}, {8000, 400000, 0}}, {0, 1, 0, 1});
  std::vector<Kernels> parts = {{0, 2}, {1}, {3}};
  std::optional<RegionPlan> plan = arrange(chain, parts);
  ASSERT_TRUE(plan);
  Diagnostics diags;
  EXPECT_TRUE(plan->verify(chain, diags));
  ASSERT_EQ(plan->regions.size(), 3u);
  for (size_t r = 0; r < parts.size(); ++r)
    EXPECT_EQ(plan->regions[r].kernels, parts[r]);
}

/// The region that holds a kernel.
const Region &regionOf(const RegionPlan &plan, size_t kernel) {
  for (const Region &region : plan.regions)
    if (std::count(region.kernels.begin(), region.kernels.end(), kernel))
      return region;
  return plan.regions.front();
}

TEST(FloorplanTest, SmallKernelsGetARegionApartFromLargeOnes) {
  // Two layers of twelve small kernels and one that needs 45 % of the wafer, on
  // which the small ones would have 150 hops to go.
  std::vector<int> links(26, 0);
  links[12] = links[25] = 1;
  Chain chain =
      makeChain({100, 100}, {{8000, 20000, 0}, {8000, 9000000, 0}}, links);
  std::optional<RegionPlan> plan = planned(chain);
  ASSERT_TRUE(plan);
  EXPECT_LT(regionOf(*plan, 0).rect.area(), 2500);
  EXPECT_LT(regionOf(*plan, 13).rect.area(), 2500);
  EXPECT_NE(&regionOf(*plan, 12), &regionOf(*plan, 25));
}

TEST(FloorplanTest, JoinedKernelsShareARegion) {
  Chain chain =
      makeChain({200, 200}, {{8000, 2500000, 10}}, std::vector<int>(12, 0));
  chain.links[4].isJoined = chain.links[5].isJoined = true;
  std::optional<RegionPlan> plan = planned(chain);
  ASSERT_TRUE(plan);
  EXPECT_GT(plan->regions.size(), 1u);
  for (size_t k : {4, 5})
    EXPECT_EQ(&regionOf(*plan, k), &regionOf(*plan, k - 1));
}

TEST(FloorplanTest, RegionsStayBelowTheirLimits) {
  Chain chain =
      makeChain({60, 60}, {{8000, 20000, 0}, {8000, 20001, 0}}, {0, 1, 0, 0});
  chain.links[1].most = {12, 7};
  std::optional<RegionPlan> plan = planned(chain);
  ASSERT_TRUE(plan);
  EXPECT_LE(regionOf(*plan, 1).rect.width, 12);
  EXPECT_LE(regionOf(*plan, 1).rect.height, 7);
}

TEST(FloorplanTest, PinnedRegionsAreInTheirPlaces) {
  Chain chain = makeChain({60, 60}, {{8000, 300000, 0}, {8000, 300001, 0}},
                          {0, 0, 1, 0, 0}, {{30, 0, 2, 20}});
  chain.links[2].at = {20, 31};
  std::optional<RegionPlan> plan = planned(chain);
  ASSERT_TRUE(plan);
  EXPECT_EQ(regionOf(*plan, 2).rect.x, 20);
  EXPECT_EQ(regionOf(*plan, 2).rect.y, 31);
  chain.links[2].at = {30, 5}; // dead
  EXPECT_FALSE(planned(chain));
  Chain single = makeChain({8, 8}, {{8000, 300, 0}}, {0});
  single.links[0].at = {3, 2};
  plan = planned(single);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->regions[0].rect.x, 3);
  EXPECT_EQ(plan->regions[0].rect.y, 2);
}

TEST(FloorplanTest, SaysWhatItLookedAt) {
  Chain chain =
      makeChain({200, 200}, {{8000, 2500000, 10}}, std::vector<int>(6, 0));
  std::vector<Attempt> attempts;
  std::optional<RegionPlan> plan = tile(chain, {}, &attempts);
  ASSERT_TRUE(plan);
  ASSERT_GE(attempts.size(), 3u);
  for (const Attempt &attempt : attempts) {
    EXPECT_GE(attempt.cycles, plan->cycles);
    EXPECT_LE(attempt.least.area(), attempt.most.area());
  }
}

TEST(FloorplanTest, RandomChainsAreLegalOrDoNotFit) {
  std::mt19937 random(5);
  auto between = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  int numPlans = 0;
  constexpr int kChains = 200;
  for (int i = 0; i < kChains; ++i) {
    SCOPED_TRACE(i);
    Extent grid = {between(1, 60), between(1, 60)};
    std::vector<Kind> kinds;
    for (int k = 0; k < 3; ++k)
      kinds.push_back({double(between(0, 100000)),
                       between(0, 500 * grid.area()), between(0, 500)});
    std::vector<int> links(between(1, 12));
    for (int &link : links)
      link = static_cast<int>(between(0, 2));
    std::vector<Rect> dead(between(0, 3));
    for (Rect &rect : dead)
      rect = {between(0, 60), between(0, 60), between(0, 6), between(0, 6)};
    numPlans += planned(makeChain(grid, kinds, links, dead)).has_value();
  }
  // Both outcomes must be well represented.
  EXPECT_GE(numPlans, kChains / 5);
  EXPECT_LE(numPlans, kChains - kChains / 10);
}

TEST(FloorplanTest, EqualChainsGetEqualPlans) {
  Chain chain = makeChain({100, 70}, {{8000, 90000, 10}, {99, 70000, 4}},
                          {0, 1, 0, 1, 0, 1}, {{30, 30, 5, 6}});
  std::optional<RegionPlan> first = tile(chain, {});
  std::optional<RegionPlan> second = tile(chain, {});
  ASSERT_TRUE(first && second);
  ASSERT_EQ(first->regions.size(), second->regions.size());
  for (size_t r = 0; r < first->regions.size(); ++r)
    EXPECT_EQ(first->regions[r].rect, second->regions[r].rect);
}

TEST(FloorplanTest, AThousandKernelsOnAWafer) {
  std::vector<int> links;
  for (int i = 0; i < 1000; ++i)
    links.push_back(i % 3);
  EXPECT_TRUE(planned(
      makeChain({755, 1170},
                {{2e5, 300000, 5}, {9e5, 900000, 9}, {1e4, 40000, 1}}, links)));
}

class VerifyTest : public testing::Test {
protected:
  Chain chain = makeChain({60, 60}, {{8000, 1000000, 10}},
                          std::vector<int>(3, 0), {{0, 0, 2, 2}});
  RegionPlan plan = *tile(chain, {});

  std::string finding() {
    Diagnostics diags;
    EXPECT_FALSE(plan.verify(chain, diags));
    return diags.all().empty() ? "" : messages(diags)[0];
  }
};

TEST_F(VerifyTest, FindsOverlaps) {
  ASSERT_GE(plan.regions.size(), 2u);
  plan.regions[1].rect = plan.regions[0].rect;
  EXPECT_THAT(finding(), HasSubstr("regions 0 and 1 overlap"));
}

TEST_F(VerifyTest, FindsDeadCores) {
  plan.regions[0].rect.x = plan.regions[0].rect.y = 0;
  EXPECT_THAT(finding(), HasSubstr("region 0 covers dead cores at (0, 0)"));
}

TEST_F(VerifyTest, FindsWhatLeavesTheGrid) {
  plan.regions[0].rect.x = 59;
  EXPECT_THAT(finding(), HasSubstr("leaves the grid of 60 x 60"));
}

TEST(FloorplanTest, StreamsStandInOrder) {
  for (const std::vector<Stream> &streams : std::vector<std::vector<Stream>>{
           {{0, 2, 0, 1}, {0, 1, 0, 1}}, {{2, 1, 0, 1}}, {{0, 3, 0, 1}}}) {
    Chain chain = makeChain({8, 8}, {{1, 1, 0}}, {0, 0, 0});
    chain.streams = streams;
    Diagnostics diags;
    EXPECT_FALSE(chain.check(diags));
    EXPECT_THAT(messages(diags).front(), HasSubstr("has stream"));
    EXPECT_THAT(messages(diags).front(), HasSubstr("out of order"));
  }
}

TEST_F(VerifyTest, FindsWrongSums) {
  plan.cycles += 1;
  EXPECT_THAT(finding(), HasSubstr("cycles, but a step takes"));
  plan.cycles -= 1;
  plan.regions[0].bytes += 1;
  EXPECT_THAT(finding(), HasSubstr("B of a budget of 1000 B, but needs"));
  plan.regions[0].bytes -= 1;
  plan.regions[0].cycles += 1;
  EXPECT_THAT(finding(), HasSubstr("cycles, but they add up to"));
}

TEST_F(VerifyTest, FindsKernelsLeftOut) {
  plan.regions.pop_back();
  EXPECT_THAT(finding(), HasSubstr("kernel 'k2' has no region"));
}

TEST_F(VerifyTest, FindsKernelsThatAreNotWhereTheyMustBe) {
  ASSERT_GE(plan.regions.size(), 2u);
  chain.links[0].most = {1, 60};
  EXPECT_THAT(finding(), HasSubstr("is not what kernel 'k0' may have"));
  chain.links[0].most = {0, 0};
  chain.links[0].at = {59, 59};
  EXPECT_THAT(finding(), HasSubstr("is not what kernel 'k0' may have"));
  chain.links[0].at.reset();
  chain.links[plan.regions[1].kernels.front()].isJoined = true;
  EXPECT_THAT(finding(), HasSubstr("is not what kernel"));
}

TEST_F(VerifyTest, FindsRegionsOutOfOrder) {
  std::swap(plan.regions[0], plan.regions[1]);
  EXPECT_THAT(finding(),
              HasSubstr("offers, or begins before the one before it"));
}

TEST_F(VerifyTest, FindsKernelsWithTwoRegions) {
  ASSERT_GE(plan.regions.size(), 2u);
  plan.regions[1].kernels.push_back(plan.regions[0].kernels.front());
  EXPECT_THAT(finding(), HasSubstr("holds kernel 0 of 3 out of order, or "
                                   "another region holds it too"));
}

TEST(FloorplanTest, ChainsAreChecked) {
  Diagnostics diags;
  EXPECT_FALSE(Chain().check(diags));
  Chain chain = makeChain({1, 1}, {{1, 1, 0}}, {0});
  chain.grid = {0, 4};
  EXPECT_FALSE(chain.check(diags));
  EXPECT_THAT(messages(diags),
              testing::ElementsAre("has no kernels",
                                   "does not say what kernels cost",
                                   "has a grid of 0 x 4 cores"));
}

} // namespace
