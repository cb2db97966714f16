// A module that the passes made is verified; then one thing after the other is broken.
// RUN: inlay-opt %S/Inputs/mlp-and-experts.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets wafers=2' --shard-kernels --place-regions --route-streams --allocate-memory --schedule-step --verify-wafer -o %t.mlir
// DEFINE: %{edit} =
// DEFINE: %{verify} = sed -e '%{edit}' %t.mlir | not inlay-opt --verify-wafer -o /dev/null 2>&1 | FileCheck %s

// RUN: not inlay-opt %S/Inputs/mlp-and-experts.mlir --verify-wafer 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: a placed module holds one 'inlay_wafer.system', this one holds 0

// RUN: echo 'module {}' | not inlay-opt --verify-wafer 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: a placed module holds one 'inlay_wafer.system', this one holds 0
// EMPTY: error: a placed module holds one 'inlay_dataflow.graph', this one holds 0

// REDEFINE: %{edit} = s/wafers(2) target/wafers(3) target/; s/stages \[/stages [0.0, /
// RUN: %{verify} --check-prefix=STAGES
// STAGES: error: wafer 2 has no stage

// REDEFINE: %{edit} = s/ at(0, 0) size(8, 8)/ size(8, 8)/; /inlay_wafer.expert_group/d
// RUN: %{verify} --check-prefix=UNPLACED
// UNPLACED: error: kernel 'mlp' has a region without position; 'place-regions' places it

// REDEFINE: %{edit} = s/^module {/module { inlay_wafer.constraints { inlay_wafer.keep_out at(7, 7) size(1, 1) }/
// RUN: %{verify} --check-prefix=KEPT
// KEPT: error: region 'r0' of 'stage_0' covers cores that 'inlay_wafer.keep_out' keeps free
// KEPT: error: region 'r0' of 'stage_1' covers cores that 'inlay_wafer.keep_out' keeps free

// A sharding that the kernel cannot have: an axis is missing.
// REDEFINE: %{edit} = s/ops = \[\[none, x, y\], \[none, x\]\]/ops = [[none, x], [none, x]]/
// RUN: %{verify} --check-prefix=SHARDING
// SHARDING: error: sharding of kernel 'mlp': gives op 'linear' 2 axes for 3 dims

// REDEFINE: %{edit} = /inlay_wafer.expert_group/d
// RUN: %{verify} --check-prefix=GROUPS
// GROUPS: error: kernel 'moe' has 0 expert groups, but its sharding makes 1

// REDEFINE: %{edit} = s/experts \[0, 1, 2, 3\]/experts [0, 1, 3, 2]/
// RUN: %{verify} --check-prefix=HELD
// HELD: error: group 0 of 'moe' does not hold the experts that the sharding gives it

// A sharding whose groups do not hold every expert once.
// REDEFINE: %{edit} = /@moe/ s/ops = \(.*\)>) *$/ops = \1, held = [[0, 1, 2]]>)/
// RUN: %{verify} --check-prefix=MISSING
// MISSING: error: sharding of kernel 'moe': has expert 3 in no group
// REDEFINE: %{edit} = /@moe/ s/ops = \(.*\)>) *$/ops = \1, held = [[0, 1, 2, 3, 3]]>)/
// RUN: %{verify} --check-prefix=TWICE
// TWICE: error: sharding of kernel 'moe': puts expert 3 into group 0 twice
// REDEFINE: %{edit} = /@moe/ s/ops = \(.*\)>) *$/ops = \1, held = [[0, 1, 2, 3, 4]]>)/
// RUN: %{verify} --check-prefix=UNKNOWN
// UNKNOWN: error: sharding of kernel 'moe': puts expert 4 of 4 into group 0

// REDEFINE: %{edit} = s/inlay_wafer.expert_group 0 of @moe offset(0, 0) size(8, 8)/inlay_wafer.expert_group 0 of @moe offset(0, 0) size(8, 4)/
// RUN: %{verify} --check-prefix=GROUP
// GROUP: error: group 0 of 'moe' is not what the sharding makes of it: 8 x 8 cores at (0, 0)

// REDEFINE: %{edit} = /inlay_wafer.buffer "past"/d
// RUN: %{verify} --check-prefix=BUFFERS
// BUFFERS: error: kernel 'mlp' has 4 buffers, but needs 5

// REDEFINE: %{edit} = s/"w" of @mlp role(weights) offset(0) bytes(256)/"w" of @mlp role(weights) offset(0) bytes(128)/
// RUN: %{verify} --check-prefix=BUFFER
// BUFFER: error: buffer 'w' of 'mlp' has 128 B for ops 0 to 1, but its shard needs 256 B for ops 0 to 1

// REDEFINE: %{edit} = /inlay_wafer.connect "indices"/d
// RUN: %{verify} --check-prefix=CONNECTIONS
// CONNECTIONS: error: the graph has 5 streams, but the system has 4 connections

// REDEFINE: %{edit} = s/connect "indices" to @moe(2)/connect "indices" to @moe(1)/
// RUN: %{verify} --check-prefix=ENDS
// ENDS: error: connection 'indices' does not join what stream 'indices' joins

