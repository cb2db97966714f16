//===- RoutingTest.cpp - Routes of streams and collectives ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RoutingProblems.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <map>
#include <random>
#include <set>

using namespace inlay;
using namespace inlay::routing;
using testing::HasSubstr;

namespace {

//===----------------------------------------------------------------------===//
// Brute force: every router of a small grid
//===----------------------------------------------------------------------===//

struct RouterSetting {
  int route;
  Port in;
  Ports out;
};

/// Settings of a wafer by (x, y) and colour, as docs/plan.md says.
std::map<std::tuple<int64_t, int64_t, int>, std::vector<RouterSetting>>
expand(const Solution &solution, int wafer) {
  std::map<std::tuple<int64_t, int64_t, int>, std::vector<RouterSetting>> all;
  for (size_t r = 0; r < solution.routes.size(); ++r) {
    const Route &route = solution.routes[r];
    if (route.wafer != wafer)
      continue;
    for (const Segment &segment : route.segments)
      for (int64_t k = 0; k < segment.area.count; ++k) {
        Rect rect = segment.area.copy(k);
        for (int64_t y = rect.y; y < rect.bottom(); ++y)
          for (int64_t x = rect.x; x < rect.right(); ++x)
            all[{x, y, route.colours[0]}].push_back(
                {static_cast<int>(r), segment.in, segment.out});
      }
  }
  return all;
}

/// Follows what each hub sends, router by router; returns the cores it reaches.
std::set<std::pair<int64_t, int64_t>>
follow(const Solution &solution, size_t index, const model::Extent &grid) {
  const Route &route = solution.routes[index];
  std::set<std::pair<int64_t, int64_t>> reached;
  std::vector<std::tuple<int64_t, int64_t, Port>> open;
  std::map<std::pair<int64_t, int64_t>, RouterSetting> settings;
  for (const auto &[key, list] : expand(solution, route.wafer))
    for (const RouterSetting &setting : list)
      if (setting.route == static_cast<int>(index)) {
        auto [x, y, colour] = key;
        settings[{x, y}] = setting;
        if (setting.in == Port::Ramp) {
          open.emplace_back(x, y, Port::Ramp);
          if (route.kind == RouteKind::Spread)
            reached.emplace(x, y);
        }
        if ((setting.in == Port::West && x == 0) ||
            (setting.in == Port::North && y == 0))
          open.emplace_back(x, y, setting.in);
      }
  size_t visited = 0;
  for (size_t i = 0; i < open.size(); ++i) {
    auto [x, y, in] = open[i];
    auto found = settings.find({x, y});
    if (found == settings.end() || found->second.in != in) {
      ADD_FAILURE() << "nothing takes in at " << x << ", " << y;
      return {};
    }
    if (++visited > settings.size()) {
      ADD_FAILURE() << "goes in a circle";
      return {};
    }
    for (Port port : kAllPorts) {
      if (!found->second.out.has(port))
        continue;
      Offset offset = offsetOf(port);
      int64_t nextX = x + offset.dx, nextY = y + offset.dy;
      if (port == Port::Ramp)
        reached.emplace(x, y);
      else if (nextX >= 0 && nextY >= 0 && nextX < grid.width &&
               nextY < grid.height)
        open.emplace_back(nextX, nextY, opposite(port));
    }
  }
  EXPECT_EQ(visited, settings.size()) << "routers that nothing comes to";
  return reached;
}

/// Every consumer core gets what it needs, router by router.
void checkByRouters(const Problem &problem, const Solution &solution) {
  for (int wafer = 0; wafer < problem.wafers; ++wafer)
    for (const auto &[key, list] : expand(solution, wafer)) {
      auto [x, y, colour] = key;
      std::set<int> trunks, turns;
      for (const RouterSetting &setting : list)
        (solution.routes[setting.route].region < 0 ? trunks : turns)
            .insert(setting.route);
      EXPECT_TRUE(trunks.empty() || turns.empty()) << x << ", " << y;
      EXPECT_LE(trunks.size(), size_t(kSwitchPositions));
      EXPECT_GE(colour, 0);
      EXPECT_LT(colour, problem.colours);
    }
  for (size_t f = 0; f < problem.flows.size(); ++f) {
    const Flow &flow = problem.flows[f];
    if (flow.to == kHost)
      continue;
    int end = problem.waferOf(flow.to);
    std::set<std::pair<int64_t, int64_t>> reached;
    for (size_t r = 0; r < solution.routes.size(); ++r) {
      const Route &route = solution.routes[r];
      if (route.flow != static_cast<int>(f) || route.wafer != end ||
          route.kind == RouteKind::Gather)
        continue;
      if (route.kind == RouteKind::Trunk) {
        auto cores = follow(solution, r, problem.grid);
        reached.insert(cores.begin(), cores.end());
      }
    }
    for (size_t r = 0; r < solution.routes.size(); ++r) {
      const Route &route = solution.routes[r];
      if (route.flow != static_cast<int>(f) || route.kind != RouteKind::Spread)
        continue;
      // A tree for each row: its root has it from the trunk.
      for (const Segment &segment : route.segments)
        for (int64_t k = 0; k < segment.area.count; ++k) {
          Rect rect = segment.area.copy(k);
          for (int64_t y = rect.y; y < rect.bottom(); ++y)
            for (int64_t x = rect.x; x < rect.right(); ++x)
              if (segment.in == Port::Ramp)
                EXPECT_TRUE(reached.count({x, y})) << x << ", " << y;
        }
    }
    for (size_t r = 0; r < solution.routes.size(); ++r)
      if (solution.routes[r].flow == static_cast<int>(f) &&
          solution.routes[r].kind == RouteKind::Spread) {
        auto cores = follow(solution, r, problem.grid);
        reached.insert(cores.begin(), cores.end());
      }
    const Rect &sink = flow.sink;
    for (int64_t y = sink.y; y < sink.bottom(); ++y)
      for (int64_t x = sink.x; x < sink.right(); ++x)
        EXPECT_TRUE(reached.count({x, y}))
            << "flow " << f << " misses " << x << ", " << y;
  }
}

//===----------------------------------------------------------------------===//
// Properties
//===----------------------------------------------------------------------===//

int64_t trunksOf(const Solution &solution) {
  return std::count_if(
      solution.routes.begin(), solution.routes.end(),
      [](const Route &route) { return route.kind == RouteKind::Trunk; });
}

TEST(RoutingTest, NeighboursAreJoinedByStraightLanes) {
  Problem problem = machine(64, 32, {{0, 0, 30, 32}, {30, 0, 34, 32}});
  connect(problem, 0, 1, Axis::Y, Axis::Y, 4096);
  Solution solution = solved(problem);
  checkByRouters(problem, solution);
  EXPECT_GE(trunksOf(solution), 8);
  // Gathers and spreads take colour 0, all lanes one other.
  EXPECT_EQ(solution.coloursUsed, 2);
  EXPECT_EQ(solution.lowerBound, 2);
}

TEST(RoutingTest, FlowsWithTimeToSpareTakeFewLanes) {
  for (int64_t spare : {0, 600, 2048, 9000}) {
    Problem problem = machine(64, 32, {{0, 0, 30, 32}, {30, 0, 34, 32}});
    connect(problem, 0, 1, Axis::Y, Axis::Y, 4096);
    problem.flows.front().spareWavelets = spare;
    Solution solution = solved(problem);
    checkByRouters(problem, solution);
    // No lane carries more than is free, and one less would.
    int64_t lanes = trunksOf(solution);
    if (spare > 0) {
      EXPECT_LE(4096 / lanes, spare);
      EXPECT_TRUE(lanes == 1 || 4096 / (lanes - 1) > spare) << lanes;
    } else {
      EXPECT_GE(lanes, 8);
    }
  }
}

/// Lanes that turn into landings along several groups do not cross: all take
/// one colour beyond those of what is in turn.
TEST(RoutingTest, LanesToSeveralGroupsShareAColour) {
  for (const auto &regions : std::vector<std::vector<Rect>>{
           {{0, 0, 20, 40}, {24, 0, 24, 36}},    // comes from the north-west
           {{0, 4, 20, 44}, {24, 0, 24, 36}},    // from the south-west
           {{30, 0, 18, 40}, {2, 0, 24, 36}},    // from the north-east
           {{0, 9, 20, 22}, {24, 0, 24, 36}},    // from the west
           {{28, 9, 20, 22}, {0, 0, 24, 36}},    // from the east
           {{8, 0, 20, 10}, {4, 11, 24, 36}},    // from above
           {{8, 37, 20, 10}, {4, 0, 24, 36}}}) { // from below
    Problem problem = machine(48, 48, regions);
    connect(problem, 0, 1, Axis::Y, Axis::Y, 3584, {8, 12});
    Solution solution = solved(problem);
    checkByRouters(problem, solution);
    EXPECT_GT(trunksOf(solution), 4);
    EXPECT_EQ(solution.coloursUsed, 2);
  }
}

TEST(RoutingTest, EveryPairOfCutsAndPlacesIsRouted) {
  std::vector<std::vector<Rect>> places = {
      {{0, 0, 10, 12}, {20, 3, 12, 20}}, {{20, 3, 12, 20}, {0, 0, 10, 12}},
      {{0, 0, 24, 8}, {5, 20, 14, 10}},  {{5, 20, 14, 10}, {0, 0, 24, 8}},
      {{0, 0, 6, 6}, {24, 24, 8, 8}},    {{24, 0, 8, 8}, {0, 20, 9, 12}},
      {{0, 0, 1, 1}, {10, 10, 5, 4}},    {{10, 10, 5, 4}, {0, 0, 1, 1}},
      {{0, 0, 32, 1}, {0, 1, 32, 31}},   {{0, 0, 1, 32}, {1, 0, 31, 32}}};
  for (const auto &regions : places)
    for (Axis given : {Axis::None, Axis::X, Axis::Y, Axis::Both})
      for (Axis wanted : {Axis::None, Axis::X, Axis::Y, Axis::Both})
        for (int64_t wavelets : {1, 7, 900, 5000}) {
          Problem problem = machine(32, 32, regions);
          connect(problem, 0, 1, given, wanted, wavelets);
          checkByRouters(problem, solved(problem));
        }
}

TEST(RoutingTest, CutsThatDisagreeWithinARegionAreTurned) {
  for (Rect rect : {Rect{3, 2, 20, 12}, Rect{0, 0, 7, 30}, Rect{4, 4, 9, 1},
                    Rect{4, 4, 1, 9}})
    for (Axis given : {Axis::None, Axis::X, Axis::Y})
      for (Axis wanted : {Axis::None, Axis::X, Axis::Y}) {
        Problem problem = machine(32, 32, {rect});
        problem.kernels.push_back({"k1", 0});
        connect(problem, 0, 1, given, wanted, 3000);
        checkByRouters(problem, solved(problem));
      }
}

TEST(RoutingTest, EveryGroupOfExpertsIsReached) {
  Problem problem = machine(40, 40, {{0, 5, 10, 20}, {12, 0, 24, 36}});
  connect(problem, 0, 1, Axis::Y, Axis::Y, 3584, {8, 12});
  checkByRouters(problem, solved(problem));
  problem = machine(40, 40, {{0, 5, 10, 20}, {12, 0, 24, 36}});
  connect(problem, 0, 1, Axis::Y, Axis::X, 3584, {8, 12});
  checkByRouters(problem, solved(problem));
}

TEST(RoutingTest, CrossingsLeaveEastAndEnterWest) {
  for (Axis wanted : {Axis::None, Axis::X, Axis::Y}) {
    Problem problem = machine(32, 32, {{2, 2, 10, 20}, {5, 6, 20, 20}});
    problem.wafers = 2;
    problem.regions[1].wafer = 1;
    connect(problem, 0, 1, Axis::Y, wanted, 2000);
    connect(problem, kHost, 0, Axis::None, Axis::None, 4);
    connect(problem, 1, kHost, Axis::X, Axis::None, 40);
    Solution solution = solved(problem);
    checkByRouters(problem, solution);
    auto edge = std::find_if(
        solution.links.begin(), solution.links.end(),
        [](const LinkLoad &l) { return l.kind == LinkKind::Edge; });
    ASSERT_NE(edge, solution.links.end());
    // What leaves for the next wafer and for the host.
    EXPECT_GE(edge->total, 2040);
  }
}

TEST(RoutingTest, DeadCoresAreGoneRound) {
  Problem problem = machine(32, 32, {{0, 8, 8, 16}, {24, 8, 8, 16}});
  problem.dead = {{12, 4, 3, 24}, {18, 10, 2, 22}};
  connect(problem, 0, 1, Axis::Y, Axis::Y, 2000);
  Solution solution = solved(problem);
  checkByRouters(problem, solution);
  for (const Route &route : solution.routes)
    for (const Segment &segment : route.segments)
      for (const Rect &dead : problem.dead)
        EXPECT_FALSE(segment.area.bounds().overlaps(dead) &&
                     segment.area.count == 1);
}

TEST(RoutingTest, AWallOfDeadCoresIsAnError) {
  Problem problem = machine(32, 32, {{0, 8, 8, 16}, {24, 8, 8, 16}});
  problem.dead = {{12, 0, 3, 32}};
  connect(problem, 0, 1, Axis::Y, Axis::Y, 2000);
  Diagnostics diags;
  EXPECT_FALSE(solve(problem, diags));
  EXPECT_THAT(
      textOf(diags),
      HasSubstr("what 'k0' sends to 'k1': finds no way from (0, 8) to 'k1' "
                "round the dead cores, which cut wafer 0 in two; keep all but "
                "one part free with 'keep_out' constraints"));
  EXPECT_EQ(diags.exitStatus(), 2);
}

/// Flows from and to the host and over wafers, with these cores dead.
static Problem crossings(Axis wanted, std::vector<Rect> dead) {
  Problem problem = machine(32, 32, {{4, 2, 8, 20}, {5, 6, 20, 20}});
  problem.wafers = 2;
  problem.regions[1].wafer = 1;
  problem.dead = std::move(dead);
  connect(problem, 0, 1, Axis::Y, wanted, 2000);
  connect(problem, kHost, 0, Axis::None, Axis::None, 4);
  connect(problem, 1, kHost, Axis::X, Axis::None, 40);
  return problem;
}

TEST(RoutingTest, WafersAreEnteredAndLeftBesideDeadCores) {
  // Corners, most of an edge, and a room whose only door is at its north end.
  const std::vector<std::vector<Rect>> all = {
      {{0, 0, 1, 1}, {31, 0, 1, 1}, {0, 31, 1, 1}, {31, 31, 1, 1}},
      {{0, 1, 1, 31}, {31, 0, 1, 30}},
      {{0, 0, 2, 20}, {0, 23, 1, 9}},
      {{1, 4, 2, 28}, {28, 0, 3, 31}}};
  for (const std::vector<Rect> &dead : all)
    for (Axis wanted : {Axis::None, Axis::X, Axis::Y}) {
      Problem problem = crossings(wanted, dead);
      checkByRouters(problem, solved(problem));
    }
}

TEST(RoutingTest, EdgesWithoutLiveCoresAreNamed) {
  const std::pair<std::vector<Rect>, const char *> all[] = {
      {{{0, 0, 1, 32}},
       "what the host sends to 'k0': crosses the west edge of wafer 0, all 32 "
       "cores of which are dead; no plan does without it, for there the host "
       "is"},
      {{{31, 0, 1, 32}},
       "what 'k0' sends to 'k1': crosses the east edge of wafer 0, all 32 "
       "cores of which are dead; only plans on one wafer do without it"},
      {{{28, 0, 2, 32}},
       "what 'k0' sends to 'k1': finds no way from (11, 12) to the east edge "
       "round the dead cores, which cut wafer 0 in two; only plans on one "
       "wafer do without such a way"},
      {{{1, 0, 2, 32}},
       "what the host sends to 'k0': finds no way from (0, 2) to 'k0' round "
       "the dead cores, which cut wafer 0 in two; keep the cores that the west "
       "edge does not reach free with 'keep_out' constraints"}};
  for (const auto &[dead, text] : all) {
    Problem problem = crossings(Axis::None, dead);
    if (dead.front().x < 16)
      problem.flows.erase(problem.flows.begin());
    Diagnostics diags;
    EXPECT_FALSE(solve(problem, diags));
    EXPECT_THAT(textOf(diags), HasSubstr(text));
    EXPECT_EQ(diags.exitStatus(), 2);
  }
  Problem problem = crossings(Axis::None, {{1, 0, 2, 32}});
  problem.flows.erase(problem.flows.begin(), problem.flows.begin() + 2);
  Diagnostics diags;
  EXPECT_FALSE(solve(problem, diags));
  EXPECT_THAT(textOf(diags),
              HasSubstr("what 'k1' sends to the host: finds no way from (5, "
                        "16) to the west edge round the dead cores, which cut "
                        "wafer 1 in two; keep the cores that do not reach the "
                        "west edge free with 'keep_out' constraints"));
}

TEST(RoutingTest, AColumnWhoseOwnRowsWallItInIsNotTheOnlyOne) {
  // From the north, through the one gap, onto a region as wide as the grid.
  Problem problem = machine(32, 32, {{8, 0, 16, 8}, {0, 12, 32, 20}});
  problem.dead = {{0, 10, 29, 1}, {30, 10, 2, 1}};
  connect(problem, 0, 1, Axis::Y, Axis::None, 60);
  checkByRouters(problem, solved(problem));
}

/// Random rectangles, cuts and payloads; the order of kernels is that of time.
TEST(RoutingTest, RandomRegionsAreRouted) {
  std::mt19937 random(7);
  auto below = [&](int64_t n) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
  };
  for (int round = 0; round < 60; ++round) {
    int64_t width = 20 + below(28), height = 20 + below(28);
    std::vector<Rect> regions;
    for (int tries = 0; tries < 60 && regions.size() < 7; ++tries) {
      Rect rect = {below(width), below(height), 1 + below(14), 1 + below(14)};
      bool isFree = rect.right() <= width && rect.bottom() <= height;
      for (const Rect &other : regions)
        isFree &= !other.overlaps(rect);
      if (isFree)
        regions.push_back(rect);
    }
    Problem problem = machine(width, height, regions);
    if (round % 3 == 0) {
      problem.wafers = 2;
      for (size_t i = regions.size() / 2; i < regions.size(); ++i)
        problem.regions[i].wafer = 1;
    }
    auto axis = [&] { return static_cast<Axis>(below(4)); };
    auto count = static_cast<int>(regions.size());
    for (int to = 1; to < count; ++to) {
      connect(problem, to - 1, to, axis(), axis(), 1 + below(3000));
      if (to > 1 && below(2) == 0)
        connect(problem, static_cast<int>(below(to - 1)), to, axis(), axis(),
                1 + below(900));
    }
    Solution solution = solved(problem);
    checkByRouters(problem, solution);
    EXPECT_LE(solution.lowerBound, solution.coloursUsed);
  }
}

