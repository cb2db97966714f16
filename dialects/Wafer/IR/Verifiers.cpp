//===- Verifiers.cpp - Verifiers of the inlay_wafer dialect ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a runtime relies on. Each check is one bullet of the op's description;
// the bounds of a placement are recomputed here and trust no pass.
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/IR/Wafer.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

static LogicalResult verifyRect(Operation *op, const model::Rect &rect) {
  if (rect.x < 0 || rect.y < 0 || rect.width < 1 || rect.height < 1)
    return op->emitOpError()
           << "needs a corner of at least (0, 0) and a size of at least 1 x 1, "
              "got ("
           << rect.x << ", " << rect.y << ") and " << rect.width << " x "
           << rect.height;
  return success();
}

LogicalResult RegionOp::verify() { return verifyRect(*this, getRect()); }

LogicalResult KeepOutOp::verify() {
  return verifyRect(*this,
                    {static_cast<int64_t>(getX()), static_cast<int64_t>(getY()),
                     static_cast<int64_t>(getWidth()),
                     static_cast<int64_t>(getHeight())});
}

LogicalResult ExpertGroupOp::verify() {
  int64_t first = getFirst();
  int64_t end = getEnd();
  if (first < 0 || first > end)
    return emitOpError() << "experts must be a range from at least 0, got "
                         << first << " to " << end;
  return verifyRect(*this, getRect());
}

LogicalResult BufferOp::verify() {
  int64_t offset = getOffset();
  int64_t bytes = getBytes();
  if (offset < 0 || bytes < 0)
    return emitOpError() << "offset and bytes must be at least 0, got "
                         << offset << " and " << bytes;
  auto system = (*this)->getParentOfType<SystemOp>();
  int64_t budget = system ? system.getBudget() : 0;
  if (system && (offset > budget || bytes > budget - offset))
    return emitOpError() << "'" << getName() << "' of kernel '" << getKernel()
                         << "' ends at byte " << offset + bytes
                         << " of a core, but the budget is " << budget
                         << " bytes";
  return success();
}

LogicalResult EstimateOp::verify() {
  if (getCycles().size() != 6)
    return emitOpError() << "needs six numbers of cycles, got "
                         << getCycles().size();
  double sum = 0;
  for (double part : getCycles()) {
    if (!std::isfinite(part) || part < 0)
      return emitOpError("has cycles that are negative or not finite");
    sum += part;
  }
  double slack = 1e-6 * std::max(1.0, sum);
  if (!(getBound().convertToDouble() <= sum + slack))
    return emitOpError() << "the bound must not be above the estimate of "
                         << sum << " cycles";
  if (!(getWorst().convertToDouble() >= sum - slack))
    return emitOpError() << "the worst case must not be below the estimate of "
                         << sum << " cycles";
  if (getKernel().has_value() != isa<StageOp>((*this)->getParentOp()))
    return emitOpError("must name a kernel exactly if it is in a stage");
  return success();
}

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

static LogicalResult verifyAssign(StageOp stage, AssignOp assign) {
  if (!assign.getRegion())
    return success();
  RegionOp region = findRegion(stage, *assign.getRegion());
  if (!region)
    return assign.emitOpError()
           << "region @" << *assign.getRegion() << " is not in the same stage";
  std::optional<ShardingAttr> sharding = assign.getSharding();
  if (!sharding)
    return assign.emitOpError("has a region without a sharding");
  model::Rect rect = region.getRect();
  if (rect.width != sharding->getWidth() ||
      rect.height != sharding->getHeight())
    return assign.emitOpError()
           << "is cut over " << sharding->getWidth() << " x "
           << sharding->getHeight() << " cores, but region @"
           << *assign.getRegion() << " has " << rect.width << " x "
           << rect.height;
  return success();
}

/// Groups of one kernel, in the order of the stage.
static LogicalResult verifyGroups(RegionOp region,
                                  ArrayRef<ExpertGroupOp> groups) {
  int64_t next = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    ExpertGroupOp group = groups[i];
    if (group.getIndex() != i || static_cast<int64_t>(group.getFirst()) != next)
      return group.emitOpError()
             << "groups must be numbered from 0 on and their experts follow "
                "each other: expected index "
             << i << " from expert " << next;
    next = group.getEnd();
    if (region && !region.getRect().contains(group.getRect()))
      return group.emitOpError()
             << "lies outside the kernel's region @" << region.getSymName();
    for (size_t j = 0; j < i; ++j)
      if (group.getRect().overlaps(ExpertGroupOp(groups[j]).getRect()))
        return group.emitOpError() << "overlaps group " << j;
  }
  return success();
}

static LogicalResult verifyBuffers(ArrayRef<BufferOp> buffers) {
  SmallVector<BufferOp> sorted(buffers);
  llvm::sort(sorted, [](BufferOp a, BufferOp b) {
    return a.getOffset() < b.getOffset();
  });
  for (size_t i = 1; i < sorted.size(); ++i) {
    BufferOp before = sorted[i - 1];
    if (before.getOffset() + before.getBytes() > sorted[i].getOffset())
      return sorted[i].emitOpError()
             << "'" << sorted[i].getName() << "' overlaps '" << before.getName()
             << "'";
  }
  return success();
}

