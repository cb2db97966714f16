//===- VerifyRoutes.cpp - Local invariants of routes ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/IR/Wafer.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

static constexpr int64_t kLineNumbers = 7;
static constexpr int64_t kRamp = 4;
static constexpr int64_t kPorts = 5;

/// A rectangle of at least one core, whose first and last copy some grid has.
static bool isArea(ArrayRef<int64_t> area) {
  constexpr int64_t kMost = model::kLargestSide;
  auto isInside = [](int64_t at, int64_t size, int64_t count, int64_t step) {
    if (at < 0 || at >= kMost || size < 1 || size > kMost || count < 1 ||
        count > kMost || std::abs(step) > kMost)
      return false;
    int64_t last = at + (count - 1) * step;
    return last >= 0 && last + size <= kMost && at + size <= kMost;
  };
  return isInside(area[0], area[2], area[4], area[5]) &&
         isInside(area[1], area[3], area[4], area[6]);
}

LogicalResult CollectiveOp::verify() {
  bool isGather = getAlgorithm() == Algorithm::AllGather;
  int64_t least = isGather ? 1 : 0;
  if (getCores() < 2 || getPitch() < 1 || getCores() > model::kLargestSide ||
      getPitch() > model::kLargestSide || getRoot() < least ||
      getRoot() >= getCores())
    return emitOpError("joins ")
           << getCores() << " cores, " << getPitch() << " apart";
  if (getAxis() != Axis::X && getAxis() != Axis::Y)
    return emitOpError("goes along x or y");
  ArrayRef<int64_t> lines = getLines();
  if (lines.empty() || lines.size() % kLineNumbers != 0)
    return emitOpError("has ")
           << lines.size() << " numbers of lines, not seven for each";
  int64_t length = (getCores() - 1) * getPitch() + 1;
  for (; !lines.empty(); lines = lines.drop_front(kLineNumbers))
    if (!isArea(lines) || lines[getAxis() == Axis::X ? 2 : 3] != length)
      return emitOpError("has lines at (")
             << lines[0] << ", " << lines[1] << ") that are not of " << length
             << " routers of a grid";
  if (getUses().size() != 3 * getKernels().size() || getUses().empty())
    return emitOpError("has ")
           << getUses().size() << " numbers of uses for " << getKernels().size()
           << " kernels, not three for each";
  return success();
}

LogicalResult RouteOp::verify() {
  bool isTrunk = getKind() == RouteKind::Trunk;
  if (isTrunk == getRegion().has_value())
    return emitOpError(isTrunk ? "is a trunk, which is in no region"
                               : "is in no region");
  if (getStreams().empty() || getColours().size() != 1)
    return emitOpError("needs streams and one colour");
  ArrayRef<int64_t> segments = getSegments();
  if (segments.size() % kSegmentNumbers != 0)
    return emitOpError("has ")
           << segments.size() << " numbers of segments, not ten for each";
  for (; !segments.empty(); segments = segments.drop_front(kSegmentNumbers)) {
    if (!isArea(segments))
      return emitOpError("has a segment at (")
             << segments[0] << ", " << segments[1] << ") that lies in no grid";
    int64_t in = segments[7], out = segments[8];
    if (in < 0 || in >= kPorts || out < 1 || out >= (1 << kPorts) ||
        (in != kRamp && (out >> in) % 2 != 0) || segments[9] < 0)
      return emitOpError("has a segment at (")
             << segments[0] << ", " << segments[1] << ") without legal ports";
  }
  return success();
}

LogicalResult FabricOp::verify() {
  if (getUsed() > getColours() || getLeast() > getUsed() || getLeast() < 0)
    return emitOpError("uses ") << getUsed() << " of " << getColours()
                                << " colours, at least " << getLeast();
  if (getAt().size() != 3 || getLoads().size() % 6 != 0)
    return emitOpError("has ")
           << getAt().size() << " numbers of a place and " << getLoads().size()
           << " of loads, not three and six for each kind";
  return success();
}
