// RUN: inlay-opt %s --infer-shapes | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<1x1x64xf32>,
      %a1: tensor<1x1x32xf32>,
      %a2: tensor<1x1x32xf32>,
      %a3: tensor<1x2x9x16xf32>,
      %a4: tensor<1x2x9x16xf32>,
      %a5: tensor<1xi32>,
      %a6: tensor<1x1x128xf32>,
      %a7: tensor<1x2x9x16xf32>,
      %a8: tensor<1x2x9x16xf32>,
      %a9: tensor<1xi32>,
      %a10: tensor<i32>,
      %a11: tensor<1x1x128xf16>,
      %a12: tensor<1x2x32x16xf16>,
      %a13: tensor<1x2x32x16xf16>,
      %a14: tensor<1xi32>,
      %a15: tensor<1x7x128xf16>,
      %a16: tensor<1x1x128xf16>,
      %a17: tensor<1x2x9x8xi8>,
      %a18: tensor<1x2x9x8xi8>,
      %a19: tensor<1xi32>,
      %a20: tensor<i32>,
      %a21: tensor<1x1x128xf16>,
      %a22: tensor<1x2x8x16xf16>,
      %a23: tensor<1x2x8x16xf16>,
      %a24: tensor<1xi32>,
      %a25: tensor<1x3x128xf16>,
      %a26: tensor<1x2x8x16xf16>,
      %a27: tensor<1x2x8x16xf16>,
      %a28: tensor<1xi32>,
      %a29: tensor<i32>,
      %a30: tensor<1x3x64xf32>,
      %a31: tensor<1x5x64xf32>,
      %a32: tensor<1x5x32xf32>,
      %a33: tensor<1x3x64xf32>,
      %a34: tensor<1x3x64xf32>,
      %a35: tensor<1x3x64xf32>,
      %a36: tensor<1x4x9x16xf32>,
      %a37: tensor<1x4x9x16xf32>,
      %a38: tensor<1x3x4x3x16xf32>,
      %a39: tensor<1x3x32xf32>,
      %a40: tensor<32x192xf32>,
      %a41: tensor<192xf32>,
      %a42: tensor<1x3x32xf32>,
      %a43: tensor<32x192xf32>,
      %a44: tensor<192xf32>,
      %a45: tensor<2x1x4x9x16xf32>,
      %a46: tensor<7x64xf16>,
      %a47: tensor<7x32xf16>,
      %a48: tensor<7x32xf16>,
      %a49: tensor<8x16x2x16xf16>,
      %a50: tensor<8x16x2x16xf16>,
      %a51: tensor<1x4x3x24xf32>,
      %a52: tensor<1x2x5x24xf32>,
      %a53: tensor<1x2x5x16xf32>,
      %a54: tensor<1x1x64xf32>,
      %a55: tensor<1x1x32xf32>,
      %a56: tensor<1x1x32xf32>,
      %a57: tensor<1x2x9x16xf32>,
      %a58: tensor<1x2x9x16xf32>,
      %a59: tensor<1x7x64xf32>,
      %a60: tensor<1x7x64xf32>,
      %a61: tensor<1x7x96xf32>,
      %a62: tensor<1x4x16x24xf32>,
      %a63: tensor<1x48x7xf32>,
      %a64: tensor<48x1x4xf32>,
      %a65: tensor<1x48x3xf32>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12", "a13", "a14", "a15", "a16", "a17", "a18", "a19", "a20", "a21", "a22", "a23", "a24", "a25", "a26", "a27", "a28", "a29", "a30", "a31", "a32", "a33", "a34", "a35", "a36", "a37", "a38", "a39", "a40", "a41", "a42", "a43", "a44", "a45", "a46", "a47", "a48", "a49", "a50", "a51", "a52", "a53", "a54", "a55", "a56", "a57", "a58", "a59", "a60", "a61", "a62", "a63", "a64", "a65"], result_names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31", "r32", "r33", "r34", "r35", "r36", "r37", "r38", "r39", "r40", "r41", "r42"]} {
    %c0 = inlay_onnx.constant dense<10> : tensor<i32>
    // CHECK: "com.microsoft::GroupQueryAttention"({{.*}} -> (tensor<1x1x64xf32>, tensor<1x2x10x16xf32>, tensor<1x2x10x16xf32>){{$}}
    %1:3 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a0, %a1, %a2, %a3, %a4, %a5, %c0) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<1x1x64xf32>, tensor<1x1x32xf32>, tensor<1x1x32xf32>, tensor<1x2x9x16xf32>, tensor<1x2x9x16xf32>, tensor<1xi32>, tensor<i32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    // q, k and v are packed; the total length follows from the past
    %none = inlay_onnx.none : none
    // CHECK: "com.microsoft::GroupQueryAttention"({{.*}} -> (tensor<1x1x64xf32>, tensor<1x2x10x16xf32>, tensor<1x2x10x16xf32>){{$}}
    %2:3 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a6, %none, %none, %a7, %a8, %a9, %a10) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<1x1x128xf32>, none, none, tensor<1x2x9x16xf32>, tensor<1x2x9x16xf32>, tensor<1xi32>, tensor<i32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    // a buffer longer than the total length, shared by past and present
    %c3 = inlay_onnx.constant dense<10> : tensor<i32>
    // CHECK: "com.microsoft::GroupQueryAttention"({{.*}} -> (tensor<1x1x64xf16>, tensor<1x2x32x16xf16>, tensor<1x2x32x16xf16>){{$}}
    %4:3 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a11, %none, %none, %a12, %a13, %a14, %c3) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<1x1x128xf16>, none, none, tensor<1x2x32x16xf16>, tensor<1x2x32x16xf16>, tensor<1xi32>, tensor<i32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    // no past
    // CHECK: "com.microsoft::GroupQueryAttention"({{.*}} -> (tensor<1x7x64xf16>, tensor<1x2x7x16xf16>, tensor<1x2x7x16xf16>, tensor<1x4x7x7xf16>){{$}}
    %5:4 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a15) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<1x7x128xf16>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    // two values of the cache in a byte
    // CHECK: "com.microsoft::GroupQueryAttention"({{.*}} -> (tensor<1x1x64xf16>, tensor<1x2x10x8xi8>, tensor<1x2x10x8xi8>){{$}}
    %6:3 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a16, %none, %none, %a17, %a18, %a19, %a20) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64, kv_cache_bit_width = 4 : i64}} : (tensor<1x1x128xf16>, none, none, tensor<1x2x9x8xi8>, tensor<1x2x9x8xi8>, tensor<1xi32>, tensor<i32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    // a ring of the last tokens
    %c7 = inlay_onnx.constant dense<100> : tensor<i32>
    // CHECK: "com.microsoft::GroupQueryAttention"({{.*}} -> (tensor<1x1x64xf16>, tensor<1x2x8x16xf16>, tensor<1x2x8x16xf16>){{$}}
    %8:3 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a21, %none, %none, %a22, %a23, %a24, %c7) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64, local_window_size = 8 : i64}} : (tensor<1x1x128xf16>, none, none, tensor<1x2x8x16xf16>, tensor<1x2x8x16xf16>, tensor<1xi32>, tensor<i32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    // a ring by its attribute
    // CHECK: "com.microsoft::GroupQueryAttention"({{.*}} -> (tensor<1x3x64xf16>, tensor<1x2x8x16xf16>, tensor<1x2x8x16xf16>){{$}}
    %9:3 = inlay_onnx.node "com.microsoft::GroupQueryAttention"(%a25, %none, %none, %a26, %a27, %a28, %a29) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64, local_window_size = 8 : i64, sliding_window_cache = 1 : i64}} : (tensor<1x3x128xf16>, none, none, tensor<1x2x8x16xf16>, tensor<1x2x8x16xf16>, tensor<1xi32>, tensor<i32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    // CHECK: "com.microsoft::MultiHeadAttention"({{.*}} -> tensor<1x3x32xf32>{{$}}
    %10 = inlay_onnx.node "com.microsoft::MultiHeadAttention"(%a30, %a31, %a32) {attributes = {num_heads = 4 : i64}} : (tensor<1x3x64xf32>, tensor<1x5x64xf32>, tensor<1x5x32xf32>) -> !inlay_onnx.unknown
    // CHECK: "com.microsoft::MultiHeadAttention"({{.*}} -> (tensor<1x3x64xf32>, tensor<1x4x12x16xf32>, tensor<1x4x12x16xf32>){{$}}
    %11:3 = inlay_onnx.node "com.microsoft::MultiHeadAttention"(%a33, %a34, %a35, %none, %none, %none, %a36, %a37) {attributes = {num_heads = 4 : i64}} : (tensor<1x3x64xf32>, tensor<1x3x64xf32>, tensor<1x3x64xf32>, none, none, none, tensor<1x4x9x16xf32>, tensor<1x4x9x16xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    // q, k and v are packed
    // CHECK: "com.microsoft::MultiHeadAttention"({{.*}} -> tensor<1x3x64xf32>{{$}}
    %12 = inlay_onnx.node "com.microsoft::MultiHeadAttention"(%a38) {attributes = {num_heads = 4 : i64}} : (tensor<1x3x4x3x16xf32>) -> !inlay_onnx.unknown
    // CHECK: "com.microsoft::Attention"({{.*}} -> (tensor<1x3x64xf32>, tensor<2x1x4x3x16xf32>){{$}}
    %13:2 = inlay_onnx.node "com.microsoft::Attention"(%a39, %a40, %a41) {attributes = {num_heads = 4 : i64}} : (tensor<1x3x32xf32>, tensor<32x192xf32>, tensor<192xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    // CHECK: "com.microsoft::Attention"({{.*}} -> (tensor<1x3x64xf32>, tensor<2x1x4x12x16xf32>){{$}}
    %14:2 = inlay_onnx.node "com.microsoft::Attention"(%a42, %a43, %a44, %none, %a45) {attributes = {num_heads = 4 : i64}} : (tensor<1x3x32xf32>, tensor<32x192xf32>, tensor<192xf32>, none, tensor<2x1x4x9x16xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    // CHECK: "com.microsoft::PagedAttention"({{.*}} -> (tensor<7x64xf16>, tensor<8x16x2x16xf16>, tensor<8x16x2x16xf16>){{$}}
    %15:3 = inlay_onnx.node "com.microsoft::PagedAttention"(%a46, %a47, %a48, %a49, %a50) {attributes = {num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<7x64xf16>, tensor<7x32xf16>, tensor<7x32xf16>, tensor<8x16x2x16xf16>, tensor<8x16x2x16xf16>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    // values may have heads of another size
    // CHECK: "Attention"({{.*}} -> tensor<1x4x3x16xf32>{{$}}
    %16 = inlay_onnx.node "Attention"(%a51, %a52, %a53) : (tensor<1x4x3x24xf32>, tensor<1x2x5x24xf32>, tensor<1x2x5x16xf32>) -> !inlay_onnx.unknown
    // CHECK: "Attention"({{.*}} -> (tensor<1x1x64xf32>, tensor<1x2x10x16xf32>, tensor<1x2x10x16xf32>, tensor<1x4x1x10xf32>){{$}}
    %17:4 = inlay_onnx.node "Attention"(%a54, %a55, %a56, %none, %a57, %a58) {attributes = {q_num_heads = 4 : i64, kv_num_heads = 2 : i64}} : (tensor<1x1x64xf32>, tensor<1x1x32xf32>, tensor<1x1x32xf32>, none, tensor<1x2x9x16xf32>, tensor<1x2x9x16xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    // CHECK: "LinearAttention"({{.*}} -> (tensor<1x7x96xf32>, tensor<1x4x16x24xf32>){{$}}
    %18:2 = inlay_onnx.node "LinearAttention"(%a59, %a60, %a61, %a62) {attributes = {q_num_heads = 4 : i64, kv_num_heads = 4 : i64}} : (tensor<1x7x64xf32>, tensor<1x7x64xf32>, tensor<1x7x96xf32>, tensor<1x4x16x24xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    // CHECK: "com.microsoft::CausalConvWithState"({{.*}} -> (tensor<1x48x7xf32>, tensor<1x48x3xf32>){{$}}
    %19:2 = inlay_onnx.node "com.microsoft::CausalConvWithState"(%a63, %a64, %none, %a65) : (tensor<1x48x7xf32>, tensor<48x1x4xf32>, none, tensor<1x48x3xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    inlay_onnx.return %1#0, %1#1, %1#2, %2#0, %2#1, %2#2, %4#0, %4#1, %4#2, %5#0, %5#1, %5#2, %5#3, %6#0, %6#1, %6#2, %8#0, %8#1, %8#2, %9#0, %9#1, %9#2, %10, %11#0, %11#1, %11#2, %12, %13#0, %13#1, %14#0, %14#1, %15#0, %15#1, %15#2, %16, %17#0, %17#1, %17#2, %17#3, %18#0, %18#1, %19#0, %19#1 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}
