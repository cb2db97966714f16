// RUN: inlay-opt %s | inlay-opt | FileCheck %s
// RUN: inlay-opt --emit-bytecode %s | inlay-opt | FileCheck %s
// RUN: inlay-opt --mlir-print-op-generic %s | inlay-opt | FileCheck %s

// CHECK: #target = #inlay_wafer.target<name = "tiny", description = "8 x 8 cores", digest = "00ff", width = 8, height = 8, dead = [6, 6, 2, 2], report_clocks = [7.500000e-01], figures = {
// CHECK-SAME: clock = #inlay_wafer.figure<8.500000e-01, "GHz", "made up", assumption>
// CHECK-SAME: colours = #inlay_wafer.figure<2.100000e+01, "1", "made up">
#target = #inlay_wafer.target<name = "tiny", description = "8 x 8 cores", digest = "00ff", width = 8, height = 8, dead = [6, 6, 2, 2], report_clocks = [0.75], figures = {
  clock = #inlay_wafer.figure<0.85, "GHz", "made up", assumption>,
  colours = #inlay_wafer.figure<21.0, "1", "made up">,
  "element_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "made up">,
  hop = #inlay_wafer.figure<1.0, "cycle", "made up">,
  link_rate = #inlay_wafer.figure<1.0, "wavelet/cycle", "made up">,
  "mac_rate.f16" = #inlay_wafer.figure<8.0, "1/cycle", "made up">,
  ramp = #inlay_wafer.figure<2.0, "cycle", "made up">,
  reserved = #inlay_wafer.figure<6144.0, "B", "made up">,
  sram = #inlay_wafer.figure<49152.0, "B", "made up">,
  sram_read = #inlay_wafer.figure<16.0, "B/cycle", "made up">,
  sram_write = #inlay_wafer.figure<8.0, "B/cycle", "made up">,
  wafer_bandwidth = #inlay_wafer.figure<150.0, "GB/s", "made up">,
  wafer_latency = #inlay_wafer.figure<10.0, "us", "made up">,
  wavelet = #inlay_wafer.figure<4.0, "B", "made up">}>

inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
}

// CHECK:      inlay_wafer.constraints {
// CHECK-NEXT:   inlay_wafer.pin @layers.0.mlp wafer(0)
// CHECK-NEXT:   inlay_wafer.pin @layers.1.mlp wafer(1) at(2, 3)
// CHECK-NEXT:   inlay_wafer.keep_out at(0, 0) size(2, 8)
// CHECK-NEXT:   inlay_wafer.same_region [@layers.0.router, @layers.0.moe]
// CHECK-NEXT:   inlay_wafer.max_region @layers.0.mlp size(4, 4)
// CHECK-NEXT: }
inlay_wafer.constraints {
  inlay_wafer.pin @layers.0.mlp wafer(0)
  inlay_wafer.pin @layers.1.mlp wafer(1) at(2, 3)
  inlay_wafer.keep_out at(0, 0) size(2, 8)
  inlay_wafer.same_region [@layers.0.router, @layers.0.moe]
  inlay_wafer.max_region @layers.0.mlp size(4, 4)
}

