//===- Ispd2020Test.cpp - The ISPD-2020 wafer placement contest -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Ispd2020Files.h"
#include "inlay/Floorplan/Ispd2020Solver.h"

#include "Ispd2020/Sizes.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace inlay;
using namespace inlay::floorplan;
using namespace inlay::floorplan::ispd2020;
using testing::ElementsAre;

static std::vector<std::string> messages(const Diagnostics &diags) {
  std::vector<std::string> all;
  for (const Diagnostic &diag : diags.all())
    all.push_back(diag.subject + ": " + diag.message);
  return all;
}

static Kernel conv(std::string name, Convolution arguments) {
  Kernel kernel;
  kernel.name = std::move(name);
  kernel.conv = arguments;
  kernel.strideU = arguments.stride;
  return kernel;
}

static Kernel block(std::string name, KernelKind kind, int64_t image,
                    int64_t features) {
  Kernel kernel;
  kernel.name = std::move(name);
  kernel.kind = kind;
  kernel.imageHeight = kernel.imageWidth = image;
  kernel.features = features;
  return kernel;
}

/// A path of small convolutions and blocks.
static Problem pathProblem(Weights weights, model::Extent grid = {40, 36}) {
  Problem problem;
  problem.name = "path";
  problem.grid = grid;
  problem.weights = weights;
  problem.memoryLimit = 4000;
  problem.kernels = {conv("k1", {8, 8, 3, 3, 4, 8, 1}),
                     conv("k2", {8, 8, 3, 3, 8, 8, 2}),
                     block("k3", KernelKind::CBlock, 4, 16),
                     block("k4", KernelKind::DBlock, 2, 16),
                     conv("k5", {2, 2, 1, 1, 16, 10, 1})};
  problem.edges = {{0, 1}, {1, 2}, {2, 3}, {3, 4}};
  return problem;
}

TEST(Ispd2020Test, CostsAConvolution) {
  // By hand: 7 * 2 * 9 rows, 3 * 16 columns; 2 * 7 * 64 * 32 turns of 9;
  // 512/8 * 512/16 * 9 + 16/2 * 16/7 * 512/16 words.
  Cost size = cost(Convolution{14, 14, 3, 3, 512, 512, 1}, 7, 2, 8, 16);
  EXPECT_EQ(size.height, 126);
  EXPECT_EQ(size.width, 48);
  EXPECT_EQ(size.time, 258048);
  EXPECT_NEAR(size.memory, 18432 + 8 * 16.0 / 7 * 32, 1e-9);
}

TEST(Ispd2020Test, KeepsFractionsOfTime) {
  // One turn of 3 x 3 with stride 2.
  EXPECT_EQ(cost(Convolution{2, 2, 3, 3, 1, 1, 2}, 2, 2, 1, 1).time, 2.25);
}

TEST(Ispd2020Test, CostsBlocks) {
  Cut cut;
  cut.h = 2;
  cut.w = 4;
  cut.c = {4, 2, 3, 1};
  cut.k = {1, 2, 3, 4};
  Kernel dblock = block("d", KernelKind::DBlock, 8, 16);
  Cost size = cost(dblock, cut);
  EXPECT_EQ(size.height, 2 * 4 * 5);
  EXPECT_EQ(size.width, 3 * 6);
  // 8 turns of the image; 4 * 4, 2 * 2 * 9 and 2 * 6 turns of features.
  EXPECT_EQ(size.time, 8 * 36);
  // The second: 4/2 * 4/2 * 9 + 10/4 * 10/2 * 4/2.
  EXPECT_DOUBLE_EQ(size.memory, 36 + 25);
  Kernel cblock = block("c", KernelKind::CBlock, 8, 16);
  size = cost(cblock, cut);
  EXPECT_EQ(size.width, 3 * 10);
  // First 8 * 2 * 4, second 8 * 2 * 2 * 9 / 4, third (half the image) 2 * 2 *
  // 6, fourth 8 * 8 * 4 / 4.
  EXPECT_EQ(size.time, 72);
  // The image of an odd block is halved to the next whole number.
  EXPECT_EQ(block("c", KernelKind::CBlock, 7, 16).convolutions()[2].imageHeight,
            4);
}

