// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' | FileCheck %s --check-prefix=ONE
// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=%inlay_src_root/targets/grid8x8.json wafers=2 objective=throughput' | FileCheck %s --check-prefix=TWO
// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets reserve=258000 crossing-latency=1.5' | FileCheck %s --check-prefix=SMALL
// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK

// All that fits goes on one wafer. The graph stays as it is, the target comes with its sources.
// ONE:      #target = #inlay_wafer.target<name = "grid8x8", {{.*}}digest = "{{[0-9a-f]+}}", width = 8, height = 8, dead = []
// ONE-SAME: reserved = #inlay_wafer.figure<6.144000e+03, "B", "{{.+}}", assumption>
// ONE:      inlay_dataflow.graph @main
// ONE:      inlay_wafer.system @system of @main wafers(1) target(#target) options {objective = "latency", wafers = "auto"} {
// ONE-NEXT:   inlay_wafer.stage @stage_0 wafer(0) {
// ONE-NEXT:     inlay_wafer.assign @mlp
// ONE-NEXT:     inlay_wafer.assign @moe
// ONE-NEXT:   }
// ONE-NEXT: }

// TWO:      inlay_wafer.system @system of @main wafers(2) target(#target) options {objective = "throughput", wafers = "2"} {
// TWO-NEXT:   inlay_wafer.stage @stage_0 wafer(0) {
// TWO-NEXT:     inlay_wafer.assign @mlp
// TWO-NEXT:   }
// TWO-NEXT:   inlay_wafer.stage @stage_1 wafer(1) {
// TWO-NEXT:     inlay_wafer.assign @moe
// TWO-NEXT:   }
// TWO-NEXT: }

// Cores that leave 4,144 B hold the 3,072 B of weights that 64 cores share only on a wafer of their own.
// SMALL: reserved = #inlay_wafer.figure<2.580000e+05, "B", "option --reserve", assumption>
// SMALL: wafer_latency = #inlay_wafer.figure<1.500000e+00, "us", "option --crossing-latency", assumption>
// SMALL: inlay_wafer.system @system of @main wafers(2)

// REMARK: mlp-and-experts.mlir:6:1: remark: [Passed] PartitionStages | Category:mapping | Remark="cut a graph into stages", kernels=2, wafers=1
