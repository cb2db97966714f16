// RUN: inlay-translate --dataflow-to-model-json --split-input-file --verify-diagnostics %s | FileCheck %s

// States, and what ops read of them, have the type in which they are kept.
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) attributes {inlay_dataflow.kv_type = f8E4M3FN} {
  inlay_dataflow.state @past : tensor<1x8x64xf32>
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x1x64xf32>>
  %a = inlay_dataflow.kernel @a role(other) (%in = %x : !inlay_dataflow.stream<tensor<1x1x64xf32>>) states(%past = @past : tensor<1x7x64xf32>) -> !inlay_dataflow.stream<tensor<1x8x64xf32>> {
    %0 = inlay_nn.concat %past, %in {axis = 1 : i64} : (tensor<1x7x64xf32>, tensor<1x1x64xf32>) -> tensor<1x8x64xf32>
    inlay_dataflow.yield %0 : tensor<1x8x64xf32> states %0 : tensor<1x8x64xf32>
  }
  inlay_dataflow.sink "y" %a : !inlay_dataflow.stream<tensor<1x8x64xf32>>
}
// CHECK:      "role": "state",
// CHECK:      "type": "f8E4M3FN"
// CHECK:      "states": [
// CHECK-NEXT:   {
// CHECK-NEXT:     "name": "past",
// CHECK-NEXT:     "type": "f8E4M3FN",

// -----

// expected-error @below {{state 'past' of type 'tensor<1x8x64xi8>' is quantised, so that it cannot be kept as 'f16'; leave --kv-type out}}
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) attributes {inlay_dataflow.kv_type = f16} {
  inlay_dataflow.state @past : tensor<1x8x64xi8>
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x1x64xi8>>
  %a = inlay_dataflow.kernel @a role(other) (%in = %x : !inlay_dataflow.stream<tensor<1x1x64xi8>>) states(%past = @past : tensor<1x7x64xi8>) -> !inlay_dataflow.stream<tensor<1x8x64xi8>> {
    %0 = inlay_nn.concat %past, %in {axis = 1 : i64} : (tensor<1x7x64xi8>, tensor<1x1x64xi8>) -> tensor<1x8x64xi8>
    inlay_dataflow.yield %0 : tensor<1x8x64xi8> states %0 : tensor<1x8x64xi8>
  }
  inlay_dataflow.sink "y" %a : !inlay_dataflow.stream<tensor<1x8x64xi8>>
}
