//===- Serialise.cpp - From plain structs to protobuf messages ------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Field numbers are those of onnx.proto, in the order in which Decoder.cpp and
// TensorDecoder.cpp read them.
//
//===----------------------------------------------------------------------===//

#include "inlay/Onnx/Serialise.h"

using namespace inlay::onnx::file;
using llvm::StringRef;

static void writeGraph(WireWriter &writer, unsigned field, const Graph &graph);

/// A string that is left out where it is empty.
static void writeOptional(WireWriter &writer, unsigned field, StringRef text) {
  if (!text.empty())
    writer.bytes(field, text);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// The field that holds the varints of a type.
static unsigned varintField(DataType type) {
  switch (type) {
  case DataType::Int64:
    return 7; // int64_data
  case DataType::Uint32:
  case DataType::Uint64:
    return 11; // uint64_data
  default:
    return 5; // int32_data
  }
}

static void writeExternalData(WireWriter &writer, const Tensor &tensor) {
  auto writeEntry = [&](StringRef key, StringRef value) {
    writer.message(13, [&] {
      writer.bytes(1, key);
      writer.bytes(2, value);
    });
  };
  writeEntry("location", tensor.location);
  writeEntry("offset", std::to_string(tensor.offset));
  writeEntry("length", std::to_string(tensor.length));
  writer.varint(14, 1); // data_location: EXTERNAL
}

static void writeTensorFields(WireWriter &writer, const Tensor &tensor) {
  if (tensor.storage == Storage::Message) {
    // Where a field that is no list occurs twice, the later one counts.
    writer.append(tensor.message);
    writeOptional(writer, 8, tensor.name);
    return;
  }
  for (int64_t dim : tensor.dims)
    writer.varint(1, dim);
  writer.varint(2, tensor.dataType);
  writeOptional(writer, 8, tensor.name);
  switch (tensor.storage) {
  case Storage::None:
  case Storage::Message:
    break;
  case Storage::Raw:
    writer.bytes(9, tensor.data);
    break;
  case Storage::Varint:
    writer.bytes(varintField(tensor.type()), tensor.data);
    break;
  case Storage::External:
    writeExternalData(writer, tensor);
    break;
  }
}

void inlay::onnx::file::writeTensor(WireWriter &writer, unsigned field,
                                    const Tensor &tensor) {
  writer.message(field, [&] { writeTensorFields(writer, tensor); });
}

std::string
inlay::onnx::file::serialiseStrings(llvm::ArrayRef<int64_t> dims,
                                    llvm::ArrayRef<StringRef> strings) {
  WireWriter writer;
  for (int64_t dim : dims)
    writer.varint(1, dim);
  writer.varint(2, static_cast<int64_t>(DataType::String));
  for (StringRef string : strings)
    writer.bytes(6, string);
  return writer.take();
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static void writeShape(WireWriter &writer, const Type &type) {
  for (const Dim &dim : type.dims)
    writer.message(1, [&] {
      if (dim.size >= 0)
        writer.varint(1, dim.size);
      else
        writeOptional(writer, 2, dim.symbol);
    });
}

/// The field of TypeProto for a type of that kind.
static unsigned typeField(Type::Kind kind) {
  switch (kind) {
  case Type::Kind::None:
    break;
  case Type::Kind::Tensor:
    return 1;
  case Type::Kind::Sequence:
    return 4;
  case Type::Kind::Map:
    return 5;
  case Type::Kind::SparseTensor:
    return 8;
  case Type::Kind::Optional:
    return 9;
  }
  return 0;
}

/// The fields of a TypeProto.
static void writeType(WireWriter &writer, const Type &type) {
  unsigned kind = typeField(type.kind);
  if (!kind)
    return;
  bool isMap = type.kind == Type::Kind::Map;
  writer.message(kind, [&] {
    if (isMap || !type.inner)
      writer.varint(1, type.dataType);
    if (type.inner)
      writer.message(isMap ? 2 : 1, [&] { writeType(writer, *type.inner); });
    if (type.hasShape)
      writer.message(2, [&] { writeShape(writer, type); });
  });
}

void inlay::onnx::file::writeValueInfo(WireWriter &writer, unsigned field,
                                       const ValueInfo &value) {
  writer.message(field, [&] {
    writer.bytes(1, value.name);
    if (value.type.kind != Type::Kind::None)
      writer.message(2, [&] { writeType(writer, value.type); });
  });
}

//===----------------------------------------------------------------------===//
// Nodes and graphs
//===----------------------------------------------------------------------===//

static void writeAttributeLists(WireWriter &writer, AttributeKind kind,
                                const AttributeLists &lists) {
  for (float number : lists.floats)
    writer.fixed32(7, number);
  for (int64_t number : lists.ints)
    writer.varint(8, number);
  for (StringRef string : lists.strings)
    writer.bytes(9, string);
  for (const Tensor &tensor : lists.tensors)
    writeTensor(writer, kind == AttributeKind::Tensor ? 5 : 10, tensor);
  for (const Graph &graph : lists.graphs)
    writeGraph(writer, kind == AttributeKind::Graph ? 6 : 11, graph);
  for (const Type &type : lists.types)
    writer.message(kind == AttributeKind::TypeProto ? 14 : 15,
                   [&] { writeType(writer, type); });
}

static void writeAttribute(WireWriter &writer, unsigned field,
                           const Attribute &attribute) {
  writer.message(field, [&] {
    writer.bytes(1, attribute.name);
    writer.varint(20, static_cast<int64_t>(attribute.kind));
    if (!attribute.refName.empty())
      return writer.bytes(21, attribute.refName);
    switch (attribute.kind) {
    case AttributeKind::Float:
      return writer.fixed32(2, attribute.f);
    case AttributeKind::Int:
      return writer.varint(3, attribute.i);
    case AttributeKind::String:
      return writer.bytes(4, attribute.s);
    default:
      if (attribute.lists)
        writeAttributeLists(writer, attribute.kind, *attribute.lists);
    }
  });
}

void inlay::onnx::file::writeNode(WireWriter &writer, unsigned field,
                                  const Node &node) {
  writer.message(field, [&] {
    for (StringRef input : node.inputs)
      writer.bytes(1, input);
    for (StringRef output : node.outputs)
      writer.bytes(2, output);
    writeOptional(writer, 3, node.name);
    writer.bytes(4, node.opType);
    for (const Attribute &attribute : node.attributes)
      writeAttribute(writer, 5, attribute);
    writeOptional(writer, 7, node.domain);
    writeOptional(writer, 8, node.overload);
  });
}

static void writeGraph(WireWriter &writer, unsigned field, const Graph &graph) {
  writer.message(field, [&] {
    for (const Node &node : graph.nodes)
      writeNode(writer, 1, node);
    writer.bytes(2, graph.name);
    for (const Tensor &tensor : graph.initializers)
      writeTensor(writer, 5, tensor);
    for (const ValueInfo &input : graph.inputs)
      writeValueInfo(writer, 11, input);
    for (const ValueInfo &output : graph.outputs)
      writeValueInfo(writer, 12, output);
    for (const ValueInfo &value : graph.values)
      writeValueInfo(writer, 13, value);
  });
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

void inlay::onnx::file::writeOpset(WireWriter &writer, unsigned field,
                                   const Opset &opset) {
  writer.message(field, [&] {
    writer.bytes(1, opset.domain);
    writer.varint(2, opset.version);
  });
}

static void writeFunction(WireWriter &writer, unsigned field,
                          const Function &function) {
  const Graph &body = function.body;
  writer.message(field, [&] {
    writer.bytes(1, function.name);
    for (const ValueInfo &input : body.inputs)
      writer.bytes(4, input.name);
    for (const ValueInfo &output : body.outputs)
      writer.bytes(5, output.name);
    for (StringRef attribute : function.attributes)
      writer.bytes(6, attribute);
    for (const Node &node : body.nodes)
      writeNode(writer, 7, node);
    for (const Opset &opset : function.opsets)
      writeOpset(writer, 9, opset);
    writer.bytes(10, function.domain);
    for (const Attribute &attribute : function.defaults)
      writeAttribute(writer, 11, attribute);
    for (const ValueInfo &value : body.values)
      writeValueInfo(writer, 12, value);
    writeOptional(writer, 13, function.overload);
  });
}

std::string inlay::onnx::file::serialiseModel(const Model &model) {
  WireWriter writer;
  writer.varint(1, model.irVersion);
  writeOptional(writer, 2, model.producerName);
  writeOptional(writer, 3, model.producerVersion);
  if (model.hasGraph)
    writeGraph(writer, 7, model.graph);
  for (const Opset &opset : model.opsets)
    writeOpset(writer, 8, opset);
  for (const Function &function : model.functions)
    writeFunction(writer, 25, function);
  return writer.take();
}
