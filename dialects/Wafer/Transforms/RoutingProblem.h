//===- RoutingProblem.h - What of a placed system is to be routed -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_ROUTINGPROBLEM_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_ROUTINGPROBLEM_H

#include "Placement.h"

#include "inlay/Routing/Routing.h"

namespace inlay::wafer {

/// Regions, flows and collectives of a placed system. Streams from one kernel
/// to another, or the host, that are cut alike are one flow, by the number of
/// the stream; those that lie where they are wanted already are none. The
/// collectives are those that the estimate counts, each with its algorithm.
routing::Problem routingProblem(SystemOp system, const model::Graph &model,
                                llvm::MutableArrayRef<Placement> placements);

/// Writes a solution into a system that has no routes.
void writeRoutes(SystemOp system, const routing::Problem &problem,
                 const routing::Solution &solution,
                 llvm::MutableArrayRef<Placement> placements);

/// What the ops of a system say; nothing of it is checked but that names are
/// those of the problem. Emits an error otherwise.
mlir::FailureOr<routing::Solution> readRoutes(SystemOp system,
                                              const routing::Problem &problem);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_ROUTINGPROBLEM_H
