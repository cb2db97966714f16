//===- ModelWriter.cpp - Writing ONNX models ------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Records are views of what a caller holds; each becomes the struct of the
// message, which Serialise.cpp writes.
//
//===----------------------------------------------------------------------===//

#include "inlay/Onnx/ModelWriter.h"

#include "inlay/Onnx/Serialise.h"

using namespace inlay::onnx::file;

/// Fields of ModelProto and GraphProto.
namespace field {
enum Model {
  IRVersion = 1,
  Producer = 2,
  ProducerVersion = 3,
  Graph = 7,
  Opset = 8
};
enum Graph { Node = 1, Name = 2, Initializer = 5, Input = 11, Output = 12 };
} // namespace field

static Tensor makeTensor(const TensorRecord &record) {
  Tensor tensor;
  tensor.name = record.name;
  tensor.dims.assign(record.dims.begin(), record.dims.end());
  tensor.dataType = static_cast<int32_t>(record.type);
  if (record.location.empty()) {
    tensor.storage = Storage::Raw;
    tensor.data = record.rawData;
    return tensor;
  }
  tensor.storage = Storage::External;
  tensor.location = record.location;
  tensor.offset = record.offset;
  tensor.length = record.length;
  return tensor;
}

namespace {

/// The value of an attribute, and its kind.
struct AttributeMaker {
  Attribute &attribute;

  AttributeLists &lists(AttributeKind kind) {
    attribute.kind = kind;
    attribute.lists = std::make_unique<AttributeLists>();
    return *attribute.lists;
  }
  void operator()(int64_t number) {
    attribute.kind = AttributeKind::Int;
    attribute.i = number;
  }
  void operator()(float number) {
    attribute.kind = AttributeKind::Float;
    attribute.f = number;
  }
  void operator()(llvm::StringRef text) {
    attribute.kind = AttributeKind::String;
    attribute.s = text;
  }
  void operator()(llvm::ArrayRef<int64_t> numbers) {
    lists(AttributeKind::Ints).ints = numbers.vec();
  }
  void operator()(llvm::ArrayRef<float> numbers) {
    lists(AttributeKind::Floats).floats = numbers.vec();
  }
  void operator()(const TensorRecord *record) {
    lists(AttributeKind::Tensor).tensors.push_back(makeTensor(*record));
  }
};

} // namespace

static ValueInfo makeValueInfo(llvm::StringRef name, DataType type,
                               llvm::ArrayRef<DimRecord> dims) {
  ValueInfo value;
  value.name = name;
  value.type.kind = Type::Kind::Tensor;
  value.type.dataType = static_cast<int32_t>(type);
  value.type.hasShape = true;
  for (const DimRecord &dim : dims)
    value.type.dims.push_back({dim.symbol.empty() ? dim.size : -1, dim.symbol});
  return value;
}

void ModelWriter::addNode(const NodeRecord &record) {
  ++nodeCount;
  Node node;
  node.name = record.name;
  node.opType = record.opType;
  node.domain = record.domain;
  node.inputs.assign(record.inputs.begin(), record.inputs.end());
  node.outputs.assign(record.outputs.begin(), record.outputs.end());
  for (const NodeAttribute &from : record.attributes) {
    Attribute &attribute = node.attributes.emplace_back();
    attribute.name = from.name;
    std::visit(AttributeMaker{attribute}, from.value);
  }
  writeNode(nodes, field::Node, node);
}

void ModelWriter::addInitializer(const TensorRecord &record) {
  ++initializerCount;
  writeTensor(initializers, field::Initializer, makeTensor(record));
}

void ModelWriter::addInput(llvm::StringRef name, DataType type,
                           llvm::ArrayRef<DimRecord> dims) {
  writeValueInfo(inputs, field::Input, makeValueInfo(name, type, dims));
}

void ModelWriter::addOutput(llvm::StringRef name, DataType type,
                            llvm::ArrayRef<DimRecord> dims) {
  writeValueInfo(outputs, field::Output, makeValueInfo(name, type, dims));
}

std::string ModelWriter::finish(llvm::StringRef graphName,
                                llvm::StringRef producer,
                                llvm::StringRef producerVersion,
                                int64_t irVersion,
                                llvm::ArrayRef<OpsetRecord> opsets) {
  WireWriter name;
  name.bytes(field::Name, graphName);
  std::string body = nodes.take() + name.take() + initializers.take() +
                     inputs.take() + outputs.take();
  *this = ModelWriter();

  WireWriter writer;
  writer.varint(field::IRVersion, irVersion);
  writer.bytes(field::Producer, producer);
  writer.bytes(field::ProducerVersion, producerVersion);
  writer.bytes(field::Graph, body);
  for (const OpsetRecord &record : opsets)
    writeOpset(writer, field::Opset, {record.domain, record.version});
  return writer.take();
}
