// Attention that is written out: copied heads, state by Concat, a mask that the graph computes; near misses keep their mask.
// RUN: inlay-opt %s --raise-to-nn --verify-nn -split-input-file | FileCheck %s
// RUN: inlay-opt %s --raise-to-nn -split-input-file --remarks-filter=.* -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: [Passed] ValidTokens | Category:raise | Remark="an input is taken for the mask of valid tokens", input=attention_mask

// The mask of causal attention, with what the runtime says of padding, goes away whole.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @causal
  // CHECK-NEXT: %[[Y:.*]], %[[K:.*]], %[[V:.*]] = inlay_nn.attention {{ *}}none %q, %k, %v past %pk, %pv {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64,
  // CHECK-SAME: scale = 2.500000e-01 : f64, value_dim = 16 : i64}
  // CHECK-NEXT: inlay_nn.return %[[Y]], %[[K]], %[[V]]
  inlay_onnx.graph @causal(%q: tensor<1x2x64xf32>, %k: tensor<1x2x32xf32>, %v: tensor<1x2x32xf32>, %pk: tensor<1x2x3x16xf32>, %pv: tensor<1x2x3x16xf32>, %attention_mask: tensor<1x5xi64>) -> (tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>) attributes {arg_names = ["q", "k", "v", "pk", "pv", "attention_mask"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 3 : i64, inlay_onnx.phase = "prefill", inlay_onnx.tokens = 2 : i64, result_names = ["y", "sk", "sv"]} {
    %scale = inlay_onnx.constant dense<4.0> : tensor<f32>
    %bshape = inlay_onnx.constant dense<[1, 2, 2, 5, 16]> : tensor<5xi64>
    %low = inlay_onnx.constant dense<-3.40282347E+38> : tensor<f32>
    %zero = inlay_onnx.constant dense<0.0> : tensor<f32>
    %one = inlay_onnx.constant dense<1.0> : tensor<f32>
    %i0 = inlay_onnx.constant dense<0> : tensor<i64>
    %i1 = inlay_onnx.constant dense<1> : tensor<i64>
    %i3 = inlay_onnx.constant dense<3> : tensor<i64>
    %i5 = inlay_onnx.constant dense<5> : tensor<i64>
    %q4 = inlay_onnx.node "Reshape"(%q, %bshape) : (tensor<1x2x64xf32>, tensor<5xi64>) -> tensor<1x2x4x16xf32>
    %qt = inlay_onnx.node "Transpose"(%q4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x4x16xf32>) -> tensor<1x4x2x16xf32>
    %k4 = inlay_onnx.node "Reshape"(%k, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %kt = inlay_onnx.node "Transpose"(%k4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %v4 = inlay_onnx.node "Reshape"(%v, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %vt = inlay_onnx.node "Transpose"(%v4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %sk = inlay_onnx.node "Concat"(%pk, %kt) {attributes = {axis = 2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %sv = inlay_onnx.node "Concat"(%pv, %vt) {attributes = {axis = -2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %ku = inlay_onnx.node "Unsqueeze"(%sk, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ke = inlay_onnx.node "Expand"(%ku, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %kr = inlay_onnx.node "Reshape"(%ke, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %vu = inlay_onnx.node "Unsqueeze"(%sv, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ve = inlay_onnx.node "Expand"(%vu, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %vr = inlay_onnx.node "Reshape"(%ve, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %kx = inlay_onnx.node "Transpose"(%kr) {attributes = {perm = array<i64: 0, 1, 3, 2>}} : (tensor<1x4x5x16xf32>) -> tensor<1x4x16x5xf32>
    %s0 = inlay_onnx.node "MatMul"(%qt, %kx) : (tensor<1x4x2x16xf32>, tensor<1x4x16x5xf32>) -> tensor<1x4x2x5xf32>
    %s1 = inlay_onnx.node "Div"(%s0, %scale) : (tensor<1x4x2x5xf32>, tensor<f32>) -> tensor<1x4x2x5xf32>
    %rows = inlay_onnx.node "Range"(%i3, %i5, %i1) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2xi64>
    %row = inlay_onnx.node "Unsqueeze"(%rows, %bshape) : (tensor<2xi64>, tensor<5xi64>) -> tensor<2x1xi64>
    %cols = inlay_onnx.node "Range"(%i0, %i5, %i1) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<5xi64>
    %c0 = inlay_onnx.node "LessOrEqual"(%cols, %row) : (tensor<5xi64>, tensor<2x1xi64>) -> tensor<2x5xi1>
    %mb = inlay_onnx.node "Cast"(%attention_mask) {attributes = {to = 9 : i64}} : (tensor<1x5xi64>) -> tensor<1x5xi1>
    %m4 = inlay_onnx.node "Unsqueeze"(%mb, %bshape) : (tensor<1x5xi1>, tensor<5xi64>) -> tensor<1x1x1x5xi1>
    %c1 = inlay_onnx.node "And"(%c0, %m4) : (tensor<2x5xi1>, tensor<1x1x1x5xi1>) -> tensor<1x1x2x5xi1>
    %bias = inlay_onnx.node "Where"(%c1, %zero, %low) : (tensor<1x1x2x5xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x2x5xf32>
    %s2 = inlay_onnx.node "Add"(%s1, %bias) : (tensor<1x4x2x5xf32>, tensor<1x1x2x5xf32>) -> tensor<1x4x2x5xf32>
    %p = inlay_onnx.node "Softmax"(%s2) {attributes = {axis = -1 : i64}} : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %o = inlay_onnx.node "MatMul"(%p, %vr) : (tensor<1x4x2x5xf32>, tensor<1x4x5x16xf32>) -> tensor<1x4x2x16xf32>
    %ot = inlay_onnx.node "Transpose"(%o) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x4x2x16xf32>) -> tensor<1x2x4x16xf32>
    %y = inlay_onnx.node "Reshape"(%ot, %bshape) : (tensor<1x2x4x16xf32>, tensor<5xi64>) -> tensor<1x2x64xf32>
    inlay_onnx.return %y, %sk, %sv : tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>
  }
}

// -----

// A window of two tokens.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @window
  // CHECK-NEXT: inlay_nn.attention {{ *}}none %q, %k, %v past %pk, %pv {head_dim
  // CHECK-SAME: window = 2 : i64
  inlay_onnx.graph @window(%q: tensor<1x2x64xf32>, %k: tensor<1x2x32xf32>, %v: tensor<1x2x32xf32>, %pk: tensor<1x2x3x16xf32>, %pv: tensor<1x2x3x16xf32>, %attention_mask: tensor<1x5xi64>) -> (tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>) attributes {arg_names = ["q", "k", "v", "pk", "pv", "attention_mask"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 3 : i64, inlay_onnx.phase = "prefill", inlay_onnx.tokens = 2 : i64, result_names = ["y", "sk", "sv"]} {
    %scale = inlay_onnx.constant dense<4.0> : tensor<f32>
    %bshape = inlay_onnx.constant dense<[1, 2, 2, 5, 16]> : tensor<5xi64>
    %low = inlay_onnx.constant dense<-3.40282347E+38> : tensor<f32>
    %zero = inlay_onnx.constant dense<0.0> : tensor<f32>
    %one = inlay_onnx.constant dense<1.0> : tensor<f32>
    %i0 = inlay_onnx.constant dense<0> : tensor<i64>
    %i1 = inlay_onnx.constant dense<1> : tensor<i64>
    %i3 = inlay_onnx.constant dense<3> : tensor<i64>
    %i5 = inlay_onnx.constant dense<5> : tensor<i64>
    %q4 = inlay_onnx.node "Reshape"(%q, %bshape) : (tensor<1x2x64xf32>, tensor<5xi64>) -> tensor<1x2x4x16xf32>
    %qt = inlay_onnx.node "Transpose"(%q4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x4x16xf32>) -> tensor<1x4x2x16xf32>
    %k4 = inlay_onnx.node "Reshape"(%k, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %kt = inlay_onnx.node "Transpose"(%k4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %v4 = inlay_onnx.node "Reshape"(%v, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %vt = inlay_onnx.node "Transpose"(%v4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %sk = inlay_onnx.node "Concat"(%pk, %kt) {attributes = {axis = 2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %sv = inlay_onnx.node "Concat"(%pv, %vt) {attributes = {axis = -2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %ku = inlay_onnx.node "Unsqueeze"(%sk, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ke = inlay_onnx.node "Expand"(%ku, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %kr = inlay_onnx.node "Reshape"(%ke, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %vu = inlay_onnx.node "Unsqueeze"(%sv, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ve = inlay_onnx.node "Expand"(%vu, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %vr = inlay_onnx.node "Reshape"(%ve, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %kx = inlay_onnx.node "Transpose"(%kr) {attributes = {perm = array<i64: 0, 1, 3, 2>}} : (tensor<1x4x5x16xf32>) -> tensor<1x4x16x5xf32>
    %s0 = inlay_onnx.node "MatMul"(%qt, %kx) : (tensor<1x4x2x16xf32>, tensor<1x4x16x5xf32>) -> tensor<1x4x2x5xf32>
    %s1 = inlay_onnx.node "Div"(%s0, %scale) : (tensor<1x4x2x5xf32>, tensor<f32>) -> tensor<1x4x2x5xf32>
    %rows = inlay_onnx.node "Range"(%i3, %i5, %i1) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2xi64>
    %row = inlay_onnx.node "Unsqueeze"(%rows, %bshape) : (tensor<2xi64>, tensor<5xi64>) -> tensor<2x1xi64>
    %cols = inlay_onnx.node "Range"(%i0, %i5, %i1) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<5xi64>
    %c0 = inlay_onnx.node "LessOrEqual"(%cols, %row) : (tensor<5xi64>, tensor<2x1xi64>) -> tensor<2x5xi1>
    %mb = inlay_onnx.node "Cast"(%attention_mask) {attributes = {to = 9 : i64}} : (tensor<1x5xi64>) -> tensor<1x5xi1>
    %m4 = inlay_onnx.node "Unsqueeze"(%mb, %bshape) : (tensor<1x5xi1>, tensor<5xi64>) -> tensor<1x1x1x5xi1>
    %c1 = inlay_onnx.node "And"(%c0, %m4) : (tensor<2x5xi1>, tensor<1x1x1x5xi1>) -> tensor<1x1x2x5xi1>
    %w0 = inlay_onnx.node "Sub"(%row, %cols) : (tensor<2x1xi64>, tensor<5xi64>) -> tensor<2x5xi64>
    %two = inlay_onnx.constant dense<2> : tensor<i64>
    %w1 = inlay_onnx.node "Less"(%w0, %two) : (tensor<2x5xi64>, tensor<i64>) -> tensor<2x5xi1>
    %w2 = inlay_onnx.node "And"(%c1, %w1) : (tensor<1x1x2x5xi1>, tensor<2x5xi1>) -> tensor<1x1x2x5xi1>
    %bias = inlay_onnx.node "Where"(%w2, %zero, %low) : (tensor<1x1x2x5xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x2x5xf32>
    %s2 = inlay_onnx.node "Add"(%s1, %bias) : (tensor<1x4x2x5xf32>, tensor<1x1x2x5xf32>) -> tensor<1x4x2x5xf32>
    %p = inlay_onnx.node "Softmax"(%s2) {attributes = {axis = -1 : i64}} : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %o = inlay_onnx.node "MatMul"(%p, %vr) : (tensor<1x4x2x5xf32>, tensor<1x4x5x16xf32>) -> tensor<1x4x2x16xf32>
    %ot = inlay_onnx.node "Transpose"(%o) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x4x2x16xf32>) -> tensor<1x2x4x16xf32>
    %y = inlay_onnx.node "Reshape"(%ot, %bshape) : (tensor<1x2x4x16xf32>, tensor<5xi64>) -> tensor<1x2x64xf32>
    inlay_onnx.return %y, %sk, %sv : tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>
  }
}

// -----

// A mask by Where on the scores, softcap before it, the guard against rows without keys behind it.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @softcap
  // CHECK-NEXT: inlay_nn.attention {{ *}}none %q, %k, %v past %pk, %pv {head_dim
  // CHECK-SAME: softcap = 3.0
  inlay_onnx.graph @softcap(%q: tensor<1x2x64xf32>, %k: tensor<1x2x32xf32>, %v: tensor<1x2x32xf32>, %pk: tensor<1x2x3x16xf32>, %pv: tensor<1x2x3x16xf32>) -> (tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>) attributes {arg_names = ["q", "k", "v", "pk", "pv"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 3 : i64, inlay_onnx.phase = "prefill", inlay_onnx.tokens = 2 : i64, result_names = ["y", "sk", "sv"]} {
    %scale = inlay_onnx.constant dense<4.0> : tensor<f32>
    %bshape = inlay_onnx.constant dense<[1, 2, 2, 5, 16]> : tensor<5xi64>
    %low = inlay_onnx.constant dense<-3.40282347E+38> : tensor<f32>
    %zero = inlay_onnx.constant dense<0.0> : tensor<f32>
    %one = inlay_onnx.constant dense<1.0> : tensor<f32>
    %i0 = inlay_onnx.constant dense<0> : tensor<i64>
    %i1 = inlay_onnx.constant dense<1> : tensor<i64>
    %i3 = inlay_onnx.constant dense<3> : tensor<i64>
    %i5 = inlay_onnx.constant dense<5> : tensor<i64>
    %q4 = inlay_onnx.node "Reshape"(%q, %bshape) : (tensor<1x2x64xf32>, tensor<5xi64>) -> tensor<1x2x4x16xf32>
    %qt = inlay_onnx.node "Transpose"(%q4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x4x16xf32>) -> tensor<1x4x2x16xf32>
    %k4 = inlay_onnx.node "Reshape"(%k, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %kt = inlay_onnx.node "Transpose"(%k4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %v4 = inlay_onnx.node "Reshape"(%v, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %vt = inlay_onnx.node "Transpose"(%v4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %sk = inlay_onnx.node "Concat"(%pk, %kt) {attributes = {axis = 2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %sv = inlay_onnx.node "Concat"(%pv, %vt) {attributes = {axis = -2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %ku = inlay_onnx.node "Unsqueeze"(%sk, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ke = inlay_onnx.node "Expand"(%ku, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %kr = inlay_onnx.node "Reshape"(%ke, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %vu = inlay_onnx.node "Unsqueeze"(%sv, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ve = inlay_onnx.node "Expand"(%vu, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %vr = inlay_onnx.node "Reshape"(%ve, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %kx = inlay_onnx.node "Transpose"(%kr) {attributes = {perm = array<i64: 0, 1, 3, 2>}} : (tensor<1x4x5x16xf32>) -> tensor<1x4x16x5xf32>
    %s0 = inlay_onnx.node "MatMul"(%qt, %kx) : (tensor<1x4x2x16xf32>, tensor<1x4x16x5xf32>) -> tensor<1x4x2x5xf32>
    %s1 = inlay_onnx.node "Div"(%s0, %scale) : (tensor<1x4x2x5xf32>, tensor<f32>) -> tensor<1x4x2x5xf32>
    %rows = inlay_onnx.node "Range"(%i3, %i5, %i1) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2xi64>
    %row = inlay_onnx.node "Unsqueeze"(%rows, %bshape) : (tensor<2xi64>, tensor<5xi64>) -> tensor<2x1xi64>
    %cols = inlay_onnx.node "Range"(%i0, %i5, %i1) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<5xi64>
    %c0 = inlay_onnx.node "Greater"(%cols, %row) : (tensor<5xi64>, tensor<2x1xi64>) -> tensor<2x5xi1>
    %cap = inlay_onnx.constant dense<30.0> : tensor<f32>
    %t0 = inlay_onnx.node "Div"(%s1, %cap) : (tensor<1x4x2x5xf32>, tensor<f32>) -> tensor<1x4x2x5xf32>
    %t1 = inlay_onnx.node "Tanh"(%t0) : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %t2 = inlay_onnx.node "Mul"(%cap, %t1) : (tensor<f32>, tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %s2 = inlay_onnx.node "Where"(%c0, %low, %t2) : (tensor<2x5xi1>, tensor<f32>, tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %p = inlay_onnx.node "Softmax"(%s2) {attributes = {axis = -1 : i64}} : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %o = inlay_onnx.node "MatMul"(%p, %vr) : (tensor<1x4x2x5xf32>, tensor<1x4x5x16xf32>) -> tensor<1x4x2x16xf32>
    %ot = inlay_onnx.node "Transpose"(%o) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x4x2x16xf32>) -> tensor<1x2x4x16xf32>
    %y = inlay_onnx.node "Reshape"(%ot, %bshape) : (tensor<1x2x4x16xf32>, tensor<5xi64>) -> tensor<1x2x64xf32>
    inlay_onnx.return %y, %sk, %sv : tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>
  }
}

// -----

// No mask at all: every query sees every key.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @full
  // CHECK-NEXT: inlay_nn.attention {{ *}}none %q, %k, %v past %pk, %pv {causal = false
  inlay_onnx.graph @full(%q: tensor<1x2x64xf32>, %k: tensor<1x2x32xf32>, %v: tensor<1x2x32xf32>, %pk: tensor<1x2x3x16xf32>, %pv: tensor<1x2x3x16xf32>) -> (tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>) attributes {arg_names = ["q", "k", "v", "pk", "pv"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 3 : i64, inlay_onnx.phase = "prefill", inlay_onnx.tokens = 2 : i64, result_names = ["y", "sk", "sv"]} {
    %scale = inlay_onnx.constant dense<4.0> : tensor<f32>
    %bshape = inlay_onnx.constant dense<[1, 2, 2, 5, 16]> : tensor<5xi64>
    %low = inlay_onnx.constant dense<-3.40282347E+38> : tensor<f32>
    %zero = inlay_onnx.constant dense<0.0> : tensor<f32>
    %one = inlay_onnx.constant dense<1.0> : tensor<f32>
    %i0 = inlay_onnx.constant dense<0> : tensor<i64>
    %i1 = inlay_onnx.constant dense<1> : tensor<i64>
    %i3 = inlay_onnx.constant dense<3> : tensor<i64>
    %i5 = inlay_onnx.constant dense<5> : tensor<i64>
    %q4 = inlay_onnx.node "Reshape"(%q, %bshape) : (tensor<1x2x64xf32>, tensor<5xi64>) -> tensor<1x2x4x16xf32>
    %qt = inlay_onnx.node "Transpose"(%q4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x4x16xf32>) -> tensor<1x4x2x16xf32>
    %k4 = inlay_onnx.node "Reshape"(%k, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %kt = inlay_onnx.node "Transpose"(%k4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %v4 = inlay_onnx.node "Reshape"(%v, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %vt = inlay_onnx.node "Transpose"(%v4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %sk = inlay_onnx.node "Concat"(%pk, %kt) {attributes = {axis = 2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %sv = inlay_onnx.node "Concat"(%pv, %vt) {attributes = {axis = -2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %ku = inlay_onnx.node "Unsqueeze"(%sk, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ke = inlay_onnx.node "Expand"(%ku, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %kr = inlay_onnx.node "Reshape"(%ke, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %vu = inlay_onnx.node "Unsqueeze"(%sv, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ve = inlay_onnx.node "Expand"(%vu, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %vr = inlay_onnx.node "Reshape"(%ve, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %kx = inlay_onnx.node "Transpose"(%kr) {attributes = {perm = array<i64: 0, 1, 3, 2>}} : (tensor<1x4x5x16xf32>) -> tensor<1x4x16x5xf32>
    %s0 = inlay_onnx.node "MatMul"(%qt, %kx) : (tensor<1x4x2x16xf32>, tensor<1x4x16x5xf32>) -> tensor<1x4x2x5xf32>
    %s1 = inlay_onnx.node "Div"(%s0, %scale) : (tensor<1x4x2x5xf32>, tensor<f32>) -> tensor<1x4x2x5xf32>
    %s2 = inlay_onnx.node "Identity"(%s1) : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %p = inlay_onnx.node "Softmax"(%s2) {attributes = {axis = -1 : i64}} : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %o = inlay_onnx.node "MatMul"(%p, %vr) : (tensor<1x4x2x5xf32>, tensor<1x4x5x16xf32>) -> tensor<1x4x2x16xf32>
    %ot = inlay_onnx.node "Transpose"(%o) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x4x2x16xf32>) -> tensor<1x2x4x16xf32>
    %y = inlay_onnx.node "Reshape"(%ot, %bshape) : (tensor<1x2x4x16xf32>, tensor<5xi64>) -> tensor<1x2x64xf32>
    inlay_onnx.return %y, %sk, %sv : tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>
  }
}

// -----

// Near miss: a query does not see itself. The mask stays, computed as the file has it.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @strict
  // CHECK: %[[B:.*]] = inlay_nn.where
  // CHECK: inlay_nn.attention {{ *}}none %q, %k, %v past %pk, %pv bias %{{.*}} {causal = false
  inlay_onnx.graph @strict(%q: tensor<1x2x64xf32>, %k: tensor<1x2x32xf32>, %v: tensor<1x2x32xf32>, %pk: tensor<1x2x3x16xf32>, %pv: tensor<1x2x3x16xf32>, %attention_mask: tensor<1x5xi64>) -> (tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>) attributes {arg_names = ["q", "k", "v", "pk", "pv", "attention_mask"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 3 : i64, inlay_onnx.phase = "prefill", inlay_onnx.tokens = 2 : i64, result_names = ["y", "sk", "sv"]} {
    %scale = inlay_onnx.constant dense<4.0> : tensor<f32>
    %bshape = inlay_onnx.constant dense<[1, 2, 2, 5, 16]> : tensor<5xi64>
    %low = inlay_onnx.constant dense<-3.40282347E+38> : tensor<f32>
    %zero = inlay_onnx.constant dense<0.0> : tensor<f32>
    %one = inlay_onnx.constant dense<1.0> : tensor<f32>
    %i0 = inlay_onnx.constant dense<0> : tensor<i64>
    %i1 = inlay_onnx.constant dense<1> : tensor<i64>
    %i3 = inlay_onnx.constant dense<3> : tensor<i64>
    %i5 = inlay_onnx.constant dense<5> : tensor<i64>
    %q4 = inlay_onnx.node "Reshape"(%q, %bshape) : (tensor<1x2x64xf32>, tensor<5xi64>) -> tensor<1x2x4x16xf32>
    %qt = inlay_onnx.node "Transpose"(%q4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x4x16xf32>) -> tensor<1x4x2x16xf32>
    %k4 = inlay_onnx.node "Reshape"(%k, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %kt = inlay_onnx.node "Transpose"(%k4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %v4 = inlay_onnx.node "Reshape"(%v, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %vt = inlay_onnx.node "Transpose"(%v4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %sk = inlay_onnx.node "Concat"(%pk, %kt) {attributes = {axis = 2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %sv = inlay_onnx.node "Concat"(%pv, %vt) {attributes = {axis = -2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %ku = inlay_onnx.node "Unsqueeze"(%sk, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ke = inlay_onnx.node "Expand"(%ku, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %kr = inlay_onnx.node "Reshape"(%ke, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %vu = inlay_onnx.node "Unsqueeze"(%sv, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ve = inlay_onnx.node "Expand"(%vu, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %vr = inlay_onnx.node "Reshape"(%ve, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %kx = inlay_onnx.node "Transpose"(%kr) {attributes = {perm = array<i64: 0, 1, 3, 2>}} : (tensor<1x4x5x16xf32>) -> tensor<1x4x16x5xf32>
    %s0 = inlay_onnx.node "MatMul"(%qt, %kx) : (tensor<1x4x2x16xf32>, tensor<1x4x16x5xf32>) -> tensor<1x4x2x5xf32>
    %s1 = inlay_onnx.node "Div"(%s0, %scale) : (tensor<1x4x2x5xf32>, tensor<f32>) -> tensor<1x4x2x5xf32>
    %rows = inlay_onnx.node "Range"(%i3, %i5, %i1) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2xi64>
    %row = inlay_onnx.node "Unsqueeze"(%rows, %bshape) : (tensor<2xi64>, tensor<5xi64>) -> tensor<2x1xi64>
    %cols = inlay_onnx.node "Range"(%i0, %i5, %i1) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<5xi64>
    %c0 = inlay_onnx.node "Less"(%cols, %row) : (tensor<5xi64>, tensor<2x1xi64>) -> tensor<2x5xi1>
    %mb = inlay_onnx.node "Cast"(%attention_mask) {attributes = {to = 9 : i64}} : (tensor<1x5xi64>) -> tensor<1x5xi1>
    %m4 = inlay_onnx.node "Unsqueeze"(%mb, %bshape) : (tensor<1x5xi1>, tensor<5xi64>) -> tensor<1x1x1x5xi1>
    %c1 = inlay_onnx.node "And"(%c0, %m4) : (tensor<2x5xi1>, tensor<1x1x1x5xi1>) -> tensor<1x1x2x5xi1>
    %bias = inlay_onnx.node "Where"(%c1, %zero, %low) : (tensor<1x1x2x5xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x2x5xf32>
    %s2 = inlay_onnx.node "Add"(%s1, %bias) : (tensor<1x4x2x5xf32>, tensor<1x1x2x5xf32>) -> tensor<1x4x2x5xf32>
    %p = inlay_onnx.node "Softmax"(%s2) {attributes = {axis = -1 : i64}} : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %o = inlay_onnx.node "MatMul"(%p, %vr) : (tensor<1x4x2x5xf32>, tensor<1x4x5x16xf32>) -> tensor<1x4x2x16xf32>
    %ot = inlay_onnx.node "Transpose"(%o) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x4x2x16xf32>) -> tensor<1x2x4x16xf32>
    %y = inlay_onnx.node "Reshape"(%ot, %bshape) : (tensor<1x2x4x16xf32>, tensor<5xi64>) -> tensor<1x2x64xf32>
    inlay_onnx.return %y, %sk, %sv : tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>
  }
}

// -----

// Near miss: a mask that an argument gives may be anything.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @given
  // CHECK-NEXT: inlay_nn.attention {{ *}}none %q, %k, %v past %pk, %pv bias %bias {causal = false
  inlay_onnx.graph @given(%q: tensor<1x2x64xf32>, %k: tensor<1x2x32xf32>, %v: tensor<1x2x32xf32>, %pk: tensor<1x2x3x16xf32>, %pv: tensor<1x2x3x16xf32>, %bias: tensor<1x1x2x5xf32>) -> (tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>) attributes {arg_names = ["q", "k", "v", "pk", "pv", "bias"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 3 : i64, inlay_onnx.phase = "prefill", inlay_onnx.tokens = 2 : i64, result_names = ["y", "sk", "sv"]} {
    %scale = inlay_onnx.constant dense<4.0> : tensor<f32>
    %bshape = inlay_onnx.constant dense<[1, 2, 2, 5, 16]> : tensor<5xi64>
    %low = inlay_onnx.constant dense<-3.40282347E+38> : tensor<f32>
    %zero = inlay_onnx.constant dense<0.0> : tensor<f32>
    %one = inlay_onnx.constant dense<1.0> : tensor<f32>
    %i0 = inlay_onnx.constant dense<0> : tensor<i64>
    %i1 = inlay_onnx.constant dense<1> : tensor<i64>
    %i3 = inlay_onnx.constant dense<3> : tensor<i64>
    %i5 = inlay_onnx.constant dense<5> : tensor<i64>
    %q4 = inlay_onnx.node "Reshape"(%q, %bshape) : (tensor<1x2x64xf32>, tensor<5xi64>) -> tensor<1x2x4x16xf32>
    %qt = inlay_onnx.node "Transpose"(%q4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x4x16xf32>) -> tensor<1x4x2x16xf32>
    %k4 = inlay_onnx.node "Reshape"(%k, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %kt = inlay_onnx.node "Transpose"(%k4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %v4 = inlay_onnx.node "Reshape"(%v, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %vt = inlay_onnx.node "Transpose"(%v4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %sk = inlay_onnx.node "Concat"(%pk, %kt) {attributes = {axis = 2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %sv = inlay_onnx.node "Concat"(%pv, %vt) {attributes = {axis = -2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %ku = inlay_onnx.node "Unsqueeze"(%sk, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ke = inlay_onnx.node "Expand"(%ku, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %kr = inlay_onnx.node "Reshape"(%ke, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %vu = inlay_onnx.node "Unsqueeze"(%sv, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ve = inlay_onnx.node "Expand"(%vu, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %vr = inlay_onnx.node "Reshape"(%ve, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %kx = inlay_onnx.node "Transpose"(%kr) {attributes = {perm = array<i64: 0, 1, 3, 2>}} : (tensor<1x4x5x16xf32>) -> tensor<1x4x16x5xf32>
    %s0 = inlay_onnx.node "MatMul"(%qt, %kx) : (tensor<1x4x2x16xf32>, tensor<1x4x16x5xf32>) -> tensor<1x4x2x5xf32>
    %s1 = inlay_onnx.node "Div"(%s0, %scale) : (tensor<1x4x2x5xf32>, tensor<f32>) -> tensor<1x4x2x5xf32>
    %s2 = inlay_onnx.node "Add"(%bias, %s1) : (tensor<1x1x2x5xf32>, tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %p = inlay_onnx.node "Softmax"(%s2) {attributes = {axis = -1 : i64}} : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %o = inlay_onnx.node "MatMul"(%p, %vr) : (tensor<1x4x2x5xf32>, tensor<1x4x5x16xf32>) -> tensor<1x4x2x16xf32>
    %ot = inlay_onnx.node "Transpose"(%o) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x4x2x16xf32>) -> tensor<1x2x4x16xf32>
    %y = inlay_onnx.node "Reshape"(%ot, %bshape) : (tensor<1x2x4x16xf32>, tensor<5xi64>) -> tensor<1x2x64xf32>
    inlay_onnx.return %y, %sk, %sv : tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>
  }
}

// -----

// Near miss: inverted, the mask hides the valid tokens.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @inverted
  // CHECK: inlay_nn.attention {{ *}}none %q, %k, %v past %pk, %pv bias %{{.*}} {causal = false
  inlay_onnx.graph @inverted(%q: tensor<1x2x64xf32>, %k: tensor<1x2x32xf32>, %v: tensor<1x2x32xf32>, %pk: tensor<1x2x3x16xf32>, %pv: tensor<1x2x3x16xf32>, %attention_mask: tensor<1x5xi64>) -> (tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>) attributes {arg_names = ["q", "k", "v", "pk", "pv", "attention_mask"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 3 : i64, inlay_onnx.phase = "prefill", inlay_onnx.tokens = 2 : i64, result_names = ["y", "sk", "sv"]} {
    %scale = inlay_onnx.constant dense<4.0> : tensor<f32>
    %bshape = inlay_onnx.constant dense<[1, 2, 2, 5, 16]> : tensor<5xi64>
    %low = inlay_onnx.constant dense<-3.40282347E+38> : tensor<f32>
    %zero = inlay_onnx.constant dense<0.0> : tensor<f32>
    %one = inlay_onnx.constant dense<1.0> : tensor<f32>
    %i0 = inlay_onnx.constant dense<0> : tensor<i64>
    %i1 = inlay_onnx.constant dense<1> : tensor<i64>
    %i3 = inlay_onnx.constant dense<3> : tensor<i64>
    %i5 = inlay_onnx.constant dense<5> : tensor<i64>
    %q4 = inlay_onnx.node "Reshape"(%q, %bshape) : (tensor<1x2x64xf32>, tensor<5xi64>) -> tensor<1x2x4x16xf32>
    %qt = inlay_onnx.node "Transpose"(%q4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x4x16xf32>) -> tensor<1x4x2x16xf32>
    %k4 = inlay_onnx.node "Reshape"(%k, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %kt = inlay_onnx.node "Transpose"(%k4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %v4 = inlay_onnx.node "Reshape"(%v, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %vt = inlay_onnx.node "Transpose"(%v4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %sk = inlay_onnx.node "Concat"(%pk, %kt) {attributes = {axis = 2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %sv = inlay_onnx.node "Concat"(%pv, %vt) {attributes = {axis = -2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %ku = inlay_onnx.node "Unsqueeze"(%sk, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ke = inlay_onnx.node "Expand"(%ku, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %kr = inlay_onnx.node "Reshape"(%ke, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %vu = inlay_onnx.node "Unsqueeze"(%sv, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ve = inlay_onnx.node "Expand"(%vu, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %vr = inlay_onnx.node "Reshape"(%ve, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %kx = inlay_onnx.node "Transpose"(%kr) {attributes = {perm = array<i64: 0, 1, 3, 2>}} : (tensor<1x4x5x16xf32>) -> tensor<1x4x16x5xf32>
    %s0 = inlay_onnx.node "MatMul"(%qt, %kx) : (tensor<1x4x2x16xf32>, tensor<1x4x16x5xf32>) -> tensor<1x4x2x5xf32>
    %s1 = inlay_onnx.node "Div"(%s0, %scale) : (tensor<1x4x2x5xf32>, tensor<f32>) -> tensor<1x4x2x5xf32>
    %rows = inlay_onnx.node "Range"(%i3, %i5, %i1) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2xi64>
    %row = inlay_onnx.node "Unsqueeze"(%rows, %bshape) : (tensor<2xi64>, tensor<5xi64>) -> tensor<2x1xi64>
    %cols = inlay_onnx.node "Range"(%i0, %i5, %i1) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<5xi64>
    %c0 = inlay_onnx.node "LessOrEqual"(%cols, %row) : (tensor<5xi64>, tensor<2x1xi64>) -> tensor<2x5xi1>
    %mb = inlay_onnx.node "Cast"(%attention_mask) {attributes = {to = 9 : i64}} : (tensor<1x5xi64>) -> tensor<1x5xi1>
    %m4 = inlay_onnx.node "Unsqueeze"(%mb, %bshape) : (tensor<1x5xi1>, tensor<5xi64>) -> tensor<1x1x1x5xi1>
    %c1 = inlay_onnx.node "And"(%c0, %m4) : (tensor<2x5xi1>, tensor<1x1x1x5xi1>) -> tensor<1x1x2x5xi1>
    %bias = inlay_onnx.node "Where"(%c1, %low, %zero) : (tensor<1x1x2x5xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x2x5xf32>
    %s2 = inlay_onnx.node "Add"(%s1, %bias) : (tensor<1x4x2x5xf32>, tensor<1x1x2x5xf32>) -> tensor<1x4x2x5xf32>
    %p = inlay_onnx.node "Softmax"(%s2) {attributes = {axis = -1 : i64}} : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %o = inlay_onnx.node "MatMul"(%p, %vr) : (tensor<1x4x2x5xf32>, tensor<1x4x5x16xf32>) -> tensor<1x4x2x16xf32>
    %ot = inlay_onnx.node "Transpose"(%o) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x4x2x16xf32>) -> tensor<1x2x4x16xf32>
    %y = inlay_onnx.node "Reshape"(%ot, %bshape) : (tensor<1x2x4x16xf32>, tensor<5xi64>) -> tensor<1x2x64xf32>
    inlay_onnx.return %y, %sk, %sv : tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>
  }
}

// -----

// Near miss: a scale for each key is no scale of the scores.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @scaled
  // CHECK-NOT: inlay_nn.attention
  // CHECK: inlay_nn.softmax
  inlay_onnx.graph @scaled(%q: tensor<1x2x64xf32>, %k: tensor<1x2x32xf32>, %v: tensor<1x2x32xf32>, %pk: tensor<1x2x3x16xf32>, %pv: tensor<1x2x3x16xf32>, %each: tensor<5xf32>) -> (tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>) attributes {arg_names = ["q", "k", "v", "pk", "pv", "each"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 3 : i64, inlay_onnx.phase = "prefill", inlay_onnx.tokens = 2 : i64, result_names = ["y", "sk", "sv"]} {
    %scale = inlay_onnx.constant dense<4.0> : tensor<f32>
    %bshape = inlay_onnx.constant dense<[1, 2, 2, 5, 16]> : tensor<5xi64>
    %low = inlay_onnx.constant dense<-3.40282347E+38> : tensor<f32>
    %zero = inlay_onnx.constant dense<0.0> : tensor<f32>
    %one = inlay_onnx.constant dense<1.0> : tensor<f32>
    %i0 = inlay_onnx.constant dense<0> : tensor<i64>
    %i1 = inlay_onnx.constant dense<1> : tensor<i64>
    %i3 = inlay_onnx.constant dense<3> : tensor<i64>
    %i5 = inlay_onnx.constant dense<5> : tensor<i64>
    %q4 = inlay_onnx.node "Reshape"(%q, %bshape) : (tensor<1x2x64xf32>, tensor<5xi64>) -> tensor<1x2x4x16xf32>
    %qt = inlay_onnx.node "Transpose"(%q4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x4x16xf32>) -> tensor<1x4x2x16xf32>
    %k4 = inlay_onnx.node "Reshape"(%k, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %kt = inlay_onnx.node "Transpose"(%k4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %v4 = inlay_onnx.node "Reshape"(%v, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %vt = inlay_onnx.node "Transpose"(%v4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %sk = inlay_onnx.node "Concat"(%pk, %kt) {attributes = {axis = 2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %sv = inlay_onnx.node "Concat"(%pv, %vt) {attributes = {axis = -2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %ku = inlay_onnx.node "Unsqueeze"(%sk, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ke = inlay_onnx.node "Expand"(%ku, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %kr = inlay_onnx.node "Reshape"(%ke, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %vu = inlay_onnx.node "Unsqueeze"(%sv, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ve = inlay_onnx.node "Expand"(%vu, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %vr = inlay_onnx.node "Reshape"(%ve, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %kx = inlay_onnx.node "Transpose"(%kr) {attributes = {perm = array<i64: 0, 1, 3, 2>}} : (tensor<1x4x5x16xf32>) -> tensor<1x4x16x5xf32>
    %s0 = inlay_onnx.node "MatMul"(%qt, %kx) : (tensor<1x4x2x16xf32>, tensor<1x4x16x5xf32>) -> tensor<1x4x2x5xf32>
    %s1 = inlay_onnx.node "Div"(%s0, %each) : (tensor<1x4x2x5xf32>, tensor<5xf32>) -> tensor<1x4x2x5xf32>
    %s2 = inlay_onnx.node "Identity"(%s1) : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %p = inlay_onnx.node "Softmax"(%s2) {attributes = {axis = -1 : i64}} : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %o = inlay_onnx.node "MatMul"(%p, %vr) : (tensor<1x4x2x5xf32>, tensor<1x4x5x16xf32>) -> tensor<1x4x2x16xf32>
    %ot = inlay_onnx.node "Transpose"(%o) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x4x2x16xf32>) -> tensor<1x2x4x16xf32>
    %y = inlay_onnx.node "Reshape"(%ot, %bshape) : (tensor<1x2x4x16xf32>, tensor<5xi64>) -> tensor<1x2x64xf32>
    inlay_onnx.return %y, %sk, %sv : tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>
  }
}

// -----

// Near miss: softmax over the queries.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @queries
  // CHECK-NOT: inlay_nn.attention
  // CHECK: inlay_nn.softmax
  inlay_onnx.graph @queries(%q: tensor<1x2x64xf32>, %k: tensor<1x2x32xf32>, %v: tensor<1x2x32xf32>, %pk: tensor<1x2x3x16xf32>, %pv: tensor<1x2x3x16xf32>) -> (tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>) attributes {arg_names = ["q", "k", "v", "pk", "pv"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 3 : i64, inlay_onnx.phase = "prefill", inlay_onnx.tokens = 2 : i64, result_names = ["y", "sk", "sv"]} {
    %scale = inlay_onnx.constant dense<4.0> : tensor<f32>
    %bshape = inlay_onnx.constant dense<[1, 2, 2, 5, 16]> : tensor<5xi64>
    %low = inlay_onnx.constant dense<-3.40282347E+38> : tensor<f32>
    %zero = inlay_onnx.constant dense<0.0> : tensor<f32>
    %one = inlay_onnx.constant dense<1.0> : tensor<f32>
    %i0 = inlay_onnx.constant dense<0> : tensor<i64>
    %i1 = inlay_onnx.constant dense<1> : tensor<i64>
    %i3 = inlay_onnx.constant dense<3> : tensor<i64>
    %i5 = inlay_onnx.constant dense<5> : tensor<i64>
    %q4 = inlay_onnx.node "Reshape"(%q, %bshape) : (tensor<1x2x64xf32>, tensor<5xi64>) -> tensor<1x2x4x16xf32>
    %qt = inlay_onnx.node "Transpose"(%q4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x4x16xf32>) -> tensor<1x4x2x16xf32>
    %k4 = inlay_onnx.node "Reshape"(%k, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %kt = inlay_onnx.node "Transpose"(%k4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %v4 = inlay_onnx.node "Reshape"(%v, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %vt = inlay_onnx.node "Transpose"(%v4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %sk = inlay_onnx.node "Concat"(%pk, %kt) {attributes = {axis = 2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %sv = inlay_onnx.node "Concat"(%pv, %vt) {attributes = {axis = -2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %ku = inlay_onnx.node "Unsqueeze"(%sk, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ke = inlay_onnx.node "Expand"(%ku, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %kr = inlay_onnx.node "Reshape"(%ke, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %vu = inlay_onnx.node "Unsqueeze"(%sv, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x1x5x16xf32>
    %ve = inlay_onnx.node "Expand"(%vu, %bshape) : (tensor<1x2x1x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %vr = inlay_onnx.node "Reshape"(%ve, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %kx = inlay_onnx.node "Transpose"(%kr) {attributes = {perm = array<i64: 0, 1, 3, 2>}} : (tensor<1x4x5x16xf32>) -> tensor<1x4x16x5xf32>
    %s0 = inlay_onnx.node "MatMul"(%qt, %kx) : (tensor<1x4x2x16xf32>, tensor<1x4x16x5xf32>) -> tensor<1x4x2x5xf32>
    %s1 = inlay_onnx.node "Div"(%s0, %scale) : (tensor<1x4x2x5xf32>, tensor<f32>) -> tensor<1x4x2x5xf32>
    %s2 = inlay_onnx.node "Identity"(%s1) : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %p = inlay_onnx.node "Softmax"(%s2) {attributes = {axis = 2 : i64}} : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %o = inlay_onnx.node "MatMul"(%p, %vr) : (tensor<1x4x2x5xf32>, tensor<1x4x5x16xf32>) -> tensor<1x4x2x16xf32>
    %ot = inlay_onnx.node "Transpose"(%o) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x4x2x16xf32>) -> tensor<1x2x4x16xf32>
    %y = inlay_onnx.node "Reshape"(%ot, %bshape) : (tensor<1x2x4x16xf32>, tensor<5xi64>) -> tensor<1x2x64xf32>
    inlay_onnx.return %y, %sk, %sv : tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>
  }
}

// -----

// Near miss: heads copied as a block (0, 1, 0, 1) are no groups; the state stays a concatenation.
module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @blocks
  // CHECK: inlay_nn.concat %pk
  // CHECK: inlay_nn.attention {{ *}}none %q, %{{.*}}, %{{.*}} {head_dim = 16 : i64, kv_heads = 4
  inlay_onnx.graph @blocks(%q: tensor<1x2x64xf32>, %k: tensor<1x2x32xf32>, %v: tensor<1x2x32xf32>, %pk: tensor<1x2x3x16xf32>, %pv: tensor<1x2x3x16xf32>, %attention_mask: tensor<1x5xi64>) -> (tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>) attributes {arg_names = ["q", "k", "v", "pk", "pv", "attention_mask"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 3 : i64, inlay_onnx.phase = "prefill", inlay_onnx.tokens = 2 : i64, result_names = ["y", "sk", "sv"]} {
    %scale = inlay_onnx.constant dense<4.0> : tensor<f32>
    %bshape = inlay_onnx.constant dense<[1, 2, 2, 5, 16]> : tensor<5xi64>
    %low = inlay_onnx.constant dense<-3.40282347E+38> : tensor<f32>
    %zero = inlay_onnx.constant dense<0.0> : tensor<f32>
    %one = inlay_onnx.constant dense<1.0> : tensor<f32>
    %i0 = inlay_onnx.constant dense<0> : tensor<i64>
    %i1 = inlay_onnx.constant dense<1> : tensor<i64>
    %i3 = inlay_onnx.constant dense<3> : tensor<i64>
    %i5 = inlay_onnx.constant dense<5> : tensor<i64>
    %q4 = inlay_onnx.node "Reshape"(%q, %bshape) : (tensor<1x2x64xf32>, tensor<5xi64>) -> tensor<1x2x4x16xf32>
    %qt = inlay_onnx.node "Transpose"(%q4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x4x16xf32>) -> tensor<1x4x2x16xf32>
    %k4 = inlay_onnx.node "Reshape"(%k, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %kt = inlay_onnx.node "Transpose"(%k4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %v4 = inlay_onnx.node "Reshape"(%v, %bshape) : (tensor<1x2x32xf32>, tensor<5xi64>) -> tensor<1x2x2x16xf32>
    %vt = inlay_onnx.node "Transpose"(%v4) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x2x2x16xf32>) -> tensor<1x2x2x16xf32>
    %sk = inlay_onnx.node "Concat"(%pk, %kt) {attributes = {axis = 2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %sv = inlay_onnx.node "Concat"(%pv, %vt) {attributes = {axis = -2 : i64}} : (tensor<1x2x3x16xf32>, tensor<1x2x2x16xf32>) -> tensor<1x2x5x16xf32>
    %ku = inlay_onnx.node "Unsqueeze"(%sk, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x1x2x5x16xf32>
    %ke = inlay_onnx.node "Expand"(%ku, %bshape) : (tensor<1x1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %kr = inlay_onnx.node "Reshape"(%ke, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %vu = inlay_onnx.node "Unsqueeze"(%sv, %bshape) : (tensor<1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x1x2x5x16xf32>
    %ve = inlay_onnx.node "Expand"(%vu, %bshape) : (tensor<1x1x2x5x16xf32>, tensor<5xi64>) -> tensor<1x2x2x5x16xf32>
    %vr = inlay_onnx.node "Reshape"(%ve, %bshape) : (tensor<1x2x2x5x16xf32>, tensor<5xi64>) -> tensor<1x4x5x16xf32>
    %kx = inlay_onnx.node "Transpose"(%kr) {attributes = {perm = array<i64: 0, 1, 3, 2>}} : (tensor<1x4x5x16xf32>) -> tensor<1x4x16x5xf32>
    %s0 = inlay_onnx.node "MatMul"(%qt, %kx) : (tensor<1x4x2x16xf32>, tensor<1x4x16x5xf32>) -> tensor<1x4x2x5xf32>
    %s1 = inlay_onnx.node "Div"(%s0, %scale) : (tensor<1x4x2x5xf32>, tensor<f32>) -> tensor<1x4x2x5xf32>
    %rows = inlay_onnx.node "Range"(%i3, %i5, %i1) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2xi64>
    %row = inlay_onnx.node "Unsqueeze"(%rows, %bshape) : (tensor<2xi64>, tensor<5xi64>) -> tensor<2x1xi64>
    %cols = inlay_onnx.node "Range"(%i0, %i5, %i1) : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<5xi64>
    %c0 = inlay_onnx.node "LessOrEqual"(%cols, %row) : (tensor<5xi64>, tensor<2x1xi64>) -> tensor<2x5xi1>
    %mb = inlay_onnx.node "Cast"(%attention_mask) {attributes = {to = 9 : i64}} : (tensor<1x5xi64>) -> tensor<1x5xi1>
    %m4 = inlay_onnx.node "Unsqueeze"(%mb, %bshape) : (tensor<1x5xi1>, tensor<5xi64>) -> tensor<1x1x1x5xi1>
    %c1 = inlay_onnx.node "And"(%c0, %m4) : (tensor<2x5xi1>, tensor<1x1x1x5xi1>) -> tensor<1x1x2x5xi1>
    %bias = inlay_onnx.node "Where"(%c1, %zero, %low) : (tensor<1x1x2x5xi1>, tensor<f32>, tensor<f32>) -> tensor<1x1x2x5xf32>
    %s2 = inlay_onnx.node "Add"(%s1, %bias) : (tensor<1x4x2x5xf32>, tensor<1x1x2x5xf32>) -> tensor<1x4x2x5xf32>
    %p = inlay_onnx.node "Softmax"(%s2) {attributes = {axis = -1 : i64}} : (tensor<1x4x2x5xf32>) -> tensor<1x4x2x5xf32>
    %o = inlay_onnx.node "MatMul"(%p, %vr) : (tensor<1x4x2x5xf32>, tensor<1x4x5x16xf32>) -> tensor<1x4x2x16xf32>
    %ot = inlay_onnx.node "Transpose"(%o) {attributes = {perm = array<i64: 0, 2, 1, 3>}} : (tensor<1x4x2x16xf32>) -> tensor<1x2x4x16xf32>
    %y = inlay_onnx.node "Reshape"(%ot, %bshape) : (tensor<1x2x4x16xf32>, tensor<5xi64>) -> tensor<1x2x64xf32>
    inlay_onnx.return %y, %sk, %sv : tensor<1x2x64xf32>, tensor<1x2x5x16xf32>, tensor<1x2x5x16xf32>
  }
}

// -----

// A mask with fewer rows than there are tokens says nothing of the last token; it is not read beyond its end.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  // CHECK-LABEL: inlay_nn.graph @short_mask
  // CHECK: inlay_nn.attention {{ *}}none %q, %k, %k bias %{{.*}} {causal = false
  inlay_onnx.graph @short_mask(%q: tensor<1x3x32xf32>, %k: tensor<1x5x32xf32>) -> tensor<1x3x32xf32> attributes {arg_names = ["q", "k"], inlay_onnx.batch = 1 : i64, inlay_onnx.context = 2 : i64, inlay_onnx.phase = "prefill", inlay_onnx.tokens = 3 : i64, result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %attention_mask = inlay_onnx.constant dense<0.0> : tensor<1x1x2x5xf32>
    %y = inlay_onnx.node "com.microsoft::MultiHeadAttention"(%q, %k, %k, %none, %none, %attention_mask) {attributes = {num_heads = 2 : i64}} : (tensor<1x3x32xf32>, tensor<1x5x32xf32>, tensor<1x5x32xf32>, none, none, tensor<1x1x2x5xf32>) -> tensor<1x3x32xf32>
    inlay_onnx.return %y : tensor<1x3x32xf32>
  }
}
