// RUN: inlay-opt %s -canonicalize -split-input-file | FileCheck %s
// RUN: inlay-opt %s -canonicalize -split-input-file | inlay-opt -split-input-file | FileCheck %s

ml_program.global private @v(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
ml_program.global private @w(#inlay_onnx.weight<file = "m.onnx", offset = 16, length = 16, encoding = raw>) : tensor<4xf32>

// Outputs, inputs and weights that nobody needs go; a hash that is there is kept up to date.
// CHECK-LABEL: graph @unused
inlay_dataflow.graph @unused phase(decode) batch(1) context(0) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
  %y = inlay_dataflow.source "y" : !inlay_dataflow.stream<tensor<4xf32>>
  // CHECK:      %a = inlay_dataflow.kernel @a role(other) structure("{{[0-9a-f]+}}")
  // CHECK-NEXT:   (%arg0 = %x : !inlay_dataflow.stream<tensor<4xf32>>)
  // CHECK-NEXT:   weights(%arg1 = @w : tensor<4xf32>)
  // CHECK-NEXT:   -> !inlay_dataflow.stream<tensor<4xf32>> {
  // CHECK-NEXT:   %[[SUM:.+]] = inlay_nn.binary add %arg0, %arg1
  // CHECK-NEXT:   inlay_dataflow.yield %[[SUM]] : tensor<4xf32>
  // CHECK-NEXT: }
  %0:2 = inlay_dataflow.kernel @a role(other) structure("stale")
      (%p = %x : !inlay_dataflow.stream<tensor<4xf32>>, %q = %y : !inlay_dataflow.stream<tensor<4xf32>>)
      weights(%v = @v : tensor<4xf32>, %w = @w : tensor<4xf32>)
      -> (!inlay_dataflow.stream<tensor<4xf32>>, !inlay_dataflow.stream<tensor<4xf32>>) {
    %1 = inlay_nn.binary mul %q, %v : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %2 = inlay_nn.binary add %p, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    inlay_dataflow.yield %1, %2 : tensor<4xf32>, tensor<4xf32>
  }
  // CHECK-NEXT: inlay_dataflow.sink "z" %a
  inlay_dataflow.sink "z" %0#1 : !inlay_dataflow.stream<tensor<4xf32>>
}

// -----

// An output that is an input as it came is the input's stream; a kernel that does nothing else goes.
// CHECK-LABEL: graph @identity
inlay_dataflow.graph @identity phase(decode) batch(1) context(0) tokens(1) {
  // CHECK-NEXT: %x = inlay_dataflow.source
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
  // CHECK-NEXT: inlay_dataflow.sink "z" %x
  %0 = inlay_dataflow.kernel @a role(other) (%p = %x : !inlay_dataflow.stream<tensor<4xf32>>)
      -> !inlay_dataflow.stream<tensor<4xf32>> {
    inlay_dataflow.yield %p : tensor<4xf32>
  }
  inlay_dataflow.sink "z" %0 : !inlay_dataflow.stream<tensor<4xf32>>
}

// -----

// One stream that comes in twice comes in once; one tensor that goes out twice goes out once.
// CHECK-LABEL: graph @twice
inlay_dataflow.graph @twice phase(decode) batch(1) context(0) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
  // CHECK:      inlay_dataflow.kernel @a role(other)
  // CHECK-NEXT:   (%arg0 = %x : !inlay_dataflow.stream<tensor<4xf32>>)
  // CHECK-NEXT:   -> !inlay_dataflow.stream<tensor<4xf32>> {
  // CHECK-NEXT:   %[[SUM:.+]] = inlay_nn.binary add %arg0, %arg0
  // CHECK-NEXT:   inlay_dataflow.yield %[[SUM]] : tensor<4xf32>
  %0:2 = inlay_dataflow.kernel @a role(other)
      (%p = %x : !inlay_dataflow.stream<tensor<4xf32>>, %q = %x : !inlay_dataflow.stream<tensor<4xf32>>)
      -> (!inlay_dataflow.stream<tensor<4xf32>>, !inlay_dataflow.stream<tensor<4xf32>>) {
    %1 = inlay_nn.binary add %p, %q : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    inlay_dataflow.yield %1, %1 : tensor<4xf32>, tensor<4xf32>
  }
  // CHECK:      inlay_dataflow.sink "y" %a
  // CHECK-NEXT: inlay_dataflow.sink "z" %a
  inlay_dataflow.sink "y" %0#0 : !inlay_dataflow.stream<tensor<4xf32>>
  inlay_dataflow.sink "z" %0#1 : !inlay_dataflow.stream<tensor<4xf32>>
}

// -----

// A kernel that updates a state stays though nobody listens; one whose state stays as it is goes.
// CHECK-LABEL: graph @states
inlay_dataflow.graph @states phase(decode) batch(1) context(0) tokens(1) {
  inlay_dataflow.state @s : tensor<4xf32>
  inlay_dataflow.state @t : tensor<4xf32>
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
  // CHECK:      inlay_dataflow.kernel @a role(other)
  // CHECK-NEXT:   (%arg0 = %x : !inlay_dataflow.stream<tensor<4xf32>>)
  // CHECK-NEXT:   states(%arg1 = @s : tensor<4xf32>) {
  // CHECK:        inlay_dataflow.yield states
  inlay_dataflow.kernel @a role(other) (%p = %x : !inlay_dataflow.stream<tensor<4xf32>>)
      states(%s = @s : tensor<4xf32>, %t = @t : tensor<4xf32>) {
    %1 = inlay_nn.binary add %p, %s : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    inlay_dataflow.yield states %1, %t : tensor<4xf32>, tensor<4xf32>
  }
  // CHECK-NOT: @b
  inlay_dataflow.kernel @b role(other) () states(%t = @t : tensor<4xf32>) {
    inlay_dataflow.yield states %t : tensor<4xf32>
  }
}

// -----

ml_program.global private @u(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 4, encoding = raw>) : tensor<1xf32>

// Experts are pruned alike.
// CHECK-LABEL: graph @experts
inlay_dataflow.graph @experts phase(decode) batch(1) context(0) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
  // CHECK:      inlay_dataflow.experts @e layer(3) num_experts(4) experts_per_token(2)
  // CHECK-NEXT:   (%arg0 = %x : !inlay_dataflow.stream<tensor<4xf32>>)
  // CHECK-NEXT:   -> !inlay_dataflow.stream<tensor<4xf32>> {
  %0 = inlay_dataflow.experts @e layer(3) num_experts(4) experts_per_token(2)
      (%p = %x : !inlay_dataflow.stream<tensor<4xf32>>) weights(%u = @u : tensor<1xf32>)
      -> !inlay_dataflow.stream<tensor<4xf32>> {
    %1 = inlay_nn.unary neg %p : tensor<4xf32> -> tensor<4xf32>
    inlay_dataflow.yield %1 : tensor<4xf32>
  }
  inlay_dataflow.sink "z" %0 : !inlay_dataflow.stream<tensor<4xf32>>
}
