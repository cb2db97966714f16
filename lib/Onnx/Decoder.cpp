//===- Decoder.cpp - From protobuf messages to plain structs --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decoder.h"

using namespace inlay::onnx::file;
using llvm::StringRef;

/// Whether a ModelProto has that field with that wire type.
static bool isModelField(unsigned field, WireType type) {
  switch (field) {
  case 1: // ir_version
  case 5: // model_version
    return type == WireType::Varint;
  case 2:  // producer_name
  case 3:  // producer_version
  case 4:  // domain
  case 6:  // doc_string
  case 7:  // graph
  case 8:  // opset_import
  case 14: // metadata_props
  case 20: // training_info
  case 25: // functions
  case 26: // configuration
    return type == WireType::Bytes;
  default:
    return false;
  }
}

bool Decoder::enter() {
  if (depth == kMaxNesting) {
    tooDeep = true;
    return false;
  }
  ++depth;
  return true;
}

bool Decoder::decodeModel(StringRef bytes, Model &model) {
  WireReader reader(bytes, origin, error);
  // Any bytes may begin with a well-formed field; only a file that begins with
  // a field of a model is taken for one that is damaged further on.
  if (!reader.next() || !isModelField(reader.field(), reader.type()))
    return false;
  do
    decodeModelField(reader, model);
  while (reader.next());
  return true;
}

void Decoder::decodeModelField(WireReader &reader, Model &model) {
  switch (reader.field()) {
  case 1:
    model.irVersion = reader.readInt();
    return;
  case 2:
    model.producerName = reader.readBytes();
    return;
  case 3:
    model.producerVersion = reader.readBytes();
    return;
  case 7:
    model.hasGraph = true;
    return decodeGraph(reader.readMessage(), model.graph);
  case 8:
    return decodeOpset(reader.readMessage(), model.opsets);
  case 20:
    model.hasTrainingInfo = true;
    return reader.skip();
  case 25:
    return decodeFunction(reader.readMessage(), model.functions.emplace_back());
  default:
    return reader.skip();
  }
}

void Decoder::decodeOpset(WireReader reader, std::vector<Opset> &opsets) {
  Opset &opset = opsets.emplace_back();
  while (reader.next())
    if (reader.field() == 1)
      opset.domain = normaliseDomain(reader.readBytes());
    else if (reader.field() == 2)
      opset.version = reader.readInt();
    else
      reader.skip();
}

/// Makes room for what the graph has many of: to move each time a vector grows
/// costs more than to count once.
static void reserve(WireReader reader, Graph &graph) {
  size_t nodes = 0, initializers = 0, values = 0;
  for (; reader.next(); reader.skip()) {
    nodes += reader.field() == 1;
    initializers += reader.field() == 5;
    values += reader.field() == 13;
  }
  graph.nodes.reserve(graph.nodes.size() + nodes);
  graph.initializers.reserve(graph.initializers.size() + initializers);
  graph.values.reserve(graph.values.size() + values);
}

void Decoder::decodeGraph(WireReader reader, Graph &graph) {
  if (!enter())
    return;
  reserve(reader, graph);
  while (reader.next()) {
    switch (reader.field()) {
    case 1:
      decodeNode(reader.readMessage(), graph.nodes.emplace_back());
      break;
    case 2:
      graph.name = reader.readBytes();
      break;
    case 5:
      decodeTensor(reader.readBytes(), graph.initializers.emplace_back());
      break;
    case 11:
      decodeValueInfo(reader.readMessage(), graph.inputs.emplace_back());
      break;
    case 12:
      decodeValueInfo(reader.readMessage(), graph.outputs.emplace_back());
      break;
    case 13:
      decodeValueInfo(reader.readMessage(), graph.values.emplace_back());
      break;
    case 15:
      graph.sparseInitializers.push_back(
          decodeSparseName(reader.readMessage()));
      break;
    default:
      reader.skip();
    }
  }
  --depth;
}

/// The name of a SparseTensorProto is that of its values.
StringRef Decoder::decodeSparseName(WireReader reader) {
  StringRef name;
  while (reader.next()) {
    if (reader.field() != 1) {
      reader.skip();
      continue;
    }
    Tensor values;
    decodeTensor(reader.readBytes(), values);
    name = values.name;
  }
  return name;
}

static size_t countAttributes(WireReader reader) {
  size_t count = 0;
  for (; reader.next(); reader.skip())
    count += reader.field() == 5;
  return count;
}

void Decoder::decodeNode(WireReader reader, Node &node) {
  node.attributes.reserve(countAttributes(reader));
  while (reader.next()) {
    switch (reader.field()) {
    case 1:
      node.inputs.push_back(reader.readBytes());
      break;
    case 2:
      node.outputs.push_back(reader.readBytes());
      break;
    case 3:
      node.name = reader.readBytes();
      break;
    case 4:
      node.opType = reader.readBytes();
      break;
    case 5:
      decodeAttribute(reader.readMessage(), node.attributes.emplace_back());
      break;
    case 7:
      node.domain = normaliseDomain(reader.readBytes());
      break;
    case 8:
      node.overload = reader.readBytes();
      break;
    default:
      reader.skip();
    }
  }
}

