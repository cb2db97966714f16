//===- Layout.h - Where the features of a value lie -------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An op reads a value in the layout that its own cut wants, and leaves one in
// the layout that its cut makes. Where they differ the value must move.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODEL_LAYOUT_H
#define INLAY_MODEL_LAYOUT_H

#include "inlay/Model/Sharding.h"

#include <optional>

namespace inlay::model {

/// Features that lie one after the other along an axis: `size` of them,
/// `stride` apart in the row-major order of the value's features.
struct FeatureRun {
  int64_t stride = 1;
  int64_t size = 1;

  bool operator==(const FeatureRun &) const = default;
};

/// How an axis cuts the features of a value: their order along the axis,
/// slowest run first, runs that continue each other joined; and how many a core
/// holds. No runs: every core along the axis has the same features.
///
/// The i-th feature along the axis has position i, and core p the positions
/// p * shard to (p + 1) * shard - 1. A part of a larger value lies where that
/// lies: there the position is first + i, or, where each row of `pitch`
/// positions has `length` of the part, first + i / length * pitch + i % length.
struct AxisLayout {
  std::vector<FeatureRun> runs;
  int64_t shard = 0;
  /// How often the features are there along the axis, since the op cuts other
  /// dims along it too.
  int64_t repeats = 1;
  int64_t first = 0;
  int64_t length = 0; ///< 0: no rows
  int64_t pitch = 0;

  bool isCut() const { return !runs.empty(); }
  /// Features do not lie in order from the first core on, once each.
  bool isPart() const { return first > 0 || pitch > 0 || repeats > 1; }
  bool operator==(const AxisLayout &) const = default;
};

/// Where a value of `features` elements for each token lies in a region (a
/// group, for experts). Where an op cuts its tokens too they are features, the
/// slowest of them: a core has all features of some.
struct Layout {
  int64_t features = 1;  ///< those of all tokens where these are cut
  int64_t tokens = 1;    ///< 1 where they are cut
  int64_t cutTokens = 1; ///< 1 where they are not
  AxisLayout x;
  AxisLayout y;

  const AxisLayout &on(Axis axis) const { return axis == Axis::X ? x : y; }
};

/// The layout in which an op sees an operand.
Layout layoutOf(const OpSpec &op, const OperandSpec &operand,
                const OpSharding &opSharding, const Sharding &sharding);

/// A part of a value: of each `row` features those from `first` on, `length` of
/// them.
struct Window {
  int64_t row = 1;
  int64_t first = 0;
  int64_t length = 1;
};

/// How a part of a value lies where all of it lies so. None where an axis cuts
/// rows in an order that such a part does not keep.
std::optional<Layout> partOfLayout(const Layout &layout, const Window &window);

/// The layout of a value that every core has all of.
Layout everywhere(int64_t features, int64_t tokens);

/// What takes a part of a value: its result is left where it lies.
bool isSlice(const OpSpec &op);
/// What puts values one behind the other: each moves to its place in the
/// result.
bool isConcat(const OpSpec &op);

/// A value as an op sees it that reads only the first features of each row of
/// its last dim.
Layout firstOfRows(const OpSpec &op, const OperandSpec &operand,
                   const Layout &layout);

/// How the result of a slice lies where what it reads lies in `source`; none
/// where the slice must have all of that on every core first.
std::optional<Layout> sliceOf(const OpSpec &op, const Layout &source);

/// The layout in which a concatenation wants an operand that lies in `source`
/// now: its place in the result, or all of it on every core.
Layout placeInConcat(const OpSpec &op, const OperandSpec &operand,
                     const Layout &source, const OpSharding &opSharding,
                     const Sharding &sharding);

/// So many features are no reason to cut a value: the choices of a router are
/// on all of its cores when they are made, and wanted on all of others.
inline constexpr int64_t kFewFeatures = 16;

/// How kernels hand values to each other: features in order along Y, the same
/// in every column; few of them on every core.
Layout handedOver(int64_t features, int64_t tokens, const Extent &region);

/// A value moves along one axis: on every line of cores each sends what others
/// want of what it holds, and takes what it wants while it passes.
struct LineMove {
  Axis axis = Axis::X;
  int64_t cores = 1; ///< of a line
  int64_t lines = 1; ///< one behind the other along the axis, the first at 0
  /// Other cores of its line that have something for a core, at most.
  int64_t senders = 1;
  int64_t piece = 0;    ///< features that one of them sends, at most
  int64_t features = 0; ///< that the cores of a line send together, at most
  int64_t tokens = 1;   ///< for each of which there are so many features
};

/// The moves that bring a value from one layout to another, one after the
/// other, at most one for each axis. Where one of them cuts the tokens, those
/// of the other are features too. `cores` of the region, or of the group of
/// experts.
///
/// What an axis cuts and `to` wants otherwise on it moves along it, of all
/// features those that are held or wanted on one line: s of each N points where
/// s is a core's shard across; and each core has its shard of these, or,
/// where both axes cut by the same factor, what the smaller cut leaves of it.
/// Where the line wants a run of the features that lie in order along it, as
/// they do where `to` cuts across what `from` does not, it is cores beside each
/// other that have them. Lines are as long as the cores that hold or want
/// something, or, where both layouts cut the features into the same runs at
/// cores, as a run. Of a part of a larger value a core has at most what of the
/// part falls into so many positions.
///
/// First goes the axis that `to` cuts where the other gathers; else x.
std::vector<LineMove> movesBetween(const Layout &from, const Layout &to,
                                   const Extent &cores);

/// Into how many runs of consecutive cores both orders cut the features alike,
/// so that nothing moves from one run to another; 1 where they do not.
int64_t commonRuns(const AxisLayout &a, const AxisLayout &b, int64_t features);

} // namespace inlay::model

#endif // INLAY_MODEL_LAYOUT_H
