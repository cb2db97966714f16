//===- WaferAttrs.td - Attributes of inlay_wafer -----------*- tablegen -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_WAFER_IR_WAFERATTRS_TD
#define INLAY_DIALECTS_WAFER_IR_WAFERATTRS_TD

include "dialects/Wafer/IR/WaferDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/EnumAttr.td"

class Wafer_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::inlay::wafer";
}

def Wafer_Axis : Wafer_Enum<"Axis", "what an iteration dim is cut over", [
  I32EnumAttrCase<"None", 0, "none">,   // not cut
  I32EnumAttrCase<"X", 1, "x">,         // the columns of the region (of the group, for experts)
  I32EnumAttrCase<"Y", 2, "y">,         // the rows
  I32EnumAttrCase<"Group", 3, "group">, // the expert groups, row by row
]>;

def Wafer_BufferRole : Wafer_Enum<"BufferRole", "what a buffer holds", [
  I32EnumAttrCase<"Weights", 0, "weights">,
  I32EnumAttrCase<"State", 1, "state">,
  I32EnumAttrCase<"Input", 2, "input">,
  I32EnumAttrCase<"Output", 3, "output">,
  I32EnumAttrCase<"Scratch", 4, "scratch">, // locals and partial sums
]>;

def Wafer_CostMode : Wafer_Enum<"CostMode", "what an estimate counts", [
  I32EnumAttrCase<"Ideal", 0, "ideal">,           // limits of the hardware only
  I32EnumAttrCase<"Calibrated", 1, "calibrated">, // and measured costs of software
]>;

def Wafer_Objective : Wafer_Enum<"Objective", "what a mapping minimises", [
  I32EnumAttrCase<"Latency", 0, "latency">,       // cycles of one step
  I32EnumAttrCase<"Throughput", 1, "throughput">, // cycles of the slowest stage
  I32EnumAttrCase<"Wafers", 2, "wafers">,         // number of wafers
]>;

/// As I64Attr, with an accessor that is signed.
def Wafer_Int
    : TypedSignlessIntegerAttrBase<I64, "int64_t", "64-bit signless integer">;

/// Columns and rows, or x and y.
def Wafer_PairAttr : ConfinedAttr<DenseI64ArrayAttr, [DenseArrayCount<2>]>;

class Wafer_Attr<string name, string attrMnemonic>
    : AttrDef<Wafer_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Wafer_FigureAttr : Wafer_Attr<"Figure", "figure"> {
  let summary = "a number of a machine, with unit and source";
  let description = [{
    `assumption` marks a number that nobody published.

    **Constraints:**
    - The value is a finite `f64` and not negative.

    Example:
    ```mlir
    #inlay_wafer.figure<8.500000e-01, "GHz", "launcher's constant", assumption>
    ```
  }];
  let parameters = (ins "::mlir::FloatAttr":$value, "::mlir::StringAttr":$unit,
                        "::mlir::StringAttr":$source, "bool":$assumption);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Wafer_TargetAttr : Wafer_Attr<"Target", "target"> {
  let summary = "a machine: grid, SRAM, rates and links, each with its source";
  let description = [{
    Everything that passes, verifiers and the plan need to know of the machine,
    so that a module can be understood and compiled further without the target
    file that it came from. `digest` is the SHA-256 of that file; values that
    the command line changed are those of the command line.

    `grid` is the usable rectangle of a wafer in columns and rows, `dead` the
    rectangles in it that regions avoid, four numbers (x, y, width, height)
    each. `report_clocks` (GHz) are further clocks at which rates are reported.

    | figure | meaning, unit |
    |---|---|
    | `clock` | GHz |
    | `sram`, `reserved` | bytes of a core; bytes of it that are not for data |
    | `sram_read`, `sram_write` | bytes per cycle and core |
    | `wavelet` | bytes of a wavelet |
    | `link_rate` | wavelets per cycle, link and direction |
    | `hop`, `ramp` | cycles between routers; cycles between router and core |
    | `colours` | colours that streams may take |
    | `wafer_bandwidth`, `wafer_latency` | GB/s and microseconds from wafer to wafer |
    | `mac_rate.<type>`, `element_rate.<type>` | operations per cycle and core |
    | `wrap`, `networks` | 1 where rows and columns close to rings; networks side by side (optional: 0 and 1) |
    | `dram_capacity`, `dram_bandwidth` | bytes and GB/s of memory beside the SRAM (optional) |
    | `dequantise` | operations for each dequantised weight (optional) |
    | `banks` | banks of a core's SRAM, equal ranges of addresses in order (optional) |
    | `primitive.<name>` | measured costs of software, as docs/cost-model.md lists them (optional) |

    **Constraints:**
    - Width and height of the grid are at least 1 and at most 65,536.
    - `dead` holds four numbers for each rectangle, which lies inside the grid
      and overlaps no other.
    - Report clocks are finite and more than 0.
    - Every figure of the table that is not optional is there, rates for at least
      one type, and no other; each is an `#inlay_wafer.figure` of at most 1e15.
    - Only `colours`, `hop`, `ramp`, `reserved` and `wafer_latency` may be 0.
    - `reserved` is less than `sram`.

    Example (figures left out):
    ```mlir
    #inlay_wafer.target<name = "grid8x8", description = "8 x 8 cores", digest = "00ff", width = 8, height = 8, dead = [], report_clocks = [7.500000e-01], figures = {}>
    ```
  }];
  let parameters = (ins
    "::mlir::StringAttr":$name,
    "::mlir::StringAttr":$description,
    "::mlir::StringAttr":$digest,
    "int64_t":$width,
    "int64_t":$height,
    "::mlir::DenseI64ArrayAttr":$dead,
    "::mlir::DenseF64ArrayAttr":$report_clocks,
    "::mlir::DictionaryAttr":$figures);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The value of a figure of the table; 0 for a rate that is not there.
    double getValue(::llvm::StringRef figure) const;
    /// True when there are measured costs of software.
    bool hasPrimitives() const;
    /// Bytes of a core that data may use.
    int64_t getBudget() const {
      return static_cast<int64_t>(getValue("sram") - getValue("reserved"));
    }
  }];
}

