// Experts and products whose weights are 4-bit or 8-bit floats in blocks. The element type of a weight says what its
// bits mean; scales of squares are stored once, whatever repeats them in the file.
// RUN: inlay-opt %s --raise-to-nn --verify-nn -split-input-file | FileCheck %s

// MXFP4 as the operator documents it: two neighbours along K to a byte, gate and up in alternate rows.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @w1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 4096, encoding = raw>) : tensor<4x64x16xui8>
  ml_program.global private @w2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 2048, encoding = raw>) : tensor<4x32x16xui8>
  ml_program.global private @s1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 256, encoding = raw>) : tensor<4x64x1xf8E8M0FNU>
  ml_program.global private @s2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 128, encoding = raw>) : tensor<4x32x1xf8E8M0FNU>
  ml_program.global private @g1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
  ml_program.global private @g2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
  // CHECK-DAG: ml_program.global private @w1.gate(#inlay_onnx.weight_view<<@w1, first = 0, sizes = [4, 32, 32], strides = [2048, 64, 1]>>) : tensor<4x32x32xf4E2M1FN>
  // CHECK-DAG: ml_program.global private @w1.up(#inlay_onnx.weight_view<<@w1, first = 32, sizes = [4, 32, 32], strides = [2048, 64, 1]>>) : tensor<4x32x32xf4E2M1FN>
  // CHECK-DAG: ml_program.global private @w2.down(#inlay_onnx.weight_view<<@w2, first = 0, sizes = [4, 32, 32], strides = [1024, 32, 1]>>) : tensor<4x32x32xf4E2M1FN>
  // CHECK-DAG: ml_program.global private @s1.gate.scales(#inlay_onnx.weight_view<<@s1, first = 0, sizes = [4, 32, 1], strides = [64, 2, 0]>>) : tensor<4x32x1xf8E8M0FNU>
  // CHECK-DAG: ml_program.global private @s1.up.scales(#inlay_onnx.weight_view<<@s1, first = 1, sizes = [4, 32, 1], strides = [64, 2, 0]>>) : tensor<4x32x1xf8E8M0FNU>
  // CHECK-LABEL: inlay_nn.graph @mxfp4
  // CHECK: inlay_nn.experts {{ *}}swiglu %x, %{{.*}}, %{{.*}} fc1 %w1.gate scales %s1.gate.scales fc2 %w2.down scales %s2 fc3 %w1.up scales3 %s1.up.scales global1 %g1 global2 %g2 global3 %g1
  // CHECK-SAME: quant = #inlay_nn.block_quant<bits = 4, block = 32>
  inlay_onnx.graph @mxfp4(%x: tensor<2x32xf32>, %r: tensor<2x4xf32>) -> tensor<2x32xf32> attributes {arg_names = ["x", "r"], result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %w1 = ml_program.global_load_const @w1 : tensor<4x64x16xui8>
    %w2 = ml_program.global_load_const @w2 : tensor<4x32x16xui8>
    %s1 = ml_program.global_load_const @s1 : tensor<4x64x1xf8E8M0FNU>
    %s2 = ml_program.global_load_const @s2 : tensor<4x32x1xf8E8M0FNU>
    %g1 = ml_program.global_load_const @g1 : tensor<4xf32>
    %g2 = ml_program.global_load_const @g2 : tensor<4xf32>
    %y = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %g1, %g2) {attributes = {activation_type = "swiglu", k = 2 : i64, expert_weight_bits = 4 : i64, quant_type = "fp4", swiglu_fusion = 1 : i64}} : (tensor<2x32xf32>, tensor<2x4xf32>, tensor<4x64x16xui8>, tensor<4x64x1xf8E8M0FNU>, none, tensor<4x32x16xui8>, tensor<4x32x1xf8E8M0FNU>, none, none, none, none, none, none, none, none, tensor<4xf32>, tensor<4xf32>) -> tensor<2x32xf32>
    inlay_onnx.return %y : tensor<2x32xf32>
  }
}

// -----