// CHECK: inlay_wafer.system @system of @main wafers(3) target(#target) over_budget(98304) options {objective = "latency"} {
inlay_wafer.system @system of @main wafers(3) target(#target) over_budget(98304) options {objective = "latency"} {
  // CHECK-NEXT: inlay_wafer.stage @stage_0 wafer(0) {
  inlay_wafer.stage @stage_0 wafer(0) {
    // CHECK-NEXT: inlay_wafer.region @r0 at(0, 4) size(4, 4)
    inlay_wafer.region @r0 at(0, 4) size(4, 4)
    // CHECK-NEXT: inlay_wafer.region @r1 at(0, 0) size(8, 4) shared
    inlay_wafer.region @r1 at(0, 0) size(8, 4) shared
    // CHECK-NEXT: inlay_wafer.assign @layers.0.mlp to @r0 sharding(#inlay_wafer.sharding<group = 4 x 4, ops = {{\[\[}}none, x, y], []]>)
    inlay_wafer.assign @layers.0.mlp to @r0 sharding(#inlay_wafer.sharding<group = 4 x 4, ops = [[none, x, y], []]>)
    // CHECK-NEXT: inlay_wafer.assign @layers.0.router to @r1 sharding(#inlay_wafer.sharding<group = 8 x 4, ops = []>)
    inlay_wafer.assign @layers.0.router to @r1 sharding(#inlay_wafer.sharding<group = 8 x 4, ops = []>)
    // CHECK-NEXT: inlay_wafer.assign @layers.0.moe to @r1 sharding(#inlay_wafer.sharding<groups = 2 x 1, group = 4 x 4, ops = {{\[\[}}none, group, x, y]], held = {{\[\[}}0, 3], []]>)
    inlay_wafer.assign @layers.0.moe to @r1 sharding(#inlay_wafer.sharding<groups = 2 x 1, group = 4 x 4, ops = [[none, group, x, y]], held = [[0, 3], []]>)
    // CHECK-NEXT: inlay_wafer.expert_group 0 of @layers.0.moe offset(0, 0) size(4, 4) experts [0, 1, 2, 3]
    inlay_wafer.expert_group 0 of @layers.0.moe offset(0, 0) size(4, 4) experts [0, 1, 2, 3]
    // CHECK-NEXT: inlay_wafer.expert_group 1 of @layers.0.moe offset(4, 0) size(4, 4) experts [4, 5, 6, 7]
    inlay_wafer.expert_group 1 of @layers.0.moe offset(4, 0) size(4, 4) experts [4, 5, 6, 7]
    // CHECK-NEXT: inlay_wafer.buffer "fc1" of @layers.0.moe role(weights) offset(0) bytes(65536) ops(0 to 0)
    inlay_wafer.buffer "fc1" of @layers.0.moe role(weights) offset(0) bytes(65536) ops(0 to 0)
    // CHECK-NEXT: inlay_wafer.buffer "x" of @layers.0.moe role(input) offset(65536) bytes(64) ops(0 to 0)
    inlay_wafer.buffer "x" of @layers.0.moe role(input) offset(65536) bytes(64) ops(0 to 0)
    // CHECK-NEXT: inlay_wafer.buffer "keys" of @layers.0.moe role(state) offset(65600) bytes(64) ops(0 to 1)
    inlay_wafer.buffer "keys" of @layers.0.moe role(state) offset(65600) bytes(64) ops(0 to 1)
    // CHECK-NEXT: inlay_wafer.buffer "y" of @layers.0.moe role(output) offset(65664) bytes(64) ops(0 to 1)
    inlay_wafer.buffer "y" of @layers.0.moe role(output) offset(65664) bytes(64) ops(0 to 1)
    // CHECK-NEXT: inlay_wafer.buffer "h" of @layers.0.moe role(scratch) offset(65728) bytes(32) ops(0 to 0)
    inlay_wafer.buffer "h" of @layers.0.moe role(scratch) offset(65728) bytes(32) ops(0 to 0)
    // CHECK-NEXT: inlay_wafer.estimate @layers.0.mlp cycles(#inlay_wafer.cycles<compute = 1.280000e+02, fabric_latency = 3.125000e-01>) worst_case(1.285000e+02) bound(#inlay_wafer.bound<compute = 4.000000e+00>) region_bound(#inlay_wafer.bound<link = 3.000000e+00, bisection = 5.000000e+00, crossing = 1.000000e+00>) unknown_bytes(0.000000e+00) moved_bytes(1.638400e+04)
    inlay_wafer.estimate @layers.0.mlp cycles(#inlay_wafer.cycles<compute = 128.0, fabric_latency = 0.3125>) worst_case(128.5) bound(#inlay_wafer.bound<compute = 4.0>) region_bound(#inlay_wafer.bound<link = 3.0, bisection = 5.0, crossing = 1.0>) unknown_bytes(0.0) moved_bytes(16384.0)
  // CHECK-NEXT: }
  }
  // CHECK-NEXT: inlay_wafer.stage @stage_1 wafer(1) {
  inlay_wafer.stage @stage_1 wafer(1) {
    // A region that is not placed yet.
    // CHECK-NEXT: inlay_wafer.region @r0 size(2, 2)
    inlay_wafer.region @r0 size(2, 2)
    // CHECK-NEXT: inlay_wafer.assign @layers.1.mlp to @r0 sharding(#inlay_wafer.sharding<group = 2 x 2, ops = {{\[\[}}none, x, y]]>)
    inlay_wafer.assign @layers.1.mlp to @r0 sharding(#inlay_wafer.sharding<group = 2 x 2, ops = [[none, x, y]]>)
  // CHECK-NEXT: }
  }
  // CHECK-NEXT: inlay_wafer.stage @stage_2 wafer(2) {
  inlay_wafer.stage @stage_2 wafer(2) {
    // A kernel that has no region yet.
    // CHECK-NEXT: inlay_wafer.assign @head
    inlay_wafer.assign @head
  // CHECK-NEXT: }
  }
  // CHECK-NEXT: inlay_wafer.connect "input_ids" to @layers.0.mlp(0) bytes(8) hops(0)
  inlay_wafer.connect "input_ids" to @layers.0.mlp(0) bytes(8) hops(0)
  // CHECK-NEXT: inlay_wafer.connect "layers.0.mlp:1" from @layers.0.mlp(1) to @layers.1.mlp(2) bytes(256) hops(8) crossing cycles(#inlay_wafer.cycles<crossing = 8.500000e+03>)
  inlay_wafer.connect "layers.0.mlp:1" from @layers.0.mlp(1) to @layers.1.mlp(2) bytes(256) hops(8) crossing cycles(#inlay_wafer.cycles<crossing = 8500.0>)
  // CHECK-NEXT: inlay_wafer.connect "logits" from @head(0) bytes(512) hops(0)
  inlay_wafer.connect "logits" from @head(0) bytes(512) hops(0)
  // CHECK-NEXT: inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 1.280000e+02>) worst_case(1.280000e+02) path [@layers.0.mlp] stages [128.00003051757813, 0.000000e+00, 0.000000e+00] bound(#inlay_wafer.bound<>) least(4.000000e+00) model(4.000000e+00 on 1)
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 128.0>) worst_case(128.0) path [@layers.0.mlp] stages [128.000030517578125, 0.0, 0.0] bound(#inlay_wafer.bound<>) least(4.0) model(4.0 on 1)
}

// Every number of cycles and bounds, a zero with a sign, and attributes that
// stand alone.
// CHECK:      inlay_wafer.system @other of @main wafers(1) target(#target) options {
// CHECK-SAME:   axes = #inlay_wafer.axes<[none, x, y, group]>
// CHECK-SAME:   bound = #inlay_wafer.bound<compute = 1.000000e+00, sram = 2.000000e+00, distance = 3.000000e+00>
// CHECK-SAME:   cycles = #inlay_wafer.cycles<compute = 1.000000e+00, sram = 2.000000e+00, fabric_latency = 3.000000e+00, fabric_bandwidth = 4.000000e+00, software = 5.000000e+00, crossing = -0.000000e+00>
// CHECK-SAME:   none = #inlay_wafer.cycles<>
// CHECK-SAME: } attributes {test.extra} {
// CHECK-NEXT: }
inlay_wafer.system @other of @main wafers(1) target(#target) options {
  axes = #inlay_wafer.axes<[none, x, y, group]>,
  bound = #inlay_wafer.bound<distance = 3.0, sram = 2.0, compute = 1.0>,
  cycles = #inlay_wafer.cycles<compute = 1.0, sram = 2.0, fabric_latency = 3.0, fabric_bandwidth = 4.0, software = 5.0, crossing = -0.0>,
  none = #inlay_wafer.cycles<>
} attributes {test.extra} {
}

// CHECK:      inlay_wafer.system @bare of @main wafers(1) target(#target) {
// CHECK-NEXT: }
inlay_wafer.system @bare of @main wafers(1) target(#target) {
}

// How tokens choose their experts.
// CHECK: inlay_wafer.system @zipf of @main wafers(1) target(#target) routing(#inlay_wafer.routing<zipf = 1.250000e+00 : f64>) {
inlay_wafer.system @zipf of @main wafers(1) target(#target) routing(#inlay_wafer.routing<zipf = 1.25>) {
}
// CHECK: inlay_wafer.system @trace of @main wafers(1) target(#target) routing(#inlay_wafer.routing<trace = "run.csv", digest = "00ff", layers = [3, 4], choices = [dense<{{\[\[}}7, 1], [0, 2{{\]\]}}> : tensor<2x2xui16>, dense<4> : tensor<2x2xui16>]>) {
inlay_wafer.system @trace of @main wafers(1) target(#target) routing(#inlay_wafer.routing<trace = "run.csv", digest = "00ff", layers = [3, 4], choices = [dense<[[7, 1], [0, 2]]> : tensor<2x2xui16>, dense<4> : tensor<2x2xui16>]>) {
}
