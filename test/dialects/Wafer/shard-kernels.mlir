// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets reserve=257024' --shard-kernels | FileCheck %s
// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets reserve=257024' --shard-kernels --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not inlay-opt %S/Inputs/mlp-and-experts.mlir --shard-kernels 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' -o %t.mlir
// RUN: sed -e '/inlay_wafer.assign @mlp/d' %t.mlir | not inlay-opt --shard-kernels 2>&1 | FileCheck %s --check-prefix=UNASSIGNED
// RUN: sed -e 's/inlay_wafer.assign @mlp/inlay_wafer.assign @other/' %t.mlir | not inlay-opt --shard-kernels 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: sed -e 's/figure<6.144000e+03/figure<2.612000e+05/' %t.mlir | not inlay-opt --shard-kernels 2>&1 | FileCheck %s --check-prefix=LARGE

// With 5,120 B for data a core holds neither the 16,384 B of the MLP nor an expert's 49,152 B. Regions have sizes, but no
// positions; contractions alternate the axis that they reduce over.
// CHECK:      inlay_wafer.stage @stage_0
// CHECK-NEXT:   inlay_wafer.region @r0 size(
// CHECK-NEXT:   inlay_wafer.region @r1 size(
// CHECK-NEXT:   inlay_wafer.assign @mlp to @r0 sharding(#inlay_wafer.sharding<group = {{[0-9]+ x [0-9]+}}, ops = {{\[\[}}none, x, y], [none, x]]>)
// CHECK-NEXT:   inlay_wafer.assign @moe to @r1 sharding(#inlay_wafer.sharding<{{.*}}ops = {{\[\[}}none, group, x, y], [none, group, x, y], [none, group, x], [none, group, y, x]]>)
// CHECK-NOT:  inlay_wafer.expert_group
// CHECK-NOT:  inlay_wafer.connect

// REMARK: remark: [Passed] ShardKernels | Category:mapping | Remark="gave kernels regions and cut them", cores={{[0-9]+}}, regions=2

// NONE: error: the wafer level holds one 'inlay_wafer.system', this module holds 0; 'partition-stages' makes it
// UNASSIGNED: error: kernel 'mlp' is on no wafer; 'partition-stages' assigns it
// OTHER: error: the graph has no kernel 'other'
// OTHER: error: kernel 'mlp' is on no wafer; 'partition-stages' assigns it
// LARGE: error: kernel 'mlp': needs 2,464 B on a core
