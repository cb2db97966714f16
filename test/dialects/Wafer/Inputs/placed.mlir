// A complete system: a linear kernel on wafer 0, a kernel of experts on wafer 1. Tests take lines out of it.

#target = #inlay_wafer.target<name = "tiny", description = "8 x 8 cores", digest = "abababababababababababababababababababababababababababababababab", width = 8, height = 8, dead = [6, 6, 2, 2], report_clocks = [0.75], figures = {
  clock = #inlay_wafer.figure<0.85, "GHz", "made up", assumption>,
  colours = #inlay_wafer.figure<21.0, "1", "made up">,
  "element_rate.f32" = #inlay_wafer.figure<8.0, "1/cycle", "made up">,
  hop = #inlay_wafer.figure<1.0, "cycle", "made up">,
  link_rate = #inlay_wafer.figure<1.0, "wavelet/cycle", "made up">,
  "mac_rate.f32" = #inlay_wafer.figure<8.0, "1/cycle", "made up">,
  ramp = #inlay_wafer.figure<2.0, "cycle", "made up">,
  reserved = #inlay_wafer.figure<6144.0, "B", "made up">,
  sram = #inlay_wafer.figure<49152.0, "B", "made up">,
  sram_read = #inlay_wafer.figure<16.0, "B/cycle", "made up">,
  sram_write = #inlay_wafer.figure<8.0, "B/cycle", "made up">,
  wafer_bandwidth = #inlay_wafer.figure<150.0, "GB/s", "made up">,
  wafer_latency = #inlay_wafer.figure<10.0, "us", "made up", assumption>,
  wavelet = #inlay_wafer.figure<4.0, "B", "made up">}>

