// RUN: inlay-opt %s --infer-shapes | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<1x3x8x8xf32>,
      %a1: tensor<16x3x3x3xf32>,
      %a2: tensor<1x32x10xf32>,
      %a3: tensor<32x1x4xf32>,
      %a4: tensor<1x3x9x9xf32>,
      %a5: tensor<16x3x3x3xf32>,
      %a6: tensor<1x3x8x8xf32>,
      %a7: tensor<1x3x8x8xf32>,
      %a8: tensor<1x3x8x8xf32>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"], result_names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6"]} {
    // CHECK: "Conv"({{.*}} -> tensor<1x16x4x4xf32>{{$}}
    %0 = inlay_onnx.node "Conv"(%a0, %a1) {attributes = {pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>}} : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>) -> !inlay_onnx.unknown
    // a causal convolution per channel
    // CHECK: "Conv"({{.*}} -> tensor<1x32x10xf32>{{$}}
    %1 = inlay_onnx.node "Conv"(%a2, %a3) {attributes = {group = 32 : i64, pads = array<i64: 3, 0>}} : (tensor<1x32x10xf32>, tensor<32x1x4xf32>) -> !inlay_onnx.unknown
    // CHECK: "Conv"({{.*}} -> tensor<1x16x5x5xf32>{{$}}
    %2 = inlay_onnx.node "Conv"(%a4, %a5) {attributes = {auto_pad = "SAME_UPPER", strides = array<i64: 2, 2>}} : (tensor<1x3x9x9xf32>, tensor<16x3x3x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "MaxPool"({{.*}} -> (tensor<1x3x4x4xf32>, tensor<1x3x4x4xi64>){{$}}
    %3:2 = inlay_onnx.node "MaxPool"(%a6) {attributes = {kernel_shape = array<i64: 3, 3>, strides = array<i64: 2, 2>, ceil_mode = 1 : i64}} : (tensor<1x3x8x8xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    // CHECK: "AveragePool"({{.*}} -> tensor<1x3x7x7xf32>{{$}}
    %4 = inlay_onnx.node "AveragePool"(%a7) {attributes = {kernel_shape = array<i64: 2, 2>}} : (tensor<1x3x8x8xf32>) -> !inlay_onnx.unknown
    // CHECK: "GlobalAveragePool"({{.*}} -> tensor<1x3x1x1xf32>{{$}}
    %5 = inlay_onnx.node "GlobalAveragePool"(%a8) : (tensor<1x3x8x8xf32>) -> !inlay_onnx.unknown
    inlay_onnx.return %0, %1, %2, %3#0, %3#1, %4, %5 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}
