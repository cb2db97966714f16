// What no rule knows, or a rule refuses, stays opaque, and all of it is listed at once.
// RUN: inlay-opt %s --raise-to-nn -split-input-file -verify-diagnostics | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.vendor = 3 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @unknown
  // CHECK: inlay_nn.opaque "com.vendor::Op"(%x) {node_attrs = {k = 4 : i64}} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  // CHECK: inlay_nn.opaque "TopK"
  // expected-warning @below {{3 nodes stay opaque: they are placed and costed by the bytes they move only}}
  // expected-note @below {{2 x com.vendor::Op (opset 3): no rule knows it; e.g. node 'first'}}
  // expected-note @below {{1 x TopK (opset 21): is not over the last dim; e.g. node 'top'}}
  inlay_onnx.graph @unknown(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) attributes {arg_names = ["x"], result_names = ["y", "z"]} {
    %k = inlay_onnx.constant dense<1> : tensor<1xi64>
    %0 = inlay_onnx.node "com.vendor::Op"(%x) {attributes = {k = 4 : i64}} : (tensor<1x8xf32>) -> tensor<1x8xf32> loc("first")
    %1 = inlay_onnx.node "com.vendor::Op"(%0) : (tensor<1x8xf32>) -> tensor<1x8xf32> loc("second")
    %2:2 = inlay_onnx.node "TopK"(%x, %k) {attributes = {axis = 0 : i64}} : (tensor<1x8xf32>, tensor<1xi64>) -> (tensor<1x8xf32>, tensor<1x8xi64>) loc("top")
    inlay_onnx.return %1, %2#0 : tensor<1x8xf32>, tensor<1x8xf32>
  }
}

// -----

// A gamma that is broadcast: the node is not what the typed op means.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @misfit
  // CHECK-NOT: layer_norm
  // CHECK: inlay_nn.opaque "LayerNormalization"(%x
  // CHECK-NOT: layer_norm
  // expected-warning @below {{1 nodes stay opaque}}
  // expected-note @below {{1 x LayerNormalization (opset 21): 'inlay_nn.layer_norm' op gamma must have 8 elements, got 2; e.g. node 'norm'}}
  inlay_onnx.graph @misfit(%x: tensor<1x8xf32>, %gamma: tensor<2xf32>) -> tensor<1x8xf32> attributes {arg_names = ["x", "gamma"], result_names = ["y"]} {
    %0 = inlay_onnx.node "LayerNormalization"(%x, %gamma) : (tensor<1x8xf32>, tensor<2xf32>) -> tensor<1x8xf32> loc("norm")
    inlay_onnx.return %0 : tensor<1x8xf32>
  }
}
