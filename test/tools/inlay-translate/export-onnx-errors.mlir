// What cannot be said in ONNX, and what is missing.
// RUN: rm -rf %t && mkdir %t && printf 12345 > %t/short.data
// A sparse file, which takes no space; nothing of it is read.
// RUN: truncate -s 3000000001 %t/large.data
// RUN: inlay-translate --export-onnx --split-input-file --verify-diagnostics --weights-dir=%t %s
// RUN: not inlay-translate --export-onnx %S/Inputs/varint.mlir 2>&1 | FileCheck %s --check-prefix=DIR
// DIR: error: the bytes of weight 'w' in 'm.onnx' must be copied (encoding varint): say with --weights-dir where the file is

// expected-error @below {{an ONNX file holds exactly one inlay_onnx.graph, found 0: run --convert-nn-to-onnx on a raised module}}
module {}

// -----

// expected-error @below {{a module without 'inlay_onnx.opsets' cannot be written: versions of operators are part of an ONNX file; set it, as {ai.onnx = 21}}}
module {
  inlay_onnx.graph @g() attributes {arg_names = [], result_names = []} {
    inlay_onnx.return
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  inlay_onnx.graph @g(%x: tensor<4xf32>) -> tensor<4xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    // expected-error @below {{operator Relu is of opset 13, its graph of opset 18: ONNX cannot say both in one graph; convert the model to one opset}}
    %0 = inlay_onnx.node "Relu"(%x) attributes {own_opset = 13 : i64} : (tensor<4xf32>) -> tensor<4xf32>
    inlay_onnx.return %0 : tensor<4xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  inlay_onnx.graph @g(%x: tensor<4xf32>) -> tensor<4xf32> attributes {arg_names = ["x"], result_names = ["y"]} {
    // expected-error @below {{attribute 'a' = 1 : i32 has no counterpart in ONNX: write f32, i64, strings, tensors or lists of them}}
    %0 = inlay_onnx.node "Relu"(%x) {attributes = {a = 1 : i32}} : (tensor<4xf32>) -> tensor<4xf32>
    inlay_onnx.return %0 : tensor<4xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  inlay_onnx.graph @g() -> tensor<1xi7> attributes {arg_names = [], result_names = ["y"]} {
    // expected-error @below {{the value dense<1> : tensor<1xi7> has no counterpart in ONNX: write dense elements of a type that ONNX has}}
    %0 = inlay_onnx.constant dense<1> : tensor<1xi7>
    inlay_onnx.return %0 : tensor<1xi7>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // expected-error @below {{elements of type 'i7' have no counterpart in ONNX: cast them to a type that it has}}
  ml_program.global private @w(#inlay_onnx.weight<file = "f", offset = 0, length = 8, encoding = raw>) : tensor<8xi7>
  inlay_onnx.graph @g() -> tensor<8xi7> attributes {arg_names = [], result_names = ["y"]} {
    %0 = ml_program.global_load_const @w : tensor<8xi7>
    inlay_onnx.return %0 : tensor<8xi7>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // expected-error @below {{weight 'w' has no value that ONNX could hold: give it an '#inlay_onnx.weight' of a tensor with a rank, or its numbers}}
  ml_program.global private @w(#inlay_onnx.weight<file = "f", offset = 0, length = 32, encoding = raw>) : tensor<*xf32>
  inlay_onnx.graph @g() -> tensor<*xf32> attributes {arg_names = [], result_names = ["y"]} {
    %0 = ml_program.global_load_const @w : tensor<*xf32>
    inlay_onnx.return %0 : tensor<*xf32>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // expected-error @below {{weight 'w' ends at byte 8 of 'short.data', which has 5 bytes: fetch the file again}}
  ml_program.global private @w(#inlay_onnx.weight<file = "short.data", offset = 0, length = 8, encoding = varint>) : tensor<8xi64>
  inlay_onnx.graph @g() -> tensor<8xi64> attributes {arg_names = [], result_names = ["y"]} {
    %0 = ml_program.global_load_const @w : tensor<8xi64>
    inlay_onnx.return %0 : tensor<8xi64>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // expected-error @below {{the weight file '../secret' is not in the folder of the model: copy it there and name it without '..'}}
  ml_program.global private @w(#inlay_onnx.weight<file = "../secret", offset = 0, length = 8, encoding = varint>) : tensor<8xi64>
  inlay_onnx.graph @g() -> tensor<8xi64> attributes {arg_names = [], result_names = ["y"]} {
    %0 = ml_program.global_load_const @w : tensor<8xi64>
    inlay_onnx.return %0 : tensor<8xi64>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // expected-error @below {{cannot read the weight file 'gone': No such file or directory; say with --weights-dir where it is}}
  ml_program.global private @w(#inlay_onnx.weight<file = "gone", offset = 0, length = 8, encoding = proto>) : tensor<8xi64>
  inlay_onnx.graph @g() -> tensor<8xi64> attributes {arg_names = [], result_names = ["y"]} {
    %0 = ml_program.global_load_const @w : tensor<8xi64>
    inlay_onnx.return %0 : tensor<8xi64>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  ml_program.global private @w(dense<1> : tensor<1xi64>) : tensor<1xi64>
  inlay_onnx.graph @g() -> tensor<1xi64> attributes {arg_names = [], result_names = ["y"]} {
    // expected-error @below {{op 'ml_program.global_load' has no counterpart in ONNX: run the passes that remove it, or leave it out}}
    %0 = ml_program.global_load @w : tensor<1xi64>
    inlay_onnx.return %0 : tensor<1xi64>
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 18 : i64}} {
  // expected-error @below {{the ONNX file would have 3000000000 bytes, protobuf allows 2147483647: keep the weights outside, as raw data}}
  ml_program.global private @w(#inlay_onnx.weight<file = "large.data", offset = 0, length = 3000000000, encoding = varint>) : tensor<3000000000xi64>
  inlay_onnx.graph @g() -> tensor<3000000000xi64> attributes {arg_names = [], result_names = ["y"]} {
    %0 = ml_program.global_load_const @w : tensor<3000000000xi64>
    inlay_onnx.return %0 : tensor<3000000000xi64>
  }
}
