//===- Fabric.h - Settings of routers, as rules -----------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A router has a port to each neighbour and one to its core. For each colour it
// passes what comes in at one port to one or several others. Several settings
// of one colour are positions of a switch and take turns.
//
// Settings are given for rectangles of routers at once, so that their number is
// that of the flows, not of the cores.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_ROUTING_FABRIC_H
#define INLAY_ROUTING_FABRIC_H

#include "inlay/Model/Geometry.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inlay::routing {

/// Of a router. On a line of routers West is back, East is ahead.
enum class Port { West, East, North, South, Ramp };
inline constexpr int kNumPorts = 5;

Port opposite(Port port);
/// "W", "E", "N", "S", "ramp".
const char *toString(Port port);
/// "back", "ahead", "ramp" of a line.
const char *toLineString(Port port);
/// The port of a line along axis y: West becomes North, East South.
Port turned(Port port);

struct Offset {
  int64_t dx = 0;
  int64_t dy = 0;
};
/// From a router to its neighbour at `port`; nothing for Ramp.
Offset offsetOf(Port port);

/// A set of ports.
class Ports {
public:
  Ports() = default;
  Ports(std::initializer_list<Port> ports) {
    for (Port port : ports)
      add(port);
  }
  explicit Ports(unsigned bits) : bits(bits) {}

  void add(Port port) { bits |= 1u << static_cast<unsigned>(port); }
  bool has(Port port) const {
    return (bits >> static_cast<unsigned>(port)) & 1u;
  }
  bool empty() const { return bits == 0; }
  unsigned getBits() const { return bits; }
  bool operator==(const Ports &) const = default;

private:
  unsigned bits = 0;
};

inline constexpr Port kAllPorts[] = {Port::West, Port::East, Port::North,
                                     Port::South, Port::Ramp};

/// A router's switch has so many positions for each colour.
inline constexpr int kSwitchPositions = 4;

/// A rectangle, and `count` - 1 copies, each (dx, dy) from the one before.
struct Area {
  model::Rect rect;
  int64_t count = 1;
  int64_t dx = 0;
  int64_t dy = 0;

  model::Rect copy(int64_t k) const {
    return {rect.x + k * dx, rect.y + k * dy, rect.width, rect.height};
  }
  /// The least rectangle that holds all copies.
  model::Rect bounds() const;
  bool operator==(const Area &) const = default;
};

/// Routers of an area that pass wavelets from `in` to every port of `out`.
struct Segment {
  Area area;
  Port in = Port::Ramp;
  Ports out;
  int position = 0; ///< of the switch, within the route

  bool operator==(const Segment &) const = default;
};

/// The common part of two rectangles; width and height 0 where there is none.
model::Rect intersect(const model::Rect &a, const model::Rect &b);

/// Swaps x and y: what is said of columns is said of rows.
model::Rect transposed(const model::Rect &rect);
Port transposed(Port port);
Segment transposed(const Segment &segment);

} // namespace inlay::routing

#endif // INLAY_ROUTING_FABRIC_H
