//===- Onnx.h - The inlay_onnx dialect ------------------------ -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One include for the dialect's ops, attributes and types, and the questions
// that every pass over this level asks.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_IR_ONNX_H
#define INLAY_DIALECTS_ONNX_IR_ONNX_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Onnx/IR/NodeNames.h"
#include "dialects/Onnx/IR/WeightPiece.h"

#include <memory>
#include <mutex>
#include <vector>

#include "dialects/Onnx/IR/OnnxDialect.h.inc"
#include "dialects/Onnx/IR/OnnxEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Onnx/IR/OnnxAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Onnx/IR/OnnxTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Onnx/IR/OnnxOps.h.inc"

namespace inlay::onnx {

/// The ONNX name in a location: "/layers.0/moe" of
/// loc("/layers.0/moe"("model.onnx":1:0)). Empty where there is none.
llvm::StringRef getNodeName(mlir::Location loc);

/// Where the graph of the node is that `loc` names; else `loc` itself.
mlir::Location dropNodeName(mlir::Location loc);

/// Gives `op` and what is in it builtin locations in place of
/// `#inlay_onnx.node`, as the levels behind this one have them.
void toNameLocs(mlir::Operation *op);

/// "com.microsoft::QMoE", or "Add" for the default domain.
std::string getFullName(llvm::StringRef domain, llvm::StringRef opType);

/// Version of `domain` in a dictionary of opsets; "" is the default domain.
std::optional<int64_t> lookupOpset(mlir::DictionaryAttr opsets,
                                   llvm::StringRef domain);

/// The value of an `inlay_onnx.constant`, or null for any other value.
mlir::ElementsAttr getConstantValue(mlir::Value value);

/// Small integer tensors (i64, i32, i1, …) as numbers, for shape arithmetic;
/// nothing where `value` is no integer constant.
std::optional<llvm::SmallVector<int64_t>> getConstantInts(mlir::Value value);

/// A ranked tensor type with the given names of dims, in its one normal form:
/// without an encoding unless a dynamic dim has a (non-empty) symbol.
/// `symbols` has one entry per dim.
mlir::RankedTensorType getTensorType(llvm::ArrayRef<int64_t> shape,
                                     mlir::Type elementType,
                                     llvm::ArrayRef<llvm::StringRef> symbols);

/// The symbol of each dim of a tensor type; empty strings for dims without.
llvm::SmallVector<llvm::StringRef> getDimSymbols(mlir::RankedTensorType type);

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_IR_ONNX_H
