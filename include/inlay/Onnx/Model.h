//===- Model.h - An ONNX model as plain structs --------------- -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an .onnx file says, decoded but not interpreted. Strings and data are
// views into the file's buffer; no weight is copied, and every tensor knows
// where in which file its bytes are.
//
// The structs follow ONNX's protobuf messages. They also have the fields that
// came after ONNX 1.12 (overloads, defaults of function attributes), which the
// message classes of Debian's packages do not know.
//
// A model that `readModel` returns is sound: names resolve, no value is
// produced twice, no graph has a cycle, and each tensor's data are as long as
// its dims say. Consumers need no further checks of that kind.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_ONNX_MODEL_H
#define INLAY_ONNX_MODEL_H

#include "inlay/Onnx/DataType.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace inlay {
class Diagnostics;
}

namespace inlay::onnx::file {

/// How the bytes of a tensor hold its elements.
enum class Storage {
  None,     ///< No data: a tensor without elements.
  External, ///< Raw bytes of another file.
  Raw,      ///< Raw bytes inside the model (`raw_data`, packed floats).
  Varint,   ///< One packed list of varints inside the model.
  Message,  ///< Anything else: the serialised TensorProto itself.
};

struct Tensor {
  llvm::StringRef name;
  llvm::SmallVector<int64_t, 4> dims;
  int32_t dataType = 0;
  Storage storage = Storage::None;
  /// Where the bytes are, in the external file or in the model's own.
  uint64_t offset = 0;
  uint64_t length = 0;
  /// External files only: the path, relative to the model's folder, and
  /// whether `length` is what the file says rather than what the dims need.
  llvm::StringRef location;
  bool hasLength = false;
  /// Data in one piece inside the model (Raw, Varint).
  llvm::StringRef data;
  /// The serialised TensorProto.
  llvm::StringRef message;
  /// Number in the model of the initializer.
  uint32_t value = 0;

  DataType type() const { return static_cast<DataType>(dataType); }
  /// Product of the dims, or none on overflow or a negative dim.
  std::optional<int64_t> numElements() const;
  /// Bytes that the elements take as raw data; none on overflow.
  std::optional<uint64_t> numBytes() const;
};

struct Dim {
  /// Size, or -1 where it is not static.
  int64_t size = -1;
  /// Name or expression of a dim that is not static; may be empty.
  llvm::StringRef symbol;
};

/// A TypeProto.
struct Type {
  enum class Kind { None, Tensor, Sequence, Map, Optional, SparseTensor };
  Kind kind = Kind::None;
  /// Element type of a tensor, key type of a map.
  int32_t dataType = 0;
  /// Without a shape the rank of a tensor is unknown.
  bool hasShape = false;
  std::vector<Dim> dims;
  /// Element of a sequence or optional, value of a map.
  std::unique_ptr<Type> inner;
};

struct ValueInfo {
  llvm::StringRef name;
  Type type;
};

/// AttributeProto.AttributeType.
enum class AttributeKind : int32_t {
  Undefined = 0,
  Float = 1,
  Int = 2,
  String = 3,
  Tensor = 4,
  Graph = 5,
  Floats = 6,
  Ints = 7,
  Strings = 8,
  Tensors = 9,
  Graphs = 10,
  SparseTensor = 11,
  SparseTensors = 12,
  TypeProto = 13,
  TypeProtos = 14,
};

struct Graph;

/// The values of an attribute that is not a single number or string.
struct AttributeLists {
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<llvm::StringRef> strings;
  /// The one tensor, graph or type of a scalar attribute is the first.
  std::vector<Tensor> tensors;
  std::vector<Graph> graphs;
  std::vector<Type> types;
};

struct Attribute {
  llvm::StringRef name;
  /// The attribute of the enclosing function that this one stands for.
  llvm::StringRef refName;
  AttributeKind kind = AttributeKind::Undefined;
  float f = 0;
  int64_t i = 0;
  llvm::StringRef s;
  std::unique_ptr<AttributeLists> lists;

  llvm::ArrayRef<Graph> graphs() const;
};

struct Node {
  Node() = default;
  Node(Node &&) noexcept = default;
  Node &operator=(Node &&) noexcept = default;

