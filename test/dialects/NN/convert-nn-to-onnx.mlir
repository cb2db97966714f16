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

// Beside typed operations opaque nodes of an older opset get the form that they have in opset 13: attributes became inputs,
// softmax and its like flattened, operators have other names. What did not change stays.
// CHECK: inlay_onnx.opsets = {ai.onnx = 13 : i64}
// CHECK-LABEL: inlay_onnx.graph @upgrade
// CHECK: %[[CELU:.+]] = inlay_onnx.node "Celu"(%x) : (tensor<2x3x4xf32>)
// CHECK: %[[FLAT:.+]] = inlay_onnx.node "Reshape"(%[[CELU]], %{{.+}}) : (tensor<2x3x4xf32>, tensor<2xi64>) -> tensor<2x12xf32>
// CHECK: %[[HARD:.+]] = inlay_onnx.node "Hardmax"(%[[FLAT]]) {attributes = {axis = -1 : i64}} : (tensor<2x12xf32>) -> tensor<2x12xf32>
// CHECK: %[[BACK:.+]] = inlay_onnx.node "Reshape"(%[[HARD]], %{{.+}}) : (tensor<2x12xf32>, tensor<3xi64>) -> tensor<2x3x4xf32>
// CHECK: inlay_onnx.node "Relu"(%[[BACK]])
// CHECK: %[[SCALES:.+]] = inlay_onnx.constant dense<[1.000000e+00, 2.000000e+00, 1.000000e+00]> : tensor<3xf32>
// CHECK: %[[NONE:.+]] = inlay_onnx.none
// CHECK: inlay_onnx.node "Resize"(%{{.+}}, %[[NONE]], %[[SCALES]]) {attributes = {coordinate_transformation_mode = "asymmetric", mode = "nearest", nearest_mode = "floor"}}
// CHECK: %[[PADS:.+]] = inlay_onnx.constant dense<[0, 0, 0, 0, 1, 0]> : tensor<6xi64>
// CHECK: %[[FILL:.+]] = inlay_onnx.constant dense<2.000000e+00> : tensor<f32>
// CHECK: inlay_onnx.node "Pad"(%{{.+}}, %[[PADS]], %[[FILL]]) {attributes = {mode = "constant"}}
// CHECK: %[[LOW:.+]] = inlay_onnx.none
// CHECK: %[[HIGH:.+]] = inlay_onnx.constant dense<6.000000e+00> : tensor<f32>
// CHECK: inlay_onnx.node "Clip"(%{{.+}}, %[[LOW]], %[[HIGH]]) :
module attributes {inlay_onnx.opsets = {ai.onnx = 8 : i64}} {
  inlay_nn.graph @upgrade(%x: tensor<2x3x4xf32>) -> tensor<2x7x4xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    %0 = inlay_nn.opaque "Celu"(%x) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %1 = inlay_nn.opaque "Hardmax"(%0) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %2 = inlay_nn.unary relu %1 : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
    %3 = inlay_nn.opaque "Upsample"(%2) {node_attrs = {scales = array<f32: 1.0, 2.0, 1.0>}} : (tensor<2x3x4xf32>) -> tensor<2x6x4xf32>
    %4 = inlay_nn.opaque "Pad"(%3) {node_attrs = {mode = "constant", pads = array<i64: 0, 0, 0, 0, 1, 0>, value = 2.0 : f32}} : (tensor<2x6x4xf32>) -> tensor<2x7x4xf32>
    %5 = inlay_nn.opaque "Clip"(%4) {node_attrs = {max = 6.0 : f32}} : (tensor<2x7x4xf32>) -> tensor<2x7x4xf32>
    inlay_nn.return %5 : tensor<2x7x4xf32>
  }
}

// -----

