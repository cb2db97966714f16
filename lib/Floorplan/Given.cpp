//===- Given.cpp - Regions that are given from outside --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Given.h"

#include "RunCost.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::floorplan;

Pricer::Pricer(const Chain &chain)
    : chain(chain), runs(std::make_unique<RunCost>(chain)) {}

Pricer::~Pricer() = default;

std::optional<RegionPlan> Pricer::price(const std::vector<Kernels> &parts,
                                        const std::vector<model::Rect> &rects) {
  RegionPlan plan;
  for (size_t r = 0; r < parts.size(); ++r) {
    std::optional<Region> region = runs->place(parts[r], rects[r]);
    if (!region)
      return std::nullopt;
    plan.regions.push_back(std::move(*region));
  }
  std::sort(plan.regions.begin(), plan.regions.end(),
            [](const Region &a, const Region &b) {
              return a.kernels.front() < b.kernels.front();
            });
  plan.cycles = stepCycles(chain, plan.regions);
  return plan;
}

double Pricer::fill(const Kernels &kernels, model::Extent extent) {
  return runs->fill(kernels, extent);
}
