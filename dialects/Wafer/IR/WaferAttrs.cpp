//===- WaferAttrs.cpp - Attributes of the inlay_wafer dialect -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Wafer/IR/Wafer.h"
#include "inlay/Target/Figures.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace inlay;
using namespace inlay::wafer;

#define GET_ATTRDEF_CLASSES
#include "dialects/Wafer/IR/WaferAttrs.cpp.inc"

void WaferDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Wafer/IR/WaferAttrs.cpp.inc"
      >();
}

static bool isCount(double value) { return std::isfinite(value) && value >= 0; }

//===----------------------------------------------------------------------===//
// FigureAttr
//===----------------------------------------------------------------------===//

Attribute FigureAttr::parse(AsmParser &parser, Type) {
  double value = 0;
  StringAttr unit, source;
  if (parser.parseLess() || parser.parseFloat(value) || parser.parseComma() ||
      parser.parseAttribute(unit) || parser.parseComma() ||
      parser.parseAttribute(source))
    return {};
  bool assumption = succeeded(parser.parseOptionalComma());
  if ((assumption && parser.parseKeyword("assumption")) ||
      parser.parseGreater())
    return {};
  return parser.getChecked<FigureAttr>(
      parser.getContext(), parser.getBuilder().getF64FloatAttr(value), unit,
      source, assumption);
}

void FigureAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printFloat(getValue().getValue());
  printer << ", " << getUnit() << ", " << getSource()
          << (getAssumption() ? ", assumption>" : ">");
}

LogicalResult FigureAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 FloatAttr value, StringAttr, StringAttr,
                                 bool) {
  if (!value.getType().isF64() || !isCount(value.getValueAsDouble()))
    return emitError() << "a figure is a finite f64 and not negative, got "
                       << value;
  return success();
}

//===----------------------------------------------------------------------===//
// TargetAttr
//===----------------------------------------------------------------------===//

double TargetAttr::getValue(StringRef figure) const {
  auto attr = getFigures().getAs<FigureAttr>(figure);
  return attr ? attr.getValue().getValueAsDouble() : 0;
}

bool TargetAttr::hasPrimitives() const {
  return llvm::any_of(getFigures(), [](NamedAttribute figure) {
    return figure.getName().getValue().starts_with(kPrimitive);
  });
}

/// Dead rectangles lie inside the grid and do not overlap.
static LogicalResult verifyDead(function_ref<InFlightDiagnostic()> emitError,
                                int64_t width, int64_t height,
                                ArrayRef<int64_t> dead) {
  if (dead.size() % 4 != 0)
    return emitError() << "dead rectangles are four numbers each, got "
                       << dead.size() << " numbers";
  SmallVector<model::Rect> before;
  for (; !dead.empty(); dead = dead.drop_front(4)) {
    model::Rect rect{dead[0], dead[1], dead[2], dead[3]};
    if (rect.x < 0 || rect.y < 0 || rect.width < 1 || rect.height < 1 ||
        rect.width > width - rect.x || rect.height > height - rect.y)
      return emitError() << "dead rectangle at (" << rect.x << ", " << rect.y
                         << ") of " << rect.width << " x " << rect.height
                         << " cores does not lie inside the grid of " << width
                         << " x " << height;
    for (const model::Rect &other : before)
      if (rect.overlaps(other))
        return emitError() << "dead rectangles at (" << other.x << ", "
                           << other.y << ") and (" << rect.x << ", " << rect.y
                           << ") overlap";
    before.push_back(rect);
  }
  return success();
}

/// What a figure may be, by its name; nullopt for a name that is not known.
/// Rates are divided by, and so are more than 0.
static std::optional<double> leastValue(StringRef name) {
  if (name.consume_front(kMacRate) || name.consume_front(kElementRate))
    return name.empty() ? std::nullopt : std::optional(target::kLeastPositive);
  if (name.consume_front(kPrimitive)) {
    for (const target::PrimitiveName &primitive : target::kPrimitives)
      if (name == primitive.name)
        return primitive.least;
    return std::nullopt;
  }
  for (const target::Figure &figure : target::kFigures)
    if (name == figure.name)
      return figure.least;
  return std::nullopt;
}

