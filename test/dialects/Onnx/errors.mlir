// RUN: inlay-opt %s -split-input-file -verify-diagnostics

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

// expected-error @below {{at least one dim must have a symbol}}
ml_program.global private mutable @f : tensor<4x?xf32, #inlay_onnx.dims<4, ?>>

// -----

// expected-error @below {{the symbol of a dim must not be empty}}
ml_program.global private mutable @f : tensor<?xf32, #inlay_onnx.dims<"">>

// -----

// expected-error @below {{names 1 dims of a tensor of rank 2}}
ml_program.global private mutable @f : tensor<?x?xf32, #inlay_onnx.dims<"a">>

// -----

// expected-error @below {{dim 1 is 5 here and 4 in the shape}}
ml_program.global private mutable @f : tensor<?x4xf32, #inlay_onnx.dims<"a", 5>>

// -----

// expected-error @below {{dim 1 is 5 here and dynamic in the shape}}
ml_program.global private mutable @f : tensor<?x?xf32, #inlay_onnx.dims<"a", 5>>

// -----

// expected-error @below {{dim 1 has a symbol or '?', but its size is 4}}
ml_program.global private mutable @f : tensor<?x4xf32, #inlay_onnx.dims<"a", "b">>

// -----

// expected-error @below {{a weight needs the name of a file}}
ml_program.global private @w(#inlay_onnx.weight<file = "", offset = 0, length = 4, encoding = raw>) : tensor<f32>

// -----

// expected-error @below {{offset and length must not be negative, got -1 and 4}}
ml_program.global private @w(#inlay_onnx.weight<file = "w", offset = -1, length = 4, encoding = raw>) : tensor<f32>

// -----

// expected-error @below {{offset + length overflows: 9223372036854775807 + 4}}
ml_program.global private @w(#inlay_onnx.weight<file = "w", offset = 9223372036854775807, length = 4, encoding = raw>) : tensor<f32>

// -----

// expected-error @below {{a piece needs one stride for each size, got 1 for 2}}
ml_program.global private @w(#inlay_onnx.weight_view<<@e, first = 0, sizes = [1, 2], strides = [2]>>) : tensor<1x2xf32>

// -----

// expected-error @below {{size 2 and stride -1 of a piece are none of a tensor}}
ml_program.global private @w(#inlay_onnx.weight_view<<@e, first = 0, sizes = [2], strides = [-1]>>) : tensor<2xf32>

// -----

// expected-error @below {{a piece from element -1 on lies outside any tensor}}
ml_program.global private @w(#inlay_onnx.weight_view<<@e, first = -1, sizes = [2], strides = [1]>>) : tensor<2xf32>

// -----

// expected-error @below {{a view needs a piece}}
ml_program.global private @w(#inlay_onnx.weight_view<>) : tensor<2xf32>

// -----

// expected-error @below {{a piece needs a dim}}
ml_program.global private @w(#inlay_onnx.weight_view<<@e, first = 0, sizes = [], strides = []>>) : tensor<f32>

// -----

// expected-error @below {{pieces must be equal but for dim 0, got sizes [1, 2] and [1, 3]}}
ml_program.global private @w(#inlay_onnx.weight_view<<@e, first = 0, sizes = [1, 2], strides = [0, 1]>, <@f, first = 0, sizes = [1, 3], strides = [0, 1]>>) : tensor<2x2xf32>

// -----

// expected-error @below {{pieces have more elements together than any tensor}}
ml_program.global private @w(#inlay_onnx.weight_view<<@e, first = 0, sizes = [4611686018427387904], strides = [0]>, <@e, first = 0, sizes = [4611686018427387904], strides = [0]>>) : tensor<8xf32>

// -----

//===----------------------------------------------------------------------===//
// Graphs and functions
//===----------------------------------------------------------------------===//

// expected-error @below {{needs a body that ends in 'inlay_onnx.return'}}
inlay_onnx.graph @g() attributes {arg_names = [], result_names = []} {
  %0 = inlay_onnx.none : none
}

// -----

// expected-error @below {{has 0 argument names for 1 arguments}}
inlay_onnx.graph @g(%x: tensor<f32>) attributes {arg_names = [], result_names = []} {
  inlay_onnx.return
}

// -----

// expected-error @below {{has 2 result names for 1 results}}
inlay_onnx.graph @g(%x: tensor<f32>) -> tensor<f32> attributes {arg_names = ["x"], result_names = ["y", "z"]} {
  inlay_onnx.return %x : tensor<f32>
}

// -----

// expected-error @below {{has two arguments named 'x'}}
inlay_onnx.graph @g(%x: tensor<f32>, %y: tensor<f32>) attributes {arg_names = ["x", "x"], result_names = []} {
  inlay_onnx.return
}

// -----

// expected-error @below {{has two results named 'y'}}
inlay_onnx.graph @g(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) attributes {arg_names = ["x"], result_names = ["y", "y"]} {
  inlay_onnx.return %x, %x : tensor<f32>, tensor<f32>
}

// -----

inlay_onnx.graph @g(%x: tensor<f32>) -> tensor<f32> attributes {arg_names = ["x"], result_names = ["y"]} {
  // expected-error @below {{returns 2 values from a graph of 1 results}}
  inlay_onnx.return %x, %x : tensor<f32>, tensor<f32>
}

// -----

inlay_onnx.graph @g(%x: tensor<f32>) -> tensor<4xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
  // expected-error @below {{returns 'tensor<f32>' as result 0 of type 'tensor<4xf32>'}}
  inlay_onnx.return %x : tensor<f32>
}

// -----

// expected-error @below {{is named 'pkg::G', but domain, name and overload make 'pkg::F:v2'}}
inlay_onnx.function @"pkg::G"() attributes {arg_names = [], domain = "pkg", name = "F", overload = "v2", opsets = {}} {
  inlay_onnx.return
}

// -----

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

inlay_onnx.graph @g() attributes {arg_names = [], result_names = []} {
  // expected-error @below {{needs an operator name without '::', got ''}}
  inlay_onnx.node ""() : () -> ()
  inlay_onnx.return
}

// -----

inlay_onnx.graph @g() attributes {arg_names = [], result_names = []} {
  // expected-error @below {{writes the default domain as "", not 'ai.onnx'}}
  inlay_onnx.node "ai.onnx::Add"() : () -> ()
  inlay_onnx.return
}

// -----

inlay_onnx.graph @g() attributes {arg_names = [], result_names = []} {
  // expected-error @below {{has 2 names for 1 subgraphs}}
  inlay_onnx.node "If"() graphs ["then_branch", "else_branch"] {
    inlay_onnx.yield
  } : () -> ()
  inlay_onnx.return
}

// -----

inlay_onnx.graph @g() attributes {arg_names = [], result_names = []} {
  // expected-error @below {{needs subgraph 1 to be one block that ends in 'inlay_onnx.yield'}}
  inlay_onnx.node "If"() graphs ["then_branch", "else_branch"] {
    inlay_onnx.yield
  }, {
  } : () -> ()
  inlay_onnx.return
}
