//===- Cuts.cpp - How tensors and loop nests are cut ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cuts.h"

#include "fmt/format.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

using namespace inlay::checker;

static Cut uncut(int64_t size, std::string dim = "") {
  Cut cut;
  cut.dim = std::move(dim);
  cut.axis = "none";
  cut.size = cut.shard = cut.points = cut.pitch = size;
  cut.parts = cut.unit = cut.inner = 1;
  return cut;
}

static int64_t shardOf(int64_t size, int64_t unit, int64_t parts) {
  unit = std::max<int64_t>(1, unit);
  return std::min(size, times(divideUp(divideUp(size, unit), parts), unit));
}

static Cut cutAlone(const Kernel &kernel, const std::string &dim, int64_t size,
                    int64_t unit, const std::string &axis) {
  Cut cut = uncut(size, dim);
  cut.axis = axis;
  cut.parts = kernel.extent(axis);
  cut.unit = unit;
  cut.shard = shardOf(size, unit, cut.parts);
  // Groups list what they have; the shard is that of the fullest.
  if (axis == "group" && !kernel.groups.empty()) {
    cut.shard = 0;
    for (const Group &group : kernel.groups)
      cut.shard =
          std::max(cut.shard, static_cast<int64_t>(group.experts.size()));
  }
  return cut;
}

static size_t countOnAxis(const std::vector<Cut> &dims,
                          const std::string &axis) {
  return llvm::count_if(dims, [&](const Cut &dim) { return dim.axis == axis; });
}

/// Values of the slower dims may take more points than the fastest has indices,
/// where that gives each whole cores.
AxisRun inlay::checker::runOn(const std::vector<Cut> &dims,
                              const std::string &axis) {
  AxisRun run;
  for (size_t d = 0; d < dims.size(); ++d) {
    if (dims[d].axis != axis)
      continue;
    if (run.count++ == 0)
      run.shard = std::max<int64_t>(1, dims[d].shard);
    run.slower = times(run.slower, run.size);
    run.size = dims[d].size;
    run.pitch = dims[d].pitch;
    run.wide += dims[d].size > 1;
    run.fastest = d;
  }
  if (run.pitch < run.size || run.pitch % run.shard != 0)
    run.pitch = std::max<int64_t>(1, run.size);
  run.points = times(run.slower, run.pitch);
  return run;
}

Cut inlay::checker::cutOfDim(const Kernel &kernel, const std::vector<Cut> &dims,
                             size_t d) {
  const Cut &dim = dims[d];
  if (dim.axis == "none")
    return uncut(dim.size, dim.dim);
  Cut cut = cutAlone(kernel, dim.dim, dim.size, dim.unit, dim.axis);
  if (countOnAxis(dims, dim.axis) == 1)
    return cut;
  AxisRun run = runOn(dims, dim.axis);
  // Any common run of points will do that leaves none over.
  cut.unit = 1;
  cut.shard = std::max(run.shard, divideUp(run.points, cut.parts));
  cut.points = run.points;
  auto pitchOf = [&](size_t e) {
    return e == run.fastest ? run.pitch : dims[e].size;
  };
  cut.pitch = pitchOf(d);
  for (size_t e = d + 1; e < dims.size(); ++e)
    if (dims[e].axis == dim.axis)
      cut.inner = times(cut.inner, pitchOf(e));
  return cut;
}

namespace {
struct Use {
  const Op *op = nullptr;
  const Operand *operand = nullptr;
};
} // namespace

/// The first use of a tensor that stays; with `rank` the first of that rank.
static Use firstUse(const Kernel &kernel, const std::string &role,
                    const Tensor &tensor, bool anyRank) {
  for (const Op &op : kernel.ops)
    for (const Operand &operand : op.operands)
      if (operand.role == role && operand.buffer == tensor.name &&
          (anyRank || operand.indexDims.size() == tensor.shape.size()))
        return {&op, &operand};
  return {};
}

