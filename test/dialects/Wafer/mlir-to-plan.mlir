// RUN: inlay-translate --mlir-to-plan %S/Inputs/placed.mlir | %python -m json.tool | FileCheck %s
// RUN: inlay-translate --mlir-to-plan %S/Inputs/placed.mlir | %python -m json.tool | FileCheck %s --check-prefix=ROUTES
// RUN: inlay-opt %S/Inputs/placed.mlir --emit-bytecode | inlay-translate --mlir-to-plan > %t.bytecode
// RUN: inlay-translate --mlir-to-plan %S/Inputs/placed.mlir | diff - %t.bytecode
// RUN: sed 's/target(#target) options/target(#target) over_budget(65536) options/' %S/Inputs/placed.mlir \
// RUN:   | inlay-translate --mlir-to-plan | %python -m json.tool | FileCheck %s --check-prefix=OVER

// CHECK:      "format": "inlay-plan"
// CHECK:      "producer": "",
// CHECK-NEXT: "model": "tiny.onnx",
// CHECK:      "options": [
// CHECK-NEXT:   "objective=latency",
// CHECK-NEXT:   "wafers=auto"
// CHECK:      "feasible": true,
// CHECK:      "phase": "decode",
// CHECK-NEXT: "batch": 1,
// CHECK-NEXT: "context": 7,
// CHECK-NEXT: "tokens": 1
// CHECK:      "target": "tiny",
// CHECK:      "sram_bytes": 49152,
// CHECK-NEXT: "reserved_bytes": 6144,
// CHECK-NEXT: "budget_bytes": 43008,
// CHECK-NEXT: "buffer_alignment": 16,
// CHECK:      "name": "clock",
// CHECK-NEXT: "value": 0.8{{[0-9]*}},
// CHECK-NEXT: "unit": "GHz",
// CHECK-NEXT: "source": "made up",
// CHECK-NEXT: "assumption": true

// Kernels name their regions, which say where they are and what fills their cores.
// CHECK:      "regions": [
// CHECK-NEXT:   {
// CHECK-NEXT:     "name": "w0.r0",
// CHECK-NEXT:     "wafer": 0,
// CHECK-NEXT:     "rectangle": {
// CHECK-NEXT:       "x": 1,
// CHECK-NEXT:       "y": 2,
// CHECK-NEXT:       "width": 5,
// CHECK-NEXT:       "height": 2
// CHECK-NEXT:     },
// CHECK-NEXT:     "kernels": [
// CHECK-NEXT:       "a"
// CHECK-NEXT:     ],
// CHECK-NEXT:     "bytes_per_core": {{[0-9]+}}

