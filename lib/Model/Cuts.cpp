//===- Cuts.cpp - The rule by which every core's part follows -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Cuts.h"

#include "inlay/Support/Format.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <map>
#include <numeric>

using namespace inlay;
using namespace inlay::model;

/// Products of sizes that nothing bounds saturate.
static int64_t multiply(int64_t a, int64_t b) {
  int64_t product;
  return llvm::MulOverflow(a, b, product) ? std::numeric_limits<int64_t>::max()
                                          : product;
}

namespace {
/// The use of a tensor that says how it is cut.
struct Use {
  const OpSpec *op = nullptr;
  const OperandSpec *operand = nullptr;
  const OpSharding *sharding = nullptr;
};
} // namespace

/// A weight that is first used with another rank is held whole, and so is one
/// without a use.
static Use firstUse(const KernelSpec &kernel, const Sharding &sharding,
                    int weight) {
  for (size_t o = 0; o < kernel.ops.size(); ++o)
    for (const OperandSpec &operand : kernel.ops[o].operands)
      if (operand.role == TensorRole::Weights && operand.tensor == weight) {
        if (operand.indexing.size() != kernel.weights[weight].shape.size())
          return {};
        return {&kernel.ops[o], &operand, &sharding.ops[o]};
      }
  return {};
}

static Cut whole(int64_t size, std::string dim = "") {
  Cut cut;
  cut.dim = std::move(dim);
  cut.size = cut.shard = cut.points = cut.pitch = size;
  return cut;
}

/// The cut of a dim that has its axis for itself.
static Cut alone(const IterationDim &dim, Axis axis, const Sharding &sharding) {
  Cut cut = whole(dim.size, dim.name);
  cut.axis = axis;
  cut.parts = partsOf(sharding, axis);
  cut.unit = dim.unit;
  cut.shard = shardLength(dim, cut.parts);
  if (axis == Axis::Group && !sharding.held.empty())
    cut.shard = sharding.slots();
  return cut;
}

/// The cut of dim `d` among `dims`, of which several may share its axis.
static Cut cutOf(const std::vector<IterationDim> &dims, size_t d,
                 const OpSharding &opSharding, const Sharding &sharding) {
  const std::vector<Axis> &axes = opSharding.axisOfDim;
  if (axes[d] == Axis::None)
    return whole(dims[d].size, dims[d].name);
  Cut cut = alone(dims[d], axes[d], sharding);
  if (llvm::count(axes, axes[d]) == 1)
    return cut;
  AxisRun run = runOn(dims, opSharding, axes[d], cut.parts);
  cut.unit = 1;
  cut.points = run.points;
  cut.shard = run.shard;
  auto pitchOf = [&](size_t e) {
    return static_cast<int>(e) == run.fastest ? run.pitch : dims[e].size;
  };
  cut.pitch = pitchOf(d);
  for (size_t e = d + 1; e < dims.size(); ++e)
    if (axes[e] == axes[d])
      cut.inner = multiply(cut.inner, pitchOf(e));
  return cut;
}

int64_t inlay::model::touchedBy(int64_t shard, int64_t inner, int64_t size) {
  if (inner <= 1)
    return std::min(shard, size);
  int64_t offset = inner - std::gcd(shard, inner);
  return std::min(size, ceilDiv(shard + offset, inner));
}

int64_t inlay::model::mostHeld(const Cut &cut) {
  return touchedBy(cut.shard, cut.inner, cut.size);
}

IndexRange inlay::model::heldBy(const Cut &cut, int64_t part) {
  int64_t begin = std::min(cut.points, multiply(part, cut.shard));
  int64_t end = std::min(cut.points, begin + cut.shard);
  // Nothing is left for cores behind the last point.
  if (begin == end)
    return {cut.size, cut.size};
  IndexRange range = {begin / cut.inner, ceilDiv(end, cut.inner)};
  int64_t pitch = std::max<int64_t>(1, cut.pitch);
  if (range.length() >= pitch)
    return {0, cut.size};
  int64_t first = range.begin % pitch;
  return {std::min(cut.size, first),
          std::min(cut.size, first + range.length())};
}

/// Whether dims of a tensor lie along one axis.
static bool areTogether(const Cut &a, const Cut &b) {
  return a.axis != Axis::None && a.axis == b.axis;
}

/// Whether several parts of an axis have the same indices of a dim.
static bool hasRepeats(const Cut &cut) {
  return cut.inner > 1 || cut.points > cut.pitch;
}

bool inlay::model::hasSharedElements(const std::vector<Cut> &cuts) {
  return llvm::any_of(cuts, [&](const Cut &cut) {
    return hasRepeats(cut) && llvm::count_if(cuts, [&](const Cut &other) {
                                return areTogether(cut, other);
                              }) < 2;
  });
}

std::vector<Cut> inlay::model::opCuts(const OpSpec &op,
                                      const OpSharding &opSharding,
                                      const Sharding &sharding) {
  std::vector<Cut> cuts;
  cuts.reserve(op.dims.size());
  for (size_t d = 0; d < op.dims.size(); ++d)
    cuts.push_back(cutOf(op.dims, d, opSharding, sharding));
  return cuts;
}

