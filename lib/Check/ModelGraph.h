//===- ModelGraph.h - The values of a model, by number ----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_MODELGRAPH_H
#define INLAY_LIB_CHECK_MODELGRAPH_H

#include "OnnxFile.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"

#include <optional>

namespace inlay::checker {

/// Values and nodes of a model with numbers, and which values are the same.
class ModelGraph {
public:
  explicit ModelGraph(const Model &model);

  /// The node that a plan means by `label`: one of that name, or whose first
  /// output it is; the node around it where it is within a subgraph, or within
  /// a function, whose call's name stands before it with "/".
  std::optional<int> nodeOf(llvm::StringRef label) const;
  /// The same, with ":3" behind it for output 3.
  struct Output {
    int node = 0;
    int64_t number = 0;
  };
  std::optional<Output> outputOf(llvm::StringRef label) const;
  std::optional<int> valueOf(llvm::StringRef name) const;

  const Node &node(int number) const { return model.nodes[number]; }
  const std::string &name(int value) const { return names[value]; }
  llvm::ArrayRef<int> inputs(int node) const { return nodeInputs[node]; }
  llvm::ArrayRef<int> outputs(int node) const { return nodeOutputs[node]; }
  /// -1 where the node does not have it.
  int output(const Output &output) const;
  int producer(int value) const { return producers[value]; } ///< or -1
  bool isInitializer(int value) const { return initializers[value]; }
  size_t numValues() const { return names.size(); }

  /// Equal for values that have the same elements, maybe in another shape or a
  /// part of them: what a node reshapes, takes a slice of or converts, and what
  /// two nodes of one kind make of the same.
  uint64_t identity(int value) const { return identities[value]; }

private:
  int number(const std::string &name);
  void identify(int node);

  const Model &model;
  llvm::StringMap<int> values, labels;
  std::vector<std::string> names;
  std::vector<std::vector<int>> nodeInputs, nodeOutputs;
  std::vector<int> producers;
  std::vector<bool> initializers;
  std::vector<uint64_t> identities;
};

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_MODELGRAPH_H
