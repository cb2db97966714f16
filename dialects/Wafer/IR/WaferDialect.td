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
  let summary = "Where everything lies on the machine";
  let description = [{
    The last level of Inlay's IR: beside the `inlay_dataflow.graph` of a module,
    one `inlay_wafer.system` says on which wafer and which cores each kernel runs,
    how it is cut over them, what every core holds and how long a step takes.
    Kernels are named by their symbol in the graph.

    The level is reached step by step: `partition-stages` makes the system, its
    stages and an `assign` for each kernel; `shard-kernels` gives each assign a
    sharding; `place-regions` a region; `allocate-memory` adds buffers and
    `schedule-step` estimates. What a pass has not decided yet is absent, never
    a special value.
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
