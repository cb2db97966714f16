// Nodes with subgraphs stay whole: what they see are operands of the op that holds them.
// RUN: inlay-opt %s --raise-to-nn --verify-nn -split-input-file -verify-diagnostics | FileCheck %s
// RUN: inlay-opt %s --raise-to-nn --canonicalize --cse --convert-nn-to-onnx --verify-onnx -split-input-file | FileCheck %s --check-prefix=BACK

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  ml_program.global private @w(#inlay_onnx.weight<file = "w.data", offset = 0, length = 400, encoding = raw>) : tensor<100xf32>
  // CHECK-LABEL: inlay_nn.graph @loop
  // CHECK-DAG: %[[W:.+]] = ml_program.global_load_const @w
  // CHECK-DAG: %[[N:.+]] = inlay_nn.constant dense<3>
  // CHECK-DAG: %[[H:.+]] = inlay_nn.unary {{ *}}relu %x
  // CHECK: %[[L:.+]]:2 = inlay_nn.opaque "Loop"(%[[N]], %[[H]], %[[W]]) body {
  // CHECK-NEXT: ^bb0(%[[NI:.+]]: tensor<i64>, %[[HI:.+]]: tensor<100xf32>, %[[WI:.+]]: tensor<100xf32>):
  // CHECK-NEXT: %[[NONE:.+]] = inlay_onnx.none
  // CHECK-NEXT: %[[R:.+]]:2 = inlay_onnx.node "Loop"(%[[NI]], %[[NONE]], %[[HI]]) graphs ["body"] {
  // CHECK: inlay_onnx.node "Mul"(%{{.+}}, %[[WI]])
  // CHECK: inlay_nn.yield %[[R]]#0, %[[R]]#1
  // CHECK: inlay_nn.return %[[L]]#0, %[[L]]#1

  // BACK-LABEL: inlay_onnx.graph @loop
  // BACK: %[[W:.+]] = ml_program.global_load_const @w
  // BACK: %[[H:.+]] = inlay_onnx.node "Relu"(%x)
  // BACK: %[[L:.+]]:2 = inlay_onnx.node "Loop"(%{{.+}}, %{{.+}}, %[[H]]) graphs ["body"] {
  // BACK: inlay_onnx.node "Mul"(%{{.+}}, %[[W]])
  // BACK: inlay_onnx.return %[[L]]#0, %[[L]]#1

  // expected-warning @below {{1 node stays opaque: it is placed and costed by the bytes it moves only}}
  // expected-note @below {{1 x Loop (opset 21): runs subgraphs, whose work depends on data: export a model without control flow; e.g. node 'again'}}
  inlay_onnx.graph @loop(%x: tensor<100xf32>) -> (tensor<100xf32>, tensor<?x100xf32>) attributes {arg_names = ["x"], result_names = ["y", "z"]} {
    %none = inlay_onnx.none : none
    %w = ml_program.global_load_const @w : tensor<100xf32>
    %n = inlay_onnx.constant dense<3> : tensor<i64>
    %h = inlay_onnx.node "Relu"(%x) : (tensor<100xf32>) -> tensor<100xf32>
    %0:2 = inlay_onnx.node "Loop"(%n, %none, %h) graphs ["body"] {
    ^bb0(%i: tensor<i64>, %c: tensor<i1>, %v: tensor<100xf32>):
      %1 = inlay_onnx.node "Mul"(%v, %w) : (tensor<100xf32>, tensor<100xf32>) -> tensor<100xf32>
      inlay_onnx.yield %c, %1, %v : tensor<i1>, tensor<100xf32>, tensor<100xf32>
    } : (tensor<i64>, none, tensor<100xf32>) -> (tensor<100xf32>, tensor<?x100xf32>) loc("again")
    inlay_onnx.return %0#0, %0#1 : tensor<100xf32>, tensor<?x100xf32>
  }
}

// -----

// Operands and results that a node leaves out keep their places.
// CHECK-LABEL: inlay_nn.graph @absent
// CHECK: inlay_nn.opaque "com.vendor::Op"(%x, %x) {absent_inputs = array<i64: 1>, absent_outputs = array<i64: 0, 2>, own_opset = 2 : i64}
// BACK: %[[NONE:.+]] = inlay_onnx.none
// BACK: inlay_onnx.node "com.vendor::Op"(%x, %[[NONE]], %x) attributes {own_opset = 2 : i64} : (tensor<8xf32>, none, tensor<8xf32>) -> (none, tensor<8xf32>, none)
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.vendor = 3 : i64}} {
  // expected-warning @below {{1 node stays opaque: it is placed and costed by the bytes it moves only}}
  // expected-note @below {{1 x com.vendor::Op (opset 2): no rule knows it; e.g. node 'op'}}
  inlay_onnx.graph @absent(%x: tensor<8xf32>) -> tensor<8xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %0:3 = inlay_onnx.node "com.vendor::Op"(%x, %none, %x) attributes {own_opset = 2 : i64} : (tensor<8xf32>, none, tensor<8xf32>) -> (none, tensor<8xf32>, none) loc("op")
    inlay_onnx.return %0#1 : tensor<8xf32>
  }
}
