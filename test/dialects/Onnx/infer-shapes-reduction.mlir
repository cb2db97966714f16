// RUN: inlay-opt %s --infer-shapes -split-input-file | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<2x3x4xf32>,
      %a1: tensor<2x3x4xf32>,
      %a2: tensor<2x3x4xf32>,
      %a3: tensor<2x3x4xf32>,
      %a4: tensor<2x3xf32>,
      %a5: tensor<2x3xf32>,
      %a6: tensor<1xi64>,
      %a7: tensor<2x3xf32>,
      %a8: tensor<2x3xf32>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"], result_names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"]} {
    %c0 = inlay_onnx.constant dense<[1]> : tensor<1xi64>
    // CHECK: "ReduceSum"({{.*}} -> tensor<2x4xf32>{{$}}
    %1 = inlay_onnx.node "ReduceSum"(%a0, %c0) {attributes = {keepdims = 0 : i64}} : (tensor<2x3x4xf32>, tensor<1xi64>) -> !inlay_onnx.unknown
    %c2 = inlay_onnx.constant dense<[-1]> : tensor<1xi64>
    // CHECK: "ReduceMean"({{.*}} -> tensor<2x3x1xf32>{{$}}
    %3 = inlay_onnx.node "ReduceMean"(%a1, %c2) : (tensor<2x3x4xf32>, tensor<1xi64>) -> !inlay_onnx.unknown
    // without axes all dims are reduced
    // CHECK: "ReduceMax"({{.*}} -> tensor<f32>{{$}}
    %4 = inlay_onnx.node "ReduceMax"(%a2) {attributes = {keepdims = 0 : i64}} : (tensor<2x3x4xf32>) -> !inlay_onnx.unknown
    %c5 = inlay_onnx.constant dense<[0, 2]> : tensor<2xi64>
    // CHECK: "ReduceL2"({{.*}} -> tensor<1x3x1xf32>{{$}}
    %6 = inlay_onnx.node "ReduceL2"(%a3, %c5) {attributes = {keepdims = 1 : i64}} : (tensor<2x3x4xf32>, tensor<2xi64>) -> !inlay_onnx.unknown
    // CHECK: "ReduceSum"({{.*}} -> tensor<2x3xf32>{{$}}
    %7 = inlay_onnx.node "ReduceSum"(%a4) {attributes = {noop_with_empty_axes = 1 : i64}} : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // axes that are known at run time only
    // CHECK: "ReduceSum"({{.*}} -> tensor<?x?xf32>{{$}}
    %8 = inlay_onnx.node "ReduceSum"(%a5, %a6) {attributes = {keepdims = 1 : i64}} : (tensor<2x3xf32>, tensor<1xi64>) -> !inlay_onnx.unknown
    // CHECK: "ArgMax"({{.*}} -> tensor<2xi64>{{$}}
    %9 = inlay_onnx.node "ArgMax"(%a7) {attributes = {axis = 1 : i64, keepdims = 0 : i64}} : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "ArgMin"({{.*}} -> tensor<1x3xi64>{{$}}
    %10 = inlay_onnx.node "ArgMin"(%a8) {attributes = {axis = -2 : i64}} : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    inlay_onnx.return %1, %3, %4, %6, %7, %8, %9, %10 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 11 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<2x3x4xf32>)
      -> (!inlay_onnx.unknown)
      attributes {arg_names = ["a0"], result_names = ["r0"]} {
    // axes were an attribute
    // CHECK: "ReduceSum"({{.*}} -> tensor<4xf32>{{$}}
    %0 = inlay_onnx.node "ReduceSum"(%a0) {attributes = {axes = array<i64: 0, 1>, keepdims = 0 : i64}} : (tensor<2x3x4xf32>) -> !inlay_onnx.unknown
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}
