//===- RespellRules.h - One node in other words ---------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What Respell.cpp asks for each node: null where it is not of that kind.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MOE_RESPELLRULES_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MOE_RESPELLRULES_H

#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/IR/Builders.h"

namespace inlay::nn::moe {

/// exp(x - max(x)) / sum(exp(x - max(x))) as Softmax; 1 / (1 + exp(-x)) as
/// Sigmoid, and y / (1 + exp(-x)) as its product with y.
mlir::Value writeQuotient(onnx::NodeOp node, mlir::OpBuilder &builder);
/// The same by Reciprocal.
mlir::Value writeReciprocal(onnx::NodeOp node, mlir::OpBuilder &builder);

/// A product with the reciprocal of a sum as the quotient by it.
mlir::Value writeDivision(onnx::NodeOp node, mlir::OpBuilder &builder);

/// A TopK over the first dim of a matrix as one over the last; then nothing
/// reads the node any more.
bool turnChoice(onnx::NodeOp node, mlir::OpBuilder &builder);
/// A TopK of logarithms of shares (LogSoftmax), of which the powers are taken,
/// chooses by the shares, which are what is read of it.
bool chooseByShares(onnx::NodeOp node, mlir::OpBuilder &builder);
/// LpNormalization of the weights of the chosen, by the sum of their
/// magnitudes, as a quotient.
mlir::Value writeShares(onnx::NodeOp node, mlir::OpBuilder &builder);

/// Whether a comparison holds for whatever data, by the least and the largest
/// that sums of zeros and ones can be.
bool isAlwaysTrue(onnx::NodeOp node);

/// An Einsum of three factors or more as Einsum of two each, of which the first
/// is that of the smallest product.
mlir::Value writeProduct(onnx::NodeOp node, mlir::OpBuilder &builder);

/// A MatMul with a row or column of ones, whose numbers are known, as
/// ReduceSum.
onnx::NodeOp writeSumOfOnes(onnx::NodeOp node, mlir::OpBuilder &builder);

/// A Gather of rows [tokens * experts, ...] at token * experts + choice, the
/// choice being that of a TopK over as many experts, as GatherND within each
/// token.
mlir::Value writeChosenRows(onnx::NodeOp node, mlir::OpBuilder &builder);

/// A Split of rows by counts behind a concatenation of parts that were split by
/// the same: the parts take its place, with what was done to all rows done to
/// those of each. The nodes that nothing reads any more then, the last first;
/// none, and nothing is changed, where `node` is no such Split.
std::optional<llvm::SmallVector<onnx::NodeOp>>
splitBefore(onnx::NodeOp node, mlir::OpBuilder &builder);

/// Gives a Concat of all parts of a Split as many rows as what was split has,
/// and what is computed from it row by row, where that is not known.
void countRows(onnx::NodeOp node);

/// A Cast to integers of the quotient, in floats, of an index that TopK gives
/// by a whole number, as the quotient of integers.
mlir::Value writeWholeQuotient(onnx::NodeOp node, mlir::OpBuilder &builder);

} // namespace inlay::nn::moe

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MOE_RESPELLRULES_H
