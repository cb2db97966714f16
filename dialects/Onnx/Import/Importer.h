//===- Importer.h - Builds the IR of an ONNX model ------------ -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef INLAY_DIALECTS_ONNX_IMPORT_IMPORTER_H
#define INLAY_DIALECTS_ONNX_IMPORT_IMPORTER_H

#include "dialects/Onnx/IR/Onnx.h"
#include "inlay/Onnx/Model.h"

#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

#include <set>
#include <vector>

namespace inlay::onnx {

/// Imports one model that `file::readModel` has checked. Every name resolves
/// and every length is right, so nothing here can fail.
class Importer {
public:
  Importer(const file::Model &model, mlir::MLIRContext *context);

  mlir::OwningOpRef<mlir::ModuleOp> run();

private:
  /// A value of the model, or an initializer that nothing has read so far.
  struct Known {
    mlir::Value value;
    const file::Tensor *tensor = nullptr;
    mlir::ml_program::GlobalOp global;
    mlir::FlatSymbolRefAttr symbol;
    /// What reads it makes of it a filling, not a weight.
    bool isFilling = false;
    /// It may be a mask, by its shape and what reads it.
    bool isMask = false;
    /// How often an initializer was moved to become this value, and which.
    uint8_t numMoves = 0;
    uint32_t movedFrom = 0;
  };

  /// A graph inside the graphs around it.
  struct Scope {
    explicit Scope(const file::Graph &graph) : graph(graph) {}

    const file::Graph &graph;
    llvm::DenseMap<llvm::StringRef, const file::Type *> types;
    Scope *parent = nullptr;
    mlir::Block *block = nullptr;
    /// Loads and constants of initializers stand before the nodes, in the order
    /// in which they are first used; this is the last of them.
    mlir::Operation *lastOfHeader = nullptr;
    mlir::Value none;
    const NodeNames *nodeNames = nullptr;
    /// Values of a function have no types.
    bool isFunction = false;
  };

  // ImportTypes.cpp
  mlir::Type importElementType(int32_t dataType);
  mlir::Type importType(const file::Type &type);
  mlir::RankedTensorType importTensorType(const file::Tensor &tensor);

  // ImportAttributes.cpp
  WeightAttr importWeight(const file::Tensor &tensor);
  /// The value of a tensor that is small, or of places or truths; of an
  /// initializer also where it is a filling or a mask; else null.
  mlir::DenseElementsAttr importKnownTensor(const file::Tensor &tensor);
  mlir::DenseElementsAttr importInitializer(const Known &initializer);
  mlir::DenseElementsAttr importNumber(const file::Tensor &tensor);
  /// Of a tensor in one piece; notes files that cannot be read.
  std::optional<std::string> readBytes(const file::Tensor &tensor);
  mlir::DenseElementsAttr importFilling(const file::Tensor &tensor);
  mlir::DenseElementsAttr importSmallTensor(const file::Tensor &tensor);
  mlir::DenseElementsAttr importPlaces(const file::Tensor &tensor);
  mlir::Attribute importTensor(const file::Tensor &tensor);
  mlir::Attribute importAttribute(const file::Attribute &attribute);
  mlir::Attribute importStrings(llvm::ArrayRef<llvm::StringRef> strings);
  mlir::DictionaryAttr importOpsets(llvm::ArrayRef<file::Opset> opsets);
  /// The value of a Constant node where it is small, else null.
  mlir::DenseElementsAttr importConstant(const file::Attribute &attribute);

  // ImportMasks.cpp
  void findMasks(const file::Graph &graph);
  /// Whether a tensor has `most` numbers at most and `left` bytes are enough
  /// for it; notes it if not.
  bool fits(const file::Tensor &tensor, int64_t most, uint64_t left);
  /// Whether a mask of these bytes may become a value.
  bool keepMask(const file::Tensor &tensor, llvm::StringRef bytes);
  /// The value of a tensor of two numbers, one of which hides; else null.
  mlir::DenseElementsAttr importMask(const file::Tensor &tensor);

  // ImportGraph.cpp
  void importMainGraph();
  void importFunction(const file::Function &function);
  void importInitializers(const file::Graph &graph);
  mlir::ml_program::GlobalOp createGlobal(const file::Tensor &tensor,
                                          mlir::StringAttr name,
                                          WeightAttr weight,
                                          mlir::Location loc);
  mlir::StringAttr makeSymbol(mlir::StringAttr name);
  mlir::StringAttr getWord(llvm::StringRef word);
  void collectTypes(Scope &scope);
  void importArguments(Scope &scope,
                       llvm::SmallVectorImpl<mlir::Attribute> &names);
  void importBody(Scope &scope);
  void findFillings(const file::Graph &graph);
  llvm::SmallVector<mlir::Value> importOutputs(Scope &scope);
  void importNode(const file::Node &node, mlir::Location loc, Scope &scope);
  bool importConstantNode(const file::Node &node, mlir::Location loc);
  void importSubgraph(const file::Graph &graph, mlir::Region &region,
                      Scope &parent);
  mlir::Value lookup(uint32_t number, Scope &scope);
  mlir::Value loadInitializer(const Known &initializer, Scope &scope);
  mlir::Value getNone(Scope &scope);
  mlir::Type getValueType(llvm::StringRef name, const Scope &scope);
  void nameNodes(Scope &scope);
  mlir::Location getLoc(mlir::StringAttr name);

  const file::Model &model;
  mlir::MLIRContext *context;
  mlir::OpBuilder builder;
  mlir::ModuleOp module;
  mlir::StringAttr fileName;
  /// Where things are: their name, in the file. A file of one message has no
  /// lines; 1 marks nodes, 0 all else.
  mlir::Location fileLoc;
  mlir::Location nodeLoc;
  /// Words that most nodes or tensors have: operators, domains, names of
  /// attributes and of files. There are few, and the context has hundreds of
  /// thousands of strings.
  llvm::DenseMap<llvm::StringRef, mlir::StringAttr> words;
  /// All globals stand before it.
  mlir::Operation *mainGraph = nullptr;
  llvm::DenseSet<mlir::StringAttr> symbols;
  llvm::SetVector<llvm::StringRef> unreadFiles;
  /// Bytes of places and fillings that may still become values.
  uint64_t placesLeft = 64 << 20;
  /// Bytes that may still be read in search of masks, and become values of
  /// them; equal masks are one.
  uint64_t maskReadsLeft = 1 << 30;
  uint64_t masksLeft = 256 << 20;
  /// By their hashes.
  std::set<uint64_t> keptMasks;
  /// Tensors that were left alone for want of these.
  llvm::SetVector<llvm::StringRef> skipped;
  /// By their numbers in the model.
  std::vector<Known> values;
};

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_IMPORT_IMPORTER_H
