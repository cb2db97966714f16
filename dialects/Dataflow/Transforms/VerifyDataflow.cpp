//===- VerifyDataflow.cpp - Invariants of the dataflow level --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Passes.h"

#include "dialects/Onnx/Transforms/Passes.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::dataflow;

namespace inlay::dataflow {
#define GEN_PASS_DEF_VERIFYDATAFLOW
#include "dialects/Dataflow/Transforms/Passes.h.inc"
} // namespace inlay::dataflow

namespace {
/// One check per constraint of the pass's description.
class VerifyDataflow
    : public inlay::dataflow::impl::VerifyDataflowBase<VerifyDataflow> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    checkModule(module);
    for (GraphOp graph : module.getOps<GraphOp>()) {
      checkSinks(graph);
      checkStates(graph);
      for (KernelOpInterface kernel : graph.getKernels()) {
        checkStreams(kernel);
        checkBody(kernel);
        checkStructure(kernel);
      }
    }
    checkGlobals(module);
    markAllAnalysesPreserved();
    if (!held)
      signalPassFailure();
  }

  InFlightDiagnostic fail(Operation *op) {
    held = false;
    return op->emitError();
  }
  InFlightDiagnostic fail(KernelOpInterface kernel) {
    return fail(kernel.getOperation())
           << "kernel '" << kernel.getKernelName() << "' ";
  }

  void checkModule(ModuleOp module);
  void checkSinks(GraphOp graph);
  void checkStates(GraphOp graph);
  void checkStreams(KernelOpInterface kernel);
  void checkBody(KernelOpInterface kernel);
  void checkExperts(KernelOpInterface kernel, nn::ExpertsOp experts);
  void checkStructure(KernelOpInterface kernel);
  void checkGlobals(ModuleOp module);

  bool held = true;
};
} // namespace

/// One graph, and none of an earlier level.
void VerifyDataflow::checkModule(ModuleOp module) {
  size_t numGraphs = llvm::range_size(module.getOps<GraphOp>());
  if (numGraphs != 1)
    fail(module) << "the dataflow level holds one 'inlay_dataflow.graph', this "
                    "module holds "
                 << numGraphs;
  for (Operation &op : *module.getBody()) {
    StringRef dialect = op.getName().getDialectNamespace();
    if (dialect == "inlay_onnx" || dialect == "inlay_nn")
      fail(&op) << "'" << op.getName()
                << "' has no place at the dataflow level";
  }
}

/// There is a sink.
void VerifyDataflow::checkSinks(GraphOp graph) {
  if (graph.getBody().getOps<SinkOp>().empty())
    fail(graph) << "graph '" << graph.getSymName() << "' sends nothing to the "
                << "host: it has no 'inlay_dataflow.sink'";
}

/// Every state is used by one kernel.
void VerifyDataflow::checkStates(GraphOp graph) {
  llvm::StringMap<SmallVector<KernelOpInterface, 1>> users;
  for (KernelOpInterface kernel : graph.getKernels())
    for (auto state : kernel.getStates().getAsRange<FlatSymbolRefAttr>())
      users[state.getValue()].push_back(kernel);
  for (StateOp state : graph.getBody().getOps<StateOp>()) {
    auto &kernels = users[state.getSymName()];
    if (kernels.size() == 1)
      continue;
    InFlightDiagnostic diag = fail(state) << "state '" << state.getSymName()
                                          << "' is used by " << kernels.size()
                                          << " kernels, but must be by one";
    for (KernelOpInterface kernel : kernels)
      diag.attachNote(kernel.getLoc())
          << "kernel '" << kernel.getKernelName() << "'";
  }
}

/// Outputs have consumers and static shapes.
void VerifyDataflow::checkStreams(KernelOpInterface kernel) {
  for (OpResult output : kernel.getOutputs()) {
    if (output.use_empty())
      fail(kernel) << "produces stream " << output.getResultNumber()
                   << ", which nothing consumes";
    RankedTensorType type = cast<StreamType>(output.getType()).getTensor();
    if (!type.hasStaticShape())
      fail(kernel) << "produces stream " << output.getResultNumber()
                   << " of type " << type
                   << ", whose size is not known before the step";
  }
}