/// The op's dim that indexes dim `i` of the tensor; none where there is no such
/// dim or the operand is not well-formed.
static const Cut *indexingDim(const Use &use, size_t i, int64_t &divisor) {
  const Operand &operand = *use.operand;
  if (i >= operand.indexDivisors.size())
    return nullptr;
  divisor = std::max<int64_t>(1, operand.indexDivisors[i]);
  int64_t d = operand.indexDims[i];
  if (d < 0 || d >= static_cast<int64_t>(use.op->dims.size()))
    return nullptr;
  return &use.op->dims[d];
}

std::vector<Cut> inlay::checker::weightCutsByUse(const Kernel &kernel,
                                                 const Weight &weight) {
  Use use = firstUse(kernel, "weights", weight, /*anyRank=*/true);
  bool isIndexed =
      use.op && use.operand->indexDims.size() == weight.shape.size();
  std::vector<Cut> cuts;
  for (size_t i = 0; i < weight.shape.size(); ++i) {
    int64_t divisor = 1;
    const Cut *dim = isIndexed ? indexingDim(use, i, divisor) : nullptr;
    if (!dim || divisor >= dim->size) {
      cuts.push_back(uncut(weight.shape[i]));
      continue;
    }
    // Along a dim that shares its axis every core has all, unless each has
    // parts of one value of the other, or whole values.
    if (dim->axis != "none" && countOnAxis(use.op->dims, dim->axis) > 1) {
      bool isBox = divisor == 1 && runOn(use.op->dims, dim->axis).isAligned();
      cuts.push_back(
          isBox ? cutOfDim(kernel, use.op->dims, use.operand->indexDims[i])
                : uncut(weight.shape[i]));
      continue;
    }
    if (dim->axis == "none") {
      cuts.push_back(uncut(weight.shape[i], dim->dim));
      continue;
    }
    // A cut through blocks counts in elements, of which a block has one scale.
    bool isThrough = dim->unit < 1 || dim->unit % divisor != 0;
    cuts.push_back(
        isThrough ? cutAlone(kernel, dim->dim, dim->size, dim->unit, dim->axis)
                  : cutAlone(kernel, dim->dim, weight.shape[i],
                             dim->unit / divisor, dim->axis));
    if (isThrough) {
      cuts.back().size = cuts.back().pitch = weight.shape[i];
      cuts.back().inner = divisor;
    }
  }
  return cuts;
}

int64_t inlay::checker::sizeWithAll(const Cut &dim, int64_t divisor,
                                    int64_t indices) {
  bool isAll = divisor > 1 && divideUp(dim.size, divisor) >= indices;
  return isAll ? dim.size : times(indices, divisor);
}

static std::vector<Cut> stateCutsBy(const Kernel &kernel, const Use &use,
                                    const Tensor &state) {
  std::vector<Cut> cuts;
  // The op may work on less than the state holds after the step. Older plans
  // forget what other steps in flight hold of steps with several tokens.
  Op op = *use.op;
  for (size_t i = 0; i < state.shape.size(); ++i) {
    int64_t divisor = 1;
    const Cut *dim = indexingDim(use, i, divisor);
    if (dim && (divisor == 1 || kernel.minor >= 3))
      op.dims[use.operand->indexDims[i]].size =
          sizeWithAll(*dim, divisor, state.shape[i]);
  }
  for (size_t i = 0; i < state.shape.size(); ++i) {
    int64_t divisor = 1;
    const Cut *dim = indexingDim(use, i, divisor);
    cuts.push_back(dim ? cutOfDim(kernel, op.dims, use.operand->indexDims[i])
                       : uncut(state.shape[i]));
    if (cuts.back().pitch == cuts.back().size)
      cuts.back().pitch = state.shape[i];
    cuts.back().size = state.shape[i];
    cuts.back().inner = times(cuts.back().inner, divisor);
  }
  return cuts;
}

