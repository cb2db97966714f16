//===- Plan.h - The placement plan: what a runtime loads --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The contract with a runtime, as plain structs. docs/schema/plan-1.schema.json
// is its JSON form; Fields.h maps the two onto each other, in one place for
// both directions. Sizes are bytes and cores, times are cycles, unless a name
// says otherwise. Order of arrays is part of the plan: equal inputs give equal
// bytes.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_PLAN_PLAN_H
#define INLAY_PLAN_PLAN_H

#include "inlay/Support/Diagnostic.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace inlay::plan {

inline constexpr const char *kFormat = "inlay-plan";
inline constexpr int64_t kMajorVersion = 1;
inline constexpr int64_t kMinorVersion = 3;

/// SHA-256 of an input, in hex.
struct Digest {
  std::string name;
  std::string sha256;
};

/// A figure that the plan rests on, with its provenance.
struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::string source;
  bool assumption = false;
};

struct Rectangle {
  int64_t x = 0;
  int64_t y = 0;
  int64_t width = 0;
  int64_t height = 0;
};

/// Bytes of a core's SRAM that no buffer may take.
struct ReservedRange {
  std::string name; ///< what they are for
  int64_t address = 0;
  int64_t bytes = 0;
};

struct System {
  std::string target;
  std::string description; ///< of the target
  int64_t wafers = 0;
  int64_t width = 0; ///< of the usable rectangle of a wafer
  int64_t height = 0;
  std::vector<Rectangle> dead;
  int64_t sramBytes = 0;     ///< of a core
  int64_t reservedBytes = 0; ///< of a core, not for data
  /// Bytes of a core that buffers may take: sramBytes - reservedBytes, or more
  /// where the plan is not feasible.
  int64_t budgetBytes = 0;
  int64_t bufferAlignment = 0; ///< bytes; of every buffer's offset and size
  double clockGhz = 0;
  std::vector<Figure> figures;
  /// Equal ranges of the addresses of a core's SRAM, in order; 0: not known.
  /// Since 1.1; 0 in an older plan.
  int64_t banks = 0;
  /// Below the data area, one after the other, `reservedBytes` in all. Since
  /// 1.1; one range in an older plan.
  std::vector<ReservedRange> reserved;

  /// The bank of the byte at an offset of the data area; 0 without banks.
  int64_t bankOf(int64_t offset) const;
};

/// What the step is.
struct Step {
  std::string phase;   ///< "decode" or "prefill"
  int64_t batch = 0;   ///< sequences
  int64_t context = 0; ///< tokens in the state of each
  int64_t tokens = 0;  ///< new tokens of each
  /// Of all steps that are in flight at once, a multiple of `batch`. Since 1.2;
  /// `batch` in an older plan.
  int64_t sequencesInFlight = 0;
};

/// How one dim of a tensor or op is cut over the cores of a region.
///
/// Axis "x" counts columns of the region (of the expert group), "y" rows,
/// "none" is not cut. On axis "group" a core has the indices that its expert
/// group lists, at most `shard`. On the others the core with number p on the
/// axis works on the points q from p * shard up to, not including,
/// min((p + 1) * shard, points), and point q is index (q / inner) mod pitch of
/// this dim, or none where that is size or more. A dim that has its axis for
/// itself has inner 1 and as many points as indices: core p holds a block of
/// them. Dims that share an axis are cut together, the first being the slowest:
/// one q gives the index of each. Where each value of the slower ones has cores
/// of its own, `pitch` of the fastest is the number of points that these have.
struct Cut {
  std::string dim;
  int64_t size = 0;
  std::string axis;
  int64_t parts = 0; ///< cores along the axis; the last may hold nothing
  int64_t unit = 0;  ///< `shard` is a multiple of it, or all points
  int64_t shard = 0;
  int64_t inner = 1;
  int64_t points = 0;
  int64_t pitch = 0; ///< since 1.3; `size` in an older plan
};

/// A dim of an op's iteration space. Where a dim that is a reduction has more
/// than one part, the cores along its axis add up their partial results.
struct OpDim {
  Cut cut;
  bool reduction = false;
};