/// Nothing is so large that a count of bytes or cycles would overflow.
static LogicalResult verifyRange(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef name, double least, double value) {
  if (value > target::kLargestFigure)
    return emitError() << "figure '" << name << "' is at most "
                       << target::kLargestFigure << ", got " << value;
  if (value == 0 && least > 0)
    return emitError() << "figure '" << name << "' must be more than 0";
  return success();
}

/// All figures are there, and no others.
static LogicalResult verifyFigures(function_ref<InFlightDiagnostic()> emitError,
                                   DictionaryAttr figures) {
  unsigned macRates = 0, elementRates = 0;
  for (NamedAttribute figure : figures) {
    StringRef name = figure.getName();
    auto attr = dyn_cast<FigureAttr>(figure.getValue());
    if (!attr)
      return emitError() << "figure '" << name
                         << "' is not an #inlay_wafer.figure";
    macRates += name.starts_with(kMacRate);
    elementRates += name.starts_with(kElementRate);
    std::optional<double> least = leastValue(name);
    if (!least)
      return emitError() << "figure '" << name << "' is not known";
    if (failed(verifyRange(emitError, name, *least,
                           attr.getValue().getValueAsDouble())))
      return failure();
  }
  for (const target::Figure &figure : target::kFigures)
    if (figure.isRequired && !figures.contains(figure.name))
      return emitError() << "figure '" << figure.name << "' is missing";
  if (!macRates || !elementRates)
    return emitError() << "figures '" << (macRates ? kElementRate : kMacRate)
                       << "<type>' are missing";
  return success();
}

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringAttr, StringAttr, StringAttr,
                                 int64_t width, int64_t height,
                                 DenseI64ArrayAttr dead,
                                 DenseF64ArrayAttr reportClocks,
                                 DictionaryAttr figures) {
  if (width < 1 || height < 1)
    return emitError() << "the grid needs at least 1 x 1 cores, got " << width
                       << " x " << height;
  if (width > model::kLargestSide || height > model::kLargestSide)
    return emitError() << "the grid has at most " << model::kLargestSide
                       << " cores on a side, got " << width << " x " << height;
  for (double clock : reportClocks.asArrayRef())
    if (!isCount(clock) || clock == 0)
      return emitError() << "clocks are finite and more than 0 GHz, got "
                         << clock;
  if (failed(verifyDead(emitError, width, height, dead.asArrayRef())) ||
      failed(verifyFigures(emitError, figures)))
    return failure();
  double sram = figures.getAs<FigureAttr>("sram").getValue().getValueAsDouble();
  double reserved =
      figures.getAs<FigureAttr>("reserved").getValue().getValueAsDouble();
  if (reserved >= sram)
    return emitError() << "reserves " << reserved << " B of the " << sram
                       << " B of SRAM that a core has";
  if (sram * double(width) * double(height) > target::kLargestWafer)
    return emitError() << "a wafer has at most 2^62 bytes of SRAM, got " << sram
                       << " B on each of " << width << " x " << height
                       << " cores";
  return success();
}

//===----------------------------------------------------------------------===//
// AxesAttr, ShardingAttr
//===----------------------------------------------------------------------===//

/// `[none, x, y]`, `[none, x, y, x] width 576`.
static FailureOr<AxesAttr> parseAxes(AsmParser &parser) {
  SmallVector<Axis> axes;
  auto parseAxis = [&] {
    FailureOr<Axis> axis = FieldParser<Axis>::parse(parser);
    if (failed(axis))
      return failure();
    axes.push_back(*axis);
    return success();
  };
  int64_t width = 0;
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseAxis) ||
      (succeeded(parser.parseOptionalKeyword("width")) &&
       parser.parseInteger(width)))
    return failure();
  return AxesAttr::get(parser.getContext(), axes, width);
}

static void printAxes(AsmPrinter &printer, AxesAttr axes) {
  printer << '[';
  llvm::interleaveComma(axes.getAxes(), printer.getStream(),
                        [&](Axis axis) { printer << stringifyAxis(axis); });
  printer << ']';
  if (axes.getWidth() != 0)
    printer << " width " << axes.getWidth();
}

Attribute AxesAttr::parse(AsmParser &parser, Type) {
  if (parser.parseLess())
    return {};
  FailureOr<AxesAttr> axes = parseAxes(parser);
  return failed(axes) || parser.parseGreater() ? Attribute() : *axes;
}

void AxesAttr::print(AsmPrinter &printer) const {
  printer << '<';
  printAxes(printer, *this);
  printer << '>';
}

