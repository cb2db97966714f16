//===- Verifiers.cpp - Invariants of the inlay_dataflow ops ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Dataflow/IR/Dataflow.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace inlay::dataflow;

//===----------------------------------------------------------------------===//
// GraphOp
//===----------------------------------------------------------------------===//

/// `batch` and `tokens` are at least 1, `context` is at least 0.
LogicalResult GraphOp::verify() {
  if (static_cast<int64_t>(getBatch()) < 1 ||
      static_cast<int64_t>(getTokens()) < 1 ||
      static_cast<int64_t>(getContext()) < 0)
    return emitOpError("needs a batch and tokens of at least 1 and a context "
                       "of at least 0, got batch ")
           << static_cast<int64_t>(getBatch()) << ", tokens "
           << static_cast<int64_t>(getTokens()) << ", context "
           << static_cast<int64_t>(getContext());
  return success();
}

namespace {
/// Names of one kind of op in a graph.
struct Names {
  StringRef kind;
  llvm::StringMap<Operation *> ops;

  LogicalResult add(StringRef name, Operation *op) {
    auto [it, isNew] = ops.try_emplace(name, op);
    if (isNew)
      return success();
    InFlightDiagnostic diag = op->emitOpError("has the name '")
                              << name << "' of another " << kind;
    diag.attachNote(it->second->getLoc()) << "the other " << kind;
    return diag;
  }
};
} // namespace

/// A kernel's state is declared and large enough, and its update has its type.
static LogicalResult
verifyStates(KernelOpInterface kernel,
             const llvm::StringMap<Operation *> &declared) {
  YieldOp yield = getYield(kernel);
  for (unsigned i = 0; i < kernel.getNumStates(); ++i) {
    StringRef name = kernel.getStateName(i);
    auto state = dyn_cast_or_null<StateOp>(declared.lookup(name));
    if (!state)
      return kernel->emitOpError("uses state '")
             << name << "', which the graph does not declare";
    BlockArgument argument = kernel.getStateArgs()[i];
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    RankedTensorType stateType = state.getTensorType();
    if (!type || type.getElementType() != stateType.getElementType() ||
        type.getRank() != stateType.getRank() ||
        llvm::any_of(llvm::zip(type.getShape(), stateType.getShape()),
                     [](auto pair) {
                       auto [part, whole] = pair;
                       return ShapedType::isDynamic(part) || part > whole;
                     }))
      return kernel->emitOpError("reads state '")
             << name << "' of type " << stateType << " as "
             << argument.getType();
    Value update = yield.getUpdates()[i];
    if (update != argument && update.getType() != stateType)
      return kernel->emitOpError("updates state '")
             << name << "' of type " << stateType << " by " << update.getType();
  }
  return success();
}

LogicalResult GraphOp::verifyRegions() {
  Names kernels{"kernel", {}}, states{"state", {}}, sources{"source", {}},
      sinks{"sink", {}};
  for (Operation &op : getBlock()) {
    LogicalResult added = success();
    if (auto kernel = dyn_cast<KernelOpInterface>(op))
      added = kernels.add(kernel.getKernelName(), &op);
    else if (auto state = dyn_cast<StateOp>(op))
      added = states.add(state.getSymName(), &op);
    else if (auto source = dyn_cast<SourceOp>(op))
      added = sources.add(source.getName(), &op);
    else if (auto sink = dyn_cast<SinkOp>(op))
      added = sinks.add(sink.getName(), &op);
    else
      return op.emitOpError("is no source, state, kernel, experts or sink, so "
                            "it cannot stand in a graph");
    if (failed(added))
      return failure();
  }
  for (KernelOpInterface kernel : getKernels())
    if (failed(verifyStates(kernel, states.ops)))
      return failure();
  return success();
}

/// The shape is static.
LogicalResult StateOp::verify() {
  if (getTensorType().hasStaticShape())
    return success();
  return emitOpError("needs a static shape, got ") << getTensorType();
}

//===----------------------------------------------------------------------===//
// KernelOp, ExpertsOp
//===----------------------------------------------------------------------===//

