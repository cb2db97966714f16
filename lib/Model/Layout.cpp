//===- Layout.cpp - Where the features of a value lie ---------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Layout.h"
#include "inlay/Model/Cuts.h"
#include "inlay/Support/Format.h"

#include "llvm/ADT/SmallVector.h"

#include <algorithm>
#include <optional>

using namespace inlay;
using namespace inlay::model;

/// Appends a run, joined to the one before where it continues it.
static void append(std::vector<FeatureRun> &runs, FeatureRun run) {
  if (run.size == 1)
    return;
  if (!runs.empty() && runs.back().stride == run.stride * run.size)
    runs.back() = {run.stride, runs.back().size * run.size};
  else
    runs.push_back(run);
}

/// Tokens become features.
static void makeFeatures(Layout &layout) {
  layout.features *= layout.tokens;
  layout.cutTokens *= layout.tokens;
  layout.tokens = 1;
}

/// Points of the dims on an axis that do not index the operand.
static int64_t repeatsOn(Axis axis, const OpSpec &op,
                         const OperandSpec &operand,
                         const OpSharding &opSharding) {
  int64_t repeats = 1;
  for (size_t d = 0; d < op.dims.size(); ++d)
    if (opSharding.axisOfDim[d] == axis &&
        std::none_of(operand.indexing.begin(), operand.indexing.end(),
                     [&](const IndexExpr &index) {
                       return index.dim == static_cast<int>(d);
                     }))
      repeats *= op.dims[d].size;
  return repeats;
}

using DimRuns = llvm::SmallVector<std::pair<int, FeatureRun>, 8>;

/// Where values of the slower dims on an axis have cores of their own, not all
/// positions of these need have a feature.
static void setRows(AxisLayout &layout, const OpSpec &op, const AxisRun &run,
                    const DimRuns &dims) {
  for (const auto &[dim, features] : dims)
    if (dim == run.fastest && run.count > 1 &&
        run.pitch > op.dims[size_t(dim)].size) {
      layout.length = features.size;
      layout.pitch = run.pitch;
    }
}

Layout inlay::model::layoutOf(const OpSpec &op, const OperandSpec &operand,
                              const OpSharding &opSharding,
                              const Sharding &sharding) {
  Layout layout;
  // Tokens come first, and are no features unless they are cut; what is left is
  // row-major.
  DimRuns dims;
  int cutToken = -1;
  for (size_t i = operand.indexing.size(); i-- > 0;) {
    const IndexExpr &index = operand.indexing[i];
    if (index.dim < 0 || opSharding.axisOfDim[index.dim] == Axis::Group)
      continue;
    const IterationDim &dim = op.dims[index.dim];
    if (dim.name == "token") {
      layout.tokens *= dim.size;
      if (opSharding.axisOfDim[index.dim] != Axis::None)
        cutToken = index.dim;
      continue;
    }
    int64_t size = ceilDiv(dim.size, index.divisor);
    dims.push_back({index.dim, {layout.features, size}});
    layout.features *= size;
  }
  if (cutToken >= 0) {
    dims.push_back({cutToken, {layout.features, layout.tokens}});
    makeFeatures(layout);
  }
  std::reverse(dims.begin(), dims.end());
  for (auto [axis, onAxis] :
       {std::pair{Axis::X, &layout.x}, std::pair{Axis::Y, &layout.y}}) {
    // The order along the axis is that of the op's dims.
    for (size_t d = 0; d < op.dims.size(); ++d)
      for (const auto &[dim, run] : dims)
        if (dim == static_cast<int>(d) && opSharding.axisOfDim[d] == axis) {
          append(onAxis->runs, run);
          onAxis->shard = opCut(op, d, opSharding, sharding).shard;
        }
    if (!onAxis->isCut())
      continue;
    onAxis->repeats = repeatsOn(axis, op, operand, opSharding);
    setRows(*onAxis, op,
            runOn(op.dims, opSharding, axis, partsOf(sharding, axis)), dims);
  }
  return layout;
}

Layout inlay::model::handedOver(int64_t features, int64_t tokens,
                                const Extent &region) {
  Layout layout;
  layout.features = features;
  layout.tokens = tokens;
  if (features <= kFewFeatures)
    return layout;
  append(layout.y.runs, {1, features});
  layout.y.shard = ceilDiv(features, region.height);
  return layout;
}

/// Chunks that the slowest run cuts the features into, each whole; 0 for any
/// number.
static int64_t chunks(const AxisLayout &layout, int64_t features) {
  if (layout.runs.size() == 1 && layout.runs.front() == FeatureRun{1, features})
    return 0;
  const FeatureRun &slowest = layout.runs.front();
  return slowest.stride * slowest.size == features ? slowest.size : 1;
}

int64_t inlay::model::commonRuns(const AxisLayout &a, const AxisLayout &b,
                                 int64_t features) {
  auto isAside = [](const AxisLayout &layout) {
    return layout.first > 0 || layout.repeats > 1;
  };
  if (!a.isCut() || !b.isCut() || isAside(a) || isAside(b))
    return 1;
  int64_t ofA = chunks(a, features), ofB = chunks(b, features);
  if (ofA == 0 || ofB == 0)
    return std::max<int64_t>(1, std::max(ofA, ofB));
  return ofA == ofB ? ofA : 1;
}

