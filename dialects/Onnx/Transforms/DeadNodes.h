//===- DeadNodes.h - Nodes whose results nobody uses ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_TRANSFORMS_DEADNODES_H
#define INLAY_DIALECTS_ONNX_TRANSFORMS_DEADNODES_H

#include "mlir/IR/Block.h"

#include <cstdint>

namespace inlay::onnx {

/// Erases the ops of a block, and of the subgraphs in it, that no terminator
/// depends on. ONNX nodes have no effect but their outputs, those that draw
/// random numbers included. Returns how many of the erased ops were nodes;
/// takes one pass over the ops.
int64_t eraseDeadOps(mlir::Block &block);

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_TRANSFORMS_DEADNODES_H