/// `name = 4 x 8`.
static ParseResult parseExtent(AsmParser &parser, StringRef name,
                               int64_t &width, int64_t &height) {
  return failure(parser.parseKeyword(name) || parser.parseEqual() ||
                 parser.parseInteger(width) || parser.parseKeyword("x") ||
                 parser.parseInteger(height));
}

Attribute ShardingAttr::parse(AsmParser &parser, Type) {
  int64_t groupsX = 1, groupsY = 1, width = 1, height = 1;
  SmallVector<AxesAttr> ops;
  if (parser.parseLess())
    return {};
  if (succeeded(parser.parseOptionalKeyword("groups"))) {
    if (parser.parseEqual() || parser.parseInteger(groupsX) ||
        parser.parseKeyword("x") || parser.parseInteger(groupsY) ||
        parser.parseComma())
      return {};
  }
  if (parseExtent(parser, "group", width, height) || parser.parseComma() ||
      parser.parseKeyword("ops") || parser.parseEqual())
    return {};
  auto parseOp = [&] {
    FailureOr<AxesAttr> axes = parseAxes(parser);
    if (failed(axes))
      return failure();
    ops.push_back(*axes);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOp))
    return {};
  SmallVector<DenseI64ArrayAttr> held;
  if (succeeded(parser.parseOptionalComma())) {
    auto parseGroup = [&] {
      auto group = dyn_cast_or_null<DenseI64ArrayAttr>(
          DenseI64ArrayAttr::parse(parser, {}));
      held.push_back(group);
      return success(static_cast<bool>(group));
    };
    if (parser.parseKeyword("held") || parser.parseEqual() ||
        parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                       parseGroup))
      return {};
  }
  if (parser.parseGreater())
    return {};
  return parser.getChecked<ShardingAttr>(parser.getContext(), groupsX, groupsY,
                                         width, height, ops, held);
}

void ShardingAttr::print(AsmPrinter &printer) const {
  printer << '<';
  if (getGroupsX() != 1 || getGroupsY() != 1)
    printer << "groups = " << getGroupsX() << " x " << getGroupsY() << ", ";
  printer << "group = " << getGroupWidth() << " x " << getGroupHeight()
          << ", ops = [";
  llvm::interleaveComma(getOps(), printer.getStream(),
                        [&](AxesAttr axes) { printAxes(printer, axes); });
  printer << ']';
  if (!getHeld().empty()) {
    printer << ", held = [";
    llvm::interleaveComma(
        getHeld(), printer.getStream(),
        [&](DenseI64ArrayAttr group) { group.print(printer); });
    printer << ']';
  }
  printer << '>';
}

LogicalResult ShardingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t groupsX, int64_t groupsY,
                                   int64_t groupWidth, int64_t groupHeight,
                                   ArrayRef<AxesAttr>,
                                   ArrayRef<DenseI64ArrayAttr> held) {
  if (groupsX < 1 || groupsY < 1)
    return emitError() << "there is at least 1 x 1 group, got " << groupsX
                       << " x " << groupsY;
  if (groupWidth < 1 || groupHeight < 1)
    return emitError() << "a group needs at least 1 x 1 cores, got "
                       << groupWidth << " x " << groupHeight;
  if (!held.empty() && static_cast<int64_t>(held.size()) / groupsX != groupsY)
    return emitError() << "says what " << held.size()
                       << " groups hold, but has " << groupsX << " x "
                       << groupsY;
  return success();
}

//===----------------------------------------------------------------------===//
// RoutingAttr
//===----------------------------------------------------------------------===//

