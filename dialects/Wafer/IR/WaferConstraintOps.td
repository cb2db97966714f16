//===- WaferConstraintOps.td - What a mapping must heed ----*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_IR_WAFERCONSTRAINTOPS_TD
#define INLAY_DIALECTS_WAFER_IR_WAFERCONSTRAINTOPS_TD

include "dialects/Wafer/IR/WaferAttrs.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"

def Wafer_ConstraintsOp : Wafer_Op<"constraints", [
    SingleBlock, NoTerminator, NoRegionArguments,
    HasParent<"::mlir::ModuleOp">]> {
  let summary = "wishes of the user that every pass must heed";
  let description = [{
    Stands in the module beside the graph before it is placed, and stays. A pass
    heeds every constraint or refuses it with an error; none is dropped.

    **Constraints:**
    - The body holds `pin`, `keep_out`, `same_region` and `max_region` only.
    - No kernel is pinned twice, and none has two limits.

    Example:
    ```mlir
    inlay_wafer.constraints {
      inlay_wafer.pin @layers.0.mlp wafer(0)
    }
    ```
  }];
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block &getBlock() { return getBody().front(); }
  }];
}

def Wafer_PinOp : Wafer_Op<"pin", [HasParent<"ConstraintsOp">]> {
  let summary = "a kernel goes where the user says";
  let description = [{
    The kernel runs on this wafer and, with `at`, on a region whose north-west
    core is this one.

    **Constraints:**
    - The wafer is not negative.
    - The position is not negative, and less than 65,536.

    Example:
    ```mlir
    inlay_wafer.pin @layers.0.mlp wafer(0) at(2, 3)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel,
                       Wafer_Int:$wafer,
                       OptionalAttr<Wafer_PairAttr>:$at);
  let assemblyFormat = [{
    $kernel `wafer` `` `(` $wafer `)` (`at` `` custom<Pair>($at)^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Wafer_KeepOutOp : Wafer_Op<"keep_out", [HasParent<"ConstraintsOp">]> {
  let summary = "a rectangle of every wafer that regions leave free";
  let description = [{
    **Constraints:**
    - The position is not negative, and less than 65,536.
    - Width and height are at least 1 and at most 65,536.

    Example:
    ```mlir
    inlay_wafer.keep_out at(0, 0) size(2, 8)
    ```
  }];
  let arguments = (ins Wafer_PairAttr:$at, Wafer_PairAttr:$size);
  let assemblyFormat = [{
    `at` `` custom<Pair>($at) `size` `` custom<Pair>($size) attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::inlay::model::Rect getRect() {
      return {getAt()[0], getAt()[1], getSize()[0], getSize()[1]};
    }
  }];
}

def Wafer_SameRegionOp : Wafer_Op<"same_region", [HasParent<"ConstraintsOp">]> {
  let summary = "kernels that take turns on one region";
  let description = [{
    **Constraints:**
    - There are at least two kernels, all different.

    Example:
    ```mlir
    inlay_wafer.same_region [@layers.0.router, @layers.0.moe]
    ```
  }];
  let arguments = (ins FlatSymbolRefArrayAttr:$kernels);
  let assemblyFormat = "$kernels attr-dict";
  let hasVerifier = 1;
}

def Wafer_MaxRegionOp : Wafer_Op<"max_region", [HasParent<"ConstraintsOp">]> {
  let summary = "the largest region that a kernel may have";
  let description = [{
    **Constraints:**
    - Width and height are at least 1 and at most 65,536.

    Example:
    ```mlir
    inlay_wafer.max_region @layers.0.router size(4, 4)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Wafer_PairAttr:$size);
  let assemblyFormat = "$kernel `size` `` custom<Pair>($size) attr-dict";
  let hasVerifier = 1;
}

#endif // INLAY_DIALECTS_WAFER_IR_WAFERCONSTRAINTOPS_TD