Cut inlay::model::opCut(const OpSpec &op, size_t dim,
                        const OpSharding &opSharding,
                        const Sharding &sharding) {
  return cutOf(op.dims, dim, opSharding, sharding);
}

int64_t inlay::model::valuesSeen(const std::vector<Cut> &cuts, Axis axis,
                                 const std::function<bool(size_t)> &isIn) {
  int64_t all = 1, block = 1, inner = 1, shard = 1;
  bool isOpen = false;
  auto close = [&] {
    if (!isOpen)
      return;
    int64_t longer = std::max(shard, inner);
    bool straddles = inner > 1 && longer % std::min(shard, inner) != 0;
    all = multiply(all, std::min(block, ceilDiv(shard, inner) + straddles));
    block = 1;
    isOpen = false;
  };
  bool hasAny = false;
  for (size_t d = 0; d < cuts.size(); ++d) {
    if (cuts[d].axis != axis)
      continue;
    if (!isIn(d)) {
      close();
      continue;
    }
    isOpen = hasAny = true;
    block = multiply(block, cuts[d].size);
    inner = cuts[d].inner;
    shard = std::max<int64_t>(1, cuts[d].shard);
  }
  close();
  return hasAny ? std::min(all, shard) : 1;
}

std::vector<Cut> inlay::model::weightCuts(const KernelSpec &kernel,
                                          const Sharding &sharding,
                                          int weight) {
  const std::vector<int64_t> &shape = kernel.weights[weight].shape;
  Use use = firstUse(kernel, sharding, weight);
  std::vector<Cut> cuts;
  for (size_t i = 0; i < shape.size(); ++i) {
    const IndexExpr *index = use.op ? &use.operand->indexing[i] : nullptr;
    if (!index || index->dim < 0 ||
        index->divisor >= use.op->dims[index->dim].size) {
      cuts.push_back(whole(shape[i]));
      continue;
    }
    if (sharesAxis(*use.sharding, index->dim)) {
      cuts.push_back(
          isCutAlong(*use.op, *use.sharding, sharding, *index)
              ? cutOf(use.op->dims, index->dim, *use.sharding, sharding)
              : whole(shape[i]));
      continue;
    }
    // Where blocks that share a scale are whole, the units of the iteration dim
    // are units of the tensor's dim.
    IterationDim dim = use.op->dims[index->dim];
    Axis axis = use.sharding->axisOfDim[index->dim];
    if (axis == Axis::None) {
      cuts.push_back(whole(shape[i], dim.name));
      continue;
    }
    bool areWhole = dim.unit % index->divisor == 0;
    if (areWhole) {
      dim.size = shape[i];
      dim.unit /= index->divisor;
    }
    cuts.push_back(alone(dim, axis, sharding));
    if (!areWhole) {
      cuts.back().size = cuts.back().pitch = shape[i];
      cuts.back().inner = index->divisor;
    }
  }
  return cuts;
}

int64_t inlay::model::sizeOfAll(int64_t size, const IndexExpr &index,
                                int64_t indices) {
  if (index.divisor == 1)
    return indices;
  return indices > ceilDiv(size, index.divisor)
             ? multiply(indices, index.divisor)
             : size;
}

std::vector<Cut> inlay::model::stateCuts(const KernelSpec &kernel,
                                         const Sharding &sharding, int state) {
  const std::vector<int64_t> &shape = kernel.states[state].shape;
  std::vector<Cut> cuts;
  for (size_t o = 0; o < kernel.ops.size() && cuts.empty(); ++o)
    for (const OperandSpec &use : kernel.ops[o].operands) {
      if (use.role != TensorRole::State || use.tensor != state ||
          use.indexing.size() != shape.size() || !cuts.empty())
        continue;
      // An op that reads what was there before the step iterates over less than
      // the state holds after it.
      std::vector<IterationDim> dims = kernel.ops[o].dims;
      for (size_t i = 0; i < shape.size(); ++i)
        if (int d = use.indexing[i].dim; d >= 0)
          dims[d].size = sizeOfAll(dims[d].size, use.indexing[i], shape[i]);
      for (size_t i = 0; i < shape.size(); ++i) {
        const IndexExpr &index = use.indexing[i];
        cuts.push_back(index.dim < 0
                           ? whole(shape[i])
                           : cutOf(dims, index.dim, sharding.ops[o], sharding));
        if (cuts[i].pitch == cuts[i].size)
          cuts[i].pitch = shape[i];
        cuts[i].size = shape[i];
        cuts[i].inner = multiply(cuts[i].inner, index.divisor);
      }
    }
  if (cuts.empty())
    for (int64_t size : shape)
      cuts.push_back(whole(size));
  return cuts;
}

