//===- Passes.h - Passes over the inlay_dataflow dialect --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_DATAFLOW_TRANSFORMS_PASSES_H
#define INLAY_DIALECTS_DATAFLOW_TRANSFORMS_PASSES_H

#include "dialects/Dataflow/IR/Dataflow.h"
#include "dialects/NN/IR/NN.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace inlay::dataflow {

#define GEN_PASS_DECL
#include "dialects/Dataflow/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dialects/Dataflow/Transforms/Passes.h.inc"

} // namespace inlay::dataflow

#endif // INLAY_DIALECTS_DATAFLOW_TRANSFORMS_PASSES_H
