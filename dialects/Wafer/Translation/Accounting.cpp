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

/// What sources say that the host works out, and from which initializers.
static void listHostValues(ModuleOp module, const PlacedSystem &placement,
                           std::vector<plan::HostValue> &values) {
  SymbolTable globals(module);
  dataflow::GraphOp graph = SystemOp(placement.system).lookupGraph();
  for (auto source : graph.getBody().getOps<dataflow::SourceOp>()) {
    ArrayAttr names = source.getInitializersAttr();
    if (!names)
      continue;
    plan::HostValue &value = values.emplace_back();
    value.node = source.getName().str();
    for (auto name : names.getAsRange<StringAttr>())
      if (auto global = globals.lookup<ml_program::GlobalOp>(name.getValue()))
        if (auto handle =
                dyn_cast_or_null<onnx::WeightAttr>(global.getValueAttr()))
          value.initializers.push_back(
              {name.str(), static_cast<int64_t>(handle.getLength())});
  }
}

/// weight_bytes + folded + what only the host has = reachable_bytes.
static LogicalResult countInitializers(ModuleOp module,
                                       const PlacedSystem &placement,
                                       ArrayRef<plan::HostValue> hostValues,
                                       plan::Accounting &result) {
  llvm::StringSet<> weights, unreachable, host;
  for (const plan::HostValue &value : hostValues)
    for (const plan::NamedBytes &initializer : value.initializers)
      host.insert(initializer.name);
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
    else if (!host.contains(name))
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
      int64_t sets = model::copySets(spec, sharding, number);
      int64_t once = one;
      if (model::hasSharedElements(model::weightCuts(spec, sharding, number)))
        once = model::packedBytes(weight.shape, weight.type.bits);
      // The first kernel that holds a tied weight has its first copy.
      bool isFirst = seen.insert(weight.name).second;
      result.shardBytes += isFirst ? once : 0;
      result.copyBytes += one * sets - (isFirst ? once : 0);
    }
    result.stateBytes += spec.stateBytes();
  }
  result.paddingBytes =
      result.residentBytes - result.shardBytes - result.copyBytes;
}

LogicalResult inlay::wafer::account(ModuleOp module,
                                    const PlacedSystem &placement,
                                    plan::Plan &plan) {
  listHostValues(module, placement, plan.hostValues);
  if (failed(countInitializers(module, placement, plan.hostValues,
                               plan.accounting)))
    return failure();
  countCores(placement, plan.accounting);
  return success();
}
