//===- CoreBytes.h - What a core of a plan holds ----------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The plan's rule for the bytes of a core (docs/plan.md), carried out: which
// region and class a core belongs to, which box of a weight is its own, and
// those bytes out of the model's files. Plans are not trusted: what contradicts
// itself, points outside of a file or outside of the model's folder is an
// error, and nothing is allocated by a size that a plan names.
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_PLAN_COREBYTES_H
#define INLAY_PLAN_COREBYTES_H

#include "inlay/Plan/Plan.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace inlay::plan {

/// A core and what a kernel does with it. The pointers are into the plan.
struct CorePlace {
  const Kernel *kernel = nullptr;       ///< null: the core is not in its region
  const CoreClass *coreClass = nullptr; ///< null: it idles while that runs
  const ExpertGroup *group = nullptr;   ///< null: the kernel has no groups, or
                                        ///< the core is in none of them
  int64_t column = 0;                   ///< in the group, or in the region
  int64_t row = 0;

  /// The core's number on the axis of a cut; none on an axis that there is not.
  std::optional<int64_t> numberOn(const std::string &axis) const;
};

/// The region that the core at (x, y) of a wafer is in; null where in none.
const Region *findRegion(const Plan &plan, int64_t wafer, int64_t x, int64_t y);

/// The core at (x, y), on the wafer of `kernel`, as that kernel sees it.
CorePlace findCore(const Kernel &kernel, int64_t x, int64_t y);

/// Indices of a dim, half-open.
struct IndexRange {
  int64_t begin = 0;
  int64_t end = 0;
};

/// The box of a weight's indices that a core of its kernel holds: a range for
/// each dim; on axis "group" of places in the list of its group's experts. An
/// error names the weight and what its cuts lack.
std::optional<llvm::SmallVector<IndexRange>>
shardBox(const Weight &weight, const CorePlace &core, Diagnostics &diags);

/// The elements of a state that a core has, in the order in which they lie in
/// its buffer, each by its number in row-major order of the state's shape.
/// Places of the dim `contextDim` are dealt out: of P cores, core p has those
/// with place mod P = p, and this dim is the slowest. An error names the state
/// and what its cuts lack, or that a core cannot have so many.
std::optional<std::vector<int64_t>>
stateElements(const State &state, const CorePlace &core, Diagnostics &diags);

/// Bytes of the elements in a box, packed without gaps.
std::optional<int64_t> boxBytes(const Weight &weight,
                                llvm::ArrayRef<IndexRange> box,
                                Diagnostics &diags);

/// Reads a core's shard of a weight out of the files in `folder`, where the
/// model lies, into the first bytes of `buffer`. Returns how many these are;
/// a buffer that is too small is an error.
std::optional<int64_t> readShard(const Weight &weight, const CorePlace &core,
                                 const std::string &folder,
                                 llvm::MutableArrayRef<char> buffer,
                                 Diagnostics &diags);

/// Fills `image` as the data area of the core at (x, y) of a region is before
/// the first step: the shards of all kernels of the region at the offsets of
/// their buffers, zeros elsewhere. It must have the region's `bytesPerCore`.
bool readImage(const Plan &plan, const Region &region, int64_t x, int64_t y,
               const std::string &folder, llvm::MutableArrayRef<char> image,
               Diagnostics &diags);

} // namespace inlay::plan

#endif // INLAY_PLAN_COREBYTES_H
