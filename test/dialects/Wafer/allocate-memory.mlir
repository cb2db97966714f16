// DEFINE: %{map} = inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets wafers=2' --shard-kernels
// RUN: %{map} --allocate-memory | FileCheck %s
// RUN: %{map} --allocate-memory --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK

// On one core each: weights and state whole, streams twice, scratch of ops that do not run at once in the same bytes.
// CHECK:      inlay_wafer.buffer "w" of @mlp role(weights) offset([[W:[0-9]+]]) bytes(16384) ops(0 to 1)
// CHECK-NEXT: inlay_wafer.buffer "past" of @mlp role(state) offset({{[0-9]+}}) bytes(2048) ops(0 to 1)
// CHECK-NEXT: inlay_wafer.buffer "input 0 (double-buffered)" of @mlp role(input) offset({{[0-9]+}}) bytes(512) ops(0 to 1)
// CHECK-NEXT: inlay_wafer.buffer "output 0 (double-buffered)" of @mlp role(output) offset({{[0-9]+}}) bytes(512) ops(0 to 1)
// CHECK:      inlay_wafer.buffer "fc1" of @moe role(weights) offset({{[0-9]+}}) bytes(65536) ops(0 to 3)
// CHECK-NEXT: inlay_wafer.buffer "fc2" of @moe role(weights) offset({{[0-9]+}}) bytes(65536) ops(0 to 3)
// CHECK-NEXT: inlay_wafer.buffer "fc3" of @moe role(weights) offset({{[0-9]+}}) bytes(65536) ops(0 to 3)
// CHECK:      inlay_wafer.buffer "scratch of op 0" of @moe role(scratch) offset([[SCRATCH:[0-9]+]])
// CHECK:      inlay_wafer.buffer "scratch of op 3" of @moe role(scratch) offset([[SCRATCH]])

// REMARK: remark: [Passed] AllocateMemory | Category:mapping | Remark="mapped the SRAM of every core", buffers={{[0-9]+}}, fullest={{[0-9]+}}

// RUN: not inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --allocate-memory 2>&1 | FileCheck %s --check-prefix=UNSHARDED
// UNSHARDED: error: kernel 'mlp' has no region; 'shard-kernels' gives it one

// RUN: %{map} -o %t.cut.mlir
// RUN: sed -e 's/figure<6.144000e+03/figure<2.580000e+05/' %t.cut.mlir | not inlay-opt --allocate-memory 2>&1 | FileCheck %s --check-prefix=FULL
// FULL: error: memory of 'mlp': buffers reach up to {{[0-9,]+}} B, the budget of a core is 4,144 B, short by {{[0-9,]+}} B
// FULL: note: largest: w 16,384 B, past 2,048 B, input 0 (double-buffered) 512 B
// FULL: error: memory of 'moe': buffers reach up to
