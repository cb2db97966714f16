//===- CostTest.cpp - Estimates and bounds --------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Cost.h"
#include "inlay/Cost/Collectives.h"
#include "inlay/Cost/Relayout.h"
#include "inlay/Cost/TilePrograms.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstdlib>
#include <random>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;

namespace {

target::Target wse3() {
  Diagnostics diags;
  auto target = target::find(
      "wse3", std::string(std::getenv("INLAY_SOURCE_DIR")) + "/targets", diags);
  EXPECT_TRUE(target.has_value());
  return *target;
}

/// y[n] = sum over k of x[k] w[n][k], in 16 bits.
KernelSpec gemv(int64_t n, int64_t k) {
  KernelSpec kernel;
  kernel.name = "gemv";
  ElementType f16{"f16", 16};
  OpSpec op;
  op.name = "linear";
  op.opClass = OpClass::Contraction;
  op.dims = {{"token", 1, DimKind::Parallel, 1},
             {"n", n, DimKind::Parallel, 1},
             {"k", k, DimKind::Reduction, 1}};
  op.operands = {{TensorRole::Input, 0, f16, {{0, 1}, {2, 1}}},
                 {TensorRole::Weights, 0, f16, {{1, 1}, {2, 1}}},
                 {TensorRole::Output, 0, f16, {{0, 1}, {1, 1}}}};
  op.opsPerPoint = 2;
  op.computeType = f16;
  kernel.ops = {op};
  kernel.weights = {{"w", f16, {n, k}, 0, n * k * 2, {}}};
  kernel.inputs = {{f16, {1, k}}};
  kernel.outputs = {{f16, {1, n}}};
  return kernel;
}

Sharding square(int64_t width, int64_t height) {
  Sharding sharding;
  sharding.region = sharding.group = {width, height};
  sharding.groups = {1, 1};
  sharding.ops = {{{Axis::None, Axis::X, Axis::Y}}};
  return sharding;
}

TEST(CollectivesTest, ClosedFormsOfThePaper) {
  target::Target machine = wse3(); // h = 1, r = 1, T_R = 2
  Rates target(machine, Mode::Ideal);
  EXPECT_EQ(broadcast(target, 100, 64).total(), 64 + 100 + 4);
  EXPECT_EQ(reduce(target, ReduceAlgorithm::Star, 100, 64).total(),
            64 * 99 + 5);
  EXPECT_EQ(reduce(target, ReduceAlgorithm::Chain, 100, 64).total(),
            64 + 6 * 99);
  // B log2 P = 384 > 64 * 64 / 126 * 6 + 63 = 258.05; 5 * 6 stages.
  EXPECT_EQ(reduce(target, ReduceAlgorithm::Tree, 64, 64).total(), 384 + 30);
  // max(128, 2 * 64 * 8 / 9 + 63) + 5 * 14.
  EXPECT_NEAR(reduce(target, ReduceAlgorithm::TwoPhase, 64, 64).total(),
              2 * 64 * 8.0 / 9 + 63 + 70, 1e-9);
  EXPECT_EQ(allReduce(target, 1, 64).total(), 0);
}

/// Halves of 50 cores: chains in groups of sqrt 50 or cbrt 50, then along their
/// heads, over to the other half, and back to all.
/// Plays a reduction to the first of `line.cores` cores, one line of routers,
/// wavelet by wavelet: a link carries one in a cycle, a core that adds takes
/// 2 T_R + 1 cycles, and a router goes on to the next vector when the last is
/// through. The i-th vector is that of cores i routers farther on.
class LineSimulation {
public:
  LineSimulation(const SpacedLine &line, int64_t wavelets)
      : line(line), wavelets(wavelets),
        free(size_t(line.cores * line.pitch + line.vectors), 0) {}

  int64_t chain() {
    int64_t last = 0;
    for (int64_t v = 0; v < line.vectors; ++v) {
      std::vector<int64_t> at(size_t(wavelets), 0); // begin at the far core
      for (int64_t core = line.cores - 1; core > 0; --core) {
        pass(at, v + core * line.pitch, line.pitch);
        for (int64_t &time : at)
          time += kAdd;
      }
      last = std::max(last, at.back());
    }
    return last + 1;
  }

