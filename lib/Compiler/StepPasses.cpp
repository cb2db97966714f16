//===- StepPasses.cpp - What options say of steps, into the IR ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Compiler/StepPasses.h"

#include "dialects/Wafer/Transforms/ExtractModel.h"

#include "mlir/IR/Builders.h"

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

} // namespace

std::unique_ptr<Pass> inlay::createKeepStepsInFlight(int64_t steps) {
  return std::make_unique<KeepStepsInFlight>(steps);
}
