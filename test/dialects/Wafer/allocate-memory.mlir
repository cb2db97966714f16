// DEFINE: %{map} = inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets wafers=2' --shard-kernels
// RUN: %{map} --allocate-memory | FileCheck %s
// RUN: %{map} --allocate-memory --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK

// Weights and state, streams twice, scratch of ops that do not run at once in the same bytes.
// CHECK:      inlay_wafer.region @r0 size(8, 8)
// CHECK:      inlay_wafer.buffer "w" of @mlp role(weights) offset(0) bytes(256) ops(0 to 1)
// CHECK-NEXT: inlay_wafer.buffer "past" of @mlp role(state) offset(256) bytes(2048) ops(0 to 1)
// CHECK-NEXT: inlay_wafer.buffer "input 0 (double-buffered)" of @mlp role(input) offset(2304) bytes(64) ops(0 to 1)
// CHECK-NEXT: inlay_wafer.buffer "output 0 (double-buffered)" of @mlp role(output) offset(2368) bytes(64) ops(0 to 1)
// CHECK:      inlay_wafer.buffer "fc1" of @moe role(weights) offset(0) bytes(1024) ops(0 to 3)
// CHECK-NEXT: inlay_wafer.buffer "fc2" of @moe role(weights) offset(1024) bytes(1024) ops(0 to 3)
// CHECK-NEXT: inlay_wafer.buffer "fc3" of @moe role(weights) offset(2048) bytes(1024) ops(0 to 3)
// CHECK:      inlay_wafer.buffer "scratch of op 0" of @moe role(scratch) offset([[SCRATCH:[0-9]+]])
// CHECK:      inlay_wafer.buffer "scratch of op 3" of @moe role(scratch) offset([[SCRATCH]])

// Kernels that share a region share its memory: only their scratch lies in the same bytes.
// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --shard-kernels --allocate-memory | FileCheck %s --check-prefix=SHARED
// SHARED:     inlay_wafer.region @r0 {{.*}} shared
// SHARED:     inlay_wafer.buffer "w" of @mlp role(weights) offset(0) bytes(256)
// SHARED:     inlay_wafer.buffer "output 0 (double-buffered)" of @mlp role(output) offset(2368) bytes(64)
// SHARED:     inlay_wafer.buffer "scratch of op 0" of @mlp role(scratch) offset([[SCRATCH:[0-9]+]])
// SHARED:     inlay_wafer.buffer "fc1" of @moe role(weights) offset(2432) bytes(1024)
// SHARED:     inlay_wafer.buffer "local 0" of @moe role(scratch) offset([[SCRATCH]])

// REMARK: remark: [Passed] AllocateMemory | Category:mapping | Remark="mapped the SRAM of every core", buffers={{[0-9]+}}, fullest={{[0-9]+}}

// RUN: not inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --allocate-memory 2>&1 | FileCheck %s --check-prefix=UNSHARDED
// UNSHARDED: error: kernel 'mlp' has no region; 'shard-kernels' gives it one

// RUN: %{map} -o %t.cut.mlir
// RUN: sed -e 's/figure<6.144000e+03/figure<2.600000e+05/' %t.cut.mlir | not inlay-opt --allocate-memory 2>&1 | FileCheck %s --check-prefix=FULL
// FULL: error: memory of 'mlp': buffers reach up to 2,464 B, the budget of a core is 2,144 B, short by 320 B
// FULL: note: largest: past 2,048 B, w 256 B, input 0 (double-buffered) 64 B
// FULL: error: memory of 'moe': buffers reach up to 3,360 B

// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --shard-kernels -o %t.shared.mlir
// RUN: sed -e 's/figure<6.144000e+03/figure<2.580000e+05/' %t.shared.mlir | not inlay-opt --allocate-memory 2>&1 | FileCheck %s --check-prefix=BOTH
// BOTH: error: memory of 'stage_0::r0': buffers reach up to 5,{{[0-9]+}} B, the budget of a core is 4,144 B, short by