// REDEFINE: %{edit} = s/@moe(2) bytes(16)/@moe(2) bytes(32)/
// RUN: %{verify} --check-prefix=BYTES
// BYTES: error: connection 'indices' carries 32 B, but the stream has 16 B

// REDEFINE: %{edit} = s/hops(0) crossing/hops(3)/
// RUN: %{verify} --check-prefix=HOPS
// HOPS: error: connection 'mlp:0' claims 3 hops, but its regions are 0 hops apart on different wafers

// REDEFINE: %{edit} = s/hops(0) crossing/hops(3) crossing/
// RUN: %{verify} --check-prefix=CROSSED
// CROSSED: error: connection 'mlp:0' claims 3 hops and a crossing, but its regions are 0 hops apart on different wafers

// REDEFINE: %{edit} = /inlay_wafer.estimate @mlp/d
// RUN: %{verify} --check-prefix=ESTIMATES
// ESTIMATES: error: kernel 'mlp' has no estimate

// REDEFINE: %{edit} = /inlay_wafer.estimate @mlp/s/compute = 4.800000e+01/compute = 4.700000e+01/
// RUN: %{verify} --check-prefix=ESTIMATE
// ESTIMATE: error: the estimate of kernel 'mlp' is not what the cost model says: {{.*}} cycles, at worst {{.*}}, at least {{.*}}

// REDEFINE: %{edit} = /inlay_wafer.connect "mlp:0"/s/crossing = 8501.45066/crossing = 8502.45066/
// RUN: %{verify} --check-prefix=CROSSING
// CROSSING: error: the cycles of connection 'mlp:0' are not what the cost model says: 8.552451e+03

// REDEFINE: %{edit} = /inlay_wafer.step_estimate/d
// RUN: %{verify} --check-prefix=STEP
// STEP: error: the system has no 'inlay_wafer.step_estimate'

// REDEFINE: %{edit} = s/mode(ideal) latency(#inlay_wafer.cycles<compute = 2/mode(ideal) latency(#inlay_wafer.cycles<compute = 1/
// RUN: %{verify} --check-prefix=LATENCY
// LATENCY: error: the estimate of the step does not follow from those of its kernels:

// What is in place, and what is not.
// RUN: inlay-opt %S/Inputs/three-kernels.mlir --partition-stages='target=grid8x8 target-dir=%inlay_src_root/targets' --shard-kernels --place-regions --allocate-memory --schedule-step -o %t.turns.mlir
// RUN: sed -e 's/ in_place//' %t.turns.mlir | not inlay-opt --verify-wafer 2>&1 | FileCheck %s --check-prefix=MOVED
// MOVED: error: connection 'a:0' claims 0 hops, but its regions are 0 hops apart and it is in place

// REDEFINE: %{edit} = /inlay_wafer.fabric/d
// RUN: %{verify} --check-prefix=FABRIC
// FABRIC: error: the system has 0 'inlay_wafer.fabric' instead of one; 'route-streams' makes it

// REDEFINE: %{edit} = s/fabric colours(21)/fabric colours(20)/
// RUN: %{verify} --check-prefix=COLOURS
// COLOURS: error: has 20 colours, but the target has 21

// REDEFINE: %{edit} = s/used(5) least(5)/used(5) least(4)/
// RUN: %{verify} --check-prefix=LEAST
// LEAST: error: colours: 5 used and at least 4 needed are not what follows from the routes: 5 and 5

// REDEFINE: %{edit} = /uses \[2, 1, 32\]/d
// RUN: %{verify} --check-prefix=LOST
// LOST: error: moe: has a collective of op 2 with 0 routes instead of one

// REDEFINE: %{edit} = s/uses \[2, 1, 32\]/uses [2, 1, 33]/
// RUN: %{verify} --check-prefix=USE
// USE: error: is no collective that op 2 of kernel 'moe' needs

// REDEFINE: %{edit} = s/trunk of \[1\]/trunk of [1, 2]/
// RUN: %{verify} --check-prefix=TOGETHER
// TOGETHER: error: leads streams that do not travel together

// REDEFINE: %{edit} = s/spread of \[1\] in @r0/spread of [1] in @r9/
// RUN: %{verify} --check-prefix=NOREGION
// NOREGION: error: the stage has no region 'r9' that a kernel is assigned to

// A trunk that ends too early, and one in a colour that is taken.
// REDEFINE: %{edit} = s/N -> ramp at(0, 7) size(1, 1), //
// RUN: %{verify} --check-prefix=BROKEN
// BROKEN: error: trunk of flow 0, lane 0: sends S into the router at (0, 7), which does not take it in

// REDEFINE: %{edit} = s/parts(0, 0) colours \[4\]/parts(0, 0) colours [3]/
// RUN: %{verify} --check-prefix=TAKEN
// TAKEN: error: trunk of flow 1, lane 0: has colour 3 in the router at (0, 0) of wafer 1, and so has trunk of flow 2, lane 0, which may be there at the same time

// REDEFINE: %{edit} = s/ crossing contention([0-9]*)/ crossing/
// RUN: %{verify} --check-prefix=CONTENTION
// CONTENTION: error: flows: contention is not what follows from the routes
