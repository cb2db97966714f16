//===- PlanTranslation.cpp - inlay-translate --mlir-to-plan --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/Translation/ToPlan.h"

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"
#include "dialects/Wafer/IR/Wafer.h"

#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Tools/mlir-translate/Translation.h"

using namespace mlir;
using namespace inlay;

static LogicalResult printPlan(ModuleOp module, llvm::raw_ostream &os) {
  FailureOr<plan::Plan> plan = wafer::toPlan(module);
  if (failed(plan))
    return failure();
  os << plan::toJson(*plan);
  return success();
}

void inlay::wafer::registerWaferPlanTranslations() {
  static TranslateFromMLIRRegistration registration(
      "mlir-to-plan", "Print the placement plan of a placed module as JSON",
      printPlan, [](DialectRegistry &registry) {
        registry.insert<dataflow::DataflowDialect, DLTIDialect,
                        ml_program::MLProgramDialect, nn::NNDialect,
                        onnx::OnnxDialect, wafer::WaferDialect>();
      });
}
