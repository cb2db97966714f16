//===- RemoveUnreachable.cpp - What the outputs do not depend on ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/DeadNodes.h"
#include "dialects/Onnx/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"

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
class RemoveUnreachable
    : public onnx::impl::RemoveUnreachableBase<RemoveUnreachable> {
  void runOnOperation() override {
    for (GraphOp graph : getOperation().getOps<GraphOp>()) {
      int64_t numErased = eraseDeadOps(graph.getBody().front());
      remark::passed(graph.getLoc(),
                     remark::RemarkOpts::name("RemovedUnreachable")
                         .category("remove-unreachable"))
          << remark::metric("nodes", numErased);
    }
  }
};
} // namespace
