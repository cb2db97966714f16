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
using namespace inlay::wafer;

/// `(a, b)`.
static ParseResult parsePair(OpAsmParser &parser, DenseI64ArrayAttr &pair) {
  SmallVector<int64_t> values;
  auto parseElement = [&] {
    return parser.parseInteger(values.emplace_back());
  };
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren,
                                     parseElement))
    return failure();
  if (values.size() != 2)
    return parser.emitError(loc, "expected two numbers, got ") << values.size();
  pair = parser.getBuilder().getDenseI64ArrayAttr(values);
  return success();
}

static void printPair(OpAsmPrinter &printer, Operation *,
                      DenseI64ArrayAttr pair) {
  printer << '(' << pair[0] << ", " << pair[1] << ')';
}

static constexpr llvm::StringLiteral kPortNames[] = {"W", "E", "N", "S",
                                                     "ramp"};

static ParseResult parsePort(OpAsmParser &parser, int64_t &port) {
  SMLoc loc = parser.getCurrentLocation();
  StringRef name;
  if (parser.parseKeyword(&name))
    return failure();
  const auto *found = llvm::find(kPortNames, name);
  if (found == std::end(kPortNames))
    return parser.emitError(loc, "expected W, E, N, S or ramp, got '")
           << name << "'";
  port = found - std::begin(kPortNames);
  return success();
}

/// `W -> E, ramp at(3, 2) size(4, 1) repeat(2, 0, 4) position(1)`; the last two
/// are left out where they say nothing.
static ParseResult parseSegment(OpAsmParser &parser,
                                SmallVectorImpl<int64_t> &segments) {
  int64_t in = 0, out = 0, position = 0;
  int64_t area[7] = {0, 0, 1, 1, 1, 0, 0};
  if (parsePort(parser, in) || parser.parseArrow())
    return failure();
  do {
    int64_t port = 0;
    if (parsePort(parser, port))
      return failure();
    out |= int64_t(1) << port;
  } while (succeeded(parser.parseOptionalComma()));
  if (parser.parseKeyword("at") || parser.parseLParen() ||
      parser.parseInteger(area[0]) || parser.parseComma() ||
      parser.parseInteger(area[1]) || parser.parseRParen() ||
      parser.parseKeyword("size") || parser.parseLParen() ||
      parser.parseInteger(area[2]) || parser.parseComma() ||
      parser.parseInteger(area[3]) || parser.parseRParen())
    return failure();
  if (succeeded(parser.parseOptionalKeyword("repeat")) &&
      (parser.parseLParen() || parser.parseInteger(area[4]) ||
       parser.parseComma() || parser.parseInteger(area[5]) ||
       parser.parseComma() || parser.parseInteger(area[6]) ||
       parser.parseRParen()))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("position")) &&
      (parser.parseLParen() || parser.parseInteger(position) ||
       parser.parseRParen()))
    return failure();
  llvm::append_range(segments, area);
  segments.append({in, out, position});
  return success();
}

static ParseResult parseSegments(OpAsmParser &parser,
                                 DenseI64ArrayAttr &segments) {
  SmallVector<int64_t> values;
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Braces, [&] {
        return parseSegment(parser, values);
      }))
    return failure();
  segments = parser.getBuilder().getDenseI64ArrayAttr(values);
  return success();
}

static void printSegments(OpAsmPrinter &printer, Operation *,
                          DenseI64ArrayAttr segments) {
  printer << '{';
  ArrayRef<int64_t> rest = segments;
  for (; !rest.empty(); rest = rest.drop_front(RouteOp::kSegmentNumbers)) {
    if (rest.size() != segments.asArrayRef().size())
      printer << ", ";
    printer << kPortNames[rest[7]] << " -> ";
    bool isFirst = true;
    for (auto [port, name] : llvm::enumerate(kPortNames)) {
      if ((rest[8] >> port) % 2 == 0)
        continue;
      printer << (isFirst ? "" : ", ") << name;
      isFirst = false;
    }
    printer << " at(" << rest[0] << ", " << rest[1] << ") size(" << rest[2]
            << ", " << rest[3] << ')';
    if (rest[4] != 1 || rest[5] != 0 || rest[6] != 0)
      printer << " repeat(" << rest[4] << ", " << rest[5] << ", " << rest[6]
              << ')';
    if (rest[9] != 0)
      printer << " position(" << rest[9] << ')';
  }
  printer << '}';
}

/// `[1.0, 2.0]` with all digits: the array's own form keeps six of them, and
/// sums would no longer add up.
static ParseResult parseCycles(OpAsmParser &parser, DenseF64ArrayAttr &cycles) {
  SmallVector<double> values;
  if (parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Square, [&] {
        return parser.parseFloat(values.emplace_back());
      }))
    return failure();
  cycles = parser.getBuilder().getDenseF64ArrayAttr(values);
  return success();
}

static void printCycles(OpAsmPrinter &printer, Operation *,
                        DenseF64ArrayAttr cycles) {
  printer << '[';
  llvm::interleaveComma(cycles.asArrayRef(), printer, [&](double value) {
    printer.printFloat(APFloat(value));
  });
  printer << ']';
}

#include "dialects/Wafer/IR/WaferDialect.cpp.inc"
#include "dialects/Wafer/IR/WaferEnums.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Wafer/IR/WaferOps.cpp.inc"

namespace {
/// Prints the target, which is long, once.
struct WaferAsmInterface : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Attribute attr, raw_ostream &os) const override {
    if (!isa<TargetAttr>(attr))
      return AliasResult::NoAlias;
    os << "target";
    return AliasResult::FinalAlias;
  }
};
} // namespace

void WaferDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialects/Wafer/IR/WaferOps.cpp.inc"
      >();
  addInterfaces<WaferAsmInterface>();
}

//===----------------------------------------------------------------------===//
// Lookups
//===----------------------------------------------------------------------===//

inlay::dataflow::GraphOp SystemOp::lookupGraph() {
  return mlir::SymbolTable::lookupNearestSymbolFrom<dataflow::GraphOp>(
      (*this)->getParentOp(), getGraphAttr());
}

SystemOp StageOp::getSystem() { return cast<SystemOp>((*this)->getParentOp()); }

StageOp RegionOp::getStage() { return cast<StageOp>((*this)->getParentOp()); }

StageOp AssignOp::getStage() { return cast<StageOp>((*this)->getParentOp()); }

RegionOp AssignOp::lookupRegion() {
  if (!getRegionAttr())
    return {};
  return mlir::SymbolTable::lookupNearestSymbolFrom<RegionOp>(getStage(),
                                                              getRegionAttr());
}
