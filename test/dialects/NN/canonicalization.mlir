// RUN: inlay-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: inlay_nn.graph @identities
// CHECK-NEXT: inlay_nn.return %x
inlay_nn.graph @identities(%x: tensor<2x8xf32>) -> tensor<2x8xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
  %0 = inlay_nn.cast %x : tensor<2x8xf32> -> tensor<2x8xf32>
  %1 = inlay_nn.reshape %0 : tensor<2x8xf32> -> tensor<2x8xf32>
  %2 = inlay_nn.transpose %1 {permutation = array<i64: 0, 1>} : tensor<2x8xf32> -> tensor<2x8xf32>
  %3 = inlay_nn.slice %2 {offsets = array<i64: 0, 0>, strides = array<i64: 1, 1>} : tensor<2x8xf32> -> tensor<2x8xf32>
  inlay_nn.return %3 : tensor<2x8xf32>
}

// A reshape of a reshape is one reshape.
// CHECK-LABEL: inlay_nn.graph @reshapes
// CHECK-NEXT: %[[R:.*]] = inlay_nn.reshape %x : tensor<2x8xf32> -> tensor<4x4xf32>
// CHECK-NEXT: inlay_nn.return %[[R]]
inlay_nn.graph @reshapes(%x: tensor<2x8xf32>) -> tensor<4x4xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
  %0 = inlay_nn.reshape %x : tensor<2x8xf32> -> tensor<16xf32>
  %1 = inlay_nn.reshape %0 : tensor<16xf32> -> tensor<4x4xf32>
  inlay_nn.return %1 : tensor<4x4xf32>
}

// A transpose that moves something stays.
// CHECK-LABEL: inlay_nn.graph @moves
// CHECK: inlay_nn.transpose
inlay_nn.graph @moves(%x: tensor<2x8xf32>) -> tensor<8x2xf32> attributes {arg_names = ["x"], batch = 1 : i64, context = 0 : i64, phase = "decode", result_names = ["y"], tokens = 1 : i64} {
  %0 = inlay_nn.transpose %x {permutation = array<i64: 1, 0>} : tensor<2x8xf32> -> tensor<8x2xf32>
  inlay_nn.return %0 : tensor<8x2xf32>
}
