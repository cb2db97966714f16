// Every case is a module that starts with the target and the graph of tiny.mlir.
// RUN: sed '/^\/\/ -----$/r %S/Inputs/tiny.mlir' %s | \
// RUN:   inlay-opt -split-input-file -verify-diagnostics

// -----

// expected-error @below {{'inlay_wafer.system' op needs at least one wafer, got 0}}
inlay_wafer.system @system of @main wafers(0) target(#target) {
}

// -----

// expected-error @below {{'inlay_wafer.system' op places 'other', which is no 'inlay_dataflow.graph' of the module}}
inlay_wafer.system @system of @other wafers(1) target(#target) {
}

// -----

// expected-error @below {{'inlay_wafer.system' op places 'system', which is no 'inlay_dataflow.graph' of the module}}
inlay_wafer.system @system of @system wafers(1) target(#target) {
}

// -----

// expected-error @below {{'inlay_wafer.system' op has calibrated cost, but target 'tiny' has no measured costs of software}}
inlay_wafer.system @system of @main wafers(1) target(#target) cost(calibrated) {
}

// -----

// expected-error @below {{'inlay_wafer.system' op is over budget with 8192 B, but the budget is 8192 B}}
inlay_wafer.system @system of @main wafers(1) target(#target) over_budget(8192) {
}

// -----

module {
  builtin.module {
  inlay_dataflow.graph @main phase(decode) batch(1) context(7) tokens(1) {
  }
  }
}
// A graph of another module is not one of this.
module {
  // expected-error @below {{'inlay_wafer.system' op places 'main', which is no 'inlay_dataflow.graph' of the module}}
  inlay_wafer.system @system of @main wafers(1) target(#target) {
  }
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.stage' op lies on wafer 2, but the system has wafers 0 to 1}}
  inlay_wafer.stage @s wafer(2) {
  }
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.stage' op lies on wafer -1, but the system has wafers 0 to 1}}
  inlay_wafer.stage @s wafer(-1) {
  }
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  inlay_wafer.stage @s0 wafer(1) {
  }
  // expected-error @below {{'inlay_wafer.stage' op of wafer 0 stands behind that of wafer 1}}
  inlay_wafer.stage @s1 wafer(0) {
  }
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  inlay_wafer.stage @s0 wafer(1) {
  }
  // expected-error @below {{'inlay_wafer.stage' op of wafer 1 stands behind that of wafer 1}}
  inlay_wafer.stage @s1 wafer(1) {
  }
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  inlay_wafer.stage @s0 wafer(0) {
    // expected-note @below {{first assigned here}}
    inlay_wafer.assign @a
  }
  inlay_wafer.stage @s1 wafer(1) {
    // expected-error @below {{'inlay_wafer.assign' op assigns kernel 'a' a second time}}
    inlay_wafer.assign @a
  }
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  inlay_wafer.stage @s0 wafer(0) {
    // expected-note @below {{first assigned here}}
    inlay_wafer.assign @a
    // expected-error @below {{'inlay_wafer.assign' op assigns kernel 'a' a second time}}
    inlay_wafer.assign @a
  }
}

// -----

