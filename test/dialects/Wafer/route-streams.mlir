// Two wafers of 8 x 8 cores: a kernel, a crossing, and a layer of experts.
// DEFINE: %{map} = inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets wafers=2' --shard-kernels --place-regions
// RUN: %{map} --route-streams | FileCheck %s
// RUN: %{map} --route-streams --verify-roundtrip -o /dev/null
// RUN: %{map} --route-streams --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=REMARK

// Collectives with the algorithm of the estimate; three take turns in the colours from 0 on.
// CHECK:      inlay_wafer.stage @stage_0
// CHECK:      inlay_wafer.collective middle_one_phase of @r0 axis(y) cores(8) pitch(1) lines [0, 0, 8, 8, 1, 0, 0] colours [0, 1, 2] for [@mlp] uses [1, 1, 8]
// The host enters in the west, a row of cores takes it in, and each spreads its part.
// CHECK-NEXT: inlay_wafer.collective all_gather of @r0 to move axis(x) cores(8) pitch(1) root(2) lines [0, 0, 8, 8, 1, 0, 0] colours [0, 1] for [@mlp] uses [2, 1, 8]
// CHECK-NEXT: inlay_wafer.route trunk of [0] lane(0) axis(y) parts(0, 8) colours [3] wavelets(64) segments {W -> S, ramp at(0, 0) size(1, 1), N -> ramp at(0, 7) size(1, 1), N -> S, ramp at(0, 1) size(1, 6)}
// CHECK-NEXT: inlay_wafer.route spread of [0] in @r0 lane(0) axis(y) parts(0, 8) colours [0] wavelets(8) segments {W -> ramp at(7, 0) size(1, 8), W -> E, ramp at(1, 0) size(6, 8), ramp -> E at(0, 0) size(1, 8)}
// The crossing has 64 wavelets, which are worth two lanes. Each is gathered near the eastern edge and leaves there.
// CHECK-NEXT: inlay_wafer.route gather of [1] in @r0
// CHECK-SAME: ramp -> S at(6, 0) size(1, 2) repeat(2, 1, 4)
// CHECK-NEXT: inlay_wafer.route trunk of [1] lane(0) axis(y) parts(0, 4) colours [3] wavelets(32) segments {W -> E at(7, 2) size(1, 1), ramp -> E at(6, 2) size(1, 1)}
// CHECK-NEXT: inlay_wafer.route trunk of [1] lane(1) axis(y) parts(4, 8) colours [3] wavelets(32) segments {ramp -> E at(7, 6) size(1, 1)}
// CHECK:      inlay_wafer.stage @stage_1
// CHECK:      inlay_wafer.route trunk of [1] {{.*}} colours [3]
// Streams of a few wavelets from one sender to one receiver travel together.
// CHECK:      inlay_wafer.route trunk of [2, 3] {{.*}} colours [4]
// CHECK:      inlay_wafer.connect "mlp:0" {{.*}} crossing contention({{[0-9]+}})
// CHECK:      inlay_wafer.fabric colours(21) used(5) least(5) at [1, 0, 0]
// REMARK: RouteStreams | Category:mapping | Remark="routed streams and collectives", colours=5, hottest={{[0-9]+}}, least=5, routes=15

// Packets that carry their destination need no routes.
// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=wormhole target-dir=%inlay_src_root/targets' --shard-kernels --place-regions --route-streams --remarks-filter=.* 2>&1 | FileCheck %s --check-prefix=PACKETS
// PACKETS: RouteStreams | Category:mapping | Remark="the target has no colours: its packets carry their destination", colours=0, routes=0
// PACKETS-NOT: inlay_wafer.route
// PACKETS: inlay_wafer.fabric colours(0) used(0) least(0) at [0, 0, 0] loads []

// Two colours are too few for anything.
// RUN: %{map} | sed -e 's/colours = #inlay_wafer.figure<2.100000e+01/colours = #inlay_wafer.figure<2.000000e+00/' | not inlay-opt --route-streams 2>&1 | FileCheck %s --check-prefix=FEW
// FEW: error: wafer 1: routes take 5 colours, of which the target has 2; the router at (0, 0) needs 5
// FEW: would fit: routers with 5 colours

// RUN: %{map} | sed -e '/inlay_wafer.connect "y"/d' | not inlay-opt --route-streams 2>&1 | FileCheck %s --check-prefix=CONNECTS
// CONNECTS: error: has 4 connections for 5 streams; 'place-regions' makes one for each
