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
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace inlay::onnx {

#define GEN_PASS_DECL
#include "dialects/Onnx/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dialects/Onnx/Transforms/Passes.h.inc"

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_TRANSFORMS_PASSES_H
