//===- Verifiers.cpp - Local invariants of the inlay_wafer ops ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/IR/Wafer.h"

#include "inlay/Model/Sharding.h"

#include "llvm/ADT/StringSet.h"

#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

/// Width and height are at least 1, and a grid may have them.
static LogicalResult verifySize(Operation *op, ArrayRef<int64_t> size) {
  if (size[0] < 1 || size[1] < 1)
    return op->emitOpError("needs at least 1 x 1 cores, got ")
           << size[0] << " x " << size[1];
  if (size[0] > model::kLargestSide || size[1] > model::kLargestSide)
    return op->emitOpError("has at most ")
           << model::kLargestSide << " cores on a side, got " << size[0]
           << " x " << size[1];
  return success();
}

/// The values are not negative.
static LogicalResult
verifyCounts(Operation *op,
             ArrayRef<std::pair<llvm::StringLiteral, int64_t>> counts) {
  for (auto [name, count] : counts)
    if (count < 0)
      return op->emitOpError()
             << name << " must not be negative, got " << count;
  return success();
}

/// Some grid has a core there.
static LogicalResult verifyPosition(Operation *op, ArrayRef<int64_t> at) {
  if (failed(verifyCounts(op, {{"x", at[0]}, {"y", at[1]}})))
    return failure();
  if (at[0] < model::kLargestSide && at[1] < model::kLargestSide)
    return success();
  return op->emitOpError("position (")
         << at[0] << ", " << at[1] << ") lies in no grid: a side has at most "
         << model::kLargestSide << " cores";
}

//===----------------------------------------------------------------------===//
// SystemOp, StageOp
//===----------------------------------------------------------------------===//

LogicalResult SystemOp::verify() {
  if (getWafers() < 1)
    return emitOpError("needs at least one wafer, got ") << getWafers();
  int64_t budget = getTarget().getBudget();
  if (getOverBudget() && *getOverBudget() <= budget)
    return emitOpError("is over budget with ")
           << *getOverBudget() << " B, but the budget is " << budget << " B";
  if (getCost() == CostMode::Calibrated && !getTarget().hasPrimitives())
    return emitOpError("has calibrated cost, but target '")
           << getTarget().getName().getValue()
           << "' has no measured costs of software";
  return success();
}

LogicalResult SystemOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (tables.lookupNearestSymbolFrom<dataflow::GraphOp>((*this)->getParentOp(),
                                                        getGraphAttr()))
    return success();
  return emitOpError("places '")
         << getGraph() << "', which is no 'inlay_dataflow.graph' of the module";
}

LogicalResult StageOp::verify() {
  int64_t wafers = getSystem().getWafers();
  if (getWafer() < 0 || getWafer() >= wafers)
    return emitOpError("lies on wafer ")
           << getWafer() << ", but the system has wafers 0 to " << wafers - 1;
  return success();
}

//===----------------------------------------------------------------------===//
// RegionOp
//===----------------------------------------------------------------------===//

/// Inside the grid, off dead cores.
static LogicalResult verifyPlace(RegionOp region, TargetAttr target) {
  model::Rect rect = region.getRect();
  if (rect.x < 0 || rect.y < 0 || rect.width > target.getWidth() - rect.x ||
      rect.height > target.getHeight() - rect.y)
    return region.emitOpError("at (")
           << rect.x << ", " << rect.y << ") of " << rect.width << " x "
           << rect.height << " cores leaves the grid of " << target.getWidth()
           << " x " << target.getHeight();
  ArrayRef<int64_t> dead = target.getDead().asArrayRef();
  for (; !dead.empty(); dead = dead.drop_front(4))
    if (rect.overlaps({dead[0], dead[1], dead[2], dead[3]}))
      return region.emitOpError("covers dead cores: ")
             << dead[2] << " x " << dead[3] << " at (" << dead[0] << ", "
             << dead[1] << ")";
  return success();
}