void Decoder::decodeAttribute(WireReader reader, Attribute &attribute) {
  while (reader.next()) {
    switch (reader.field()) {
    case 1:
      attribute.name = reader.readBytes();
      break;
    case 2:
      attribute.f = reader.readFloat();
      break;
    case 3:
      attribute.i = reader.readInt();
      break;
    case 4:
      attribute.s = reader.readBytes();
      break;
    case 20:
      attribute.kind = static_cast<AttributeKind>(reader.readInt());
      break;
    case 21:
      attribute.refName = reader.readBytes();
      break;
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
    case 14:
    case 15:
      if (!attribute.lists)
        attribute.lists = std::make_unique<AttributeLists>();
      decodeAttributeList(reader, *attribute.lists);
      break;
    default:
      reader.skip();
    }
  }
}

void Decoder::decodeAttributeList(WireReader &reader, AttributeLists &lists) {
  switch (reader.field()) {
  case 5:  // t
  case 10: // tensors
    return decodeTensor(reader.readBytes(), lists.tensors.emplace_back());
  case 6:  // g
  case 11: // graphs
    return decodeGraph(reader.readMessage(), lists.graphs.emplace_back());
  case 7:
    return reader.readFloats(lists.floats);
  case 8:
    return reader.readInts(lists.ints);
  case 9:
    lists.strings.push_back(reader.readBytes());
    return;
  case 14: // tp
  case 15: // type_protos
    return decodeType(reader.readMessage(), lists.types.emplace_back());
  }
}

void Decoder::decodeValueInfo(WireReader reader, ValueInfo &value) {
  while (reader.next())
    if (reader.field() == 1)
      value.name = reader.readBytes();
    else if (reader.field() == 2)
      decodeType(reader.readMessage(), value.type);
    else
      reader.skip();
}

void Decoder::decodeType(WireReader reader, Type &type) {
  if (!enter())
    return;
  while (reader.next()) {
    switch (reader.field()) {
    case 1:
      decodeTypeOfKind(reader.readMessage(), type, Type::Kind::Tensor);
      break;
    case 4:
      decodeTypeOfKind(reader.readMessage(), type, Type::Kind::Sequence);
      break;
    case 5:
      decodeTypeOfKind(reader.readMessage(), type, Type::Kind::Map);
      break;
    case 8:
      decodeTypeOfKind(reader.readMessage(), type, Type::Kind::SparseTensor);
      break;
    case 9:
      decodeTypeOfKind(reader.readMessage(), type, Type::Kind::Optional);
      break;
    default:
      reader.skip();
    }
  }
  --depth;
}

void Decoder::decodeTypeOfKind(WireReader reader, Type &type, Type::Kind kind) {
  type.kind = kind;
  bool isTensor =
      kind == Type::Kind::Tensor || kind == Type::Kind::SparseTensor;
  bool isMap = kind == Type::Kind::Map;
  while (reader.next()) {
    bool isNumber = reader.field() == 1 && (isTensor || isMap);
    bool isInner = reader.field() == (isMap ? 2u : 1u) && !isTensor;
    if (isNumber) {
      type.dataType = static_cast<int32_t>(reader.readInt());
    } else if (isInner) {
      type.inner = std::make_unique<Type>();
      decodeType(reader.readMessage(), *type.inner);
    } else if (isTensor && reader.field() == 2) {
      type.hasShape = true;
      decodeShape(reader.readMessage(), type);
    } else {
      reader.skip();
    }
  }
}

void Decoder::decodeShape(WireReader reader, Type &type) {
  while (reader.next()) {
    if (reader.field() != 1) {
      reader.skip();
      continue;
    }
    Dim &dim = type.dims.emplace_back();
    WireReader entry = reader.readMessage();
    while (entry.next())
      if (entry.field() == 1)
        dim.size = entry.readInt();
      else if (entry.field() == 2)
        dim.symbol = entry.readBytes();
      else
        entry.skip();
  }
}

void Decoder::decodeFunction(WireReader reader, Function &function) {
  Graph &body = function.body;
  while (reader.next()) {
    switch (reader.field()) {
    case 1:
      function.name = reader.readBytes();
      break;
    case 4:
      body.inputs.emplace_back().name = reader.readBytes();
      break;
    case 5:
      body.outputs.emplace_back().name = reader.readBytes();
      break;
    case 6:
      function.attributes.push_back(reader.readBytes());
      break;
    case 7:
      decodeNode(reader.readMessage(), body.nodes.emplace_back());
      break;
    case 9:
      decodeOpset(reader.readMessage(), function.opsets);
      break;
    case 10:
      function.domain = normaliseDomain(reader.readBytes());
      break;
    case 11:
      decodeAttribute(reader.readMessage(), function.defaults.emplace_back());
      break;
    case 12:
      decodeValueInfo(reader.readMessage(), body.values.emplace_back());
      break;
    case 13:
      function.overload = reader.readBytes();
      break;
    default:
      reader.skip();
    }
  }
}
