//===- DataflowDialect.td - The inlay_dataflow dialect --- -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_DATAFLOW_IR_DATAFLOWDIALECT_TD
#define INLAY_DIALECTS_DATAFLOW_IR_DATAFLOWDIALECT_TD

include "mlir/IR/OpBase.td"

def Dataflow_Dialect : Dialect {
  let name = "inlay_dataflow";
  let cppNamespace = "::inlay::dataflow";
  let summary = "Kernels that fire once per step, joined by streams";
  let description = [{
    The third level of Inlay's IR: what is to be mapped. A graph holds kernels;
    a kernel holds the ops of the nn dialect that share a region of the machine,
    and names everything that it needs from outside: tensors that arrive each
    step (streams), constants (weights) and what survives between steps
    (states). Nothing here says where a kernel lies or how it is cut; that is
    the wafer dialect's affair.

    A stream is an SSA value: it has one producer, and its uses are its
    consumers. The order of the ops is a topological order of the kernels.

    Weights are `ml_program.global` ops of the module. Kernels, states, sources
    and sinks have names of their own, unique in their graph; the graph is no
    symbol table, because then MLIR would not find the weights from inside.
  }];
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::mlir::ml_program::MLProgramDialect"];
  let extraClassDeclaration = [{
  private:
    void registerTypes();

  public:
  }];
}

class Dataflow_Op<string mnemonic, list<Trait> traits = []>
    : Op<Dataflow_Dialect, mnemonic, traits>;

#endif // INLAY_DIALECTS_DATAFLOW_IR_DATAFLOWDIALECT_TD
