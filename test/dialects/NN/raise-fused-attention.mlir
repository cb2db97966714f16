// The attention operators of ONNX and onnxruntime, and the forms that are refused by name.
// RUN: inlay-opt %s --raise-to-nn --verify-nn -split-input-file -verify-diagnostics | FileCheck %s

// A state in 4 bits with scales for each channel, norms of heads, positions of their own, a softmax with one more score.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @c(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16384, encoding = raw>) : tensor<512x8xf32>
  ml_program.global private @n(#inlay_onnx.weight<file = "m.data", offset = 16384, length = 64, encoding = raw>) : tensor<16xf32>
  ml_program.global private @s(#inlay_onnx.weight<file = "m.data", offset = 16448, length = 128, encoding = raw>) : tensor<32xf32>
  // CHECK-LABEL: inlay_nn.graph @group_query
  // CHECK: %[[Z:.*]] = inlay_nn.constant dense<0.000000e+00> : tensor<4xf32>
  // CHECK: inlay_nn.attention {{ *}}interleaved %x past %k, %v rotary %{{.*}}, %{{.*}} positions %p sinks %[[Z]] norms %{{.*}}, %{{.*}} scales %{{.*}}, %{{.*}} {head_dim = 16 : i64, kv_heads = 2 : i64, norm_epsilon = 0.001{{[0-9]*}} : f64, num_heads = 4 : i64,
  // CHECK-SAME: softcap = 3.000000e+01 : f64, state_bits = 4 : i64, value_dim = 16 : i64, window = 64 : i64
  inlay_onnx.graph @group_query(%x: tensor<1x1x128xf32>, %k: tensor<1x2x7x8xui8>, %v: tensor<1x2x7x8xui8>, %p: tensor<1x1xi64>, %l: tensor<1xi32>, %t: tensor<i32>) -> (tensor<1x1x64xf32>, tensor<1x2x8x8xui8>, tensor<1x2x8x8xui8>) attributes {arg_names = ["x", "k", "v", "p", "l", "t"], result_names = ["y", "k1", "v1"]} {
    %none = inlay_onnx.none : none
    %c = ml_program.global_load_const @c : tensor<512x8xf32>
    %n = ml_program.global_load_const @n : tensor<16xf32>
    %s = ml_program.global_load_const @s : tensor<32xf32>
    %0:3 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%x, %none, %none, %k, %v, %l, %t, %c, %c, %p, %none, %none, %s, %s, %n, %n) {attributes = {do_rotary = 1 : i64, k_quant_type = "PER_CHANNEL", kv_cache_bit_width = 4 : i64, kv_num_heads = 2 : i64, local_window_size = 64 : i64, num_heads = 4 : i64, qk_norm_epsilon = 1.0e-3 : f32, rotary_interleaved = 1 : i64, smooth_softmax = 1 : i64, softcap = 30.0 : f32, v_quant_type = "PER_CHANNEL"}} : (tensor<1x1x128xf32>, none, none, tensor<1x2x7x8xui8>, tensor<1x2x7x8xui8>, tensor<1xi32>, tensor<i32>, tensor<512x8xf32>, tensor<512x8xf32>, tensor<1x1xi64>, none, none, tensor<32xf32>, tensor<32xf32>, tensor<16xf32>, tensor<16xf32>) -> (tensor<1x1x64xf32>, tensor<1x2x8x8xui8>, tensor<1x2x8x8xui8>)
    inlay_onnx.return %0#0, %0#1, %0#2 : tensor<1x1x64xf32>, tensor<1x2x8x8xui8>, tensor<1x2x8x8xui8>
  }
}

// -----

