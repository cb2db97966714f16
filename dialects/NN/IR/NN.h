//===- NN.h - The inlay_nn dialect ------------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One include for the dialect's ops, attributes and interface.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_NN_H
#define INLAY_DIALECTS_NN_IR_NN_H

#include "inlay/Model/Model.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/NN/IR/NNDialect.h.inc"
#include "dialects/NN/IR/NNEnums.h.inc"
#include "dialects/NN/IR/NNInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/NN/IR/NNAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/NN/IR/NNOps.h.inc"

namespace inlay::nn {

/// The bits that an element of a type takes in memory; an element type stands
/// for itself.
int getElementBits(mlir::Type type);

/// Name and bits of an element type as mapping sees it.
model::ElementType getElementType(mlir::Type type);

/// The static shape of a ranked tensor value.
llvm::ArrayRef<int64_t> getShape(mlir::Value value);

/// Null where there is no quantisation of so many bits in such blocks.
BlockQuantAttr getBlockQuant(mlir::MLIRContext *context, int64_t bits,
                             int64_t block, int64_t rows = 1);

/// Size of the last dim; 1 for a scalar.
int64_t getLastDim(mlir::Value value);

/// Product of a shape's dims; a dynamic dim counts as 1. The largest number
/// where it is beyond 64 bits.
int64_t numElements(llvm::ArrayRef<int64_t> shape);

/// The numpy broadcast of shapes; nothing where they do not fit.
std::optional<llvm::SmallVector<int64_t>>
broadcastShapes(llvm::ArrayRef<llvm::ArrayRef<int64_t>> shapes);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_IR_NN_H
