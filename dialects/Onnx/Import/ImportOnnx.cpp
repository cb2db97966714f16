//===- ImportOnnx.cpp - From ONNX files to the inlay_onnx dialect ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportOnnx.h"

#include "Importer.h"
#include "dialects/Onnx/IR/UnreadFiles.h"
#include "inlay/Support/Diagnostic.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace inlay::onnx;

Importer::Importer(const file::Model &model, MLIRContext *context)
    : model(model), context(context), builder(context),
      fileName(builder.getStringAttr(model.fileName)),
      fileLoc(FileLineColLoc::get(fileName, 0, 0)),
      nodeLoc(FileLineColLoc::get(fileName, 1, 0)), values(model.numValues) {}

OwningOpRef<ModuleOp> Importer::run() {
  module = ModuleOp::create(fileLoc);
  OwningOpRef<ModuleOp> owner(module);
  module->setAttr(OnnxDialect::kFileAttr, fileName);
  module->setAttr(OnnxDialect::kIRVersionAttr,
                  builder.getI64IntegerAttr(model.irVersion));
  module->setAttr(OnnxDialect::kOpsetsAttr, importOpsets(model.opsets));
  std::string producer = model.producerName.str();
  if (!model.producerVersion.empty())
    producer += (" " + model.producerVersion).str();
  if (!producer.empty())
    module->setAttr(OnnxDialect::kProducerAttr,
                    builder.getStringAttr(producer));

  // Functions are called by name: they get their symbols first.
  for (const file::Function &function : model.functions) {
    std::string name = getFullName(function.domain, function.name);
    symbols.insert(builder.getStringAttr(
        function.overload.empty() ? name
                                  : (name + ":" + function.overload).str()));
  }
  importMainGraph();
  for (const file::Function &function : model.functions)
    importFunction(function);
  if (!skipped.empty())
    module->setAttr(kSkippedNumbersAttr,
                    builder.getStrArrayAttr(skipped.getArrayRef()));
  if (!unreadFiles.empty())
    module->setAttr(kUnreadFilesAttr,
                    builder.getStrArrayAttr(unreadFiles.getArrayRef()));
  return owner;
}

static OwningOpRef<ModuleOp>
importModel(const std::optional<file::Model> &model, MLIRContext *context) {
  if (!model)
    return nullptr;
  context->loadDialect<OnnxDialect, ml_program::MLProgramDialect>();
  return Importer(*model, context).run();
}

OwningOpRef<ModuleOp> inlay::onnx::importOnnxFile(StringRef path,
                                                  MLIRContext *context,
                                                  inlay::Diagnostics &diags) {
  return importModel(file::readModel(path, diags), context);
}

OwningOpRef<ModuleOp>
inlay::onnx::importOnnxBuffer(llvm::MemoryBufferRef buffer,
                              std::optional<StringRef> folder,
                              MLIRContext *context, inlay::Diagnostics &diags) {
  return importModel(file::parseModel(buffer, folder, diags), context);
}

void inlay::onnx::emitFindings(const inlay::Diagnostics &diags,
                               MLIRContext *context) {
  for (const inlay::Diagnostic &finding : diags.all()) {
    Location loc = FileLineColLoc::get(context, finding.file, 0, 0);
    InFlightDiagnostic diag = finding.severity == inlay::Severity::Error
                                  ? mlir::emitError(loc)
                                  : mlir::emitWarning(loc);
    if (!finding.subject.empty())
      diag << finding.subject << ": ";
    diag << finding.message;
    for (const std::string &note : finding.notes)
      diag.attachNote(loc) << note;
  }
}

OwningOpRef<ModuleOp> inlay::onnx::importOnnxFile(StringRef path,
                                                  MLIRContext *context) {
  inlay::Diagnostics diags;
  OwningOpRef<ModuleOp> module = importOnnxFile(path, context, diags);
  emitFindings(diags, context);
  return module;
}