  llvm::StringRef name;
  llvm::StringRef opType;
  /// The default domain is empty, also where the file says "ai.onnx".
  llvm::StringRef domain;
  llvm::StringRef overload;
  /// Empty strings are inputs and outputs that the node does not have. Most
  /// nodes have no more than fit in place.
  llvm::SmallVector<llvm::StringRef, 3> inputs;
  llvm::SmallVector<llvm::StringRef, 1> outputs;
  std::vector<Attribute> attributes;
  /// Where in the graph's `reads` its inputs start, empty ones left out.
  uint32_t firstRead = 0;
  /// Number in the model of its first output; the others follow, empty ones
  /// left out.
  uint32_t firstResult = 0;

  /// Other nodes of the graph go by its name as well.
  bool isNamesake = false;

  /// The node's name where it has one of its own, else its first output's, else
  /// what it has: its name, or its operator's.
  llvm::StringRef label() const;
};

struct Graph {
  llvm::StringRef name;
  std::vector<Node> nodes;
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  std::vector<ValueInfo> values;
  std::vector<llvm::StringRef> sparseInitializers;
  /// Nodes so that each comes after those it reads from; the order of the
  /// file where that is such an order.
  std::vector<uint32_t> order;

  /// All values of a sound model are numbered, so that none needs to be looked
  /// up by its name again. Those of a graph are one range, inputs first; what
  /// its nodes read and what it gives may also be of a graph around it.
  uint32_t firstValue = 0;
  uint32_t numValues = 0;
  std::vector<uint32_t> reads;
  std::vector<uint32_t> results;
};

struct Opset {
  /// The default domain is empty.
  llvm::StringRef domain;
  int64_t version = 0;
};

struct Function {
  llvm::StringRef name;
  llvm::StringRef domain;
  llvm::StringRef overload;
  std::vector<llvm::StringRef> attributes;
  std::vector<Attribute> defaults;
  std::vector<Opset> opsets;
  /// Its inputs and outputs have no types.
  Graph body;
};

struct Model {
  /// Name of the file without its folder.
  std::string fileName;
  /// Where external data lie, if that is known.
  std::optional<std::string> folder;
  /// Keeps the views alive where the library opened the file itself.
  std::unique_ptr<llvm::MemoryBuffer> buffer;
  int64_t irVersion = 0;
  llvm::StringRef producerName;
  llvm::StringRef producerVersion;
  bool hasGraph = false;
  bool hasTrainingInfo = false;
  std::vector<Opset> opsets;
  Graph graph;
  std::vector<Function> functions;
  uint32_t numValues = 0;
};

/// Oldest and newest versions of the format that are read.
inline constexpr int64_t kMinIRVersion = 3;
inline constexpr int64_t kMaxIRVersion = 14;
/// The most that protobuf lets one message hold.
inline constexpr uint64_t kMaxFileBytes = (uint64_t(1) << 31) - 1;
/// Subgraphs inside subgraphs, types inside types.
inline constexpr unsigned kMaxNesting = 64;
/// Findings that are reported one by one.
inline constexpr unsigned kMaxFindings = 20;

/// Reads and checks the model at `path`. External data files are not opened;
/// where they are present their size is checked. Reports every finding, up to
/// kMaxFindings, and returns none if one of them is an error.
std::optional<Model> readModel(llvm::StringRef path, Diagnostics &diags);

/// The same on a buffer that the caller keeps alive. `folder` is where external
/// data lie; without it their presence and size are not checked.
std::optional<Model> parseModel(llvm::MemoryBufferRef buffer,
                                std::optional<llvm::StringRef> folder,
                                Diagnostics &diags);

/// The elements of a tensor whose data are inside the model, as bit patterns of
/// the element's width, in row-major order. False where there are none to read
/// (external data, strings, complex numbers).
bool readElements(const Tensor &tensor, llvm::SmallVectorImpl<uint64_t> &bits);

/// The raw bytes of a tensor whose data are one piece: in the model, or in an
/// external file that is there. None otherwise.
std::optional<std::string> readBytes(const Model &model, const Tensor &tensor);

/// The elements of a tensor of strings.
bool readStrings(const Tensor &tensor,
                 llvm::SmallVectorImpl<llvm::StringRef> &strings);

} // namespace inlay::onnx::file

#endif // INLAY_ONNX_MODEL_H
