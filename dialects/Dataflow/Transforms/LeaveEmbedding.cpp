//===- LeaveEmbedding.cpp - The embedding table left to the host ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Dataflow/IR/Dataflow.h"
#include "dialects/Dataflow/Transforms/Passes.h"

#include "dialects/NN/IR/NN.h"
#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

namespace inlay::dataflow {
#define GEN_PASS_DEF_LEAVEEMBEDDING
#include "dialects/Dataflow/Transforms/Passes.h.inc"
} // namespace inlay::dataflow

using namespace mlir;
using namespace inlay;
using namespace inlay::dataflow;

/// Whether a rotation takes `stream` for its angles.
static bool isAngle(Value stream) {
  for (OpOperand &use : stream.getUses()) {
    auto kernel = dyn_cast<KernelOpInterface>(use.getOwner());
    if (!kernel)
      continue;
    BlockArgument argument =
        use.getOwner()->getRegion(0).getArgument(use.getOperandNumber());
    for (OpOperand &inner : argument.getUses())
      if (isa<nn::RotaryOp>(inner.getOwner()) && inner.getOperandNumber() > 0)
        return true;
  }
  return false;
}

/// The kernel that turns token ids into hidden states: it takes nothing but
/// what the host sends. Tables of angles are looked up by position and stay.
static bool isEmbedding(KernelOp kernel) {
  return kernel.getRole() == KernelRole::Embedding &&
         kernel.getStates().empty() &&
         llvm::all_of(kernel.getInputs(),
                      [](Value input) {
                        return isa_and_present<SourceOp>(input.getDefiningOp());
                      }) &&
         llvm::none_of(kernel.getOutputs(), isAngle);
}

namespace {

class LeaveEmbedding
    : public dataflow::impl::LeaveEmbeddingBase<LeaveEmbedding> {
  void runOnOperation() override;
  ArrayAttr initializersOf(KernelOp kernel, const SymbolTable &globals);
  void leave(KernelOp kernel, const SymbolTable &globals);
};

} // namespace

/// Of a view those that it shows.
ArrayAttr LeaveEmbedding::initializersOf(KernelOp kernel,
                                         const SymbolTable &globals) {
  llvm::SetVector<StringRef> names;
  for (auto weight : kernel.getWeights().getAsRange<FlatSymbolRefAttr>()) {
    auto global = globals.lookup<ml_program::GlobalOp>(weight.getValue());
    auto view =
        global ? dyn_cast_or_null<onnx::WeightViewAttr>(global.getValueAttr())
               : onnx::WeightViewAttr();
    if (!view)
      names.insert(weight.getValue());
    else
      for (const onnx::WeightPiece &piece : view.getPieces())
        names.insert(piece.source.getValue());
  }
  return Builder(&getContext()).getStrArrayAttr(names.getArrayRef());
}

/// Sources that nothing takes any more are no streams.
void LeaveEmbedding::leave(KernelOp kernel, const SymbolTable &globals) {
  auto graph = kernel->getParentOfType<GraphOp>();
  OpBuilder builder(kernel);
  for (SourceOp source : graph.getBody().getOps<SourceOp>())
    builder.setInsertionPointAfter(source);
  llvm::StringSet<> taken;
  for (SourceOp source : graph.getBody().getOps<SourceOp>())
    taken.insert(source.getName());
  ArrayAttr initializers = initializersOf(kernel, globals);
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  for (auto [stream, value] :
       llvm::zip_equal(kernel.getOutputs(), yield.getOutputs())) {
    std::string name = onnx::getNodeName(value.getLoc()).str();
    if (name.empty())
      name = kernel.getSymName().str();
    while (!taken.insert(name).second)
      name += "'";
    auto source = SourceOp::create(builder, value.getLoc(), stream.getType(),
                                   builder.getStringAttr(name), initializers);
    stream.replaceAllUsesWith(source.getStream());
  }
  SmallVector<Value> inputs(kernel.getInputs());
  kernel.erase();
  for (Value input : inputs)
    if (Operation *source = input.getDefiningOp(); input.use_empty())
      source->erase();
}

void LeaveEmbedding::runOnOperation() {
  SymbolTable globals(getOperation());
  for (GraphOp graph : getOperation().getOps<GraphOp>()) {
    auto kernels = llvm::to_vector(llvm::make_filter_range(
        graph.getBody().getOps<KernelOp>(), isEmbedding));
    if (kernels.empty()) {
      graph.emitError("has no kernel that turns token ids into hidden states, "
                      "so that the host could keep its table; leave "
                      "--embedding=host out");
      return signalPassFailure();
    }
    for (KernelOp kernel : kernels)
      leave(kernel, globals);
  }
}
