//===- RunCost.h - What runs of kernels take on a rectangle -----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_FLOORPLAN_RUNCOST_H
#define INLAY_LIB_FLOORPLAN_RUNCOST_H

#include "inlay/Floorplan/Floorplan.h"

#include <map>

namespace inlay::floorplan {

/// Kernels first .. last - 1.
Kernels runOf(size_t first, size_t last);

/// Answers for kernels of a chain that share a region; asks the chain for each
/// extent once.
class RunCost {
public:
  explicit RunCost(const Chain &chain);

  /// Offers of a kernel of the chain on an extent.
  const std::vector<Offer> &offersOf(size_t kernel, model::Extent extent);

  /// Cycles from the end of what kernel `link` waits for to its start, where
  /// that ran on `from` and the kernel runs on `to`.
  double handover(size_t link, const model::Rect &from, const model::Rect &to);

  /// The part of a tile that the kernels let their region take.
  model::Extent clip(const Kernels &kernels, model::Extent tile) const;

  /// The kernels on a tile, or the north-west part of it that they allow:
  /// every kernel's fastest offer, or, where their bytes exceed the budget, the
  /// smallest, and then faster ones kind by kind as far as bytes allow. None
  /// when even the smallest exceed it.
  std::optional<Region> place(const Kernels &kernels, const model::Rect &rect);

  /// Each part on its rectangle, and what a step takes then; none where one
  /// does not fit.
  std::optional<RegionPlan> placeAll(const std::vector<Kernels> &parts,
                                     const std::vector<model::Rect> &rects);

  /// Bytes of the kernels' smallest offers over the budget; large where one has
  /// none on this extent.
  double fill(const Kernels &kernels, model::Extent extent);

  /// Cycles of all runs first .. last - 1 for every last; kNever from where on
  /// they do not fit.
  void extend(size_t first, model::Extent extent, std::vector<double> &cycles);

  static constexpr double kNever = 1e300;

private:
  /// Offers by kind, as far as they were asked for.
  using Offers = std::vector<const std::vector<Offer> *>;
  Offers &offersOn(model::Extent extent) {
    return known.try_emplace({extent.width, extent.height}, numKinds, nullptr)
        .first->second;
  }
  const std::vector<Offer> &offersOf(size_t kernel, model::Extent extent,
                                     Offers &offers);

  const Chain &chain;
  size_t numKinds = 0;
  std::vector<size_t> kinds; ///< of each kernel, from 0 on
  std::map<std::pair<int64_t, int64_t>, Offers> known;
};

} // namespace inlay::floorplan

#endif // INLAY_LIB_FLOORPLAN_RUNCOST_H