// Axes, parts and counts, and what needs no typed operation beside it: a node of its own opset, inlined from a function.
// CHECK: inlay_onnx.opsets = {ai.onnx = 20 : i64}
// CHECK-LABEL: inlay_onnx.graph @own
// CHECK: inlay_onnx.node "Unsqueeze"(%x, %{{.+}}) : (tensor<2x3x4xf32>, tensor<1xi64>)
// CHECK: inlay_onnx.node "Squeeze"(%{{.+}}, %{{.+}}) : (tensor<1x2x3x4xf32>, tensor<1xi64>)
// CHECK: inlay_onnx.node "ReduceL2"(%{{.+}}, %{{.+}}) {attributes = {keepdims = 1 : i64}} : (tensor<2x3x4xf32>, tensor<1xi64>)
// CHECK: inlay_onnx.node "TopK"(%{{.+}}, %{{.+}}) {attributes = {axis = 2 : i64}} : (tensor<2x3x1xf32>, tensor<1xi64>)
// CHECK: inlay_onnx.node "Slice"(%{{.+}}, %{{.+}}, %{{.+}}) : (tensor<2x3x1xf32>, tensor<3xi64>, tensor<3xi64>)
// CHECK: inlay_onnx.node "Split"(%{{.+}}, %{{.+}}) {attributes = {axis = 1 : i64}} : (tensor<2x3x1xf32>, tensor<2xi64>)
// CHECK: inlay_onnx.node "ScatterElements"(
// CHECK: inlay_onnx.node "Dropout"(%{{.+}}) : (tensor<2x1x1xf32>)
// CHECK: inlay_onnx.node "RoiAlign"({{.*}}) {attributes = {coordinate_transformation_mode = "output_half_pixel"}}
// CHECK: inlay_onnx.node "GridSample"({{.*}}) {attributes = {mode = "linear"}}
// CHECK: inlay_onnx.node "BatchNormalization"({{.*}}) :
// CHECK: inlay_onnx.node "Gelu"
module attributes {inlay_onnx.opsets = {ai.onnx = 8 : i64}} {
  inlay_nn.graph @own(%x: tensor<2x3x4xf32>) -> tensor<2x1x1xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    %0 = inlay_nn.opaque "Unsqueeze"(%x) {node_attrs = {axes = array<i64: 0>}} : (tensor<2x3x4xf32>) -> tensor<1x2x3x4xf32>
    %1 = inlay_nn.opaque "Squeeze"(%0) {node_attrs = {axes = array<i64: 0>}} : (tensor<1x2x3x4xf32>) -> tensor<2x3x4xf32>
    %2 = inlay_nn.opaque "ReduceL2"(%1) {node_attrs = {axes = array<i64: 2>, keepdims = 1 : i64}} : (tensor<2x3x4xf32>) -> tensor<2x3x1xf32>
    %3:2 = inlay_nn.opaque "TopK"(%2) {node_attrs = {axis = 2 : i64, k = 1 : i64}} : (tensor<2x3x1xf32>) -> (tensor<2x3x1xf32>, tensor<2x3x1xi64>)
    %4 = inlay_nn.opaque "Slice"(%3#0) {node_attrs = {ends = array<i64: 2, 3, 1>, starts = array<i64: 0, 0, 0>}} : (tensor<2x3x1xf32>) -> tensor<2x3x1xf32>
    %5:2 = inlay_nn.opaque "Split"(%4) {node_attrs = {axis = 1 : i64, split = array<i64: 1, 2>}} : (tensor<2x3x1xf32>) -> (tensor<2x1x1xf32>, tensor<2x2x1xf32>)
    %6 = inlay_nn.opaque "Scatter"(%5#0, %3#1, %2) : (tensor<2x1x1xf32>, tensor<2x3x1xi64>, tensor<2x3x1xf32>) -> tensor<2x1x1xf32>
    %7 = inlay_nn.opaque "Dropout"(%6) {node_attrs = {ratio = 0.5 : f32}} : (tensor<2x1x1xf32>) -> tensor<2x1x1xf32>
    %8 = inlay_nn.opaque "RoiAlign"(%7) : (tensor<2x1x1xf32>) -> tensor<2x1x1xf32>
    %9 = inlay_nn.opaque "GridSample"(%8) : (tensor<2x1x1xf32>) -> tensor<2x1x1xf32>
    %10 = inlay_nn.opaque "BatchNormalization"(%9) {node_attrs = {spatial = 1 : i64}} : (tensor<2x1x1xf32>) -> tensor<2x1x1xf32>
    %11 = inlay_nn.opaque "Gelu"(%10) {own_opset = 20 : i64} : (tensor<2x1x1xf32>) -> tensor<2x1x1xf32>
    inlay_nn.return %11 : tensor<2x1x1xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 8 : i64}} {
  inlay_nn.graph @refused(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    // expected-error @below {{operator Scan of opset 8 has no known form in opset 13: convert the model to opset 13}}
    %0 = inlay_nn.opaque "Scan"(%x) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %1 = inlay_nn.unary relu %0 : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
    inlay_nn.return %1 : tensor<2x3x4xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 10 : i64}} {
  inlay_nn.graph @refused(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    // expected-error @below {{operator Resize of opset 10 has no known form in opset 13: convert the model to opset 13}}
    %0 = inlay_nn.opaque "Resize"(%x) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %1 = inlay_nn.unary relu %0 : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
    inlay_nn.return %1 : tensor<2x3x4xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 8 : i64}} {
  inlay_nn.graph @refused(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    // expected-error @below {{operator Upsample of opset 8 has no known form in opset 13: convert the model to opset 13}}
    %0 = inlay_nn.opaque "Upsample"(%x) : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %1 = inlay_nn.unary relu %0 : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
    inlay_nn.return %1 : tensor<2x3x4xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 8 : i64}} {
  inlay_nn.graph @refused(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    // expected-error @below {{operator BatchNormalization of opset 8 has no known form in opset 13: convert the model to opset 13}}
    %0 = inlay_nn.opaque "BatchNormalization"(%x) {node_attrs = {spatial = 0 : i64}} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
    %1 = inlay_nn.unary relu %0 : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
    inlay_nn.return %1 : tensor<2x3x4xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  ml_program.global private @w(dense<1.0> : tensor<4xf32>) : tensor<4xf32>
  inlay_nn.graph @main(%x: tensor<4xf32>) -> tensor<4xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    // expected-error @below {{op 'ml_program.global_load' cannot be written as ONNX nodes: it must be one of the NN level, before convert-to-dataflow}}
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
    // expected-error @below {{the view that is weight 'rows' cannot be written as ONNX nodes: its strides must reach each element once}}
    %w = ml_program.global_load_const @rows : tensor<2x2xf32>
    %0 = inlay_nn.binary add %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
    inlay_nn.return %0 : tensor<2x2xf32>
  }
}
