// Weights that are dequantised before a product or a lookup go into it as they are stored.
// RUN: inlay-opt %s --raise-to-nn --verify-nn -split-input-file | FileCheck %s

// Blocks of 32 along K: in rows behind a transpose, in columns, with zero points; one scale for each row; one for all.
module attributes {inlay_onnx.opsets = {ai.onnx = 23 : i64}} {
  ml_program.global private @rows(#inlay_onnx.weight<file = "m.data", offset = 0, length = 4096, encoding = raw>) : tensor<128x64xi4>
  ml_program.global private @rs(#inlay_onnx.weight<file = "m.data", offset = 4096, length = 1024, encoding = raw>) : tensor<128x2xf32>
  ml_program.global private @columns(#inlay_onnx.weight<file = "m.data", offset = 8192, length = 4096, encoding = raw>) : tensor<64x128xui4>
  ml_program.global private @cs(#inlay_onnx.weight<file = "m.data", offset = 12288, length = 1024, encoding = raw>) : tensor<2x128xf32>
  ml_program.global private @cz(#inlay_onnx.weight<file = "m.data", offset = 16384, length = 128, encoding = raw>) : tensor<2x128xui4>
  ml_program.global private @bytes(#inlay_onnx.weight<file = "m.data", offset = 20480, length = 8192, encoding = raw>) : tensor<128x64xi8>
  ml_program.global private @bs(#inlay_onnx.weight<file = "m.data", offset = 28672, length = 512, encoding = raw>) : tensor<128xf32>
  ml_program.global private @narrow(#inlay_onnx.weight<file = "m.data", offset = 32768, length = 8192, encoding = raw>) : tensor<64x128xf8E4M3FN>
  // CHECK-LABEL: inlay_nn.graph @products
  // CHECK-NOT: inlay_nn.dequantize
  // CHECK: inlay_nn.lm_head %x, %rows scales %rs {quant = #inlay_nn.block_quant<bits = 4, block = 32>} : (tensor<1x3x64xf32>, tensor<128x64xi4>, tensor<128x2xf32>)
  // CHECK: inlay_nn.lm_head %x, %columns scales %cs zero_points %cz {quant = #inlay_nn.block_quant<bits = 4, block = 32>, transposed} : (tensor<1x3x64xf32>, tensor<64x128xui4>, tensor<2x128xf32>, tensor<2x128xui4>)
  // CHECK: inlay_nn.lm_head %x, %bytes scales %bs {quant = #inlay_nn.block_quant<bits = 8, block = 0>} : (tensor<1x3x64xf32>, tensor<128x64xi8>, tensor<128xf32>)
  // CHECK: inlay_nn.lm_head %x, %narrow scales %{{.*}} {quant = #inlay_nn.block_quant<bits = 8, block = 0>, transposed} : (tensor<1x3x64xf32>, tensor<64x128xf8E4M3FN>, tensor<f32>)
  inlay_onnx.graph @products(%x: tensor<1x3x64xf32>) -> (tensor<1x3x128xf32>, tensor<1x3x128xf32>, tensor<1x3x128xf32>, tensor<1x3x128xf32>) attributes {arg_names = ["x"], result_names = ["a", "b", "c", "d"]} {
    %rows = ml_program.global_load_const @rows : tensor<128x64xi4>
    %rs = ml_program.global_load_const @rs : tensor<128x2xf32>
    %columns = ml_program.global_load_const @columns : tensor<64x128xui4>
    %cs = ml_program.global_load_const @cs : tensor<2x128xf32>
    %cz = ml_program.global_load_const @cz : tensor<2x128xui4>
    %bytes = ml_program.global_load_const @bytes : tensor<128x64xi8>
    %bs = ml_program.global_load_const @bs : tensor<128xf32>
    %narrow = ml_program.global_load_const @narrow : tensor<64x128xf8E4M3FN>
    %one = inlay_onnx.constant dense<0.125> : tensor<f32>
    %0 = inlay_onnx.node "DequantizeLinear"(%rows, %rs) {attributes = {axis = 1 : i64, block_size = 32 : i64}} : (tensor<128x64xi4>, tensor<128x2xf32>) -> tensor<128x64xf32>
    %1 = inlay_onnx.node "Transpose"(%0) {attributes = {perm = array<i64: 1, 0>}} : (tensor<128x64xf32>) -> tensor<64x128xf32>
    %2 = inlay_onnx.node "MatMul"(%x, %1) : (tensor<1x3x64xf32>, tensor<64x128xf32>) -> tensor<1x3x128xf32>
    %3 = inlay_onnx.node "DequantizeLinear"(%columns, %cs, %cz) {attributes = {axis = 0 : i64, block_size = 32 : i64}} : (tensor<64x128xui4>, tensor<2x128xf32>, tensor<2x128xui4>) -> tensor<64x128xf32>
    %4 = inlay_onnx.node "MatMul"(%x, %3) : (tensor<1x3x64xf32>, tensor<64x128xf32>) -> tensor<1x3x128xf32>
    %5 = inlay_onnx.node "DequantizeLinear"(%bytes, %bs) {attributes = {axis = 0 : i64}} : (tensor<128x64xi8>, tensor<128xf32>) -> tensor<128x64xf32>
    %6 = inlay_onnx.node "Transpose"(%5) : (tensor<128x64xf32>) -> tensor<64x128xf32>
    %7 = inlay_onnx.node "MatMul"(%x, %6) : (tensor<1x3x64xf32>, tensor<64x128xf32>) -> tensor<1x3x128xf32>
    %8 = inlay_onnx.node "DequantizeLinear"(%narrow, %one) : (tensor<64x128xf8E4M3FN>, tensor<f32>) -> tensor<64x128xf32>
    %9 = inlay_onnx.node "MatMul"(%x, %8) : (tensor<1x3x64xf32>, tensor<64x128xf32>) -> tensor<1x3x128xf32>
    inlay_onnx.return %2, %4, %7, %9 : tensor<1x3x128xf32>, tensor<1x3x128xf32>, tensor<1x3x128xf32>, tensor<1x3x128xf32>
  }
}

// -----

// Blocks along N are none of a product's rows: the weight is dequantised apart. One scale for each k neither.
module attributes {inlay_onnx.opsets = {ai.onnx = 23 : i64}} {
  ml_program.global private @w(#inlay_onnx.weight<file = "m.data", offset = 0, length = 4096, encoding = raw>) : tensor<64x128xi4>
  ml_program.global private @s(#inlay_onnx.weight<file = "m.data", offset = 4096, length = 1024, encoding = raw>) : tensor<64x4xf32>
  ml_program.global private @k(#inlay_onnx.weight<file = "m.data", offset = 8192, length = 256, encoding = raw>) : tensor<64xf32>
  // CHECK-LABEL: inlay_nn.graph @along_n
  // CHECK: %[[W:.*]] = inlay_nn.dequantize %{{.*}} scales %{{.*}} {blocks = array<i64: 1, 32>}
  // CHECK: inlay_nn.lm_head %x, %[[W]] {transposed}
  // CHECK: %[[V:.*]] = inlay_nn.dequantize %{{.*}} scales %{{.*}} {blocks = array<i64: 1, 0>} :
  // CHECK: inlay_nn.lm_head %x, %[[V]] {transposed}
  inlay_onnx.graph @along_n(%x: tensor<3x64xf32>) -> (tensor<3x128xf32>, tensor<3x128xf32>) attributes {arg_names = ["x"], result_names = ["y", "z"]} {
    %w = ml_program.global_load_const @w : tensor<64x128xi4>
    %s = ml_program.global_load_const @s : tensor<64x4xf32>
    %k = ml_program.global_load_const @k : tensor<64xf32>
    %0 = inlay_onnx.node "DequantizeLinear"(%w, %s) {attributes = {axis = 1 : i64, block_size = 32 : i64}} : (tensor<64x128xi4>, tensor<64x4xf32>) -> tensor<64x128xf32>
    %1 = inlay_onnx.node "MatMul"(%x, %0) : (tensor<3x64xf32>, tensor<64x128xf32>) -> tensor<3x128xf32>
    %2 = inlay_onnx.node "DequantizeLinear"(%w, %k) {attributes = {axis = 0 : i64}} : (tensor<64x128xi4>, tensor<64xf32>) -> tensor<64x128xf32>
    %3 = inlay_onnx.node "MatMul"(%x, %2) : (tensor<3x64xf32>, tensor<64x128xf32>) -> tensor<3x128xf32>
    inlay_onnx.return %1, %3 : tensor<3x128xf32>, tensor<3x128xf32>
  }
}

// -----

// A table of rows; unsigned integers without zero points count from 0, which is then said.
module attributes {inlay_onnx.opsets = {ai.onnx = 23 : i64}} {
  ml_program.global private @t(#inlay_onnx.weight<file = "m.data", offset = 0, length = 8192, encoding = raw>) : tensor<256x64xui4>
  ml_program.global private @s(#inlay_onnx.weight<file = "m.data", offset = 8192, length = 2048, encoding = raw>) : tensor<256x2xf32>
  // CHECK-LABEL: inlay_nn.graph @table
  // CHECK: %[[Z:.*]] = inlay_nn.constant dense<0> : tensor<256x2xui4>
  // CHECK: inlay_nn.embedding %{{.*}}, %i scales %{{.*}} zero_points %[[Z]] {quant = #inlay_nn.block_quant<bits = 4, block = 32>}
  inlay_onnx.graph @table(%i: tensor<1x3xi64>) -> tensor<1x3x64xf32> attributes {arg_names = ["i"], result_names = ["y"]} {
    %t = ml_program.global_load_const @t : tensor<256x64xui4>
    %s = ml_program.global_load_const @s : tensor<256x2xf32>
    %0 = inlay_onnx.node "DequantizeLinear"(%t, %s) {attributes = {axis = 1 : i64, block_size = 32 : i64}} : (tensor<256x64xui4>, tensor<256x2xf32>) -> tensor<256x64xf32>
    %1 = inlay_onnx.node "Gather"(%0, %i) : (tensor<256x64xf32>, tensor<1x3xi64>) -> tensor<1x3x64xf32>
    inlay_onnx.return %1 : tensor<1x3x64xf32>
  }
}

// -----

// Gemm with factors and a matrix to add; a product of onnxruntime that transposes its weight.
module attributes {inlay_onnx.opsets = {ai.onnx = 13 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @w(#inlay_onnx.weight<file = "m.data", offset = 0, length = 32768, encoding = raw>) : tensor<128x64xf32>
  // CHECK-LABEL: inlay_nn.graph @gemm
  // CHECK: %[[L:.*]] = inlay_nn.linear %x, %w : (tensor<3x64xf32>, tensor<128x64xf32>) -> tensor<3x128xf32>
  // CHECK: %[[A:.*]] = inlay_nn.binary {{ *}}mul %[[L]],
  // CHECK: %[[C:.*]] = inlay_nn.binary {{ *}}mul %c,
  // CHECK: inlay_nn.binary {{ *}}add %[[A]], %[[C]]
  inlay_onnx.graph @gemm(%x: tensor<3x64xf32>, %c: tensor<3x128xf32>) -> (tensor<3x128xf32>, tensor<3x128xf32>) attributes {arg_names = ["x", "c"], result_names = ["y", "z"]} {
    %w = ml_program.global_load_const @w : tensor<128x64xf32>
    %0 = inlay_onnx.node "Gemm"(%x, %w, %c) {attributes = {alpha = 0.5 : f32, beta = 2.0 : f32, transB = 1 : i64}} : (tensor<3x64xf32>, tensor<128x64xf32>, tensor<3x128xf32>) -> tensor<3x128xf32>
    %1 = inlay_onnx.node "com.microsoft::FusedMatMul"(%x, %w) {attributes = {transB = 1 : i64}} : (tensor<3x64xf32>, tensor<128x64xf32>) -> tensor<3x128xf32>
    inlay_onnx.return %0, %1 : tensor<3x128xf32>, tensor<3x128xf32>
  }
}

// -----

// Activations that are rounded to bytes, a scale for each column: in f32, from whatever type.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @rounded
  // CHECK: %[[X:.*]] = inlay_nn.cast %x : tensor<3x4xf16> -> tensor<3x4xf32>
  // CHECK: %[[D:.*]] = inlay_nn.binary {{ *}}div %[[X]], %{{.*}} : (tensor<3x4xf32>, tensor<4xf32>) -> tensor<3x4xf32>
  // CHECK: %[[R:.*]] = inlay_nn.unary {{ *}}round %[[D]]
  // CHECK: %[[Z:.*]] = inlay_nn.binary {{ *}}add %[[R]], %{{.*}} : (tensor<3x4xf32>, tensor<4xf32>)
  // CHECK: inlay_nn.constant dense<-1.280000e+02>
  // CHECK: %[[M:.*]] = inlay_nn.binary {{ *}}max %[[Z]]
  // CHECK: inlay_nn.constant dense<1.270000e+02>
  // CHECK: %[[N:.*]] = inlay_nn.binary {{ *}}min %[[M]]
  // CHECK: inlay_nn.cast %[[N]] : tensor<3x4xf32> -> tensor<3x4xi8>
  inlay_onnx.graph @rounded(%x: tensor<3x4xf16>, %s: tensor<4xf16>, %z: tensor<4xi8>) -> tensor<3x4xi8> attributes {arg_names = ["x", "s", "z"], result_names = ["y"]} {
    %0 = inlay_onnx.node "QuantizeLinear"(%x, %s, %z) : (tensor<3x4xf16>, tensor<4xf16>, tensor<4xi8>) -> tensor<3x4xi8>
    inlay_onnx.return %0 : tensor<3x4xi8>
  }
}
