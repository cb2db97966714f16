//===- WaferRouteOps.td - Routes of an inlay_wafer system --*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_IR_WAFERROUTEOPS_TD
#define INLAY_DIALECTS_WAFER_IR_WAFERROUTEOPS_TD

include "dialects/Wafer/IR/WaferAttrs.td"
include "mlir/IR/SymbolInterfaces.td"

def Wafer_Algorithm : Wafer_Enum<"Algorithm", "how a collective goes on a line", [
  I32EnumAttrCase<"Star", 0, "star">,
  I32EnumAttrCase<"Chain", 1, "chain">,
  I32EnumAttrCase<"Tree", 2, "tree">,
  I32EnumAttrCase<"TwoPhase", 3, "two_phase">,
  I32EnumAttrCase<"StarBroadcast", 4, "star_broadcast">,
  I32EnumAttrCase<"ChainBroadcast", 5, "chain_broadcast">,
  I32EnumAttrCase<"TreeBroadcast", 6, "tree_broadcast">,
  I32EnumAttrCase<"TwoPhaseBroadcast", 7, "two_phase_broadcast">,
  I32EnumAttrCase<"TwoTree", 8, "two_tree">,
  I32EnumAttrCase<"Ring", 9, "ring">,
  I32EnumAttrCase<"Broadcast", 10, "broadcast">,
  I32EnumAttrCase<"Shift", 11, "shift">,
  I32EnumAttrCase<"MiddleChain", 12, "middle_chain">,
  I32EnumAttrCase<"MiddleOnePhase", 13, "middle_one_phase">,
  I32EnumAttrCase<"MiddleTwoPhases", 14, "middle_two_phases">,
  I32EnumAttrCase<"MiddleThreePhases", 15, "middle_three_phases">,
  I32EnumAttrCase<"AllGather", 16, "all_gather">,
]>;

def Wafer_CollectiveKind : Wafer_Enum<"CollectiveKind", "what a collective is for", [
  I32EnumAttrCase<"AllReduce", 0, "all_reduce">,
  I32EnumAttrCase<"Combine", 1, "combine">,
  I32EnumAttrCase<"Move", 2, "move">,
]>;

def Wafer_RouteKind : Wafer_Enum<"RouteKind", "a part of the way of a stream", [
  I32EnumAttrCase<"Gather", 2, "gather">,
  I32EnumAttrCase<"Trunk", 3, "trunk">,
  I32EnumAttrCase<"Spread", 4, "spread">,
]>;

def Wafer_CollectiveOp : Wafer_Op<"collective", [HasParent<"StageOp">]> {
  let summary = "a collective on lines of cores of a region";
  let description = [{
    `cores` cores, each `pitch` from the last, exchange data by `algorithm` on
    every line of `lines` along `axis`, a broadcast from core `root`, an
    all-gather in which at most `root` others have something for a core. A rectangle of lines occurs `count`
    times, each (dx, dy) from the one before. Kernels of the region run it in
    turn: `uses` gives for each of `kernels` the op that does, how often in a
    step, and the wavelets of a vector. It is the `all_reduce` of an op's partial
    results, where nothing is said; or it adds what groups of experts made
    (`combine`); or it brings a value to where an op reads it, or behind the last
    op to where outputs are handed over (`move`).

    What the routers of a line do follows from the algorithm; docs/plan.md.

    **Constraints:**
    - There are at least two cores, each at least one from the last.
    - The axis is x or y.
    - Lines have seven numbers each (x, y, width, height, count, dx, dy), and are
      as long as the cores need.
    - There are three numbers in `uses` for each kernel.

    Example:
    ```mlir
    inlay_wafer.collective two_tree of @r0 axis(x) cores(8) pitch(1) lines [0, 0, 8, 8, 1, 0, 0] colours [0, 1, 2, 3, 4] for [@layers.0.mlp] uses [1, 1, 16]
    ```
  }];
  let arguments = (ins Wafer_Algorithm:$algorithm,
                       FlatSymbolRefAttr:$region,
                       Wafer_Axis:$axis,
                       Wafer_Int:$cores,
                       Wafer_Int:$pitch,
                       DefaultValuedAttr<Wafer_Int, "0">:$root,
                       DenseI64ArrayAttr:$lines,
                       DenseI64ArrayAttr:$colours,
                       FlatSymbolRefArrayAttr:$kernels,
                       DenseI64ArrayAttr:$uses,
                       DefaultValuedAttr<Wafer_CollectiveKind,
                         "CollectiveKind::AllReduce">:$kind);
  let assemblyFormat = [{
    $algorithm `of` $region (`to` $kind^)? `axis` `` `(` $axis `)`
    `cores` `` `(` $cores `)` `pitch` `` `(` $pitch `)` (`root` `` `(` $root^ `)`)?
    `lines` $lines `colours` $colours
    `for` $kernels `uses` $uses attr-dict
  }];
  let hasVerifier = 1;
}

