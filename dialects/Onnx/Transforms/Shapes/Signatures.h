//===- Signatures.h - What operators take and give ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What ONNX asks of every node of an operator, before its shapes are looked at:
// how many inputs and outputs it has, and which element types.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_TRANSFORMS_SHAPES_SIGNATURES_H
#define INLAY_DIALECTS_ONNX_TRANSFORMS_SHAPES_SIGNATURES_H

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

namespace inlay::onnx {

/// Reports the first thing about a node that no version of its operator allows.
/// Operators of other domains and unknown ones are let pass.
mlir::LogicalResult checkSignature(NodeInference &inference);

/// Reports an epsilon that is negative or no number, and a bound that is none:
/// all that is computed with them is none either.
mlir::LogicalResult checkNumbers(NodeInference &inference);

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_TRANSFORMS_SHAPES_SIGNATURES_H
