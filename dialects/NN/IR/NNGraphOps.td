//===- NNGraphOps.td - Structure of an nn module -----------*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_NNGRAPHOPS_TD
#define INLAY_DIALECTS_NN_IR_NNGRAPHOPS_TD

include "dialects/NN/IR/NNAttrs.td"
include "dialects/NN/IR/NNInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def NN_GraphOp : NN_Op<"graph", [
    FunctionOpInterface, IsolatedFromAbove, SingleBlock,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmBlockArgumentNames"]>]> {
  let summary = "the model's graph in typed operations";
  let description = [{
    Arguments and results are those of the ONNX graph, in its order and under its
    names. `phase`, `batch`, `context` and `tokens` say for which step the shapes
    are: `batch` sequences of `tokens` new tokens each, with `context` tokens
    already in the KV state.

    **Constraints:**
    - There is one argument name per argument and one result name per result.
    - `phase` is `decode` or `prefill`; `batch` and `tokens` are at least 1,
      `context` is at least 0.

    Example:
    ```mlir
    inlay_nn.graph @main(%x: tensor<1x1x64xf32>) -> tensor<1x1x64xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
      %0 = inlay_nn.unary silu %x : tensor<1x1x64xf32> -> tensor<1x1x64xf32>
      inlay_nn.return %0 : tensor<1x1x64xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       StrArrayAttr:$arg_names,
                       StrArrayAttr:$result_names,
                       StrAttr:$phase,
                       I64Attr:$batch,
                       I64Attr:$context,
                       I64Attr:$tokens,
                       OptionalAttr<StrAttr>:$sym_visibility,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() {
      return getFunctionType().getInputs();
    }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() {
      return getFunctionType().getResults();
    }
    bool isDeclaration() { return false; }

    ReturnOp getReturnOp();
    ::llvm::StringRef getArgName(unsigned index);
    ::llvm::StringRef getResultName(unsigned index);
  }];
}

def NN_ReturnOp : NN_Op<"return", [Pure, Terminator, HasParent<"GraphOp">]> {
  let summary = "the outputs of the graph";
  let description = [{
    **Constraints:**
    - The types of the operands are the results of the enclosing graph.

    Example:
    ```mlir
    inlay_nn.return %0 : tensor<1x1x64xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
  let hasVerifier = 1;
}

def NN_ConstantOp : NN_Op<"constant", [
    Pure, ConstantLike, AllTypesMatch<["value", "result"]>, NN_Computes]> {
  let summary = "a small tensor whose value is known";
  let description = [{
    What is left of shape arithmetic and small initializers. It occupies no
    region of its own: every kernel that uses it holds a copy.

    **Constraints:**
    - The type of the result is that of the value.

    Example:
    ```mlir
    %0 = inlay_nn.constant dense<1.702> : tensor<f32>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyType:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def NN_OpaqueOp : NN_Op<"opaque", [Pure, IsolatedFromAbove, NN_Computes]> {
  let summary = "an ONNX node that no rule knows";
  let description = [{
    Keeps everything of a node that was not raised, so that it can be written as
    the same node again: domain, operator and attributes, the places of optional
    operands and results that it leaves out (`absent_inputs`, `absent_outputs`:
    positions among all of the node's, ascending), and the opset where it is not
    the module's (`own_opset`). It is placed like any other op and costed by the
    bytes that it moves; estimates mark it as unknown.

    A node with subgraphs (`Loop`, `Scan`, `If` with a condition that is not
    known) is the `inlay_onnx.node` in the body. The body's arguments are the
    inputs: the node's operands and the values that its subgraphs see.

    **Constraints:**
    - The name of the operator is not empty.
    - Positions of absent inputs and outputs are ascending, and lie among all
      inputs and outputs.
    - A body has one argument for each input, of the same type, and yields the
      outputs; it makes the other attributes needless, and they are not there.

    Example:
    ```mlir
    %0 = inlay_nn.opaque "com.vendor::Op"(%x) {node_attrs = {k = 4 : i64}} : (tensor<8x32xf32>) -> tensor<8x32xf32>
    %1 = inlay_nn.opaque "Clip"(%x, %high) {absent_inputs = array<i64: 1>} : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
    ```
  }];
  let arguments = (ins StrAttr:$full_name,
                       OptionalAttr<DictionaryAttr>:$node_attrs,
                       OptionalAttr<DenseI64ArrayAttr>:$absent_inputs,
                       OptionalAttr<DenseI64ArrayAttr>:$absent_outputs,
                       OptionalAttr<I64Attr>:$own_opset,
                       Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region MaxSizedRegion<1>:$body);
  let assemblyFormat = [{
    $full_name `(` $inputs `)` (`body` $body^)? attr-dict `:`
    functional-type($inputs, $outputs)
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def NN_YieldOp : NN_Op<"yield", [Pure, Terminator, HasParent<"OpaqueOp">]> {
  let summary = "the outputs of the body of an opaque node";
  let description = [{
    Example:
    ```mlir
    inlay_nn.yield %0 : tensor<8x32xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
}

#endif // INLAY_DIALECTS_NN_IR_NNGRAPHOPS_TD
