//===- WaferOps.td - Operations of the inlay_wafer dialect -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_IR_WAFEROPS_TD
#define INLAY_DIALECTS_WAFER_IR_WAFEROPS_TD

include "dialects/Wafer/IR/WaferAttrs.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"

def Wafer_SystemOp : Wafer_Op<"system", [
    Symbol, SymbolTable, IsolatedFromAbove, SingleBlock, NoTerminator,
    NoRegionArguments]> {
  let summary = "the machine, and what lies on it";
  let description = [{
    `target` names the device description; the facts that the verifiers need are
    repeated here: the usable grid of one wafer, its dead rectangles, and
    `budget`, the bytes of a core that data may use. All other figures stay in
    the description.

    **Constraints:**
    - The grid is at least 1 x 1, there is at least one wafer, and the budget is
      at least 1 byte.
    - Dead rectangles lie in the grid.
    - The body holds stages, constraints and at most one estimate.
    - There is one stage for each wafer, numbered from 0 in order.
    - Each kernel is assigned at most once.
    - Regions lie in the grid, off dead rectangles, and do not overlap on a wafer.

    Example:
    ```mlir
    inlay_wafer.system @system target("grid8x8") grid(8, 8) budget(256000) wafers(1) {
      inlay_wafer.stage wafer(0) {
        inlay_wafer.region @r0 at(0, 0) size(4, 2)
        inlay_wafer.assign "embedding" to @r0
      }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$target,
                       I64Attr:$width, I64Attr:$height, I64Attr:$budget,
                       I64Attr:$wafers,
                       OptionalAttr<TypedArrayAttrBase<Wafer_RectAttr,
                                    "rectangles">>:$dead);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `target` `(` $target `)` `grid` `(` $width `,` $height `)`
    `budget` `(` $budget `)` `wafers` `(` $wafers `)` (`dead` $dead^)?
    attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block &getBlock() { return getBody().front(); }
    /// Stages in the order of their wafers.
    ::llvm::SmallVector<StageOp> getStages();
  }];
}

def Wafer_StageOp : Wafer_Op<"stage", [
    SingleBlock, NoTerminator, NoRegionArguments, HasParent<"SystemOp">]> {
  let summary = "what one wafer holds";
  let description = [{
    **Constraints:**
    - The body holds regions, assigns, expert groups, buffers and estimates.

    Example:
    ```mlir
    inlay_wafer.stage wafer(0) {
      inlay_wafer.assign "lm_head"
    }
    ```
  }];
  let arguments = (ins I64Attr:$wafer);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "`wafer` `(` $wafer `)` attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block &getBlock() { return getBody().front(); }
  }];
}

def Wafer_RegionOp : Wafer_Op<"region", [HasParent<"StageOp">]> {
  let summary = "a rectangle of cores on one wafer";
  let description = [{
    Names cores that kernels may use. A region says where, never what:
    `inlay_wafer.assign` binds a kernel to it.

    **Constraints:**
    - `x` and `y` are at least 0, `width` and `height` at least 1.

    Example:
    ```mlir
    inlay_wafer.region @r7 at(120, 64) size(48, 32)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$x, I64Attr:$y,
                       I64Attr:$width, I64Attr:$height);
  let assemblyFormat = [{
    $sym_name `at` `(` $x `,` $y `)` `size` `(` $width `,` $height `)` attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::inlay::model::Rect getRect() {
      return {static_cast<int64_t>(getX()), static_cast<int64_t>(getY()),
              static_cast<int64_t>(getWidth()),
              static_cast<int64_t>(getHeight())};
    }
  }];
}

def Wafer_AssignOp : Wafer_Op<"assign", [HasParent<"StageOp">]> {
  let summary = "a kernel runs here, cut like this";
  let description = [{
    Binds a kernel of the graph to a wafer, then to a sharding and a region, as
    these are decided.

    **Constraints:**
    - A region comes with a sharding, whose extent it has.
    - The region is one of the same stage.

    Example:
    ```mlir
    inlay_wafer.assign "lm_head" to @r0 sharding(#inlay_wafer.sharding<width = 4, height = 2, groups_wide = 1, groups_high = 1, group_width = 4, group_height = 2, axes = ["-xy"]>)
    ```
  }];
  let arguments = (ins StrAttr:$kernel,
                       OptionalAttr<FlatSymbolRefAttr>:$region,
                       OptionalAttr<Wafer_ShardingAttr>:$sharding);
  let assemblyFormat = [{
    $kernel (`to` $region^)? (`sharding` `(` $sharding^ `)`)? attr-dict
  }];
}

def Wafer_ExpertGroupOp : Wafer_Op<"expert_group", [HasParent<"StageOp">]> {
  let summary = "the cores that hold some experts of a layer";
  let description = [{
    Group `index` of a kernel's sharding, as a rectangle of the wafer, and the
    experts `first` to `end` - 1 that it holds. A group may hold none.

    **Constraints:**
    - `first` is at least 0 and at most `end`; the size is at least 1 x 1.
    - The groups of a kernel lie in its region, do not overlap, and hold each
      expert once: their ranges follow each other from 0 on.

    Example:
    ```mlir
    inlay_wafer.expert_group "layers.0.moe" index(1) at(4, 0) size(4, 2) experts(2, 4)
    ```
  }];
  let arguments = (ins StrAttr:$kernel, I64Attr:$index, I64Attr:$x, I64Attr:$y,
                       I64Attr:$width, I64Attr:$height, I64Attr:$first,
                       I64Attr:$end);
  let assemblyFormat = [{
    $kernel `index` `(` $index `)` `at` `(` $x `,` $y `)`
    `size` `(` $width `,` $height `)` `experts` `(` $first `,` $end `)` attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::inlay::model::Rect getRect() {
      return {static_cast<int64_t>(getX()), static_cast<int64_t>(getY()),
              static_cast<int64_t>(getWidth()),
              static_cast<int64_t>(getHeight())};
    }
  }];
}

def Wafer_BufferOp : Wafer_Op<"buffer", [HasParent<"StageOp">]> {
  let summary = "bytes of every core of a kernel's region";
  let description = [{
    A part of the SRAM of each core that runs the kernel, from `offset` on, which
    counts from the end of what the target reserves. All cores of a region have
    the same map; a core whose shard is shorter leaves the rest unused. The op
    says what lies where at the same time: buffers of one kernel do not overlap.

    **Constraints:**
    - `offset` and `bytes` are at least 0.
    - The buffer ends within the budget of the system.
    - Buffers of a kernel do not overlap.

    Example:
    ```mlir
    inlay_wafer.buffer "lm_head" weights "lm_head.weight" offset(0) bytes(4096)
    ```
  }];
  let arguments = (ins StrAttr:$kernel, Wafer_BufferRoleAttr:$role,
                       StrAttr:$name, I64Attr:$offset, I64Attr:$bytes);
  let assemblyFormat = [{
    $kernel $role $name `offset` `(` $offset `)` `bytes` `(` $bytes `)` attr-dict
  }];
  let hasVerifier = 1;
}

def Wafer_EstimateOp : Wafer_Op<"estimate", [
    ParentOneOf<["StageOp", "SystemOp"]>]> {
  let summary = "cycles of a kernel or of a whole step";
  let description = [{
    In a stage: cycles of one firing of `kernel`. In the system: latency of a
    step along the critical path, without `kernel`. `cycles` are, in this order,
    compute, sram, fabric latency, fabric bandwidth, software, crossing; they
    add up to the estimate. `bound` is the least that physics allows, `worst`
    the cycles under the worst routing.

    **Constraints:**
    - There are six numbers of cycles, finite and not negative.
    - `bound` is not above the sum, and `worst` not below it (up to rounding).
    - A kernel is named exactly in a stage.

    Example:
    ```mlir
    inlay_wafer.estimate "lm_head" cycles([32.0, 4.0, 20.0, 16.0, 0.0, 0.0]) bound(32.0) worst(72.0)
    ```
  }];
  let arguments = (ins OptionalAttr<StrAttr>:$kernel,
                       DenseF64ArrayAttr:$cycles, F64Attr:$bound,
                       F64Attr:$worst);
  let assemblyFormat = [{
    ($kernel^)? `cycles` `(` $cycles `)` `bound` `(` $bound `)`
    `worst` `(` $worst `)` attr-dict
  }];
  let hasVerifier = 1;
}

class Wafer_Constraint<string mnemonic>
    : Wafer_Op<mnemonic, [HasParent<"SystemOp">]>;

def Wafer_KeepOutOp : Wafer_Constraint<"keep_out"> {
  let summary = "cores that no region may use";
  let description = [{
    Like a dead rectangle, but the user's wish. Holds for every wafer, or for
    one.

    **Constraints:**
    - `x` and `y` are at least 0, `width` and `height` at least 1.

    Example:
    ```mlir
    inlay_wafer.keep_out at(0, 0) size(4, 4) wafer(1)
    ```
  }];
  let arguments = (ins I64Attr:$x, I64Attr:$y, I64Attr:$width, I64Attr:$height,
                       OptionalAttr<I64Attr>:$wafer);
  let assemblyFormat = [{
    `at` `(` $x `,` $y `)` `size` `(` $width `,` $height `)`
    (`wafer` `(` $wafer^ `)`)? attr-dict
  }];
  let hasVerifier = 1;
}

#endif // INLAY_DIALECTS_WAFER_IR_WAFEROPS_TD
