//===- AttrConversion.h - Structs and attributes of this level -----*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// The one way between what the algorithm libraries work on and what the IR
// keeps of it, in both directions. A value that goes through the IR comes back
// as it was.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_ATTRCONVERSION_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_ATTRCONVERSION_H

#include "dialects/Wafer/IR/Wafer.h"
#include "inlay/Cost/Cost.h"
#include "inlay/Model/Sharding.h"
#include "inlay/Target/Target.h"

namespace inlay::wafer {

TargetAttr toAttr(mlir::MLIRContext *context, const target::Target &target);
target::Target toTarget(TargetAttr attr);

/// The region's extent is the region's, not the attribute's.
ShardingAttr toAttr(mlir::MLIRContext *context,
                    const model::Sharding &sharding);
model::Sharding toSharding(ShardingAttr attr, model::Extent region);

cost::Mode toMode(CostMode mode);

/// Null for uniform routing.
RoutingAttr toAttr(mlir::MLIRContext *context,
                   const cost::ModelRouting &routing);
cost::ModelRouting toRouting(RoutingAttr attr, int64_t seed);
/// The same of a system, with the seed of its graph.
cost::ModelRouting routingOf(SystemOp system);

CyclesAttr toAttr(mlir::MLIRContext *context, const cost::Breakdown &cycles);
cost::Breakdown toBreakdown(CyclesAttr attr);

BoundAttr toAttr(mlir::MLIRContext *context, const cost::Bound &bound);
cost::Bound toBound(BoundAttr attr);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_ATTRCONVERSION_H
