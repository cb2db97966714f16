//===- Memory.cpp - Offsets of buffers in the SRAM of a core --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Memory/Memory.h"

#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <limits>
#include <numeric>

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

int64_t Problem::lowerBound() const {
  int64_t most = 0;
  // The most is live where some buffer begins.
  for (const Buffer &at : buffers) {
    int64_t live = 0;
    for (const Buffer &buffer : buffers)
      if (buffer.begin <= at.begin && at.begin < buffer.end)
        live += alignUp(buffer.bytes, alignment);
    most = std::max(most, live);
  }
  return most;
}

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
    for (size_t j = 0; j < i; ++j) {
      const Buffer &other = problem.buffers[j];
      if (buffer.overlapsInTime(other) &&
          offsets[i] < offsets[j] + other.bytes &&
          offsets[j] < offsets[i] + buffer.bytes)
        fail(fmt::format("buffers '{}' and '{}' overlap", other.name,
                         buffer.name));
    }
  }
  if (top != peak)
    fail(fmt::format("claims a peak of {}, but it is {}", peak, top));
  if (top > problem.budget)
    fail(fmt::format("reaches up to {}, above the budget of {}",
                     formatBytes(top), formatBytes(problem.budget)));
  return valid;
}

namespace {

/// Places buffers in a given order, each at the lowest offset that is free over
/// its whole life.
class FirstFit {
public:
  explicit FirstFit(const Problem &problem) : problem(problem) {}

  Solution run(const std::vector<size_t> &order) {
    Solution solution;
    solution.offsets.assign(problem.buffers.size(), 0);
    std::vector<size_t> placed; // by offset
    for (size_t i : order) {
      int64_t size = alignUp(problem.buffers[i].bytes, problem.alignment);
      int64_t offset = 0;
      for (size_t j : placed) {
        if (!problem.buffers[i].overlapsInTime(problem.buffers[j]))
          continue;
        if (offset + size <= solution.offsets[j])
          break;
        offset = std::max(
            offset, alignUp(solution.offsets[j] + problem.buffers[j].bytes,
                            problem.alignment));
      }
      solution.offsets[i] = offset;
      solution.peak = std::max(solution.peak, offset + size);
      auto at = std::upper_bound(
          placed.begin(), placed.end(), offset,
          [&](int64_t value, size_t j) { return value < solution.offsets[j]; });
      placed.insert(at, i);
    }
    return solution;
  }

private:
  const Problem &problem;
};

/// Tries orders, best guesses first.
class Solver {
public:
  explicit Solver(const Problem &problem)
      : problem(problem), bound(problem.lowerBound()) {}

  Solution run() {
    order.resize(problem.buffers.size());
    for (const Buffer &buffer : problem.buffers) {
      firstStep = std::min(firstStep, buffer.begin);
      lastStep = std::max(lastStep, buffer.end);
    }
    // As model::footprint counts: residents, then the others by size.
    auto moving = putResidentsFirst();
    std::sort(moving, order.end(), [&](size_t a, size_t b) {
      int64_t bytesOfA = problem.buffers[a].bytes;
      int64_t bytesOfB = problem.buffers[b].bytes;
      return bytesOfA != bytesOfB ? bytesOfA > bytesOfB : a < b;
    });
    tryOrder();
    auto steps = [](const Buffer &b) { return double(b.end) - b.begin; };
    trySorted([](const Buffer &b) { return double(b.bytes); });
    trySorted([&](const Buffer &b) { return double(b.bytes) * steps(b); });
    trySorted(steps);
    trySorted([](const Buffer &b) { return -double(b.begin); });
    if (best.peak > bound && best.peak > problem.budget)
      permute();
    return best;
  }

private:
  /// Largest key first; ties keep the given order.
  template <typename Key> void trySorted(Key key) {
    if (isDone())
      return;
    std::iota(order.begin(), order.end(), size_t(0));
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      double keyOfA = key(problem.buffers[a]);
      double keyOfB = key(problem.buffers[b]);
      return keyOfA != keyOfB ? keyOfA > keyOfB : a < b;
    });
    tryOrder();
  }

  /// Buffers that live all the time, then the rest, both in the given order.
  std::vector<size_t>::iterator putResidentsFirst() {
    auto isResident = [&](size_t i) {
      return problem.buffers[i].begin == firstStep &&
             problem.buffers[i].end == lastStep;
    };
    order.clear();
    for (bool resident : {true, false})
      for (size_t i = 0; i < problem.buffers.size(); ++i)
        if (isResident(i) == resident)
          order.push_back(i);
    return std::find_if_not(order.begin(), order.end(), isResident);
  }

  void tryOrder() {
    Solution solution = FirstFit(problem).run(order);
    if (!hasBest || solution.peak < best.peak)
      best = std::move(solution);
    hasBest = true;
  }

  bool isDone() const { return hasBest && best.peak <= bound; }

  /// Buffers that live all the time lie at the bottom; the others in every
  /// order, up to a fixed number of them.
  void permute() {
    constexpr int kMostOrders = 5000;
    auto moving = putResidentsFirst();
    int left = kMostOrders;
    do
      tryOrder();
    while (!isDone() && --left > 0 &&
           std::next_permutation(moving, order.end()));
  }

  const Problem &problem;
  int64_t bound;
  std::vector<size_t> order;
  Solution best;
  bool hasBest = false;
  int firstStep = std::numeric_limits<int>::max();
  int lastStep = std::numeric_limits<int>::min();
};

} // namespace

std::optional<Solution> inlay::memory::solve(const Problem &problem,
                                             Diagnostics &diags) {
  Solution solution = Solver(problem).run();
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
  for (size_t i = 0; i < std::min<size_t>(3, largest.size()); ++i)
    text +=
        fmt::format("{}{} {}", i ? ", " : "", problem.buffers[largest[i]].name,
                    formatBytes(problem.buffers[largest[i]].bytes));
  diag.notes.push_back("largest: " + text);
  diag.notes.push_back(
      "would fit: a larger region, or a target with more SRAM");
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
