// RUN: inlay-opt %s --bind-dims="bindings=batch_size=3,foo=5" | FileCheck %s --check-prefix=NAMED
// RUN: inlay-opt %s --bind-dims="bindings=past_sequence_length=7,foo=5,batch_size=2 batch=2" | FileCheck %s --check-prefix=PAST
// RUN: inlay-opt %s --bind-dims="bindings=total_sequence_length=9,foo=5" | FileCheck %s --check-prefix=TOTAL
// RUN: inlay-opt %s --bind-dims="context=100 phase=prefill bindings=sequence_length=4,foo=5" | FileCheck %s --check-prefix=CONTEXT
// RUN: inlay-opt %s --bind-dims='bindings="2*foo - bar=11",foo=5' | FileCheck %s --check-prefix=WHOLE

// A binding comes before the convention; a whole expression may be bound.

// NAMED: %a: tensor<3x1xi64>, %b: tensor<3x8192x8193xf32>, %c: tensor<5x?xf32, #inlay_onnx.dims<5, "2*foo - bar">>, %d: tensor<?xf32, #inlay_onnx.dims<"odd name!">>)
// PAST: %a: tensor<2x1xi64>, %b: tensor<2x7x8xf32>
// TOTAL: %a: tensor<1x1xi64>, %b: tensor<1x8x9xf32>
// CONTEXT: %a: tensor<1x4xi64>, %b: tensor<1x100x104xf32>
// WHOLE: %c: tensor<5x11xf32>
inlay_onnx.graph @main(
    %a: tensor<?x?xi64, #inlay_onnx.dims<"batch_size", "sequence_length">>,
    %b: tensor<?x?x?xf32, #inlay_onnx.dims<"batch_size", "past_sequence_length", "total_sequence_length">>,
    %c: tensor<?x?xf32, #inlay_onnx.dims<"foo", "2*foo - bar">>,
    %d: tensor<?xf32, #inlay_onnx.dims<"odd name!">>)
    -> tensor<?x?xi64, #inlay_onnx.dims<"batch_size", "sequence_length">>
    attributes {arg_names = ["a", "b", "c", "d"], result_names = ["y"]} {
  inlay_onnx.return %a : tensor<?x?xi64, #inlay_onnx.dims<"batch_size", "sequence_length">>
}