LogicalResult RoutingAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  FloatAttr zipf, StringAttr trace,
                                  StringAttr digest, DenseI64ArrayAttr layers,
                                  ArrayAttr choices) {
  constexpr double kMostSkewed = 100;
  if (static_cast<bool>(zipf) == static_cast<bool>(trace))
    return emitError() << "routing is either Zipf's law or a trace";
  if (zipf) {
    if (!zipf.getType().isF64() || !isCount(zipf.getValueAsDouble()) ||
        zipf.getValueAsDouble() > kMostSkewed)
      return emitError() << "the exponent of Zipf's law is an f64 from 0 to "
                         << kMostSkewed << ", got " << zipf;
    return success();
  }
  if (!digest || !layers || !choices ||
      layers.size() != static_cast<int64_t>(choices.size()))
    return emitError() << "a trace has a digest, layers, and choices for each "
                          "of them";
  int64_t last = -1;
  for (auto [layer, ofLayer] : llvm::zip(layers.asArrayRef(), choices)) {
    if (layer <= last)
      return emitError() << "layers of a trace rise from 0 on, got " << layer
                         << " after " << last;
    last = layer;
    auto chosen = dyn_cast<DenseIntElementsAttr>(ofLayer);
    if (!chosen || chosen.getType().getRank() != 2 || chosen.empty() ||
        !chosen.getElementType().isUnsignedInteger(16))
      return emitError() << "choices of layer " << layer
                         << " are a tensor of ui16 of two dims, not empty";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// CyclesAttr, BoundAttr
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral kCauses[] = {
    "compute",  "sram",     "fabric_latency", "fabric_bandwidth",
    "software", "crossing", "contention"};
static constexpr llvm::StringLiteral kReasons[] = {
    "compute", "sram", "link", "bisection", "distance", "crossing"};

/// `<name = value, ...>`, in any order; what is not named is 0.
static DenseF64ArrayAttr parseNumbers(AsmParser &parser,
                                      ArrayRef<llvm::StringLiteral> names) {
  SmallVector<double> values(names.size(), 0);
  llvm::SmallBitVector seen(names.size());
  auto parseNumber = [&]() -> ParseResult {
    SMLoc loc = parser.getCurrentLocation();
    StringRef name;
    if (parser.parseKeyword(&name) || parser.parseEqual())
      return failure();
    auto found = llvm::find(names, name);
    if (found == names.end())
      return parser.emitError(loc, "no cycles are named '") << name << "'";
    size_t index = found - names.begin();
    if (seen.test(index))
      return parser.emitError(loc, "names '") << name << "' twice";
    seen.set(index);
    return parser.parseFloat(values[index]);
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseNumber))
    return {};
  return parser.getBuilder().getDenseF64ArrayAttr(values);
}

static void printNumbers(AsmPrinter &printer, ArrayRef<double> values,
                         ArrayRef<llvm::StringLiteral> names) {
  printer << '<';
  StringRef separator = "";
  for (auto [value, name] : llvm::zip(values, names)) {
    // A negative zero must survive.
    if (value == 0 && !std::signbit(value))
      continue;
    printer << separator << name << " = ";
    printer.printFloat(APFloat(value));
    separator = ", ";
  }
  printer << '>';
}

static LogicalResult verifyNumbers(function_ref<InFlightDiagnostic()> emitError,
                                   ArrayRef<double> values,
                                   ArrayRef<llvm::StringLiteral> names) {
  if (values.size() != names.size())
    return emitError() << "there are " << names.size() << " numbers, got "
                       << values.size();
  for (auto [value, name] : llvm::zip(values, names))
    if (!isCount(value))
      return emitError() << "cycles of '" << name
                         << "' are finite and not negative, got " << value;
  return success();
}

Attribute CyclesAttr::parse(AsmParser &parser, Type) {
  DenseF64ArrayAttr values = parseNumbers(parser, kCauses);
  if (!values)
    return {};
  return parser.getChecked<CyclesAttr>(parser.getContext(), values);
}

void CyclesAttr::print(AsmPrinter &printer) const {
  printNumbers(printer, getValues().asArrayRef(), kCauses);
}

LogicalResult CyclesAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 DenseF64ArrayAttr values) {
  return verifyNumbers(emitError, values.asArrayRef(), kCauses);
}

double CyclesAttr::getTotal() const {
  double total = 0;
  for (double value : getValues().asArrayRef())
    total += value;
  return total;
}

Attribute BoundAttr::parse(AsmParser &parser, Type) {
  DenseF64ArrayAttr values = parseNumbers(parser, kReasons);
  if (!values)
    return {};
  return parser.getChecked<BoundAttr>(parser.getContext(), values);
}

void BoundAttr::print(AsmPrinter &printer) const {
  printNumbers(printer, getValues().asArrayRef(), kReasons);
}

LogicalResult BoundAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                DenseF64ArrayAttr values) {
  return verifyNumbers(emitError, values.asArrayRef(), kReasons);
}

double BoundAttr::getCycles() const {
  return *llvm::max_element(getValues().asArrayRef());
}
