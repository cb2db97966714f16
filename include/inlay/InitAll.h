//===- InitAll.h - Everything Inlay registers ----------------- -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one place that names every dialect, pass and translation of Inlay, for
// tools and for programs that embed it. Links `InlayAll`.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_INITALL_H
#define INLAY_INITALL_H

#include "dialects/Dataflow/IR/Dataflow.h"
#include "dialects/Dataflow/Transforms/Passes.h"
#include "dialects/NN/Export/Translation.h"
#include "dialects/NN/IR/NN.h"
#include "dialects/NN/Transforms/Passes.h"
#include "dialects/Onnx/IR/Onnx.h"
#include "dialects/Onnx/Import/ImportOnnx.h"
#include "dialects/Onnx/Transforms/Passes.h"
#include "dialects/Wafer/IR/Wafer.h"
#include "dialects/Wafer/Transforms/ExtractModel.h"
#include "dialects/Wafer/Transforms/Passes.h"
#include "dialects/Wafer/Translation/ToPlan.h"

#include "inlay/Compiler/Pipeline.h"

#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Transforms/Passes.h"

namespace inlay {

/// Inlay's dialects and the upstream ones that its IR is made of.
inline void registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<dataflow::DataflowDialect, mlir::DLTIDialect,
                  mlir::ml_program::MLProgramDialect, nn::NNDialect,
                  onnx::OnnxDialect, wafer::WaferDialect>();
}

/// Inlay's passes and the upstream ones that go with them.
inline void registerAllPasses() {
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  mlir::registerSymbolDCEPass();
  nn::registerInlayNNPasses();
  dataflow::registerInlayDataflowPasses();
  onnx::registerInlayOnnxPasses();
  wafer::registerInlayWaferPasses();
  registerPipelines();
}

/// The translations of inlay-translate.
inline void registerAllTranslations() {
  nn::registerNNTranslations();
  onnx::registerOnnxTranslations();
  wafer::registerWaferExtractTranslations();
  wafer::registerWaferPlanTranslations();
}

} // namespace inlay

#endif // INLAY_INITALL_H
