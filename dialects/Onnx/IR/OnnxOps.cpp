//===- OnnxOps.cpp - Operations of the inlay_onnx dialect -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/IR/Onnx.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace inlay::onnx;

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

/// Domain and operator as one string, cut at the last "::".
static ParseResult parseOperatorName(OpAsmParser &parser, StringAttr &domain,
                                     StringAttr &opType) {
  std::string text;
  if (parser.parseString(&text))
    return failure();
  auto [left, right] = StringRef(text).rsplit("::");
  bool hasDomain = StringRef(text).contains("::");
  domain = parser.getBuilder().getStringAttr(hasDomain ? left : "");
  opType = parser.getBuilder().getStringAttr(hasDomain ? right : left);
  return success();
}

static void printOperatorName(OpAsmPrinter &printer, Operation *,
                              StringAttr domain, StringAttr opType) {
  printer << '"';
  llvm::printEscapedString(getFullName(domain, opType), printer.getStream());
  printer << '"';
}

/// The node's own attributes: "{attributes = {k = 4 : i64}}", or nothing.
static OptionalParseResult parseNodeAttrs(OpAsmParser &parser,
                                          DictionaryAttr &attributes) {
  if (failed(parser.parseOptionalLBrace()))
    return std::nullopt;
  return failure(parser.parseKeyword("attributes") || parser.parseEqual() ||
                 parser.parseAttribute(attributes) || parser.parseRBrace());
}

static void printNodeAttrs(OpAsmPrinter &printer, Operation *,
                           DictionaryAttr attributes) {
  printer << "{attributes = " << attributes << '}';
}

template <typename OpTy>
static ParseResult parseFunctionLike(OpAsmParser &parser,
                                     OperationState &result) {
  auto buildType = [](Builder &builder, ArrayRef<Type> arguments,
                      ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag, std::string &) {
    return builder.getFunctionType(arguments, results);
  };
  return function_interface_impl::parseFunctionOp(
      parser, result, /*allowVariadic=*/false,
      OpTy::getFunctionTypeAttrName(result.name), buildType,
      OpTy::getArgAttrsAttrName(result.name),
      OpTy::getResAttrsAttrName(result.name));
}

template <typename OpTy>
static void printFunctionLike(OpTy op, OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(
      printer, op, /*isVariadic=*/false, op.getFunctionTypeAttrName(),
      op.getArgAttrsAttrName(), op.getResAttrsAttrName());
}

/// SSA names of arguments are the ONNX names; the printer makes them valid.
static void nameArguments(Region &region, ArrayAttr names,
                          OpAsmSetValueNameFn setName) {
  for (auto [argument, name] : llvm::zip(region.getArguments(), names))
    if (auto text = dyn_cast<StringAttr>(name); text && !text.empty())
      setName(argument, text);
}

/// Makes `op`'s function type that of its body.
template <typename OpTy> static void updateType(OpTy op) {
  op.setFunctionType(FunctionType::get(op.getContext(),
                                       op.getBody().getArgumentTypes(),
                                       op.getReturnOp().getOperandTypes()));
}

//===----------------------------------------------------------------------===//
// GraphOp, FunctionOp
//===----------------------------------------------------------------------===//

ParseResult GraphOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseFunctionLike<GraphOp>(parser, result);
}

void GraphOp::print(OpAsmPrinter &printer) {
  printFunctionLike(*this, printer);
}

void GraphOp::getAsmBlockArgumentNames(Region &region,
                                       OpAsmSetValueNameFn setName) {
  nameArguments(region, getArgNames(), setName);
}

ReturnOp GraphOp::getReturnOp() {
  return cast<ReturnOp>(getBody().front().getTerminator());
}

void GraphOp::updateFunctionType() { updateType(*this); }

StringRef GraphOp::getArgName(unsigned index) {
  return cast<StringAttr>(getArgNames()[index]).getValue();
}

StringRef GraphOp::getResultName(unsigned index) {
  return cast<StringAttr>(getResultNames()[index]).getValue();
}

ParseResult FunctionOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseFunctionLike<FunctionOp>(parser, result);
}

void FunctionOp::print(OpAsmPrinter &printer) {
  printFunctionLike(*this, printer);
}

void FunctionOp::getAsmBlockArgumentNames(Region &region,
                                          OpAsmSetValueNameFn setName) {
  nameArguments(region, getArgNames(), setName);
}

ReturnOp FunctionOp::getReturnOp() {
  return cast<ReturnOp>(getBody().front().getTerminator());
}

void FunctionOp::updateFunctionType() { updateType(*this); }

//===----------------------------------------------------------------------===//
// NodeOp
//===----------------------------------------------------------------------===//

void NodeOp::build(OpBuilder &builder, OperationState &state, TypeRange outputs,
                   StringRef domain, StringRef opType, ValueRange inputs,
                   ArrayRef<NamedAttribute> attributes,
                   ArrayRef<StringRef> graphAttrs) {
  build(builder, state, outputs,
        builder.getStringAttr(
            domain == OnnxDialect::kDefaultDomain ? StringRef() : domain),
        builder.getStringAttr(opType), inputs, attributes, graphAttrs);
}

