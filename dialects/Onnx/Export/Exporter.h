//===- Exporter.h - Builds an ONNX model from a module ----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_EXPORT_EXPORTER_H
#define INLAY_DIALECTS_ONNX_EXPORT_EXPORTER_H

#include "ExportOnnx.h"

#include "dialects/Onnx/IR/Onnx.h"
#include "inlay/Onnx/Model.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/StringSaver.h"

namespace inlay::onnx {

/// The ONNX type of a value; false where there is none (`!inlay_onnx.unknown`).
bool exportType(mlir::Type type, llvm::StringSaver &saver, file::Type &result);

/// Builds one model. Strings and bytes of the structs live as long as it.
class Exporter {
public:
  Exporter(mlir::ModuleOp module, std::optional<llvm::StringRef> weightsFolder)
      : module(module), folder(weightsFolder), saver(arena) {}

  mlir::FailureOr<std::string> run();

private:
  // ExportTensors.cpp
  llvm::LogicalResult exportValue(mlir::Operation *op, mlir::Attribute value,
                                  file::Tensor &tensor);
  llvm::LogicalResult exportWeight(mlir::Operation *op, WeightAttr weight,
                                   mlir::RankedTensorType type, bool mayRefer,
                                   file::Tensor &tensor);
  mlir::FailureOr<llvm::StringRef> readBytes(mlir::Operation *op,
                                             WeightAttr weight);
  /// Fails on `op` where a file of that size is none that protobuf reads.
  llvm::LogicalResult checkSize(mlir::Operation *op, uint64_t bytes);

  // ExportAttributes.cpp
  llvm::LogicalResult exportAttributes(NodeOp op, file::Node &node);
  llvm::LogicalResult exportAttribute(mlir::Operation *op,
                                      mlir::NamedAttribute from, bool mayRefer,
                                      file::Attribute &to);
  llvm::LogicalResult exportList(mlir::Operation *op, mlir::ArrayAttr array,
                                 file::Attribute &to);
  std::vector<file::Opset> exportOpsets(mlir::DictionaryAttr opsets);

  // ExportGraph.cpp
  llvm::LogicalResult exportMainGraph(GraphOp op, file::Model &model);
  llvm::LogicalResult exportInitializers(GraphOp op, file::Graph &graph);
  llvm::LogicalResult exportFunction(FunctionOp op, file::Function &function);
  llvm::LogicalResult exportBody(mlir::Block &block, file::Graph &graph);
  llvm::LogicalResult exportNode(NodeOp op, file::Graph &graph);
  llvm::LogicalResult exportConstant(ConstantOp op, file::Graph &graph);
  llvm::LogicalResult exportSubgraphs(NodeOp op, file::Node &node);
  void exportInputs(mlir::Block &block, file::Graph &graph);
  void exportOutputs(mlir::Block &block, llvm::ArrayRef<llvm::StringRef> names,
                     file::Graph &graph);

  void nameOutputs(mlir::Block &block, llvm::ArrayRef<llvm::StringRef> names);
  llvm::StringRef makeName(llvm::StringRef wanted);
  llvm::StringRef nameOf(mlir::Value value);
  file::ValueInfo describe(mlir::Value value, llvm::StringRef name);

  mlir::ModuleOp module;
  std::optional<llvm::StringRef> folder;
  llvm::BumpPtrAllocator arena;
  llvm::StringSaver saver;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> files;
  /// Bytes of weights that are inside the file.
  uint64_t copiedBytes = 0;
  /// Names of values in the main graph with its subgraphs, or in a function.
  llvm::StringSet<> usedNames;
  llvm::StringSet<> usedNodeNames;
  llvm::DenseMap<mlir::Value, llvm::StringRef> names;
};

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_EXPORT_EXPORTER_H
