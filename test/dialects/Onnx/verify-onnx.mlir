// RUN: inlay-opt %s -split-input-file -verify-diagnostics --verify-onnx

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @w(#inlay_onnx.weight<file = "w", offset = 0, length = 4, encoding = raw>) : tensor<f32>
  ml_program.global private @v(dense<1.0> : tensor<f32>) : tensor<f32>
  inlay_onnx.function @"pkg::F"(%x: !inlay_onnx.unknown) attributes {arg_names = ["x"], domain = "pkg", name = "F", opsets = {other = 3 : i64}} {
    inlay_onnx.node "other::N"(%x) : (!inlay_onnx.unknown) -> ()
    inlay_onnx.return
  }
  inlay_onnx.graph @g() attributes {arg_names = [], result_names = []} {
    %0 = ml_program.global_load_const @w : tensor<f32>
    %1 = ml_program.global_load_const @v : tensor<f32>
    %2 = inlay_onnx.constant {initializer = @w} dense<1.0> : tensor<f32>
    inlay_onnx.node "com.microsoft::QMoE"(%0, %1) : (tensor<f32>, tensor<f32>) -> ()
    inlay_onnx.return
  }
}

// -----

// expected-error @below {{a module of the ONNX level holds one 'inlay_onnx.graph', this one holds 0}}
module attributes {inlay_onnx.opsets = {}} {
}

// -----

// expected-error @below {{a module of the ONNX level holds one 'inlay_onnx.graph', this one holds 2}}
module attributes {inlay_onnx.opsets = {}} {
  // expected-note @below {{graph 'a'}}
  inlay_onnx.graph @a() attributes {arg_names = [], result_names = []} {
    inlay_onnx.return
  }
  // expected-note @below {{graph 'b'}}
  inlay_onnx.graph @b() attributes {arg_names = [], result_names = []} {
    inlay_onnx.return
  }
}

// -----

// expected-error @below {{the module needs 'inlay_onnx.opsets', a dictionary from domain to opset version}}
module {
  inlay_onnx.graph @g() attributes {arg_names = [], result_names = []} {
    inlay_onnx.return
  }
}

// -----

// expected-error @below {{the opset version of domain 'ai.onnx' must be an i64, got "21"}}
module attributes {inlay_onnx.opsets = {ai.onnx = "21"}} {
  inlay_onnx.graph @g() attributes {arg_names = [], result_names = []} {
    inlay_onnx.return
  }
}

// -----

// All breaches are reported, not only the first.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // expected-error @below {{weight 'open' needs an '#inlay_onnx.weight' handle or a value}}
  ml_program.global private @open("text") : tensor<f32>
  inlay_onnx.graph @g() attributes {arg_names = [], result_names = []} {
    // expected-error @below {{operator com.microsoft::QMoE: no opset version is given for domain 'com.microsoft'}}
    inlay_onnx.node "com.microsoft::QMoE"() : () -> ()
    // expected-error @below {{operator pkg::F: no opset version is given for domain 'pkg'}}
    inlay_onnx.node "pkg::F"() : () -> ()
    %0 = ml_program.global_load_const @open : tensor<f32>
    // expected-error @below {{initializer 'open' is not a global of type 'tensor<4xf32>'}}
    %2 = inlay_onnx.constant {initializer = @open} dense<1.0> : tensor<4xf32>
    // expected-error @below {{initializer 'gone' is not a global of type 'tensor<f32>'}}
    %3 = inlay_onnx.constant {initializer = @gone} dense<1.0> : tensor<f32>
    inlay_onnx.return
  }
}