// Biases of queries, keys and values in one vector; a mask of padding is the runtime's to tell.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @b(#inlay_onnx.weight<file = "m.data", offset = 0, length = 768, encoding = raw>) : tensor<192xf32>
  // CHECK-LABEL: inlay_nn.graph @multi_head
  // CHECK: %[[Q:.*]] = inlay_nn.binary {{ *}}add %q,
  // CHECK: inlay_nn.attention {{ *}}none %[[Q]], %{{.*}}, %{{.*}} past %k0, %v0 {head_dim = 16 : i64, kv_heads = 4 : i64, num_heads = 4 : i64
  // expected-remark @below {{input 'attention_mask' counts as all ones: the runtime leaves padding out}}
  inlay_onnx.graph @multi_head(%q: tensor<1x1x64xf32>, %k: tensor<1x1x64xf32>, %v: tensor<1x1x64xf32>, %attention_mask: tensor<1x8xi32>, %k0: tensor<1x4x7x16xf32>, %v0: tensor<1x4x7x16xf32>) -> (tensor<1x1x64xf32>, tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>) attributes {arg_names = ["q", "k", "v", "attention_mask", "k0", "v0"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 7 : i64, inlay_onnx.phase = "decode", inlay_onnx.tokens = 1 : i64, result_names = ["y", "k1", "v1"]} {
    %none = inlay_onnx.none : none
    %b = ml_program.global_load_const @b : tensor<192xf32>
    %0:3 = inlay_onnx.node "com.microsoft::MultiHeadAttention"(%q, %k, %v, %b, %attention_mask, %none, %k0, %v0) {attributes = {num_heads = 4 : i64, unidirectional = 1 : i64}} : (tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<192xf32>, tensor<1x8xi32>, none, tensor<1x4x7x16xf32>, tensor<1x4x7x16xf32>) -> (tensor<1x1x64xf32>, tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>)
    inlay_onnx.return %0#0, %0#1, %0#2 : tensor<1x1x64xf32>, tensor<1x4x8x16xf32>, tensor<1x4x8x16xf32>
  }
}

// -----

// Packed weights make one product; the old operator, without a state.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @w(#inlay_onnx.weight<file = "m.data", offset = 0, length = 49152, encoding = raw>) : tensor<64x192xf32>
  // CHECK-LABEL: inlay_nn.graph @packed
  // CHECK: %[[L:.*]] = inlay_nn.linear %x, %{{.*}} {transposed}
  // CHECK: inlay_nn.attention {{ *}}none %[[L]] {head_dim = 16 : i64, kv_heads = 4 : i64, num_heads = 4 : i64
  inlay_onnx.graph @packed(%x: tensor<1x8x64xf32>) -> tensor<1x8x64xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    %w = ml_program.global_load_const @w : tensor<64x192xf32>
    %0 = inlay_onnx.node "com.microsoft::Attention"(%x, %w) {attributes = {num_heads = 4 : i64, unidirectional = 1 : i64}} : (tensor<1x8x64xf32>, tensor<64x192xf32>) -> tensor<1x8x64xf32>
    inlay_onnx.return %0 : tensor<1x8x64xf32>
  }
}

// -----

// A buffer of fixed length, written and read by standard operators; the valid length is the runtime's to tell.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @static
  // CHECK-NEXT: %[[Y:.*]], %[[K:.*]], %[[V:.*]] = inlay_nn.attention {{ *}}none %q, %k, %v past %k0, %v0 {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64
  // CHECK-NEXT: inlay_nn.return %[[Y]], %[[K]], %[[V]] : tensor<1x1x64xf32>, tensor<1x32x32xf32>, tensor<1x32x32xf32>
  inlay_onnx.graph @static(%q: tensor<1x1x64xf32>, %k: tensor<1x1x32xf32>, %v: tensor<1x1x32xf32>, %k0: tensor<1x32x32xf32>, %v0: tensor<1x32x32xf32>, %at: tensor<1xi64>, %n: tensor<1xi64>) -> (tensor<1x1x64xf32>, tensor<1x32x32xf32>, tensor<1x32x32xf32>) attributes {arg_names = ["q", "k", "v", "k0", "v0", "at", "n"], result_names = ["y", "k1", "v1"]} {
    %none = inlay_onnx.none : none
    %0 = inlay_onnx.node "TensorScatter"(%k0, %k, %at) {attributes = {axis = 1 : i64}} : (tensor<1x32x32xf32>, tensor<1x1x32xf32>, tensor<1xi64>) -> tensor<1x32x32xf32>
    %1 = inlay_onnx.node "TensorScatter"(%v0, %v, %at) {attributes = {axis = 1 : i64}} : (tensor<1x32x32xf32>, tensor<1x1x32xf32>, tensor<1xi64>) -> tensor<1x32x32xf32>
    %2 = inlay_onnx.node "Attention"(%q, %0, %1, %none, %none, %none, %n) {attributes = {is_causal = 1 : i64, kv_num_heads = 2 : i64, q_num_heads = 4 : i64}} : (tensor<1x1x64xf32>, tensor<1x32x32xf32>, tensor<1x32x32xf32>, none, none, none, tensor<1xi64>) -> tensor<1x1x64xf32>
    inlay_onnx.return %2, %0, %1 : tensor<1x1x64xf32>, tensor<1x32x32xf32>, tensor<1x32x32xf32>
  }
}