module attributes {inlay_onnx.file = "tiny.onnx", inlay_onnx.folded_initializers = ["shape"], inlay_onnx.unreachable_initializers = ["dead"]} {
ml_program.global private @w(#inlay_onnx.weight<file = "tiny.onnx.data", offset = 64, length = 384, encoding = raw>) : tensor<12x8xf32>
ml_program.global private @shape(#inlay_onnx.weight<file = "tiny.onnx", offset = 100, length = 24, encoding = raw>) : tensor<3xi64>
ml_program.global private @dead(#inlay_onnx.weight<file = "tiny.onnx", offset = 124, length = 8, encoding = raw>) : tensor<1xi64>
ml_program.global private @fc1(#inlay_onnx.weight<file = "tiny.onnx.data", offset = 448, length = 1152, encoding = raw>) : tensor<3x8x12xf32>
ml_program.global private @fc2(#inlay_onnx.weight<file = "tiny.onnx.data", offset = 1600, length = 1152, encoding = raw>) : tensor<3x12x8xf32>
inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  %x = inlay_dataflow.source "x" : !inlay_dataflow.stream<tensor<1x8xf32>>
  %p = inlay_dataflow.source "p" : !inlay_dataflow.stream<tensor<1x2xf32>>
  %i = inlay_dataflow.source "i" : !inlay_dataflow.stream<tensor<1x2xi64>>
  %a = inlay_dataflow.kernel @a role(mlp) layer(0) (%in = %x : !inlay_dataflow.stream<tensor<1x8xf32>>)
      weights(%w = @w : tensor<12x8xf32>) -> !inlay_dataflow.stream<tensor<1x12xf32>> {
    %0 = inlay_nn.linear %in, %w : (tensor<1x8xf32>, tensor<12x8xf32>) -> tensor<1x12xf32>
    inlay_dataflow.yield %0 : tensor<1x12xf32>
  }
  %b = inlay_dataflow.experts @b layer(0) num_experts(3) experts_per_token(2)
      (%in = %a : !inlay_dataflow.stream<tensor<1x12xf32>>, %pin = %p : !inlay_dataflow.stream<tensor<1x2xf32>>, %iin = %i : !inlay_dataflow.stream<tensor<1x2xi64>>)
      weights(%fc1 = @fc1 : tensor<3x8x12xf32>, %fc2 = @fc2 : tensor<3x12x8xf32>) -> !inlay_dataflow.stream<tensor<1x12xf32>> {
    %0 = inlay_nn.experts silu %in, %pin, %iin fc1 %fc1 fc2 %fc2 : (tensor<1x12xf32>, tensor<1x2xf32>, tensor<1x2xi64>, tensor<3x8x12xf32>, tensor<3x12x8xf32>) -> tensor<1x12xf32>
    inlay_dataflow.yield %0 : tensor<1x12xf32>
  }
  inlay_dataflow.sink "y" %b : !inlay_dataflow.stream<tensor<1x12xf32>>
}
inlay_wafer.system @system of @main wafers(2) target(#target) options {objective = "latency", wafers = "auto"} {
  inlay_wafer.stage @stage_0 wafer(0) {
    inlay_wafer.region @r0 at(1, 2) size(5, 2)
    inlay_wafer.assign @a to @r0 sharding(#inlay_wafer.sharding<group = 5 x 2, ops = [[none, x, none]]>)
    inlay_wafer.buffer "w" of @a role(weights) offset(0) bytes(96) ops(0 to 0)
    inlay_wafer.buffer "input 0 (double-buffered)" of @a role(input) offset(96) bytes(32) ops(0 to 0)
    inlay_wafer.estimate @a cycles(#inlay_wafer.cycles<compute = 10.1, sram = 0.2, fabric_latency = 0.3>) worst_case(11.0) bound(#inlay_wafer.bound<compute = 1.0, sram = 2.0>) unknown_bytes(0.0) moved_bytes(384.0)
  }
  inlay_wafer.stage @stage_1 wafer(1) {
    inlay_wafer.collective broadcast of @r0 axis(x) cores(2) pitch(2) root(1) lines [0, 0, 3, 2, 1, 0, 0] colours [4] for [@b] uses [1, 2, 6]
    inlay_wafer.route trunk of [1] lane(0) axis(none) parts(0, 0) colours [5] wavelets(12) segments {W -> E at(0, 2) size(3, 1) repeat(2, 0, 4), ramp -> N, ramp at(1, 1) size(1, 1) position(1)}
    inlay_wafer.region @r0 at(0, 0) size(5, 2)
    inlay_wafer.assign @b to @r0 sharding(#inlay_wafer.sharding<groups = 2 x 1, group = 2 x 2, ops = [[none, group, x, y], [none, group, x], [none, group, y, x]]>)
    inlay_wafer.expert_group 0 of @b offset(0, 0) size(2, 2) experts [0, 1]
    inlay_wafer.expert_group 1 of @b offset(2, 0) size(2, 2) experts [2]
    inlay_wafer.buffer "fc1" of @b role(weights) offset(0) bytes(192) ops(0 to 2)
    inlay_wafer.buffer "fc2" of @b role(weights) offset(192) bytes(192) ops(0 to 2)
    inlay_wafer.estimate @b cycles(#inlay_wafer.cycles<compute = 20.0>) worst_case(40.0) bound(#inlay_wafer.bound<distance = 3.0>) unknown_bytes(0.0) moved_bytes(2304.0)
  }
  inlay_wafer.fabric colours(21) used(6) least(5) at [0, 3, 4] loads [1, 24, 12, 0, 1, 2, 6, 12, 12, 0, 7, 2]
  inlay_wafer.connect "x" to @a(0) bytes(32) hops(0)
  inlay_wafer.connect "a:0" from @a(0) to @b(0) bytes(48) hops(0) crossing cycles(#inlay_wafer.cycles<crossing = 8500.0>)
  inlay_wafer.connect "p" to @b(1) bytes(8) hops(0)
  inlay_wafer.connect "i" to @b(2) bytes(16) hops(0)
  inlay_wafer.connect "y" from @b(0) bytes(48) hops(0)
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 30.1, sram = 0.2, fabric_latency = 0.3, crossing = 8500.0>) worst_case(8551.0) path [@a, @b] stages [10.6, 20.0] bound(#inlay_wafer.bound<sram = 2.0, distance = 3.0>) least(8505.0) model(8505.0 on 1)
}
}
