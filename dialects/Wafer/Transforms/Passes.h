//===- Passes.h - Passes over the inlay_wafer dialect -----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_PASSES_H
#define INLAY_DIALECTS_WAFER_TRANSFORMS_PASSES_H

#include "dialects/Wafer/IR/Wafer.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace inlay::wafer {

/// The value of a numeric option that was not given.
constexpr int64_t kUnset = -1;

#define GEN_PASS_DECL
#include "dialects/Wafer/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dialects/Wafer/Transforms/Passes.h.inc"

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_PASSES_H