TEST(Ispd2020Test, ScoresAPlacementByHand) {
  Problem problem;
  problem.name = "hand";
  problem.grid = {30, 20};
  problem.weights = {1, 10, 100};
  problem.memoryLimit = 1000;
  problem.kernels = {conv("a", {4, 4, 1, 1, 4, 4, 1}),
                     block("b", KernelKind::DBlock, 4, 16),
                     conv("c", {4, 4, 1, 1, 16, 2, 1})};
  problem.edges = {{0, 1}, {1, 2}, {0, 2}};
  Diagnostics diags;
  ASSERT_TRUE(problem.check(diags));
  Solution solution;
  // a: 2 * 2 * 3 rows by 6 columns, turned; b: 2 * 2 * 3 by 18; c: 1 * 2 * 4
  // by 3.
  solution.kernels = {{{2, 2, {2}, {2}}, 0, 0, true},
                      {{2, 2, {1, 2, 2, 1}, {1, 2, 3, 1}}, 0, 6, false},
                      {{1, 2, {3}, {1}}, 18, 1, false}};
  EXPECT_EQ(solution.box(problem, 0), model::Rect({0, 0, 12, 6}));
  EXPECT_EQ(solution.box(problem, 1), model::Rect({0, 6, 18, 12}));
  EXPECT_EQ(solution.box(problem, 2), model::Rect({18, 1, 3, 8}));
  EXPECT_TRUE(solution.verify(problem, diags));
  Score score = solution.score(problem);
  // a 4 * 2 * 2; b: 4 * 16 * 4, 4 * 2 * 2 * 9, 4 * 2 * 6; c 8 * 6 * 2.
  EXPECT_EQ(score.time, 256);
  // Centres (6, 3), (9, 12), (19.5, 5): 12 + 17.5 + 15.5.
  EXPECT_EQ(score.wirelength, 45);
  // a to b: c 2 against 1; b to c: h, and c 2 against 3; a to c: h and c.
  EXPECT_EQ(score.adapters, 5);
  EXPECT_EQ(score.total(problem.weights), 256 + 450 + 500);
}

TEST(Ispd2020Test, RefusesIllegalPlacements) {
  Problem problem = pathProblem({1, 1, 0});
  SolverOptions options;
  options.effort = 5;
  Diagnostics diags;
  std::optional<Solved> solved = solve(problem, options, diags);
  ASSERT_TRUE(solved);
  Solution legal = solved->solution;

  Solution bad = legal;
  bad.kernels.pop_back();
  EXPECT_FALSE(bad.verify(problem, diags));
  bad = legal;
  bad.kernels[0].cut.h = 9;
  bad.kernels[3].cut.k[1] = 0;
  EXPECT_FALSE(bad.verify(problem, diags));
  EXPECT_THAT(messages(diags),
              ElementsAre(": 4 kernels are placed, the case has 5",
                          "kernel 'k1': h=9 is not between 1 and 8",
                          "kernel 'k4': k=0 is not between 1 and 4"));
  bad = legal;
  bad.kernels[1] = {Cut(), 39, 0, false};
  Diagnostics outside;
  EXPECT_FALSE(bad.verify(problem, outside));
  EXPECT_THAT(messages(outside),
              testing::Contains("kernel 'k2': 3 x 2 tiles at (39, 0) leave the "
                                "grid of 40 x 36"));
  bad = legal;
  bad.kernels[2].x = bad.kernels[1].x;
  bad.kernels[2].y = bad.kernels[1].y;
  Diagnostics overlap;
  EXPECT_FALSE(bad.verify(problem, overlap));
  EXPECT_THAT(messages(overlap),
              testing::Contains("kernel 'k3': overlaps kernel 'k2'"));
  // 4 * 8 * 9 words of weights and 10 * 10 * 8 of the image.
  bad = legal;
  bad.kernels[0].cut = Cut();
  problem.memoryLimit = 1000;
  Diagnostics memory;
  EXPECT_FALSE(bad.verify(problem, memory));
  EXPECT_THAT(messages(memory),
              testing::Contains("kernel 'k1': needs 1088.0 words in a tile, "
                                "the limit is 1000.0"));
}

