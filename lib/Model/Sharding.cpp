//===- Sharding.cpp - How a kernel is cut over a region -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Sharding.h"

#include "inlay/Model/Cuts.h"
#include "inlay/Model/Fits.h"
#include "inlay/Model/Layout.h"
#include "inlay/Model/Packing.h"
#include "inlay/Support/Format.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include "fmt/format.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

using namespace inlay;
using namespace inlay::model;

/// Partial sums of a cut reduction travel as 32-bit values.
static constexpr int kPartialSumBits = 32;
/// Sizes saturate here: far beyond any machine, and sums of thousands of them
/// still fit 64 bits.
static constexpr int64_t kHuge = int64_t(1) << 50;

static int64_t multiply(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product) || product > kHuge)
    return kHuge;
  return product;
}

int64_t inlay::model::shardLength(const IterationDim &dim, int64_t parts) {
  // To divide takes longer than all else here.
  if (parts == 1)
    return std::min(dim.size, kHuge);
  if (dim.unit == 1)
    return std::min(ceilDiv(dim.size, parts), kHuge);
  int64_t units = ceilDiv(dim.size, dim.unit);
  return std::min(dim.size, multiply(ceilDiv(units, parts), dim.unit));
}

IndexRange inlay::model::shardRange(const IterationDim &dim, int64_t parts,
                                    int64_t part) {
  int64_t length = shardLength(dim, parts);
  int64_t begin = std::min(dim.size, multiply(part, length));
  return {begin, std::min(dim.size, begin + length)};
}

bool inlay::model::sharesAxis(const OpSharding &opSharding, size_t dim) {
  const std::vector<Axis> &axes = opSharding.axisOfDim;
  return axes[dim] != Axis::None &&
         std::count(axes.begin(), axes.end(), axes[dim]) > 1;
}

AxisRun inlay::model::runOn(const std::vector<IterationDim> &dims,
                            const OpSharding &opSharding, Axis axis,
                            int64_t parts) {
  AxisRun run;
  int64_t size = 1;
  for (size_t d = 0; d < dims.size(); ++d) {
    if (opSharding.axisOfDim[d] != axis)
      continue;
    run.slower = multiply(run.slower, size);
    size = dims[d].size;
    run.fastest = static_cast<int>(d);
    ++run.count;
    run.wide += size > 1;
  }
  parts = std::max<int64_t>(1, parts);
  run.pitch = size;
  if (opSharding.width == 0 || run.count < 2) {
    run.points = multiply(run.slower, size);
    run.shard = std::max<int64_t>(1, ceilDiv(run.points, parts));
    return run;
  }
  if (run.slower <= parts) {
    int64_t cores = parts / run.slower;
    run.shard = ceilDiv(std::max(size, opSharding.width), cores);
    run.pitch = multiply(cores, run.shard);
  } else {
    run.shard = multiply(ceilDiv(run.slower, parts), size);
  }
  run.points = multiply(run.slower, run.pitch);
  return run;
}

bool inlay::model::isCutAlong(const OpSpec &op, const OpSharding &opSharding,
                              const Sharding &sharding,
                              const IndexExpr &index) {
  if (index.dim < 0 || index.divisor >= op.dims[index.dim].size)
    return false;
  Axis axis = opSharding.axisOfDim[index.dim];
  if (axis == Axis::None || !sharesAxis(opSharding, index.dim))
    return axis != Axis::None;
  return index.divisor == 1 &&
         runOn(op.dims, opSharding, axis, partsOf(sharding, axis)).isAligned();
}

int64_t inlay::model::partsOf(const Sharding &sharding, Axis axis) {
  switch (axis) {
  case Axis::None:
    return 1;
  case Axis::X:
    return sharding.group.width;
  case Axis::Y:
    return sharding.group.height;
  case Axis::Group:
    return sharding.numGroups();
  }
  return 1;
}

