//===- Baselines.h - Placements to hold Inlay's against ---------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What generic tools make of the kernels of one wafer. Each baseline decides
// which kernels share a region and where regions lie; how kernels are cut and
// what they cost comes from the same chain that Inlay's search gets. Part of no
// library that is installed: the compiler does not know them.
//
// All but the equal squares decide on an arrangement (Arrangement.h), which one
// legaliser turns into rectangles. Grids with dead cores are not for them.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_TOOLS_INLAY_BENCH_BASELINES_BASELINES_H
#define INLAY_TOOLS_INLAY_BENCH_BASELINES_BASELINES_H

#include "inlay/Floorplan/Floorplan.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace inlay::baselines {

/// Bytes that a firing carries from kernel to kernel of a chain.
struct Stream {
  size_t from = 0, to = 0; ///< by places in the chain
  double bytes = 0;
};

/// The kernels of one wafer. The chain must outlive this.
struct Problem {
  const floorplan::Chain &chain;
  std::vector<Stream> streams;
};

using Plan = std::optional<floorplan::RegionPlan>;

/// Row-major strips: layers from north to south in strips over the whole width,
/// in each strip its kernels from west to east; or, where that takes fewer
/// cycles, each strip one region that the kernels of the layer share.
Plan placeRowMajor(const Problem &problem);

/// Up to a dozen regions; each kernel in any of them, the regions in any order
/// in any number of rows. Drawn until the kernels fit, or none after
/// 100 draws.
Plan placeRandomly(const Problem &problem, uint64_t seed);

/// Simulated annealing of an arrangement by the cycles of the chain: kernels
/// and runs of kernels change their region, regions are split, joined, moved
/// and exchanged, grow and shrink. Begins with the better of the row-major
/// strips, and cools until `progress` gives 1; what it gives rises from 0.
Plan placeByAnnealing(const Problem &problem, uint64_t seed,
                      const std::function<double()> &progress);

/// Scotch's static mapping (Pellegrini and Roman, "Scotch: a software package
/// for static mapping by dual recursive bipartitioning", 1996) onto meshes of
/// up to 16 cells. A vertex is a kernel, weighted by its bytes, for which it
/// needs area; an edge has the bytes of the streams between two kernels. The
/// kernels of a cell share a region. Cells of one row of the mesh become a row
/// of regions, in the mesh's order; empty cells vanish. Of all meshes the one
/// of fewest cycles.
Plan placeByScotch(const Problem &problem);

/// Equal squares in rows, each with equally many whole layers, which share it
/// as open kernels do. What is no part of a layer goes with the layer before
/// it, or the first one. Of all numbers of squares and sizes (the largest of
/// that number that stand side by side, and smaller ones in steps of a tenth)
/// the one of fewest cycles.
Plan placeOnEqualSquares(const Problem &problem);

} // namespace inlay::baselines

#endif // INLAY_TOOLS_INLAY_BENCH_BASELINES_BASELINES_H