LogicalResult RegionOp::verify() {
  if (failed(verifySize(*this, getSize())))
    return failure();
  TargetAttr target = getStage().getSystem().getTarget();
  if (isPlaced())
    return verifyPlace(*this, target);
  if (getWidth() > target.getWidth() || getHeight() > target.getHeight())
    return emitOpError("of ")
           << getWidth() << " x " << getHeight()
           << " cores is larger than the grid of " << target.getWidth() << " x "
           << target.getHeight();
  return success();
}

//===----------------------------------------------------------------------===//
// AssignOp
//===----------------------------------------------------------------------===//

LogicalResult AssignOp::verify() {
  if (getRegionAttr() && !getShardingAttr())
    return emitOpError("has a region, but no sharding");
  if (!getRegionAttr() && getShardingAttr())
    return emitOpError("has a sharding, but no region");
  return verifyCounts(*this, {{"the contention", getContention()}});
}

LogicalResult AssignOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (!getRegionAttr())
    return success();
  auto region = dyn_cast_or_null<RegionOp>(
      tables.lookupSymbolIn(getStage(), getRegionAttr()));
  if (!region)
    return emitOpError("names region '")
           << *getRegion() << "', which the stage does not have";
  ShardingAttr sharding = *getSharding();
  bool single = sharding.getGroupsX() == 1 && sharding.getGroupsY() == 1;
  if (single && (sharding.getGroupWidth() != region.getWidth() ||
                 sharding.getGroupHeight() != region.getHeight()))
    return emitOpError("is cut over ")
           << sharding.getGroupWidth() << " x " << sharding.getGroupHeight()
           << " cores, but its region has " << region.getWidth() << " x "
           << region.getHeight();
  // The groups are counted by division, which cannot overflow.
  if (sharding.getGroupsX() > region.getWidth() / sharding.getGroupWidth() ||
      sharding.getGroupsY() > region.getHeight() / sharding.getGroupHeight())
    return emitOpError() << sharding.getGroupsX() << " x "
                         << sharding.getGroupsY() << " groups of "
                         << sharding.getGroupWidth() << " x "
                         << sharding.getGroupHeight()
                         << " cores do not fit its region of "
                         << region.getWidth() << " x " << region.getHeight();
  return success();
}

//===----------------------------------------------------------------------===//
// ExpertGroupOp, BufferOp
//===----------------------------------------------------------------------===//

LogicalResult ExpertGroupOp::verify() {
  if (failed(verifySize(*this, getSize())) ||
      failed(verifyCounts(*this, {{"the index", getIndex()},
                                  {"x of the offset", getOffset()[0]},
                                  {"y of the offset", getOffset()[1]}})))
    return failure();
  SmallVector<int64_t> experts(getExperts());
  llvm::sort(experts);
  if (!experts.empty() && experts.front() < 0)
    return emitOpError("an expert must not be negative, got ")
           << experts.front();
  auto twice = llvm::adjacent_find(experts);
  if (twice != experts.end())
    return emitOpError("holds expert ") << *twice << " twice";
  return success();
}

LogicalResult BufferOp::verify() {
  if (failed(verifyCounts(*this, {{"the offset", getOffset()},
                                  {"the size", getBytes()},
                                  {"the first op", getFirst()}})))
    return failure();
  if (getOffset() % model::kBufferAlignment != 0)
    return emitOpError("lies at ") << getOffset() << " B, which is no multiple "
                                   << "of " << model::kBufferAlignment;
  if (getFirst() > getLast())
    return emitOpError("is needed from op ")
           << getFirst() << " to op " << getLast() << ", which is backwards";
  int64_t budget =
      cast<StageOp>((*this)->getParentOp()).getSystem().getPlanBudget();
  if (getBytes() > budget || getOffset() > budget - getBytes())
    return emitOpError("of ")
           << getBytes() << " B at " << getOffset()
           << " B leaves the budget of " << budget << " B of a core";
  return success();
}

//===----------------------------------------------------------------------===//
// ConnectOp, EstimateOp, StepEstimateOp
//===----------------------------------------------------------------------===//