// As CUDA's kernels want it: two neighbours along N to a byte, [E, K, N / 2]. Older files have the scales in bytes.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @w1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 8192, encoding = raw>) : tensor<4x32x64xui8>
  ml_program.global private @w2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 4096, encoding = raw>) : tensor<4x64x16xui8>
  ml_program.global private @s1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 512, encoding = raw>) : tensor<4x128x1xui8>
  ml_program.global private @s2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 256, encoding = raw>) : tensor<4x32x2xui8>
  ml_program.global private @g1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
  ml_program.global private @g2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
  // CHECK-DAG: ml_program.global private @w1.gate(#inlay_onnx.weight_view<<@w1, first = 0, sizes = [4, 64, 32], strides = [4096, 2, 128]>>) : tensor<4x64x32xf4E2M1FN>
  // CHECK-DAG: ml_program.global private @w1.up(#inlay_onnx.weight_view<<@w1, first = 1, sizes = [4, 64, 32], strides = [4096, 2, 128]>>) : tensor<4x64x32xf4E2M1FN>
  // CHECK-DAG: ml_program.global private @w2.down(#inlay_onnx.weight_view<<@w2, first = 0, sizes = [4, 32, 64], strides = [2048, 1, 32]>>) : tensor<4x32x64xf4E2M1FN>
  // CHECK-DAG: ml_program.global private @s2.down.scales(#inlay_onnx.weight_view<<@s2, first = 0, sizes = [4, 32, 2], strides = [64, 2, 1]>>) : tensor<4x32x2xf8E8M0FNU>
  // CHECK-LABEL: inlay_nn.graph @by_columns
  // CHECK: inlay_nn.experts {{ *}}swiglu %x, %{{.*}}, %{{.*}} fc1 %w1.gate scales %s1.gate.scales fc2 %w2.down scales %s2.down.scales
  inlay_onnx.graph @by_columns(%x: tensor<2x32xf32>, %r: tensor<2x4xf32>) -> tensor<2x32xf32> attributes {arg_names = ["x", "r"], result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %w1 = ml_program.global_load_const @w1 : tensor<4x32x64xui8>
    %w2 = ml_program.global_load_const @w2 : tensor<4x64x16xui8>
    %s1 = ml_program.global_load_const @s1 : tensor<4x128x1xui8>
    %s2 = ml_program.global_load_const @s2 : tensor<4x32x2xui8>
    %g1 = ml_program.global_load_const @g1 : tensor<4xf32>
    %g2 = ml_program.global_load_const @g2 : tensor<4xf32>
    %y = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %g1, %g2) {attributes = {activation_type = "swiglu", k = 2 : i64, expert_weight_bits = 4 : i64, quant_type = "fp4", swiglu_fusion = 1 : i64}} : (tensor<2x32xf32>, tensor<2x4xf32>, tensor<4x32x64xui8>, tensor<4x128x1xui8>, none, tensor<4x64x16xui8>, tensor<4x32x2xui8>, none, none, none, none, none, none, none, none, tensor<4xf32>, tensor<4xf32>) -> tensor<2x32xf32>
    inlay_onnx.return %y : tensor<2x32xf32>
  }
}

// -----

// NVFP4: blocks of 16 with scales of E4M3. Bytes are along N unless the file says otherwise; dims are so in either case.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @w1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 8192, encoding = raw>) : tensor<4x32x64xui8>
  ml_program.global private @w2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 4096, encoding = raw>) : tensor<4x64x16xui8>
  ml_program.global private @s1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 1024, encoding = raw>) : tensor<4x128x2xf8E4M3FN>
  ml_program.global private @s2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 512, encoding = raw>) : tensor<4x32x4xf8E4M3FN>
  ml_program.global private @g1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
  ml_program.global private @g2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
  // CHECK-DAG: ml_program.global private @w1.gate(#inlay_onnx.weight_view<<@w1, first = 0, sizes = [4, 64, 32], strides = [4096, 64, 1]>>) : tensor<4x64x32xf4E2M1FN>
  // CHECK-LABEL: inlay_nn.graph @nvfp4
  // CHECK: inlay_nn.experts
  // CHECK-SAME: quant = #inlay_nn.block_quant<bits = 4, block = 16>
  // CHECK-SAME: tensor<4x64x2xf8E4M3FN>
  inlay_onnx.graph @nvfp4(%x: tensor<2x32xf32>, %r: tensor<2x4xf32>) -> tensor<2x32xf32> attributes {arg_names = ["x", "r"], result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %w1 = ml_program.global_load_const @w1 : tensor<4x32x64xui8>
    %w2 = ml_program.global_load_const @w2 : tensor<4x64x16xui8>
    %s1 = ml_program.global_load_const @s1 : tensor<4x128x2xf8E4M3FN>
    %s2 = ml_program.global_load_const @s2 : tensor<4x32x4xf8E4M3FN>
    %g1 = ml_program.global_load_const @g1 : tensor<4xf32>
    %g2 = ml_program.global_load_const @g2 : tensor<4xf32>
    %y = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2, %none, %none, %none, %none, %none, %none, %none, %none, %g1, %g2) {attributes = {activation_type = "swiglu", k = 2 : i64, expert_weight_bits = 4 : i64, quant_type = "nvfp4", swiglu_fusion = 1 : i64, weights_prepacked = 1 : i64}} : (tensor<2x32xf32>, tensor<2x4xf32>, tensor<4x32x64xui8>, tensor<4x128x2xf8E4M3FN>, none, tensor<4x64x16xui8>, tensor<4x32x4xf8E4M3FN>, none, none, none, none, none, none, none, none, tensor<4xf32>, tensor<4xf32>) -> tensor<2x32xf32>
    inlay_onnx.return %y : tensor<2x32xf32>
  }
}

