//===- WaferDialect.cpp - The inlay_wafer dialect -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/IR/Wafer.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

#include "dialects/Wafer/IR/WaferDialect.cpp.inc"
#include "dialects/Wafer/IR/WaferEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Wafer/IR/WaferAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Wafer/IR/WaferOps.cpp.inc"

void WaferDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialects/Wafer/IR/WaferOps.cpp.inc"
      >();
}

void WaferDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Wafer/IR/WaferAttrs.cpp.inc"
      >();
}

LogicalResult RectAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t x, int64_t y, int64_t width,
                               int64_t height) {
  if (x < 0 || y < 0 || width < 1 || height < 1)
    return emitError() << "a rectangle needs a corner of at least (0, 0) and a "
                          "size of at least 1 x 1, got ("
                       << x << ", " << y << ") and " << width << " x "
                       << height;
  return success();
}

LogicalResult ShardingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t width, int64_t height,
                                   int64_t groupsWide, int64_t groupsHigh,
                                   int64_t groupWidth, int64_t groupHeight,
                                   ArrayAttr axes) {
  for (int64_t extent :
       {width, height, groupsWide, groupsHigh, groupWidth, groupHeight})
    if (extent < 1)
      return emitError() << "extents of a sharding must be at least 1, got "
                         << extent;
  if (groupsWide > width / groupWidth || groupsHigh > height / groupHeight)
    return emitError() << groupsWide << " x " << groupsHigh << " groups of "
                       << groupWidth << " x " << groupHeight
                       << " do not fit a region of " << width << " x "
                       << height;
  for (Attribute attr : axes) {
    auto text = dyn_cast<StringAttr>(attr);
    if (!text || text.getValue().find_first_not_of("xyg-") != StringRef::npos)
      return emitError()
             << "axes are strings of the letters x, y, g and -, got " << attr;
  }
  return success();
}

static model::Axis toAxis(char letter) {
  switch (letter) {
  case 'x':
    return model::Axis::X;
  case 'y':
    return model::Axis::Y;
  case 'g':
    return model::Axis::Group;
  default:
    return model::Axis::None;
  }
}

static char toLetter(model::Axis axis) {
  switch (axis) {
  case model::Axis::X:
    return 'x';
  case model::Axis::Y:
    return 'y';
  case model::Axis::Group:
    return 'g';
  case model::Axis::None:
    break;
  }
  return '-';
}

model::Sharding ShardingAttr::toModel() const {
  model::Sharding sharding;
  sharding.region = {getWidth(), getHeight()};
  sharding.groups = {getGroupsWide(), getGroupsHigh()};
  sharding.group = {getGroupWidth(), getGroupHeight()};
  for (Attribute attr : getAxes()) {
    model::OpSharding op;
    for (char letter : cast<StringAttr>(attr).getValue())
      op.axisOfDim.push_back(toAxis(letter));
    sharding.ops.push_back(std::move(op));
  }
  return sharding;
}

ShardingAttr ShardingAttr::fromModel(MLIRContext *context,
                                     const model::Sharding &sharding) {
  Builder builder(context);
  SmallVector<StringRef> axes;
  SmallVector<std::string> texts;
  for (const model::OpSharding &op : sharding.ops) {
    std::string &text = texts.emplace_back();
    for (model::Axis axis : op.axisOfDim)
      text += toLetter(axis);
  }
  for (const std::string &text : texts)
    axes.push_back(text);
  return get(context, sharding.region.width, sharding.region.height,
             sharding.groups.width, sharding.groups.height,
             sharding.group.width, sharding.group.height,
             builder.getStrArrayAttr(axes));
}

RegionOp inlay::wafer::findRegion(StageOp stage, StringRef name) {
  for (RegionOp region : stage.getBlock().getOps<RegionOp>())
    if (region.getSymName() == name)
      return region;
  return {};
}

SmallVector<StageOp> SystemOp::getStages() {
  return llvm::to_vector(getBlock().getOps<StageOp>());
}
