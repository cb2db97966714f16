// RUN: inlay-opt %s -split-input-file -verify-diagnostics

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.pin' op wafer must not be negative, got -1}}
  inlay_wafer.pin @a wafer(-1)
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.pin' op x must not be negative, got -2}}
  inlay_wafer.pin @a wafer(0) at(-2, 3)
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.pin' op y must not be negative, got -3}}
  inlay_wafer.pin @a wafer(0) at(2, -3)
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.pin' op position (65536, 0) lies in no grid: a side has at most 65536 cores}}
  inlay_wafer.pin @a wafer(0) at(65536, 0)
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{expected two numbers, got 3}}
  inlay_wafer.pin @a wafer(0) at(1, 2, 3)
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{expected two numbers, got 0}}
  inlay_wafer.pin @a wafer(0) at()
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.pin' op attribute 'at' failed to satisfy constraint: i64 dense array attribute with exactly 2 elements}}
  "inlay_wafer.pin"() {kernel = @a, wafer = 0 : i64, at = array<i64: 1>} : () -> ()
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.keep_out' op x must not be negative, got -1}}
  inlay_wafer.keep_out at(-1, 0) size(2, 8)
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.keep_out' op position (0, 9223372036854775807) lies in no grid: a side has at most 65536 cores}}
  inlay_wafer.keep_out at(0, 9223372036854775807) size(2, 8)
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.keep_out' op needs at least 1 x 1 cores, got 0 x 8}}
  inlay_wafer.keep_out at(0, 0) size(0, 8)
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.keep_out' op has at most 65536 cores on a side, got 1 x 65537}}
  inlay_wafer.keep_out at(0, 0) size(1, 65537)
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.same_region' op needs at least two kernels, got 1}}
  inlay_wafer.same_region [@a]
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.same_region' op names kernel 'a' twice}}
  inlay_wafer.same_region [@a, @b, @a]
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.max_region' op needs at least 1 x 1 cores, got 4 x -4}}
  inlay_wafer.max_region @a size(4, -4)
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.max_region' op has at most 65536 cores on a side, got 65537 x 1}}
  inlay_wafer.max_region @a size(65537, 1)
}

// -----

inlay_wafer.constraints {
  inlay_wafer.pin @a wafer(0)
  // expected-error @below {{'inlay_wafer.pin' op pins kernel 'a' a second time}}
  inlay_wafer.pin @a wafer(1) at(0, 0)
}

// -----

inlay_wafer.constraints {
  inlay_wafer.max_region @a size(4, 4)
  // expected-error @below {{'inlay_wafer.max_region' op limits kernel 'a' a second time}}
  inlay_wafer.max_region @a size(4, 4)
}

// -----

inlay_wafer.constraints {
  // expected-error @below {{'builtin.module' op has no place in 'inlay_wafer.constraints'}}
  builtin.module {
  }
}

// -----

// expected-error @below {{'inlay_wafer.pin' op expects parent op 'inlay_wafer.constraints'}}
inlay_wafer.pin @a wafer(0)

// -----

// expected-error @below {{'inlay_wafer.keep_out' op expects parent op 'inlay_wafer.constraints'}}
inlay_wafer.keep_out at(0, 0) size(1, 1)

// -----

// expected-error @below {{'inlay_wafer.same_region' op expects parent op 'inlay_wafer.constraints'}}
inlay_wafer.same_region [@a, @b]

// -----

// expected-error @below {{'inlay_wafer.max_region' op expects parent op 'inlay_wafer.constraints'}}
inlay_wafer.max_region @a size(1, 1)

// -----

inlay_wafer.constraints {
  // expected-error @below {{'inlay_wafer.constraints' op expects parent op 'builtin.module'}}
  inlay_wafer.constraints {
  }
}

// -----

// Positions and sizes at their limits.
inlay_wafer.constraints {
  inlay_wafer.pin @a wafer(0) at(65535, 65535)
  inlay_wafer.keep_out at(65535, 0) size(65536, 65536)
}