/// A tensor as an op uses it. Dim d of the tensor has index
/// floor(i / indexDivisors[d]) + indexFirsts[d], i being the index of dim
/// indexDims[d] of the op; -1: no dim of the op indexes it, and every core has
/// all of it.
struct Operand {
  std::string role;   ///< of the buffer: "weights", "state", "input", ...
  std::string buffer; ///< its name
  std::string type;
  int64_t bits = 0; ///< of an element
  std::vector<int64_t> indexDims;
  std::vector<int64_t> indexDivisors;
  /// Where slices and concatenations read; empty: all begin at 0. Since 1.3.
  std::vector<int64_t> indexFirsts;
};

/// Operations for each point of an op that says nothing else.
inline constexpr double kOperations = 1;

/// One loop nest of a kernel; they run in order.
struct OpCut {
  std::string op;
  std::string kind;
  std::vector<OpDim> dims;
  std::vector<Operand> operands; ///< results last
  /// The ONNX node whose value the op makes, or makes a part of: its name, or
  /// that of its first output where it has none. Since 1.2; empty: not known.
  std::string node;
  /// What the cycles of its cores follow from (docs/plan.md). Since 1.3, and
  /// written where they are not these: operations for each point, a
  /// multiply-accumulate being 2; the part of the points that a step takes; the
  /// type in which it computes, none for that of its last operand.
  double operations = kOperations;
  double density = 1;
  std::string computeType;
};

/// A strided view of an initializer, which is `length` bytes at `offset` of
/// `file`, elements of `storedBits` each.
///
/// Its elements are those at `first` + sum of index[d] * strides[d] for the
/// indices of a tensor of `sizes`, in row-major order.
struct WeightPiece {
  std::string initializer;
  std::string file;
  int64_t offset = 0;
  int64_t length = 0;
  std::string encoding;
  int64_t storedBits = 0;
  int64_t first = 0;
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
};

/// A weight and the rule by which every core's part follows.
///
/// The stored elements are those of the pieces, one after the other; rows of
/// `shape`'s last dim follow each other in them every `rowPitchBits` (0:
/// densely). The part of a core is the slice of the logical tensor that `cuts`
/// give for its place, one cut per dim of `shape`; docs/plan.md has examples.
struct Weight {
  std::string name;
  int64_t bytes = 0; ///< of the stored elements
  std::vector<WeightPiece> pieces;
  std::string type;
  int64_t bits = 0; ///< of a logical element
  std::vector<int64_t> shape;
  int64_t rowPitchBits = 0;
  std::vector<Cut> cuts;
  /// Cores that hold each element; of scales of cut blocks some have more. A
  /// plan before 1.3 does not count what cores of one head hold alike.
  int64_t copies = 0;
};

/// A state, e.g. keys of a layer's KV cache; `cuts` as for a weight.
struct State {
  std::string name;
  std::string type;
  int64_t bits = 0; ///< of an element
  std::vector<int64_t> shape;
  int64_t bytes = 0;
  std::vector<Cut> cuts;
  int64_t contextDim = -1; ///< dim of `shape` that counts tokens; -1: none
  /// Tokens that it has room for, the last ones; 0: all of the context.
  int64_t window = 0;
};

/// A part of the SRAM of every core of a class. Offsets count from the start of
/// the data area, behind what the target reserves.
struct Buffer {
  std::string name; ///< of the weight, state or other tensor it is for
  std::string role; ///< "weights", "state", "input", "output" or "scratch"
  int64_t offset = 0;
  int64_t bytes = 0;
  int64_t slots = 1; ///< equal parts that take turns: 2 for double buffering
  /// First and last op of the kernel that need it. Buffers that are not needed
  /// at one time may share bytes.
  int64_t firstOp = 0;
  int64_t lastOp = 0;
  /// Of offset and bytes: the system's `bufferAlignment`. Since 1.1, and the
  /// same in an older plan.
  int64_t alignment = 0;
  int64_t bank = 0; ///< of its first byte. Since 1.1; 0 in an older plan
};

/// Cores of one kernel that run one program with one map of their SRAM. Cores
/// of a region that are in no class idle.
struct CoreClass {
  std::string name;
  std::vector<Rectangle> rectangles; ///< on the wafer, disjoint
  int64_t cores = 0;
  std::vector<Buffer> memory;
  int64_t bytesPerCore = 0; ///< end of the last buffer
};

struct Cycles {
  double compute = 0;
  double sram = 0;
  double fabricLatency = 0;
  double fabricBandwidth = 0;
  double software = 0;
  double crossing = 0;
  double contention = 0;
  double total = 0;
};

