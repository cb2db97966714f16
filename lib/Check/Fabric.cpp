//===- Fabric.cpp - What a plan says of routers ---------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Fields.h"

#include "llvm/ADT/StringSwitch.h"

using namespace inlay::checker;

static constexpr const char *kPortNames[] = {"W", "E", "N", "S", "ramp", "?"};

Port inlay::checker::opposite(Port port) {
  constexpr Port kOpposite[] = {kEast, kWest, kSouth, kNorth, kRamp, kNone};
  return kOpposite[port];
}

const char *inlay::checker::nameOf(Port port) { return kPortNames[port]; }

std::pair<int64_t, int64_t> inlay::checker::stepTo(Port port) {
  constexpr std::pair<int64_t, int64_t> kSteps[] = {{-1, 0}, {1, 0}, {0, -1},
                                                    {0, 1},  {0, 0}, {0, 0}};
  return kSteps[port];
}

static Port portOf(llvm::StringRef name) {
  return llvm::StringSwitch<Port>(name)
      .Cases({"W", "back"}, kWest)
      .Cases({"E", "ahead"}, kEast)
      .Case("N", kNorth)
      .Case("S", kSouth)
      .Case("ramp", kRamp)
      .Default(kNone);
}

static Ports portsOf(const std::vector<std::string> &names) {
  Ports ports = 0;
  for (const std::string &name : names)
    ports |= 1u << portOf(name);
  return ports & ((1u << kNone) - 1);
}

static Area readArea(const Fields &in) {
  return {readRect(in), in.integer("count"), in.integer("dx"),
          in.integer("dy")};
}

static Segment readSegment(const Fields &in) {
  return {readArea(in), portOf(in.text("in")), portsOf(in.texts("out")),
          in.integer("position")};
}

static Span readSpan(const Fields &in) {
  return {in.integer("first"), in.integer("count"), in.integer("step")};
}

static LineSegment readLineSegment(const Fields &in) {
  return {readSpan(in),           in.integer("colour"),
          portOf(in.text("in")),  portsOf(in.texts("out")),
          in.integer("position"), in.integer("load"),
          in.integer("load_step")};
}

static Action readAction(const Fields &in) {
  return {readSpan(in), in.integer("receive"), in.integer("send"),
          in.flag("forward"), in.integer("rounds")};
}

static Pattern readPattern(const Fields &in) {
  return {in.text("name"),
          in.text("algorithm"),
          in.integer("cores"),
          in.integer("length"),
          in.integer("colours"),
          in.children("segments", readLineSegment),
          in.children("actions", readAction)};
}

static RouteUse readUse(const Fields &in) {
  return {in.text("kernel"), in.integer("op"), in.integer("times"),
          in.integer("wavelets")};
}

static Route readRoute(const Fields &in) {
  Route route;
  route.name = in.text("name");
  route.kind = in.text("kind");
  route.axis = in.text("axis");
  route.pattern = in.text("pattern");
  route.lineAxis = in.text("line_axis");
  route.wafer = in.integer("wafer");
  route.isInTurn = in.flag("in_turn");
  route.colours = in.integers("colours");
  route.streams = in.integers("streams");
  route.firstPart = in.integer("first_part");
  route.endPart = in.integer("end_part");
  route.wavelets = in.integer("wavelets");
  route.segments = in.children("segments", readSegment);
  route.lines = in.children("lines", readArea);
  route.uses = in.children("uses", readUse);
  return route;
}

static LinkLoad readLoad(const Fields &in) {
  return {in.text("link"),     in.integer("total"), in.integer("most"),
          in.integer("wafer"), in.integer("x"),     in.integer("y")};
}

Fabric inlay::checker::readFabric(const Fields &plan) {
  Fabric fabric;
  fabric.routes = plan.children("routes", readRoute);
  fabric.patterns = plan.children("patterns", readPattern);
  plan.child("colours", [&](const Fields &in) {
    fabric.available = in.integer("available");
    fabric.used = in.integer("used");
    fabric.lowerBound = in.integer("lower_bound");
    fabric.boundWafer = in.integer("wafer");
    fabric.boundX = in.integer("x");
    fabric.boundY = in.integer("y");
    return 0;
  });
  plan.child("links", [&](const Fields &in) {
    fabric.links = in.children("kinds", readLoad);
    fabric.hottest = in.child("hottest", readLoad);
    return 0;
  });
  return fabric;
}