//===----------------------------------------------------------------------===//
// Colours
//===----------------------------------------------------------------------===//

TEST(RoutingTest, KernelsOfARegionShareTheirCollectives) {
  Problem problem = machine(32, 32, {{0, 0, 20, 30}});
  problem.kernels.push_back({"k1", 0});
  const Rect &rect = problem.regions[0].rect;
  for (int kernel : {0, 1})
    for (Axis axis : {Axis::X, Axis::Y, Axis::X})
      problem.collectives.push_back(collectiveOf(kernel, axis, rect));
  Solution solution = solved(problem);
  EXPECT_EQ(solution.routes.size(), 2u);
  EXPECT_EQ(solution.routes[0].collectives.size(), 4u);
  EXPECT_EQ(solution.coloursUsed, 5);
  EXPECT_EQ(solution.lowerBound, 5);
}

/// What k0 sends k2 passes the region of k1, whose sums go along the same rows,
/// all the way at the same time: either waits for the other.
TEST(RoutingTest, WhoMayMeetOnALinkWaits) {
  std::vector<Rect> regions = {{0, 0, 4, 1}, {4, 0, 8, 1}, {12, 0, 4, 1}};
  auto problemOf = [&](bool isOrdered) {
    Problem problem = machine(16, 1, regions);
    connect(problem, 0, 2, Axis::X, Axis::X, 40);
    problem.collectives = {
        collectiveOf(1, Axis::X, regions[1], Algorithm::Broadcast)};
    if (isOrdered)
      problem.order.insert(problem.order.begin(), {{0, 1}, {1, 2}});
    return problem;
  };
  Solution apart = solved(problemOf(false));
  EXPECT_THAT(apart.kernelContention, testing::ElementsAre(0, 12, 0));
  // A broadcast of 12 wavelets from the first core goes the same way.
  EXPECT_EQ(apart.contention[0], 40 + 12);
  // Between k0 and k2 there is still k1.
  EXPECT_EQ(solved(problemOf(true)).contention, apart.contention);
  // Where k1 follows k2 the stream is there by then.
  Problem after = problemOf(false);
  std::swap(after.kernels[1], after.kernels[2]);
  after.flows[0].to = 1;
  after.collectives[0].kernel = 2;
  after.order = {{0, 1}, {1, 2}};
  Solution behind = solved(after);
  EXPECT_THAT(behind.kernelContention, testing::Each(0));
  EXPECT_EQ(behind.contention[0], 40);
}

