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
#include "llvm/Support/Allocator.h"

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
  std::optional<std::vector<int64_t>> integersOf(llvm::StringRef value) const {
    return model.integersOf(value);
  }
  std::string name(int value) const { return names[value].str(); }
  llvm::ArrayRef<int> inputs(int node) const { return nodeInputs.of(node); }
  llvm::ArrayRef<int> outputs(int node) const { return nodeOutputs.of(node); }
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
  int number(llvm::StringRef name);
  void identify(int node);

  /// Values of each node, those of all nodes one behind the other.
  struct Lists {
    std::vector<int> all;
    std::vector<size_t> ends;

    llvm::ArrayRef<int> of(int node) const {
      size_t begin = node == 0 ? 0 : ends[node - 1];
      return llvm::ArrayRef(all).slice(begin, ends[node] - begin);
    }
  };

  const Model &model;
  llvm::StringMap<int, llvm::BumpPtrAllocator> values, labels;
  std::vector<llvm::StringRef> names; ///< keys of `values`
  Lists nodeInputs, nodeOutputs;
  std::vector<int> producers;
  std::vector<bool> initializers;
  std::vector<uint64_t> identities;
};

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_MODELGRAPH_H
