// What no rule knows, or a rule refuses, stays opaque, and all of it is listed at once.
// RUN: inlay-opt %s --raise-to-nn -split-input-file -verify-diagnostics | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.vendor = 3 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @unknown
  // CHECK: inlay_nn.opaque "com.vendor::Op"(%x) {node_attrs = {k = 4 : i64}} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  // CHECK: inlay_nn.opaque "TopK"
  // expected-warning @below {{3 nodes stay opaque: they are placed and costed by the bytes they move only}}
  // expected-note @below {{2 x com.vendor::Op (opset 3): no rule knows it; e.g. node 'first'}}
  // expected-note @below {{1 x TopK (opset 21): is not over the last dim; e.g. node 'top'}}
  inlay_onnx.graph @unknown(%x: tensor<1x8xf32>, %t: tensor<1x4x2xf32>) -> (tensor<1x8xf32>, tensor<1x1x2xf32>) attributes {arg_names = ["x", "t"], result_names = ["y", "z"]} {
    %k = inlay_onnx.constant dense<1> : tensor<1xi64>
    %0 = inlay_onnx.node "com.vendor::Op"(%x) {attributes = {k = 4 : i64}} : (tensor<1x8xf32>) -> tensor<1x8xf32> loc("first")
    %1 = inlay_onnx.node "com.vendor::Op"(%0) : (tensor<1x8xf32>) -> tensor<1x8xf32> loc("second")
    %2:2 = inlay_onnx.node "TopK"(%t, %k) {attributes = {axis = 1 : i64}} : (tensor<1x4x2xf32>, tensor<1xi64>) -> (tensor<1x1x2xf32>, tensor<1x1x2xi64>) loc("top")
    inlay_onnx.return %1, %2#0 : tensor<1x8xf32>, tensor<1x1x2xf32>
  }
}

// -----

// A gamma that is broadcast: the node is not what the typed op means.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @misfit
  // CHECK-NOT: layer_norm
  // CHECK: inlay_nn.opaque "LayerNormalization"(%x
  // CHECK-NOT: layer_norm
  // expected-warning @below {{1 node stays opaque}}
  // expected-note @below {{1 x LayerNormalization (opset 21): 'inlay_nn.layer_norm' op gamma must have 8 elements, got 2; e.g. node 'norm'}}
  inlay_onnx.graph @misfit(%x: tensor<1x8xf32>, %gamma: tensor<2xf32>) -> tensor<1x8xf32> attributes {arg_names = ["x", "gamma"], result_names = ["y"]} {
    %0 = inlay_onnx.node "LayerNormalization"(%x, %gamma) : (tensor<1x8xf32>, tensor<2xf32>) -> tensor<1x8xf32> loc("norm")
    inlay_onnx.return %0 : tensor<1x8xf32>
  }
}

// -----

