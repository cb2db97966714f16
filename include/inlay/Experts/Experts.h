//===- Experts.h - Which experts lie together -------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A layer waits for the group of experts with the most activations. Given how
// tokens choose, experts are assigned to groups so that this group is expected
// to have few: hot experts apart, experts that are chosen together apart, and
// the hottest in several groups where there is room for replicas.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_EXPERTS_EXPERTS_H
#define INLAY_EXPERTS_EXPERTS_H

#include "inlay/Cost/Routing.h"
#include "inlay/Support/Diagnostic.h"

#include <cstdint>
#include <vector>

namespace inlay::experts {

/// Experts of each group, ascending.
using Groups = std::vector<std::vector<int64_t>>;

struct Problem {
  cost::Routing routing;
  int64_t experts = 1;
  int64_t perToken = 1; ///< experts that a token chooses, all different
  int64_t tokens = 1;   ///< of a step
  int64_t groups = 1;
  /// Experts that a group has room for; where 0, or fewer than are needed, as
  /// many as are: ceil(experts / groups).
  int64_t room = 0;
  /// What an operation of following choices (cost::LargestLoad) takes, in
  /// activations of the busiest group.
  double operation = 0;

  int64_t slots() const;
  cost::ExpertLoad load(const Groups &held) const;
  /// True when all numbers are at least 1 (room 0) and no token chooses more
  /// experts than there are; adds every violation to `diags`.
  bool check(Diagnostics &diags) const;
};

struct Solution {
  Groups held; ///< empty: experts in order, equally many in each group
  cost::LargestLoad load;

  /// True when every expert is in a group, none twice in one, no group holds
  /// more than there is room for, and `load` is what cost::expectedLargestLoad
  /// says of these groups and no more than it says of `roundRobin`.
  bool verify(const Problem &problem, Diagnostics &diags) const;
  /// Experts in second and further groups.
  int64_t replicas(const Problem &problem) const;
};

/// Experts in order, ceil(experts / groups) to a group.
Solution inOrder(const Problem &problem);

/// Expert i in group i mod groups.
Solution roundRobin(const Problem &problem);

/// How long to search; the same for the same problem on every machine.
enum class Effort {
  Quick,    ///< to compare numbers of groups
  Thorough, ///< for the groups that are taken
};

/// The best of: in order; round robin; packed; packed with more and more
/// replicas. Best is what has the lowest expected load of the busiest group,
/// with what following choices takes.
///
/// Packing: drawn steps (cost::drawSteps) give each expert a vector of its
/// activations. By falling mean each goes to the group, of those with room, in
/// which the product of this vector with the group's is least: so the sum of
/// squared loads grows least, and what is chosen together is kept apart. Then
/// experts of the groups that are the busiest most often are swapped with
/// others, or moved, while the mean over the drawn steps of the busiest group's
/// load falls. What the drawn steps found is compared by
/// cost::expectedLargestLoad, which does not use them.
///
/// Replicas: the hottest experts lie in every group, as many as there is room
/// for, or half of them, and so on. Where all groups can serve a choice it goes
/// where there is least to do, and all of these together are one pool
/// (cost::followingOperations).
///
/// The search takes `percent` (0 to 10,000) of its usual work.
Solution solve(const Problem &problem, Effort effort = Effort::Thorough,
               int64_t percent = 100);

} // namespace inlay::experts

#endif // INLAY_EXPERTS_EXPERTS_H
