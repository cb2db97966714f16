//===- Namesakes.cpp - Nodes of an ONNX graph that share a name -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checker.h"

#include "llvm/ADT/StringSet.h"

using namespace inlay::onnx::file;

/// What several nodes are called tells none of them apart: each goes by its
/// first output.
void Checker::findNamesakes(Graph &graph) {
  NameTable labels;
  labels.reserve(graph.nodes.size());
  llvm::StringSet<> shared;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (i + NameTable::kAhead < graph.nodes.size())
      labels.prefetch(graph.nodes[i + NameTable::kAhead].label());
    if (!labels.add(graph.nodes[i].label()))
      shared.insert(graph.nodes[i].label());
  }
  if (shared.empty())
    return;
  for (Node &node : graph.nodes)
    node.isNamesake = shared.contains(node.label());
}
