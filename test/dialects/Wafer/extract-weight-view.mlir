// RUN: inlay-translate --dataflow-to-model-json %s | FileCheck %s

// A weight of two experts from two initializers, stored transposed: what a
// loader needs is a strided view for each. Its bytes count once; the sum sees it
// as rows of 4.

ml_program.global private @e0(#inlay_onnx.weight<file = "m.data", offset = 64, length = 32, encoding = raw>) : tensor<4x2xf32>
ml_program.global private @e1(#inlay_onnx.weight<file = "m.data", offset = 96, length = 32, encoding = raw>) : tensor<4x2xf32>
ml_program.global private @w(#inlay_onnx.weight_view<<@e0, first = 0, sizes = [1, 2, 4], strides = [0, 1, 2]>, <@e1, first = 0, sizes = [1, 2, 4], strides = [0, 1, 2]>>) : tensor<2x2x4xf32>

// CHECK: "weight_bytes": 64,
// CHECK:      "name": "w",
// CHECK-NEXT: "type": "f32",
// CHECK-NEXT: "bits": 32,
// CHECK-NEXT: "shape": [
// CHECK-NEXT:   4,
// CHECK-NEXT:   4
// CHECK-NEXT: ],
// CHECK-NEXT: "row_pitch_bits": 0,
// CHECK-NEXT: "bytes": 64,
// CHECK-NEXT: "pieces": [
// CHECK:        "initializer": "e0",
// CHECK-NEXT:   "file": "m.data",
// CHECK-NEXT:   "offset": 64,
// CHECK-NEXT:   "length": 32,
// CHECK-NEXT:   "encoding": "raw"
// CHECK-NEXT: },
// CHECK-NEXT: "stored": "f32",
// CHECK-NEXT: "first": 0,
// CHECK-NEXT:   "sizes": [
// CHECK-NEXT:     1,
// CHECK-NEXT:     2,
// CHECK-NEXT:     4
// CHECK-NEXT:   ],
// CHECK-NEXT:   "strides": [
// CHECK-NEXT:     0,
// CHECK-NEXT:     1,
// CHECK-NEXT:     2
// CHECK-NEXT:   ]
// CHECK:        "initializer": "e1",
// CHECK:        "offset": 96,
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<2x2x4xf32>>
  %y = inlay_dataflow.kernel @a role(other) (%p = %x : !inlay_dataflow.stream<tensor<2x2x4xf32>>) weights(%w = @w : tensor<2x2x4xf32>) -> !inlay_dataflow.stream<tensor<2x2x4xf32>> {
    %0 = inlay_nn.binary add %p, %w : (tensor<2x2x4xf32>, tensor<2x2x4xf32>) -> tensor<2x2x4xf32>
    inlay_dataflow.yield %0 : tensor<2x2x4xf32>
  }
  inlay_dataflow.sink "y" %y : !inlay_dataflow.stream<tensor<2x2x4xf32>>
}
