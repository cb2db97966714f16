//===- NNDialect.cpp - The inlay_nn dialect -------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/NN/IR/NN.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace inlay::nn;

#include "dialects/NN/IR/NNDialect.cpp.inc"
#include "dialects/NN/IR/NNEnums.cpp.inc"
#include "dialects/NN/IR/NNInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/NN/IR/NNAttrs.cpp.inc"

void NNDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "dialects/NN/IR/NNOps.cpp.inc"
      >();
}

void NNDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/NN/IR/NNAttrs.cpp.inc"
      >();
}

LogicalResult
BlockQuantAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                       int64_t bits, int64_t block, int64_t rows) {
  if (bits != 2 && bits != 4 && bits != 8)
    return emitError() << "bits must be 2, 4 or 8, got " << bits;
  if (block != 0 && (block < 16 || !llvm::isPowerOf2_64(block)))
    return emitError()
           << "block must be 0 or a power of two of at least 16, got " << block;
  if (rows < 1)
    return emitError() << "rows must be at least 1, got " << rows;
  return success();
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

int inlay::nn::getElementBits(Type type) {
  type = getElementTypeOrSelf(type);
  int bits = type.isIntOrFloat() ? type.getIntOrFloatBitWidth() : 64;
  // A bool takes a byte in memory.
  return bits == 1 ? 8 : bits;
}

inlay::model::ElementType inlay::nn::getElementType(Type type) {
  std::string name;
  llvm::raw_string_ostream os(name);
  os << getElementTypeOrSelf(type);
  return {name, getElementBits(type)};
}

ArrayRef<int64_t> inlay::nn::getShape(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

BlockQuantAttr inlay::nn::getBlockQuant(MLIRContext *context, int64_t bits,
                                        int64_t block, int64_t rows) {
  // `getChecked` writes into a diagnostic, which must be a live one.
  ScopedDiagnosticHandler silent(context,
                                 [](mlir::Diagnostic &) { return success(); });
  return BlockQuantAttr::getChecked(
      [&] { return mlir::emitError(UnknownLoc::get(context)); }, context, bits,
      block, rows);
}

int64_t inlay::nn::getLastDim(Value value) {
  ArrayRef<int64_t> shape = getShape(value);
  return shape.empty() ? 1 : shape.back();
}

int64_t inlay::nn::numElements(ArrayRef<int64_t> shape) {
  uint64_t elements = 1;
  for (int64_t size : shape)
    elements = llvm::SaturatingMultiply<uint64_t>(
        elements, ShapedType::isDynamic(size) ? 1 : size);
  return static_cast<int64_t>(std::min<uint64_t>(elements, INT64_MAX));
}

std::optional<SmallVector<int64_t>>
inlay::nn::broadcastShapes(ArrayRef<ArrayRef<int64_t>> shapes) {
  size_t rank = 0;
  for (ArrayRef<int64_t> shape : shapes)
    rank = std::max(rank, shape.size());
  SmallVector<int64_t> result(rank, 1);
  for (ArrayRef<int64_t> shape : shapes)
    for (size_t i = 0; i < shape.size(); ++i) {
      int64_t &size = result[rank - shape.size() + i];
      if (size == 1)
        size = shape[i];
      else if (shape[i] != 1 && shape[i] != size)
        return std::nullopt;
    }
  return result;
}

//===----------------------------------------------------------------------===//
// GraphOp, ReturnOp
//===----------------------------------------------------------------------===//

ParseResult GraphOp::parse(OpAsmParser &parser, OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> arguments,
                      ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag, std::string &) {
    return builder.getFunctionType(arguments, results);
  };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false,
      getFunctionTypeAttrName(result.name), buildType,
      getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void GraphOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(
      printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
      getArgAttrsAttrName(), getResAttrsAttrName());
}

void GraphOp::getAsmBlockArgumentNames(Region &region,
                                       OpAsmSetValueNameFn setName) {
  for (auto [argument, name] : llvm::zip(region.getArguments(), getArgNames()))
    if (auto text = dyn_cast<StringAttr>(name); text && !text.empty())
      setName(argument, text);
}

ReturnOp GraphOp::getReturnOp() {
  return cast<ReturnOp>(getBody().front().getTerminator());
}

StringRef GraphOp::getArgName(unsigned index) {
  return cast<StringAttr>(getArgNames()[index]).getValue();
}

StringRef GraphOp::getResultName(unsigned index) {
  return cast<StringAttr>(getResultNames()[index]).getValue();
}

LogicalResult GraphOp::verify() {
  if (getArgNames().size() != getArgumentTypes().size())
    return emitOpError() << "has " << getArgNames().size()
                         << " argument names for " << getArgumentTypes().size()
                         << " arguments";
  if (getResultNames().size() != getResultTypes().size())
    return emitOpError() << "has " << getResultNames().size()
                         << " result names for " << getResultTypes().size()
                         << " results";
  if (getPhase() != "decode" && getPhase() != "prefill")
    return emitOpError() << "phase must be decode or prefill, got '"
                         << getPhase() << "'";
  if (getBatch() < 1 || getTokens() < 1 || getContext() < 0)
    return emitOpError() << "needs a batch and tokens of at least 1 and a "
                            "context of at least 0, got batch "
                         << getBatch() << ", tokens " << getTokens()
                         << ", context " << getContext();
  return success();
}

LogicalResult ReturnOp::verify() {
  auto graph = cast<GraphOp>((*this)->getParentOp());
  if (getOperandTypes() != TypeRange(graph.getResultTypes()))
    return emitOpError("operand types are not the results of the graph");
  return success();
}

//===----------------------------------------------------------------------===//
// Folders and canonicalisation
//===----------------------------------------------------------------------===//

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult CastOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

LogicalResult ReshapeOp::canonicalize(ReshapeOp op, PatternRewriter &rewriter) {
  auto inner = op.getInput().getDefiningOp<ReshapeOp>();
  if (!inner)
    return failure();
  rewriter.modifyOpInPlace(
      op, [&] { op.getInputMutable().assign(inner.getInput()); });
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  ArrayRef<int64_t> permutation = getPermutation();
  for (int64_t i = 0, rank = permutation.size(); i < rank; ++i)
    if (permutation[i] != i)
      return {};
  return getInput();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : OpFoldResult();
}

#define GET_OP_CLASSES
#include "dialects/NN/IR/NNOps.cpp.inc"
