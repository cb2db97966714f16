//===- Namesakes.cpp - Nodes of an ONNX graph that share a name -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checker.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

using namespace inlay::onnx::file;

/// Nodes that may share their label with another one: nearly none. A table of
/// all labels is larger than the caches of a processor where every expert has
/// nodes of its own; a bit for each hash is not.
static std::vector<uint32_t> findDoubtful(llvm::ArrayRef<Node> nodes) {
  // One of 16 to 32 bits is taken in the end, so that few fall on another.
  uint32_t size = llvm::PowerOf2Ceil(16 * nodes.size() + 1);
  std::vector<uint32_t> hashes;
  hashes.reserve(nodes.size());
  llvm::BitVector taken(size), shared(size);
  for (const Node &node : nodes) {
    uint32_t hash = llvm::xxh3_64bits(node.label()) & (size - 1);
    hashes.push_back(hash);
    (taken.test(hash) ? shared : taken).set(hash);
  }
  std::vector<uint32_t> doubtful;
  for (auto [index, hash] : llvm::enumerate(hashes))
    if (shared.test(hash))
      doubtful.push_back(index);
  return doubtful;
}

/// What several nodes are called tells none of them apart: each goes by its
/// first output.
void Checker::findNamesakes(Graph &graph) {
  std::vector<uint32_t> doubtful = findDoubtful(graph.nodes);
  llvm::StringMap<unsigned> counts;
  for (uint32_t index : doubtful)
    ++counts[graph.nodes[index].label()];
  // Told by names as they were: a mark changes a label.
  std::vector<uint32_t> namesakes;
  for (uint32_t index : doubtful)
    if (counts.lookup(graph.nodes[index].label()) > 1)
      namesakes.push_back(index);
  for (uint32_t index : namesakes)
    graph.nodes[index].isNamesake = true;
}
