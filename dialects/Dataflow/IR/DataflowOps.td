//===- DataflowOps.td - Operations of the inlay_dataflow dialect -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_DATAFLOW_IR_DATAFLOWOPS_TD
#define INLAY_DIALECTS_DATAFLOW_IR_DATAFLOWOPS_TD

include "dialects/Dataflow/IR/DataflowAttrs.td"
include "dialects/Dataflow/IR/DataflowInterfaces.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Dataflow_GraphOp : Dataflow_Op<"graph", [
    Symbol, IsolatedFromAbove, SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "a model as kernels and streams, for one kind of step";
  let description = [{
    A step takes `batch` sequences further by `tokens` new tokens each, with
    `context` tokens of each already in the states. Shapes inside are for this
    step.

    **Constraints:**
    - `batch` and `tokens` are at least 1, `context` is at least 0.
    - The body holds sources, states, kernels, experts and sinks, and nothing
      else.
    - Names of kernels are unique, and so are names of states, of sources and of
      sinks.
    - A kernel's state is declared in the graph, has the kernel's element type
      and rank and is at least as large in each dim; what the kernel yields for
      it has its type, unless the state is only read.

    Example:
    ```mlir
    inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
      %0 = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x1x64xf32>>
      inlay_dataflow.sink "y" %0 : !inlay_dataflow.stream<tensor<1x1x64xf32>>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       Dataflow_Phase:$phase,
                       I64Attr:$batch,
                       I64Attr:$context,
                       I64Attr:$tokens);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `phase` `(` $phase `)` `batch` `(` $batch `)`
    `context` `(` $context `)` `tokens` `(` $tokens `)`
    attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block &getBlock() { return getBody().front(); }
    /// The kernels in the order of the body, which is topological.
    ::llvm::SmallVector<KernelOpInterface> getKernels();
  }];
}

def Dataflow_StateOp : Dataflow_Op<"state"> {
  let summary = "a tensor that survives between steps";
  let description = [{
    Declares memory such as the KV cache of a layer, large enough for what the
    step leaves in it: the context and the new tokens. It is resident where the
    kernel that uses it lies, and no stream carries it.

    **Constraints:**
    - The shape is static.

    Example:
    ```mlir
    inlay_dataflow.state @past_key_values.0.key : tensor<1x2x8x16xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<AnyRankedTensor>:$type);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getTensorType() {
      return ::llvm::cast<::mlir::RankedTensorType>(getType());
    }
  }];
}

