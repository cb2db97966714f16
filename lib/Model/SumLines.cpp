//===- SumLines.cpp - Lines of cores that hold parts of one sum -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/SumLines.h"

#include "inlay/Model/Cuts.h"
#include "inlay/Support/Format.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::model;

namespace {

/// Sums of an op along an axis, one behind the other.
struct Sums {
  int64_t count = 1;
  int64_t points = 1; ///< of one
  int64_t shard = 1;  ///< points of a core
  int64_t onCore = 1;

  int64_t first(int64_t sum) const { return sum * points / shard; }
  int64_t last(int64_t sum) const { return ((sum + 1) * points - 1) / shard; }
  bool areInRuns(int64_t cores, int64_t parts) const;
  std::vector<int64_t> starts(int64_t cores, int64_t parts) const;
};

} // namespace

static int64_t partsAlong(const Sharding &sharding, Axis axis) {
  return axis == Axis::X ? sharding.group.width : sharding.group.height;
}

/// Whole runs, as many as there is room for. What one core has alone needs
/// none.
bool Sums::areInRuns(int64_t cores, int64_t parts) const {
  if (cores * shard == points)
    return true;
  for (int64_t sum = 0; sum < count; ++sum) {
    int64_t run = first(sum) / cores;
    if (first(sum) != last(sum) &&
        (run != last(sum) / cores || (run + 1) * cores > parts))
      return false;
  }
  return true;
}

/// First cores of lines that hold a sum each.
std::vector<int64_t> Sums::starts(int64_t cores, int64_t parts) const {
  std::vector<int64_t> result;
  for (int64_t sum = 0; sum < count; ++sum)
    result.push_back(std::min(first(sum), parts - cores));
  return result;
}

/// Whether an op has several sums along an axis, one behind the other: what it
/// does not sum over is slower there than what it does.
static bool hasSums(const OpSpec &op, const OpSharding &opSharding, Axis axis) {
  bool isReduced = false, hasOthers = false;
  for (size_t d = 0; d < op.dims.size(); ++d) {
    if (opSharding.axisOfDim[d] != axis)
      continue;
    bool isReduction = op.dims[d].kind == DimKind::Reduction;
    if (isReduced && !isReduction)
      return false;
    (isReduction ? isReduced : hasOthers) = true;
  }
  return isReduced && hasOthers;
}

static Sums sumsOf(const OpSpec &op, const OpSharding &opSharding,
                   const Sharding &sharding, Axis axis) {
  Sums sums;
  std::vector<Cut> cuts = opCuts(op, opSharding, sharding);
  for (size_t d = 0; d < op.dims.size(); ++d) {
    if (cuts[d].axis != axis)
      continue;
    sums.shard = std::max<int64_t>(1, cuts[d].shard);
    bool isReduction = op.dims[d].kind == DimKind::Reduction;
    (isReduction ? sums.points : sums.count) *= cuts[d].pitch;
  }
  sums.onCore = valuesSeen(cuts, axis, [&](size_t d) {
    return op.dims[d].kind != DimKind::Reduction;
  });
  return sums;
}

/// The least n for which every n-th line does not meet the next.
static int64_t turnsOf(const std::vector<int64_t> &starts, int64_t cores) {
  auto isApart = [&](size_t turns) {
    for (size_t sum = 0; sum + turns < starts.size(); ++sum)
      if (starts[sum + turns] < starts[sum] + cores)
        return false;
    return true;
  };
  size_t turns = 1;
  while (!isApart(turns))
    ++turns;
  return static_cast<int64_t>(turns);
}

int64_t inlay::model::coresOfSum(const OpSpec &op, const OpSharding &opSharding,
                                 const Sharding &sharding, Axis axis) {
  int64_t parts = partsAlong(sharding, axis);
  AxisRun run = runOn(op.dims, opSharding, axis, parts);
  int64_t slower = 1, points = 1;
  bool reduces = false;
  for (size_t d = 0; d < op.dims.size(); ++d) {
    if (opSharding.axisOfDim[d] != axis)
      continue;
    reduces |= op.dims[d].kind == DimKind::Reduction;
    (reduces ? points : slower) *=
        static_cast<int>(d) == run.fastest ? run.pitch : op.dims[d].size;
  }
  if (!reduces || parts <= 1)
    return 1;
  if (slower == 1)
    return std::min(parts, points);
  int64_t shard = std::max<int64_t>(1, run.shard);
  // A core at either end may hold parts of two sums.
  bool straddles = points % shard != 0 && shard % points != 0;
  return std::min(parts, ceilDiv(points, shard) + (straddles ? 1 : 0));
}

SumTurns inlay::model::sumTurns(const KernelSpec &kernel,
                                const Sharding &sharding,
                                llvm::ArrayRef<int> makers, Axis axis,
                                int64_t cores) {
  SumTurns most;
  for (int maker : makers) {
    const OpSpec &op = kernel.ops[maker];
    if (!hasSums(op, sharding.ops[maker], axis))
      continue;
    Sums sums = sumsOf(op, sharding.ops[maker], sharding, axis);
    int64_t parts = partsAlong(sharding, axis);
    if (sums.areInRuns(cores, parts))
      continue;
    int64_t turns = turnsOf(sums.starts(cores, parts), cores);
    if (turns > most.turns)
      most = {turns, sums.onCore};
  }
  return most;
}

std::vector<std::vector<int64_t>>
inlay::model::sumLines(const KernelSpec &kernel, const Sharding &sharding,
                       llvm::ArrayRef<int> makers, Axis axis, int64_t cores) {
  int64_t parts = partsAlong(sharding, axis);
  std::vector<std::vector<int64_t>> lines(1);
  for (int64_t start = 0; start + cores <= parts; start += cores)
    lines.front().push_back(start);
  for (int maker : makers) {
    const OpSpec &op = kernel.ops[maker];
    if (!hasSums(op, sharding.ops[maker], axis))
      continue;
    Sums sums = sumsOf(op, sharding.ops[maker], sharding, axis);
    if (sums.areInRuns(cores, parts))
      continue;
    std::vector<int64_t> starts = sums.starts(cores, parts);
    int64_t turns = turnsOf(starts, cores);
    if (turns <= static_cast<int64_t>(lines.size()) && lines.size() > 1)
      continue;
    lines.assign(size_t(turns), {});
    for (size_t sum = 0; sum < starts.size(); ++sum)
      lines[sum % size_t(turns)].push_back(starts[sum]);
  }
  return lines;
}
