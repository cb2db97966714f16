//===- ModelTranslation.cpp - Prints what mapping sees --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExtractModel.h"

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"
#include "inlay/Model/Json.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Tools/mlir-translate/Translation.h"

using namespace mlir;
using namespace inlay;

static LogicalResult printModel(ModuleOp module, llvm::raw_ostream &os) {
  auto graphs = llvm::to_vector(module.getOps<dataflow::GraphOp>());
  if (graphs.size() != 1)
    return module.emitError() << "the dataflow level holds one "
                                 "'inlay_dataflow.graph', this module holds "
                              << graphs.size();
  FailureOr<model::Graph> graph = wafer::extractModel(graphs.front());
  if (failed(graph))
    return failure();
  model::writeJson(*graph, os);
  return success();
}

void inlay::wafer::registerWaferExtractTranslations() {
  static TranslateFromMLIRRegistration registration(
      "dataflow-to-model-json",
      "Print what mapping sees of a dataflow graph, for tests and bug reports",
      printModel, [](DialectRegistry &registry) {
        registry.insert<dataflow::DataflowDialect, nn::NNDialect,
                        onnx::OnnxDialect, ml_program::MLProgramDialect>();
      });
}
