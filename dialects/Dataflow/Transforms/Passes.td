//===- Passes.td - Passes over inlay_dataflow ------------- -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_DATAFLOW_TRANSFORMS_PASSES_TD
#define INLAY_DIALECTS_DATAFLOW_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertToDataflow : Pass<"convert-to-dataflow", "mlir::ModuleOp"> {
  let summary = "Groups the ops of a model into kernels joined by streams";
  let description = [{
    Replaces the `inlay_nn.graph` of a module by an `inlay_dataflow.graph` that
    computes the same. Kernels are an embedding; for each decoder layer the
    attention (with its norm, projections and residual sum), the router (with
    its norm and gate), the experts, the shared expert or the dense feed-forward
    part; a head. What is grouped follows from the graph's structure, never from
    names (see `Grouping.h` for the rules); kernels are named by the paths of
    their ONNX nodes, or `layer.<i>.<role>`. A kernel of more than 512 ops becomes
    a chain of several: no layer has as many unless it was not understood, and
    later passes look at pairs of ops. Time is linear in the number of ops.

    An argument that an attention (or a concatenation) takes as its past, and
    the result that is its present, become one `inlay_dataflow.state`; other
    live arguments become sources, other results sinks. Cheap ops over weights
    and constants alone are copied into the kernels that use them.

    Each kernel gets its structural hash. Initializers that no kernel uses,
    because their values became attributes or constants of ops, are added to
    the module's `inlay_onnx.folded_initializers`.

    Never drops an op that a result of the graph depends on. A graph whose
    results are states only, or arguments and constants only, is an error.

    Remark `ConvertToDataflow`: metrics `kernels`, `structures` (different
    ones), `streams`, `states`.
  }];
  let dependentDialects = ["::inlay::dataflow::DataflowDialect"];
}

def LeaveEmbedding : Pass<"leave-embedding", "mlir::ModuleOp"> {
  let summary = "Leaves the embedding table to the host";
  let description = [{
    Replaces each kernel that turns token ids into hidden states by an
    `inlay_dataflow.source` for each of its results, which names the initializers
    that the host works it out from. Such a kernel has the role embedding and takes nothing
    but what the host sends. Tables that rotations take their angles from stay, and
    so does a table that another kernel holds too (a tied head).

    A source that nothing takes any more goes. A graph without such a kernel is
    an error.
  }];
  let dependentDialects = ["::inlay::dataflow::DataflowDialect"];
}

def VerifyDataflow : Pass<"verify-dataflow", "mlir::ModuleOp"> {
  let summary = "Checks what a module of the dataflow level must be";
  let description = [{
    Stands behind `convert-to-dataflow` and reports every breach, not only the
    first. What the ops' own verifiers prove (types, names, no cycles) is not
    repeated.

    - The module holds exactly one `inlay_dataflow.graph`, and no graph of an
      earlier level.
    - The graph has a sink.
    - Every stream that a kernel produces has a consumer.
    - Every state is used by exactly one kernel.
    - Bodies of kernels hold ops of the nn dialect only.
    - An `inlay_dataflow.experts` holds one `inlay_nn.experts`, with the same
      number of experts and of experts per token, and otherwise only ops over
      weights and constants; no other kernel holds one.
    - Streams and states are static in shape.
    - Every kernel has its structural hash, and it is the right one.
    - Every global is used by a kernel, or is named by a source, in the module's
      `inlay_onnx.folded_initializers` or `inlay_onnx.unreachable_initializers`.

    Never changes the IR.
  }];
}

#endif // INLAY_DIALECTS_DATAFLOW_TRANSFORMS_PASSES_TD
