//===- SliceTest.cpp - Lengths of slices of experts -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Dataflow/Transforms/SliceExperts.h"
#include "dialects/Wafer/Transforms/SliceShares.h"

#include "gtest/gtest.h"

#include <numeric>

using namespace inlay;
using Lengths = llvm::SmallVector<int64_t>;

TEST(SliceTest, LengthsAddUpToTheWholeInUnits) {
  const Lengths shares[] = {{1, 1},    {5, 3, 2}, {2646, 1830, 1352, 920},
                            {1, 1000}, {1000, 1}, {7, 7, 7, 7, 7, 7, 7}};
  for (int64_t unit : {1, 2, 32, 128})
    for (const Lengths &wanted : shares) {
      Lengths lengths = dataflow::proportionalSlices(2048, unit, wanted);
      EXPECT_EQ(lengths.size(), wanted.size());
      EXPECT_TRUE(dataflow::areSlices(2048, unit, lengths));
      double sum = std::accumulate(wanted.begin(), wanted.end(), 0.0);
      // As near as units allow, or one unit where the share is less.
      for (size_t s = 0; s < wanted.size(); ++s)
        EXPECT_NEAR(double(lengths[s]), 2048 * double(wanted[s]) / sum,
                    double(unit));
    }
}

TEST(SliceTest, EachSliceHasAUnit) {
  EXPECT_EQ(dataflow::proportionalSlices(128, 32, {9, 1, 1, 1, 1, 1}),
            Lengths({32, 32, 32, 32}));
  EXPECT_EQ(dataflow::proportionalSlices(128, 32, {100, 1, 1}),
            Lengths({64, 32, 32}));
  EXPECT_EQ(dataflow::proportionalSlices(128, 32, {1, 1, 100}),
            Lengths({32, 32, 64}));
}

TEST(SliceTest, NothingIsCutWhereUnitsDoNotMakeTheWhole) {
  EXPECT_TRUE(dataflow::proportionalSlices(100, 32, {1, 1}).empty());
  EXPECT_TRUE(dataflow::proportionalSlices(100, 0, {1, 1}).empty());
}

TEST(SliceTest, SlicesAreSeveralOfWholeUnitsThatAddUp) {
  EXPECT_TRUE(dataflow::areSlices(128, 32, {96, 32}));
  EXPECT_FALSE(dataflow::areSlices(128, 32, {128}));
  EXPECT_FALSE(dataflow::areSlices(128, 32, {}));
  EXPECT_FALSE(dataflow::areSlices(128, 32, {100, 28}));
  EXPECT_FALSE(dataflow::areSlices(128, 32, {64, 32}));
  EXPECT_FALSE(dataflow::areSlices(128, 32, {96, 64}));
  EXPECT_FALSE(dataflow::areSlices(128, 32, {128, 0}));
  EXPECT_FALSE(dataflow::areSlices(128, 32, {160, -32}));
  EXPECT_FALSE(dataflow::areSlices(128, 0, {64, 64}));
}

TEST(SliceTest, SharesAreANumberOrSeveral) {
  EXPECT_EQ(wafer::parseShares("3"), wafer::Shares({1, 1, 1}));
  EXPECT_EQ(wafer::parseShares("5:3:2"), wafer::Shares({5, 3, 2}));
  for (const char *wrong : {"", "0", "-1", "x", "3:", ":3", "3:0", "3::2",
                            "1.5", "99999999999999999999", "2000000"})
    EXPECT_FALSE(wafer::parseShares(wrong)) << wrong;
}
