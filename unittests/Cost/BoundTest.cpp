//===- BoundTest.cpp - No estimate beats physics --------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RandomKernels.h"
#include "inlay/Cost/Collectives.h"
#include "inlay/Cost/Cost.h"
#include "inlay/Cost/LightCone.h"
#include "inlay/Model/Layout.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::cost::testing;
using namespace inlay::model;

namespace {

struct Case {
  KernelSpec kernel;
  Sharding sharding;
};

/// A kernel of one op, or a layer, on a region of the grid.
Case randomCase(Random &random, const target::Target &target) {
  Extent region = {random.size(target.grid.width),
                   random.size(target.grid.height)};
  Sizes sizes = {random.size(64), random.size(20000), random.size(20000)};
  switch (random.below(6)) {
  case 4:
  case 5: {
    KernelSpec kernel = layer(random);
    return {kernel, cut(kernel, region)};
  }
  case 0: {
    KernelSpec kernel = linear(sizes);
    return {kernel, cut(kernel, region)};
  }
  case 1: {
    KernelSpec kernel = linear(sizes, /*bits=*/4);
    return {kernel, cut(kernel, region)};
  }
  case 2: {
    KernelSpec kernel = softmaxRows(random.size(64), random.size(100000));
    return {kernel, cut(kernel, region)};
  }
  default: {
    int64_t numExperts = random.size(512);
    KernelSpec kernel =
        experts({random.size(16), random.size(4000), random.size(4000)},
                numExperts, 1 + random.below(numExperts));
    Extent groups = {random.size(region.width), 1};
    groups.width = std::min(groups.width, numExperts);
    return {kernel, cut(kernel, region, groups)};
  }
  }
}

/// Of a kernel alone in its region.
Breakdown alone(const Case &test, const Rates &rates) {
  return estimateKernel(test.kernel, test.sharding, rates).cycles +
         longestEntry(test.kernel, test.sharding, rates);
}

void expectBoundHolds(const target::Target &target, Mode mode, int cases) {
  Rates rates(target, mode);
  Random random(7);
  for (int i = 0; i < cases; ++i) {
    Case test = randomCase(random, target);
    KernelCost cost = estimateKernel(test.kernel, test.sharding, rates);
    double estimate = cost.cycles.total();
    Bound bound = shardingBound(test.kernel, test.sharding, target);
    ASSERT_TRUE(std::isfinite(estimate));
    ASSERT_LE(bound.cycles(), estimate * (1 + 1e-12))
        << test.kernel.name << " on " << test.sharding.region.width << " x "
        << test.sharding.region.height << ", bound by " << bound.binding();
    ASSERT_GE(cost.worstCase, estimate * (1 - 1e-12));
    ASSERT_GE(estimate, 0);
    // The gap by cause adds up, and no part of it is negative.
    Breakdown gap = gapByCause(cost.cycles, bound);
    ASSERT_NEAR(gap.total(), estimate - bound.cycles(), 1e-6 * estimate);
    for (double cause :
         {gap.compute, gap.sram, gap.fabricLatency, gap.fabricBandwidth,
          gap.software, gap.crossing, gap.contention})
      ASSERT_GE(cause, 0);
  }
}

TEST(BoundTest, HoldsOnRandomKernelsAndRegions) {
  expectBoundHolds(shipped("wse3"), Mode::Ideal, 50000);
  expectBoundHolds(shipped("wse3"), Mode::Calibrated, 50000);
  expectBoundHolds(shipped("wse2"), Mode::Calibrated, 5000);
  expectBoundHolds(shipped("wormhole"), Mode::Ideal, 5000);
}

/// Kernels one after the other take at least what their norms force.
TEST(BoundTest, HoldsOnRandomPaths) {
  target::Target target = shipped("wse3");
  Rates rates(target, Mode::Ideal);
  Random random(21);
  int withDistance = 0;
  for (int i = 0; i < 5000; ++i) {
    std::vector<PathWork> path;
    double estimate = 0, compute = 0;
    for (int64_t left = 1 + random.below(6); left > 0; --left) {
      KernelSpec kernel = layer(random);
      Extent region = {random.size(target.grid.width),
                       random.size(target.grid.height)};
      estimate += alone({kernel, cut(kernel, region)}, rates).total();
      path.push_back(pathWork(kernel, target));
      compute += kernelBound(kernel, target, target.usableCores()).compute;
    }
    double distance = pathDistance(target, path);
    withDistance += distance > compute;
    ASSERT_LE(distance, estimate * (1 + 1e-12));
  }
  // Distance is what binds many of them.
  EXPECT_GE(withDistance, 500);
}

TEST(BoundTest, HoldsOnRandomCollectives) {
  for (const char *name : {"wse3", "wormhole"}) {
    target::Target target = shipped(name);
    for (Mode mode : {Mode::Ideal, Mode::Calibrated}) {
      Rates rates(target, mode);
      Random random(3);
      for (int i = 0; i < 20000; ++i) {
        int64_t cores = random.size(1200);
        auto wavelets = double(random.size(1 << 16));
        double bound = allReduceBound(rates, cores, wavelets);
        for (AllReduceAlgorithm algorithm :
             {AllReduceAlgorithm::ReduceBroadcast, AllReduceAlgorithm::TwoTree,
              AllReduceAlgorithm::MiddleChain, AllReduceAlgorithm::Ring,
              AllReduceAlgorithm::OnePhase, AllReduceAlgorithm::TwoPhases,
              AllReduceAlgorithm::ThreePhases})
          ASSERT_LE(bound, allReduce(rates, algorithm, cores, wavelets).total())
              << toString(algorithm) << " over " << cores << " cores, "
              << wavelets << " wavelets";
      }
    }
  }
}

/// Where one cause outweighs all others, an ideal estimate is near its bound.
TEST(BoundTest, IsTightWhereOneCauseDominates) {
  target::Target target = shipped("wse3");
  Rates rates(target, Mode::Ideal);
  auto ratio = [&](const KernelSpec &kernel, Extent region) {
    Sharding sharding = cut(kernel, region);
    return alone({kernel, sharding}, rates).total() /
           shardingBound(kernel, sharding, target).cycles();
  };
  // Arithmetic: many tokens on few cores.
  EXPECT_LE(ratio(linear({4096, 512, 512}), {2, 2}), 1.2);
  EXPECT_LE(ratio(linear({2048, 2048, 512}), {8, 2}), 1.2);
  // Dequantising and arithmetic.
  EXPECT_LE(ratio(linear({256, 1024, 1024}, 4), {1, 1}), 1.2);
  // SRAM: one token reads each weight once.
  EXPECT_LE(ratio(linear({1, 1024, 4096}), {1, 1}), 1.2);
  EXPECT_LE(ratio(linear({1, 8192, 4096}), {2, 1}), 1.2);
  // Distance: one number across a long line, but for what adds on the way. The
  // input has its own way, which a stream pays.
  auto inside = [&](const KernelSpec &kernel, const Sharding &sharding,
                    const char *binding) {
    Bound bound = shardingBound(kernel, sharding, target);
    EXPECT_STREQ(bound.binding(), binding);
    return estimateKernel(kernel, sharding, rates).cycles.total() /
           bound.cycles();
  };
  for (int64_t cores : {800, 1000, 1170}) {
    KernelSpec kernel = linear({1, 1, cores});
    EXPECT_LE(inside(kernel, cut(kernel, {1, cores}), "distance"), 1.2);
  }
  KernelSpec wide = linear({1, 1, 755});
  Sharding flat = cut(wide, {755, 1});
  std::swap(flat.ops[0].axisOfDim[1], flat.ops[0].axisOfDim[2]);
  EXPECT_LE(inside(wide, flat, "distance"), 1.2);
  // Ramps: long sums over few cores that all want the result. They travel in 32
  // bits, and of 32 bits a core multiplies 2 a cycle for each that it receives.
  for (int64_t cores : {4, 8}) {
    KernelSpec kernel = linear({1, 1 << 16, cores});
    kernel.ops[0].computeType = {"f32", 32};
    Sharding sharding = cut(kernel, {cores, 1});
    std::swap(sharding.ops[0].axisOfDim[1], sharding.ops[0].axisOfDim[2]);
    EXPECT_LE(inside(kernel, sharding, "link"), 1.2 * 1.25);
    kernel.ops[0].computeType = {"f16", 16};
    EXPECT_LE(inside(kernel, sharding, "link"), 1.2 * 2);
  }
  // Bandwidth of a line: a long payload over few cores, ring.
  for (int64_t cores : {2, 4, 8}) {
    double wavelets = 1 << 20;
    EXPECT_LE(allReduce(rates, cores, wavelets).total() /
                  allReduceBound(rates, cores, wavelets),
              1.2);
    EXPECT_LE(broadcast(rates, cores, wavelets).total() / wavelets, 1.2);
  }
  // Distance: one wavelet across the wafer.
  EXPECT_LE(streamCost(rates, 4, 1900, 1).total() / 1900, 1.2);
  EXPECT_LE(broadcast(rates, 1170, 1).total() / 1169, 1.2);
}

/// Sums over an axis whose last cores hold nothing have a bound all the same,
/// whatever the class of the op.
TEST(BoundTest, SeesSumsOfPaddedDims) {
  target::Target target = shipped("wse3");
  // 7168 over 330 cores: 22 for each of 326.
  KernelSpec product = linear({1, 256, 7168});
  Bound bound = shardingBound(product, cut(product, {100, 330}), target);
  EXPECT_EQ(bound.distance, 325);
  EXPECT_GT(bound.link, 0);
  EXPECT_GT(bound.bisection, 0);
  KernelSpec rows = softmaxRows(1, 7168);
  for (OpClass opClass :
       {OpClass::Reduction, OpClass::Softmax, OpClass::TopK}) {
    rows.ops[0].opClass = opClass;
    EXPECT_EQ(shardingBound(rows, cut(rows, {100, 330}), target).distance, 325);
  }
  rows.ops[0].opClass = OpClass::Elementwise;
  EXPECT_LT(shardingBound(rows, cut(rows, {100, 330}), target).distance, 325);
}

TEST(BoundTest, GrowsWithPayloadDistanceAndContext) {
  target::Target target = shipped("wse3");
  for (Mode mode : {Mode::Ideal, Mode::Calibrated}) {
    Rates rates(target, mode);
    double last = 0;
    for (int64_t wavelets = 1; wavelets < 100000;
         wavelets += 1 + wavelets / 7) {
      double cycles = allReduce(rates, 500, double(wavelets)).total();
      EXPECT_GE(cycles, last) << wavelets;
      last = cycles;
    }
    last = 0;
    for (int64_t cores = 1; cores <= 1170; ++cores) {
      double cycles = allReduce(rates, cores, 16).total();
      EXPECT_GE(cycles, last) << cores;
      last = cycles;
    }
    last = 0;
    // From where values are cut when they are handed over.
    constexpr int64_t kLeast = model::kFewFeatures + 1;
    for (int64_t context = kLeast; context < 1000000;
         context += 1 + context / 5) {
      KernelSpec kernel = softmaxRows(8, context);
      double cycles =
          estimateKernel(kernel, cut(kernel, {16, 64}), rates).cycles.total();
      EXPECT_GE(cycles, last) << context;
      last = cycles;
    }
    last = 0;
    for (int64_t n = kLeast; n < 100000; n += 1 + n / 5) {
      KernelSpec kernel = linear({1, n, 4096});
      double cycles =
          estimateKernel(kernel, cut(kernel, {128, 128}), rates).cycles.total();
      EXPECT_GE(cycles, last) << n;
      last = cycles;
    }
  }
}

TEST(BoundTest, CalibratedIsNeverBelowIdeal) {
  target::Target target = shipped("wse3");
  Rates ideal(target, Mode::Ideal), calibrated(target, Mode::Calibrated);
  Random random(11);
  for (int i = 0; i < 20000; ++i) {
    Case test = randomCase(random, target);
    ASSERT_LE(
        estimateKernel(test.kernel, test.sharding, ideal).cycles.total(),
        estimateKernel(test.kernel, test.sharding, calibrated).cycles.total() *
            (1 + 1e-12));
  }
}

TEST(BoundTest, ExplanationAddsUpToTheEstimate) {
  target::Target target = shipped("wse3");
  for (Mode mode : {Mode::Ideal, Mode::Calibrated}) {
    Rates rates(target, mode);
    Random random(13);
    for (int i = 0; i < 2000; ++i) {
      Case test = randomCase(random, target);
      double sum = 0;
      for (const Term &term :
           explainKernel(test.kernel, test.sharding, rates)) {
        EXPECT_FALSE(term.name.empty());
        EXPECT_FALSE(term.formula.empty()) << term.name;
        sum += term.cycles.total();
      }
      double estimate =
          estimateKernel(test.kernel, test.sharding, rates).cycles.total();
      ASSERT_NEAR(sum, estimate, 1e-9 * estimate);
    }
  }
}

} // namespace