/// As above in order, with times. The flow is there 50 cycles after k0 ends, if
/// it waits for nobody; its 40 wavelets, which nobody has counted, and 12 of
/// the sum come on top.
TEST(RoutingTest, WhatIsThereInTimeWaitsForNobody) {
  std::vector<Rect> regions = {{0, 0, 4, 1}, {4, 0, 8, 1}, {12, 0, 4, 1}};
  auto contentionWhere = [&](double startOfK1) {
    Problem problem = machine(16, 1, regions);
    connect(problem, 0, 2, Axis::X, Axis::X, 40);
    problem.order = {{0, 1}, {1, 2}, {0, 2}};
    problem.orderCycles = {startOfK1, 0, 50};
    problem.flows[0].cycles = 50;
    problem.collectives = {
        collectiveOf(1, Axis::X, regions[1], Algorithm::Broadcast)};
    Solution solution = solved(problem);
    return std::pair(solution.contention[0], solution.kernelContention[1]);
  };
  EXPECT_EQ(contentionWhere(50 + 40 + 12), std::pair(int64_t(40), int64_t(0)));
  EXPECT_EQ(contentionWhere(50 + 40 + 11),
            std::pair(int64_t(40 + 12), int64_t(12)));
}

/// k0 sends to k1 and k2, which no stream joins; what k2 sends k3 passes the
/// region of k1. k1 has 12 wavelets in the way, waits for as many at most, and
/// begins when it has been sent 10, in 20 cycles but for these.
TEST(RoutingTest, AKernelIsOverBeforeWhatALongerOneSends) {
  std::vector<Rect> regions = {
      {0, 1, 4, 1}, {4, 0, 8, 1}, {0, 0, 4, 1}, {12, 0, 4, 1}};
  auto waitsWhere = [&](double cyclesOfK2) {
    Problem problem = machine(16, 2, regions);
    connect(problem, 0, 1, Axis::X, Axis::X, 10);
    connect(problem, 0, 2, Axis::X, Axis::X, 10);
    connect(problem, 2, 3, Axis::X, Axis::X, 40);
    problem.orderCycles = {20, 0, 0};
    problem.flows[0].cycles = problem.flows[1].cycles = 20;
    problem.kernels[1].mostCycles = 100;
    problem.kernels[2].leastCycles = cyclesOfK2;
    problem.collectives = {
        collectiveOf(1, Axis::X, regions[1], Algorithm::Broadcast)};
    return solved(problem).kernelContention[1];
  };
  EXPECT_EQ(waitsWhere(20 + 100 - 1), 12);
  EXPECT_EQ(waitsWhere(20 + 100 + 12 + 100), 0);
}

