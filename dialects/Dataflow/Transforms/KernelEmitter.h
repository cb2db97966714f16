//===- KernelEmitter.h - Kernels of a grouping as IR ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_DATAFLOW_TRANSFORMS_KERNELEMITTER_H
#define INLAY_DIALECTS_DATAFLOW_TRANSFORMS_KERNELEMITTER_H

#include "Grouping.h"
#include "StatePairs.h"

namespace inlay::dataflow {

/// Writes the dataflow graph of a grouped nn graph, before that graph. Fails,
/// with an error at each, on values that would be streams but are no ranked
/// tensors. The nn graph stays as it is.
mlir::FailureOr<GraphOp> emitGraph(nn::GraphOp source, const StatePairs &states,
                                   const Grouping &grouping,
                                   mlir::OpBuilder &builder);

} // namespace inlay::dataflow

#endif // INLAY_DIALECTS_DATAFLOW_TRANSFORMS_KERNELEMITTER_H
