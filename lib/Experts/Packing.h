//===- Packing.h - Experts into groups, by drawn steps ----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_EXPERTS_PACKING_H
#define INLAY_LIB_EXPERTS_PACKING_H

#include "inlay/Experts/Experts.h"

namespace inlay::experts {

/// Packs experts, with so many replicas of each, and improves what it packed.
class Packing {
public:
  /// `replicas`: 1 or more for each expert, at most one for each group.
  Packing(const Problem &problem, const cost::DrawnSteps &steps,
          const std::vector<int64_t> &replicas);

  /// Puts every item into a group; false where one finds no room.
  bool pack();
  /// Swaps and moves while the busiest groups' loads fall, for at most `work`
  /// looks at a load.
  void improve(int64_t work);

  Groups getGroups() const;

private:
  /// One replica of an expert and its activations in each step.
  struct Item {
    int64_t expert;
    int64_t replicas; ///< of the expert
    int64_t total = 0;
    std::vector<int32_t> loads;
  };
  /// The three largest loads of a step, and whose they are.
  struct Top {
    int32_t load[3];
    int32_t group[3];

    /// The largest of a group that is neither.
    int32_t without(int32_t a, int32_t b) const;
  };

  bool holds(size_t group, int64_t expert, int64_t except) const;
  bool mayHold(size_t group, int64_t item, int64_t instead) const;
  int64_t gainOf(int64_t item, size_t a, int64_t other, size_t b) const;
  void exchange(size_t a, size_t i, size_t b, int64_t j);
  void setTop(size_t step);
  bool improveItem(size_t a, size_t i, int64_t &work);
  std::vector<size_t> busiestFirst() const;

  int32_t &loadOf(size_t step, size_t group) {
    return loads[step * numGroups + group];
  }
  int32_t loadOf(size_t step, size_t group) const {
    return loads[step * numGroups + group];
  }

  size_t numGroups, numSteps, slots;
  std::vector<Item> items;
  std::vector<std::vector<int64_t>> groups; ///< items of each
  std::vector<int32_t> loads;
  std::vector<Top> tops;
};

} // namespace inlay::experts

#endif // INLAY_LIB_EXPERTS_PACKING_H