namespace {

constexpr std::array<Axis, 3> kCuts = {Axis::X, Axis::Y, Axis::Group};

/// What one core sees of the dims of an op.
///
/// A dim that is cut alone has blocks of `shardLength`. Where several dims
/// share an axis their product is cut into equal runs; a run of C points of a
/// product whose faster dims have I points touches min(I, C) values of these
/// and at most ceil(C / I) + 1 of the slower ones, one less where one of C and
/// I divides the other.
class CoreView {
  /// The points of a core on the axis of a dim, those of one value of the dim,
  /// and the values after which the dim begins anew; 0: it does not.
  struct RunOf {
    int64_t shard, inner, pitch;
  };

public:
  CoreView(const OpSpec &op, const OpSharding &opSharding,
           const Sharding &sharding)
      : op(op), opSharding(opSharding), axes(opSharding.axisOfDim) {
    for (const IterationDim &dim : op.dims) {
      values.push_back(dim.size);
      runs.push_back({dim.size, 1, dim.size});
    }
    for (size_t a = 0; a < kCuts.size(); ++a)
      cut(a, partsOf(sharding, kCuts[a]),
          kCuts[a] == Axis::Group ? sharding.slots() : 0);
  }

  /// Elements of an operand. The points of dims that share an axis cannot
  /// exceed their common run, so a tensor that is indexed by all of them, or
  /// by blocks, holds at most `run` elements, not the product of the distinct
  /// values. Weights are held whole along such dims.
  int64_t elements(const OperandSpec &operand) const {
    std::array<int64_t, 4> product = {1, 1, 1, 1};
    std::array<int, 4> numIndexed = {0, 0, 0, 0};
    std::array<bool, 4> hasBlocks = {false, false, false, false};
    for (const IndexExpr &index : operand.indexing) {
      if (index.dim < 0)
        continue;
      auto axis = static_cast<size_t>(axes[index.dim]);
      int64_t held = values[index.dim], size = op.dims[index.dim].size;
      bool isWeight = operand.role == TensorRole::Weights;
      if (isWeight && llvm::count(axes, axes[index.dim]) > 1 &&
          !(isAligned[axis] && index.divisor == 1))
        held = size;
      int64_t touched = index.divisor == 1 ? held
                        : isWeight && held == size
                            ? ceilDiv(size, index.divisor)
                            : blocks(index);
      product[axis] = multiply(product[axis], touched);
      ++numIndexed[axis];
      hasBlocks[axis] |= index.divisor > 1;
    }
    int64_t total = product[static_cast<size_t>(Axis::None)];
    for (size_t a = 0; a < kCuts.size(); ++a) {
      auto axis = static_cast<size_t>(kCuts[a]);
      bool whole = numCut[a] > 1 && operand.role != TensorRole::Weights &&
                   (numIndexed[axis] == numCut[a] || hasBlocks[axis]);
      total = multiply(total,
                       whole ? std::min(product[axis], run[a]) : product[axis]);
    }
    return total;
  }

private:
  /// Blocks that a core has a part of: a cut through one leaves parts of one
  /// more than a run has.
  int64_t blocks(const IndexExpr &index) const {
    const RunOf &own = runs[index.dim];
    int64_t all = ceilDiv(op.dims[index.dim].size, index.divisor);
    // Where the dim begins anew within a block, that is not full.
    if (own.pitch > 0 && own.pitch % index.divisor != 0)
      return all;
    return touchedBy(own.shard, multiply(own.inner, index.divisor), all);
  }

  /// `given`: what a part has of a dim that is cut alone; 0: an equal share.
  void cut(size_t a, int64_t parts, int64_t given) {
    AxisRun cut = runOn(op.dims, opSharding, kCuts[a], parts);
    numCut[a] = cut.count;
    if (cut.count == 1) {
      values[cut.fastest] =
          given ? given : shardLength(op.dims[cut.fastest], parts);
      runs[cut.fastest] = {values[cut.fastest], 1, 0};
    }
    if (cut.count < 2)
      return;
    run[a] = cut.shard;
    isAligned[static_cast<size_t>(kCuts[a])] = cut.isAligned();
    int64_t inner = 1; // points of one value
    for (size_t d = op.dims.size(); d-- > 0;) {
      if (axes[d] != kCuts[a])
        continue;
      // A run begins at a multiple of its length, maybe within a value.
      bool straddles = std::max(run[a], inner) % std::min(run[a], inner) != 0;
      values[d] = std::min(op.dims[d].size,
                           ceilDiv(run[a], inner) + (straddles ? 1 : 0));
      int64_t pitch =
          static_cast<int>(d) == cut.fastest ? cut.pitch : op.dims[d].size;
      int64_t outer = multiply(inner, pitch);
      runs[d] = {run[a], inner, outer < cut.points ? pitch : 0};
      inner = outer;
    }
  }