// expected-error @below {{'inlay_wafer.system' op has 2 estimates of a step}}
inlay_wafer.system @system of @main wafers(2) target(#target) {
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) path [@a] stages [4.0, 8.0] bound(#inlay_wafer.bound<>) least(4.0) model(4.0 on 1)
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) path [@a] stages [4.0, 8.0] bound(#inlay_wafer.bound<>) least(4.0) model(4.0 on 1)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'builtin.module' op has no place in an 'inlay_wafer.system'}}
  builtin.module {
  }
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.step_estimate' op has cycles of 1 stages, but the system has 2 wafers}}
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) path [@a] stages [8.0] bound(#inlay_wafer.bound<>) least(4.0) model(4.0 on 1)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.step_estimate' op cycles of other placements of experts are finite and not negative, got -1.000000e+00}}
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) path [@a] stages [8.0, 8.0] bound(#inlay_wafer.bound<>) least(4.0) model(4.0 on 1) round_robin(9.0) in_order(-1.0)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.step_estimate' op cycles of a stage are finite and not negative, got -4.000000e+00}}
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) path [@a] stages [8.0, -4.0] bound(#inlay_wafer.bound<>) least(4.0) model(4.0 on 1)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.step_estimate' op the worst case of 7.000000e+00 cycles is less than the latency of 8.000000e+00}}
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 8.0>) worst_case(7.0) path [@a] stages [4.0, 8.0] bound(#inlay_wafer.bound<>) least(4.0) model(4.0 on 1)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.step_estimate' op the worst case is finite and not negative, got INF cycles}}
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 8.0>) worst_case(0x7FF0000000000000) path [@a] stages [4.0, 8.0] bound(#inlay_wafer.bound<>) least(4.0) model(4.0 on 1)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.step_estimate' op the latency is finite and not negative, got INF cycles}}
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 1.0e308, sram = 1.0e308>) worst_case(8.0) path [@a] stages [4.0, 8.0] bound(#inlay_wafer.bound<>) least(4.0) model(4.0 on 1)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.step_estimate' op the latency of 8.000000e+00 cycles is less than the bound of 9.000000e+00}}
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) path [@a] stages [4.0, 8.0] bound(#inlay_wafer.bound<>) least(9.0) model(4.0 on 1)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.step_estimate' op the bound of 4.000000e+00 cycles is less than the bound of the model of 5.000000e+00}}
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) path [@a] stages [4.0, 8.0] bound(#inlay_wafer.bound<>) least(4.0) model(5.0 on 1)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.step_estimate' op needs at least 1 wafer, got 0}}
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) path [@a] stages [4.0, 8.0] bound(#inlay_wafer.bound<>) least(4.0) model(4.0 on 0)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.step_estimate' op the bound is finite and not negative, got -1.000000e+00 cycles}}
  inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) path [@a] stages [4.0, 8.0] bound(#inlay_wafer.bound<>) least(-1.0) model(4.0 on 1)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.connect' op leads from nowhere to nowhere}}
  inlay_wafer.connect "x" bytes(8) hops(0)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.connect' op crosses wafers, but one end is the host}}
  inlay_wafer.connect "x" to @a(0) bytes(8) hops(0) crossing
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.connect' op is in place, but leads from one place to another}}
  inlay_wafer.connect "x" from @a(0) to @b(0) bytes(8) hops(3) in_place
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.connect' op crosses wafers, but one end is the host}}
  inlay_wafer.connect "x" from @a(0) bytes(8) hops(0) crossing
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.connect' op has a port without a kernel}}
  "inlay_wafer.connect"() {name = "x", producer_port = 1 : i64, consumer = @a, bytes = 8 : i64, hops = 0 : i64} : () -> ()
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.connect' op has a port without a kernel}}
  "inlay_wafer.connect"() {name = "x", producer = @a, consumer_port = 1 : i64, bytes = 8 : i64, hops = 0 : i64} : () -> ()
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.connect' op the port of the producer must not be negative, got -1}}
  inlay_wafer.connect "x" from @a(-1) to @b(0) bytes(8) hops(0)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.connect' op the port of the consumer must not be negative, got -1}}
  inlay_wafer.connect "x" from @a(0) to @b(-1) bytes(8) hops(0)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.connect' op the number of bytes must not be negative, got -8}}
  inlay_wafer.connect "x" from @a(0) to @b(0) bytes(-8) hops(0)
}

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.connect' op the number of hops must not be negative, got -1}}
  inlay_wafer.connect "x" from @a(0) to @b(0) bytes(8) hops(-1)
}

// -----

// expected-error @below {{'inlay_wafer.stage' op expects parent op 'inlay_wafer.system'}}
inlay_wafer.stage @s wafer(0) {
}

// -----

// expected-error @below {{'inlay_wafer.connect' op expects parent op 'inlay_wafer.system'}}
inlay_wafer.connect "x" to @a(0) bytes(8) hops(0)

// -----

// expected-error @below {{'inlay_wafer.step_estimate' op expects parent op 'inlay_wafer.system'}}
inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 8.0>) worst_case(8.0) path [@a] stages [4.0, 8.0] bound(#inlay_wafer.bound<>) least(4.0) model(4.0 on 1)

// -----

inlay_wafer.system @system of @main wafers(2) target(#target) {
  // expected-error @below {{'inlay_wafer.system' op expects parent op 'builtin.module'}}
  inlay_wafer.system @inner of @main wafers(1) target(#target) {
  }
}
