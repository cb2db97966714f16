//===- Routers.cpp - How a router of a plan is set ------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Plan/Routers.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include "fmt/format.h"

using namespace inlay;
using namespace inlay::plan;

namespace {

/// Sums and products of two numbers of a plan.
using Wide = __int128;

/// Numbers from `least` to `most`.
struct Span {
  Wide least = 0;
  Wide most = 0;
};

} // namespace

static Wide floorDivide(Wide a, Wide b) {
  Wide quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

/// Cuts `copies` down to those k with begin + k * step <= at < begin + k * step
/// + size.
static void keepCopies(int64_t at, int64_t begin, int64_t step, int64_t size,
                       Span &copies) {
  // k * step is from `low` to `high`.
  Wide high = Wide(at) - begin;
  Wide low = high - size + 1;
  if (step == 0) {
    if (low > 0 || high < 0)
      copies.most = copies.least - 1;
    return;
  }
  if (step < 0)
    std::swap(low, high);
  copies.least = std::max(copies.least, -floorDivide(-low, step));
  copies.most = std::min(copies.most, floorDivide(high, step));
}

/// The first copy of an area that (x, y) is in.
static std::optional<int64_t> copyAt(const Area &area, int64_t x, int64_t y) {
  Span copies{0, Wide(area.count) - 1};
  keepCopies(x, area.x, area.dx, area.width, copies);
  keepCopies(y, area.y, area.dy, area.height, copies);
  if (copies.least > copies.most)
    return std::nullopt;
  return static_cast<int64_t>(copies.least);
}

/// 0: there is no such port.
static unsigned portOf(llvm::StringRef name, llvm::StringRef lineAxis) {
  bool isColumn = lineAxis == "y";
  bool isLine = isColumn || lineAxis == "x";
  unsigned port = llvm::StringSwitch<unsigned>(name)
                      .Case("ramp", kRamp)
                      .Case("W", isLine ? 0 : kWest)
                      .Case("E", isLine ? 0 : kEast)
                      .Case("N", isLine ? 0 : kNorth)
                      .Case("S", isLine ? 0 : kSouth)
                      .Case("back", isColumn ? kNorth : kWest)
                      .Case("ahead", isColumn ? kSouth : kEast)
                      .Default(0);
  return !isLine && (name == "back" || name == "ahead") ? 0 : port;
}

namespace {

/// Collects the settings of one router.
class Collector {
public:
  Collector(const Plan &plan, int64_t x, int64_t y, Diagnostics &diags)
      : plan(plan), x(x), y(y), diags(diags) {}

  bool add(const Route &route);
  std::vector<RouterSetting> settings;

private:
  bool addLines(const Route &route);
  bool addSetting(const Route &route, int64_t colour, llvm::StringRef axis,
                  const std::string &in, const std::vector<std::string> &out,
                  int64_t position);
  bool fail(const Route &route, std::string message) {
    diags.inputError(fmt::format("route '{}'", route.name), std::move(message));
    return false;
  }

  const Plan &plan;
  int64_t x;
  int64_t y;
  Diagnostics &diags;
};

} // namespace

bool Collector::addSetting(const Route &route, int64_t colour,
                           llvm::StringRef axis, const std::string &in,
                           const std::vector<std::string> &out,
                           int64_t position) {
  if (colour < 0 || static_cast<size_t>(colour) >= route.colours.size())
    return fail(route, fmt::format("uses colour number {} of its {}", colour,
                                   route.colours.size()));
  RouterSetting setting{&route, route.colours[colour], portOf(in, axis), 0,
                        position};
  std::string wrong = setting.in == 0 ? in : "";
  for (const std::string &name : out) {
    unsigned port = portOf(name, axis);
    if (port == 0)
      wrong = name;
    setting.out |= port;
  }
  if (setting.in == 0 || !wrong.empty())
    return fail(route,
                fmt::format("has a port '{}', which there is not", wrong));
  settings.push_back(setting);
  return true;
}

bool Collector::addLines(const Route &route) {
  const bool isRow = route.lineAxis == "x";
  if (!isRow && route.lineAxis != "y")
    return fail(route, fmt::format("has lines along '{}', which is neither x "
                                   "nor y",
                                   route.lineAxis));
  auto pattern = llvm::find_if(plan.patterns, [&](const Pattern &pattern) {
    return pattern.name == route.pattern;
  });
  if (pattern == plan.patterns.end())
    return fail(route, fmt::format("has the pattern '{}', which the plan does "
                                   "not have",
                                   route.pattern));
  for (const Area &area : route.lines) {
    std::optional<int64_t> copy = copyAt(area, x, y);
    if (!copy)
      continue;
    Wide position = isRow ? Wide(x) - area.x - Wide(*copy) * area.dx
                          : Wide(y) - area.y - Wide(*copy) * area.dy;
    for (const LineSegment &segment : pattern->segments) {
      Wide distance = position - segment.first;
      Wide step = std::max<int64_t>(segment.step, 1);
      if (distance < 0 || distance % step != 0 ||
          distance / step >= segment.count)
        continue;
      if (!addSetting(route, segment.colour, route.lineAxis, segment.in,
                      segment.out, segment.position))
        return false;
    }
  }
  return true;
}

bool Collector::add(const Route &route) {
  for (const Segment &segment : route.segments)
    if (copyAt(segment.area, x, y) &&
        !addSetting(route, 0, "", segment.in, segment.out, segment.position))
      return false;
  return route.lines.empty() || addLines(route);
}

std::optional<std::vector<RouterSetting>>
inlay::plan::routerSettings(const Plan &plan, int64_t wafer, int64_t x,
                            int64_t y, Diagnostics &diags) {
  Collector collector(plan, x, y, diags);
  for (const Route &route : plan.routes)
    if (route.wafer == wafer && !collector.add(route))
      return std::nullopt;
  return std::move(collector.settings);
}