//===----------------------------------------------------------------------===//
// Moves
//===----------------------------------------------------------------------===//

static int64_t pointsOf(const AxisLayout &layout) {
  int64_t points = 1;
  for (const FeatureRun &run : layout.runs)
    points *= run.size;
  return points;
}

/// The positions from the first feature along the axis to the last.
static int64_t spanOf(const AxisLayout &layout, int64_t points) {
  if (layout.pitch == 0)
    return points;
  int64_t rows = ceilDiv(points, std::max<int64_t>(1, layout.length));
  return points + (rows - 1) * (layout.pitch - layout.length);
}

/// What a core has of the features along the axis, at most.
static int64_t heldBy(const AxisLayout &layout) {
  int64_t held = std::max<int64_t>(1, layout.shard);
  if (layout.pitch > 0)
    held = held / layout.pitch * layout.length +
           std::min(layout.length, held % layout.pitch);
  return std::min(held, pointsOf(layout));
}

/// Cores of a line of `parts` up to the last that holds anything; 1 where
/// nothing is cut.
static int64_t usedCores(const AxisLayout &layout, int64_t parts) {
  if (!layout.isCut())
    return 1;
  int64_t points = pointsOf(layout) * layout.repeats;
  return std::min(parts, ceilDiv(layout.first + spanOf(layout, points),
                                 std::max<int64_t>(1, layout.shard)));
}

/// Of these, those before the first that holds anything.
static int64_t idleCores(const AxisLayout &layout) {
  return layout.first / std::max<int64_t>(1, layout.shard);
}

/// What one core has of `features`, at most.
static int64_t partOf(int64_t features, const AxisLayout &layout,
                      int64_t parts) {
  int64_t points = pointsOf(layout), held = heldBy(layout);
  if (!layout.isCut() || parts <= 1 || held >= points)
    return features;
  return ceilDiv(features * held, points);
}

/// Whether both cut features by a common factor of their number.
static bool share(const AxisLayout &a, const AxisLayout &b) {
  for (const FeatureRun &run : a.runs)
    for (const FeatureRun &other : b.runs)
      if (std::max(run.stride, other.stride) <
          std::min(run.stride * run.size, other.stride * other.size))
        return true;
  return false;
}

/// What a core has of the features where both axes cut them, at most, and by
/// shared factors. In a block of b features in order those in h of n values
/// that are s features each are h s of every s n; of other cuts only `features`
/// are known to be enough.
static int64_t partOfBoth(int64_t all, int64_t features, const AxisLayout &a,
                          const AxisLayout &b) {
  if (a.runs.size() != 1 || b.runs.size() != 1)
    return features;
  bool isBlock =
      a.runs.front().stride == 1 &&
      (b.runs.front().stride > 1 || a.runs.front().size >= b.runs.front().size);
  const AxisLayout &block = isBlock ? a : b, &values = isBlock ? b : a;
  if (block.runs.front().stride != 1)
    return features;
  const FeatureRun &run = values.runs.front();
  int64_t blocks = all / block.runs.front().size;
  int64_t held = heldBy(block);
  int64_t inBlock = std::min(held, ceilDiv(held, run.stride * run.size) *
                                       heldBy(values) * run.stride);
  return std::min(features, blocks * inBlock);
}

static bool isInOrder(const AxisLayout &layout, int64_t features) {
  return layout.runs.size() == 1 &&
         layout.runs.front() == FeatureRun{1, features};
}

/// Cores of each of the runs that both layouts cut the features into, where
/// these begin at cores; 0 where they do not.
static int64_t coresOfRun(const AxisLayout &a, const AxisLayout &b,
                          int64_t runs) {
  auto cores = [&](const AxisLayout &layout) -> int64_t {
    int64_t shard = std::max<int64_t>(1, layout.shard);
    int64_t points = pointsOf(layout);
    // Rows have cores of their own where each is a run.
    if (layout.pitch > 0)
      return points == runs * layout.length && layout.pitch % shard == 0
                 ? layout.pitch / shard
                 : 0;
    return points % (runs * shard) == 0 ? points / runs / shard : 0;
  };
  return cores(a) == cores(b) ? cores(a) : 0;
}

namespace {

/// Looks for the move along one axis; `across` is the other.
class MoveFinder {
public:
  MoveFinder(const Layout &from, const Layout &to, Axis axis,
             const Extent &cores)
      : features(from.features), wanted(to.features), a(from.on(axis)),
        b(to.on(axis)), acrossA(from.on(other(axis))),
        acrossB(to.on(other(axis))),
        parts(axis == Axis::X ? cores.width : cores.height),
        partsAcross(axis == Axis::X ? cores.height : cores.width) {
    move.axis = axis;
  }

  static Axis other(Axis axis) { return axis == Axis::X ? Axis::Y : Axis::X; }

