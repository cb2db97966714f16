//===- Accounting.cpp - Where every byte of the weights went -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/Translation/Accounting.h"

#include "dialects/Onnx/IR/Onnx.h"
#include "dialects/Onnx/Transforms/Passes.h"
#include "inlay/Model/Cuts.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

/// weight_bytes + folded = reachable_bytes.
static LogicalResult countInitializers(ModuleOp module,
                                       const PlacedSystem &placement,
                                       plan::Accounting &result) {
  llvm::StringSet<> weights, unreachable;
  for (const model::KernelSpec &kernel : placement.model.kernels)
    for (const model::WeightSpec &weight : kernel.weights)
      for (const model::WeightPiece &piece : weight.pieces)
        weights.insert(piece.source.initializer);
  if (auto list = module->getAttrOfType<ArrayAttr>(onnx::kUnreachableAttr))
    for (auto name : list.getAsRange<StringAttr>())
      unreachable.insert(name.getValue());
  for (auto global : module.getOps<ml_program::GlobalOp>()) {
    StringRef name = global.getSymName();
    // A view has no bytes of its own.
    if (unreachable.contains(name) ||
        isa_and_nonnull<onnx::WeightViewAttr>(global.getValueAttr()))
      continue;
    auto handle = dyn_cast_or_null<onnx::WeightAttr>(global.getValueAttr());
    if (!handle)
      return global.emitError()
             << "initializer '" << name
             << "' has no '#inlay_onnx.weight' handle on its bytes, so they "
                "cannot be accounted for";
    int64_t bytes = handle.getLength();
    result.reachableBytes += bytes;
    if (weights.contains(name))
      result.weightBytes += bytes;
    else
      result.folded.push_back({name.str(), bytes});
  }
  return success();
}

/// resident_bytes = shard_bytes + copy_bytes + padding_bytes.
static void countCores(const PlacedSystem &placement,
                       plan::Accounting &result) {
  llvm::StringSet<> seen;
  for (auto [spec, kernel] :
       llvm::zip_equal(placement.model.kernels, placement.kernels)) {
    const model::Sharding &sharding = kernel.sharding;
    int64_t cores = sharding.numGroups() * sharding.group.area();
    for (BufferOp buffer : kernel.buffers)
      if (buffer.getRole() == BufferRole::Weights)
        result.residentBytes += cores * buffer.getBytes();
    for (auto [index, weight] : llvm::enumerate(spec.weights)) {
      int number = static_cast<int>(index);
      int64_t one = model::copyBytes(spec, sharding, number);
      int64_t copies = model::copies(spec, sharding, number);
      // The first kernel that holds a tied weight has its first copy.
      bool isFirst = seen.insert(weight.name).second;
      result.shardBytes += isFirst ? one : 0;
      result.copyBytes += one * (isFirst ? copies - 1 : copies);
    }
    result.stateBytes += spec.stateBytes();
  }
  result.paddingBytes =
      result.residentBytes - result.shardBytes - result.copyBytes;
}

FailureOr<plan::Accounting>
inlay::wafer::account(ModuleOp module, const PlacedSystem &placement) {
  plan::Accounting result;
  if (failed(countInitializers(module, placement, result)))
    return failure();
  countCores(placement, result);
  return result;
}
