//===- Ispd2020.h - The ISPD-2020 wafer placement contest -------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The contest asks for the size and the place of every kernel of a network on a
// grid of cores. This file is the problem, a solution, and the legality checker
// and scorer of the contest's formulas; it knows no solver.
//
// Sources: Cerebras, "Example Benchmark" (2020) for kernels and wirelength;
// Jiang et al., IEEE TCAD 41(6), 2022, eq. 1-3, for the final adapter cost and
// the score. Where the sources leave a choice: time and memory are not rounded,
// arguments stay within the formal ones (h <= H, w <= W, c <= C, k <= K), edges
// to inputs and outputs cost nothing, half an odd image is rounded up.
//
// Coordinates here are the contest's: origin in the south-west corner.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_FLOORPLAN_ISPD2020_H
#define INLAY_FLOORPLAN_ISPD2020_H

#include "inlay/Model/Geometry.h"
#include "inlay/Support/Diagnostic.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace inlay::floorplan::ispd2020 {

/// Formal arguments of a convolution; the contest's letters beside them.
struct Convolution {
  int64_t imageHeight = 1; ///< H
  int64_t imageWidth = 1;  ///< W
  int64_t fieldHeight = 1; ///< R
  int64_t fieldWidth = 1;  ///< S
  int64_t inputs = 1;      ///< C, features in
  int64_t outputs = 1;     ///< K, features out
  int64_t stride = 1;      ///< T, in both directions
  bool operator==(const Convolution &) const = default;
};

enum class KernelKind { Conv, DBlock, CBlock };

/// At most this many convolutions make a kernel.
inline constexpr int kMostConvolutions = 4;

/// A kernel as the input file describes it.
struct Kernel {
  std::string name;
  KernelKind kind = KernelKind::Conv;
  Convolution conv;        ///< of a conv
  int64_t strideU = 1;     ///< of a conv: U, used by no formula
  int64_t imageHeight = 1; ///< of a block: H
  int64_t imageWidth = 1;  ///< of a block: W
  int64_t features = 1;    ///< of a block: F

  /// What it is made of: itself, or the three or four of a block.
  std::vector<Convolution> convolutions() const;
  /// The greatest h and w that it may be given.
  int64_t mostH() const {
    return kind == KernelKind::Conv ? conv.imageHeight : imageHeight;
  }
  int64_t mostW() const {
    return kind == KernelKind::Conv ? conv.imageWidth : imageWidth;
  }
  /// True when both are equal but for their names.
  bool sameWork(const Kernel &other) const;
};

/// Execution arguments: how a kernel is cut. c and k have one entry for each
/// convolution, h and w are shared.
struct Cut {
  int64_t h = 1, w = 1;
  std::array<int64_t, kMostConvolutions> c = {1, 1, 1, 1};
  std::array<int64_t, kMostConvolutions> k = {1, 1, 1, 1};
  bool operator==(const Cut &) const = default;
};

/// Tiles, time and memory of a kernel under a cut.
struct Cost {
  int64_t width = 0, height = 0; ///< before rotation
  double time = 0;
  double memory = 0; ///< words in a tile
};

Cost cost(const Convolution &conv, int64_t h, int64_t w, int64_t c, int64_t k);
Cost cost(const Kernel &kernel, const Cut &cut);

struct Weights {
  double time = 1, wirelength = 1, adapter = 0;
};

/// One case. Input and output kernels are no kernels here.
struct Problem {
  std::string name; ///< of the case, for diagnostics
  model::Extent grid;
  Weights weights;
  double memoryLimit = 0;
  std::vector<Kernel> kernels;
  std::vector<std::pair<int, int>> edges; ///< indices of kernels, from and to

  /// Adds an error for what a case must not have: no kernels, an empty or too
  /// large grid, arguments below 1 or so large that times are not exact,
  /// negative weights, edges from or to nowhere.
  bool check(Diagnostics &diags) const;
};

/// What the contest adds up.
struct Score {
  double time = 0;
  double wirelength = 0; ///< between centres, in tiles
  int64_t adapters = 0;

  double total(const Weights &weights) const {
    return weights.time * time + weights.wirelength * wirelength +
           weights.adapter * static_cast<double>(adapters);
  }
};

struct Placement {
  Cut cut;
  int64_t x = 0, y = 0; ///< south-west tile
  bool isRotated = false;
};

struct Solution {
  std::vector<Placement> kernels; ///< in the order of Problem::kernels

  /// The tiles of one kernel, rotation applied.
  model::Rect box(const Problem &problem, int kernel) const;
  /// Every kernel's cut within its formal arguments and its memory within the
  /// limit, every box inside the grid, no two overlap. Each breach is one
  /// error.
  bool verify(const Problem &problem, Diagnostics &diags) const;
  /// By the contest's formulas. The solution has one placement for each kernel.
  Score score(const Problem &problem) const;
};

/// Adapters on an edge: 1 for each of h, w and c that differs between the last
/// convolution of one kernel and the first of the other.
int adapters(const Kernel &from, const Cut &fromCut, const Cut &toCut);

} // namespace inlay::floorplan::ispd2020

#endif // INLAY_FLOORPLAN_ISPD2020_H
