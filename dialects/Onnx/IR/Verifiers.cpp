//===- Verifiers.cpp - Invariants of the inlay_onnx ops -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/IR/Onnx.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace inlay::onnx;

//===----------------------------------------------------------------------===//
// GraphOp, FunctionOp
//===----------------------------------------------------------------------===//

/// The body is one block that ends in `inlay_onnx.return`.
static LogicalResult verifyReturn(Operation *op, Region &body) {
  if (body.front().empty() || !isa<ReturnOp>(body.front().back()))
    return op->emitOpError("needs a body that ends in 'inlay_onnx.return'");
  return success();
}

/// There is one name per value.
static LogicalResult verifyNumNames(Operation *op, StringRef kind,
                                    ArrayAttr names, size_t numValues) {
  if (names.size() != numValues)
    return op->emitOpError("has ")
           << names.size() << " " << kind << " names for " << numValues << " "
           << kind << "s";
  return success();
}

/// Names are unique.
static LogicalResult verifyUniqueNames(Operation *op, StringRef kind,
                                       ArrayAttr names) {
  llvm::StringSet<> seen;
  for (StringAttr name : names.getAsRange<StringAttr>())
    if (!seen.insert(name).second)
      return op->emitOpError("has two ")
             << kind << "s named '" << name.getValue() << "'";
  return success();
}

LogicalResult GraphOp::verify() {
  if (failed(verifyReturn(*this, getBody())) ||
      failed(verifyNumNames(*this, "argument", getArgNames(),
                            getArgumentTypes().size())) ||
      failed(verifyNumNames(*this, "result", getResultNames(),
                            getResultTypes().size())) ||
      failed(verifyUniqueNames(*this, "argument", getArgNames())))
    return failure();
  return verifyUniqueNames(*this, "result", getResultNames());
}

LogicalResult FunctionOp::verify() {
  if (failed(verifyReturn(*this, getBody())) ||
      failed(verifyNumNames(*this, "argument", getArgNames(),
                            getArgumentTypes().size())))
    return failure();
  // The symbol's name is that of domain, name and overload.
  std::string expected = getFullName(getDomain(), getName());
  if (getOverload() && !getOverload()->empty())
    expected += (":" + *getOverload()).str();
  if (getSymName() != expected)
    return emitOpError("is named '")
           << getSymName() << "', but domain, name and overload make '"
           << expected << "'";
  return success();
}

LogicalResult ReturnOp::verify() {
  auto function = cast<FunctionOpInterface>((*this)->getParentOp());
  ArrayRef<Type> results = function.getResultTypes();
  if (results.size() != getNumOperands())
    return emitOpError("returns ")
           << getNumOperands() << " values from a graph of " << results.size()
           << " results";
  for (auto [index, type, result] : llvm::enumerate(getOperandTypes(), results))
    if (type != result)
      return emitOpError("returns ")
             << type << " as result " << index << " of type " << result;
  return success();
}

//===----------------------------------------------------------------------===//
// NodeOp
//===----------------------------------------------------------------------===//

LogicalResult NodeOp::verify() {
  if (getOpType().empty() || getOpType().contains("::"))
    return emitOpError("needs an operator name without '::', got '")
           << getOpType() << "'";
  if (getDomain() == OnnxDialect::kDefaultDomain)
    return emitOpError("writes the default domain as \"\", not 'ai.onnx'");
  size_t numNames = getGraphAttrs() ? getGraphAttrs()->size() : 0;
  if (numNames != getSubgraphs().size())
    return emitOpError("has ") << numNames << " names for "
                               << getSubgraphs().size() << " subgraphs";
  return success();
}

LogicalResult NodeOp::verifyRegions() {
  for (auto [index, region] : llvm::enumerate(getSubgraphs()))
    if (!region.hasOneBlock() || region.front().empty() ||
        !isa<YieldOp>(region.front().back()))
      return emitOpError("needs subgraph ")
             << index << " to be one block that ends in 'inlay_onnx.yield'";
  return success();
}
