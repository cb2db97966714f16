//===- Fabric.cpp - Settings of routers, as rules -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Routing/Fabric.h"

using namespace inlay;
using namespace inlay::routing;
using model::Rect;

Port inlay::routing::opposite(Port port) {
  constexpr Port kOpposite[] = {Port::East, Port::West, Port::South,
                                Port::North, Port::Ramp};
  return kOpposite[static_cast<int>(port)];
}

const char *inlay::routing::toString(Port port) {
  constexpr const char *kNames[] = {"W", "E", "N", "S", "ramp"};
  return kNames[static_cast<int>(port)];
}

const char *inlay::routing::toLineString(Port port) {
  constexpr const char *kNames[] = {"back", "ahead", "back", "ahead", "ramp"};
  return kNames[static_cast<int>(port)];
}

Port inlay::routing::turned(Port port) { return transposed(port); }

Offset inlay::routing::offsetOf(Port port) {
  constexpr Offset kOffsets[] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}, {0, 0}};
  return kOffsets[static_cast<int>(port)];
}

Rect Area::bounds() const {
  Rect last = copy(count - 1);
  int64_t x = std::min(rect.x, last.x);
  int64_t y = std::min(rect.y, last.y);
  return {x, y, std::max(rect.right(), last.right()) - x,
          std::max(rect.bottom(), last.bottom()) - y};
}

Rect inlay::routing::intersect(const Rect &a, const Rect &b) {
  if (!a.overlaps(b))
    return {};
  int64_t x = std::max(a.x, b.x);
  int64_t y = std::max(a.y, b.y);
  return {x, y, std::min(a.right(), b.right()) - x,
          std::min(a.bottom(), b.bottom()) - y};
}

Rect inlay::routing::transposed(const Rect &rect) {
  return {rect.y, rect.x, rect.height, rect.width};
}

Port inlay::routing::transposed(Port port) {
  constexpr Port kTransposed[] = {Port::North, Port::South, Port::West,
                                  Port::East, Port::Ramp};
  return kTransposed[static_cast<int>(port)];
}

Segment inlay::routing::transposed(const Segment &segment) {
  Segment result;
  result.area = {transposed(segment.area.rect), segment.area.count,
                 segment.area.dy, segment.area.dx};
  result.in = transposed(segment.in);
  for (Port port : kAllPorts)
    if (segment.out.has(port))
      result.out.add(transposed(port));
  result.position = segment.position;
  return result;
}
