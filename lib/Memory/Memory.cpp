//===- Memory.cpp - Offsets of buffers in the SRAM of a core --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Memory/Memory.h"

#include "inlay/Model/Packing.h"
#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <tuple>

using namespace inlay;
using namespace inlay::memory;

static int64_t alignUp(int64_t bytes, int64_t alignment) {
  return ceilDiv(bytes, alignment) * alignment;
}

bool Problem::check(Diagnostics &diags) const {
  bool valid = true;
  auto fail = [&](const std::string &message) {
    valid = false;
    diags.internalError("memory of '" + name + "'", message);
  };
  if (alignment < 1)
    fail(fmt::format("aligns buffers to {} bytes", alignment));
  for (const Buffer &buffer : buffers) {
    if (buffer.bytes < 0)
      fail(fmt::format("buffer '{}' has {} bytes", buffer.name, buffer.bytes));
    if (buffer.begin >= buffer.end)
      fail(fmt::format("buffer '{}' lives from {} to {}, which is never",
                       buffer.name, buffer.begin, buffer.end));
  }
  return valid;
}

/// What a map has of each buffer: whole multiples of the alignment.
static std::vector<model::LiveRange> alignedRanges(const Problem &problem) {
  std::vector<model::LiveRange> ranges;
  for (const Buffer &buffer : problem.buffers)
    ranges.push_back(
        {alignUp(buffer.bytes, problem.alignment), buffer.begin, buffer.end});
  return ranges;
}

int64_t Problem::lowerBound() const {
  return model::liveBytes(alignedRanges(*this));
}

namespace {

/// Buffers that live, by offset, to find those that share bytes.
class LiveBuffers {
public:
  LiveBuffers(const Problem &problem, const std::vector<int64_t> &offsets)
      : problem(problem), offsets(offsets) {}

  /// Pairs that overlap: the first with each buffer that begins.
  std::vector<std::pair<size_t, size_t>> findOverlaps() {
    std::vector<std::tuple<int, bool, size_t>> changes;
    for (size_t i = 0; i < offsets.size(); ++i) {
      if (problem.buffers[i].bytes == 0)
        continue;
      changes.push_back({problem.buffers[i].begin, true, i});
      changes.push_back({problem.buffers[i].end, false, i});
    }
    // What ends makes room for what begins.
    std::sort(changes.begin(), changes.end());
    std::vector<std::pair<size_t, size_t>> overlaps;
    for (auto [step, isBegin, i] : changes) {
      if (!isBegin) {
        live.erase({offsets[i], i});
        continue;
      }
      auto next = live.insert({offsets[i], i}).first;
      if (next != live.begin() && endOf(std::prev(next)->second) > offsets[i])
        overlaps.push_back({std::prev(next)->second, i});
      else if (++next != live.end() && next->first < endOf(i))
        overlaps.push_back({next->second, i});
    }
    return overlaps;
  }

private:
  int64_t endOf(size_t i) const {
    return offsets[i] + problem.buffers[i].bytes;
  }

  const Problem &problem;
  const std::vector<int64_t> &offsets;
  std::set<std::pair<int64_t, size_t>> live;
};

} // namespace

bool Solution::verify(const Problem &problem, Diagnostics &diags) const {
  bool valid = true;
  auto fail = [&](const std::string &message) {
    valid = false;
    diags.internalError("memory of '" + problem.name + "'", message);
  };
  if (offsets.size() != problem.buffers.size()) {
    fail(fmt::format("has {} offsets for {} buffers", offsets.size(),
                     problem.buffers.size()));
    return false;
  }
  int64_t top = 0;
  for (size_t i = 0; i < offsets.size(); ++i) {
    const Buffer &buffer = problem.buffers[i];
    if (offsets[i] < 0 || offsets[i] % problem.alignment != 0)
      fail(fmt::format("buffer '{}' starts at {}, not at a multiple of {}",
                       buffer.name, offsets[i], problem.alignment));
    top = std::max(top, alignUp(offsets[i] + buffer.bytes, problem.alignment));
  }
  for (auto [i, j] : LiveBuffers(problem, offsets).findOverlaps())
    fail(fmt::format("buffers '{}' and '{}' overlap", problem.buffers[i].name,
                     problem.buffers[j].name));
  if (top != peak)
    fail(fmt::format("claims a peak of {}, but it is {}", peak, top));
  if (top > problem.budget)
    fail(fmt::format("reaches up to {}, above the budget of {}",
                     formatBytes(top), formatBytes(problem.budget)));
  return valid;
}

