//===- Fabric.h - What a plan says of routers -------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_FABRIC_H
#define INLAY_LIB_CHECK_FABRIC_H

#include "Geometry.h"

#include <optional>

namespace inlay::checker {

class Fields;

/// Ports of a router. On a line of routers "back" is the first, "ahead" the
/// second of its axis. kNone: no port has the name that the plan says.
enum Port { kWest, kEast, kNorth, kSouth, kRamp, kNone };
inline constexpr int kLinks = 4; ///< ports that lead to a neighbour

Port opposite(Port port);
const char *nameOf(Port port); ///< as in a plan
/// From a router to its neighbour at a port.
std::pair<int64_t, int64_t> stepTo(Port port);
inline Rect neighbours(const Rect &rect, Port port) {
  auto [dx, dy] = stepTo(port);
  return rect.moved(dx, dy);
}

/// A bit for each port.
using Ports = unsigned;
inline bool has(Ports ports, Port port) { return (ports >> port) & 1u; }

/// A router's switch has so many positions for each colour.
inline constexpr int64_t kPositions = 4;

struct Area {
  Rect rect;
  int64_t count = 0, dx = 0, dy = 0;

  Rect copy(int64_t k) const { return rect.moved(times(k, dx), times(k, dy)); }
};

struct Segment {
  Area area;
  Port in = kNone;
  Ports out = 0;
  int64_t position = 0;
};

/// Positions first + i * step of a line, i below count.
struct Span {
  int64_t first = 0, count = 0, step = 0;

  int64_t at(int64_t i) const { return plus(first, times(i, step)); }
};

/// In the frame of a line along x.
struct LineSegment {
  Span span;
  int64_t colour = 0;
  Port in = kNone;
  Ports out = 0;
  int64_t position = 0, load = 0, loadStep = 0;
};

struct Action {
  Span span;
  int64_t receive = -1, send = -1;
  bool isForward = false;
  int64_t rounds = 0, roundsStep = 0;

  int64_t roundsOf(int64_t i) const {
    return plus(rounds, times(i, roundsStep));
  }
};

struct Pattern {
  std::string name, algorithm;
  int64_t cores = 0, length = 0, colours = 0;
  std::vector<LineSegment> segments;
  std::vector<Action> actions;

  /// Routers from one core to the next; 0 where cores do not fit the length.
  int64_t pitch() const {
    return cores > 1 && length > cores - 1 && (length - 1) % (cores - 1) == 0
               ? (length - 1) / (cores - 1)
               : 0;
  }
  std::string place() const { return "pattern '" + name + "'"; }
};

struct RouteUse {
  std::string kernel;
  int64_t op = 0, times = 0, wavelets = 0;
};

struct Route {
  std::string name, kind, axis, pattern, lineAxis;
  int64_t wafer = 0;
  bool isInTurn = false;
  std::vector<int64_t> colours, streams;
  int64_t firstPart = 0, endPart = 0, wavelets = 0;
  std::vector<Segment> segments;
  std::vector<Area> lines;
  std::vector<RouteUse> uses;

  bool isCollective() const {
    return kind == "all_reduce" || kind == "combine" || kind == "move";
  }
  std::string place() const { return "route '" + name + "'"; }
};

struct LinkLoad {
  std::string link;
  int64_t total = 0, most = 0, wafer = 0, x = 0, y = 0;

  bool operator==(const LinkLoad &) const = default;
};

/// Everything that a plan says of the fabric.
struct Fabric {
  std::vector<Route> routes;
  std::vector<Pattern> patterns;
  int64_t available = 0, used = 0, lowerBound = 0;
  int64_t boundWafer = 0, boundX = 0, boundY = 0;
  std::vector<LinkLoad> links;
  LinkLoad hottest;
};

Fabric readFabric(const Fields &plan);

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_FABRIC_H
