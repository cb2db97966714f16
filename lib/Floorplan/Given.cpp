//===- Given.cpp - Regions that are given from outside --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Floorplan/Given.h"

#include "RunCost.h"

using namespace inlay;
using namespace inlay::floorplan;

Pricer::Pricer(const Chain &chain) : runs(std::make_unique<RunCost>(chain)) {}

Pricer::~Pricer() = default;

std::optional<RegionPlan> Pricer::price(const std::vector<Kernels> &parts,
                                        const std::vector<model::Rect> &rects) {
  return runs->placeAll(parts, rects);
}

double Pricer::fill(const Kernels &kernels, model::Extent extent) {
  return runs->fill(kernels, extent);
}
