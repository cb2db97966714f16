//===- Routing.h - Routes of streams and collectives ------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels on regions, the flows between them and the collectives inside them
// become settings of routers, each in a colour.
//
// Two kinds of routes: those in turn lie inside one region, whose cores set
// them when they need them, so that all collectives of a region share colours.
// Trunks lead from region to region, are set once, and keep their colours; two
// of them share a colour in a router only when they exclude each other in time.
//
// A flow travels in lanes. A lane is gathered from the cores of the producer at
// one core, its hub; a trunk leads from the hub to a line of cores of the
// consumer, one in each row (or column) that the lane serves; and from there
// each part is spread along its row. All of it follows from rectangles: the
// number of segments is that of the flows, not of the cores.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_ROUTING_ROUTING_H
#define INLAY_ROUTING_ROUTING_H

#include "inlay/Routing/Patterns.h"

#include <optional>
#include <utility>

namespace inlay::routing {

inline constexpr int kHost = -1;

/// Of cores, or of the parts of a tensor over them.
enum class Axis { None, X, Y, Both };
const char *toString(Axis axis); ///< "none", "x", "y", "both"

/// Cores whose kernels take turns.
struct Region {
  std::string name;
  int wafer = 0;
  model::Rect rect;
};

struct Kernel {
  std::string name;
  int region = 0;
  /// Of a firing that waits for no flow: fewest whatever experts tokens choose,
  /// and most.
  double leastCycles = 0;
  double mostCycles = 0;
};

/// How a tensor lies on a rectangle of cores: the core at p on the axis has
/// elements p * shard up to, not including, min((p + 1) * shard, size) of a
/// dim. Cores that differ in the other coordinate have the same.
struct Share {
  Axis axis = Axis::None;
  int64_t parts = 1;
  int64_t shard = 1;
  int64_t size = 1;
};

/// Tensors that travel together from one kernel to another, or the host.
struct Flow {
  int from = kHost; ///< index of a kernel
  int to = kHost;
  std::vector<int> streams;  ///< what the caller calls them, in order
  int64_t cutWavelets = 0;   ///< of tensors that are cut as `wanted` says
  int64_t wholeWavelets = 0; ///< of tensors that every part needs whole
  model::Rect source;        ///< cores that hold them; nothing for the host
  Share given;
  model::Rect sink; ///< cores that need them
  /// The sink is tiled by rectangles of this size, each of which needs
  /// everything, cut as `wanted` says.
  model::Extent group;
  Share wanted;
  /// `given` and `wanted` cut the same dim: a part needs those that overlap it.
  bool sameDim = false;
  int64_t assumedWavelets = 0; ///< on a link, by the estimate
  /// Wavelets more than these that a link may carry at no cost: others take
  /// longer at the same time.
  int64_t spareWavelets = 0;
  /// From the end of the producer until everything has arrived, but for what it
  /// waits for others; none where nobody knows.
  std::optional<double> cycles;
  /// Of these those that every wavelet is between two wafers.
  double crossing = 0;

  int64_t wavelets() const { return cutWavelets + wholeWavelets; }
};

enum class RouteKind { AllReduce, Combine, Gather, Trunk, Spread, Move };
/// "all_reduce", "combine", "gather", "trunk", "spread", "move".
const char *toString(RouteKind kind);

/// A collective that an op of a kernel runs on lines of cores.
struct Collective {
  int kernel = 0;
  int op = 0; ///< of a move that hands over outputs the number of ops
  /// Sums of an op's partial results, or of expert groups, or the move of a
  /// value to where it is wanted.
  RouteKind kind = RouteKind::AllReduce;
  Algorithm algorithm = Algorithm::TwoTree;
  int64_t cores = 2;
  int64_t pitch = 1;
  int64_t root = 0; ///< as in Pattern
  Axis axis = Axis::X;
  std::vector<Area> lines; ///< on the wafer
  int64_t wavelets = 0;
  int64_t times = 1; ///< in a step
  /// The first move of a value whose second this is: an index of a collective
  /// before it, whose route stands before its own. -1: of none.
  int after = -1;
};

/// What groups of experts made, before it is added.
struct GroupSum {
  int kernel = 0;
  int op = 0;
  model::Rect rect;    ///< of all groups
  model::Extent group; ///< cores of one; they tile `rect`
  /// The axis on which the cores of a group hold different parts: X or Y. Along
  /// the other they hold the same.
  Axis held = Axis::Y;
  Algorithm across = Algorithm::Chain; ///< along x, between groups
  Algorithm down = Algorithm::Chain;   ///< along y
  int64_t wavelets = 1;                ///< of the whole sum
};

/// Adds up the groups into the north-west one, all of whose columns (rows) hold
/// the sum then: every row is added in a column of its own, as far as there are
/// columns, since sums in one column have to take turns; then each row is
/// broadcast from its column.
std::vector<Collective> combineGroups(const GroupSum &sum);

struct Problem {
  model::Extent grid;
  std::vector<model::Rect> dead; ///< rectangles that no route may touch
  int wafers = 1;
  int colours = 0; ///< that the target has for routes
  /// What the host sends is there before the step begins. Of several steps in
  /// flight it comes while others are on their way.
  bool inputsComeFirst = true;
  std::vector<Region> regions;
  std::vector<Kernel> kernels; ///< in topological order
  std::vector<Flow> flows;
  std::vector<Collective> collectives;
  /// Pairs of kernels, the first of which fires before the second: all streams.
  std::vector<std::pair<int, int>> order;
  /// Of each pair, cycles from the end of the first to the start of the second,
  /// at least; empty where nobody knows.
  std::vector<double> orderCycles;
  double period = 1; ///< cycles that a wavelet takes of a link
  /// A flow has a lane for each so many wavelets: more lanes are more routes,
  /// fewer make consumers wait. What that trades was measured
  /// (docs/decisions/0030-lanes-by-what-they-trade.md).
  int64_t worthALane = 48;
  /// Lanes to several groups of rows that cross each other take a colour each,
  /// so there are at most so many of them; measured likewise.
  int64_t mostCrossingLanes = 4;
  /// As above with the turns on regions: in index order.
  std::vector<std::pair<int, int>> orderWithTurns() const;

