//===- SumLines.cpp - Lines of cores that hold parts of one sum -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SumLines.h"

#include "inlay/Model/Cuts.h"
#include "inlay/Support/Format.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::wafer;

namespace {

/// Sums of an op along an axis, one behind the other.
struct Sums {
  int64_t count = 1;
  int64_t points = 1; ///< of one
  int64_t shard = 1;  ///< points of a core
  int64_t onCore = 1;
  bool isReduced = false;

  int64_t first(int64_t sum) const { return sum * points / shard; }
  int64_t last(int64_t sum) const { return ((sum + 1) * points - 1) / shard; }
  /// Of a line that holds any of them.
  int64_t cores() const {
    bool straddles = shard < points && points % shard != 0;
    return ceilDiv(points, shard) + (straddles ? 1 : 0);
  }
};

} // namespace

static Sums sumsOf(const model::OpSpec &op, const std::vector<model::Cut> &cuts,
                   model::Axis axis) {
  Sums sums;
  for (size_t d = 0; d < op.dims.size(); ++d) {
    if (cuts[d].axis != axis)
      continue;
    sums.shard = cuts[d].shard;
    bool isReduction = op.dims[d].kind == model::DimKind::Reduction;
    sums.isReduced |= isReduction;
    (isReduction ? sums.points : sums.count) *= op.dims[d].size;
  }
  sums.onCore = model::valuesSeen(cuts, axis, [&](size_t d) {
    return op.dims[d].kind != model::DimKind::Reduction;
  });
  return sums;
}

/// Every n-th line in one turn, n the least for which these do not meet.
static std::vector<std::vector<int64_t>> inTurns(const Sums &sums,
                                                 int64_t cores, int64_t parts) {
  std::vector<int64_t> starts;
  for (int64_t sum = 0; sum < sums.count; ++sum)
    starts.push_back(std::min(sums.first(sum), parts - cores));
  size_t turns = 1;
  auto isApart = [&] {
    for (size_t sum = 0; sum + turns < starts.size(); ++sum)
      if (starts[sum + turns] < starts[sum] + cores)
        return false;
    return true;
  };
  while (!isApart())
    ++turns;
  std::vector<std::vector<int64_t>> result(turns);
  for (size_t sum = 0; sum < starts.size(); ++sum)
    result[sum % turns].push_back(starts[sum]);
  return result;
}

SumLines inlay::wafer::sumLines(const model::KernelSpec &kernel,
                                const model::Sharding &sharding, int op,
                                model::Axis axis, int64_t cores,
                                int64_t parts) {
  SumLines lines;
  lines.turns.emplace_back();
  for (int64_t start = 0; start + cores <= parts; start += cores)
    lines.turns.back().push_back(start);
  for (int maker = op; maker >= 0; --maker) {
    const model::OpSpec &spec = kernel.ops[maker];
    Sums sums = sumsOf(spec, opCuts(spec, sharding.ops[maker], sharding), axis);
    bool isMaker = sums.isReduced && sums.count > 1 &&
                   std::min(sums.cores(), parts) == cores;
    if (!isMaker)
      continue;
    bool isInRuns = true;
    for (int64_t sum = 0; sum < sums.count; ++sum)
      isInRuns &= sums.first(sum) / cores == sums.last(sum) / cores;
    if (isInRuns)
      return lines;
    lines.turns = inTurns(sums, cores, parts);
    lines.share = sums.onCore;
    return lines;
  }
  return lines;
}
