//===- Decisions.h - What was considered, and why ---------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MAPPING_DECISIONS_H
#define INLAY_MAPPING_DECISIONS_H

#include "inlay/Floorplan/Floorplan.h"
#include "inlay/Mapping/ExpertPlanner.h"
#include "inlay/Mapping/StagePlanner.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inlay::mapping {

/// Wafers that hold equal runs of kernels are planned alike: one decision.
struct WaferDecision {
  std::vector<int64_t> wafers;
  std::vector<std::string> kernels; ///< of the first of them
  /// One for each number of regions that was found to fit, by that number.
  std::vector<floorplan::Attempt> attempts;
  /// What the winner became when its regions took the sizes that suit them;
  /// empty where the regions were not chosen by the search.
  std::vector<floorplan::Region> regions;
  double cycles = 0; ///< of the winner
  double routed = 0; ///< of the slowest of the wafers, with routes
};

/// How many groups a layer of experts has.
struct GroupsDecision {
  std::string kernel; ///< the first of those that are alike
  size_t kernels = 1; ///< that are
  model::Extent region;
  int64_t groups = 1; ///< chosen
  int64_t replicas = 0;
  /// By number of groups, each without replicas; of the first kernel's layer.
  std::vector<GroupCount> considered;
};

/// A partition over so many wafers, by the plans of the search, which knows no
/// routes.
struct PartitionChoice {
  int64_t wafers = 0;
  bool isChosen = false;
  bool fits = false; ///< else there are no cycles
  double cycles = 0; ///< of a step, crossings included
  double crossings = 0;
  double slowest = 0; ///< cycles of the slowest wafer
};

/// Another place for the cut between two wafers.
struct CutChoice {
  std::string kernel; ///< the first behind the cut
  bool fits = false;
  double cycles = 0; ///< of both wafers, and of what crosses at the cut
};

/// Where the chain is cut between wafer `wafer` and the next. Cuts between
/// equal runs of kernels are one decision.
struct CutDecision {
  std::vector<int64_t> wafers; ///< those before the cuts
  CutChoice chosen;            ///< of the first of them
  std::vector<CutChoice> others;
};

struct PartitionDecision {
  partition::Objective objective = partition::Objective::Latency;
  int64_t wanted = 0; ///< wafers that were asked for; 0: any number
  std::vector<PartitionChoice> considered; ///< by number of wafers
  std::vector<CutDecision> cuts;
};

/// One number of wafers more and less, and two, each partitioned as the
/// request's would be; and each cut of `chosen` a layer earlier and later, or a
/// kernel where a layer is not to be had.
PartitionDecision decidePartition(const StageRequest &request,
                                  WaferPlanner &planner,
                                  const std::vector<partition::Stage> &chosen);

/// A way to run a kernel on its region.
struct VariantChoice {
  std::string cut;         ///< "fc1 n/x k/y": dims of ops over axes
  std::string collectives; ///< in order
  double cycles = 0;
  int64_t bytes = 0; ///< of a core
  bool isChosen = false;
};

/// An all-reduce of the chosen variant by each algorithm.
struct CollectiveDecision {
  int64_t cores = 0;
  std::string axis; ///< "x" or "y"
  double wavelets = 0;
  std::string chosen;
  std::vector<std::pair<std::string, double>> considered; ///< cycles
};

/// How a kernel is cut on its region.
struct KernelDecision {
  std::string kernel; ///< the first of those that are alike
  size_t kernels = 1; ///< that are
  model::Extent region;
  size_t shardings = 0; ///< that fit on the region
  /// Those of which none takes more cycles and more bytes than another, fastest
  /// first, and what was chosen.
  std::vector<VariantChoice> considered;
  std::vector<CollectiveDecision> collectives;
};

/// `sharding` of a kernel beside what the planner's explorer had to choose
/// from.
KernelDecision decideKernel(const model::KernelSpec &kernel,
                            const model::Sharding &sharding,
                            WaferPlanner &planner, const cost::Rates &rates,
                            const cost::Routing &routing);

/// How far a step may be from the best.
struct StepDecision {
  double cycles = 0;     ///< with routes
  double least = 0;      ///< of any mapping of this partition
  double leastOfAll = 0; ///< whatever the partition, on any number of wafers
  std::vector<double> stages; ///< cycles of each wafer, with routes
  /// No mapping of this partition has a slowest wafer of fewer cycles: a share
  /// of the bound without crossings, to which each wafer adds no more than it
  /// takes.
  double leastSlowest = 0;
};

/// What a mapping was chosen from.
struct Decisions {
  int64_t wafers = 0;
  /// No mapping needs fewer: the bytes of all kernels over those of one wafer.
  int64_t fewestWafers = 0;
  double bytes = 0;         ///< of all kernels, at least
  double bytesPerWafer = 0; ///< of the live cores
  StepDecision step;
  PartitionDecision partition;
  std::vector<WaferDecision> stages;
  std::vector<KernelDecision> kernels;
  std::vector<GroupsDecision> experts = {};
};

/// As text for people, ending in a newline.
std::string toText(const Decisions &decisions);

/// As a JSON object, ending in a newline.
std::string toJson(const Decisions &decisions);

} // namespace inlay::mapping

#endif // INLAY_MAPPING_DECISIONS_H