/// What the host sends passes the region of a kernel that works, and is there
/// before it begins; that it comes to a kernel does not hide when that ends.
TEST(RoutingTest, WhatTheHostSendsIsThereBeforeTheStep) {
  Problem problem = machine(16, 1, {{0, 0, 4, 1}, {4, 0, 8, 1}, {12, 0, 4, 1}});
  problem.order = {{0, 1}, {1, 2}};
  connect(problem, kHost, 2, Axis::None, Axis::X, 40);
  problem.collectives = {
      collectiveOf(1, Axis::X, problem.regions[1].rect, Algorithm::Broadcast)};
  Solution solution = solved(problem);
  EXPECT_THAT(solution.kernelContention, testing::Each(0));
  // While other steps are on their way it is not, and may meet the sum.
  Problem flight = problem;
  flight.inputsComeFirst = false;
  EXPECT_NE(solved(flight).kernelContention[1], 0);
  // Sent by k0, it meets the sum.
  Problem within = problem;
  within.flows[0].from = 0;
  within.flows[0].source = within.regions[0].rect;
  EXPECT_NE(solved(within).kernelContention[1], 0);
}

/// Kernels of one region take turns, whether a stream joins them or not.
TEST(RoutingTest, TurnsOnARegionKeepFlowsApart) {
  Problem problem = machine(16, 1, {{0, 0, 4, 1}, {4, 0, 8, 1}, {12, 0, 4, 1}});
  // k3 works on the region of k2, after it.
  problem.kernels.push_back({"k3", 2});
  problem.kernels.push_back({"k4", 1});
  connect(problem, 0, 2, Axis::X, Axis::X, 40);
  problem.order.emplace_back(3, 4);
  problem.collectives = {
      collectiveOf(4, Axis::X, problem.regions[1].rect, Algorithm::Broadcast)};
  EXPECT_THAT(solved(problem).kernelContention, testing::Each(0));
}