// Caches of one number are no caches.
module attributes {inlay_onnx.opsets = {ai.onnx = 23 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @scalar_caches
  // CHECK: inlay_nn.opaque "RotaryEmbedding"
  // expected-warning @below {{1 node stays opaque: it is placed and costed by the bytes it moves only}}
  // expected-note @below {{1 x RotaryEmbedding (opset 23): 'inlay_nn.rotary' op the caches need a row of angles, got scalars; e.g. node 'rotate'}}
  inlay_onnx.graph @scalar_caches(%x: tensor<1x2x4x8xf32>, %c: tensor<f32>) -> tensor<1x2x4x8xf32> attributes {arg_names = ["x", "c"], result_names = ["y"]} {
    %0 = inlay_onnx.node "RotaryEmbedding"(%x, %c, %c) : (tensor<1x2x4x8xf32>, tensor<f32>, tensor<f32>) -> tensor<1x2x4x8xf32> loc("rotate")
    inlay_onnx.return %0 : tensor<1x2x4x8xf32>
  }
}

// -----

// Nodes may claim outputs, and types of outputs, that their operator does not have.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @claims
  // CHECK: inlay_nn.opaque "Floor"(%x) : (tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>)
  // CHECK: inlay_nn.opaque "Identity"
  // expected-warning @below {{2 nodes stay opaque: they are placed and costed by the bytes they move only}}
  // expected-note @below {{1 x Floor (opset 21): has outputs that its operator does not know; e.g. node 'two'}}
  // expected-note @below {{1 x Identity (opset 21): has an output of a type that its operator does not give; e.g. node 'type'}}
  inlay_onnx.graph @claims(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf16>) attributes {arg_names = ["x"], result_names = ["a", "b"]} {
    %0:2 = inlay_onnx.node "Floor"(%x) : (tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) loc("two")
    %1 = inlay_onnx.node "Identity"(%x) : (tensor<1x8xf32>) -> tensor<1x8xf16> loc("type")
    inlay_onnx.return %0#1, %1 : tensor<1x8xf32>, tensor<1x8xf16>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @loses_state
  // CHECK-NOT: inlay_nn.attention
  // expected-warning @below {{2 nodes stay opaque: they are placed and costed by the bytes they move only}}
  // expected-note @below {{1 x LpNormalization (opset 21): normalises along an axis that its input does not have; e.g. node 'scalar'}}
  // expected-note @below {{1 x com.microsoft::GroupQueryAttention (opset 1): has a past, but does not return the state; e.g. node 'attn'}}
  inlay_onnx.graph @loses_state(%s: tensor<f32>, %q: tensor<1x1x32xf32>, %k: tensor<1x1x16xf32>, %pk: tensor<1x1x8x16xf32>, %pv: tensor<1x1x8x16xf32>, %n: tensor<1xi32>, %t: tensor<1xi32>) -> (tensor<f32>, tensor<1x1x32xf32>, tensor<1x1x9x16xf32>) attributes {arg_names = ["s", "q", "k", "pk", "pv", "n", "t"], result_names = ["a", "b", "c"]} {
    %0 = inlay_onnx.node "LpNormalization"(%s) : (tensor<f32>) -> tensor<f32> loc("scalar")
    %1:3 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%q, %k, %k, %pk, %pv, %n, %t) {attributes = {kv_num_heads = 1 : i64, num_heads = 2 : i64}} : (tensor<1x1x32xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x8x16xf32>, tensor<1x1x8x16xf32>, tensor<1xi32>, tensor<1xi32>) -> (tensor<1x1x32xf32>, tensor<1x1x9x16xf32>, tensor<1x1x9x16xf32>) loc("attn")
    inlay_onnx.return %0, %1#0, %1#1 : tensor<f32>, tensor<1x1x32xf32>, tensor<1x1x9x16xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @hides_keys
  // CHECK-NOT: inlay_nn.attention
  // expected-warning @below {{1 node stays opaque: it is placed and costed by the bytes it moves only}}
  // expected-note @below {{1 x com.microsoft::GroupQueryAttention (opset 1): has the constant 6 in seqlens_k, so that 7 tokens count, where the step has 9 (context 8, new 1): make seqlens_k an input, or ask for a step of that length; e.g. node 'attn'}}
  inlay_onnx.graph @hides_keys(%q: tensor<1x1x32xf32>, %k: tensor<1x1x16xf32>, %pk: tensor<1x1x8x16xf32>, %pv: tensor<1x1x8x16xf32>) -> (tensor<1x1x32xf32>, tensor<1x1x9x16xf32>, tensor<1x1x9x16xf32>) attributes {arg_names = ["q", "k", "pk", "pv"], inlay_onnx.context = 8 : i64, inlay_onnx.tokens = 1 : i64, result_names = ["a", "b", "c"]} {
    %n = inlay_onnx.constant dense<6> : tensor<1xi32>
    %t = inlay_onnx.constant dense<9> : tensor<1xi32>
    %1:3 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%q, %k, %k, %pk, %pv, %n, %t) {attributes = {kv_num_heads = 1 : i64, num_heads = 2 : i64}} : (tensor<1x1x32xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>, tensor<1x1x8x16xf32>, tensor<1x1x8x16xf32>, tensor<1xi32>, tensor<1xi32>) -> (tensor<1x1x32xf32>, tensor<1x1x9x16xf32>, tensor<1x1x9x16xf32>) loc("attn")
    inlay_onnx.return %1#0, %1#1, %1#2 : tensor<1x1x32xf32>, tensor<1x1x9x16xf32>, tensor<1x1x9x16xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @no_inputs
  // CHECK: inlay_nn.opaque "TopK"()
  // expected-warning @below {{1 node stays opaque: it is placed and costed by the bytes it moves only}}
  // expected-note @below {{1 x TopK (opset 21): has no input 0; e.g. node 'top'}}
  inlay_onnx.graph @no_inputs() -> tensor<3xi64> attributes {arg_names = [], result_names = ["y"]} {
    %0 = inlay_onnx.node "TopK"() : () -> tensor<3xi64> loc("top")
    inlay_onnx.return %0 : tensor<3xi64>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @values
  // CHECK-COUNT-4: inlay_nn.opaque
  // expected-warning @below {{4 nodes stay opaque: they are placed and costed by the bytes they move only}}
  // expected-note @below {{1 x IsInf (opset 21): looks for infinity among integers; e.g. node 'ints'}}
  // expected-note @below {{1 x Identity (opset 21): works on strings or complex numbers; e.g. node 'text'}}
  // expected-note @below {{1 x Expand (opset 21): 'inlay_nn.broadcast' op must keep the element type; e.g. node 'wide'}}
  // expected-note @below {{1 x com.microsoft::MatMulNBits (opset 1): has bits or block_size that no rule knows; e.g. node 'five'}}
  inlay_onnx.graph @values(%i: tensor<4xi64>, %s: tensor<4x!inlay_onnx.string>, %b: tensor<i1>, %x: tensor<1x32xf32>, %w: tensor<8x1x20xui8>, %c: tensor<8xf32>) -> (tensor<4xi1>, tensor<4x!inlay_onnx.string>, tensor<2xui8>, tensor<1x8xf32>) attributes {arg_names = ["i", "s", "b", "x", "w", "c"], result_names = ["a", "t", "e", "f"]} {
    %shape = inlay_onnx.constant dense<2> : tensor<1xi64>
    %0 = inlay_onnx.node "IsInf"(%i) : (tensor<4xi64>) -> tensor<4xi1> loc("ints")
    %1 = inlay_onnx.node "Identity"(%s) : (tensor<4x!inlay_onnx.string>) -> tensor<4x!inlay_onnx.string> loc("text")
    %2 = inlay_onnx.node "Expand"(%b, %shape) : (tensor<i1>, tensor<1xi64>) -> tensor<2xui8> loc("wide")
    %3 = inlay_onnx.node "com.microsoft::MatMulNBits"(%x, %w, %c) {attributes = {K = 32 : i64, N = 8 : i64, bits = 5 : i64, block_size = 32 : i64}} : (tensor<1x32xf32>, tensor<8x1x20xui8>, tensor<8xf32>) -> tensor<1x8xf32> loc("five")
    inlay_onnx.return %0, %1, %2, %3 : tensor<4xi1>, tensor<4x!inlay_onnx.string>, tensor<2xui8>, tensor<1x8xf32>
  }
}

// -----

// A fill is one number. A router's scatter looks at it too.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @two_fills
  // CHECK: inlay_nn.opaque "ConstantOfShape"
  // expected-warning @below {{2 nodes stay opaque: they are placed and costed by the bytes they move only}}
  // expected-note @below {{1 x ScatterElements (opset 21): no rule knows it; e.g. node 'scatter'}}
  // expected-note @below {{1 x ConstantOfShape (opset 21): fills with a value that is no number; e.g. node 'fill'}}
  inlay_onnx.graph @two_fills(%x: tensor<2x4xf32>) -> tensor<2x4xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    %k = inlay_onnx.constant dense<2> : tensor<1xi64>
    %shape = inlay_onnx.constant dense<[2, 4]> : tensor<2xi64>
    %top:2 = inlay_onnx.node "TopK"(%x, %k) : (tensor<2x4xf32>, tensor<1xi64>) -> (tensor<2x2xf32>, tensor<2x2xi64>) loc("top")
    %fill = inlay_onnx.node "ConstantOfShape"(%shape) {attributes = {value = dense<[0.0, 1.0]> : tensor<2xf32>}} : (tensor<2xi64>) -> tensor<2x4xf32> loc("fill")
    %y = inlay_onnx.node "ScatterElements"(%fill, %top#1, %top#0) {attributes = {axis = 1 : i64}} : (tensor<2x4xf32>, tensor<2x2xi64>, tensor<2x2xf32>) -> tensor<2x4xf32> loc("scatter")
    inlay_onnx.return %y : tensor<2x4xf32>
  }
}

// -----

// Roundings of activations to types, or with scales, that no typed form has.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @rounded
  // CHECK-COUNT-4: inlay_nn.opaque "QuantizeLinear"
  // expected-warning @below {{4 nodes stay opaque}}
  // expected-note @below {{1 x QuantizeLinear (opset 21): rounds to other than 8 or 16 bits; e.g. node 'narrow'}}
  // expected-note @below {{1 x QuantizeLinear (opset 21): rounds what is whole already; e.g. node 'whole'}}
  // expected-note @below {{1 x QuantizeLinear (opset 21): has a scale for each block; e.g. node 'blocks'}}
  // expected-note @below {{1 x QuantizeLinear (opset 21): has scales that are neither one nor along a dim of its input; e.g. node 'matrix'}}
  inlay_onnx.graph @rounded(%x: tensor<4x4xf32>, %i: tensor<4x4xi32>, %s: tensor<f32>, %b: tensor<4x2xf32>) -> (tensor<4x4xi4>, tensor<4x4xi8>, tensor<4x4xui8>, tensor<4x4xui8>) attributes {arg_names = ["x", "i", "s", "b"], result_names = ["narrow", "whole", "blocks", "matrix"]} {
    %none = inlay_onnx.none : none
    %0 = inlay_onnx.node "QuantizeLinear"(%x, %s) {attributes = {output_dtype = 22 : i64}} : (tensor<4x4xf32>, tensor<f32>) -> tensor<4x4xi4> loc("narrow")
    %1 = inlay_onnx.node "QuantizeLinear"(%i, %s) {attributes = {output_dtype = 3 : i64}} : (tensor<4x4xi32>, tensor<f32>) -> tensor<4x4xi8> loc("whole")
    %2 = inlay_onnx.node "QuantizeLinear"(%x, %b, %none) {attributes = {block_size = 2 : i64}} : (tensor<4x4xf32>, tensor<4x2xf32>, none) -> tensor<4x4xui8> loc("blocks")
    %3 = inlay_onnx.node "QuantizeLinear"(%x, %b) : (tensor<4x4xf32>, tensor<4x2xf32>) -> tensor<4x4xui8> loc("matrix")
    inlay_onnx.return %0, %1, %2, %3 : tensor<4x4xi4>, tensor<4x4xi8>, tensor<4x4xui8>, tensor<4x4xui8>
  }
}