// -----

// E4M3 with a scale for each square; gate and up one after the other, each with whole blocks.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @w1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 8192, encoding = raw>) : tensor<4x64x32xf8E4M3FN>
  ml_program.global private @w2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 4096, encoding = raw>) : tensor<4x32x32xf8E4M3FN>
  ml_program.global private @s1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 128, encoding = raw>) : tensor<4x4x2xf32>
  ml_program.global private @s2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 64, encoding = raw>) : tensor<4x2x2xf32>
  // CHECK-DAG: ml_program.global private @w1.up(#inlay_onnx.weight_view<<@w1, first = 1024, sizes = [4, 32, 32], strides = [2048, 32, 1]>>) : tensor<4x32x32xf8E4M3FN>
  // CHECK-DAG: ml_program.global private @s1.gate.scales(#inlay_onnx.weight_view<<@s1, first = 0, sizes = [4, 2, 2], strides = [8, 2, 1]>>) : tensor<4x2x2xf32>
  // CHECK-DAG: ml_program.global private @s1.up.scales(#inlay_onnx.weight_view<<@s1, first = 4, sizes = [4, 2, 2], strides = [8, 2, 1]>>) : tensor<4x2x2xf32>
  // CHECK-LABEL: inlay_nn.graph @squares
  // CHECK: inlay_nn.experts {{ *}}swiglu %x, %{{.*}}, %{{.*}} fc1 %w1.gate scales %s1.gate.scales fc2 %w2 scales %s2 fc3 %w1.up scales3 %s1.up.scales
  // CHECK-NOT: fc2_quant
  // CHECK-SAME: quant = #inlay_nn.block_quant<bits = 8, block = 16, rows = 16>
  inlay_onnx.graph @squares(%x: tensor<2x32xf32>, %r: tensor<2x4xf32>) -> tensor<2x32xf32> attributes {arg_names = ["x", "r"], result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %w1 = ml_program.global_load_const @w1 : tensor<4x64x32xf8E4M3FN>
    %w2 = ml_program.global_load_const @w2 : tensor<4x32x32xf8E4M3FN>
    %s1 = ml_program.global_load_const @s1 : tensor<4x4x2xf32>
    %s2 = ml_program.global_load_const @s2 : tensor<4x2x2xf32>
    %y = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2) {attributes = {activation_type = "swiglu", k = 2 : i64, block_size = 16 : i64, expert_weight_bits = 8 : i64, quant_type = "fp8", swiglu_fusion = 2 : i64}} : (tensor<2x32xf32>, tensor<2x4xf32>, tensor<4x64x32xf8E4M3FN>, tensor<4x4x2xf32>, none, tensor<4x32x32xf8E4M3FN>, tensor<4x2x2xf32>) -> tensor<2x32xf32>
    inlay_onnx.return %y : tensor<2x32xf32>
  }
}

// -----