TEST(Ispd2020Test, ChecksProblems) {
  Problem problem = pathProblem({1, 1, 0});
  problem.grid = {0, 5000};
  problem.weights = {0, 1, 1};
  problem.memoryLimit = 0;
  problem.kernels[0].conv.outputs = 0;
  problem.kernels[1].conv.inputs = 1000000000;
  problem.kernels[1].conv.outputs = 1000000000;
  problem.kernels[2].features = 18;
  problem.edges.push_back({4, 5});
  Diagnostics diags;
  EXPECT_FALSE(problem.check(diags));
  EXPECT_THAT(
      messages(diags),
      ElementsAre(
          "width, height: a grid of 0 x 5000 tiles is not between 1 x 1 and "
          "4096 x 4096",
          "memlimit: 0 words are no memory",
          "wdeltat, wlength, wadapter: weights 0, 1, 1 must be positive for "
          "the time and not negative for the others",
          "kernel 'k1': argument 0 is below 1",
          "kernel 'k2': the product of its arguments is 1.152e+21, at most "
          "4e15 can be timed exactly",
          "kernel 'k3': f=18 is no positive multiple of 4: a block has "
          "convolutions of f/4 features",
          "edges: edge 4 -> 5 does not lead from one of the 5 kernels to "
          "another"));
  Diagnostics empty;
  EXPECT_FALSE(Problem().check(empty));
  EXPECT_THAT(messages(empty),
              testing::Contains("nodes: there is no kernel to place"));
}

/// The least height for each width, by trying every cut.
static std::vector<Side> heightsByTrying(const Kernel &kernel,
                                         model::Extent grid, double memory,
                                         double time) {
  ShapeCurve curve(grid);
  std::vector<Convolution> parts = kernel.convolutions();
  Cut cut;
  std::function<void(size_t)> tryPart = [&](size_t part) {
    if (part == parts.size()) {
      Cost size = cost(kernel, cut);
      if (size.time > time || size.memory > memory)
        return;
      curve.add(size.width, size.height);
      curve.add(size.height, size.width);
      return;
    }
    for (cut.c[part] = 1; cut.c[part] <= parts[part].inputs; ++cut.c[part])
      for (cut.k[part] = 1; cut.k[part] <= parts[part].outputs; ++cut.k[part])
        tryPart(part + 1);
  };
  for (cut.h = 1; cut.h <= kernel.mostH(); ++cut.h)
    for (cut.w = 1; cut.w <= kernel.mostW(); ++cut.w)
      tryPart(0);
  curve.close();
  return curve.heights;
}

TEST(Ispd2020Test, FindsEveryExtentWithinATime) {
  model::Extent grid = {40, 40};
  for (const Kernel &kernel :
       {conv("a", {5, 4, 3, 2, 7, 6, 1}), conv("b", {6, 6, 3, 3, 3, 5, 2}),
        block("c", KernelKind::DBlock, 3, 8),
        block("d", KernelKind::CBlock, 3, 4)})
    for (double memory : {1e9, 60.0, 33.0})
      for (double time : {9.0, 40.0, 100.0, 333.0}) {
        Shapes shapes = Sizer(kernel, grid, memory).shapes(time);
        EXPECT_EQ(shapes.curve.heights,
                  heightsByTrying(kernel, grid, memory, time))
            << kernel.name << " memory " << memory << " time " << time;
      }
}

TEST(Ispd2020Test, OptionsKeepTheirPromises) {
  model::Extent grid = {50, 50};
  for (const Kernel &kernel : {conv("a", {6, 6, 3, 3, 12, 10, 1}),
                               block("b", KernelKind::CBlock, 6, 16)}) {
    Sizer sizer(kernel, grid, 300);
    size_t last = kernel.convolutions().size() - 1;
    for (double time : {60.0, 200.0, 700.0}) {
      Shapes shapes = sizer.shapes(time);
      for (int64_t width = 1; width <= grid.width; ++width) {
        if (shapes.byWidth[width] == -1)
          continue;
        const Option &option = shapes.option(width);
        Cut cut = sizer.cut(option, time);
        // The least c that ports may take changes neither time nor width.
        cut.c[0] = std::min<int64_t>(cut.c[0], option.firstC.low);
        if (last > 0)
          cut.c[last] = option.lastC.low;
        Cost size = cost(kernel, cut);
        EXPECT_LE(size.time, time);
        EXPECT_LE(size.memory, 300);
        EXPECT_LE(option.isRotated ? size.height : size.width, width);
      }
    }
  }
}