TEST(RoutingTest, FlowsThatExcludeEachOtherShareColours) {
  // Four hops along one corridor of one row, one after the other.
  std::vector<Rect> regions;
  for (int64_t i = 0; i < 6; ++i)
    regions.push_back({i * 4, 0, 3, 1});
  Problem problem = machine(24, 1, regions);
  for (int i = 0; i + 1 < 6; ++i)
    connect(problem, i, i + 1, Axis::None, Axis::None, 4);
  EXPECT_EQ(solved(problem).coloursUsed, 1);
  // The first to the last waits for nobody: it must have its own.
  connect(problem, 0, 5, Axis::None, Axis::None, 4);
  Solution solution = solved(problem);
  EXPECT_EQ(solution.coloursUsed, 2);
  EXPECT_EQ(solution.lowerBound, 2);
}

TEST(RoutingTest, WhatAKernelSendsOffItsWaferTakesTurns) {
  // One kernel feeds twelve others, each on a wafer of its own: one after the
  // other over the same way to the edge, four settings of a switch to a colour.
  constexpr int kWafers = 13;
  Problem problem =
      machine(24, 4, std::vector<Rect>(kWafers, Rect{4, 0, 8, 4}));
  problem.wafers = kWafers;
  for (int wafer = 0; wafer < kWafers; ++wafer)
    problem.regions[wafer].wafer = wafer;
  for (int to = 1; to < kWafers; ++to)
    connect(problem, 0, to, Axis::None, Axis::None, 4);
  Solution solution = solved(problem);
  checkByRouters(problem, solution);
  EXPECT_LE(solution.coloursUsed, 3);
}

