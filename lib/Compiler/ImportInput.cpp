//===- ImportInput.cpp - The model of a run, from an ONNX file or a config
//-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/ImportInput.h"

#include "dialects/Onnx/Import/ImportOnnx.h"
#include "inlay/ModelGen/ModelGen.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace inlay;
using namespace mlir;

static std::optional<modelgen::GeneratedModel>
generate(llvm::StringRef path, inlay::Diagnostics &diags) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer) {
    diags.inputError("", "cannot be read: " + buffer.getError().message());
    return std::nullopt;
  }
  std::optional<modelgen::ModelSpec> spec =
      modelgen::readConfig((*buffer)->getBuffer(), diags);
  if (!spec)
    return std::nullopt;
  modelgen::GenerateOptions options;
  options.dataFile = (llvm::sys::path::stem(path) + ".onnx.data").str();
  return modelgen::generateModel(*spec, options, diags);
}

static OwningOpRef<ModuleOp> importConfig(llvm::StringRef path,
                                          MLIRContext *context) {
  inlay::Diagnostics diags;
  llvm::StringRef name = llvm::sys::path::filename(path);
  diags.setFile(name.str());
  OwningOpRef<ModuleOp> module;
  if (std::optional<modelgen::GeneratedModel> model = generate(path, diags))
    module = onnx::importOnnxBuffer(llvm::MemoryBufferRef(model->model, name),
                                    /*folder=*/std::nullopt, context, diags);
  onnx::emitFindings(diags, context);
  return module;
}

OwningOpRef<ModuleOp> inlay::importInput(llvm::StringRef path,
                                         MLIRContext *context) {
  return path.ends_with_insensitive(".json")
             ? importConfig(path, context)
             : onnx::importOnnxFile(path, context);
}
