//===- NNLinearOps.td - Products with weights --------------*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_NNLINEAROPS_TD
#define INLAY_DIALECTS_NN_IR_NNLINEAROPS_TD

include "dialects/NN/IR/NNGraphOps.td"

/// A product with a weight matrix, float or block-quantised.
class NN_LinearBase<string mnemonic>
    : NN_Op<mnemonic, [Pure, AttrSizedOperandSegments, NN_Computes]> {
  let arguments = (ins AnyRankedTensor:$input,
                       AnyRankedTensor:$weight,
                       Optional<AnyRankedTensor>:$scales,
                       Optional<AnyRankedTensor>:$zero_points,
                       Optional<AnyRankedTensor>:$bias,
                       UnitAttr:$transposed,
                       OptionalAttr<NN_BlockQuantAttr>:$quant);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`scales` $scales^)? (`zero_points` $zero_points^)?
    (`bias` $bias^)? attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

def NN_LinearOp : NN_LinearBase<"linear"> {
  let summary = "product of activations with a weight matrix";
  let description = [{
    `result[..., n] = sum over k of input[..., k] * weight[n, k] + bias[n]`.
    A float weight is `[N, K]`, or `[K, N]` with `transposed`. A quantised weight
    has rows of K logical elements: any shape whose first dim is N, e.g.
    `ui8 [N, K / block, block * bits / 8]`. Scales are
    `[ceil(N / rows), ceil(K / block)]` or flat; zero points are packed rows of
    `bits`-bit integers, or have the shape of the scales. With `transposed` it is
    `[K, N]` with scales `[ceil(K / block), ceil(N / rows)]`.

    **Constraints:**
    - The last dim of the result is N; the other dims are those of the input.
    - A float weight has K, the last dim of the input, as its other dim.
    - A quantised weight has N rows and at least N * K * bits / 8 bytes; if it is
      `transposed`, it is K x N with an element for each value.
    - Scales are there exactly if there is `quant`: one for each block, or, with
      block 0, one for all.
    - Zero points are there only with `quant`.
    - The bias has N elements.

    Example:
    ```mlir
    %0 = inlay_nn.linear %x, %w bias %b : (tensor<1x1x64xf32>, tensor<128x64xf32>, tensor<128xf32>) -> tensor<1x1x128xf32>
    %1 = inlay_nn.linear %x, %q scales %s {quant = #inlay_nn.block_quant<bits = 4, block = 32>} : (tensor<1x1x64xf32>, tensor<128x2x16xui8>, tensor<128x2xf32>) -> tensor<1x1x128xf32>
    ```
  }];
}

def NN_LmHeadOp : NN_LinearBase<"lm_head"> {
  let summary = "product that makes the logits over the vocabulary";
  let description = [{
    The same product as `inlay_nn.linear`, told apart because it belongs to the
    last stage and dominates it: N is the vocabulary.

    **Constraints:** those of `inlay_nn.linear`.

    Example:
    ```mlir
    %0 = inlay_nn.lm_head %x, %w {transposed} : (tensor<1x1x64xf32>, tensor<64x256xf32>) -> tensor<1x1x256xf32>
    ```
  }];
}

