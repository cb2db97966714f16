// RUN: inlay-opt %s --split-input-file --inline-functions --verify-diagnostics

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64}} {
  // expected-error @below {{function calls itself: 'p::F' -> 'p::G' -> 'p::F': export a model without recursion}}
  inlay_onnx.function @"p::F"() -> !inlay_onnx.unknown attributes {arg_names = [], domain = "p", name = "F", opsets = {p = 1 : i64}} {
    %0 = inlay_onnx.node "p::G"() : () -> !inlay_onnx.unknown
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
  inlay_onnx.function @"p::G"() -> !inlay_onnx.unknown attributes {arg_names = [], domain = "p", name = "G", opsets = {p = 1 : i64}} {
    %0 = inlay_onnx.node "p::F"() : () -> !inlay_onnx.unknown
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, p = 1 : i64}} {
  inlay_onnx.function @"p::F"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown attributes {arg_names = ["x"], domain = "p", name = "F", opsets = {}} {
    inlay_onnx.return %x : !inlay_onnx.unknown
  }
  inlay_onnx.graph @calls(%x: tensor<f32>) attributes {arg_names = ["x"], result_names = []} {
    // expected-error @below {{passes 2 inputs to function 'p::F', which takes 1: drop the others, or add them to the function}}
    %0 = inlay_onnx.node "p::F"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    // expected-error @below {{takes 2 outputs from function 'p::F', which gives 1: drop the others, or add them to the function}}
    %1:2 = inlay_onnx.node "p::F"(%x) : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
    // expected-error @below {{passes a graph to function 'p::F', which Inlay does not support: export a model with that function inlined}}
    %2 = inlay_onnx.node "p::F"(%x) graphs ["body"] {
      inlay_onnx.yield
    } : (tensor<f32>) -> tensor<f32>
    inlay_onnx.return
  }
}

// -----

// Each function calls the next one ten times.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, p = 1 : i64}} {
  inlay_onnx.function @"p::F0"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown attributes {arg_names = ["x"], domain = "p", name = "F0", opsets = {ai.onnx = 21 : i64, p = 1 : i64}} {
    %0 = inlay_onnx.node "p::F1"(%x) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "p::F1"(%0) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %2 = inlay_onnx.node "p::F1"(%1) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %3 = inlay_onnx.node "p::F1"(%2) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %4 = inlay_onnx.node "p::F1"(%3) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %5 = inlay_onnx.node "p::F1"(%4) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %6 = inlay_onnx.node "p::F1"(%5) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %7 = inlay_onnx.node "p::F1"(%6) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %8 = inlay_onnx.node "p::F1"(%7) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %9 = inlay_onnx.node "p::F1"(%8) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    inlay_onnx.return %9 : !inlay_onnx.unknown
  }
  inlay_onnx.function @"p::F1"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown attributes {arg_names = ["x"], domain = "p", name = "F1", opsets = {ai.onnx = 21 : i64, p = 1 : i64}} {
    %0 = inlay_onnx.node "p::F2"(%x) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "p::F2"(%0) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %2 = inlay_onnx.node "p::F2"(%1) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %3 = inlay_onnx.node "p::F2"(%2) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %4 = inlay_onnx.node "p::F2"(%3) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %5 = inlay_onnx.node "p::F2"(%4) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %6 = inlay_onnx.node "p::F2"(%5) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %7 = inlay_onnx.node "p::F2"(%6) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %8 = inlay_onnx.node "p::F2"(%7) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %9 = inlay_onnx.node "p::F2"(%8) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    inlay_onnx.return %9 : !inlay_onnx.unknown
  }
  inlay_onnx.function @"p::F2"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown attributes {arg_names = ["x"], domain = "p", name = "F2", opsets = {ai.onnx = 21 : i64, p = 1 : i64}} {
    %0 = inlay_onnx.node "p::F3"(%x) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "p::F3"(%0) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %2 = inlay_onnx.node "p::F3"(%1) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %3 = inlay_onnx.node "p::F3"(%2) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %4 = inlay_onnx.node "p::F3"(%3) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %5 = inlay_onnx.node "p::F3"(%4) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %6 = inlay_onnx.node "p::F3"(%5) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %7 = inlay_onnx.node "p::F3"(%6) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %8 = inlay_onnx.node "p::F3"(%7) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %9 = inlay_onnx.node "p::F3"(%8) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    inlay_onnx.return %9 : !inlay_onnx.unknown
  }
  inlay_onnx.function @"p::F3"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown attributes {arg_names = ["x"], domain = "p", name = "F3", opsets = {ai.onnx = 21 : i64, p = 1 : i64}} {
    %0 = inlay_onnx.node "p::F4"(%x) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "p::F4"(%0) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %2 = inlay_onnx.node "p::F4"(%1) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %3 = inlay_onnx.node "p::F4"(%2) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %4 = inlay_onnx.node "p::F4"(%3) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %5 = inlay_onnx.node "p::F4"(%4) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %6 = inlay_onnx.node "p::F4"(%5) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %7 = inlay_onnx.node "p::F4"(%6) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %8 = inlay_onnx.node "p::F4"(%7) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %9 = inlay_onnx.node "p::F4"(%8) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    inlay_onnx.return %9 : !inlay_onnx.unknown
  }
  inlay_onnx.function @"p::F4"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown attributes {arg_names = ["x"], domain = "p", name = "F4", opsets = {ai.onnx = 21 : i64, p = 1 : i64}} {
    %0 = inlay_onnx.node "p::F5"(%x) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "p::F5"(%0) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %2 = inlay_onnx.node "p::F5"(%1) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %3 = inlay_onnx.node "p::F5"(%2) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %4 = inlay_onnx.node "p::F5"(%3) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %5 = inlay_onnx.node "p::F5"(%4) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %6 = inlay_onnx.node "p::F5"(%5) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %7 = inlay_onnx.node "p::F5"(%6) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %8 = inlay_onnx.node "p::F5"(%7) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %9 = inlay_onnx.node "p::F5"(%8) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    inlay_onnx.return %9 : !inlay_onnx.unknown
  }
  inlay_onnx.function @"p::F5"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown attributes {arg_names = ["x"], domain = "p", name = "F5", opsets = {ai.onnx = 21 : i64, p = 1 : i64}} {
    %0 = inlay_onnx.node "p::F6"(%x) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "p::F6"(%0) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %2 = inlay_onnx.node "p::F6"(%1) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %3 = inlay_onnx.node "p::F6"(%2) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %4 = inlay_onnx.node "p::F6"(%3) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %5 = inlay_onnx.node "p::F6"(%4) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %6 = inlay_onnx.node "p::F6"(%5) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %7 = inlay_onnx.node "p::F6"(%6) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %8 = inlay_onnx.node "p::F6"(%7) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %9 = inlay_onnx.node "p::F6"(%8) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    inlay_onnx.return %9 : !inlay_onnx.unknown
  }
  inlay_onnx.function @"p::F6"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown attributes {arg_names = ["x"], domain = "p", name = "F6", opsets = {ai.onnx = 21 : i64, p = 1 : i64}} {
    %0 = inlay_onnx.node "p::F7"(%x) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "p::F7"(%0) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %2 = inlay_onnx.node "p::F7"(%1) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %3 = inlay_onnx.node "p::F7"(%2) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %4 = inlay_onnx.node "p::F7"(%3) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %5 = inlay_onnx.node "p::F7"(%4) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %6 = inlay_onnx.node "p::F7"(%5) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %7 = inlay_onnx.node "p::F7"(%6) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %8 = inlay_onnx.node "p::F7"(%7) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %9 = inlay_onnx.node "p::F7"(%8) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    inlay_onnx.return %9 : !inlay_onnx.unknown
  }
  inlay_onnx.function @"p::F7"(%x: !inlay_onnx.unknown) -> !inlay_onnx.unknown attributes {arg_names = ["x"], domain = "p", name = "F7", opsets = {ai.onnx = 21 : i64, p = 1 : i64}} {
    %0 = inlay_onnx.node "Neg"(%x) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %1 = inlay_onnx.node "Neg"(%0) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %2 = inlay_onnx.node "Neg"(%1) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %3 = inlay_onnx.node "Neg"(%2) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %4 = inlay_onnx.node "Neg"(%3) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %5 = inlay_onnx.node "Neg"(%4) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %6 = inlay_onnx.node "Neg"(%5) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %7 = inlay_onnx.node "Neg"(%6) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %8 = inlay_onnx.node "Neg"(%7) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    %9 = inlay_onnx.node "Neg"(%8) : (!inlay_onnx.unknown) -> !inlay_onnx.unknown
    inlay_onnx.return %9 : !inlay_onnx.unknown
  }
  // expected-error @below {{inlining the functions of this model would make 111,111,111 nodes, more than the 8,000,000 that are allowed: export a model whose functions do not call each other so often}}
  inlay_onnx.graph @large(%x: tensor<f32>) -> !inlay_onnx.unknown attributes {arg_names = ["x"], result_names = ["y"]} {
    %0 = inlay_onnx.node "p::F0"(%x) : (tensor<f32>) -> !inlay_onnx.unknown
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}
