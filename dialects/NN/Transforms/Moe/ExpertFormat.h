//===- ExpertFormat.h - How QMoE stores the weights of experts --*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `quant_type`, `block_size` and the widths of com.microsoft::QMoE say
// about its weights and scales, after the schema of onnxruntime 1.32:
//
//   int     integers, several to a byte; scales [E, N, K / block_size] or [E,
//   N] fp4     E2M1, two to a byte; scales E8M0 [E, N, K / 32]; a factor for
//   each
//           expert
//   nvfp4   the same with scales E4M3 [E, N, K / 16]
//   fp8     E4M3; scales [E, N / block_size, K / block_size] of floats, or
//           without `block_size` a factor for each expert only
//
// Two 4-bit floats of one byte are neighbours along K, or, as CUDA's kernels
// want them, along N: then the weights are [E, K, N / 2].
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MOE_EXPERTFORMAT_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MOE_EXPERTFORMAT_H

#include "dialects/Onnx/IR/Onnx.h"

namespace inlay::nn::moe {

struct ExpertFormat {
  /// Of an element that is kept in bytes; null for integers, and where weights
  /// or scales have a type of their own.
  mlir::Type element;
  mlir::Type scale;
  /// Of fc1 and fc3, and of fc2.
  int64_t bits = 0;
  int64_t bitsOfFc2 = 0;
  /// Elements of a row that share a scale; 0 where the scales say it.
  int64_t block = 0;
  /// Rows that share a scale.
  int64_t rowBlock = 1;
  /// Whether blocks have scales, and experts a factor.
  bool hasScales = true;
  bool hasFactor = false;
  /// Whether bytes may hold neighbours along N, or are said to.
  bool isFloat4 = false;
  std::optional<bool> alongRows;
};

/// Reads the attributes of a QMoE; else why no rule knows it.
std::optional<std::string> readFormat(onnx::NodeOp node, ExpertFormat &format);

} // namespace inlay::nn::moe

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MOE_EXPERTFORMAT_H