  /// Adds an error for every index out of range, rectangle outside the grid or
  /// its region, region on dead cores or another region, and size that is not
  /// positive.
  bool check(Diagnostics &diags) const;
  int waferOf(int kernel) const {
    return regions[kernels[kernel].region].wafer;
  }
};

struct Route {
  RouteKind kind = RouteKind::Trunk;
  int wafer = 0;
  int region = -1; ///< whose turn it is in; -1: a trunk, set once
  std::vector<int> colours;
  int flow = -1;
  int lane = 0;
  Axis axis = Axis::None; ///< of the consumer's parts that it serves
  int64_t firstPart = 0;
  int64_t endPart = 0;
  int64_t wavelets = 0; ///< no link carries more of the flow in a step
  std::vector<Segment> segments;
  int pattern = -1; ///< of the lines
  Axis lineAxis = Axis::None;
  std::vector<Area> lines;
  std::vector<int> collectives; ///< that use it
};

enum class LinkKind { West, East, North, South, Core, Router, Edge };
inline constexpr int kNumLinkKinds = 7;
const char *toString(LinkKind kind); ///< "W", ..., "core", "router", "edge"

/// Wavelets of a step over the links of one kind.
struct LinkLoad {
  LinkKind kind = LinkKind::West;
  int64_t total = 0;
  int64_t most = 0; ///< over the link that leaves the router at (x, y)
  int wafer = 0;
  int64_t x = 0;
  int64_t y = 0;
};

struct Solution {
  std::vector<Pattern> patterns;
  /// Trunks in the order of their flows: that in which they take turns.
  std::vector<Route> routes;
  int coloursUsed = 0;
  /// Of any assignment of colours to these routes, and a router that needs it.
  int lowerBound = 0;
  int boundWafer = 0;
  int64_t boundX = 0;
  int64_t boundY = 0;
  std::vector<LinkLoad> links; ///< kinds that carry something
  /// Of each flow: wavelets on its fullest link above what was assumed, of its
  /// own and of all that may be there at the same time.
  std::vector<int64_t> contention;
  /// Of each kernel: wavelets of flows that it may have to wait for while it
  /// works. Kernels of one region take turns, so none is in the other's way.
  std::vector<int64_t> kernelContention;

  /// The fullest link; null where nothing is carried.
  const LinkLoad *hottest() const;

  /// Recomputes everything, knowing no solver:
  /// - segments lie in the grid, off dead cores; those in turn in their region;
  /// - what leaves a router is taken in by the next, and the other way round;
  /// - a flow comes from its source, through a hub where it is gathered, to
  ///   every core of its sink; lanes serve each part once;
  /// - colours are the target's; in no router does a trunk have the colour of a
  ///   route in turn; trunks that share one in a router exclude each other in
  ///   time, in the order of the routes, at most as many as a switch has
  ///   positions; no route has two settings in one position;
  /// - of the two moves of one value the first stands before the second;
  /// - no cycle in the graph of channel dependencies: segments that feed each
  ///   other, and in patterns what cores wait for;
  /// - loads, bounds and contention are what follows from the routes.
  bool verify(const Problem &problem, Diagnostics &diags) const;
};

/// Routes everything with as many lanes for a flow as its payload is worth and
/// colours last. A capacity error when no number of lanes finds colours.
/// `problem` must have passed `check`.
std::optional<Solution> solve(const Problem &problem, Diagnostics &diags);

} // namespace inlay::routing

#endif // INLAY_ROUTING_ROUTING_H
