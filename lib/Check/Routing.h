//===- Routing.h - The rules of routes, one group each ----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Routes are looked at as rectangles of routers, never core by core: the time
// is that of the plan, not of the grid.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_ROUTING_H
#define INLAY_LIB_CHECK_ROUTING_H

#include "Rules.h"

namespace inlay::checker {

/// Routers beside each other with one setting: one copy of a segment.
struct Tile {
  Rect rect;
  Port in = kNone;
  Ports out = 0;
  int64_t position = 0;
};

/// What the segments and lines of a route come to.
struct Shape {
  const Route *route = nullptr;
  const Region *region = nullptr; ///< of one in turn
  const Pattern *pattern = nullptr;
  std::vector<Tile> tiles;
  std::vector<Rect> lines;                           ///< copies of them
  std::vector<Rect> roots;                           ///< a core sends
  std::vector<Rect> drops;                           ///< a core receives
  std::vector<std::pair<Rect, Port>> entries, exits; ///< over the wafer's edge
  /// Nothing is wrong with it alone, so its ends mean something.
  bool isWhole = true;
};

/// How a tensor lies on cores: its parts along one axis, or along both, or all
/// of it everywhere. Part p has the elements [p * shard, (p + 1) * shard).
struct Share {
  enum class Axis { None, X, Y, Both };
  Axis axis = Axis::None;
  int64_t parts = 1, shard = 1, size = 1;
  /// In the order of the tensor's last dim.
  bool isInOrder = false;

  bool isCut() const { return axis == Axis::X || axis == Axis::Y; }
  const char *name() const; ///< "x", "y"; "none" also for both
};

class Routing {
public:
  Routing(const Plan &plan, Report &report);

  void run();

private:
  // RouteShapes.cpp: each route by itself.
  void checkHead(Shape &shape);
  void checkKind(Shape &shape);
  const Region *regionOf(const Route &route) const;
  void expand(Shape &shape);
  template <typename Put>
  bool forCopies(Shape &shape, const Area &area, Put put);
  void checkPlace(Shape &shape, const Rect &rect);
  void checkPositions(Shape &shape);
  void checkLinks(Shape &shape);
  void checkCycles(Shape &shape);
  void checkLines(Shape &shape);

  // Flows.cpp: from producers to consumers.
  void checkFlows();

  // Sums.cpp: what ops and expert groups add up.
  void checkSums();
  void checkLinesOf(const Shape &shape, const Kernel &kernel,
                    const std::vector<Rect> &units);
  void checkCombinations();

  // Moves.cpp: values on their way from op to op.
  void checkMoves();

  // Colours.cpp and Links.cpp: what routes have in common.
  void checkColours();
  void checkLoads();

  void fail(const Route &route, const std::string &message) {
    report.fail(route.place(), message);
  }
  /// The same of one that is by itself no use: its ends mean nothing.
  void spoil(Shape &shape, const std::string &message) {
    shape.isWhole = false;
    fail(*shape.route, message);
  }

  const Plan &plan;
  const Fabric &fabric;
  Report &report;
  Rect grid;
  std::map<std::string, const Region *> regions;
  std::map<std::string, const Pattern *> patterns;
  std::vector<Shape> shapes; ///< by route
};

/// Patterns one by one: settings, dependencies of cores, result, loads.
void checkPatterns(const Plan &plan, const Rect &grid, Report &report);

/// True where all cores of a line hold the sum in the end; where not, and the
/// pattern is no broadcast, the first has it.
bool isAllReduce(const Pattern &pattern);
bool isReduce(const Pattern &pattern);
/// True where each core sends its own to all others.
bool isAllGather(const Pattern &pattern);
/// The core that a broadcast comes from: the one that sends. Of an all-gather
/// how many others have something for a core, at most.
int64_t rootOf(const Pattern &pattern);

/// Cores of the first expert group of a kernel, or of its region.
Rect unitOf(const Kernel &kernel);
/// The least rectangle with all cores of a kernel that work.
Rect workingOf(const Kernel &kernel);
/// The axis, "x" or "y", along which the last op of a kernel sums over all its
/// expert groups at once; none where these are added up otherwise.
std::string joinedAxis(const Kernel &kernel);
/// Whether an op is the one that does.
bool isJoined(const Kernel &kernel, const Op &op);
/// Whether a kernel takes its inputs as others hand them over: all that the ops
/// of its groups want lies there then.
bool takesHandedOver(const Plan &plan, const Kernel &kernel);
/// Cores that hold what a kernel makes, and those of which each wants all of
/// what it takes, beside each other on `takers`.
Rect sourceOf(const Kernel &kernel);
Rect takerOf(const Plan &plan, const Kernel &kernel);
Rect takersOf(const Plan &plan, const Kernel &kernel);
/// Features that lie one after the other along an axis.
struct Run {
  int64_t stride = 1, size = 1;

  bool operator==(const Run &) const = default;
};

/// Runs of features that an axis cuts, the slowest first; those that continue
/// each other are one. None: all of them are everywhere along it. Feature i
/// along the axis is at position first + i, of a part of a larger value with
/// `length` in each row of `pitch` at first + i / length * pitch + i % length;
/// a core has `shard` positions.
struct AxisCut {
  std::vector<Run> runs;
  int64_t shard = 0;
  /// How often the features are there, since others of the op's dims are cut
  /// along the axis too.
  int64_t repeats = 1;
  int64_t first = 0, length = 0, pitch = 0;

  bool operator==(const AxisCut &) const = default;
};

/// How an op cuts the features of an operand, all but tokens, along an axis;
/// and how many there are. Where so many tokens are cut too, these are the
/// slowest of the features.
AxisCut cutAlong(const Op &op, const Operand &operand, const std::string &axis,
                 int64_t &features, int64_t cutTokens = 1);
/// Whether an operand is input (output) `number` of its kernel.
bool isPort(const Operand &operand, const char *role, int64_t number);
/// Rectangles that work side by side: expert groups, or all cores.
std::vector<Rect> unitsOf(const Kernel &kernel);

/// How an output (input) of a kernel lies on the cores of a group or region.
Share givenBy(const Kernel &kernel, const Stream &stream);
Share wantedBy(const Plan &plan, const Kernel &kernel, const Stream &stream);
/// So many features are on every core where kernels hand them over.
inline int64_t fewFeatures(const Kernel &kernel) {
  return kernel.minor >= 3 ? 16 : 1;
}
/// Wavelets that so many bytes take on the fabric of the plan's machine.
int64_t waveletsOf(const Plan &plan, int64_t bytes);

/// Which kernels are over before others begin.
class Precedence {
public:
  explicit Precedence(const Plan &plan);
  /// `to` is `from`, or waits for it along streams.
  bool reaches(size_t from, size_t to) const;

private:
  std::vector<std::vector<size_t>> next; ///< by kernel
  mutable std::map<size_t, std::vector<bool>> known;
};

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_ROUTING_H