/// The edge takes in the first before the second begins.
TEST(RoutingTest, WhatLeavesAWaferWaitsForWhatLeavesBeforeIt) {
  constexpr int kWafers = 4;
  Problem problem =
      machine(24, 4, std::vector<Rect>(kWafers, Rect{4, 0, 8, 1}));
  problem.wafers = kWafers;
  for (int wafer = 0; wafer < kWafers; ++wafer)
    problem.regions[wafer].wafer = wafer;
  connect(problem, 0, 1, Axis::None, Axis::None, 100);
  connect(problem, 0, 2, Axis::None, Axis::None, 30);
  connect(problem, 0, 3, Axis::None, Axis::None, 7);
  EXPECT_EQ(solved(problem).contention,
            (std::vector<int64_t>{100, 100 + 30, 100 + 30 + 7}));
}

TEST(RoutingTest, MoreColoursThanTheTargetHasIsAnError) {
  std::vector<Rect> regions;
  for (int64_t i = 0; i < 6; ++i)
    regions.push_back({i * 4, 0, 3, 1});
  Problem problem = machine(24, 1, regions);
  problem.colours = 3;
  for (int to = 2; to < 6; ++to)
    connect(problem, 0, to, Axis::None, Axis::None, 4);
  Diagnostics diags;
  EXPECT_FALSE(solve(problem, diags));
  EXPECT_THAT(textOf(diags), HasSubstr("wafer 0: routes take 4 colours, of "
                                       "which the target has 3; the router "
                                       "at "));
  EXPECT_THAT(textOf(diags), HasSubstr(") needs 4"));
  EXPECT_THAT(diags.all().front().notes,
              testing::ElementsAre("would fit: routers with 4 colours"));
  EXPECT_EQ(diags.exitStatus(), 2);
}

