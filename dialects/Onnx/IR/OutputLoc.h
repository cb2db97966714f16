//===- OutputLoc.h - Locations of outputs but the first ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A location has the name of the node that a value comes from. Where the value
// is another output of it than the first, the location is fused with that
// output's number, so that a plan can tell them apart.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_IR_OUTPUTLOC_H
#define INLAY_DIALECTS_ONNX_IR_OUTPUTLOC_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"

namespace inlay::onnx {

/// The location of output `index` of the node at `node`.
inline mlir::Location getOutputLoc(mlir::Location node, unsigned index) {
  if (index == 0)
    return node;
  mlir::MLIRContext *context = node.getContext();
  auto number =
      mlir::IntegerAttr::get(mlir::IntegerType::get(context, 64), index);
  return mlir::FusedLoc::get(context, {node}, number);
}

/// The number of that output; 0 for a location of a node.
inline int64_t getOutputNumber(mlir::Location loc) {
  auto fused = llvm::dyn_cast<mlir::FusedLocWith<mlir::IntegerAttr>>(loc);
  return fused ? fused.getMetadata().getInt() : 0;
}

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_IR_OUTPUTLOC_H
