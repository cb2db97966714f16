//===- AttrConversion.cpp - Structs and attributes of this level
//-----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttrConversion.h"
#include "ExtractModel.h"

#include "inlay/Target/Figures.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

//===----------------------------------------------------------------------===//
// Target
//===----------------------------------------------------------------------===//

TargetAttr inlay::wafer::toAttr(MLIRContext *context,
                                const target::Target &target) {
  Builder builder(context);
  NamedAttrList figures;
  auto add = [&](const llvm::Twine &name, const target::Quantity &quantity) {
    figures.append(builder.getStringAttr(name),
                   FigureAttr::get(context,
                                   builder.getF64FloatAttr(quantity.value),
                                   builder.getStringAttr(quantity.unit),
                                   builder.getStringAttr(quantity.source),
                                   quantity.assumption));
  };
  for (const target::Figure &figure : target::kFigures)
    if (figure.isRequired || (target.*figure.member).isGiven())
      add(figure.name, target.*figure.member);
  for (const auto &[type, rate] : target.macRate)
    add(kMacRate + type, rate);
  for (const auto &[type, rate] : target.elementRate)
    add(kElementRate + type, rate);
  for (const auto &[name, primitive] : target.primitives)
    add(kPrimitive + name, primitive);
  SmallVector<int64_t> dead;
  for (const model::Rect &rect : target.dead)
    dead.append({rect.x, rect.y, rect.width, rect.height});
  return TargetAttr::get(context, builder.getStringAttr(target.name),
                         builder.getStringAttr(target.description),
                         builder.getStringAttr(target.digest),
                         target.grid.width, target.grid.height,
                         builder.getDenseI64ArrayAttr(dead),
                         DenseF64ArrayAttr::get(context, target.reportClocks),
                         figures.getDictionary(context));
}

static target::Quantity toQuantity(FigureAttr figure) {
  return {figure.getValue().getValueAsDouble(), figure.getUnit().str(),
          figure.getSource().str(), figure.getAssumption()};
}

target::Target inlay::wafer::toTarget(TargetAttr attr) {
  target::Target target;
  target.name = attr.getName().str();
  target.description = attr.getDescription().str();
  target.digest = attr.getDigest().str();
  target.grid = {attr.getWidth(), attr.getHeight()};
  ArrayRef<int64_t> dead = attr.getDead().asArrayRef();
  for (; !dead.empty(); dead = dead.drop_front(4))
    target.dead.push_back({dead[0], dead[1], dead[2], dead[3]});
  target.reportClocks = attr.getReportClocks().asArrayRef().vec();
  DictionaryAttr figures = attr.getFigures();
  for (const target::Figure &figure : target::kFigures)
    if (auto value = figures.getAs<FigureAttr>(figure.name))
      target.*figure.member = toQuantity(value);
  for (NamedAttribute figure : figures) {
    StringRef name = figure.getName();
    auto value = cast<FigureAttr>(figure.getValue());
    if (name.consume_front(kMacRate))
      target.macRate[name.str()] = toQuantity(value);
    else if (name.consume_front(kElementRate))
      target.elementRate[name.str()] = toQuantity(value);
    else if (name.consume_front(kPrimitive))
      target.primitives[name.str()] = toQuantity(value);
  }
  return target;
}

//===----------------------------------------------------------------------===//
// Sharding
//===----------------------------------------------------------------------===//

static_assert(
    static_cast<int>(model::Axis::None) == static_cast<int>(Axis::None) &&
        static_cast<int>(model::Axis::X) == static_cast<int>(Axis::X) &&
        static_cast<int>(model::Axis::Y) == static_cast<int>(Axis::Y) &&
        static_cast<int>(model::Axis::Group) == static_cast<int>(Axis::Group),
    "the two enums are one");

ShardingAttr inlay::wafer::toAttr(MLIRContext *context,
                                  const model::Sharding &sharding) {
  SmallVector<AxesAttr> ops;
  for (const model::OpSharding &op : sharding.ops) {
    SmallVector<Axis> axes;
    for (model::Axis axis : op.axisOfDim)
      axes.push_back(static_cast<Axis>(axis));
    ops.push_back(AxesAttr::get(context, axes, op.width));
  }
  SmallVector<DenseI64ArrayAttr> held;
  for (const std::vector<int64_t> &group : sharding.held)
    held.push_back(DenseI64ArrayAttr::get(context, group));
  return ShardingAttr::get(context, sharding.groups.width,
                           sharding.groups.height, sharding.group.width,
                           sharding.group.height, ops, held);
}

