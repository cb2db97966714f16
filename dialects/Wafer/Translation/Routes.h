//===- Routes.h - The routes of a plan --------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSLATION_ROUTES_H
#define INLAY_DIALECTS_WAFER_TRANSLATION_ROUTES_H

#include "dialects/Wafer/Translation/PlacedSystem.h"
#include "inlay/Plan/Plan.h"

namespace inlay::wafer {

/// Fills in `patterns`, `routes`, `colours` and `links`. Patterns follow from
/// the algorithms of the collectives; everything else the ops say.
void addRoutes(const PlacedSystem &placement, plan::Plan &plan);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSLATION_ROUTES_H
