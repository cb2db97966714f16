//===- GroupSums.h - How groups of experts are added up ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Joined groups lie in one row of groups, or in one column, and their last
// product sums along it: the sum goes over all groups at once, on lines across
// the whole region, after which every core of a line has all of it. They give
// values as a kernel of one group does.
//
// What other groups made is added up in the north-west one. In a group all
// columns hold the same, each row its part (or the other way round: read
// columns as rows). A row is added in one column of each group, its home:
// across the groups beside each other, then down those below each other, and is
// broadcast along its row in the end. Rows of one home follow each other on the
// way down. What the estimate counts and what routers do follow from here.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODEL_GROUPSUMS_H
#define INLAY_MODEL_GROUPSUMS_H

#include "inlay/Model/Sharding.h"

#include <algorithm>

namespace inlay::model {

/// Columns in which rows are added; each takes a line of its own in the plan.
inline constexpr int64_t kMostHomes = 16;

/// Homes of a group of so many columns and rows.
inline int64_t homesOf(int64_t columns, int64_t rows) {
  return std::min({kMostHomes, columns, rows});
}

struct GroupSums {
  /// The axis of joined groups, along which lines have `line` cores; None where
  /// the groups are not joined, or there is one.
  Axis joined = Axis::None;
  int64_t line = 1;
  bool isJoined() const { return joined != Axis::None; }

  /// Along it the cores of a group hold different parts: Y, or X, where rows
  /// and columns have changed places in all that follows.
  Axis held = Axis::Y;
  int64_t across = 1; ///< groups beside each other
  int64_t down = 1;   ///< groups below each other
  int64_t width = 1;  ///< columns of a group
  int64_t height = 1; ///< rows of a group
  int64_t turns = 1;  ///< rows of the home with the most
};

/// By how the op that makes the first output is cut; what is not joined counts
/// for kernels with outputs only.
GroupSums groupSums(const KernelSpec &kernel, const Sharding &sharding);

/// Whether a kernel gives its outputs over its whole region: it has one group,
/// or joined ones. Else they are in the first group.
bool givesHandedOver(const KernelSpec &kernel, const Sharding &sharding);

/// Whether a kernel takes its inputs as others hand them over: it has one
/// group, or groups in one row that want all inputs where they lie then. Else
/// they go to each group as its ops want them.
bool takesHandedOver(const KernelSpec &kernel, const Sharding &sharding);

} // namespace inlay::model

#endif // INLAY_MODEL_GROUPSUMS_H
