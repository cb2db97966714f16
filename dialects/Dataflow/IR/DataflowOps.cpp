//===- DataflowOps.cpp - Operations of the inlay_dataflow dialect ---------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Dataflow/IR/Dataflow.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace inlay::dataflow;

//===----------------------------------------------------------------------===//
// Assembly of kernels
//===----------------------------------------------------------------------===//

namespace {
using Arguments = SmallVectorImpl<OpAsmParser::Argument>;
} // namespace

/// "%x = %h : !inlay_dataflow.stream<tensor<4xf32>>"
static ParseResult
parseInput(OpAsmParser &parser, Arguments &arguments,
           SmallVectorImpl<OpAsmParser::UnresolvedOperand> &inputs,
           SmallVectorImpl<Type> &types) {
  StreamType type;
  if (parser.parseArgument(arguments.emplace_back()) || parser.parseEqual() ||
      parser.parseOperand(inputs.emplace_back()) || parser.parseColon() ||
      parser.parseType(type))
    return failure();
  types.push_back(type);
  arguments.back().type = type.getTensor();
  return success();
}

/// "weights(%w = @weight : tensor<4xf32>)", or nothing.
static ParseResult parseBindings(OpAsmParser &parser, StringRef keyword,
                                 Arguments &arguments, ArrayAttr &symbols) {
  SmallVector<Attribute> names;
  auto parseBinding = [&]() -> ParseResult {
    StringAttr name;
    OpAsmParser::Argument &argument = arguments.emplace_back();
    if (parser.parseArgument(argument) || parser.parseEqual() ||
        parser.parseSymbolName(name) || parser.parseColonType(argument.type))
      return failure();
    names.push_back(FlatSymbolRefAttr::get(name));
    return success();
  };
  if (succeeded(parser.parseOptionalKeyword(keyword)) &&
      parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren,
                                     parseBinding))
    return failure();
  symbols = parser.getBuilder().getArrayAttr(names);
  return success();
}

static ParseResult
parseKernelBody(OpAsmParser &parser,
                SmallVectorImpl<OpAsmParser::UnresolvedOperand> &inputs,
                SmallVectorImpl<Type> &inputTypes, ArrayAttr &weights,
                ArrayAttr &states, SmallVectorImpl<Type> &outputTypes,
                Region &body) {
  SmallVector<OpAsmParser::Argument> arguments;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(
          OpAsmParser::Delimiter::Paren,
          [&] { return parseInput(parser, arguments, inputs, inputTypes); }) ||
      parseBindings(parser, "weights", arguments, weights) ||
      parseBindings(parser, "states", arguments, states) ||
      parser.parseOptionalArrowTypeList(outputTypes) ||
      parser.parseRegion(body, arguments))
    return failure();
  KernelOp::ensureTerminator(body, parser.getBuilder(),
                             parser.getEncodedSourceLoc(loc));
  return success();
}

static void printBindings(OpAsmPrinter &printer, StringRef keyword,
                          ArrayRef<BlockArgument> arguments,
                          ArrayAttr symbols) {
  if (symbols.empty())
    return;
  printer.printNewline();
  printer << keyword << '(';
  llvm::interleaveComma(
      llvm::zip(arguments, symbols.getAsRange<FlatSymbolRefAttr>()), printer,
      [&](auto binding) {
        auto [argument, symbol] = binding;
        printer << argument << " = " << symbol << " : " << argument.getType();
      });
  printer << ')';
}

static void printKernelBody(OpAsmPrinter &printer, Operation *op,
                            OperandRange inputs, TypeRange inputTypes,
                            ArrayAttr weights, ArrayAttr states,
                            TypeRange outputTypes, Region &body) {
  auto kernel = cast<KernelOpInterface>(op);
  // Two steps of indentation tell the head from the body.
  printer.increaseIndent();
  printer.increaseIndent();
  printer.printNewline();
  printer << '(';
  llvm::interleaveComma(llvm::zip(kernel.getInputArgs(), inputs, inputTypes),
                        printer, [&](auto binding) {
                          auto [argument, input, type] = binding;
                          printer << argument << " = " << input << " : "
                                  << type;
                        });
  printer << ')';
  printBindings(printer, "weights", kernel.getWeightArgs(), weights);
  printBindings(printer, "states", kernel.getStateArgs(), states);
  if (!outputTypes.empty())
    printer.printNewline();
  printer.decreaseIndent();
  printer.decreaseIndent();
  if (!outputTypes.empty()) {
    printer << "-> ";
    if (outputTypes.size() == 1)
      printer << outputTypes.front();
    else
      printer << '(' << outputTypes << ')';
  }
  printer << ' ';
  printer.printRegion(body, /*printEntryBlockArgs=*/false);
}

#define GET_OP_CLASSES
#include "dialects/Dataflow/IR/DataflowOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Accessors
//===----------------------------------------------------------------------===//

SmallVector<KernelOpInterface> GraphOp::getKernels() {
  return llvm::to_vector(getBody().getOps<KernelOpInterface>());
}

YieldOp inlay::dataflow::getYield(KernelOpInterface kernel) {
  return cast<YieldOp>(kernel.getBody().front().getTerminator());
}

void SourceOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getStream(), getName());
}

static void nameOutputs(KernelOpInterface kernel, OpAsmSetValueNameFn setName) {
  if (!kernel.getOutputs().empty())
    setName(kernel.getOutputs().front(), kernel.getKernelName());
}

void KernelOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameOutputs(*this, setName);
}

void ExpertsOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  nameOutputs(*this, setName);
}
