// A graph of decode beside one of prefill: one placement serves both.
// RUN: rm -rf %t && split-file %s %t && cd %t
// DEFINE: %{map} = inlay-opt --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --shard-kernels --place-regions --route-streams --allocate-memory --schedule-step --verify-wafer
// RUN: cat globals.mlir prefill.mlir decode.mlir > both.mlir && %{map} both.mlir | inlay-translate --mlir-to-plan | %python -m json.tool | FileCheck %s --check-prefix=BOTH
// BOTH: "phase": "prefill"
// BOTH: "other_phases": [
// BOTH: "phase": "decode"
// BOTH: "tokens": 1
// BOTH: "firings": 3

// Kernels of both phases must be the same.
// RUN: sed -e 's/@mlp/@other/' decode.mlir > renamed.mlir && cat globals.mlir prefill.mlir renamed.mlir | not %{map} 2>&1 | FileCheck %s --check-prefix=NAMES
// NAMES: error: decode and prefill cannot share weights that stay in place: kernel 'mlp' of prefill and kernel 'other' of decode differ: one is called 'mlp', the other 'other'; map one phase at a time
// RUN: cat globals.mlir prefill.mlir empty.mlir | not %{map} 2>&1 | FileCheck %s --check-prefix=NOTHING
// NOTHING: error: decode and prefill cannot share weights that stay in place: prefill has 1 kernels and decode 0; map one phase at a time

// Prefill is mapped, so decode may not need more of a core.
// RUN: sed -e 's/1x64xf32/8x64xf32/g' -e 's/batch(1)/batch(8)/' decode.mlir > larger.mlir
// RUN: cat globals.mlir prefill.mlir larger.mlir | not %{map} 2>&1 | FileCheck %s --check-prefix=LARGER
// LARGER: error: kernel 'mlp' needs {{[0-9]+}} B of a core for 'input 0 (double-buffered)' in decode, but {{[0-9]+}} B in prefill, for which it is placed; take another --prefill-chunk or more --wafers, or map one phase at a time

// Prefill stands first, and there are no others.
// RUN: cat globals.mlir decode.mlir prefill.mlir | not %{map} 2>&1 | FileCheck %s --check-prefix=TWO
// TWO: error: the wafer level places one 'inlay_dataflow.graph', this module holds 2

// States of several steps in flight stand behind each other in the dim of sequences.
// RUN: inlay-translate --dataflow-to-model-json sets.mlir | FileCheck %s --check-prefix=SETS
// SETS: "name": "past"
// SETS: "shape": [
// SETS-NEXT: 3,
// SETS-NEXT: 4,
// RUN: sed -e 's/batch(1)/batch(2)/' sets.mlir > odd.mlir && not inlay-translate --dataflow-to-model-json odd.mlir 2>&1 | FileCheck %s --check-prefix=ODD
// ODD: error: state 'past' of type 'tensor<1x4x8x64xf32>' does not begin with the 2 sequences of a step, so that it cannot be kept for several steps in flight; leave --sequences-in-flight out

//--- globals.mlir
ml_program.global private @w(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16384, encoding = raw>) : tensor<64x64xf32>
//--- prefill.mlir
inlay_dataflow.graph @main phase(prefill) batch(1) context(4) tokens(4) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<4x64xf32>>
  %0 = inlay_dataflow.kernel @mlp role(mlp) layer(0)
      (%in = %x : !inlay_dataflow.stream<tensor<4x64xf32>>)
      weights(%w = @w : tensor<64x64xf32>)
      -> !inlay_dataflow.stream<tensor<4x64xf32>> {
    %y = inlay_nn.linear %in, %w : (tensor<4x64xf32>, tensor<64x64xf32>) -> tensor<4x64xf32>
    inlay_dataflow.yield %y : tensor<4x64xf32>
  }
  inlay_dataflow.sink "y" %0 : !inlay_dataflow.stream<tensor<4x64xf32>>
}
//--- decode.mlir
inlay_dataflow.graph @main_decode phase(decode) batch(1) context(7) tokens(1) attributes {inlay_dataflow.firings = 3.0 : f64} {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x64xf32>>
  %0 = inlay_dataflow.kernel @mlp role(mlp) layer(0)
      (%in = %x : !inlay_dataflow.stream<tensor<1x64xf32>>)
      weights(%w = @w : tensor<64x64xf32>)
      -> !inlay_dataflow.stream<tensor<1x64xf32>> {
    %y = inlay_nn.linear %in, %w : (tensor<1x64xf32>, tensor<64x64xf32>) -> tensor<1x64xf32>
    inlay_dataflow.yield %y : tensor<1x64xf32>
  }
  inlay_dataflow.sink "y" %0 : !inlay_dataflow.stream<tensor<1x64xf32>>
}
//--- empty.mlir
inlay_dataflow.graph @main_decode phase(decode) batch(1) context(7) tokens(1) {
}
//--- sets.mlir
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) attributes {inlay_dataflow.steps_in_flight = 3 : i64} {
  inlay_dataflow.state @past : tensor<1x4x8x64xf32>
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x256xf32>>
  %0 = inlay_dataflow.kernel @mlp role(mlp) layer(0)
      (%in = %x : !inlay_dataflow.stream<tensor<1x256xf32>>)
      states(%past = @past : tensor<1x4x7x64xf32>)
      -> !inlay_dataflow.stream<tensor<1x256xf32>> {
    %new = inlay_nn.reshape %in : tensor<1x256xf32> -> tensor<1x4x1x64xf32>
    %present = inlay_nn.concat %past, %new {axis = 2 : i64} : (tensor<1x4x7x64xf32>, tensor<1x4x1x64xf32>) -> tensor<1x4x8x64xf32>
    inlay_dataflow.yield %in : tensor<1x256xf32> states %present : tensor<1x4x8x64xf32>
  }
  inlay_dataflow.sink "y" %0 : !inlay_dataflow.stream<tensor<1x256xf32>>
}
