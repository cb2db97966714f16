//===- SlicingTest.cpp - Slicing trees and what works on them -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Anneal.h"
#include "inlay/Floorplan/Rows.h"
#include "inlay/Floorplan/Slide.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <limits>

using namespace inlay;
using namespace inlay::floorplan;
using model::Extent;
using model::Rect;
using testing::ElementsAre;

/// Fits wherever one of the extents does.
static ShapeCurve makeCurve(Extent grid, std::vector<Extent> extents) {
  ShapeCurve curve(grid);
  for (Extent extent : extents)
    curve.add(extent.width, extent.height);
  curve.close();
  return curve;
}

/// All extents of at least `area` cores.
static ShapeCurve areaCurve(Extent grid, int64_t area) {
  ShapeCurve curve(grid);
  for (int64_t width = 1; width <= grid.width; ++width)
    curve.add(width, (area + width - 1) / width);
  curve.close();
  return curve;
}

/// Boxes in their slots, slots disjoint and in the grid, boxes on the curve.
static void expectLegal(Extent grid, const std::vector<ShapeCurve> &curves,
                        const std::vector<Rect> &slots,
                        const std::vector<Rect> &boxes) {
  ASSERT_EQ(slots.size(), curves.size());
  for (size_t i = 0; i < slots.size(); ++i) {
    EXPECT_TRUE(Rect({0, 0, grid.width, grid.height}).contains(slots[i]));
    EXPECT_TRUE(slots[i].contains(boxes[i]));
    EXPECT_TRUE(curves[i].fits(boxes[i].width, boxes[i].height));
    for (size_t j = 0; j < i; ++j)
      EXPECT_FALSE(slots[i].overlaps(slots[j]));
  }
}

static std::vector<const ShapeCurve *>
pointers(const std::vector<ShapeCurve> &all) {
  std::vector<const ShapeCurve *> result;
  for (const ShapeCurve &curve : all)
    result.push_back(&curve);
  return result;
}

TEST(ShapeCurveTest, AnswersBothWays) {
  ShapeCurve curve = makeCurve({10, 8}, {{2, 6}, {5, 3}, {4, 6}, {11, 1}});
  EXPECT_FALSE(curve.fits(1, 8));
  EXPECT_TRUE(curve.fits(2, 6));
  EXPECT_FALSE(curve.fits(4, 5)); // 2 x 6 serves up to width 4
  EXPECT_TRUE(curve.fits(9, 3));
  EXPECT_FALSE(curve.fits(10, 2)); // 11 x 1 is wider than the grid
  EXPECT_EQ(curve.widths[8], 2);
  EXPECT_EQ(curve.widths[5], 5);
  EXPECT_EQ(curve.widths[2], kNoSide);
  EXPECT_EQ(curve.leastArea(), 12);
  EXPECT_EQ(curve.leastSide(), 2);
  EXPECT_TRUE(ShapeCurve({10, 8}).isEmpty());
}

TEST(SlicingTreeTest, AddsUpBesideAndAbove) {
  Extent grid = {12, 10};
  // 3 x 4 beside 4 x 2, and 7 x 5 above both: 7 x 9.
  std::vector<ShapeCurve> curves = {makeCurve(grid, {{3, 4}}),
                                    makeCurve(grid, {{4, 2}}),
                                    makeCurve(grid, {{7, 5}})};
  SlicingTree tree(grid, pointers(curves));
  tree.build({{0, 1}, {2}}, Join::Above);
  tree.setStretch(0);
  std::vector<Rect> slots, boxes;
  EXPECT_EQ(tree.place(slots, boxes), 0);
  expectLegal(grid, curves, slots, boxes);
  EXPECT_EQ(slots[0], Rect({0, 0, 3, 4}));
  // In the middle of its slot of 4 x 4.
  EXPECT_EQ(boxes[1], Rect({3, 1, 4, 2}));
  EXPECT_EQ(boxes[2], Rect({0, 4, 7, 5}));
}

TEST(SlicingTreeTest, SaysByHowMuchTheGridIsLeft) {
  Extent grid = {6, 6};
  std::vector<ShapeCurve> curves(3, makeCurve(grid, {{6, 3}}));
  SlicingTree tree(grid, pointers(curves));
  std::vector<Rect> slots, boxes;
  tree.build({{0}, {1}, {2}}, Join::Above);
  EXPECT_EQ(tree.place(slots, boxes), 3);
  // 18 columns side by side; the grid has 6.
  tree.build({{0}, {1}, {2}}, Join::Beside);
  EXPECT_EQ(tree.place(slots, boxes), 12);
  curves[1] = ShapeCurve(grid);
  tree.build({{0}, {1}, {2}}, Join::Above);
  EXPECT_EQ(tree.place(slots, boxes), -1);
}