/// The least cycles that physics allows, by reason.
struct Bound {
  double compute = 0;
  double sram = 0;
  double link = 0;
  double bisection = 0;
  double distance = 0;
  double crossing = 0;
  double cycles = 0;
  std::string binding;
};

/// A rectangle of cores whose kernels take turns; each uses all of it. On a
/// core, weights, states, inputs and outputs of all of them lie side by side;
/// the scratch of different kernels may share bytes.
struct Region {
  std::string name; ///< "w0.r3": unique in the plan
  int64_t wafer = 0;
  Rectangle rectangle;
  std::vector<std::string> kernels; ///< in the order in which they fire
  int64_t bytesPerCore = 0;         ///< end of the last buffer of all kernels
  int64_t leastBytesPerCore = 0;    ///< live at once: no map takes less
};

struct ExpertGroup {
  int64_t index = 0;
  Rectangle rectangle; ///< on the wafer
  /// In the order in which its cores hold them. Where r groups hold an expert,
  /// token t of a step (sequence by sequence) goes to the (t mod r)-th of
  /// these.
  std::vector<int64_t> experts;
};

struct Kernel {
  std::string name;
  std::string role;
  int64_t layer = 0;     ///< -1: in no layer
  std::string structure; ///< equal for kernels that differ in names only
  int64_t experts = 0;   ///< 0: no kernel of experts
  int64_t expertsPerToken = 0;
  int64_t wafer = 0;
  std::string region; ///< its name
  /// That of the region; follows from the plan's regions and is not written.
  Rectangle rectangle;
  /// What comes in at each input port: `node` of the op that makes it, with "#"
  /// and a number behind it where that has several outputs, or the name of the
  /// model's input. Since 1.2; empty: not known.
  std::vector<std::string> inputs;
  std::vector<OpCut> ops;
  std::vector<Weight> weights;
  std::vector<State> states;
  std::vector<ExpertGroup> groups;
  std::vector<CoreClass> classes;
  int64_t bytesPerCore = 0; ///< of the fullest class
  Cycles cycles;
  double worstCaseCycles = 0;
  /// Of a firing that waits for nothing, whatever experts its tokens choose.
  /// Since 1.3; 0 in an older plan: not known.
  double leastCycles = 0;
  /// Choices of experts that the busiest group serves in a step, expected; what
  /// a group has to do is in proportion. Since 1.3; 0, and not written, where
  /// there are no experts.
  double activations = 0;
  Bound bound;             ///< on a whole wafer, whatever the mapping
  Bound regionBound;       ///< on its region, as it is cut
  double unknownBytes = 0; ///< moved by ops that no cost rule knows
  double movedBytes = 0;   ///< of weights and streams
};

/// One edge of the graph, from an output of a kernel to an input of another.
struct Stream {
  std::string name;
  std::string from;     ///< kernel; empty: the host
  int64_t fromPort = 0; ///< output of the kernel, or input of the model
  std::string to;       ///< kernel; empty: the host
  int64_t toPort = 0;   ///< input of the kernel, or output of the model
  std::string type;
  std::vector<int64_t> shape;
  int64_t bytes = 0;
  int64_t hops = 0; ///< between the middles of the regions
  bool crossing = false;
  /// Between kernels of one region: every core has already what it needs.
  bool inPlace = false;
  Cycles cycles;
};

/// What routers of one line of cores do in a collective, and what its cores
/// do. A line has `length` routers; the cores that take part lie at equal
/// distances from the first to the last.
///
/// Ports are "back" (to position 0: west on axis x, north on axis y), "ahead"
/// and "ramp".
struct LineSegment {
  int64_t first = 0; ///< positions first + i * step, i below count
  int64_t count = 0;
  int64_t step = 1;
  int64_t colour = 0; ///< index into the colours of the route
  std::string in;
  std::vector<std::string> out;
  int64_t position = 0; ///< of the switch
  /// Times that the links of element i carry the wavelets of one use:
  /// load + i * loadStep.
  int64_t load = 1;
  int64_t loadStep = 0;
};

