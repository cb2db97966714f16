//===- PackingTest.cpp - Ranges of bytes that live for a while ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Packing.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <ctime>
#include <random>

using namespace inlay::model;
using testing::ElementsAre;

namespace {

bool overlap(const LiveRange &a, const LiveRange &b) {
  return a.begin < b.end && b.begin < a.end;
}

void expectLegal(const std::vector<LiveRange> &ranges, const Packing &packing) {
  ASSERT_EQ(packing.offsets.size(), ranges.size());
  int64_t end = 0;
  for (size_t i = 0; i < ranges.size(); ++i) {
    ASSERT_GE(packing.offsets[i], 0);
    end = std::max(end, packing.offsets[i] + ranges[i].bytes);
    for (size_t j = 0; j < i; ++j)
      ASSERT_TRUE(!overlap(ranges[i], ranges[j]) ||
                  packing.offsets[i] + ranges[i].bytes <= packing.offsets[j] ||
                  packing.offsets[j] + ranges[j].bytes <= packing.offsets[i])
          << i << " and " << j;
  }
  EXPECT_EQ(packing.peak, end);
  EXPECT_GE(packing.peak, liveBytes(ranges));
}

std::vector<LiveRange> draw(std::mt19937 &random, int count, int steps,
                            int longest) {
  std::vector<LiveRange> ranges;
  for (int i = 0; i < count; ++i) {
    int begin = static_cast<int>(random() % steps);
    ranges.push_back({static_cast<int64_t>(random() % 40 * 16), begin,
                      begin + 1 + static_cast<int>(random() % longest)});
  }
  return ranges;
}

TEST(PackingTest, NothingTakesNothing) {
  EXPECT_EQ(pack({}).peak, 0);
  EXPECT_EQ(liveBytes({}), 0);
}

TEST(PackingTest, WhatEndsMakesRoomForWhatBegins) {
  std::vector<LiveRange> chain = {{32, 0, 1}, {32, 1, 2}, {16, 1, 3}};
  EXPECT_EQ(liveBytes(chain), 48);
  Packing packing = pack(chain);
  EXPECT_EQ(packing.peak, 48);
  EXPECT_THAT(packing.offsets, ElementsAre(0, 0, 32));
}

TEST(PackingTest, ShortAndLongRunsAreLegalAndNearTheBound) {
  std::mt19937 random(11);
  for (int count : {3, 20, int(kMostFirstFit), int(kMostFirstFit) + 1, 600})
    for (int round = 0; round < 40; ++round) {
      std::vector<LiveRange> ranges = draw(random, count, count, 8);
      Packing packing = pack(ranges);
      expectLegal(ranges, packing);
      EXPECT_LE(double(packing.peak), 1.35 * double(liveBytes(ranges)))
          << count << " ranges, round " << round;
    }
}

TEST(PackingTest, RunsArePackedAsIfTheOthersWereNotThere) {
  std::mt19937 random(5);
  std::vector<LiveRange> first = draw(random, 30, 20, 5), second;
  for (LiveRange range : draw(random, 40, 20, 5))
    second.push_back({range.bytes, range.begin + 100, range.end + 100});
  std::vector<LiveRange> both = first;
  both.insert(both.end(), second.begin(), second.end());
  EXPECT_EQ(pack(both).peak, std::max(pack(first).peak, pack(second).peak));
}

/// First-fit by falling bytes leaves a gap here; another order fills it.
TEST(PackingTest, SearchesOnWhereThePeakIsTooHigh) {
  std::mt19937 random(3);
  int found = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<LiveRange> ranges = draw(random, 7, 6, 4);
    Packing packing = pack(ranges);
    Packing searched = pack(ranges, liveBytes(ranges));
    expectLegal(ranges, searched);
    EXPECT_LE(searched.peak, packing.peak);
    found += searched.peak < packing.peak;
  }
  EXPECT_GT(found, 0);
}

TEST(PackingTest, ManyRangesTakeLittleTime) {
  std::mt19937 random(17);
  std::vector<LiveRange> ranges = draw(random, 300000, 1000, 900);
  std::clock_t start = std::clock();
  Packing packing = pack(ranges);
  double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
  EXPECT_LT(seconds, 10) << "a quadratic packer takes minutes";
  EXPECT_LE(double(packing.peak), 1.05 * double(liveBytes(ranges)));
}

} // namespace
