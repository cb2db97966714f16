// RUN: inlay-opt %s --slice-experts=slices=2 --verify-dataflow | FileCheck %s
// RUN: inlay-opt %s --slice-experts=slices=2 --remarks-filter=.* 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: not inlay-opt %s --slice-experts=slices=0 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not inlay-opt %s --slice-experts=slices=many 2>&1 | FileCheck %s --check-prefix=NONE

// RUN: not inlay-opt %s --slice-experts=slices=3:0 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not inlay-opt %s --slice-experts=slices=3: 2>&1 | FileCheck %s --check-prefix=NONE

// NONE: error: option slices must be 'auto' or a number of at least 1, or several with ':' between them, got '{{0|many|3:0|3:}}'
// REMARK: remark: [Passed] SliceExperts | Category:mapping | Remark="cut kernels of experts into slices", kernels=1, slices=2

// Rows of fc1 and fc3 with their biases, columns of fc2 with the blocks of scales that lie on them. A view keeps its strides; the
// view of the whole goes, an initializer stays. The bias of fc2 is added once.
// CHECK-DAG: ml_program.global private @both.gate.slice_0(#inlay_onnx.weight_view<<@both, first = 0, sizes = [4, 64, 32], strides = [8192, 64, 1]>>) : tensor<4x64x32xui8>
// CHECK-DAG: ml_program.global private @both.gate.slice_1(#inlay_onnx.weight_view<<@both, first = 4096, sizes = [4, 64, 32], strides = [8192, 64, 1]>>) : tensor<4x64x32xui8>
// CHECK-DAG: ml_program.global private @both.up.slice_1(#inlay_onnx.weight_view<<@both, first = 4128, sizes = [4, 64, 32], strides = [8192, 64, 1]>>) : tensor<4x64x32xui8>
// CHECK-DAG: ml_program.global private @scale1.slice_1(#inlay_onnx.weight_view<<@scale1, first = 128, sizes = [4, 64, 2], strides = [256, 2, 1]>>) : tensor<4x64x2xf16>
// CHECK-DAG: ml_program.global private @bias1.slice_1(#inlay_onnx.weight_view<<@bias1, first = 64, sizes = [4, 64], strides = [128, 1]>>) : tensor<4x64xf16>
// CHECK-DAG: ml_program.global private @down.slice_1(#inlay_onnx.weight_view<<@down, first = 32, sizes = [4, 64, 32], strides = [4096, 64, 1]>>) : tensor<4x64x32xui8>
// CHECK-DAG: ml_program.global private @scale2.slice_1(#inlay_onnx.weight_view<<@scale2, first = 2, sizes = [4, 64, 2], strides = [256, 4, 1]>>) : tensor<4x64x2xf16>
// CHECK-NOT: @both.gate(
// CHECK:     %[[A:.+]] = inlay_dataflow.experts @moe.slice_0
// CHECK:       bias %{{.+}} fc2 %{{.+}} bias %
// CHECK:     %[[B:.+]] = inlay_dataflow.experts @moe.slice_1
// CHECK-NOT:   @bias2
// CHECK:     inlay_dataflow.kernel @mlp
// CHECK:       (%[[X:.+]] = %[[A]] : {{.+}}, %[[Y:.+]] = %[[B]] : {{.+}}, %[[R:.+]] = %
// CHECK:       %[[SUM:.+]] = inlay_nn.binary add %[[X]], %[[Y]]
// CHECK:       inlay_nn.binary add %[[SUM]], %[[R]]

// Blocks of 32 along 128 values make four slices, not eight; three do not go into 128 rows.
// RUN: inlay-opt %s --slice-experts=slices=4 | FileCheck %s --check-prefix=FOUR
// RUN: inlay-opt %s --slice-experts=slices=8 | FileCheck %s --check-prefix=FOUR
// FOUR:     @moe.slice_3
// FOUR-NOT: @moe.slice_4
// RUN: inlay-opt %s --slice-experts=slices=3 | FileCheck %s --check-prefix=THREE
// THREE:     @moe.slice_1
// THREE-NOT: @moe.slice_2

