// Fused experts that cannot be raised, each with the reason; and operators of vendors, by name.
// RUN: inlay-opt %s --raise-to-nn -split-input-file -verify-diagnostics | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64, trt_edgellm = 1 : i64}} {
  ml_program.global private @fc1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 6144, encoding = raw>) : tensor<4x24x16xf32>
  ml_program.global private @fc2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 3072, encoding = raw>) : tensor<4x16x12xf32>
  ml_program.global private @fc3(#inlay_onnx.weight<file = "m.data", offset = 0, length = 3072, encoding = raw>) : tensor<4x12x16xf32>
  ml_program.global private @flat(#inlay_onnx.weight<file = "m.data", offset = 0, length = 6144, encoding = raw>) : tensor<96x16xf32>
  ml_program.global private @b1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 112, encoding = raw>) : tensor<4x7xf32>
  ml_program.global private @q1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 768, encoding = raw>) : tensor<4x24x8xui8>
  ml_program.global private @q2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 384, encoding = raw>) : tensor<4x16x6xui8>
  ml_program.global private @s1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 384, encoding = raw>) : tensor<4x24xf32>
  ml_program.global private @s2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 256, encoding = raw>) : tensor<4x16xf32>
  ml_program.global private @s7(#inlay_onnx.weight<file = "m.data", offset = 0, length = 112, encoding = raw>) : tensor<4x7xf32>
  ml_program.global private @p1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 768, encoding = raw>) : tensor<4x16x12xui8>
  ml_program.global private @z7(#inlay_onnx.weight<file = "m.data", offset = 0, length = 28, encoding = raw>) : tensor<4x7xui8>
  ml_program.global private @x1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 1024, encoding = raw>) : tensor<4x8x8xf32>
  ml_program.global private @e1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 1536, encoding = raw>) : tensor<4x24x16xf8E4M3FN>
  ml_program.global private @e2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 768, encoding = raw>) : tensor<4x16x12xf8E4M3FN>
  ml_program.global private @t1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 96, encoding = raw>) : tensor<4x3x2xf32>
  ml_program.global private @t2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 64, encoding = raw>) : tensor<4x2x2xf32>
  ml_program.global private @m1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 96, encoding = raw>) : tensor<4x24x1xf8E8M0FNU>
  ml_program.global private @m2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 64, encoding = raw>) : tensor<4x16x1xf8E8M0FNU>
  ml_program.global private @g(#inlay_onnx.weight<file = "m.data", offset = 0, length = 16, encoding = raw>) : tensor<4xf32>
  ml_program.global private @z1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 96, encoding = raw>) : tensor<4x24x1xui8>
  // CHECK-LABEL: inlay_nn.graph @refused
  // CHECK-NOT: inlay_nn.experts
  // expected-warning @below {{28 nodes stay opaque: they are placed and costed by the bytes they move only}}
  // expected-note @below {{1 x com.microsoft::MoE (opset 1): routes with use_sparse_mixer = 1, which is known for k = 2 and without router_weights only, not for k = 3; e.g. node 'mixer'}}
  // expected-note @below {{1 x com.microsoft::MoE (opset 1): has num_shared_experts, which no rule knows yet: export shared experts as an MLP of their own; e.g. node 'shared'}}
  // expected-note @below {{1 x com.microsoft::MoE (opset 1): has no fc1 or fc2 weights; e.g. node 'missing'}}
  // expected-note @below {{1 x com.microsoft::MoE (opset 1): has a shape that depends on data; e.g. node 'dynamic'}}
  // expected-note @below {{1 x com.microsoft::MoE (opset 1): has weights that are not [experts, rows, columns]; e.g. node 'rank'}}
  // expected-note @below {{1 x com.microsoft::MoE (opset 1): is given 2 tokens, but routes 3; e.g. node 'tokens'}}
  // expected-note @below {{1 x com.microsoft::MoE (opset 1): has activation_type = elu, expected relu, gelu, silu, swiglu or identity; e.g. node 'activation'}}
  // expected-note @below {{1 x com.microsoft::MoE (opset 1): has swiglu_fusion 0 without fc3, or a value that no rule knows; e.g. node 'fusion'}}
  // expected-note @below {{1 x com.microsoft::MoE (opset 1): has a bias of fc1 that does not fit its weights; e.g. node 'bias'}}
  // expected-note @below {{1 x com.microsoft::MoE (opset 1): has fc1 that is no initializer; e.g. node 'computed'}}
  // expected-note @below {{1 x com.microsoft::MoE (opset 1): has fc1 of shape 4x8x8 where [experts, rows, columns] is 4x8x16; e.g. node 'unfit'}}
  // expected-note @below {{1 x com.microsoft::MoE (opset 1): chooses more experts than it has; e.g. node 'many'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has other global scales than its quant_type wants; e.g. node 'global'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has weights of quant_type 'fp6', which no rule knows yet; e.g. node 'unknown'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has quant_type 'wfp4afp8', which rounds activations to fp8: export with quant_type 'fp4', which has the same weights; e.g. node 'rounded'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has quant_type 'fp8', whose weights have 8 bits, but other expert_weight_bits; e.g. node 'width'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has weights of other widths in fc1 and fc3; e.g. node 'widths'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has swiglu_limit_after_activation, which no rule knows yet; e.g. node 'limit'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has scales of activations, which no rule knows yet; e.g. node 'actscale'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has scales of fc1 for 8 rows each, some of which are rows of the gate and rows of the up projection; e.g. node 'square'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has global scales of fc1 that do not fit its weights; e.g. node 'factor'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has zero points, which floats have not; e.g. node 'floats'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has weights of quant_type 'fp5', which no rule knows yet; e.g. node 'packed'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has fc1 of shape 4x16x12 where [experts, rows, columns] is 4x16x8: packed for one vendor's kernels; export with weights_prepacked=0, or for the cpu or webgpu provider; e.g. node 'prepacked'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has no scales; e.g. node 'scaleless'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has expert_weight_bits or block_size that no rule knows; e.g. node 'bits'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has scales of fc1 that do not fit its weights; e.g. node 'scales'}}
  // expected-note @below {{1 x com.microsoft::QMoE (opset 1): has zero points of fc1 that do not fit its weights; e.g. node 'zeros'}}
  inlay_onnx.graph @refused(%x: tensor<2x16xf32>, %r: tensor<2x4xf32>, %y: tensor<?x16xf32>, %w: tensor<4x24x16xf32>, %r3: tensor<3x4xf32>) -> (tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<?x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>) attributes {arg_names = ["x", "r", "y", "w", "r3"], result_names = ["tokens", "mixer", "shared", "missing", "dynamic", "rank", "activation", "fusion", "bias", "computed", "unfit", "many", "global", "unknown", "rounded", "width", "widths", "limit", "actscale", "square", "factor", "floats", "packed", "prepacked", "scaleless", "bits", "scales", "zeros"]} {
    %none = inlay_onnx.none : none
    %fc1 = ml_program.global_load_const @fc1 : tensor<4x24x16xf32>
    %fc2 = ml_program.global_load_const @fc2 : tensor<4x16x12xf32>
    %fc3 = ml_program.global_load_const @fc3 : tensor<4x12x16xf32>
    %flat = ml_program.global_load_const @flat : tensor<96x16xf32>
    %b1 = ml_program.global_load_const @b1 : tensor<4x7xf32>
    %q1 = ml_program.global_load_const @q1 : tensor<4x24x8xui8>
    %q2 = ml_program.global_load_const @q2 : tensor<4x16x6xui8>
    %s1 = ml_program.global_load_const @s1 : tensor<4x24xf32>
    %s2 = ml_program.global_load_const @s2 : tensor<4x16xf32>
    %s7 = ml_program.global_load_const @s7 : tensor<4x7xf32>
    %p1 = ml_program.global_load_const @p1 : tensor<4x16x12xui8>
    %z7 = ml_program.global_load_const @z7 : tensor<4x7xui8>
    %x1 = ml_program.global_load_const @x1 : tensor<4x8x8xf32>
    %tokens = inlay_onnx.node "com.microsoft::MoE"(%x, %r3, %fc1, %none, %fc2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64}} : (tensor<2x16xf32>, tensor<3x4xf32>, tensor<4x24x16xf32>, none, tensor<4x16x12xf32>) -> tensor<2x16xf32> loc("tokens")
    %e1 = ml_program.global_load_const @e1 : tensor<4x24x16xf8E4M3FN>
    %e2 = ml_program.global_load_const @e2 : tensor<4x16x12xf8E4M3FN>
    %t1 = ml_program.global_load_const @t1 : tensor<4x3x2xf32>
    %t2 = ml_program.global_load_const @t2 : tensor<4x2x2xf32>
    %m1 = ml_program.global_load_const @m1 : tensor<4x24x1xf8E8M0FNU>
    %m2 = ml_program.global_load_const @m2 : tensor<4x16x1xf8E8M0FNU>
    %g = ml_program.global_load_const @g : tensor<4xf32>
    %z1 = ml_program.global_load_const @z1 : tensor<4x24x1xui8>
    %mixer = inlay_onnx.node "com.microsoft::MoE"(%x, %r, %fc1, %none, %fc2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 3 : i64, use_sparse_mixer = 1 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf32>, none, tensor<4x16x12xf32>) -> tensor<2x16xf32> loc("mixer")
    %shared = inlay_onnx.node "com.microsoft::MoE"(%x, %r, %fc1, %none, %fc2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, num_shared_experts = 1 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf32>, none, tensor<4x16x12xf32>) -> tensor<2x16xf32> loc("shared")
    %missing = inlay_onnx.node "com.microsoft::MoE"(%x, %r, %fc1) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf32>) -> tensor<2x16xf32> loc("missing")
    %dynamic = inlay_onnx.node "com.microsoft::MoE"(%y, %r, %fc1, %none, %fc2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64}} : (tensor<?x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf32>, none, tensor<4x16x12xf32>) -> tensor<?x16xf32> loc("dynamic")
    %rank = inlay_onnx.node "com.microsoft::MoE"(%x, %r, %flat, %none, %fc2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<96x16xf32>, none, tensor<4x16x12xf32>) -> tensor<2x16xf32> loc("rank")
    %activation = inlay_onnx.node "com.microsoft::MoE"(%x, %r, %fc1, %none, %fc2) {attributes = {activation_type = "elu", swiglu_fusion = 1 : i64, k = 2 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf32>, none, tensor<4x16x12xf32>) -> tensor<2x16xf32> loc("activation")
    %fusion = inlay_onnx.node "com.microsoft::MoE"(%x, %r, %fc1, %none, %fc2) {attributes = {activation_type = "swiglu", swiglu_fusion = 0 : i64, k = 2 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf32>, none, tensor<4x16x12xf32>) -> tensor<2x16xf32> loc("fusion")
    %bias = inlay_onnx.node "com.microsoft::MoE"(%x, %r, %fc1, %b1, %fc2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf32>, tensor<4x7xf32>, tensor<4x16x12xf32>) -> tensor<2x16xf32> loc("bias")
    %computed = inlay_onnx.node "com.microsoft::MoE"(%x, %r, %w, %none, %fc2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf32>, none, tensor<4x16x12xf32>) -> tensor<2x16xf32> loc("computed")
    %unfit = inlay_onnx.node "com.microsoft::MoE"(%x, %r, %x1, %none, %fc2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x8x8xf32>, none, tensor<4x16x12xf32>) -> tensor<2x16xf32> loc("unfit")
    %many = inlay_onnx.node "com.microsoft::MoE"(%x, %r, %fc1, %none, %fc2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 5 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf32>, none, tensor<4x16x12xf32>) -> tensor<2x16xf32> loc("many")
    %global = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %m1, %none, %q2, %m2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64, quant_type = "fp4"}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, tensor<4x24x1xf8E8M0FNU>, none, tensor<4x16x6xui8>, tensor<4x16x1xf8E8M0FNU>) -> tensor<2x16xf32> loc("global")
    %unknown = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %s1, %none, %q2, %s2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64, quant_type = "fp6"}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, tensor<4x24xf32>, none, tensor<4x16x6xui8>, tensor<4x16xf32>) -> tensor<2x16xf32> loc("unknown")
    %rounded = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %m1, %none, %q2, %m2, %none, %none, %none, %none, %none, %none, %none, %none, %g, %g) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64, quant_type = "wfp4afp8"}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, tensor<4x24x1xf8E8M0FNU>, none, tensor<4x16x6xui8>, tensor<4x16x1xf8E8M0FNU>, none, none, none, none, none, none, none, none, tensor<4xf32>, tensor<4xf32>) -> tensor<2x16xf32> loc("rounded")
    %width = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %e1, %t1, %none, %e2, %t2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64, quant_type = "fp8"}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf8E4M3FN>, tensor<4x3x2xf32>, none, tensor<4x16x12xf8E4M3FN>, tensor<4x2x2xf32>) -> tensor<2x16xf32> loc("width")
    %widths = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %s1, %none, %q2, %s2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64, fc3_expert_weight_bits = 8 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, tensor<4x24xf32>, none, tensor<4x16x6xui8>, tensor<4x16xf32>) -> tensor<2x16xf32> loc("widths")
    %limit = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %s1, %none, %q2, %s2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64, swiglu_limit_after_activation = 1 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, tensor<4x24xf32>, none, tensor<4x16x6xui8>, tensor<4x16xf32>) -> tensor<2x16xf32> loc("limit")
    %actscale = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %m1, %none, %q2, %m2, %none, %none, %none, %none, %none, %none, %none, %none, %g, %g, %g) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64, quant_type = "fp4"}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, tensor<4x24x1xf8E8M0FNU>, none, tensor<4x16x6xui8>, tensor<4x16x1xf8E8M0FNU>, none, none, none, none, none, none, none, none, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x16xf32> loc("actscale")
    %square = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %e1, %t1, %none, %e2, %t2) {attributes = {activation_type = "swiglu", swiglu_fusion = 2 : i64, k = 2 : i64, expert_weight_bits = 8 : i64, quant_type = "fp8", block_size = 8 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf8E4M3FN>, tensor<4x3x2xf32>, none, tensor<4x16x12xf8E4M3FN>, tensor<4x2x2xf32>) -> tensor<2x16xf32> loc("square")
    %factor = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %e1, %none, %none, %e2, %none, %none, %none, %none, %none, %none, %none, %none, %none, %s7, %g) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 8 : i64, quant_type = "fp8"}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf8E4M3FN>, none, none, tensor<4x16x12xf8E4M3FN>, none, none, none, none, none, none, none, none, none, tensor<4x7xf32>, tensor<4xf32>) -> tensor<2x16xf32> loc("factor")
    %floats = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %m1, %none, %q2, %m2, %none, %none, %none, %none, %z1, %none, %none, %none, %g, %g) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64, quant_type = "fp4"}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, tensor<4x24x1xf8E8M0FNU>, none, tensor<4x16x6xui8>, tensor<4x16x1xf8E8M0FNU>, none, none, none, none, tensor<4x24x1xui8>, none, none, none, tensor<4xf32>, tensor<4xf32>) -> tensor<2x16xf32> loc("floats")
    %packed = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %s1, %none, %q2, %s2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64, quant_type = "fp5"}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, tensor<4x24xf32>, none, tensor<4x16x6xui8>, tensor<4x16xf32>) -> tensor<2x16xf32> loc("packed")
    %prepacked = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %p1, %s1, %none, %q2, %s2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x16x12xui8>, tensor<4x24xf32>, none, tensor<4x16x6xui8>, tensor<4x16xf32>) -> tensor<2x16xf32> loc("prepacked")
    %scaleless = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %none, %none, %q2, %s2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, none, none, tensor<4x16x6xui8>, tensor<4x16xf32>) -> tensor<2x16xf32> loc("scaleless")
    %bits = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %s1, %none, %q2, %s2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 3 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, tensor<4x24xf32>, none, tensor<4x16x6xui8>, tensor<4x16xf32>) -> tensor<2x16xf32> loc("bits")
    %scales = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %s7, %none, %q2, %s2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, tensor<4x7xf32>, none, tensor<4x16x6xui8>, tensor<4x16xf32>) -> tensor<2x16xf32> loc("scales")
    %zeros = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %s1, %none, %q2, %s2, %none, %none, %none, %none, %z7) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, tensor<4x24xf32>, none, tensor<4x16x6xui8>, tensor<4x16xf32>, none, none, none, none, tensor<4x7xui8>) -> tensor<2x16xf32> loc("zeros")
    inlay_onnx.return %tokens, %mixer, %shared, %missing, %dynamic, %rank, %activation, %fusion, %bias, %computed, %unfit, %many, %global, %unknown, %rounded, %width, %widths, %limit, %actscale, %square, %factor, %floats, %packed, %prepacked, %scaleless, %bits, %scales, %zeros : tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<?x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>
  }
}

