//===- CoverTest.cpp - Whether views take every element once --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Check/Cover.h"

#include "gtest/gtest.h"

#include <chrono>
#include <random>

using namespace inlay::checker;

namespace {

/// Counts one element after the other.
std::optional<int64_t> counted(const std::vector<View> &views, int64_t size) {
  std::vector<int> taken(size);
  for (const View &view : views) {
    std::vector<int64_t> places = {view.first};
    for (auto [count, stride] : view.dims) {
      std::vector<int64_t> next;
      for (int64_t place : places)
        for (int64_t i = 0; i < count; ++i)
          next.push_back(place + i * stride);
      places = std::move(next);
    }
    for (int64_t place : places) {
      if (place < 0 || place >= size)
        return std::nullopt;
      ++taken[place];
    }
  }
  for (int count : taken)
    if (count != taken[0])
      return std::nullopt;
  return size == 0 ? 0 : taken[0];
}

TEST(CoverTest, WholeTensorsInAnyOrderOfDims) {
  EXPECT_EQ(coverage({{0, {{6, 4}, {4, 1}}}}, 24), 1);
  EXPECT_EQ(coverage({{0, {{4, 1}, {6, 4}}}}, 24), 1);
  EXPECT_EQ(coverage({{0, {{24, 1}}}, {0, {{2, 12}, {12, 1}}}}, 24), 2);
  EXPECT_EQ(coverage({{0, {}}}, 1), 1);
  EXPECT_EQ(coverage({}, 0), 0);
  EXPECT_EQ(coverage({}, 4), 0);
}

TEST(CoverTest, PartsOfOneTensor) {
  // Gate and up interleaved by rows, in halves, and packed QKV.
  EXPECT_EQ(coverage({{0, {{3, 40}, {4, 10}, {5, 1}}},
                      {5, {{3, 40}, {4, 10}, {5, 1}}}},
                     120),
            1);
  EXPECT_EQ(coverage({{0, {{3, 40}, {4, 5}, {5, 1}}},
                      {20, {{3, 40}, {4, 5}, {5, 1}}}},
                     120),
            1);
  EXPECT_EQ(
      coverage({{0, {{8, 4}, {4, 1}}}, {32, {{8, 1}}}, {40, {{8, 1}}}}, 48), 1);
}

TEST(CoverTest, WhatIsMissingOrTakenTwiceIsFound) {
  EXPECT_FALSE(coverage({{0, {{6, 4}, {3, 1}}}}, 24));
  EXPECT_FALSE(coverage({{1, {{24, 1}}}}, 24));
  EXPECT_FALSE(coverage({{0, {{24, 1}}}}, 23));
  EXPECT_FALSE(coverage({{0, {{12, 1}}}, {11, {{12, 1}}}}, 24));
  EXPECT_FALSE(coverage({{0, {{12, 1}}}, {0, {{12, 1}}}}, 24));
  EXPECT_FALSE(coverage({{0, {{2, 0}, {12, 1}}}}, 24));
  EXPECT_FALSE(coverage({{-1, {{24, 1}}}}, 24));
}

/// Splits [0, size) at random, along strides and into blocks, and sometimes
/// breaks what came out.
TEST(CoverTest, AgreesWithCountingOnRandomSplits) {
  std::mt19937 random(7);
  auto draw = [&](int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random);
  };
  int whole = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<View> views = {{0, {}}};
    int64_t size = 1;
    for (int dim = draw(1, 4); dim > 0; --dim) {
      int64_t count = draw(1, 4);
      bool isSplit = draw(0, 3) == 0;
      std::vector<View> next;
      for (const View &view : views)
        for (int64_t part = 0; part < (isSplit ? count : 1); ++part) {
          View copy = view;
          copy.first += part * size;
          copy.dims.insert(copy.dims.begin() + draw(0, int(copy.dims.size())),
                           {isSplit ? 1 : count, size});
          next.push_back(copy);
        }
      views = std::move(next);
      size *= count;
    }
    if (draw(0, 2) == 0) {
      View &view = views[draw(0, int(views.size()) - 1)];
      if (draw(0, 1) || view.dims.empty())
        view.first += draw(-1, 1);
      else
        view.dims[draw(0, int(view.dims.size()) - 1)].second += draw(-1, 1);
    }
    std::optional<int64_t> wanted = counted(views, size);
    whole += wanted.has_value();
    ASSERT_EQ(coverage(views, size), wanted) << "round " << round;
  }
  EXPECT_GT(whole, 1500);
  EXPECT_LT(whole, 2900);
}

TEST(CoverTest, SizeDoesNotCount) {
  int64_t experts = 384, rows = 2048, columns = 7168;
  std::vector<View> views;
  for (int64_t half = 0; half < 2; ++half)
    views.push_back(
        {half * columns,
         {{experts, 2 * rows * columns}, {rows, 2 * columns}, {columns, 1}}});
  EXPECT_EQ(coverage(views, 2 * experts * rows * columns), 1);
}

} // namespace
