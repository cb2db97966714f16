//===- Folding.h - Arithmetic on known values -------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What ONNX's elementwise operators compute, element by element, on tensors of
// which some elements are known. An element is unknown where an operand is, or
// where the operation has no defined value (division by zero).
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_TRANSFORMS_SHAPES_FOLDING_H
#define INLAY_DIALECTS_ONNX_TRANSFORMS_SHAPES_FOLDING_H

#include "dialects/Onnx/Transforms/Shapes/ConstTensor.h"

namespace inlay::onnx {

/// None where the operator is not folded on this type.
std::optional<ConstTensor> foldUnary(llvm::StringRef opType,
                                     const ConstTensor &a);

/// `shape` is what the operands broadcast to; `fits(shape, resultType)`.
/// `isFmod` is the attribute of Mod. None where the operator is not folded.
std::optional<ConstTensor> foldBinary(llvm::StringRef opType, bool isFmod,
                                      const ConstTensor &a,
                                      const ConstTensor &b,
                                      llvm::ArrayRef<int64_t> shape,
                                      mlir::Type resultType);

ConstTensor foldWhere(const ConstTensor &condition, const ConstTensor &yes,
                      const ConstTensor &no, llvm::ArrayRef<int64_t> shape);

/// ReduceSum, ReduceProd, ReduceMax, ReduceMin or ReduceMean over the dims
/// whose `isReduced` is set; `shape` is that of the result, whatever keepdims.
std::optional<ConstTensor> foldReduce(llvm::StringRef opType,
                                      const ConstTensor &a,
                                      llvm::ArrayRef<bool> isReduced,
                                      llvm::ArrayRef<int64_t> shape);

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_TRANSFORMS_SHAPES_FOLDING_H
