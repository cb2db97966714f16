// RUN: inlay-opt %s --bind-dims --split-input-file | FileCheck %s --check-prefixes=CHECK,DECODE
// RUN: inlay-opt %s --bind-dims="phase=prefill prefill-chunk=16 batch=2" --split-input-file | FileCheck %s --check-prefixes=CHECK,PREFILL
// RUN: inlay-opt %s --bind-dims --split-input-file --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK

// The names of ONNX Runtime GenAI's model builder. An expression is evaluated,
// and what has no size yet keeps its name.

// REMARK: remark: [Passed] BoundDims | Category:bind-dims | batch=1, bound=5, context=8192, contextReduced=false, tokens=1, unbound=1
// DECODE-LABEL: inlay_onnx.graph @genai(
// DECODE-SAME: %input_ids: tensor<1x1xi64>, %attention_mask: tensor<1x8193xi64>, %past_key_values.0.key: tensor<1x2x8192x?xf16, #inlay_onnx.dims<1, 2, 8192, "kv_cache_dim">>) -> tensor<1x4xf16>
// DECODE-SAME: inlay_onnx.batch = 1 : i64, inlay_onnx.context = 8192 : i64, inlay_onnx.phase = "decode", inlay_onnx.tokens = 1 : i64
// DECODE: "Reshape"({{.*}} -> tensor<1x4xf16>{{$}}
// PREFILL-LABEL: inlay_onnx.graph @genai(
// PREFILL-SAME: %input_ids: tensor<2x16xi64>, %attention_mask: tensor<2x16xi64>, %past_key_values.0.key: tensor<2x2x0x?xf16, #inlay_onnx.dims<2, 2, 0, "kv_cache_dim">>) -> tensor<32x4xf16>
// PREFILL-SAME: inlay_onnx.batch = 2 : i64, inlay_onnx.context = 0 : i64, inlay_onnx.phase = "prefill", inlay_onnx.tokens = 16 : i64
inlay_onnx.graph @genai(
    %ids: tensor<?x?xi64, #inlay_onnx.dims<"batch_size", "sequence_length">>,
    %mask: tensor<?x?xi64, #inlay_onnx.dims<"batch_size", "total_sequence_length">>,
    %past: tensor<?x2x?x?xf16, #inlay_onnx.dims<"batch_size", 2, "past_sequence_length", "kv_cache_dim">>)
    -> tensor<?x4xf16, #inlay_onnx.dims<"batch_size * sequence_length", 4>>
    attributes {arg_names = ["input_ids", "attention_mask", "past_key_values.0.key"], result_names = ["logits"]} {
  %shape = inlay_onnx.constant dense<[-1, 4]> : tensor<2xi64>
  %0 = inlay_onnx.node "Reshape"(%past, %shape) : (tensor<?x2x?x?xf16, #inlay_onnx.dims<"batch_size", 2, "past_sequence_length", "kv_cache_dim">>, tensor<2xi64>) -> tensor<?x4xf16, #inlay_onnx.dims<"batch_size * sequence_length", 4>>
  inlay_onnx.return %0 : tensor<?x4xf16, #inlay_onnx.dims<"batch_size * sequence_length", 4>>
}

// -----

// The names of mobius and optimum, in expressions; types inside types; the
// arguments of a subgraph.

// DECODE-LABEL: inlay_onnx.graph @mobius(
// DECODE-SAME: %input_ids: tensor<1x1xi64>, %mask: tensor<1x8193xi64>, %half: !inlay_onnx.seq<tensor<4096xf32>>, %tokens: tensor<1xf32>)
// DECODE: ^bb0(%{{.*}}: tensor<8192xf32>):
// PREFILL-LABEL: inlay_onnx.graph @mobius(
// PREFILL-SAME: %input_ids: tensor<2x16xi64>, %mask: tensor<2x16xi64>, %half: !inlay_onnx.seq<tensor<0xf32>>, %tokens: tensor<32xf32>)
inlay_onnx.graph @mobius(
    %ids: tensor<?x?xi64, #inlay_onnx.dims<"batch", "sequence_len">>,
    %mask: tensor<?x?xi64, #inlay_onnx.dims<"batch", "past_sequence_len + sequence_len">>,
    %half: !inlay_onnx.seq<tensor<?xf32, #inlay_onnx.dims<"floor(past_seq_len/2)">>>,
    %tokens: tensor<?xf32, #inlay_onnx.dims<"num_tokens">>)
    -> tensor<4xf32>
    attributes {arg_names = ["input_ids", "mask", "half", "tokens"], result_names = ["y"]} {
  %0 = inlay_onnx.node "Loop"(%tokens) graphs ["body"] {
  ^bb0(%a: tensor<?xf32, #inlay_onnx.dims<"past_seq_len">>):
    inlay_onnx.yield %a : tensor<?xf32, #inlay_onnx.dims<"past_seq_len">>
  } : (tensor<?xf32, #inlay_onnx.dims<"num_tokens">>) -> tensor<4xf32>
  inlay_onnx.return %0 : tensor<4xf32>
}

// -----

// A default context is cut to the rows of the rotary cache, here of the
// shortest: 32 positions, one of them for the new token.

// REMARK: batch=1, bound=2, context=31, contextReduced=true, tokens=1, unbound=0
// DECODE-LABEL: inlay_onnx.graph @rotary(
// DECODE-SAME: %past: tensor<1x2x31x16xf32>
// DECODE-SAME: inlay_onnx.context = 31 : i64
// PREFILL-LABEL: inlay_onnx.graph @rotary(
// PREFILL-SAME: inlay_onnx.context = 0 : i64
// PREFILL-SAME: inlay_onnx.tokens = 16 : i64
ml_program.global private @long(#inlay_onnx.weight<file = "m.data", offset = 0, length = 4096, encoding = raw>) : tensor<64x8xf32>
ml_program.global private @short(#inlay_onnx.weight<file = "m.data", offset = 0, length = 2048, encoding = raw>) : tensor<32x8xf32>
inlay_onnx.graph @rotary(
    %past: tensor<?x2x?x16xf32, #inlay_onnx.dims<"batch_size", 2, "past_sequence_length", 16>>,
    %x: tensor<1x1x64xf32>, %ids: tensor<1x1xi64>, %flag: tensor<i1>)
    -> (tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>)
    attributes {arg_names = ["past", "x", "ids", "flag"], result_names = ["a", "b", "c"]} {
  %none = inlay_onnx.none : none
  %long = ml_program.global_load_const @long : tensor<64x8xf32>
  %short = ml_program.global_load_const @short : tensor<32x8xf32>
  %0 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%x, %none, %none, %past, %past, %none, %none, %long, %long) : (tensor<1x1x64xf32>, none, none, tensor<?x2x?x16xf32, #inlay_onnx.dims<"batch_size", 2, "past_sequence_length", 16>>, tensor<?x2x?x16xf32, #inlay_onnx.dims<"batch_size", 2, "past_sequence_length", 16>>, none, none, tensor<64x8xf32>, tensor<64x8xf32>) -> tensor<1x1x64xf32>
  // Rows picked before the operator.
  %rows = inlay_onnx.node "Gather"(%short, %ids) : (tensor<32x8xf32>, tensor<1x1xi64>) -> tensor<1x1x8xf32>
  %1 = inlay_onnx.node "RotaryEmbedding"(%0, %rows, %rows) : (tensor<1x1x64xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32>) -> tensor<1x1x64xf32>
  // A short and a long table, chosen at run time: the longer one counts.
  %either = inlay_onnx.node "If"(%flag) graphs ["then_branch", "else_branch"] {
    inlay_onnx.yield %short : tensor<32x8xf32>
  }, {
    inlay_onnx.yield %long : tensor<64x8xf32>
  } : (tensor<i1>) -> tensor<?x8xf32>
  %2 = inlay_onnx.node "com.microsoft::RotaryEmbedding"(%1, %ids, %either, %either) : (tensor<1x1x64xf32>, tensor<1x1xi64>, tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<1x1x64xf32>
  inlay_onnx.return %0, %1, %2 : tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>
}

// -----

// What the file gives as numbers stays, and says how many tokens a step has.

// CHECK-LABEL: inlay_onnx.graph @fixed(
// DECODE-SAME: inlay_onnx.batch = 2 : i64, inlay_onnx.context = 8192 : i64, inlay_onnx.phase = "decode", inlay_onnx.tokens = 7 : i64
inlay_onnx.graph @fixed(%ids: tensor<2x7xi64>) -> tensor<2x7xi64>
    attributes {arg_names = ["input_ids"], result_names = ["y"]} {
  inlay_onnx.return %ids : tensor<2x7xi64>
}

// -----

// The KV state of attention with a window is a ring of the window's size.

// DECODE-LABEL: inlay_onnx.graph @window(
// DECODE-SAME: %past: tensor<1x2x128x16xf32>) -> tensor<1x2x128x16xf32>
// PREFILL-LABEL: inlay_onnx.graph @window(
// PREFILL-SAME: %past: tensor<2x2x128x16xf32>) -> tensor<2x2x128x16xf32>
inlay_onnx.graph @window(
    %x: tensor<1x1x64xf32>,
    %past: tensor<?x2x?x16xf32, #inlay_onnx.dims<"batch_size", 2, "past_sliding_length", 16>>)
    -> tensor<?x2x?x16xf32, #inlay_onnx.dims<"batch_size", 2, "total_sliding_length", 16>>
    attributes {arg_names = ["x", "past"], result_names = ["present"]} {
  %none = inlay_onnx.none : none
  %0:2 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%x, %none, %none, %past, %past) {attributes = {local_window_size = 128 : i64}} : (tensor<1x1x64xf32>, none, none, tensor<?x2x?x16xf32, #inlay_onnx.dims<"batch_size", 2, "past_sliding_length", 16>>, tensor<?x2x?x16xf32, #inlay_onnx.dims<"batch_size", 2, "past_sliding_length", 16>>) -> (tensor<1x1x64xf32>, tensor<?x2x?x16xf32, #inlay_onnx.dims<"batch_size", 2, "total_sliding_length", 16>>)
  inlay_onnx.return %0#1 : tensor<?x2x?x16xf32, #inlay_onnx.dims<"batch_size", 2, "total_sliding_length", 16>>
}

// -----

// PyTorch's own names of symbols: each has the role of its place in the inputs.
// A name in places of two roles, and one outside of them, stays.

// DECODE-LABEL: inlay_onnx.graph @places(
// DECODE-SAME: %input_ids: tensor<1x1xi64>, %attention_mask: tensor<1x8193xi64>, %input.past_key_values.layers.0.keys: tensor<1x2x8192x16xf32>,
// DECODE-SAME: %inputs_embeds: tensor<1x1x?xf32, #inlay_onnx.dims<1, 1, "s9">>,
// DECODE-SAME: %position_ids: tensor<?x?xi64, #inlay_onnx.dims<"s5", "s5">>) -> tensor<1x8193xf32>
// PREFILL-LABEL: inlay_onnx.graph @places(
// PREFILL-SAME: %input_ids: tensor<2x16xi64>, %attention_mask: tensor<2x16xi64>, %input.past_key_values.layers.0.keys: tensor<2x2x0x16xf32>,
inlay_onnx.graph @places(
    %ids: tensor<?x?xi64, #inlay_onnx.dims<"s44", "s70">>,
    %mask: tensor<?x?xi64, #inlay_onnx.dims<"s43", "s53">>,
    %past: tensor<?x?x?x?xf32, #inlay_onnx.dims<"s44", "2", "s36", "16">>,
    %embeds: tensor<?x?x?xf32, #inlay_onnx.dims<"s44", "s70", "s9">>,
    %positions: tensor<?x?xi64, #inlay_onnx.dims<"s5", "s5">>)
    -> tensor<?x?xf32, #inlay_onnx.dims<"s44", "s36 + s70">>
    attributes {arg_names = ["input_ids", "attention_mask", "input.past_key_values.layers.0.keys", "inputs_embeds", "position_ids"], result_names = ["y"]} {
  %0 = inlay_onnx.node "F"(%ids) : (tensor<?x?xi64, #inlay_onnx.dims<"s44", "s70">>) -> tensor<?x?xf32, #inlay_onnx.dims<"s44", "s36 + s70">>
  inlay_onnx.return %0 : tensor<?x?xf32, #inlay_onnx.dims<"s44", "s36 + s70">>
}

// -----

// A KV buffer of fixed size holds past and new tokens, whichever axis they are.

// REMARK: batch=1, bound=2, context=63, contextReduced=true, tokens=1, unbound=0
// DECODE-LABEL: inlay_onnx.graph @buffer(
// DECODE-SAME: %key_cache.0: tensor<1x64x32xf32>
// DECODE-SAME: inlay_onnx.context = 63 : i64
// PREFILL-LABEL: inlay_onnx.graph @buffer(
// PREFILL-SAME: inlay_onnx.context = 0 : i64
inlay_onnx.graph @buffer(
    %rows: tensor<?x64x32xf32, #inlay_onnx.dims<"batch", 64, 32>>,
    %heads: tensor<?x2x128x16xf32, #inlay_onnx.dims<"batch", 2, 128, 16>>,
    %new: tensor<?x?x32xf32, #inlay_onnx.dims<"batch", "sequence_len", 32>>, %at: tensor<?xi64, #inlay_onnx.dims<"batch">>)
    -> (tensor<?x64x32xf32, #inlay_onnx.dims<"batch", 64, 32>>, tensor<?x2x128x16xf32, #inlay_onnx.dims<"batch", 2, 128, 16>>)
    attributes {arg_names = ["key_cache.0", "value_cache.0", "new", "write_indices"], result_names = ["updated_key_cache.0", "updated_value_cache.0"]} {
  %0 = inlay_onnx.node "TensorScatter"(%rows, %new, %at) {attributes = {axis = 1 : i64}} : (tensor<?x64x32xf32, #inlay_onnx.dims<"batch", 64, 32>>, tensor<?x?x32xf32, #inlay_onnx.dims<"batch", "sequence_len", 32>>, tensor<?xi64, #inlay_onnx.dims<"batch">>) -> tensor<?x64x32xf32, #inlay_onnx.dims<"batch", 64, 32>>
  %1 = inlay_onnx.node "TensorScatter"(%heads, %new, %at) : (tensor<?x2x128x16xf32, #inlay_onnx.dims<"batch", 2, 128, 16>>, tensor<?x?x32xf32, #inlay_onnx.dims<"batch", "sequence_len", 32>>, tensor<?xi64, #inlay_onnx.dims<"batch">>) -> tensor<?x2x128x16xf32, #inlay_onnx.dims<"batch", 2, 128, 16>>
  inlay_onnx.return %0, %1 : tensor<?x64x32xf32, #inlay_onnx.dims<"batch", 64, 32>>, tensor<?x2x128x16xf32, #inlay_onnx.dims<"batch", 2, 128, 16>>
}
