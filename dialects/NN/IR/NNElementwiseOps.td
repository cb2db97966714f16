//===- NNElementwiseOps.td - Elementwise operations --------*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_NNELEMENTWISEOPS_TD
#define INLAY_DIALECTS_NN_IR_NNELEMENTWISEOPS_TD

include "dialects/NN/IR/NNGraphOps.td"

def NN_UnaryOp : NN_Op<"unary", [Pure, NN_Computes]> {
  let summary = "an elementwise function of one tensor";
  let description = [{
    **Constraints:**
    - The shape of the result is that of the input.

    Example:
    ```mlir
    %0 = inlay_nn.unary silu %x : tensor<1x1x64xf32> -> tensor<1x1x64xf32>
    ```
  }];
  let arguments = (ins NN_UnaryKindAttr:$kind, AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def NN_BinaryOp : NN_Op<"binary", [Pure, NN_Computes]> {
  let summary = "an elementwise function of two tensors";
  let description = [{
    Shapes are broadcast as in numpy.

    **Constraints:**
    - The shape of the result is the broadcast shape of the operands.

    Example:
    ```mlir
    %0 = inlay_nn.binary add %a, %b : (tensor<1x1x64xf32>, tensor<64xf32>) -> tensor<1x1x64xf32>
    ```
  }];
  let arguments = (ins NN_BinaryKindAttr:$kind, AnyRankedTensor:$lhs,
                       AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat =
      "$kind $lhs `,` $rhs attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

def NN_WhereOp : NN_Op<"where", [Pure, NN_Computes]> {
  let summary = "elementwise choice between two tensors";
  let description = [{
    Shapes are broadcast as in numpy.

    **Constraints:**
    - The shape of the result is the broadcast shape of the operands.

    Example:
    ```mlir
    %0 = inlay_nn.where %c, %a, %b : (tensor<1x8xi1>, tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$condition, AnyRankedTensor:$lhs,
                       AnyRankedTensor:$rhs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $condition `,` $lhs `,` $rhs attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

def NN_CastOp : NN_Op<"cast", [Pure, NN_Computes]> {
  let summary = "conversion of the element type";
  let description = [{
    **Constraints:**
    - The shape of the result is that of the input.

    Example:
    ```mlir
    %0 = inlay_nn.cast %x : tensor<1x1x64xf16> -> tensor<1x1x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_ReduceOp : NN_Op<"reduce", [Pure, NN_Computes]> {
  let summary = "reduction over some dims";
  let description = [{
    **Constraints:**
    - `axes` are different dims of the input, counted from 0.
    - The result has the input's elements divided by those of the reduced dims.

    Example:
    ```mlir
    %0 = inlay_nn.reduce sum %x {axes = array<i64: 1>} : tensor<1x8xi64> -> tensor<1xi64>
    ```
  }];
  let arguments = (ins NN_ReduceKindAttr:$kind, AnyRankedTensor:$input,
                       DenseI64ArrayAttr:$axes);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def NN_TopKOp : NN_Op<"top_k", [Pure, NN_Computes]> {
  let summary = "the k largest or smallest elements of each row";
  let description = [{
    Over the last dim; ties go to the lower index. The chosen stand in order of
    size, or `unsorted` in any.

    **Constraints:**
    - Both results have the input's shape with a last dim that is not larger.

    Example:
    ```mlir
    %v, %i = inlay_nn.top_k %x : tensor<1x8xf32> -> tensor<1x2xf32>, tensor<1x2xi64>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, UnitAttr:$smallest,
                       UnitAttr:$unsorted);
  let results = (outs AnyRankedTensor:$values, AnyRankedTensor:$indices);
  let assemblyFormat = [{
    $input attr-dict `:` type($input) `->` type($values) `,` type($indices)
  }];
  let hasVerifier = 1;
}

#endif // INLAY_DIALECTS_NN_IR_NNELEMENTWISEOPS_TD
