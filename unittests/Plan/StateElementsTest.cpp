//===- StateElementsTest.cpp - What a core has of a state -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Plan/CoreBytes.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <limits>
#include <map>

using namespace inlay;
using namespace inlay::plan;
using testing::HasSubstr;

namespace {

/// Keys of 2 heads of 4 elements: heads and elements over 3 columns, places
/// over 3 rows.
struct Keys {
  Kernel kernel;
  State state;

  explicit Keys(int64_t places) {
    kernel.name = "k";
    kernel.rectangle = {8, 16, 3, 3};
    state.name = "keys";
    state.bits = 16;
    state.shape = {1, 2, places, 4};
    state.contextDim = 2;
    state.cuts = {
        {"token", 1, "none", 1, 1, 1, 1, 1, 1},
        {"head", 2, "x", 3, 1, 3, 4, 8, 2},
        {"context", places, "y", 3, 1, (places + 2) / 3, 1, places, places},
        {"dim", 4, "x", 3, 1, 3, 1, 8, 4}};
  }

  std::vector<int64_t> of(int64_t column, int64_t row) const {
    Diagnostics diags;
    CorePlace core = findCore(kernel, 8 + column, 16 + row);
    auto elements = stateElements(state, core, diags);
    EXPECT_TRUE(elements) << diags.all().front().message;
    return elements.value_or(std::vector<int64_t>());
  }
  std::string error() const {
    Diagnostics diags;
    EXPECT_FALSE(stateElements(state, findCore(kernel, 8, 16), diags));
    return diags.all().empty() ? "" : diags.all().front().message;
  }
};

TEST(StateElementsTest, PlacesAreDealtAndTheSlowest) {
  // Column 1 has the last element of head 0 and two of head 1; row 2 has places
  // 2 and 5 of 7.
  Keys keys(7);
  EXPECT_EQ(keys.of(1, 2),
            (std::vector<int64_t>{2 * 4 + 3, 28 + 2 * 4, 28 + 2 * 4 + 1,
                                  5 * 4 + 3, 28 + 5 * 4, 28 + 5 * 4 + 1}));
  // The third column has what is left: 8 points in runs of 3.
  EXPECT_EQ(keys.of(2, 0).size(), 2 * 3u);
}

/// Every element is on one core, any run of places spread alike, and none moves
/// when the context grows.
TEST(StateElementsTest, NothingMovesWhenAContextGrows) {
  std::map<std::pair<int64_t, int64_t>, std::vector<std::vector<int64_t>>> last;
  for (int64_t places = 1; places < 20; ++places) {
    Keys keys(places);
    std::map<int64_t, int> held;
    for (int64_t column = 0; column < 3; ++column)
      for (int64_t row = 0; row < 3; ++row) {
        std::vector<std::vector<int64_t>> own;
        std::map<int64_t, int> tail; // of the last 4 places
        for (int64_t element : keys.of(column, row)) {
          ++held[element];
          int64_t place = element / 4 % places;
          own.push_back({element / 4 / places, place, element % 4});
          if (place >= places - 4)
            ++tail[place];
        }
        EXPECT_LE(tail.size(), 2u);
        auto &before = last[{column, row}];
        ASSERT_LE(before.size(), own.size());
        EXPECT_TRUE(std::equal(before.begin(), before.end(), own.begin()));
        before = own;
      }
    EXPECT_EQ(held.size(), size_t(2 * places * 4));
    for (auto [element, times] : held)
      EXPECT_EQ(times, 1);
  }
}

/// However many parts there are said to be, numbers do not overflow.
TEST(StateElementsTest, PartsBeyondAllCoresAreHarmless) {
  Keys keys(7);
  keys.state.cuts[2].parts = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(keys.of(1, 2),
            (std::vector<int64_t>{2 * 4 + 3, 28 + 2 * 4, 28 + 2 * 4 + 1}));
}

TEST(StateElementsTest, StatesThatLieAreRefused) {
  Keys keys(7);
  keys.state.cuts[1].axis = "z";
  EXPECT_THAT(keys.error(), HasSubstr("is cut on 'z', which is no axis"));
  keys = Keys(7);
  keys.state.cuts[3].inner = 0;
  EXPECT_THAT(keys.error(), HasSubstr("has a cut of dim 'dim' that does not go "
                                      "with its shape"));
  keys = Keys(7);
  keys.state.cuts.pop_back();
  EXPECT_THAT(keys.error(), HasSubstr("has 3 cuts for 4 dims"));
  keys = Keys(int64_t(1) << 40);
  EXPECT_THAT(keys.error(),
              HasSubstr("has more elements on a core than its SRAM"));
}

} // namespace
