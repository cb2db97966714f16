// RUN: inlay-opt --convert-nn-to-onnx --split-input-file --verify-diagnostics %s | FileCheck %s
// What the nodes compute is tested against onnxruntime, in test/python/test_meaning.py.

// Weights stay handles, names and types of the interface stay, opsets rise.
// CHECK: module attributes {inlay_onnx.ir_version = 10 : i64, inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}}
// CHECK: ml_program.global private @w(#inlay_onnx.weight
// CHECK: inlay_onnx.graph @main(%x: tensor<1x1x64xf32>) -> tensor<1x1x128xf32> attributes {arg_names = ["x"], result_names = ["y"]}
// CHECK: %[[W:.+]] = ml_program.global_load_const @w
// CHECK: %[[T:.+]] = inlay_onnx.node "Transpose"(%[[W]]) {attributes = {perm = array<i64: 1, 0>}} : (tensor<128x64xf32>) -> tensor<64x128xf32>
// CHECK: %[[Y:.+]] = inlay_onnx.node "MatMul"(%x, %[[T]]) : (tensor<1x1x64xf32>, tensor<64x128xf32>) -> tensor<1x1x128xf32>
// CHECK: inlay_onnx.return %[[Y]]
module attributes {inlay_onnx.ir_version = 8 : i64, inlay_onnx.opsets = {ai.onnx = 17 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @w(#inlay_onnx.weight<file = "w.data", offset = 0, length = 32768, encoding = raw>) : tensor<128x64xf32>
  inlay_nn.graph @main(%x: tensor<1x1x64xf32>) -> tensor<1x1x128xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    %w = ml_program.global_load_const @w : tensor<128x64xf32>
    %0 = inlay_nn.linear %x, %w : (tensor<1x1x64xf32>, tensor<128x64xf32>) -> tensor<1x1x128xf32>
    inlay_nn.return %0 : tensor<1x1x128xf32>
  }
}

// -----

// An opaque node of the default domain ties the graph to its opset; reductions
// then have their axes where that opset wants them.
// CHECK: inlay_onnx.opsets = {ai.onnx = 17 : i64}
// CHECK: inlay_onnx.node "Celu"(%x) {attributes = {alpha = 2.000000e+00 : f32}}
// CHECK: inlay_onnx.node "ReduceMean"(%{{.+}}) {attributes = {axes = array<i64: 1>, keepdims = 1 : i64}}
// CHECK: inlay_onnx.node "pkg::Op"(
module attributes {inlay_onnx.opsets = {ai.onnx = 17 : i64}} {
  inlay_nn.graph @main(%x: tensor<1x4xf32>) -> tensor<1x1xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    %0 = inlay_nn.opaque "Celu"(%x) {node_attrs = {alpha = 2.0 : f32}} : (tensor<1x4xf32>) -> tensor<1x4xf32>
    %1 = inlay_nn.reduce mean %0 {axes = array<i64: 1>} : tensor<1x4xf32> -> tensor<1x1xf32>
    %2 = inlay_nn.opaque "pkg::Op"(%1) : (tensor<1x1xf32>) -> tensor<1x1xf32>
    inlay_nn.return %2 : tensor<1x1xf32>
  }
}

// -----

// Nothing but opaque nodes needs no newer opset.
// CHECK: inlay_onnx.opsets = {ai.onnx = 12 : i64}
module attributes {inlay_onnx.opsets = {ai.onnx = 12 : i64}} {
  inlay_nn.graph @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    %0 = inlay_nn.opaque "Celu"(%x) : (tensor<1x4xf32>) -> tensor<1x4xf32>
    inlay_nn.return %0 : tensor<1x4xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 12 : i64}} {
  inlay_nn.graph @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    // expected-error @below {{operator Celu is of opset 12, typed operations are written in opset 13 or later: convert the model to opset 13}}
    %0 = inlay_nn.opaque "Celu"(%x) : (tensor<1x4xf32>) -> tensor<1x4xf32>
    %1 = inlay_nn.unary relu %0 : tensor<1x4xf32> -> tensor<1x4xf32>
    inlay_nn.return %1 : tensor<1x4xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  ml_program.global private @w(dense<1.0> : tensor<4xf32>) : tensor<4xf32>
  inlay_nn.graph @main(%x: tensor<4xf32>) -> tensor<4xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    // expected-error @below {{op 'ml_program.global_load' cannot be written as ONNX nodes}}
    %0 = ml_program.global_load @w : tensor<4xf32>
    inlay_nn.return %0 : tensor<4xf32>
  }
}

// -----

// A view is written as nodes over its sources: here every other row, turned.
// CHECK: inlay_onnx.graph @view
// CHECK: %[[S:.+]] = ml_program.global_load_const @source : tensor<4x6xf32>
// CHECK: inlay_onnx.node "Reshape"(%[[S]]
// CHECK: inlay_onnx.node "Slice"
// CHECK: inlay_onnx.node "Transpose"
// CHECK: inlay_onnx.node "Add"
module attributes {inlay_onnx.ir_version = 10 : i64, inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  ml_program.global private @source(#inlay_onnx.weight<file = "m.data", offset = 0, length = 96, encoding = raw>) : tensor<4x6xf32>
  ml_program.global private @rows(#inlay_onnx.weight_view<<@source, first = 6, sizes = [6, 2], strides = [1, 12]>>) : tensor<6x2xf32>
  inlay_nn.graph @view(%x: tensor<6x2xf32>) -> tensor<6x2xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "prefill", result_names = ["y"], tokens = 1 : i64} {
    %w = ml_program.global_load_const @rows : tensor<6x2xf32>
    %0 = inlay_nn.binary add %x, %w : (tensor<6x2xf32>, tensor<6x2xf32>) -> tensor<6x2xf32>
    inlay_nn.return %0 : tensor<6x2xf32>
  }
}

// -----

module attributes {inlay_onnx.ir_version = 10 : i64, inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  ml_program.global private @source(#inlay_onnx.weight<file = "m.data", offset = 0, length = 96, encoding = raw>) : tensor<4x6xf32>
  ml_program.global private @rows(#inlay_onnx.weight_view<<@source, first = 0, sizes = [2, 2], strides = [1, 1]>>) : tensor<2x2xf32>
  inlay_nn.graph @overlap(%x: tensor<2x2xf32>) -> tensor<2x2xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "prefill", result_names = ["y"], tokens = 1 : i64} {
    // expected-error @below {{the view that is weight 'rows' cannot be written as ONNX nodes}}
    %w = ml_program.global_load_const @rows : tensor<2x2xf32>
    %0 = inlay_nn.binary add %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    inlay_nn.return %0 : tensor<2x2xf32>
  }
}
