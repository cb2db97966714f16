// RUN: inlay-opt %s --infer-shapes | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<2x3x4xf32>,
      %a1: tensor<4xf32>,
      %a2: tensor<4xf32>,
      %a3: tensor<2x3x4xf16>,
      %a4: tensor<4xf16>,
      %a5: tensor<2x3x4xf32>,
      %a6: tensor<4xf16>,
      %a7: tensor<1x5x32xf32>,
      %a8: tensor<1x5x32xf32>,
      %a9: tensor<32xf32>,
      %a10: tensor<1x5x32xf16>,
      %a11: tensor<5x32xf16>,
      %a12: tensor<32xf16>,
      %a13: tensor<2x3xf32>,
      %a14: tensor<2x3x4xf32>,
      %a15: tensor<3xf32>,
      %a16: tensor<3xf32>,
      %a17: tensor<3xf32>,
      %a18: tensor<3xf32>,
      %a19: tensor<1x2x5x16xf32>,
      %a20: tensor<64x8xf32>,
      %a21: tensor<64x8xf32>,
      %a22: tensor<1x5xi64>,
      %a23: tensor<1x5x32xf32>,
      %a24: tensor<1x5xi64>,
      %a25: tensor<64x8xf32>,
      %a26: tensor<64x8xf32>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12", "a13", "a14", "a15", "a16", "a17", "a18", "a19", "a20", "a21", "a22", "a23", "a24", "a25", "a26"], result_names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14"]} {
    // CHECK: "LayerNormalization"({{.*}} -> (tensor<2x3x4xf32>, tensor<2x3x1xf32>, tensor<2x3x1xf32>){{$}}
    %0:3 = inlay_onnx.node "LayerNormalization"(%a0, %a1, %a2) {attributes = {axis = -1 : i64}} : (tensor<2x3x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    // CHECK: "SimplifiedLayerNormalization"({{.*}} -> tensor<2x3x4xf16>{{$}}
    %1 = inlay_onnx.node "SimplifiedLayerNormalization"(%a3, %a4) {attributes = {axis = -1 : i64}} : (tensor<2x3x4xf16>, tensor<4xf16>) -> !inlay_onnx.unknown
    // the type is the scale's
    // CHECK: "RMSNormalization"({{.*}} -> tensor<2x3x4xf16>{{$}}
    %2 = inlay_onnx.node "RMSNormalization"(%a5, %a6) : (tensor<2x3x4xf32>, tensor<4xf16>) -> !inlay_onnx.unknown
    // CHECK: "com.microsoft::SkipSimplifiedLayerNormalization"({{.*}} -> (tensor<1x5x32xf32>, none, none, tensor<1x5x32xf32>){{$}}
    %3:4 = inlay_onnx.node "com.microsoft::SkipSimplifiedLayerNormalization"(%a7, %a8, %a9) {attributes = {epsilon = 1.000000e-06 : f32}} : (tensor<1x5x32xf32>, tensor<1x5x32xf32>, tensor<32xf32>) -> (!inlay_onnx.unknown, none, none, !inlay_onnx.unknown)
    // CHECK: "com.microsoft::SkipLayerNormalization"({{.*}} -> (tensor<1x5x32xf16>, tensor<1x5x1xf32>, tensor<1x5x1xf32>, tensor<1x5x32xf16>){{$}}
    %4:4 = inlay_onnx.node "com.microsoft::SkipLayerNormalization"(%a10, %a11, %a12) : (tensor<1x5x32xf16>, tensor<5x32xf16>, tensor<32xf16>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    // CHECK: "LpNormalization"({{.*}} -> tensor<2x3xf32>{{$}}
    %5 = inlay_onnx.node "LpNormalization"(%a13) : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "BatchNormalization"({{.*}} -> tensor<2x3x4xf32>{{$}}
    %6 = inlay_onnx.node "BatchNormalization"(%a14, %a15, %a16, %a17, %a18) : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> !inlay_onnx.unknown
    // CHECK: "RotaryEmbedding"({{.*}} -> tensor<1x2x5x16xf32>{{$}}
    %7 = inlay_onnx.node "RotaryEmbedding"(%a19, %a20, %a21, %a22) : (tensor<1x2x5x16xf32>, tensor<64x8xf32>, tensor<64x8xf32>, tensor<1x5xi64>) -> !inlay_onnx.unknown
    // CHECK: "com.microsoft::RotaryEmbedding"({{.*}} -> tensor<1x5x32xf32>{{$}}
    %8 = inlay_onnx.node "com.microsoft::RotaryEmbedding"(%a23, %a24, %a25, %a26) {attributes = {num_heads = 2 : i64}} : (tensor<1x5x32xf32>, tensor<1x5xi64>, tensor<64x8xf32>, tensor<64x8xf32>) -> !inlay_onnx.unknown
    inlay_onnx.return %0#0, %0#1, %0#2, %1, %2, %3#0, %3#3, %4#0, %4#1, %4#2, %4#3, %5, %6, %7, %8 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}