TEST(RoutingTest, LoadsNameTheHottestLink) {
  Problem problem = machine(20, 4, {{0, 0, 4, 1}, {6, 0, 4, 1}, {12, 0, 4, 1}});
  connect(problem, 0, 1, Axis::None, Axis::None, 100);
  connect(problem, 0, 2, Axis::None, Axis::None, 30);
  problem.flows[0].assumedWavelets = 40;
  problem.flows[1].assumedWavelets = 30;
  Solution solution = solved(problem);
  const LinkLoad *hottest = solution.hottest();
  ASSERT_TRUE(hottest);
  EXPECT_EQ(hottest->kind, LinkKind::East);
  EXPECT_EQ(hottest->most, 130);
  EXPECT_EQ(hottest->x, 3);
  EXPECT_EQ(hottest->y, 0);
  // Both leave at one time and share it by turns.
  EXPECT_EQ(solution.contention, (std::vector<int64_t>{90, 30}));
}

/// Loads of every link of a small machine, router by router.
std::map<std::tuple<LinkKind, int, int64_t, int64_t>, int64_t>
loadsByRouter(const Problem &problem, const Solution &solution) {
  std::map<std::tuple<LinkKind, int, int64_t, int64_t>, int64_t> loads;
  auto add = [&](const Route &route, int64_t x, int64_t y, Port in,
                 const Ports &out, int64_t wavelets) {
    if (in == Port::Ramp)
      loads[{LinkKind::Router, route.wafer, x, y}] += wavelets;
    for (Port port : kAllPorts) {
      if (!out.has(port))
        continue;
      Offset offset = offsetOf(port);
      int64_t nextX = x + offset.dx, nextY = y + offset.dy;
      bool isInside = nextX >= 0 && nextY >= 0 && nextX < problem.grid.width &&
                      nextY < problem.grid.height;
      LinkKind kind = port == Port::Ramp ? LinkKind::Core
                      : isInside         ? static_cast<LinkKind>(port)
                                         : LinkKind::Edge;
      loads[{kind, route.wafer, x, y}] += wavelets;
    }
  };
  for (const Route &route : solution.routes) {
    for (const Segment &segment : route.segments)
      for (int64_t k = 0; k < segment.area.count; ++k) {
        Rect rect = segment.area.copy(k);
        for (int64_t y = rect.y; y < rect.bottom(); ++y)
          for (int64_t x = rect.x; x < rect.right(); ++x)
            add(route, x, y, segment.in, segment.out, route.wavelets);
      }
    int64_t wavelets = 0;
    for (int use : route.collectives)
      wavelets +=
          problem.collectives[use].wavelets * problem.collectives[use].times;
    for (const Area &area : route.lines)
      for (int64_t k = 0; k < area.count; ++k) {
        Rect rect = area.copy(k);
        for (const LineSegment &segment :
             solution.patterns[route.pattern].segments)
          for (int64_t i = 0; i < segment.at.count; ++i) {
            int64_t at = segment.at.first + i * segment.at.step;
            bool alongX = route.lineAxis == Axis::X;
            Segment ports{{}, segment.in, segment.out, 0};
            if (!alongX)
              ports = transposed(ports);
            int64_t lines = alongX ? rect.height : rect.width;
            for (int64_t line = 0; line < lines; ++line)
              add(route, rect.x + (alongX ? at : line),
                  rect.y + (alongX ? line : at), ports.in, ports.out,
                  wavelets * (segment.load + i * segment.loadStep));
          }
      }
  }
  return loads;
}

