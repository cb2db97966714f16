// Every case is a module that starts with the target and the graph of tiny.mlir.
// RUN: sed '/^\/\/ -----$/r %S/Inputs/tiny.mlir' %s | \
// RUN:   inlay-opt -split-input-file -verify-diagnostics

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{joins 1 cores, 1 apart}}
    inlay_wafer.collective two_tree of @r0 axis(x) cores(1) pitch(1) lines [0, 0, 4, 2, 1, 0, 0] colours [0, 1, 2, 3, 4] for [@a] uses [0, 1, 8]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{joins 4 cores, 0 apart}}
    inlay_wafer.collective two_tree of @r0 axis(x) cores(4) pitch(0) lines [0, 0, 4, 2, 1, 0, 0] colours [0, 1, 2, 3, 4] for [@a] uses [0, 1, 8]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{goes along x or y}}
    inlay_wafer.collective two_tree of @r0 axis(none) cores(4) pitch(1) lines [0, 0, 4, 2, 1, 0, 0] colours [0, 1, 2, 3, 4] for [@a] uses [0, 1, 8]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{has 6 numbers of lines, not seven for each}}
    inlay_wafer.collective two_tree of @r0 axis(x) cores(4) pitch(1) lines [0, 0, 4, 2, 1, 0] colours [0, 1, 2, 3, 4] for [@a] uses [0, 1, 8]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{has lines at (0, 0) that are not of 4 routers of a grid}}
    inlay_wafer.collective two_tree of @r0 axis(x) cores(4) pitch(1) lines [0, 0, 5, 2, 1, 0, 0] colours [0, 1, 2, 3, 4] for [@a] uses [0, 1, 8]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{has lines at (-1, 0) that are not of 4 routers of a grid}}
    inlay_wafer.collective two_tree of @r0 axis(x) cores(4) pitch(1) lines [-1, 0, 4, 2, 1, 0, 0] colours [0, 1, 2, 3, 4] for [@a] uses [0, 1, 8]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{has 2 numbers of uses for 1 kernels, not three for each}}
    inlay_wafer.collective two_tree of @r0 axis(x) cores(4) pitch(1) lines [0, 0, 4, 2, 1, 0, 0] colours [0, 1, 2, 3, 4] for [@a] uses [0, 1]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{is a trunk, which is in no region}}
    inlay_wafer.route trunk of [1] in @r0 lane(0) axis(y) parts(0, 4) colours [5] wavelets(8) segments {W -> E at(0, 0) size(1, 1)}
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{is in no region}}
    inlay_wafer.route gather of [1] lane(0) axis(y) parts(0, 4) colours [5] wavelets(8) segments {W -> E at(0, 0) size(1, 1)}
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{needs streams and one colour}}
    inlay_wafer.route trunk of [] lane(0) axis(y) parts(0, 4) colours [5] wavelets(8) segments {W -> E at(0, 0) size(1, 1)}
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{needs streams and one colour}}
    inlay_wafer.route trunk of [1] lane(0) axis(y) parts(0, 4) colours [1, 2] wavelets(8) segments {W -> E at(0, 0) size(1, 1)}
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{has a segment at (0, -1) that lies in no grid}}
    inlay_wafer.route trunk of [1] lane(0) axis(y) parts(0, 4) colours [5] wavelets(8) segments {W -> E at(0, -1) size(1, 1)}
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{has a segment at (2, 3) that lies in no grid}}
    inlay_wafer.route trunk of [1] lane(0) axis(y) parts(0, 4) colours [5] wavelets(8) segments {W -> E at(2, 3) size(1, 1) repeat(4, -1, 0)}
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{has a segment at (0, 0) without legal ports}}
    inlay_wafer.route trunk of [1] lane(0) axis(y) parts(0, 4) colours [5] wavelets(8) segments {W -> E, W at(0, 0) size(1, 1)}
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{has a segment at (0, 0) without legal ports}}
    inlay_wafer.route trunk of [1] lane(0) axis(y) parts(0, 4) colours [5] wavelets(8) segments {W -> E at(0, 0) size(1, 1) position(-1)}
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{expected W, E, N, S or ramp, got 'up'}}
    inlay_wafer.route trunk of [1] lane(0) axis(y) parts(0, 4) colours [5] wavelets(8) segments {up -> E at(0, 0) size(1, 1)}
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  // expected-error @below {{uses 7 of 5 colours, at least 7}}
  inlay_wafer.fabric colours(5) used(7) least(7) at [0, 0, 0] loads []
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  // expected-error @below {{has 2 numbers of a place and 6 of loads, not three and six for each kind}}
  inlay_wafer.fabric colours(5) used(2) least(2) at [0, 0] loads [0, 1, 1, 0, 0, 0]
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  // expected-error @below {{the contention must not be negative, got -1}}
  inlay_wafer.connect "x" to @a(0) bytes(8) hops(0) contention(-1)
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{has 3 numbers of segments, not ten for each}}
    "inlay_wafer.route"() <{kind = 3 : i32, streams = array<i64: 0>, lane = 0 : i64, axis = 0 : i32, parts = array<i64: 0, 0>, colours = array<i64: 0>, wavelets = 1 : i64, segments = array<i64: 0, 0, 1>}> : () -> ()
  }
}
