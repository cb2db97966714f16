// RUN: inlay-opt %s --infer-shapes --split-input-file | FileCheck %s
// RUN: inlay-opt %s --infer-shapes --split-input-file --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK

// The mask subgraph and the attention of ONNX Runtime GenAI's model builder:
// the total length is a constant, the lengths of the sequences are not, and
// the attention gives kv_cache_dim its size in the signature, too. What only
// led to the constant is gone.

// REMARK: remark: [Passed] InferredShapes | Category:infer-shapes | dynamic=0, erased=3, folded=3
// CHECK-LABEL: inlay_onnx.graph @mask(
// CHECK-SAME: %past: tensor<1x2x63x8xf32>) -> (tensor<1x1x32xf32>, tensor<1x2x64x8xf32>)
// CHECK-NOT: "Shape"
// CHECK: %[[SUM:.+]] = inlay_onnx.node "ReduceSum"(%mask, %{{.+}} -> tensor<1xi64>
// CHECK: %[[SUB:.+]] = inlay_onnx.node "Sub"(%[[SUM]], %{{.+}} -> tensor<1xi64>
// CHECK: %[[LENS:.+]] = inlay_onnx.node "Cast"(%[[SUB]]) {{.+}} -> tensor<1xi32>
// CHECK: %[[TOTAL:.+]] = inlay_onnx.constant dense<64> : tensor<i32>
// CHECK: "com.microsoft::GroupQueryAttention"(%x, %{{.+}}, %{{.+}}, %past, %past, %[[LENS]], %[[TOTAL]])
// CHECK-SAME: -> (tensor<1x1x32xf32>, tensor<1x2x64x8xf32>)
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @mask(%mask: tensor<1x64xi64>, %x: tensor<1x1x64xf32>,
      %past: tensor<1x2x63x?xf32, #inlay_onnx.dims<1, 2, 63, "kv_cache_dim">>)
      -> (!inlay_onnx.unknown, tensor<1x2x64x?xf32, #inlay_onnx.dims<1, 2, 64, "kv_cache_dim">>)
      attributes {arg_names = ["mask", "x", "past"], result_names = ["y", "present"]} {
    %one = inlay_onnx.constant dense<1> : tensor<i64>
    %axes = inlay_onnx.constant dense<1> : tensor<1xi64>
    %none = inlay_onnx.none : none
    %0 = inlay_onnx.node "ReduceSum"(%mask, %axes) {attributes = {keepdims = 0 : i64}} : (tensor<1x64xi64>, tensor<1xi64>) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "Sub"(%0, %one) : (!inlay_onnx.unknown, tensor<i64>) -> !inlay_onnx.unknown
    %2 = inlay_onnx.node "Cast"(%1) {attributes = {to = 6 : i64}} : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %3 = inlay_onnx.node "Shape"(%mask) : (tensor<1x64xi64>) -> !inlay_onnx.unknown
    %4 = inlay_onnx.node "Gather"(%3, %one) : (!inlay_onnx.unknown, tensor<i64>) -> !inlay_onnx.unknown
    %5 = inlay_onnx.node "Cast"(%4) {attributes = {to = 6 : i64}} : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %6:2 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%x, %none, %none, %past, %past, %2, %5) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<1x1x64xf32>, none, none, tensor<1x2x63x?xf32, #inlay_onnx.dims<1, 2, 63, "kv_cache_dim">>, tensor<1x2x63x?xf32, #inlay_onnx.dims<1, 2, 63, "kv_cache_dim">>, !inlay_onnx.unknown, !inlay_onnx.unknown) -> (!inlay_onnx.unknown, tensor<1x2x64x?xf32, #inlay_onnx.dims<1, 2, 64, "kv_cache_dim">>)
    inlay_onnx.return %6#0, %6#1 : !inlay_onnx.unknown, tensor<1x2x64x?xf32, #inlay_onnx.dims<1, 2, 64, "kv_cache_dim">>
  }
}

// -----

// A node before the attention had read the dim: it is visited again.

