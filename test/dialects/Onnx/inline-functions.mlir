// RUN: inlay-opt %s --split-input-file --inline-functions --verify-onnx | FileCheck %s
// RUN: inlay-opt %s --split-input-file --inline-functions --mlir-print-debuginfo | FileCheck %s --check-prefix=LOC
// RUN: inlay-opt %s --split-input-file --inline-functions --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: remark: [Passed] InlinedFunctions | Category:inline-functions | calls=2
// REMARK: remark: [Passed] InlinedFunctions | Category:inline-functions | calls=0

// A function that calls a function, in a model of another opset.
// CHECK-NOT: inlay_onnx.function
// CHECK-LABEL: inlay_onnx.graph @nested
// CHECK-SAME: -> tensor<8xf32>
// LOC-LABEL: inlay_onnx.graph @nested
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, pkg = 1 : i64}} {
  inlay_onnx.function @"pkg::Norm:v2"(%x: !inlay_onnx.unknown, %scale: !inlay_onnx.unknown) -> !inlay_onnx.unknown
      attributes {arg_names = ["x", "scale"], attr_names = ["axis", "absent"], attr_defaults = {epsilon = 0.5 : f32},
                  domain = "pkg", name = "Norm", overload = "v2", opsets = {ai.onnx = 18 : i64}} {
    %0 = inlay_onnx.node "Constant"() {attributes = {value_int = #inlay_onnx.ref_attr<"axis", int>}} : () -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "LayerNormalization"(%x, %scale, %0) {attributes = {a = #inlay_onnx.ref_attr<"absent", int>, e = #inlay_onnx.ref_attr<"epsilon", float>, k = 1 : i64}} : (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown) -> !inlay_onnx.unknown loc("norm")
    inlay_onnx.return %1 : !inlay_onnx.unknown
  }
  inlay_onnx.function @"pkg::Block"(%x: !inlay_onnx.unknown) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["x"], attr_names = ["axis"], domain = "pkg", name = "Block", opsets = {ai.onnx = 21 : i64, pkg = 1 : i64}} {
    %0 = inlay_onnx.node "pkg::Norm"(%x) {attributes = {axis = #inlay_onnx.ref_attr<"axis", int>}} attributes {overload = "v2"} : (!inlay_onnx.unknown) -> !inlay_onnx.unknown loc("pre")
    %1 = inlay_onnx.node "Neg"(%0) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    inlay_onnx.return %1, %0 : !inlay_onnx.unknown, !inlay_onnx.unknown
  }
  inlay_onnx.graph @nested(%x: tensor<8xf32>) -> tensor<8xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    // CHECK-NEXT: %[[NONE:.*]] = inlay_onnx.none : none
    // CHECK-NEXT: %[[AXIS:.*]] = inlay_onnx.constant dense<-1> : tensor<i64>
    // CHECK-NEXT: %[[NORM:.*]] = inlay_onnx.node "LayerNormalization"(%x, %[[NONE]], %[[AXIS]]) {attributes = {e = 5.000000e-01 : f32, k = 1 : i64}} attributes {own_opset = 18 : i64}
    // CHECK-NEXT: %[[NEG:.*]] = inlay_onnx.node "Neg"(%[[NORM]]) : (!inlay_onnx.unknown) -> tensor<8xf32>
    // CHECK-NEXT: inlay_onnx.return %[[NEG]] : tensor<8xf32>
    // LOC: "LayerNormalization"{{.*}} loc(#[[L:.*]])
    // LOC: #[[L]] = loc("layer.0/pre/norm"
    %0 = inlay_onnx.node "pkg::Block"(%x) {attributes = {axis = -1 : i64}} : (tensor<8xf32>) -> tensor<8xf32> loc("layer.0")
    inlay_onnx.return %0 : tensor<8xf32>
  }
}

// -----

// What calls no function stays as it is.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, pkg = 1 : i64}} {
  // CHECK-LABEL: @no_functions
  // CHECK-NEXT: inlay_onnx.node "pkg::F"
  inlay_onnx.graph @no_functions() -> !inlay_onnx.unknown attributes {arg_names = [], result_names = ["y"]} {
    %0 = inlay_onnx.node "pkg::F"() : () -> !inlay_onnx.unknown
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

// A function that spells out an operator with an inference rule, as Mobius adds
// them: the operator says more, its calls stay, also those in other functions.
// CHECK-NOT: inlay_onnx.function
// CHECK-LABEL: inlay_onnx.graph @known_operator
module attributes {inlay_onnx.opsets = {ai.onnx = 24 : i64, com.microsoft = 1 : i64, pkg = 1 : i64}} {
  inlay_onnx.function @"com.microsoft::SkipSimplifiedLayerNormalization"(%x: !inlay_onnx.unknown, %skip: !inlay_onnx.unknown, %scale: !inlay_onnx.unknown) -> !inlay_onnx.unknown
      attributes {arg_names = ["x", "skip", "scale"], domain = "com.microsoft", name = "SkipSimplifiedLayerNormalization", opsets = {ai.onnx = 23 : i64}} {
    %0 = inlay_onnx.node "Add"(%x, %skip) : (!inlay_onnx.unknown, !inlay_onnx.unknown) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "RMSNormalization"(%0, %scale) : (!inlay_onnx.unknown, !inlay_onnx.unknown) -> !inlay_onnx.unknown
    inlay_onnx.return %1 : !inlay_onnx.unknown
  }
  inlay_onnx.function @"pkg::Block"(%x: !inlay_onnx.unknown, %scale: !inlay_onnx.unknown) -> !inlay_onnx.unknown
      attributes {arg_names = ["x", "scale"], domain = "pkg", name = "Block", opsets = {com.microsoft = 1 : i64}} {
    %0 = inlay_onnx.node "com.microsoft::SkipSimplifiedLayerNormalization"(%x, %x, %scale) : (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown) -> !inlay_onnx.unknown
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
  inlay_onnx.graph @known_operator(%x: tensor<2x8xf32>, %scale: tensor<8xf32>) -> tensor<2x8xf32>
      attributes {arg_names = ["x", "scale"], result_names = ["y"]} {
    // CHECK-NEXT: %[[BLOCK:.*]] = inlay_onnx.node "com.microsoft::SkipSimplifiedLayerNormalization"(%x, %x, %scale)
    // CHECK-NEXT: %[[LAST:.*]] = inlay_onnx.node "com.microsoft::SkipSimplifiedLayerNormalization"(%[[BLOCK]], %x, %scale)
    // CHECK-NEXT: inlay_onnx.return %[[LAST]]
    %0 = inlay_onnx.node "pkg::Block"(%x, %scale) : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
    %1 = inlay_onnx.node "com.microsoft::SkipSimplifiedLayerNormalization"(%0, %x, %scale) : (tensor<2x8xf32>, tensor<2x8xf32>, tensor<8xf32>) -> tensor<2x8xf32>
    inlay_onnx.return %1 : tensor<2x8xf32>
  }
}