// Twelve rows over five columns: three each, the fifth column has none. Both rows of cores have all of k.
// CHECK:      "name": "a",
// CHECK-NEXT: "role": "mlp",
// CHECK-NEXT: "layer": 0,
// CHECK:      "wafer": 0,
// CHECK-NEXT: "region": "w0.r0",
// CHECK:      "op": "linear",
// CHECK-NEXT: "kind": "contraction",
// CHECK:      "dim": "k",
// CHECK:      "reduction": true
// CHECK:      "name": "w",
// CHECK-NEXT: "bytes": 384,
// CHECK-NEXT: "pieces": [
// CHECK-NEXT:   {
// CHECK-NEXT:     "initializer": "w",
// CHECK-NEXT:     "file": "tiny.onnx.data",
// CHECK-NEXT:     "offset": 64,
// CHECK-NEXT:     "length": 384,
// CHECK-NEXT:     "encoding": "raw",
// CHECK-NEXT:     "stored_bits": 32,
// CHECK-NEXT:     "first": 0,
// CHECK:      "type": "f32",
// CHECK-NEXT: "bits": 32,
// CHECK-NEXT: "shape": [
// CHECK-NEXT:   12,
// CHECK-NEXT:   8
// CHECK-NEXT: ],
// CHECK-NEXT: "row_pitch_bits": 0,
// CHECK-NEXT: "cuts": [
// CHECK-NEXT:   {
// CHECK-NEXT:     "dim": "n",
// CHECK-NEXT:     "size": 12,
// CHECK-NEXT:     "axis": "x",
// CHECK-NEXT:     "parts": 5,
// CHECK-NEXT:     "unit": 1,
// CHECK-NEXT:     "shard": 3,
// CHECK-NEXT:     "inner": 1,
// CHECK-NEXT:     "points": 12,
// CHECK-NEXT:     "pitch": 12
// CHECK-NEXT:   },
// CHECK-NEXT:   {
// CHECK-NEXT:     "dim": "k",
// CHECK-NEXT:     "size": 8,
// CHECK-NEXT:     "axis": "none",
// CHECK-NEXT:     "parts": 1,
// CHECK:      "copies": 2
// CHECK:      "name": "input 0 (double-buffered)",
// CHECK-NEXT: "role": "input",
// CHECK-NEXT: "offset": 96,
// CHECK-NEXT: "bytes": 32,
// CHECK-NEXT: "slots": 2,
// CHECK-NEXT: "first_op": 0,
// CHECK-NEXT: "last_op": 0
// CHECK:      "bytes_per_core": 128
// CHECK:      "worst_case_cycles": 11,
// CHECK-NEXT: "least_cycles": {{[0-9.]+}},
// CHECK-NEXT: "bound": {
// CHECK-NEXT:   "compute": 1,
// CHECK-NEXT:   "sram": 2,
// CHECK-NEXT:   "link": 0,
// CHECK-NEXT:   "bisection": 0,
// CHECK-NEXT:   "distance": 0,
// CHECK-NEXT:   "crossing": 0,
// CHECK-NEXT:   "cycles": 2,
// CHECK-NEXT:   "binding": "sram"

// The fifth column of the region belongs to no group: four columns work.
// CHECK:      "name": "b",
// CHECK-NEXT: "role": "experts",
// CHECK:      "experts": 3,
// CHECK-NEXT: "experts_per_token": 2,
// CHECK-NEXT: "wafer": 1,
// CHECK:      "index": 1,
// CHECK-NEXT: "rectangle": {
// CHECK-NEXT:   "x": 2,
// CHECK-NEXT:   "y": 0,
// CHECK-NEXT:   "width": 2,
// CHECK-NEXT:   "height": 2
// CHECK-NEXT: },
// CHECK-NEXT: "experts": [
// CHECK-NEXT:   2
// CHECK-NEXT: ]
// CHECK:      "core_classes": [
// CHECK:      "width": 4,
// CHECK-NEXT: "height": 2
// CHECK:      "cores": 8,

// CHECK:      "streams": [
// CHECK:      "name": "a:0",
// CHECK-NEXT: "from": "a",
// CHECK-NEXT: "from_port": 0,
// CHECK-NEXT: "to": "b",
// CHECK-NEXT: "to_port": 0,
// CHECK-NEXT: "type": "f32",
// CHECK:      "bytes": 48,
// CHECK-NEXT: "hops": 0,
// CHECK-NEXT: "crossing": true,
// The second input of the model that is no state.
// CHECK:      "name": "p",
// CHECK-NEXT: "from": "",
// CHECK-NEXT: "from_port": 1,
// CHECK-NEXT: "to": "b",
// CHECK-NEXT: "to_port": 1,

// CHECK:      "worst_case_latency": 8551,
// CHECK:      "critical_path": [
// CHECK-NEXT:   "a",
// CHECK-NEXT:   "b"
// CHECK:      "cycles": 8505,
// CHECK-NEXT: "binding": "distance"
// 0.85e9 / 8530.6 cycles; a step each 20 cycles.
// CHECK:      "tokens_per_second_user": 99641.29{{[0-9]*}},
// CHECK-NEXT: "tokens_per_second_system": 42500000
// 8500 cycles of them cross wafers, in 10 us at any clock: 0.75e9 / (30.6 + 8500 x 0.75 / 0.85).
// CHECK:      "clock_ghz": 0.75,
// CHECK-NEXT: "tokens_per_second_user": 99593.65{{[0-9]*}},

