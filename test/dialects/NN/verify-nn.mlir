// RUN: inlay-opt %s --verify-nn -split-input-file -verify-diagnostics --allow-unregistered-dialect

// expected-error @below {{the nn level needs exactly one inlay_nn.graph, found 0}}
module {
  // expected-error @below {{the nn level holds no op of inlay_onnx}}
  inlay_onnx.graph @old() attributes {arg_names = [], result_names = []} {
    inlay_onnx.return
  }
}

// -----

module {
  inlay_nn.graph @g(%x: tensor<?xf32>) attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = [], tokens = 1 : i64} {
    // expected-error @below {{op 'other.op' has no place in an nn graph}}
    "other.op"() : () -> ()
    // expected-error @below {{result type 'tensor<?xf32>' is no static tensor}}
    %0 = inlay_nn.unary silu %x : tensor<?xf32> -> tensor<?xf32>
    // An opaque op may have any result.
    %1 = inlay_nn.opaque "NonZero"(%x) : (tensor<?xf32>) -> tensor<1x?xi64>
    inlay_nn.return
  }
}

// -----

module {
  inlay_nn.graph @g(%q: tensor<1x1x128xf32>, %k: tensor<1x2x7x16xf32>) -> tensor<1x1x64xf32> attributes {arg_names = ["q", "k"], batch = 1 : i64, context = 7 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
    // expected-error @below {{the past of an attention must be an argument of the graph that nothing else uses}}
    // expected-error @below {{the present of an attention must be a result of the graph}}
    %0, %k1, %v1 = inlay_nn.attention none %q past %k, %k {head_dim = 16 : i64, kv_heads = 2 : i64, num_heads = 4 : i64, resultSegmentSizes = array<i32: 1, 1, 1>, scale = 2.5e-01 : f64, value_dim = 16 : i64} : (tensor<1x1x128xf32>, tensor<1x2x7x16xf32>, tensor<1x2x7x16xf32>) -> (tensor<1x1x64xf32>, tensor<1x2x8x16xf32>, tensor<1x2x8x16xf32>)
    inlay_nn.return %0 : tensor<1x1x64xf32>
  }
}