// CHECK-LABEL: inlay_onnx.graph @again(
// CHECK-SAME: %past: tensor<1x2x63x8xf32>) -> (tensor<4xi64>, tensor<1x2x63x8xf32>, tensor<1x1x32xf32>)
// CHECK: inlay_onnx.constant dense<[1, 2, 63, 8]> : tensor<4xi64>
// CHECK: "Exp"(%past) : (tensor<1x2x63x8xf32>) -> tensor<1x2x63x8xf32>
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @again(%x: tensor<1x1x64xf32>,
      %past: tensor<1x2x63x?xf32, #inlay_onnx.dims<1, 2, 63, "kv_cache_dim">>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["x", "past"], result_names = ["shape", "exp", "y"]} {
    %none = inlay_onnx.none : none
    %0 = inlay_onnx.node "Shape"(%past) : (tensor<1x2x63x?xf32, #inlay_onnx.dims<1, 2, 63, "kv_cache_dim">>) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "Exp"(%past) : (tensor<1x2x63x?xf32, #inlay_onnx.dims<1, 2, 63, "kv_cache_dim">>) -> !inlay_onnx.unknown
    %2 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%x, %none, %none, %past, %past) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<1x1x64xf32>, none, none, tensor<1x2x63x?xf32, #inlay_onnx.dims<1, 2, 63, "kv_cache_dim">>, tensor<1x2x63x?xf32, #inlay_onnx.dims<1, 2, 63, "kv_cache_dim">>) -> !inlay_onnx.unknown
    inlay_onnx.return %0, %1, %2 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}

// -----

// Of a value of which some elements are known, those reach the shape; sizes
// that data decide stay open.

// REMARK: dynamic=3,
// CHECK-LABEL: inlay_onnx.graph @partly(
// CHECK: "NonZero"(%x) : (tensor<4xi64>) -> tensor<1x?xi64>
// CHECK: "Expand"({{.*}} -> tensor<?x32xf32>
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  inlay_onnx.graph @partly(%x: tensor<4xi64>, %row: tensor<1x1xf32>) -> !inlay_onnx.unknown
      attributes {arg_names = ["x", "row"], result_names = ["y"]} {
    %zero = inlay_onnx.constant dense<1> : tensor<1xi64>
    %width = inlay_onnx.constant dense<32> : tensor<1xi64>
    %0 = inlay_onnx.node "NonZero"(%x) : (tensor<4xi64>) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "Shape"(%0) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %2 = inlay_onnx.node "Gather"(%1, %zero) : (!inlay_onnx.unknown, tensor<1xi64>) -> !inlay_onnx.unknown
    %3 = inlay_onnx.node "Concat"(%2, %width) {attributes = {axis = 0 : i64}} : (!inlay_onnx.unknown, tensor<1xi64>) -> !inlay_onnx.unknown
    %4 = inlay_onnx.node "Expand"(%row, %3) : (tensor<1x1xf32>, !inlay_onnx.unknown) -> tensor<?x?xf32>
    %5 = inlay_onnx.node "Exp"(%4) : (tensor<?x?xf32>) -> !inlay_onnx.unknown
    inlay_onnx.return %5 : !inlay_onnx.unknown
  }
}

// -----

// The taken branch of an If stands in its place, and branches within it.

