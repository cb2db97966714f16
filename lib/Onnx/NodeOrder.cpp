//===- NodeOrder.cpp - The order of an ONNX graph's nodes -----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checker.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <numeric>
#include <queue>

using namespace inlay;
using namespace inlay::onnx::file;
using llvm::StringRef;

/// Each node after those it reads from; among the nodes that may come next, the
/// first of the file. Files are nearly always in such an order already.
void Checker::sortNodes(Graph &graph, const Scope &scope) {
  uint32_t numNodes = graph.nodes.size();
  bool inOrder = llvm::all_of(
      scope.edges, [](auto edge) { return edge.first < edge.second; });
  if (inOrder) {
    graph.order.resize(numNodes);
    std::iota(graph.order.begin(), graph.order.end(), 0);
    return;
  }

  std::vector<uint32_t> numWaited(numNodes), first(numNodes + 1);
  for (auto [producer, consumer] : scope.edges) {
    ++numWaited[consumer];
    ++first[producer + 1];
  }
  std::partial_sum(first.begin(), first.end(), first.begin());
  std::vector<uint32_t> consumers(scope.edges.size()), next(first);
  for (auto [producer, consumer] : scope.edges)
    consumers[next[producer]++] = consumer;

  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ready;
  for (uint32_t node = 0; node < numNodes; ++node)
    if (numWaited[node] == 0)
      ready.push(node);
  while (!ready.empty()) {
    uint32_t node = ready.top();
    ready.pop();
    graph.order.push_back(node);
    for (uint32_t i = first[node]; i < first[node + 1]; ++i)
      if (--numWaited[consumers[i]] == 0)
        ready.push(consumers[i]);
  }
  if (graph.order.size() != numNodes)
    reportCycle(graph, scope, numWaited);
}

/// Walks back from the first node that never became ready, always to a producer
/// that did not either, until a node comes up again.
void Checker::reportCycle(const Graph &graph, const Scope &scope,
                          llvm::ArrayRef<uint32_t> waiting) {
  constexpr uint32_t none = UINT32_MAX;
  std::vector<uint32_t> producerOf(waiting.size(), none);
  for (auto [producer, consumer] : scope.edges)
    if (waiting[producer] != 0 && waiting[consumer] != 0)
      producerOf[consumer] = std::min(producerOf[consumer], producer);

  uint32_t node = 0;
  while (waiting[node] == 0)
    ++node;
  std::vector<bool> seen(waiting.size());
  for (; !seen[node]; node = producerOf[node])
    seen[node] = true;
  std::vector<uint32_t> cycle{node};
  for (uint32_t at = producerOf[node]; at != node; at = producerOf[at])
    cycle.push_back(at);
  std::reverse(cycle.begin(), cycle.end());

  constexpr size_t maxNamed = 8;
  std::string names;
  for (uint32_t at : llvm::ArrayRef(cycle).take_front(maxNamed))
    names += ("'" + graph.nodes[at].label() + "' -> ").str();
  if (cycle.size() > maxNamed)
    names += "(" + std::to_string(cycle.size() - maxNamed) + " more) -> ";
  names += ("'" + graph.nodes[cycle.front()].label() + "'").str();
  findings.inputError(describe(graph.nodes[cycle.front()]) + scope.place,
                      "is on a cycle of the graph: " + names,
                      "let one of these nodes read a value from outside the "
                      "cycle; steps that repeat are written as a Loop");
}
