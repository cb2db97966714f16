// Dropout is nothing, unless it is told to train.
// RUN: inlay-opt %s --raise-to-nn -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: inlay_nn.graph @off
// CHECK: %[[X:.+]] = inlay_nn.unary {{ *}}relu %x
// CHECK-NEXT: inlay_nn.return %[[X]]
module attributes {inlay_onnx.opsets = {ai.onnx = 13 : i64}} {
  inlay_onnx.graph @off(%x: tensor<8xf32>) -> tensor<8xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %f = inlay_onnx.constant dense<false> : tensor<i1>
    %0 = inlay_onnx.node "Dropout"(%x) : (tensor<8xf32>) -> tensor<8xf32>
    %1 = inlay_onnx.node "Dropout"(%0, %none, %f) : (tensor<8xf32>, none, tensor<i1>) -> tensor<8xf32>
    %2 = inlay_onnx.node "Relu"(%1) : (tensor<8xf32>) -> tensor<8xf32>
    inlay_onnx.return %2 : tensor<8xf32>
  }
}

// -----

// CHECK-LABEL: inlay_nn.graph @on
// CHECK: inlay_nn.opaque "Dropout"
module attributes {inlay_onnx.opsets = {ai.onnx = 13 : i64}} {
  // expected-warning @below {{1 node stays opaque: it is placed and costed by the bytes it moves only}}
  // expected-note @below {{1 x Dropout (opset 13): drops values, as in training; e.g. node 'd'}}
  inlay_onnx.graph @on(%x: tensor<8xf32>) -> tensor<8xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %t = inlay_onnx.constant dense<true> : tensor<i1>
    %0 = inlay_onnx.node "Dropout"(%x, %none, %t) : (tensor<8xf32>, none, tensor<i1>) -> tensor<8xf32> loc("d")
    inlay_onnx.return %0 : tensor<8xf32>
  }
}
