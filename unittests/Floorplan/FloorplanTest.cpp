//===- FloorplanTest.cpp - Rectangles for kernels on one wafer ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Floorplan.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <chrono>
#include <cmath>
#include <random>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;
using testing::ElementsAre;

namespace {

/// Fits on `least` cores; work shared by the cores plus the half perimeter.
Shape areaShape(int64_t least, double work = 0) {
  return {least, [=](Extent extent) { return extent.area() >= least; },
          [=](Extent extent) {
            return work / double(extent.area()) +
                   double(extent.width + extent.height);
          }};
}

Problem makeProblem(Extent grid, std::vector<Shape> shapes,
                    std::vector<int> blocks, std::vector<Rect> dead = {}) {
  Problem problem;
  problem.name = "w";
  problem.grid = grid;
  problem.shapes = std::move(shapes);
  problem.dead = std::move(dead);
  for (int shape : blocks)
    problem.blocks.push_back(
        {"b" + std::to_string(problem.blocks.size()), shape});
  return problem;
}

std::optional<Solution> solved(const Problem &problem) {
  Diagnostics diags;
  EXPECT_TRUE(problem.check(diags));
  std::optional<Solution> solution = solve(problem, diags);
  if (solution)
    EXPECT_TRUE(solution->verify(problem, diags));
  for (const Diagnostic &diag : diags.all())
    ADD_FAILURE() << diag.subject << ": " << diag.message;
  return solution;
}

std::vector<std::string> messages(const Diagnostics &diags) {
  std::vector<std::string> all;
  for (const Diagnostic &diag : diags.all())
    all.push_back(diag.message);
  return all;
}

TEST(FloorplanTest, OneCoreEachFillsTheGrid) {
  Problem problem =
      makeProblem({4, 4}, {areaShape(1)}, std::vector<int>(16, 0));
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(solution);
  // A snake: every block is next to the one before.
  EXPECT_EQ(solution->distance, 15);
}

TEST(FloorplanTest, TakesTheBestAreaNotTheLargest) {
  // work / (w h) + w + h is least at w = h = work^(1/3) = 20.
  Problem problem = makeProblem({200, 200}, {areaShape(4, 8000)}, {0});
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(solution);
  EXPECT_LT(solution->cycles, 1.15 * 60);
  EXPECT_LT(solution->rects[0].area(), 1600);
}

TEST(FloorplanTest, GivesSpareCoresToThoseWhoGain) {
  // Twelve blocks that gain from every core on a grid five times their least.
  Problem problem =
      makeProblem({40, 60}, {areaShape(40, 1e6)}, std::vector<int>(12, 0));
  std::optional<Solution> tight = pack(problem);
  std::optional<Solution> solution = solved(problem);
  ASSERT_TRUE(tight && solution);
  EXPECT_LT(solution->cycles, 0.35 * tight->cycles);
}

TEST(FloorplanTest, MixedSizesOnASmallGrid) {
  Problem problem =
      makeProblem({8, 8}, {areaShape(20), areaShape(6), areaShape(1)},
                  {2, 1, 2, 0, 1, 2, 0, 2, 2});
  EXPECT_TRUE(solved(problem));
}

TEST(FloorplanTest, PlacesBySizeWhereTheOrderDoesNotFit) {
  // The large block takes seven of eight rows (or columns); the small ones, on
  // both sides of it in the order, share the last.
  Problem problem =
      makeProblem({8, 8}, {areaShape(1), areaShape(56)}, {0, 1, 0, 0});
  EXPECT_TRUE(pack(problem));
  EXPECT_TRUE(solved(problem));
}

TEST(FloorplanTest, AvoidsDeadCores) {
  Problem problem =
      makeProblem({16, 16}, {areaShape(20, 1000)}, std::vector<int>(5, 0),
                  {{3, 3, 2, 2}, {10, 0, 1, 16}, {0, 12, 6, 1}});
  EXPECT_EQ(problem.liveCores(), 256 - 4 - 16 - 6);
  EXPECT_TRUE(solved(problem));
}

TEST(FloorplanTest, CountsOverlappingDeadRectanglesOnce) {
  Problem problem =
      makeProblem({10, 10}, {}, {}, {{0, 0, 4, 4}, {2, 2, 4, 4}, {8, 8, 9, 9}});
  EXPECT_EQ(problem.liveCores(), 100 - 16 - 16 + 4 - 4);
}

TEST(FloorplanTest, NoBlocksNeedNoCores) {
  std::optional<Solution> solution = solved(makeProblem({4, 4}, {}, {}));
  ASSERT_TRUE(solution);
  EXPECT_TRUE(solution->rects.empty());
}

TEST(FloorplanTest, AThousandBlocksOnAWafer) {
  std::vector<Shape> shapes = {areaShape(300, 2e5), areaShape(900, 9e5),
                               areaShape(40, 1e4)};
  std::vector<int> blocks;
  for (int i = 0; i < 1000; ++i)
    blocks.push_back(i % 3);
  Problem problem = makeProblem({755, 1170}, shapes, blocks);
  auto start = std::chrono::steady_clock::now();
  std::optional<Solution> solution = solved(problem);
  auto seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  ASSERT_TRUE(solution);
  // Generous: sanitizers and busy machines are slow. It takes about 0.2 s.
  EXPECT_LT(seconds, 30);
  // Consecutive blocks are neighbours: about a side apart.
  EXPECT_LT(double(solution->distance), 1000 * 2 * std::sqrt(883.0));
}

TEST(FloorplanTest, RandomProblemsAreLegalOrSaidToBeTooLarge) {
  std::mt19937 random(5);
  auto draw = [&](int64_t from, int64_t to) {
    return from + static_cast<int64_t>(random() % uint64_t(to - from + 1));
  };
  int numPlans = 0;
  for (int round = 0; round < 300; ++round) {
    Extent grid = {draw(1, 60), draw(1, 60)};
    std::vector<Shape> shapes;
    for (int s = 0; s < 4; ++s)
      shapes.push_back(
          areaShape(draw(1, 1 + grid.area() / 8), double(draw(0, 100000))));
    std::vector<int> blocks;
    for (int64_t b = draw(1, 12); b > 0; --b)
      blocks.push_back(static_cast<int>(draw(0, 3)));
    std::vector<Rect> dead;
    for (int64_t d = draw(-2, 4); d > 0; --d)
      dead.push_back({draw(0, grid.width - 1), draw(0, grid.height - 1),
                      draw(0, 5), draw(0, 5)});
    Problem problem = makeProblem(grid, shapes, blocks, dead);
    Diagnostics diags;
    std::optional<Solution> solution = solve(problem, diags);
    EXPECT_EQ(solution.has_value(), pack(problem).has_value());
    if (!solution) {
      EXPECT_EQ(diags.exitStatus(), 2);
      continue;
    }
    ++numPlans;
    EXPECT_TRUE(solution->verify(problem, diags)) << diags.all()[0].message;
  }
  EXPECT_GT(numPlans, 100);
}

TEST(FloorplanTest, SaysHowManyCoresAreMissing) {
  Problem problem = makeProblem({8, 8}, {areaShape(40), areaShape(10)},
                                {0, 1, 0, 1}, {{0, 0, 2, 2}});
  Diagnostics diags;
  EXPECT_FALSE(solve(problem, diags));
  EXPECT_EQ(diags.exitStatus(), 2);
  EXPECT_THAT(messages(diags),
              ElementsAre("its 4 kernels need at least 100 cores, but 60 of 8 "
                          "x 8 are live, short by 40"));
  EXPECT_THAT(
      diags.all()[0].notes,
      ElementsAre("largest: b0 40 cores, b2 40 cores, b1 10 cores",
                  "would fit: more --wafers, a smaller --context or --batch, "
                  "or a smaller --reserve"));
}

TEST(FloorplanTest, SaysWhenNoArrangementHoldsTheBlocks) {
  // Two squares of 5 x 5 cores do not fit 8 x 8, although 50 are less than 64.
  Shape square = {
      25, [](Extent extent) { return extent.width >= 5 && extent.height >= 5; },
      [](Extent) { return 1.0; }};
  Problem problem = makeProblem({8, 8}, {square}, {0, 0});
  Diagnostics diags;
  EXPECT_FALSE(solve(problem, diags));
  EXPECT_EQ(diags.exitStatus(), 2);
  EXPECT_THAT(messages(diags),
              ElementsAre("its 2 kernels need at least 50 of 64 live cores, "
                          "but no arrangement in strips holds them"));
}

TEST(FloorplanTest, ChecksTheProblem) {
  Problem problem = makeProblem({0, 4}, {Shape{}}, {0, 3});
  Diagnostics diags;
  EXPECT_FALSE(problem.check(diags));
  EXPECT_EQ(diags.exitStatus(), 3);
  EXPECT_EQ(diags.all()[0].subject, "floorplan of 'w'");
  EXPECT_THAT(messages(diags), ElementsAre("has a grid of 0 x 4 cores",
                                           "shape 0 does not say what fits",
                                           "block 'b1' has shape 3 of 1"));
}

TEST(FloorplanTest, VerifiesWhatItIsGiven) {
  Problem problem = makeProblem({8, 8}, {areaShape(4)}, {0, 0}, {{7, 7, 1, 1}});
  Diagnostics diags;
  auto verify = [&](std::vector<Rect> rects, double cycles, int64_t distance) {
    Solution solution = {std::move(rects), cycles, distance};
    return solution.verify(problem, diags);
  };
  EXPECT_TRUE(verify({{0, 0, 2, 2}, {2, 0, 2, 2}}, 8, 2));
  EXPECT_FALSE(verify({{0, 0, 2, 2}}, 4, 0));
  EXPECT_FALSE(verify({{7, 0, 2, 2}, {0, 0, 2, 2}}, 8, 7));
  EXPECT_FALSE(verify({{6, 6, 2, 2}, {0, 0, 2, 2}}, 8, 12));
  EXPECT_FALSE(verify({{0, 0, 2, 2}, {1, 1, 2, 2}}, 8, 2));
  EXPECT_FALSE(verify({{0, 0, 1, 2}, {2, 0, 2, 2}}, 7, 3));
  EXPECT_FALSE(verify({{0, 0, 2, 2}, {2, 0, 2, 2}}, 9, 3));
  EXPECT_THAT(messages(diags),
              ElementsAre("has 1 rectangles for 2 blocks",
                          "block 'b0' at (7, 0) of 2 x 2 cores leaves the grid "
                          "of 8 x 8",
                          "block 'b0' covers dead cores at (7, 7)",
                          "blocks 'b0' and 'b1' overlap",
                          "block 'b0' does not fit on 1 x 2 cores",
                          "claims 9.0 cycles, but they add up to 8.0",
                          "claims a distance of 3 hops, but it is 2"));
}

} // namespace
