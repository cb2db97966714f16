//===- InferenceState.cpp - What inference knows beside the IR ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Onnx/Transforms/Shapes/Inference.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace inlay;
using namespace inlay::onnx;

InferenceState::InferenceState(GraphOp graph) : graph(graph) {
  auto module = graph->getParentOfType<ModuleOp>();
  auto dictionary =
      module ? module->getAttrOfType<DictionaryAttr>(OnnxDialect::kOpsetsAttr)
             : DictionaryAttr();
  if (!dictionary)
    return;
  for (NamedAttribute entry : dictionary) {
    auto version = dyn_cast<IntegerAttr>(entry.getValue());
    if (version && version.getType().isInteger(64))
      opsets[entry.getName().getValue()] = version.getInt();
  }
}

int64_t InferenceState::opset(NodeOp node) const {
  // Not NodeOp::getOpset, which looks for the module each time.
  if (std::optional<int64_t> own = node.getOwnOpset())
    return *own;
  StringRef domain = node.getDomain();
  return opsets.lookup(domain.empty() ? StringRef(OnnxDialect::kDefaultDomain)
                                      : domain);
}

const ConstTensor *InferenceState::value(Value value) {
  auto known = values.find(value);
  if (known != values.end())
    return known->second.get();
  ElementsAttr attribute = getConstantValue(value);
  if (!attribute)
    return nullptr;
  ShapedType type = attribute.getShapedType();
  if (!isa<DenseElementsAttr>(attribute) ||
      !ConstTensor::fits(type.getShape(), type.getElementType()))
    return nullptr;
  auto read = [&] { return *ConstTensor::fromAttr(attribute); };
  SharedTensor tensor = type.getNumElements() > ConstTensor::maxSmall
                            ? shareLarge(attribute, read)
                            : std::make_shared<const ConstTensor>(read());
  return (values[value] = std::move(tensor)).get();
}

bool InferenceState::keepLarge(const ConstTensor &tensor) {
  if (largeKept + tensor.size() > maxLargeKept)
    return false;
  largeKept += tensor.size();
  return true;
}

InferenceState::SharedTensor
InferenceState::shareLarge(ElementsAttr attribute,
                           llvm::function_ref<ConstTensor()> make) {
  auto [entry, isNew] = largeTensors.try_emplace(attribute);
  if (!isNew)
    return entry->second;
  ConstTensor tensor = make();
  if (keepLarge(tensor))
    entry->second = std::make_shared<const ConstTensor>(std::move(tensor));
  return entry->second;
}

void InferenceState::setValue(Value value, ConstTensor tensor) {
  if (!tensor.isLarge()) {
    values[value] = std::make_shared<const ConstTensor>(std::move(tensor));
    return;
  }
  largeWork += tensor.size();
  if (tensor.isFullyKnown())
    values[value] =
        shareLarge(tensor.toAttr(), [&] { return std::move(tensor); });
  else if (keepLarge(tensor))
    values[value] = std::make_shared<const ConstTensor>(std::move(tensor));
  else
    values.erase(value); // what an earlier visit found
}

int64_t InferenceState::bindSymbol(StringRef name, int64_t size) {
  auto key = StringAttr::get(graph.getContext(), name);
  auto [entry, isNew] = symbols.insert({key, size});
  hasNewSymbols |= isNew;
  return entry->second;
}

void InferenceState::markVisited(Operation *op) {
  if (llvm::any_of(op->getOperands(), llvm::IsaPred<BlockArgument>))
    visited.insert(op);
}

bool InferenceState::applySymbols() {
  if (!std::exchange(hasNewSymbols, false))
    return false;
  bool wasRead = false;
  for (BlockArgument argument : graph.getBody().getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.getEncoding())
      continue;
    Shape shape(type.getShape());
    SmallVector<StringRef> names = getDimSymbols(type);
    bool changed = false;
    for (auto [size, name] : llvm::zip_equal(shape, names)) {
      if (name.empty())
        continue;
      auto known = symbols.find(StringAttr::get(graph.getContext(), name));
      if (known == symbols.end())
        continue;
      size = known->second;
      name = "";
      changed = true;
    }
    if (!changed)
      continue;
    argument.setType(getTensorType(shape, type.getElementType(), names));
    wasRead |= llvm::any_of(argument.getUsers(), [&](Operation *user) {
      return visited.contains(user);
    });
  }
  return wasRead;
}
