//===- RaiseMoe.h - From any encoding of experts to route and experts - -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The only way into this folder.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MOE_RAISEMOE_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MOE_RAISEMOE_H

#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

#include <string>

namespace inlay::nn {

/// Why a node that holds experts stays as it is, by node.
using MoeRefusals = llvm::DenseMap<mlir::Operation *, std::string>;

/// Puts `inlay_nn.route` and `inlay_nn.experts` in the place of every
/// mixture of experts of `graph`, whatever operators it is written in, and
/// erases what is not needed after that. Warns of routers that have fewer
/// experts than they choose from. Fails, and says why, where an operator of a
/// vendor holds experts. Linear in the number of nodes.
mlir::FailureOr<MoeRefusals> raiseMoe(mlir::ModuleOp module,
                                      onnx::GraphOp graph);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MOE_RAISEMOE_H
