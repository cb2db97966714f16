//===- WaferOps.td - Operations of the inlay_wafer dialect -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_IR_WAFEROPS_TD
#define INLAY_DIALECTS_WAFER_IR_WAFEROPS_TD

include "dialects/Wafer/IR/WaferConstraintOps.td"
include "dialects/Wafer/IR/WaferEstimateOps.td"
include "dialects/Wafer/IR/WaferRouteOps.td"

def Wafer_SystemOp : Wafer_Op<"system", [
    Symbol, SymbolTable, SingleBlock, NoTerminator, NoRegionArguments,
    HasParent<"::mlir::ModuleOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a graph placed on one or more wafers";
  let description = [{
    Maps the kernels of a dataflow graph onto `wafers` equal wafers of a target.
    `options` are the choices that led to the placement, for the record.
    `over_budget` marks a placement that a core has too little SRAM for, kept to
    be looked at: it is made for cores with that many bytes for data. `cost` is
    what estimates count, ideal where it is left out, `routing` how tokens choose
    their experts, all equally likely where it is left out.

    **Constraints:**
    - There is at least one wafer.
    - The graph is an `inlay_dataflow.graph` of the module.
    - Stages stand in the order of their wafers, at most one for each.
    - No kernel is assigned twice.
    - At most one `inlay_wafer.step_estimate` is there.
    - `over_budget` is more than the budget of the target.
    - A calibrated `cost` needs a target with `primitive.` figures.

    Example:
    ```mlir
    inlay_wafer.system @system of @main wafers(1) target(#grid8x8) options {objective = "latency"} {
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       FlatSymbolRefAttr:$graph,
                       Wafer_Int:$wafers,
                       Wafer_TargetAttr:$target,
                       OptionalAttr<Wafer_Int>:$over_budget,
                       DefaultValuedAttr<Wafer_CostMode,
                           "::inlay::wafer::CostMode::Ideal">:$cost,
                       OptionalAttr<Wafer_RoutingAttr>:$routing,
                       OptionalAttr<DictionaryAttr>:$options);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `of` $graph `wafers` `` `(` $wafers `)`
    `target` `` `(` qualified($target) `)` (`over_budget` `` `(` $over_budget^ `)`)?
    (`cost` `` `(` $cost^ `)`)? (`routing` `` `(` qualified($routing)^ `)`)?
    (`options` $options^)? attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block &getBlock() { return getBody().front(); }
    /// Bytes of a core for data that the placement is made for.
    int64_t getPlanBudget() {
      return getOverBudget() ? *getOverBudget() : getTarget().getBudget();
    }
    /// The graph that is placed, or null.
    ::inlay::dataflow::GraphOp lookupGraph();
  }];
}

def Wafer_StageOp : Wafer_Op<"stage", [
    Symbol, SymbolTable, SingleBlock, NoTerminator, NoRegionArguments,
    HasParent<"SystemOp">]> {
  let summary = "what one wafer holds";
  let description = [{
    A stage of the pipeline over wafers. The regions of a stage are symbols of
    it. Order in the body is no schedule.

    **Constraints:**
    - `wafer` is one of the system's.
    - Placed regions do not overlap.
    - A region that several kernels are assigned to is `shared`, and one that is
      not has at most one.
    - Expert groups, buffers and estimates belong to kernels of this stage.
    - The expert groups of a kernel are numbered from 0 in order, do not overlap,
      and take all experts from 0 on in order, each exactly once.
    - No two buffers of one kernel overlap in both bytes and live range, and no
      two of kernels that share a region in bytes, unless both are scratch.
    - A kernel has at most one estimate.

    Example:
    ```mlir
    inlay_wafer.stage @stage_0 wafer(0) {
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Wafer_Int:$wafer);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `wafer` `` `(` $wafer `)` attr-dict-with-keyword $body
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Block &getBlock() { return getBody().front(); }
    SystemOp getSystem();
  }];
}

