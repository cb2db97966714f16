//===- NNShapeOps.td - Operations that move data -----------*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_NNSHAPEOPS_TD
#define INLAY_DIALECTS_NN_IR_NNSHAPEOPS_TD

include "dialects/NN/IR/NNGraphOps.td"

def NN_ReshapeOp : NN_Op<"reshape", [Pure, NN_Computes]> {
  let summary = "the same elements in another shape";
  let description = [{
    Costs nothing: it changes how indices are read, not where elements are.

    **Constraints:**
    - Input and result have the same element type and number of elements.

    Example:
    ```mlir
    %0 = inlay_nn.reshape %x : tensor<1x1x4xf32> -> tensor<1x4xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

def NN_TransposeOp : NN_Op<"transpose", [Pure, NN_Computes]> {
  let summary = "permutation of dims";
  let description = [{
    Dim i of the result is dim `permutation[i]` of the input.

    **Constraints:**
    - `permutation` is a permutation of the input's dims.
    - The shape of the result is the permuted shape of the input.

    Example:
    ```mlir
    %0 = inlay_nn.transpose %x {permutation = array<i64: 1, 0>} : tensor<2x3xf32> -> tensor<3x2xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_ConcatOp : NN_Op<"concat", [Pure, NN_Computes]> {
  let summary = "tensors one after the other along a dim";
  let description = [{
    **Constraints:**
    - There is at least one input.
    - `axis` is a dim of the result, counted from 0.
    - Along `axis` the sizes of the inputs add up to that of the result; the
      other dims are equal.

    Example:
    ```mlir
    %0 = inlay_nn.concat %a, %b {axis = 0 : i64} : (tensor<1x4xf32>, tensor<2x4xf32>) -> tensor<3x4xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, $result)";
  let hasVerifier = 1;
}

def NN_SliceOp : NN_Op<"slice", [Pure, NN_Computes]> {
  let summary = "a strided part of a tensor";
  let description = [{
    Along each dim takes `result` many elements from `offsets` on, `strides`
    apart.

    **Constraints:**
    - `offsets` and `strides` have one entry for each dim; offsets are at least 0,
      strides at least 1.
    - The last element taken along each dim lies in the input.

    Example:
    ```mlir
    %0 = inlay_nn.slice %x {offsets = array<i64: 0, 1>, strides = array<i64: 1, 2>} : tensor<1x8xf32> -> tensor<1x4xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$offsets,
                       DenseI64ArrayAttr:$strides);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def NN_BroadcastOp : NN_Op<"broadcast", [Pure, NN_Computes]> {
  let summary = "copies along dims of size 1";
  let description = [{
    Broadcasting as in numpy, to the shape of the result.

    **Constraints:**
    - The input's shape broadcasts to that of the result.

    Example:
    ```mlir
    %0 = inlay_nn.broadcast %x : tensor<1x4xf32> -> tensor<8x4xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def NN_GatherOp : NN_Op<"gather", [Pure, NN_Computes]> {
  let summary = "slices of a tensor, chosen by indices";
  let description = [{
    Replaces dim `axis` of the input by the dims of the indices.

    **Constraints:**
    - `axis` is a dim of the input, counted from 0.
    - The shape of the result is that of the input with dim `axis` replaced by
      the shape of the indices.

    Example:
    ```mlir
    %0 = inlay_nn.gather %x, %i {axis = 1 : i64} : (tensor<1x8xf32>, tensor<2xi64>) -> tensor<1x2xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$indices,
                       I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $indices attr-dict `:` functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

def NN_RangeOp : NN_Op<"range", [Pure, NN_Computes]> {
  let summary = "numbers at equal distances";
  let description = [{
    Element i is `start + i * step`, converted to the element type.

    **Constraints:**
    - The result is 1-D.

    Example:
    ```mlir
    %0 = inlay_nn.range {start = 0.000000e+00 : f64, step = 1.000000e+00 : f64} : tensor<8193xi64>
    ```
  }];
  let arguments = (ins F64Attr:$start, F64Attr:$step);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def NN_CacheWriteOp : NN_Op<"cache_write", [Pure, NN_Computes]> {
  let summary = "new entries written into a buffer of fixed length";
  let description = [{
    The result is the cache with `update` in place of as many entries along
    `axis`, from the position of the step's first token on; the runtime knows it,
    and `positions` `[batch]` or a single number say it where the file does.
    Attention takes such a write in; the op stands alone only where something
    else reads the cache.

    **Constraints:**
    - The type of the result is that of the cache.
    - `axis` is a dim of the cache, counted from 0.
    - The update has the cache's shape but along `axis`, where it is not longer.

    Example:
    ```mlir
    %0 = inlay_nn.cache_write %cache, %new positions %p {axis = 1 : i64} : (tensor<1x512x32xf32>, tensor<1x1x32xf32>, tensor<1xi64>) -> tensor<1x512x32xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$cache, AnyRankedTensor:$update,
                       Optional<AnyRankedTensor>:$positions, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $cache `,` $update (`positions` $positions^)? attr-dict `:`
    functional-type(operands, $result)
  }];
  let hasVerifier = 1;
}

#endif // INLAY_DIALECTS_NN_IR_NNSHAPEOPS_TD
