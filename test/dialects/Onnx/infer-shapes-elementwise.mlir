// RUN: inlay-opt %s --infer-shapes -split-input-file | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<2x3xf32>,
      %a1: tensor<2x3xf32>,
      %a2: tensor<2x3xf32>,
      %a3: tensor<2x3xf32>,
      %a4: tensor<2x3xf32>,
      %a5: tensor<2x3xf32>,
      %a6: tensor<2x3xf32>,
      %a7: tensor<2x3xf32>,
      %a8: tensor<2x3xf32>,
      %a9: tensor<2x3xf16>,
      %a10: tensor<2x3xf32>,
      %a11: tensor<2x3xf32>,
      %a12: tensor<3xf32>,
      %a13: tensor<2x3xf32>,
      %a14: tensor<2x3xf32>,
      %a15: tensor<2x1xf32>,
      %a16: tensor<2x3xf32>,
      %a17: tensor<2x3xf32>,
      %a18: tensor<2x1x3xf32>,
      %a19: tensor<4x1xf32>,
      %a20: tensor<f32>,
      %a21: tensor<5xf32>,
      %a22: tensor<?x3xf32>,
      %a23: tensor<2x3xf32>,
      %a24: tensor<?x3xf32>,
      %a25: tensor<1x3xi64>,
      %a26: tensor<2x1xf32>,
      %a27: tensor<3xf32>,
      %a28: tensor<f32>,
      %a29: tensor<2x1xi64>,
      %a30: tensor<3xi64>,
      %a31: tensor<2xf32>,
      %a32: tensor<f32>,
      %a33: tensor<2xi1>,
      %a34: tensor<1xi1>,
      %a35: tensor<4xf32>,
      %a36: tensor<2x1xi1>,
      %a37: tensor<3xf32>,
      %a38: tensor<f32>,
      %a39: tensor<2x3xf32>,
      %a40: tensor<2xf32>,
      %a41: tensor<2xf32>,
      %a42: tensor<2xf32>,
      %a43: tensor<1xbf16>,
      %a44: tensor<2x3xf32>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "a10", "a11", "a12", "a13", "a14", "a15", "a16", "a17", "a18", "a19", "a20", "a21", "a22", "a23", "a24", "a25", "a26", "a27", "a28", "a29", "a30", "a31", "a32", "a33", "a34", "a35", "a36", "a37", "a38", "a39", "a40", "a41", "a42", "a43", "a44"], result_names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29"]} {
    // CHECK: "Exp"({{.*}} -> tensor<2x3xf32>{{$}}
    %0 = inlay_onnx.node "Exp"(%a0) : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "Sigmoid"({{.*}} -> tensor<2x3xf32>{{$}}
    %1 = inlay_onnx.node "Sigmoid"(%a1) : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "Tanh"({{.*}} -> tensor<2x3xf32>{{$}}
    %2 = inlay_onnx.node "Tanh"(%a2) : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "Gelu"({{.*}} -> tensor<2x3xf32>{{$}}
    %3 = inlay_onnx.node "Gelu"(%a3) : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "Erf"({{.*}} -> tensor<2x3xf32>{{$}}
    %4 = inlay_onnx.node "Erf"(%a4) : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "Swish"({{.*}} -> tensor<2x3xf32>{{$}}
    %5 = inlay_onnx.node "Swish"(%a5) : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "Clip"({{.*}} -> tensor<2x3xf32>{{$}}
    %6 = inlay_onnx.node "Clip"(%a6) : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "Trilu"({{.*}} -> tensor<2x3xf32>{{$}}
    %7 = inlay_onnx.node "Trilu"(%a7) : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "CumSum"({{.*}} -> tensor<2x3xf32>{{$}}
    %axis = inlay_onnx.constant dense<1> : tensor<i64>
    %8 = inlay_onnx.node "CumSum"(%a8, %axis) : (tensor<2x3xf32>, tensor<i64>) -> !inlay_onnx.unknown
    // CHECK: "Softmax"({{.*}} -> tensor<2x3xf16>{{$}}
    %9 = inlay_onnx.node "Softmax"(%a9) {attributes = {axis = -1 : i64}} : (tensor<2x3xf16>) -> !inlay_onnx.unknown
    // CHECK: "com.microsoft::QuickGelu"({{.*}} -> tensor<2x3xf32>{{$}}
    %10 = inlay_onnx.node "com.microsoft::QuickGelu"(%a10) {attributes = {alpha = 1.000000e+00 : f32}} : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "com.microsoft::BiasGelu"({{.*}} -> tensor<2x3xf32>{{$}}
    %11 = inlay_onnx.node "com.microsoft::BiasGelu"(%a11, %a12) : (tensor<2x3xf32>, tensor<3xf32>) -> !inlay_onnx.unknown
    // CHECK: "com.microsoft::GatedAdd"({{.*}} -> tensor<2x3xf32>{{$}}
    %12 = inlay_onnx.node "com.microsoft::GatedAdd"(%a13, %a14, %a15) : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x1xf32>) -> !inlay_onnx.unknown
    // CHECK: "Add"({{.*}} -> tensor<2x3xf32>{{$}}
    %13 = inlay_onnx.node "Add"(%a16, %a17) : (tensor<2x3xf32>, tensor<2x3xf32>) -> !inlay_onnx.unknown
    // the operands broadcast from the right
    // CHECK: "Mul"({{.*}} -> tensor<2x4x3xf32>{{$}}
    %14 = inlay_onnx.node "Mul"(%a18, %a19) : (tensor<2x1x3xf32>, tensor<4x1xf32>) -> !inlay_onnx.unknown
    // CHECK: "Div"({{.*}} -> tensor<5xf32>{{$}}
    %15 = inlay_onnx.node "Div"(%a20, %a21) : (tensor<f32>, tensor<5xf32>) -> !inlay_onnx.unknown
    // an unknown dim is 1 or the other one
    // CHECK: "Sub"({{.*}} -> tensor<2x3xf32>{{$}}
    %16 = inlay_onnx.node "Sub"(%a22, %a23) : (tensor<?x3xf32>, tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "Pow"({{.*}} -> tensor<?x3xf32>{{$}}
    %17 = inlay_onnx.node "Pow"(%a24, %a25) : (tensor<?x3xf32>, tensor<1x3xi64>) -> !inlay_onnx.unknown
    // any number of operands
    // CHECK: "Max"({{.*}} -> tensor<2x3xf32>{{$}}
    %18 = inlay_onnx.node "Max"(%a26, %a27, %a28) : (tensor<2x1xf32>, tensor<3xf32>, tensor<f32>) -> !inlay_onnx.unknown
    // CHECK: "Equal"({{.*}} -> tensor<2x3xi1>{{$}}
    %19 = inlay_onnx.node "Equal"(%a29, %a30) : (tensor<2x1xi64>, tensor<3xi64>) -> !inlay_onnx.unknown
    // CHECK: "GreaterOrEqual"({{.*}} -> tensor<2xi1>{{$}}
    %20 = inlay_onnx.node "GreaterOrEqual"(%a31, %a32) : (tensor<2xf32>, tensor<f32>) -> !inlay_onnx.unknown
    // CHECK: "And"({{.*}} -> tensor<2xi1>{{$}}
    %21 = inlay_onnx.node "And"(%a33, %a34) : (tensor<2xi1>, tensor<1xi1>) -> !inlay_onnx.unknown
    // CHECK: "IsNaN"({{.*}} -> tensor<4xi1>{{$}}
    %22 = inlay_onnx.node "IsNaN"(%a35) : (tensor<4xf32>) -> !inlay_onnx.unknown
    // CHECK: "Where"({{.*}} -> tensor<2x3xf32>{{$}}
    %23 = inlay_onnx.node "Where"(%a36, %a37, %a38) : (tensor<2x1xi1>, tensor<3xf32>, tensor<f32>) -> !inlay_onnx.unknown
    // CHECK: "Cast"({{.*}} -> tensor<2x3xf16>{{$}}
    %24 = inlay_onnx.node "Cast"(%a39) {attributes = {to = 10 : i64}} : (tensor<2x3xf32>) -> !inlay_onnx.unknown
    // CHECK: "Cast"({{.*}} -> tensor<2xi4>{{$}}
    %25 = inlay_onnx.node "Cast"(%a40) {attributes = {to = 22 : i64}} : (tensor<2xf32>) -> !inlay_onnx.unknown
    // CHECK: "Cast"({{.*}} -> tensor<2xf8E4M3FN>{{$}}
    %26 = inlay_onnx.node "Cast"(%a41) {attributes = {to = 17 : i64}} : (tensor<2xf32>) -> !inlay_onnx.unknown
    // CHECK: "CastLike"({{.*}} -> tensor<2xbf16>{{$}}
    %27 = inlay_onnx.node "CastLike"(%a42, %a43) : (tensor<2xf32>, tensor<1xbf16>) -> !inlay_onnx.unknown
    // CHECK: "Dropout"({{.*}} -> (tensor<2x3xf32>, tensor<2x3xi1>){{$}}
    %28:2 = inlay_onnx.node "Dropout"(%a44) : (tensor<2x3xf32>) -> (!inlay_onnx.unknown, !inlay_onnx.unknown)
    inlay_onnx.return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28#0, %28#1 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}

// -----

module attributes {inlay_onnx.opsets = {ai.onnx = 6 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<2x3x4xf32>,
      %a1: tensor<3xf32>)
      -> (!inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1"], result_names = ["r0"]} {
    // before opset 7 the second operand was laid over the first
    // CHECK: "Add"({{.*}} -> tensor<2x3x4xf32>{{$}}
    %0 = inlay_onnx.node "Add"(%a0, %a1) {attributes = {broadcast = 1 : i64, axis = 1 : i64}} : (tensor<2x3x4xf32>, tensor<3xf32>) -> !inlay_onnx.unknown
    inlay_onnx.return %0 : !inlay_onnx.unknown
  }
}
