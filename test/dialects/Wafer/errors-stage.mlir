// Every case is a module that starts with the target and the graph of tiny.mlir.
// RUN: sed '/^\/\/ -----$/r %S/Inputs/tiny.mlir' %s | \
// RUN:   inlay-opt -split-input-file -verify-diagnostics

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.buffer' op the offset must not be negative, got -16}}
    inlay_wafer.buffer "w" of @a role(weights) offset(-16) bytes(64) ops(0 to 0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.buffer' op the size must not be negative, got -1}}
    inlay_wafer.buffer "w" of @a role(weights) offset(0) bytes(-1) ops(0 to 0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.buffer' op the first op must not be negative, got -1}}
    inlay_wafer.buffer "w" of @a role(weights) offset(0) bytes(64) ops(-1 to 0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.buffer' op lies at 8 B, which is no multiple of 16}}
    inlay_wafer.buffer "w" of @a role(weights) offset(8) bytes(64) ops(0 to 0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.buffer' op is needed from op 2 to op 1, which is backwards}}
    inlay_wafer.buffer "w" of @a role(weights) offset(0) bytes(64) ops(2 to 1)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.buffer' op of 8193 B at 0 B leaves the budget of 8192 B of a core}}
    inlay_wafer.buffer "w" of @a role(weights) offset(0) bytes(8193) ops(0 to 0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.buffer' op of 17 B at 8176 B leaves the budget of 8192 B of a core}}
    inlay_wafer.buffer "w" of @a role(weights) offset(8176) bytes(17) ops(0 to 0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.buffer' op of 9223372036854775807 B at 16 B leaves the budget of 8192 B of a core}}
    inlay_wafer.buffer "w" of @a role(weights) offset(16) bytes(9223372036854775807) ops(0 to 0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) over_budget(16384) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.buffer' op of 16385 B at 0 B leaves the budget of 16384 B of a core}}
    inlay_wafer.buffer "w" of @a role(weights) offset(0) bytes(16385) ops(0 to 0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.assign' op the contention must not be negative, got -1}}
    inlay_wafer.assign @a contention(-1)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.buffer' op names kernel 'b', which is not assigned to this stage}}
    inlay_wafer.buffer "w" of @b role(weights) offset(0) bytes(64) ops(0 to 0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.assign @a
    // expected-note @below {{the other buffer}}
    inlay_wafer.buffer "w" of @a role(weights) offset(0) bytes(32) ops(0 to 1)
    // expected-error @below {{'inlay_wafer.buffer' op 'v' overlaps buffer 'w' while both are needed}}
    inlay_wafer.buffer "v" of @a role(weights) offset(16) bytes(64) ops(1 to 2)
  }
}

// -----

// On a region that kernels share, only scratch of different kernels may lie in the same bytes.
inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.region @r size(1, 1) shared
    inlay_wafer.assign @a to @r sharding(#inlay_wafer.sharding<group = 1 x 1, ops = []>)
    inlay_wafer.assign @b to @r sharding(#inlay_wafer.sharding<group = 1 x 1, ops = []>)
    // expected-note @below {{the other buffer}}
    inlay_wafer.buffer "w" of @a role(weights) offset(0) bytes(32) ops(0 to 1)
    inlay_wafer.buffer "t" of @a role(scratch) offset(32) bytes(32) ops(0 to 1)
    inlay_wafer.buffer "u" of @b role(scratch) offset(32) bytes(32) ops(0 to 1)
    // expected-error @below {{'inlay_wafer.buffer' op 'v' overlaps buffer 'w' of 'a' while both are needed}}
    inlay_wafer.buffer "v" of @b role(scratch) offset(16) bytes(16) ops(0 to 1)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // Bytes taken turns in, of different kernels, or empty.
    inlay_wafer.assign @a
    inlay_wafer.assign @b
    inlay_wafer.buffer "w" of @a role(scratch) offset(0) bytes(32) ops(0 to 1)
    inlay_wafer.buffer "v" of @a role(scratch) offset(16) bytes(64) ops(2 to 2)
    inlay_wafer.buffer "u" of @a role(scratch) offset(16) bytes(0) ops(0 to 2)
    inlay_wafer.buffer "w" of @b role(weights) offset(0) bytes(8192) ops(0 to 0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.estimate' op bytes are finite and not negative, got -1.000000e+00}}
    inlay_wafer.estimate @a cycles(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) bound(#inlay_wafer.bound<>) unknown_bytes(-1.0) moved_bytes(8.0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.estimate' op bytes are finite and not negative, got INF}}
    inlay_wafer.estimate @a cycles(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) bound(#inlay_wafer.bound<>) unknown_bytes(0.0) moved_bytes(0x7FF0000000000000)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.estimate' op the worst case of 7.000000e+00 cycles is less than the total of 8.000000e+00}}
    inlay_wafer.estimate @a cycles(#inlay_wafer.cycles<compute = 8.0>) worst_case(7.0) bound(#inlay_wafer.bound<>) unknown_bytes(0.0) moved_bytes(8.0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.estimate' op the worst case is finite and not negative, got nan cycles}}
    inlay_wafer.estimate @a cycles(#inlay_wafer.cycles<compute = 8.0>) worst_case(0x7FF8000000000000) bound(#inlay_wafer.bound<>) unknown_bytes(0.0) moved_bytes(8.0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.estimate' op names kernel 'b', which is not assigned to this stage}}
    inlay_wafer.estimate @b cycles(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) bound(#inlay_wafer.bound<>) unknown_bytes(0.0) moved_bytes(8.0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.assign @a
    inlay_wafer.estimate @a cycles(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) bound(#inlay_wafer.bound<>) unknown_bytes(0.0) moved_bytes(8.0)
    // expected-error @below {{'inlay_wafer.estimate' op is the second of kernel 'a'}}
    inlay_wafer.estimate @a cycles(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) bound(#inlay_wafer.bound<>) unknown_bytes(0.0) moved_bytes(8.0)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'builtin.module' op has no place in an 'inlay_wafer.stage'}}
    builtin.module {
    }
  }
}

// -----

// expected-error @below {{'inlay_wafer.buffer' op expects parent op 'inlay_wafer.stage'}}
inlay_wafer.buffer "w" of @a role(weights) offset(0) bytes(64) ops(0 to 0)

// -----

// expected-error @below {{'inlay_wafer.estimate' op expects parent op 'inlay_wafer.stage'}}
inlay_wafer.estimate @a cycles(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) bound(#inlay_wafer.bound<>) unknown_bytes(0.0) moved_bytes(8.0)
