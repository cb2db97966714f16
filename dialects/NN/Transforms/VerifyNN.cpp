//===- VerifyNN.cpp - Checks what a module of the nn level must be --------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Passes.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"

namespace inlay::nn {
#define GEN_PASS_DEF_VERIFYNN
#include "dialects/NN/Transforms/Passes.h.inc"
} // namespace inlay::nn

using namespace mlir;
using namespace inlay::nn;

namespace {

class VerifyNN : public inlay::nn::impl::VerifyNNBase<VerifyNN> {
  void runOnOperation() override {
    auto graphs = llvm::to_vector(getOperation().getOps<GraphOp>());
    if (graphs.size() != 1) {
      fail(getOperation()) << "the nn level needs exactly one inlay_nn.graph, "
                              "found "
                           << graphs.size();
    }
    for (Operation &op : *getOperation().getBody())
      if (op.getName().getDialectNamespace() == "inlay_onnx")
        fail(&op) << "the nn level holds no op of inlay_onnx";
    for (GraphOp graph : graphs)
      for (Operation &op : graph.getBody().front())
        verifyOp(op);
    if (failedOnce)
      signalPassFailure();
  }

  InFlightDiagnostic fail(Operation *op) {
    failedOnce = true;
    return op->emitError();
  }

  void verifyOp(Operation &op) {
    if (!isa_and_nonnull<NNDialect>(op.getDialect()) &&
        !isa<ml_program::GlobalLoadConstOp>(op))
      fail(&op) << "op '" << op.getName() << "' has no place in an nn graph";
    if (!isa<OpaqueOp>(op))
      for (Type type : op.getResultTypes()) {
        auto tensor = dyn_cast<RankedTensorType>(type);
        if (!tensor || !tensor.hasStaticShape())
          fail(&op) << "result type " << type << " is no static tensor";
      }
    if (auto attention = dyn_cast<AttentionOp>(op)) {
      verifyState(attention, attention.getPastKey(), attention.getPresentKey());
      verifyState(attention, attention.getPastValue(),
                  attention.getPresentValue());
    }
  }

  void verifyState(AttentionOp op, Value past, Value present) {
    if (past && (!isa<BlockArgument>(past) || !past.hasOneUse()))
      fail(op) << "the past of an attention must be an argument of the graph "
                  "that nothing else uses";
    if (past && present &&
        llvm::none_of(present.getUsers(),
                      [](Operation *user) { return isa<ReturnOp>(user); }))
      fail(op) << "the present of an attention must be a result of the graph";
  }

  bool failedOnce = false;
};

} // namespace
