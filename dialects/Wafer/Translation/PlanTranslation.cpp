//===- PlanTranslation.cpp - inlay-translate --mlir-to-plan --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/Translation/PlanAttribute.h"
#include "dialects/Wafer/Translation/ToPlan.h"

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"
#include "dialects/Wafer/IR/Wafer.h"

#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/Tools/mlir-translate/Translation.h"

#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace inlay;

static LogicalResult printPlan(ModuleOp module, llvm::raw_ostream &os) {
  auto whole = module->getAttrOfType<DictionaryAttr>(wafer::kPlanAttrName);
  FailureOr<plan::Plan> plan =
      whole ? wafer::fromAttribute(whole, module) : wafer::toPlan(module);
  if (failed(plan))
    return failure();
  os << plan::toJson(*plan);
  return success();
}

static OwningOpRef<ModuleOp> readPlan(llvm::SourceMgr &sources,
                                      MLIRContext *context) {
  const llvm::MemoryBuffer *buffer =
      sources.getMemoryBuffer(sources.getMainFileID());
  Location loc = FileLineColLoc::get(context, buffer->getBufferIdentifier(),
                                     /*line=*/0, /*column=*/0);
  inlay::Diagnostics diags;
  std::optional<plan::Plan> plan =
      plan::fromJson(buffer->getBuffer().str(), diags);
  for (const inlay::Diagnostic &diag : diags.all())
    emitError(loc) << diag.subject << " " << diag.message;
  if (!plan)
    return {};
  ModuleOp module = ModuleOp::create(loc);
  module->setAttr(wafer::kPlanAttrName, wafer::toAttribute(*plan, context));
  return module;
}

void inlay::wafer::registerWaferPlanTranslations() {
  static TranslateToMLIRRegistration reading(
      "plan-to-mlir", "Put a placement plan, read from JSON, onto a module",
      readPlan, [](DialectRegistry &registry) {
        registry.insert<wafer::WaferDialect>();
      });
  static TranslateFromMLIRRegistration registration(
      "mlir-to-plan", "Print the placement plan of a placed module as JSON",
      printPlan, [](DialectRegistry &registry) {
        registry.insert<dataflow::DataflowDialect, DLTIDialect,
                        ml_program::MLProgramDialect, nn::NNDialect,
                        onnx::OnnxDialect, wafer::WaferDialect>();
      });
}
