// DEFINE: %{map} = inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --shard-kernels
// RUN: %{map} --place-regions | FileCheck %s
// RUN: %{map} --place-regions --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK

// Both kernels are on the wafer, the experts in groups; each stream has a way.
// CHECK:      inlay_wafer.region @r0 at({{[0-7], [0-7]}}) size(
// CHECK-NEXT: inlay_wafer.region @r1 at({{[0-7], [0-7]}}) size(
// CHECK-NEXT: inlay_wafer.assign @mlp to @r0 sharding(
// CHECK-NEXT: inlay_wafer.assign @moe to @r1 sharding(
// CHECK-NEXT: inlay_wafer.expert_group 0 of @moe offset(0, 0) size({{[0-9]+, [0-9]+}}) experts(0 to {{[1-4]}})
// CHECK:      inlay_wafer.connect "x" to @mlp(0) bytes(256) hops(0)
// CHECK-NEXT: inlay_wafer.connect "mlp:0" from @mlp(0) to @moe(0) bytes(256) hops({{[1-9][0-9]*}})
// CHECK-NEXT: inlay_wafer.connect "weights" to @moe(1) bytes(8) hops(0)
// CHECK-NEXT: inlay_wafer.connect "indices" to @moe(2) bytes(16) hops(0)
// CHECK-NEXT: inlay_wafer.connect "y" from @moe(0) bytes(256) hops(0)

// REMARK: remark: [Passed] PlaceRegions | Category:mapping | Remark="placed regions", cores={{[0-9]+}}, distance={{[0-9]+}}, regions=2

// A stream between wafers crosses, and has no hops.
// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets wafers=2' --shard-kernels --place-regions | FileCheck %s --check-prefix=TWO
// TWO: inlay_wafer.connect "mlp:0" from @mlp(0) to @moe(0) bytes(256) hops(0) crossing

// Rectangles that the user keeps free, and dead ones, stay free: what is left is one column of 8 cores.
// RUN: cp %S/Inputs/mlp-and-experts.mlir %t.kept.mlir
// RUN: echo 'inlay_wafer.constraints { inlay_wafer.keep_out at(0, 0) size(4, 8) }' >> %t.kept.mlir
// RUN: sed -e 's/"report_clocks"/"dead": [{"x": 5, "y": 0, "width": 3, "height": 8}], "report_clocks"/' %inlay_src_root/targets/grid8x8.json > %t.dead.json
// RUN: inlay-opt %t.kept.mlir --partition-stages='target=%t.dead.json' --shard-kernels --place-regions | FileCheck %s --check-prefix=KEPT
// KEPT: inlay_wafer.region @r0 at(4, {{[0-7]}}) size(1, {{[1-8]}})
// KEPT: inlay_wafer.region @r1 at(4, {{[0-7]}}) size(1, {{[1-8]}})

// RUN: not inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --place-regions 2>&1 | FileCheck %s --check-prefix=UNSHARDED
// UNSHARDED: error: kernel 'mlp' has no region; 'shard-kernels' gives it one
// UNSHARDED: error: kernel 'moe' has no region; 'shard-kernels' gives it one

// What was cut for one machine does not fit on another.
// RUN: %{map} -o %t.cut.mlir
// RUN: sed -e 's/figure<6.144000e+03/figure<2.580000e+05/' %t.cut.mlir | not inlay-opt --place-regions 2>&1 | FileCheck %s --check-prefix=FULL
// FULL: error: floorplan of 'wafer 0': its 2 kernels need at least
// FULL: note: largest: moe
// FULL: note: would fit: more --wafers, a smaller --context or --batch, or a smaller --reserve
