//===- Passes.h - Passes over the inlay_onnx dialect ---------- -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_TRANSFORMS_PASSES_H
#define INLAY_DIALECTS_ONNX_TRANSFORMS_PASSES_H

#include "dialects/Onnx/IR/Onnx.h"
#include "inlay/Model/Model.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace inlay::onnx {

/// The value of a numeric option that was not given.
constexpr int64_t kUnset = -1;

/// Attributes of the graph that `bind-dims` writes: the step.
constexpr llvm::StringLiteral kPhaseAttr = "inlay_onnx.phase";
constexpr llvm::StringLiteral kBatchAttr = "inlay_onnx.batch";
constexpr llvm::StringLiteral kContextAttr = "inlay_onnx.context";
constexpr llvm::StringLiteral kTokensAttr = "inlay_onnx.tokens";

/// Attributes of the module that `infer-shapes` writes: names of initializers.
constexpr llvm::StringLiteral kFoldedAttr = "inlay_onnx.folded_initializers";
constexpr llvm::StringLiteral kUnreachableAttr =
    "inlay_onnx.unreachable_initializers";

#define GEN_PASS_DECL
#include "dialects/Onnx/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dialects/Onnx/Transforms/Passes.h.inc"

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_TRANSFORMS_PASSES_H
