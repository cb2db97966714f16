// Options have no place in a file: each error is one run.

// RUN: not inlay-opt %s --bind-dims="bindings=foo=3" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: binding 'foo=3' names no dim of the model; it has batch_size, sequence_length, past_sequence_length, total_sequence_length, n{{$}}

// RUN: not inlay-opt %s --bind-dims="bindings=batch_size" 2>&1 | FileCheck %s --check-prefix=FORM
// FORM: error: binding 'batch_size' is not of the form name=size

// RUN: not inlay-opt %s --bind-dims="bindings=batch_size=two" 2>&1 | FileCheck %s --check-prefix=NUMBER
// NUMBER: error: binding 'batch_size=two' is not of the form name=size

// RUN: not inlay-opt %s --bind-dims="bindings=batch_size=0" 2>&1 | FileCheck %s --check-prefix=ZERO
// ZERO: error: binding 'batch_size=0': the size must be at least 1

// RUN: not inlay-opt %s --bind-dims="bindings=past_sequence_length=-1" 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// NEGATIVE: error: binding 'past_sequence_length=-1': the size must be at least 0

// RUN: not inlay-opt %s --bind-dims="bindings=n=3,n=4" 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: 'n=4' contradicts 'n=3'

// RUN: not inlay-opt %s --bind-dims="bindings=batch_size=2 batch=4" 2>&1 | FileCheck %s --check-prefix=BATCH
// BATCH: error: 'batch_size=2' contradicts 'batch=4'

// RUN: not inlay-opt %s --bind-dims="bindings=sequence_length=4" 2>&1 | FileCheck %s --check-prefix=PHASE
// PHASE: error: 'sequence_length=4' contradicts 'phase=decode'

// RUN: not inlay-opt %s --bind-dims="bindings=total_sequence_length=4,past_sequence_length=9" 2>&1 | FileCheck %s --check-prefix=TOTAL
// TOTAL: error: 'total_sequence_length=4' contradicts a context of 9 and 1 new tokens

// RUN: not inlay-opt %s --bind-dims="context=40" 2>&1 | FileCheck %s --check-prefix=LIMIT
// LIMIT: error: a context of 40 and 1 new tokens need 41 positions, the rotary cache of '/layers.0/attn' has 32; the largest context is 31

// RUN: not inlay-opt %s --bind-dims="phase=prefill prefill-chunk=64 bindings=n=5" 2>&1 | FileCheck %s --check-prefix=CHUNK
// CHUNK: error: a context of 0 and 64 new tokens need 64 positions, the rotary cache of '/layers.0/attn' has 32{{$}}

// RUN: not inlay-opt %s --bind-dims="bindings=n=7" 2>&1 | FileCheck %s --check-prefix=VALUE
// VALUE: error: dim 'n - 9': the result is -2, which is no size

// RUN: not inlay-opt %s --bind-dims="batch=0" 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: error: option 'batch' must be at least 1, got 0

// RUN: not inlay-opt %s --bind-dims="context=-2" 2>&1 | FileCheck %s --check-prefix=OPTION-CONTEXT
// OPTION-CONTEXT: error: option 'context' must be at least 0, got -2

// RUN: not inlay-opt %S/Inputs/fixed-tokens.mlir --bind-dims="bindings=foo=3" 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: binding 'foo=3' names no dim of the model, which has no symbolic dims

// RUN: not inlay-opt %S/Inputs/malformed-dim.mlir --bind-dims="bindings=n=3" 2>&1 | FileCheck %s --check-prefix=MALFORMED
// MALFORMED: error: binding 'n=3' names no dim of the model; it has (n{{$}}
// MALFORMED: note: dim '(n' cannot be computed, column 3: expected ')': bind it as a whole, '(n=SIZE', or export the model with a dim that can

// RUN: inlay-opt %S/Inputs/malformed-dim.mlir --bind-dims="bindings=(n=3" | FileCheck %s --check-prefix=WHOLE
// WHOLE: %{{.*}}: tensor<3xf32>

// RUN: not inlay-opt %S/Inputs/fixed-tokens.mlir --bind-dims="batch=4" 2>&1 | FileCheck %s --check-prefix=FIXED
// FIXED: error: 'batch=4' contradicts input 'input_ids', which holds 2 x 7 tokens

// RUN: not inlay-opt %S/Inputs/fixed-past.mlir --bind-dims="context=9" 2>&1 | FileCheck %s --check-prefix=FIXED-PAST
// FIXED-PAST: error: 'context=9' contradicts node '/layers.0/attn', whose past holds 4 tokens in every step; leave the context out, or export the model with a symbol for that length

// RUN: inlay-opt %S/Inputs/fixed-past.mlir --bind-dims | FileCheck %s --check-prefix=OWN-PAST
// OWN-PAST: inlay_onnx.context = 4 : i64

ml_program.global private @cos(#inlay_onnx.weight<file = "m.data", offset = 0, length = 2048, encoding = raw>) : tensor<32x8xf32>
inlay_onnx.graph @main(
    %a: tensor<?x?x64xf32, #inlay_onnx.dims<"batch_size", "sequence_length", 64>>,
    %b: tensor<?x?x?xf32, #inlay_onnx.dims<"past_sequence_length", "total_sequence_length", "n - 9">>)
    -> tensor<?x?x64xf32, #inlay_onnx.dims<"batch_size", "sequence_length", 64>>
    attributes {arg_names = ["a", "b"], result_names = ["y"]} {
  %none = inlay_onnx.none : none
  %cos = ml_program.global_load_const @cos : tensor<32x8xf32>
  %0 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a, %none, %none, %none, %none, %none, %none, %cos, %cos) : (tensor<?x?x64xf32, #inlay_onnx.dims<"batch_size", "sequence_length", 64>>, none, none, none, none, none, none, tensor<32x8xf32>, tensor<32x8xf32>) -> tensor<?x?x64xf32, #inlay_onnx.dims<"batch_size", "sequence_length", 64>> loc("/layers.0/attn")
  inlay_onnx.return %0 : tensor<?x?x64xf32, #inlay_onnx.dims<"batch_size", "sequence_length", 64>>
}