model::Sharding inlay::wafer::toSharding(ShardingAttr attr,
                                         model::Extent region) {
  model::Sharding sharding;
  sharding.region = region;
  sharding.groups = {attr.getGroupsX(), attr.getGroupsY()};
  sharding.group = {attr.getGroupWidth(), attr.getGroupHeight()};
  for (AxesAttr op : attr.getOps()) {
    model::OpSharding &axes = sharding.ops.emplace_back();
    for (Axis axis : op.getAxes())
      axes.axisOfDim.push_back(static_cast<model::Axis>(axis));
    axes.width = op.getWidth();
  }
  for (DenseI64ArrayAttr group : attr.getHeld())
    sharding.held.push_back(group.asArrayRef().vec());
  return sharding;
}

//===----------------------------------------------------------------------===//
// Cycles, bounds
//===----------------------------------------------------------------------===//

cost::Mode inlay::wafer::toMode(CostMode mode) {
  return mode == CostMode::Calibrated ? cost::Mode::Calibrated
                                      : cost::Mode::Ideal;
}

RoutingAttr inlay::wafer::toAttr(MLIRContext *context,
                                 const cost::ModelRouting &routing) {
  Builder builder(context);
  if (routing.kind == cost::Routing::Kind::Uniform)
    return {};
  if (routing.kind == cost::Routing::Kind::Zipf)
    return RoutingAttr::get(context, builder.getF64FloatAttr(routing.exponent),
                            {}, {}, {}, {});
  SmallVector<int64_t> layers;
  SmallVector<Attribute> choices;
  Type expert = builder.getIntegerType(16, /*isSigned=*/false);
  for (const auto &[layer, chosen] : routing.choices) {
    layers.push_back(layer);
    choices.push_back(DenseElementsAttr::get(
        RankedTensorType::get({chosen->numTokens(), chosen->perToken}, expert),
        ArrayRef(chosen->experts)));
  }
  return RoutingAttr::get(context, {}, builder.getStringAttr(routing.trace),
                          builder.getStringAttr(routing.digest),
                          builder.getDenseI64ArrayAttr(layers),
                          builder.getArrayAttr(choices));
}

cost::ModelRouting inlay::wafer::routingOf(SystemOp system) {
  return toRouting(system.getRoutingAttr(), seedOf(system.lookupGraph()));
}

cost::ModelRouting inlay::wafer::toRouting(RoutingAttr attr, int64_t seed) {
  cost::ModelRouting routing;
  routing.seed = static_cast<uint64_t>(seed);
  if (!attr)
    return routing;
  if (FloatAttr exponent = attr.getZipf()) {
    routing.kind = cost::Routing::Kind::Zipf;
    routing.exponent = exponent.getValueAsDouble();
    return routing;
  }
  routing.kind = cost::Routing::Kind::Trace;
  routing.trace = attr.getTrace().str();
  routing.digest = attr.getDigest().str();
  for (auto [layer, attr] :
       llvm::zip(attr.getLayers().asArrayRef(), attr.getChoices())) {
    auto choices = cast<DenseIntElementsAttr>(attr);
    auto chosen = std::make_shared<cost::Choices>();
    chosen->perToken = choices.getType().getDimSize(1);
    chosen->experts.assign(choices.value_begin<uint16_t>(),
                           choices.value_end<uint16_t>());
    routing.highest[layer] = *llvm::max_element(chosen->experts);
    routing.choices[layer] = std::move(chosen);
  }
  return routing;
}

CyclesAttr inlay::wafer::toAttr(MLIRContext *context,
                                const cost::Breakdown &cycles) {
  return CyclesAttr::get(
      context, DenseF64ArrayAttr::get(
                   context, {cycles.compute, cycles.sram, cycles.fabricLatency,
                             cycles.fabricBandwidth, cycles.software,
                             cycles.crossing, cycles.contention}));
}

cost::Breakdown inlay::wafer::toBreakdown(CyclesAttr attr) {
  ArrayRef<double> values = attr.getValues().asArrayRef();
  return {values[0], values[1], values[2], values[3],
          values[4], values[5], values[6]};
}

BoundAttr inlay::wafer::toAttr(MLIRContext *context, const cost::Bound &bound) {
  return BoundAttr::get(
      context, DenseF64ArrayAttr::get(
                   context, {bound.compute, bound.sram, bound.link,
                             bound.bisection, bound.distance, bound.crossing}));
}

cost::Bound inlay::wafer::toBound(BoundAttr attr) {
  ArrayRef<double> values = attr.getValues().asArrayRef();
  return {values[0], values[1], values[2], values[3], values[4], values[5]};
}