std::vector<std::vector<Cut>>
inlay::checker::stateCutsByUses(const Kernel &kernel, const Tensor &state) {
  std::vector<std::vector<Cut>> all;
  for (const Op &op : kernel.ops)
    for (const Operand &operand : op.operands)
      if (operand.role == "state" && operand.buffer == state.name &&
          operand.indexDims.size() == state.shape.size())
        all.push_back(stateCutsBy(kernel, {&op, &operand}, state));
  if (all.empty()) {
    all.emplace_back();
    for (int64_t size : state.shape)
      all.back().push_back(uncut(size));
  }
  return all;
}

/// Runs begin at multiples of their length, so at most g elements less than a
/// block behind its beginning, g the greatest divisor of both.
int64_t inlay::checker::mostIndices(const Cut &cut) {
  if (cut.inner <= 1 || cut.shard < 1)
    return std::min(cut.size, cut.shard);
  int64_t behind = cut.inner - std::gcd(cut.inner, cut.shard);
  return std::min(cut.size, divideUp(plus(behind, cut.shard), cut.inner));
}

int64_t inlay::checker::heldBy(const Cut &cut, int64_t part) {
  int64_t begin = std::min(cut.points, times(part, cut.shard));
  int64_t end = std::min(cut.points, plus(begin, cut.shard));
  int64_t inner = std::max<int64_t>(1, cut.inner);
  int64_t pitch = std::max<int64_t>(1, cut.pitch);
  int64_t first = begin / inner, count = divideUp(end, inner) - first;
  if (begin >= end || count >= pitch)
    return begin < end ? cut.size : 0;
  first %= pitch;
  return std::max<int64_t>(0, std::min(cut.size, first + count) - first);
}

/// Cores with the same numbers on all axes that cut it hold the same part.
int64_t inlay::checker::copySets(const Kernel &kernel, const Weight &weight) {
  int64_t parts = 1;
  std::set<std::string> axes;
  for (const Cut &cut : weight.cuts)
    if (cut.axis == "none" || axes.insert(cut.axis).second)
      parts = times(parts, std::max<int64_t>(1, cut.parts));
  return kernel.cores() / parts;
}

/// Index i of a dim has the points from i * inner on, again after each pitch.
static int64_t fewestHolders(const Cut &cut) {
  // More than any cut has; such a plan breaks other rules.
  constexpr int64_t kMost = int64_t(1) << 20;
  int64_t inner = std::max<int64_t>(1, cut.inner),
          pitch = std::max<int64_t>(1, cut.pitch),
          shard = std::max<int64_t>(1, cut.shard), fewest = kHuge;
  if (divideUp(cut.points, inner) > kMost || cut.size > kMost)
    return 1;
  for (int64_t index = 0; index < cut.size; ++index) {
    int64_t holders = 0, next = 0; // the first core that is not counted yet
    for (int64_t first = index * inner; first < cut.points;
         first = plus(first, times(pitch, inner))) {
      int64_t last = std::min(plus(first, inner), cut.points) - 1;
      int64_t begin = std::max(first / shard, next), end = last / shard + 1;
      holders += std::max<int64_t>(0, end - begin);
      next = std::max(next, end);
    }
    fewest = std::min(fewest, holders);
  }
  return std::clamp<int64_t>(fewest, 1, std::max<int64_t>(1, cut.parts));
}

int64_t inlay::checker::copiesOf(const Kernel &kernel, const Weight &weight) {
  int64_t all = copySets(kernel, weight);
  for (const Cut &cut : weight.cuts)
    if (cut.axis != "none" && repeats(cut) &&
        countOnAxis(weight.cuts, cut.axis) == 1)
      all = times(all, fewestHolders(cut));
  return all;
}

bool inlay::checker::repeats(const Cut &cut) {
  return cut.inner > 1 || cut.points > cut.pitch;
}

bool inlay::checker::combinesPartialResults(const Op &op) {
  return llvm::any_of(op.dims, [](const Cut &dim) {
    return dim.isReduction && dim.axis != "none" && dim.parts > 1;
  });
}

