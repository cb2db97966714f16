//===- Variants.h - Shardings of a kernel on regions of every shape -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which axis cuts which dim is a rule to begin with (`chooseAxes`): the
// features of a kernel's inputs lie along the rows of the region, replicated
// along the columns; contractions alternate, so that what one leaves along the
// columns the next reduces along the columns. Where another choice takes fewer
// cycles, moves of values counted (Relayout.h), it is taken. What remains open
// is the shape of the region and, for experts, the number of groups: `Explorer`
// finds the best of these that fits the budget of a core.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_SHARDING_VARIANTS_H
#define INLAY_SHARDING_VARIANTS_H

#include "inlay/Cost/Rates.h"
#include "inlay/Cost/Routing.h"
#include "inlay/Model/Sharding.h"
#include "inlay/Target/Target.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace inlay::sharding {

/// The rule, for every op of a kernel:
///
/// - contraction: the reduction dim over the axis that its input's features lie
///   on (Y for an input of the kernel), the largest parallel dim over the
///   other;
/// - attention: context over Y; heads and channels together over X, or heads,
///   the query heads of each, and channels;
/// - a matrix for each head: heads over X, the longer of rows and columns over
/// Y;
/// - expert dim of an experts kernel over the groups;
/// - lookup: rows of the table over X, features over Y;
/// - anything else: the features where its producer left them;
/// - tokens are never cut, save those of logits, which the host takes: over the
///   axis that has all of them.
///
/// Cuts that would cut one weight in two ways are dropped. The result passes
/// `model::check` on every region.
std::vector<model::OpSharding> chooseAxes(const model::KernelSpec &kernel);

/// The axes of fewest cycles by `cost`, the rule where nothing is better: every
/// combination of decisions (which axis a product sums over, where heads lie),
/// or, where these are many, every two changed in turn while that helps.
std::vector<model::OpSharding> chooseAxes(
    const model::KernelSpec &kernel,
    const std::function<double(const std::vector<model::OpSharding> &)> &cost);

/// A kernel on a region of one shape.
struct Variant {
  model::Sharding sharding;
  double cycles = 0;
  int64_t bytes = 0;   ///< on the fullest core
  int64_t scratch = 0; ///< of these, what kernels that take turns share

  model::Extent extent() const { return sharding.region; }
};

/// Cycles of a kernel cut by a sharding; asked for on several threads at once.
using CostFunction =
    std::function<double(const model::KernelSpec &, const model::Sharding &)>;

/// What an exploration runs on.
struct Machine {
  model::Extent grid; ///< largest region
  int64_t budget = 0; ///< bytes of a core
  CostFunction cost;
  /// No kernel costs less on a region of an extent; grows with the extent.
  std::function<double(model::Extent)> atLeast = {};
};

/// A machine as `target` describes it, costed by cost::estimateKernel: kernels
/// of one region hand values to each other, so the way in is not counted. The
/// experts of every layer are chosen as `routing` says.
Machine machineOf(const target::Target &target,
                  cost::Mode mode = cost::Mode::Ideal,
                  const cost::Routing &routing = {});

/// Finds variants, and remembers them by the kernel's structural hash: equal
/// layers are explored once. Results do not depend on the order of queries.
class Explorer {
public:
  explicit Explorer(Machine machine) : machine(std::move(machine)) {}

  /// True when some sharding of the kernel on a region of `extent` fits.
  bool fits(const model::KernelSpec &kernel, model::Extent extent);

  /// The sharding of fewest cycles that fits; none when nothing does.
  std::optional<Variant> best(const model::KernelSpec &kernel,
                              model::Extent extent);

  /// The ways to run the kernel on a region of `extent` that may be worth it,
  /// fastest first, each of fewer bytes than those before; all fit. Kernels
  /// that share a region choose among theirs. Empty when nothing fits. The list
  /// lives as long as the explorer.
  const std::vector<Variant> &choices(const model::KernelSpec &kernel,
                                      model::Extent extent);

  /// Every sharding of the kernel on a region of `extent` that fits.
  std::vector<model::Sharding> allOf(const model::KernelSpec &kernel,
                                     model::Extent extent);

  /// The sharding of fewest bytes on a core, whether it fits or not: what a
  /// diagnostic shows.
  Variant smallest(const model::KernelSpec &kernel, model::Extent extent);

  /// A region of least area, over the heights of `candidateSizes`, on which the
  /// kernel fits; none when it does not fit the grid.
  std::optional<model::Extent> leastExtent(const model::KernelSpec &kernel);

  /// Whether each of `kernels` fits on the largest region. A capacity error for
  /// each different kernel that does not says what is short and what would
  /// help.
  bool allFit(const std::vector<model::KernelSpec> &kernels,
              Diagnostics &diags);

  /// The Pareto set over (area, cycles, bytes) of the best variants of regions
  /// from the least to the largest, by growing area.
  std::vector<Variant> variants(const model::KernelSpec &kernel);

  const Machine &getMachine() const { return machine; }

private:
  struct Entry {
    /// The axes worth trying, those of the fewest bytes first; extents are
    /// those of the last query.
    std::vector<model::Sharding> ways;
    int64_t placedBytes = 0; ///< at least these, over all cores
    int64_t expertBytes = 0; ///< of these at least, in weights of one expert
    int64_t experts = 1;

    /// At least so many on the fullest core, in `groups` of experts.
    int64_t leastBytes(model::Extent extent, model::Extent groups) const;
    std::map<std::pair<int64_t, int64_t>, bool> fitting;
    std::map<std::pair<int64_t, int64_t>, std::vector<Variant>> found;
    std::optional<std::optional<model::Extent>> least;
    std::vector<int64_t> counts; ///< numbers of groups worth trying
  };

  /// One of `Entry::ways` in so many groups, on a region that is known.
  struct Candidate {
    size_t way = 0;
    model::Extent groups;
    double cycles = 0;
    int64_t bytes = 0, scratch = 0;
  };

  void reportTooLarge(const model::KernelSpec &kernel, size_t numAlike,
                      Diagnostics &diags);
  std::optional<model::Extent> largerGrid(const model::KernelSpec &kernel);
  Entry &entryOf(const model::KernelSpec &kernel);
  const std::vector<int64_t> &usefulCounts(const model::KernelSpec &kernel);
  /// Fills in what `candidate` takes on a region of `extent`; false where that
  /// is more than there is.
  bool measure(const model::KernelSpec &kernel, model::Extent extent,
               model::Sharding sharding, Candidate &candidate) const;
  std::vector<Candidate> fitting(const model::KernelSpec &kernel,
                                 model::Extent extent,
                                 const std::vector<int64_t> &counts);
  int64_t leastWidth(const model::KernelSpec &kernel, int64_t height,
                     int64_t most);

  Machine machine;
  std::map<std::string, Entry> entries;
};

/// Sizes of a side worth trying up to `most`: all small ones, then ever larger
/// steps of about 6 %, and most / 2, most / 3, ... down to most / 32.
std::vector<int64_t> candidateSizes(int64_t most);

} // namespace inlay::sharding

#endif // INLAY_SHARDING_VARIANTS_H
