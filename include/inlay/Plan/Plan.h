//===- Plan.h - The placement plan: what a runtime loads --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The contract with a runtime, as plain structs. docs/schema/plan-0.schema.json
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
inline constexpr int64_t kMajorVersion = 0;
inline constexpr int64_t kMinorVersion = 1;

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

struct System {
  std::string target;
  int64_t wafers = 0;
  int64_t width = 0; ///< of the usable rectangle of a wafer
  int64_t height = 0;
  std::vector<Rectangle> dead;
  int64_t sramBytes = 0;     ///< of a core
  int64_t reservedBytes = 0; ///< of a core, not for data
  double clockGhz = 0;
  std::vector<Figure> figures;
};

/// What the step is.
struct Step {
  std::string phase;   ///< "decode" or "prefill"
  int64_t batch = 0;   ///< sequences
  int64_t context = 0; ///< tokens in the state of each
  int64_t tokens = 0;  ///< new tokens of each
};

/// How one dim of a tensor or op is cut: into `parts` blocks along `axis`, each
/// a multiple of `unit`, in order; block i holds indices
/// [i * shard, min((i + 1) * shard, size)).
/// Axis "x" counts columns of the region (of the expert group), "y" rows,
/// "group" expert groups row by row; "none" is not cut.
struct Cut {
  std::string dim;
  int64_t size = 0;
  std::string axis;
  int64_t parts = 0;
  int64_t unit = 0;
  int64_t shard = 0;
};

struct OpCut {
  std::string op;
  std::string kind;
  std::vector<Cut> dims;
};

/// A weight and the rule by which every core's part follows.
///
/// The stored bytes are `length` bytes at `offset` of `file`, rows of `shape`'s
/// last dim following each other every `rowPitchBits` (0: densely). The part of
/// the core at column c and row r of its region (or group g) is the slice of
/// the logical tensor that `cuts` give for c, r and g, one cut per dim of
/// `shape`.
struct Weight {
  std::string name;
  std::string file;
  int64_t offset = 0;
  int64_t length = 0;
  std::string encoding;
  std::string type;
  int64_t bits = 0; ///< of a logical element
  std::vector<int64_t> shape;
  int64_t rowPitchBits = 0;
  std::vector<Cut> cuts;
  int64_t copies = 0; ///< cores that hold each element
};

/// A state, e.g. keys of a layer's KV cache; `cuts` as for a weight.
struct State {
  std::string name;
  std::string type;
  std::vector<int64_t> shape;
  int64_t bytes = 0;
  std::vector<Cut> cuts;
};

/// A part of a core's SRAM, the same on every core of the kernel's region.
struct Buffer {
  std::string name;
  std::string role; ///< "weights", "state", "stream" or "scratch"
  int64_t offset = 0;
  int64_t bytes = 0;
};

struct Cycles {
  double compute = 0;
  double sram = 0;
  double fabricLatency = 0;
  double fabricBandwidth = 0;
  double software = 0;
  double crossing = 0;
  double total = 0;
};

/// The least cycles that physics allows, by reason.
struct Bound {
  double compute = 0;
  double sram = 0;
  double distance = 0;
  double cycles = 0;
  std::string binding;
};

struct ExpertGroup {
  int64_t index = 0;
  Rectangle rectangle; ///< on the wafer
  int64_t firstExpert = 0;
  int64_t endExpert = 0; ///< one past the last
};

struct Kernel {
  std::string name;
  std::string role;
  int64_t layer = 0; ///< -1: in no layer
  std::string structure;
  int64_t wafer = 0;
  Rectangle region;
  std::vector<OpCut> ops;
  std::vector<Weight> weights;
  std::vector<State> states;
  std::vector<ExpertGroup> groups;
  std::vector<Buffer> memory;
  int64_t bytesPerCore = 0; ///< end of the last buffer
  Cycles cycles;
  double worstCaseCycles = 0;
  Bound bound;
};

struct Stream {
  std::string name;
  std::string from; ///< kernel; empty: the host
  std::string to;   ///< kernel; empty: the host
  std::string type;
  std::vector<int64_t> shape;
  int64_t bytes = 0;
  int64_t hops = 0; ///< between the middles of the regions
  bool crossing = false;
  Cycles cycles;
};

/// Tokens per second at a clock.
struct Rate {
  double clockGhz = 0;
  double tokensPerUser = 0;
  double tokensPerSystem = 0;
};

struct Estimate {
  std::string mode; ///< "ideal"
  Cycles latency;   ///< along the critical path
  double worstCaseLatency = 0;
  std::vector<std::string> criticalPath;
  std::vector<double> stageCycles; ///< by wafer
  Bound bound;
  double gap = 0; ///< latency / bound
  double unknownBytes = 0;
  double movedBytes = 0;
  std::vector<Rate> rates;
};

struct NamedBytes {
  std::string name;
  int64_t bytes = 0;
};

/// Where every byte of the model's initializers went:
/// weightBytes + sum of folded = reachableBytes. Padding and copies lie apart.
struct Accounting {
  int64_t weightBytes = 0;    ///< of distinct initializers in `weights`
  int64_t reachableBytes = 0; ///< of initializers reachable from the outputs
  std::vector<NamedBytes> folded; ///< used up by constant folding
  int64_t copyBytes = 0;          ///< held by second and further copies
  int64_t paddingBytes = 0;       ///< held by shards beyond the tensors' ends
  int64_t stateBytes = 0;
};

struct Plan {
  std::string producer;
  std::vector<Digest> digests;
  std::string model;                  ///< name of the .onnx file
  std::vector<std::string> arguments; ///< options as given, "name=value"
  int64_t seed = 0;
  bool feasible = true;
  Step step;
  System system;
  std::vector<Kernel> kernels;
  std::vector<Stream> streams;
  Estimate estimate;
  Accounting accounting;
  std::vector<std::string> assumptions;
};

/// The plan as JSON text, ending in a newline.
std::string toJson(const Plan &plan);

/// Reads a plan of this major version. Every wrong field is an error that names
/// it; a plan of another version is refused with both versions.
std::optional<Plan> fromJson(const std::string &text, Diagnostics &diags);

} // namespace inlay::plan

#endif // INLAY_PLAN_PLAN_H