def Wafer_RegionOp : Wafer_Op<"region", [Symbol, HasParent<"StageOp">]> {
  let summary = "a rectangle of cores on one wafer";
  let description = [{
    Cores that kernels may use. A region says where, never what:
    `inlay_wafer.assign` gives it to kernels. Sizes are columns and rows,
    positions those of the north-west core. A region without `at` is wanted, but
    not placed yet. A `shared` region is given to several kernels, which take
    turns.

    **Constraints:**
    - Width and height are at least 1.
    - The rectangle lies inside the grid and covers no dead cores.

    Example:
    ```mlir
    inlay_wafer.region @r0 at(0, 4) size(8, 4)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       OptionalAttr<Wafer_PairAttr>:$at,
                       Wafer_PairAttr:$size,
                       UnitAttr:$shared);
  let assemblyFormat = [{
    $sym_name (`at` `` custom<Pair>($at)^)? `size` `` custom<Pair>($size)
    (`shared` $shared^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getWidth() { return getSize()[0]; }
    int64_t getHeight() { return getSize()[1]; }
    bool isPlaced() { return getAt().has_value(); }
    /// Of a placed region.
    ::inlay::model::Rect getRect() {
      ::llvm::ArrayRef<int64_t> at = *getAt();
      return {at[0], at[1], getWidth(), getHeight()};
    }
    StageOp getStage();
  }];
}

def Wafer_AssignOp : Wafer_Op<"assign", [
    HasParent<"StageOp">, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a kernel, the region it runs on and how it is cut";
  let description = [{
    Puts a kernel of the graph onto the stage's wafer and, once that is decided,
    onto a region, cut by a sharding. It moves no data. `contention` are the
    wavelets of streams that may pass the fullest of its links while it works;
    `route-streams` counts them.

    **Constraints:**
    - `region` and `sharding` are both there or both absent.
    - The region is one of the stage's.
    - The groups of the sharding fit the region; without several groups, the
      group is the region.
    - The contention is not negative.

    Example:
    ```mlir
    inlay_wafer.assign @layers.0.mlp to @r0 sharding(#inlay_wafer.sharding<group = 8 x 4, ops = [[none, x, y]]>)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel,
                       OptionalAttr<FlatSymbolRefAttr>:$region,
                       OptionalAttr<Wafer_ShardingAttr>:$sharding,
                       DefaultValuedAttr<Wafer_Int, "0">:$contention);
  let assemblyFormat = [{
    $kernel (`to` $region^)?
    (`sharding` `` `(` qualified($sharding)^ `)`)?
    (`contention` `` `(` $contention^ `)`)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    StageOp getStage();
    /// The region of the stage, or null.
    RegionOp lookupRegion();
  }];
}

def Wafer_ExpertGroupOp : Wafer_Op<"expert_group", [HasParent<"StageOp">]> {
  let summary = "a sub-rectangle of a region that holds some experts of a layer";
  let description = [{
    Group `index` of a kernel of experts holds `experts`, in this order, at
    `offset` from the north-west core of the kernel's region. It moves with the
    region. A group may hold no expert, and several may hold the same: token t of
    a step goes to the (t mod r)-th of the r groups that hold its expert.

    **Constraints:**
    - Width and height are at least 1, the offset is not negative.
    - Experts are not negative, and all different.
    - The kernel is assigned to a region, which contains the group.

    Example:
    ```mlir
    inlay_wafer.expert_group 1 of @layers.0.moe offset(4, 0) size(4, 4) experts [4, 0, 7]
    ```
  }];
  let arguments = (ins Wafer_Int:$index,
                       FlatSymbolRefAttr:$kernel,
                       Wafer_PairAttr:$offset,
                       Wafer_PairAttr:$size,
                       DenseI64ArrayAttr:$experts);
  let assemblyFormat = [{
    $index `of` $kernel `offset` `` custom<Pair>($offset)
    `size` `` custom<Pair>($size) `experts` $experts attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Relative to the region.
    ::inlay::model::Rect getRect() {
      return {getOffset()[0], getOffset()[1], getSize()[0], getSize()[1]};
    }
  }];
}

def Wafer_BufferOp : Wafer_Op<"buffer", [HasParent<"StageOp">]> {
  let summary = "a part of the SRAM of every core that runs a kernel";
  let description = [{
    All cores of a region form one class: they have one map of buffers, sized
    for the fullest core. Kernels that share the region share it. Offsets and bytes count from the start of the
    data area, behind what the target reserves. `name` is the tensor that the
    buffer holds the shard of. The buffer is needed from op `first` of the
    kernel up to and including op `last`; weights, states, inputs and outputs
    are needed all the time.

    **Constraints:**
    - Offset and bytes are not negative; the offset is a multiple of 16.
    - `first` is at most `last`, and not negative.
    - The buffer ends inside the budget of a core, or what the system is
      `over_budget` with.

    Example:
    ```mlir
    inlay_wafer.buffer "fc1" of @layers.0.moe role(weights) offset(0) bytes(4096) ops(0 to 2)
    ```
  }];
  let arguments = (ins StrAttr:$name,
                       FlatSymbolRefAttr:$kernel,
                       Wafer_BufferRole:$role,
                       Wafer_Int:$offset,
                       Wafer_Int:$bytes,
                       Wafer_Int:$first,
                       Wafer_Int:$last);
  let assemblyFormat = [{
    $name `of` $kernel `role` `` `(` $role `)` `offset` `` `(` $offset `)`
    `bytes` `` `(` $bytes `)` `ops` `` `(` $first `to` $last `)` attr-dict
  }];
  let hasVerifier = 1;
}

#endif // INLAY_DIALECTS_WAFER_IR_WAFEROPS_TD
