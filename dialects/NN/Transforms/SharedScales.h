//===- SharedScales.h - Scales that whole blocks share ----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// DequantizeLinear knows blocks along one dim. Where a checkpoint has a scale
// for a square, exporters repeat each row of scales for the rows of its block,
// by Gather, Expand or Tile. Here the stored scales are found again, so that
// each is stored once.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_SHAREDSCALES_H
#define INLAY_DIALECTS_NN_TRANSFORMS_SHAREDSCALES_H

#include "mlir/IR/Value.h"

#include <optional>

namespace inlay::nn {

struct SharedScales {
  mlir::Value source;
  /// Elements of each dim that share one; 0 for all.
  llvm::SmallVector<int64_t> blocks;
};

/// What `scales` repeats, given that an element of them is for `blocks` of a
/// tensor of `shape` (0 for a whole dim); nothing where they repeat nothing.
/// Values are those of the onnx level.
std::optional<SharedScales> readSharedScales(mlir::Value scales,
                                             llvm::ArrayRef<int64_t> shape,
                                             llvm::ArrayRef<int64_t> blocks);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_TRANSFORMS_SHAREDSCALES_H
