//===- Problem.cpp - A chain of kernels over wafers -----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Partition/Partition.h"

#include "inlay/Support/Format.h"

#include "fmt/format.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::partition;

bool inlay::partition::checkWafers(int64_t wafers, size_t count,
                                   Diagnostics &diags) {
  if (wafers >= 0 && static_cast<size_t>(wafers) <= count)
    return true;
  diags.inputError("option --wafers",
                   fmt::format("{} wafers cannot be used: the model has {} "
                               "kernels, so 1 to {} wafers, or auto",
                               wafers, count, count));
  return false;
}

bool Problem::check(Diagnostics &diags) const {
  bool valid = true;
  auto fail = [&](std::string message) {
    valid = false;
    diags.internalError("partition", std::move(message));
  };
  if (items.empty())
    fail("has no kernels");
  if (bytesPerWafer < 1)
    fail(fmt::format("has wafers of {} B", bytesPerWafer));
  for (const Item &item : items)
    if (item.bytes < 0 || !(item.cycles >= 0) || !(item.crossing >= 0))
      fail(fmt::format("kernel '{}' has {} B, {} cycles and {} cycles of "
                       "crossing, but none may be negative",
                       item.name, item.bytes, item.cycles, item.crossing));
  for (size_t i = 1; i < items.size(); ++i)
    if (items[i].isJoined && items[i - 1].wafer != items[i].wafer &&
        items[i - 1].wafer >= 0 && items[i].wafer >= 0) {
      valid = false;
      diags.inputError("constraints",
                       fmt::format("kernels '{}' and '{}' share a region, but "
                                   "are pinned to wafers {} and {}",
                                   items[i - 1].name, items[i].name,
                                   items[i - 1].wafer, items[i].wafer));
    }
  if (!items.empty() && !checkWafers(wafers, items.size(), diags))
    valid = false;
  return valid;
}

double inlay::partition::crossingLoad(const Problem &problem, size_t first) {
  bool isWaited = problem.objective != Objective::Throughput && first > 0;
  return isWaited ? problem.items[first - 1].crossing : 0;
}

namespace {

struct Sums {
  int64_t bytes = 0;
  double cycles = 0;
};

Sums sumOf(const Problem &problem, const Stage &stage) {
  Sums sums;
  for (size_t i = stage.first; i < stage.last; ++i) {
    sums.bytes += problem.items[i].bytes;
    sums.cycles += problem.items[i].cycles;
  }
  sums.cycles += crossingLoad(problem, stage.first);
  return sums;
}

} // namespace

static bool differ(double a, double b) {
  return std::abs(a - b) > 1e-6 * (1 + std::abs(a) + std::abs(b));
}

bool Solution::verify(const Problem &problem, Diagnostics &diags) const {
  bool valid = true;
  auto fail = [&](std::string message) {
    valid = false;
    diags.internalError("partition", std::move(message));
  };
  if (problem.wafers && stages.size() != static_cast<size_t>(problem.wafers))
    fail(fmt::format("has {} stages for {} wafers", stages.size(),
                     problem.wafers));
  size_t at = 0;
  double slowest = 0;
  double crossing = 0;
  for (const Stage &stage : stages) {
    if (stage.first != at || stage.last <= stage.first ||
        stage.last > problem.items.size()) {
      fail(fmt::format("has a stage of kernels {} to {} after kernel {}",
                       stage.first, stage.last, at));
      return false;
    }
    at = stage.last;
    for (size_t i = stage.first; i < stage.last; ++i) {
      const Item &item = problem.items[i];
      auto wafer = static_cast<int>(&stage - stages.data());
      if ((item.wafer >= 0 && item.wafer != wafer) ||
          (item.isJoined && i == stage.first && i > 0))
        fail(fmt::format("kernel '{}' is not on the wafer that it must be on",
                         item.name));
    }
    Sums sums = sumOf(problem, stage);
    if (sums.bytes > problem.bytesPerWafer ||
        (problem.fits && !problem.fits(stage.first, stage.last)))
      fail(fmt::format("kernels '{}' to '{}' do not fit on one wafer",
                       problem.items[stage.first].name,
                       problem.items[stage.last - 1].name));
    slowest = std::max(slowest, sums.cycles);
    if (stage.first > 0)
      crossing += problem.items[stage.first - 1].crossing;
  }
  if (at != problem.items.size())
    fail(fmt::format("leaves out kernels {} to {}", at, problem.items.size()));
  if (differ(slowest, slowestStage) || differ(crossing, crossings))
    fail(fmt::format("claims {:.1f} cycles of the slowest stage and {:.1f} of "
                     "crossings, but they are {:.1f} and {:.1f}",
                     slowestStage, crossings, slowest, crossing));
  return valid;
}
