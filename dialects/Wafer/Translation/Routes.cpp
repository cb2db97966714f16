//===- Routes.cpp - The routes of a plan ----------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/Translation/Routes.h"

#include "inlay/Routing/Patterns.h"
#include "inlay/Routing/Routing.h"

#include "fmt/format.h"

#include <set>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

static std::vector<int64_t> toIntegers(ArrayRef<int64_t> values) {
  return {values.begin(), values.end()};
}

static plan::Area toArea(ArrayRef<int64_t> values) {
  return {values[0], values[1], values[2], values[3],
          values[4], values[5], values[6]};
}

static plan::Pattern toPattern(const routing::Pattern &pattern) {
  plan::Pattern result;
  result.name = pattern.name();
  result.algorithm = routing::toString(pattern.algorithm);
  result.cores = pattern.cores;
  result.length = pattern.length();
  result.colours = pattern.colours;
  for (const routing::LineSegment &segment : pattern.segments) {
    plan::LineSegment &line = result.segments.emplace_back();
    line.first = segment.at.first;
    line.count = segment.at.count;
    line.step = segment.at.step;
    line.colour = segment.colour;
    line.in = routing::toLineString(segment.in);
    for (routing::Port port : routing::kAllPorts)
      if (segment.out.has(port))
        line.out.emplace_back(routing::toLineString(port));
    line.position = segment.position;
    line.load = segment.load;
    line.loadStep = segment.loadStep;
  }
  for (const routing::Action &action : pattern.actions)
    result.actions.push_back({action.at.first, action.at.count, action.at.step,
                              action.receive, action.send, action.forward,
                              action.rounds, action.roundsStep});
  return result;
}

static int64_t waferOf(Operation *op) {
  return cast<StageOp>(op->getParentOp()).getWafer();
}

static plan::Route toRoute(CollectiveOp op, const std::string &pattern) {
  plan::Route route;
  route.kind = stringifyCollectiveKind(op.getKind()).str();
  route.wafer = waferOf(op);
  route.inTurn = true;
  route.colours = toIntegers(op.getColours());
  route.axis = "none";
  route.pattern = pattern;
  route.lineAxis = stringifyAxis(op.getAxis()).str();
  for (ArrayRef<int64_t> lines = op.getLines(); !lines.empty();
       lines = lines.drop_front(7))
    route.lines.push_back(toArea(lines));
  ArrayRef<int64_t> numbers = op.getUses();
  for (auto kernel : op.getKernels().getAsRange<FlatSymbolRefAttr>()) {
    route.uses.push_back(
        {kernel.getValue().str(), numbers[0], numbers[1], numbers[2]});
    numbers = numbers.drop_front(3);
  }
  return route;
}

static plan::Route toRoute(RouteOp op) {
  plan::Route route;
  route.kind = stringifyRouteKind(op.getKind()).str();
  route.wafer = waferOf(op);
  route.inTurn = op.getRegion().has_value();
  route.colours = toIntegers(op.getColours());
  route.streams = toIntegers(op.getStreams());
  route.axis = stringifyAxis(op.getAxis()).str();
  route.firstPart = op.getParts()[0];
  route.endPart = op.getParts()[1];
  route.wavelets = op.getWavelets();
  route.lineAxis = "none";
  for (ArrayRef<int64_t> rest = op.getSegments(); !rest.empty();
       rest = rest.drop_front(RouteOp::kSegmentNumbers)) {
    plan::Segment &segment = route.segments.emplace_back();
    segment.area = toArea(rest);
    segment.in = routing::toString(static_cast<routing::Port>(rest[7]));
    for (routing::Port port : routing::kAllPorts)
      if (routing::Ports(static_cast<unsigned>(rest[8])).has(port))
        segment.out.emplace_back(routing::toString(port));
    segment.position = rest[9];
  }
  return route;
}

static plan::Links toLinks(FabricOp fabric) {
  plan::Links links;
  for (ArrayRef<int64_t> rest = fabric.getLoads(); !rest.empty();
       rest = rest.drop_front(6)) {
    plan::LinkLoad load{
        routing::toString(static_cast<routing::LinkKind>(rest[0])),
        rest[1],
        rest[2],
        rest[3],
        rest[4],
        rest[5]};
    if (load.most > links.hottest.most)
      links.hottest = load;
    links.kinds.push_back(std::move(load));
  }
  return links;
}

void inlay::wafer::addRoutes(const PlacedSystem &placement, plan::Plan &plan) {
  std::set<std::string> known;
  for (Operation *op : placement.routes) {
    if (auto collective = dyn_cast<CollectiveOp>(op)) {
      routing::Pattern pattern;
      pattern.algorithm =
          static_cast<routing::Algorithm>(collective.getAlgorithm());
      pattern.cores = collective.getCores();
      pattern.pitch = collective.getPitch();
      pattern.root = collective.getRoot();
      std::string name = pattern.name();
      if (known.insert(name).second)
        plan.patterns.push_back(toPattern(routing::makePattern(
            pattern.algorithm, pattern.cores, pattern.pitch, pattern.root)));
      plan.routes.push_back(toRoute(collective, name));
    } else {
      plan.routes.push_back(toRoute(cast<RouteOp>(op)));
    }
    // Numbers are the order of the routes, which is that of their turns.
    plan.routes.back().name =
        fmt::format("{}: {}", plan.routes.size() - 1, plan.routes.back().kind);
  }
  FabricOp fabric = placement.fabric;
  plan.colours = {static_cast<int64_t>(fabric.getColours()),
                  static_cast<int64_t>(fabric.getUsed()),
                  static_cast<int64_t>(fabric.getLeast()),
                  fabric.getAt()[0],
                  fabric.getAt()[1],
                  fabric.getAt()[2]};
  plan.links = toLinks(fabric);
  if (plan.colours.available == 0)
    plan.assumptions.push_back(fmt::format(
        "routes: {} has no colours, its packets carry their destination; "
        "streams take the shortest way",
        plan.system.target));
  else
    plan.assumptions.push_back(
        "routes: a wafer works on one step at a time, so that routes whose "
        "kernels depend on each other never meet; those that may meet share "
        "links by turns");
}
