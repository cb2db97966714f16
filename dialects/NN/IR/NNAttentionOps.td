//===- NNAttentionOps.td - Attention -----------------------*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_NNATTENTIONOPS_TD
#define INLAY_DIALECTS_NN_IR_NNATTENTIONOPS_TD

include "dialects/NN/IR/NNGraphOps.td"

def NN_AttentionOp : NN_Op<"attention", [
    Pure, AttrSizedOperandSegments, AttrSizedResultSegments, NN_Computes]> {
  let summary = "attention, mostly causal and over a KV state";
  let description = [{
    Scores of the new tokens' queries against all keys, softmax, and the weighted
    sum of the values; grouped queries when `num_heads` is a multiple of
    `kv_heads`. With `layout` other than `none` queries and keys are rotated
    first. `sinks` adds one logit for each head to the softmax denominator.

    Query is `[batch, tokens, num_heads * head_dim]`; key and value are
    `[batch, length, kv_heads * head_dim]` (value: `value_dim`), or absent when
    the query holds all three one after the other (packed). The state is
    `[batch, kv_heads, length, head_dim]`, or `[batch, length, kv_heads *
    head_dim]` where the file keeps it so: `past_key` and `past_value` before the
    step, `present_key` and `present_value` after it, the same memory. The new
    keys and values go behind the past ones; in a state whose length does not
    change, to the places of their tokens.
    How many tokens of the state are valid is the runtime's to tell: it is no
    data flow, and the work is counted for a full state. Where nothing is padded
    the last query is the last token of the keys, and `causal` lets each query
    see the keys up to its own token.

    `positions` `[batch, tokens]` are those that the rotation uses; without them
    they follow those of the past. `bias` is added to the scores,
    `[batch or 1, num_heads or 1, tokens or 1, length]`. `query_norm` and
    `key_norm` are the gammas of an RMS norm with `norm_epsilon` over each head
    before the rotation.
    A state of stored integers or floats of 8 bits has `key_scale` and
    `value_scale`: one number, or one for each channel of each head; with
    `state_bits` 4 a byte of the state holds two.

    With `value_in_key` there is no value of its own: values are the first
    `value_dim` channels of the keys, as in the latent form of multi-head latent
    attention, and the state is that of the keys alone. With `value_in_key` and a
    value the keys lie in two parts, each with a state of its own: `key` holds
    those first channels, `value` the other `head_dim - value_dim`.

    `window` > 0 lets a query see that many keys, itself included; 0 means all.
    `softcap` > 0 replaces a score s by `softcap * tanh(s / softcap)`.

    **Constraints:**
    - `num_heads` is a positive multiple of `kv_heads`; `head_dim` and
      `value_dim` are at least 1; `window` is at least 0.
    - The query is 3-D; its last dim is `num_heads * head_dim`, or, packed,
      `(num_heads + kv_heads) * head_dim + kv_heads * value_dim`.
    - Key and value are both there or both absent; they are 3-D with last dims
      `kv_heads * head_dim` and `kv_heads * value_dim`. With `value_in_key` there is
      a key; a state of values only with a value; `value_dim` is at most `head_dim`,
      and less with a value, beside which there are no rotation, norms or scales.
    - A past has a present; the present is 4-D with dims 1 and 3 equal
      to `kv_heads` and the channels of a key (of a value), or 3-D with a last dim of
      their product. `state_bits` is 0 or 4; with 4 the last dim is half of that.
    - Key and value scales are both there or both absent; so are the norms.
    - `positions` are there only if `layout` is not `none`.
    - The result is 3-D; its last dim is `num_heads * value_dim`.
    - `cos` and `sin` are there exactly if `layout` is not `none`.

    Example:
    ```mlir
    %0, %k1, %v1 = inlay_nn.attention halves %qkv past %k, %v rotary %cos, %sin {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, scale = 2.500000e-01 : f64, value_dim = 16 : i64} : (tensor<1x1x128xf32>, tensor<1x2x7x16xf32>, tensor<1x2x7x16xf32>, tensor<512x8xf32>, tensor<512x8xf32>) -> (tensor<1x1x64xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>)
    ```
  }];
  let arguments = (ins AnyRankedTensor:$query,
                       Optional<AnyRankedTensor>:$key,
                       Optional<AnyRankedTensor>:$value,
                       Optional<AnyRankedTensor>:$past_key,
                       Optional<AnyRankedTensor>:$past_value,
                       Optional<AnyRankedTensor>:$cos,
                       Optional<AnyRankedTensor>:$sin,
                       Optional<AnyRankedTensor>:$positions,
                       Optional<AnyRankedTensor>:$bias,
                       Optional<AnyRankedTensor>:$sinks,
                       Optional<AnyRankedTensor>:$query_norm,
                       Optional<AnyRankedTensor>:$key_norm,
                       Optional<AnyRankedTensor>:$key_scale,
                       Optional<AnyRankedTensor>:$value_scale,
                       NN_RotaryLayoutAttr:$layout,
                       I64Attr:$num_heads,
                       I64Attr:$kv_heads,
                       I64Attr:$head_dim,
                       I64Attr:$value_dim,
                       F64Attr:$scale,
                       DefaultValuedAttr<I64Attr, "0">:$window,
                       DefaultValuedAttr<F64Attr, "0.0">:$softcap,
                       DefaultValuedAttr<BoolAttr, "true">:$causal,
                       DefaultValuedAttr<I64Attr, "0">:$state_bits,
                       DefaultValuedAttr<F64Attr, "1.0e-6">:$norm_epsilon,
                       UnitAttr:$value_in_key);
  let results = (outs AnyRankedTensor:$result,
                      Optional<AnyRankedTensor>:$present_key,
                      Optional<AnyRankedTensor>:$present_value);
  let assemblyFormat = [{
    $layout $query (`,` $key^)? (`,` $value^)?
    (`past` $past_key^)? (`,` $past_value^)?
    (`rotary` $cos^ `,` $sin)? (`positions` $positions^)? (`bias` $bias^)?
    (`sinks` $sinks^)? (`norms` $query_norm^ `,` $key_norm)?
    (`scales` $key_scale^ `,` $value_scale)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    bool isPacked() { return !getKey(); }
    /// Keys there are after the step: the length of the present, or of the key.
    int64_t getLength();
    /// Keys that a query can see: the length of the present, cut by the window.
    int64_t getVisibleLength();
  }];
}

#endif // INLAY_DIALECTS_NN_IR_NNATTENTIONOPS_TD