// -----

// What the operator of onnxruntime calls use_sparse_mixer is the router of Phi-3.5-MoE, with its number.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @fc1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 6144, encoding = raw>) : tensor<4x24x16xf32>
  ml_program.global private @fc2(#inlay_onnx.weight<file = "m.data", offset = 6144, length = 3072, encoding = raw>) : tensor<4x16x12xf32>
  // CHECK-LABEL: inlay_nn.graph @mixer
  // CHECK: inlay_nn.route {{ *}}sparse_mixer %r {k = 2 : i64, threshold = 2.000000e-02 : f64}
  // CHECK: inlay_nn.experts {{ *}}swiglu
  inlay_onnx.graph @mixer(%x: tensor<2x16xf32>, %r: tensor<2x4xf32>) -> tensor<2x16xf32> attributes {arg_names = ["x", "r"], result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %fc1 = ml_program.global_load_const @fc1 : tensor<4x24x16xf32>
    %fc2 = ml_program.global_load_const @fc2 : tensor<4x16x12xf32>
    %y = inlay_onnx.node "com.microsoft::MoE"(%x, %r, %fc1, %none, %fc2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, normalize_routing_weights = 1 : i64, use_sparse_mixer = 1 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x16xf32>, none, tensor<4x16x12xf32>) -> tensor<2x16xf32>
    inlay_onnx.return %y : tensor<2x16xf32>
  }
}

