//===- Translation.cpp - Registers the import for inlay-translate ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportOnnx.h"

#include "dialects/Onnx/IR/Onnx.h"
#include "inlay/Support/Diagnostic.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

/// The source manager knows the file by the path that it was opened with; its
/// folder is where external data lie. Standard input has no folder.
static OwningOpRef<Operation *> importSource(llvm::SourceMgr &sources,
                                             MLIRContext *context) {
  const llvm::MemoryBuffer *buffer =
      sources.getMemoryBuffer(sources.getMainFileID());
  StringRef path = buffer->getBufferIdentifier();
  std::optional<StringRef> folder;
  if (path != "<stdin>")
    folder = llvm::sys::path::parent_path(path);
  inlay::Diagnostics diags;
  OwningOpRef<ModuleOp> module = inlay::onnx::importOnnxBuffer(
      buffer->getMemBufferRef(), folder, context, diags);
  // The findings are about the file, not about places in it: they print in
  // their own form.
  diags.print(llvm::errs());
  return module ? OwningOpRef<Operation *>(module.release().getOperation())
                : OwningOpRef<Operation *>();
}

void inlay::onnx::registerOnnxTranslations() {
  static TranslateToMLIRRegistration registration(
      "import-onnx", "import an ONNX model",
      [](llvm::SourceMgr &sources, MLIRContext *context) {
        return importSource(sources, context);
      },
      [](DialectRegistry &registry) {
        registry.insert<OnnxDialect, ml_program::MLProgramDialect>();
      });
}