/// The body has one argument per input, weight and state; inputs' types fit.
static LogicalResult verifyArguments(KernelOpInterface kernel) {
  unsigned needed =
      kernel.getNumInputs() + kernel.getNumWeights() + kernel.getNumStates();
  unsigned present = kernel.getBody().getNumArguments();
  if (needed != present)
    return kernel->emitOpError("has ")
           << kernel.getNumInputs() << " inputs, " << kernel.getNumWeights()
           << " weights and " << kernel.getNumStates() << " states, but "
           << present << " arguments of the body";
  for (auto [index, input, argument] :
       llvm::enumerate(kernel.getInputs(), kernel.getInputArgs())) {
    RankedTensorType type = cast<StreamType>(input.getType()).getTensor();
    if (argument.getType() != type)
      return kernel->emitOpError("takes ")
             << argument.getType() << " for input " << index
             << ", whose stream carries " << type;
  }
  return success();
}

/// No weight and no state is bound twice.
static LogicalResult verifyBoundOnce(KernelOpInterface kernel, StringRef kind,
                                     ArrayAttr symbols) {
  llvm::StringSet<> seen;
  for (auto symbol : symbols.getAsRange<FlatSymbolRefAttr>())
    if (!seen.insert(symbol.getValue()).second)
      return kernel->emitOpError("binds ")
             << kind << " '" << symbol.getValue() << "' twice";
  return success();
}

/// The body yields one tensor per output, and one update per state.
static LogicalResult verifyYield(KernelOpInterface kernel) {
  YieldOp yield = getYield(kernel);
  if (yield.getOutputs().size() != kernel.getOutputs().size() ||
      yield.getUpdates().size() != kernel.getNumStates())
    return kernel->emitOpError("yields ")
           << yield.getOutputs().size() << " tensors and "
           << yield.getUpdates().size() << " state updates for "
           << kernel.getOutputs().size() << " outputs and "
           << kernel.getNumStates() << " states";
  for (auto [index, value, output] :
       llvm::enumerate(yield.getOutputs(), kernel.getOutputs())) {
    RankedTensorType type = cast<StreamType>(output.getType()).getTensor();
    if (value.getType() != type)
      return kernel->emitOpError("yields ")
             << value.getType() << " for output " << index
             << ", whose stream carries " << type;
  }
  return success();
}

static LogicalResult verifyKernel(KernelOpInterface kernel) {
  if (std::optional<int64_t> layer = kernel.getLayerIndex();
      layer && *layer < 0)
    return kernel->emitOpError("needs a layer of at least 0, got ") << *layer;
  if (failed(verifyArguments(kernel)) ||
      failed(verifyBoundOnce(kernel, "weight", kernel.getWeights())) ||
      failed(verifyBoundOnce(kernel, "state", kernel.getStates())))
    return failure();
  return verifyYield(kernel);
}

LogicalResult KernelOp::verify() {
  if (getRole() == KernelRole::Experts)
    return emitOpError("cannot have role 'experts'; use "
                       "'inlay_dataflow.experts'");
  return success();
}

LogicalResult KernelOp::verifyRegions() { return verifyKernel(*this); }

LogicalResult ExpertsOp::verify() {
  auto numExperts = static_cast<int64_t>(getNumExperts());
  auto perToken = static_cast<int64_t>(getExpertsPerToken());
  if (perToken < 1 || perToken > numExperts)
    return emitOpError("needs 1 to ")
           << numExperts << " experts per token, got " << perToken;
  return success();
}

LogicalResult ExpertsOp::verifyRegions() { return verifyKernel(*this); }

/// Each weight is an immutable global of the type of its argument.
static LogicalResult verifyWeights(KernelOpInterface kernel,
                                   SymbolTableCollection &symbols) {
  for (unsigned i = 0; i < kernel.getNumWeights(); ++i) {
    auto name = cast<FlatSymbolRefAttr>(kernel.getWeights()[i]);
    auto global =
        symbols.lookupNearestSymbolFrom<ml_program::GlobalOp>(kernel, name);
    if (!global || global.getIsMutable())
      return kernel->emitOpError("weight '")
             << name.getValue() << "' is not a constant of the module";
    Type type = kernel.getWeightArgs()[i].getType();
    if (global.getType() != type)
      return kernel->emitOpError("takes weight '")
             << name.getValue() << "' of type " << global.getType() << " as "
             << type;
  }
  return success();
}

LogicalResult KernelOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyWeights(*this, symbols);
}

LogicalResult ExpertsOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyWeights(*this, symbols);
}
