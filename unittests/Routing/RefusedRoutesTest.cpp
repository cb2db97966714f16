//===- RefusedRoutesTest.cpp - What the verifier of routes refuses --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RoutingProblems.h"

#include "gmock/gmock.h"

using namespace inlay;
using namespace inlay::routing;
using testing::HasSubstr;

namespace {

Problem twoNeighbours() {
  Problem problem = machine(32, 16, {{0, 0, 10, 16}, {16, 0, 10, 16}});
  connect(problem, 0, 1, Axis::Y, Axis::Y, 900);
  problem.flows.front().spareWavelets = 900 / 4; // so that it has four lanes
  problem.collectives = {
      collectiveOf(0, Axis::X, problem.regions[0].rect, Algorithm::Chain)};
  return problem;
}

Route &routeOf(Solution &solution, RouteKind kind) {
  for (Route &route : solution.routes)
    if (route.kind == kind)
      return route;
  ADD_FAILURE() << "no " << toString(kind);
  return solution.routes.front();
}

struct Broken {
  const char *error;
  void (*change)(Problem &, Solution &);
};

Segment pass(Rect rect, Port in, Ports out, int position = 0) {
  return {{rect, 1, 0, 0}, in, out, position};
}

const Broken kBroken[] = {
    {"route 0: names a wafer, region, flow, pattern or colour that is not "
     "there",
     [](Problem &, Solution &s) { s.routes[0].wafer = 3; }},
    {"route 0: names a wafer, region, flow, pattern or colour that is not "
     "there",
     [](Problem &, Solution &s) { s.routes[0].pattern = 9; }},
    {"route 2: names a wafer, region, flow, pattern or colour that is not "
     "there",
     [](Problem &, Solution &s) { routeOf(s, RouteKind::Trunk).region = 0; }},
    {"trunk of flow 0, lane 0: leaves the grid at (40, 0)",
     [](Problem &, Solution &s) {
       routeOf(s, RouteKind::Trunk)
           .segments.push_back(pass({40, 0, 1, 1}, Port::West, {Port::East}));
     }},
    {"trunk of flow 0, lane 0: goes over dead cores at (7, 0)",
     [](Problem &p, Solution &) { p.dead = {{12, 0, 1, 16}}; }},
    {"gather of flow 0, lane 0: is in turn, but leaves its region at (12, 0)",
     [](Problem &, Solution &s) {
       routeOf(s, RouteKind::Gather)
           .segments.push_back(pass({12, 0, 1, 1}, Port::West, {Port::East}));
     }},
    {"trunk of flow 0, lane 0: has no legal ports at (7, 0)",
     [](Problem &, Solution &s) {
       routeOf(s, RouteKind::Trunk).segments[0].out = {};
     }},
    {"trunk of flow 0, lane 0: uses position 4 of a switch of 4",
     [](Problem &, Solution &s) {
       routeOf(s, RouteKind::Trunk).segments[0].position = 4;
     }},
    {"trunk of flow 0, lane 0: has two settings in one position in the router "
     "at (7, 0)",
     [](Problem &, Solution &s) {
       Route &route = routeOf(s, RouteKind::Trunk);
       route.segments.push_back(route.segments[0]);
     }},
    {"trunk of flow 0, lane 0: sends E into the router at (16, 0), which does "
     "not take it in",
     [](Problem &, Solution &s) {
       std::erase_if(
           routeOf(s, RouteKind::Trunk).segments,
           [](const Segment &segment) { return segment.out.has(Port::Ramp); });
     }},
    {"trunk of flow 0, lane 0: takes in from N at (14, 15), where nothing is "
     "sent",
     [](Problem &, Solution &s) {
       routeOf(s, RouteKind::Trunk)
           .segments.push_back(pass({14, 15, 1, 1}, Port::North, {Port::Ramp}));
     }},
    {"trunk of flow 0, lane 0: waits for itself: a cycle of channels passes "
     "the router at (28, 2)",
     [](Problem &, Solution &s) {
       // Four routers in a ring.
       auto &segments = routeOf(s, RouteKind::Trunk).segments;
       segments.push_back(pass({28, 2, 1, 1}, Port::South, {Port::East}));
       segments.push_back(pass({29, 2, 1, 1}, Port::West, {Port::South}));
       segments.push_back(pass({29, 3, 1, 1}, Port::North, {Port::West}));
       segments.push_back(pass({28, 3, 1, 1}, Port::East, {Port::North}));
     }},
    {"all_reduce in 'r0': has lines of 9 at (0, 0) that do not fit the pattern "
     "'chain of 10' or the region",
     [](Problem &, Solution &s) { s.routes[0].lines[0].rect.width = 9; }},
    {"all_reduce in 'r0': has two lines in one router at (0, 0)",
     [](Problem &, Solution &s) {
       s.routes[0].lines.push_back(s.routes[0].lines[0]);
     }},
    {"all_reduce in 'r0': is not the collective of op 0 of 'k0'",
     [](Problem &p, Solution &) {
       p.collectives[0].algorithm = Algorithm::TwoTree;
     }},
    {"all_reduce in 'r0': comes before the move along the other axis that it "
     "goes on from",
     [](Problem &p, Solution &) { p.collectives[0].after = 0; }},
    {"k0: has a collective of op 0 with 0 routes instead of one",
     [](Problem &, Solution &s) { s.routes[0].collectives.clear(); }},
    {"flow 0: has lanes that do not serve each of the 16 parts of its consumer "
     "once",
     [](Problem &, Solution &s) { routeOf(s, RouteKind::Trunk).endPart -= 1; }},
    {"flow 0: begins at (6, 0), outside its producer",
     [](Problem &p, Solution &) { p.flows[0].source = {0, 0, 2, 16}; }},
    {"flow 0: ends at the hub (6, 0), which sends nothing on",
     [](Problem &, Solution &s) {
       // The trunk begins beside the hub.
       for (Segment &segment : routeOf(s, RouteKind::Trunk).segments)
         if (segment.in == Port::Ramp)
           segment.area.rect.x += 1;
         else if (segment.area.rect.x < 16)
           segment.area.rect.x += 1, segment.area.rect.width -= 1;
     }},
    {"flow 0: leaves out what the core at (0, 1) of its producer holds",
     [](Problem &, Solution &s) {
       std::erase_if(s.routes, [](const Route &r) {
         return r.kind == RouteKind::Gather;
       });
     }},
    {"trunk of flow 0, lane 0: does not land in row 4 of its consumer",
     [](Problem &, Solution &s) {
       std::vector<Route *> trunks;
       for (Route &route : s.routes)
         if (route.kind == RouteKind::Trunk)
           trunks.push_back(&route);
       std::swap(trunks[0]->firstPart, trunks[1]->firstPart);
       std::swap(trunks[0]->endPart, trunks[1]->endPart);
     }},
    {"trunk of flow 0, lane 0: lands at (16, 0), outside its consumer",
     [](Problem &p, Solution &) {
       p.flows[0].sink = {18, 0, 8, 16};
       p.flows[0].group = {8, 16};
     }},
    {"flow 0: is spread from (17, 0), where it does not land",
     [](Problem &, Solution &s) {
       for (Segment &segment : routeOf(s, RouteKind::Spread).segments)
         if (segment.in == Port::Ramp)
           segment.area.rect.x += 1;
         else if (segment.out == Ports{Port::East, Port::Ramp})
           segment.area.rect.x += 1, segment.area.rect.width -= 1;
     }},
    {"flow 0: does not reach the core at (17, 1) of its consumer",
     [](Problem &, Solution &s) {
       std::erase_if(s.routes, [](const Route &r) {
         return r.kind == RouteKind::Spread;
       });
     }},
    {"flow 0: has a spread on wafer 0, where it has no end",
     [](Problem &p, Solution &) { p.flows[0].to = kHost; }},
    {"trunk of flow 0, lane 0: crosses the edge of wafer 0 the wrong way, or "
     "not at all",
     [](Problem &p, Solution &s) {
       p.wafers = 2;
       p.regions[1].wafer = 1;
       std::erase_if(s.routes, [](const Route &r) {
         return r.kind == RouteKind::Spread;
       });
     }},
    {"trunk of flow 0, lane 0: has colour 21, but the target has 0 to 20",
     [](Problem &, Solution &s) {
       routeOf(s, RouteKind::Trunk).colours = {21};
     }},
    {"trunk of flow 0, lane 0: has colour 0 in the router at (7, 0) of wafer "
     "0, and so has all_reduce in 'r0', which may be there at the same time",
     [](Problem &, Solution &s) {
       routeOf(s, RouteKind::Trunk).colours = {0};
     }},
    {"colours: 3 used and at least 2 needed are not what follows from the "
     "routes: 3 and 3",
     [](Problem &, Solution &s) { s.lowerBound = 2; }},
    {"links: loads are not what follows from the routes",
     [](Problem &, Solution &s) { s.links[0].most += 1; }},
    {"flows: contention is not what follows from the routes",
     [](Problem &, Solution &s) { s.contention[0] += 1; }},
};

TEST(RefusedRoutesTest, BrokenSolutionsAreRefused) {
  for (const Broken &broken : kBroken) {
    Problem problem = twoNeighbours();
    Solution solution = solved(problem);
    broken.change(problem, solution);
    EXPECT_THAT(errorsOf(problem, solution), HasSubstr(broken.error));
  }
}

TEST(RefusedRoutesTest, MoreTurnsThanASwitchHasPositionsAreRefused) {
  std::vector<Rect> regions;
  for (int64_t i = 0; i < 6; ++i)
    regions.push_back({i * 2, 0, 1, 1});
  Problem problem = machine(12, 2, regions);
  // Five flows, each over before the next begins.
  for (int i = 0; i + 1 < 6; ++i)
    connect(problem, i, i + 1, Axis::None, Axis::None, 4);
  Solution solution = solved(problem);
  for (Route &route : solution.routes)
    route.segments.insert(route.segments.end(),
                          {pass({0, 1, 1, 1}, Port::West, {Port::East}),
                           pass({1, 1, 10, 1}, Port::West, {Port::East}),
                           pass({11, 1, 1, 1}, Port::West, {Port::East})});
  EXPECT_THAT(errorsOf(problem, solution),
              HasSubstr("is one of 5 trunks with colour 0 in the router at (0, "
                        "1), whose switch has 4 positions"));
}

TEST(RefusedRoutesTest, GroupsAreAddedUpInTheFirst) {
  for (Axis held : {Axis::X, Axis::Y})
    for (model::Extent group :
         {model::Extent{5, 9}, {12, 3}, {1, 6}, {20, 18}}) {
      Problem problem =
          machine(64, 64, {{2, 1, 3 * group.width, 3 * group.height}});
      GroupSum sum;
      sum.rect = problem.regions[0].rect;
      sum.group = group;
      sum.held = held;
      sum.wavelets = 1000;
      problem.collectives = combineGroups(sum);
      ASSERT_FALSE(problem.collectives.empty());
      Solution solution = solved(problem);
      // Every row (column) of the first group is broadcast exactly once.
      std::set<std::pair<int64_t, int64_t>> reached;
      for (const Collective &collective : problem.collectives)
        if (collective.algorithm == Algorithm::Broadcast)
          for (const Area &area : collective.lines)
            for (int64_t y = area.rect.y; y < area.rect.bottom(); ++y)
              for (int64_t x = area.rect.x; x < area.rect.right(); ++x)
                EXPECT_TRUE(reached.emplace(x, y).second);
      int64_t across = held == Axis::Y ? group.width : group.height;
      EXPECT_EQ(reached.size(),
                across > 1 ? static_cast<size_t>(group.area()) : 0);
    }
  GroupSum one;
  one.rect = {0, 0, 4, 4};
  one.group = {4, 4};
  EXPECT_TRUE(combineGroups(one).empty());
}

//===----------------------------------------------------------------------===//
// What is no problem
//===----------------------------------------------------------------------===//

struct Wrong {
  const char *error;
  void (*change)(Problem &);
};

const Wrong kWrong[] = {
    {"0 x 16 cores, 1 wafers and 21 colours are no machine",
     [](Problem &p) { p.grid.width = 0; }},
    {"r1: lies outside the grid", [](Problem &p) { p.regions[1].rect.x = 30; }},
    {"r1: covers dead cores", [](Problem &p) { p.dead = {{17, 3, 1, 1}}; }},
    {"r1: overlaps 'r0'", [](Problem &p) { p.regions[1].rect.x = 9; }},
    {"k1: has no region", [](Problem &p) { p.kernels[1].region = 2; }},
    {"kernel 1 cannot fire before 0", [](Problem &p) { p.order = {{1, 0}}; }},
    {"16 parts of 1 of 900 do not lie on 16 cores",
     [](Problem &p) { p.flows[0].wanted.shard = 1; }},
    {"has an end that is no kernel", [](Problem &p) { p.flows[0].to = 7; }},
    {"has an end outside the region of 'k0'",
     [](Problem &p) { p.flows[0].source.width = 11; }},
    {"carries nothing from kernel to kernel",
     [](Problem &p) { p.flows[0].cutWavelets = 0; }},
    {"goes back from kernel 1 to 0",
     [](Problem &p) {
       std::swap(p.flows[0].from, p.flows[0].to);
       std::swap(p.flows[0].source, p.flows[0].sink);
     }},
    {"belongs to no kernel", [](Problem &p) { p.collectives[0].kernel = 9; }},
    {"has a collective without cores, axis or payload",
     [](Problem &p) { p.collectives[0].wavelets = 0; }},
    {"has a collective outside its region, or on lines that are not of 10 "
     "cores",
     [](Problem &p) { p.collectives[0].lines[0].rect.width = 9; }},
    {"has a move that follows one behind it",
     [](Problem &p) { p.collectives[0].after = 0; }},
};

TEST(RefusedRoutesTest, WrongProblemsAreRefused) {
  for (const Wrong &wrong : kWrong) {
    Problem problem = twoNeighbours();
    wrong.change(problem);
    Diagnostics diags;
    EXPECT_FALSE(problem.check(diags)) << wrong.error;
    EXPECT_THAT(textOf(diags), HasSubstr(wrong.error));
  }
}

} // namespace