  int64_t star() {
    int64_t last = 0;
    for (int64_t v = 0; v < line.vectors; ++v) {
      std::vector<int64_t> behind; // what comes from farther out, in order
      for (int64_t core = line.cores - 1; core > 0; --core) {
        std::vector<int64_t> all(size_t(wavelets), 0);
        all.insert(all.end(), behind.begin(), behind.end());
        pass(all, v + core * line.pitch, line.pitch);
        behind = std::move(all);
      }
      last = std::max(last, behind.back() + kAdd);
    }
    return last + 1;
  }

private:
  static constexpr int64_t kAdd = 5;

  /// Over `hops` links from the router at `from` on.
  void pass(std::vector<int64_t> &at, int64_t from, int64_t hops) {
    for (int64_t hop = 0; hop < hops; ++hop) {
      int64_t &link = free[size_t(from - hop)];
      for (int64_t &time : at) {
        time = std::max(time, link);
        link = time + 1;
        time += 1;
      }
    }
  }

  SpacedLine line;
  int64_t wavelets;
  std::vector<int64_t> free; ///< by link: when it carries the next wavelet
};

TEST(CollectivesTest, SpacedLinesTakeAsLongAsPlayed) {
  target::Target machine = wse3();
  Rates rates(machine, Mode::Ideal);
  for (int64_t cores : {2, 3, 6, 8})
    for (int64_t pitch : {1, 2, 7, 75})
      for (int64_t vectors : {1, 2, 5})
        for (int64_t wavelets : {1, 6, 63}) {
          if (vectors > pitch)
            continue; // a group has no more rows
          SpacedLine line{cores, pitch, vectors};
          LineSimulation chain(line, wavelets), star(line, wavelets);
          double ofChain =
              reduce(rates, ReduceAlgorithm::Chain, line, double(wavelets))
                  .total();
          double ofStar =
              reduce(rates, ReduceAlgorithm::Star, line, double(wavelets))
                  .total();
          auto played = [&](double cycles) {
            return testing::Message()
                   << cores << " cores " << pitch << " apart, " << vectors
                   << " vectors of " << wavelets << ": " << cycles;
          };
          // A vector that follows is counted with one stage, and passes without
          // one, a router farther on.
          auto slack = double((vectors - 1) * 6);
          auto inChain = double(chain.chain()), inStar = double(star.star());
          EXPECT_LE(inChain, ofChain) << played(ofChain);
          EXPECT_GE(inChain, ofChain - slack - 1) << played(ofChain);
          // The paper's star of neighbours leaves out their hops.
          EXPECT_LE(inStar, ofStar + (pitch == 1 ? double(cores) : 0))
              << played(ofStar);
          EXPECT_GE(inStar, ofStar - slack - 1) << played(ofStar);
        }
}

TEST(CollectivesTest, SpacedLinesOfNeighboursAreLines) {
  target::Target machine = wse3();
  Rates rates(machine, Mode::Ideal);
  for (int64_t cores : {2, 9, 64})
    for (ReduceAlgorithm algorithm :
         {ReduceAlgorithm::Star, ReduceAlgorithm::Chain, ReduceAlgorithm::Tree,
          ReduceAlgorithm::TwoPhase})
      EXPECT_EQ(reduce(rates, algorithm, {cores, 1, 1}, 30).total(),
                reduce(rates, algorithm, cores, 30).total());
}

TEST(CollectivesTest, PhasesToTheMiddleByHand) {
  target::Target machine = wse3();
  Rates target(machine, Mode::Ideal);
  // 49 stages and that to the other half; the way back.
  EXPECT_EQ(phasesToMiddle(target, 1, 100, 10).total(), 20 + 100 + 5 * 51);
  // 6 in groups of 7, 7 along 8 heads.
  EXPECT_EQ(phasesToMiddle(target, 2, 100, 10).total(), 30 + 100 + 5 * 15);
  // 3 in groups of 4, 3 in groups of 4 heads, 3 along 4 of these.
  EXPECT_EQ(phasesToMiddle(target, 3, 100, 10).total(), 40 + 100 + 5 * 11);
  EXPECT_EQ(phasesToMiddle(target, 2, 1, 10).total(), 0);
}

TEST(CollectivesTest, BestIsNoSlowerThanAny) {
  target::Target machine = wse3();
  Rates target(machine, Mode::Ideal);
  for (int64_t cores : {2, 3, 16, 100, 755})
    for (double wavelets : {1., 16., 512., 65536.}) {
      double best =
          reduce(target, bestReduce(target, cores, wavelets), cores, wavelets)
              .total();
      for (ReduceAlgorithm algorithm :
           {ReduceAlgorithm::Star, ReduceAlgorithm::Chain,
            ReduceAlgorithm::Tree, ReduceAlgorithm::TwoPhase})
        EXPECT_LE(best, reduce(target, algorithm, cores, wavelets).total());
    }
}

TEST(CostTest, GemvByHand) {
  // 64 x 64 weights on 4 x 4 cores: 16 x 16 each.
  target::Target target = wse3();
  Rates rates(target, Mode::Ideal);
  KernelCost cost = estimateKernel(gemv(64, 64), square(4, 4), rates);
  // 256 multiply-accumulates at 8 a cycle; 576 bytes at 16 a cycle take longer.
  EXPECT_EQ(cost.cycles.compute, 32);
  EXPECT_EQ(cost.cycles.sram, (256 + 16 + 16) * 2 / 16. - 32);
  // 16 partial sums of 4 bytes along 4 cores.
  Breakdown reduction = allReduce(rates, 4, 16);
  // The result lies along x and is handed over along y: a row wants 16 values
  // of 2 bytes, which 2 cores beside each other have, and each part may end in
  // a wavelet.
  Breakdown turn = stream(rates, 4, 8 + 2);
  // A partial sum takes 36 / 16 cycles, the additions of another core's a
  // quarter of one each: the last is made after 40 and has left after 41, not
  // after 36 + 16.
  EXPECT_EQ(cost.cycles.fabricBandwidth,
            reduction.fabricBandwidth - 11 + turn.fabricBandwidth);
  EXPECT_EQ(cost.cycles.fabricLatency,
            reduction.fabricLatency + turn.fabricLatency);
  EXPECT_EQ(cost.cycles.software, 0);
  // The input's 8 wavelets, half the perimeter, and the ramps at both ends.
  Breakdown entry = longestEntry(gemv(64, 64), square(4, 4), rates);
  EXPECT_EQ(entry.fabricBandwidth, 8);
  EXPECT_EQ(entry.fabricLatency, 4 + 2 * 2);
}

/// A core that makes, adds and sends one element after the other, played; and
/// one that works on each element of the result as it comes.
TEST(CostTest, WaveletsPassWhileCoresWork) {
  target::Target target = wse3();
  Rates rates(target, Mode::Ideal);
  double add = rates.of("f32", 32).elementPeriod;
  Practice waits;
  waits.allReduce = AllReduceAlgorithm::OnePhase;
  waits.overlaps = false;
  waits.isInPlace = true;
  Practice works = waits;
  works.overlaps = true;
  auto cyclesOf = [&](const KernelSpec &kernel, const Sharding &sharding,
                      const Practice &practice) {
    return estimateKernel(kernel, sharding, rates, {}, practice).cycles;
  };
  for (int64_t n : {1, 2, 7, 64, 500})
    for (int64_t k : {8, 100, 3000, 20000}) {
      KernelSpec kernel = gemv(n, k);
      Sharding sharding = square(1, 8);
      Breakdown before = cyclesOf(kernel, sharding, waits);
      Breakdown after = cyclesOf(kernel, sharding, works);
      double work = before.compute + before.sram;
      double made = 0, left = 0;
      for (int64_t element = 0; element < n; ++element) {
        made += work / double(n) + add;
        left = std::max(left, made) + rates.period;
      }
      EXPECT_NEAR(before.total() - after.total(),
                  std::max(0.0, work + double(n) * rates.period - left), 1e-6)
          << n << " x " << k;
      EXPECT_EQ(before.compute, after.compute);
      EXPECT_EQ(before.fabricLatency, after.fabricLatency);

      // A function of each element of the result, behind the sum.
      OpSpec unary;
      unary.name = "unary";
      unary.opClass = OpClass::Elementwise;
      unary.dims = {kernel.ops[0].dims[0], kernel.ops[0].dims[1]};
      unary.operands = {{TensorRole::Local, 0, {"f16", 16}, {{0, 1}, {1, 1}}},
                        {TensorRole::Output, 0, {"f16", 16}, {{0, 1}, {1, 1}}}};
      unary.opsPerPoint = 24;
      unary.computeType = {"f16", 16};
      kernel.ops[0].operands.back() = unary.operands.front();
      kernel.ops.push_back(unary);
      sharding.ops.push_back({{Axis::None, Axis::X}});
      double both = cyclesOf(kernel, sharding, waits).total() -
                    cyclesOf(kernel, sharding, works).total();
      double more = cyclesOf(kernel, sharding, waits).total() - before.total();
      // While the others come: all but the last element, as far as there is
      // time between two wavelets.
      double hidden =
          double(n - 1) * std::min(more / double(n), rates.period - add);
      EXPECT_NEAR(both, before.total() - after.total() + hidden, 1e-6);
    }
}

/// Sums of blocks are scaled where that is less than to scale each weight; the
/// bound knows it.
TEST(CostTest, ScalesBlocksAfterTheyAreSummedUp) {
  target::Target target = wse3();
  Rates rates(target, Mode::Ideal);
  constexpr int64_t kBlock = 32;
  auto computeOf = [&](int64_t tokens, bool isAlongSum) {
    KernelSpec kernel = gemv(64, 256);
    OpSpec &op = kernel.ops.front();
    op.dims[0].size = tokens;
    op.operands[1].type = {"i4", 4};
    IndexExpr n = {1, isAlongSum ? 1 : kBlock},
              k = {2, isAlongSum ? kBlock : 1};
    op.operands.insert(op.operands.begin() + 2,
                       {TensorRole::Weights, 1, {"f16", 16}, {n, k}});
    kernel.weights.push_back({"scales",
                              {"f16", 16},
                              {64 / n.divisor, 256 / k.divisor},
                              0,
                              1024,
                              {}});
    double estimate =
        estimateKernel(kernel, square(1, 1), rates).cycles.compute;
    EXPECT_LE(kernelBound(kernel, target, 1).compute, estimate);
    return estimate - 64 * 256 * double(tokens) / 8;
  };
  constexpr double kWeights = 64 * 256 / 8.0;
  // Converted, then scaled: one by one, or 8 blocks of each of 64 sums.
  EXPECT_DOUBLE_EQ(computeOf(1, false), 2 * kWeights);
  EXPECT_DOUBLE_EQ(computeOf(1, true), kWeights + 64 * 8 / 8.0);
  EXPECT_DOUBLE_EQ(computeOf(2, true), kWeights + 2 * 64 * 8 / 8.0);
  // With many tokens there are more sums than weights.
  EXPECT_DOUBLE_EQ(computeOf(100, true), 2 * kWeights);
}

/// What the mapping estimate says of a product of tiles is the tile program.
TEST(CostTest, ProductsOfTilesAreTheTilePrograms) {
  target::Target target = wse3();
  Rates rates(target, Mode::Calibrated);
  KernelSpec kernel = gemv(360, 540);
  kernel.ops.front().dims.front().size = 180;
  Sharding sharding = square(30, 30);
  sharding.ops = {{{Axis::Y, Axis::X, Axis::X}}};
  Practice practice;
  practice.isInPlace = true;
  TypeRates type = rates.of("f16", 16);
  practice.product = ProductAlgorithm::CyclicShift;
  practice.packet = 2;
  EXPECT_DOUBLE_EQ(
      estimateKernel(kernel, sharding, rates, {}, practice).cycles.total(),
      gemmCyclicShift(rates, type, 30, 6, 18, 12).total());
  practice.product = ProductAlgorithm::Multicast;
  EXPECT_DOUBLE_EQ(
      estimateKernel(kernel, sharding, rates, {}, practice).cycles.total(),
      gemmSumma(rates, type, 30, 6, 18, 12).total());
}

/// Where a core has no room, and the target has DRAM, the rest comes from
/// there.
TEST(CostTest, WhatExceedsTheSramComesFromDram) {
  Diagnostics diags;
  auto target = target::find(
      "wormhole", std::string(std::getenv("INLAY_SOURCE_DIR")) + "/targets",
      diags);
  ASSERT_TRUE(target);
  Rates rates(*target, Mode::Ideal);
  auto fromDram = [&](int64_t n) {
    double cycles = 0;
    for (const Term &term : explainKernel(gemv(n, 1024), square(1, 1), rates))
      if (term.name == "read from DRAM")
        cycles += term.cycles.total();
    return cycles;
  };
  EXPECT_EQ(fromDram(256), 0);
  // Of 8 MiB of weights at least those that the budget does not hold.
  double beyond = 8.0 * 1024 * 1024 - double(target->budget());
  EXPECT_GE(fromDram(4096), dramCycles(*target, beyond));
  EXPECT_LE(fromDram(4096), dramCycles(*target, 9.0 * 1024 * 1024));
  EXPECT_EQ(dramCycles(wse3(), 1e9), 0);
}

/// What a firing does not touch may stay in DRAM: of a table all rows but those
/// that are looked up, of experts those that are not chosen.
TEST(CostTest, OnlyWhatAFiringTouchesComesFromDram) {
  Diagnostics diags;
  auto target = target::find(
      "wormhole", std::string(std::getenv("INLAY_SOURCE_DIR")) + "/targets",
      diags);
  ASSERT_TRUE(target);
  Rates rates(*target, Mode::Ideal);
  constexpr double kRows = 65536, kWidth = 1024;
  KernelSpec kernel = gemv(int64_t(kRows), int64_t(kWidth));
  auto fromDram = [&] {
    double cycles = 0;
    for (const Term &term : explainKernel(kernel, square(1, 1), rates))
      if (term.name == "read from DRAM")
        cycles += term.cycles.total();
    return cycles;
  };
  EXPECT_GE(fromDram(),
            dramCycles(*target, 2 * kRows * kWidth - double(target->budget())));
  kernel.ops[0].opClass = OpClass::Lookup;
  kernel.ops[0].density = 1 / kRows;
  EXPECT_NEAR(fromDram(), dramCycles(*target, 2 * kWidth), 1e-3);
  // Two tokens look up two rows, or nearly so.
  kernel.ops[0].dims[0].size = 2;
  ASSERT_EQ(kernel.ops[0].dims[0].name, "token");
  EXPECT_NEAR(fromDram() / dramCycles(*target, 2 * 2 * kWidth), 1, 1e-3);
}

/// Every core of a line takes in what all send, in whole wavelets of each.
TEST(CostTest, MovesTakeAsLongAsWhatPasses) {
  target::Target target = wse3();
  Rates rates(target, Mode::Ideal);
  Layout from, to;
  from.features = to.features = 4096;
  from.x = {{{1, 4096}}, 64};
  to.x = {{{1, 64}, {64, 64}}, 64};
  auto cyclesOf = [&](int bits) {
    std::vector<LineMove> moves = movesBetween(from, to, {64, 1});
    EXPECT_EQ(moves.size(), 1u);
    EXPECT_EQ(moves.front().cores, 64);
    return moveCycles(rates, moves.front(), bits);
  };
  // 63 others have 64 values of 2 bytes each.
  EXPECT_DOUBLE_EQ(cyclesOf(16).fabricBandwidth, 63 * 32);
  EXPECT_DOUBLE_EQ(cyclesOf(16).fabricLatency, rates.start + 64 * rates.hop);
  // One of 2 bytes is a wavelet all the same.
  from.features = to.features = 64;
  from.x = {{{1, 64}}, 1};
  to.x = {};
  EXPECT_DOUBLE_EQ(cyclesOf(16).fabricBandwidth, 63);
  EXPECT_DOUBLE_EQ(cyclesOf(32).fabricBandwidth, 63);
}

TEST(CostTest, CrossingIsLatencyAndBandwidthAtTheClock) {
  // 10 us at 0.85 GHz, and 150 GB at 150 GB/s.
  EXPECT_NEAR(crossingCost(wse3(), 0).total(), 8500, 1e-6);
  EXPECT_NEAR(crossingCost(wse3(), 150e9).total(), 8500 + 0.85e9, 1);
}

TEST(CostTest, StreamsGrowWithPayloadAndDistance) {
  target::Target machine = wse3();
  Rates target(machine, Mode::Ideal);
  double last = 0;
  for (int64_t bytes = 4; bytes < 1 << 20; bytes *= 2) {
    double cycles = streamCost(target, double(bytes), 10, 4).total();
    EXPECT_GE(cycles, last);
    last = cycles;
  }
  EXPECT_EQ(streamCost(target, 64, 20, 4).total() -
                streamCost(target, 64, 10, 4).total(),
            10);
}

/// The largest of a softmax goes along with its sum, and each core that adds
/// works out two factors for each row; or all agree upon it first.
TEST(CostTest, SoftmaxTakesOneSumOrTwo) {
  target::Target target = wse3();
  Rates rates(target, Mode::Ideal);
  ElementType f16{"f16", 16};
  KernelSpec kernel;
  kernel.name = "softmax";
  OpSpec op;
  op.name = "softmax";
  op.opClass = OpClass::Softmax;
  op.dims = {{"row", 6, DimKind::Parallel, 1},
             {"k", 8192, DimKind::Reduction, 1}};
  op.operands = {{TensorRole::Input, 0, f16, {{0, 1}, {1, 1}}},
                 {TensorRole::Output, 0, f16, {{0, 1}, {1, 1}}}};
  op.opsPerPoint = 8;
  op.computeType = f16;
  kernel.ops = {op};
  kernel.inputs = kernel.outputs = {{f16, {6, 8192}}};
  Sharding sharding = square(1, 200);
  sharding.ops = {{{Axis::None, Axis::Y}}};
  std::vector<CollectiveUse> uses = collectivesOf(kernel, sharding, rates);
  std::erase_if(uses, [](const CollectiveUse &use) {
    return use.kind == CollectiveUse::Kind::Move;
  });
  ASSERT_EQ(uses.size(), 1u);
  EXPECT_EQ(uses.front().wavelets, 12); // 6 sums, 6 maxima
  Practice agrees;
  agrees.mergesSoftmax = false;
  agrees.isInPlace = true;
  agrees.overlaps = false;
  Practice merges;
  merges.isInPlace = true;
  merges.overlaps = false;
  auto cycles = [&](const Practice &practice) {
    return estimateKernel(kernel, sharding, rates, {}, practice).cycles.total();
  };
  double one = allReduce(rates, 200, 12).total();
  double two = 2 * allReduce(rates, 200, 6).total();
  double merging = mergesOf(rates, uses.front().algorithm, 200, 12) *
                   (3 * 6 + 2 * 6 * kExponentialOperations) * 0.25;
  EXPECT_NEAR(cycles(agrees) - cycles(merges), two - one - merging, 1e-9);
  EXPECT_GT(merging, 0);
}

TEST(CostTest, BoundNeverExceedsTheEstimate) {
  target::Target target = wse3();
  Rates rates(target, Mode::Ideal);
  std::mt19937 random(1);
  auto pick = [&](int64_t most) {
    return int64_t(std::exp2(
        std::uniform_real_distribution<>(0, std::log2(double(most)))(random)));
  };
  for (int i = 0; i < 5000; ++i) {
    KernelSpec kernel = gemv(pick(20000), pick(20000));
    Sharding sharding = square(pick(755), pick(1170));
    if (footprint(kernel, sharding).total() > target.budget())
      continue;
    double estimate = estimateKernel(kernel, sharding, rates).cycles.total();
    Bound bound = kernelBound(kernel, target, sharding.region.area());
    EXPECT_TRUE(std::isfinite(estimate));
    EXPECT_LE(bound.cycles(), estimate)
        << bound.binding() << " on " << sharding.region.width << " x "
        << sharding.region.height;
  }
}

} // namespace
