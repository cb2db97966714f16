//===- Decisions.h - What was considered, and why the winner won -*- C++
//-*-===//
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

/// What a mapping was chosen from.
struct Decisions {
  int64_t wafers = 0;
  /// No mapping needs fewer: the bytes of all kernels over those of one wafer.
  int64_t fewestWafers = 0;
  double bytes = 0;         ///< of all kernels, at least
  double bytesPerWafer = 0; ///< of the live cores
  std::vector<WaferDecision> stages;
  std::vector<GroupsDecision> experts = {};
};

/// As text for people, ending in a newline.
std::string toText(const Decisions &decisions);

/// As a JSON object, ending in a newline.
std::string toJson(const Decisions &decisions);

} // namespace inlay::mapping

#endif // INLAY_MAPPING_DECISIONS_H
