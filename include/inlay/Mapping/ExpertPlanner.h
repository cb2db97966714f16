//===- ExpertPlanner.h - Groups of experts and their cost -------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Joins the library that assigns experts to groups with costs and shardings:
// what a number of groups costs when its experts are well placed, which experts
// the groups of a placed kernel get, and what simpler placements would cost.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MAPPING_EXPERTPLANNER_H
#define INLAY_MAPPING_EXPERTPLANNER_H

#include "inlay/Cost/Cost.h"
#include "inlay/Experts/Experts.h"

#include <map>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

namespace inlay::mapping {

/// Two placements of experts on the same region, each at the number of groups
/// at which it is best.
struct OtherPlacements {
  cost::KernelCost roundRobin; ///< expert i in group i mod groups
  int64_t roundRobinGroups = 1;
  cost::KernelCost inOrder;
  int64_t inOrderGroups = 1;
};

/// One number of groups, arranged as is best.
struct GroupCount {
  int64_t groups = 1;
  double cycles = 0; ///< expected
  double worst = 0;
  double roundRobin = 0; ///< expected, with experts placed round robin
  int64_t replicas = 0;
  /// Expected if all groups always had equally many activations: no placement
  /// has fewer.
  double even = 0;
};

/// Answers do not depend on the order of questions, which several threads may
/// ask.
class ExpertPlanner {
public:
  /// `rates` must outlive this.
  ExpertPlanner(const cost::Rates &rates, cost::ModelRouting routing)
      : rates(rates), routing(std::move(routing)),
        typical(this->routing.typical()) {}

  /// Searches from here on take `percent` of their usual work. To be called
  /// before anything is asked.
  void setEffort(int64_t percent) { effortPercent = percent; }

  /// A kernel of any role, cut by `sharding`. Experts are placed for what is
  /// typical of all layers, as a quick search does it.
  cost::KernelCost estimate(const model::KernelSpec &kernel,
                            const model::Sharding &sharding);

  /// Its expected cycles alone, for which nobody has to know the worst case.
  double expectedCycles(const model::KernelSpec &kernel,
                        const model::Sharding &sharding);

  /// The best of `shardings`, of which there is one, for the kernel's layer:
  /// those that are best for what is typical are compared with the one that is
  /// best for experts placed round robin, so that it is no worse than that.
  const model::Sharding &choose(const model::KernelSpec &kernel,
                                const std::vector<model::Sharding> &shardings);

  /// Which experts the groups of `sharding` hold in the kernel's layer. On
  /// every core `freeBytes` may be taken for replicas. The hottest groups lie
  /// nearest to (x, y), which is relative to the region.
  experts::Groups place(const model::KernelSpec &kernel,
                        const model::Sharding &sharding, int64_t freeBytes,
                        std::pair<double, double> router);

  /// The best of `shardings`, all of one region, under other placements.
  OtherPlacements others(const model::KernelSpec &kernel,
                         const std::vector<model::Sharding> &shardings);

  /// What each number of groups costs in the kernel's layer, by that number;
  /// what a core has left of `budget` bytes is for replicas, where given.
  std::vector<GroupCount> curve(const model::KernelSpec &kernel,
                                const std::vector<model::Sharding> &shardings,
                                int64_t budget = 0);

private:
  enum class Way { Solve, RoundRobin, InOrder };
  /// Way, effort, layer (-1: typical), experts, of a token, tokens, groups,
  /// room, what an operation takes.
  using Key = std::tuple<Way, experts::Effort, int64_t, int64_t, int64_t,
                         int64_t, int64_t, int64_t, double>;

  const experts::Solution &solutionOf(Way way, experts::Effort effort,
                                      const model::KernelSpec &kernel,
                                      const model::Sharding &sharding,
                                      int64_t layer, int64_t room);
  cost::KernelCost costOf(Way way, const model::KernelSpec &kernel,
                          const model::Sharding &sharding);
  double operationOf(const model::KernelSpec &kernel,
                     const model::Sharding &sharding) const;
  int64_t layerOf(const model::KernelSpec &kernel) const;

  const cost::Rates &rates;
  cost::ModelRouting routing;
  cost::Routing typical;
  int64_t effortPercent = 100;
  std::mutex mutex; ///< of what is known
  std::map<Key, experts::Solution> known;
};

/// How many experts a core of a group has room for when `freeBytes` more may be
/// taken on each; what `sharding` needs at least.
int64_t roomFor(const model::KernelSpec &kernel,
                const model::Sharding &sharding, int64_t freeBytes);

} // namespace inlay::mapping

#endif // INLAY_MAPPING_EXPERTPLANNER_H
