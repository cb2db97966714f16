// What is almost a known form keeps its own, or says in the raised one what is different.
// RUN: inlay-opt %s --raise-to-nn --verify-nn -split-input-file | FileCheck %s

// The maximum of each row, turned: it shifts the scores of one key by that of another query.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @turned
  // CHECK: %[[M:.*]] = inlay_nn.reduce {{ *}}max
  // CHECK: inlay_nn.binary {{ *}}sub %{{.*}}, %{{.*}} : (tensor<1x1x4x4xf32>, tensor<1x1x1x4xf32>)
  // CHECK: inlay_nn.softmax
  // CHECK-NOT: inlay_nn.attention
  inlay_onnx.graph @turned(%q: tensor<1x1x4x8xf32>, %k: tensor<1x1x8x4xf32>, %v: tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32> attributes {arg_names = ["q", "k", "v"], result_names = ["y"]} {
    %last = inlay_onnx.constant dense<-1> : tensor<1xi64>
    %s = inlay_onnx.node "MatMul"(%q, %k) : (tensor<1x1x4x8xf32>, tensor<1x1x8x4xf32>) -> tensor<1x1x4x4xf32>
    %m = inlay_onnx.node "ReduceMax"(%s, %last) : (tensor<1x1x4x4xf32>, tensor<1xi64>) -> tensor<1x1x4x1xf32>
    %t = inlay_onnx.node "Transpose"(%m) {attributes = {perm = [0, 1, 3, 2]}} : (tensor<1x1x4x1xf32>) -> tensor<1x1x1x4xf32>
    %d = inlay_onnx.node "Sub"(%s, %t) : (tensor<1x1x4x4xf32>, tensor<1x1x1x4xf32>) -> tensor<1x1x4x4xf32>
    %p = inlay_onnx.node "Softmax"(%d) {attributes = {axis = -1 : i64}} : (tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
    %y = inlay_onnx.node "MatMul"(%p, %v) : (tensor<1x1x4x4xf32>, tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32>
    inlay_onnx.return %y : tensor<1x1x4x8xf32>
  }
}

// -----

// Two numbers that hide keys: the outer one counts, and of a query without keys the higher.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @two_fills
  // CHECK: %[[LOW:.*]] = inlay_nn.constant dense<-2.000000e+30> : tensor<f32>
  // CHECK: %[[INNER:.*]] = inlay_nn.where %a, %{{.*}}, %[[LOW]]
  // CHECK: %[[HIGH:.*]] = inlay_nn.constant dense<-1.000000e+30> : tensor<f32>
  // CHECK: %[[OUTER:.*]] = inlay_nn.where %b, %[[INNER]], %[[HIGH]]
  // CHECK: inlay_nn.attention
  // CHECK-NOT: inlay_nn.softmax
  inlay_onnx.graph @two_fills(%q: tensor<1x1x4x8xf32>, %k: tensor<1x1x8x4xf32>, %v: tensor<1x1x4x8xf32>, %a: tensor<1x1x4x4xi1>, %b: tensor<1x1x4x4xi1>) -> tensor<1x1x4x8xf32> attributes {arg_names = ["q", "k", "v", "a", "b"], result_names = ["y"]} {
    %low = inlay_onnx.constant dense<-1.0e9> : tensor<f32>
    %high = inlay_onnx.constant dense<-1.0e4> : tensor<f32>
    %s = inlay_onnx.node "MatMul"(%q, %k) : (tensor<1x1x4x8xf32>, tensor<1x1x8x4xf32>) -> tensor<1x1x4x4xf32>
    %i = inlay_onnx.node "Where"(%a, %s, %low) : (tensor<1x1x4x4xi1>, tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
    %o = inlay_onnx.node "Where"(%b, %i, %high) : (tensor<1x1x4x4xi1>, tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
    %p = inlay_onnx.node "Softmax"(%o) {attributes = {axis = -1 : i64}} : (tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
    %y = inlay_onnx.node "MatMul"(%p, %v) : (tensor<1x1x4x4xf32>, tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32>
    inlay_onnx.return %y : tensor<1x1x4x8xf32>
  }
}

// -----

// A number that hides keys, and something given that is added to it: of a query without keys no addend says both.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @added_to_fills
  // CHECK: inlay_nn.where %a, %{{.*}}, %{{.*}}
  // CHECK: inlay_nn.binary {{ *}}add %{{.*}}, %b
  // CHECK: inlay_nn.softmax
  inlay_onnx.graph @added_to_fills(%q: tensor<1x1x4x8xf32>, %k: tensor<1x1x8x4xf32>, %v: tensor<1x1x4x8xf32>, %a: tensor<1x1x4x4xi1>, %b: tensor<1x1x4x4xf32>) -> tensor<1x1x4x8xf32> attributes {arg_names = ["q", "k", "v", "a", "b"], result_names = ["y"]} {
    %low = inlay_onnx.constant dense<-1.0e9> : tensor<f32>
    %s = inlay_onnx.node "MatMul"(%q, %k) : (tensor<1x1x4x8xf32>, tensor<1x1x8x4xf32>) -> tensor<1x1x4x4xf32>
    %i = inlay_onnx.node "Where"(%a, %s, %low) : (tensor<1x1x4x4xi1>, tensor<1x1x4x4xf32>, tensor<f32>) -> tensor<1x1x4x4xf32>
    %o = inlay_onnx.node "Add"(%i, %b) : (tensor<1x1x4x4xf32>, tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
    %p = inlay_onnx.node "Softmax"(%o) {attributes = {axis = -1 : i64}} : (tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
    %y = inlay_onnx.node "MatMul"(%p, %v) : (tensor<1x1x4x4xf32>, tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32>
    inlay_onnx.return %y : tensor<1x1x4x8xf32>
  }
}

// -----

// A norm whose result is rounded to eight bits, as fake quantisation does.
module attributes {inlay_onnx.opsets = {ai.onnx = 23 : i64}} {
  ml_program.global private @w(#inlay_onnx.weight<file = "m.data", offset = 0, length = 32, encoding = raw>) : tensor<8xf32>
  // CHECK-LABEL: inlay_nn.graph @rounded
  // CHECK: %[[N:.*]] = inlay_nn.rms_norm %x, %{{.*}} -> tensor<2x8xf32>
  // CHECK: %[[C:.*]] = inlay_nn.cast %[[N]] : tensor<2x8xf32> -> tensor<2x8xf8E4M3FN>
  // CHECK: inlay_nn.cast %[[C]] : tensor<2x8xf8E4M3FN> -> tensor<2x8xf32>
  inlay_onnx.graph @rounded(%x: tensor<2x8xf32>) -> tensor<2x8xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    %w = ml_program.global_load_const @w : tensor<8xf32>
    %n = inlay_onnx.node "RMSNormalization"(%x, %w) : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
    %c = inlay_onnx.node "Cast"(%n) {attributes = {to = 17 : i64}} : (tensor<2x8xf32>) -> tensor<2x8xf8E4M3FN>
    %y = inlay_onnx.node "Cast"(%c) {attributes = {to = 1 : i64}} : (tensor<2x8xf8E4M3FN>) -> tensor<2x8xf32>
    inlay_onnx.return %y : tensor<2x8xf32>
  }
}

// -----

// A buffer that is written at its front, without indices, is no state behind the context.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @front
  // CHECK: %[[AT:.*]] = inlay_nn.constant dense<0> : tensor<1xi64>
  // CHECK: %[[K:.*]] = inlay_nn.cache_write %k0, %k positions %[[AT]]
  // CHECK: %[[V:.*]] = inlay_nn.cache_write %v0, %v positions %[[AT]]
  // CHECK: inlay_nn.attention {{ *}}none %q, %[[K]], %[[V]] {causal = false,
  inlay_onnx.graph @front(%q: tensor<1x1x64xf32>, %k: tensor<1x1x32xf32>, %v: tensor<1x1x32xf32>, %k0: tensor<1x32x32xf32>, %v0: tensor<1x32x32xf32>) -> (tensor<1x1x64xf32>, tensor<1x32x32xf32>, tensor<1x32x32xf32>) attributes {arg_names = ["q", "k", "v", "k0", "v0"], inlay_onnx.context = 7 : i64, result_names = ["y", "k1", "v1"]} {
    %0 = inlay_onnx.node "TensorScatter"(%k0, %k) {attributes = {axis = 1 : i64}} : (tensor<1x32x32xf32>, tensor<1x1x32xf32>) -> tensor<1x32x32xf32>
    %1 = inlay_onnx.node "TensorScatter"(%v0, %v) {attributes = {axis = 1 : i64}} : (tensor<1x32x32xf32>, tensor<1x1x32xf32>) -> tensor<1x32x32xf32>
    %2 = inlay_onnx.node "Attention"(%q, %0, %1) {attributes = {kv_num_heads = 2 : i64, q_num_heads = 4 : i64}} : (tensor<1x1x64xf32>, tensor<1x32x32xf32>, tensor<1x32x32xf32>) -> tensor<1x1x64xf32>
    inlay_onnx.return %2, %0, %1 : tensor<1x1x64xf32>, tensor<1x32x32xf32>, tensor<1x32x32xf32>
  }
}

// -----

// Written where it must be, but read without a mask: the rows behind the step's tokens count too.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @unwritten
  // CHECK: inlay_nn.cache_write %k0, %k positions %at
  // CHECK: inlay_nn.attention
  // CHECK-NOT: past
  inlay_onnx.graph @unwritten(%q: tensor<1x1x64xf32>, %k: tensor<1x1x32xf32>, %v: tensor<1x1x32xf32>, %k0: tensor<1x32x32xf32>, %v0: tensor<1x32x32xf32>, %at: tensor<1xi64>) -> (tensor<1x1x64xf32>, tensor<1x32x32xf32>, tensor<1x32x32xf32>) attributes {arg_names = ["q", "k", "v", "k0", "v0", "at"], inlay_onnx.context = 7 : i64, result_names = ["y", "k1", "v1"]} {
    %0 = inlay_onnx.node "TensorScatter"(%k0, %k, %at) {attributes = {axis = 1 : i64}} : (tensor<1x32x32xf32>, tensor<1x1x32xf32>, tensor<1xi64>) -> tensor<1x32x32xf32>
    %1 = inlay_onnx.node "TensorScatter"(%v0, %v, %at) {attributes = {axis = 1 : i64}} : (tensor<1x32x32xf32>, tensor<1x1x32xf32>, tensor<1xi64>) -> tensor<1x32x32xf32>
    %2 = inlay_onnx.node "Attention"(%q, %0, %1) {attributes = {kv_num_heads = 2 : i64, q_num_heads = 4 : i64}} : (tensor<1x1x64xf32>, tensor<1x32x32xf32>, tensor<1x32x32xf32>) -> tensor<1x1x64xf32>
    inlay_onnx.return %2, %0, %1 : tensor<1x1x64xf32>, tensor<1x32x32xf32>, tensor<1x32x32xf32>
  }
}
