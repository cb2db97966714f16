//===- GraphBuilder.h - Nodes with the names that exporters give --*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thin layer over the ONNX writer: a value is its name, a node's first output
// is named after the node, and equal shape constants are one `Constant` node.
// Names follow ONNX Runtime GenAI's builder.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_MODELGEN_GRAPHBUILDER_H
#define INLAY_LIB_MODELGEN_GRAPHBUILDER_H

#include "inlay/Onnx/ModelWriter.h"

#include "llvm/ADT/StringSet.h"

#include <string>
#include <vector>

namespace inlay::modelgen {

/// The name of a value; empty for an input that a node does not have.
using Value = std::string;
using onnx::file::DataType;
using onnx::file::DimRecord;
using Attrs = llvm::ArrayRef<onnx::file::NodeAttribute>;
using Values = llvm::ArrayRef<Value>;

/// Domain of ONNX Runtime's own operators.
inline constexpr llvm::StringLiteral kContrib = "com.microsoft";

class GraphBuilder {
public:
  /// A node with one output, "<name>/output_0".
  Value node(llvm::StringRef opType, const std::string &name, Values inputs,
             Attrs attributes = {}, llvm::StringRef domain = "");
  /// A node whose outputs have names of their own.
  void nodeTo(Values outputs, llvm::StringRef opType, const std::string &name,
              Values inputs, Attrs attributes = {},
              llvm::StringRef domain = "");

  /// A 1-D int64 constant, and one of rank 0.
  Value list(llvm::ArrayRef<int64_t> numbers);
  Value scalar(int64_t number);
  /// A float constant of rank 0, rounded to `type`.
  Value real(double number, DataType type);

  /// 0 for each of the first `block` rows, 1 for each of the next, ...: int64
  /// [rows].
  Value rowBlocks(int64_t rows, int64_t block);

  /// The file must be of at least this version of the default domain.
  void requireOpset(int64_t version) { opset = std::max(opset, version); }

  onnx::file::ModelWriter &writer() { return model; }
  /// The serialised model.
  std::string finish();

private:
  Value constant(llvm::StringRef typeName, const std::string &text,
                 DataType type, llvm::ArrayRef<int64_t> dims,
                 llvm::StringRef bytes);

  onnx::file::ModelWriter model;
  llvm::StringSet<> constants;
  llvm::StringSet<> blockLists;
  int64_t opset = 22;
};

/// The bytes of `number` in a float type, little-endian.
void appendFloat(std::string &bytes, double number, DataType type);
/// `number` rounded to bf16.
float roundToBFloat16(float number);

} // namespace inlay::modelgen

#endif // INLAY_LIB_MODELGEN_GRAPHBUILDER_H
