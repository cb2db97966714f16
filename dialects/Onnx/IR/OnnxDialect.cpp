//===- OnnxDialect.cpp - The inlay_onnx dialect ---------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace inlay::onnx;

#include "dialects/Onnx/IR/OnnxDialect.cpp.inc"
#include "dialects/Onnx/IR/OnnxEnums.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Onnx/IR/OnnxTypes.cpp.inc"

void OnnxDialect::initialize() {
  registerAttributes();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Onnx/IR/OnnxTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Onnx/IR/OnnxOps.cpp.inc"
      >();
}

std::string inlay::onnx::getFullName(StringRef domain, StringRef opType) {
  if (domain.empty())
    return opType.str();
  return (domain + "::" + opType).str();
}

std::optional<int64_t> inlay::onnx::lookupOpset(DictionaryAttr opsets,
                                                StringRef domain) {
  if (!opsets)
    return std::nullopt;
  if (domain.empty())
    domain = OnnxDialect::kDefaultDomain;
  auto version = opsets.getAs<IntegerAttr>(domain);
  if (!version || !version.getType().isInteger(64))
    return std::nullopt;
  return version.getInt();
}

ElementsAttr inlay::onnx::getConstantValue(Value value) {
  if (!value)
    return {};
  auto constant = value.getDefiningOp<ConstantOp>();
  return constant ? constant.getValue() : ElementsAttr();
}

std::optional<SmallVector<int64_t>> inlay::onnx::getConstantInts(Value value) {
  auto elements =
      dyn_cast_or_null<DenseIntElementsAttr>(getConstantValue(value));
  if (!elements || elements.getElementType().getIntOrFloatBitWidth() > 64)
    return std::nullopt;
  Type type = elements.getElementType();
  bool isUnsigned = type.isUnsignedInteger() || type.isInteger(1);
  SmallVector<int64_t> numbers;
  for (const APInt &element : elements.getValues<APInt>())
    numbers.push_back(isUnsigned ? static_cast<int64_t>(element.getZExtValue())
                                 : element.getSExtValue());
  return numbers;
}

RankedTensorType inlay::onnx::getTensorType(ArrayRef<int64_t> shape,
                                            Type elementType,
                                            ArrayRef<StringRef> symbols) {
  auto symbolOf = [&](size_t dim) {
    return dim < symbols.size() && ShapedType::isDynamic(shape[dim])
               ? symbols[dim]
               : StringRef();
  };
  if (llvm::none_of(llvm::seq<size_t>(0, shape.size()),
                    [&](size_t dim) { return !symbolOf(dim).empty(); }))
    return RankedTensorType::get(shape, elementType);
  Builder builder(elementType.getContext());
  SmallVector<Attribute> entries;
  for (auto [dim, size] : llvm::enumerate(shape))
    if (!ShapedType::isDynamic(size))
      entries.push_back(builder.getI64IntegerAttr(size));
    else if (StringRef symbol = symbolOf(dim); symbol.empty())
      entries.push_back(builder.getUnitAttr());
    else
      entries.push_back(builder.getStringAttr(symbol));
  return RankedTensorType::get(shape, elementType,
                               DimsAttr::get(builder.getContext(), entries));
}

SmallVector<StringRef> inlay::onnx::getDimSymbols(RankedTensorType type) {
  auto dims = dyn_cast_or_null<DimsAttr>(type.getEncoding());
  SmallVector<StringRef> symbols(type.getRank());
  if (dims)
    for (auto [dim, symbol] : llvm::enumerate(symbols))
      symbol = dims.getSymbol(dim);
  return symbols;
}
