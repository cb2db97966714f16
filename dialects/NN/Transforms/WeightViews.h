//===- WeightViews.h - Other views of one weight ----------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Some or all elements of an initializer in the order that an op takes them:
// a new global that says where they lie. No byte is moved.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_WEIGHTVIEWS_H
#define INLAY_DIALECTS_NN_TRANSFORMS_WEIGHTVIEWS_H

#include "mlir/IR/Builders.h"

namespace inlay::nn {

/// Where elements lie: that of indices i is `first` + sum of i * stride,
/// counted in elements.
struct Strided {
  int64_t first = 0;
  llvm::SmallVector<int64_t> sizes;
  llvm::SmallVector<int64_t> strides;
};

/// Whether `value` is loaded from an initializer as it is, so that views of it
/// can be made.
bool isWholeWeight(mlir::Value value);

/// The elements `view` of the whole weight `weight`, inside of it. The new
/// global is named after the initializer and `role`; a view that is there
/// already is used again.
mlir::Value createWeightView(mlir::OpBuilder &builder, mlir::Location loc,
                             mlir::Value weight, const Strided &view,
                             llvm::StringRef role);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_WEIGHTVIEWS_H