// Slices of three blocks and of one: each as long as its share, and at the place where the one before ends.
// RUN: inlay-opt %s --slice-experts=slices=3:1 --verify-dataflow | FileCheck %s --check-prefix=UNEQUAL
// UNEQUAL-DAG: ml_program.global private @both.gate.slice_0(#inlay_onnx.weight_view<<@both, first = 0, sizes = [4, 96, 32], strides = [8192, 64, 1]>>) : tensor<4x96x32xui8>
// UNEQUAL-DAG: ml_program.global private @both.gate.slice_1(#inlay_onnx.weight_view<<@both, first = 6144, sizes = [4, 32, 32], strides = [8192, 64, 1]>>) : tensor<4x32x32xui8>
// UNEQUAL-DAG: ml_program.global private @scale1.slice_1(#inlay_onnx.weight_view<<@scale1, first = 192, sizes = [4, 32, 2], strides = [256, 2, 1]>>) : tensor<4x32x2xf16>
// UNEQUAL-DAG: ml_program.global private @bias1.slice_1(#inlay_onnx.weight_view<<@bias1, first = 96, sizes = [4, 32], strides = [128, 1]>>) : tensor<4x32xf16>
// UNEQUAL-DAG: ml_program.global private @down.slice_0(#inlay_onnx.weight_view<<@down, first = 0, sizes = [4, 64, 48], strides = [4096, 64, 1]>>) : tensor<4x64x48xui8>
// UNEQUAL-DAG: ml_program.global private @down.slice_1(#inlay_onnx.weight_view<<@down, first = 48, sizes = [4, 64, 16], strides = [4096, 64, 1]>>) : tensor<4x64x16xui8>
// UNEQUAL-DAG: ml_program.global private @scale2.slice_1(#inlay_onnx.weight_view<<@scale2, first = 3, sizes = [4, 64, 1], strides = [256, 4, 1]>>) : tensor<4x64x1xf16>
// UNEQUAL:     @moe.slice_1
// UNEQUAL-NOT: @moe.slice_2

// No share cuts a block of 32: five of eight are three of four blocks, and of six shares the first four have one each.
// RUN: inlay-opt %s --slice-experts=slices=5:3 | FileCheck %s --check-prefix=BLOCKS
// BLOCKS-DAG: @down.slice_0(#inlay_onnx.weight_view<<@down, first = 0, sizes = [4, 64, 48],
// BLOCKS-DAG: @down.slice_1(#inlay_onnx.weight_view<<@down, first = 48, sizes = [4, 64, 16],
// RUN: inlay-opt %s --slice-experts=slices=9:1:1:1:1:1 | FileCheck %s --check-prefix=FOUR

// Kernels that constraints name stay whole; so do all where every core is free and nothing is said, or the target is wrong.
// RUN: echo '{"max_region": [{"kernel": "moe", "width": 4, "height": 3}]}' > %t.json
// RUN: inlay-opt %s --slice-experts='slices=2 constraints=%t.json' | FileCheck %s --check-prefix=WHOLE
// RUN: inlay-opt %s --slice-experts='target=grid8x8 target-dir=%inlay_src_root/targets' | FileCheck %s --check-prefix=WHOLE
// RUN: inlay-opt %s --slice-experts='target=nowhere target-dir=%inlay_src_root/targets' | FileCheck %s --check-prefix=WHOLE
// WHOLE:     inlay_dataflow.experts @moe layer(0)
// WHOLE-NOT: slice_

// Dead cores leave two rectangles of 8 x 2, of which one does not hold the experts.
// RUN: sed -e 's/"report_clocks"/"dead": [{"x": 0, "y": 2, "width": 8, "height": 4}], "report_clocks"/' %inlay_src_root/targets/grid8x8.json > %t.dead.json
// RUN: inlay-opt %s --slice-experts='target=%t.dead.json reserve=259200' | FileCheck %s --check-prefix=DEAD
// DEAD: @moe.slice_1

