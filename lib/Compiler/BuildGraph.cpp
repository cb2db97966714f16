//===- BuildGraph.cpp - The kernels of a model, from its config -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/BuildGraph.h"

#include "dialects/Onnx/Import/ImportOnnx.h"
#include "dialects/Wafer/Transforms/ExtractModel.h"
#include "inlay/Compiler/LevelRunner.h"
#include "inlay/Compiler/Pipeline.h"
#include "inlay/Compiler/SerialContext.h"

#include "llvm/Support/raw_ostream.h"

using namespace inlay;
using namespace mlir;

static constexpr llvm::StringLiteral kName = "config.json";

static OwningOpRef<ModuleOp> importConfig(llvm::StringRef config,
                                          modelgen::Encoding encoding,
                                          MLIRContext *context) {
  inlay::Diagnostics diags;
  diags.setFile(kName.str());
  OwningOpRef<ModuleOp> module;
  modelgen::GenerateOptions options;
  options.encoding = encoding;
  std::optional<modelgen::ModelSpec> spec = modelgen::readConfig(config, diags);
  std::optional<modelgen::GeneratedModel> model =
      spec ? modelgen::generateModel(*spec, options, diags) : std::nullopt;
  if (model)
    module = onnx::importOnnxBuffer(llvm::MemoryBufferRef(model->model, kName),
                                    /*folder=*/std::nullopt, context, diags);
  onnx::emitFindings(diags, context);
  return module;
}

std::optional<model::Graph> inlay::buildGraph(llvm::StringRef config,
                                              modelgen::Encoding encoding,
                                              const CompileOptions &options,
                                              std::string &error) {
  SerialContext context;
  context.printOpOnDiagnostic(false);
  llvm::raw_string_ostream os(error);
  DiagnosticPrinter printer(&context, os);
  std::vector<LevelPasses> levels = allLevels(options);
  levels.pop_back(); // wafer
  Compilation compilation{[&](MLIRContext *context) {
                            return importConfig(config, encoding, context);
                          },
                          levels};
  OwningOpRef<ModuleOp> module =
      LevelRunner(compilation, &context, printer).run();
  if (!module)
    return std::nullopt;
  auto graphs = module->getOps<dataflow::GraphOp>();
  if (graphs.empty())
    return std::nullopt;
  FailureOr<model::Graph> graph = wafer::extractModel(*graphs.begin());
  if (failed(graph))
    return std::nullopt;
  return std::move(*graph);
}
