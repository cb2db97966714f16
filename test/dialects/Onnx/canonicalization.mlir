// RUN: inlay-opt %s --canonicalize --cse | FileCheck %s
// RUN: inlay-opt %s --symbol-dce | FileCheck %s --check-prefix=DCE

// Weights that a load or a constant names stay; nobody reads @unused.
// DCE: ml_program.global private @loaded
// DCE: ml_program.global private @folded
// DCE-NOT: @unused
ml_program.global private @loaded(#inlay_onnx.weight<file = "w", offset = 0, length = 4, encoding = raw>) : tensor<f32>
ml_program.global private @folded(#inlay_onnx.weight<file = "w", offset = 4, length = 4, encoding = raw>) : tensor<f32>
ml_program.global private @same(#inlay_onnx.weight<file = "w", offset = 12, length = 4, encoding = raw>) : tensor<f32>
ml_program.global private @unused(#inlay_onnx.weight<file = "w", offset = 8, length = 4, encoding = raw>) : tensor<f32>

// CHECK-LABEL: @identity
// CHECK-NEXT: inlay_onnx.return %x : tensor<f32>
inlay_onnx.graph @identity(%x: tensor<f32>) -> tensor<f32> attributes {arg_names = ["x"], result_names = ["y"]} {
  %0 = inlay_onnx.node "Identity"(%x) : (tensor<f32>) -> tensor<f32>
  inlay_onnx.return %0 : tensor<f32>
}

// An Identity between different types says something, and so does one of
// another domain.
// CHECK-LABEL: @not_identity
// CHECK: "Identity"
// CHECK: "other::Identity"
inlay_onnx.graph @not_identity(%x: tensor<f32>) -> (tensor<*xf32>, tensor<f32>) attributes {arg_names = ["x"], result_names = ["y", "z"]} {
  %0 = inlay_onnx.node "Identity"(%x) : (tensor<f32>) -> tensor<*xf32>
  %1 = inlay_onnx.node "other::Identity"(%x) : (tensor<f32>) -> tensor<f32>
  inlay_onnx.return %0, %1 : tensor<*xf32>, tensor<f32>
}

// Equal absent operands and equal nodes are one.
// CHECK-LABEL: @equal
// CHECK-NEXT: %[[NONE:.*]] = inlay_onnx.none : none
// CHECK-NEXT: %[[CLIP:.*]] = inlay_onnx.node "Clip"(%x, %[[NONE]])
// CHECK-NEXT: inlay_onnx.return %[[CLIP]], %[[CLIP]]
inlay_onnx.graph @equal(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) attributes {arg_names = ["x"], result_names = ["y", "z"]} {
  %none0 = inlay_onnx.none : none
  %0 = inlay_onnx.node "Clip"(%x, %none0) : (tensor<f32>, none) -> tensor<f32>
  %none1 = inlay_onnx.none : none
  %1 = inlay_onnx.node "Clip"(%x, %none1) : (tensor<f32>, none) -> tensor<f32>
  inlay_onnx.return %0, %1 : tensor<f32>, tensor<f32>
}

// Dead nodes go, those that draw random numbers too; living ones are not
// merged.
// CHECK-LABEL: @random
// CHECK-NEXT: %[[A:.*]] = inlay_onnx.node "RandomNormal"
// CHECK-NEXT: %[[B:.*]] = inlay_onnx.node "RandomNormal"
// CHECK-NEXT: inlay_onnx.return %[[A]], %[[B]]
inlay_onnx.graph @random() -> (tensor<f32>, tensor<f32>) attributes {arg_names = [], result_names = ["y", "z"]} {
  %0 = inlay_onnx.node "RandomNormal"() : () -> tensor<f32>
  %1 = inlay_onnx.node "RandomNormal"() : () -> tensor<f32>
  %2 = inlay_onnx.node "RandomNormal"() : () -> tensor<f32>
  %3 = inlay_onnx.node "Dead"(%2) : (tensor<f32>) -> tensor<f32>
  inlay_onnx.return %0, %1 : tensor<f32>, tensor<f32>
}

// Constants of different initializers stay apart: their bytes are counted.
// CHECK-LABEL: @constants
// CHECK: inlay_onnx.constant {initializer = @folded}
// CHECK: inlay_onnx.constant {initializer = @same}
// CHECK: ml_program.global_load_const @loaded
inlay_onnx.graph @constants() -> (tensor<f32>, tensor<f32>, tensor<f32>) attributes {arg_names = [], result_names = ["x", "y", "z"]} {
  %0 = inlay_onnx.constant {initializer = @folded} dense<1.0> : tensor<f32>
  %1 = inlay_onnx.constant {initializer = @same} dense<1.0> : tensor<f32>
  %2 = ml_program.global_load_const @loaded : tensor<f32>
  inlay_onnx.return %0, %1, %2 : tensor<f32>, tensor<f32>, tensor<f32>
}
