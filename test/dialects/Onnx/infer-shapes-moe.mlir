// RUN: inlay-opt %s --infer-shapes | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<1x6x16xf32>,
      %a1: tensor<6x4xf32>,
      %a2: tensor<4x16x16xf32>,
      %a3: tensor<4x16x8xf32>,
      %a4: tensor<6x16xf32>,
      %a5: tensor<6x4xf32>,
      %a6: tensor<4x16x24xf32>,
      %a7: tensor<4x12x16xf32>,
      %a8: tensor<1x6x32xf16>,
      %a9: tensor<6x4xf16>,
      %a10: tensor<4x64x16xui8>,
      %a11: tensor<4x64x2xf16>,
      %a12: tensor<4x32x16xui8>,
      %a13: tensor<4x32x2xf16>,
      %a14: tensor<6x32xf16>,
      %a15: tensor<6x4xf16>,
      %a16: tensor<4x8x256xui8>,
      %a17: tensor<4x64xf16>,
      %a18: tensor<4x8x128xui8>,
      %a19: tensor<4x32xf16>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12", "a13", "a14", "a15", "a16", "a17", "a18", "a19"], result_names = ["r0", "r1", "r2", "r3"]} {
    %none = inlay_onnx.none : none
    // CHECK: "com.microsoft::MoE"({{.*}} -> tensor<1x6x16xf32>{{$}}
    %0 = inlay_onnx.node "com.microsoft::MoE"(%a0, %a1, %a2, %none, %a3) {attributes = {k = 2 : i64}} : (tensor<1x6x16xf32>, tensor<6x4xf32>, tensor<4x16x16xf32>, none, tensor<4x16x8xf32>) -> !inlay_onnx.unknown
    // older layout: columns are outputs
    // CHECK: "com.microsoft::MoE"({{.*}} -> tensor<6x16xf32>{{$}}
    %1 = inlay_onnx.node "com.microsoft::MoE"(%a4, %a5, %a6, %none, %a7) {attributes = {k = 2 : i64}} : (tensor<6x16xf32>, tensor<6x4xf32>, tensor<4x16x24xf32>, none, tensor<4x12x16xf32>) -> !inlay_onnx.unknown
    // CHECK: "com.microsoft::QMoE"({{.*}} -> tensor<1x6x32xf16>{{$}}
    %2 = inlay_onnx.node "com.microsoft::QMoE"(%a8, %a9, %a10, %a11, %none, %a12, %a13) {attributes = {k = 2 : i64, block_size = 16 : i64}} : (tensor<1x6x32xf16>, tensor<6x4xf16>, tensor<4x64x16xui8>, tensor<4x64x2xf16>, none, tensor<4x32x16xui8>, tensor<4x32x2xf16>) -> !inlay_onnx.unknown
    // packed for one machine: no layout to check
    // CHECK: "com.microsoft::QMoE"({{.*}} -> tensor<6x32xf16>{{$}}
    %3 = inlay_onnx.node "com.microsoft::QMoE"(%a14, %a15, %a16, %a17, %none, %a18, %a19) {attributes = {k = 2 : i64, weights_prepacked = 1 : i64}} : (tensor<6x32xf16>, tensor<6x4xf16>, tensor<4x8x256xui8>, tensor<4x64xf16>, none, tensor<4x8x128xui8>, tensor<4x32xf16>) -> !inlay_onnx.unknown
    inlay_onnx.return %0, %1, %2, %3 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}
