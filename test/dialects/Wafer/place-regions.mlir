// DEFINE: %{map} = inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --shard-kernels
// RUN: %{map} --place-regions | FileCheck %s
// RUN: %{map} --place-regions --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK

// Both kernels are on the wafer and take turns on one region, as small as they like; the experts have groups; each stream has a
// way, and the one from kernel to kernel is in place.
// CHECK:      inlay_wafer.region @r0 at(0, 0) size({{[1-8], [1-8]}}) shared
// CHECK-NEXT: inlay_wafer.assign @mlp to @r0 sharding(
// CHECK-NEXT: inlay_wafer.assign @moe to @r0 sharding(
// CHECK-NEXT: inlay_wafer.expert_group 0 of @moe offset(0, 0) size({{[0-9]+, [0-9]+}}) experts [0
// CHECK:      inlay_wafer.connect "x" to @mlp(0) bytes(256) hops(0)
// CHECK-NEXT: inlay_wafer.connect "mlp:0" from @mlp(0) to @moe(0) bytes(256) hops(0) in_place
// CHECK-NEXT: inlay_wafer.connect "weights" to @moe(1) bytes(8) hops(0)
// CHECK-NEXT: inlay_wafer.connect "indices" to @moe(2) bytes(16) hops(0)
// CHECK-NEXT: inlay_wafer.connect "y" from @moe(0) bytes(256) hops(0)

// REMARK: remark: [Passed] PlaceRegions | Category:mapping | Remark="placed regions", cores={{[0-9]+}}, distance=0, regions=1

// A stream between wafers crosses, and has no hops.
// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets wafers=2' --shard-kernels --place-regions | FileCheck %s --check-prefix=TWO
// TWO: inlay_wafer.connect "mlp:0" from @mlp(0) to @moe(0) bytes(256) hops(0) crossing

// Rectangles that the user keeps free, and dead ones, stay free: what is left is one column of 8 cores.
// RUN: cp %S/Inputs/mlp-and-experts.mlir %t.kept.mlir
// RUN: echo 'inlay_wafer.constraints { inlay_wafer.keep_out at(0, 0) size(4, 8) }' >> %t.kept.mlir
// RUN: sed -e 's/"report_clocks"/"dead": [{"x": 5, "y": 0, "width": 3, "height": 8}], "report_clocks"/' %inlay_src_root/targets/grid8x8.json > %t.dead.json
// RUN: inlay-opt %t.kept.mlir --partition-stages='target=%t.dead.json' --shard-kernels --place-regions | FileCheck %s --check-prefix=KEPT
// KEPT: inlay_wafer.region @r0 at(4, {{[0-7]}}) size(1, {{[1-8]}})

// RUN: not inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --place-regions 2>&1 | FileCheck %s --check-prefix=UNSHARDED
// UNSHARDED: error: kernel 'mlp' has no region; 'shard-kernels' gives it one
// UNSHARDED: error: kernel 'moe' has no region; 'shard-kernels' gives it one

// What was cut for one machine does not fit on another.
// RUN: %{map} -o %t.cut.mlir
// RUN: sed -e 's/figure<6.144000e+03/figure<2.580000e+05/' %t.cut.mlir | not inlay-opt --place-regions 2>&1 | FileCheck %s --check-prefix=FULL
// FULL: error: floorplan of 'wafer 0': its 2 kernels need at least 215.0 kB of the 265.2 kB of its live cores, but no regions hold them
// FULL: note: largest: moe 196.6 kB, mlp 18.4 kB
// RUN: sed -e 's/figure<6.144000e+03/figure<2.600000e+05/' %t.cut.mlir | not inlay-opt --place-regions 2>&1 | FileCheck %s --check-prefix=SHORT
// SHORT: error: floorplan of 'wafer 0': its 2 kernels need at least 215.0 kB, but its live cores have 137.2 kB, short by 77.7 kB
// SHORT: note: largest: moe 196.6 kB, mlp 18.4 kB
// SHORT: note: would fit: no less than 1,215 B more on each live core