def NN_EmbeddingOp : NN_Op<"embedding", [
    Pure, AttrSizedOperandSegments, NN_Computes]> {
  let summary = "rows of a table, chosen by token ids";
  let description = [{
    `result[..., :] = table[ids[...], :]`. A quantised table has rows of H logical
    elements, with scales and zero points as in `inlay_nn.linear`.

    **Constraints:**
    - The shape of the result is that of the ids followed by H.
    - A float table is `[V, H]`.
    - Scales are there exactly if there is `quant`, whose `rows` are 1.

    Example:
    ```mlir
    %0 = inlay_nn.embedding %table, %ids : (tensor<256x64xf32>, tensor<1x1xi64>) -> tensor<1x1x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$table,
                       AnyRankedTensor:$ids,
                       Optional<AnyRankedTensor>:$scales,
                       Optional<AnyRankedTensor>:$zero_points,
                       OptionalAttr<NN_BlockQuantAttr>:$quant);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $table `,` $ids (`scales` $scales^)? (`zero_points` $zero_points^)?
    attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

def NN_DequantizeOp : NN_Op<"dequantize", [Pure, NN_Computes]> {
  let summary = "floats from stored integers or narrow floats";
  let description = [{
    `result = (input - zero) * scale`, the zero being 0 without zero points. A
    scale belongs to a box of the input, of `blocks[d]` elements along dim d: 1
    where each index has scales of its own, 0 where all share them. A weight
    that only products use goes into these instead.

    **Constraints:**
    - The shape of the result is that of the input.
    - There is a block of at least 0 for each dim of the input.
    - There is one scale for each box, `ceil(size / block)` of them along a dim;
      zero points are as many.

    Example (a scale for each 32 of a row, for each row, for squares, for all):
    ```mlir
    %0 = inlay_nn.dequantize %q scales %s {blocks = array<i64: 1, 32>} : (tensor<128x64xi4>, tensor<128x2xf32>) -> tensor<128x64xf32>
    %1 = inlay_nn.dequantize %q scales %r {blocks = array<i64: 1, 0>} : (tensor<128x64xi4>, tensor<128xf32>) -> tensor<128x64xf32>
    %2 = inlay_nn.dequantize %e scales %b {blocks = array<i64: 64, 64>} : (tensor<128x64xf8E4M3FN>, tensor<2x1xf32>) -> tensor<128x64xf32>
    %3 = inlay_nn.dequantize %q scales %o {blocks = array<i64: 0, 0>} : (tensor<128x64xi4>, tensor<f32>) -> tensor<128x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$scales,
                       Optional<AnyRankedTensor>:$zero_points,
                       DenseI64ArrayAttr:$blocks);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `scales` $scales (`zero_points` $zero_points^)? attr-dict `:`
    functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

def NN_MatMulOp : NN_Op<"matmul", [
    Pure, AttrSizedOperandSegments, NN_Computes]> {
  let summary = "batched product";
  let description = [{
    Batched product of the last two dims, with the batch dims broadcast as in
    numpy: of two activations, or of activations with a matrix for each batch (the
    absorbed halves of latent attention, one for each head). A product with one
    matrix of weights is `inlay_nn.linear`.

    With `quant`, `rhs` is a weight with an element for each value; its rows are
    the last but one dim, and scales are `[..., ceil(rows / quant.rows),
    ceil(columns / quant.block)]`. With `transposed` the rows of `rhs` are outputs,
    `[..., N, K]`, else they are inputs, `[..., K, N]`.

    **Constraints:**
    - Both operands have at least two dims.
    - The last dim of `lhs` equals the last but one of `rhs`, or the last with
      `transposed`.
    - Scales are there exactly if there is `quant`, one for each block, and zero
      points only with `quant`.

    Example:
    ```mlir
    %0 = inlay_nn.matmul %a, %b : (tensor<4x8x16xf32>, tensor<4x16x8xf32>) -> tensor<4x8x8xf32>
    %1 = inlay_nn.matmul %a, %q scales %s {quant = #inlay_nn.block_quant<bits = 8, block = 16, rows = 8>, transposed} : (tensor<4x8x16xf32>, tensor<4x8x16xf8E4M3FN>, tensor<4x1x1xf32>) -> tensor<4x8x8xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$rhs,
                       Optional<AnyRankedTensor>:$scales,
                       Optional<AnyRankedTensor>:$zero_points,
                       UnitAttr:$transposed,
                       OptionalAttr<NN_BlockQuantAttr>:$quant);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`scales` $scales^)? (`zero_points` $zero_points^)? attr-dict
    `:` functional-type(operands, $result)
  }];
  let builders = [OpBuilder<
      (ins "::mlir::Type":$result, "::mlir::Value":$lhs, "::mlir::Value":$rhs), [{
    build($_builder, $_state, result, lhs, rhs, /*scales=*/::mlir::Value(),
          /*zero_points=*/::mlir::Value(), /*transposed=*/false,
          /*quant=*/BlockQuantAttr());
  }]>];
  let hasVerifier = 1;
}

#endif // INLAY_DIALECTS_NN_IR_NNLINEAROPS_TD
