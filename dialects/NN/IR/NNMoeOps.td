//===- NNMoeOps.td - Mixture of experts --------------------*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_NNMOEOPS_TD
#define INLAY_DIALECTS_NN_IR_NNMOEOPS_TD

include "dialects/NN/IR/NNGraphOps.td"

def NN_RouteOp : NN_Op<"route", [Pure, AttrSizedOperandSegments, NN_Computes]> {
  let summary = "choice of experts for each token, and their weights";
  let description = [{
    Chooses `k` of E experts for each token by the largest selection scores and
    gives each a weight. `kind` says how logits become scores and weights:

    | kind | scores to choose by | weights of the chosen |
    |---|---|---|
    | `softmax_topk` | softmax of the logits over all experts | their scores |
    | `topk_softmax` | the logits | softmax of their logits |
    | `sigmoid_topk` | sigmoid of each logit | their scores |
    | `topk` | the logits | their elements of operand `scores` |
    | `sparse_mixer` | the logits | of each, its share in a softmax of its own |

    The softmax of a `sparse_mixer` runs over the experts that were not chosen
    before the one it is for (whose logit is m) and are near it: a logit l is
    left out where `(m - l) / max(|l|, m) > threshold`. This is the router of
    Phi-3.5-MoE in inference, whose `threshold` is 2 * 0.01.

    `bias` is added to the scores for the selection only. With `groups` > 1
    experts lie in that many runs of equal length; a group is scored by the sum
    of its `best_per_group` largest (biased) scores, and experts outside the
    `top_groups` best groups count as `masked_score`. With `renormalize` the
    weights are divided by their sum plus `epsilon`, or by `least_sum` where
    that is larger; then they are multiplied by `scale`.

    **Constraints:**
    - Logits are 2-D `[tokens, E]`; `k` is between 1 and E.
    - Both results are `[tokens, k]`.
    - `groups` divides E, `top_groups` is between 1 and `groups`, and
      `best_per_group` between 1 and the length of a group where there are
      groups.
    - The bias has E elements.
    - `least_sum` is at least 0.
    - `scores` have the shape of the logits and are there exactly if `kind` is
      `topk`.
    - A `sparse_mixer` has neither a bias nor groups; its `threshold` is at
      least 0.

    Example:
    ```mlir
    %w, %i = inlay_nn.route topk_softmax %logits {k = 2 : i64} : (tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>)
    ```
  }];
  let arguments = (ins AnyRankedTensor:$logits,
                       Optional<AnyRankedTensor>:$bias,
                       Optional<AnyRankedTensor>:$scores,
                       NN_RouteKindAttr:$kind,
                       I64Attr:$k,
                       UnitAttr:$renormalize,
                       DefaultValuedAttr<F64Attr, "0.0">:$epsilon,
                       DefaultValuedAttr<F64Attr, "0.0">:$least_sum,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale,
                       DefaultValuedAttr<I64Attr, "1">:$groups,
                       DefaultValuedAttr<I64Attr, "1">:$top_groups,
                       DefaultValuedAttr<I64Attr, "2">:$best_per_group,
                       DefaultValuedAttr<F64Attr, "0.0">:$masked_score,
                       DefaultValuedAttr<F64Attr, "0.0">:$threshold);
  let results = (outs AnyRankedTensor:$weights, AnyRankedTensor:$indices);
  let assemblyFormat = [{
    $kind $logits (`bias` $bias^)? (`scores` $scores^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{ int64_t getNumExperts(); }];
}

def NN_ExpertsOp : NN_Op<"experts", [
    Pure, AttrSizedOperandSegments, NN_Computes]> {
  let summary = "the chosen experts of a layer, applied and summed";
  let description = [{
    For each token: the sum over its chosen experts e of weight * expert_e(x),
    with `expert(x) = fc2 * h + b2` and `h = act(fc1 * x + b1)`, or with a gate
    `h = act(fc1 * x + b1) * (fc3 * x + b3)`. Weights of all E experts are
    stacked, rows being outputs: fc1 and fc3 `[E, I, H]`, fc2 `[E, H, I]`. A
    model that has gate and up projection in one matrix, transposed matrices or
    one initializer for each expert gets here as a view of its initializers
    (`#inlay_onnx.weight_view`), so that there is one form of each expert.
    Quantised weights of bytes have `H * bits / 8` of them in place of H elements;
    scales are `[E, ceil(rows / quant.rows), ceil(K / block)]`, or, with block 0,
    `[E, rows]` or one for each expert. `quant` is of fc1 and fc3, and of fc2 where
    that has no `fc2_quant` of its own. A `global` multiplies all weights of each
    expert once more.

    `swiglu` has a gate: `h = g * sigmoid(alpha * g) * (l + beta)`, with
    `g = min(fc1 * x + b1, limit)` and `l = clamp(fc3 * x + b3, -limit, limit)`
    where `limit` > 0. With `weight_on_input` the routing weight multiplies the
    input of the expert, not its output.

    **Constraints:**
    - `weights` and `indices` are 2-D of the same shape, one row per token.
    - fc1 and fc2 are 3-D with the same number of experts.
    - fc2 has H rows, H being the last dim of the input; fc3 has the shape of
      fc1.
    - `swiglu` has fc3; `silu` has none, as it would be swiglu.
    - Scales of each matrix are there exactly if there is `quant`, as many as
      the blocks; a global scale only with `quant`, one for each expert.
    - Biases have one element for each row of their matrix.
    - The shape of the result is that of the input.

    Example:
    ```mlir
    %0 = inlay_nn.experts swiglu %x, %w, %i fc1 %fc1 fc2 %fc2 fc3 %fc3 {alpha = 1.702000e+00 : f64, beta = 1.000000e+00 : f64, limit = 7.000000e+00 : f64} : (tensor<1x1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x1x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input,
                       AnyRankedTensor:$weights,
                       AnyRankedTensor:$indices,
                       AnyRankedTensor:$fc1,
                       Optional<AnyRankedTensor>:$fc1_scales,
                       Optional<AnyRankedTensor>:$fc1_zero_points,
                       Optional<AnyRankedTensor>:$fc1_bias,
                       AnyRankedTensor:$fc2,
                       Optional<AnyRankedTensor>:$fc2_scales,
                       Optional<AnyRankedTensor>:$fc2_zero_points,
                       Optional<AnyRankedTensor>:$fc2_bias,
                       Optional<AnyRankedTensor>:$fc3,
                       Optional<AnyRankedTensor>:$fc3_scales,
                       Optional<AnyRankedTensor>:$fc3_zero_points,
                       Optional<AnyRankedTensor>:$fc3_bias,
                       Optional<AnyRankedTensor>:$fc1_global,
                       Optional<AnyRankedTensor>:$fc2_global,
                       Optional<AnyRankedTensor>:$fc3_global,
                       NN_ActivationKindAttr:$activation,
                       DefaultValuedAttr<F64Attr, "1.0">:$alpha,
                       DefaultValuedAttr<F64Attr, "0.0">:$beta,
                       DefaultValuedAttr<F64Attr, "0.0">:$limit,
                       UnitAttr:$weight_on_input,
                       OptionalAttr<NN_BlockQuantAttr>:$quant,
                       OptionalAttr<NN_BlockQuantAttr>:$fc2_quant);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $activation $input `,` $weights `,` $indices
    `fc1` $fc1 (`scales` $fc1_scales^)? (`zero_points` $fc1_zero_points^)? (`bias` $fc1_bias^)?
    `fc2` $fc2 (`scales` $fc2_scales^)? (`zero_points` $fc2_zero_points^)? (`bias` $fc2_bias^)?
    (`fc3` $fc3^)? (`scales3` $fc3_scales^)? (`zero_points3` $fc3_zero_points^)? (`bias3` $fc3_bias^)?
    (`global1` $fc1_global^)? (`global2` $fc2_global^)? (`global3` $fc3_global^)?
    attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getNumExperts();
    int64_t getExpertsPerToken();
    int64_t getHidden();
    /// I, the width between the two layers of an expert.
    int64_t getIntermediate();
    /// How fc2 is quantised; null where it is not.
    BlockQuantAttr getQuantOfFc2();
  }];
}

#endif // INLAY_DIALECTS_NN_IR_NNMOEOPS_TD