std::vector<IndexRange>
inlay::model::weightShard(const KernelSpec &kernel, const Sharding &sharding,
                          int weight, const CorePosition &position) {
  std::vector<IndexRange> ranges;
  for (const Cut &cut : weightCuts(kernel, sharding, weight)) {
    int64_t part = cut.axis == Axis::X       ? position.x
                   : cut.axis == Axis::Y     ? position.y
                   : cut.axis == Axis::Group ? position.group
                                             : 0;
    if (cut.axis == Axis::Group && !sharding.held.empty()) {
      ranges.push_back({0, int64_t(sharding.held[size_t(part)].size())});
      continue;
    }
    ranges.push_back(heldBy(cut, part));
  }
  return ranges;
}

/// The cuts of a tensor by axis, those of none being alone.
static std::vector<std::vector<Cut>> byAxis(const std::vector<Cut> &cuts) {
  std::vector<std::vector<Cut>> axes;
  for (const Cut &cut : cuts) {
    auto known = llvm::find_if(axes, [&](const std::vector<Cut> &other) {
      return areTogether(other.front(), cut);
    });
    if (known == axes.end())
      axes.push_back({cut});
    else
      known->push_back(cut);
  }
  return axes;
}

/// Parts of an axis that have an index of a dim which lies on it again and
/// again, at least.
static int64_t fewestHolders(const Cut &cut) {
  std::vector<int64_t> begins(size_t(cut.size) + 1, 0);
  for (int64_t part = 0; part < cut.parts; ++part) {
    IndexRange range = heldBy(cut, part);
    ++begins[size_t(range.begin)];
    --begins[size_t(range.end)];
  }
  int64_t fewest = cut.parts, holders = 0;
  for (int64_t index = 0; index < cut.size; ++index)
    fewest = std::min(fewest, holders += begins[size_t(index)]);
  return std::max<int64_t>(1, fewest);
}

int64_t inlay::model::copies(const KernelSpec &kernel, const Sharding &sharding,
                             int weight) {
  int64_t all = copySets(kernel, sharding, weight);
  for (const std::vector<Cut> &cuts :
       byAxis(weightCuts(kernel, sharding, weight)))
    if (cuts.size() == 1 && cuts.front().axis != Axis::None &&
        hasRepeats(cuts.front()))
      all = multiply(all, fewestHolders(cuts.front()));
  return all;
}

int64_t inlay::model::copySets(const KernelSpec &kernel,
                               const Sharding &sharding, int weight) {
  int64_t all = multiply(sharding.numGroups(), sharding.group.area());
  for (const std::vector<Cut> &cuts :
       byAxis(weightCuts(kernel, sharding, weight)))
    all /= cuts.front().parts;
  return all;
}

int64_t inlay::model::largestShardBytes(const KernelSpec &kernel,
                                        const Sharding &sharding, int weight) {
  int64_t elements = 1;
  for (const Cut &cut : weightCuts(kernel, sharding, weight))
    elements = multiply(elements, mostHeld(cut));
  return ceilDiv(multiply(elements, kernel.weights[weight].type.bits), 8);
}

/// Of cuts along one axis: how many parts have how many elements.
static std::map<int64_t, int64_t> partsByHeld(llvm::ArrayRef<Cut> cuts) {
  std::map<int64_t, int64_t> parts;
  for (int64_t part = 0; part < cuts.front().parts; ++part) {
    int64_t elements = 1;
    for (const Cut &cut : cuts)
      elements = multiply(elements, heldBy(cut, part).length());
    if (elements > 0)
      ++parts[elements];
  }
  return parts;
}

int64_t inlay::model::copyBytes(const KernelSpec &kernel,
                                const Sharding &sharding, int weight) {
  // Shards of equal size, and how many there are: each cut adds to the full
  // parts of a dim at most one that is shorter.
  struct Kind {
    int64_t elements;
    int64_t count;
  };
  std::vector<Kind> kinds = {{1, 1}};
  for (const std::vector<Cut> &cuts :
       byAxis(weightCuts(kernel, sharding, weight))) {
    const Cut &cut = cuts.front();
    std::vector<Kind> next;
    for (Kind kind : kinds) {
      if (cut.shard == 0)
        continue;
      if (cut.axis == Axis::Group && !sharding.held.empty()) {
        for (const std::vector<int64_t> &group : sharding.held)
          next.push_back(
              {multiply(kind.elements, int64_t(group.size())), kind.count});
        continue;
      }
      if (cuts.size() > 1 || hasRepeats(cut)) {
        for (auto [held, parts] : partsByHeld(cuts))
          next.push_back(
              {multiply(kind.elements, held), multiply(kind.count, parts)});
        continue;
      }
      int64_t full = cut.size / cut.shard;
      int64_t rest = cut.size % cut.shard;
      if (full)
        next.push_back(
            {multiply(kind.elements, cut.shard), multiply(kind.count, full)});
      if (rest)
        next.push_back({multiply(kind.elements, rest), kind.count});
    }
    kinds = std::move(next);
  }
  int64_t bytes = 0;
  for (Kind kind : kinds) {
    int64_t bits = multiply(kind.elements, kernel.weights[weight].type.bits);
    bytes += multiply(ceilDiv(bits, 8), kind.count);
  }
  return bytes;
}
