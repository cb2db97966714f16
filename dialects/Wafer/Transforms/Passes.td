//===- Passes.td - Passes over inlay_wafer -----------------*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_TRANSFORMS_PASSES_TD
#define INLAY_DIALECTS_WAFER_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def SliceExperts : Pass<"slice-experts", "mlir::ModuleOp"> {
  let summary = "Cuts kernels of experts into slices with regions of their own";
  let description = [{
    A kernel of experts becomes several, each with all experts and a slice of
    their intermediate dim, whose results whoever takes them adds up (see
    `SliceExperts.h` of the dataflow level). Slices have regions of their own,
    which find room where one large rectangle does not, and equal work whatever
    tokens choose. Where a kernel cannot be cut into as many as is wanted, it is
    cut into as many as it can. Several numbers with `:` between them, `5:3:2`,
    are slices in proportion to these, as near as quantisation blocks and bytes
    allow.

    With `auto` kernels stay whole where the whole grid is free and one wafer has
    room for each. Elsewhere plans with some numbers of slices are made up to
    their routes, and what is best by the objective is taken; where whole experts
    have room on no free rectangle, also plans with slices as large as the
    largest free rectangles of a wafer, or of two. Kernels that constraints name
    stay whole.

    Options beside `slices` are those of `partition-stages`, which is to follow;
    what is wrong with them is said there.

    Remark `SliceExperts`: metrics `kernels` (sliced ones), `slices`.
  }];
  let options = [
    Option<"slices", "slices", "std::string", /*default=*/"\"auto\"",
           "Slices of each kernel of experts, shares of unequal ones, or auto">,
    Option<"target", "target", "std::string", /*default=*/"\"\"",
           "Name of a shipped target, or a file that ends in .json">,
    Option<"targetDir", "target-dir", "std::string", /*default=*/"\"\"",
           "Folder of the shipped targets">,
    Option<"wafers", "wafers", "std::string", /*default=*/"\"auto\"",
           "Number of wafers, or auto">,
    Option<"objective", "objective", "::inlay::wafer::Objective",
           /*default=*/"::inlay::wafer::Objective::Latency",
           "What to minimise",
           [{::llvm::cl::values(
              clEnumValN(::inlay::wafer::Objective::Latency, "latency",
                         "cycles of one step"),
              clEnumValN(::inlay::wafer::Objective::Throughput, "throughput",
                         "cycles of the slowest stage"),
              clEnumValN(::inlay::wafer::Objective::Wafers, "wafers",
                         "number of wafers"))}]>,
    Option<"cost", "cost", "::inlay::wafer::CostMode",
           /*default=*/"::inlay::wafer::CostMode::Ideal",
           "What estimates count",
           [{::llvm::cl::values(
              clEnumValN(::inlay::wafer::CostMode::Ideal, "ideal",
                         "limits of the hardware only"),
              clEnumValN(::inlay::wafer::CostMode::Calibrated, "calibrated",
                         "and measured costs of software"))}]>,
    Option<"routing", "routing", "std::string", /*default=*/"\"uniform\"",
           "How tokens choose experts: uniform, zipf:S, or the file of a trace">,
    Option<"constraintsFile", "constraints", "std::string", /*default=*/"\"\"",
           "A file of constraints (docs/constraints.md)">,
    Option<"reserve", "reserve", "int64_t", /*default=*/"-1",
           "Bytes of a core that are not for data; negative: the target's">,
    Option<"crossingLatency", "crossing-latency", "double", /*default=*/"-1",
           "Microseconds from wafer to wafer; negative: the target's">,
    Option<"clock", "clock", "double", /*default=*/"-1",
           "Clock in GHz; negative: the target's">,
    Option<"sram", "sram", "int64_t", /*default=*/"-1",
           "Bytes of SRAM of a core; negative: the target's">,
  ];
}