def Wafer_RouteOp : Wafer_Op<"route", [HasParent<"StageOp">]> {
  let summary = "a part of the way of streams, as settings of routers";
  let description = [{
    Streams (by number in the order of the connections) travel together. Lane
    `lane` serves the parts from `parts[0]` up to, not including, `parts[1]` that
    the consumer has of them on `axis`: it is gathered at one core, led over a
    trunk to cores of the consumer, and spread from there. A route `in` a region
    is set by its cores when it is their turn; a trunk is set once.

    A segment is a rectangle of routers that pass what comes in at one port to
    others: `W -> E, ramp at(x, y) size(w, h)`, with `repeat(count, dx, dy)`
    copies, each (dx, dy) from the one before, in the `position` of the switch.
    No link carries more than `wavelets` in a step.

    **Constraints:**
    - A trunk is in no region, the others are.
    - Segments lie in the grid and have at least one router.
    - A segment sends to one port or several, and not back to where it came from,
      unless that is the core.

    Example:
    ```mlir
    inlay_wafer.route trunk of [1] lane(0) axis(y) parts(0, 4) colours [5] wavelets(64) segments {ramp -> E at(3, 0) size(1, 1), W -> ramp at(4, 0) size(1, 1)}
    ```
  }];
  let arguments = (ins Wafer_RouteKind:$kind,
                       DenseI64ArrayAttr:$streams,
                       OptionalAttr<FlatSymbolRefAttr>:$region,
                       Wafer_Int:$lane,
                       Wafer_Axis:$axis,
                       Wafer_PairAttr:$parts,
                       DenseI64ArrayAttr:$colours,
                       Wafer_Int:$wavelets,
                       DenseI64ArrayAttr:$segments);
  let assemblyFormat = [{
    $kind `of` $streams (`in` $region^)? `lane` `` `(` $lane `)`
    `axis` `` `(` $axis `)` `parts` `` custom<Pair>($parts)
    `colours` $colours `wavelets` `` `(` $wavelets `)`
    `segments` custom<Segments>($segments) attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Numbers of a segment in `segments`: x, y, width, height, count, dx, dy,
    /// the port that it takes in from, the set of ports that it sends to (a bit
    /// for each), position.
    static constexpr int64_t kSegmentNumbers = 10;
  }];
}

def Wafer_FabricOp : Wafer_Op<"fabric", [HasParent<"SystemOp">]> {
  let summary = "what all routes together take";
  let description = [{
    `used` colours of the `colours` that the target has; no assignment to these
    routes takes fewer than `least`, which the router at `at` (wafer, x, y)
    needs. A target with 0 colours has no routes. `loads` has six numbers for
    each kind of link: the kind (W, E, N, S, to the core, from the core, over the
    edge), wavelets of a step over all of them, over the fullest, and where that
    is (wafer, x, y).

    **Constraints:**
    - `used` is at most `colours`, and `least` at most `used`.
    - `at` has three numbers, `loads` six for each kind.

    Example:
    ```mlir
    inlay_wafer.fabric colours(21) used(6) least(6) at [0, 3, 0] loads [1, 64, 64, 0, 3, 0]
    ```
  }];
  let arguments = (ins Wafer_Int:$colours, Wafer_Int:$used, Wafer_Int:$least,
                       DenseI64ArrayAttr:$at, DenseI64ArrayAttr:$loads);
  let assemblyFormat = [{
    `colours` `` `(` $colours `)` `used` `` `(` $used `)`
    `least` `` `(` $least `)` `at` $at `loads` $loads attr-dict
  }];
  let hasVerifier = 1;
}

#endif // INLAY_DIALECTS_WAFER_IR_WAFERROUTEOPS_TD
