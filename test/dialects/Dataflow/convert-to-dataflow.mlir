// RUN: inlay-opt %s -convert-to-dataflow -verify-dataflow -split-input-file -verify-diagnostics | FileCheck %s
// RUN: not inlay-opt %s -convert-to-dataflow -split-input-file --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: remark: [Passed] ConvertToDataflow | Category:dataflow | Remark="grouped a graph", kernels=10, states=4, streams=20, structures=7

// Layers with a shared expert. Roles and layers follow from the structure; kernels are named after their ops' nodes where
// these have paths (the shared experts have none). The norm before the router is the router's, which sends the normed
// activations on. Experts are alone. The shared expert does not wait for them: what adds the two is the next kernel's.
// CHECK-LABEL: inlay_dataflow.graph @moe phase(decode) batch(1) context(7) tokens(1) {
// CHECK-NEXT:    inlay_dataflow.state @past.0.key : tensor<1x2x8x16xf32>
// CHECK-NEXT:    inlay_dataflow.state @past.0.value : tensor<1x2x8x16xf32>
// CHECK-NEXT:    inlay_dataflow.state @past.1.key : tensor<1x2x8x16xf32>
// CHECK-NEXT:    inlay_dataflow.state @past.1.value : tensor<1x2x8x16xf32>
// CHECK-NEXT:    %[[IDS:.+]] = inlay_dataflow.source "ids"
// CHECK-NEXT:    %[[BIAS:.+]] = inlay_dataflow.source "bias"
// CHECK-NOT:     source
// CHECK:         %[[E:.+]] = inlay_dataflow.kernel @embedding role(embedding) structure
// CHECK-NEXT:        (%arg0 = %[[IDS]] :
// CHECK-NEXT:        weights(%arg1 = @embed : tensor<256x64xf32>)
// A mask that is made of what the host sends alone is made in each layer.
// CHECK:         %[[A0:.+]] = inlay_dataflow.kernel @model.layers.0.attn role(attention) layer(0) structure
// CHECK-NEXT:        (%arg0 = %[[BIAS]] : {{.*}}, %arg1 = %[[E]] : {{.*}})
// CHECK-NEXT:        weights(%arg2 = @cos : {{.*}}, %arg3 = @sin : {{.*}}, %arg4 = @l0.norm : {{.*}}, %arg5 = @l0.qkv : {{.*}}, %arg6 = @l0.o : {{.*}})
// CHECK-NEXT:        states(%arg7 = @past.0.key : tensor<1x2x7x16xf32>, %arg8 = @past.0.value : tensor<1x2x7x16xf32>)
// CHECK-NEXT:        -> !inlay_dataflow.stream<tensor<1x64xf32>> {
// CHECK-NEXT:      unary neg %arg0
// Cheap ops over weights alone are copied.
// CHECK-NEXT:      unary cos
// CHECK-NEXT:      unary sin
// CHECK-NEXT:      rms_norm
// CHECK-NEXT:      linear
// CHECK-NEXT:      reshape
// CHECK-NEXT:      %{{.+}}, %[[K:.+]], %[[V:.+]] = inlay_nn.attention
// CHECK-NEXT:      reshape
// CHECK-NEXT:      linear
// CHECK-NEXT:      binary add %arg1
// CHECK-NEXT:      inlay_dataflow.yield %{{.+}} : tensor<1x64xf32> states %[[K]], %[[V]] : tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>
// CHECK:         %[[R0:.+]]:3 = inlay_dataflow.kernel @model.layers.0.moe.router role(router) layer(0) structure([[ROUTER:".+"]])
// CHECK-NEXT:        (%arg0 = %[[A0]] :
// CHECK-NEXT:        weights(%arg1 = @l0.norm2 : tensor<64xf32>, %arg2 = @l0.gate : tensor<4x64xf32>)
// CHECK:           %[[N:.+]] = inlay_nn.rms_norm
// CHECK:           %[[W:.+]], %[[I:.+]] = inlay_nn.route
// CHECK-NEXT:      inlay_dataflow.yield %[[N]], %[[W]], %[[I]]
// CHECK:         %[[X0:.+]] = inlay_dataflow.experts @model.layers.0.moe.experts layer(0) num_experts(4) experts_per_token(2) structure([[EXPERTS:".+"]])
// CHECK-NEXT:        (%arg0 = %[[R0]]#0 : {{.*}}, %arg1 = %[[R0]]#1 : {{.*}}, %arg2 = %[[R0]]#2 : {{.*}})
// CHECK-NEXT:        weights(%arg3 = @l0.fc1 : tensor<4x64x64xf32>, %arg4 = @l0.fc2 : tensor<4x64x64xf32>)
// CHECK:         %[[S0:.+]] = inlay_dataflow.kernel @layer.0.shared_expert role(shared_expert) layer(0) structure([[SHARED:".+"]])
// CHECK-NEXT:        (%arg0 = %[[R0]]#0 :
// CHECK:         %[[A1:.+]] = inlay_dataflow.kernel @model.layers.1.attn role(attention) layer(1) structure([[ATTENTION:".+"]])
// CHECK-NEXT:        (%arg0 = %[[BIAS]] : {{.*}}, %arg1 = %[[X0]] : {{.*}}, %arg2 = %[[S0]] : {{.*}}, %arg3 = %[[A0]] : {{.*}})
// CHECK:           unary neg %arg0
// CHECK:           binary add %arg1, %arg2
// CHECK-NEXT:      binary add %arg3
// CHECK-NEXT:      rms_norm
// Kernels of another layer with the same bodies have the same structure.
// CHECK:         %[[R1:.+]]:3 = inlay_dataflow.kernel @model.layers.1.moe.router role(router) layer(1) structure([[ROUTER]])
// CHECK:         %[[X1:.+]] = inlay_dataflow.experts @model.layers.1.moe.experts layer(1) num_experts(4) experts_per_token(2) structure([[EXPERTS]])
// CHECK:         %[[S1:.+]] = inlay_dataflow.kernel @layer.1.shared_expert role(shared_expert) layer(1) structure([[SHARED]])
// CHECK:         %[[H:.+]] = inlay_dataflow.kernel @lm_head role(head) structure
// CHECK-NEXT:        (%arg0 = %[[X1]] : {{.*}}, %arg1 = %[[S1]] : {{.*}}, %arg2 = %[[A1]] : {{.*}})
// A tensor that two kernels hold is one weight.
// CHECK-NEXT:        weights(%arg3 = @final : tensor<64xf32>, %arg4 = @embed : tensor<256x64xf32>)
// CHECK:         inlay_dataflow.sink "logits" %[[H]] : !inlay_dataflow.stream<tensor<1x256xf32>>
// CHECK-NEXT:  }
module {
  ml_program.global private @embed(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 65536, encoding = raw>) : tensor<256x64xf32>
  ml_program.global private @cos(#inlay_onnx.weight<file = "m.onnx", offset = 65536, length = 16384, encoding = raw>) : tensor<512x8xf32>
  ml_program.global private @sin(#inlay_onnx.weight<file = "m.onnx", offset = 81920, length = 16384, encoding = raw>) : tensor<512x8xf32>
  ml_program.global private @final(#inlay_onnx.weight<file = "m.onnx", offset = 98304, length = 256, encoding = raw>) : tensor<64xf32>
  ml_program.global private @l0.norm(#inlay_onnx.weight<file = "m.onnx", offset = 98560, length = 256, encoding = raw>) : tensor<64xf32>
  ml_program.global private @l0.qkv(#inlay_onnx.weight<file = "m.onnx", offset = 98816, length = 32768, encoding = raw>) : tensor<128x64xf32>
  ml_program.global private @l0.o(#inlay_onnx.weight<file = "m.onnx", offset = 131584, length = 16384, encoding = raw>) : tensor<64x64xf32>
  ml_program.global private @l0.norm2(#inlay_onnx.weight<file = "m.onnx", offset = 147968, length = 256, encoding = raw>) : tensor<64xf32>
  ml_program.global private @l0.gate(#inlay_onnx.weight<file = "m.onnx", offset = 148224, length = 1024, encoding = raw>) : tensor<4x64xf32>
  ml_program.global private @l0.fc1(#inlay_onnx.weight<file = "m.onnx", offset = 149248, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
  ml_program.global private @l0.fc2(#inlay_onnx.weight<file = "m.onnx", offset = 280320, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
  ml_program.global private @l0.up(#inlay_onnx.weight<file = "m.onnx", offset = 345856, length = 16384, encoding = raw>) : tensor<64x64xf32>
  ml_program.global private @l0.down(#inlay_onnx.weight<file = "m.onnx", offset = 362240, length = 16384, encoding = raw>) : tensor<64x64xf32>
  ml_program.global private @l1.norm(#inlay_onnx.weight<file = "m.onnx", offset = 378624, length = 256, encoding = raw>) : tensor<64xf32>
  ml_program.global private @l1.qkv(#inlay_onnx.weight<file = "m.onnx", offset = 378880, length = 32768, encoding = raw>) : tensor<128x64xf32>
  ml_program.global private @l1.o(#inlay_onnx.weight<file = "m.onnx", offset = 411648, length = 16384, encoding = raw>) : tensor<64x64xf32>
  ml_program.global private @l1.norm2(#inlay_onnx.weight<file = "m.onnx", offset = 428032, length = 256, encoding = raw>) : tensor<64xf32>
  ml_program.global private @l1.gate(#inlay_onnx.weight<file = "m.onnx", offset = 428288, length = 1024, encoding = raw>) : tensor<4x64xf32>
  ml_program.global private @l1.fc1(#inlay_onnx.weight<file = "m.onnx", offset = 429312, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
  ml_program.global private @l1.fc2(#inlay_onnx.weight<file = "m.onnx", offset = 560384, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
  ml_program.global private @l1.up(#inlay_onnx.weight<file = "m.onnx", offset = 625920, length = 16384, encoding = raw>) : tensor<64x64xf32>
  ml_program.global private @l1.down(#inlay_onnx.weight<file = "m.onnx", offset = 642304, length = 16384, encoding = raw>) : tensor<64x64xf32>
  inlay_nn.graph @moe(%ids: tensor<1xi64>, %bias: tensor<8xf32>, %unused: tensor<4xf32>, %k0: tensor<1x2x7x16xf32>, %v0: tensor<1x2x7x16xf32>, %k1: tensor<1x2x7x16xf32>, %v1: tensor<1x2x7x16xf32>)
      -> (tensor<1x256xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>)
      attributes {arg_names = ["ids", "bias", "unused", "past.0.key", "past.0.value", "past.1.key", "past.1.value"], result_names = ["logits", "present.0.key", "present.0.value", "present.1.key", "present.1.value"],
                  phase = "decode", batch = 1 : i64, context = 7 : i64, tokens = 1 : i64} {
    %table = ml_program.global_load_const @embed : tensor<256x64xf32>
    %angles = ml_program.global_load_const @cos : tensor<512x8xf32>
    %angles2 = ml_program.global_load_const @sin : tensor<512x8xf32>
    %x = inlay_nn.embedding %table, %ids : (tensor<256x64xf32>, tensor<1xi64>) -> tensor<1x64xf32>
    %mask = inlay_nn.unary neg %bias : tensor<8xf32> -> tensor<8xf32>
    %cos = inlay_nn.unary cos %angles : tensor<512x8xf32> -> tensor<512x8xf32>
    %sin = inlay_nn.unary sin %angles2 : tensor<512x8xf32> -> tensor<512x8xf32>
    %dead = inlay_nn.unary neg %unused : tensor<4xf32> -> tensor<4xf32>
    // Layer 0.
    %l0_w0 = ml_program.global_load_const @l0.norm : tensor<64xf32>
    %l0_w1 = ml_program.global_load_const @l0.qkv : tensor<128x64xf32>
    %l0_w2 = ml_program.global_load_const @l0.o : tensor<64x64xf32>
    %l0_w3 = ml_program.global_load_const @l0.norm2 : tensor<64xf32>
    %l0_w4 = ml_program.global_load_const @l0.gate : tensor<4x64xf32>
    %l0_w5 = ml_program.global_load_const @l0.fc1 : tensor<4x64x64xf32>
    %l0_w6 = ml_program.global_load_const @l0.fc2 : tensor<4x64x64xf32>
    %l0_w7 = ml_program.global_load_const @l0.up : tensor<64x64xf32>
    %l0_w8 = ml_program.global_load_const @l0.down : tensor<64x64xf32>
    %l0_0 = inlay_nn.rms_norm %x, %l0_w0 {epsilon = 1.0e-05 : f64} : (tensor<1x64xf32>, tensor<64xf32>) -> tensor<1x64xf32>
    %l0_1 = inlay_nn.linear %l0_0, %l0_w1 : (tensor<1x64xf32>, tensor<128x64xf32>) -> tensor<1x128xf32> loc("/model/layers.0/attn/qkv_proj/MatMul")
    %l0_2 = inlay_nn.reshape %l0_1 : tensor<1x128xf32> -> tensor<1x1x128xf32>
    %l0_3, %l0_k, %l0_v = inlay_nn.attention halves %l0_2 past %k0, %v0 rotary %cos, %sin bias %mask {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, scale = 2.5e-01 : f64, value_dim = 16 : i64, resultSegmentSizes = array<i32: 1, 1, 1>} : (tensor<1x1x128xf32>, tensor<1x2x7x16xf32>, tensor<1x2x7x16xf32>, tensor<512x8xf32>, tensor<512x8xf32>, tensor<8xf32>) -> (tensor<1x1x64xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>) loc("/model/layers.0/attn/GroupQueryAttention")
    %l0_4 = inlay_nn.reshape %l0_3 : tensor<1x1x64xf32> -> tensor<1x64xf32>
    %l0_5 = inlay_nn.linear %l0_4, %l0_w2 : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32> loc("/model/layers.0/attn/o_proj/MatMul")
    %l0_6 = inlay_nn.binary add %x, %l0_5 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<1x64xf32>
    %l0_7 = inlay_nn.rms_norm %l0_6, %l0_w3 {epsilon = 1.0e-05 : f64} : (tensor<1x64xf32>, tensor<64xf32>) -> tensor<1x64xf32>
    %l0_8 = inlay_nn.linear %l0_7, %l0_w4 : (tensor<1x64xf32>, tensor<4x64xf32>) -> tensor<1x4xf32> loc("/model/layers.0/moe/router/MatMul")
    %l0_9, %l0_10 = inlay_nn.route topk_softmax %l0_8 {k = 2 : i64} : (tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>) loc("/model/layers.0/moe/QMoE")
    %l0_11 = inlay_nn.experts relu %l0_7, %l0_9, %l0_10 fc1 %l0_w5 fc2 %l0_w6 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32> loc("/model/layers.0/moe/QMoE")
    %l0_12 = inlay_nn.linear %l0_7, %l0_w7 : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
    %l0_13 = inlay_nn.unary silu %l0_12 : tensor<1x64xf32> -> tensor<1x64xf32>
    %l0_14 = inlay_nn.linear %l0_13, %l0_w8 : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
    %l0_15 = inlay_nn.binary add %l0_11, %l0_14 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<1x64xf32>
    %l0_16 = inlay_nn.binary add %l0_6, %l0_15 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<1x64xf32>
    // Layer 1.
    %l1_w0 = ml_program.global_load_const @l1.norm : tensor<64xf32>
    %l1_w1 = ml_program.global_load_const @l1.qkv : tensor<128x64xf32>
    %l1_w2 = ml_program.global_load_const @l1.o : tensor<64x64xf32>
    %l1_w3 = ml_program.global_load_const @l1.norm2 : tensor<64xf32>
    %l1_w4 = ml_program.global_load_const @l1.gate : tensor<4x64xf32>
    %l1_w5 = ml_program.global_load_const @l1.fc1 : tensor<4x64x64xf32>
    %l1_w6 = ml_program.global_load_const @l1.fc2 : tensor<4x64x64xf32>
    %l1_w7 = ml_program.global_load_const @l1.up : tensor<64x64xf32>
    %l1_w8 = ml_program.global_load_const @l1.down : tensor<64x64xf32>
    %l1_0 = inlay_nn.rms_norm %l0_16, %l1_w0 {epsilon = 1.0e-05 : f64} : (tensor<1x64xf32>, tensor<64xf32>) -> tensor<1x64xf32>
    %l1_1 = inlay_nn.linear %l1_0, %l1_w1 : (tensor<1x64xf32>, tensor<128x64xf32>) -> tensor<1x128xf32> loc("/model/layers.1/attn/qkv_proj/MatMul")
    %l1_2 = inlay_nn.reshape %l1_1 : tensor<1x128xf32> -> tensor<1x1x128xf32>
    %l1_3, %l1_k, %l1_v = inlay_nn.attention halves %l1_2 past %k1, %v1 rotary %cos, %sin bias %mask {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, scale = 2.5e-01 : f64, value_dim = 16 : i64, resultSegmentSizes = array<i32: 1, 1, 1>} : (tensor<1x1x128xf32>, tensor<1x2x7x16xf32>, tensor<1x2x7x16xf32>, tensor<512x8xf32>, tensor<512x8xf32>, tensor<8xf32>) -> (tensor<1x1x64xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>) loc("/model/layers.1/attn/GroupQueryAttention")
    %l1_4 = inlay_nn.reshape %l1_3 : tensor<1x1x64xf32> -> tensor<1x64xf32>
    %l1_5 = inlay_nn.linear %l1_4, %l1_w2 : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32> loc("/model/layers.1/attn/o_proj/MatMul")
    %l1_6 = inlay_nn.binary add %l0_16, %l1_5 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<1x64xf32>
    %l1_7 = inlay_nn.rms_norm %l1_6, %l1_w3 {epsilon = 1.0e-05 : f64} : (tensor<1x64xf32>, tensor<64xf32>) -> tensor<1x64xf32>
    %l1_8 = inlay_nn.linear %l1_7, %l1_w4 : (tensor<1x64xf32>, tensor<4x64xf32>) -> tensor<1x4xf32> loc("/model/layers.1/moe/router/MatMul")
    %l1_9, %l1_10 = inlay_nn.route topk_softmax %l1_8 {k = 2 : i64} : (tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>) loc("/model/layers.1/moe/QMoE")
    %l1_11 = inlay_nn.experts relu %l1_7, %l1_9, %l1_10 fc1 %l1_w5 fc2 %l1_w6 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32> loc("/model/layers.1/moe/QMoE")
    %l1_12 = inlay_nn.linear %l1_7, %l1_w7 : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
    %l1_13 = inlay_nn.unary silu %l1_12 : tensor<1x64xf32> -> tensor<1x64xf32>
    %l1_14 = inlay_nn.linear %l1_13, %l1_w8 : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
    %l1_15 = inlay_nn.binary add %l1_11, %l1_14 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<1x64xf32>
    %l1_16 = inlay_nn.binary add %l1_6, %l1_15 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<1x64xf32>
    %final = ml_program.global_load_const @final : tensor<64xf32>
    %head = ml_program.global_load_const @embed : tensor<256x64xf32>
    %y = inlay_nn.rms_norm %l1_16, %final {epsilon = 1.0e-05 : f64} : (tensor<1x64xf32>, tensor<64xf32>) -> tensor<1x64xf32>
    %logits = inlay_nn.lm_head %y, %head : (tensor<1x64xf32>, tensor<256x64xf32>) -> tensor<1x256xf32> loc("/lm_head/MatMul")
    inlay_nn.return %logits, %l0_k, %l0_v, %l1_k, %l1_v : tensor<1x256xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>
  }
}

// -----

// A dense layer: norm, products, gate and residual sum of the feed-forward part are one kernel. Kernels without names of
// their own are named after layer and role. Concatenation to an argument is a state too, and so is a past that is only
// read; what has one producer and no consumer joins its producer.
// CHECK-LABEL: inlay_dataflow.graph @dense phase(prefill) batch(2) context(0) tokens(4) {
// CHECK-NEXT:    inlay_dataflow.state @past.key : tensor<2x1x4x16xf32>
// CHECK-NEXT:    inlay_dataflow.state @past.value : tensor<2x1x4x16xf32>
// CHECK-NEXT:    inlay_dataflow.state @conv : tensor<2x5x16xf32>
// CHECK-NEXT:    %[[X:.+]] = inlay_dataflow.source "x"
// CHECK-NEXT:    %[[A:.+]] = inlay_dataflow.kernel @layer.0.attention role(attention) layer(0)
// CHECK-NEXT:        (%arg0 = %[[X]] :
// CHECK-NEXT:        states(%arg1 = @past.key : {{.*}}, %arg2 = @past.value : {{.*}})
// CHECK:           inlay_dataflow.yield %{{.+}} : tensor<2x4x16xf32> states %arg1, %arg2 :
// CHECK:         %[[M:.+]] = inlay_dataflow.kernel @layer.0.mlp role(mlp) layer(0)
// CHECK-NEXT:        (%arg0 = %[[A]] :
// CHECK-NEXT:        weights(%arg1 = @norm : {{.*}}, %arg2 = @up : {{.*}}, %arg3 = @down : {{.*}})
// CHECK-NEXT:        states(%arg4 = @conv : tensor<2x1x16xf32>)
// CHECK:           linear
// CHECK-NEXT:      unary relu
// CHECK-NEXT:      linear
// CHECK-NEXT:      %[[Y:.+]] = inlay_nn.binary add %arg0
// CHECK-NEXT:      %[[CONV:.+]] = inlay_nn.concat %arg4, %[[Y]]
// CHECK-NEXT:      inlay_dataflow.yield %[[Y]] : {{.*}} states %[[CONV]] : tensor<2x5x16xf32>
// CHECK:         inlay_dataflow.sink "y" %[[M]]
module {
  ml_program.global private @norm(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 64, encoding = raw>) : tensor<16xf32>
  ml_program.global private @up(#inlay_onnx.weight<file = "m.onnx", offset = 64, length = 1024, encoding = raw>) : tensor<16x16xf32>
  ml_program.global private @down(#inlay_onnx.weight<file = "m.onnx", offset = 1088, length = 1024, encoding = raw>) : tensor<16x16xf32>
  inlay_nn.graph @dense(%x: tensor<2x4x16xf32>, %k: tensor<2x1x4x16xf32>, %v: tensor<2x1x4x16xf32>, %conv: tensor<2x1x16xf32>)
      -> (tensor<2x4x16xf32>, tensor<2x5x16xf32>)
      attributes {arg_names = ["x", "past.key", "past.value", "conv"], result_names = ["y", "conv_after"], phase = "prefill", batch = 2 : i64, context = 0 : i64, tokens = 4 : i64} {
    %norm = ml_program.global_load_const @norm : tensor<16xf32>
    %up = ml_program.global_load_const @up : tensor<16x16xf32>
    %down = ml_program.global_load_const @down : tensor<16x16xf32>
    %0:3 = inlay_nn.attention none %x, %x, %x past %k, %v {head_dim = 16 : i64, kv_heads = 1 : i64, num_heads = 1 : i64, scale = 1.0 : f64, value_dim = 16 : i64, resultSegmentSizes = array<i32: 1, 1, 1>} : (tensor<2x4x16xf32>, tensor<2x4x16xf32>, tensor<2x4x16xf32>, tensor<2x1x4x16xf32>, tensor<2x1x4x16xf32>) -> (tensor<2x4x16xf32>, tensor<2x1x4x16xf32>, tensor<2x1x4x16xf32>)
    %1 = inlay_nn.binary add %x, %0#0 : (tensor<2x4x16xf32>, tensor<2x4x16xf32>) -> tensor<2x4x16xf32>
    %2 = inlay_nn.rms_norm %1, %norm {epsilon = 1.0e-05 : f64} : (tensor<2x4x16xf32>, tensor<16xf32>) -> tensor<2x4x16xf32>
    %3 = inlay_nn.linear %2, %up : (tensor<2x4x16xf32>, tensor<16x16xf32>) -> tensor<2x4x16xf32>
    %4 = inlay_nn.unary relu %3 : tensor<2x4x16xf32> -> tensor<2x4x16xf32>
    %5 = inlay_nn.linear %4, %down : (tensor<2x4x16xf32>, tensor<16x16xf32>) -> tensor<2x4x16xf32>
    %6 = inlay_nn.binary add %1, %5 : (tensor<2x4x16xf32>, tensor<2x4x16xf32>) -> tensor<2x4x16xf32>
    %7 = inlay_nn.concat %conv, %6 {axis = 1 : i64} : (tensor<2x1x16xf32>, tensor<2x4x16xf32>) -> tensor<2x5x16xf32>
    inlay_nn.return %6, %7 : tensor<2x4x16xf32>, tensor<2x5x16xf32>
  }
}

// -----

// The router would take in the norm that it shares with %3, but %3 comes before it: the cycle is broken.
// CHECK-LABEL: inlay_dataflow.graph @cycle
// CHECK:         %[[P:.+]] = inlay_dataflow.kernel @other role(other)
// CHECK:         %[[N:.+]] = inlay_dataflow.kernel @other.1 role(other)
// CHECK-NEXT:        (%arg0 = %[[P]] :
// CHECK:           inlay_nn.unary exp
// CHECK:         %[[Z:.+]] = inlay_dataflow.kernel @other.2 role(other)
// CHECK-NEXT:        (%arg0 = %[[N]] : {{.*}}, %arg1 = %[[P]] : {{.*}})
// CHECK:         inlay_dataflow.kernel @router role(router)
// CHECK-NEXT:        (%arg0 = %[[N]] : {{.*}}, %arg1 = %[[Z]] : {{.*}})
module {
  ml_program.global private @w(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 64, encoding = raw>) : tensor<4x4xf32>
  inlay_nn.graph @cycle(%x: tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>, tensor<1x4xf32>)
      attributes {arg_names = ["x"], result_names = ["weights", "indices", "z"], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
    %w = ml_program.global_load_const @w : tensor<4x4xf32>
    %p = inlay_nn.linear %x, %w : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
    %0 = inlay_nn.unary exp %p : tensor<1x4xf32> -> tensor<1x4xf32>
    %1 = inlay_nn.unary log %x : tensor<1x4xf32> -> tensor<1x4xf32>
    %2 = inlay_nn.linear %0, %w : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
    %3 = inlay_nn.binary add %p, %2 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
    %4 = inlay_nn.binary mul %0, %3 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
    %5:2 = inlay_nn.route topk_softmax %4 {k = 2 : i64} : (tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>)
    inlay_nn.return %5#0, %5#1, %3 : tensor<1x2xf32>, tensor<1x2xi64>, tensor<1x4xf32>
  }
}

// -----

// What layers share and is no mask keeps a kernel: cut as it is used it would have to be moved in each of them.
// CHECK-LABEL: inlay_dataflow.graph @shared
// CHECK:         %[[E:.+]] = inlay_dataflow.kernel @other role(other)
// CHECK:           inlay_nn.unary exp
// CHECK-COUNT-2:   %arg1 = %[[E]] :
module {
  ml_program.global private @w(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 64, encoding = raw>) : tensor<4x4xf32>
  inlay_nn.graph @shared(%x: tensor<1x4xf32>, %p: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>)
      attributes {arg_names = ["x", "p"], result_names = ["y", "z"], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
    %w = ml_program.global_load_const @w : tensor<4x4xf32>
    %0 = inlay_nn.unary exp %p : tensor<1x4xf32> -> tensor<1x4xf32>
    %1 = inlay_nn.linear %x, %w : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
    %2 = inlay_nn.binary mul %1, %0 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
    %3 = inlay_nn.linear %x, %w : (tensor<1x4xf32>, tensor<4x4xf32>) -> tensor<1x4xf32>
    %4 = inlay_nn.binary mul %3, %0 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
    inlay_nn.return %2, %4 : tensor<1x4xf32>, tensor<1x4xf32>
  }
}

// -----

// Weights that are prepared before use stay weights of the experts: what prepares them is copied into their kernel, and what
// renormalises the routing weights behind the route joins the router.
// CHECK-LABEL: inlay_dataflow.graph @prepared
// CHECK:         %[[R:.+]]:2 = inlay_dataflow.kernel @router role(router)
// CHECK:           %[[W:.+]], %[[I:.+]] = inlay_nn.route
// CHECK-NEXT:      %[[E:.+]] = inlay_nn.unary exp %[[W]]
// CHECK-NEXT:      inlay_dataflow.yield %[[I]], %[[E]]
// CHECK:         inlay_dataflow.experts @experts num_experts(4) experts_per_token(2)
// CHECK-NEXT:        (%arg0 = %x : {{.*}}, %arg1 = %[[R]]#1 : {{.*}}, %arg2 = %[[R]]#0 : {{.*}})
// CHECK-NEXT:        weights(%arg3 = @fc : tensor<4x8x8xf32>)
// CHECK:           %[[T:.+]] = inlay_nn.transpose %arg3
// CHECK-NEXT:      inlay_nn.experts silu %arg0, %arg1, %arg2 fc1 %[[T]] fc2 %arg3
module {
  ml_program.global private @fc(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 1024, encoding = raw>) : tensor<4x8x8xf32>
  inlay_nn.graph @prepared(%x: tensor<1x8xf32>, %logits: tensor<1x4xf32>) -> tensor<1x8xf32>
      attributes {arg_names = ["x", "logits"], result_names = ["y"], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
    %fc = ml_program.global_load_const @fc : tensor<4x8x8xf32>
    %t = inlay_nn.transpose %fc {permutation = array<i64: 0, 2, 1>} : tensor<4x8x8xf32> -> tensor<4x8x8xf32>
    %w, %i = inlay_nn.route topk_softmax %logits {k = 2 : i64} : (tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>)
    %e = inlay_nn.unary exp %w : tensor<1x2xf32> -> tensor<1x2xf32>
    %y = inlay_nn.experts silu %x, %e, %i fc1 %t fc2 %fc : (tensor<1x8xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x8x8xf32>, tensor<4x8x8xf32>) -> tensor<1x8xf32>
    inlay_nn.return %y : tensor<1x8xf32>
  }
}

// -----

// What the graph returns as it came needs no kernel; a weight or a constant that it returns needs one. Initializers that
// became constants or attributes are listed.
// CHECK: module attributes {inlay_onnx.folded_initializers = ["before", "became_attribute"], inlay_onnx.unreachable_initializers = ["never_used"]}
// CHECK-LABEL: inlay_dataflow.graph @returns
// CHECK:         %[[X:.+]] = inlay_dataflow.source "x"
// CHECK:         %[[W:.+]] = inlay_dataflow.kernel @other role(other)
// CHECK-NEXT:        ()
// CHECK-NEXT:        weights(%arg0 = @w : tensor<4xf32>)
// CHECK-NEXT:        -> !inlay_dataflow.stream<tensor<4xf32>> {
// CHECK-NEXT:      inlay_dataflow.yield %arg0 : tensor<4xf32>
// CHECK:         %[[C:.+]] = inlay_dataflow.kernel @other.1 role(other)
// CHECK:           inlay_nn.constant dense<1.000000e+00>
// CHECK:         inlay_dataflow.sink "x_out" %[[X]]
// CHECK-NEXT:    inlay_dataflow.sink "w" %[[W]]
// CHECK-NEXT:    inlay_dataflow.sink "c" %[[C]]
module attributes {inlay_onnx.folded_initializers = ["before"], inlay_onnx.unreachable_initializers = ["never_used"]} {
  ml_program.global private @before(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
  ml_program.global private @became_attribute(#inlay_onnx.weight<file = "m.onnx", offset = 16, length = 16, encoding = raw>) : tensor<4xf32>
  ml_program.global private @never_used(#inlay_onnx.weight<file = "m.onnx", offset = 32, length = 16, encoding = raw>) : tensor<4xf32>
  ml_program.global private @w(#inlay_onnx.weight<file = "m.onnx", offset = 48, length = 16, encoding = raw>) : tensor<4xf32>
  inlay_nn.graph @returns(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
      attributes {arg_names = ["x"], result_names = ["x_out", "w", "c"], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
    %w = ml_program.global_load_const @w : tensor<4xf32>
    %c = inlay_nn.constant dense<1.0> : tensor<4xf32>
    inlay_nn.return %x, %w, %c : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
}

// -----

// expected-error @below {{the nn level holds one 'inlay_nn.graph', this module holds 0}}
module {
}

// -----

module {
  inlay_nn.graph @shrinks(%x: tensor<1x1x16xf32>, %k: tensor<1x1x9x16xf32>, %v: tensor<1x1x8x16xf32>) -> (tensor<1x1x16xf32>, tensor<1x1x8x16xf32>, tensor<1x1x8x16xf32>)
      attributes {arg_names = ["x", "past_key", "past_value"], result_names = ["y", "present_key", "present_value"], phase = "decode", batch = 1 : i64, context = 7 : i64, tokens = 1 : i64} {
    // expected-error @below {{state 'past_key' is 'tensor<1x1x9x16xf32>' before the step and 'tensor<1x1x8x16xf32>' after it, but must be static and must not shrink: bind its dims to the context and to the context plus the new tokens}}
    %0:3 = inlay_nn.attention none %x, %x, %x past %k, %v {head_dim = 16 : i64, kv_heads = 1 : i64, num_heads = 1 : i64, scale = 1.0 : f64, value_dim = 16 : i64, resultSegmentSizes = array<i32: 1, 1, 1>} : (tensor<1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x9x16xf32>, tensor<1x1x8x16xf32>) -> (tensor<1x1x16xf32>, tensor<1x1x8x16xf32>, tensor<1x1x8x16xf32>)
    inlay_nn.return %0#0, %0#1, %0#2 : tensor<1x1x16xf32>, tensor<1x1x8x16xf32>, tensor<1x1x8x16xf32>
  }
}

// -----

// A state that the step only reads, of open size.
module {
  inlay_nn.graph @only_reads(%x: tensor<1x1x16xf32>, %k: tensor<1x1x?x16xf32>, %v: tensor<1x1x?x16xf32>) -> tensor<1x1x16xf32>
      attributes {arg_names = ["x", "past_key", "past_value"], result_names = ["y"], phase = "decode", batch = 1 : i64, context = 7 : i64, tokens = 1 : i64} {
    // expected-error @below {{state 'past_key' is 'tensor<1x1x?x16xf32>' before the step and 'tensor<1x1x?x16xf32>' after it, but must be static}}
    // expected-error @below {{state 'past_value' is 'tensor<1x1x?x16xf32>' before the step and 'tensor<1x1x?x16xf32>' after it, but must be static}}
    %0:3 = inlay_nn.attention none %x, %x, %x past %k, %v {head_dim = 16 : i64, kv_heads = 1 : i64, num_heads = 1 : i64, scale = 1.0 : f64, value_dim = 16 : i64, resultSegmentSizes = array<i32: 1, 1, 1>} : (tensor<1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x?x16xf32>, tensor<1x1x?x16xf32>) -> (tensor<1x1x16xf32>, tensor<1x1x?x16xf32>, tensor<1x1x?x16xf32>)
    inlay_nn.return %0#0 : tensor<1x1x16xf32>
  }
}

// -----

module {
  // expected-error @below {{input 'x' has type 'tensor<*xf32>', but a stream carries a ranked tensor: declare its shape in the model, or export one without operators whose number of dims depends on data}}
  inlay_nn.graph @unranked_input(%x: tensor<*xf32>) -> tensor<4xf32>
      attributes {arg_names = ["x"], result_names = ["y"], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
    %0 = inlay_nn.opaque "Op"(%x) : (tensor<*xf32>) -> tensor<4xf32>
    inlay_nn.return %0 : tensor<4xf32>
  }
}

// -----

module {
  inlay_nn.graph @sequence(%x: tensor<4xf32>) -> !inlay_onnx.seq<tensor<4xf32>>
      attributes {arg_names = ["x"], result_names = ["y"], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
    // expected-error @below {{an output of kernel 'other' has type '!inlay_onnx.seq<tensor<4xf32>>', but a stream carries a ranked tensor: export a model that passes tensors between its operators, without sequences and optional values}}
    %0 = inlay_nn.opaque "SequenceConstruct"(%x) : (tensor<4xf32>) -> !inlay_onnx.seq<tensor<4xf32>>
    inlay_nn.return %0 : !inlay_onnx.seq<tensor<4xf32>>
  }
}

// -----

module {
  // expected-error @below {{graph 'nothing' has nothing to place: its outputs are inputs and constants}}
  // expected-note @below {{export the model with its outputs, e.g. logits}}
  inlay_nn.graph @nothing(%x: tensor<4xf32>) -> tensor<4xf32>
      attributes {arg_names = ["x"], result_names = ["y"], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
    inlay_nn.return %x : tensor<4xf32>
  }
}

// -----

module {
  // expected-error @below {{graph 'no_outputs' has no outputs besides states: nothing would be computed}}
  // expected-note @below {{export the model with its outputs, e.g. logits}}
  inlay_nn.graph @no_outputs(%x: tensor<4xf32>)
      attributes {arg_names = ["x"], result_names = [], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
    inlay_nn.return
  }
}

// -----

module {
  // expected-error @below {{graph 'states_only' has no outputs besides states: nothing would be computed}}
  // expected-note @below {{output 'present' is taken for a state: it is an input with elements appended or overwritten}}
  // expected-note @below {{export the model with its outputs, e.g. logits}}
  inlay_nn.graph @states_only(%x: tensor<1x1xf32>, %past: tensor<1x7xf32>) -> tensor<1x8xf32>
      attributes {arg_names = ["x", "past"], result_names = ["present"], phase = "decode", batch = 1 : i64, context = 7 : i64, tokens = 1 : i64} {
    %0 = inlay_nn.concat %past, %x {axis = 1 : i64} : (tensor<1x7xf32>, tensor<1x1xf32>) -> tensor<1x8xf32>
    inlay_nn.return %0 : tensor<1x8xf32>
  }
}

// -----

module {
  inlay_nn.graph @data(%x: tensor<4xf32>) -> tensor<?xf32>
      attributes {arg_names = ["x"], result_names = ["y"], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
    // expected-error @below {{an output of kernel 'other' has type 'tensor<?xf32>', but the size of a stream must be known before the step: export a model without operators whose shapes depend on data, such as NonZero}}
    %0 = inlay_nn.opaque "NonZero"(%x) : (tensor<4xf32>) -> tensor<?xf32>
    inlay_nn.return %0 : tensor<?xf32>
  }
}

// -----

// What has no elements is told by the name that the user knows.

module {
// expected-error @below {{input 'x' has the shape [0, 8], so that there is nothing to compute: bind its dims to at least 1, or export the model with dims of at least 1 or with symbols in their place}}
inlay_nn.graph @empty_input(%x: tensor<0x8xf32>) -> tensor<0x8xf32>
    attributes {arg_names = ["x"], result_names = ["y"], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
  %0 = inlay_nn.unary silu %x : tensor<0x8xf32> -> tensor<0x8xf32>
  inlay_nn.return %0 : tensor<0x8xf32>
}
}

// -----

// expected-error @unknown {{node '/slice' gives the shape [0, 8], so that there is nothing to compute: let it keep at least one element, or export the model without it}}
module {
  inlay_nn.graph @empty_node(%x: tensor<4x8xf32>) -> tensor<0x8xf32>
      attributes {arg_names = ["x"], result_names = ["y"], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
    %0 = inlay_nn.slice %x {offsets = array<i64: 4, 0>, strides = array<i64: 1, 1>} : tensor<4x8xf32> -> tensor<0x8xf32> loc("/slice")
    %1 = inlay_nn.unary silu %0 : tensor<0x8xf32> -> tensor<0x8xf32>
    inlay_nn.return %1 : tensor<0x8xf32>
  }
}

// -----

module {
  ml_program.global private @w(#inlay_onnx.weight<file = "m", offset = 0, length = 0, encoding = raw>) : tensor<8x0xf32>
  // expected-error @below {{weight 'w' has the shape [8, 0], so that there is nothing to compute: export the model without it}}
  inlay_nn.graph @empty_weight(%x: tensor<4x8xf32>) -> tensor<4x0xf32>
      attributes {arg_names = ["x"], result_names = ["y"], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
    %w = ml_program.global_load_const @w : tensor<8x0xf32>
    %0 = inlay_nn.matmul %x, %w : (tensor<4x8xf32>, tensor<8x0xf32>) -> tensor<4x0xf32>
    inlay_nn.return %0 : tensor<4x0xf32>
  }
}
