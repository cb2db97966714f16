//===- ImportInput.h - The model of a run, from an ONNX file or a config --*-
// C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COMPILER_IMPORTINPUT_H
#define INLAY_COMPILER_IMPORTINPUT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"

namespace inlay {

/// Imports the ONNX file at `path`. Where the name ends in ".json" it is a
/// Hugging Face config: its model is made in memory (encoding contrib, native
/// storage of weights) and imported; weights are handles into
/// "<name without .json>.onnx.data". Returns null after errors, which are MLIR
/// diagnostics.
mlir::OwningOpRef<mlir::ModuleOp> importInput(llvm::StringRef path,
                                              mlir::MLIRContext *context);

} // namespace inlay

#endif // INLAY_COMPILER_IMPORTINPUT_H
