// RUN: inlay-opt %s --bind-dims="bindings=s36=7 batch=2" | FileCheck %s
// RUN: not inlay-opt %s --bind-dims="bindings=s36=7 context=8" 2>&1 | FileCheck %s --check-prefix=CONTRADICTION

// Binding PyTorch's name of a symbol says what its place says: 7 past tokens
// make 8 in all.

// CHECK: %input_ids: tensor<2x1xi64>, %attention_mask: tensor<2x8xi64>, %past_key_values.0.key: tensor<2x2x7x16xf32>
// CHECK-SAME: inlay_onnx.context = 7 : i64
// CONTRADICTION: error: 's36=7' contradicts 'context=8'
inlay_onnx.graph @main(
    %ids: tensor<?x?xi64, #inlay_onnx.dims<"s44", "s70">>,
    %mask: tensor<?x?xi64, #inlay_onnx.dims<"s43", "s53">>,
    %past: tensor<?x2x?x16xf32, #inlay_onnx.dims<"s44", 2, "s36", 16>>)
    -> tensor<?x?xi64, #inlay_onnx.dims<"s44", "s70">>
    attributes {arg_names = ["input_ids", "attention_mask", "past_key_values.0.key"], result_names = ["y"]} {
  inlay_onnx.return %ids : tensor<?x?xi64, #inlay_onnx.dims<"s44", "s70">>
}