// -----

// Heads apart, values of another size, a window; a left_window_size of 63 sees 64 keys.
module attributes {inlay_onnx.opsets = {ai.onnx = 25 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @heads
  // CHECK: inlay_nn.attention {{ *}}none %{{.*}}, %{{.*}}, %{{.*}} past %k0, %v0 {head_dim = 24 : i64, kv_heads = 4 : i64, num_heads = 4 : i64,
  // CHECK-SAME: scale = 5.000000e-01 : f64, value_dim = 16 : i64, window = 64 : i64
  inlay_onnx.graph @heads(%q: tensor<2x4x3x24xf32>, %k: tensor<2x4x3x24xf32>, %v: tensor<2x4x3x16xf32>, %k0: tensor<2x4x97x24xf32>, %v0: tensor<2x4x97x16xf32>) -> (tensor<2x4x3x16xf32>, tensor<2x4x100x24xf32>, tensor<2x4x100x16xf32>) attributes {arg_names = ["q", "k", "v", "k0", "v0"], result_names = ["y", "k1", "v1"]} {
    %none = inlay_onnx.none : none
    %0:3 = inlay_onnx.node "Attention"(%q, %k, %v, %none, %k0, %v0) {attributes = {is_causal = 1 : i64, left_window_size = 63 : i64, scale = 5.0e-1 : f32}} : (tensor<2x4x3x24xf32>, tensor<2x4x3x24xf32>, tensor<2x4x3x16xf32>, none, tensor<2x4x97x24xf32>, tensor<2x4x97x16xf32>) -> (tensor<2x4x3x16xf32>, tensor<2x4x100x24xf32>, tensor<2x4x100x16xf32>)
    inlay_onnx.return %0#0, %0#1, %0#2 : tensor<2x4x3x16xf32>, tensor<2x4x100x24xf32>, tensor<2x4x100x16xf32>
  }
}

// -----

// What is refused is said for all at once, with the remedy.
module attributes {inlay_onnx.opsets = {ai.onnx = 25 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @w(#inlay_onnx.weight<file = "m.data", offset = 0, length = 49152, encoding = raw>) : tensor<64x192xf32>
  // expected-warning @below {{9 nodes stay opaque: they are placed and costed by the bytes they move only}}
  // expected-note @below {{1 x com.microsoft::Attention (opset 1): keeps keys and values in one past tensor: export it as GroupQueryAttention or MultiHeadAttention; e.g. node 'past'}}
  // expected-note @below {{1 x com.microsoft::Attention (opset 1): rotates with caches of its own (do_rotary = 1): export it as GroupQueryAttention; e.g. node 'rotates'}}
  // expected-note @below {{1 x com.microsoft::MultiHeadAttention (opset 1): has queries, keys and values packed into one input: export them apart, or as GroupQueryAttention; e.g. node 'packed'}}
  // expected-note @below {{1 x com.microsoft::MultiHeadAttention (opset 1): is unidirectional over 3 queries and 8 keys without a past, which leaves open what the queries see: export it with a past or with a mask; e.g. node 'apart'}}
  // expected-note @below {{1 x Attention (opset 25): has queries that see no key: is_causal counts them from the first key on; e.g. node 'blind'}}
  // expected-note @below {{1 x Attention (opset 25): sees 2 tokens ahead (right_window_size), which no rule knows; e.g. node 'ahead'}}
  // expected-note @below {{1 x com.microsoft::GroupQueryAttention (opset 1): rotates (do_rotary = 1) without cos_cache and sin_cache; e.g. node 'no caches'}}
  // expected-note @below {{1 x MatMulInteger (opset 25): multiplies integers, which no rule knows: export weights that are dequantised before the product (DequantizeLinear, MatMulNBits); e.g. node 'integers'}}
  // expected-note @below {{1 x com.microsoft::MatMulNBits (opset 1): has a group index (g_idx), an old form: export again without it; e.g. node 'groups'}}
  inlay_onnx.graph @refused(%x: tensor<1x8x64xf32>, %p: tensor<2x1x4x3x16xf32>, %q: tensor<1x8x4x3x16xf32>, %i: tensor<4x64xi8>, %j: tensor<64x4xi8>, %b: tensor<8x2x16xui8>, %s: tensor<8x2xf32>, %g: tensor<64xi32>, %t: tensor<1x3x64xf32>) -> (tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<4x4xi32>, tensor<1x8x8xf32>, tensor<1x3x64xf32>, tensor<1x8x64xf32>) attributes {arg_names = ["x", "p", "q", "i", "j", "b", "s", "g", "t"], result_names = ["a", "b", "c", "d", "e", "f", "h", "k", "l"]} {
    %none = inlay_onnx.none : none
    %w = ml_program.global_load_const @w : tensor<64x192xf32>
    %0 = inlay_onnx.node "com.microsoft::Attention"(%x, %w, %none, %none, %p) {attributes = {num_heads = 4 : i64}} : (tensor<1x8x64xf32>, tensor<64x192xf32>, none, none, tensor<2x1x4x3x16xf32>) -> tensor<1x8x64xf32> loc("past")
    %1 = inlay_onnx.node "com.microsoft::Attention"(%x, %w) {attributes = {do_rotary = 1 : i64, num_heads = 4 : i64}} : (tensor<1x8x64xf32>, tensor<64x192xf32>) -> tensor<1x8x64xf32> loc("rotates")
    %2 = inlay_onnx.node "com.microsoft::MultiHeadAttention"(%q) {attributes = {num_heads = 4 : i64}} : (tensor<1x8x4x3x16xf32>) -> tensor<1x8x64xf32> loc("packed")
    %3 = inlay_onnx.node "Attention"(%x, %x, %x) {attributes = {kv_num_heads = 4 : i64, q_num_heads = 4 : i64, right_window_size = 2 : i64}} : (tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>) -> tensor<1x8x64xf32> loc("ahead")
    %4 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%x, %x, %x) {attributes = {do_rotary = 1 : i64, kv_num_heads = 4 : i64, num_heads = 4 : i64}} : (tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>) -> tensor<1x8x64xf32> loc("no caches")
    %5 = inlay_onnx.node "MatMulInteger"(%i, %j) : (tensor<4x64xi8>, tensor<64x4xi8>) -> tensor<4x4xi32> loc("integers")
    %6 = inlay_onnx.node "com.microsoft::MatMulNBits"(%x, %b, %s, %none, %g) {attributes = {K = 64 : i64, N = 8 : i64, bits = 4 : i64, block_size = 32 : i64}} : (tensor<1x8x64xf32>, tensor<8x2x16xui8>, tensor<8x2xf32>, none, tensor<64xi32>) -> tensor<1x8x8xf32> loc("groups")
    %7 = inlay_onnx.node "com.microsoft::MultiHeadAttention"(%t, %x, %x) {attributes = {num_heads = 4 : i64, unidirectional = 1 : i64}} : (tensor<1x3x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>) -> tensor<1x3x64xf32> loc("apart")
    %8 = inlay_onnx.node "Attention"(%x, %t, %t) {attributes = {is_causal = 1 : i64, kv_num_heads = 4 : i64, left_window_size = 2 : i64, q_num_heads = 4 : i64}} : (tensor<1x8x64xf32>, tensor<1x3x64xf32>, tensor<1x3x64xf32>) -> tensor<1x8x64xf32> loc("blind")
    inlay_onnx.return %0, %1, %2, %3, %4, %5, %6, %7, %8 : tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<1x8x64xf32>, tensor<4x4xi32>, tensor<1x8x8xf32>, tensor<1x3x64xf32>, tensor<1x8x64xf32>
  }
}
