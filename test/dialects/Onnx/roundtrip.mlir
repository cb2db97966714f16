// RUN: inlay-opt %s | inlay-opt | FileCheck %s
// RUN: inlay-opt --emit-bytecode %s | inlay-opt | FileCheck %s
// RUN: inlay-opt --mlir-print-op-generic %s | inlay-opt | FileCheck %s

// CHECK: module attributes {inlay_onnx.file = "model.onnx", inlay_onnx.ir_version = 10 : i64, inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64, pkg = 1 : i64}, inlay_onnx.producer = "by hand"}
module attributes {inlay_onnx.file = "model.onnx", inlay_onnx.ir_version = 10 : i64,
                   inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64, pkg = 1 : i64},
                   inlay_onnx.producer = "by hand"} {
  // CHECK: ml_program.global private @model.embed.weight(#inlay_onnx.weight<file = "model.onnx.data", offset = 4096, length = 8192, encoding = raw>) : tensor<64x32xf32>
  ml_program.global private @model.embed.weight(#inlay_onnx.weight<file = "model.onnx.data", offset = 4096, length = 8192, encoding = raw>) : tensor<64x32xf32>
  // CHECK: @q(#inlay_onnx.weight<file = "model.onnx", offset = 17, length = 40, encoding = varint>) : tensor<4xi32>
  ml_program.global private @q(#inlay_onnx.weight<file = "model.onnx", offset = 17, length = 40, encoding = varint>) : tensor<4xi32>
  // CHECK: @stacked(#inlay_onnx.weight_view<<@q, first = 0, sizes = [1, 4], strides = [0, 1]>, <@q, first = 1, sizes = [1, 4], strides = [0, 2]>>) : tensor<2x4xi32>
  ml_program.global private @stacked(#inlay_onnx.weight_view<<@q, first = 0, sizes = [1, 4], strides = [0, 1]>, <@q, first = 1, sizes = [1, 4], strides = [0, 2]>>) : tensor<2x4xi32>
  // CHECK: encoding = proto>) : tensor<4x!inlay_onnx.string>
  ml_program.global private @s(#inlay_onnx.weight<file = "model.onnx", offset = 17, length = 40, encoding = proto>) : tensor<4x!inlay_onnx.string>
  // CHECK: : tensor<4x8xui4>
  ml_program.global private @e(#inlay_onnx.weight<file = "model.onnx.data", offset = 0, length = 16, encoding = raw>) : tensor<4x8xui4>

  // CHECK: inlay_onnx.function @"pkg::Norm:v2"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown attributes {arg_names = ["x"], attr_defaults = {epsilon = 9.99999974E-6 : f32}, attr_names = ["axis"], domain = "pkg", name = "Norm", opsets = {ai.onnx = 18 : i64}, overload = "v2"}
  inlay_onnx.function @"pkg::Norm:v2"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown
      attributes {arg_names = ["x"], attr_names = ["axis"], attr_defaults = {epsilon = 1.0e-5 : f32},
                  domain = "pkg", name = "Norm", overload = "v2", opsets = {ai.onnx = 18 : i64}} {
    // CHECK: inlay_onnx.node "LayerNormalization"(%x) {attributes = {axis = #inlay_onnx.ref_attr<"axis", int>, epsilon = #inlay_onnx.ref_attr<"epsilon", float>}} : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %0 = inlay_onnx.node "LayerNormalization"(%x) {attributes = {epsilon = #inlay_onnx.ref_attr<"epsilon", float>, axis = #inlay_onnx.ref_attr<"axis", int>}} : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }

  // CHECK: inlay_onnx.graph @main_graph(%input_ids: tensor<?x?xi64, #inlay_onnx.dims<"batch_size", "sequence_length">>, %past_key_values.0.key: tensor<?x2x?x16xf32, #inlay_onnx.dims<"batch_size", 2, ?, 16>>) -> (tensor<?x?x32xf32>, tensor<?x?x32xf32>) attributes {arg_names = ["input_ids", "past_key_values.0.key"], result_names = ["logits", "hidden"]}
  inlay_onnx.graph @main_graph(
      %input_ids: tensor<?x?xi64, #inlay_onnx.dims<"batch_size", "sequence_length">>,
      %past: tensor<?x2x?x16xf32, #inlay_onnx.dims<"batch_size", 2, ?, 16>>)
      -> (tensor<?x?x32xf32>, tensor<?x?x32xf32>)
      attributes {arg_names = ["input_ids", "past_key_values.0.key"], result_names = ["logits", "hidden"]} {
    // CHECK: %[[NONE:.+]] = inlay_onnx.none : none
    %none = inlay_onnx.none : none
    // CHECK: inlay_onnx.constant dense<[-1, 32]> : tensor<2xi64>
    %shape = inlay_onnx.constant dense<[-1, 32]> : tensor<2xi64>
    // CHECK: inlay_onnx.constant {initializer = @q} dense<1> : tensor<4xi32>
    %q = inlay_onnx.constant {initializer = @q} dense<1> : tensor<4xi32>
    // CHECK: inlay_onnx.constant dense<["a", "b"]> : tensor<2x!inlay_onnx.string>
    %s = inlay_onnx.constant dense<["a", "b"]> : tensor<2x!inlay_onnx.string>
    %w = ml_program.global_load_const @model.embed.weight : tensor<64x32xf32>
    // CHECK: inlay_onnx.node "Gather"(%{{.*}}, %input_ids) {attributes = {axis = 0 : i64}} :
    %0 = inlay_onnx.node "Gather"(%w, %input_ids) {attributes = {axis = 0 : i64}} : (tensor<64x32xf32>, tensor<?x?xi64, #inlay_onnx.dims<"batch_size", "sequence_length">>) -> tensor<?x?x32xf32>
    // CHECK: %[[C:.+]]:2 = inlay_onnx.node "com.microsoft::SkipSimplifiedLayerNormalization"(%{{.*}}, %[[NONE]]) : (tensor<?x?x32xf32>, none) -> (tensor<?x?x32xf32>, none)
    %1:2 = inlay_onnx.node "com.microsoft::SkipSimplifiedLayerNormalization"(%0, %none) : (tensor<?x?x32xf32>, none) -> (tensor<?x?x32xf32>, none)
    // CHECK: {attributes = {big = #inlay_onnx.tensor<tensor<4096xf32>, <file = "model.onnx", offset = 210, length = 16384, encoding = raw>>, fs = array<f32: 1.000000e+00, 2.000000e+00>, is = array<i64: 1, 2>, ss = ["a", "b"], t = tensor<?xf32>}} attributes {overload = "v2"}
    %2 = inlay_onnx.node "pkg::Norm"(%1#0) {attributes = {
      big = #inlay_onnx.tensor<tensor<4096xf32>, <file = "model.onnx", offset = 210, length = 16384, encoding = raw>>,
      fs = array<f32: 1.0, 2.0>, is = array<i64: 1, 2>, ss = ["a", "b"], t = tensor<?xf32>}} attributes {overload = "v2"} : (tensor<?x?x32xf32>) -> tensor<?x?x32xf32>
    // CHECK: inlay_onnx.node "NoInputs"() : () -> (!inlay_onnx.seq<tensor<?xf32>>, !inlay_onnx.optional<tensor<*xf32>>, !inlay_onnx.map<i64, tensor<?xf32>>)
    %3:3 = inlay_onnx.node "NoInputs"() : () -> (!inlay_onnx.seq<tensor<?xf32>>, !inlay_onnx.optional<tensor<*xf32>>, !inlay_onnx.map<i64, tensor<?xf32>>)
    %c = inlay_onnx.constant dense<true> : tensor<i1>
    // CHECK: inlay_onnx.node "If"(%{{.*}}) graphs ["then_branch", "else_branch"] {
    // CHECK-NEXT: inlay_onnx.yield %{{.*}} : tensor<?x?x32xf32>
    // CHECK-NEXT: }, {
    // CHECK-NEXT: inlay_onnx.yield %{{.*}} : tensor<?x?x32xf32>
    // CHECK-NEXT: } : (tensor<i1>) -> tensor<?x?x32xf32>
    %4 = inlay_onnx.node "If"(%c) graphs ["then_branch", "else_branch"] {
      inlay_onnx.yield %2 : tensor<?x?x32xf32>
    }, {
      inlay_onnx.yield %0 : tensor<?x?x32xf32>
    } : (tensor<i1>) -> tensor<?x?x32xf32>
    // CHECK: inlay_onnx.return
    inlay_onnx.return %4, %0 : tensor<?x?x32xf32>, tensor<?x?x32xf32>
  }
}
