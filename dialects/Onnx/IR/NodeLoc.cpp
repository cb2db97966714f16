//===- NodeLoc.cpp - Locations of nodes by their number -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NodeLocStorage.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace inlay::onnx;

const NodeNames *OnnxDialect::keepNames(std::unique_ptr<NodeNames> names) {
  std::lock_guard<std::mutex> lock(namesMutex);
  names->firstNumber = numNames;
  numNames += names->size();
  return nodeNames.emplace_back(std::move(names)).get();
}

const NodeNames *NodeLoc::getNames() const { return getImpl()->names; }

uint32_t NodeLoc::getIndex() const { return getImpl()->index; }

StringRef NodeLoc::getName() const { return (*getNames())[getIndex()]; }

Location NodeLoc::getChildLoc() const { return getNames()->getGraphLoc(); }

void NodeLoc::print(AsmPrinter &printer) const {
  printer << '<';
  printer.printString(getName());
  printer << ", ";
  printer.printAttribute(getChildLoc());
  printer << '>';
}

Attribute NodeLoc::parse(AsmParser &parser, Type) {
  std::string name;
  LocationAttr child;
  if (parser.parseLess() || parser.parseString(&name) || parser.parseComma() ||
      parser.parseAttribute(child) || parser.parseGreater())
    return {};
  return NameLoc::get(StringAttr::get(parser.getContext(), name), child);
}

StringRef inlay::onnx::getNodeName(Location loc) {
  StringRef name;
  loc->walk([&](Location part) {
    if (auto named = dyn_cast<NameLoc>(part))
      name = named.getName();
    else if (auto node = dyn_cast<NodeLoc>(part))
      name = node.getName();
    else
      return WalkResult::advance();
    return WalkResult::interrupt();
  });
  return name;
}

Location inlay::onnx::dropNodeName(Location loc) {
  if (auto named = dyn_cast<NameLoc>(loc))
    return named.getChildLoc();
  if (auto node = dyn_cast<NodeLoc>(loc))
    return node.getChildLoc();
  return loc;
}

void inlay::onnx::toNameLocs(Operation *op) {
  AttrTypeReplacer replacer;
  replacer.addReplacement([](NodeLoc loc) -> Attribute {
    return NameLoc::get(StringAttr::get(loc.getContext(), loc.getName()),
                        loc.getChildLoc());
  });
  replacer.recursivelyReplaceElementsIn(op, /*replaceAttrs=*/false,
                                        /*replaceLocs=*/true);
}
