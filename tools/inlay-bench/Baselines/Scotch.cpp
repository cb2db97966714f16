//===- Scotch.cpp - Static mapping onto a mesh of cells -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arrangement.h"

#include <scotch.h>

#include <algorithm>
#include <cmath>
#include <map>

using namespace inlay;
using namespace inlay::baselines;
using floorplan::Kernels;

namespace {

/// The kernels of a chain as Scotch wants them: every edge from both ends.
struct Graph {
  std::vector<SCOTCH_Num> first, neighbours, vertexWeights, edgeWeights;

  explicit Graph(const Problem &problem) {
    // Scotch adds weights up: keep their sums far from where numbers end.
    constexpr double kVertices = 1e6, kEdges = 1e4;
    size_t count = problem.chain.links.size();
    double bytes = 1, most = 1;
    for (const floorplan::Link &link : problem.chain.links)
      bytes += link.bytes;
    std::map<std::pair<size_t, size_t>, double> edges;
    for (const Stream &stream : problem.streams)
      if (stream.from != stream.to) {
        edges[{stream.from, stream.to}] += stream.bytes;
        edges[{stream.to, stream.from}] += stream.bytes;
      }
    for (const auto &[ends, weight] : edges)
      most = std::max(most, weight);
    auto toWeight = [](double part, double all) {
      return static_cast<SCOTCH_Num>(std::max(1.0, std::round(part * all)));
    };
    auto edge = edges.begin();
    for (size_t k = 0; k < count; ++k) {
      first.push_back(static_cast<SCOTCH_Num>(neighbours.size()));
      vertexWeights.push_back(
          toWeight(problem.chain.links[k].bytes / bytes, kVertices));
      for (; edge != edges.end() && edge->first.first == k; ++edge) {
        neighbours.push_back(static_cast<SCOTCH_Num>(edge->first.second));
        edgeWeights.push_back(toWeight(edge->second / most, kEdges));
      }
    }
    first.push_back(static_cast<SCOTCH_Num>(neighbours.size()));
  }

  /// The cell of each kernel on a mesh, x + width y; empty when Scotch fails.
  std::vector<SCOTCH_Num> mapOnto(SCOTCH_Num width, SCOTCH_Num height);
};

} // namespace

std::vector<SCOTCH_Num> Graph::mapOnto(SCOTCH_Num width, SCOTCH_Num height) {
  constexpr double kImbalance = 0.05;
  std::vector<SCOTCH_Num> cells(vertexWeights.size());
  // One thread, so that equal graphs give equal mappings.
  SCOTCH_Context context;
  SCOTCH_Graph graph, bound;
  SCOTCH_Arch mesh;
  SCOTCH_Strat strategy;
  SCOTCH_contextInit(&context);
  SCOTCH_graphInit(&graph);
  SCOTCH_graphInit(&bound);
  SCOTCH_archInit(&mesh);
  SCOTCH_stratInit(&strategy);
  SCOTCH_randomReset();
  bool isMapped =
      SCOTCH_contextOptionSetNum(&context, SCOTCH_OPTIONNUMDETERMINISTIC, 1) ==
          0 &&
      SCOTCH_contextThreadSpawn(&context, 1, nullptr) == 0 &&
      SCOTCH_graphBuild(&graph, 0, SCOTCH_Num(cells.size()), first.data(),
                        nullptr, vertexWeights.data(), nullptr,
                        SCOTCH_Num(neighbours.size()), neighbours.data(),
                        edgeWeights.data()) == 0 &&
      SCOTCH_contextBindGraph(&context, &graph, &bound) == 0 &&
      SCOTCH_archMesh2(&mesh, width, height) == 0 &&
      SCOTCH_stratGraphMapBuild(&strategy, SCOTCH_STRATQUALITY, width * height,
                                kImbalance) == 0 &&
      SCOTCH_graphMap(&bound, &mesh, &strategy, cells.data()) == 0;
  SCOTCH_stratExit(&strategy);
  SCOTCH_archExit(&mesh);
  SCOTCH_graphExit(&bound);
  SCOTCH_graphExit(&graph);
  SCOTCH_contextExit(&context);
  return isMapped ? cells : std::vector<SCOTCH_Num>();
}

/// The kernels of each cell that has some, cells by row.
static Arrangement arrange(const std::vector<SCOTCH_Num> &cells,
                           SCOTCH_Num width, const Legaliser &legaliser) {
  std::map<SCOTCH_Num, std::map<SCOTCH_Num, Kernels>> rows;
  for (size_t k = 0; k < cells.size(); ++k)
    rows[cells[k] / width][cells[k] % width].push_back(k);
  Arrangement arrangement;
  for (auto &[y, row] : rows) {
    arrangement.rows.emplace_back();
    for (auto &[x, kernels] : row)
      arrangement.rows.back().push_back(legaliser.makePart(std::move(kernels)));
  }
  return arrangement;
}

Plan inlay::baselines::placeByScotch(const Problem &problem) {
  constexpr SCOTCH_Num kMostCells = 16;
  for (const model::Rect &rect : problem.chain.dead)
    if (rect.area() > 0)
      return std::nullopt;
  Legaliser legaliser(problem);
  Graph graph(problem);
  Plan best;
  for (SCOTCH_Num width = 1; width <= kMostCells; ++width)
    for (SCOTCH_Num height = 1; width * height <= kMostCells; ++height) {
      std::vector<SCOTCH_Num> cells = graph.mapOnto(width, height);
      if (cells.empty())
        continue;
      Arrangement arrangement = arrange(cells, width, legaliser);
      best = cheaper(std::move(best), legaliser.legalise(arrangement));
    }
  return best ? Plan(legaliser.shrink(std::move(*best))) : std::nullopt;
}
