// Every case is a module that starts with the target and the graph of tiny.mlir.
// RUN: sed '/^\/\/ -----$/r %S/Inputs/tiny.mlir' %s | \
// RUN:   inlay-opt -split-input-file -verify-diagnostics

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.region' op needs at least 1 x 1 cores, got 0 x 4}}
    inlay_wafer.region @r size(0, 4)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.region' op has at most 65536 cores on a side, got 65537 x 4}}
    inlay_wafer.region @r size(65537, 4)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.region' op of 9 x 4 cores is larger than the grid of 8 x 8}}
    inlay_wafer.region @r size(9, 4)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.region' op of 4 x 9 cores is larger than the grid of 8 x 8}}
    inlay_wafer.region @r size(4, 9)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.region' op at (6, 0) of 4 x 4 cores leaves the grid of 8 x 8}}
    inlay_wafer.region @r at(6, 0) size(4, 4)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.region' op at (0, 6) of 4 x 4 cores leaves the grid of 8 x 8}}
    inlay_wafer.region @r at(0, 6) size(4, 4)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.region' op at (-1, 0) of 4 x 4 cores leaves the grid of 8 x 8}}
    inlay_wafer.region @r at(-1, 0) size(4, 4)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.region' op at (9223372036854775807, 0) of 1 x 1 cores leaves the grid of 8 x 8}}
    inlay_wafer.region @r at(9223372036854775807, 0) size(1, 1)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.region' op covers dead cores: 2 x 2 at (6, 6)}}
    inlay_wafer.region @r at(4, 4) size(3, 3)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-note @below {{the other region}}
    inlay_wafer.region @r0 at(0, 0) size(4, 4)
    // expected-error @below {{'inlay_wafer.region' op 'r1' overlaps region 'r0'}}
    inlay_wafer.region @r1 at(3, 3) size(3, 3)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.region @r size(4, 4)
    // expected-error @below {{'inlay_wafer.assign' op has a region, but no sharding}}
    inlay_wafer.assign @a to @r
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.assign' op has a sharding, but no region}}
    inlay_wafer.assign @a sharding(#inlay_wafer.sharding<group = 4 x 4, ops = []>)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.assign' op names region 'q', which the stage does not have}}
    inlay_wafer.assign @a to @q sharding(#inlay_wafer.sharding<group = 4 x 4, ops = []>)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.region @r size(4, 4)
    // expected-error @below {{'inlay_wafer.assign' op is cut over 4 x 2 cores, but its region has 4 x 4}}
    inlay_wafer.assign @a to @r sharding(#inlay_wafer.sharding<group = 4 x 2, ops = []>)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.region @r size(4, 4)
    // expected-error @below {{'inlay_wafer.assign' op 3 x 1 groups of 2 x 4 cores do not fit its region of 4 x 4}}
    inlay_wafer.assign @a to @r sharding(#inlay_wafer.sharding<groups = 3 x 1, group = 2 x 4, ops = []>)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.region @r size(4, 4)
    // expected-error @below {{'inlay_wafer.assign' op 1 x 2 groups of 4 x 3 cores do not fit its region of 4 x 4}}
    inlay_wafer.assign @a to @r sharding(#inlay_wafer.sharding<groups = 1 x 2, group = 4 x 3, ops = []>)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.region @r size(4, 4)
    // expected-error @below {{'inlay_wafer.assign' op 9223372036854775807 x 1 groups of 9223372036854775807 x 1 cores do not fit its region of 4 x 4}}
    inlay_wafer.assign @a to @r sharding(#inlay_wafer.sharding<groups = 9223372036854775807 x 1, group = 9223372036854775807 x 1, ops = []>)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.region @r size(4, 4)
    // expected-note @below {{the first kernel}}
    inlay_wafer.assign @a to @r sharding(#inlay_wafer.sharding<group = 4 x 4, ops = []>)
    // expected-error @below {{'inlay_wafer.assign' op gives region 'r', which is not shared, a second kernel}}
    inlay_wafer.assign @b to @r sharding(#inlay_wafer.sharding<group = 4 x 4, ops = []>)
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.expert_group' op needs at least 1 x 1 cores, got 4 x 0}}
    inlay_wafer.expert_group 0 of @a offset(0, 0) size(4, 0) experts [0, 1, 2, 3]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.expert_group' op has at most 65536 cores on a side, got 65537 x 1}}
    inlay_wafer.expert_group 0 of @a offset(0, 0) size(65537, 1) experts [0, 1, 2, 3]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.expert_group' op the index must not be negative, got -1}}
    inlay_wafer.expert_group -1 of @a offset(0, 0) size(4, 4) experts [0, 1, 2, 3]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.expert_group' op x of the offset must not be negative, got -4}}
    inlay_wafer.expert_group 0 of @a offset(-4, 0) size(4, 4) experts [0, 1, 2, 3]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.expert_group' op y of the offset must not be negative, got -4}}
    inlay_wafer.expert_group 0 of @a offset(0, -4) size(4, 4) experts [0, 1, 2, 3]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.expert_group' op an expert must not be negative, got -1}}
    inlay_wafer.expert_group 0 of @a offset(0, 0) size(4, 4) experts [-1, 0, 1, 2, 3]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.expert_group' op holds expert 3 twice}}
    inlay_wafer.expert_group 0 of @a offset(0, 0) size(4, 4) experts [4, 3, 3]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // expected-error @below {{'inlay_wafer.expert_group' op names kernel 'b', which is not assigned to this stage}}
    inlay_wafer.expert_group 0 of @b offset(0, 0) size(4, 4) experts [0, 1, 2, 3]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.assign @a
    // expected-error @below {{'inlay_wafer.expert_group' op kernel 'a' has no region yet}}
    inlay_wafer.expert_group 0 of @a offset(0, 0) size(4, 4) experts [0, 1, 2, 3]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.region @r size(8, 4)
    inlay_wafer.assign @a to @r sharding(#inlay_wafer.sharding<groups = 2 x 1, group = 4 x 4, ops = []>)
    // expected-error @below {{'inlay_wafer.expert_group' op has index 1, but is number 0}}
    inlay_wafer.expert_group 1 of @a offset(0, 0) size(4, 4) experts [0, 1, 2, 3]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.region @r size(8, 4)
    inlay_wafer.assign @a to @r sharding(#inlay_wafer.sharding<groups = 2 x 1, group = 4 x 4, ops = []>)
    // expected-error @below {{'inlay_wafer.expert_group' op leaves the region of 8 x 4 cores}}
    inlay_wafer.expert_group 0 of @a offset(5, 0) size(4, 4) experts [0, 1, 2, 3]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.region @r size(8, 4)
    inlay_wafer.assign @a to @r sharding(#inlay_wafer.sharding<groups = 2 x 1, group = 4 x 4, ops = []>)
    // expected-error @below {{'inlay_wafer.expert_group' op leaves the region of 8 x 4 cores}}
    inlay_wafer.expert_group 0 of @a offset(0, 9223372036854775807) size(4, 4) experts [0, 1, 2, 3]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    inlay_wafer.region @r size(8, 4)
    inlay_wafer.assign @a to @r sharding(#inlay_wafer.sharding<groups = 2 x 1, group = 4 x 4, ops = []>)
    inlay_wafer.expert_group 0 of @a offset(0, 0) size(4, 4) experts [0, 1, 2, 3]
    // expected-error @below {{'inlay_wafer.expert_group' op overlaps group 0}}
    inlay_wafer.expert_group 1 of @a offset(3, 0) size(4, 4) experts [4, 5, 6, 7]
  }
}

// -----

inlay_wafer.system @system of @main wafers(1) target(#target) {
  inlay_wafer.stage @s wafer(0) {
    // A group may hold no expert, and several the same.
    inlay_wafer.region @r size(8, 4)
    inlay_wafer.assign @a to @r sharding(#inlay_wafer.sharding<groups = 2 x 1, group = 4 x 4, ops = []>)
    inlay_wafer.expert_group 0 of @a offset(0, 0) size(4, 4) experts [0, 1, 2, 3]
    inlay_wafer.expert_group 1 of @a offset(4, 0) size(4, 4) experts []
  }
}

// -----

// expected-error @below {{'inlay_wafer.region' op expects parent op 'inlay_wafer.stage'}}
inlay_wafer.region @r size(1, 1)

// -----

// expected-error @below {{'inlay_wafer.assign' op expects parent op 'inlay_wafer.stage'}}
inlay_wafer.assign @a

// -----

// expected-error @below {{'inlay_wafer.expert_group' op expects parent op 'inlay_wafer.stage'}}
inlay_wafer.expert_group 0 of @a offset(0, 0) size(4, 4) experts [0, 1, 2, 3]