// w is held twice: 384 bytes of copies; the fifth column's two empty shards are 2 x 96 bytes of padding, and so is the
// second expert that group 1 does not have: 4 x 192 bytes.
// CHECK:      "weight_bytes": 2688,
// CHECK-NEXT: "reachable_bytes": 2712,
// CHECK-NEXT: "folded": [
// CHECK-NEXT:   {
// CHECK-NEXT:     "name": "shape",
// CHECK-NEXT:     "bytes": 24
// CHECK-NEXT:   }
// CHECK-NEXT: ],
// CHECK-NEXT: "resident_bytes": 4032,
// CHECK-NEXT: "shard_bytes": 2688,
// CHECK-NEXT: "copy_bytes": 384,
// CHECK-NEXT: "padding_bytes": 960,
// CHECK-NEXT: "state_bytes": 0

// CHECK:      "assumptions": [
// CHECK-NEXT:   "clock of tiny: 0.85 GHz (made up)",
// CHECK-NEXT:   "wafer_latency of tiny: 10 us (made up)",
// CHECK-NEXT:   "cycles: limits of the hardware only, software takes none",
// CHECK-NEXT:   "routing: every expert equally likely, independently for each token",
// CHECK-NEXT:   "crossings: take the same time at every clock; the critical path is that at 0.85 GHz",
// CHECK-NEXT:   "host: its streams take no time",
// CHECK-NEXT:   "routes: a wafer works on one step at a time, so that routes whose kernels depend on each other never meet; those that may meet share links by turns"
// CHECK-NEXT: ]

// ROUTES:      "patterns": [
// ROUTES:        "name": "broadcast of 2 by 2 from 1",
// ROUTES-NEXT:   "algorithm": "broadcast",
// ROUTES-NEXT:   "cores": 2,
// ROUTES-NEXT:   "length": 3,
// ROUTES-NEXT:   "colours": 1,
// ROUTES:      "routes": [
// ROUTES:        "name": "0: all_reduce",
// ROUTES:        "kind": "all_reduce",
// ROUTES-NEXT:   "wafer": 1,
// ROUTES-NEXT:   "in_turn": true,
// ROUTES:        "pattern": "broadcast of 2 by 2 from 1",
// ROUTES-NEXT:   "line_axis": "x",
// ROUTES:          "kernel": "b",
// ROUTES-NEXT:     "op": 1,
// ROUTES-NEXT:     "times": 2,
// ROUTES-NEXT:     "wavelets": 6
// ROUTES:        "name": "1: trunk",
// ROUTES:        "wavelets": 12,
// ROUTES:          "height": 1,
// ROUTES-NEXT:     "count": 2,
// ROUTES-NEXT:     "dx": 0,
// ROUTES-NEXT:     "dy": 4,
// ROUTES-NEXT:     "in": "W",
// ROUTES-NEXT:     "out": [
// ROUTES-NEXT:      "E"
// ROUTES-NEXT:     ],
// ROUTES-NEXT:     "position": 0
// ROUTES:          "in": "ramp",
// ROUTES-NEXT:     "out": [
// ROUTES-NEXT:      "N",
// ROUTES-NEXT:      "ramp"
// ROUTES-NEXT:     ],
// ROUTES-NEXT:     "position": 1
// ROUTES:      "colours": {
// ROUTES-NEXT:  "available": 21,
// ROUTES-NEXT:  "used": 6,
// ROUTES-NEXT:  "lower_bound": 5,
// ROUTES-NEXT:  "wafer": 0,
// ROUTES-NEXT:  "x": 3,
// ROUTES-NEXT:  "y": 4
// ROUTES:      "hottest": {
// ROUTES-NEXT:   "link": "E",

// OVER: "feasible": false,
// OVER: "budget_bytes": 65536,
// OVER: "budget: 65,536 B for data on a core, of which the target has 43,008 B"
