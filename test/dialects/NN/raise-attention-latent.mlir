// Latent attention: values are the first channels of the keys, and so is their state. A chunk is no window.
// RUN: inlay-opt %s --raise-to-nn --verify-nn --convert-to-dataflow --verify-dataflow -split-input-file | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64}} {
  // CHECK-LABEL: inlay_dataflow.graph @latent
  // CHECK: inlay_dataflow.state {{.*}}tensor<1x1x8x24xf32>
  // CHECK: inlay_nn.attention {{ *}}none %{{[a-z0-9]*}}, %{{[a-z0-9]*}} past %{{.*}} {head_dim = 24 : i64, kv_heads = 1 : i64, num_heads = 4 : i64,
  // CHECK-SAME: value_dim = 16 : i64, value_in_key}
  inlay_onnx.graph @latent(%q: tensor<1x4x1x24xf32>, %k: tensor<1x1x1x24xf32>, %past: tensor<1x1x7x24xf32>) -> (tensor<1x4x1x16xf32>, tensor<1x1x8x24xf32>) attributes {arg_names = ["q", "k", "past"], result_names = ["y", "present"]} {
    %zero = inlay_onnx.constant dense<0> : tensor<1xi64>
    %end = inlay_onnx.constant dense<16> : tensor<1xi64>
    %last = inlay_onnx.constant dense<3> : tensor<1xi64>
    %0 = inlay_onnx.node "Concat"(%past, %k) {attributes = {axis = 2 : i64}} : (tensor<1x1x7x24xf32>, tensor<1x1x1x24xf32>) -> tensor<1x1x8x24xf32>
    %1 = inlay_onnx.node "Slice"(%0, %zero, %end, %last) : (tensor<1x1x8x24xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x1x8x16xf32>
    %2 = inlay_onnx.node "Attention"(%q, %0, %1) {attributes = {is_causal = 1 : i64}} : (tensor<1x4x1x24xf32>, tensor<1x1x8x24xf32>, tensor<1x1x8x16xf32>) -> tensor<1x4x1x16xf32>
    inlay_onnx.return %2, %0 : tensor<1x4x1x16xf32>, tensor<1x1x8x24xf32>
  }
}

// -----

// Tokens see their own chunk of 4: at position 8 one key of a new chunk, which says nothing of position 9.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64}} {
  // CHECK-LABEL: inlay_dataflow.graph @chunks
  // CHECK: inlay_nn.attention {{ *}}none {{.*}} bias
  // CHECK-NOT: window
  inlay_onnx.graph @chunks(%q: tensor<1x1x16xf32>, %k: tensor<1x1x16xf32>, %v: tensor<1x1x16xf32>, %at: tensor<1x1xi64>, %k0: tensor<1x1x8x16xf32>, %v0: tensor<1x1x8x16xf32>) -> (tensor<1x1x16xf32>, tensor<1x1x9x16xf32>, tensor<1x1x9x16xf32>) attributes {arg_names = ["q", "k", "v", "at", "k0", "v0"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 8 : i64, inlay_onnx.phase = "decode", inlay_onnx.tokens = 1 : i64, result_names = ["y", "k1", "v1"]} {
    %four = inlay_onnx.constant dense<4> : tensor<i64>
    %ids = inlay_onnx.constant dense<[0, 0, 0, 0, 1, 1, 1, 1, 2]> : tensor<9xi64>
    %half = inlay_onnx.constant dense<0.5> : tensor<8xf32>
    %f = inlay_onnx.node "Cast"(%at) {attributes = {to = 1 : i64}} : (tensor<1x1xi64>) -> tensor<1x1xf32>
    %angle = inlay_onnx.node "Mul"(%f, %half) : (tensor<1x1xf32>, tensor<8xf32>) -> tensor<1x8xf32>
    %c = inlay_onnx.node "Cos"(%angle) : (tensor<1x8xf32>) -> tensor<1x8xf32>
    %s = inlay_onnx.node "Sin"(%angle) : (tensor<1x8xf32>) -> tensor<1x8xf32>
    %axes = inlay_onnx.constant dense<0> : tensor<1xi64>
    %c3 = inlay_onnx.node "Unsqueeze"(%c, %axes) : (tensor<1x8xf32>, tensor<1xi64>) -> tensor<1x1x8xf32>
    %s3 = inlay_onnx.node "Unsqueeze"(%s, %axes) : (tensor<1x8xf32>, tensor<1xi64>) -> tensor<1x1x8xf32>
    %r = inlay_onnx.node "RotaryEmbedding"(%q, %c3, %s3) {attributes = {num_heads = 1 : i64}} : (tensor<1x1x16xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32>) -> tensor<1x1x16xf32>
    %own = inlay_onnx.node "Div"(%at, %four) : (tensor<1x1xi64>, tensor<i64>) -> tensor<1x1xi64>
    %same = inlay_onnx.node "Equal"(%own, %ids) : (tensor<1x1xi64>, tensor<9xi64>) -> tensor<1x9xi1>
    %0:3 = inlay_onnx.node "Attention"(%r, %k, %v, %same, %k0, %v0) {attributes = {is_causal = 1 : i64, kv_num_heads = 1 : i64, q_num_heads = 1 : i64}} : (tensor<1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x9xi1>, tensor<1x1x8x16xf32>, tensor<1x1x8x16xf32>) -> (tensor<1x1x16xf32>, tensor<1x1x9x16xf32>, tensor<1x1x9x16xf32>)
    inlay_onnx.return %0#0, %0#1, %0#2 : tensor<1x1x16xf32>, tensor<1x1x9x16xf32>, tensor<1x1x9x16xf32>
  }
}