def PartitionStages : Pass<"partition-stages", "mlir::ModuleOp"> {
  let summary = "Chooses the number of wafers, and a wafer for each kernel";
  let description = [{
    Writes an `inlay_wafer.system` with the target, a stage for each wafer and an
    `inlay_wafer.assign` for each kernel of the module's dataflow graph. Kernels
    stay in order, and a layer is cut only where it does not fit one wafer, or
    where that saves wafers and these are the objective. A
    stage holds no more than what provably can be placed on one wafer.

    Never touches the dataflow graph. It heeds `inlay_wafer.constraints`, as all
    passes behind it do, and adds those of `constraints`, a file.

    A model that does not fit is an error that says by how many bytes on which
    cores, and, unless `what-fits` is off, with which number of bytes, wafers,
    tokens of context or bits it would; these have been tried. With
    `allow-over-budget` it is a warning, and a system marked `over_budget`.

    Remark `PartitionStages`: metrics `kernels`, `wafers`.
  }];
  let options = [
    Option<"target", "target", "std::string", /*default=*/"\"\"",
           "Name of a shipped target, or a file that ends in .json">,
    Option<"targetDir", "target-dir", "std::string", /*default=*/"\"\"",
           "Folder of the shipped targets">,
    Option<"wafers", "wafers", "std::string", /*default=*/"\"auto\"",
           "Number of wafers, or auto">,
    Option<"objective", "objective", "::inlay::wafer::Objective",
           /*default=*/"::inlay::wafer::Objective::Latency",
           "What to minimise",
           [{::llvm::cl::values(
              clEnumValN(::inlay::wafer::Objective::Latency, "latency",
                         "cycles of one step"),
              clEnumValN(::inlay::wafer::Objective::Throughput, "throughput",
                         "cycles of the slowest stage"),
              clEnumValN(::inlay::wafer::Objective::Wafers, "wafers",
                         "number of wafers"))}]>,
    Option<"cost", "cost", "::inlay::wafer::CostMode",
           /*default=*/"::inlay::wafer::CostMode::Ideal",
           "What estimates count",
           [{::llvm::cl::values(
              clEnumValN(::inlay::wafer::CostMode::Ideal, "ideal",
                         "limits of the hardware only"),
              clEnumValN(::inlay::wafer::CostMode::Calibrated, "calibrated",
                         "and measured costs of software"))}]>,
    Option<"routing", "routing", "std::string", /*default=*/"\"uniform\"",
           "How tokens choose experts: uniform, zipf:S, or the file of a trace">,
    Option<"constraintsFile", "constraints", "std::string", /*default=*/"\"\"",
           "A file of constraints (docs/constraints.md)">,
    Option<"reserve", "reserve", "int64_t", /*default=*/"-1",
           "Bytes of a core that are not for data; negative: the target's">,
    Option<"crossingLatency", "crossing-latency", "double", /*default=*/"-1",
           "Microseconds from wafer to wafer; negative: the target's">,
    Option<"clock", "clock", "double", /*default=*/"-1",
           "Clock in GHz; negative: the target's">,
    Option<"sram", "sram", "int64_t", /*default=*/"-1",
           "Bytes of SRAM of a core; negative: the target's">,
    Option<"allowOverBudget", "allow-over-budget", "bool", /*default=*/"false",
           "Place a model that does not fit as if cores had more SRAM">,
    Option<"whatFits", "what-fits", "bool", /*default=*/"true",
           "Find out what would make a model fit that does not">,
  ];
  let dependentDialects = ["::inlay::wafer::WaferDialect"];
}

def ShardKernels : Pass<"shard-kernels", "mlir::ModuleOp"> {
  let summary = "Gives runs of kernels regions and cuts the kernels over them";
  let description = [{
    Cuts the kernels of each stage, in order of execution, into runs and gives
    every run a region with a size, but no position. Kernels of a region take
    turns; each uses all of it and gets the sharding of fewest cycles that memory
    allows. How many regions there are and how large is what takes the fewest
    cycles: computing falls with area, collectives grow with the perimeter.

    Never moves a kernel to another wafer.

    Remark `ShardKernels`: metrics `regions`, `cores`.
  }];
  let dependentDialects = ["::inlay::wafer::WaferDialect"];
}

def PlaceRegions : Pass<"place-regions", "mlir::ModuleOp"> {
  let summary = "Gives every region its final size and a position on its wafer";
  let description = [{
    Lays the regions of each stage out side by side in strips, off dead cores and
    `keep_out` rectangles, as large as makes their kernels fast: kernels are cut
    anew for the size that they get. Which kernels share a region stays.
    Adds the expert groups of kernels of experts, and an `inlay_wafer.connect`
    for each stream.

    Never makes a region so small that its kernels do not fit, nor drops one:
    what cannot be placed is an error.

    Remark `PlaceRegions`: metrics `regions`, `cores`, `distance` (hops between
    consecutive kernels of a wafer, summed).
  }];
  let dependentDialects = ["::inlay::wafer::WaferDialect"];
}

