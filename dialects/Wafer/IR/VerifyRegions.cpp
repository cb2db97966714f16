//===- VerifyRegions.cpp - Invariants between ops of inlay_wafer ----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/IR/Wafer.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

//===----------------------------------------------------------------------===//
// SystemOp
//===----------------------------------------------------------------------===//

LogicalResult SystemOp::verifyRegions() {
  int64_t wafer = -1;
  unsigned numEstimates = 0;
  llvm::StringMap<AssignOp> assigned;
  for (Operation &op : getBlock()) {
    numEstimates += isa<StepEstimateOp>(op);
    auto stage = dyn_cast<StageOp>(op);
    if (!stage) {
      if (!isa<ConnectOp, FabricOp, StepEstimateOp>(op))
        return op.emitOpError("has no place in an 'inlay_wafer.system'");
      continue;
    }
    // Stages in the order of their wafers, one for each.
    if (stage.getWafer() <= wafer)
      return stage.emitOpError("of wafer ")
             << stage.getWafer() << " stands behind that of wafer " << wafer;
    wafer = stage.getWafer();
    // No kernel twice.
    for (AssignOp assign : stage.getBody().getOps<AssignOp>()) {
      auto [other, isNew] = assigned.try_emplace(assign.getKernel(), assign);
      if (isNew)
        continue;
      InFlightDiagnostic diag = assign.emitOpError("assigns kernel '")
                                << assign.getKernel() << "' a second time";
      diag.attachNote(other->second.getLoc()) << "first assigned here";
      return diag;
    }
  }
  if (numEstimates > 1)
    return emitOpError("has ") << numEstimates << " estimates of a step";
  return success();
}

//===----------------------------------------------------------------------===//
// StageOp
//===----------------------------------------------------------------------===//

namespace {
/// What a stage says of one kernel.
struct KernelFacts {
  AssignOp assign;
  SmallVector<ExpertGroupOp> groups;
  SmallVector<BufferOp> buffers;
  EstimateOp estimate;
};
using KernelMap = llvm::MapVector<StringAttr, KernelFacts>;
} // namespace

/// Sorts the ops of a stage by kernel.
static LogicalResult collect(StageOp stage, KernelMap &kernels) {
  for (AssignOp assign : stage.getBody().getOps<AssignOp>())
    kernels[assign.getKernelAttr().getAttr()].assign = assign;
  auto find = [&](Operation *op, FlatSymbolRefAttr kernel) -> KernelFacts * {
    auto found = kernels.find(kernel.getAttr());
    if (found != kernels.end())
      return &found->second;
    op->emitOpError("names kernel '")
        << kernel.getValue() << "', which is not assigned to this stage";
    return nullptr;
  };
  for (Operation &op : stage.getBlock()) {
    KernelFacts *facts = nullptr;
    if (isa<AssignOp, RegionOp>(op))
      continue;
    if (auto group = dyn_cast<ExpertGroupOp>(op)) {
      if (!(facts = find(&op, group.getKernelAttr())))
        return failure();
      facts->groups.push_back(group);
    } else if (auto buffer = dyn_cast<BufferOp>(op)) {
      if (!(facts = find(&op, buffer.getKernelAttr())))
        return failure();
      facts->buffers.push_back(buffer);
    } else if (auto estimate = dyn_cast<EstimateOp>(op)) {
      if (!(facts = find(&op, estimate.getKernelAttr())))
        return failure();
      if (facts->estimate)
        return estimate.emitOpError("is the second of kernel '")
               << estimate.getKernel() << "'";
      facts->estimate = estimate;
    } else if (!isa<CollectiveOp, RouteOp>(op)) {
      return op.emitOpError("has no place in an 'inlay_wafer.stage'");
    }
  }
  return success();
}

/// Placed regions do not overlap. Sweeps over them from west to east, comparing
/// only those whose columns overlap.
static LogicalResult verifyDisjoint(StageOp stage) {
  SmallVector<RegionOp> regions;
  for (RegionOp region : stage.getBody().getOps<RegionOp>())
    if (region.isPlaced())
      regions.push_back(region);
  llvm::sort(regions, [](RegionOp a, RegionOp b) {
    return std::pair(a.getRect().x, a.getSymName()) <
           std::pair(b.getRect().x, b.getSymName());
  });
  for (auto [i, region] : llvm::enumerate(regions)) {
    model::Rect rect = region.getRect();
    for (RegionOp other : ArrayRef(regions).drop_front(i + 1)) {
      if (other.getRect().x >= rect.right())
        break;
      if (!rect.overlaps(other.getRect()))
        continue;
      InFlightDiagnostic diag = other.emitOpError("'")
                                << other.getSymName() << "' overlaps region '"
                                << region.getSymName() << "'";
      diag.attachNote(region.getLoc()) << "the other region";
      return diag;
    }
  }
  return success();
}

/// Only shared regions have several kernels.
static LogicalResult verifySharing(StageOp stage, const KernelMap &kernels) {
  llvm::StringMap<AssignOp> users;
  for (auto &[name, facts] : kernels) {
    AssignOp assign = facts.assign;
    if (!assign.getRegionAttr())
      continue;
    auto [other, isNew] = users.try_emplace(*assign.getRegion(), assign);
    if (isNew || stage.lookupSymbol<RegionOp>(assign.getRegionAttr().getAttr())
                     .getShared())
      continue;
    InFlightDiagnostic diag = assign.emitOpError("gives region '")
                              << *assign.getRegion()
                              << "', which is not shared, a second kernel";
    diag.attachNote(other->second.getLoc()) << "the first kernel";
    return diag;
  }
  return success();
}

