//===- Dataflow.h - The inlay_dataflow dialect ------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// One include for the dialect's ops, attributes, types and interface.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_DATAFLOW_IR_DATAFLOW_H
#define INLAY_DIALECTS_DATAFLOW_IR_DATAFLOW_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Dataflow/IR/DataflowDialect.h.inc"
#include "dialects/Dataflow/IR/DataflowEnums.h.inc"
#include "dialects/Dataflow/IR/DataflowInterfaces.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Dataflow/IR/DataflowTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Dataflow/IR/DataflowOps.h.inc"

namespace inlay::dataflow {

/// The end of a kernel's body.
YieldOp getYield(KernelOpInterface kernel);

/// The structural hash of a kernel: 32 hex digits, equal for kernels whose
/// bodies have the same ops, attributes, types and connectivity. Names,
/// locations, the layer and the symbols of weights and states do not count, so
/// the kernels of a repeated layer share it. It is the first half of a SHA-256,
/// so it is the same in every build.
std::string computeStructure(KernelOpInterface kernel);

} // namespace inlay::dataflow

#endif // INLAY_DIALECTS_DATAFLOW_IR_DATAFLOW_H
