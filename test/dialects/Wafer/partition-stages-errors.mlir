// Every error of the pass, each by one option or one op more than in a run that succeeds.
// DEFINE: %{input} = %S/Inputs/mlp-and-experts.mlir
// DEFINE: %{target} = target=grid8x8 target-dir=%inlay_src_root/targets
// DEFINE: %{options} =
// DEFINE: %{run} = not inlay-opt %{input} --partition-stages='%{options}' 2>&1 | FileCheck %s

// REDEFINE: %{options} = target=nope target-dir=%inlay_src_root/targets
// RUN: %{run} --check-prefix=UNKNOWN
// UNKNOWN: error: there is no target 'nope'
// UNKNOWN: note: shipped targets: grid8x8, wormhole, wse2, wse3; or give the path of a .json file

// REDEFINE: %{options} = target=%t.absent.json
// RUN: %{run} --check-prefix=ABSENT
// ABSENT: absent.json:0:0: error: cannot read the device description: No such file or directory

// REDEFINE: %{options} = %{target} wafers=0
// RUN: %{run} --check-prefix=ZERO
// ZERO: error: option --wafers: must be 'auto' or a number of at least 1, got '0'

// REDEFINE: %{options} = %{target} wafers=many
// RUN: %{run} --check-prefix=MANY
// MANY: error: option --wafers: must be 'auto' or a number of at least 1, got 'many'

// REDEFINE: %{options} = %{target} wafers=3
// RUN: %{run} --check-prefix=THREE
// THREE: error: option --wafers: 3 wafers cannot be used: the model has 2 kernels, so 1 to 2 wafers, or auto

// REDEFINE: %{options} = target=wormhole target-dir=%inlay_src_root/targets cost=calibrated
// RUN: %{run} --check-prefix=IDEAL
// IDEAL: error: option --cost: target 'wormhole' has no measured costs of software
// IDEAL: note: use --cost ideal, or a target with primitives

// REDEFINE: %{options} = %{target} reserve=262144
// RUN: %{run} --check-prefix=RESERVE
// RESERVE: error: option --reserve: must leave some of a core's 262,144 B, got 262,144 B

// REDEFINE: %{options} = %{target} crossing-latency=-3
// RUN: %{run} --check-prefix=CROSSING
// CROSSING: error: option --crossing-latency: must be a number of microseconds of at least 0

// What does not fit anywhere is said for every kernel, with what would help.
// REDEFINE: %{options} = %{target} reserve=261200
// RUN: %{run} --check-prefix=LARGE
// LARGE:      error: kernel 'mlp': needs 2,464 B on a core even when spread over all 8 x 8 cores; the budget of a core is 944 B, short by 1,520 B
// LARGE: note: largest: state 2,048 B, weights 256 B, streams 128 B, scratch 32 B
// LARGE: note: would fit by itself: 1,520 B more on each core (a smaller --reserve or a target with more SRAM){{ *$}}
// LARGE: error: kernel 'moe': needs 3,360 B on a core even when spread over all 8 x 8 cores; the budget of a core is 944 B, short by 2,416 B
// LARGE: error: the model: needs 3,360 B on each of the 8 x 8 cores at (0, 0) of wafer 1, the budget of a core is 944 B, short by 2,416 B; in all 128 cores of 2 wafers are short
// LARGE: note: would not fit: with any number of --wafers
// REDEFINE: %{options} = %{target} reserve=261200 what-fits=false
// RUN: %{run} --check-prefix=SILENT
// SILENT: error: kernel 'moe': needs 3,360 B on a core
// SILENT-NOT: error: the model

