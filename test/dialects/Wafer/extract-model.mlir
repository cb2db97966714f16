// RUN: inlay-translate --dataflow-to-model-json --split-input-file %s | FileCheck %s

// A kernel with each kind of tensor. Rows of K 4-bit elements are one shape however they are stored; rows that are padded
// have a pitch; a flat tensor of scales has rows as well. What is inside the kernel is numbered; a reshape is the tensor itself.
ml_program.global private @q(#inlay_onnx.weight<file = "m.data", offset = 0, length = 2560, encoding = raw>) : tensor<64x40xui8>
ml_program.global private @scales(#inlay_onnx.weight<file = "m.data", offset = 2560, length = 768, encoding = raw>) : tensor<192xf32>
ml_program.global private @zeros(#inlay_onnx.weight<file = "m.data", offset = 3328, length = 128, encoding = raw>) : tensor<64x2xui8>
ml_program.global private @bias(#inlay_onnx.weight<file = "m.data", offset = 3456, length = 256, encoding = varint>) : tensor<1x64xf32>
ml_program.global private @table(#inlay_onnx.weight<file = "m.data", offset = 3712, length = 1024, encoding = raw>) : tensor<4x4x16xf32>
inlay_dataflow.graph @main phase(prefill) batch(1) context(6) tokens(2) {
  inlay_dataflow.state @past : tensor<1x8x64xf32>
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x2x80xf32>>
  %a = inlay_dataflow.kernel @a role(attention) layer(3) structure("stale")
      (%in = %x : !inlay_dataflow.stream<tensor<1x2x80xf32>>)
      weights(%q = @q : tensor<64x40xui8>, %scales = @scales : tensor<192xf32>, %zeros = @zeros : tensor<64x2xui8>, %bias = @bias : tensor<1x64xf32>, %table = @table : tensor<4x4x16xf32>)
      states(%past = @past : tensor<1x6x64xf32>)
      -> !inlay_dataflow.stream<tensor<2x64xf32>> {
    %0 = inlay_nn.reshape %in : tensor<1x2x80xf32> -> tensor<2x80xf32>
    %1 = inlay_nn.linear %0, %q scales %scales zero_points %zeros bias %bias {quant = #inlay_nn.block_quant<bits = 4, block = 32>} : (tensor<2x80xf32>, tensor<64x40xui8>, tensor<192xf32>, tensor<64x2xui8>, tensor<1x64xf32>) -> tensor<2x64xf32>
    %2 = inlay_nn.opaque "pkg::Lookup"(%1, %table) : (tensor<2x64xf32>, tensor<4x4x16xf32>) -> tensor<2x64xf32>
    %3 = inlay_nn.reshape %2 : tensor<2x64xf32> -> tensor<1x2x64xf32>
    %4 = inlay_nn.concat %past, %3 {axis = 1 : i64} : (tensor<1x6x64xf32>, tensor<1x2x64xf32>) -> tensor<1x8x64xf32>
    inlay_dataflow.yield %1 : tensor<2x64xf32> states %4 : tensor<1x8x64xf32>
  }
  inlay_dataflow.kernel @b role(other) (%in = %a : !inlay_dataflow.stream<tensor<2x64xf32>>) weights(%bias = @bias : tensor<1x64xf32>) {
    %0 = inlay_nn.binary add %in, %bias : (tensor<2x64xf32>, tensor<1x64xf32>) -> tensor<2x64xf32>
  }
  inlay_dataflow.sink "y" %a : !inlay_dataflow.stream<tensor<2x64xf32>>
}
// CHECK:      "name": "main",
// CHECK-NEXT: "phase": "prefill",
// CHECK-NEXT: "batch": 1,
// CHECK-NEXT: "context": 6,
// CHECK-NEXT: "tokens": 2,
// A weight of two kernels counts once.
// CHECK-NEXT: "weight_bytes": 4736,
// CHECK:      "name": "a",
// CHECK-NEXT: "role": "attention",
// CHECK-NEXT: "layer": 3,
// The hash is that of the body, whatever the attribute says.
// CHECK-NEXT: "structure": "{{[0-9a-f]+}}",
// CHECK-NEXT: "weight_bytes": 4736,
// CHECK-NEXT: "state_bytes": 2048,
// CHECK:      "name": "linear",
// CHECK-NEXT: "class": "contraction",
// CHECK-NEXT: "compute_type": "f32",
// CHECK-NEXT: "ops_per_point": 2,
// CHECK-NEXT: "density": 1,
// CHECK:      "name": "k",
// CHECK-NEXT: "size": 80,
// CHECK-NEXT: "kind": "reduction",
// CHECK-NEXT: "unit": 32
// CHECK:      "role": "input",
// CHECK-NEXT: "tensor": 0,
// CHECK:      "role": "weights",
// CHECK-NEXT: "tensor": 0,
// CHECK-NEXT: "type": "u4",
// CHECK:      "role": "output",
// CHECK-NEXT: "tensor": 0,
// CHECK:      "name": "opaque",
// CHECK-NEXT: "class": "opaque",
// CHECK:      "role": "output",
// CHECK-NEXT: "tensor": 0,
// A use that does not say how it indexes a weight holds all of it.
// CHECK:      "role": "weights",
// CHECK-NEXT: "tensor": 4,
// CHECK-NEXT: "type": "f32",
// CHECK-NEXT: "indexing": [
// CHECK-COUNT-3:         -1,
// CHECK:      "role": "local",
// CHECK-NEXT: "tensor": 0,
// CHECK:      "name": "concat",
// CHECK:      "role": "state",
// CHECK-NEXT: "tensor": 0,
// CHECK:      "role": "local",
// CHECK-NEXT: "tensor": 0,
// CHECK:      "role": "state",
// CHECK-NEXT: "tensor": 0,

// CHECK:      "name": "q",
// CHECK-NEXT: "type": "u4",
// CHECK-NEXT: "bits": 4,
// CHECK-NEXT: "shape": [
// CHECK-NEXT:   64,
// CHECK-NEXT:   80
// CHECK-NEXT: ],
// CHECK-NEXT: "row_pitch_bits": 0,
// CHECK-NEXT: "bytes": 2560,
// CHECK-NEXT: "pieces": [
// CHECK-NEXT:   {
// CHECK-NEXT:     "source": {
// CHECK-NEXT:       "initializer": "q",
// CHECK-NEXT:       "file": "m.data",
// CHECK-NEXT:       "offset": 0,
// CHECK-NEXT:       "length": 2560,
// CHECK-NEXT:       "encoding": "raw"
// CHECK-NEXT:     },
// CHECK-NEXT:     "stored": "ui8",
// CHECK-NEXT:     "first": 0,
// CHECK:      "name": "scales",
// CHECK-NEXT: "type": "f32",
// CHECK-NEXT: "bits": 32,
// CHECK-NEXT: "shape": [
// CHECK-NEXT:   64,
// CHECK-NEXT:   3
// CHECK-NEXT: ],
// CHECK-NEXT: "row_pitch_bits": 0,
// Three 4-bit zero points take two bytes.
// CHECK:      "name": "zeros",
// CHECK-NEXT: "type": "u4",
// CHECK-NEXT: "bits": 4,
// CHECK-NEXT: "shape": [
// CHECK-NEXT:   64,
// CHECK-NEXT:   3
// CHECK-NEXT: ],
// CHECK-NEXT: "row_pitch_bits": 16,
// CHECK:      "name": "bias",
// CHECK-NEXT: "type": "f32",
// CHECK-NEXT: "bits": 32,
// CHECK-NEXT: "shape": [
// CHECK-NEXT:   64
// CHECK-NEXT: ],
// CHECK:      "encoding": "varint"
// CHECK:      "name": "table",
// CHECK:      "shape": [
// CHECK-NEXT:   4,
// CHECK-NEXT:   4,
// CHECK-NEXT:   16
// CHECK:      "states": [
// CHECK:      "name": "past",
// CHECK-NEXT: "type": "f32",
// CHECK-NEXT: "bits": 32,
// CHECK-NEXT: "shape": [
// CHECK-NEXT:   1,
// CHECK-NEXT:   8,
// CHECK-NEXT:   64

// CHECK:      "streams": [
// CHECK:      "name": "x",
// CHECK-NEXT: "producer": -1,
// CHECK-NEXT: "producer_port": 0,
// CHECK-NEXT: "consumer": 0,
// CHECK-NEXT: "consumer_port": 0,
// CHECK:      "name": "a:0",
// CHECK-NEXT: "producer": 0,
// CHECK-NEXT: "producer_port": 0,
// CHECK-NEXT: "consumer": 1,
// CHECK:      "name": "y",
// CHECK-NEXT: "producer": 0,
// CHECK-NEXT: "producer_port": 0,
// CHECK-NEXT: "consumer": -1,
// CHECK-NEXT: "consumer_port": 0,

// -----

ml_program.global private @fc1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
ml_program.global private @fc2(#inlay_onnx.weight<file = "m.data", offset = 65536, length = 65536, encoding = raw>) : tensor<4x64x64xf32>
inlay_dataflow.graph @experts phase(decode) batch(1) context(0) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x64xf32>>
  %w = inlay_dataflow.source "w" : !inlay_dataflow.stream<tensor<1x2xf32>>
  %i = inlay_dataflow.source "i" : !inlay_dataflow.stream<tensor<1x2xi64>>
  %0 = inlay_dataflow.experts @e layer(0) num_experts(4) experts_per_token(2)
      (%p = %x : !inlay_dataflow.stream<tensor<1x64xf32>>, %q = %w : !inlay_dataflow.stream<tensor<1x2xf32>>, %r = %i : !inlay_dataflow.stream<tensor<1x2xi64>>)
      weights(%fc1 = @fc1 : tensor<4x64x64xf32>, %fc2 = @fc2 : tensor<4x64x64xf32>)
      -> !inlay_dataflow.stream<tensor<1x64xf32>> {
    %1 = inlay_nn.experts relu %p, %q, %r fc1 %fc1 fc2 %fc2 : (tensor<1x64xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<4x64x64xf32>, tensor<4x64x64xf32>) -> tensor<1x64xf32>
    inlay_dataflow.yield %1 : tensor<1x64xf32>
  }
  inlay_dataflow.sink "echo" %x : !inlay_dataflow.stream<tensor<1x64xf32>>
  inlay_dataflow.sink "y" %0 : !inlay_dataflow.stream<tensor<1x64xf32>>
}
// CHECK:      "name": "experts",
// CHECK:      "name": "e",
// CHECK-NEXT: "role": "experts",
// CHECK-NEXT: "layer": 0,
// CHECK-NEXT: "num_experts": 4,
// CHECK-NEXT: "experts_per_token": 2,
// CHECK:      "name": "fc1",
// CHECK:      "density": 0.5,
// CHECK:      "name": "activation",
// CHECK:      "name": "fc2",
// What the host sends itself is no stream of the machine; sinks keep their numbers.
// CHECK:      "streams": [
// CHECK-NOT:  "name": "echo"
// CHECK:      "name": "y",
// CHECK:      "consumer": -1,
// CHECK-NEXT: "consumer_port": 1,