/// What some cores of a line do. A core does its actions in order. It receives
/// `receive` and sends `send`, indices of colours, -1 for none; with both, and
/// `forward`, what it sends is what it receives (with its own part added),
/// element by element, else the two do not wait for each other within a round.
struct Action {
  int64_t first = 0;
  int64_t count = 0;
  int64_t step = 1;
  int64_t receive = -1;
  int64_t send = -1;
  bool forward = false;
  int64_t rounds = 1;
  int64_t roundsStep = 0; ///< since 1.2
};

struct Pattern {
  std::string name;
  std::string algorithm;
  int64_t cores = 0;   ///< that take part
  int64_t length = 0;  ///< routers of the line
  int64_t colours = 0; ///< colours that a route needs
  std::vector<LineSegment> segments;
  std::vector<Action> actions;
};

/// A rectangle that occurs `count` times, each (dx, dy) from the last.
struct Area {
  int64_t x = 0;
  int64_t y = 0;
  int64_t width = 0;
  int64_t height = 0;
  int64_t count = 1;
  int64_t dx = 0;
  int64_t dy = 0;
};

/// Routers of an area: what comes in at `in` ("W", "E", "N", "S" or "ramp")
/// leaves at every port of `out`, in the route's colour.
struct Segment {
  Area area;
  std::string in;
  std::vector<std::string> out;
  int64_t position = 0; ///< of the switch
};

/// A kernel whose op runs a collective.
struct Use {
  std::string kernel;
  int64_t op = 0;
  int64_t times = 0; ///< in each step
  int64_t wavelets = 0;
};

/// The configuration of routers for one flow of data.
struct Route {
  std::string name;
  /// "all_reduce", "combine", "gather", "trunk" or "spread"
  std::string kind;
  int64_t wafer = 0;
  /// Set by the cores of its own region when it is its turn; else set once,
  /// when the machine is loaded.
  bool inTurn = false;
  std::vector<int64_t> colours;
  std::vector<int64_t> streams; ///< indices into Plan::streams
  /// The parts of the consumer on this axis that the route serves; "none": all.
  std::string axis;
  int64_t firstPart = 0;
  int64_t endPart = 0;
  int64_t wavelets = 0; ///< of the streams in a step, at most, on any link
  std::vector<Segment> segments;
  std::string pattern;     ///< of the lines; empty: none
  std::string lineAxis;    ///< "x", "y" or "none"
  std::vector<Area> lines; ///< each of lines along the axis, side by side
  std::vector<Use> uses;
};

struct ColourUse {
  int64_t available = 0; ///< 0: the target has no colours, a plan no routes
  int64_t used = 0;
  int64_t lowerBound = 0; ///< what the router at (x, y) needs
  int64_t wafer = 0;
  int64_t x = 0;
  int64_t y = 0;
};

/// Load of the links of one kind, in wavelets of a step.
struct LinkLoad {
  /// "W", "E", "N", "S", "core", "router" or "edge"; "none" where nothing is.
  std::string link = "none";
  int64_t total = 0;
  int64_t most = 0; ///< of the link that leaves the router at (x, y)
  int64_t wafer = 0;
  int64_t x = 0;
  int64_t y = 0;
};

struct Links {
  std::vector<LinkLoad> kinds;
  LinkLoad hottest;
};

/// Tokens per second at a clock.
struct Rate {
  double clockGhz = 0;
  double tokensPerUser = 0;
  double tokensPerSystem = 0;
  /// Of the sequences in flight, together. Since 1.2; 0 in an older plan.
  double tokensInFlight = 0;
};

/// Wafers as stations of a pipeline in which steps follow each other; with what
/// is in flight, in cycles. Since 1.2; zeros in an older plan.
struct InFlight {
  int64_t steps = 0;
  double period = 0; ///< from step to step: max(slowest wafer, latency / steps)
  double turn = 0;   ///< from token to token of a sequence: steps x period
  double fill = 0;   ///< until the last wafer begins
  double drain = 0;  ///< from when the first wafer has no more work
};

/// The least cycles of a step whatever the partition over wafers, and the
/// wafers that the weights and states along its path fill.
struct ModelBound {
  double cycles = 0;
  int64_t wafers = 1;
};

/// The step with the experts of each layer placed in another way, at the number
/// of groups that is best for this, all else being equal.
struct OtherPlacement {
  std::string placement; ///< "round_robin" or "in_order"
  double latency = 0;    ///< cycles
};