void NodeOp::build(OpBuilder &builder, OperationState &state, TypeRange outputs,
                   StringAttr domain, StringAttr opType, ValueRange inputs,
                   ArrayRef<NamedAttribute> attributes,
                   ArrayRef<StringRef> graphAttrs) {
  auto &properties = state.getOrAddProperties<Properties>();
  properties.domain = domain;
  properties.op_type = opType;
  if (!attributes.empty())
    properties.node_attrs = builder.getDictionaryAttr(attributes);
  if (!graphAttrs.empty())
    properties.graph_attrs = builder.getStrArrayAttr(graphAttrs);
  for (size_t i = 0; i < graphAttrs.size(); ++i)
    state.addRegion();
  state.addOperands(inputs);
  state.addTypes(outputs);
}

bool NodeOp::isOp(StringRef domain, StringRef opType) {
  if (domain == OnnxDialect::kDefaultDomain)
    domain = {};
  return getOpType() == opType && getDomain() == domain;
}

std::string NodeOp::getFullName() {
  return onnx::getFullName(getDomain(), getOpType());
}

StringRef NodeOp::getNodeName() { return onnx::getNodeName(getLoc()); }

std::optional<int64_t> NodeOp::getOpset() {
  if (getOwnOpset())
    return getOwnOpset();
  if (auto function = (*this)->getParentOfType<FunctionOp>())
    return lookupOpset(function.getOpsets(), getDomain());
  auto module = (*this)->getParentOfType<ModuleOp>();
  if (!module)
    return std::nullopt;
  return lookupOpset(
      module->getAttrOfType<DictionaryAttr>(OnnxDialect::kOpsetsAttr),
      getDomain());
}

Attribute NodeOp::getNodeAttr(StringRef name) {
  DictionaryAttr attributes = getNodeAttrsAttr();
  return attributes ? attributes.get(name) : Attribute();
}

int64_t NodeOp::getIntAttr(StringRef name, int64_t defaultValue) {
  auto attribute = getNodeAttrOfType<IntegerAttr>(name);
  return attribute && attribute.getType().isInteger(64) ? attribute.getInt()
                                                        : defaultValue;
}

double NodeOp::getFloatAttr(StringRef name, double defaultValue) {
  auto attribute = getNodeAttrOfType<FloatAttr>(name);
  return attribute ? attribute.getValueAsDouble() : defaultValue;
}

StringRef NodeOp::getStringAttr(StringRef name, StringRef defaultValue) {
  auto attribute = getNodeAttrOfType<StringAttr>(name);
  return attribute ? attribute.getValue() : defaultValue;
}

std::optional<ArrayRef<int64_t>> NodeOp::getIntsAttr(StringRef name) {
  auto attribute = getNodeAttrOfType<DenseI64ArrayAttr>(name);
  if (!attribute)
    return std::nullopt;
  return attribute.asArrayRef();
}

Value NodeOp::getInput(unsigned index) {
  if (index >= getInputs().size())
    return {};
  Value input = getInputs()[index];
  return isa<NoneType>(input.getType()) ? Value() : input;
}

Value NodeOp::getOutput(unsigned index) {
  if (index >= getOutputs().size())
    return {};
  Value output = getOutputs()[index];
  return isa<NoneType>(output.getType()) ? Value() : output;
}

Region *NodeOp::getSubgraph(StringRef name) {
  ArrayAttr names = getGraphAttrsAttr();
  if (!names)
    return nullptr;
  for (auto [index, entry] : llvm::enumerate(names))
    if (cast<StringAttr>(entry).getValue() == name)
      return &getSubgraphs()[index];
  return nullptr;
}

/// Operators that draw random numbers "allocate" their results: a dead one may
/// be dropped, but two equal ones are not one.
void NodeOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  static constexpr StringLiteral random[] = {
      "Bernoulli",        "Dropout",       "Multinomial",      "RandomNormal",
      "RandomNormalLike", "RandomUniform", "RandomUniformLike"};
  if (getDomain().empty() && llvm::is_contained(random, getOpType()))
    for (OpResult result : getOutputs())
      effects.emplace_back(MemoryEffects::Allocate::get(), result);
}

/// Identity stands for its operand, where the types say the same.
LogicalResult NodeOp::canonicalize(NodeOp node, PatternRewriter &rewriter) {
  if (!node.isOp("", "Identity") || node->getNumResults() != 1 ||
      node->getNumOperands() != 1 ||
      node.getOperand(0).getType() != node.getResult(0).getType())
    return failure();
  rewriter.replaceOp(node, node.getOperand(0));
  return success();
}

//===----------------------------------------------------------------------===//
// ConstantOp
//===----------------------------------------------------------------------===//

void ConstantOp::build(OpBuilder &builder, OperationState &state,
                       ElementsAttr value, StringRef initializer) {
  auto &properties = state.getOrAddProperties<Properties>();
  properties.value = value;
  if (!initializer.empty())
    properties.initializer =
        FlatSymbolRefAttr::get(builder.getContext(), initializer);
  state.addTypes(value.getType());
}

#define GET_OP_CLASSES
#include "dialects/Onnx/IR/OnnxOps.cpp.inc"