/// Whether `op` works on what arrives in the step, or on what is made of it.
static bool usesActivations(KernelOpInterface kernel, Operation &op,
                            const llvm::DenseSet<Operation *> &active) {
  return llvm::any_of(op.getOperands(), [&](Value operand) {
    if (Operation *producer = operand.getDefiningOp())
      return active.contains(producer);
    return !llvm::is_contained(kernel.getWeightArgs(), operand);
  });
}

/// Bodies hold nn ops; beside experts only what prepares their weights.
void VerifyDataflow::checkBody(KernelOpInterface kernel) {
  bool isExperts = kernel.getKernelRole() == KernelRole::Experts;
  size_t numExperts = 0;
  llvm::DenseSet<Operation *> active;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (op.getName().getDialectNamespace() != "inlay_nn")
      fail(&op) << "'" << op.getName() << "' stands in kernel '"
                << kernel.getKernelName()
                << "', which may hold ops of the nn dialect only";
    if (isExperts && usesActivations(kernel, op, active))
      active.insert(&op);
    if (auto experts = dyn_cast<nn::ExpertsOp>(op)) {
      ++numExperts;
      checkExperts(kernel, experts);
    } else if (active.contains(&op)) {
      fail(&op) << "'" << op.getName() << "' stands beside the experts of "
                << "kernel '" << kernel.getKernelName()
                << "', where only ops over weights and constants may";
    }
  }
  if (isExperts && numExperts != 1)
    fail(kernel) << "holds " << numExperts
                 << " 'inlay_nn.experts', but must hold one";
}

void VerifyDataflow::checkExperts(KernelOpInterface kernel,
                                  nn::ExpertsOp experts) {
  auto op = dyn_cast<ExpertsOp>(kernel.getOperation());
  if (!op) {
    fail(kernel) << "holds 'inlay_nn.experts', which belongs in "
                    "'inlay_dataflow.experts'";
    return;
  }
  auto numExperts = static_cast<int64_t>(op.getNumExperts());
  auto perToken = static_cast<int64_t>(op.getExpertsPerToken());
  if (numExperts != experts.getNumExperts() ||
      perToken != experts.getExpertsPerToken())
    fail(kernel) << "says " << perToken << " of " << numExperts
                 << " experts, but its op takes "
                 << experts.getExpertsPerToken() << " of "
                 << experts.getNumExperts();
}

/// The structural hash is there and right.
void VerifyDataflow::checkStructure(KernelOpInterface kernel) {
  StringAttr structure = kernel.getStructureAttr();
  std::string expected = computeStructure(kernel);
  if (!structure)
    fail(kernel) << "has no structural hash";
  else if (structure.getValue() != expected)
    fail(kernel) << "has structural hash '" << structure.getValue()
                 << "', but its body makes '" << expected << "'";
}

/// Every global is a weight, or listed as folded or unreachable. Names are
/// attributes here, which are compared and kept as pointers.
void VerifyDataflow::checkGlobals(ModuleOp module) {
  auto globals = module.getOps<ml_program::GlobalOp>();
  llvm::DenseSet<StringAttr> known;
  known.reserve(llvm::range_size(globals));
  auto addNames = [&](ArrayAttr names) {
    if (names)
      known.insert_range(names.getAsRange<StringAttr>());
  };
  for (StringRef attribute : {onnx::kFoldedAttr, onnx::kUnreachableAttr})
    addNames(module->getAttrOfType<ArrayAttr>(attribute));
  for (GraphOp graph : module.getOps<GraphOp>()) {
    for (SourceOp source : graph.getBody().getOps<SourceOp>())
      addNames(source.getInitializersAttr());
    for (KernelOpInterface kernel : graph.getKernels())
      for (auto weight : kernel.getWeights().getAsRange<FlatSymbolRefAttr>())
        known.insert(weight.getAttr());
  }
  // A view is a weight of what it shows.
  for (ml_program::GlobalOp global : globals)
    if (auto view =
            dyn_cast_or_null<onnx::WeightViewAttr>(global.getValueAttr()))
      if (known.contains(global.getSymNameAttr()))
        for (const onnx::WeightPiece &piece : view.getPieces())
          known.insert(piece.source.getAttr());
  for (ml_program::GlobalOp global : globals)
    if (!known.contains(global.getSymNameAttr()))
      fail(global) << "initializer '" << global.getSymName()
                   << "' is neither a weight of a kernel nor listed as folded "
                      "or unreachable";
}
