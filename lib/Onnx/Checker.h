//===- Checker.h - What a sound ONNX model must be ------------ -*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Looks at a decoded model as a whole: names, scopes, order of nodes, tensors
// and where their bytes lie. Reports all findings and computes the order of
// each graph's nodes. Linear in the size of the model (n log n where a file's
// nodes are out of order).
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_ONNX_CHECKER_H
#define INLAY_LIB_ONNX_CHECKER_H

#include "Findings.h"
#include "NameTable.h"
#include "SafetensorsIndex.h"

#include "inlay/Onnx/Model.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace inlay::onnx::file {

/// Says what a finding is about; called only when there is one, because a model
/// may have half a million nodes.
using Subject = llvm::function_ref<std::string()>;

/// Checks tensors: element type, dims, length of the data, external files.
class TensorChecker {
public:
  /// `folder` is where external files lie; `fileBytes` the model's own size.
  TensorChecker(std::optional<llvm::StringRef> folder, Findings &findings);

  void check(Subject subject, const Tensor &tensor);

private:
  struct ExternalFile {
    bool usable = false;
    bool present = false;
    uint64_t bytes = 0;
    /// Of a .safetensors file.
    std::optional<SafetensorsIndex> index;
  };

  void checkExternal(Subject subject, const Tensor &tensor, uint64_t needed);
  void checkInline(Subject subject, const Tensor &tensor, uint64_t needed);
  const ExternalFile &lookupFile(Subject subject, llvm::StringRef location);
  ExternalFile examineFile(Subject subject, llvm::StringRef location);
  void readIndex(Subject subject, llvm::StringRef location,
                 const std::string &path, ExternalFile &file);

  std::optional<std::string> folder;
  Findings &findings;
  llvm::StringMap<ExternalFile> files;
};

class Checker {
public:
  Checker(std::optional<llvm::StringRef> folder, Findings &findings)
      : findings(findings), tensors(folder, findings) {}

  void check(Model &model);

private:
  /// The values that a graph defines, inside those of the graphs around it.
  struct Scope {
    NameTable names;
    /// By the number of a name: the index of the node that produces the value,
    /// or -1 for the graph's inputs and initializers.
    std::vector<int32_t> producers;
    /// Number in the model of the first value of this graph.
    uint32_t firstValue = 0;
    /// Number of a name: the first result of the node that is looked at.
    uint32_t nextResult = 0;
    Scope *parent = nullptr;
    /// " in 'then_branch' of node 'x'", for messages.
    std::string place;
    /// Values of outer scopes that this graph reads.
    std::vector<llvm::StringRef> captures;
    /// (producer, consumer) pairs of this graph's nodes.
    std::vector<std::pair<uint32_t, uint32_t>> edges;
    /// Opsets of the function or model.
    llvm::ArrayRef<Opset> opsets;
  };

  void checkVersions(const Model &model);
  void checkOpsets(Subject subject, llvm::ArrayRef<Opset> opsets);
  void checkFunctions(Model &model);
  void checkGraph(Graph &graph, Scope &scope, bool isFunction);
  void defineValues(Graph &graph, Scope &scope);
  bool define(Scope &scope, llvm::StringRef name, int32_t producer);
  void defineNamed(Scope &scope, llvm::StringRef name, Subject subject);
  void checkTypes(const Graph &graph, const Scope &scope);
  void checkType(Subject subject, const Type &type);
  void checkNode(const Node &node, const Scope &scope, bool isFunction);
  bool checkSignature(Subject subject, const Node &node);
  bool checkNames(const Node &node);
  void reportUnknownNames();
  void checkAttribute(Subject subject, const Attribute &attribute,
                      bool isFunction);
  bool checkKind(Subject subject, const Node &node, const Attribute &attribute);
  void connectNode(Node &node, uint32_t index, Scope &scope, Graph &graph,
                   bool isFunction);
  uint32_t use(llvm::StringRef name, uint32_t consumer, Scope &scope,
               Subject subject);
  void checkOutputs(Graph &graph, Scope &scope);
  static void findNamesakes(Graph &graph);
  void sortNodes(Graph &graph, const Scope &scope);
  void reportCycle(const Graph &graph, const Scope &scope,
                   llvm::ArrayRef<uint32_t> waiting);

  Findings &findings;
  TensorChecker tensors;
  uint32_t numValues = 0;
  /// What nodes have of attributes that their operators have not.
  struct UnknownName {
    std::string op;
    llvm::StringRef attribute;
    /// The first node, and how many there are.
    std::string first;
    int64_t count = 0;
  };
  std::vector<UnknownName> unknownNames;
  /// The last node of whose attributes' names and kinds nothing was to be said:
  /// those of its operator that follow it mostly have the same.
  const Node *lastSound = nullptr;
};

/// The type that attribute `name` has in the operators of `domain`; nothing
/// where it is not known, or differs from one to the next.
std::optional<AttributeKind> getAttributeKind(llvm::StringRef domain,
                                              llvm::StringRef name);
/// The names of the attributes of an operator ("Gemm", "com.microsoft::MoE"),
/// with blanks between; nothing where the operator is not known.
std::optional<llvm::StringRef> getAttributeNames(llvm::StringRef op);
/// "a list of integers"
llvm::StringRef formatKind(AttributeKind kind);

/// "node '/layers.0/moe' (com.microsoft::QMoE)"
std::string describe(const Node &node);

} // namespace inlay::onnx::file

#endif // INLAY_LIB_ONNX_CHECKER_H
