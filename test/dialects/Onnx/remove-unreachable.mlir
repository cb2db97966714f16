// RUN: inlay-opt %s --split-input-file --remove-unreachable | FileCheck %s
// RUN: inlay-opt %s --split-input-file --remove-unreachable --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK

// A chain of nodes whose end nobody uses goes, with its random numbers and its
// initializers; inputs, outputs and what is public stay.

// REMARK: RemovedUnreachable{{.*}}initializers=3, nodes=3

// CHECK:      ml_program.global private @kept
// CHECK-NEXT: ml_program.global public @public
// CHECK-NEXT: inlay_onnx.graph @main(%x: tensor<8xf32>, %unused_input: tensor<8xf32>)
// CHECK-NEXT:   ml_program.global_load_const @kept
// CHECK-NEXT:   inlay_onnx.node "Mul"
// CHECK-NEXT:   inlay_onnx.return
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  ml_program.global private @kept(#inlay_onnx.weight<file = "m", offset = 0, length = 32, encoding = raw>) : tensor<8xf32>
  ml_program.global private @dead(#inlay_onnx.weight<file = "m", offset = 32, length = 32, encoding = raw>) : tensor<8xf32>
  ml_program.global private @unused(#inlay_onnx.weight<file = "m", offset = 64, length = 32, encoding = raw>) : tensor<8xf32>
  ml_program.global public @public(#inlay_onnx.weight<file = "m", offset = 64, length = 32, encoding = raw>) : tensor<8xf32>
  ml_program.global private @constant(#inlay_onnx.weight<file = "m", offset = 96, length = 4, encoding = raw>) : tensor<f32>
  inlay_onnx.graph @main(%x: tensor<8xf32>, %unused_input: tensor<8xf32>) -> tensor<8xf32>
      attributes {arg_names = ["x", "unused_input"], result_names = ["y"]} {
    %constant = inlay_onnx.constant {initializer = @constant} dense<2.0> : tensor<f32>
    %kept = ml_program.global_load_const @kept : tensor<8xf32>
    %dead = ml_program.global_load_const @dead : tensor<8xf32>
    %0 = inlay_onnx.node "Mul"(%x, %kept) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    %1 = inlay_onnx.node "RandomNormalLike"(%dead) : (tensor<8xf32>) -> tensor<8xf32>
    %2 = inlay_onnx.node "Mul"(%1, %constant) : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
    %3 = inlay_onnx.node "Add"(%2, %0) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    inlay_onnx.return %0 : tensor<8xf32>
  }
}

// -----

// What a live subgraph reads lives; what is dead inside it goes, and what only
// that read.

// REMARK: RemovedUnreachable{{.*}}initializers=1, nodes=2

// CHECK:      ml_program.global private @read_inside
// CHECK-NOT:  @read_by_dead
// CHECK:      inlay_onnx.graph @branches
// CHECK-NEXT:   ml_program.global_load_const @read_inside
// CHECK-NEXT:   inlay_onnx.node "If"(%c) graphs ["then_branch", "else_branch"] {
// CHECK-NEXT:     inlay_onnx.yield
// CHECK-NEXT:   }, {
// CHECK-NEXT:     inlay_onnx.yield %x
// CHECK-NEXT:   }
// CHECK-NEXT:   inlay_onnx.return
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  ml_program.global private @read_inside(#inlay_onnx.weight<file = "m", offset = 0, length = 32, encoding = raw>) : tensor<8xf32>
  ml_program.global private @read_by_dead(#inlay_onnx.weight<file = "m", offset = 32, length = 32, encoding = raw>) : tensor<8xf32>
  inlay_onnx.graph @branches(%c: tensor<i1>, %x: tensor<8xf32>) -> tensor<8xf32>
      attributes {arg_names = ["c", "x"], result_names = ["y"]} {
    %inside = ml_program.global_load_const @read_inside : tensor<8xf32>
    %by_dead = ml_program.global_load_const @read_by_dead : tensor<8xf32>
    %0 = inlay_onnx.node "If"(%c) graphs ["then_branch", "else_branch"] {
      %1 = inlay_onnx.node "Exp"(%by_dead) : (tensor<8xf32>) -> tensor<8xf32>
      inlay_onnx.yield %inside : tensor<8xf32>
    }, {
      inlay_onnx.yield %x : tensor<8xf32>
    } : (tensor<i1>) -> tensor<8xf32>
    %2 = inlay_onnx.node "If"(%c) graphs ["then_branch", "else_branch"] {
      inlay_onnx.yield %by_dead : tensor<8xf32>
    }, {
      inlay_onnx.yield %x : tensor<8xf32>
    } : (tensor<i1>) -> tensor<8xf32>
    inlay_onnx.return %0 : tensor<8xf32>
  }
}

// -----

// What functions, constants and attributes name stays too.

// REMARK: RemovedUnreachable{{.*}}initializers=1, nodes=0

// CHECK:      ml_program.global private @in_function
// CHECK-NEXT: ml_program.global private @value
// CHECK-NEXT: ml_program.global private @in_attribute
// CHECK-NEXT: inlay_onnx.graph @named
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  ml_program.global private @in_function(#inlay_onnx.weight<file = "m", offset = 0, length = 32, encoding = raw>) : tensor<8xf32>
  ml_program.global private @value(#inlay_onnx.weight<file = "m", offset = 32, length = 4, encoding = raw>) : tensor<f32>
  ml_program.global private @in_attribute(#inlay_onnx.weight<file = "m", offset = 36, length = 4, encoding = raw>) : tensor<f32>
  ml_program.global private @in_none(#inlay_onnx.weight<file = "m", offset = 40, length = 4, encoding = raw>) : tensor<f32>
  inlay_onnx.graph @named(%x: tensor<8xf32>) -> tensor<8xf32>
      attributes {arg_names = ["x"], result_names = ["y"]} {
    %value = inlay_onnx.constant {initializer = @value} dense<2.0> : tensor<f32>
    %0 = inlay_onnx.node "Mul"(%x, %value) : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
    %1 = inlay_onnx.node "f::F"(%0) {attributes = {of = @in_attribute}} : (tensor<8xf32>) -> tensor<8xf32>
    inlay_onnx.return %1 : tensor<8xf32>
  }
  inlay_onnx.function @"f::F"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown
      attributes {arg_names = ["x"], domain = "f", name = "F", opsets = {ai.onnx = 21 : i64}, result_names = ["y"]} {
    %w = ml_program.global_load_const @in_function : tensor<8xf32>
    %0 = inlay_onnx.node "Mul"(%x, %w) : (!inlay_onnx.unknown, tensor<8xf32>) -> !inlay_onnx.unknown
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}