// -----

// Integers packed for one provider's kernels are refused by name too.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  ml_program.global private @q1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 768, encoding = raw>) : tensor<4x24x8xui8>
  ml_program.global private @q2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 384, encoding = raw>) : tensor<4x16x6xui8>
  ml_program.global private @s1(#inlay_onnx.weight<file = "m.data", offset = 0, length = 384, encoding = raw>) : tensor<4x24xf32>
  ml_program.global private @s2(#inlay_onnx.weight<file = "m.data", offset = 0, length = 256, encoding = raw>) : tensor<4x16xf32>
  inlay_onnx.graph @packed(%x: tensor<2x16xf32>, %r: tensor<2x4xf32>) -> tensor<2x16xf32> attributes {arg_names = ["x", "r"], result_names = ["y"]} {
    %none = inlay_onnx.none : none
    %q1 = ml_program.global_load_const @q1 : tensor<4x24x8xui8>
    %q2 = ml_program.global_load_const @q2 : tensor<4x16x6xui8>
    %s1 = ml_program.global_load_const @s1 : tensor<4x24xf32>
    %s2 = ml_program.global_load_const @s2 : tensor<4x16xf32>
    // expected-error @unknown {{node 'for cuda' (com.microsoft::QMoE) has experts packed for one vendor's kernels (weights_prepacked = 1): export with weights_prepacked=0, or for the cpu or webgpu provider}}
    %y = inlay_onnx.node "com.microsoft::QMoE"(%x, %r, %q1, %s1, %none, %q2, %s2) {attributes = {activation_type = "swiglu", swiglu_fusion = 1 : i64, k = 2 : i64, expert_weight_bits = 4 : i64, weights_prepacked = 1 : i64}} : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>, tensor<4x24xf32>, none, tensor<4x16x6xui8>, tensor<4x16xf32>) -> tensor<2x16xf32> loc("for cuda")
    inlay_onnx.return %y : tensor<2x16xf32>
  }
}