// In alternate rows a block of 16 has 8 rows of the gate and 8 of the up projection, which share its scales.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @w1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 8192, encoding = raw>) : tensor<4x64x32xf8E4M3FN>
  ml_program.global private @w2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 4096, encoding = raw>) : tensor<4x32x32xf8E4M3FN>
  ml_program.global private @s1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 128, encoding = raw>) : tensor<4x4x2xf32>
  ml_program.global private @s2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 64, encoding = raw>) : tensor<4x2x2xf32>
  // CHECK-LABEL: inlay_nn.graph @alternate
  // CHECK: inlay_nn.experts {{ *}}swiglu %x, %{{.*}}, %{{.*}} fc1 %w1.gate scales %s1 fc2 %w2 scales %s2 fc3 %w1.up scales3 %s1
  // CHECK-SAME: fc2_quant = #inlay_nn.block_quant<bits = 8, block = 16, rows = 16>
  // CHECK-SAME: quant = #inlay_nn.block_quant<bits = 8, block = 16, rows = 8>
  inlay_onnx.graph @alternate(%x: tensor<2x32xf32>, %r: tensor<2x4xf32>) -> tensor<2x32xf32> attributes {arg_names = ["x", "r"], result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %w1 = ml_program.global_load_const @w1 : tensor<4x64x32xf8E4M3FN>
    %w2 = ml_program.global_load_const @w2 : tensor<4x32x32xf8E4M3FN>
    %s1 = ml_program.global_load_const @s1 : tensor<4x4x2xf32>
    %s2 = ml_program.global_load_const @s2 : tensor<4x2x2xf32>
    %y = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %w1, %s1, %none, %w2, %s2) {attributes = {activation_type = "swiglu", k = 2 : i64, block_size = 16 : i64, expert_weight_bits = 8 : i64, quant_type = "fp8", swiglu_fusion = 1 : i64}} : (tensor<2x32xf32>, tensor<2x4xf32>, tensor<4x64x32xf8E4M3FN>, tensor<4x4x2xf32>, none, tensor<4x32x32xf8E4M3FN>, tensor<4x2x2xf32>) -> tensor<2x32xf32>
    inlay_onnx.return %y : tensor<2x32xf32>
  }
}

// -----

// E4M3 without blocks: one scale for each expert.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @w1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 8192, encoding = raw>) : tensor<4x64x32xf8E4M3FN>
  ml_program.global private @w2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 4096, encoding = raw>) : tensor<4x32x32xf8E4M3FN>
  ml_program.global private @g1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
  ml_program.global private @g2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
  // CHECK-LABEL: inlay_nn.graph @factors
  // CHECK: inlay_nn.experts {{ *}}swiglu %x, %{{.*}}, %{{.*}} fc1 %w1.gate scales %g1 fc2 %w2 scales %g2 fc3 %w1.up scales3 %g1
  // CHECK-SAME: quant = #inlay_nn.block_quant<bits = 8, block = 0>
  inlay_onnx.graph @factors(%x: tensor<2x32xf32>, %r: tensor<2x4xf32>) -> tensor<2x32xf32> attributes {arg_names = ["x", "r"], result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %w1 = ml_program.global_load_const @w1 : tensor<4x64x32xf8E4M3FN>
    %w2 = ml_program.global_load_const @w2 : tensor<4x32x32xf8E4M3FN>
    %g1 = ml_program.global_load_const @g1 : tensor<4xf32>
    %g2 = ml_program.global_load_const @g2 : tensor<4xf32>
    %y = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %w1, %none, %none, %w2, %none, %none, %none, %none, %none, %none, %none, %none, %none, %g1, %g2) {attributes = {activation_type = "swiglu", k = 2 : i64, expert_weight_bits = 8 : i64, quant_type = "fp8", swiglu_fusion = 1 : i64}} : (tensor<2x32xf32>, tensor<2x4xf32>, tensor<4x64x32xf8E4M3FN>, none, none, tensor<4x32x32xf8E4M3FN>, none, none, none, none, none, none, none, none, none, tensor<4xf32>, tensor<4xf32>) -> tensor<2x32xf32>
    inlay_onnx.return %y : tensor<2x32xf32>
  }
}

// -----