  std::optional<LineMove> find() {
    if (!a.isCut() || parts <= 1 || a == b)
      return std::nullopt;
    int64_t used = usedCores(a, parts);
    move.cores = b.isCut() ? std::max(used, usedCores(b, parts)) : parts;
    if (move.cores < 2)
      return std::nullopt;
    setSenders(std::max<int64_t>(1, used - idleCores(a)));
    int64_t runs = b.isCut() ? commonRuns(a, b, features) : 1;
    if (int64_t ofRun = coresOfRun(a, b, runs); runs > 1 && ofRun > 0) {
      if (ofRun == 1)
        return std::nullopt; // another order on the same core
      if (ofRun * runs <= parts)
        cutLines(runs, ofRun);
    }
    // What a core has, passes all others at most.
    move.senders = std::min(move.senders, move.cores - 1);
    return move;
  }

private:
  /// Cores beside each other that hold a run of the features in order.
  bool wantsRun() const {
    return !acrossA.isCut() && acrossB.isCut() && isInOrder(a, features) &&
           acrossB.runs.front().stride * acrossB.runs.front().size == wanted;
  }

  /// `used`: cores of the line that hold anything.
  void setSenders(int64_t used) {
    if (wantsRun()) {
      const FeatureRun &slowest = acrossB.runs.front();
      int64_t ofOne = pointsOf(acrossB) / slowest.size;
      int64_t shard = heldBy(acrossB);
      bool straddles =
          ofOne > 1 && ((shard % ofOne != 0 && ofOne % shard != 0) ||
                        acrossB.first % ofOne != 0 || acrossB.pitch > 0);
      int64_t values = ceilDiv(shard, ofOne) + (straddles ? 1 : 0);
      move.features =
          ceilDiv(features, slowest.size) * std::min(values, slowest.size);
      move.piece = std::min(move.features, heldBy(a));
      // It may begin at the end of a row.
      int64_t span = move.features;
      if (a.pitch > 0)
        span += ceilDiv(span, a.length) * (a.pitch - a.length);
      // Where the features repeat it may end with the first of them.
      move.senders = std::min({used, move.features,
                               ceilDiv(span, std::max<int64_t>(1, a.shard)) +
                                   (acrossB.repeats > 1 ? 2 : 1)});
      return;
    }
    const AxisLayout &across = acrossA.isCut() ? acrossA : acrossB;
    move.features = partOf(features, across, partsAcross);
    move.senders =
        std::min({used, move.features, coresOfBlock(across).value_or(used)});
    move.piece = partsAcross > 1 && share(a, across)
                     ? partOfBoth(features, move.features, a, across)
                     : partOf(move.features, a, parts);
  }

  /// Cores beside each other that have what a line holds or wants, where that
  /// is a block of the features and these lie in order along the line, maybe
  /// round after round: a block may begin and end within a core, and a round
  /// end within a block.
  std::optional<int64_t> coresOfBlock(const AxisLayout &across) const {
    if (a.isPart() || a.runs.size() != 1 || a.runs.front().stride != 1 ||
        partsAcross < 2 || !isInOrder(across, features))
      return std::nullopt;
    int64_t around = a.runs.front().size;
    int64_t block = heldBy(across);
    bool isRow = across.pitch > 0 && across.length == around &&
                 across.pitch % std::max<int64_t>(1, across.shard) == 0;
    if (across.first > 0 || block >= around || (across.pitch > 0 && !isRow))
      return std::nullopt;
    return ceilDiv(block, std::max<int64_t>(1, a.shard)) + (isRow ? 1 : 2);
  }

  void cutLines(int64_t runs, int64_t ofRun) {
    move.lines = runs;
    move.cores = ofRun;
    move.features = ceilDiv(move.features, runs);
    move.senders = std::min(ofRun, move.senders);
  }

  int64_t features, wanted;
  const AxisLayout &a, &b, &acrossA, &acrossB;
  int64_t parts, partsAcross;
  LineMove move;
};

} // namespace

std::vector<LineMove> inlay::model::movesBetween(const Layout &from,
                                                 const Layout &to,
                                                 const Extent &cores) {
  if (from.tokens > 1 && to.cutTokens > 1) {
    Layout lifted = from;
    makeFeatures(lifted);
    return movesBetween(lifted, to, cores);
  }
  if (to.tokens > 1 && from.cutTokens > 1) {
    Layout lifted = to;
    makeFeatures(lifted);
    return movesBetween(from, lifted, cores);
  }
  bool isYFirst = !to.x.isCut() && to.y.isCut();
  Layout now = from;
  std::vector<LineMove> moves;
  for (Axis axis :
       {isYFirst ? Axis::Y : Axis::X, isYFirst ? Axis::X : Axis::Y}) {
    if (std::optional<LineMove> move =
            MoveFinder(now, to, axis, cores).find()) {
      move->tokens = from.tokens;
      moves.push_back(*move);
    }
    // What all cores of a line have they may drop when the other move is over.
    if (now.on(axis).isCut())
      (axis == Axis::X ? now.x : now.y) = to.on(axis);
  }
  return moves;
}
