//===- Passes.td - Passes that make and check nn IR ------ -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_TRANSFORMS_PASSES_TD
#define INLAY_DIALECTS_NN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def RaiseToNN : Pass<"raise-to-nn", "mlir::ModuleOp"> {
  let summary = "Recognises what a model computes, in typed operations";
  let description = [{
    Replaces the `inlay_onnx.graph` of a module by an `inlay_nn.graph` with the
    same arguments and results. Rules are grouped by family (elementwise, shape,
    linear, norm, attention, mixture of experts) and chosen by domain and
    operator; patterns over the typed ops then fuse what exporters write as
    several nodes. Names of nodes are never looked at; they stay as locations.
    Time is linear in the number of nodes.

    Mixtures of experts come first, as they span many nodes (Moe/). Each TopK is
    taken for a router and its results are followed: a fact says of a value, say,
    that it is the weight that each token gives to expert 3. Where such a weight
    multiplies something, that is read backwards as an expert's MLP; where all
    experts are summed, `inlay_nn.route` and `inlay_nn.experts` take the place of
    everything in between. Facts say where each element lies, so that nodes which
    only move data do not matter and those that scramble it do. It makes no
    difference whether experts are looped over, stacked, gathered by the router's
    choice, run on the tokens that chose them (NonZero, Compress) or on runs of
    sorted choices, or one operator; nor whether the weights multiply what comes
    out of experts, what goes in, or what is between their layers, and whether
    they are summed by Add, Sum, ReduceSum, MatMul or Einsum. Weights become views
    of initializers (`#inlay_onnx.weight_view`):

    ```mlir
    ml_program.global private @experts.up(#inlay_onnx.weight_view<<@experts.0.up, first = 0, sizes = [1, 8, 16], strides = [0, 1, 8]>, <@experts.1.up, first = 0, sizes = [1, 8, 16], strides = [0, 1, 8]>>) : tensor<2x8x16xf32>
    ```

    What other nodes use as well (an expert's inner value, part of a sum) is not
    raised. A router that chooses from more experts than the graph has, or whose
    experts are not alike, is named in a warning with the numbers of the experts.
    A mask of the scores that are at least the k-th largest is no choice of k: of
    equal scores it keeps all, and stays what it is.

    An input named `attention_mask` that says which tokens are valid counts as all
    ones and is folded away: a runtime gives each sequence its own length, and
    leaves padding out. A remark says so of each such input. Masks of other names
    or uses stay biases of the attention; queries that see no key have zeros as
    their result where the model says so.

    QuantizeLinear of activations becomes what it computes: a division, rounding,
    bounds and a cast.

    A node that no rule knows, or that its rule refuses, becomes
    `inlay_nn.opaque`; all of them are listed in one warning, grouped by
    operator and opset with count, reason and an example. A node with subgraphs
    stays whole, with all that they see as operands.

    Expects the output of `infer-shapes`: static shapes, except behind
    data-dependent nodes.

    Remark `RaiseToNN`: metrics `nodes`, `opaque`. Remark `ValidTokens` for each
    input that counts as all ones: metric `input`.
  }];
  let dependentDialects = ["::inlay::nn::NNDialect"];
}

def ConvertNNToOnnx : Pass<"convert-nn-to-onnx", "mlir::ModuleOp"> {
  let summary = "Writes typed operations as nodes of standard ONNX operators";
  let description = [{
    The reverse of `raise-to-nn`: replaces each `inlay_nn.graph` of a module by an
    `inlay_onnx.graph` with the same arguments and results. Each typed op becomes
    nodes of the default domain that compute what its description says;
    `inlay_nn.opaque` becomes its ONNX node again, of whatever domain. Weights
    stay handles: a block-quantised weight is unpacked and scaled by nodes.

    The step is the one for which the graph was compiled: an attention's past
    holds the graph's `context` tokens, in its first rows, or as many of the last
    tokens as it has rows; positions count from there.

    The nodes are of opset 21, or of the module's where that is newer or where an
    opaque node of the default domain ties the graph to it; beside typed ops the
    latter must be 13 or later.
  }];
  let dependentDialects = ["::inlay::onnx::OnnxDialect"];
}

def VerifyNN : Pass<"verify-nn", "mlir::ModuleOp"> {
  let summary = "Checks what a module of the nn level must be";
  let description = [{
    Stands behind `raise-to-nn` and reports every breach, not only the first:

    - The module holds exactly one `inlay_nn.graph` and no op of `inlay_onnx`.
    - The graph's body holds ops of `inlay_nn` and
      `ml_program.global_load_const` only.
    - Every tensor has a static shape, except results of `inlay_nn.opaque`.
    - Every attention's past is an argument of the graph that nothing else uses,
      and its present a result of the graph.

    Never changes the IR.
  }];
}

#endif // INLAY_DIALECTS_NN_TRANSFORMS_PASSES_TD
