//===- OnnxFile.cpp - What a checker knows of an ONNX file ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxFile.h"

#include "Canonical.h"
#include "Plan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

#include "fmt/format.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

#include <cstring>

using namespace inlay::checker;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using llvm::StringRef;

static constexpr int kMostNesting = 64;

static int64_t bitsOfDataType(int64_t type) {
  // As onnx.proto numbers them; 0 for strings and what is not known.
  static constexpr int kBits[] = {0, 32, 8,  8,  16, 16, 32,  64, 0,
                                  8, 16, 64, 32, 64, 64, 128, 16, 8,
                                  8, 8,  8,  4,  4,  4,  8,   2,  2};
  return type >= 0 && type < static_cast<int64_t>(std::size(kBits))
             ? kBits[type]
             : 0;
}

namespace {

/// One message of the file, field by field. Values are views of the file.
class Message {
public:
  Message(StringRef bytes, bool &isDamaged)
      : bytes(bytes), isDamaged(isDamaged),
        in(reinterpret_cast<const uint8_t *>(bytes.data()),
           static_cast<int>(bytes.size())) {}

  bool next() {
    uint32_t tag = in.ReadTag();
    if (tag == 0) {
      isDamaged |= !in.ConsumedEntireMessage();
      return false;
    }
    field = WireFormatLite::GetTagFieldNumber(tag);
    type = WireFormatLite::GetTagWireType(tag);
    value = {};
    number = 0;
    bool isRead = true;
    if (type == WireFormatLite::WIRETYPE_VARINT) {
      isRead = in.ReadVarint64(&number);
    } else if (type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      int size = 0;
      isRead = in.ReadVarintSizeAsInt(&size);
      int at = in.CurrentPosition();
      isRead = isRead && in.Skip(size);
      if (isRead)
        value = bytes.substr(at, size);
    } else {
      isRead = WireFormatLite::SkipField(&in, tag);
    }
    isDamaged |= !isRead;
    return isRead;
  }

  int field = 0;
  WireFormatLite::WireType type = WireFormatLite::WIRETYPE_VARINT;
  StringRef value;     ///< of a field with a length
  uint64_t number = 0; ///< of a varint

private:
  StringRef bytes;
  bool &isDamaged;
  CodedInputStream in;
};

class FileReader {
public:
  FileReader(StringRef bytes, StringRef name, Model &model)
      : bytes(bytes), name(name), model(model) {}

  /// False where the bytes are no ONNX model.
  bool run() {
    bool hasGraph = false;
    Message in(bytes, isDamaged);
    while (in.next())
      if (in.field == 7 &&
          in.type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
        hasGraph = true;
        readGraph(in.value);
      }
    if (isDamaged || !hasGraph)
      return false;
    std::erase_if(model.inputs, [&](const std::string &input) {
      return model.initializers.count(input) > 0;
    });
    llvm::sort(model.initializerNames);
    findReachable();
    return true;
  }

private:
  /// Makes room for what a graph has many of.
  void reserve(StringRef graph) {
    size_t numNodes = 0, numTensors = 0;
    Message in(graph, isDamaged);
    while (in.next()) {
      numNodes += in.field == 1;
      numTensors += in.field == 5;
    }
    nodes.reserve(numNodes);
    model.initializerNames.reserve(numTensors);
  }

  void readGraph(StringRef graph) {
    reserve(graph);
    Message in(graph, isDamaged);
    while (in.next()) {
      if (in.field == 1)
        readNode(in.value);
      else if (in.field == 5)
        readTensor(in.value);
      else if (in.field == 11)
        readInput(in.value);
      else if (in.field == 12)
        model.outputs.push_back(nameOf(in.value).str());
    }
  }

  void readInput(StringRef valueInfo) {
    std::string input = nameOf(valueInfo).str();
    std::vector<int64_t> &dims = model.inputDims[input];
    model.inputs.push_back(std::move(input));
    // TypeProto, of it the tensor, of it the shape.
    StringRef shape = valueInfo;
    for (int field : {2, 1, 2})
      shape = memberOf(shape, field);
    Message in(shape, isDamaged);
    while (in.next()) {
      if (in.field != 1)
        continue;
      dims.push_back(0);
      Message dim(in.value, isDamaged);
      while (dim.next())
        if (dim.field == 1)
          dims.back() = static_cast<int64_t>(dim.number);
    }
  }

  /// A message within another; empty where that has none.
  StringRef memberOf(StringRef message, int field) {
    Message in(message, isDamaged);
    StringRef result;
    while (in.next())
      if (in.field == field)
        result = in.value;
    return result;
  }

  StringRef nameOf(StringRef valueInfo) { return memberOf(valueInfo, 1); }

  void readNode(StringRef node) {
    Node result;
    collect(node, result, 0);
    size_t number = nodes.size();
    for (StringRef output : result.outputs)
      producer.try_emplace(output, number);
    nodes.push_back(std::move(result));
  }