LogicalResult StageOp::verifyRegions() {
  llvm::MapVector<StringRef, RegionOp> regionOfKernel;
  llvm::MapVector<StringRef, SmallVector<ExpertGroupOp>> groups;
  llvm::MapVector<StringRef, SmallVector<BufferOp>> buffers;
  for (Operation &op : getBlock()) {
    if (auto assign = dyn_cast<AssignOp>(op)) {
      if (failed(verifyAssign(*this, assign)))
        return failure();
      if (assign.getRegion())
        regionOfKernel[assign.getKernel()] =
            findRegion(*this, *assign.getRegion());
    } else if (auto group = dyn_cast<ExpertGroupOp>(op)) {
      groups[group.getKernel()].push_back(group);
    } else if (auto buffer = dyn_cast<BufferOp>(op)) {
      buffers[buffer.getKernel()].push_back(buffer);
    } else if (!isa<RegionOp, EstimateOp>(op)) {
      return op.emitOpError("has no place in a stage");
    }
  }
  for (auto &[kernel, list] : groups)
    if (failed(verifyGroups(regionOfKernel.lookup(kernel), list)))
      return failure();
  for (auto &[kernel, list] : buffers)
    if (failed(verifyBuffers(list)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// System
//===----------------------------------------------------------------------===//

LogicalResult SystemOp::verify() {
  int64_t width = getWidth();
  int64_t height = getHeight();
  if (width < 1 || height < 1 || static_cast<int64_t>(getWafers()) < 1 ||
      static_cast<int64_t>(getBudget()) < 1)
    return emitOpError("needs a grid of at least 1 x 1, one wafer and a budget "
                       "of at least 1 byte");
  model::Rect grid{0, 0, width, height};
  if (ArrayAttr dead = getDeadAttr())
    for (Attribute attr : dead)
      if (!grid.contains(cast<RectAttr>(attr).getRect()))
        return emitOpError()
               << "dead rectangle " << attr << " lies outside the grid";
  return success();
}

/// Regions of a stage, sorted by their left edge so that each is compared with
/// those that reach its columns only.
static LogicalResult verifyDisjoint(StageOp stage) {
  SmallVector<RegionOp> regions =
      llvm::to_vector(stage.getBlock().getOps<RegionOp>());
  llvm::sort(regions,
             [](RegionOp a, RegionOp b) { return a.getX() < b.getX(); });
  for (size_t i = 0; i < regions.size(); ++i)
    for (size_t j = i + 1;
         j < regions.size() &&
         regions[j].getRect().x < regions[i].getRect().right();
         ++j)
      if (regions[i].getRect().overlaps(regions[j].getRect()))
        return regions[j].emitOpError()
               << "overlaps region @" << regions[i].getSymName();
  return success();
}

static LogicalResult verifyPlaces(SystemOp system, StageOp stage) {
  model::Rect grid{0, 0, static_cast<int64_t>(system.getWidth()),
                   static_cast<int64_t>(system.getHeight())};
  for (RegionOp region : stage.getBlock().getOps<RegionOp>()) {
    if (!grid.contains(region.getRect()))
      return region.emitOpError() << "lies outside the grid of " << grid.width
                                  << " x " << grid.height;
    ArrayAttr dead = system.getDeadAttr();
    if (!dead)
      continue;
    for (Attribute attr : dead)
      if (region.getRect().overlaps(cast<RectAttr>(attr).getRect()))
        return region.emitOpError() << "covers dead cores, " << attr;
  }
  return verifyDisjoint(stage);
}

LogicalResult SystemOp::verifyRegions() {
  uint64_t next = 0;
  unsigned estimates = 0;
  llvm::StringMap<AssignOp> assigned;
  for (Operation &op : getBlock()) {
    if (isa<EstimateOp>(op) && estimates++ > 0)
      return op.emitOpError("is the second estimate of the system");
    auto stage = dyn_cast<StageOp>(op);
    if (!stage) {
      if (!isa<EstimateOp, KeepOutOp>(op))
        return op.emitOpError("has no place in a system");
      continue;
    }
    if (stage.getWafer() != next++)
      return stage.emitOpError() << "stages must be numbered from 0 on, "
                                 << "expected wafer " << next - 1;
    for (AssignOp assign : stage.getBlock().getOps<AssignOp>())
      if (!assigned.try_emplace(assign.getKernel(), assign).second)
        return assign.emitOpError()
               << "kernel '" << assign.getKernel() << "' is assigned twice";
    if (failed(verifyPlaces(*this, stage)))
      return failure();
  }
  if (next != getWafers())
    return emitOpError() << "has " << next << " stages for " << getWafers()
                         << " wafers";
  return success();
}