LogicalResult ConnectOp::verify() {
  if (!getProducerAttr() && !getConsumerAttr())
    return emitOpError("leads from nowhere to nowhere");
  if (getCrossing() && (!getProducerAttr() || !getConsumerAttr()))
    return emitOpError("crosses wafers, but one end is the host");
  if (getInPlace() && (getCrossing() || getHops() != 0 || !getProducerAttr() ||
                       !getConsumerAttr()))
    return emitOpError("is in place, but leads from one place to another");
  if ((!getProducerAttr() && getProducerPort() != 0) ||
      (!getConsumerAttr() && getConsumerPort() != 0))
    return emitOpError("has a port without a kernel");
  return verifyCounts(*this, {{"the port of the producer", getProducerPort()},
                              {"the port of the consumer", getConsumerPort()},
                              {"the number of bytes", getBytes()},
                              {"the number of hops", getHops()},
                              {"the contention", getContention()}});
}

static bool isCount(double value) { return std::isfinite(value) && value >= 0; }

/// `whole` is at least `part`, and both are finite and not negative.
static LogicalResult verifyAtLeast(Operation *op, StringRef wholeName,
                                   double whole, StringRef partName,
                                   double part) {
  for (auto [name, value] :
       {std::pair(wholeName, whole), std::pair(partName, part)})
    if (!isCount(value))
      return op->emitOpError() << name << " is finite and not negative, got "
                               << value << " cycles";
  if (whole >= part)
    return success();
  return op->emitOpError() << wholeName << " of " << whole
                           << " cycles is less than " << partName << " of "
                           << part;
}

LogicalResult EstimateOp::verify() {
  for (double bytes :
       {getUnknownBytes().convertToDouble(), getMovedBytes().convertToDouble()})
    if (!isCount(bytes))
      return emitOpError("bytes are finite and not negative, got ") << bytes;
  return verifyAtLeast(*this, "the worst case",
                       getWorstCase().convertToDouble(), "the total",
                       getCycles().getTotal());
}

LogicalResult StepEstimateOp::verify() {
  int64_t wafers = cast<SystemOp>((*this)->getParentOp()).getWafers();
  if (static_cast<int64_t>(getStages().size()) != wafers)
    return emitOpError("has cycles of ")
           << getStages().size() << " stages, but the system has " << wafers
           << " wafers";
  for (double cycles : getStages())
    if (!isCount(cycles))
      return emitOpError("cycles of a stage are finite and not negative, got ")
             << cycles;
  double latency = getLatency().getTotal();
  for (auto other : {getRoundRobin(), getInOrder()})
    if (other && !isCount(other->convertToDouble()))
      return emitOpError("cycles of other placements of experts are finite and "
                         "not negative, got ")
             << other->convertToDouble();
  if (failed(verifyAtLeast(*this, "the worst case",
                           getWorstCase().convertToDouble(), "the latency",
                           latency)))
    return failure();
  double least = getLeast().convertToDouble();
  if (getModelWafers() < 1)
    return emitOpError("needs at least 1 wafer, got ") << getModelWafers();
  if (failed(verifyAtLeast(*this, "the latency", latency, "the bound", least)))
    return failure();
  return verifyAtLeast(*this, "the bound", least, "the bound of the model",
                       getModel().convertToDouble());
}

//===----------------------------------------------------------------------===//
// Constraints
//===----------------------------------------------------------------------===//

LogicalResult PinOp::verify() {
  if (getWafer() < 0)
    return emitOpError("wafer must not be negative, got ") << getWafer();
  if (std::optional<ArrayRef<int64_t>> at = getAt())
    return verifyPosition(*this, *at);
  return success();
}

LogicalResult KeepOutOp::verify() {
  if (failed(verifyPosition(*this, getAt())))
    return failure();
  return verifySize(*this, getSize());
}

LogicalResult SameRegionOp::verify() {
  if (getKernels().size() < 2)
    return emitOpError("needs at least two kernels, got ")
           << getKernels().size();
  llvm::StringSet<> seen;
  for (auto kernel : getKernels().getAsRange<FlatSymbolRefAttr>())
    if (!seen.insert(kernel.getValue()).second)
      return emitOpError("names kernel '") << kernel.getValue() << "' twice";
  return success();
}

LogicalResult MaxRegionOp::verify() { return verifySize(*this, getSize()); }
