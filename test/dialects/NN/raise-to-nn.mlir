// RUN: inlay-opt %s --raise-to-nn -split-input-file -verify-diagnostics | FileCheck %s

// Biases go into products, x * sigmoid(x) is silu, the last product makes the logits.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @w(#inlay_onnx.weight<file = "m.data", offset = 0, length = 32768, encoding = raw>) : tensor<64x128xf32>
  ml_program.global private @b(#inlay_onnx.weight<file = "m.data", offset = 32768, length = 512, encoding = raw>) : tensor<128xf32>
  ml_program.global private @q(#inlay_onnx.weight<file = "m.data", offset = 40960, length = 16384, encoding = raw>) : tensor<256x4x16xui8>
  ml_program.global private @s(#inlay_onnx.weight<file = "m.data", offset = 65536, length = 4096, encoding = raw>) : tensor<256x4xf32>
  // CHECK-LABEL: inlay_nn.graph @fused
  // CHECK: %[[L:.*]] = inlay_nn.linear %x, %{{.*}} bias %{{.*}} {transposed}
  // CHECK-NEXT: %[[S:.*]] = inlay_nn.unary {{ *}}silu %[[L]]
  // CHECK-NEXT: inlay_nn.lm_head %[[S]], %{{.*}} scales %{{.*}} {quant = #inlay_nn.block_quant<bits = 4, block = 32>}
  inlay_onnx.graph @fused(%x: tensor<1x1x64xf32>) -> tensor<1x1x256xf32> attributes {arg_names = ["x"], result_names = ["logits"]} {
    %w = ml_program.global_load_const @w : tensor<64x128xf32>
    %b = ml_program.global_load_const @b : tensor<128xf32>
    %q = ml_program.global_load_const @q : tensor<256x4x16xui8>
    %s = ml_program.global_load_const @s : tensor<256x4xf32>
    %0 = inlay_onnx.node "MatMul"(%x, %w) : (tensor<1x1x64xf32>, tensor<64x128xf32>) -> tensor<1x1x128xf32>
    %1 = inlay_onnx.node "Add"(%b, %0) : (tensor<128xf32>, tensor<1x1x128xf32>) -> tensor<1x1x128xf32>
    %2 = inlay_onnx.node "Sigmoid"(%1) : (tensor<1x1x128xf32>) -> tensor<1x1x128xf32>
    %3 = inlay_onnx.node "Mul"(%2, %1) : (tensor<1x1x128xf32>, tensor<1x1x128xf32>) -> tensor<1x1x128xf32>
    %4 = inlay_onnx.node "com.microsoft::MatMulNBits"(%3, %q, %s) {attributes = {K = 128 : i64, N = 256 : i64, bits = 4 : i64, block_size = 32 : i64}} : (tensor<1x1x128xf32>, tensor<256x4x16xui8>, tensor<256x4xf32>) -> tensor<1x1x256xf32>
    inlay_onnx.return %4 : tensor<1x1x256xf32>
  }
}

// -----

// MoE softmaxes over all experts before it chooses; QMoE would choose first.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @fc1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 131072, encoding = raw>) : tensor<4x128x64xf32>
  ml_program.global private @fc2(#inlay_onnx.weight<file = "m.data", offset = 131072, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
  // CHECK-LABEL: inlay_nn.graph @moe
  // CHECK: inlay_nn.route {{ *}}softmax_topk %{{.*}} {k = 2 : i64, renormalize}
  // CHECK: inlay_nn.experts {{ *}}swiglu %x, %weights, %indices fc1 %fc1.gate{{.*}} fc2 %fc2{{.*}} fc3 %fc1.up
  // CHECK-SAME: limit = 7.000000e+00
  inlay_onnx.graph @moe(%x: tensor<1x1x64xf32>, %r: tensor<1x4xf32>) -> tensor<1x1x64xf32> attributes {arg_names = ["x", "r"], result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %fc1 = ml_program.global_load_const @fc1 : tensor<4x128x64xf32>
    %fc2 = ml_program.global_load_const @fc2 : tensor<4x64x64xf32>
    %0 = inlay_onnx.node "com.microsoft::MoE"(%x, %r, %fc1, %none, %fc2) {attributes = {activation_type = "swiglu", k = 2 : i64, normalize_routing_weights = 1 : i64, swiglu_fusion = 1 : i64, swiglu_limit = 7.0 : f32}} : (tensor<1x1x64xf32>, tensor<1x4xf32>, tensor<4x128x64xf32>, none, tensor<4x64x64xf32>) -> tensor<1x1x64xf32>
    inlay_onnx.return %0 : tensor<1x1x64xf32>
  }
}

// -----

// expected-error @below {{raising needs exactly one inlay_onnx.graph, found 0}}
module {
}
