//===- NormRoots.h - What norms divide by -----------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Roots of means of squares, and of variances, in the spellings that exporters
// have for them. Each function looks at a few steps behind its value.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_NORMROOTS_H
#define INLAY_DIALECTS_NN_TRANSFORMS_NORMROOTS_H

#include "Matchers.h"

namespace inlay::nn {

/// The least number that keeps roots from 0 whose square, over the width of a
/// row, f32 still holds.
constexpr double kLeastRoot = 1e-16;

/// factor * sqrt(variance + epsilon)
struct Root {
  mlir::Value variance;
  double epsilon = 0;
  double factor = 1;
};
/// `own` is the type that the graph works in there, as for `stripFloatCasts`.
std::optional<Root> matchRoot(mlir::Value value, mlir::Type own);

/// gamma / root, gamma having an element for each of the last dim, or none.
struct Inverse {
  Root root;
  mlir::Value gamma;
};
/// What norms of `type` are multiplied with.
std::optional<Inverse> matchInverse(mlir::Value value,
                                    mlir::RankedTensorType type);

/// x of x - mean(x); null otherwise.
mlir::Value matchCentred(mlir::Value value, mlir::Type own);
/// value = mean of the squares of `inner` * `factor`.
std::optional<Scaled> matchMeanOfSquares(mlir::Value value, mlir::Type own);
/// value = variance of `inner` * `factor`.
std::optional<Scaled> matchVariance(mlir::Value value, mlir::Type own);

/// Whether `value` has one number for each element of the last dim of `type`,
/// and depends on weights only.
bool isVector(mlir::Value value, mlir::RankedTensorType type);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_NORMROOTS_H
