//===- Routers.cpp - How a router of a plan is set, in C ------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Plan/Routers.h"

#include "Handles.h"

using namespace inlay;
using namespace inlay::capi;

static_assert(INLAY_PORT_WEST == unsigned(plan::kWest) &&
              INLAY_PORT_EAST == unsigned(plan::kEast) &&
              INLAY_PORT_NORTH == unsigned(plan::kNorth) &&
              INLAY_PORT_SOUTH == unsigned(plan::kSouth) &&
              INLAY_PORT_RAMP == unsigned(plan::kRamp));

InlayError *inlayPlanRouter(const InlayPlan *plan, int64_t wafer, int64_t x,
                            int64_t y, InlayRouterSetting *settings,
                            size_t capacity, size_t *count) {
  if (!plan)
    return nullError("plan");
  if (!settings && capacity != 0)
    return nullError("settings");
  if (!count)
    return nullError("count");
  Diagnostics diags;
  auto found = plan::routerSettings(plan->plan, wafer, x, y, diags);
  if (!found)
    return makeError(diags);
  *count = found->size();
  for (size_t i = 0; i < std::min(capacity, found->size()); ++i) {
    const plan::RouterSetting &setting = (*found)[i];
    settings[i] = {toString(setting.route->name),
                   setting.route->inTurn,
                   setting.colour,
                   setting.in,
                   setting.out,
                   setting.position};
  }
  return nullptr;
}
