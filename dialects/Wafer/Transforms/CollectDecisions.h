//===- CollectDecisions.h - What a placed module was chosen from -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_COLLECTDECISIONS_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_COLLECTDECISIONS_H

#include "inlay/Mapping/Decisions.h"

#include "mlir/IR/BuiltinOps.h"

namespace inlay::wafer {

/// What the search for the regions of a placed module looked at. Emits an error
/// and fails where the module is not placed.
mlir::FailureOr<mapping::Decisions> collectDecisions(mlir::ModuleOp module);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_COLLECTDECISIONS_H
