//===- DataflowInterfaces.td - What kernels share -------- -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_DATAFLOW_IR_DATAFLOWINTERFACES_TD
#define INLAY_DIALECTS_DATAFLOW_IR_DATAFLOWINTERFACES_TD

include "mlir/IR/OpBase.td"

def Dataflow_KernelOpInterface : OpInterface<"KernelOpInterface"> {
  let cppNamespace = "::inlay::dataflow";
  let description = [{
    A node of the dataflow graph, `inlay_dataflow.kernel` or
    `inlay_dataflow.experts`: fires once per step. Passes over graphs see kernels
    through this interface only.

    The arguments of the body are, in this order: one for each input, one for
    each weight, one for each state.
  }];
  let methods = [
    InterfaceMethod<"Name, unique in the graph.", "::mlir::StringAttr",
                    "getSymNameAttr">,
    InterfaceMethod<"What the kernel is for.",
                    "::inlay::dataflow::KernelRole", "getKernelRole">,
    InterfaceMethod<"Index of the decoder layer, where there is one.",
                    "std::optional<int64_t>", "getLayerIndex">,
    InterfaceMethod<"Structural hash, or null.", "::mlir::StringAttr",
                    "getStructureAttr">,
    InterfaceMethod<"Sets the structural hash.", "void", "setStructureAttr",
                    (ins "::mlir::StringAttr":$structure)>,
    InterfaceMethod<"The streams that the kernel consumes.",
                    "::mlir::OperandRange", "getInputs">,
    InterfaceMethod<"The streams that the kernel produces.",
                    "::mlir::ResultRange", "getOutputs">,
    InterfaceMethod<"The globals that the kernel holds, FlatSymbolRefAttr.",
                    "::mlir::ArrayAttr", "getWeights">,
    InterfaceMethod<"The states that the kernel holds, FlatSymbolRefAttr.",
                    "::mlir::ArrayAttr", "getStates">,
    InterfaceMethod<"One block that ends in `inlay_dataflow.yield`.",
                    "::mlir::Region &", "getBody">,
  ];
  let extraSharedClassDeclaration = [{
    ::llvm::StringRef getKernelName() {
      return $_op.getSymNameAttr().getValue();
    }
    unsigned getNumInputs() { return $_op.getInputs().size(); }
    unsigned getNumWeights() { return $_op.getWeights().size(); }
    unsigned getNumStates() { return $_op.getStates().size(); }
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getInputArgs() {
      return $_op.getBody().getArguments().take_front($_op.getNumInputs());
    }
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getWeightArgs() {
      return $_op.getBody().getArguments().slice($_op.getNumInputs(),
                                                 $_op.getNumWeights());
    }
    ::llvm::MutableArrayRef<::mlir::BlockArgument> getStateArgs() {
      return $_op.getBody().getArguments().take_back($_op.getNumStates());
    }
    ::llvm::StringRef getWeightName(unsigned index) {
      return ::llvm::cast<::mlir::FlatSymbolRefAttr>($_op.getWeights()[index])
          .getValue();
    }
    ::llvm::StringRef getStateName(unsigned index) {
      return ::llvm::cast<::mlir::FlatSymbolRefAttr>($_op.getStates()[index])
          .getValue();
    }
  }];
}

#endif // INLAY_DIALECTS_DATAFLOW_IR_DATAFLOWINTERFACES_TD
