//===- ExportAttributes.cpp - Attributes of ONNX nodes --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reverse of ImportAttributes.cpp; see inlay_onnx.node for which attribute
// stands for which kind.
//
//===----------------------------------------------------------------------===//

#include "Exporter.h"

using namespace mlir;
using namespace inlay::onnx;
using file::AttributeKind;

LogicalResult Exporter::exportAttributes(NodeOp op, file::Node &node) {
  DictionaryAttr attributes = op.getNodeAttrsAttr();
  if (!attributes)
    return success();
  // Readers know constants; what other operators do with a reference is theirs.
  bool mayRefer = op.isOp("", "Constant");
  for (NamedAttribute attribute : attributes)
    if (failed(exportAttribute(op, attribute, mayRefer,
                               node.attributes.emplace_back())))
      return failure();
  return success();
}

static file::AttributeLists &listsOf(file::Attribute &attribute) {
  if (!attribute.lists)
    attribute.lists = std::make_unique<file::AttributeLists>();
  return *attribute.lists;
}

LogicalResult Exporter::exportAttribute(Operation *op, NamedAttribute from,
                                        bool mayRefer, file::Attribute &to) {
  Attribute value = from.getValue();
  to.name = from.getName().getValue();
  auto refuse = [&] {
    return op->emitError() << "attribute '" << to.name << "' = " << value
                           << " has no counterpart in ONNX: write f32, i64, "
                              "strings, tensors or lists of them";
  };
  if (auto ref = dyn_cast<RefAttr>(value)) {
    to.kind = static_cast<AttributeKind>(ref.getKind());
    to.refName = ref.getName();
  } else if (auto number = dyn_cast<FloatAttr>(value)) {
    if (!number.getType().isF32())
      return refuse();
    to.kind = AttributeKind::Float;
    to.f = number.getValue().convertToFloat();
  } else if (auto integer = dyn_cast<IntegerAttr>(value)) {
    if (!integer.getType().isInteger(64))
      return refuse();
    to.kind = AttributeKind::Int;
    to.i = integer.getValue().getSExtValue();
  } else if (auto string = dyn_cast<StringAttr>(value)) {
    to.kind = AttributeKind::String;
    to.s = string.getValue();
  } else if (auto floats = dyn_cast<DenseF32ArrayAttr>(value)) {
    to.kind = AttributeKind::Floats;
    listsOf(to).floats = std::vector<float>(floats.asArrayRef());
  } else if (auto ints = dyn_cast<DenseI64ArrayAttr>(value)) {
    to.kind = AttributeKind::Ints;
    listsOf(to).ints = std::vector<int64_t>(ints.asArrayRef());
  } else if (auto tensor = dyn_cast<TensorAttr>(value)) {
    to.kind = AttributeKind::Tensor;
    return exportWeight(op, tensor.getWeight(), tensor.getType(), mayRefer,
                        listsOf(to).tensors.emplace_back());
  } else if (isa<ElementsAttr>(value)) {
    to.kind = AttributeKind::Tensor;
    return exportValue(op, value, listsOf(to).tensors.emplace_back());
  } else if (auto type = dyn_cast<TypeAttr>(value)) {
    to.kind = AttributeKind::TypeProto;
    exportType(type.getValue(), saver, listsOf(to).types.emplace_back());
  } else if (auto array = dyn_cast<ArrayAttr>(value)) {
    if (failed(exportList(op, array, to)))
      return refuse();
  } else {
    return refuse();
  }
  return success();
}

/// Strings, tensors or types, by the first entry; an empty list has strings.
LogicalResult Exporter::exportList(Operation *op, ArrayAttr array,
                                   file::Attribute &to) {
  file::AttributeLists &lists = listsOf(to);
  if (array.empty() || isa<StringAttr>(array[0])) {
    to.kind = AttributeKind::Strings;
    for (Attribute entry : array) {
      auto string = dyn_cast<StringAttr>(entry);
      if (!string)
        return failure();
      lists.strings.push_back(string.getValue());
    }
    return success();
  }
  if (isa<TypeAttr>(array[0])) {
    to.kind = AttributeKind::TypeProtos;
    for (Attribute entry : array) {
      auto type = dyn_cast<TypeAttr>(entry);
      if (!type)
        return failure();
      exportType(type.getValue(), saver, lists.types.emplace_back());
    }
    return success();
  }
  to.kind = AttributeKind::Tensors;
  for (Attribute entry : array) {
    file::Tensor &tensor = lists.tensors.emplace_back();
    auto handle = dyn_cast<TensorAttr>(entry);
    if (failed(handle ? exportWeight(op, handle.getWeight(), handle.getType(),
                                     /*mayRefer=*/false, tensor)
                      : exportValue(op, entry, tensor)))
      return failure();
  }
  return success();
}

std::vector<file::Opset> Exporter::exportOpsets(DictionaryAttr opsets) {
  std::vector<file::Opset> result;
  for (NamedAttribute entry : opsets) {
    StringRef domain = entry.getName().getValue();
    if (auto version = dyn_cast<IntegerAttr>(entry.getValue()))
      result.push_back({domain == OnnxDialect::kDefaultDomain ? "" : domain,
                        version.getInt()});
  }
  return result;
}
