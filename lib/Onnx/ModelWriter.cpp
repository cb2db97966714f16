//===- ModelWriter.cpp - Writing ONNX models ------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Field numbers: onnx.proto of ONNX 1.20.
//
//===----------------------------------------------------------------------===//

#include "inlay/Onnx/ModelWriter.h"

#include "inlay/Onnx/Model.h"

using namespace inlay::onnx::file;

namespace {

namespace model {
enum Field {
  IRVersion = 1,
  Producer = 2,
  ProducerVersion = 3,
  Graph = 7,
  Opset = 8
};
} // namespace model
namespace graph {
enum Field { Node = 1, Name = 2, Initializer = 5, Input = 11, Output = 12 };
} // namespace graph
namespace node {
enum Field {
  Input = 1,
  Output = 2,
  Name = 3,
  OpType = 4,
  Attribute = 5,
  Domain = 7
};
} // namespace node
namespace attribute {
enum Field {
  Name = 1,
  Float = 2,
  Int = 3,
  String = 4,
  Tensor = 5,
  Floats = 7,
  Ints = 8,
  Type = 20
};
} // namespace attribute
namespace tensor {
enum Field {
  Dims = 1,
  Type = 2,
  Name = 8,
  RawData = 9,
  ExternalData = 13,
  DataLocation = 14
};
constexpr int64_t kExternal = 1;
} // namespace tensor
namespace entry {
enum Field { Key = 1, Value = 2 };
} // namespace entry
namespace value {
enum Field {
  Name = 1,
  Type = 2,
  Tensor = 1,
  ElementType = 1,
  Shape = 2,
  Dim = 1,
  DimValue = 1,
  DimParam = 2
};
} // namespace value
namespace opset {
enum Field { Domain = 1, Version = 2 };
} // namespace opset

/// The value of an attribute, and its kind.
struct AttributeWriter {
  WireWriter &writer;

  void kind(AttributeKind kind) {
    writer.varint(attribute::Type, static_cast<int64_t>(kind));
  }
  void operator()(int64_t number) {
    writer.varint(attribute::Int, number);
    kind(AttributeKind::Int);
  }
  void operator()(float number) {
    writer.fixed32(attribute::Float, number);
    kind(AttributeKind::Float);
  }
  void operator()(llvm::StringRef text) {
    writer.bytes(attribute::String, text);
    kind(AttributeKind::String);
  }
  void operator()(llvm::ArrayRef<int64_t> numbers) {
    for (int64_t number : numbers)
      writer.varint(attribute::Ints, number);
    kind(AttributeKind::Ints);
  }
  void operator()(llvm::ArrayRef<float> numbers) {
    for (float number : numbers)
      writer.fixed32(attribute::Floats, number);
    kind(AttributeKind::Floats);
  }
  void operator()(const TensorRecord *record) {
    writer.message(attribute::Tensor, [&] { writeTensor(writer, *record); });
    kind(AttributeKind::Tensor);
  }
};

} // namespace

static void writeEntry(WireWriter &writer, llvm::StringRef key,
                       llvm::StringRef text) {
  writer.message(tensor::ExternalData, [&] {
    writer.bytes(entry::Key, key);
    writer.bytes(entry::Value, text);
  });
}

static void writeValueInfo(WireWriter &writer, unsigned field,
                           llvm::StringRef name, DataType type,
                           llvm::ArrayRef<DimRecord> dims) {
  auto writeDim = [&](const DimRecord &dim) {
    writer.message(value::Dim, [&] {
      if (dim.symbol.empty())
        writer.varint(value::DimValue, dim.size);
      else
        writer.bytes(value::DimParam, dim.symbol);
    });
  };
  auto writeTensorType = [&] {
    writer.varint(value::ElementType, static_cast<int64_t>(type));
    writer.message(value::Shape, [&] {
      for (const DimRecord &dim : dims)
        writeDim(dim);
    });
  };
  writer.message(field, [&] {
    writer.bytes(value::Name, name);
    writer.message(value::Type,
                   [&] { writer.message(value::Tensor, writeTensorType); });
  });
}

void inlay::onnx::file::writeTensor(WireWriter &writer,
                                    const TensorRecord &record) {
  for (int64_t dim : record.dims)
    writer.varint(tensor::Dims, dim);
  writer.varint(tensor::Type, static_cast<int64_t>(record.type));
  if (!record.name.empty())
    writer.bytes(tensor::Name, record.name);
  if (record.location.empty()) {
    writer.bytes(tensor::RawData, record.rawData);
    return;
  }
  writeEntry(writer, "location", record.location);
  writeEntry(writer, "offset", std::to_string(record.offset));
  writeEntry(writer, "length", std::to_string(record.length));
  writer.varint(tensor::DataLocation, tensor::kExternal);
}

void ModelWriter::addNode(const NodeRecord &record) {
  ++nodeCount;
  nodes.message(graph::Node, [&] {
    for (const std::string &input : record.inputs)
      nodes.bytes(node::Input, input);
    for (const std::string &output : record.outputs)
      nodes.bytes(node::Output, output);
    if (!record.name.empty())
      nodes.bytes(node::Name, record.name);
    nodes.bytes(node::OpType, record.opType);
    for (const NodeAttribute &attr : record.attributes)
      nodes.message(node::Attribute, [&] {
        nodes.bytes(attribute::Name, attr.name);
        std::visit(AttributeWriter{nodes}, attr.value);
      });
    if (!record.domain.empty())
      nodes.bytes(node::Domain, record.domain);
  });
}

void ModelWriter::addInitializer(const TensorRecord &record) {
  ++initializerCount;
  initializers.message(graph::Initializer,
                       [&] { writeTensor(initializers, record); });
}

void ModelWriter::addInput(llvm::StringRef name, DataType type,
                           llvm::ArrayRef<DimRecord> dims) {
  writeValueInfo(inputs, graph::Input, name, type, dims);
}

void ModelWriter::addOutput(llvm::StringRef name, DataType type,
                            llvm::ArrayRef<DimRecord> dims) {
  writeValueInfo(outputs, graph::Output, name, type, dims);
}

std::string ModelWriter::finish(llvm::StringRef graphName,
                                llvm::StringRef producer,
                                llvm::StringRef producerVersion,
                                int64_t irVersion,
                                llvm::ArrayRef<OpsetRecord> opsets) {
  WireWriter name;
  name.bytes(graph::Name, graphName);
  std::string body = nodes.take() + name.take() + initializers.take() +
                     inputs.take() + outputs.take();
  *this = ModelWriter();

  WireWriter writer;
  writer.varint(model::IRVersion, irVersion);
  writer.bytes(model::Producer, producer);
  writer.bytes(model::ProducerVersion, producerVersion);
  writer.bytes(model::Graph, body);
  for (const OpsetRecord &record : opsets)
    writer.message(model::Opset, [&] {
      writer.bytes(opset::Domain, record.domain);
      writer.varint(opset::Version, record.version);
    });
  return writer.take();
}
