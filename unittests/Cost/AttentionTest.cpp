//===- AttentionTest.cpp - Attention over a sharded state -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/Attention.h"
#include "RandomKernels.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using inlay::cost::testing::shipped;

namespace {

class AttentionTest : public ::testing::TestWithParam<Mode> {
protected:
  target::Target target = shipped("wse3");
  Rates rates{target, GetParam()};
};

TEST_P(AttentionTest, GrowsWithContextUntilTheWindow) {
  AttentionShape full = {32, 8, 128, 128, 0, 1};
  AttentionShape windowed = full;
  windowed.window = 1024;
  double last = 0;
  for (int64_t context = 0; context < 200000; context += 1 + context / 3) {
    double cycles = attentionDecode(rates, full, context, {64, 64}).total();
    EXPECT_GE(cycles, last) << context;
    last = cycles;
    double seen = attentionDecode(rates, windowed, context, {64, 64}).total();
    EXPECT_LE(seen, cycles);
    if (context > 2048) {
      EXPECT_EQ(seen, attentionDecode(rates, windowed, 4096, {64, 64}).total());
    }
  }
}

/// Peak rates bound it from below whatever the heads share.
TEST_P(AttentionTest, NeverBeatsPeak) {
  for (AttentionShape shape : {AttentionShape{64, 64, 128, 128, 0, 1},
                               AttentionShape{64, 8, 128, 128, 0, 4},
                               AttentionShape::latent(64, 512, 64)})
    for (model::Extent region : {model::Extent{8, 8}, {64, 32}, {300, 300}}) {
      double positions = 8193;
      double operations = double(shape.batch) * double(shape.heads) *
                          positions * double(shape.keyDim + shape.valueDim);
      double peak =
          operations / double(region.area()) / target.macsPerCycle("f16");
      EXPECT_GE(attentionDecode(rates, shape, 8192, region).total(), peak);
    }
}

/// Fewer key heads: the same arithmetic, fewer bytes to read.
TEST_P(AttentionTest, GroupedQueriesReadLess) {
  AttentionShape all = {64, 64, 128, 128, 0, 1},
                 grouped = {64, 8, 128, 128, 0, 1};
  EXPECT_LE(attentionDecode(rates, grouped, 32768, {64, 64}).sram,
            attentionDecode(rates, all, 32768, {64, 64}).sram);
}

TEST_P(AttentionTest, AChunkCostsLessThanItsTokensOneByOne) {
  AttentionShape shape = {32, 8, 128, 128, 0, 1};
  double chunk = attentionPrefill(rates, shape, 64, 4096, {64, 64}).total();
  double single = attentionDecode(rates, shape, 4096, {64, 64}).total();
  EXPECT_LT(chunk, 64 * single);
  EXPECT_GT(chunk, single);
}

INSTANTIATE_TEST_SUITE_P(Modes, AttentionTest,
                         ::testing::Values(Mode::Ideal, Mode::Calibrated));

} // namespace
