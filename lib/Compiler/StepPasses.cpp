//===- StepPasses.cpp - What options say of steps, into the IR ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/StepPasses.h"

#include "dialects/Wafer/Transforms/ExtractModel.h"
#include "dialects/Wafer/Transforms/OtherPhase.h"

#include "mlir/IR/Builders.h"
#include "mlir/Parser/Parser.h"

using namespace inlay;
using namespace mlir;

namespace {

class KeepStepsInFlight
    : public PassWrapper<KeepStepsInFlight, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(KeepStepsInFlight)

  explicit KeepStepsInFlight(int64_t steps) : steps(steps) {}

private:
  void runOnOperation() override {
    Builder builder(&getContext());
    for (auto graph : getOperation().getOps<dataflow::GraphOp>())
      graph->setAttr(wafer::kStepsInFlightAttr,
                     builder.getI64IntegerAttr(steps));
  }

  int64_t steps;
};

class AddDecode : public PassWrapper<AddDecode, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AddDecode)

  AddDecode(std::string bytecode, double firings)
      : bytecode(std::move(bytecode)), firings(firings) {}

private:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    OwningOpRef<ModuleOp> decode =
        parseSourceString<ModuleOp>(bytecode, &getContext());
    if (!decode)
      return signalPassFailure();
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    for (auto graph : decode->getOps<dataflow::GraphOp>()) {
      auto added = cast<dataflow::GraphOp>(builder.clone(*graph));
      added.setSymName((graph.getSymName() + "_decode").str());
      added->setAttr(wafer::kFiringsAttr, builder.getF64FloatAttr(firings));
      SymbolTable(module).insert(added);
    }
  }

  std::string bytecode;
  double firings;
};

} // namespace

std::unique_ptr<Pass> inlay::createAddDecode(std::string bytecode,
                                             double firings) {
  return std::make_unique<AddDecode>(std::move(bytecode), firings);
}

std::unique_ptr<Pass> inlay::createKeepStepsInFlight(int64_t steps) {
  return std::make_unique<KeepStepsInFlight>(steps);
}
