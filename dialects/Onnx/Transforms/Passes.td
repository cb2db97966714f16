//===- Passes.td - Passes over the inlay_onnx dialect ---- -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_TRANSFORMS_PASSES_TD
#define INLAY_DIALECTS_ONNX_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyOnnx : Pass<"verify-onnx", "mlir::ModuleOp"> {
  let summary = "Checks what a module of the ONNX level must be";
  let description = [{
    Stands after the import and reports every breach, not only the first:

    - The module holds exactly one `inlay_onnx.graph`.
    - `inlay_onnx.opsets` is a dictionary of i64, and has the domain of each
      node of the graph; a function's `opsets` has those of its nodes.
    - Every `ml_program.global` that is loaded holds an `#inlay_onnx.weight`
      handle or a value.
    - The `initializer` of an `inlay_onnx.constant` names a global of the same
      type.

    Never changes the IR.
  }];
}

def InlineFunctions : Pass<"inline-functions", "mlir::ModuleOp"> {
  let summary = "Puts the bodies of functions in place of their calls";
  let description = [{
    Replaces each node that calls an `inlay_onnx.function` by the function's
    nodes, then drops the functions. A function that spells out an operator with
    an inference rule, as exporters add them to operators of ONNX Runtime, is
    dropped and its calls stay. Attributes that refer to the function's get
    the call's values, or the function's defaults. A node whose function is of
    another opset than the model keeps its own (`own_opset`). Nodes are named
    `<call>/<node>`.

    Recursive functions and models that would grow beyond 8,000,000 nodes are
    errors. Reports the remark `InlinedFunctions` with the metric `calls`.
    Never changes a model without functions.
  }];
}

def RemoveUnreachable : Pass<"remove-unreachable", "mlir::ModuleOp"> {
  let summary = "Drops the nodes and initializers that no output depends on";
  let description = [{
    Erases nodes whose outputs nobody uses, and loads and constants that only
    they used, in subgraphs too. Exporters leave such nodes behind; no later pass
    should have to understand them. Nodes that draw random numbers are no
    exception: ONNX gives nodes no effect but their outputs.

    Then drops the initializers that nothing names any more, so that every
    private `ml_program.global` of the module is one that the outputs depend on:
    these bytes are what a plan accounts for. Run it after `inline-functions`:
    functions stay, with what they use. Linear in the ops.

    Remark `RemovedUnreachable`: metrics `nodes` and `initializers`. Never
    removes inputs or outputs of the graph.
  }];
}

def BindDims : Pass<"bind-dims", "mlir::ModuleOp"> {
  let summary = "Gives the symbolic dims of a model their sizes";
  let description = [{
    Fixes the step that is compiled and evaluates every symbolic dim in the
    graph's types, expressions such as `past_sequence_length + sequence_length`
    included. A symbol has a size because the option `bindings` names it, or by
    the role that its name has by convention:

    | role | names | decode | prefill |
    |---|---|---|---|
    | batch | `batch_size` `batch` `B` | `batch`, default 1 | as decode |
    | new tokens | `sequence_length` `sequence_len` `seq_length` `seq_len` `seqlen` `sequence` | 1 | `prefill-chunk`, default 128 |
    | past | `past_sequence_length` `past_sequence_len` `past_seq_length` `past_seq_len` `past_sequence` `past_length` `past_len` | `context`, default 8,192 | `context`, default 0 |
    | total | `total_sequence_length` `total_sequence_len` `total_seq_length` `total_seq_len` `total_sequence` `max_sequence_length` `max_seq_length` `max_seq_len` `max_cache_len` | past + new tokens | as decode |
    | tokens of the batch | `num_tokens` `tokens` | batch x new tokens | as decode |
    | window | `past_sliding_length` `total_sliding_length` | `local_window_size` of the attention | as decode |

    A name that says nothing, such as PyTorch's `s44`, has the role of its place
    in the inputs: `input_ids` and `position_ids` are batch x new tokens,
    `inputs_embeds` batch x new tokens x hidden size, `attention_mask` batch x
    total, an input of rank 4 with `past_key_values` in its name batch x heads x
    past x head size. A name in places of two roles has none.

    `context` is always the number of tokens that each sequence has in its KV
    state before the step: a prefill starts from an empty one unless told
    otherwise.

    Where the model has a table of rotary positions or a KV buffer of fixed size
    (`TensorScatter`), past and new tokens may not exceed its rows: a default
    gives way, a size that was asked for is an error.

    The graph gets the attributes `inlay_onnx.phase` ("decode" or "prefill"),
    `inlay_onnx.batch`, `inlay_onnx.context` and `inlay_onnx.tokens` (new tokens
    of each sequence). A symbol without a size stays as it is: `infer-shapes`
    may find it.

    Never changes a dim that the file gives as a number.
  }];
  let options = [
    ListOption<"bindings", "bindings", "std::string",
               "Sizes of symbols, each name=size; a whole expression counts as a name">,
    Option<"phase", "phase", "::inlay::model::Phase",
           /*default=*/"::inlay::model::Phase::Decode", "What a step does",
           [{llvm::cl::values(
             clEnumValN(::inlay::model::Phase::Decode, "decode",
                        "one new token for each sequence"),
             clEnumValN(::inlay::model::Phase::Prefill, "prefill",
                        "a chunk of a prompt"))}]>,
    Option<"batch", "batch", "int64_t", /*default=*/"::inlay::onnx::kUnset",
           "Sequences in a step; 1 where unset (-1)">,
    Option<"context", "context", "int64_t", /*default=*/"::inlay::onnx::kUnset",
           "Tokens in the KV state of each sequence; 8192 in decode, 0 in prefill, or what the model allows, where unset (-1)">,
    Option<"prefillChunk", "prefill-chunk", "int64_t",
           /*default=*/"::inlay::onnx::kUnset",
           "New tokens of a prefill step; 128 where unset (-1)">,
  ];
}

def InferShapes : Pass<"infer-shapes", "mlir::ModuleOp"> {
  let summary = "Infers the types of all values and folds shape plumbing";
  let description = [{
    Visits the nodes of the graph once, in order (those before a symbol's first
    use a second time where they had read it), and gives each output its shape
    and element type by the rule of its operator. On the way it

    - computes with tensors of at most 262,144 integers, booleans or floats
      whose elements are known, all or some, and replaces outputs that are
      wholly known by `inlay_onnx.constant`. Of tensors above 1,024 it computes
      at most 67 million elements in a graph: the places of 4,096 tokens with 8
      experts each, in every layer of the deepest models, are a third of that;
    - puts the taken branch in place of an `If` whose condition is known;
    - finds the sizes of symbols that an operator implies, such as the head
      size that a GroupQueryAttention gives `kv_cache_dim`;
    - removes nodes whose outputs nobody uses.

    After it every live value has a static shape, except where a shape depends
    on data (`NonZero`) or on an operator without a rule. These operators are
    listed in one warning, by operator and opset with counts; their outputs
    keep the types that the file declares. A declared type that contradicts an
    inferred one is a warning. Operands that do not fit their operator are
    errors, one for each node; symbols of inputs that nothing gives a size are
    one error that names the options that bind them.

    The module gets `inlay_onnx.folded_initializers`, the names of initializers
    that the outputs needed only for what was folded, and
    `inlay_onnx.unreachable_initializers`, those that they never needed; both in
    the order of the file. The `ml_program.global` ops stay.

    Never reads the bytes of a weight.
  }];
}

#endif // INLAY_DIALECTS_ONNX_TRANSFORMS_PASSES_TD