// -----

// Experts that only their vendor can read, by what the operator, its attributes or its weights are called: an error for each, whatever its outputs.
module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, trt_edgellm = 1 : i64}} {
  ml_program.global private @q(#inlay_onnx.weight<file = "m.data", offset = 0, length = 768, encoding = raw>) : tensor<4x24x8xui8>
  ml_program.global private @w(#inlay_onnx.weight<file = "m.data", offset = 0, length = 768, encoding = raw>) : tensor<96x8xui8>
  inlay_onnx.graph @plugins(%x: tensor<2x16xf32>, %r: tensor<2x4xf32>) -> (tensor<2x16xf32>, tensor<*xf32>, tensor<2x16xf32>) attributes {arg_names = ["x", "r"], result_names = ["a", "b", "c"]} {
    %q = ml_program.global_load_const @q : tensor<4x24x8xui8>
    %w = ml_program.global_load_const @w : tensor<96x8xui8>
    // expected-error @unknown {{node 'by weights' (trt_edgellm::Fused) is a plug-in of domain 'trt_edgellm' with the weights of experts in a layout that only its vendor knows: export the model without it, with standard operators or com.microsoft::MoE}}
    %a = inlay_onnx.node "trt_edgellm::Fused"(%x, %r, %q) : (tensor<2x16xf32>, tensor<2x4xf32>, tensor<4x24x8xui8>) -> tensor<2x16xf32> loc("by weights")
    // expected-error @unknown {{node 'by name' (trt_edgellm::Int4MoePlugin) is a plug-in}}
    %b = inlay_onnx.node "trt_edgellm::Int4MoePlugin"(%x, %w) : (tensor<2x16xf32>, tensor<96x8xui8>) -> tensor<*xf32> loc("by name")
    // expected-error @unknown {{node 'by attribute' (trt_edgellm::Mixture) is a plug-in}}
    %c = inlay_onnx.node "trt_edgellm::Mixture"(%x, %w) {attributes = {num_experts = 4 : i64}} : (tensor<2x16xf32>, tensor<96x8xui8>) -> tensor<2x16xf32> loc("by attribute")
    inlay_onnx.return %a, %b, %c : tensor<2x16xf32>, tensor<*xf32>, tensor<2x16xf32>
  }
}