// Standard operators have blocks along one dim: each row of scales is repeated for the rows of its block, by a list of
// indices, by a computed one, or by Expand. In a batch, rows or columns may be summed over.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64}} {
  ml_program.global private @w(#inlay_onnx.weight<file = "m.data", offset = 0, length = 3072, encoding = raw>) : tensor<96x32xf8E4M3FN>
  ml_program.global private @s(#inlay_onnx.weight<file = "m.data", offset = 0, length = 24, encoding = raw>) : tensor<3x2xf32>
  ml_program.global private @h(#inlay_onnx.weight<file = "m.data", offset = 0, length = 4096, encoding = raw>) : tensor<4x32x32xf8E4M3FN>
  ml_program.global private @t(#inlay_onnx.weight<file = "m.data", offset = 0, length = 32, encoding = raw>) : tensor<4x1x2xf32>
  // CHECK-LABEL: inlay_nn.graph @products
  // CHECK-NOT: inlay_nn.dequantize
  // CHECK: %[[ALL:.*]] = inlay_nn.linear %x, %w scales %s {quant = #inlay_nn.block_quant<bits = 8, block = 16, rows = 32>} : (tensor<4x1x32xf32>, tensor<96x32xf8E4M3FN>, tensor<3x2xf32>)
  // CHECK: inlay_nn.matmul %x, %h scales %t {quant = #inlay_nn.block_quant<bits = 8, block = 16, rows = 32>} : (tensor<4x1x32xf32>, tensor<4x32x32xf8E4M3FN>, tensor<4x1x2xf32>)
  // CHECK: inlay_nn.matmul %x, %h scales %t {quant = #inlay_nn.block_quant<bits = 8, block = 16, rows = 32>, transposed}
  // CHECK: inlay_nn.return %[[ALL]], %[[ALL]], %[[ALL]],
  inlay_onnx.graph @products(%x: tensor<4x1x32xf32>) -> (tensor<4x1x96xf32>, tensor<4x1x96xf32>, tensor<4x1x96xf32>, tensor<4x1x32xf32>, tensor<4x1x32xf32>) attributes {arg_names = ["x"], result_names = ["a", "b", "c", "d", "e"]} {
    %w = ml_program.global_load_const @w : tensor<96x32xf8E4M3FN>
    %s = ml_program.global_load_const @s : tensor<3x2xf32>
    %h = ml_program.global_load_const @h : tensor<4x32x32xf8E4M3FN>
    %t = ml_program.global_load_const @t : tensor<4x1x2xf32>
    %list = inlay_onnx.constant dense<[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]> : tensor<96xi64>
    %zero = inlay_onnx.constant dense<0> : tensor<i64>
    %one = inlay_onnx.constant dense<1> : tensor<i64>
    %rows = inlay_onnx.constant dense<96> : tensor<i64>
    %block = inlay_onnx.constant dense<32> : tensor<i64>
    %all = inlay_onnx.node "Range"(%zero, %rows, %one) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<96xi64>
    %computed = inlay_onnx.node "Div"(%all, %block) : (tensor<96xi64>, tensor<i64>) -> tensor<96xi64>
    %same = inlay_onnx.constant dense<0> : tensor<32xi64>
    %thin = inlay_onnx.constant dense<[3, 1, 2]> : tensor<3xi64>
    %wide = inlay_onnx.constant dense<[3, 32, 2]> : tensor<3xi64>
    %flat = inlay_onnx.constant dense<[96, 2]> : tensor<2xi64>
    %s0 = inlay_onnx.node "Gather"(%s, %list) {attributes = {axis = 0 : i64}} : (tensor<3x2xf32>, tensor<96xi64>) -> tensor<96x2xf32>
    %s1 = inlay_onnx.node "Gather"(%s, %computed) {attributes = {axis = 0 : i64}} : (tensor<3x2xf32>, tensor<96xi64>) -> tensor<96x2xf32>
    %e0 = inlay_onnx.node "Reshape"(%s, %thin) : (tensor<3x2xf32>, tensor<3xi64>) -> tensor<3x1x2xf32>
    %e1 = inlay_onnx.node "Expand"(%e0, %wide) : (tensor<3x1x2xf32>, tensor<3xi64>) -> tensor<3x32x2xf32>
    %s2 = inlay_onnx.node "Reshape"(%e1, %flat) : (tensor<3x32x2xf32>, tensor<2xi64>) -> tensor<96x2xf32>
    %d0 = inlay_onnx.node "DequantizeLinear"(%w, %s0) {attributes = {axis = 1 : i64, block_size = 16 : i64}} : (tensor<96x32xf8E4M3FN>, tensor<96x2xf32>) -> tensor<96x32xf32>
    %t0 = inlay_onnx.node "Transpose"(%d0) {attributes = {perm = array<i64: 1, 0>}} : (tensor<96x32xf32>) -> tensor<32x96xf32>
    %y0 = inlay_onnx.node "MatMul"(%x, %t0) : (tensor<4x1x32xf32>, tensor<32x96xf32>) -> tensor<4x1x96xf32>
    %d1 = inlay_onnx.node "DequantizeLinear"(%w, %s1) {attributes = {axis = 1 : i64, block_size = 16 : i64}} : (tensor<96x32xf8E4M3FN>, tensor<96x2xf32>) -> tensor<96x32xf32>
    %t1 = inlay_onnx.node "Transpose"(%d1) {attributes = {perm = array<i64: 1, 0>}} : (tensor<96x32xf32>) -> tensor<32x96xf32>
    %y1 = inlay_onnx.node "MatMul"(%x, %t1) : (tensor<4x1x32xf32>, tensor<32x96xf32>) -> tensor<4x1x96xf32>
    %d2 = inlay_onnx.node "DequantizeLinear"(%w, %s2) {attributes = {axis = 1 : i64, block_size = 16 : i64}} : (tensor<96x32xf8E4M3FN>, tensor<96x2xf32>) -> tensor<96x32xf32>
    %t2 = inlay_onnx.node "Transpose"(%d2) {attributes = {perm = array<i64: 1, 0>}} : (tensor<96x32xf32>) -> tensor<32x96xf32>
    %y2 = inlay_onnx.node "MatMul"(%x, %t2) : (tensor<4x1x32xf32>, tensor<32x96xf32>) -> tensor<4x1x96xf32>
    %s3 = inlay_onnx.node "Gather"(%t, %same) {attributes = {axis = 1 : i64}} : (tensor<4x1x2xf32>, tensor<32xi64>) -> tensor<4x32x2xf32>
    %d3 = inlay_onnx.node "DequantizeLinear"(%h, %s3) {attributes = {axis = 2 : i64, block_size = 16 : i64}} : (tensor<4x32x32xf8E4M3FN>, tensor<4x32x2xf32>) -> tensor<4x32x32xf32>
    %y3 = inlay_onnx.node "MatMul"(%x, %d3) : (tensor<4x1x32xf32>, tensor<4x32x32xf32>) -> tensor<4x1x32xf32>
    %t3 = inlay_onnx.node "Transpose"(%d3) {attributes = {perm = array<i64: 0, 2, 1>}} : (tensor<4x32x32xf32>) -> tensor<4x32x32xf32>
    %y4 = inlay_onnx.node "MatMul"(%x, %t3) : (tensor<4x1x32xf32>, tensor<4x32x32xf32>) -> tensor<4x1x32xf32>
    inlay_onnx.return %y0, %y1, %y2, %y3, %y4 : tensor<4x1x96xf32>, tensor<4x1x96xf32>, tensor<4x1x96xf32>, tensor<4x1x32xf32>, tensor<4x1x32xf32>
  }
}

// -----

// A list that repeats no whole blocks is no sharing: the scales are computed.
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64}} {
  ml_program.global private @w(#inlay_onnx.weight<file = "m.data", offset = 0, length = 512, encoding = raw>) : tensor<16x32xf8E4M3FN>
  ml_program.global private @s(#inlay_onnx.weight<file = "m.data", offset = 0, length = 24, encoding = raw>) : tensor<3x2xf32>
  // CHECK-LABEL: inlay_nn.graph @uneven
  // CHECK: %[[S:.*]] = inlay_nn.{{gather|embedding}}
  // CHECK: inlay_nn.lm_head %x, %w scales %[[S]] {quant = #inlay_nn.block_quant<bits = 8, block = 16>}
  inlay_onnx.graph @uneven(%x: tensor<1x32xf32>) -> tensor<1x16xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    %w = ml_program.global_load_const @w : tensor<16x32xf8E4M3FN>
    %s = ml_program.global_load_const @s : tensor<3x2xf32>
    %list = inlay_onnx.constant dense<[0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]> : tensor<16xi64>
    %s0 = inlay_onnx.node "Gather"(%s, %list) {attributes = {axis = 0 : i64}} : (tensor<3x2xf32>, tensor<16xi64>) -> tensor<16x2xf32>
    %d0 = inlay_onnx.node "DequantizeLinear"(%w, %s0) {attributes = {axis = 1 : i64, block_size = 16 : i64}} : (tensor<16x32xf8E4M3FN>, tensor<16x2xf32>) -> tensor<16x32xf32>
    %t0 = inlay_onnx.node "Transpose"(%d0) {attributes = {perm = array<i64: 1, 0>}} : (tensor<16x32xf32>) -> tensor<32x16xf32>
    %y = inlay_onnx.node "MatMul"(%x, %t0) : (tensor<1x32xf32>, tensor<32x16xf32>) -> tensor<1x16xf32>
    inlay_onnx.return %y : tensor<1x16xf32>
  }
}
