//===- Practice.h - How a code base writes its kernels ----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a mapping leaves open and a code base decides: how sums travel, by which
// algorithm, how products of tiles move. The defaults are those of Inlay's own
// plans. To hold estimates against kernels that others timed, Practice is set
// as their authors wrote them; everything else of an estimate stays the same.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_COST_PRACTICE_H
#define INLAY_COST_PRACTICE_H

#include "inlay/Cost/Collectives.h"
#include "inlay/Model/Sharding.h"

#include <optional>

namespace inlay::cost {

/// How a product runs over a region.
enum class ProductAlgorithm {
  /// Weights stay, each core multiplies its part, cut sums are all-reduced.
  Stationary,
  /// Tokens lie over y and channels over x in every tensor; tiles of both
  /// operands travel in P steps (gemmCyclicShift, gemmTransposed).
  CyclicShift,
  /// The same layout, tiles by multicast (gemmSumma).
  Multicast,
};

struct Practice {
  int sumBits = 32; ///< of a partial sum on the fabric
  /// Of every all-reduce; unset: the one with the fewest cycles.
  std::optional<AllReduceAlgorithm> allReduce;
  int64_t group = 0; ///< cores in a group of the two-tree; 0: sqrt P
  ProductAlgorithm product = ProductAlgorithm::Stationary;
  /// Messages are rounded DOWN to packets of this many elements, as the open
  /// kernels send them; 0: whole wavelets, rounded up.
  int64_t packet = 0;
  /// Every message describes its fabric operands, because one set serves
  /// messages of several lengths.
  bool hasFreshFabric = false;
  /// Rows of tiles follow each other without padding (TypeRates).
  bool hasPackedRows = false;
  /// Sums of norms and softmax, which only scale a row, may be taken together
  /// with those of the product that follows.
  bool delaysScales = true;
  /// Cores of a softmax begin with the largest of their own part and add as
  /// they are (KernelCost.cpp); else the largest of all is agreed upon first.
  bool mergesSoftmax = true;
  /// In `ideal` mode: cores work on what a sum needs and on what it brings
  /// while it travels (lib/Cost/Overlap.h). What a program that does so costs
  /// in software nobody has measured, so calibrated estimates leave it out.
  bool overlaps = true;
  /// Values lie where the next op wants them, whatever the layouts say: the
  /// mapping was made so.
  bool isInPlace = false;
  /// The axis along which the collectives are led when the kernel starts.
  model::Axis axis = model::Axis::None;
};

} // namespace inlay::cost

#endif // INLAY_COST_PRACTICE_H