  const OpSpec &op;
  const OpSharding &opSharding;
  const std::vector<Axis> &axes;
  llvm::SmallVector<int64_t, 8> values;
  llvm::SmallVector<RunOf, 8> runs; ///< of each dim
  std::array<int, 3> numCut = {0, 0, 0};
  std::array<int64_t, 3> run = {1, 1, 1};
  std::array<bool, 4> isAligned = {false, false, false, false}; ///< by axis
};

int64_t productOf(const std::vector<int64_t> &shape) {
  int64_t product = 1;
  for (int64_t size : shape)
    product = multiply(product, size);
  return product;
}

/// Scales the elements of a shard to the whole tensor: what no iteration dim
/// indexes is held whole, and what exceeds the iteration space is spread alike.
int64_t scaleToTensor(const OpSpec &op, const OperandSpec &operand,
                      int64_t shard, int64_t tensorElements) {
  int64_t indexed = 1;
  for (const IndexExpr &index : operand.indexing)
    if (index.dim >= 0)
      indexed =
          multiply(indexed, ceilDiv(op.dims[index.dim].size, index.divisor));
  if (indexed >= tensorElements)
    return std::min(shard, tensorElements);
  int64_t whole = tensorElements / indexed;
  double rest = static_cast<double>(tensorElements % indexed) /
                static_cast<double>(indexed);
  int64_t scaled =
      multiply(shard, whole) +
      static_cast<int64_t>(std::ceil(static_cast<double>(shard) * rest));
  return std::min(scaled, tensorElements);
}

int64_t alignedBytes(int64_t elements, int bits) {
  int64_t bytes = ceilDiv(multiply(elements, bits), 8);
  return multiply(ceilDiv(bytes, kBufferAlignment), kBufferAlignment);
}

bool isHeldWhole(const WeightSpec &weight, const OperandSpec &use) {
  return use.indexing.size() != weight.shape.size();
}

bool reducesOverCores(const OpSpec &op, const OpSharding &opSharding,
                      const Sharding &sharding) {
  for (size_t d = 0; d < op.dims.size(); ++d)
    if (op.dims[d].kind == DimKind::Reduction &&
        partsOf(sharding, opSharding.axisOfDim[d]) > 1)
      return true;
  return false;
}

/// Gathers the buffers of a kernel, op by op.
class BufferCollector {
public:
  BufferCollector(const KernelSpec &kernel, const Sharding &sharding)
      : kernel(kernel), sharding(sharding),
        lastOp(std::max(0, static_cast<int>(kernel.ops.size()) - 1)) {
    for (const WeightSpec &weight : kernel.weights)
      addResident(TensorRole::Weights, productOf(weight.shape),
                  weight.type.bits);
    for (const StateSpec &state : kernel.states)
      addResident(TensorRole::State, productOf(state.shape), state.type.bits);
    for (const PortSpec &port : kernel.inputs)
      addResident(TensorRole::Input, productOf(port.shape), port.type.bits);
    for (const PortSpec &port : kernel.outputs)
      addResident(TensorRole::Output, productOf(port.shape), port.type.bits);
  }

  /// Calls `take` with each buffer: what is there all the time, then the rest.
  template <typename Take> void forEach(Take take) {
    for (size_t o = 0; o < kernel.ops.size(); ++o)
      addOp(static_cast<int>(o));
    for (Resident &resident : residents) {
      ShardBuffer buffer = resident.buffer;
      int64_t elements =
          resident.used ? resident.shard : resident.tensorElements;
      buffer.bytes = alignedBytes(elements, resident.bits);
      if (buffer.role == TensorRole::Input || buffer.role == TensorRole::Output)
        buffer.bytes *= kStreamBuffers;
      take(buffer);
    }
    for (const ShardBuffer &local : locals)
      take(local);
  }

private:
  struct Resident {
    ShardBuffer buffer;
    int64_t tensorElements = 0;
    int bits = 0;
    int64_t shard = 0;
    bool used = false;
  };

  void addResident(TensorRole role, int64_t elements, int bits) {
    auto r = static_cast<size_t>(role);
    if (firstOfRole[r] < 0)
      firstOfRole[r] = static_cast<int>(residents.size());
    int index = static_cast<int>(residents.size()) - firstOfRole[r];
    residents.push_back(
        {{role, index, 0, 0, lastOp}, elements, bits, 0, false});
  }

