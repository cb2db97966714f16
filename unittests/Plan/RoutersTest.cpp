//===- RoutersTest.cpp - How a router of a plan is set --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Plan/Routers.h"

#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <limits>
#include <random>

using namespace inlay;
using namespace inlay::plan;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

class RoutersTest : public testing::Test {
protected:
  /// The examples of docs/plan.md.
  void SetUp() override {
    Route trunk;
    trunk.name = "trunk";
    trunk.colours = {6};
    trunk.segments = {{{3, 2, 1, 1}, "ramp", {"E"}},
                      {{4, 2, 3, 1}, "W", {"E"}},
                      {{7, 2, 1, 1}, "W", {"S"}},
                      {{7, 3, 1, 1}, "N", {"S"}},
                      {{7, 4, 1, 1}, "N", {"S", "ramp"}, 1},
                      {{7, 5, 1, 1}, "N", {"ramp"}}};
    Route lines;
    lines.name = "lines";
    lines.inTurn = true;
    lines.colours = {0};
    lines.pattern = "broadcast";
    lines.lineAxis = "x";
    lines.lines = {{2, 4, 6, 2}};
    plan.routes = {trunk, lines};
    Pattern broadcast;
    broadcast.name = "broadcast";
    broadcast.length = 6;
    broadcast.segments = {{5, 1, 1, 0, "ramp", {"back"}},
                          {1, 4, 1, 0, "ahead", {"back", "ramp"}},
                          {0, 1, 1, 0, "ahead", {"ramp"}}};
    plan.patterns = {broadcast};
  }

  /// "route colour in>out@position" of each setting, or the error.
  std::vector<std::string> at(int64_t x, int64_t y, int64_t wafer = 0) {
    Diagnostics diags;
    auto settings = routerSettings(plan, wafer, x, y, diags);
    std::vector<std::string> list;
    if (!settings) {
      llvm::raw_string_ostream os(list.emplace_back());
      diags.print(os);
      return list;
    }
    for (const RouterSetting &setting : *settings)
      list.push_back(setting.route->name + " " +
                     std::to_string(setting.colour) + " " + ports(setting.in) +
                     ">" + ports(setting.out) + "@" +
                     std::to_string(setting.position));
    return list;
  }
  static std::string ports(unsigned set) {
    std::string text;
    for (auto [port, name] :
         {std::pair(kWest, 'W'), std::pair(kEast, 'E'), std::pair(kNorth, 'N'),
          std::pair(kSouth, 'S'), std::pair(kRamp, 'r')})
      if (set & port)
        text += name;
    return text;
  }

  Plan plan;
};

TEST_F(RoutersTest, FollowsTheExamplesOfTheGuide) {
  EXPECT_THAT(at(5, 2), ElementsAre("trunk 6 W>E@0"));
  EXPECT_THAT(at(3, 2), ElementsAre("trunk 6 r>E@0"));
  EXPECT_THAT(at(4, 5), ElementsAre("lines 0 E>Wr@0"));
  EXPECT_THAT(at(7, 4), ElementsAre("trunk 6 N>Sr@1", "lines 0 r>W@0"));
  EXPECT_THAT(at(2, 4), ElementsAre("lines 0 E>r@0"));
  EXPECT_THAT(at(2, 3), IsEmpty());
  EXPECT_THAT(at(5, 2, /*wafer=*/1), IsEmpty());
}

TEST_F(RoutersTest, LinesAlongColumnsTurnThePorts) {
  plan.routes[1].lineAxis = "y";
  plan.routes[1].lines = {{2, 4, 2, 6, 2, 10, 1}};
  EXPECT_THAT(at(13, 5), ElementsAre("lines 0 S>r@0"));
  EXPECT_THAT(at(13, 10), ElementsAre("lines 0 r>N@0"));
  EXPECT_THAT(at(13, 4), IsEmpty());
}

TEST_F(RoutersTest, CopiesAreWhereTheyAre) {
  // Against all copies, one after the other.
  std::mt19937 random(3);
  auto draw = [&](int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(random);
  };
  plan.routes.pop_back();
  for (int i = 0; i < 200; ++i) {
    Area area{draw(0, 6), draw(0, 6),  draw(1, 3), draw(1, 3),
              draw(1, 4), draw(-3, 3), draw(-3, 3)};
    plan.routes[0].segments = {{area, "W", {"E"}}};
    for (int64_t x = 0; x < 12; ++x)
      for (int64_t y = 0; y < 12; ++y) {
        bool isIn = false;
        for (int64_t k = 0; k < area.count; ++k)
          isIn |= area.x + k * area.dx <= x &&
                  x < area.x + k * area.dx + area.width &&
                  area.y + k * area.dy <= y &&
                  y < area.y + k * area.dy + area.height;
        EXPECT_EQ(at(x, y).size(), isIn ? 1u : 0u);
      }
  }
}

TEST_F(RoutersTest, RefusesWhatContradictsItself) {
  const Plan sound = plan;
  auto errorAt = [&](auto change) {
    plan = sound;
    change(plan.routes[1]);
    return at(4, 4).front();
  };
  EXPECT_THAT(errorAt([](Route &r) { r.pattern = "none"; }),
              HasSubstr("route 'lines': has the pattern 'none', which the plan "
                        "does not have"));
  EXPECT_THAT(errorAt([](Route &r) { r.lineAxis = "z"; }),
              HasSubstr("has lines along 'z', which is neither x nor y"));
  EXPECT_THAT(errorAt([](Route &r) { r.colours.clear(); }),
              HasSubstr("uses colour number 0 of its 0"));
  EXPECT_THAT(errorAt([&](Route &) {
                plan.patterns[0].segments[1].out = {"back", "W"};
              }),
              HasSubstr("has a port 'W', which there is not"));
  EXPECT_THAT(
      errorAt([&](Route &r) { r.segments = {{{4, 4, 1, 1}, "ahead", {"E"}}}; }),
      HasSubstr("has a port 'ahead', which there is not"));
  // Numbers at the ends of their range.
  plan = sound;
  plan.routes[0].segments = {
      {{-kHuge, -kHuge, kHuge, kHuge, kHuge, 1, 1}, "W", {"E"}}};
  plan.routes[1].lines = {{kHuge, 0, kHuge, kHuge, kHuge, -kHuge, 0}};
  plan.patterns[0].segments = {{0, kHuge, 0, 0, "ramp", {"ahead"}}};
  EXPECT_THAT(at(5, 5), ElementsAre("trunk 6 W>E@0", "lines 0 r>E@0"));
}

} // namespace
