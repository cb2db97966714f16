//===- Seeds.h - Where searches start ---------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_ISPD2020_SEEDS_H
#define INLAY_LIB_FLOORPLAN_ISPD2020_SEEDS_H

#include "Sizes.h"

namespace inlay::floorplan::ispd2020 {

/// Kernels in an order in which data come before their use, each soon after
/// what it needs.
std::vector<int> dataOrder(const Problem &problem);

/// Rows of kernels at one time: those of shortest wires, and those of least
/// height for each number of rows.
std::vector<std::vector<std::vector<int>>>
startRows(const Problem &problem, const std::vector<int> &order,
          const std::vector<const ShapeCurve *> &curves);

/// Times between which the best solution lies.
struct Window {
  double low = 0, high = 0;
  double score = 0; ///< of the best rows, without adapters
  double time = 0;  ///< theirs
};

/// None when no rows fit at any time: then `high` is a guess.
Window findWindow(const Sizes &sizes, const std::vector<int> &order);

/// Images with which kernels need little more room than they must.
std::vector<Image> choosePalette(const Sizes &sizes, double time);

} // namespace inlay::floorplan::ispd2020

#endif // INLAY_LIB_FLOORPLAN_ISPD2020_SEEDS_H
