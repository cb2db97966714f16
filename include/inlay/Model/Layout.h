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
struct AxisLayout {
  std::vector<FeatureRun> runs;
  int64_t shard = 0;

  bool isCut() const { return !runs.empty(); }
  bool operator==(const AxisLayout &) const = default;
};

/// Where a value of `features` elements for each token lies in a region (a
/// group, for experts).
struct Layout {
  int64_t features = 1;
  int64_t tokens = 1;
  AxisLayout x;
  AxisLayout y;

  const AxisLayout &on(Axis axis) const { return axis == Axis::X ? x : y; }
};

/// The layout in which an op sees an operand.
Layout layoutOf(const OpSpec &op, const OperandSpec &operand,
                const OpSharding &opSharding, const Sharding &sharding);

/// How kernels hand values to each other: features in order along Y, the same
/// in every column.
Layout handedOver(int64_t features, int64_t tokens, const Extent &region);

/// Into how many runs of consecutive cores both orders cut the features alike,
/// so that nothing moves from one run to another; 1 where they do not.
int64_t commonRuns(const AxisLayout &a, const AxisLayout &b, int64_t features);

} // namespace inlay::model

#endif // INLAY_MODEL_LAYOUT_H