  void addOp(int o) {
    const OpSpec &op = kernel.ops[o];
    CoreView view(op, sharding.ops[o], sharding);
    int64_t unnamed = 0;
    for (const OperandSpec &operand : op.operands) {
      if (operand.role == TensorRole::State) {
        addStateUse(op, o, operand, view);
        continue;
      }
      int64_t elements = view.elements(operand);
      if (operand.role != TensorRole::Local)
        addUse(op, operand, elements);
      else if (operand.tensor < 0)
        unnamed += alignedBytes(elements, operand.type.bits);
      else
        addLocal(operand.tensor, alignedBytes(elements, operand.type.bits), o);
    }
    if (isSlice(op))
      keepInPlace(op, o);
    if (!op.operands.empty() && reducesOverCores(op, sharding.ops[o], sharding))
      unnamed +=
          alignedBytes(view.elements(op.operands.back()), kPartialSumBits);
    if (unnamed)
      locals.push_back({TensorRole::Local, -1, unnamed, o, o});
  }

  /// The op as it would be if it read all places of a state; none where it
  /// does.
  std::optional<OpSpec> withPlacesOf(const OpSpec &op,
                                     const OperandSpec &operand) const {
    const std::vector<int64_t> &shape = kernel.states[operand.tensor].shape;
    std::optional<OpSpec> all;
    if (operand.indexing.size() != shape.size())
      return all;
    for (size_t i = 0; i < shape.size(); ++i) {
      const IndexExpr &index = operand.indexing[i];
      if (index.dim < 0)
        continue;
      int64_t size = sizeOfAll(op.dims[index.dim].size, index, shape[i]);
      if (op.dims[index.dim].size == size)
        continue;
      if (!all)
        all = op;
      all->dims[index.dim].size = size;
    }
    return all;
  }

  void addStateUse(const OpSpec &op, int o, const OperandSpec &operand,
                   const CoreView &view) {
    if (std::optional<OpSpec> all = withPlacesOf(op, operand))
      addUse(*all, operand,
             CoreView(*all, sharding.ops[o], sharding).elements(operand));
    else
      addUse(op, operand, view.elements(operand));
  }

  /// A core may have as much of a slice as it has of what that is taken from.
  void keepInPlace(const OpSpec &op, int o) {
    const OperandSpec &source = op.operands.front();
    const OperandSpec &made = op.operands.back();
    if (made.role != TensorRole::Local || source.role != TensorRole::Local ||
        made.tensor < 0 || source.tensor < 0)
      return;
    int64_t elements = 1;
    for (const IndexExpr &index : made.indexing)
      if (index.dim >= 0)
        elements = multiply(elements, op.dims[index.dim].size);
    auto from = llvm::find_if(locals, [&](const ShardBuffer &known) {
      return known.tensor == source.tensor;
    });
    addLocal(made.tensor,
             std::min(from->bytes, alignedBytes(elements, made.type.bits)), o);
  }

  void addUse(const OpSpec &op, const OperandSpec &operand, int64_t elements) {
    Resident &resident =
        residents[firstOfRole[static_cast<size_t>(operand.role)] +
                  operand.tensor];
    if (operand.role == TensorRole::Weights) {
      if (resident.used)
        return;
      if (isHeldWhole(kernel.weights[operand.tensor], operand))
        elements = resident.tensorElements;
    }
    resident.shard =
        std::max(resident.shard,
                 scaleToTensor(op, operand, elements, resident.tensorElements));
    resident.used = true;
  }

  void addLocal(int id, int64_t bytes, int o) {
    auto local = llvm::find_if(
        locals, [&](const ShardBuffer &known) { return known.tensor == id; });
    if (local == locals.end()) {
      locals.push_back({TensorRole::Local, id, 0, o, o});
      local = std::prev(locals.end());
    }
    local->bytes = std::max(local->bytes, bytes);
    local->lastOp = o;
  }

  const KernelSpec &kernel;
  const Sharding &sharding;
  int lastOp;
  std::array<int, 5> firstOfRole = {-1, -1, -1, -1, -1};
  llvm::SmallVector<Resident, 16> residents;
  llvm::SmallVector<ShardBuffer, 16> locals;
};

} // namespace

int64_t inlay::model::shardElements(const OpSpec &op,
                                    const OperandSpec &operand,
                                    const OpSharding &opSharding,
                                    const Sharding &sharding) {
  return CoreView(op, opSharding, sharding).elements(operand);
}

