//===- DataflowAttrs.td - Attributes and types of inlay_dataflow -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_DATAFLOW_IR_DATAFLOWATTRS_TD
#define INLAY_DIALECTS_DATAFLOW_IR_DATAFLOWATTRS_TD

include "dialects/Dataflow/IR/DataflowDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class Dataflow_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::inlay::dataflow";
}

def Dataflow_Phase : Dataflow_Enum<"Phase", "the kind of step", [
  I32EnumAttrCase<"Decode", 0, "decode">, // one new token for each sequence
  I32EnumAttrCase<"Prefill", 1, "prefill">, // one chunk of the prompt
]>;

def Dataflow_KernelRole : Dataflow_Enum<"KernelRole", "what a kernel is for", [
  I32EnumAttrCase<"Embedding", 0, "embedding">, // token ids to hidden states
  I32EnumAttrCase<"Attention", 1, "attention">, // with projections and residual
  I32EnumAttrCase<"Mlp", 2, "mlp">, // the feed-forward part of a dense layer
  I32EnumAttrCase<"Router", 3, "router">, // norm, gate and choice of experts
  I32EnumAttrCase<"Experts", 4, "experts">, // all experts of a layer
  I32EnumAttrCase<"SharedExpert", 5, "shared_expert">, // the expert that every token takes
  I32EnumAttrCase<"Head", 6, "head">, // final norm and projection to the logits
  I32EnumAttrCase<"Other", 7, "other">, // what fits none of these
]>;

def Dataflow_StreamType : TypeDef<Dataflow_Dialect, "Stream"> {
  let mnemonic = "stream";
  let summary = "an edge that carries one tensor per firing";
  let description = [{
    The type of what a kernel sends and receives: one tensor each step. It says
    nothing of the way the tensor takes, nor in which pieces it travels.

    Example:
    ```mlir
    !inlay_dataflow.stream<tensor<1x1x64xf32>>
    ```
  }];
  let parameters = (ins "::mlir::RankedTensorType":$tensor);
  let assemblyFormat = "`<` $tensor `>`";
}

#endif // INLAY_DIALECTS_DATAFLOW_IR_DATAFLOWATTRS_TD
