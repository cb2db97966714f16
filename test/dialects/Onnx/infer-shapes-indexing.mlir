// RUN: inlay-opt %s --infer-shapes | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<64x32xf32>,
      %a1: tensor<1x5xi64>,
      %a2: tensor<2x3x4xf32>,
      %a3: tensor<i64>,
      %a4: tensor<4x8x16xf32>,
      %a5: tensor<6x2xi64>,
      %a6: tensor<6x4xf32>,
      %a7: tensor<6x2xi64>,
      %a8: tensor<2x3x4xf32>,
      %a9: tensor<5x2xi64>,
      %a10: tensor<2x3x4xf32>,
      %a11: tensor<2x1xi64>,
      %a12: tensor<6x4xf32>,
      %a13: tensor<6x2xi64>,
      %a14: tensor<6x2xf32>,
      %a15: tensor<6x4xf32>,
      %a16: tensor<3x1xi64>,
      %a17: tensor<3x4xf32>,
      %a18: tensor<1x2x64x16xf32>,
      %a19: tensor<1x2x1x16xf32>,
      %a20: tensor<1xi64>,
      %a21: tensor<6x4xf32>,
      %a22: tensor<6x4xf32>,
      %a23: tensor<1xi64>,
      %a24: tensor<6x2xi64>,
      %a25: tensor<2xf32>,
      %a26: tensor<6x2xi64>,
      %a27: tensor<2xi64>,
      %a28: tensor<6x4xf32>,
      %a29: tensor<6xi1>,
      %a30: tensor<6xf32>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12", "a13", "a14", "a15", "a16", "a17", "a18", "a19", "a20", "a21", "a22", "a23", "a24", "a25", "a26", "a27", "a28", "a29", "a30"], result_names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "r16", "r17", "r18", "r19"]} {
    // CHECK: "Gather"({{.*}} -> tensor<1x5x32xf32>{{$}}
    %0 = inlay_onnx.node "Gather"(%a0, %a1) {attributes = {axis = 0 : i64}} : (tensor<64x32xf32>, tensor<1x5xi64>) -> !inlay_onnx.unknown
    // CHECK: "Gather"({{.*}} -> tensor<2x4xf32>{{$}}
    %1 = inlay_onnx.node "Gather"(%a2, %a3) {attributes = {axis = 1 : i64}} : (tensor<2x3x4xf32>, tensor<i64>) -> !inlay_onnx.unknown
    // the weights of the chosen experts
    // CHECK: "Gather"({{.*}} -> tensor<6x2x8x16xf32>{{$}}
    %2 = inlay_onnx.node "Gather"(%a4, %a5) : (tensor<4x8x16xf32>, tensor<6x2xi64>) -> !inlay_onnx.unknown
    // CHECK: "GatherElements"({{.*}} -> tensor<6x2xf32>{{$}}
    %3 = inlay_onnx.node "GatherElements"(%a6, %a7) {attributes = {axis = 1 : i64}} : (tensor<6x4xf32>, tensor<6x2xi64>) -> !inlay_onnx.unknown
    // CHECK: "GatherND"({{.*}} -> tensor<5x4xf32>{{$}}
    %4 = inlay_onnx.node "GatherND"(%a8, %a9) : (tensor<2x3x4xf32>, tensor<5x2xi64>) -> !inlay_onnx.unknown
    // CHECK: "GatherND"({{.*}} -> tensor<2x4xf32>{{$}}
    %5 = inlay_onnx.node "GatherND"(%a10, %a11) {attributes = {batch_dims = 1 : i64}} : (tensor<2x3x4xf32>, tensor<2x1xi64>) -> !inlay_onnx.unknown
    // CHECK: "ScatterElements"({{.*}} -> tensor<6x4xf32>{{$}}
    %6 = inlay_onnx.node "ScatterElements"(%a12, %a13, %a14) {attributes = {axis = 1 : i64}} : (tensor<6x4xf32>, tensor<6x2xi64>, tensor<6x2xf32>) -> !inlay_onnx.unknown
    // CHECK: "ScatterND"({{.*}} -> tensor<6x4xf32>{{$}}
    %7 = inlay_onnx.node "ScatterND"(%a15, %a16, %a17) : (tensor<6x4xf32>, tensor<3x1xi64>, tensor<3x4xf32>) -> !inlay_onnx.unknown
    // CHECK: "TensorScatter"({{.*}} -> tensor<1x2x64x16xf32>{{$}}
    %8 = inlay_onnx.node "TensorScatter"(%a18, %a19, %a20) : (tensor<1x2x64x16xf32>, tensor<1x2x1x16xf32>, tensor<1xi64>) -> !inlay_onnx.unknown
    %c9 = inlay_onnx.constant dense<2> : tensor<1xi64>
    // CHECK: "TopK"({{.*}} -> (tensor<6x2xf32>, tensor<6x2xi64>){{$}}
    %10:2 = inlay_onnx.node "TopK"(%a21, %c9) : (tensor<6x4xf32>, tensor<1xi64>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    // CHECK: "TopK"({{.*}} -> (tensor<?x4xf32>, tensor<?x4xi64>){{$}}
    %11:2 = inlay_onnx.node "TopK"(%a22, %a23) {attributes = {axis = 0 : i64}} : (tensor<6x4xf32>, tensor<1xi64>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    %c12 = inlay_onnx.constant dense<4> : tensor<i64>
    // CHECK: "OneHot"({{.*}} -> tensor<6x2x4xf32>{{$}}
    %13 = inlay_onnx.node "OneHot"(%a24, %c12, %a25) : (tensor<6x2xi64>, tensor<i64>, tensor<2xf32>) -> !inlay_onnx.unknown
    %c14 = inlay_onnx.constant dense<4.0> : tensor<f32>
    // CHECK: "OneHot"({{.*}} -> tensor<4x6x2xi64>{{$}}
    %15 = inlay_onnx.node "OneHot"(%a26, %c14, %a27) {attributes = {axis = 0 : i64}} : (tensor<6x2xi64>, tensor<f32>, tensor<2xi64>) -> !inlay_onnx.unknown
    // CHECK: "Compress"({{.*}} -> tensor<?x4xf32>{{$}}
    %16 = inlay_onnx.node "Compress"(%a28, %a29) {attributes = {axis = 0 : i64}} : (tensor<6x4xf32>, tensor<6xi1>) -> !inlay_onnx.unknown
    // CHECK: "Unique"({{.*}} -> (tensor<?xf32>, tensor<?xi64>, tensor<?xi64>, tensor<?xi64>){{$}}
    %17:4 = inlay_onnx.node "Unique"(%a30) : (tensor<6xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    inlay_onnx.return %0, %1, %2, %3, %4, %5, %6, %7, %8, %10#0, %10#1, %11#0, %11#1, %13, %15, %16, %17#0, %17#1, %17#2, %17#3 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}
