//===- ConstraintConversion.h - Constraints as IR and as structs -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_CONSTRAINTCONVERSION_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_CONSTRAINTCONVERSION_H

#include "dialects/Wafer/IR/Wafer.h"
#include "inlay/Mapping/Constraints.h"

namespace inlay::wafer {

/// What the `inlay_wafer.constraints` of a module want of the kernels of its
/// model. A kernel that the model does not have is an error.
mlir::FailureOr<mapping::Constraints>
readConstraints(mlir::ModuleOp module, const model::Graph &model);

/// Adds an `inlay_wafer.constraints` to the module.
void addConstraints(mlir::ModuleOp module, const model::Graph &model,
                    const mapping::Constraints &constraints);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_CONSTRAINTCONVERSION_H