ml_program.global private @both(#inlay_onnx.weight<file = "w", offset = 0, length = 32768, encoding = raw>) : tensor<4x256x32xui8>
ml_program.global private @both.gate(#inlay_onnx.weight_view<<@both, first = 0, sizes = [4, 128, 32], strides = [8192, 64, 1]>>) : tensor<4x128x32xui8>
ml_program.global private @both.up(#inlay_onnx.weight_view<<@both, first = 32, sizes = [4, 128, 32], strides = [8192, 64, 1]>>) : tensor<4x128x32xui8>
ml_program.global private @scale1(#inlay_onnx.weight<file = "w", offset = 32768, length = 2048, encoding = raw>) : tensor<4x128x2xf16>
ml_program.global private @scale3(#inlay_onnx.weight<file = "w", offset = 34816, length = 2048, encoding = raw>) : tensor<4x128x2xf16>
ml_program.global private @bias1(#inlay_onnx.weight<file = "w", offset = 36864, length = 1024, encoding = raw>) : tensor<4x128xf16>
ml_program.global private @bias2(#inlay_onnx.weight<file = "w", offset = 37888, length = 512, encoding = raw>) : tensor<4x64xf16>
ml_program.global private @down(#inlay_onnx.weight<file = "w", offset = 38400, length = 16384, encoding = raw>) : tensor<4x64x64xui8>
ml_program.global private @scale2(#inlay_onnx.weight<file = "w", offset = 54784, length = 2048, encoding = raw>) : tensor<4x64x4xf16>
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x64xf16>>
  %w = inlay_dataflow.source "w" : !inlay_dataflow.stream<tensor<1x2xf16>>
  %i = inlay_dataflow.source "i" : !inlay_dataflow.stream<tensor<1x2xi64>>
  %0 = inlay_dataflow.experts @moe layer(0) num_experts(4) experts_per_token(2) structure("STRUCTURE")
      (%a = %x : !inlay_dataflow.stream<tensor<1x64xf16>>, %b = %w : !inlay_dataflow.stream<tensor<1x2xf16>>, %c = %i : !inlay_dataflow.stream<tensor<1x2xi64>>)
      weights(%d = @both.gate : tensor<4x128x32xui8>, %e = @scale1 : tensor<4x128x2xf16>, %f = @bias1 : tensor<4x128xf16>, %g = @down : tensor<4x64x64xui8>, %h = @scale2 : tensor<4x64x4xf16>, %j = @bias2 : tensor<4x64xf16>, %k = @both.up : tensor<4x128x32xui8>, %l = @scale3 : tensor<4x128x2xf16>)
      -> !inlay_dataflow.stream<tensor<1x64xf16>> {
    %1 = inlay_nn.experts swiglu %a, %b, %c fc1 %d scales %e bias %f fc2 %g scales %h bias %j fc3 %k scales3 %l {quant = #inlay_nn.block_quant<bits = 4, block = 32>} : (tensor<1x64xf16>, tensor<1x2xf16>, tensor<1x2xi64>, tensor<4x128x32xui8>, tensor<4x128x2xf16>, tensor<4x128xf16>, tensor<4x64x64xui8>, tensor<4x64x4xf16>, tensor<4x64xf16>, tensor<4x128x32xui8>, tensor<4x128x2xf16>) -> tensor<1x64xf16>
    inlay_dataflow.yield %1 : tensor<1x64xf16>
  }
  %2 = inlay_dataflow.kernel @mlp role(mlp) layer(1) structure("STRUCTURE")
      (%a = %0 : !inlay_dataflow.stream<tensor<1x64xf16>>, %b = %x : !inlay_dataflow.stream<tensor<1x64xf16>>)
      -> !inlay_dataflow.stream<tensor<1x64xf16>> {
    %3 = inlay_nn.binary add %a, %b : (tensor<1x64xf16>, tensor<1x64xf16>) -> tensor<1x64xf16>
    inlay_dataflow.yield %3 : tensor<1x64xf16>
  }
  inlay_dataflow.sink "y" %2 : !inlay_dataflow.stream<tensor<1x64xf16>>
}
