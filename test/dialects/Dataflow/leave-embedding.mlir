// RUN: inlay-opt %s -leave-embedding -split-input-file -verify-diagnostics | FileCheck %s

// Rows of the table come from the host, under the name of the node. Angles,
// which are looked up too, stay; so does the table where the head holds it.

ml_program.global private @embed(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 128, encoding = raw>) : tensor<8x4xf32>
ml_program.global private @cos(#inlay_onnx.weight<file = "m.onnx", offset = 128, length = 64, encoding = raw>) : tensor<8x2xf32>
ml_program.global private @sin(#inlay_onnx.weight<file = "m.onnx", offset = 192, length = 64, encoding = raw>) : tensor<8x2xf32>
// CHECK-LABEL: inlay_dataflow.graph @main
// CHECK-NOT: "ids"
// CHECK: %[[POSITIONS:.*]] = inlay_dataflow.source "positions" : !inlay_dataflow.stream<tensor<1x1xi64>>
// CHECK: %[[ROWS:.*]] = inlay_dataflow.source "/embed/Gather" of ["embed"] : !inlay_dataflow.stream<tensor<1x1x4xf32>>
// CHECK-NOT: kernel @embedding
// CHECK: inlay_dataflow.kernel @angles role(embedding)
// CHECK: inlay_dataflow.kernel @rotated
// CHECK-NEXT: = %[[ROWS]] :
// CHECK: inlay_dataflow.kernel @head
// CHECK: = @embed :
inlay_dataflow.graph @main phase(decode) batch(1) context(0) tokens(1) {
  %ids = inlay_dataflow.source "ids" : !inlay_dataflow.stream<tensor<1x1xi64>>
  %positions = inlay_dataflow.source "positions" : !inlay_dataflow.stream<tensor<1x1xi64>>
  %0 = inlay_dataflow.kernel @embedding role(embedding)
      (%p = %ids : !inlay_dataflow.stream<tensor<1x1xi64>>)
      weights(%w = @embed : tensor<8x4xf32>)
      -> !inlay_dataflow.stream<tensor<1x1x4xf32>> {
    %1 = inlay_nn.embedding %w, %p : (tensor<8x4xf32>, tensor<1x1xi64>) -> tensor<1x1x4xf32> loc("/embed/Gather")
    inlay_dataflow.yield %1 : tensor<1x1x4xf32>
  }
  %2:2 = inlay_dataflow.kernel @angles role(embedding)
      (%p = %positions : !inlay_dataflow.stream<tensor<1x1xi64>>)
      weights(%c = @cos : tensor<8x2xf32>, %s = @sin : tensor<8x2xf32>)
      -> (!inlay_dataflow.stream<tensor<1x1x2xf32>>, !inlay_dataflow.stream<tensor<1x1x2xf32>>) {
    %3 = inlay_nn.embedding %c, %p : (tensor<8x2xf32>, tensor<1x1xi64>) -> tensor<1x1x2xf32>
    %4 = inlay_nn.embedding %s, %p : (tensor<8x2xf32>, tensor<1x1xi64>) -> tensor<1x1x2xf32>
    inlay_dataflow.yield %3, %4 : tensor<1x1x2xf32>, tensor<1x1x2xf32>
  }
  %5 = inlay_dataflow.kernel @rotated role(other)
      (%x = %0 : !inlay_dataflow.stream<tensor<1x1x4xf32>>, %c = %2#0 : !inlay_dataflow.stream<tensor<1x1x2xf32>>, %s = %2#1 : !inlay_dataflow.stream<tensor<1x1x2xf32>>)
      -> !inlay_dataflow.stream<tensor<1x1x4xf32>> {
    %6 = inlay_nn.rotary halves %x, %c, %s {num_heads = 1 : i64} : (tensor<1x1x4xf32>, tensor<1x1x2xf32>, tensor<1x1x2xf32>) -> tensor<1x1x4xf32>
    inlay_dataflow.yield %6 : tensor<1x1x4xf32>
  }
  %7 = inlay_dataflow.kernel @head role(head)
      (%x = %5 : !inlay_dataflow.stream<tensor<1x1x4xf32>>)
      weights(%w = @embed : tensor<8x4xf32>)
      -> !inlay_dataflow.stream<tensor<1x1x8xf32>> {
    %8 = inlay_nn.lm_head %x, %w : (tensor<1x1x4xf32>, tensor<8x4xf32>) -> tensor<1x1x8xf32>
    inlay_dataflow.yield %8 : tensor<1x1x8xf32>
  }
  inlay_dataflow.sink "logits" %7 : !inlay_dataflow.stream<tensor<1x1x8xf32>>
}

// -----

// expected-error @below {{has no kernel that turns token ids into hidden states, so that the host could keep its table; leave --embedding=host out}}
inlay_dataflow.graph @main phase(decode) batch(1) context(0) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x4xf32>>
  inlay_dataflow.sink "y" %x : !inlay_dataflow.stream<tensor<1x4xf32>>
}
