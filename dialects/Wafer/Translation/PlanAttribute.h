//===- PlanAttribute.h - A plan as an attribute, and back -------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plan holds no loop nests, only how they are cut, so no kernels can be made
// of it again. What it holds becomes a dictionary on a module, member by
// member: tools that work on MLIR, and bytecode, can carry it.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSLATION_PLANATTRIBUTE_H
#define INLAY_DIALECTS_WAFER_TRANSLATION_PLANATTRIBUTE_H

#include "inlay/Plan/Plan.h"

#include "mlir/IR/BuiltinOps.h"

namespace inlay::wafer {

/// Of a module that `inlay-translate --plan-to-mlir` made: the whole plan.
inline constexpr llvm::StringLiteral kPlanAttrName = "inlay_wafer.plan";

/// Objects are dictionaries, arrays of integers `array<i64: ...>`, other arrays
/// lists, numbers i64 or, where they are not whole, f64.
mlir::DictionaryAttr toAttribute(const plan::Plan &plan,
                                 mlir::MLIRContext *context);

/// Emits an error at the module where the attribute is no plan.
mlir::FailureOr<plan::Plan> fromAttribute(mlir::DictionaryAttr attribute,
                                          mlir::ModuleOp module);

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_TRANSLATION_PLANATTRIBUTE_H