  /// A node at the top, and of those in its subgraphs what they read and what
  /// they are called.
  void collect(StringRef node, Node &outer, int depth) {
    if (depth > kMostNesting) {
      isDamaged = true;
      return;
    }
    Node nested;
    Node &own = depth == 0 ? outer : nested;
    Message in(node, isDamaged);
    while (in.next()) {
      if (in.field == 1) {
        outer.inputs.push_back(in.value);
      } else if (in.field == 2) {
        own.outputs.push_back(in.value);
      } else if (in.field == 3) {
        own.name = in.value;
      } else if (in.field == 4) {
        own.type = in.value.str();
      } else if (in.field == 7) {
        own.domain = in.value.str();
      } else if (in.field == 5) {
        own.attributes = own.attributes * 31 + llvm::xxh3_64bits(in.value);
        readOrder(in.value, own);
        collectCaptured(in.value, outer, depth);
      }
    }
    if (depth > 0)
      outer.inner.push_back(nested.label());
  }

  /// What an attribute says of the order of dims, and of a single number.
  void readOrder(StringRef attribute, Node &node) {
    StringRef name, tensor;
    std::vector<int64_t> integers;
    Message in(attribute, isDamaged);
    while (in.next()) {
      if (in.field == 1)
        name = in.value;
      else if (in.field == 3)
        integers = {static_cast<int64_t>(in.number)};
      else if (in.field == 5)
        tensor = in.value;
      else if (in.field == 8)
        llvm::append_range(integers, readIntegers(in));
    }
    if (name == "perm")
      node.perm = integers;
    else if (name == "split")
      node.split = integers;
    else if (name == "transA" || name == "transB")
      node.swaps[name == "transB"] = !integers.empty() && integers[0] != 0;
    else if (name == "local_window_size" && !integers.empty())
      node.window = integers.front();
    else if (name == "value")
      node.number = singleInteger(tensor);
    else if (integers.size() == 1 &&
             (name == "k" || name == "value_int" || name == "value_ints"))
      node.number = integers[0];
  }

  /// Of a tensor of one 64-bit integer.
  std::optional<int64_t> singleInteger(StringRef tensor) {
    constexpr uint64_t kInt64 = 7;
    std::vector<int64_t> integers;
    uint64_t dataType = 0;
    Message in(tensor, isDamaged);
    while (in.next()) {
      if (in.field == 2) {
        dataType = in.number;
      } else if (in.field == 7) {
        llvm::append_range(integers, readIntegers(in));
      } else if (in.field == 9 && in.value.size() == sizeof(int64_t)) {
        integers.push_back(0);
        std::memcpy(&integers.back(), in.value.data(), sizeof(int64_t));
      }
    }
    return dataType == kInt64 && integers.size() == 1
               ? std::optional(integers.front())
               : std::nullopt;
  }

  void collectCaptured(StringRef attribute, Node &outer, int depth) {
    Message in(attribute, isDamaged);
    while (in.next()) {
      if (in.field != 6 && in.field != 11)
        continue;
      Message graph(in.value, isDamaged);
      while (graph.next()) {
        if (graph.field == 1)
          collect(graph.value, outer, depth + 1);
        else if (graph.field == 12)
          outer.inputs.push_back(nameOf(graph.value));
      }
    }
  }

  void readTensor(StringRef tensor) {
    Initializer result;
    result.file = name.str();
    result.encoding = "raw";
    result.elements = 1;
    int64_t dataType = 0;
    int pieces = 0;
    bool isExternal = false, hasLength = false;
    Message in(tensor, isDamaged);
    while (in.next()) {
      switch (in.field) {
      case 1:
        for (int64_t dim : readIntegers(in)) {
          result.dims.push_back(dim);
          result.elements = times(result.elements, dim);
        }
        break;
      case 2:
        dataType = static_cast<int64_t>(in.number);
        break;
      case 8:
        result.name = in.value.str();
        break;
      case 13:
        readEntry(in.value, result, hasLength);
        break;
      case 14:
        isExternal = in.number == 1;
        break;
      case 4:
      case 5:
      case 6:
      case 7:
      case 9:
      case 10:
      case 11:
        readData(in, tensor, result, pieces);
        break;
      default:
        break;
      }
    }
    result.bits = bitsOfDataType(dataType);
    if (isExternal && !hasLength)
      result.length = divideUp(times(result.elements, result.bits), 8);
    auto [entry, isNew] = model.initializers.try_emplace(result.name);
    if (isNew)
      model.initializerNames.push_back(entry->first());
    entry->second = std::move(result);
  }

