//===- Routers.h - How a router of a plan is set ----------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The plan's rule for routers (docs/plan.md), carried out: every setting that
// the routes give to one of them. Plans are not trusted: a route that
// contradicts itself is an error.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_PLAN_ROUTERS_H
#define INLAY_PLAN_ROUTERS_H

#include "inlay/Plan/Plan.h"

namespace inlay::plan {

/// Ports of a router; sets of them are sums.
enum Port : unsigned {
  kWest = 1,
  kEast = 2,
  kNorth = 4,
  kSouth = 8,
  kRamp = 16, ///< the core
};

/// What comes in at `in` in this colour leaves at every port of `out`.
struct RouterSetting {
  const Route *route = nullptr;
  int64_t colour = 0;
  unsigned in = 0;
  unsigned out = 0;
  int64_t position = 0; ///< of the switch, among those of the same route
};

/// The settings of the router at (x, y) of a wafer, as the routes and their
/// segments stand in the plan.
std::optional<std::vector<RouterSetting>> routerSettings(const Plan &plan,
                                                         int64_t wafer,
                                                         int64_t x, int64_t y,
                                                         Diagnostics &diags);

} // namespace inlay::plan

#endif // INLAY_PLAN_ROUTERS_H
