//===- Sharding.h - How a kernel is cut over a region -----------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sharding gives, for every op of a kernel, the axis of the region over which
// each iteration dim is cut. Shards of tensors follow from it; so do bytes on a
// core. `footprint` is the only function that computes these bytes: placer,
// verifier, cost model and plan writer call it.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_MODEL_SHARDING_H
#define INLAY_MODEL_SHARDING_H

#include "inlay/Model/Geometry.h"
#include "inlay/Model/Model.h"

#include <algorithm>

namespace inlay::model {

/// What a dim is cut over.
enum class Axis {
  None,  ///< not cut: every core of the region iterates over all of it
  X,     ///< over the columns of the region (of the group, for experts)
  Y,     ///< over the rows
  Group, ///< over the expert groups
};

/// One axis for each iteration dim of the op of the same index.
struct OpSharding {
  std::vector<Axis> axisOfDim;
  /// Where dims share an axis: 0 where their product is cut into runs of one
  /// length, whatever these are parts of. Else each value of the slower dims
  /// has the same number of cores for itself, which divide so many indices of
  /// the fastest dim among them; at least its size (`runOn`).
  int64_t width = 0;

  bool operator==(const OpSharding &) const = default;
};

/// How a kernel runs on a region.
///
/// For role Experts the region is tiled by `groups` equal sub-rectangles of
/// `group` cores (the rest of the region idles); X and Y then cut over the
/// group. For all other kernels `groups` is 1 x 1 and `group` equals `region`.
/// Where several dims of an op are cut over one axis, their product is cut, the
/// first dim being the slowest. A weight has shards that are boxes: along a dim
/// that shares its axis every core holds all of it, unless the run is aligned.
struct Sharding {
  Extent region;
  Extent groups;
  Extent group;
  std::vector<OpSharding> ops;
  /// For role Experts: which experts each group holds, in this order. Empty:
  /// all in order, ceil(experts / groups) to a group. An expert that several
  /// groups hold is replicated, see cost::ExpertLoad.
  std::vector<std::vector<int64_t>> held = {};

  int64_t numGroups() const { return groups.area(); }
  /// Experts that the fullest group holds; 0 where `held` is empty.
  int64_t slots() const {
    size_t most = 0;
    for (const std::vector<int64_t> &group : held)
      most = std::max(most, group.size());
    return static_cast<int64_t>(most);
  }
};

/// Every buffer of a core starts at a multiple of this many bytes, so that
/// vector instructions may read it; a buffer's bytes are rounded up to it.
inline constexpr int64_t kBufferAlignment = 16;

/// Streams are double-buffered: one tensor computes while the next arrives.
inline constexpr int64_t kStreamBuffers = 2;

/// What a core of the region keeps in its SRAM for one tensor.
struct ShardBuffer {
  TensorRole role = TensorRole::Local;
  /// As OperandSpec::tensor; -1 for partial sums and for unnamed locals, which
  /// are one buffer for each op.
  int tensor = -1;
  /// Bytes on the fullest core, a multiple of kBufferAlignment. Inputs and
  /// outputs count twice: one tensor computes while the next one travels.
  int64_t bytes = 0;
  /// First and last op of the kernel that need it; weights, states and streams
  /// are there all the time.
  int firstOp = 0;
  int lastOp = 0;
};

/// Bytes on the fullest core of the region, by use.
struct Footprint {
  int64_t weights = 0;
  int64_t state = 0;
  int64_t streams = 0; ///< inputs and outputs, double-buffered
  int64_t scratch = 0; ///< locals and partial sums, by their live ranges

  /// What is there all the time.
  int64_t resident() const { return weights + state + streams; }
  int64_t total() const { return resident() + scratch; }

  /// Adds a kernel that shares the region: they take turns, so only the larger
  /// scratch counts.
  Footprint &share(const Footprint &other) {
    weights += other.weights;
    state += other.state;
    streams += other.streams;
    scratch = std::max(scratch, other.scratch);
    return *this;
  }
};

/// The length of the longest shard of a dim: ceil(size / unit / parts) * unit,
/// at most size.
int64_t shardLength(const IterationDim &dim, int64_t parts);

/// Half-open range of indices.
struct IndexRange {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t length() const { return end - begin; }
  bool operator==(const IndexRange &) const = default;
};

/// What part `part` of `parts` holds of a dim that is cut alone: blocks of
/// `shardLength` in order; the last parts may hold less, or nothing.
IndexRange shardRange(const IterationDim &dim, int64_t parts, int64_t part);

/// Whether another dim of the op is cut over the axis of `dim`.
bool sharesAxis(const OpSharding &opSharding, size_t dim);

/// How dims that share an axis are cut: core p has the points from p * shard up
/// to (p + 1) * shard of `points`, where each value of the slower dims takes
/// `pitch` points, the first of which are the indices of the fastest dim.
struct AxisRun {
  int64_t points = 1;
  int64_t shard = 1;
  int64_t pitch = 1;
  int64_t slower = 1; ///< values of all but the fastest dim
  int fastest = -1;   ///< dim
  int count = 0;      ///< dims on the axis
  int wide = 0;       ///< those of more than one index