  /// Those of a repeated field, packed or not.
  static std::vector<int64_t> readIntegers(Message &in) {
    if (in.type == WireFormatLite::WIRETYPE_VARINT)
      return {static_cast<int64_t>(in.number)};
    std::vector<int64_t> integers;
    CodedInputStream packed(reinterpret_cast<const uint8_t *>(in.value.data()),
                            static_cast<int>(in.value.size()));
    uint64_t integer = 0;
    while (packed.CurrentPosition() < static_cast<int>(in.value.size()) &&
           packed.ReadVarint64(&integer))
      integers.push_back(static_cast<int64_t>(integer));
    return integers;
  }

  /// Data in one piece have a place of their own; data in several pieces, or
  /// not packed, are the message as a whole.
  void readData(Message &in, StringRef tensor, Initializer &result,
                int &pieces) {
    bool isString = in.field == 6;
    bool isPiece =
        in.type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED && !isString;
    if (isPiece && in.value.empty())
      return;
    if (!isPiece || ++pieces > 1) {
      result.encoding = "proto";
      result.offset = tensor.data() - bytes.data();
      result.length = static_cast<int64_t>(tensor.size());
      return;
    }
    bool isVarint = in.field == 5 || in.field == 7 || in.field == 11;
    result.encoding = isVarint ? "varint" : "raw";
    result.offset = in.value.data() - bytes.data();
    result.length = static_cast<int64_t>(in.value.size());
  }

  void readEntry(StringRef entry, Initializer &result, bool &hasLength) {
    StringRef key, value;
    Message in(entry, isDamaged);
    while (in.next()) {
      if (in.field == 1)
        key = in.value;
      else if (in.field == 2)
        value = in.value;
    }
    int64_t number = 0;
    bool isNumber = !value.getAsInteger(10, number);
    if (key == "location")
      result.file = value.str();
    else if (key == "offset" && isNumber)
      result.offset = number;
    else if (key == "length" && isNumber) {
      result.length = number;
      hasLength = true;
    }
  }

  /// From the outputs back; a node is done when all that it reads is.
  void findReachable() {
    enum State : char { kNew, kOpen, kDone };
    std::vector<State> states(nodes.size(), kNew);
    std::vector<std::pair<size_t, size_t>> open; // node, next input
    auto want = [&](StringRef value) {
      model.reachable.insert(value);
      auto found = producer.find(value);
      if (found == producer.end() || states[found->second] != kNew)
        return;
      states[found->second] = kOpen;
      open.emplace_back(found->second, 0);
    };
    for (const std::string &output : model.outputs) {
      want(output);
      while (!open.empty()) {
        auto &[number, next] = open.back();
        const Node &node = nodes[number];
        if (next < node.inputs.size()) {
          StringRef input = node.inputs[next++];
          if (!input.empty())
            want(input);
          continue;
        }
        states[number] = kDone;
        model.nodes.push_back(std::move(nodes[number]));
        open.pop_back();
      }
    }
  }

  StringRef bytes, name;
  Model &model;
  bool isDamaged = false;
  std::vector<Node> nodes;
  llvm::StringMap<size_t, llvm::BumpPtrAllocator> producer;
};

} // namespace

void ModelDeleter::operator()(Model *model) const { delete model; }

ModelPtr inlay::checker::readModel(StringRef path, StringRef digestOf,
                                   std::string &error) {
  auto open = [&](StringRef file) {
    auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
    if (!buffer)
      error = fmt::format("{}: cannot be read: {}", file.str(),
                          buffer.getError().message());
    return buffer;
  };
  auto named = open(digestOf);
  if (!named)
    return nullptr;
  ModelPtr model(new Model);
  model->fileName = llvm::sys::path::filename(digestOf).str();
  model->fileSha256 = sha256((*named)->getBuffer());
  auto buffer = open(path);
  if (!buffer)
    return nullptr;
  StringRef bytes = (*buffer)->getBuffer();
  if (bytes.size() > INT32_MAX ||
      !FileReader(bytes, llvm::sys::path::filename(path), *model).run()) {
    error = fmt::format("{}: is no ONNX model", path.str());
    return nullptr;
  }
  model->bytes = std::move(*buffer);
  return model;
}

std::optional<std::vector<int64_t>>
Model::integersOf(llvm::StringRef name) const {
  constexpr int64_t kMost = 1024;
  auto found = initializers.find(name);
  if (found == initializers.end() || !bytes)
    return std::nullopt;
  const Initializer &tensor = found->second;
  StringRef all = bytes->getBuffer();
  StringRef own = llvm::sys::path::filename(bytes->getBufferIdentifier());
  if (tensor.bits != 64 || tensor.encoding != "raw" || tensor.file != own ||
      tensor.offset < 0 || tensor.elements < 0 || tensor.elements > kMost ||
      tensor.length != 8 * tensor.elements ||
      plus(tensor.offset, tensor.length) > static_cast<int64_t>(all.size()))
    return std::nullopt;
  std::vector<int64_t> integers(static_cast<size_t>(tensor.elements));
  std::memcpy(integers.data(), all.data() + tensor.offset,
              static_cast<size_t>(tensor.length));
  return integers;
}
