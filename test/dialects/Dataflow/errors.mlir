// RUN: inlay-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{'inlay_dataflow.graph' op needs a batch and tokens of at least 1 and a context of at least 0, got batch 0, tokens 1, context 7}}
inlay_dataflow.graph @main phase(decode) batch(0) context(7) tokens(1) {
}

// -----

// expected-error @below {{got batch 1, tokens 0, context 7}}
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(0) {
}

// -----

// expected-error @below {{got batch 1, tokens 1, context -1}}
inlay_dataflow.graph @main phase(decode) batch(1) context(-1) tokens(1) {
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{'inlay_nn.constant' op is no source, state, kernel, experts or sink, so it cannot stand in a graph}}
  %0 = inlay_nn.constant dense<1.0> : tensor<4xf32>
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-note @below {{the other kernel}}
  inlay_dataflow.kernel @a role(other) () {
  }
  // expected-error @below {{'inlay_dataflow.kernel' op has the name 'a' of another kernel}}
  inlay_dataflow.kernel @a role(other) () {
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-note @below {{the other state}}
  inlay_dataflow.state @s : tensor<4xf32>
  // expected-error @below {{'inlay_dataflow.state' op has the name 's' of another state}}
  inlay_dataflow.state @s : tensor<4xf32>
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-note @below {{the other source}}
  %0 = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
  // expected-error @below {{'inlay_dataflow.source' op has the name 'x' of another source}}
  %1 = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  %0 = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
  // expected-note @below {{the other sink}}
  inlay_dataflow.sink "x" %0 : !inlay_dataflow.stream<tensor<4xf32>>
  // expected-error @below {{'inlay_dataflow.sink' op has the name 'x' of another sink}}
  inlay_dataflow.sink "x" %0 : !inlay_dataflow.stream<tensor<4xf32>>
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{'inlay_dataflow.state' op needs a static shape, got 'tensor<?xf32>'}}
  inlay_dataflow.state @s : tensor<?xf32>
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{'inlay_dataflow.kernel' op uses state 's', which the graph does not declare}}
  inlay_dataflow.kernel @a role(other) () states(%s = @s : tensor<4xf32>) {
    inlay_dataflow.yield states %s : tensor<4xf32>
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  inlay_dataflow.state @s : tensor<8xf32>
  // expected-error @below {{'inlay_dataflow.kernel' op reads state 's' of type 'tensor<8xf32>' as 'tensor<9xf32>'}}
  inlay_dataflow.kernel @a role(other) () states(%s = @s : tensor<9xf32>) {
    inlay_dataflow.yield states %s : tensor<9xf32>
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  inlay_dataflow.state @s : tensor<8xf32>
  // expected-error @below {{'inlay_dataflow.kernel' op reads state 's' of type 'tensor<8xf32>' as 'tensor<8xf16>'}}
  inlay_dataflow.kernel @a role(other) () states(%s = @s : tensor<8xf16>) {
    inlay_dataflow.yield states %s : tensor<8xf16>
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  inlay_dataflow.state @s : tensor<8xf32>
  // expected-error @below {{'inlay_dataflow.kernel' op updates state 's' of type 'tensor<8xf32>' by 'tensor<7xf32>'}}
  inlay_dataflow.kernel @a role(other) () states(%s = @s : tensor<7xf32>) {
    %0 = inlay_nn.unary neg %s : tensor<7xf32> -> tensor<7xf32>
    inlay_dataflow.yield states %0 : tensor<7xf32>
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{'inlay_dataflow.kernel' op cannot have role 'experts'; use 'inlay_dataflow.experts'}}
  inlay_dataflow.kernel @a role(experts) () {
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{'inlay_dataflow.kernel' op needs a layer of at least 0, got -1}}
  inlay_dataflow.kernel @a role(other) layer(-1) () {
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{'inlay_dataflow.kernel' op has 0 inputs, 1 weights and 0 states, but 0 arguments of the body}}
  "inlay_dataflow.kernel"() <{role = 7 : i32, sym_name = "a", weights = [@w], states = []}> ({
    "inlay_dataflow.yield"() <{operandSegmentSizes = array<i32: 0, 0>}> : () -> ()
  }) : () -> ()
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
  // expected-error @below {{'inlay_dataflow.kernel' op takes 'tensor<4xf16>' for input 0, whose stream carries 'tensor<4xf32>'}}
  "inlay_dataflow.kernel"(%x) <{role = 7 : i32, sym_name = "a", weights = [], states = []}> ({
  ^bb0(%in: tensor<4xf16>):
    "inlay_dataflow.yield"() <{operandSegmentSizes = array<i32: 0, 0>}> : () -> ()
  }) : (!inlay_dataflow.stream<tensor<4xf32>>) -> ()
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{'inlay_dataflow.kernel' op binds weight 'w' twice}}
  inlay_dataflow.kernel @a role(other) () weights(%v = @w : tensor<4xf32>, %w = @w : tensor<4xf32>) {
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  inlay_dataflow.state @s : tensor<4xf32>
  // expected-error @below {{'inlay_dataflow.kernel' op binds state 's' twice}}
  inlay_dataflow.kernel @a role(other) () states(%s = @s : tensor<4xf32>, %t = @s : tensor<4xf32>) {
    inlay_dataflow.yield states %s, %t : tensor<4xf32>, tensor<4xf32>
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
  // expected-error @below {{'inlay_dataflow.kernel' op yields 2 tensors and 0 state updates for 1 outputs and 0 states}}
  %0 = inlay_dataflow.kernel @a role(other) (%in = %x : !inlay_dataflow.stream<tensor<4xf32>>) -> !inlay_dataflow.stream<tensor<4xf32>> {
    inlay_dataflow.yield %in, %in : tensor<4xf32>, tensor<4xf32>
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4xf32>>
  // expected-error @below {{'inlay_dataflow.kernel' op yields 'tensor<4xf32>' for output 0, whose stream carries 'tensor<4xf16>'}}
  %0 = inlay_dataflow.kernel @a role(other) (%in = %x : !inlay_dataflow.stream<tensor<4xf32>>) -> !inlay_dataflow.stream<tensor<4xf16>> {
    inlay_dataflow.yield %in : tensor<4xf32>
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{'inlay_dataflow.kernel' op weight 'w' is not a constant of the module}}
  inlay_dataflow.kernel @a role(other) () weights(%w = @w : tensor<4xf32>) {
  }
}

// -----

ml_program.global private mutable @w(dense<0.0> : tensor<4xf32>) : tensor<4xf32>
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{'inlay_dataflow.kernel' op weight 'w' is not a constant of the module}}
  inlay_dataflow.kernel @a role(other) () weights(%w = @w : tensor<4xf32>) {
  }
}

// -----

ml_program.global private @w(#inlay_onnx.weight<file = "m.onnx", offset = 0, length = 8, encoding = raw>) : tensor<4xf16>
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{'inlay_dataflow.experts' op takes weight 'w' of type 'tensor<4xf16>' as 'tensor<4xf32>'}}
  inlay_dataflow.experts @a num_experts(2) experts_per_token(2) () weights(%w = @w : tensor<4xf32>) {
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{'inlay_dataflow.experts' op needs 1 to 4 experts per token, got 5}}
  inlay_dataflow.experts @a num_experts(4) experts_per_token(5) () {
  }
}

// -----

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  // expected-error @below {{'inlay_dataflow.experts' op needs 1 to 4 experts per token, got 0}}
  inlay_dataflow.experts @a num_experts(4) experts_per_token(0) () {
  }
}
