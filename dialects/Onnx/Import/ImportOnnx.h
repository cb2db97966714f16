//===- ImportOnnx.h - From ONNX files to the inlay_onnx dialect  -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Import is lossless and dumb: one op for each node, weights as handles. It
// takes time linear in the size of the model and reads no weights but those of
// at most OnnxDialect::kMaxConstantElements elements that the model file holds
// itself, and places and masks, which are no weights.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_IMPORT_IMPORTONNX_H
#define INLAY_DIALECTS_ONNX_IMPORT_IMPORTONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBufferRef.h"

#include <optional>

namespace inlay {
class Diagnostics;
}

namespace inlay::onnx {

/// Imports the file at `path`. Returns null after errors in `diags`.
mlir::OwningOpRef<mlir::ModuleOp> importOnnxFile(llvm::StringRef path,
                                                 mlir::MLIRContext *context,
                                                 Diagnostics &diags);

/// The same; findings are MLIR diagnostics (with their notes) at the location
/// `loc("model.onnx":0:0)`.
mlir::OwningOpRef<mlir::ModuleOp> importOnnxFile(llvm::StringRef path,
                                                 mlir::MLIRContext *context);

/// Imports from memory. `folder` is where external data lie; without it nobody
/// looks whether they are there.
mlir::OwningOpRef<mlir::ModuleOp>
importOnnxBuffer(llvm::MemoryBufferRef buffer,
                 std::optional<llvm::StringRef> folder,
                 mlir::MLIRContext *context, Diagnostics &diags);

/// Reports findings of the libraries below MLIR as MLIR diagnostics, with their
/// notes, at the location `loc("<file>":0:0)`.
void emitFindings(const inlay::Diagnostics &diags, mlir::MLIRContext *context);

/// Registers `--import-onnx` for inlay-translate.
void registerOnnxTranslations();

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_IMPORT_IMPORTONNX_H