TEST(SlicingTreeTest, KeepsCurvesRightThroughChangesAndRollbacks) {
  Extent grid = {60, 50};
  Random random(7);
  std::vector<ShapeCurve> curves;
  for (int i = 0; i < 9; ++i)
    curves.push_back(areaCurve(grid, 20 + 30 * i));
  SlicingTree tree(grid, pointers(curves));
  tree.build({{0, 1, 2}, {3, 4, 5}, {6, 7, 8}}, Join::Above);
  std::vector<Rect> slots, boxes, freshSlots, freshBoxes;
  int kept = 0;
  for (int step = 0; step < 3000; ++step) {
    std::vector<Rect> before;
    tree.place(before, boxes);
    tree.commit();
    int a = random.below(tree.numNodes());
    int b = random.below(tree.numNodes());
    int inner = tree.numBlocks() + random.below(tree.numBlocks() - 1);
    switch (random.below(6)) {
    case 0:
      if (a != tree.root() && !tree.isWithin(b, a))
        tree.graft(a, b, random.chance(0.5) ? Join::Beside : Join::Above,
                   random.chance(0.5));
      break;
    case 1:
      if (!tree.isWithin(a, b) && !tree.isWithin(b, a))
        tree.exchange(a, b);
      break;
    case 2:
      tree.setJoin(inner, random.chance(0.5) ? Join::Beside : Join::Above);
      break;
    case 3:
      tree.mirror(a, random.chance(0.5) ? Join::Beside : Join::Above);
      break;
    case 4:
      tree.setCurve(random.below(9), &curves[random.below(9)]);
      break;
    case 5:
      tree.setAlign(inner, Align::End);
      tree.setStretch(random.unit());
      break;
    }
    int overflow = tree.place(slots, boxes);
    SlicingTree fresh(grid, pointers(curves));
    fresh.setForm(tree.form());
    ASSERT_EQ(fresh.place(freshSlots, freshBoxes), overflow);
    if (overflow >= 0) {
      ASSERT_EQ(slots, freshSlots);
      ASSERT_EQ(boxes, freshBoxes);
    }
    if (overflow == 0 && random.chance(0.5)) {
      tree.commit();
      ++kept;
      continue;
    }
    tree.rollback();
    ASSERT_EQ(tree.place(slots, boxes), 0);
    ASSERT_EQ(slots, before);
  }
  EXPECT_GT(kept, 300);
}

TEST(RowsTest, FindsTheLeastHeight) {
  Extent grid = {10, 20};
  // Widths 6, 6, 4, 4 at heights 2, 5, 5, 2: {6} {6 4} {4} and {6} {6} {4 4}
  // are as high in three rows, 2 + 5 + 2 and 2 + 5 + 5.
  std::vector<ShapeCurve> curves = {
      makeCurve(grid, {{6, 2}}), makeCurve(grid, {{6, 5}}),
      makeCurve(grid, {{4, 5}}), makeCurve(grid, {{4, 2}})};
  std::vector<RowPlan> plans = planRows(pointers(curves), grid, 5);
  // One row is too wide, two are {6} {6 4 4}: too wide, {6 6}: too wide.
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[0].height, 9);
  EXPECT_THAT(plans[0].rows,
              ElementsAre(ElementsAre(0), ElementsAre(2, 1), ElementsAre(3)));
  EXPECT_EQ(plans[1].height, 14);
}

TEST(RowsTest, FindsTheShortestWires) {
  Extent grid = {10, 20};
  // Wide and low, or narrow and high: one row of 2 x 20 each is 4 x 2 long,
  // and the only plan as short.
  std::vector<ShapeCurve> curves(5, makeCurve(grid, {{2, 20}, {10, 4}}));
  std::optional<RowPlan> plan =
      planShortRows(pointers(curves), {1, 1, 1, 1, 0}, grid);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->rows.size(), 1u);
  EXPECT_EQ(plan->doubledWires, 16);
  // Two rows of squares: two to the right, one up, two back.
  curves.assign(6, makeCurve(grid, {{3, 3}}));
  plan = planShortRows(pointers(curves), {1, 1, 1, 1, 1, 0}, grid);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->doubledWires, 30);
  SlicingTree tree(grid, pointers(curves));
  tree.build(plan->rows, Join::Above);
  std::vector<Rect> slots, boxes;
  ASSERT_EQ(tree.place(slots, boxes), 0);
  EXPECT_EQ(doubledWirelength(boxes, {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}}),
            30);
  curves.assign(3, makeCurve(grid, {{10, 7}}));
  EXPECT_FALSE(planShortRows(pointers(curves), {1, 1, 0}, grid));
}

