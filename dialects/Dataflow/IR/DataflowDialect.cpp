//===- DataflowDialect.cpp - The inlay_dataflow dialect -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Dataflow/IR/Dataflow.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace inlay::dataflow;

#include "dialects/Dataflow/IR/DataflowDialect.cpp.inc"
#include "dialects/Dataflow/IR/DataflowEnums.cpp.inc"
#include "dialects/Dataflow/IR/DataflowInterfaces.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Dataflow/IR/DataflowTypes.cpp.inc"

void DataflowDialect::initialize() {
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "dialects/Dataflow/IR/DataflowOps.cpp.inc"
      >();
}

void DataflowDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Dataflow/IR/DataflowTypes.cpp.inc"
      >();
}
