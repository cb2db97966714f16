//===- Cuts.h - How tensors and loop nests are cut --------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_LIB_CHECK_CUTS_H
#define INLAY_LIB_CHECK_CUTS_H

#include "Plan.h"

namespace inlay::checker {

/// How the dims on one axis are cut together: `slower` values of all but the
/// fastest, `pitch` points to each, `shard` points to a core.
struct AxisRun {
  int64_t slower = 1, size = 1, pitch = 1, points = 1, shard = 1;
  size_t fastest = 0, count = 0, wide = 0;

  /// True where cores have parts of one of these values each, or whole ones.
  bool isAligned() const {
    return wide <= 2 && (pitch % shard == 0 || shard % pitch == 0);
  }
};
AxisRun runOn(const std::vector<Cut> &dims, const std::string &axis);

/// What the cut of dim `d` must be, given the sizes, axes and units of all
/// `dims` of the op: those on one axis are cut together, the first being the
/// slowest, into shards as long as the first one says.
Cut cutOfDim(const Kernel &kernel, const std::vector<Cut> &dims, size_t d);

/// Cuts of a weight, as the first op that uses it gives them; `unit` is 0 where
/// the op does not say it.
std::vector<Cut> weightCutsByUse(const Kernel &kernel, const Weight &weight);

/// The same for a state, whose dims may share an axis: by each op that uses all
/// of its dims, or uncut where there is none.
std::vector<std::vector<Cut>> stateCutsByUses(const Kernel &kernel,
                                              const Tensor &state);

/// Size of the op's dim if it indexed all `indices` of a state by blocks of
/// `divisor`; of sequences in flight a step sees one set only.
int64_t sizeWithAll(const Cut &dim, int64_t divisor, int64_t indices);

/// Indices of the dim on the core with the most of them.
int64_t mostIndices(const Cut &cut);
/// Indices of a weight's dim on the cores with number `part` on its axis.
int64_t heldBy(const Cut &cut, int64_t part);
/// Sets of cores that hold all of a weight, each alike; and the fewest cores
/// that hold an element of it.
int64_t copySets(const Kernel &kernel, const Weight &weight);
int64_t copiesOf(const Kernel &kernel, const Weight &weight);
/// Whether cores with different numbers have the same indices.
bool repeats(const Cut &cut);

/// True where the op's dims on a cut axis include a reduction.
bool combinesPartialResults(const Op &op);

/// Elements of an operand on the core with the most of them.
class LargestPart {
public:
  explicit LargestPart(const Op &op);

  int64_t elements(const Operand &operand) const;
  /// Of a tensor that may have more elements than the op's dims index: what no
  /// dim indexes is on every core.
  int64_t elements(const Operand &operand, int64_t ofTensor) const;
  /// Of each dim.
  const std::vector<int64_t> &indices() const { return values; }

private:
  int64_t blocks(size_t d, int64_t divisor) const;

  const Op &op;
  std::vector<int64_t> values;        ///< indices of each dim on a core
  std::vector<int64_t> pointsOfIndex; ///< of each dim, on its axis
};

/// "token 1 on none, n 64 on x in shards of 19": for messages.
std::string describe(const Cut &cut);

} // namespace inlay::checker

#endif // INLAY_LIB_CHECK_CUTS_H