struct Estimate {
  std::string mode; ///< "ideal"
  Cycles latency;   ///< along the critical path
  double worstCaseLatency = 0;
  std::vector<std::string> criticalPath;
  std::vector<double> stageCycles; ///< by wafer
  Bound bound;                     ///< of this partition over wafers
  /// Since 1.1; 0 cycles on 1 wafer in an older plan.
  ModelBound modelBound;
  double gap = 0; ///< latency / bound; 0 where the bound is 0
  double unknownBytes = 0;
  double movedBytes = 0;
  std::vector<Rate> rates;
  std::vector<OtherPlacement> otherPlacements; ///< where there are experts
  InFlight inFlight;
};

/// What a step of another phase takes on the same regions, with the same
/// weights and states. Since 1.2.
struct PhaseEstimate {
  std::string phase; ///< "decode"
  int64_t batch = 0;
  int64_t context = 0;
  int64_t tokens = 0;
  double firings = 0; ///< for each step of the plan's phase
  Cycles latency;
  double worstCaseLatency = 0;
  std::vector<double> stageCycles;
  Bound bound;
  double gap = 0;
  std::vector<Rate> rates;
  InFlight inFlight;
};

struct NamedBytes {
  std::string name;
  int64_t bytes = 0;
};

/// A value of the model that the host works out itself and sends: a stream from
/// the host has the name of the node. Since 1.3.
struct HostValue {
  std::string node;
  std::vector<NamedBytes> initializers; ///< from which, and inputs of the model
};

/// Where every byte of the model's initializers went, and what the cores hold,
/// `host` being the initializers of the host values that no kernel holds:
///   weightBytes + sum of folded + sum of host = reachableBytes
///   shardBytes + copyBytes + paddingBytes = residentBytes
/// A shard on a core is its elements without gaps, in whole bytes. shardBytes
/// are those of one copy of each weight, scales of blocks that are cut counted
/// once; they differ from weightBytes where stored rows are padded, a shard
/// ends inside a byte, or the file holds varints.
struct Accounting {
  /// Stored bytes of the initializers in `weights`; one that several kernels
  /// hold (tied) counts once.
  int64_t weightBytes = 0;
  int64_t reachableBytes = 0; ///< of initializers reachable from the outputs
  std::vector<NamedBytes> folded; ///< used up by constant folding
  int64_t residentBytes = 0;      ///< of weight buffers, over all cores
  int64_t shardBytes = 0;         ///< of shards, each weight counted once
  int64_t copyBytes = 0;          ///< of shards in second and further copies
  int64_t paddingBytes = 0;       ///< of buffers beyond their shards
  int64_t stateBytes = 0;         ///< of states, each counted once
};

struct Plan {
  std::string producer;
  std::vector<Digest> digests;
  std::string model;                  ///< name of the .onnx file
  std::vector<std::string> arguments; ///< options as given, "name=value"
  int64_t seed = 0;
  bool feasible = true;
  Step step;
  int64_t maxContext =
      0; ///< tokens for which the states have room on the cores
  System system;
  std::vector<Region> regions; ///< by wafer
  std::vector<Kernel> kernels;
  std::vector<HostValue> hostValues;
  std::vector<Stream> streams;
  std::vector<Pattern> patterns;
  std::vector<Route> routes;
  ColourUse colours;
  Links links;
  Estimate estimate;
  std::vector<PhaseEstimate> otherPhases; ///< none or one
  Accounting accounting;
  std::vector<std::string> assumptions;
};

/// Gives every kernel the rectangle of its region; one of no area where the
/// plan has no region of that name.
void fillRectangles(Plan &plan);

/// The plan as JSON text, ending in a newline. `content_sha256` is computed.
std::string toJson(const Plan &plan);

/// SHA-256 of the plan's canonical JSON (RFC 8785: members sorted, no blanks,
/// one spelling for each number) without `content_sha256`.
std::string contentSha256(const Plan &plan);

/// Reads a plan of this major version. Every wrong field is an error that names
/// it. A plan of an older minor version has no fields of the newer ones; they
/// get the defaults that docs/schema/CHANGES.md gives, and `toJson` writes the
/// newest version. A plan of a newer minor version, or of another major one, is
/// refused with both versions: what its fields mean is not known here.
std::optional<Plan> fromJson(const std::string &text, Diagnostics &diags);

} // namespace inlay::plan

#endif // INLAY_PLAN_PLAN_H
