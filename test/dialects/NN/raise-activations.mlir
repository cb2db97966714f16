// Activations that are written out, and those that only look alike.
// RUN: inlay-opt %s --raise-to-nn --verify-nn -split-input-file | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64, com.microsoft = 1 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @one_op
  // CHECK-NEXT: inlay_nn.unary {{ *}}gelu %x
  // CHECK-NEXT: inlay_nn.unary {{ *}}gelu_tanh %x
  // CHECK-NEXT: inlay_nn.unary {{ *}}silu %x
  // CHECK-NEXT: inlay_nn.return
  inlay_onnx.graph @one_op(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) attributes {arg_names = ["x"], result_names = ["a", "b", "c"]} {
    %half = inlay_onnx.constant dense<0.5> : tensor<f32>
    %one = inlay_onnx.constant dense<1.0> : tensor<f32>
    %root2 = inlay_onnx.constant dense<1.41421354> : tensor<f32>
    %c = inlay_onnx.constant dense<0.044715> : tensor<f32>
    %k = inlay_onnx.constant dense<0.797884583> : tensor<f32>
    %three = inlay_onnx.constant dense<3.0> : tensor<f32>
    %0 = inlay_onnx.node "Div"(%x, %root2) : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
    %1 = inlay_onnx.node "Erf"(%0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %2 = inlay_onnx.node "Add"(%one, %1) : (tensor<f32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %3 = inlay_onnx.node "Mul"(%2, %half) : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
    %4 = inlay_onnx.node "Mul"(%x, %3) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %5 = inlay_onnx.node "Pow"(%x, %three) : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
    %6 = inlay_onnx.node "Mul"(%5, %c) : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
    %7 = inlay_onnx.node "Add"(%x, %6) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %8 = inlay_onnx.node "Mul"(%7, %k) : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
    %9 = inlay_onnx.node "Tanh"(%8) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %10 = inlay_onnx.node "Add"(%9, %one) : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
    %11 = inlay_onnx.node "Mul"(%half, %x) : (tensor<f32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %12 = inlay_onnx.node "Mul"(%11, %10) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %13 = inlay_onnx.node "Sigmoid"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %14 = inlay_onnx.node "Mul"(%13, %x) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    inlay_onnx.return %4, %12, %14 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
  }
}

// -----

// Twice and not half; the gate of another value; a line for a gate; a sharper gate.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64, com.microsoft = 1 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @others
  // CHECK-NOT: silu
  // CHECK-NOT: gelu
  // CHECK: inlay_nn.return
  inlay_onnx.graph @others(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) attributes {arg_names = ["x", "y"], result_names = ["a", "b", "c", "d"]} {
    %two = inlay_onnx.constant dense<2.0> : tensor<f32>
    %one = inlay_onnx.constant dense<1.0> : tensor<f32>
    %root2 = inlay_onnx.constant dense<1.41421354> : tensor<f32>
    %0 = inlay_onnx.node "Div"(%x, %root2) : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
    %1 = inlay_onnx.node "Erf"(%0) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %2 = inlay_onnx.node "Add"(%one, %1) : (tensor<f32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %3 = inlay_onnx.node "Mul"(%2, %two) : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x8xf32>
    %4 = inlay_onnx.node "Mul"(%x, %3) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %5 = inlay_onnx.node "Sigmoid"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %6 = inlay_onnx.node "Mul"(%5, %y) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    %7 = inlay_onnx.node "HardSwish"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    %8 = inlay_onnx.node "com.microsoft::QuickGelu"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
    inlay_onnx.return %4, %6, %7, %8 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
  }
}
