// Einsum outside of experts: products in the order of a MatMul, weights as views, the rest refused with a reason.
// RUN: inlay-opt %s -split-input-file -verify-diagnostics --raise-to-nn --canonicalize --verify-nn | FileCheck %s

// The heads of the weight are columns of one matrix.
module {
  ml_program.global private @w(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 2048, encoding = raw>) : tensor<16x4x8xf32>
  // CHECK: ml_program.global private @w.einsum(#inlay_onnx.weight_view<<@w, first = 0, sizes = [16, 32], strides = [32, 1]>>) : tensor<16x32xf32>
  // CHECK-LABEL: inlay_nn.graph @projection
  // CHECK: %[[W:.+]] = ml_program.global_load_const @w.einsum
  // CHECK: %[[P:.+]] = inlay_nn.linear %x, %[[W]] {transposed} : (tensor<1x3x16xf32>, tensor<16x32xf32>) -> tensor<1x3x32xf32>
  // CHECK: inlay_nn.reshape %[[P]] : tensor<1x3x32xf32> -> tensor<1x3x4x8xf32>
  inlay_onnx.graph @projection(%x: tensor<1x3x16xf32>) -> tensor<1x3x4x8xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    %w = ml_program.global_load_const @w : tensor<16x4x8xf32>
    %0 = inlay_onnx.node "Einsum"(%x, %w) {attributes = {equation = "btd, dhk -> bthk"}} : (tensor<1x3x16xf32>, tensor<16x4x8xf32>) -> tensor<1x3x4x8xf32>
    %1 = inlay_onnx.node "Relu"(%0) : (tensor<1x3x4x8xf32>) -> tensor<1x3x4x8xf32>
    inlay_onnx.return %1 : tensor<1x3x4x8xf32>
  }
}

// -----

// Attention whose products are Einsum is one attention all the same.
module {
  // CHECK-LABEL: inlay_nn.graph @attention
  // CHECK: inlay_nn.attention {{ *}}none
  // CHECK-SAME: head_dim = 16 : i64, kv_heads = 4 : i64, num_heads = 4 : i64
  // CHECK-NOT: matmul
  // CHECK: inlay_nn.return
  inlay_onnx.graph @attention(%q: tensor<1x3x4x16xf32>, %k: tensor<1x5x4x16xf32>, %v: tensor<1x5x4x16xf32>) -> tensor<1x3x4x16xf32> attributes {arg_names = ["q", "k", "v"], result_names = ["y"]} {
    %0 = inlay_onnx.node "Einsum"(%q, %k) {attributes = {equation = "bqhd,bkhd->bhqk"}} : (tensor<1x3x4x16xf32>, tensor<1x5x4x16xf32>) -> tensor<1x4x3x5xf32>
    %1 = inlay_onnx.node "Softmax"(%0) {attributes = {axis = -1 : i64}} : (tensor<1x4x3x5xf32>) -> tensor<1x4x3x5xf32>
    %2 = inlay_onnx.node "Einsum"(%1, %v) {attributes = {equation = "bhqk,bkhd->bqhd"}} : (tensor<1x4x3x5xf32>, tensor<1x5x4x16xf32>) -> tensor<1x3x4x16xf32>
    inlay_onnx.return %2 : tensor<1x3x4x16xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 17 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @refused
  // CHECK-COUNT-3: inlay_nn.opaque "Einsum"
  // expected-warning @below {{3 nodes stay opaque}}
  // expected-note @below {{1 x Einsum (opset 17): takes a diagonal (a letter twice in one term), which no rule knows: export it as a product with a mask, or as a Gather; e.g. node 'trace'}}
  // expected-note @below {{1 x Einsum (opset 17): has an equation that does not describe its inputs; e.g. node 'short'}}
  // expected-note @below {{1 x Einsum (opset 17): has an equation whose result is not made of its inputs; e.g. node 'made'}}
  inlay_onnx.graph @refused(%x: tensor<4x4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) attributes {arg_names = ["x"], result_names = ["a", "b", "c"]} {
    %0 = inlay_onnx.node "Einsum"(%x) {attributes = {equation = "ii->i"}} : (tensor<4x4xf32>) -> tensor<4xf32> loc("trace")
    %1 = inlay_onnx.node "Einsum"(%x) {attributes = {equation = "ijk->i"}} : (tensor<4x4xf32>) -> tensor<4xf32> loc("short")
    %2 = inlay_onnx.node "Einsum"(%x) {attributes = {equation = "ij->q"}} : (tensor<4x4xf32>) -> tensor<4xf32> loc("made")
    inlay_onnx.return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
}
