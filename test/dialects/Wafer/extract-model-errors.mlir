// RUN: inlay-translate --dataflow-to-model-json --split-input-file --verify-diagnostics %s

// expected-error @below {{the dataflow level holds one 'inlay_dataflow.graph', this module holds 0}}
module {
}

// -----

ml_program.global private @w(dense<0.0> : tensor<4xf32>) : tensor<4xf32>
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{weight 'w' has no '#inlay_onnx.weight' handle on its bytes or no static shape, so it cannot be placed}}
  inlay_dataflow.kernel @a role(other) () weights(%w = @w : tensor<4xf32>) {
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<?xf32>>
  // expected-error @below {{input 0 of kernel 'a' is 'tensor<?xf32>', whose size is not known before the step, so it cannot be placed}}
  inlay_dataflow.kernel @a role(other) (%p = %x : !inlay_dataflow.stream<tensor<?xf32>>) {
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
  // expected-error @below {{output 0 of kernel 'a' is 'tensor<?xf32>', whose size is not known before the step, so it cannot be placed}}
  %0 = inlay_dataflow.kernel @a role(other) (%p = %x : !inlay_dataflow.stream<tensor<4xf32>>) -> !inlay_dataflow.stream<tensor<?xf32>> {
    %1 = inlay_nn.opaque "NonZero"(%p) : (tensor<4xf32>) -> tensor<?xf32>
    inlay_dataflow.yield %1 : tensor<?xf32>
  }
}

// -----

ml_program.global private @w(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  inlay_dataflow.kernel @a role(other) () weights(%w = @w : tensor<4xf32>) {
    // expected-error @below {{'ml_program.global_load_const' in kernel 'a' does not say its loop nests, so it cannot be placed}}
    %0 = ml_program.global_load_const @w : tensor<4xf32>
  }
}

// -----

// What the model's own check finds is an error at the graph.
// expected-error @below {{kernel 'a' input 0 has a dim of size 0}}
// expected-error @below {{kernel 'a' output 0 has a dim of size 0}}
// expected-error @below {{stream 'x' has a dim of size 0}}
// expected-error @below {{stream 'y' has a dim of size 0}}
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<0xf32>>
  %a = inlay_dataflow.kernel @a role(other) (%in = %x : !inlay_dataflow.stream<tensor<0xf32>>) -> !inlay_dataflow.stream<tensor<0xf32>> {
    inlay_dataflow.yield %in : tensor<0xf32>
  }
  inlay_dataflow.sink "y" %a : !inlay_dataflow.stream<tensor<0xf32>>
}

// -----

ml_program.global private @e0(#inlay_onnx.weight<file = "m.data", offset = 0, length = 32, encoding = raw>) : tensor<2x4xf32>
ml_program.global private @w(#inlay_onnx.weight_view<<@e0, first = 1, sizes = [1, 2, 4], strides = [0, 4, 1]>>) : tensor<1x2x4xf32>
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{weight 'w' has a piece of 'e0', which has no '#inlay_onnx.weight' handle on its bytes or not so many elements}}
  inlay_dataflow.kernel @a role(other) () weights(%w = @w : tensor<1x2x4xf32>) {
  }
}

// -----

ml_program.global private @e0(#inlay_onnx.weight<file = "m.data", offset = 0, length = 32, encoding = raw>) : tensor<2x4xf32>
ml_program.global private @w(#inlay_onnx.weight_view<<@e0, first = 0, sizes = [1, 2, 4], strides = [0, 4, 1]>>) : tensor<2x2x4xf32>
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{weight 'w' is of shape 2, 2, 4, but its pieces make 1, 2, 4}}
  inlay_dataflow.kernel @a role(other) () weights(%w = @w : tensor<2x2x4xf32>) {
  }
}
