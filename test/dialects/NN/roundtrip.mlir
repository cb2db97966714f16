// Every op prints as it parses, in text and in bytecode.
// RUN: inlay-opt %s | inlay-opt | FileCheck %s
// RUN: inlay-opt %s --emit-bytecode | inlay-opt | FileCheck %s
// RUN: inlay-opt %s --mlir-print-op-generic | inlay-opt | FileCheck %s

// CHECK-LABEL: inlay_nn.graph @products
inlay_nn.graph @products(%x: tensor<1x1x64xf32>, %w: tensor<128x64xf32>, %q: tensor<128x2x16xui8>, %s: tensor<128x2xf32>, %z: tensor<128x1xui8>, %b: tensor<128xf32>, %t: tensor<64x256xf32>, %ids: tensor<1x1xi64>, %table: tensor<256x64xf32>, %m: tensor<4x8x16xf32>, %n: tensor<4x16x8xf32>) -> tensor<1x1x256xf32> attributes {arg_names = ["x", "w", "q", "s", "z", "b", "t", "ids", "table", "m", "n"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
  // CHECK: inlay_nn.linear %{{.*}}, %{{.*}} bias %{{.*}} : (tensor<1x1x64xf32>, tensor<128x64xf32>, tensor<128xf32>) -> tensor<1x1x128xf32>
  %0 = inlay_nn.linear %x, %w bias %b : (tensor<1x1x64xf32>, tensor<128x64xf32>, tensor<128xf32>) -> tensor<1x1x128xf32>
  // CHECK: inlay_nn.linear %{{.*}}, %{{.*}} scales %{{.*}} zero_points %{{.*}} {quant = #inlay_nn.block_quant<bits = 4, block = 32>}
  %1 = inlay_nn.linear %x, %q scales %s zero_points %z {quant = #inlay_nn.block_quant<bits = 4, block = 32>} : (tensor<1x1x64xf32>, tensor<128x2x16xui8>, tensor<128x2xf32>, tensor<128x1xui8>) -> tensor<1x1x128xf32>
  // CHECK: inlay_nn.embedding
  %2 = inlay_nn.embedding %table, %ids : (tensor<256x64xf32>, tensor<1x1xi64>) -> tensor<1x1x64xf32>
  // CHECK: inlay_nn.matmul
  %3 = inlay_nn.matmul %m, %n : (tensor<4x8x16xf32>, tensor<4x16x8xf32>) -> tensor<4x8x8xf32>
  // CHECK: inlay_nn.lm_head %{{.*}}, %{{.*}} {transposed}
  %4 = inlay_nn.lm_head %x, %t {transposed} : (tensor<1x1x64xf32>, tensor<64x256xf32>) -> tensor<1x1x256xf32>
  inlay_nn.return %4 : tensor<1x1x256xf32>
}

// CHECK-LABEL: inlay_nn.graph @model
inlay_nn.graph @model(%x: tensor<1x1x64xf32>, %g: tensor<64xf32>, %qkv: tensor<1x1x128xf32>, %k: tensor<1x2x7x16xf32>, %v: tensor<1x2x7x16xf32>, %c: tensor<512x8xf32>, %p: tensor<1x1xi64>, %l: tensor<1x4xf32>, %f1: tensor<4x64x64xf32>, %f2: tensor<4x64x64xf32>, %sk: tensor<4xf32>) -> (tensor<1x1x64xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>) attributes {arg_names = ["x", "g", "qkv", "k", "v", "c", "p", "l", "f1", "f2", "sk"], batch = 1 : i64, context = 7 : i64, phase = "decode", result_names = ["y", "k1", "v1"], tokens = 1 : i64} {
  // CHECK: inlay_nn.rms_norm
  %0 = inlay_nn.rms_norm %x, %g {epsilon = 1.0e-05 : f64} : (tensor<1x1x64xf32>, tensor<64xf32>) -> tensor<1x1x64xf32>
  // CHECK: inlay_nn.layer_norm %{{.*}}, %{{.*}} beta
  %1 = inlay_nn.layer_norm %x, %g beta %g {epsilon = 1.0e-05 : f64} : (tensor<1x1x64xf32>, tensor<64xf32>, tensor<64xf32>) -> tensor<1x1x64xf32>
  // CHECK: inlay_nn.softmax
  %2 = inlay_nn.softmax %x {axis = 2 : i64} : tensor<1x1x64xf32> -> tensor<1x1x64xf32>
  // CHECK: inlay_nn.rotary {{ *}}halves
  %3 = inlay_nn.rotary halves %x, %c, %c positions %p {num_heads = 4 : i64} : (tensor<1x1x64xf32>, tensor<512x8xf32>, tensor<512x8xf32>, tensor<1x1xi64>) -> tensor<1x1x64xf32>
  // CHECK: inlay_nn.rotary {{ *}}interleaved {{.*}} {full_width, num_heads = 4 : i64}
  %30 = inlay_nn.rotary interleaved %x, %c, %c positions %p {full_width, num_heads = 4 : i64} : (tensor<1x1x64xf32>, tensor<512x8xf32>, tensor<512x8xf32>, tensor<1x1xi64>) -> tensor<1x1x64xf32>
  // CHECK: inlay_nn.attention {{ *}}halves %{{.*}} past %{{.*}}, %{{.*}} rotary %{{.*}}, %{{.*}} sinks %{{.*}} {
  %4, %k1, %v1 = inlay_nn.attention halves %qkv past %k, %v rotary %c, %c sinks %sk {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 1, 1>, scale = 2.500000e-01 : f64, value_dim = 16 : i64} : (tensor<1x1x128xf32>, tensor<1x2x7x16xf32>, tensor<1x2x7x16xf32>, tensor<512x8xf32>, tensor<512x8xf32>, tensor<4xf32>) -> (tensor<1x1x64xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>)
  // CHECK: inlay_nn.route {{ *}}topk_softmax
  %w, %i = inlay_nn.route topk_softmax %l {k = 2 : i64} : (tensor<1x4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>)
  // CHECK: inlay_nn.route {{ *}}sigmoid_topk %{{.*}} bias %{{.*}} {best_per_group = 1 : i64, epsilon = 9.9999999999999995E-21 : f64, groups = 2 : i64, k = 2 : i64, least_sum = 1.250000e-01 : f64, masked_score = 0xFFF0000000000000 : f64, renormalize, scale = 2.500000e+00 : f64}
  %w2, %i2 = inlay_nn.route sigmoid_topk %l bias %sk {k = 2 : i64, renormalize, epsilon = 1.0e-20 : f64, least_sum = 0.125 : f64, scale = 2.5 : f64, groups = 2 : i64, best_per_group = 1 : i64, masked_score = 0xFFF0000000000000 : f64} : (tensor<1x4xf32>, tensor<4xf32>) -> (tensor<1x2xf32>, tensor<1x2xi64>)
  // CHECK: inlay_nn.experts {{ *}}swiglu %{{.*}} fc1 %{{.*}} fc2 %{{.*}} fc3
  %5 = inlay_nn.experts swiglu %x, %w, %i fc1 %f1 fc2 %f2 fc3 %f1 {alpha = 1.702000e+00 : f64, beta = 1.000000e+00 : f64, limit = 7.000000e+00 : f64} : (tensor<1x1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x1x64xf32>
  inlay_nn.return %5, %k1, %v1 : tensor<1x1x64xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>
}

// CHECK-LABEL: inlay_nn.graph @tensors
inlay_nn.graph @tensors(%a: tensor<1x8xf32>, %b: tensor<2x8xf32>, %c: tensor<1x8xi1>, %i: tensor<2xi64>) -> () attributes {arg_names = ["a", "b", "c", "i"], batch = 1 : i64, context = 0 : i64, phase = "prefill", result_names = [], tokens = 1 : i64} {
  // CHECK: inlay_nn.unary {{ *}}silu
  %0 = inlay_nn.unary silu %a : tensor<1x8xf32> -> tensor<1x8xf32>
  // CHECK: inlay_nn.binary {{ *}}add
  %1 = inlay_nn.binary add %a, %b : (tensor<1x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK: inlay_nn.where
  %2 = inlay_nn.where %c, %a, %b : (tensor<1x8xi1>, tensor<1x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  // CHECK: inlay_nn.cast
  %3 = inlay_nn.cast %a : tensor<1x8xf32> -> tensor<1x8xf16>
  // CHECK: inlay_nn.reduce {{ *}}sum
  %4 = inlay_nn.reduce sum %a {axes = array<i64: 1>} : tensor<1x8xf32> -> tensor<1xf32>
  // CHECK: inlay_nn.top_k %{{.*}} {unsorted}
  %50, %60 = inlay_nn.top_k %a {unsorted} : tensor<1x8xf32> -> tensor<1x2xf32>, tensor<1x2xi64>
  // CHECK: inlay_nn.top_k
  %5, %6 = inlay_nn.top_k %a : tensor<1x8xf32> -> tensor<1x2xf32>, tensor<1x2xi64>
  // CHECK: inlay_nn.reshape
  %7 = inlay_nn.reshape %a : tensor<1x8xf32> -> tensor<8xf32>
  // CHECK: inlay_nn.transpose
  %8 = inlay_nn.transpose %b {permutation = array<i64: 1, 0>} : tensor<2x8xf32> -> tensor<8x2xf32>
  // CHECK: inlay_nn.concat
  %9 = inlay_nn.concat %a, %b {axis = 0 : i64} : (tensor<1x8xf32>, tensor<2x8xf32>) -> tensor<3x8xf32>
  // CHECK: inlay_nn.slice
  %10 = inlay_nn.slice %a {offsets = array<i64: 0, 1>, strides = array<i64: 1, 2>} : tensor<1x8xf32> -> tensor<1x4xf32>
  // CHECK: inlay_nn.broadcast
  %11 = inlay_nn.broadcast %a : tensor<1x8xf32> -> tensor<4x8xf32>
  // CHECK: inlay_nn.gather
  %12 = inlay_nn.gather %a, %i {axis = 1 : i64} : (tensor<1x8xf32>, tensor<2xi64>) -> tensor<1x2xf32>
  // CHECK: inlay_nn.constant dense<1.702000e+00>
  %13 = inlay_nn.constant dense<1.702> : tensor<f32>
  // CHECK: inlay_nn.opaque "com.vendor::Op"(%{{.*}}) {node_attrs = {k = 4 : i64}}
  %14 = inlay_nn.opaque "com.vendor::Op"(%a) {node_attrs = {k = 4 : i64}} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  inlay_nn.return
}

// Floats of 4 and 8 bits, whose scales are for squares, for each expert, or for each expert beside the blocks.
// CHECK-LABEL: inlay_nn.graph @narrow
inlay_nn.graph @narrow(%x: tensor<1x64xf32>, %w: tensor<1x2xf32>, %i: tensor<1x2xi64>, %a: tensor<4x1x64xf32>, %m: tensor<4x64x64xf8E4M3FN>, %e: tensor<4x64x64xf4E2M1FN>, %s: tensor<4x2x2xf32>, %t: tensor<4x64x2xf8E8M0FNU>, %g: tensor<4xf32>, %o: tensor<64x64xf8E4M3FN>, %p: tensor<2x2xbf16>) -> () attributes {arg_names = ["x", "w", "i", "a", "m", "e", "s", "t", "g", "o", "p"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = [], tokens = 1 : i64} {
  // CHECK: inlay_nn.linear %{{.*}}, %{{.*}} scales %{{.*}} {quant = #inlay_nn.block_quant<bits = 8, block = 32, rows = 32>}
  %0 = inlay_nn.linear %x, %o scales %p {quant = #inlay_nn.block_quant<bits = 8, block = 32, rows = 32>} : (tensor<1x64xf32>, tensor<64x64xf8E4M3FN>, tensor<2x2xbf16>) -> tensor<1x64xf32>
  // CHECK: inlay_nn.matmul %{{.*}}, %{{.*}} scales %{{.*}} {quant = #inlay_nn.block_quant<bits = 8, block = 32, rows = 32>, transposed}
  %1 = inlay_nn.matmul %a, %m scales %s {quant = #inlay_nn.block_quant<bits = 8, block = 32, rows = 32>, transposed} : (tensor<4x1x64xf32>, tensor<4x64x64xf8E4M3FN>, tensor<4x2x2xf32>) -> tensor<4x1x64xf32>
  // CHECK: inlay_nn.dequantize %{{.*}} scales %{{.*}} {blocks = array<i64: 1, 32, 32>}
  %2 = inlay_nn.dequantize %m scales %s {blocks = array<i64: 1, 32, 32>} : (tensor<4x64x64xf8E4M3FN>, tensor<4x2x2xf32>) -> tensor<4x64x64xf32>
  // CHECK: inlay_nn.experts {{ *}}relu %{{.*}} fc1 %{{.*}} scales %{{.*}} fc2 %{{.*}} scales %{{.*}} global1 %{{.*}} global2 %{{.*}} {quant = #inlay_nn.block_quant<bits = 4, block = 32>}
  %3 = inlay_nn.experts relu %x, %w, %i fc1 %e scales %t fc2 %e scales %t global1 %g global2 %g {quant = #inlay_nn.block_quant<bits = 4, block = 32>} : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf4E2M1FN>, tensor<4x64x2xf8E8M0FNU>, tensor<4x64x64xf4E2M1FN>, tensor<4x64x2xf8E8M0FNU>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x64xf32>
  // CHECK: inlay_nn.experts {{ *}}relu %{{.*}} {fc2_quant = #inlay_nn.block_quant<bits = 8, block = 0>, quant = #inlay_nn.block_quant<bits = 8, block = 32, rows = 32>}
  %4 = inlay_nn.experts relu %x, %w, %i fc1 %m scales %s fc2 %m scales %g {quant = #inlay_nn.block_quant<bits = 8, block = 32, rows = 32>, fc2_quant = #inlay_nn.block_quant<bits = 8, block = 0>} : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf8E4M3FN>, tensor<4x2x2xf32>, tensor<4x64x64xf8E4M3FN>, tensor<4xf32>) -> tensor<1x64xf32>
  inlay_nn.return
}