TEST(RoutingTest, LoadsAreThoseOfEveryRouter) {
  std::mt19937 random(11);
  auto below = [&](int64_t n) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
  };
  for (int round = 0; round < 20; ++round) {
    Problem problem =
        machine(40, 30, {{0, 0, 12, 20}, {14, 3, 20, 18}, {2, 22, 30, 7}});
    problem.kernels.push_back({"k3", 1});
    constexpr Algorithm kSome[] = {Algorithm::Star, Algorithm::TwoTree,
                                   Algorithm::Chain, Algorithm::Ring,
                                   Algorithm::TreeBroadcast};
    for (int c = 0; c < 8; ++c) {
      auto kernel = static_cast<int>(below(4));
      Rect rect = problem.regions[problem.kernels[kernel].region].rect;
      if (below(3) == 0) {
        // Some kernels leave a part of their region idle.
        rect.width -= below(rect.width / 2);
        rect.height -= below(rect.height / 2);
      }
      Axis axis = below(2) == 0 ? Axis::X : Axis::Y;
      problem.collectives.push_back(
          collectiveOf(kernel, axis, rect, kSome[below(5)]));
      problem.collectives.back().wavelets = 1 + below(20);
    }
    GroupSum sum;
    sum.kernel = 1;
    sum.rect = {14, 3, 20, 18};
    sum.group = {5, 6};
    sum.wavelets = 200;
    for (Collective &collective : combineGroups(sum))
      problem.collectives.push_back(collective);
    connect(problem, 0, 1, Axis::Y, Axis::Y, 1 + below(2000));
    connect(problem, 1, 2, Axis::Y, Axis::X, 1 + below(2000));
    Solution solution = solved(problem);
    std::map<LinkKind, std::pair<int64_t, int64_t>> byKind; // total, most
    for (const auto &[link, load] : loadsByRouter(problem, solution)) {
      auto &[total, most] = byKind[std::get<0>(link)];
      total += load;
      most = std::max(most, load);
    }
    ASSERT_EQ(solution.links.size(), byKind.size());
    auto all = loadsByRouter(problem, solution);
    for (const LinkLoad &load : solution.links) {
      EXPECT_EQ(load.total, byKind[load.kind].first) << toString(load.kind);
      EXPECT_EQ(load.most, byKind[load.kind].second) << toString(load.kind);
      EXPECT_EQ((all[{load.kind, load.wafer, load.x, load.y}]), load.most)
          << toString(load.kind);
    }
  }
}

} // namespace
