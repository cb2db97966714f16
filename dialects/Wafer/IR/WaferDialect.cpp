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
