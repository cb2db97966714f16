//===- Packing.h - Ranges of bytes that live for a while --------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Offsets for buffers, such that no two share bytes while both live. One
// packer serves the footprint of a sharding and the memory map that is made of
// it, so that what is said to fit does. Near-linear in the number of buffers.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODEL_PACKING_H
#define INLAY_MODEL_PACKING_H

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace inlay::model {

/// Bytes that are needed from step `begin` to before step `end`.
struct LiveRange {
  int64_t bytes = 0;
  int begin = 0;
  int end = 1;
};

/// The most bytes that live in one step: no packing takes less.
int64_t liveBytes(const std::vector<LiveRange> &ranges);

struct Packing {
  std::vector<int64_t> offsets; ///< one for each range
  int64_t peak = 0;             ///< end of the highest
};

/// Packs `ranges`, none of them negative or of no step. Times at which nothing
/// lives on separate runs of ranges, which are packed each by itself: runs of
/// up to `kMostFirstFit` first-fit by falling bytes, bytes x steps, steps and
/// by falling begin, all runs best-fit in the order of begins and in that of
/// ends; the lowest peak wins, the first of equals. Where that is above
/// `enough`, short runs try further orders. Offsets are sums of the ranges'
/// bytes: where these are multiples of an alignment, so are offsets.
inline constexpr std::size_t kMostFirstFit = 128;
Packing pack(const std::vector<LiveRange> &ranges,
             int64_t enough = std::numeric_limits<int64_t>::max());

} // namespace inlay::model

#endif // INLAY_MODEL_PACKING_H
