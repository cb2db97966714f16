//===- WaferEstimateOps.td - Streams between regions, and cycles -*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_IR_WAFERESTIMATEOPS_TD
#define INLAY_DIALECTS_WAFER_IR_WAFERESTIMATEOPS_TD

include "dialects/Wafer/IR/WaferAttrs.td"
include "mlir/IR/SymbolInterfaces.td"

def Wafer_ConnectOp : Wafer_Op<"connect", [HasParent<"SystemOp">]> {
  let summary = "the way of a stream from region to region";
  let description = [{
    One edge of the graph, from output `producer_port` of a kernel to input
    `consumer_port` of another. An edge without producer comes from the host,
    one without consumer goes there. `hops` count between the middles of two
    regions of one wafer; edges of the host and crossings have none. A
    `crossing` leads from wafer to wafer. An edge `in_place` joins kernels of
    one region: every core has already what it needs. An edge of the host has no cycles:
    how fast a host feeds the machine is not known. It is a distance and a load,
    not a route. `contention` are the wavelets on the fullest link of its route
    beyond those that its estimate counts.

    **Constraints:**
    - It has a producer or a consumer.
    - Ports, bytes, hops and contention are not negative; without a kernel there is no port.
    - A crossing has a producer and a consumer.
    - An edge in place has a producer and a consumer, no hops, and is no
      crossing.

    Example:
    ```mlir
    inlay_wafer.connect "layers.0.mlp:0" from @layers.0.mlp(0) to @layers.1.mlp(0) bytes(256) hops(8)
    ```
  }];
  let arguments = (ins StrAttr:$name,
                       OptionalAttr<FlatSymbolRefAttr>:$producer,
                       DefaultValuedAttr<Wafer_Int, "0">:$producer_port,
                       OptionalAttr<FlatSymbolRefAttr>:$consumer,
                       DefaultValuedAttr<Wafer_Int, "0">:$consumer_port,
                       Wafer_Int:$bytes,
                       Wafer_Int:$hops,
                       UnitAttr:$crossing,
                       UnitAttr:$in_place,
                       DefaultValuedAttr<Wafer_Int, "0">:$contention,
                       OptionalAttr<Wafer_CyclesAttr>:$cycles);
  let assemblyFormat = [{
    $name (`from` $producer^ `` `(` $producer_port `)`)?
    (`to` $consumer^ `` `(` $consumer_port `)`)?
    `bytes` `` `(` $bytes `)` `hops` `` `(` $hops `)` (`crossing` $crossing^)?
    (`in_place` $in_place^)?
    (`contention` `` `(` $contention^ `)`)?
    (`cycles` `` `(` qualified($cycles)^ `)`)? attr-dict
  }];
  let hasVerifier = 1;
}

def Wafer_EstimateOp : Wafer_Op<"estimate", [HasParent<"StageOp">]> {
  let summary = "cycles of one firing of a kernel";
  let description = [{
    `worst_case` are the cycles under the worst routing of tokens to experts;
    `bound` the least cycles on a whole wafer, whatever the mapping, and
    `region_bound` those on its region under its sharding;
    `unknown_bytes` what ops move that no cost rule knows: their cycles are a
    guess by bytes. `moved_bytes` are all bytes of weights and streams.

    **Constraints:**
    - The worst case is finite and at least the total.
    - Bytes are finite and not negative.

    Example:
    ```mlir
    inlay_wafer.estimate @layers.0.mlp cycles(#inlay_wafer.cycles<compute = 1.280000e+02>) worst_case(1.280000e+02) bound(#inlay_wafer.bound<compute = 4.000000e+00>) unknown_bytes(0.000000e+00) moved_bytes(1.638400e+04)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel,
                       Wafer_CyclesAttr:$cycles,
                       F64Attr:$worst_case,
                       Wafer_BoundAttr:$bound,
                       OptionalAttr<Wafer_BoundAttr>:$region_bound,
                       F64Attr:$unknown_bytes,
                       F64Attr:$moved_bytes);
  let assemblyFormat = [{
    $kernel `cycles` `` `(` qualified($cycles) `)`
    `worst_case` `` `(` $worst_case `)` `bound` `` `(` qualified($bound) `)`
    (`region_bound` `` `(` qualified($region_bound)^ `)`)?
    `unknown_bytes` `` `(` $unknown_bytes `)`
    `moved_bytes` `` `(` $moved_bytes `)` attr-dict
  }];
  let hasVerifier = 1;
}

def Wafer_StepEstimateOp : Wafer_Op<"step_estimate", [HasParent<"SystemOp">]> {
  let summary = "cycles of one step of the whole machine";
  let description = [{
    `latency` is that of the critical path, whose kernels `path` lists in order;
    `stages` the cycles of each wafer, of which the slowest limits throughput;
    `worst_case` the latency under the worst routing. No mapping of this partition
    over wafers takes fewer than `least` cycles: the longest path of the kernels'
    bounds and the crossings; `bound` are that path's bounds by reason. Whatever
    the partition it is `model` cycles, on at least `on` wafers. Of a model with
    experts, the latency would be `round_robin` with expert i in group i mod groups,
    and `in_order` with the experts in order, each layer at the number of groups
    that is best for this.

    **Constraints:**
    - There is one entry in `stages` for each wafer.
    - All cycles are finite and not negative.
    - The worst case is at least the latency, and `least` at most that.
    - `model` is at most `least`, on at least one wafer.

    Example:
    ```mlir
    inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 1.280000e+02>) worst_case(1.280000e+02) path [@layers.0.mlp] stages [1.280000e+02] bound(#inlay_wafer.bound<compute = 4.000000e+00>) least(4.000000e+00) model(4.000000e+00 on 1)
    ```
  }];
  let arguments = (ins Wafer_CostMode:$mode,
                       Wafer_CyclesAttr:$latency,
                       F64Attr:$worst_case,
                       FlatSymbolRefArrayAttr:$path,
                       DenseF64ArrayAttr:$stages,
                       Wafer_BoundAttr:$bound,
                       F64Attr:$least,
                       F64Attr:$model,
                       I64Attr:$model_wafers,
                       OptionalAttr<F64Attr>:$round_robin,
                       OptionalAttr<F64Attr>:$in_order);
  let assemblyFormat = [{
    `mode` `` `(` $mode `)` `latency` `` `(` qualified($latency) `)`
    `worst_case` `` `(` $worst_case `)` `path` $path
    `stages` custom<Cycles>($stages)
    `bound` `` `(` qualified($bound) `)` `least` `` `(` $least `)`
    `model` `` `(` $model `on` $model_wafers `)`
    (`round_robin` `` `(` $round_robin^ `)`)?
    (`in_order` `` `(` $in_order^ `)`)? attr-dict
  }];
  let hasVerifier = 1;
}

#endif // INLAY_DIALECTS_WAFER_IR_WAFERESTIMATEOPS_TD
