// Latent attention: values are the first channels of the keys, and so is their state. A chunk is no window.
// RUN: inlay-opt %s --raise-to-nn --verify-nn --convert-to-dataflow --verify-dataflow -split-input-file | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64}} {
  // CHECK-LABEL: inlay_dataflow.graph @latent
  // CHECK: inlay_dataflow.state {{.*}}tensor<1x1x8x24xf32>
  // CHECK: inlay_nn.attention {{ *}}none %{{[a-z0-9]*}}, %{{[a-z0-9]*}} past %{{.*}} {causal = false, head_dim = 24 : i64, kv_heads = 1 : i64, num_heads = 4 : i64,
  // CHECK-SAME: value_dim = 16 : i64, value_in_key}
  inlay_onnx.graph @latent(%q: tensor<1x4x1x24xf32>, %k: tensor<1x1x1x24xf32>, %past: tensor<1x1x7x24xf32>) -> (tensor<1x4x1x16xf32>, tensor<1x1x8x24xf32>) attributes {arg_names = ["q", "k", "past"], result_names = ["y", "present"]} {
    %zero = inlay_onnx.constant dense<0> : tensor<1xi64>
    %end = inlay_onnx.constant dense<16> : tensor<1xi64>
    %last = inlay_onnx.constant dense<3> : tensor<1xi64>
    %0 = inlay_onnx.node "Concat"(%past, %k) {attributes = {axis = 2 : i64}} : (tensor<1x1x7x24xf32>, tensor<1x1x1x24xf32>) -> tensor<1x1x8x24xf32>
    %1 = inlay_onnx.node "Slice"(%0, %zero, %end, %last) : (tensor<1x1x8x24xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x1x8x16xf32>
    %2 = inlay_onnx.node "Attention"(%q, %0, %1) : (tensor<1x4x1x24xf32>, tensor<1x1x8x24xf32>, tensor<1x1x8x16xf32>) -> tensor<1x4x1x16xf32>
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

// -----

// The latent of all tokens is expanded to keys and values of 4 heads: the products move to the query and the result,
// with views of the same weight, and the state stays latent, in two parts.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64}} {
  ml_program.global private @kv_b(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 5120, encoding = raw>) : tensor<16x80xf32>
  // CHECK-DAG: ml_program.global private @kv_b.keys(#inlay_onnx.weight_view<<@kv_b, first = 0, sizes = [4, 8, 16], strides = [20, 1, 80]>>) : tensor<4x8x16xf32>
  // CHECK-DAG: ml_program.global private @kv_b.values(#inlay_onnx.weight_view<<@kv_b, first = 8, sizes = [4, 16, 12], strides = [20, 80, 1]>>) : tensor<4x16x12xf32>
  // CHECK-LABEL: inlay_dataflow.graph @expanded
  // CHECK-DAG: inlay_dataflow.state {{.*}}tensor<1x1x8x16xf32>
  // CHECK-DAG: inlay_dataflow.state {{.*}}tensor<1x1x8x6xf32>
  // CHECK: inlay_nn.matmul {{.*}} : (tensor<1x4x1x8xf32>, tensor<4x8x16xf32>) -> tensor<1x4x1x16xf32>
  // CHECK: inlay_nn.attention {{ *}}none %{{[a-z0-9]*}}, %{{[a-z0-9]*}}, %{{[a-z0-9]*}} past %{{.*}}, %{{.*}} {causal = false, head_dim = 22 : i64, kv_heads = 1 : i64, num_heads = 4 : i64,
  // CHECK-SAME: value_dim = 16 : i64, value_in_key}
  // CHECK: inlay_nn.matmul {{.*}} : (tensor<1x4x1x16xf32>, tensor<4x16x12xf32>) -> tensor<1x4x1x12xf32>
  // CHECK-NOT: inlay_nn.linear
  inlay_onnx.graph @expanded(%q: tensor<1x4x1x14xf32>, %latent: tensor<1x1x1x16xf32>, %turned: tensor<1x1x1x6xf32>, %past: tensor<1x1x7x16xf32>, %pastTurned: tensor<1x1x7x6xf32>) -> (tensor<1x4x1x12xf32>, tensor<1x1x8x16xf32>, tensor<1x1x8x6xf32>) attributes {arg_names = ["q", "latent", "turned", "past", "past_turned"], result_names = ["y", "present", "present_turned"]} {
    %w = ml_program.global_load_const @kv_b : tensor<16x80xf32>
    %split = inlay_onnx.constant dense<[1, 8, 4, 20]> : tensor<4xi64>
    %copies = inlay_onnx.constant dense<[1, 4, 8, 6]> : tensor<4xi64>
    %zero = inlay_onnx.constant dense<0> : tensor<1xi64>
    %eight = inlay_onnx.constant dense<8> : tensor<1xi64>
    %end = inlay_onnx.constant dense<20> : tensor<1xi64>
    %last = inlay_onnx.constant dense<3> : tensor<1xi64>
    %0 = inlay_onnx.node "Concat"(%past, %latent) {attributes = {axis = 2 : i64}} : (tensor<1x1x7x16xf32>, tensor<1x1x1x16xf32>) -> tensor<1x1x8x16xf32>
    %1 = inlay_onnx.node "Concat"(%pastTurned, %turned) {attributes = {axis = 2 : i64}} : (tensor<1x1x7x6xf32>, tensor<1x1x1x6xf32>) -> tensor<1x1x8x6xf32>
    %2 = inlay_onnx.node "MatMul"(%0, %w) : (tensor<1x1x8x16xf32>, tensor<16x80xf32>) -> tensor<1x1x8x80xf32>
    %3 = inlay_onnx.node "Reshape"(%2, %split) : (tensor<1x1x8x80xf32>, tensor<4xi64>) -> tensor<1x8x4x20xf32>
    %4 = inlay_onnx.node "Transpose"(%3) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x8x4x20xf32>) -> tensor<1x4x8x20xf32>
    %5 = inlay_onnx.node "Slice"(%4, %zero, %eight, %last) : (tensor<1x4x8x20xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x4x8x8xf32>
    %6 = inlay_onnx.node "Slice"(%4, %eight, %end, %last) : (tensor<1x4x8x20xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1x4x8x12xf32>
    %7 = inlay_onnx.node "Expand"(%1, %copies) : (tensor<1x1x8x6xf32>, tensor<4xi64>) -> tensor<1x4x8x6xf32>
    %8 = inlay_onnx.node "Concat"(%5, %7) {attributes = {axis = 3 : i64}} : (tensor<1x4x8x8xf32>, tensor<1x4x8x6xf32>) -> tensor<1x4x8x14xf32>
    %9 = inlay_onnx.node "Attention"(%q, %8, %6) : (tensor<1x4x1x14xf32>, tensor<1x4x8x14xf32>, tensor<1x4x8x12xf32>) -> tensor<1x4x1x12xf32>
    inlay_onnx.return %9, %0, %1 : tensor<1x4x1x12xf32>, tensor<1x1x8x16xf32>, tensor<1x1x8x6xf32>
  }
}
