//===- ModelWriter.h - Writing ONNX models ----------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds the protobuf of an ONNX model, field by field and in one pass: nodes,
// initializers, inputs and outputs may come in any order, and the file has them
// in ONNX's usual one. The same calls give the same bytes.
//
// The writer knows ONNX's messages, not its operators: nothing is checked
// against a schema. `readModel` checks what came out.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_ONNX_MODELWRITER_H
#define INLAY_ONNX_MODELWRITER_H

#include "inlay/Onnx/DataType.h"
#include "inlay/Onnx/WireWriter.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace inlay::onnx::file {

/// A tensor to write, with its data or with the place where they are.
struct TensorRecord {
  llvm::StringRef name;
  DataType type = DataType::Float;
  llvm::ArrayRef<int64_t> dims;
  /// Little-endian elements in row-major order, two 4-bit ones to a byte.
  llvm::StringRef rawData;
  /// Where the data are in another file, relative to the model's folder; empty
  /// for a tensor that has its data inside.
  llvm::StringRef location;
  uint64_t offset = 0;
  uint64_t length = 0;
};

/// A named attribute of a node. Views its value, which must outlive the call.
struct NodeAttribute {
  using Value =
      std::variant<int64_t, float, llvm::StringRef, llvm::ArrayRef<int64_t>,
                   llvm::ArrayRef<float>, const TensorRecord *>;

  NodeAttribute(llvm::StringRef name, int64_t value)
      : name(name), value(value) {}
  NodeAttribute(llvm::StringRef name, int value)
      : name(name), value(int64_t(value)) {}
  NodeAttribute(llvm::StringRef name, bool value)
      : name(name), value(int64_t(value)) {}
  NodeAttribute(llvm::StringRef name, double value)
      : name(name), value(static_cast<float>(value)) {}
  NodeAttribute(llvm::StringRef name, const char *value)
      : name(name), value(llvm::StringRef(value)) {}
  NodeAttribute(llvm::StringRef name, llvm::StringRef value)
      : name(name), value(value) {}
  NodeAttribute(llvm::StringRef name, llvm::ArrayRef<int64_t> value)
      : name(name), value(value) {}
  NodeAttribute(llvm::StringRef name, llvm::ArrayRef<float> value)
      : name(name), value(value) {}
  NodeAttribute(llvm::StringRef name, const TensorRecord &value)
      : name(name), value(&value) {}

  llvm::StringRef name;
  Value value;
};

/// A node to write. Empty names are inputs and outputs that it does not have.
struct NodeRecord {
  llvm::StringRef opType;
  llvm::StringRef name;
  llvm::ArrayRef<std::string> inputs;
  llvm::ArrayRef<std::string> outputs;
  llvm::ArrayRef<NodeAttribute> attributes;
  llvm::StringRef domain;
};

/// One dim of a graph's input or output: a size, or a name where that is not
/// empty.
struct DimRecord {
  DimRecord(int64_t size) : size(size) {}
  DimRecord(llvm::StringRef symbol) : symbol(symbol) {}
  DimRecord(const char *symbol) : symbol(symbol) {}

  int64_t size = 0;
  llvm::StringRef symbol;
};

struct OpsetRecord {
  llvm::StringRef domain;
  int64_t version = 0;
};

/// A whole model.
class ModelWriter {
public:
  void addNode(const NodeRecord &node);
  void addInitializer(const TensorRecord &tensor);
  void addInput(llvm::StringRef name, DataType type,
                llvm::ArrayRef<DimRecord> dims);
  void addOutput(llvm::StringRef name, DataType type,
                 llvm::ArrayRef<DimRecord> dims);

  size_t numNodes() const { return nodeCount; }
  size_t numInitializers() const { return initializerCount; }

  /// The serialised ModelProto; the writer is empty afterwards. More than
  /// `kMaxFileBytes` is more than a reader takes: the caller checks.
  std::string finish(llvm::StringRef graphName, llvm::StringRef producer,
                     llvm::StringRef producerVersion, int64_t irVersion,
                     llvm::ArrayRef<OpsetRecord> opsets);

private:
  WireWriter nodes;
  WireWriter initializers;
  WireWriter inputs;
  WireWriter outputs;
  size_t nodeCount = 0;
  size_t initializerCount = 0;
};

} // namespace inlay::onnx::file

#endif // INLAY_ONNX_MODELWRITER_H