double inlay::model::shardPoints(const OpSpec &op, const OpSharding &opSharding,
                                 const Sharding &sharding) {
  double points = 1;
  for (size_t d = 0; d < op.dims.size(); ++d)
    if (opSharding.axisOfDim[d] == Axis::None)
      points *= static_cast<double>(op.dims[d].size);
  for (Axis axis : kCuts) {
    int64_t parts = partsOf(sharding, axis);
    AxisRun run = runOn(op.dims, opSharding, axis, parts);
    if (run.count == 0)
      continue;
    const IterationDim &fastest = op.dims[run.fastest];
    int64_t longest =
        run.count > 1 ? run.most(fastest.size) : shardLength(fastest, parts);
    if (run.count == 1 && axis == Axis::Group && !sharding.held.empty())
      longest = sharding.slots();
    points *= static_cast<double>(longest);
  }
  return points;
}

std::vector<ShardBuffer> inlay::model::shardBuffers(const KernelSpec &kernel,
                                                    const Sharding &sharding) {
  std::vector<ShardBuffer> buffers;
  BufferCollector(kernel, sharding).forEach([&](const ShardBuffer &buffer) {
    buffers.push_back(buffer);
  });
  return buffers;
}

std::optional<Footprint> inlay::model::footprintWithin(const KernelSpec &kernel,
                                                       const Sharding &sharding,
                                                       int64_t most) {
  Footprint bytes;
  std::vector<LiveRange> locals;
  locals.reserve(kernel.ops.size());
  BufferCollector(kernel, sharding).forEach([&](const ShardBuffer &buffer) {
    switch (buffer.role) {
    case TensorRole::Weights:
      bytes.weights += buffer.bytes;
      break;
    case TensorRole::State:
      bytes.state += buffer.bytes;
      break;
    case TensorRole::Input:
    case TensorRole::Output:
      bytes.streams += buffer.bytes;
      break;
    case TensorRole::Local:
      locals.push_back({buffer.bytes, buffer.firstOp, buffer.lastOp + 1});
      break;
    }
  });
  // To pack takes longer than to add up.
  if (bytes.resident() > most)
    return std::nullopt;
  bytes.scratch = pack(locals).peak;
  return bytes.total() <= most ? std::optional(bytes) : std::nullopt;
}

Footprint inlay::model::footprint(const KernelSpec &kernel,
                                  const Sharding &sharding) {
  return *footprintWithin(kernel, sharding,
                          std::numeric_limits<int64_t>::max());
}

Footprint inlay::model::footprint(const std::vector<CutKernel> &kernels) {
  Footprint bytes;
  for (const CutKernel &cut : kernels)
    bytes.share(footprint(*cut.kernel, *cut.sharding));
  return bytes;
}

/// The dim that the groups cut, in the first op that has it.
static const IterationDim *groupedDim(const KernelSpec &kernel,
                                      const Sharding &sharding) {
  for (size_t o = 0; o < kernel.ops.size(); ++o)
    for (size_t d = 0; d < kernel.ops[o].dims.size(); ++d)
      if (sharding.ops[o].axisOfDim[d] == Axis::Group)
        return &kernel.ops[o].dims[d];
  return nullptr;
}

std::vector<ExpertGroup> inlay::model::expertGroups(const KernelSpec &kernel,
                                                    const Sharding &sharding) {
  std::vector<ExpertGroup> groups;
  if (kernel.role != KernelRole::Experts)
    return groups;
  const IterationDim *experts = groupedDim(kernel, sharding);
  for (int64_t index = 0; index < sharding.numGroups(); ++index) {
    ExpertGroup group;
    group.index = index;
    group.rect = {index % sharding.groups.width * sharding.group.width,
                  index / sharding.groups.width * sharding.group.height,
                  sharding.group.width, sharding.group.height};
    if (!sharding.held.empty()) {
      group.experts = sharding.held[size_t(index)];
    } else {
      IndexRange range = experts
                             ? shardRange(*experts, sharding.numGroups(), index)
                             : IndexRange{0, kernel.numExperts};
      group.experts.resize(size_t(range.length()));
      std::iota(group.experts.begin(), group.experts.end(), range.begin);
    }
    groups.push_back(std::move(group));
  }
  return groups;
}
