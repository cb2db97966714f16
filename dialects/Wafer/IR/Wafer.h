//===- Wafer.h - The inlay_wafer dialect ------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// One include for the dialect's ops and attributes.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_IR_WAFER_H
#define INLAY_DIALECTS_WAFER_IR_WAFER_H

#include "dialects/Dataflow/IR/Dataflow.h"
#include "inlay/Model/Geometry.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"

#include "dialects/Wafer/IR/WaferDialect.h.inc"
#include "dialects/Wafer/IR/WaferEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Wafer/IR/WaferAttrs.h.inc"

namespace inlay::wafer {
class StageOp;
class SystemOp;
} // namespace inlay::wafer

#define GET_OP_CLASSES
#include "dialects/Wafer/IR/WaferOps.h.inc"

namespace inlay::wafer {

/// Prefixes of the figures that are rates of a type, and of the measured costs
/// of software; the others are `target::kFigures`.
inline constexpr llvm::StringLiteral kMacRate = "mac_rate.";
inline constexpr llvm::StringLiteral kElementRate = "element_rate.";
inline constexpr llvm::StringLiteral kPrimitive = "primitive.";

} // namespace inlay::wafer

#endif // INLAY_DIALECTS_WAFER_IR_WAFER_H
