// RUN: inlay-opt %s -verify-dataflow -split-input-file -verify-diagnostics

// expected-error @below {{the dataflow level holds one 'inlay_dataflow.graph', this module holds 0}}
module {
  // expected-error @below {{'inlay_nn.graph' has no place at the dataflow level}}
  inlay_nn.graph @main() attributes {arg_names = [], result_names = [], phase = "decode", batch = 1 : i64, context = 0 : i64, tokens = 1 : i64} {
    inlay_nn.return
  }
}

// -----

// Every breach is told.
module attributes {inlay_onnx.folded_initializers = ["folded"], inlay_onnx.unreachable_initializers = ["unreachable"]} {
  ml_program.global private @folded(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
  ml_program.global private @unreachable(#inlay_onnx.weight<file = "m.onnx", offset = 16, length = 16, encoding = raw>) : tensor<4xf32>
  // expected-error @below {{initializer 'lost' is neither a weight of a kernel nor listed as folded or unreachable}}
  ml_program.global private @lost(#inlay_onnx.weight<file = "m.onnx", offset = 32, length = 16, encoding = raw>) : tensor<4xf32>
  // expected-error @below {{graph 'main' sends nothing to the host: it has no 'inlay_dataflow.sink'}}
  inlay_dataflow.graph @main phase(decode) batch(1) context(0) tokens(1) {
    // expected-error @below {{state 'nobody' is used by 0 kernels, but must be by one}}
    inlay_dataflow.state @nobody : tensor<4xf32>
    // expected-error @below {{state 'both' is used by 2 kernels, but must be by one}}
    inlay_dataflow.state @both : tensor<4xf32>
    %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<?xf32>>
    // expected-note @below {{kernel 'a'}}
    // expected-error @below {{kernel 'a' produces stream 0, which nothing consumes}}
    // expected-error @below {{kernel 'a' produces stream 0 of type 'tensor<?xf32>', whose size is not known before the step}}
    // expected-error @below {{kernel 'a' has no structural hash}}
    %0 = inlay_dataflow.kernel @a role(other) (%p = %x : !inlay_dataflow.stream<tensor<?xf32>>)
        states(%s = @both : tensor<4xf32>) -> !inlay_dataflow.stream<tensor<?xf32>> {
      inlay_dataflow.yield %p : tensor<?xf32> states %s : tensor<4xf32>
    }
    // expected-note @below {{kernel 'b'}}
    // expected-error-re @below {{kernel 'b' has structural hash 'stale', but its body makes '{{[0-9a-f]+}}'}}
    inlay_dataflow.kernel @b role(other) structure("stale") () states(%s = @both : tensor<4xf32>) {
      // expected-error @below {{'ml_program.global_load_const' stands in kernel 'b', which may hold ops of the nn dialect only}}
      %1 = ml_program.global_load_const @folded : tensor<4xf32>
      inlay_dataflow.yield states %1 : tensor<4xf32>
    }
  }
}

// -----

module {
  ml_program.global private @fc1(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
  ml_program.global private @fc2(#inlay_onnx.weight<file = "m.onnx", offset = 65536, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
  inlay_dataflow.graph @main phase(decode) batch(1) context(0) tokens(1) {
    %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x64xf32>>
    %w = inlay_dataflow.source "w" : !inlay_dataflow.stream<tensor<1x2xf32>>
    %i = inlay_dataflow.source "i" : !inlay_dataflow.stream<tensor<1x2xi64>>
    // expected-error @below {{kernel 'kernel' holds 'inlay_nn.experts', which belongs in 'inlay_dataflow.experts'}}
    // expected-error @below {{kernel 'kernel' has no structural hash}}
    %0 = inlay_dataflow.kernel @kernel role(mlp)
        (%p = %x : !inlay_dataflow.stream<tensor<1x64xf32>>, %q = %w : !inlay_dataflow.stream<tensor<1x2xf32>>, %r = %i : !inlay_dataflow.stream<tensor<1x2xi64>>)
        weights(%fc1 = @fc1 : tensor<4x64x64xf32>, %fc2 = @fc2 : tensor<4x64x64xf32>)
        -> !inlay_dataflow.stream<tensor<1x64xf32>> {
      %1 = inlay_nn.experts relu %p, %q, %r fc1 %fc1 fc2 %fc2 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32>
      inlay_dataflow.yield %1 : tensor<1x64xf32>
    }
    // expected-error @below {{kernel 'experts' says 3 of 8 experts, but its op takes 2 of 4}}
    // expected-error @below {{kernel 'experts' has no structural hash}}
    %1 = inlay_dataflow.experts @experts num_experts(8) experts_per_token(3)
        (%p = %0 : !inlay_dataflow.stream<tensor<1x64xf32>>, %q = %w : !inlay_dataflow.stream<tensor<1x2xf32>>, %r = %i : !inlay_dataflow.stream<tensor<1x2xi64>>)
        weights(%fc1 = @fc1 : tensor<4x64x64xf32>, %fc2 = @fc2 : tensor<4x64x64xf32>)
        -> !inlay_dataflow.stream<tensor<1x64xf32>> {
      // expected-error @below {{'inlay_nn.unary' stands beside the experts of kernel 'experts', where only ops over weights and constants may}}
      %2 = inlay_nn.unary neg %p : tensor<1x64xf32> -> tensor<1x64xf32>
      // What prepares the weights is no breach.
      %4 = inlay_nn.unary neg %fc1 : tensor<4x64x64xf32> -> tensor<4x64x64xf32>
      %3 = inlay_nn.experts relu %2, %q, %r fc1 %4 fc2 %fc2 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32>
      inlay_dataflow.yield %3 : tensor<1x64xf32>
    }
    inlay_dataflow.sink "y" %1 : !inlay_dataflow.stream<tensor<1x64xf32>>
    // expected-error @below {{kernel 'empty' holds 0 'inlay_nn.experts', but must hold one}}
    // expected-error @below {{kernel 'empty' has no structural hash}}
    inlay_dataflow.experts @empty num_experts(4) experts_per_token(2) () {
    }
  }
}

// -----

// What convert-to-dataflow makes passes.
module {
  inlay_dataflow.graph @main phase(decode) batch(1) context(0) tokens(1) {
    %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
    inlay_dataflow.sink "y" %x : !inlay_dataflow.stream<tensor<4xf32>>
  }
}