  /// Whether cores have parts of one value of the slower dims each, or whole
  /// values: then a weight is cut along them, if these are no more than two.
  bool isAligned() const {
    return count > 1 && wide <= 2 && (pitch % shard == 0 || shard % pitch == 0);
  }
  /// Points of the op on the core with the most.
  int64_t most(int64_t size) const {
    if (shard <= pitch)
      return std::min(shard, size);
    return shard % pitch == 0 ? shard / pitch * size : shard;
  }
};

/// That of the dims on `axis`, which has `parts` cores. With a width the p
/// cores of an axis and v values have c = floor(p / v) cores to a value, each
/// ceil(width / c) points; or, where there are more values than cores, each
/// ceil(v / p) values.
AxisRun runOn(const std::vector<IterationDim> &dims,
              const OpSharding &opSharding, Axis axis, int64_t parts);

/// Whether cores have parts of a weight's dim that `index` indexes: of one that
/// shares its axis only where the run is aligned, and blocks of it nowhere.
bool isCutAlong(const OpSpec &op, const OpSharding &opSharding,
                const Sharding &sharding, const IndexExpr &index);

/// Number of parts that `axis` has under `sharding`.
int64_t partsOf(const Sharding &sharding, Axis axis);

/// Elements of an operand on the fullest core, by its op's axes. A tensor dim
/// that no iteration dim indexes counts once: the operand does not know its
/// size (`shardBuffers` does).
int64_t shardElements(const OpSpec &op, const OperandSpec &operand,
                      const OpSharding &opSharding, const Sharding &sharding);

/// Points of an op's space on the fullest core, not scaled by density.
double shardPoints(const OpSpec &op, const OpSharding &opSharding,
                   const Sharding &sharding);

/// Every buffer of the fullest core: weights, states, inputs, outputs, then
/// locals and partial sums. A weight is held as its first use cuts it; a weight
/// that no op uses, or whose use indexes a number of dims that is not the
/// weight's rank, is held whole by every core.
std::vector<ShardBuffer> shardBuffers(const KernelSpec &kernel,
                                      const Sharding &sharding);

/// Sums `shardBuffers` by use; locals and partial sums share bytes where they
/// do not live at once. A first-fit memory map reaches this total; a better one
/// may stay below.
Footprint footprint(const KernelSpec &kernel, const Sharding &sharding);

/// A kernel and how it is cut over the region that it shares with others.
struct CutKernel {
  const KernelSpec *kernel = nullptr;
  const Sharding *sharding = nullptr;
};

/// The same for kernels that take turns on one region. Core (0, 0) of the
/// region holds the largest shard of every tensor, so the sum over the kernels
/// is what the fullest core needs.
Footprint footprint(const std::vector<CutKernel> &kernels);

/// A sub-rectangle of the region of an experts kernel, and what it holds.
struct ExpertGroup {
  int64_t index = 0; ///< row by row from the north-west
  Rect rect;         ///< relative to the region
  /// In the order in which its cores hold them; none where others hold all.
  std::vector<int64_t> experts;
};

/// The groups of a kernel of role Experts. Empty for other kernels.
std::vector<ExpertGroup> expertGroups(const KernelSpec &kernel,
                                      const Sharding &sharding);

/// A core of a region: which group, and where in it.
struct CorePosition {
  int64_t group = 0; ///< row-major over Sharding::groups; 0 without experts
  int64_t x = 0;
  int64_t y = 0;
};

/// What one core holds of a weight: a range for each dim of its logical shape,
/// of places in `Sharding::held` for a dim cut over groups where that is given.
/// A range is empty for a core beyond the last shard. Over all cores of the
/// region every element occurs `copies` times, or that for each replica.
std::vector<IndexRange> weightShard(const KernelSpec &kernel,
                                    const Sharding &sharding, int weight,
                                    const CorePosition &position);

/// How many disjoint sets of cores hold all of a weight, each alike: 1 where
/// every axis cuts it. Cores of a set may share elements (hasSharedElements).
int64_t copySets(const KernelSpec &kernel, const Sharding &sharding,
                 int weight);

/// How many cores hold each element of a weight at least; what differs by head
/// only is on all cores of a head, in every set. Of scales whose blocks are cut
/// some are on more cores than others.
int64_t copies(const KernelSpec &kernel, const Sharding &sharding, int weight);

/// True when `sharding` has the shape that `kernel` needs: an axis for every
/// dim, Group only for dim "expert", groups that fit the region; when groups
/// that are given hold every expert, none twice; when all uses of a weight cut
/// it alike; and when a width is at least the dim's size. A cut may fall into a
/// block that shares a scale: cores on either side have the scale.
bool check(const KernelSpec &kernel, const Sharding &sharding,
           Diagnostics &diags);

} // namespace inlay::model

#endif // INLAY_MODEL_SHARDING_H