// CHECK-LABEL: inlay_onnx.graph @branch(
// CHECK-NOT: "If"
// CHECK: %[[EXP:.+]] = inlay_onnx.node "Exp"(%x) : (tensor<8xf32>) -> tensor<8xf32>
// CHECK-NOT: "Neg"
// CHECK: inlay_onnx.return %[[EXP]], %x : tensor<8xf32>, tensor<8xf32>
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  inlay_onnx.graph @branch(%x: tensor<8xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["x"], result_names = ["y", "z"]} {
    %0 = inlay_onnx.node "Size"(%x) : (tensor<8xf32>) -> !inlay_onnx.unknown
    %limit = inlay_onnx.constant dense<6> : tensor<i64>
    %1 = inlay_onnx.node "Greater"(%0, %limit) : (!inlay_onnx.unknown, tensor<i64>) -> !inlay_onnx.unknown
    %2:2 = inlay_onnx.node "If"(%1) graphs ["then_branch", "else_branch"] {
      %3 = inlay_onnx.node "Not"(%1) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
      %4 = inlay_onnx.node "If"(%3) graphs ["then_branch", "else_branch"] {
        %5 = inlay_onnx.node "Neg"(%x) : (tensor<8xf32>) -> !inlay_onnx.unknown
        inlay_onnx.yield %5 : !inlay_onnx.unknown
      }, {
        %5 = inlay_onnx.node "Exp"(%x) : (tensor<8xf32>) -> !inlay_onnx.unknown
        inlay_onnx.yield %5 : !inlay_onnx.unknown
      } : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
      inlay_onnx.yield %4, %x : !inlay_onnx.unknown, tensor<8xf32>
    }, {
      inlay_onnx.yield %x, %x : tensor<8xf32>, tensor<8xf32>
    } : (!inlay_onnx.unknown) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    inlay_onnx.return %2#0, %2#1 : !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}

// -----

// A condition of run time: the shape is what both branches agree on.

// CHECK-LABEL: inlay_onnx.graph @either(
// CHECK-SAME: -> tensor<?x8xf32>
// CHECK: "Exp"(%short) : (tensor<16x8xf32>) -> tensor<16x8xf32>
// CHECK: } : (tensor<i1>) -> tensor<?x8xf32>
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  inlay_onnx.graph @either(%c: tensor<i1>, %short: tensor<16x8xf32>, %long: tensor<64x8xf32>) -> !inlay_onnx.unknown
      attributes {arg_names = ["c", "short", "long"], result_names = ["y"]} {
    %0 = inlay_onnx.node "If"(%c) graphs ["then_branch", "else_branch"] {
      %1 = inlay_onnx.node "Exp"(%short) : (tensor<16x8xf32>) -> !inlay_onnx.unknown
      inlay_onnx.yield %1 : !inlay_onnx.unknown
    }, {
      inlay_onnx.yield %long : tensor<64x8xf32>
    } : (tensor<i1>) -> !inlay_onnx.unknown
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// Initializers by name: folded away, never needed, and still in use.

// CHECK: inlay_onnx.folded_initializers = ["by_constant", "by_shape"]
// CHECK-SAME: inlay_onnx.unreachable_initializers = ["dead", "unused"]
// CHECK: inlay_onnx.constant {initializer = @kept} dense<2.000000e+00> : tensor<f32>
// CHECK: ml_program.global_load_const @weight
// CHECK-NOT: @dead
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  ml_program.global private @weight(#inlay_onnx.weight<file = "m", offset = 0, length = 32, encoding = raw>) : tensor<8xf32>
  ml_program.global private @dead(#inlay_onnx.weight<file = "m", offset = 0, length = 32, encoding = raw>) : tensor<8xf32>
  ml_program.global private @by_constant(#inlay_onnx.weight<file = "m", offset = 0, length = 8, encoding = raw>) : tensor<1xi64>
  ml_program.global private @unused(#inlay_onnx.weight<file = "m", offset = 0, length = 32, encoding = raw>) : tensor<8xf32>
  ml_program.global private @by_shape(#inlay_onnx.weight<file = "m", offset = 0, length = 32, encoding = raw>) : tensor<8xf32>
  ml_program.global private @kept(#inlay_onnx.weight<file = "m", offset = 0, length = 4, encoding = raw>) : tensor<f32>
  inlay_onnx.graph @main(%x: tensor<8xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["x"], result_names = ["y", "z"]} {
    %kept = inlay_onnx.constant {initializer = @kept} dense<2.0> : tensor<f32>
    %eight = inlay_onnx.constant {initializer = @by_constant} dense<8> : tensor<1xi64>
    %weight = ml_program.global_load_const @weight : tensor<8xf32>
    %dead = ml_program.global_load_const @dead : tensor<8xf32>
    %by_shape = ml_program.global_load_const @by_shape : tensor<8xf32>
    %0 = inlay_onnx.node "Mul"(%weight, %kept) : (tensor<8xf32>, tensor<f32>) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "Add"(%dead, %x) : (tensor<8xf32>, tensor<8xf32>) -> !inlay_onnx.unknown
    %2 = inlay_onnx.node "Shape"(%by_shape) : (tensor<8xf32>) -> !inlay_onnx.unknown
    %3 = inlay_onnx.node "Add"(%2, %eight) : (!inlay_onnx.unknown, tensor<1xi64>) -> !inlay_onnx.unknown
    inlay_onnx.return %0, %3 : !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}
