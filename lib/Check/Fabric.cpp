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
  Rect rect{in.count("x"), in.count("y"), in.count("width"),
            in.count("height")};
  return {rect, in.count("count"), in.integer("dx"), in.integer("dy")};
}

static Segment readSegment(const Fields &in) {
  return {readArea(in), portOf(in.text("in")), portsOf(in.texts("out")),
          in.count("position")};
}

static Span readSpan(const Fields &in) {
  return {in.count("first"), in.count("count"), in.count("step")};
}

static LineSegment readLineSegment(const Fields &in) {
  return {readSpan(in),           in.count("colour"),
          portOf(in.text("in")),  portsOf(in.texts("out")),
          in.count("position"),   in.count("load"),
          in.integer("load_step")};
}

static Action readAction(const Fields &in) {
  return {readSpan(in),       in.integer("receive"), in.integer("send"),
          in.flag("forward"), in.count("rounds"),    in.integer("rounds_step")};
}

static Pattern readPattern(const Fields &in) {
  return {in.text("name"),
          in.text("algorithm"),
          in.count("cores"),
          in.count("length"),
          in.count("colours"),
          in.children("segments", readLineSegment),
          in.children("actions", readAction)};
}

static RouteUse readUse(const Fields &in) {
  return {in.text("kernel"), in.count("op"), in.count("times"),
          in.count("wavelets")};
}

static Route readRoute(const Fields &in) {
  Route route;
  route.name = in.text("name");
  route.kind = in.text("kind");
  route.axis = in.text("axis");
  route.pattern = in.text("pattern");
  route.lineAxis = in.text("line_axis");
  route.wafer = in.count("wafer");
  route.isInTurn = in.flag("in_turn");
  route.colours = in.counts("colours");
  route.streams = in.counts("streams");
  route.firstPart = in.count("first_part");
  route.endPart = in.count("end_part");
  route.wavelets = in.count("wavelets");
  route.segments = in.children("segments", readSegment);
  route.lines = in.children("lines", readArea);
  route.uses = in.children("uses", readUse);
  return route;
}

static LinkLoad readLoad(const Fields &in) {
  return {in.text("link"),   in.count("total"), in.count("most"),
          in.count("wafer"), in.count("x"),     in.count("y")};
}

Fabric inlay::checker::readFabric(const Fields &plan) {
  Fabric fabric;
  fabric.routes = plan.children("routes", readRoute);
  fabric.patterns = plan.children("patterns", readPattern);
  plan.child("colours", [&](const Fields &in) {
    fabric.available = in.count("available");
    fabric.used = in.count("used");
    fabric.lowerBound = in.count("lower_bound");
    fabric.boundWafer = in.count("wafer");
    fabric.boundX = in.count("x");
    fabric.boundY = in.count("y");
    return 0;
  });
  plan.child("links", [&](const Fields &in) {
    fabric.links = in.children("kinds", readLoad);
    fabric.hottest = in.child("hottest", readLoad);
    return 0;
  });
  return fabric;
}
