//===- LightConeTest.cpp - No interval holds more work than distance allows
//===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/LightCone.h"
#include "RandomKernels.h"
#include "inlay/Cost/Cost.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::cost::testing;
using namespace inlay::model;

namespace {

/// Cycles that the cores of a mesh can spend between two cores that are the
/// ends of an interval, by counting every core.
double spendable(Extent grid, CorePosition from, CorePosition to,
                 double length) {
  double sum = 0;
  for (int64_t y = 0; y < grid.height; ++y)
    for (int64_t x = 0; x < grid.width; ++x)
      sum += std::max(
          0.0, length - double(std::abs(x - from.x) + std::abs(y - from.y) +
                               std::abs(x - to.x) + std::abs(y - to.y)));
  return sum;
}

TEST(LightConeTest, HoldsOnEveryIntervalOfAMesh) {
  target::Target target = shipped("wse3");
  target.grid = {40, 60};
  Random random(5);
  for (int i = 0; i < 2000; ++i) {
    CorePosition from = {0, random.below(40), random.below(60)};
    CorePosition to = {0, random.below(40), random.below(60)};
    double length = double(1 + random.below(150));
    double work = spendable(target.grid, from, to, length);
    EXPECT_LE(lightCone(target, work), length * (1 + 1e-9) + 1e-9);
    // One way: nobody waits for the end.
    double oneWay = 0;
    for (int64_t y = 0; y < 60; ++y)
      for (int64_t x = 0; x < 40; ++x)
        oneWay += std::max(
            0.0, length - double(std::abs(x - from.x) + std::abs(y - from.y)));
    EXPECT_LE(lightCone(target, oneWay, true), length * (1 + 1e-9) + 1e-9);
  }
}

TEST(LightConeTest, IsAboutTheCubeRootOfSixTimesTheWork) {
  target::Target target = shipped("wse3");
  EXPECT_NEAR(lightCone(target, 36e6) / std::cbrt(6 * 36e6), 1, 0.01);
  EXPECT_EQ(lightCone(target, 0), 0);
  double last = 0;
  for (double work = 1; work < 1e15; work *= 1.7) {
    double cycles = lightCone(target, work);
    EXPECT_GT(cycles, last);
    // All cores are the limit.
    EXPECT_GE(cycles * (1 + 1e-9), work / double(target.usableCores()));
    last = cycles;
  }
}

/// Every way to put the early work of an interval there or in the one before.
double leastOfAll(const target::Target &target,
                  const std::vector<WorkSegment> &path) {
  double least = 1e300;
  for (size_t choice = 0; choice < (size_t(1) << path.size()); choice += 2) {
    double sum = 0;
    for (size_t i = 0; i < path.size(); ++i) {
      double work = path[i].work;
      work += (choice >> i & 1) ? 0 : path[i].early;
      if (i + 1 < path.size() && (choice >> (i + 1) & 1))
        work += path[i + 1].early;
      sum += lightCone(target, work, i == 0 || i + 1 == path.size());
    }
    least = std::min(least, sum);
  }
  return least;
}

TEST(LightConeTest, AProductBehindANormMayComeBefore) {
  target::Target target = shipped("wse3");
  Random random(9);
  for (int i = 0; i < 200; ++i) {
    std::vector<WorkSegment> path(size_t(1 + random.below(7)));
    for (size_t s = 0; s < path.size(); ++s)
      path[s] = {s > 0, s > 0 ? double(random.below(1000000)) : 0,
                 double(random.below(1000000))};
    double bound = pathDistance(target, path);
    EXPECT_NEAR(bound, leastOfAll(target, path), 1e-6 * bound);
  }
  EXPECT_EQ(pathDistance(target, {}), 0);
}

OpSpec opOn(OpClass opClass, const char *name, int from, int to) {
  OpSpec op;
  op.name = name;
  op.opClass = opClass;
  op.computeType = {"f16", 16};
  op.opsPerPoint = 2;
  bool isNorm = opClass == OpClass::Reduction;
  op.dims = {{"token", 1}, {"n", 1000}, {"k", 800, DimKind::Reduction}};
  if (isNorm)
    op.dims = {{"token", 1}, {"n", 1000, DimKind::Reduction}};
  ElementType half = {"f16", 16};
  op.operands = {{TensorRole::Local, from, half, {{0, 1}}},
                 {TensorRole::Local, to, half, {{0, 1}}}};
  return op;
}

TEST(LightConeTest, WorkIsCutAtNormsOfAllFeatures) {
  target::Target target = shipped("wse3");
  KernelSpec kernel;
  kernel.ops = {opOn(OpClass::Contraction, "before", 0, 1),
                opOn(OpClass::Reduction, "rms_norm", 1, 2),
                opOn(OpClass::Contraction, "gate", 2, 3),
                opOn(OpClass::Contraction, "down", 3, 4),
                // Beside the norm: it may be done at any time.
                opOn(OpClass::Contraction, "beside", 9, 5)};
  double work = coreCycles(kernel.ops[0], target);
  std::vector<WorkSegment> segments = workSegments(kernel, target);
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_FALSE(segments[0].follows);
  EXPECT_EQ(segments[0].work, work + coreCycles(kernel.ops[1], target));
  EXPECT_TRUE(segments[1].follows);
  EXPECT_EQ(segments[1].early, work);
  EXPECT_EQ(segments[1].work, work);
  // A norm over each head is no such point.
  kernel.ops[1].dims.push_back({"head", 8});
  EXPECT_EQ(workSegments(kernel, target).size(), 1u);
}

} // namespace
