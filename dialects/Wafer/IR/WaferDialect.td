//===- WaferDialect.td - The inlay_wafer dialect -----------*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_IR_WAFERDIALECT_TD
#define INLAY_DIALECTS_WAFER_IR_WAFERDIALECT_TD

include "mlir/IR/OpBase.td"

def Wafer_Dialect : Dialect {
  let name = "inlay_wafer";
  let cppNamespace = "::inlay::wafer";
  let summary = "Where the kernels of a dataflow graph lie, and what that costs";
  let description = [{
    The fourth level of Inlay's IR: a placement. A module holds the dataflow
    graph, unchanged, and one `inlay_wafer.system` that says for each kernel on
    which wafer and rectangle of cores it runs, how it is cut, what each core
    keeps where in its SRAM, and how many cycles that takes.

    The passes fill the system in steps, and each step only adds:

    | pass | adds |
    |---|---|
    | `partition-stages` | the system, its stages, an `assign` for each kernel |
    | `shard-kernels` | regions with a size, shardings, expert groups |
    | `place-regions` | positions of regions, connections |
    | `route-streams` | collectives, routes, and what they take of the fabric |
    | `allocate-memory` | buffers |
    | `schedule-step` | estimates |

    What a pass has not decided yet is absent; no value stands for "not yet".
    `verify-wafer` demands that nothing is absent.

    Kernels are named by symbol references that the dataflow graph resolves; it
    is no symbol table of MLIR.
  }];
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = [{
  private:
    void registerAttributes();

  public:
  }];
}

class Wafer_Op<string mnemonic, list<Trait> traits = []>
    : Op<Wafer_Dialect, mnemonic, traits>;

#endif // INLAY_DIALECTS_WAFER_IR_WAFERDIALECT_TD