/// Buffers that live all the time lie at the bottom, in the given order; above
/// them what comes and goes is packed.
static Solution place(const Problem &problem) {
  std::vector<model::LiveRange> ranges = alignedRanges(problem), moving;
  int first = std::numeric_limits<int>::max();
  int last = std::numeric_limits<int>::min();
  for (const model::LiveRange &range : ranges) {
    first = std::min(first, range.begin);
    last = std::max(last, range.end);
  }
  Solution solution;
  std::vector<size_t> numbers; // of what moves
  for (size_t i = 0; i < ranges.size(); ++i) {
    solution.offsets.push_back(solution.peak);
    if (ranges[i].begin == first && ranges[i].end == last) {
      solution.peak += ranges[i].bytes;
      continue;
    }
    numbers.push_back(i);
    moving.push_back(ranges[i]);
  }
  model::Packing packing = model::pack(moving, problem.budget - solution.peak);
  for (size_t i = 0; i < numbers.size(); ++i)
    solution.offsets[numbers[i]] = solution.peak + packing.offsets[i];
  solution.peak += packing.peak;
  return solution;
}

std::optional<Solution> inlay::memory::solve(const Problem &problem,
                                             Diagnostics &diags) {
  Solution solution = place(problem);
  if (solution.peak <= problem.budget)
    return solution;
  Diagnostic &diag = diags.capacityError(
      "memory of '" + problem.name + "'",
      fmt::format("buffers reach up to {}, the budget of a core is {}, short "
                  "by {}; at least {} are live at once",
                  formatBytes(solution.peak), formatBytes(problem.budget),
                  formatBytes(solution.peak - problem.budget),
                  formatBytes(problem.lowerBound())));
  std::vector<size_t> largest(problem.buffers.size());
  std::iota(largest.begin(), largest.end(), size_t(0));
  std::sort(largest.begin(), largest.end(), [&](size_t a, size_t b) {
    int64_t bytesOfA = problem.buffers[a].bytes;
    int64_t bytesOfB = problem.buffers[b].bytes;
    return bytesOfA != bytesOfB ? bytesOfA > bytesOfB : a < b;
  });
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(5, largest.size()); ++i)
    text +=
        fmt::format("{}{} {}", i ? ", " : "", problem.buffers[largest[i]].name,
                    formatBytes(problem.buffers[largest[i]].bytes));
  diag.notes.push_back("largest: " + text);
  diag.notes.push_back(fmt::format(
      "would fit: {} more on each core (a smaller --reserve or a target with "
      "more SRAM)",
      formatBytes(solution.peak - problem.budget)));
  return std::nullopt;
}

std::string inlay::memory::bufferName(const model::KernelSpec &kernel,
                                      model::TensorRole role, int tensor,
                                      int op) {
  switch (role) {
  case model::TensorRole::Weights:
    return kernel.weights[tensor].name;
  case model::TensorRole::State:
    return kernel.states[tensor].name;
  case model::TensorRole::Input:
    return fmt::format("input {} (double-buffered)", tensor);
  case model::TensorRole::Output:
    return fmt::format("output {} (double-buffered)", tensor);
  case model::TensorRole::Local:
    break;
  }
  if (tensor >= 0)
    return fmt::format("local {}", tensor);
  return fmt::format("scratch of op {}", op);
}

Problem inlay::memory::problemOf(const std::vector<model::CutKernel> &kernels,
                                 std::string name, int64_t budget) {
  Problem problem;
  problem.name = std::move(name);
  problem.budget = budget;
  int numOps = 0;
  for (const model::CutKernel &cut : kernels)
    numOps += std::max(1, static_cast<int>(cut.kernel->ops.size()));
  // One more step, in which nothing but residents lives: what scratch needs
  // all the time of its kernel is no resident.
  int end = numOps + 1;
  int start = 0;
  for (const model::CutKernel &cut : kernels) {
    for (const model::ShardBuffer &buffer :
         model::shardBuffers(*cut.kernel, *cut.sharding)) {
      bool isScratch = buffer.role == model::TensorRole::Local;
      problem.buffers.push_back(
          {bufferName(*cut.kernel, buffer.role, buffer.tensor, buffer.firstOp),
           buffer.bytes, isScratch ? start + buffer.firstOp : 0,
           isScratch ? start + buffer.lastOp + 1 : end});
    }
    start += std::max(1, static_cast<int>(cut.kernel->ops.size()));
  }
  return problem;
}