def Wafer_AxesAttr : Wafer_Attr<"Axes", "axes"> {
  let summary = "the axis of each iteration dim of one op";
  let description = [{
    Where dims share an axis, `width` says how many indices of the last of them
    the cores of one value of the others divide among them. Without it runs of
    the product of all are cut, whatever values they are parts of.

    Example:
    ```mlir
    #inlay_wafer.axes<[none, x, y]>
    #inlay_wafer.axes<[none, x, y, x] width 576>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::inlay::wafer::Axis">:$axes,
                        DefaultValuedParameter<"int64_t", "0">:$width);
  let hasCustomAssemblyFormat = 1;
}

def Wafer_ShardingAttr : Wafer_Attr<"Sharding", "sharding"> {
  let summary = "how a kernel is cut over its region";
  let description = [{
    For each op of the kernel (in order of execution, as its iteration spaces
    list them) the axis over which each iteration dim is cut. Bytes on a core,
    collectives and cycles follow from it. It holds no sizes: those are the
    kernel's and the region's.

    Experts are cut over `groups` (columns, rows) of `group` cores each, which
    tile the region from its north-west corner; `x` and `y` are then axes of the
    group. Other kernels have 1 x 1 groups. `held` lists the experts of each
    group; without it they lie in order, equally many in each.

    **Constraints:**
    - All extents are at least 1.
    - `held` has one list for each group.

    Example:
    ```mlir
    #inlay_wafer.sharding<groups = 2 x 1, group = 4 x 8, ops = [[none, group, x, y], [none, group, y, x]], held = [[0, 3], [2, 1]]>
    ```
  }];
  let parameters = (ins
    "int64_t":$groups_x, "int64_t":$groups_y,
    "int64_t":$group_width, "int64_t":$group_height,
    ArrayRefParameter<"::inlay::wafer::AxesAttr">:$ops,
    OptionalArrayRefParameter<"::mlir::DenseI64ArrayAttr">:$held);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Wafer_RoutingAttr : Wafer_Attr<"Routing", "routing"> {
  let summary = "how tokens choose their experts";
  let description = [{
    Either Zipf's law, expert i of a layer being chosen as often as
    1 / (i + 1)^`zipf`; or a trace: of each layer in `layers` the experts that
    tokens chose, a row for each token. `trace` is the name of its file,
    `digest` the SHA-256. A system without routing has experts that are all
    equally likely.

    **Constraints:**
    - It has an exponent from 0 to 100, or a trace.
    - A trace has a digest, and choices for each layer.
    - Layers are not negative and rise.
    - Choices are a tensor of ui16 of two dims, with at least one element.

    Example:
    ```mlir
    #inlay_wafer.routing<trace = "run.csv", digest = "00ff", layers = [3, 4], choices = [dense<[[7, 1], [0, 2]]> : tensor<2x2xui16>, dense<4> : tensor<2x2xui16>]>
    ```
  }];
  let parameters = (ins
    OptionalParameter<"::mlir::FloatAttr">:$zipf,
    OptionalParameter<"::mlir::StringAttr">:$trace,
    OptionalParameter<"::mlir::StringAttr">:$digest,
    OptionalParameter<"::mlir::DenseI64ArrayAttr">:$layers,
    OptionalParameter<"::mlir::ArrayAttr">:$choices);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Wafer_CyclesAttr : Wafer_Attr<"Cycles", "cycles"> {
  let summary = "cycles by cause";
  let description = [{
    The total is the sum of the seven, in the order of the table; nothing is kept
    beside them. Causes of 0 cycles are not printed.

    | cause | meaning |
    |---|---|
    | `compute` | arithmetic of the busiest core |
    | `sram` | what its SRAM adds beyond arithmetic |
    | `fabric_latency` | hops and ramps |
    | `fabric_bandwidth` | wavelets through the busiest link or ramp |
    | `software` | software stages |
    | `crossing` | links between wafers |
    | `contention` | wavelets on a route beyond those that a stream's estimate counts |

    **Constraints:**
    - There are seven numbers, finite and not negative; none is named twice.

    Example:
    ```mlir
    #inlay_wafer.cycles<compute = 1.280000e+02, fabric_latency = 3.000000e+01>
    ```
  }];
  let parameters = (ins "::mlir::DenseF64ArrayAttr":$values);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    double getTotal() const;
  }];
}

def Wafer_BoundAttr : Wafer_Attr<"Bound", "bound"> {
  let summary = "the least cycles that physics allows, by reason";
  let description = [{
    All reasons hold at once, so the largest is the bound. Reasons of 0 cycles
    are not printed.

    | reason | meaning |
    |---|---|
    | `compute` | every operation runs, at most at the peak rate |
    | `sram` | every byte of weights and state in use is read once |
    | `link` | operands of sums come over the ramps of the cores |
    | `bisection` | sums have parts in both halves of the region |
    | `distance` | results depend on cores that lie apart |
    | `crossing` | values go from wafer to wafer |

    **Constraints:**
    - There are six numbers, finite and not negative; none is named twice.

    Example:
    ```mlir
    #inlay_wafer.bound<compute = 1.200000e+01, sram = 4.000000e+01>
    ```
  }];
  let parameters = (ins "::mlir::DenseF64ArrayAttr":$values);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    double getCycles() const;
  }];
}

#endif // INLAY_DIALECTS_WAFER_IR_WAFERATTRS_TD
