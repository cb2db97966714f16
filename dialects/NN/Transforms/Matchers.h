//===- Matchers.h - What patterns ask of operations -------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Small questions that the pattern files share. Each looks at a value's
// definition and at most a few steps behind it.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MATCHERS_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MATCHERS_H

#include "dialects/NN/IR/NN.h"

namespace inlay::nn {

/// Whether both are float types and `wide` has all numbers of `narrow`.
bool holdsFloats(mlir::Type wide, mlir::Type narrow);
/// Whether a conversion of floats is to a type that holds what it converts.
bool isWidening(CastOp cast);

/// `value` without conversions to float types that hold what they convert.
mlir::Value stripWideningCasts(mlir::Value value);
/// `value` also without conversions that round, if to a type that holds the
/// numbers of `own`, the type that the graph works in there: those it does
/// where it computes in a wider type and goes back. To round to fewer digits,
/// as fake quantisation does, is a step of the model. Both leave conversions to
/// and from types of less than 16 bits: nothing is computed in those.
mlir::Value stripFloatCasts(mlir::Value value, mlir::Type own);

/// The number of a constant whose elements are all the same, seen through
/// conversions and changes of shape.
std::optional<double> getScalar(mlir::Value value);

/// Whether `number`, a constant of type `element`, is `expected`: as near as
/// that type (and six digits in a file) can say it. Nearer than that a raised
/// operation could not be told from what it was raised from; farther it could.
bool isNear(double number, double expected, mlir::Type element);
/// The same of a value's only number.
bool isNear(mlir::Value value, double expected);

/// Whether `value` is a weight, a constant, or a cheap function of these alone
/// (at most a few ops deep).
bool isWeightLike(mlir::Value value);

/// The op that defines `value`, if it is of this kind.
BinaryOp matchBinary(mlir::Value value, BinaryKind kind);
UnaryOp matchUnary(mlir::Value value, UnaryKind kind);

/// value = `inner` * `factor`, by a product with or a quotient by a number.
struct Scaled {
  mlir::Value inner;
  double factor;
};
std::optional<Scaled> matchScaled(mlir::Value value);

/// The base of a square: x of x * x or x^2.
mlir::Value matchSquare(mlir::Value value);

/// value = mean of `inner` over its last dim, which stays as 1, * `factor`: a
/// mean, or a sum, times a number or not. Of a mean as near as its type can say
/// it the factor is 1.
std::optional<Scaled> matchScaledMean(mlir::Value value);
/// The input of such a mean whose factor is 1; null otherwise.
mlir::Value matchMeanOfLastDim(mlir::Value value);

/// Elements of the last dim of `base`, and all of its other dims.
struct LastDimPart {
  mlir::Value base;
  int64_t offset = 0;
  int64_t stride = 1;
  int64_t size = 0;

  bool operator==(const LastDimPart &) const = default;
};

/// `value` as a part of what it is a slice of; of itself where it is none.
LastDimPart getLastDimPart(mlir::Value value);

/// The input of a slice that takes `size` elements from `offset` on, `stride`
/// apart, of the last dim, and all of the others; null otherwise.
mlir::Value matchLastDimSlice(mlir::Value value, int64_t offset, int64_t stride,
                              int64_t size);

/// `value` in another shape; `value` itself if it has it.
mlir::Value createReshape(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value value, llvm::ArrayRef<int64_t> shape);
/// `value` with its dims permuted.
mlir::Value createTranspose(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value value,
                            llvm::ArrayRef<int64_t> permutation);
/// A constant all of whose elements are `number`.
mlir::Value createSplat(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::RankedTensorType type, double number);

/// lhs + rhs, of the element type of `lhs`; either where the other is null.
/// Null where their shapes do not broadcast.
mlir::Value createSum(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value lhs, mlir::Value rhs);

/// [batch, heads, tokens, d] as [batch, tokens, heads * d].
mlir::Value flattenHeads(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value value);
/// [batch, tokens, heads * d] as [batch, heads, tokens, d].
mlir::Value splitHeads(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value value, int64_t heads);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MATCHERS_H