TEST(SlideTest, BringsCentresTogether) {
  std::vector<std::pair<int, int>> edges = {{0, 1}, {1, 2}};
  std::vector<Rect> rects = {{0, 0, 2, 2}, {6, 1, 2, 4}, {15, 0, 3, 2}};
  slide(rects, edges, {20, 20});
  // Side by side: 2 + 2.5.
  EXPECT_EQ(doubledWirelength(rects, edges), 9);
}

/// The least wirelength along x of intervals in order, by trying all.
static int64_t leastByTrying(const std::vector<int64_t> &lengths,
                             const std::vector<std::pair<int, int>> &edges,
                             int64_t end, std::vector<int64_t> starts = {}) {
  if (starts.size() == lengths.size()) {
    int64_t sum = 0;
    for (auto [a, b] : edges)
      sum +=
          std::abs((2 * starts[a] + lengths[a]) - (2 * starts[b] + lengths[b]));
    return sum;
  }
  size_t next = starts.size();
  int64_t from = next == 0 ? 0 : starts[next - 1] + lengths[next - 1];
  int64_t least = std::numeric_limits<int64_t>::max();
  for (int64_t x = from; x + lengths[next] <= end; ++x) {
    starts.push_back(x);
    least = std::min(least, leastByTrying(lengths, edges, end, starts));
    starts.pop_back();
  }
  return least;
}

TEST(SlideTest, IsOptimalAlongOneAxis) {
  Random random(3);
  for (int round = 0; round < 60; ++round) {
    std::vector<int64_t> lengths;
    std::vector<Rect> rects;
    int64_t x = 0;
    for (int i = 0; i < 4; ++i) {
      int64_t length = 1 + random.below(3);
      x += random.below(3);
      rects.push_back({x, 0, length, 1});
      lengths.push_back(length);
      x += length;
    }
    std::vector<std::pair<int, int>> edges;
    for (int e = 0; e < 5; ++e) {
      int a = random.below(4);
      edges.push_back({a, (a + 1 + random.below(3)) % 4});
    }
    slide(rects, edges, {x + 2, 1}); // one row: nothing can pass
    EXPECT_EQ(doubledWirelength(rects, edges),
              leastByTrying(lengths, edges, x + 2));
  }
}

namespace {

/// Wirelength alone.
class WireObjective final : public Objective {
public:
  WireObjective(const std::vector<std::pair<int, int>> &edges) : edges(edges) {}

  double cost(SlicingTree &tree) override {
    int overflow = tree.place(slots, boxes);
    last = overflow == 0 ? double(doubledWirelength(boxes, edges))
                         : std::numeric_limits<double>::infinity();
    return last;
  }
  bool change(SlicingTree &, Random &) override { return false; }
  double changeRate() const override { return 0; }
  void accept(SlicingTree &) override { least = std::min(least, last); }
  void reject() override {}
  int neighbour(int block, Random &random) override {
    const auto &[from, to] = edges[random.below(int(edges.size()))];
    return from == block ? to : from;
  }

  double least = std::numeric_limits<double>::infinity();

private:
  const std::vector<std::pair<int, int>> &edges;
  std::vector<Rect> slots, boxes;
  double last = 0;
};

} // namespace

TEST(AnnealTest, OrdersAShuffledPath) {
  // Sixteen squares fill the grid; a path through all is at best a snake of 15
  // steps of 4.
  Extent grid = {16, 16};
  std::vector<ShapeCurve> curves(16, makeCurve(grid, {{4, 4}}));
  std::vector<std::pair<int, int>> edges;
  for (int i = 0; i < 15; ++i)
    edges.push_back({(i * 7) % 16, (i * 7 + 7) % 16});
  std::vector<double> least;
  for (int run = 0; run < 2; ++run) {
    SlicingTree tree(grid, pointers(curves));
    tree.build({{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9, 10, 11}, {12, 13, 14, 15}},
               Join::Above);
    WireObjective objective(edges);
    Random random(11);
    anneal(tree, objective, {40000, 20, 0.5}, random);
    least.push_back(objective.least);
  }
  EXPECT_LE(least[0], 130);
  EXPECT_GE(least[0], 120);
  EXPECT_EQ(least[0], least[1]);
}

TEST(AnnealTest, EndsWhenToldTo) {
  Extent grid = {4, 4};
  std::vector<ShapeCurve> curves(2, makeCurve(grid, {{1, 1}}));
  std::vector<std::pair<int, int>> edges = {{0, 1}};
  SlicingTree tree(grid, pointers(curves));
  WireObjective objective(edges);
  Random random(1);
  int asked = 0;
  Annealing plan = {1000000000, 1, 0.1, [&] { return ++asked == 3; }};
  anneal(tree, objective, plan, random);
  EXPECT_EQ(asked, 3);
}