// Regions keep the kernels that they have: one for each, if that is what the module says.
// RUN: sed -e 's/inlay_wafer.region @r0 \(size([0-9]*, [0-9]*)\) shared/inlay_wafer.region @r0 \1 inlay_wafer.region @r1 \1/; s/@moe to @r0/@moe to @r1/' %t.cut.mlir | inlay-opt --place-regions | FileCheck %s --check-prefix=APART
// APART: inlay_wafer.assign @mlp to @r0
// APART: inlay_wafer.assign @moe to @r1

// A region may hold kernels that do not follow each other.
// RUN: inlay-opt %S/Inputs/three-kernels.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --shard-kernels -o %t.three.mlir
// RUN: sed -e 's/inlay_wafer.region @r0 \(size([0-9]*, [0-9]*)\) shared/inlay_wafer.region @r0 \1 shared inlay_wafer.region @r1 \1/; s/@b to @r0/@b to @r1/' %t.three.mlir | inlay-opt --place-regions | FileCheck %s --check-prefix=MIXED
// MIXED: inlay_wafer.assign @a to @r0
// MIXED: inlay_wafer.assign @b to @r1
// MIXED: inlay_wafer.assign @c to @r0

// Constraints of a file: a kernel in its place, no larger than it may be, and three that stay together.
// RUN: echo '{"pin": [{"kernel": "b", "wafer": 0, "at": {"x": 3, "y": 2}}], "max_region": [{"kernel": "b", "width": 4, "height": 3}]}' > %t.pin.json
// RUN: inlay-opt %S/Inputs/three-kernels.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets constraints=%t.pin.json' --shard-kernels --place-regions --route-streams --allocate-memory --schedule-step --verify-wafer -o %t.wished.mlir
// RUN: FileCheck %s --check-prefix=WISHED < %t.wished.mlir
// WISHED:     inlay_wafer.constraints
// WISHED:       inlay_wafer.pin @b wafer(0) at(3, 2)
// WISHED:       inlay_wafer.max_region @b size(4, 3)
// WISHED:     inlay_wafer.region @[[R:r[0-9]]] at(3, 2) size({{[1-4], [1-3]}})
// WISHED:     inlay_wafer.assign @b to @[[R]]
// RUN: sed -e 's/inlay_wafer.pin @b wafer(0) at(3, 2)/inlay_wafer.pin @b wafer(0) at(3, 3)/' %t.wished.mlir | not inlay-opt --verify-wafer 2>&1 | FileCheck %s --check-prefix=PIN
// PIN: error: kernel 'b' is not where 'inlay_wafer.pin' wants it
// RUN: sed -e 's/max_region @b size(4, 3)/max_region @b size(1, 1)/' %t.wished.mlir | not inlay-opt --verify-wafer 2>&1 | FileCheck %s --check-prefix=LIMIT
// LIMIT: error: kernel 'b' is not where 'inlay_wafer.max_region' wants it
// RUN: echo '{"same_region": [{"kernels": ["a", "c"]}]}' > %t.same.json
// RUN: inlay-opt %S/Inputs/three-kernels.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets constraints=%t.same.json' --shard-kernels --place-regions | FileCheck %s --check-prefix=SAME
// SAME: inlay_wafer.assign @a to @r0
// SAME: inlay_wafer.assign @b to @r0
// SAME: inlay_wafer.assign @c to @r0
// RUN: inlay-opt %S/Inputs/three-kernels.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets wafers=2' --shard-kernels --place-regions --route-streams --allocate-memory --schedule-step -o %t.apart.mlir
// RUN: sed -e 's/inlay_wafer.system @/inlay_wafer.constraints { inlay_wafer.same_region [@a, @c] } &/' %t.apart.mlir | not inlay-opt --verify-wafer 2>&1 | FileCheck %s --check-prefix=NOTSAME
// NOTSAME: error: kernel 'c' is not where 'inlay_wafer.same_region' wants it
