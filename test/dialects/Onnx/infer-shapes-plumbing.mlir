// RUN: inlay-opt %s --infer-shapes -split-input-file | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<2x3x4xf32>,
      %a1: tensor<2x3x4xf32>,
      %a2: tensor<2x3xf32>,
      %a3: tensor<2x1xf32>,
      %a4: tensor<?x4xf32>,
      %a5: tensor<2x?xf32>,
      %a6: tensor<2x4xf32>,
      %a7: tensor<6x4xf32>,
      %a8: tensor<6x4xf32>,
      %a9: tensor<7xf32>,
      %a10: tensor<10x8xf32>,
      %a11: tensor<10x8xf32>,
      %a12: tensor<10xf32>,
      %a13: tensor<10xf32>,
      %a14: tensor<10xf32>,
      %a15: tensor<?x8xf32>,
      %a16: tensor<10x8xf32>,
      %a17: tensor<1xi64>,
      %a18: tensor<1xi64>,
      %a19: tensor<3x1xf32>,
      %a20: tensor<2x3xf32>,
      %a21: tensor<2x3xf32>,
      %a22: tensor<2x3xf32>,
      %a23: tensor<2x3x4xf32>,
      %a24: tensor<?x3x4xf32>,
      %a25: tensor<2x0xf32>,
      %a26: tensor<2x3xf32>,
      %a27: tensor<2xi64>,
      %a28: tensor<1x3x1xf32>,
      %a29: tensor<1x3x1xf32>,
      %a30: tensor<3xf32>,
      %a31: tensor<2x3x4xf32>,
      %a32: tensor<2x3x4xf32>,
      %a33: tensor<1x8x2x3xf32>,
      %a34: tensor<1x2x4x6xf32>,
      %a35: tensor<2x3xf32>,
      %a36: tensor<2xi64>,
      %a37: tensor<i64>,
      %a38: tensor<2x3xf32>,
      %a39: tensor<2x3xf32>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12", "a13", "a14", "a15", "a16", "a17", "a18", "a19", "a20", "a21", "a22", "a23", "a24", "a25", "a26", "a27", "a28", "a29", "a30", "a31", "a32", "a33", "a34", "a35", "a36", "a37", "a38", "a39"], result_names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31", "r32", "r33", "r34", "r35", "r36", "r37", "r38", "r39", "r40"]} {
    // CHECK: "Transpose"({{.*}} -> tensor<4x3x2xf32>{{$}}
    %0 = inlay_onnx.node "Transpose"(%a0) : (tensor<2x3x4xf32>) -> !inlay_onnx.unknown
    // CHECK: "Transpose"({{.*}} -> tensor<2x4x3xf32>{{$}}
    %1 = inlay_onnx.node "Transpose"(%a1) {attributes = {perm = array<i64: 0, 2, 1>}} : (tensor<2x3x4xf32>) -> !inlay_onnx.unknown
    // CHECK: "Concat"({{.*}} -> tensor<2x8xf32>{{$}}
    %2 = inlay_onnx.node "Concat"(%a2, %a3, %a4) {attributes = {axis = -1 : i64}} : (tensor<2x3xf32>, tensor<2x1xf32>, tensor<?x4xf32>) -> !inlay_onnx.unknown
    // CHECK: "Concat"({{.*}} -> tensor<2x?xf32>{{$}}
    %3 = inlay_onnx.node "Concat"(%a5, %a6) {attributes = {axis = 1 : i64}} : (tensor<2x?xf32>, tensor<2x4xf32>) -> !inlay_onnx.unknown
    %c4 = inlay_onnx.constant dense<[1, 5]> : tensor<2xi64>
    // CHECK: "Split"({{.*}} -> (tensor<1x4xf32>, tensor<5x4xf32>){{$}}
    %5:2 = inlay_onnx.node "Split"(%a7, %c4) {attributes = {axis = 0 : i64}} : (tensor<6x4xf32>, tensor<2xi64>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    // CHECK: "Split"({{.*}} -> (tensor<6x2xf32>, tensor<6x2xf32>){{$}}
    %6:2 = inlay_onnx.node "Split"(%a8) {attributes = {axis = 1 : i64, num_outputs = 2 : i64}} : (tensor<6x4xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    // the last part is the smaller one
    // CHECK: "Split"({{.*}} -> (tensor<3xf32>, tensor<3xf32>, tensor<1xf32>){{$}}
    %7:3 = inlay_onnx.node "Split"(%a9) {attributes = {axis = 0 : i64, num_outputs = 3 : i64}} : (tensor<7xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
    %c8 = inlay_onnx.constant dense<[1]> : tensor<1xi64>
    %c9 = inlay_onnx.constant dense<[4]> : tensor<1xi64>
    // CHECK: "Slice"({{.*}} -> tensor<3x8xf32>{{$}}
    %10 = inlay_onnx.node "Slice"(%a10, %c8, %c9) : (tensor<10x8xf32>, tensor<1xi64>, tensor<1xi64>) -> !inlay_onnx.unknown
    // gate and up of interleaved rows
    %c11 = inlay_onnx.constant dense<[0, 1]> : tensor<2xi64>
    %c12 = inlay_onnx.constant dense<[9223372036854775807, 8]> : tensor<2xi64>
    %c13 = inlay_onnx.constant dense<[0, 1]> : tensor<2xi64>
    %c14 = inlay_onnx.constant dense<[2, 2]> : tensor<2xi64>
    // CHECK: "Slice"({{.*}} -> tensor<5x4xf32>{{$}}
    %15 = inlay_onnx.node "Slice"(%a11, %c11, %c12, %c13, %c14) : (tensor<10x8xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> !inlay_onnx.unknown
    // backwards
    %c16 = inlay_onnx.constant dense<[-1]> : tensor<1xi64>
    %c17 = inlay_onnx.constant dense<[-9223372036854775808]> : tensor<1xi64>
    %c18 = inlay_onnx.constant dense<[0]> : tensor<1xi64>
    %c19 = inlay_onnx.constant dense<[-1]> : tensor<1xi64>
    // CHECK: "Slice"({{.*}} -> tensor<10xf32>{{$}}
    %20 = inlay_onnx.node "Slice"(%a12, %c16, %c17, %c18, %c19) : (tensor<10xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !inlay_onnx.unknown
    // both ends are clamped
    %c21 = inlay_onnx.constant dense<[-3]> : tensor<1xi64>
    %c22 = inlay_onnx.constant dense<[100]> : tensor<1xi64>
    // CHECK: "Slice"({{.*}} -> tensor<3xf32>{{$}}
    %23 = inlay_onnx.node "Slice"(%a13, %c21, %c22) : (tensor<10xf32>, tensor<1xi64>, tensor<1xi64>) -> !inlay_onnx.unknown
    %c24 = inlay_onnx.constant dense<[5]> : tensor<1xi64>
    %c25 = inlay_onnx.constant dense<[2]> : tensor<1xi64>
    // CHECK: "Slice"({{.*}} -> tensor<0xf32>{{$}}
    %26 = inlay_onnx.node "Slice"(%a14, %c24, %c25) : (tensor<10xf32>, tensor<1xi64>, tensor<1xi64>) -> !inlay_onnx.unknown
    %c27 = inlay_onnx.constant dense<[0]> : tensor<1xi64>
    %c28 = inlay_onnx.constant dense<[2147483647]> : tensor<1xi64>
    // CHECK: "Slice"({{.*}} -> tensor<?x8xf32>{{$}}
    %29 = inlay_onnx.node "Slice"(%a15, %c27, %c28) : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>) -> !inlay_onnx.unknown
    // ends that are known at run time only
    %c30 = inlay_onnx.constant dense<[0]> : tensor<1xi64>
    // CHECK: "Slice"({{.*}} -> tensor<?x8xf32>{{$}}
    %31 = inlay_onnx.node "Slice"(%a16, %a17, %a18, %c30) : (tensor<10x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !inlay_onnx.unknown
    %c32 = inlay_onnx.constant dense<[2, 1, 6]> : tensor<3xi64>
    // CHECK: "Expand"({{.*}} -> tensor<2x3x6xf32>{{$}}
    %33 = inlay_onnx.node "Expand"(%a19, %c32) : (tensor<3x1xf32>, tensor<3xi64>) -> !inlay_onnx.unknown
    %c34 = inlay_onnx.constant dense<[4, 1]> : tensor<2xi64>
    // CHECK: "Tile"({{.*}} -> tensor<8x3xf32>{{$}}
    %35 = inlay_onnx.node "Tile"(%a20, %c34) : (tensor<2x3xf32>, tensor<2xi64>) -> !inlay_onnx.unknown
    %c36 = inlay_onnx.constant dense<[0, 1, 2, 3]> : tensor<4xi64>
    // CHECK: "Pad"({{.*}} -> tensor<4x7xf32>{{$}}
    %37 = inlay_onnx.node "Pad"(%a21, %c36) : (tensor<2x3xf32>, tensor<4xi64>) -> !inlay_onnx.unknown
    %c38 = inlay_onnx.constant dense<[1, 1]> : tensor<2xi64>
    %none = inlay_onnx.none : none
    %c39 = inlay_onnx.constant dense<[-1]> : tensor<1xi64>
    // CHECK: "Pad"({{.*}} -> tensor<2x5xf32>{{$}}
    %40 = inlay_onnx.node "Pad"(%a22, %c38, %none, %c39) : (tensor<2x3xf32>, tensor<2xi64>, none, tensor<1xi64>) -> !inlay_onnx.unknown
    %c41 = inlay_onnx.constant dense<[0, -1]> : tensor<2xi64>
    // CHECK: "Reshape"({{.*}} -> tensor<2x12xf32>{{$}}
    %42 = inlay_onnx.node "Reshape"(%a23, %c41) : (tensor<2x3x4xf32>, tensor<2xi64>) -> !inlay_onnx.unknown
    %c43 = inlay_onnx.constant dense<[-1, 12]> : tensor<2xi64>
    // CHECK: "Reshape"({{.*}} -> tensor<?x12xf32>{{$}}
    %44 = inlay_onnx.node "Reshape"(%a24, %c43) : (tensor<?x3x4xf32>, tensor<2xi64>) -> !inlay_onnx.unknown
    %c45 = inlay_onnx.constant dense<[0, 4]> : tensor<2xi64>
    // CHECK: "Reshape"({{.*}} -> tensor<0x4xf32>{{$}}
    %46 = inlay_onnx.node "Reshape"(%a25, %c45) {attributes = {allowzero = 1 : i64}} : (tensor<2x0xf32>, tensor<2xi64>) -> !inlay_onnx.unknown
    // of the shape only the rank is known
    // CHECK: "Reshape"({{.*}} -> tensor<?x?xf32>{{$}}
    %47 = inlay_onnx.node "Reshape"(%a26, %a27) : (tensor<2x3xf32>, tensor<2xi64>) -> !inlay_onnx.unknown
    // CHECK: "Squeeze"({{.*}} -> tensor<3xf32>{{$}}
    %48 = inlay_onnx.node "Squeeze"(%a28) : (tensor<1x3x1xf32>) -> !inlay_onnx.unknown
    %c49 = inlay_onnx.constant dense<[-1]> : tensor<1xi64>
    // CHECK: "Squeeze"({{.*}} -> tensor<1x3xf32>{{$}}
    %50 = inlay_onnx.node "Squeeze"(%a29, %c49) : (tensor<1x3x1xf32>, tensor<1xi64>) -> !inlay_onnx.unknown
    %c51 = inlay_onnx.constant dense<[0, 2]> : tensor<2xi64>
    // CHECK: "Unsqueeze"({{.*}} -> tensor<1x3x1xf32>{{$}}
    %52 = inlay_onnx.node "Unsqueeze"(%a30, %c51) : (tensor<3xf32>, tensor<2xi64>) -> !inlay_onnx.unknown
    // CHECK: "Flatten"({{.*}} -> tensor<6x4xf32>{{$}}
    %53 = inlay_onnx.node "Flatten"(%a31) {attributes = {axis = 2 : i64}} : (tensor<2x3x4xf32>) -> !inlay_onnx.unknown
    // CHECK: "Flatten"({{.*}} -> tensor<24x1xf32>{{$}}
    %54 = inlay_onnx.node "Flatten"(%a32) {attributes = {axis = 3 : i64}} : (tensor<2x3x4xf32>) -> !inlay_onnx.unknown
    // CHECK: "DepthToSpace"({{.*}} -> tensor<1x2x4x6xf32>{{$}}
    %55 = inlay_onnx.node "DepthToSpace"(%a33) {attributes = {blocksize = 2 : i64}} : (tensor<1x8x2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "SpaceToDepth"({{.*}} -> tensor<1x8x2x3xf32>{{$}}
    %56 = inlay_onnx.node "SpaceToDepth"(%a34) {attributes = {blocksize = 2 : i64}} : (tensor<1x2x4x6xf32>) -> !inlay_onnx.unknown
    // CHECK: "Identity"({{.*}} -> tensor<2x3xf32>{{$}}
    %57 = inlay_onnx.node "Identity"(%a35) : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // too large to be folded
    %c58 = inlay_onnx.constant dense<[131072, 3]> : tensor<2xi64>
    // CHECK: "ConstantOfShape"({{.*}} -> tensor<131072x3xf32>{{$}}
    %59 = inlay_onnx.node "ConstantOfShape"(%c58) : (tensor<2xi64>) -> !inlay_onnx.unknown
    // CHECK: "ConstantOfShape"({{.*}} -> tensor<?x?xi64>{{$}}
    %60 = inlay_onnx.node "ConstantOfShape"(%a36) {attributes = {value = dense<1> : tensor<1xi64>}} : (tensor<2xi64>) -> !inlay_onnx.unknown
    %c61 = inlay_onnx.constant dense<0> : tensor<i64>
    %c62 = inlay_onnx.constant dense<600000> : tensor<i64>
    %c63 = inlay_onnx.constant dense<2> : tensor<i64>
    // CHECK: "Range"({{.*}} -> tensor<300000xi64>{{$}}
    %64 = inlay_onnx.node "Range"(%c61, %c62, %c63) : (tensor<i64>, tensor<i64>, tensor<i64>) -> !inlay_onnx.unknown
    %c65 = inlay_onnx.constant dense<5> : tensor<i64>
    %c66 = inlay_onnx.constant dense<0> : tensor<i64>
    // CHECK: "Range"({{.*}} -> tensor<?xi64>{{$}}
    %67 = inlay_onnx.node "Range"(%c65, %c66, %a37) : (tensor<i64>, tensor<i64>, tensor<i64>) -> !inlay_onnx.unknown
    // CHECK: "NonZero"({{.*}} -> tensor<2x?xi64>{{$}}
    %68 = inlay_onnx.node "NonZero"(%a38) : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "EyeLike"({{.*}} -> tensor<2x3xi64>{{$}}
    %69 = inlay_onnx.node "EyeLike"(%a39) {attributes = {dtype = 7 : i64}} : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "RandomNormal"({{.*}} -> tensor<2x3xf32>{{$}}
    %70 = inlay_onnx.node "RandomNormal"() {attributes = {shape = array<i64: 2, 3>}} : () -> !inlay_onnx.unknown
    inlay_onnx.return %0, %1, %2, %3, %5#0, %5#1, %6#0, %6#1, %7#0, %7#1, %7#2, %10, %15, %20, %23, %26, %29, %31, %33, %35, %37, %40, %42, %44, %46, %47, %48, %50, %52, %53, %54, %55, %56, %57, %59, %60, %64, %67, %68, %69, %70 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 9 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<10x8xf32>,
      %a1: tensor<6x4xf32>,
      %a2: tensor<1x3xf32>,
      %a3: tensor<3xf32>,
      %a4: tensor<2x3xf32>,
      %a5: tensor<2x8xf32>,
      %a6: tensor<6xf32>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6"], result_names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"]} {
    // operands that were attributes
    // CHECK: "Slice"({{.*}} -> tensor<10x6xf32>{{$}}
    %0 = inlay_onnx.node "Slice"(%a0) {attributes = {starts = array<i64: 1>, ends = array<i64: -1>, axes = array<i64: 1>}} : (tensor<10x8xf32>) -> !inlay_onnx.unknown
    // CHECK: "Split"({{.*}} -> (tensor<6x1xf32>, tensor<6x3xf32>){{$}}
    %1:2 = inlay_onnx.node "Split"(%a1) {attributes = {axis = 1 : i64, split = array<i64: 1, 3>}} : (tensor<6x4xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    // CHECK: "Squeeze"({{.*}} -> tensor<3xf32>{{$}}
    %2 = inlay_onnx.node "Squeeze"(%a2) {attributes = {axes = array<i64: 0>}} : (tensor<1x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "Unsqueeze"({{.*}} -> tensor<3x1xf32>{{$}}
    %3 = inlay_onnx.node "Unsqueeze"(%a3) {attributes = {axes = array<i64: 1>}} : (tensor<3xf32>) -> !inlay_onnx.unknown
    // CHECK: "Pad"({{.*}} -> tensor<4x3xf32>{{$}}
    %4 = inlay_onnx.node "Pad"(%a4) {attributes = {pads = array<i64: 1, 0, 1, 0>}} : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "TopK"({{.*}} -> (tensor<2x3xf32>, tensor<2x3xi64>){{$}}
    %5:2 = inlay_onnx.node "TopK"(%a5) {attributes = {k = 3 : i64, axis = 1 : i64}} : (tensor<2x8xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    // CHECK: "Reshape"({{.*}} -> tensor<2x3xf32>{{$}}
    %6 = inlay_onnx.node "Reshape"(%a6) {attributes = {shape = array<i64: 2, 3>}} : (tensor<6xf32>) -> !inlay_onnx.unknown
    inlay_onnx.return %0, %1#0, %1#1, %2, %3, %4, %5#0, %5#1, %6 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}
