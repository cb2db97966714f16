//===- RemoveUnreachable.cpp - What the outputs do not depend on ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/DeadNodes.h"
#include "dialects/Onnx/Transforms/Passes.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/Remarks.h"

#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

namespace inlay::onnx {
#define GEN_PASS_DEF_REMOVEUNREACHABLE
#include "dialects/Onnx/Transforms/Passes.h.inc"
} // namespace inlay::onnx

int64_t inlay::onnx::eraseDeadOps(Block &block) {
  int64_t numErased = 0;
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (op.hasTrait<OpTrait::IsTerminator>())
      continue;
    if (op.use_empty()) {
      numErased += isa<NodeOp>(op);
      op.erase();
      continue;
    }
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        numErased += eraseDeadOps(inner);
  }
  return numErased;
}

namespace {

/// The symbols that ops of a module name. MLIR's own collection makes and keeps
/// a dictionary of the attributes of each op; here it is one look at each load,
/// and one at each set of attributes that nodes share.
class NamedSymbols {
public:
  explicit NamedSymbols(ModuleOp module) {
    module.walk([&](Operation *op) { visit(op); });
  }

  bool contains(StringAttr name) const { return names.contains(name); }

private:
  void visit(Operation *op) {
    if (auto load = dyn_cast<ml_program::GlobalLoadConstOp>(op))
      names.insert(load.getGlobal().getRootReference());
    else if (auto node = dyn_cast<NodeOp>(op))
      visit(node.getNodeAttrsAttr());
    else if (!isa<ml_program::GlobalOp>(op))
      visit(op->getAttrDictionary());
  }

  void visit(DictionaryAttr attributes) {
    if (attributes && seen.insert(attributes).second)
      attributes.walk([&](SymbolRefAttr symbol) {
        names.insert(symbol.getRootReference());
      });
  }

  DenseSet<StringAttr> names;
  DenseSet<Attribute> seen;
};

/// Drops what only the file knows of. Returns how many.
int64_t eraseUnusedGlobals(ModuleOp module) {
  NamedSymbols used(module);
  int64_t numErased = 0;
  for (auto global :
       llvm::make_early_inc_range(module.getOps<ml_program::GlobalOp>())) {
    if (!global.isPrivate() || used.contains(global.getSymNameAttr()))
      continue;
    global.erase();
    ++numErased;
  }
  return numErased;
}

class RemoveUnreachable
    : public onnx::impl::RemoveUnreachableBase<RemoveUnreachable> {
  void runOnOperation() override {
    int64_t numNodes = 0;
    for (GraphOp graph : getOperation().getOps<GraphOp>())
      numNodes += eraseDeadOps(graph.getBody().front());
    int64_t numGlobals = eraseUnusedGlobals(getOperation());
    remark::passed(getOperation().getLoc(),
                   remark::RemarkOpts::name("RemovedUnreachable")
                       .category("remove-unreachable"))
        << remark::metric("nodes", numNodes)
        << remark::metric("initializers", numGlobals);
  }
};
} // namespace
