//===- Times.cpp - What is over before something else begins --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Times.h"

#include <algorithm>
#include <limits>

using namespace inlay;
using namespace inlay::routing;

/// Of a kernel that does not follow.
static constexpr double kNever = -std::numeric_limits<double>::infinity();

Times::Times(const Problem &problem)
    : problem(problem), before(problem.kernels.size()),
      flowsTo(problem.kernels.size()),
      turnBefore(problem.kernels.size(), kHost) {
  for (size_t i = 0; i < problem.order.size(); ++i) {
    auto [from, to] = problem.order[i];
    before[to].push_back(
        {from, i < problem.orderCycles.size() ? problem.orderCycles[i] : 0});
  }
  std::map<int, int> lastOn;
  for (size_t k = 0; k < problem.kernels.size(); ++k) {
    auto kernel = static_cast<int>(k);
    auto [last, isFirst] =
        lastOn.try_emplace(problem.kernels[k].region, kernel);
    if (!isFirst) {
      turnBefore[k] = last->second;
      before[k].push_back({last->second, 0});
    }
    last->second = kernel;
  }
  for (size_t f = 0; f < problem.flows.size(); ++f)
    if (problem.flows[f].to != kHost)
      flowsTo[problem.flows[f].to].push_back(static_cast<int>(f));
}

void Times::setWaits(const std::vector<int64_t> &ofFlows,
                     const std::vector<int64_t> &ofKernels) {
  flowWaits = ofFlows;
  kernelWaits = ofKernels;
}

/// From the end of its producer to its own.
std::optional<double> Times::mostOf(int flow) const {
  const Flow &of = problem.flows[flow];
  if (!of.cycles || of.from == kHost)
    return std::nullopt;
  return *of.cycles + double(flowWaits[flow]) * problem.period;
}

/// The latest of its inputs is the kernel from which its end is measured: all
/// others have to have ended when that begins.
std::optional<Times::End> Times::endOf(int kernel) const {
  End end;
  for (auto [from, cycles] : before[kernel])
    end.from = std::max(end.from, from);
  if (end.from == kHost)
    return std::nullopt;
  auto isEarlier = [&](int other) {
    return other == end.from ||
           std::any_of(before[end.from].begin(), before[end.from].end(),
                       [&](const auto &pair) { return pair.first == other; });
  };
  for (auto [from, cycles] : before[kernel])
    if (!isEarlier(from))
      return std::nullopt;
  for (int flow : flowsTo[kernel]) {
    if (problem.inputsComeFirst && problem.flows[flow].from == kHost)
      continue;
    std::optional<double> most = mostOf(flow);
    if (!most)
      return std::nullopt;
    end.cycles = std::max(end.cycles, *most);
  }
  end.cycles += problem.kernels[kernel].mostCycles +
                double(kernelWaits[kernel]) * problem.period;
  return end;
}

/// Of every kernel the least cycles from the end of `kernel` to its start.
const std::vector<double> &Times::startsBehind(int kernel) {
  auto [known, isNew] = starts.try_emplace(kernel);
  std::vector<double> &start = known->second;
  if (!isNew)
    return start;
  // Nothing on the next wafer but one is asked for.
  int last = problem.waferOf(kernel) + 1;
  start.assign(problem.kernels.size(), kNever);
  for (size_t k = size_t(kernel) + 1; k < start.size(); ++k) {
    if (problem.waferOf(static_cast<int>(k)) > last)
      break;
    for (auto [from, cycles] : before[k]) {
      double end = from == kernel ? 0
                   : start[from] == kNever
                       ? kNever
                       : start[from] + problem.kernels[from].leastCycles;
      start[k] = std::max(start[k], end + cycles);
    }
  }
  return start;
}

bool Times::beginsAfter(const End &end, const Carrier &carrier, int wafer) {
  int kernel =
      carrier.kernel >= 0 ? carrier.kernel : problem.flows[carrier.flow].from;
  double begin = 0;
  if (kernel == kHost)
    return false;
  if (kernel == end.from) {
    if (carrier.kernel >= 0)
      return false;
  } else {
    begin = startsBehind(end.from)[kernel];
    if (carrier.flow >= 0)
      begin += problem.kernels[kernel].leastCycles;
  }
  // What comes from another wafer begins here when it arrives.
  if (carrier.flow >= 0 && problem.waferOf(kernel) != wafer)
    begin += problem.flows[carrier.flow].crossing;
  return begin >= end.cycles;
}

bool Times::isOver(const Carrier &first, const Carrier &second, int wafer) {
  if (flowWaits.empty())
    return false;
  if (first.kernel >= 0) {
    std::optional<End> end = endOf(first.kernel);
    return end && beginsAfter(*end, second, wafer);
  }
  std::optional<double> most = mostOf(first.flow);
  const Flow &flow = problem.flows[first.flow];
  if (!most)
    return false;
  // What leaves is over here before its wafer's edge has been crossed.
  if (flow.to != kHost && problem.waferOf(flow.to) != wafer)
    *most -= flow.crossing;
  if (beginsAfter({flow.from, *most}, second, wafer))
    return true;
  std::optional<End> end = endOf(flow.from);
  return end && beginsAfter({end->from, end->cycles + *most}, second, wafer);
}
