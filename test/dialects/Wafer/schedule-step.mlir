// DEFINE: %{map} = inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets wafers=2 crossing-latency=1' --shard-kernels --place-regions
// RUN: %{map} --schedule-step | FileCheck %s
// RUN: %{map} --schedule-step --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK

// Compute of the MLP on 8 x 8 cores: a tile of 8 x 8 multiply-accumulates at 2 a cycle is 32 cycles, moving the state of
// 8 x 64 elements cut by 8 columns at 4 a cycle 16. A crossing takes 1 us at 0.85 GHz and 256 B at 150 GB/s. Spreading the 64 columns' elements over 8 x 8 cores: 8 wavelets and 8 hops.
// CHECK:      inlay_wafer.estimate @mlp cycles(#inlay_wafer.cycles<compute = 4.800000e+01, {{.*}}>) worst_case({{.*}}) bound(#inlay_wafer.bound<{{.*}}>) unknown_bytes(0.000000e+00) moved_bytes(1.689600e+04)
// CHECK:      inlay_wafer.estimate @moe
// Streams of the host have no cycles.
// CHECK:      inlay_wafer.connect "x" to @mlp(0) bytes(256) hops(0){{$}}
// CHECK-NEXT: inlay_wafer.connect "mlp:0" from @mlp(0) to @moe(0) bytes(256) hops(0) crossing cycles(#inlay_wafer.cycles<fabric_latency = 1.2{{0+}}e+01, fabric_bandwidth = 8.0{{0+}}e+00, crossing = 851.4506{{[0-9]+}}>)
// CHECK:      inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<{{.*}}crossing = 851.4506{{[0-9]+}}>) worst_case({{.*}}) path [@mlp, @moe] stages [{{.*}}, {{.*}}] bound(#inlay_wafer.bound<{{.*}}>) least(

// REMARK: remark: [Passed] ScheduleStep | Category:mapping | Remark="estimated a step", bound={{.+}}, latency={{.+}}

// RUN: not inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --shard-kernels --schedule-step 2>&1 | FileCheck %s --check-prefix=UNPLACED
// UNPLACED: error: kernel 'mlp' has a region without position; 'place-regions' places it

// Ops that no cost rule knows are said to be unknown, once for all kernels.
// RUN: sed -e 's|%y = inlay_nn.linear %in, %w :|%y = inlay_nn.opaque "pkg::Lookup"(%in, %w) :|' %S/Inputs/mlp-and-experts.mlir > %t.opaque.mlir
// RUN: inlay-opt %t.opaque.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --shard-kernels --place-regions --schedule-step -o %t.out.mlir 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: warning: 1 kernel holds ops that no cost rule knows; cycles are a guess by bytes there, {{[0-9.]+}} % of all bytes
// UNKNOWN: note: kernel 'mlp'

// What a target does not say is not counted in silence.
// RUN: sed -e '/"dequantise": {/,/},/d' %inlay_src_root/targets/wse3.json > %t.silent.json
// RUN: inlayc %examples/gpt-oss-tiny-int4/model.onnx --target %t.silent.json -o %t.silent 2>&1 | FileCheck %s --check-prefix=SILENT
// SILENT: warning: target 'wse3' does not say what dequantising a weight takes: it counts as nothing in {{[0-9]+}} kernels; give core.dequantise, in operations for each weight
// RUN: inlayc %examples/gpt-oss-tiny-int4/model.onnx --target %t.silent.json --explain lm_head -o %t.silent 2>&1 | FileCheck %s --check-prefix=EXPLAINED
// EXPLAINED: unknown, taken at the limit of the hardware: dequantise

// A calibrated estimate counts software too, and the system says so.
// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets cost=calibrated' --shard-kernels --place-regions --schedule-step | FileCheck %s --check-prefix=CALIBRATED
// CALIBRATED: primitive.collective_stage = #inlay_wafer.figure<{{.*}}, "cycle", "{{.+}}">
// CALIBRATED: inlay_wafer.system @system of @main wafers(1) target(#target) cost(calibrated) options
// CALIBRATED: inlay_wafer.estimate @mlp cycles(#inlay_wafer.cycles<compute = {{.*}}software = {{.*}}>)
// CALIBRATED: inlay_wafer.step_estimate mode(calibrated)

// Kernels of one region hand values to each other in one layout: streams between them are in place.
// RUN: inlay-opt %S/Inputs/three-kernels.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --shard-kernels --place-regions --route-streams --allocate-memory --schedule-step --verify-wafer | FileCheck %s --check-prefix=TURNS
// TURNS: inlay_wafer.region @r0 at(0, 0) size({{[2-8], [2-8]}}) shared
// TURNS: inlay_wafer.connect "a:0" from @a(0) to @b(0) bytes(256) hops(0) in_place cycles(#inlay_wafer.cycles<>)
// TURNS: inlay_wafer.connect "b:0" from @b(0) to @c(0) bytes(256) hops(0) in_place cycles(