def RouteStreams : Pass<"route-streams", "mlir::ModuleOp"> {
  let summary = "Leads every stream and collective over routers, in colours";
  let description = [{
    Adds an `inlay_wafer.collective` for each all-reduce and combination that the
    estimate counts, with its algorithm, an `inlay_wafer.route` for each part of
    the way of a stream, and the `inlay_wafer.fabric` of the system. Kernels of a
    region that run the same collective share it. Sets the `contention` of each
    connection.

    Stands behind `place-regions`, whose rectangles it leads between, and before
    `schedule-step`, which counts the contention. A target without colours gets
    the `inlay_wafer.fabric` only.

    Never touches dead cores, and never takes more colours than the target has:
    where that cannot be, it is an error that names the router and what it needs.

    Remark `RouteStreams`: metrics `routes`, `colours`, `least` (colours that any
    assignment to these routes takes), `hottest` (wavelets of a step over the
    fullest link).
  }];
  let dependentDialects = ["::inlay::wafer::WaferDialect"];
  let options = [
    Option<"worthALane", "worth-a-lane", "int64_t", /*default=*/"48",
           "Wavelets of a stream that are worth a lane of their own">,
    Option<"mostCrossingLanes", "most-crossing-lanes", "int64_t",
           /*default=*/"4",
           "Lanes of a stream that may cross each other, a colour each">
  ];
}

def AllocateMemory : Pass<"allocate-memory", "mlir::ModuleOp"> {
  let summary = "Gives every core a map of its SRAM";
  let description = [{
    Adds an `inlay_wafer.buffer` for each tensor that the fullest core of a
    region keeps: weights, states, inputs and outputs twice, locals and partial
    sums for as long as they are needed. Kernels of one region have one map, in
    which the scratch of one may lie where that of another does.

    Never leaves the budget of a core.

    Remark `AllocateMemory`: metrics `buffers`, `fullest` (bytes of the fullest
    core).
  }];
  let dependentDialects = ["::inlay::wafer::WaferDialect"];
}

def ScheduleStep : Pass<"schedule-step", "mlir::ModuleOp"> {
  let summary = "Estimates the cycles of each kernel and of a whole step";
  let description = [{
    Adds an `inlay_wafer.estimate` for each kernel, cycles to each
    `inlay_wafer.connect`, and the `inlay_wafer.step_estimate` of the system:
    latency along the critical path, cycles of each stage, and the least that
    physics allows. Estimates are ideal: limits of the hardware only.

    Warns of kernels that hold ops no cost rule knows.

    Remark `ScheduleStep`: metrics `latency`, `bound` (cycles).
  }];
  let dependentDialects = ["::inlay::wafer::WaferDialect"];
}

def VerifyWafer : Pass<"verify-wafer", "mlir::ModuleOp"> {
  let summary = "Checks what a runtime relies on";
  let description = [{
    Stands behind `schedule-step` and reports every breach, not only the first.
    It trusts no pass: it extracts the model again and recomputes. What the ops'
    own verifiers prove (inside the grid, off dead cores, disjoint, in budget) is
    not repeated.

    - The module holds exactly one `inlay_wafer.system` and one dataflow graph,
      which the system places.
    - There is a stage for each wafer.
    - Every kernel of the graph is assigned, and no other.
    - Every assignment has a placed region, off the `keep_out` rectangles, and a
      sharding that the kernel can have.
    - A kernel of experts has the groups of its sharding, which hold all its
      experts; no other kernel has groups.
    - The buffers of a kernel are those of the one footprint function.
    - There is a connection for each stream, with its bytes, its distance and a
      crossing where it crosses.
    - Routes lead every stream that moves from all cores that hold it to all that
      need it, contiguously, off dead cores, in colours of the target that
      nothing else has in the same router at the same time; what depends on what
      has no cycle; loads and contention are what follows from them.
    - Estimates of kernels and streams are what the cost model says, and the
      step's follows from them.

    Never changes the IR.
  }];
}

#endif // INLAY_DIALECTS_WAFER_TRANSFORMS_PASSES_TD
