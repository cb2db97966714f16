//===- ExportOnnx.cpp - From the inlay_onnx dialect to ONNX files ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExportOnnx.h"

#include "Exporter.h"
#include "inlay/Onnx/Serialise.h"

using namespace mlir;
using namespace inlay::onnx;

/// Where a file does not say its version: the first with functions.
static constexpr int64_t kDefaultIRVersion = 8;
/// The first in which initializers need not be inputs.
static constexpr int64_t kMinExportIRVersion = 4;

FailureOr<std::string> Exporter::run() {
  auto graphs = llvm::to_vector(module.getOps<GraphOp>());
  if (graphs.size() != 1)
    return module.emitError()
           << "an ONNX file holds exactly one inlay_onnx.graph, found "
           << graphs.size() << ": run --convert-nn-to-onnx on a raised module";
  file::Model model;
  auto version =
      module->getAttrOfType<IntegerAttr>(OnnxDialect::kIRVersionAttr);
  model.irVersion = std::max(version ? version.getInt() : kDefaultIRVersion,
                             kMinExportIRVersion);
  if (auto producer =
          module->getAttrOfType<StringAttr>(OnnxDialect::kProducerAttr))
    model.producerName = producer.getValue();
  auto opsets = module->getAttrOfType<DictionaryAttr>(OnnxDialect::kOpsetsAttr);
  if (!opsets)
    return module.emitError()
           << "a module without '" << StringRef(OnnxDialect::kOpsetsAttr)
           << "' cannot be written: versions of operators are part of an ONNX "
              "file; set it, as {ai.onnx = 21}";
  model.opsets = exportOpsets(opsets);
  if (failed(exportMainGraph(graphs.front(), model)))
    return failure();
  for (auto function : module.getOps<FunctionOp>())
    if (failed(exportFunction(function, model.functions.emplace_back())))
      return failure();
  std::string bytes = file::serialiseModel(model);
  if (failed(checkSize(module, bytes.size())))
    return failure();
  return bytes;
}

FailureOr<std::string>
inlay::onnx::exportOnnx(ModuleOp module,
                        std::optional<StringRef> weightsFolder) {
  return Exporter(module, weightsFolder).run();
}
