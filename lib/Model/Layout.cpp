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

Layout inlay::model::layoutOf(const OpSpec &op, const OperandSpec &operand,
                              const OpSharding &opSharding,
                              const Sharding &sharding) {
  Layout layout;
  std::vector<Cut> cuts = opCuts(op, opSharding, sharding);
  // Tokens come first and are no features; what is left is row-major.
  std::vector<std::pair<int, FeatureRun>> dims;
  for (size_t i = operand.indexing.size(); i-- > 0;) {
    const IndexExpr &index = operand.indexing[i];
    if (index.dim < 0)
      continue;
    const IterationDim &dim = op.dims[index.dim];
    if (dim.name == "token") {
      layout.tokens *= dim.size;
      continue;
    }
    int64_t size = ceilDiv(dim.size, index.divisor);
    dims.insert(dims.begin(), {index.dim, {layout.features, size}});
    layout.features *= size;
  }
  for (auto [axis, onAxis] :
       {std::pair{Axis::X, &layout.x}, std::pair{Axis::Y, &layout.y}}) {
    // The order along the axis is that of the op's dims.
    for (size_t d = 0; d < op.dims.size(); ++d)
      for (const auto &[dim, run] : dims)
        if (dim == static_cast<int>(d) && opSharding.axisOfDim[d] == axis) {
          append(onAxis->runs, run);
          onAxis->shard = cuts[d].shard;
        }
  }
  return layout;
}

Layout inlay::model::handedOver(int64_t features, int64_t tokens,
                                const Extent &region) {
  Layout layout;
  layout.features = features;
  layout.tokens = tokens;
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
  if (!a.isCut() || !b.isCut())
    return 1;
  int64_t ofA = chunks(a, features), ofB = chunks(b, features);
  if (ofA == 0 || ofB == 0)
    return std::max<int64_t>(1, std::max(ofA, ofB));
  return ofA == ofB ? ofA : 1;
}
