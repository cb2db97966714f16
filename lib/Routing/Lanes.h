//===- Lanes.h - The ways of one flow ---------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_ROUTING_LANES_H
#define INLAY_LIB_ROUTING_LANES_H

#include "inlay/Routing/Routing.h"

namespace inlay::routing {

/// Appends the routes of flow `index` without colours: gathers, trunks (on each
/// wafer that it touches) and spread, in at most `mostLanes` lanes. Where dead
/// cores leave no way false, and `why` says where and what to do.
bool routeFlow(const Problem &problem, int index, int64_t mostLanes,
               std::vector<Route> &routes, std::string &why);

/// Wavelets that the parts [first, end) of the consumer take of a flow.
int64_t laneWavelets(const Flow &flow, int64_t first, int64_t end);

/// Equal segments at equal distances become one.
void compress(std::vector<Segment> &segments);

} // namespace inlay::routing

#endif // INLAY_LIB_ROUTING_LANES_H
