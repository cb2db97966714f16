// RUN: inlay-opt %s --infer-shapes | FileCheck %s

module attributes {inlay_onnx.opsets = {ai.onnx = 21 : i64, com.microsoft = 1 : i64}} {
  inlay_onnx.graph @main(
      %a0: tensor<2x3x4xf32>,
      %a1: tensor<2x3x5xf32>,
      %a2: tensor<2x3x7xf32>,
      %a3: tensor<2xf16>)
      -> (!inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown)
      attributes {arg_names = ["a0", "a1", "a2", "a3"], result_names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28", "r29", "r30", "r31", "r32", "r33", "r34", "r35", "r36", "r37", "r38", "r39", "r40", "r41", "r42", "r43", "r44", "r45", "r46", "r47", "r48"]} {
    // CHECK: inlay_onnx.constant dense<[2, 3, 4]> : tensor<3xi64>{{$}}
    %0 = inlay_onnx.node "Shape"(%a0) : (tensor<2x3x4xf32>) -> !inlay_onnx.unknown
    // CHECK: inlay_onnx.constant dense<3> : tensor<1xi64>{{$}}
    %1 = inlay_onnx.node "Shape"(%a1) {attributes = {start = -2 : i64, end = 2 : i64}} : (tensor<2x3x5xf32>) -> !inlay_onnx.unknown
    // CHECK: inlay_onnx.constant dense<42> : tensor<i64>{{$}}
    %2 = inlay_onnx.node "Size"(%a2) : (tensor<2x3x7xf32>) -> !inlay_onnx.unknown
    %c3 = inlay_onnx.constant dense<[7, 8, 9]> : tensor<3xi64>
    %c4 = inlay_onnx.constant dense<-1> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<9> : tensor<i64>{{$}}
    %5 = inlay_onnx.node "Gather"(%c3, %c4) : (tensor<3xi64>, tensor<i64>) -> !inlay_onnx.unknown
    %c6 = inlay_onnx.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi64>
    %c7 = inlay_onnx.constant dense<[1]> : tensor<1xi64>
    // CHECK{LITERAL}: inlay_onnx.constant dense<[[2], [4]]> : tensor<2x1xi64>
    %8 = inlay_onnx.node "Gather"(%c6, %c7) {attributes = {axis = 1 : i64}} : (tensor<2x2xi64>, tensor<1xi64>) -> !inlay_onnx.unknown
    %c9 = inlay_onnx.constant dense<[1]> : tensor<1xi64>
    %c10 = inlay_onnx.constant dense<[2, 3]> : tensor<2xi64>
    // CHECK: inlay_onnx.constant dense<[1, 2, 3]> : tensor<3xi64>{{$}}
    %11 = inlay_onnx.node "Concat"(%c9, %c10) {attributes = {axis = 0 : i64}} : (tensor<1xi64>, tensor<2xi64>) -> !inlay_onnx.unknown
    %c12 = inlay_onnx.constant dense<[[1], [2]]> : tensor<2x1xi64>
    %c13 = inlay_onnx.constant dense<[[3, 4], [5, 6]]> : tensor<2x2xi64>
    // CHECK{LITERAL}: inlay_onnx.constant dense<[[1, 3, 4], [2, 5, 6]]> : tensor<2x3xi64>
    %14 = inlay_onnx.node "Concat"(%c12, %c13) {attributes = {axis = 1 : i64}} : (tensor<2x1xi64>, tensor<2x2xi64>) -> !inlay_onnx.unknown
    // towards zero
    %c15 = inlay_onnx.constant dense<[-1.5, 2.9]> : tensor<2xf32>
    // CHECK: inlay_onnx.constant dense<[-1, 2]> : tensor<2xi64>{{$}}
    %16 = inlay_onnx.node "Cast"(%c15) {attributes = {to = 7 : i64}} : (tensor<2xf32>) -> !inlay_onnx.unknown
    %c17 = inlay_onnx.constant dense<[0, 3]> : tensor<2xi64>
    // CHECK: inlay_onnx.constant dense<[false, true]> : tensor<2xi1>{{$}}
    %18 = inlay_onnx.node "Cast"(%c17) {attributes = {to = 9 : i64}} : (tensor<2xi64>) -> !inlay_onnx.unknown
    // the low bits count
    %c19 = inlay_onnx.constant dense<300> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<44> : tensor<ui8>{{$}}
    %20 = inlay_onnx.node "Cast"(%c19) {attributes = {to = 2 : i64}} : (tensor<i64>) -> !inlay_onnx.unknown
    // to the nearest float, ties to even
    %c21 = inlay_onnx.constant dense<16777217> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<0x4B800000> : tensor<f32>{{$}}
    %22 = inlay_onnx.node "Cast"(%c21) {attributes = {to = 1 : i64}} : (tensor<i64>) -> !inlay_onnx.unknown
    %c23 = inlay_onnx.constant dense<[1, 2, 3, 4]> : tensor<4xi64>
    %c24 = inlay_onnx.constant dense<[-1]> : tensor<1xi64>
    %c25 = inlay_onnx.constant dense<[-5]> : tensor<1xi64>
    %c26 = inlay_onnx.constant dense<[0]> : tensor<1xi64>
    %c27 = inlay_onnx.constant dense<[-2]> : tensor<1xi64>
    // CHECK: inlay_onnx.constant dense<[4, 2]> : tensor<2xi64>{{$}}
    %28 = inlay_onnx.node "Slice"(%c23, %c24, %c25, %c26, %c27) : (tensor<4xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> !inlay_onnx.unknown
    %c29 = inlay_onnx.constant dense<[[6]]> : tensor<1x1xi64>
    %c30 = inlay_onnx.constant dense<[0]> : tensor<1xi64>
    // CHECK: inlay_onnx.constant dense<6> : tensor<1xi64>{{$}}
    %31 = inlay_onnx.node "Squeeze"(%c29, %c30) : (tensor<1x1xi64>, tensor<1xi64>) -> !inlay_onnx.unknown
    %c32 = inlay_onnx.constant dense<6> : tensor<i64>
    %c33 = inlay_onnx.constant dense<[0]> : tensor<1xi64>
    // CHECK: inlay_onnx.constant dense<6> : tensor<1xi64>{{$}}
    %34 = inlay_onnx.node "Unsqueeze"(%c32, %c33) : (tensor<i64>, tensor<1xi64>) -> !inlay_onnx.unknown
    %c35 = inlay_onnx.constant dense<[1, 2, 3, 4]> : tensor<4xi64>
    %c36 = inlay_onnx.constant dense<[2, -1]> : tensor<2xi64>
    // CHECK{LITERAL}: inlay_onnx.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi64>
    %37 = inlay_onnx.node "Reshape"(%c35, %c36) : (tensor<4xi64>, tensor<2xi64>) -> !inlay_onnx.unknown
    %c38 = inlay_onnx.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi64>
    // CHECK{LITERAL}: inlay_onnx.constant dense<[[1, 4], [2, 5], [3, 6]]> : tensor<3x2xi64>
    %39 = inlay_onnx.node "Transpose"(%c38) : (tensor<2x3xi64>) -> !inlay_onnx.unknown
    %c40 = inlay_onnx.constant dense<[1, 2]> : tensor<2xi64>
    %c41 = inlay_onnx.constant dense<10> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<[11, 12]> : tensor<2xi64>{{$}}
    %42 = inlay_onnx.node "Add"(%c40, %c41) : (tensor<2xi64>, tensor<i64>) -> !inlay_onnx.unknown
    // integers wrap
    %c43 = inlay_onnx.constant dense<127> : tensor<i8>
    %c44 = inlay_onnx.constant dense<1> : tensor<i8>
    // CHECK: inlay_onnx.constant dense<-128> : tensor<i8>{{$}}
    %45 = inlay_onnx.node "Add"(%c43, %c44) : (tensor<i8>, tensor<i8>) -> !inlay_onnx.unknown
    %c46 = inlay_onnx.constant dense<[1, 2]> : tensor<2xi64>
    %c47 = inlay_onnx.constant dense<[[1], [2]]> : tensor<2x1xi64>
    // CHECK{LITERAL}: inlay_onnx.constant dense<[[0, 1], [-1, 0]]> : tensor<2x2xi64>
    %48 = inlay_onnx.node "Sub"(%c46, %c47) : (tensor<2xi64>, tensor<2x1xi64>) -> !inlay_onnx.unknown
    %c49 = inlay_onnx.constant dense<3> : tensor<i32>
    %c50 = inlay_onnx.constant dense<-4> : tensor<i32>
    // CHECK: inlay_onnx.constant dense<-12> : tensor<i32>{{$}}
    %51 = inlay_onnx.node "Mul"(%c49, %c50) : (tensor<i32>, tensor<i32>) -> !inlay_onnx.unknown
    // integer division rounds towards zero
    %c52 = inlay_onnx.constant dense<[-7, 7]> : tensor<2xi64>
    %c53 = inlay_onnx.constant dense<2> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<[-3, 3]> : tensor<2xi64>{{$}}
    %54 = inlay_onnx.node "Div"(%c52, %c53) : (tensor<2xi64>, tensor<i64>) -> !inlay_onnx.unknown
    // the sign of the divisor
    %c55 = inlay_onnx.constant dense<[-7, 7]> : tensor<2xi64>
    %c56 = inlay_onnx.constant dense<[3, -3]> : tensor<2xi64>
    // CHECK: inlay_onnx.constant dense<[2, -2]> : tensor<2xi64>{{$}}
    %57 = inlay_onnx.node "Mod"(%c55, %c56) : (tensor<2xi64>, tensor<2xi64>) -> !inlay_onnx.unknown
    // the sign of the dividend
    %c58 = inlay_onnx.constant dense<[-7, 7]> : tensor<2xi64>
    %c59 = inlay_onnx.constant dense<[3, -3]> : tensor<2xi64>
    // CHECK: inlay_onnx.constant dense<[-1, 1]> : tensor<2xi64>{{$}}
    %60 = inlay_onnx.node "Mod"(%c58, %c59) {attributes = {fmod = 1 : i64}} : (tensor<2xi64>, tensor<2xi64>) -> !inlay_onnx.unknown
    %c61 = inlay_onnx.constant dense<2> : tensor<i64>
    %c62 = inlay_onnx.constant dense<10> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<1024> : tensor<i64>{{$}}
    %63 = inlay_onnx.node "Pow"(%c61, %c62) : (tensor<i64>, tensor<i64>) -> !inlay_onnx.unknown
    %c64 = inlay_onnx.constant dense<[1, -2]> : tensor<2xi64>
    // CHECK: inlay_onnx.constant dense<[-1, 2]> : tensor<2xi64>{{$}}
    %65 = inlay_onnx.node "Neg"(%c64) : (tensor<2xi64>) -> !inlay_onnx.unknown
    %c66 = inlay_onnx.constant dense<[1, -2]> : tensor<2xi64>
    // CHECK: inlay_onnx.constant dense<[1, 2]> : tensor<2xi64>{{$}}
    %67 = inlay_onnx.node "Abs"(%c66) : (tensor<2xi64>) -> !inlay_onnx.unknown
    %c68 = inlay_onnx.constant dense<64.0> : tensor<f32>
    // CHECK: inlay_onnx.constant dense<8.000000e+00> : tensor<f32>{{$}}
    %69 = inlay_onnx.node "Sqrt"(%c68) : (tensor<f32>) -> !inlay_onnx.unknown
    %c70 = inlay_onnx.constant dense<1.0> : tensor<f32>
    %c71 = inlay_onnx.constant dense<8.0> : tensor<f32>
    // CHECK: inlay_onnx.constant dense<1.250000e-01> : tensor<f32>{{$}}
    %72 = inlay_onnx.node "Div"(%c70, %c71) : (tensor<f32>, tensor<f32>) -> !inlay_onnx.unknown
    %c73 = inlay_onnx.constant dense<-1.5> : tensor<f32>
    // CHECK: inlay_onnx.constant dense<-2.000000e+00> : tensor<f32>{{$}}
    %74 = inlay_onnx.node "Floor"(%c73) : (tensor<f32>) -> !inlay_onnx.unknown
    %c75 = inlay_onnx.constant dense<[1, 5]> : tensor<2xi64>
    %c76 = inlay_onnx.constant dense<3> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<[1, 3]> : tensor<2xi64>{{$}}
    %77 = inlay_onnx.node "Min"(%c75, %c76) : (tensor<2xi64>, tensor<i64>) -> !inlay_onnx.unknown
    %c78 = inlay_onnx.constant dense<[1, 5]> : tensor<2xi64>
    %c79 = inlay_onnx.constant dense<3> : tensor<i64>
    %c80 = inlay_onnx.constant dense<[4, 4]> : tensor<2xi64>
    // CHECK: inlay_onnx.constant dense<[4, 5]> : tensor<2xi64>{{$}}
    %81 = inlay_onnx.node "Max"(%c78, %c79, %c80) : (tensor<2xi64>, tensor<i64>, tensor<2xi64>) -> !inlay_onnx.unknown
    %c82 = inlay_onnx.constant dense<[1, -1]> : tensor<2xi64>
    %c83 = inlay_onnx.constant dense<-1> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<[false, true]> : tensor<2xi1>{{$}}
    %84 = inlay_onnx.node "Equal"(%c82, %c83) : (tensor<2xi64>, tensor<i64>) -> !inlay_onnx.unknown
    %c85 = inlay_onnx.constant dense<1.0> : tensor<f32>
    %c86 = inlay_onnx.constant dense<2.0> : tensor<f32>
    // CHECK: inlay_onnx.constant dense<true> : tensor<i1>{{$}}
    %87 = inlay_onnx.node "Less"(%c85, %c86) : (tensor<f32>, tensor<f32>) -> !inlay_onnx.unknown
    %c88 = inlay_onnx.constant dense<1> : tensor<i64>
    %c89 = inlay_onnx.constant dense<2> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<false> : tensor<i1>{{$}}
    %90 = inlay_onnx.node "GreaterOrEqual"(%c88, %c89) : (tensor<i64>, tensor<i64>) -> !inlay_onnx.unknown
    %c91 = inlay_onnx.constant dense<[true, true]> : tensor<2xi1>
    %c92 = inlay_onnx.constant dense<[true, false]> : tensor<2xi1>
    // CHECK: inlay_onnx.constant dense<[true, false]> : tensor<2xi1>{{$}}
    %93 = inlay_onnx.node "And"(%c91, %c92) : (tensor<2xi1>, tensor<2xi1>) -> !inlay_onnx.unknown
    %c94 = inlay_onnx.constant dense<[false, true]> : tensor<2xi1>
    %c95 = inlay_onnx.constant dense<[false, false]> : tensor<2xi1>
    // CHECK: inlay_onnx.constant dense<[false, true]> : tensor<2xi1>{{$}}
    %96 = inlay_onnx.node "Or"(%c94, %c95) : (tensor<2xi1>, tensor<2xi1>) -> !inlay_onnx.unknown
    %c97 = inlay_onnx.constant dense<[true, false]> : tensor<2xi1>
    // CHECK: inlay_onnx.constant dense<[false, true]> : tensor<2xi1>{{$}}
    %98 = inlay_onnx.node "Not"(%c97) : (tensor<2xi1>) -> !inlay_onnx.unknown
    %c99 = inlay_onnx.constant dense<[true, false]> : tensor<2xi1>
    %c100 = inlay_onnx.constant dense<[1, 2]> : tensor<2xi64>
    %c101 = inlay_onnx.constant dense<9> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<[1, 9]> : tensor<2xi64>{{$}}
    %102 = inlay_onnx.node "Where"(%c99, %c100, %c101) : (tensor<2xi1>, tensor<2xi64>, tensor<i64>) -> !inlay_onnx.unknown
    %c103 = inlay_onnx.constant dense<1> : tensor<i64>
    %c104 = inlay_onnx.constant dense<8> : tensor<i64>
    %c105 = inlay_onnx.constant dense<3> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<[1, 4, 7]> : tensor<3xi64>{{$}}
    %106 = inlay_onnx.node "Range"(%c103, %c104, %c105) : (tensor<i64>, tensor<i64>, tensor<i64>) -> !inlay_onnx.unknown
    %c107 = inlay_onnx.constant dense<3> : tensor<i64>
    %c108 = inlay_onnx.constant dense<0> : tensor<i64>
    %c109 = inlay_onnx.constant dense<-1> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<[3, 2, 1]> : tensor<3xi64>{{$}}
    %110 = inlay_onnx.node "Range"(%c107, %c108, %c109) : (tensor<i64>, tensor<i64>, tensor<i64>) -> !inlay_onnx.unknown
    %c111 = inlay_onnx.constant dense<[2, 2]> : tensor<2xi64>
    // CHECK: inlay_onnx.constant dense<7> : tensor<2x2xi64>{{$}}
    %112 = inlay_onnx.node "ConstantOfShape"(%c111) {attributes = {value = dense<7> : tensor<1xi64>}} : (tensor<2xi64>) -> !inlay_onnx.unknown
    %c113 = inlay_onnx.constant dense<[[1], [2]]> : tensor<2x1xi64>
    %c114 = inlay_onnx.constant dense<[1, 3]> : tensor<2xi64>
    // CHECK{LITERAL}: inlay_onnx.constant dense<[[1, 1, 1], [2, 2, 2]]> : tensor<2x3xi64>
    %115 = inlay_onnx.node "Expand"(%c113, %c114) : (tensor<2x1xi64>, tensor<2xi64>) -> !inlay_onnx.unknown
    %c116 = inlay_onnx.constant dense<[1, 2]> : tensor<2xi64>
    %c117 = inlay_onnx.constant dense<2> : tensor<1xi64>
    // CHECK: inlay_onnx.constant dense<[1, 2, 1, 2]> : tensor<4xi64>{{$}}
    %118 = inlay_onnx.node "Tile"(%c116, %c117) : (tensor<2xi64>, tensor<1xi64>) -> !inlay_onnx.unknown
    %c119 = inlay_onnx.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi64>
    %c120 = inlay_onnx.constant dense<[1]> : tensor<1xi64>
    // CHECK: inlay_onnx.constant dense<[2, 12]> : tensor<2xi64>{{$}}
    %121 = inlay_onnx.node "ReduceProd"(%c119, %c120) {attributes = {keepdims = 0 : i64}} : (tensor<2x2xi64>, tensor<1xi64>) -> !inlay_onnx.unknown
    %c122 = inlay_onnx.constant dense<[1, 2, 3]> : tensor<3xi64>
    // CHECK: inlay_onnx.constant dense<6> : tensor<i64>{{$}}
    %123 = inlay_onnx.node "ReduceSum"(%c122) {attributes = {keepdims = 0 : i64}} : (tensor<3xi64>) -> !inlay_onnx.unknown
    %c124 = inlay_onnx.constant dense<[[1, 5], [3, 4]]> : tensor<2x2xi64>
    // CHECK: inlay_onnx.constant dense<5> : tensor<1x1xi64>{{$}}
    %125 = inlay_onnx.node "ReduceMax"(%c124) : (tensor<2x2xi64>) -> !inlay_onnx.unknown
    %c126 = inlay_onnx.constant dense<[1, 2]> : tensor<2xi64>
    // CHECK: inlay_onnx.constant dense<[1, 2]> : tensor<2xi64>{{$}}
    %127 = inlay_onnx.node "Identity"(%c126) : (tensor<2xi64>) -> !inlay_onnx.unknown
    %c128 = inlay_onnx.constant dense<[0, 3, 0, 5]> : tensor<4xi64>
    // CHECK{LITERAL}: inlay_onnx.constant dense<[[1, 3]]> : tensor<1x2xi64>
    %129 = inlay_onnx.node "NonZero"(%c128) : (tensor<4xi64>) -> !inlay_onnx.unknown
    %c130 = inlay_onnx.constant dense<3> : tensor<i64>
    // CHECK: inlay_onnx.constant dense<3.000000e+00> : tensor<f16>{{$}}
    %131 = inlay_onnx.node "CastLike"(%c130, %a3) : (tensor<i64>, tensor<2xf16>) -> !inlay_onnx.unknown
    inlay_onnx.return %0, %1, %2, %5, %8, %11, %14, %16, %18, %20, %22, %28, %31, %34, %37, %39, %42, %45, %48, %51, %54, %57, %60, %63, %65, %67, %69, %72, %74, %77, %81, %84, %87, %90, %93, %96, %98, %102, %106, %110, %112, %115, %118, %121, %123, %125, %127, %129, %131 : !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown, !inlay_onnx.unknown
  }
}
