//===- Passes.td - Passes over the inlay_onnx dialect ---- -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_TRANSFORMS_PASSES_TD
#define INLAY_DIALECTS_ONNX_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyOnnx : Pass<"verify-onnx", "mlir::ModuleOp"> {
  let summary = "Checks what a module of the ONNX level must be";
  let description = [{
    Stands after the import and reports every breach, not only the first:

    - The module holds exactly one `inlay_onnx.graph`.
    - `inlay_onnx.opsets` is a dictionary of i64, and has the domain of each
      node of the graph; a function's `opsets` has those of its nodes.
    - Every `ml_program.global` that is used exists, is not mutable, and holds
      an `#inlay_onnx.weight` handle or a value.
    - The `initializer` of an `inlay_onnx.constant` names a global of the same
      type.

    Never changes the IR.
  }];
}

#endif // INLAY_DIALECTS_ONNX_TRANSFORMS_PASSES_TD
