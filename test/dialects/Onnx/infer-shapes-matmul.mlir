// RUN: inlay-opt %s --infer-shapes | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<2x3xf32>,
      %a1: tensor<3x4xf32>,
      %a2: tensor<1x5x3xf32>,
      %a3: tensor<3x4xf32>,
      %a4: tensor<4x6x16xf32>,
      %a5: tensor<4x16x8xf32>,
      %a6: tensor<2x1x5x3xf32>,
      %a7: tensor<4x3x6xf32>,
      %a8: tensor<3xf32>,
      %a9: tensor<3x4xf32>,
      %a10: tensor<2x3xf32>,
      %a11: tensor<3xf32>,
      %a12: tensor<3xf32>,
      %a13: tensor<3xf32>,
      %a14: tensor<3x2xf32>,
      %a15: tensor<4x3xf32>,
      %a16: tensor<4xf32>,
      %a17: tensor<2x5x3xf32>,
      %a18: tensor<2x4x3xf32>,
      %a19: tensor<5x2x7x3xf32>,
      %a20: tensor<2x7x3x4xf32>,
      %a21: tensor<2x3xui8>,
      %a22: tensor<3x4xi8>,
      %a23: tensor<2x3xui8>,
      %a24: tensor<f32>,
      %a25: tensor<ui8>,
      %a26: tensor<3x4xi8>,
      %a27: tensor<f32>,
      %a28: tensor<i8>,
      %a29: tensor<f32>,
      %a30: tensor<ui8>,
      %a31: tensor<2x3x4xf32>,
      %a32: tensor<2x4x5xf32>,
      %a33: tensor<3x4xf32>,
      %a34: tensor<3x4xf32>,
      %a35: tensor<2x7x3xf32>,
      %a36: tensor<3x5xf32>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12", "a13", "a14", "a15", "a16", "a17", "a18", "a19", "a20", "a21", "a22", "a23", "a24", "a25", "a26", "a27", "a28", "a29", "a30", "a31", "a32", "a33", "a34", "a35", "a36"], result_names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"]} {
    // CHECK: "MatMul"({{.*}} -> tensor<2x4xf32>{{$}}
    %0 = inlay_onnx.node "MatMul"(%a0, %a1) : (tensor<2x3xf32>, tensor<3x4xf32>) -> !inlay_onnx.unknown
    // CHECK: "MatMul"({{.*}} -> tensor<1x5x4xf32>{{$}}
    %1 = inlay_onnx.node "MatMul"(%a2, %a3) : (tensor<1x5x3xf32>, tensor<3x4xf32>) -> !inlay_onnx.unknown
    // all experts at once
    // CHECK: "MatMul"({{.*}} -> tensor<4x6x8xf32>{{$}}
    %2 = inlay_onnx.node "MatMul"(%a4, %a5) : (tensor<4x6x16xf32>, tensor<4x16x8xf32>) -> !inlay_onnx.unknown
    // CHECK: "MatMul"({{.*}} -> tensor<2x4x5x6xf32>{{$}}
    %3 = inlay_onnx.node "MatMul"(%a6, %a7) : (tensor<2x1x5x3xf32>, tensor<4x3x6xf32>) -> !inlay_onnx.unknown
    // CHECK: "MatMul"({{.*}} -> tensor<4xf32>{{$}}
    %4 = inlay_onnx.node "MatMul"(%a8, %a9) : (tensor<3xf32>, tensor<3x4xf32>) -> !inlay_onnx.unknown
    // CHECK: "MatMul"({{.*}} -> tensor<2xf32>{{$}}
    %5 = inlay_onnx.node "MatMul"(%a10, %a11) : (tensor<2x3xf32>, tensor<3xf32>) -> !inlay_onnx.unknown
    // CHECK: "MatMul"({{.*}} -> tensor<f32>{{$}}
    %6 = inlay_onnx.node "MatMul"(%a12, %a13) : (tensor<3xf32>, tensor<3xf32>) -> !inlay_onnx.unknown
    // CHECK: "Gemm"({{.*}} -> tensor<2x4xf32>{{$}}
    %7 = inlay_onnx.node "Gemm"(%a14, %a15, %a16) {attributes = {transA = 1 : i64, transB = 1 : i64}} : (tensor<3x2xf32>, tensor<4x3xf32>, tensor<4xf32>) -> !inlay_onnx.unknown
    // CHECK: "com.microsoft::FusedMatMul"({{.*}} -> tensor<2x5x4xf32>{{$}}
    %8 = inlay_onnx.node "com.microsoft::FusedMatMul"(%a17, %a18) {attributes = {transB = 1 : i64}} : (tensor<2x5x3xf32>, tensor<2x4x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "com.microsoft::FusedMatMul"({{.*}} -> tensor<2x7x5x4xf32>{{$}}
    %9 = inlay_onnx.node "com.microsoft::FusedMatMul"(%a19, %a20) {attributes = {transBatchA = 1 : i64}} : (tensor<5x2x7x3xf32>, tensor<2x7x3x4xf32>) -> !inlay_onnx.unknown
    // CHECK: "MatMulInteger"({{.*}} -> tensor<2x4xi32>{{$}}
    %10 = inlay_onnx.node "MatMulInteger"(%a21, %a22) : (tensor<2x3xui8>, tensor<3x4xi8>) -> !inlay_onnx.unknown
    // CHECK: "QLinearMatMul"({{.*}} -> tensor<2x4xui8>{{$}}
    %11 = inlay_onnx.node "QLinearMatMul"(%a23, %a24, %a25, %a26, %a27, %a28, %a29, %a30) : (tensor<2x3xui8>, tensor<f32>, tensor<ui8>, tensor<3x4xi8>, tensor<f32>, tensor<i8>, tensor<f32>, tensor<ui8>) -> !inlay_onnx.unknown
    // CHECK: "Einsum"({{.*}} -> tensor<2x3x5xf32>{{$}}
    %12 = inlay_onnx.node "Einsum"(%a31, %a32) {attributes = {equation = "bij, bjk -> bik"}} : (tensor<2x3x4xf32>, tensor<2x4x5xf32>) -> !inlay_onnx.unknown
    // CHECK: "Einsum"({{.*}} -> tensor<3x4xf32>{{$}}
    %13 = inlay_onnx.node "Einsum"(%a33) {attributes = {equation = "ij"}} : (tensor<3x4xf32>) -> !inlay_onnx.unknown
    // CHECK: "Einsum"({{.*}} -> tensor<f32>{{$}}
    %14 = inlay_onnx.node "Einsum"(%a34) {attributes = {equation = "ij->"}} : (tensor<3x4xf32>) -> !inlay_onnx.unknown
    // CHECK: "Einsum"({{.*}} -> tensor<2x7x5xf32>{{$}}
    %15 = inlay_onnx.node "Einsum"(%a35, %a36) {attributes = {equation = "...i,ij->...j"}} : (tensor<2x7x3xf32>, tensor<3x5xf32>) -> !inlay_onnx.unknown
    inlay_onnx.return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}