/// Groups are numbered, inside the region, and disjoint.
static LogicalResult verifyGroups(const KernelFacts &facts) {
  if (facts.groups.empty())
    return success();
  AssignOp assign = facts.assign;
  RegionOp region = assign.lookupRegion();
  for (auto [i, element] : llvm::enumerate(facts.groups)) {
    ExpertGroupOp group = element;
    if (!region)
      return group.emitOpError("kernel '")
             << group.getKernel() << "' has no region yet";
    if (group.getIndex() != static_cast<int64_t>(i))
      return group.emitOpError("has index ")
             << group.getIndex() << ", but is number " << i;
    // Subtracted, not added, so that a large offset cannot overflow.
    model::Rect rect = group.getRect();
    if (rect.x > region.getWidth() - rect.width ||
        rect.y > region.getHeight() - rect.height)
      return group.emitOpError("leaves the region of ")
             << region.getWidth() << " x " << region.getHeight() << " cores";
    for (ExpertGroupOp other : ArrayRef(facts.groups).take_front(i))
      if (rect.overlaps(other.getRect()))
        return group.emitOpError("overlaps group ") << other.getIndex();
  }
  return success();
}

namespace {
/// A buffer with the region that it lies on. Reading attributes is slow.
struct PlacedBuffer {
  BufferOp op;
  Attribute kernel;
  size_t number = 0; ///< in the order of the kernels' buffers
  int64_t offset = 0, end = 0, first = 0, last = 0;
  bool isScratch = false;
};
} // namespace

/// Whether two buffers of one region may hold their data at one time.
static bool liveTogether(const PlacedBuffer &a, const PlacedBuffer &b) {
  if (a.kernel == b.kernel)
    return a.first <= b.last && b.first <= a.last;
  return !a.isScratch || !b.isScratch; // kernels take turns
}

/// No two buffers of a region overlap in bytes while both are needed. Sweeps
/// over them by offset.
static LogicalResult verifyBuffers(std::vector<PlacedBuffer> &buffers) {
  llvm::sort(buffers, [](const PlacedBuffer &a, const PlacedBuffer &b) {
    return std::pair(a.offset, a.number) < std::pair(b.offset, b.number);
  });
  for (size_t i = 0; i < buffers.size(); ++i)
    for (size_t j = i + 1;
         j < buffers.size() && buffers[j].offset < buffers[i].end; ++j) {
      if (buffers[j].end == buffers[j].offset ||
          !liveTogether(buffers[i], buffers[j]))
        continue;
      // Said of the one that comes later.
      bool isInOrder = buffers[i].number < buffers[j].number;
      BufferOp other = isInOrder ? buffers[i].op : buffers[j].op;
      BufferOp buffer = isInOrder ? buffers[j].op : buffers[i].op;
      InFlightDiagnostic diag = buffer.emitOpError("'")
                                << buffer.getName() << "' overlaps buffer '"
                                << other.getName() << "'";
      if (other.getKernelAttr() != buffer.getKernelAttr())
        diag << " of '" << other.getKernel() << "'";
      diag << " while both are needed";
      diag.attachNote(other.getLoc()) << "the other buffer";
      return diag;
    }
  return success();
}

/// Buffers of kernels on one region share its cores; kernels without a region
/// yet are looked at one by one.
static LogicalResult verifyMemory(const KernelMap &kernels) {
  llvm::MapVector<Attribute, std::vector<PlacedBuffer>> onRegion;
  size_t number = 0;
  for (auto &[name, facts] : kernels) {
    AssignOp assign = facts.assign;
    Attribute region = assign.getRegionAttr()
                           ? Attribute(assign.getRegionAttr())
                           : Attribute(name);
    for (BufferOp buffer : facts.buffers)
      onRegion[region].push_back(
          {buffer, name, number++, static_cast<int64_t>(buffer.getOffset()),
           static_cast<int64_t>(buffer.getOffset() + buffer.getBytes()),
           static_cast<int64_t>(buffer.getFirst()),
           static_cast<int64_t>(buffer.getLast()),
           buffer.getRole() == BufferRole::Scratch});
  }
  for (auto &[region, buffers] : onRegion)
    if (failed(verifyBuffers(buffers)))
      return failure();
  return success();
}

/// The symbol table of the stage, and with it the assignments' regions, has
/// been verified before.
LogicalResult StageOp::verifyRegions() {
  KernelMap kernels;
  if (failed(collect(*this, kernels)) || failed(verifyDisjoint(*this)) ||
      failed(verifySharing(*this, kernels)))
    return failure();
  for (auto &[name, facts] : kernels)
    if (failed(verifyGroups(facts)))
      return failure();
  return verifyMemory(kernels);
}

//===----------------------------------------------------------------------===//
// ConstraintsOp
//===----------------------------------------------------------------------===//

LogicalResult ConstraintsOp::verifyRegions() {
  llvm::StringSet<> pinned, limited;
  for (Operation &op : getBlock()) {
    if (auto pin = dyn_cast<PinOp>(op)) {
      if (!pinned.insert(pin.getKernel()).second)
        return pin.emitOpError("pins kernel '")
               << pin.getKernel() << "' a second time";
    } else if (auto limit = dyn_cast<MaxRegionOp>(op)) {
      if (!limited.insert(limit.getKernel()).second)
        return limit.emitOpError("limits kernel '")
               << limit.getKernel() << "' a second time";
    } else if (!isa<KeepOutOp, SameRegionOp>(op)) {
      return op.emitOpError("has no place in 'inlay_wafer.constraints'");
    }
  }
  return success();
}
