//===- Sizes.cpp - Shapes of all kernels at all times tried ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sizes.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace inlay;
using namespace inlay::floorplan;
using namespace inlay::floorplan::ispd2020;

Sizes::Sizes(const Problem &problem) : input(problem) {
  std::vector<int> examples; // by kind, a kernel
  for (size_t i = 0; i < problem.kernels.size(); ++i) {
    const Kernel &kernel = problem.kernels[i];
    auto same = llvm::find_if(examples, [&](int other) {
      return problem.kernels[other].sameWork(kernel);
    });
    kinds.push_back(static_cast<int>(same - examples.begin()));
    if (same != examples.end())
      continue;
    examples.push_back(static_cast<int>(i));
    sizers.emplace_back(kernel, problem.grid, problem.memoryLimit);
  }
}

std::vector<ShapeCurve> Sizes::curves(double time) const {
  std::vector<ShapeCurve> byKind;
  for (const Sizer &sizer : sizers)
    byKind.push_back(sizer.shapes(time).curve);
  std::vector<ShapeCurve> curves;
  for (int kind : kinds)
    curves.push_back(byKind[kind]);
  return curves;
}

double Sizes::leastTime() const {
  auto fits = [&](double time) {
    std::vector<int64_t> areas;
    for (const Sizer &sizer : sizers) {
      ShapeCurve curve = sizer.shapes(time).curve;
      if (curve.isEmpty())
        return false;
      areas.push_back(curve.leastArea());
    }
    int64_t sum = 0;
    for (int kind : kinds)
      sum += areas[kind];
    return sum <= input.grid.area();
  };
  double high = 1;
  while (high < 1e16 && !fits(high))
    high *= 2;
  double low = high / 2;
  for (int i = 0; i < 40 && high - low > 0.2; ++i) {
    double middle = (low + high) / 2;
    (fits(middle) ? high : low) = middle;
  }
  return high;
}

double Sizes::leastWirelength(const std::vector<ShapeCurve> &curves) const {
  int64_t doubled = 0;
  for (auto [from, to] : input.edges)
    doubled += curves[from].leastSide() + curves[to].leastSide();
  return double(doubled) / 2;
}

double Sizes::leastScore() const {
  // Between two times curves change only where times were left out;
  // then a bound for some steps at once is had at less cost.
  double least = std::numeric_limits<double>::infinity();
  size_t stride = isThinned ? 4 : 1;
  for (size_t i = 0; i < times.size(); i += stride) {
    std::vector<int64_t> sides;
    size_t next = i + stride;
    double before =
        next < times.size() ? times[next] * (1 - 1e-12) : times.back();
    for (size_t kind = 0; kind < sizers.size(); ++kind)
      sides.push_back(isThinned ? sizers[kind].shapes(before).curve.leastSide()
                                : all[kind][steps[kind][i]].curve.leastSide());
    int64_t doubled = 0;
    for (auto [from, to] : input.edges)
      doubled += sides[kinds[from]] + sides[kinds[to]];
    least = std::min(least, input.weights.time * times[i] +
                                input.weights.wirelength * double(doubled) / 2);
  }
  return least;
}

/// Leaves out times so that no more than about `most` remain, evenly spread.
static std::vector<double> thinned(const std::vector<double> &times,
                                   size_t most) {
  double ratio = std::pow(times.back() / times.front(), 1.0 / double(most));
  std::vector<double> kept;
  for (double time : times)
    if (kept.empty() || time >= kept.back() * ratio)
      kept.push_back(time);
  return kept;
}

void Sizes::setTimes(double low, double high) {
  all.assign(sizers.size(), {});
  std::vector<std::vector<double>> starts(sizers.size());
  times = {low};
  for (size_t kind = 0; kind < sizers.size(); ++kind) {
    starts[kind] = {low};
    all[kind].push_back(sizers[kind].shapes(low));
    std::vector<double> own = sizers[kind].times(low, high);
    constexpr size_t mostTimes = 400;
    if (own.size() > mostTimes) {
      own = thinned(own, mostTimes);
      isThinned = true;
    }
    for (double time : own) {
      Shapes next = sizers[kind].shapes(time);
      if (next.curve.heights == all[kind].back().curve.heights)
        continue;
      all[kind].push_back(std::move(next));
      starts[kind].push_back(time);
      times.push_back(time);
    }
  }
  llvm::sort(times);
  times.erase(llvm::unique(times), times.end());
  steps.assign(sizers.size(), {});
  for (size_t kind = 0; kind < sizers.size(); ++kind)
    for (double time : times)
      steps[kind].push_back(
          static_cast<int>(
              std::upper_bound(starts[kind].begin(), starts[kind].end(), time) -
              starts[kind].begin()) -
          1);
}

int Sizes::indexOf(double value) const {
  auto found = llvm::lower_bound(times, value);
  if (found == times.end())
    --found;
  return static_cast<int>(found - times.begin());
}

const Shapes &Sizes::shapes(int kernel, int timeIndex, Image image) const {
  int kind = kinds[kernel];
  if (image.h == 0)
    return all[kind][steps[kind][timeIndex]];
  std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<Shapes> &entry = limited[{kind, timeIndex, image}];
  if (!entry)
    entry =
        std::make_unique<Shapes>(sizers[kind].shapes(times[timeIndex], image));
  return *entry;
}
