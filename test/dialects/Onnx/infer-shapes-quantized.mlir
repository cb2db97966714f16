// RUN: inlay-opt %s --infer-shapes | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<1x5x64xf32>,
      %a1: tensor<48x4x8xui8>,
      %a2: tensor<48x4xf32>,
      %a3: tensor<64x16xui8>,
      %a4: tensor<1x5xi64>,
      %a5: tensor<64x2xf32>,
      %a6: tensor<64x32xui4>,
      %a7: tensor<1x5xi64>,
      %a8: tensor<64x2xf32>,
      %a9: tensor<4x8xi8>,
      %a10: tensor<f16>,
      %a11: tensor<4x32xi4>,
      %a12: tensor<4x2xf16>,
      %a13: tensor<4x8xui8>,
      %a14: tensor<8xf32>,
      %a15: tensor<8xui8>,
      %a16: tensor<4x8xf32>,
      %a17: tensor<f32>,
      %a18: tensor<i8>,
      %a19: tensor<4x8xf32>,
      %a20: tensor<f32>,
      %a21: tensor<4x8xf32>,
      %a22: tensor<f32>,
      %a23: tensor<4x8xf32>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12", "a13", "a14", "a15", "a16", "a17", "a18", "a19", "a20", "a21", "a22", "a23"], result_names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11"]} {
    // CHECK: "com.microsoft::MatMulNBits"({{.*}} -> tensor<1x5x48xf32>{{$}}
    %0 = inlay_onnx.node "com.microsoft::MatMulNBits"(%a0, %a1, %a2) {attributes = {K = 64 : i64, N = 48 : i64, bits = 4 : i64, block_size = 16 : i64}} : (tensor<1x5x64xf32>, tensor<48x4x8xui8>, tensor<48x4xf32>) -> !inlay_onnx.unknown
    // two elements in a byte
    // CHECK: "com.microsoft::GatherBlockQuantized"({{.*}} -> tensor<1x5x32xf32>{{$}}
    %1 = inlay_onnx.node "com.microsoft::GatherBlockQuantized"(%a3, %a4, %a5) {attributes = {bits = 4 : i64, block_size = 16 : i64, quantize_axis = 1 : i64}} : (tensor<64x16xui8>, tensor<1x5xi64>, tensor<64x2xf32>) -> !inlay_onnx.unknown
    // CHECK: "com.microsoft::GatherBlockQuantized"({{.*}} -> tensor<1x5x32xf32>{{$}}
    %2 = inlay_onnx.node "com.microsoft::GatherBlockQuantized"(%a6, %a7, %a8) {attributes = {block_size = 16 : i64}} : (tensor<64x32xui4>, tensor<1x5xi64>, tensor<64x2xf32>) -> !inlay_onnx.unknown
    // CHECK: "DequantizeLinear"({{.*}} -> tensor<4x8xf16>{{$}}
    %3 = inlay_onnx.node "DequantizeLinear"(%a9, %a10) : (tensor<4x8xi8>, tensor<f16>) -> !inlay_onnx.unknown
    // CHECK: "DequantizeLinear"({{.*}} -> tensor<4x32xf16>{{$}}
    %4 = inlay_onnx.node "DequantizeLinear"(%a11, %a12) {attributes = {axis = 1 : i64, block_size = 16 : i64}} : (tensor<4x32xi4>, tensor<4x2xf16>) -> !inlay_onnx.unknown
    // CHECK: "DequantizeLinear"({{.*}} -> tensor<4x8xf32>{{$}}
    %5 = inlay_onnx.node "DequantizeLinear"(%a13, %a14, %a15) {attributes = {axis = -1 : i64}} : (tensor<4x8xui8>, tensor<8xf32>, tensor<8xui8>) -> !inlay_onnx.unknown
    // CHECK: "QuantizeLinear"({{.*}} -> tensor<4x8xi8>{{$}}
    %6 = inlay_onnx.node "QuantizeLinear"(%a16, %a17, %a18) : (tensor<4x8xf32>, tensor<f32>, tensor<i8>) -> !inlay_onnx.unknown
    // CHECK: "QuantizeLinear"({{.*}} -> tensor<4x8xui8>{{$}}
    %7 = inlay_onnx.node "QuantizeLinear"(%a19, %a20) : (tensor<4x8xf32>, tensor<f32>) -> !inlay_onnx.unknown
    // CHECK: "QuantizeLinear"({{.*}} -> tensor<4x8xi4>{{$}}
    %8 = inlay_onnx.node "QuantizeLinear"(%a21, %a22) {attributes = {output_dtype = 22 : i64}} : (tensor<4x8xf32>, tensor<f32>) -> !inlay_onnx.unknown
    // CHECK: "DynamicQuantizeLinear"({{.*}} -> (tensor<4x8xui8>, tensor<f32>, tensor<ui8>){{$}}
    %9:3 = inlay_onnx.node "DynamicQuantizeLinear"(%a23) : (tensor<4x8xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    inlay_onnx.return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9#0, %9#1, %9#2 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}
