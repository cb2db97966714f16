//===- Floorplan.h - Regions whose kernels take turns -----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A wafer is a grid of cores with dead rectangles. Its kernels form a chain; at
// most moments of a step one of them works. So the grid is tiled by a few
// regions, each a rectangle of live cores that holds some of the kernels: a run
// of them, or small kernels of several layers whose large ones lie between.
// Every kernel of a region uses all of it, and they take turns; kernels of
// different regions that do not wait for each other run at the same time.
//
// How many regions there are is a matter of cost: on larger regions kernels
// compute faster, and their collectives have further to go.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FLOORPLAN_FLOORPLAN_H
#define INLAY_FLOORPLAN_FLOORPLAN_H

#include "inlay/Model/Geometry.h"
#include "inlay/Support/Diagnostic.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace inlay::floorplan {

/// One way to run a kernel on a region of some extent.
struct Offer {
  double cycles = 0;
  int64_t resident = 0; ///< bytes of a core that are taken all the time
  int64_t scratch = 0;  ///< bytes that kernels of a region share
  /// Cycles in which each input that comes from another region spreads over
  /// this one; none for those that are missing.
  std::vector<double> entries = {};
};

/// A kernel as the floorplan sees it.
struct Link {
  std::string name;
  int kind = 0; ///< kernels of one kind have equal offers
  int layer = -1;
  /// Resident bytes over all cores, about: what regions are sized by.
  double bytes = 0;
  bool isJoined = false; ///< its region is that of the kernel before it
  /// No side of its region may be longer; 0: any.
  model::Extent most = {0, 0};
  /// The north-west core of its region.
  std::optional<std::pair<int64_t, int64_t>> at = {};
};

/// A value that kernels of a chain wait for.
struct Stream {
  /// The kernel that makes it, before `to`; none: it comes from another wafer
  /// and is there when the step of this one begins.
  std::optional<size_t> from;
  size_t to = 0;
  size_t input = 0; ///< of `to`
  double bytes = 0;
};

/// A chain of kernels, and the wafer that holds it.
struct Chain {
  std::string name; ///< of the wafer, for diagnostics
  model::Extent grid;
  std::vector<model::Rect> dead;
  int64_t budget = 0; ///< bytes of a core
  std::vector<Link> links;
  /// The ways to run a kernel of a kind on an extent, fastest first, each of
  /// fewer bytes than those before; empty where it does not fit.
  std::function<const std::vector<Offer> &(int kind, model::Extent)> offers;
  /// Whether there is an offer, which may be easier to say; may be missing.
  std::function<bool(int kind, model::Extent)> fits = {};
  /// By growing `to`. One between kernels of one region takes no time.
  std::vector<Stream> streams;
  /// Cycles of a stream from one region to the edge of another.
  std::function<double(const Stream &stream, const model::Rect &from,
                       const model::Rect &to)>
      way;

  /// Adds an error for an empty chain or grid, for missing functions, and for
  /// streams that are out of order or go back.
  bool check(Diagnostics &diags) const;

  /// Cores that are in the grid and not dead.
  int64_t liveCores() const;
};

/// Kernels of a chain by their places in it, in rising order.
using Kernels = std::vector<size_t>;

/// Kernels on one rectangle.
struct Region {
  model::Rect rect;
  Kernels kernels;
  std::vector<size_t> offers; ///< which one each kernel takes
  int64_t bytes = 0;          ///< of the fullest core
  double cycles = 0;          ///< of its kernels, one after the other
};

/// Regions in the order of their first kernels.
struct RegionPlan {
  std::vector<Region> regions;
  double cycles = 0; ///< of a step, see `stepCycles`

  /// Every kernel has one region; rectangles are inside the grid, off dead
  /// cores and disjoint; bytes are in the budget; sums are what they say. Knows
  /// no solver.
  bool verify(const Chain &chain, Diagnostics &diags) const;
};

/// What was looked at on the way to a plan: one line for each number of
/// regions.
struct Attempt {
  size_t regions = 0;
  double cycles = 0;   ///< of the best plan with that many; 0 where none fits
  model::Extent least; ///< its smallest region
  model::Extent most;  ///< and its largest
};

/// Where regions may begin, and how far to look.
struct SearchOptions {
  /// Stop at the first plan, whatever it costs.
  bool anyPlan = false;
  /// Most regions on a wafer.
  size_t mostRegions = 40;
  /// Sizes that the refinement of one plan tries.
  int mostSizes = 600;
};

/// The plan of fewest cycles that the search finds; none where nothing fits.
///
/// For each number of regions and each number of strips they may stand in:
/// equal tiles, the cut of the chain over them of least cost by dynamic
/// programming, then tiles sized by what their runs need. Then, where few
/// kernels have most of the bytes: the small ones of all layers on a few
/// regions along one side, the large ones on the rest. Around dead cores the
/// tiles are the largest free rectangles of about that size. Regions that have
/// their places have tiles there, small ones, or ones as large as the others or
/// as can be, and kernels are assigned to all in any order. A region of a
/// kernel that limits it takes a part of its tile. At last the best of them are
/// refined: regions shrink, grow, move and swap, kernels move to other regions
/// or get one, as long as a step takes fewer cycles after it.
std::optional<RegionPlan> tile(const Chain &chain, const SearchOptions &options,
                               std::vector<Attempt> *attempts = nullptr);

/// The same where it is given which kernels share a region: `parts` hold each
/// kernel once and are in the order of their first kernels.
std::optional<RegionPlan> arrange(const Chain &chain,
                                  const std::vector<Kernels> &parts,
                                  const SearchOptions &options = {});

/// The longest path of a step: a kernel starts when all its inputs have come
/// from other regions and spread over its own, and the kernels before it on its
/// region have ended. Kernels without a region count as nothing.
double stepCycles(const Chain &chain, const std::vector<Region> &regions);

/// Disjoint rectangles off `dead`, each the largest that is free of those
/// before it: at most `most`, of at least `least` cores.
std::vector<model::Rect> largestFree(model::Extent grid,
                                     const std::vector<model::Rect> &dead,
                                     int64_t least, size_t most);

} // namespace inlay::floorplan

#endif // INLAY_FLOORPLAN_FLOORPLAN_H
