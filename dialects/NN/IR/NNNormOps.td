//===- NNNormOps.td - Norms, softmax and rotary embedding --*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_NNNORMOPS_TD
#define INLAY_DIALECTS_NN_IR_NNNORMOPS_TD

include "dialects/NN/IR/NNGraphOps.td"

def NN_RmsNormOp : NN_Op<"rms_norm", [Pure, NN_Computes]> {
  let summary = "division by the root mean square of the last dim";
  let description = [{
    `result = input / sqrt(mean(input^2) + epsilon) * gamma`, the mean over the
    last dim, computed in f32.

    **Constraints:**
    - The input has at least one dim; the shape of the result is the same.
    - Gamma has as many elements as the last dim of the input.

    Example:
    ```mlir
    %0 = inlay_nn.rms_norm %x, %gamma {epsilon = 1.0e-05 : f64} : (tensor<1x1x64xf32>, tensor<64xf32>) -> tensor<1x1x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$gamma,
                       F64Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$input `,` $gamma attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

def NN_LayerNormOp : NN_Op<"layer_norm", [Pure, NN_Computes]> {
  let summary = "normalisation to mean 0 and variance 1 over the last dim";
  let description = [{
    `result = (input - mean) / sqrt(variance + epsilon) * gamma + beta` over the
    last dim, computed in f32.

    **Constraints:**
    - The input has at least one dim; the shape of the result is the same.
    - Gamma and beta have as many elements as the last dim of the input.

    Example:
    ```mlir
    %0 = inlay_nn.layer_norm %x, %gamma beta %beta {epsilon = 1.0e-05 : f64} : (tensor<1x1x64xf32>, tensor<64xf32>, tensor<64xf32>) -> tensor<1x1x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$gamma,
                       Optional<AnyRankedTensor>:$beta, F64Attr:$epsilon);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $gamma (`beta` $beta^)? attr-dict `:`
    functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

def NN_SoftmaxOp : NN_Op<"softmax", [Pure, NN_Computes]> {
  let summary = "softmax over one dim";
  let description = [{
    **Constraints:**
    - The type of the result is that of the input.
    - `axis` is a dim of the input, counted from 0.

    Example:
    ```mlir
    %0 = inlay_nn.softmax %x {axis = 2 : i64} : tensor<1x1x64xf32> -> tensor<1x1x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def NN_RotaryOp : NN_Op<"rotary", [Pure, NN_Computes]> {
  let summary = "rotary position embedding";
  let description = [{
    Rotates pairs of channels of each head by the angle of the token's position.
    The input is `[batch, tokens, heads * d]` with `num_heads` given, or
    `[batch, heads, tokens, d]` with `num_heads` 0. The caches are
    `[positions, r / 2]` with `positions` given, or `[batch, tokens, r / 2]`
    without; the first r channels of a head rotate. One position for all is that
    of the first token. With `full_width` the caches have r columns, one for each
    channel, as tables of exporters have them: x turns to x * cos + y * sin, y
    being x turned by 90 degrees. That is a rotation where both columns of a pair
    are equal, which only the bytes of the tables tell.

    **Constraints:**
    - The shape of the result is that of the input.
    - `layout` is not `none`.
    - A 3-D input has `num_heads` at least 1 and a last dim that it divides.
    - Both caches have the same shape.
    - Caches of full width have an even number of columns.

    Example:
    ```mlir
    %0 = inlay_nn.rotary halves %x, %cos, %sin positions %p {num_heads = 4 : i64} : (tensor<1x1x64xf32>, tensor<512x8xf32>, tensor<512x8xf32>, tensor<1x1xi64>) -> tensor<1x1x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$cos,
                       AnyRankedTensor:$sin,
                       Optional<AnyRankedTensor>:$positions,
                       NN_RotaryLayoutAttr:$layout,
                       DefaultValuedAttr<I64Attr, "0">:$num_heads,
                       UnitAttr:$full_width);
  let results = (outs AnyRankedTensor:$result);
  let extraClassDeclaration = [{
    /// How many channels of a head rotate.
    int64_t getWidth();
  }];
  let assemblyFormat = [{
    $layout $input `,` $cos `,` $sin (`positions` $positions^)? attr-dict `:`
    functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

#endif // INLAY_DIALECTS_NN_IR_NNNORMOPS_TD
