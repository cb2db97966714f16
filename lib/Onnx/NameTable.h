//===- NameTable.h - The values of a graph by name ------------- -*- C++
//-*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Numbers the names of a graph's values in the order in which they are added.
// A model with every expert written out has half a million of them, and each
// access to a table of that size waits for memory: an entry is eight bytes, a
// name is compared only where its hash agrees, and names that are read in the
// order of their numbers, as exporters write weights, are found without it.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_ONNX_NAMETABLE_H
#define INLAY_LIB_ONNX_NAMETABLE_H

#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace inlay::onnx::file {

class NameTable {
public:
  /// Makes room for as many names in all.
  void reserve(size_t numNames);
  /// Starts to fetch what `add` of `name` will look at. Whoever adds many names
  /// asks for those that come kAhead later, and does not wait for memory.
  void prefetch(llvm::StringRef name) const;
  static constexpr size_t kAhead = 8;
  /// Gives `name` the next number; false, and none is given, where it has one.
  bool add(llvm::StringRef name);
  /// Those added so far are the weights, those to come the nodes' results.
  void startResults() { firstResult = names.size(); }
  /// The number of `name`. Looks first at what stands behind the weight and the
  /// result that it found last, and at the kNear before number `next`: those
  /// that nodes before the one that reads have just made.
  std::optional<uint32_t> find(llvm::StringRef name, uint32_t next = 0);
  static constexpr uint32_t kNear = 4;
  size_t size() const { return names.size(); }

private:
  /// `number` counts from 1; 0 is an empty entry.
  struct Entry {
    uint32_t hash = 0;
    uint32_t number = 0;
  };

  Entry &lookup(llvm::StringRef name, uint32_t hash);
  void grow(size_t numEntries);

  std::vector<llvm::StringRef> names;
  /// A power of two, at most half full.
  std::vector<Entry> entries;
  uint32_t firstResult = 0;
  uint32_t nextWeight = 0, nextResult = 0;
};

} // namespace inlay::onnx::file

#endif // INLAY_LIB_ONNX_NAMETABLE_H
