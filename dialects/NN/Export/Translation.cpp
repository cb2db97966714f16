//===- Translation.cpp - Registers the export for inlay-translate ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Translation.h"

#include "dialects/NN/Transforms/Passes.h"
#include "dialects/Onnx/Export/ExportOnnx.h"
#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"

using namespace mlir;

static llvm::cl::opt<std::string> weightsDir(
    "weights-dir", llvm::cl::value_desc("directory"),
    llvm::cl::desc("where the files of weights lie, for --export-onnx: bytes "
                   "that the ONNX file cannot refer to are copied"));

/// Typed operations become nodes first; then there is only the ONNX level.
static LogicalResult exportModule(ModuleOp module, raw_ostream &os) {
  PassManager passes(module.getContext());
  passes.addPass(inlay::nn::createConvertNNToOnnx());
  if (failed(passes.run(module)))
    return failure();
  std::optional<StringRef> folder;
  if (weightsDir.getNumOccurrences())
    folder = weightsDir.getValue();
  FailureOr<std::string> bytes = inlay::onnx::exportOnnx(module, folder);
  if (failed(bytes))
    return failure();
  os << *bytes;
  return success();
}

void inlay::nn::registerNNTranslations() {
  static TranslateFromMLIRRegistration registration(
      "export-onnx",
      "write a module of the onnx or nn level as an ONNX model; the file "
      "refers to the model's weights and belongs into their folder",
      exportModule, [](DialectRegistry &registry) {
        registry.insert<onnx::OnnxDialect, NNDialect,
                        ml_program::MLProgramDialect>();
      });
}
