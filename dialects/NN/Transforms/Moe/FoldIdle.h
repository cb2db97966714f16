//===- FoldIdle.h - Nodes that give what they are given ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Comes before the analysis of experts, which then need not look through them.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_MOE_FOLDIDLE_H
#define INLAY_DIALECTS_NN_TRANSFORMS_MOE_FOLDIDLE_H

#include "dialects/Onnx/IR/Onnx.h"

namespace inlay::nn::moe {

/// Replaces the results of nodes that change nothing, whatever their input is,
/// by that input.
void foldIdleNodes(onnx::GraphOp graph);

} // namespace inlay::nn::moe

#endif // INLAY_DIALECTS_NN_TRANSFORMS_MOE_FOLDIDLE_H