TEST(Ispd2020Test, BoundHoldsAndIsReachedOnAPath) {
  // Wires dominate: all kernels in one row, as narrow as can be.
  Problem problem = pathProblem({1, 40, 0});
  SolverOptions options;
  options.effort = 40;
  Diagnostics diags;
  std::optional<Solved> solved = solve(problem, options, diags);
  ASSERT_TRUE(solved);
  double score = solved->solution.score(problem).total(problem.weights);
  EXPECT_GE(score, solved->bound);
  EXPECT_LE(score, 1.1 * solved->bound);
}

TEST(Ispd2020Test, IsTheSameOnAnyNumberOfThreads) {
  for (Weights weights : {Weights{1, 1, 0}, Weights{1, 10, 100}}) {
    Problem problem = pathProblem(weights);
    std::vector<std::string> texts;
    for (int threads : {1, 2, 8, 2}) {
      SolverOptions options;
      options.effort = 20;
      options.threads = threads;
      Diagnostics diags;
      std::optional<Solved> solved = solve(problem, options, diags);
      ASSERT_TRUE(solved);
      EXPECT_TRUE(solved->solution.verify(problem, diags));
      texts.push_back(writePaint(problem, solved->solution));
    }
    EXPECT_THAT(texts, testing::Each(texts[0]));
  }
}

TEST(Ispd2020Test, SavesAdaptersWhereTheyCost) {
  Problem problem = pathProblem({1, 1, 0});
  SolverOptions options;
  options.effort = 100;
  Diagnostics diags;
  std::optional<Solved> careless = solve(problem, options, diags);
  problem.weights.adapter = 50;
  std::optional<Solved> careful = solve(problem, options, diags);
  ASSERT_TRUE(careless && careful);
  EXPECT_LT(careful->solution.score(problem).total(problem.weights),
            careless->solution.score(problem).total(problem.weights));
}

TEST(Ispd2020Test, SaysWhenNothingFits) {
  // 3 columns for each of five kernels, and more for blocks.
  Problem problem = pathProblem({1, 1, 0}, {4, 4});
  SolverOptions options;
  options.effort = 5;
  Diagnostics diags;
  EXPECT_FALSE(solve(problem, options, diags));
  ASSERT_EQ(diags.all().size(), 1u);
  EXPECT_EQ(diags.all()[0].kind, FaultKind::Capacity);
  EXPECT_THAT(messages(diags),
              ElementsAre("case 'path': no placement of its 5 kernels on 4 x 4 "
                          "tiles was found"));
  EXPECT_THAT(diags.all()[0].notes,
              ElementsAre("raise memlimit or the sides of the grid, or search "
                          "longer (--effort, --time-limit)"));
}

TEST(Ispd2020Test, OneKernelAlone) {
  Problem problem = pathProblem({1, 1, 1});
  problem.kernels.resize(1);
  problem.edges.clear();
  SolverOptions options;
  options.effort = 5;
  Diagnostics diags;
  std::optional<Solved> solved = solve(problem, options, diags);
  ASSERT_TRUE(solved);
  // The least time that any cut within the grid has.
  double least = std::numeric_limits<double>::infinity();
  for (int64_t h = 1; h <= 8; ++h)
    for (int64_t w = 1; w <= 8; ++w)
      for (int64_t c = 1; c <= 4; ++c)
        for (int64_t k = 1; k <= 8; ++k) {
          Cost size = cost(problem.kernels[0].conv, h, w, c, k);
          if ((size.width <= 40 && size.height <= 36) ||
              (size.width <= 36 && size.height <= 40))
            least = std::min(least, size.time);
        }
  EXPECT_EQ(solved->solution.score(problem).time, least);
}
