//===- OnnxAttrs.cpp - Attributes of the inlay_onnx dialect ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NodeLocStorage.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace inlay::onnx;

#define GET_ATTRDEF_CLASSES
#include "dialects/Onnx/IR/OnnxAttrs.cpp.inc"

void OnnxDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Onnx/IR/OnnxAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// DimsAttr
//===----------------------------------------------------------------------===//

StringRef DimsAttr::getSymbol(unsigned dim) const {
  if (dim >= getEntries().size())
    return {};
  auto symbol = dyn_cast<StringAttr>(getEntries()[dim]);
  return symbol ? symbol.getValue() : StringRef();
}

void DimsAttr::print(AsmPrinter &printer) const {
  printer << '<';
  llvm::interleaveComma(getEntries(), printer, [&](Attribute entry) {
    if (auto size = dyn_cast<IntegerAttr>(entry))
      printer << size.getValue();
    else if (isa<UnitAttr>(entry))
      printer << '?';
    else
      printer.printAttribute(entry);
  });
  printer << '>';
}

static ParseResult parseDimEntry(AsmParser &parser,
                                 SmallVectorImpl<Attribute> &entries) {
  Builder &builder = parser.getBuilder();
  if (succeeded(parser.parseOptionalQuestion())) {
    entries.push_back(builder.getUnitAttr());
    return success();
  }
  std::string symbol;
  if (succeeded(parser.parseOptionalString(&symbol))) {
    entries.push_back(builder.getStringAttr(symbol));
    return success();
  }
  int64_t size;
  if (parser.parseInteger(size))
    return failure();
  entries.push_back(builder.getI64IntegerAttr(size));
  return success();
}

Attribute DimsAttr::parse(AsmParser &parser, Type) {
  SmallVector<Attribute> entries;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, [&] {
        return parseDimEntry(parser, entries);
      }))
    return {};
  return parser.getChecked<DimsAttr>(loc, parser.getContext(), entries);
}

LogicalResult DimsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<Attribute> entries) {
  bool anySymbol = false;
  for (Attribute entry : entries) {
    if (auto symbol = dyn_cast<StringAttr>(entry)) {
      anySymbol = true;
      if (symbol.empty())
        return emitError() << "the symbol of a dim must not be empty";
    }
  }
  if (!anySymbol)
    return emitError() << "at least one dim must have a symbol";
  return success();
}

LogicalResult
DimsAttr::verifyEncoding(ArrayRef<int64_t> shape, Type,
                         function_ref<InFlightDiagnostic()> emitError) const {
  if (shape.size() != getEntries().size())
    return emitError() << "names " << getEntries().size()
                       << " dims of a tensor of rank " << shape.size();
  for (auto [dim, size, entry] : llvm::enumerate(shape, getEntries())) {
    auto named = dyn_cast<IntegerAttr>(entry);
    if (named && named.getInt() != size)
      return emitError() << "dim " << dim << " is " << named.getInt()
                         << " here and "
                         << (ShapedType::isDynamic(size) ? "dynamic"
                                                         : Twine(size).str())
                         << " in the shape";
    if (!named && !ShapedType::isDynamic(size))
      return emitError() << "dim " << dim
                         << " has a symbol or '?', but its size is " << size;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// WeightAttr
//===----------------------------------------------------------------------===//

LogicalResult WeightAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringAttr file, int64_t offset,
                                 int64_t length, WeightEncoding) {
  if (!file || file.empty())
    return emitError() << "a weight needs the name of a file";
  if (offset < 0 || length < 0)
    return emitError() << "offset and length must not be negative, got "
                       << offset << " and " << length;
  if (offset > INT64_MAX - length)
    return emitError() << "offset + length overflows: " << offset << " + "
                       << length;
  return success();
}