def Dataflow_SourceOp : Dataflow_Op<"source", [
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "a stream that the host sends";
  let description = [{
    An input of the model: token ids, a mask. States are no sources. It may go
    unused: the host sends it all the same. With `initializers` it is a value of
    the model that the host works out itself, from inputs of the model and these
    initializers; its name is that of the node that makes it.

    Example:
    ```mlir
    %input_ids = inlay_dataflow.source "input_ids" : !inlay_dataflow.stream<tensor<1x1xi64>>
    %0 = inlay_dataflow.source "/embed/Gather" of ["embed.weight"] : !inlay_dataflow.stream<tensor<1x1x64xf32>>
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<StrArrayAttr>:$initializers);
  let results = (outs Dataflow_StreamType:$stream);
  let assemblyFormat = [{
    $name (`of` $initializers^)? attr-dict `:` qualified(type($stream))
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "::llvm::StringRef":$name), [{
    build($_builder, $_state, type, $_builder.getStringAttr(name),
          ::mlir::ArrayAttr());
  }]>];
}

def Dataflow_SinkOp : Dataflow_Op<"sink"> {
  let summary = "a stream that the host receives";
  let description = [{
    An output of the model: the logits. States are no sinks.

    Example:
    ```mlir
    inlay_dataflow.sink "logits" %0 : !inlay_dataflow.stream<tensor<1x1x256xf32>>
    ```
  }];
  let arguments = (ins StrAttr:$name, Dataflow_StreamType:$stream);
  let assemblyFormat = "$name $stream attr-dict `:` qualified(type($stream))";
}

/// What `kernel` and `experts` have in common.
class Dataflow_KernelBase<string mnemonic>
    : Dataflow_Op<mnemonic, [
        IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">,
        HasParent<"GraphOp">, Dataflow_KernelOpInterface,
        DeclareOpInterfaceMethods<SymbolUserOpInterface>,
        DeclareOpInterfaceMethods<OpAsmOpInterface,
                                  ["getAsmResultNames"]>]> {
  dag commonArguments = (ins SymbolNameAttr:$sym_name,
                             OptionalAttr<I64Attr>:$layer,
                             OptionalAttr<StrAttr>:$structure,
                             Variadic<Dataflow_StreamType>:$inputs,
                             FlatSymbolRefArrayAttr:$weights,
                             FlatSymbolRefArrayAttr:$states);
  let results = (outs Variadic<Dataflow_StreamType>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  code commonMethods = [{
    std::optional<int64_t> getLayerIndex() {
      return getLayer() ? std::optional<int64_t>(*getLayer()) : std::nullopt;
    }
  }];
}

def Dataflow_KernelOp : Dataflow_KernelBase<"kernel"> {
  let summary = "ops that share a region and fire together";
  let description = [{
    The body computes one step from tensors that arrive on streams, from weights
    (in their stored form) and from states; what it yields leaves on streams. It
    sees nothing else of the graph. The argument of a state is what the state
    holds before the step, which may be shorter than the state; the yielded
    update is all of it. Order in the body is no schedule.

    `structure` is equal for kernels that differ in names and weight values only
    (see `computeStructure`), so that what holds for one holds for all.

    **Constraints:**
    - `role` is not `experts`, which is an op of its own.
    - `layer` is at least 0.
    - The body has one argument for each input, weight and state, in this order.
    - The argument of an input has the tensor type of its stream.
    - No weight and no state is bound twice.
    - The body yields one tensor for each output, of the type that its stream
      carries, and one update for each state.
    - Each weight is an immutable `ml_program.global` of the type of its argument.

    Example:
    ```mlir
    %0 = inlay_dataflow.kernel @model.layers.0.mlp role(mlp) layer(0)
        (%x = %h : !inlay_dataflow.stream<tensor<1x1x64xf32>>)
        weights(%w = @model.layers.0.mlp.weight : tensor<64x64xf32>)
        -> !inlay_dataflow.stream<tensor<1x1x64xf32>> {
      %1 = inlay_nn.linear %x, %w : (tensor<1x1x64xf32>, tensor<64x64xf32>) -> tensor<1x1x64xf32>
      inlay_dataflow.yield %1 : tensor<1x1x64xf32>
    }
    ```
  }];
  let arguments = !con((ins Dataflow_KernelRole:$role), commonArguments);
  let assemblyFormat = [{
    $sym_name `role` `(` $role `)` (`layer` `(` $layer^ `)`)?
    (`structure` `(` $structure^ `)`)? attr-dict-with-keyword
    `` custom<KernelBody>($inputs, type($inputs), $weights, $states,
                       type($outputs), $body)
  }];
  let extraClassDeclaration = commonMethods # [{
    KernelRole getKernelRole() { return getRole(); }
  }];
}

def Dataflow_ExpertsOp : Dataflow_KernelBase<"experts"> {
  let summary = "all experts of a layer";
  let description = [{
    A kernel whose weights are stacked by expert, of which a token takes
    `experts_per_token`. Mapping cuts it over expert groups, which it does to no
    other kernel. It is one op however many experts there are.

    **Constraints:**
    - `experts_per_token` is at least 1 and at most `num_experts`.
    - The constraints of `inlay_dataflow.kernel`, but for the role.

    Example:
    ```mlir
    %0 = inlay_dataflow.experts @model.layers.0.moe layer(0) num_experts(4) experts_per_token(2)
        (%x = %h : !inlay_dataflow.stream<tensor<1x64xf32>>, %w = %p : !inlay_dataflow.stream<tensor<1x2xf32>>, %i = %c : !inlay_dataflow.stream<tensor<1x2xi64>>)
        weights(%fc1 = @fc1 : tensor<4x64x64xf32>, %fc2 = @fc2 : tensor<4x64x64xf32>)
        -> !inlay_dataflow.stream<tensor<1x64xf32>> {
      %1 = inlay_nn.experts relu %x, %w, %i fc1 %fc1 fc2 %fc2 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32>
      inlay_dataflow.yield %1 : tensor<1x64xf32>
    }
    ```
  }];
  let arguments = !con((ins I64Attr:$num_experts, I64Attr:$experts_per_token),
                       commonArguments);
  let assemblyFormat = [{
    $sym_name (`layer` `(` $layer^ `)`)? `num_experts` `(` $num_experts `)`
    `experts_per_token` `(` $experts_per_token `)`
    (`structure` `(` $structure^ `)`)? attr-dict-with-keyword
    `` custom<KernelBody>($inputs, type($inputs), $weights, $states,
                       type($outputs), $body)
  }];
  let extraClassDeclaration = commonMethods # [{
    KernelRole getKernelRole() { return KernelRole::Experts; }
  }];
}

def Dataflow_YieldOp : Dataflow_Op<"yield", [
    Pure, Terminator, AttrSizedOperandSegments,
    ParentOneOf<["KernelOp", "ExpertsOp"]>]> {
  let summary = "what a kernel sends, and what its states become";
  let description = [{
    Ends the body of a kernel: one operand for each output stream, then, after
    `states`, one for each state. A state that the step only reads yields its own
    argument.

    Example:
    ```mlir
    inlay_dataflow.yield %0 : tensor<1x1x64xf32> states %1, %2 : tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$outputs,
                       Variadic<AnyRankedTensor>:$updates);
  let assemblyFormat = [{
    attr-dict ($outputs^ `:` type($outputs))?
    (`states` $updates^ `:` type($updates))?
  }];
  let builders = [OpBuilder<(ins), [{
    build($_builder, $_state, ::mlir::ValueRange(), ::mlir::ValueRange());
  }]>];
}

#endif // INLAY_DIALECTS_DATAFLOW_IR_DATAFLOWOPS_TD
