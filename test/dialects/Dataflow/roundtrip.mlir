// RUN: inlay-opt %s | inlay-opt | FileCheck %s
// RUN: inlay-opt --emit-bytecode %s | inlay-opt | FileCheck %s
// RUN: inlay-opt --mlir-print-op-generic %s | inlay-opt | FileCheck %s

ml_program.global private @layers.0.mlp.weight(#inlay_onnx.weight<file = "model.onnx.data", offset = 0, length = 16384, encoding = raw>) : tensor<64x64xf32>
ml_program.global private @fc1(#inlay_onnx.weight<file = "model.onnx.data", offset = 16384, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
ml_program.global private @fc2(#inlay_onnx.weight<file = "model.onnx.data", offset = 147456, length = 65536, encoding = raw>) : tensor<4x64x64xf32>

// CHECK: inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // CHECK-NEXT: inlay_dataflow.state @past.0.key : tensor<1x1x8x64xf32>
  inlay_dataflow.state @past.0.key : tensor<1x1x8x64xf32>
  // CHECK-NEXT: %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x64xf32>>
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x64xf32>>
  %p = inlay_dataflow.source "weights" : !inlay_dataflow.stream<tensor<1x2xf32>>
  %c = inlay_dataflow.source "indices" : !inlay_dataflow.stream<tensor<1x2xi64>>
  // CHECK:      %layers.0.mlp:2 = inlay_dataflow.kernel @layers.0.mlp role(mlp) layer(0) structure("0123")
  // CHECK-NEXT:     (%arg0 = %x : !inlay_dataflow.stream<tensor<1x64xf32>>)
  // CHECK-NEXT:     weights(%arg1 = @layers.0.mlp.weight : tensor<64x64xf32>)
  // CHECK-NEXT:     states(%arg2 = @past.0.key : tensor<1x1x7x64xf32>)
  // CHECK-NEXT:     -> (!inlay_dataflow.stream<tensor<1x64xf32>>, !inlay_dataflow.stream<tensor<1x64xf32>>) {
  // CHECK-NEXT:   %[[Y:.+]] = inlay_nn.linear %arg0, %arg1 : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
  // CHECK:        %[[K:.+]] = inlay_nn.concat
  // CHECK-NEXT:   inlay_dataflow.yield %[[Y]], %arg0 : tensor<1x64xf32>, tensor<1x64xf32> states %[[K]] : tensor<1x1x8x64xf32>
  // CHECK-NEXT: }
  %0:2 = inlay_dataflow.kernel @layers.0.mlp role(mlp) layer(0) structure("0123")
      (%in = %x : !inlay_dataflow.stream<tensor<1x64xf32>>)
      weights(%w = @layers.0.mlp.weight : tensor<64x64xf32>)
      states(%past = @past.0.key : tensor<1x1x7x64xf32>)
      -> (!inlay_dataflow.stream<tensor<1x64xf32>>, !inlay_dataflow.stream<tensor<1x64xf32>>) {
    %y = inlay_nn.linear %in, %w : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
    %new = inlay_nn.reshape %y : tensor<1x64xf32> -> tensor<1x1x1x64xf32>
    %present = inlay_nn.concat %past, %new {axis = 2 : i64} : (tensor<1x1x7x64xf32>, tensor<1x1x1x64xf32>) -> tensor<1x1x8x64xf32>
    inlay_dataflow.yield %y, %in : tensor<1x64xf32>, tensor<1x64xf32> states %present : tensor<1x1x8x64xf32>
  }
  // CHECK:      %layers.0.moe = inlay_dataflow.experts @layers.0.moe layer(0) num_experts(4) experts_per_token(2)
  // CHECK-NEXT:     (%arg0 = %layers.0.mlp#0 : !inlay_dataflow.stream<tensor<1x64xf32>>, %arg1 = %weights : !inlay_dataflow.stream<tensor<1x2xf32>>, %arg2 = %indices : !inlay_dataflow.stream<tensor<1x2xi64>>)
  // CHECK-NEXT:     weights(%arg3 = @fc1 : tensor<4x64x64xf32>, %arg4 = @fc2 : tensor<4x64x64xf32>)
  // CHECK-NEXT:     -> !inlay_dataflow.stream<tensor<1x64xf32>> {
  %1 = inlay_dataflow.experts @layers.0.moe layer(0) num_experts(4) experts_per_token(2)
      (%in = %0#0 : !inlay_dataflow.stream<tensor<1x64xf32>>, %w = %p : !inlay_dataflow.stream<tensor<1x2xf32>>, %i = %c : !inlay_dataflow.stream<tensor<1x2xi64>>)
      weights(%fc1 = @fc1 : tensor<4x64x64xf32>, %fc2 = @fc2 : tensor<4x64x64xf32>)
      -> !inlay_dataflow.stream<tensor<1x64xf32>> {
    %y = inlay_nn.experts relu %in, %w, %i fc1 %fc1 fc2 %fc2 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32>
    inlay_dataflow.yield %y : tensor<1x64xf32>
  }
  // The form of a kernel that neither takes nor gives anything.
  // CHECK:      inlay_dataflow.kernel @nothing role(other)
  // CHECK-NEXT:     () {
  // CHECK-NEXT:   inlay_dataflow.yield
  // CHECK-NEXT: }
  inlay_dataflow.kernel @nothing role(other) () {
  }
  // CHECK:      inlay_dataflow.sink "y" %layers.0.moe : !inlay_dataflow.stream<tensor<1x64xf32>>
  inlay_dataflow.sink "y" %1 : !inlay_dataflow.stream<tensor<1x64xf32>>
  inlay_dataflow.sink "z" %0#1 : !inlay_dataflow.stream<tensor<1x64xf32>>
}

// CHECK: inlay_dataflow.graph @chunk phase(prefill) batch(2) context(0) tokens(128) {
inlay_dataflow.graph @chunk phase(prefill) batch(2) context(0) tokens(128) {
}
