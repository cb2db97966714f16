//===- Cuts.h - The rule by which every core's part follows -----*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sharding as numbers that need no model to be read: one cut for each dim of
// an op or tensor, whose size does not depend on the number of cores. A plan
// hands these to a runtime, and `weightShard` applies them.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODEL_CUTS_H
#define INLAY_MODEL_CUTS_H

#include "inlay/Model/Sharding.h"

#include <functional>
#include <string>
#include <vector>

namespace inlay::model {

/// How one dim is cut. The core with number p on `axis` works on the points q
/// in [p * shard, min((p + 1) * shard, points)), and point q is index
/// (q / inner) mod pitch, or none where that is size or more. A dim that has
/// its axis for itself has inner 1 and one point for each index. Dims that
/// share an axis are cut together: their points are those of all dims on the
/// axis, the first being the slowest; where values of the slower dims have
/// cores of their own, some points of the fastest may be none of its indices.
/// Of scales for blocks of `inner` elements, which cuts may fall into, points
/// are the elements: cores that have elements of one block have copies of its
/// scale. Experts that are given to groups (Sharding::held) have `shard` places
/// in each: the q-th place of a group is its q-th expert.
struct Cut {
  std::string dim; ///< iteration dim; empty where none indexes the tensor's dim
  int64_t size = 1;
  Axis axis = Axis::None;
  int64_t parts = 1;
  int64_t unit = 1; ///< `shard` is a multiple of it, or all points
  int64_t shard = 1;
  int64_t inner = 1;
  int64_t points = 1;
  int64_t pitch = 1;

  bool operator==(const Cut &) const = default;
};

/// Indices of `size` that a run of `shard` points touches at most, `inner`
/// points to an index, which begins at a multiple of `shard`: with the greatest
/// common divisor g of both ceil((shard + inner - g) / inner).
int64_t touchedBy(int64_t shard, int64_t inner, int64_t size);

/// Indices of the core that has the most.
int64_t mostHeld(const Cut &cut);

/// What part `part` has: a range, where it is one (of weights always). Empty
/// behind the last index.
IndexRange heldBy(const Cut &cut, int64_t part);

/// One cut for each dim of an op.
std::vector<Cut> opCuts(const OpSpec &op, const OpSharding &opSharding,
                        const Sharding &sharding);

/// That of one dim.
Cut opCut(const OpSpec &op, size_t dim, const OpSharding &opSharding,
          const Sharding &sharding);

/// Different values that a core sees of some dims that share an axis (`isIn`,
/// by number), at most. It has a run of `shard` points; of dims that follow
/// each other on the axis, the fastest of which has `inner` points to a value,
/// these touch ceil(shard / inner) values, and one more where neither of the
/// two divides the other. 1 where none of the dims is on the axis.
int64_t valuesSeen(const std::vector<Cut> &cuts, Axis axis,
                   const std::function<bool(size_t)> &isIn);

/// True where cores of one copy hold the same elements: scales of blocks that
/// are cut, and what is the same for other values of a dim that shares the
/// axis.
bool hasSharedElements(const std::vector<Cut> &cuts);

/// One cut for each dim of a weight, by its first use, which gives it boxes.
/// `sharding` must have passed `check`.
std::vector<Cut> weightCuts(const KernelSpec &kernel, const Sharding &sharding,
                            int weight);

/// Size that an op's dim of `size` would have if the op indexed all `indices`
/// of a state's dim by it: a window is less than what is there, and so is one
/// of the sets of sequences that are in flight.
int64_t sizeOfAll(int64_t size, const IndexExpr &index, int64_t indices);

/// One cut for each dim of a state, by the first use that indexes all of them;
/// without one every core holds all of it.
std::vector<Cut> stateCuts(const KernelSpec &kernel, const Sharding &sharding,
                           int state);

/// Bytes of the largest shard of a weight: its elements without gaps, in whole
/// bytes.
int64_t largestShardBytes(const KernelSpec &kernel, const Sharding &sharding,
                          int weight);

/// Bytes of all shards of one copy of a weight, each in whole bytes, replicas
/// of experts and shared elements included. All copies have as many.
int64_t copyBytes(const KernelSpec &kernel, const Sharding &sharding,
                  int weight);

} // namespace inlay::model

#endif // INLAY_MODEL_CUTS_H