/// Cores have runs of q points of dims that share an axis, from multiples of q
/// on. With n points to an index of a dim, a run has points of q / n indices;
/// where neither of the two is a multiple of the other it may begin within one
/// index and so end within one more.
LargestPart::LargestPart(const Op &op) : op(op) {
  for (const Cut &dim : op.dims)
    values.push_back(std::min(dim.size, dim.shard));
  pointsOfIndex.assign(op.dims.size(), 1);
  for (const char *axis : {"x", "y", "group"}) {
    if (countOnAxis(op.dims, axis) < 2)
      continue;
    int64_t inner = 1;
    for (size_t d = op.dims.size(); d-- > 0;) {
      if (op.dims[d].axis != axis)
        continue;
      int64_t run = std::max<int64_t>(1, op.dims[d].shard);
      pointsOfIndex[d] = inner;
      bool isWithin = run % inner != 0 && inner % run != 0;
      values[d] = std::min(op.dims[d].size,
                           plus(divideUp(run, inner), isWithin ? 1 : 0));
      inner = std::max<int64_t>(1, times(inner, op.dims[d].pitch));
    }
  }
}

/// Blocks of `divisor` indices of dim `d` that a run has points of. It may
/// begin and end within one; where the dim starts again within one, all are
/// counted.
int64_t LargestPart::blocks(size_t d, int64_t divisor) const {
  const Cut &dim = op.dims[d];
  Cut block = dim;
  block.size = divideUp(dim.size, divisor);
  if (dim.axis == "none" || dim.shard >= dim.points)
    return block.size;
  bool isAlone = countOnAxis(op.dims, dim.axis) == 1;
  block.inner = times(isAlone ? 1 : pointsOfIndex[d], divisor);
  bool startsAgain = times(pointsOfIndex[d], dim.pitch) < dim.points;
  if (!isAlone && startsAgain && dim.pitch % divisor != 0)
    return block.size;
  return mostIndices(block);
}

int64_t LargestPart::elements(const Operand &operand) const {
  int64_t total = 1;
  for (const char *axis : {"none", "x", "y", "group"}) {
    int64_t indices = 1, run = 0;
    size_t used = 0;
    bool isInBlocks = false;
    for (size_t i = 0; i < operand.indexDims.size(); ++i) {
      int64_t d = operand.indexDims[i];
      if (d < 0 || d >= static_cast<int64_t>(op.dims.size()) ||
          op.dims[d].axis != axis || i >= operand.indexDivisors.size())
        continue;
      int64_t divisor = std::max<int64_t>(1, operand.indexDivisors[i]);
      indices = times(indices, divisor == 1 ? values[d] : blocks(d, divisor));
      run = op.dims[d].shard;
      isInBlocks |= divisor > 1;
      ++used;
    }
    // With all dims of a shared axis there is one element for each point, and
    // with blocks no more than that.
    bool isRun = used > 1 && std::string(axis) != "none" &&
                 (isInBlocks || used == countOnAxis(op.dims, axis));
    total = times(total, isRun ? std::min(indices, run) : indices);
  }
  return total;
}

int64_t LargestPart::elements(const Operand &operand, int64_t ofTensor) const {
  int64_t part = elements(operand), indexed = 1;
  for (size_t i = 0; i < operand.indexDims.size(); ++i) {
    int64_t d = operand.indexDims[i];
    if (d >= 0 && d < static_cast<int64_t>(op.dims.size()) &&
        i < operand.indexDivisors.size())
      indexed =
          times(indexed, divideUp(op.dims[d].size, operand.indexDivisors[i]));
  }
  if (indexed <= 0 || indexed >= ofTensor)
    return std::min(part, ofTensor);
  double rest = double(ofTensor % indexed) / double(indexed);
  int64_t scaled = plus(times(part, ofTensor / indexed),
                        static_cast<int64_t>(std::ceil(double(part) * rest)));
  return std::min(scaled, ofTensor);
}

std::string inlay::checker::describe(const Cut &cut) {
  return fmt::format("{} points of '{}' of size {} on {} over {} cores in "
                     "shards of {}, unit {}, inner {}, pitch {}",
                     cut.points, cut.dim, cut.size, cut.axis, cut.parts,
                     cut.shard, cut.unit, cut.inner, cut.pitch);
}