// What fits only on more wafers than were asked for.
// REDEFINE: %{options} = %{target} reserve=258000 wafers=1
// RUN: %{run} --check-prefix=FEW
// FEW: error: the model: takes 2 wafers, 1 given: 1 wafer holds 265.2 kB and the model needs 215.0 kB, but no kernel is cut over wafers, so that on each there is room that the next does not fit into{{$}}
// FEW: note: largest: moe 196.6 kB, mlp 18.4 kB
// FEW: note: would fit: --wafers 2
// FEW: error: the model: needs 4,576 B on each of the 8 x 6 cores at (0, 2) of wafer 0, the budget of a core is 4,144 B, short by 432 B; in all 48 cores of 1 wafer are short
// FEW: note: largest on each of them: fc1 1,408 B, fc2 1,408 B, fc3 1,408 B, input 0 (double-buffered) of 'moe' 96 B, output 0 (double-buffered) of 'moe' 96 B
// FEW: note: would fit: 528 B more on each core: --reserve 257472 instead of 258000, or cores of 262,672 B instead of 262,144 B
// FEW: note: would fit: --wafers 2 instead of 1; the most layers on one of them are then 1 instead of 2
// FEW: note: would fit: weights of 8 bits instead of 32, not counting scales
// FEW: note: would fit: states of 4 bits instead of 32, not counting scales

// The same is placed as if cores had more SRAM, if that is wanted; what is short becomes a warning. 16 bytes less do not do.
// RUN: inlay-opt %{input} --partition-stages='%{target} reserve=261200 allow-over-budget' 2>&1 | FileCheck %s --check-prefix=OVER
// OVER: warning: kernel 'mlp': needs 2,464 B on a core
// OVER: warning: kernel 'moe': needs 3,360 B on a core
// OVER: inlay_wafer.system @system of @main wafers(2) target(#target) over_budget(3360)
// RUN: not inlay-opt %{input} --partition-stages='%{target} reserve=258800' 2>&1 | FileCheck %s --check-prefix=LESS
// LESS: error: kernel 'moe': needs 3,360 B on a core even when spread over all 8 x 8 cores; the budget of a core is 3,344 B, short by 16 B

// Streams alone can be too large too.
// RUN: inlay-opt %S/Inputs/wide-stream.mlir --partition-stages='%{target} allow-over-budget' 2>&1 | FileCheck %s --check-prefix=WIDE
// WIDE: warning: kernel 'wide': needs
// WIDE: inlay_wafer.system @system of @main wafers(1) target(#target) over_budget(

// A graph is placed once.
// RUN: inlay-opt %{input} --partition-stages='%{target}' -o %t.placed.mlir
// RUN: not inlay-opt %t.placed.mlir --partition-stages='%{target}' 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: the graph is placed already, by system 'system'

// Constraints name kernels of the graph, and are in a file that can be read.
// RUN: cp %{input} %t.pinned.mlir
// RUN: echo 'inlay_wafer.constraints { inlay_wafer.pin @nobody wafer(0) }' >> %t.pinned.mlir
// RUN: not inlay-opt %t.pinned.mlir --partition-stages='%{target}' 2>&1 | FileCheck %s --check-prefix=NOBODY
// NOBODY: error: names kernel 'nobody', which the graph does not have
// RUN: not inlay-opt %{input} --partition-stages='%{target} constraints=%t.absent.json' 2>&1 | FileCheck %s --check-prefix=NOFILE
// NOFILE: error: constraints file '{{.*}}.absent.json': cannot be read: No such file or directory
// RUN: echo '{"pin": [{"kernel": "mpl", "wafer": 0}]}' > %t.wrong.json
// RUN: not inlay-opt %{input} --partition-stages='%{target} constraints=%t.wrong.json' 2>&1 | FileCheck %s --check-prefix=WRONG
// WRONG: error: constraints file '{{.*}}.wrong.json': {{.*}}'mpl' matches no kernel of the model, there is 'mlp'

// RUN: cp %{input} %t.kept-out.mlir
// RUN: echo 'inlay_wafer.constraints { inlay_wafer.keep_out at(0, 0) size(8, 8) }' >> %t.kept-out.mlir
// RUN: not inlay-opt %t.kept-out.mlir --partition-stages='%{target}' 2>&1 | FileCheck %s --check-prefix=KEPTOUT
// KEPTOUT: error: constraints: leave no core: with the target's dead cores they keep kernels out of the whole grid

// RUN: echo 'module {}' | not inlay-opt --partition-stages='%{target}' 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: the wafer level places one 'inlay_dataflow.graph', this module holds 0
