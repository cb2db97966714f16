// A placement is a statement: nothing in it is redundant, and no clean-up of the module may touch it.
// RUN: inlay-opt %S/roundtrip.mlir > %t.before
// RUN: inlay-opt --canonicalize --cse --symbol-dce %S/roundtrip.mlir > %t.after
// RUN: diff %t.before %t.after
