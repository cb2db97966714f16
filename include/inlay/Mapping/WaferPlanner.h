//===- WaferPlanner.h - Plans of runs of kernels on one wafer ---*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Joins the libraries that know shardings, costs and floorplans: which regions
// a run of kernels gets on a wafer, and how each kernel is cut on its region.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MAPPING_WAFERPLANNER_H
#define INLAY_MAPPING_WAFERPLANNER_H

#include "inlay/Cost/Cost.h"
#include "inlay/Floorplan/Floorplan.h"
#include "inlay/Mapping/Constraints.h"
#include "inlay/Mapping/ExpertPlanner.h"
#include "inlay/Model/CarryOver.h"
#include "inlay/Model/Model.h"
#include "inlay/Sharding/Variants.h"

#include <map>
#include <memory>
#include <string>
#include <tuple>

namespace inlay::mapping {

/// Plans kernels of a model on one wafer; runs of equal kernels are planned
/// once. `partition-stages` asks what fits and what it costs, `shard-kernels`
/// and `place-regions` write the plans down. The model must outlive this.
class WaferPlanner {
public:
  /// `budget` are the bytes of a core for data. Regions respect `constraints`
  /// and keep off the target's dead cores.
  WaferPlanner(const model::Graph &model, const target::Target &target,
               cost::Mode mode, const cost::ModelRouting &routing,
               int64_t budget, Constraints constraints = {});

  // Costs refer to the members.
  WaferPlanner(const WaferPlanner &) = delete;
  WaferPlanner &operator=(const WaferPlanner &) = delete;

  /// Costs from here on also count the model in another phase, kernel by kernel
  /// with the same names, on the same regions and cut the same way: `firings`
  /// of it for each one of the model. To be called before anything is planned;
  /// `other` must outlive this.
  void weigh(const model::Graph &other, double firings);

  /// Searches from here on take `percent` (0 to 10,000) of their usual work. To
  /// be called before anything is planned.
  void setEffort(int64_t percent);

  /// Kernels of the model, by index, in order of execution.
  using Run = std::vector<size_t>;
  static Run runOf(size_t first, size_t last);

  /// Equal for runs that are planned alike.
  std::vector<int> keyOf(const Run &run) const;

  /// Whether the run can be placed on one wafer.
  bool fits(const Run &run);

  /// The best plan of a run that the search finds; none where nothing fits.
  const std::optional<floorplan::RegionPlan> &plan(const Run &run);

  /// About the least cycles of any plan of a run: the longest path of its
  /// kernels, each as fast as it was on any extent that was asked for, with no
  /// way between them.
  double atLeast(const Run &run) const;

  /// The best plan whose regions hold the given kernels of the run.
  const std::optional<floorplan::RegionPlan> &
  arrange(const Run &run, const std::vector<floorplan::Kernels> &parts);

  /// Makes `plan` the best one of `run` and of runs that are planned alike,
  /// whatever the search has found or would find.
  void adopt(const Run &run, floorplan::RegionPlan plan);

  /// The problem of a run; it must not outlive this.
  floorplan::Chain chainOf(const Run &run, std::string name);

  /// How a kernel is cut on its region.
  const model::Sharding &shardingOf(size_t kernel, model::Extent extent,
                                    size_t offer);

  /// The ways to cut a kernel of experts on its region that take at most
  /// `bytes` of a core; `scratch` is there for others in any case.
  std::vector<model::Sharding> groupings(size_t kernel, model::Extent extent,
                                         int64_t bytes, int64_t scratch = 0);

  int64_t liveCores();
  /// Bytes that every placement of the kernel needs over all cores, at least.
  int64_t leastBytes(size_t kernel) const;
  /// A number for each kernel; equal for kernels of equal structure with equal
  /// constraints.
  int kindOf(size_t kernel) const { return kinds[kernel]; }

  sharding::Explorer &getExplorer() { return explorer; }
  ExpertPlanner &getExperts() { return experts; }
  const Constraints &getConstraints() const { return constraints; }

private:
  const std::vector<floorplan::Offer> &offersOf(int kind, model::Extent extent);
  std::vector<double> entriesOf(const model::KernelSpec &kernel,
                                const model::Sharding &sharding) const;
  std::vector<floorplan::Stream> streamsOf(const Run &run) const;
  struct Planned {
    std::optional<bool> fits;
    std::optional<std::optional<floorplan::RegionPlan>> best;
    std::map<std::vector<floorplan::Kernels>,
             std::optional<floorplan::RegionPlan>>
        arranged;
  };

  /// The model in another phase.
  struct OtherPhase {
    double firings = 0;
    double tokens = 1; ///< of a firing, for each token of the model's
    struct Kernel {
      const model::KernelSpec *spec = nullptr;
      model::CarryOver carry; ///< from the model's kernel
    };
    std::map<std::string, Kernel> kernels; ///< by name
  };
  double cyclesOf(const model::KernelSpec &kernel,
                  const model::Sharding &sharding);
  bool servesBoth(int kind);

  const model::Graph &model;
  std::unique_ptr<target::Target> target;
  std::unique_ptr<OtherPhase> other; ///< may be null
  cost::Rates rates;
  ExpertPlanner experts;
  sharding::Explorer explorer;
  Constraints constraints;
  floorplan::SearchOptions search;
  std::vector<model::Rect> forbidden; ///< dead and kept out
  /// What the chain says of each kernel, without its bytes.
  std::vector<floorplan::Link> links;
  std::vector<int> kinds;
  std::vector<size_t> firstOfKind;
  std::vector<int64_t> leastBytesOfKind;
  std::vector<std::vector<size_t>> streamsTo; ///< of each kernel
  std::map<std::tuple<int, int64_t, int64_t>, std::vector<floorplan::Offer>>
      offers;
  std::map<int, bool> serving;       ///< kinds that can be cut for both phases
  std::vector<double> fastestOfKind; ///< of all offers, infinite for none
  std::map<std::vector<int>, Planned> plans;
};

} // namespace inlay::mapping

#endif // INLAY_MAPPING_WAFERPLANNER_H
