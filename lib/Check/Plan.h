//===- Plan.h - A plan as its checker reads it ------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Read leniently, after the schema has had its say: what is missing or of
// another kind is 0 or empty here, and some rule then finds it.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_PLAN_H
#define INLAY_LIB_CHECK_PLAN_H

#include "Fabric.h"
#include "Json.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace inlay::checker {

struct Digest {
  std::string name, sha256;
};

struct Figure {
  std::string name;
  double value = 0;
  std::string unit, source;
  bool assumption = false;
};

struct ReservedRange {
  std::string name;
  int64_t address = 0, bytes = 0;
};

struct System {
  std::string target, description;
  int64_t wafers = 0, width = 0, height = 0;
  std::vector<Rect> dead;
  int64_t sramBytes = 0, reservedBytes = 0, budgetBytes = 0, alignment = 0;
  double clockGhz = 0;
  std::vector<Figure> figures;
  int64_t banks = 0;                   ///< since 1.1
  std::vector<ReservedRange> reserved; ///< since 1.1

  int64_t bankOf(int64_t offset) const;
};

struct Cut {
  std::string dim, axis;
  int64_t size = 0, parts = 0, unit = 0, shard = 0, inner = 0, points = 0;
  int64_t pitch = 0; ///< since 1.3; before, the size
  bool isReduction = false;
};

struct Operand {
  std::string role, buffer, type;
  int64_t bits = 0;
  std::vector<int64_t> indexDims, indexDivisors;
  std::vector<int64_t> indexFirsts; ///< since 1.3; none: all 0
};

struct Op {
  std::string name, kind;
  std::vector<Cut> dims;
  std::vector<Operand> operands;
  std::string node; ///< since 1.2
  /// Since 1.3, where they are not these. No type: that of the last operand.
  double operations = 1, density = 1;
  std::string computeType;
};

struct Piece {
  std::string initializer, file, encoding;
  int64_t offset = 0, length = 0, storedBits = 0, first = 0;
  std::vector<int64_t> sizes, strides;
};

struct Tensor {
  std::string name, type;
  int64_t bits = 0, bytes = 0;
  std::vector<int64_t> shape;
  std::vector<Cut> cuts;
  int64_t contextDim = -1, window = 0; ///< of a state
};

struct Weight : Tensor {
  std::vector<Piece> pieces;
  int64_t rowPitchBits = 0, copies = 0;
};

struct Buffer {
  std::string name, role;
  int64_t offset = 0, bytes = 0, slots = 0, firstOp = 0, lastOp = 0;
  int64_t alignment = 0, bank = 0; ///< since 1.1

  int64_t end() const { return plus(offset, bytes); }
};

struct CoreClass {
  std::string name;
  std::vector<Rect> rectangles;
  int64_t cores = 0, bytesPerCore = 0;
  std::vector<Buffer> memory;
};

struct Group {
  int64_t index = 0;
  std::vector<int64_t> experts;
  Rect rect;
};

/// Cycles by cause; `total` is their sum.
struct Cycles {
  std::vector<double> parts; ///< in the order of kCauses
  double total = 0;
};
inline constexpr const char *kCauses[] = {
    "compute",  "sram",     "fabric_latency", "fabric_bandwidth",
    "software", "crossing", "contention"};
inline constexpr size_t kFabricLatency = 2, kCrossing = 5, kContention = 6;

/// The least cycles, by reason: every member that is a number but `cycles`.
struct Bound {
  std::map<std::string, double> reasons;
  double cycles = 0;
  std::string binding;
};

struct Kernel {
  std::string name, role, structure, region;
  int64_t layer = 0, experts = 0, expertsPerToken = 0, wafer = 0;
  int64_t minor = 0;               ///< of the plan's version
  Rect rect;                       ///< of its region
  std::vector<std::string> inputs; ///< what comes in at each; since 1.2
  std::vector<Op> ops;
  std::vector<Weight> weights;
  std::vector<Tensor> states;
  std::vector<Group> groups;
  std::vector<CoreClass> classes;
  int64_t bytesPerCore = 0;
  Cycles cycles;
  double worstCase = 0, unknownBytes = 0, movedBytes = 0;
  double least = 0;       ///< since 1.3
  double activations = 0; ///< since 1.3
  Bound bound, regionBound;

  std::string place() const { return "kernel '" + name + "'"; }
  /// Cores along an axis; of expert groups where there are some.
  int64_t extent(const std::string &axis) const;
  /// Cores that take part.
  int64_t cores() const;
};

struct Region {
  std::string name;
  int64_t wafer = 0, bytesPerCore = 0, leastBytesPerCore = 0;
  Rect rect;
  std::vector<std::string> kernels;
};

struct Stream {
  std::string name, from, to, type;
  int64_t fromPort = 0, toPort = 0, bytes = 0, hops = 0;
  std::vector<int64_t> shape;
  bool isCrossing = false, isInPlace = false;
  Cycles cycles;

  std::string place() const;
};

struct Rate {
  double clock = 0, user = 0, system = 0, inFlight = 0;
};

struct ModelBound {
  double cycles = 0;
  int64_t wafers = 0;
};

/// Since 1.2.
struct InFlight {
  int64_t steps = 0;
  double period = 0, turn = 0, fill = 0, drain = 0;
};

struct Estimate {
  std::string mode;
  Cycles latency;
  double worstCase = 0, gap = 0, unknownBytes = 0, movedBytes = 0;
  std::vector<std::string> criticalPath;
  std::vector<double> stageCycles;
  Bound bound;
  ModelBound modelBound;
  std::vector<Rate> rates;
  InFlight inFlight;
};

/// Since 1.2.
struct PhaseEstimate {
  std::string phase;
  int64_t batch = 0, context = 0, tokens = 0;
  double firings = 0; ///< for each of the plan's own phase
  Cycles latency;
  double worstCase = 0, gap = 0;
  std::vector<double> stageCycles;
  Bound bound;
  std::vector<Rate> rates;
  InFlight inFlight;
};

/// Since 1.3.
struct HostValue {
  std::string node;
  std::vector<std::pair<std::string, int64_t>> initializers;
};

struct Accounting {
  int64_t weight = 0, reachable = 0, resident = 0, shard = 0, copy = 0,
          padding = 0, state = 0;
  std::vector<std::pair<std::string, int64_t>> folded;
};

struct Plan {
  std::string contentSha256, model;
  std::vector<Digest> digests;
  std::vector<std::string> options;
  std::vector<std::string> assumptions;
  bool isFeasible = false;
  std::string phase;
  int64_t minor = 0; ///< of the version
  int64_t batch = 0, context = 0, tokens = 0, maxContext = 0;
  int64_t sequencesInFlight = 0; ///< since 1.2
  System system;
  std::vector<Region> regions;
  std::vector<Kernel> kernels;
  std::vector<HostValue> hostValues;
  std::vector<Stream> streams;
  Estimate estimate;
  std::vector<PhaseEstimate> otherPhases;
  Accounting accounting;
  Fabric fabric;

  std::map<std::string, size_t> kernelOf; ///< by name; the first of that name
};

Plan readPlan(const json::Object &object);

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_PLAN_H
