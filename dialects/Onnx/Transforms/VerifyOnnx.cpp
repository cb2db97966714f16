//===- VerifyOnnx.cpp - Invariants of the ONNX level ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Passes.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using namespace inlay::onnx;

namespace inlay::onnx {
#define GEN_PASS_DEF_VERIFYONNX
#include "dialects/Onnx/Transforms/Passes.h.inc"
} // namespace inlay::onnx

namespace {
/// One check per constraint of the pass's description; each returns whether it
/// held and has reported where it did not.
class VerifyOnnxPass
    : public inlay::onnx::impl::VerifyOnnxBase<VerifyOnnxPass> {
public:
  void runOnOperation() override;

private:
  bool checkOneGraph(ModuleOp module);
  bool checkOpsets(Operation *owner, DictionaryAttr opsets);
  bool checkDomains(ModuleOp module);
  bool checkGlobals(ModuleOp module);
  bool checkConstants(ModuleOp module);
};
} // namespace

/// The module holds exactly one graph.
bool VerifyOnnxPass::checkOneGraph(ModuleOp module) {
  auto graphs = llvm::to_vector(module.getOps<GraphOp>());
  if (graphs.size() == 1)
    return true;
  InFlightDiagnostic diag = module.emitError()
                            << "a module of the ONNX level holds one "
                               "'inlay_onnx.graph', this one holds "
                            << graphs.size();
  for (GraphOp graph : graphs)
    diag.attachNote(graph.getLoc()) << "graph '" << graph.getSymName() << "'";
  return false;
}

/// Opsets are i64.
bool VerifyOnnxPass::checkOpsets(Operation *owner, DictionaryAttr opsets) {
  if (!opsets) {
    owner->emitError() << "the module needs 'inlay_onnx.opsets', a dictionary "
                          "from domain to opset version";
    return false;
  }
  for (NamedAttribute opset : opsets) {
    auto version = dyn_cast<IntegerAttr>(opset.getValue());
    if (!version || !version.getType().isInteger(64)) {
      owner->emitError() << "the opset version of domain '"
                         << opset.getName().getValue()
                         << "' must be an i64, got " << opset.getValue();
      return false;
    }
  }
  return true;
}

/// Every node's domain has an opset.
bool VerifyOnnxPass::checkDomains(ModuleOp module) {
  auto ofModule =
      module->getAttrOfType<DictionaryAttr>(OnnxDialect::kOpsetsAttr);
  bool held = checkOpsets(module, ofModule);
  for (FunctionOp function : module.getOps<FunctionOp>())
    held &= checkOpsets(function, function.getOpsets());
  if (!held)
    return false;
  // Of the module's graph; functions have opsets of their own.
  llvm::SmallPtrSet<Attribute, 4> known;
  module.walk([&](NodeOp node) {
    bool isOfGraph = isa<GraphOp>(node->getParentOp());
    if (isOfGraph && known.contains(node.getDomainAttr()))
      return;
    if (node.getOpset()) {
      if (isOfGraph && !node.getOwnOpset())
        known.insert(node.getDomainAttr());
      return;
    }
    held = false;
    node.emitError() << "operator " << node.getFullName()
                     << ": no opset version is given for domain '"
                     << (node.getDomain().empty()
                             ? StringRef(OnnxDialect::kDefaultDomain)
                             : node.getDomain())
                     << "'";
  });
  return held;
}

/// Every global that is loaded holds a handle or a value. That it exists and is
/// constant, the load itself has verified.
bool VerifyOnnxPass::checkGlobals(ModuleOp module) {
  // Nearly always none, and then no load need be looked at.
  llvm::DenseMap<StringAttr, ml_program::GlobalOp> empty;
  for (auto global : module.getOps<ml_program::GlobalOp>())
    if (!isa_and_present<WeightAttr, ElementsAttr>(global.getValueAttr()))
      empty.try_emplace(global.getSymNameAttr(), global);
  if (empty.empty())
    return true;
  bool held = true;
  module.walk([&](ml_program::GlobalLoadConstOp load) {
    StringAttr name = load.getGlobal().getRootReference();
    ml_program::GlobalOp global = empty.lookup(name);
    if (!global)
      return;
    global.emitError() << "weight '" << name.getValue()
                       << "' needs an '#inlay_onnx.weight' handle or a value";
    held = false;
  });
  return held;
}

/// The initializer of a constant is a global of its type.
bool VerifyOnnxPass::checkConstants(ModuleOp module) {
  SmallVector<ConstantOp> constants;
  llvm::DenseMap<StringAttr, ml_program::GlobalOp> initializers;
  module.walk([&](ConstantOp constant) {
    if (FlatSymbolRefAttr name = constant.getInitializerAttr()) {
      constants.push_back(constant);
      initializers.try_emplace(name.getAttr());
    }
  });
  for (auto global : module.getOps<ml_program::GlobalOp>())
    if (auto known = initializers.find(global.getSymNameAttr());
        known != initializers.end())
      known->second = global;
  bool held = true;
  for (ConstantOp constant : constants) {
    ml_program::GlobalOp global =
        initializers.lookup(constant.getInitializerAttr().getAttr());
    if (global && global.getType() == constant.getType())
      continue;
    held = false;
    constant.emitError() << "initializer '" << *constant.getInitializer()
                         << "' is not a global of type " << constant.getType();
  }
  return held;
}

void VerifyOnnxPass::runOnOperation() {
  ModuleOp module = getOperation();
  bool held = checkOneGraph(module);
  held &= checkDomains(module);
  held &= checkGlobals(module);
  held &= checkConstants(module);
  if (!held)
    signalPassFailure();
  markAllAnalysesPreserved();
}
