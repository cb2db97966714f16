//===- NodeNames.h - What the nodes of a graph are called -------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model with every expert written out has hundreds of thousands of nodes, and
// most of their names are never read: a diagnostic needs one, a plan those of
// the few ops that remain. Attributes of the context they would each be hashed,
// copied and looked up, in tables that no cache holds. Here they stand behind
// one another in the order of the nodes; locations hold their numbers.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_ONNX_IR_NODENAMES_H
#define INLAY_DIALECTS_ONNX_IR_NODENAMES_H

#include "mlir/IR/Location.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace inlay::onnx {

namespace detail {
struct NodeLocAttrStorage;
} // namespace detail

/// The names of one graph's nodes. The dialect keeps it as long as the context
/// lives, for the locations that point at it.
class NodeNames {
public:
  /// `graphLoc` is where the graph is. Room is made for names that have
  /// `numBytes` together.
  NodeNames(mlir::Location graphLoc, size_t numNames, size_t numBytes)
      : graphLoc(graphLoc) {
    ends.reserve(numNames);
    text.reserve(numBytes);
  }

  void add(llvm::StringRef name) {
    text += name;
    ends.push_back(text.size());
  }
  uint32_t size() const { return static_cast<uint32_t>(ends.size()); }
  llvm::StringRef operator[](uint32_t index) const {
    size_t begin = index == 0 ? 0 : ends[index - 1];
    return llvm::StringRef(text).slice(begin, ends[index]);
  }
  mlir::Location getGraphLoc() const { return graphLoc; }

  /// How many names the tables before this one have: with it the names of a
  /// context are numbered through.
  uint32_t firstNumber = 0;

private:
  mlir::Location graphLoc;
  std::string text;
  /// Where each name ends.
  std::vector<size_t> ends;
};

} // namespace inlay::onnx

#endif // INLAY_DIALECTS_ONNX_IR_NODENAMES_H
