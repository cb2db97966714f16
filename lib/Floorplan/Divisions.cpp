//===- Divisions.cpp - Small kernels apart from large ones ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Divisions.h"

#include "RunCost.h"

#include <algorithm>
#include <set>

using namespace inlay;
using namespace inlay::floorplan;

namespace {

/// A kernel and those that are joined to it.
struct Unit {
  Kernels kernels;
  double bytes = 0;
  int layer = -1;
};

} // namespace

static std::vector<Unit> unitsOf(const Chain &chain) {
  std::vector<Unit> units;
  for (size_t k = 0; k < chain.links.size(); ++k) {
    const Link &link = chain.links[k];
    if (!link.isJoined || units.empty())
      units.push_back({{}, 0, link.layer});
    units.back().kernels.push_back(k);
    units.back().bytes += link.bytes;
  }
  return units;
}

/// Sizes between which most of a factor lies, the widest gap first.
static std::vector<double> thresholds(std::vector<double> sizes) {
  constexpr double kGap = 3;
  constexpr size_t kMost = 2;
  std::sort(sizes.begin(), sizes.end());
  std::vector<std::pair<double, double>> gaps; // factor, threshold
  for (size_t i = 0; i + 1 < sizes.size(); ++i) {
    double factor = sizes[i + 1] / std::max(1.0, sizes[i]);
    if (factor >= kGap)
      gaps.push_back({-factor, sizes[i + 1]});
  }
  std::sort(gaps.begin(), gaps.end());
  std::vector<double> all;
  for (size_t i = 0; i < std::min(kMost, gaps.size()); ++i)
    all.push_back(gaps[i].second);
  return all;
}

/// Runs of parts of about equal bytes.
static Parts gather(const std::vector<Unit> &units, size_t count) {
  double sum = 0, seen = 0;
  for (const Unit &unit : units)
    sum += unit.bytes;
  Parts parts(count);
  for (const Unit &unit : units) {
    auto part = static_cast<size_t>((seen + unit.bytes / 2) / sum *
                                    static_cast<double>(count));
    Kernels &kernels = parts[std::min(part, count - 1)];
    kernels.insert(kernels.end(), unit.kernels.begin(), unit.kernels.end());
    seen += unit.bytes;
  }
  parts.erase(std::remove_if(parts.begin(), parts.end(),
                             [](const Kernels &part) { return part.empty(); }),
              parts.end());
  return parts;
}

/// Small units apart; where `follows`, one that comes behind a large one of its
/// layer stays with it.
static void split(const std::vector<Unit> &units, double threshold,
                  bool follows, std::vector<Unit> &small,
                  std::vector<Unit> &large) {
  bool behindLarge = false;
  for (const Unit &unit : units) {
    bool isLarge = unit.bytes >= threshold;
    bool stays = follows && behindLarge && unit.layer >= 0 &&
                 unit.layer == large.back().layer;
    behindLarge = isLarge || stays;
    if (!behindLarge) {
      small.push_back(unit);
    } else if (isLarge || !stays) {
      large.push_back(unit);
    } else {
      large.back().bytes += unit.bytes;
      large.back().kernels.insert(large.back().kernels.end(),
                                  unit.kernels.begin(), unit.kernels.end());
    }
  }
}

static bool areRuns(const Parts &parts) {
  return std::all_of(parts.begin(), parts.end(), [](const Kernels &part) {
    return part.back() - part.front() + 1 == part.size();
  });
}

std::vector<Division> inlay::floorplan::divisionsOf(const Chain &chain) {
  constexpr size_t kMostSmall = 3;
  constexpr size_t kMostLarge = 12;
  std::vector<Unit> units = unitsOf(chain);
  std::vector<double> sizes;
  for (const Unit &unit : units)
    sizes.push_back(unit.bytes);
  std::vector<Division> all;
  std::set<std::pair<Parts, Parts>> seen;
  for (double threshold : thresholds(sizes))
    for (bool follows : {true, false}) {
      std::vector<Unit> small, large;
      split(units, threshold, follows, small, large);
      if (small.empty() || large.empty() || large.size() > kMostLarge)
        continue;
      for (size_t numLarge : {large.size(), (large.size() + 1) / 2, size_t(1)})
        for (size_t numSmall = 1; numSmall <= kMostSmall; ++numSmall) {
          Division division = {gather(small, std::min(numSmall, small.size())),
                               gather(large, numLarge)};
          bool isNew = seen.insert({division.small, division.large}).second;
          bool follow = areRuns(division.small) && areRuns(division.large);
          if (isNew && !(follow && division.large.size() > 1))
            all.push_back(std::move(division));
        }
    }
  return all;
}

std::vector<Division> inlay::floorplan::divisionsOf(const Chain &chain,
                                                    const Parts &parts) {
  std::vector<double> sizes;
  for (const Kernels &part : parts) {
    double bytes = 0;
    for (size_t k : part)
      bytes += chain.links[k].bytes;
    sizes.push_back(bytes);
  }
  std::vector<double> sorted = sizes;
  std::sort(sorted.begin(), sorted.end());
  std::vector<Division> all;
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i] == sorted[i - 1])
      continue;
    Division division;
    for (size_t p = 0; p < parts.size(); ++p)
      (sizes[p] < sorted[i] ? division.small : division.large)
          .push_back(parts[p]);
    all.push_back(std::move(division));
  }
  return all;
}
