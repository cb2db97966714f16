//===- IterationSpaces.h - What loop nests have in common -------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operations for each point follow the usual count: a multiply-accumulate is 2,
// an elementwise function of one instruction 1, a transcendental function 4.
// They weigh ops against each other in ideal estimates; calibrated ones take
// cycles from the target file.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_DIALECTS_NN_IR_ITERATIONSPACES_H
#define INLAY_DIALECTS_NN_IR_ITERATIONSPACES_H

#include "dialects/NN/IR/SpaceBuilder.h"
#include "inlay/Support/Format.h"

namespace inlay::nn {

using Spaces = llvm::SmallVector<model::OpSpec>;

inline constexpr double kMultiplyAccumulate = 2;
inline constexpr double kTranscendental = 4;
/// Square, accumulate, scale, multiply by gamma.
inline constexpr double kNorm = 4;
/// Four products and two sums for each pair of channels.
inline constexpr double kRotary = 3;
/// Maximum, subtract, exponential, sum, scale.
inline constexpr double kSoftmax = 4 + kTranscendental;

/// Of a dim of `size`: where it may be cut, and what shares a scale along it.
///
/// A block of 64 and more is much for a core, and its scale little: cuts may
/// fall into it, at multiples of a quarter, and cores on either side have the
/// scale.
struct BlockedDim {
  BlockedDim(int64_t block, int64_t size)
      : unit(std::clamp<int64_t>(block, 1, std::max<int64_t>(1, size))),
        length(block ? block : size) {
    if (unit >= kLarge && unit % kParts == 0)
      unit /= kParts;
  }

  static constexpr int64_t kLarge = 64, kParts = 4;
  int64_t unit;
  int64_t length;
};

/// How the scales of a matrix lie with its rows and columns, and where these
/// may be cut.
///
/// Where a row has scales of its own, columns are cut between blocks that are
/// not large. Where rows share scales, a whole block is much for a core (128 of
/// 128 fp8 weights are 16 KiB), and scales are few: rows and columns are cut
/// anywhere, and a core has the scales of all blocks that it has a part of; of
/// all blocks, if there are hardly any.
struct ScaleIndexing {
  ScaleIndexing(BlockQuantAttr quant, int row, int64_t height, int column,
                int64_t width)
      : byRow{row, 1}, byColumn{column, 1} {
    if (!quant)
      return;
    BlockedDim rows(quant.getRows(), height), columns(quant.getBlock(), width);
    byColumn.divisor = columns.length;
    columnUnit = columns.unit;
    if (quant.getRows() == 1)
      return;
    columnUnit = 1;
    byRow.divisor = rows.length;
    int64_t rowBlocks = ceilDiv(height, rows.length);
    int64_t columnBlocks = ceilDiv(width, columns.length);
    if (rowBlocks * columnBlocks <= kFewScales)
      byRow = byColumn = {-1, 1};
  }

  static constexpr int64_t kFewScales = 64;
  int64_t columnUnit = 1;
  model::IndexExpr byRow, byColumn;
};

/// Adds the caches of cosines and sines, of which a step reads one row for each
/// token. The rows are a dim, as in a lookup, so that the caches can be cut:
/// whole, those of a long context exceed the SRAM of a core. Caches that are
/// computed for the tokens of the step have no such dim. `channels` have a
/// column together.
void rotaryCaches(SpaceBuilder &space, mlir::Value cos, mlir::Value sin,
                  int dim, int64_t channels = 2);

} // namespace inlay::nn

#endif // INLAY_DIALECTS_NN_IR_ITERATIONSPACES_H
