//===- Context.cpp - How long a context may grow --------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Memory/Memory.h"

#include "inlay/Model/Cuts.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <map>

using namespace inlay;
using namespace inlay::memory;

static constexpr const char *kContext = "context";
static constexpr const char *kPosition = "position";

/// Dim of the tensor that a dim "context" of the op indexes; -1: none.
static int contextIndex(const model::OpSpec &op,
                        const model::OperandSpec &operand, size_t rank) {
  if (operand.indexing.size() != rank)
    return -1;
  for (auto [i, index] : llvm::enumerate(operand.indexing))
    if (index.dim >= 0 && index.divisor == 1 &&
        op.dims[index.dim].name == kContext)
      return static_cast<int>(i);
  return -1;
}

int inlay::memory::contextDim(const model::KernelSpec &kernel,
                              const model::Sharding &sharding, int state) {
  size_t rank = kernel.states[state].shape.size();
  for (auto [op, cut] : llvm::zip_equal(kernel.ops, sharding.ops))
    for (const model::OperandSpec &operand : op.operands) {
      if (operand.role != model::TensorRole::State || operand.tensor != state)
        continue;
      int dim = contextIndex(op, operand, rank);
      if (dim < 0)
        continue;
      model::Axis axis = cut.axisOfDim[operand.indexing[dim].dim];
      bool isAlone =
          axis == model::Axis::None || llvm::count(cut.axisOfDim, axis) == 1;
      return isAlone ? dim : -1;
    }
  return -1;
}

model::KernelSpec inlay::memory::withContext(const model::KernelSpec &kernel,
                                             int64_t from, int64_t to) {
  model::KernelSpec result = kernel;
  auto grow = [&](const model::OpSpec &op, const model::OperandSpec &operand,
                  std::vector<int64_t> &shape) {
    int dim = contextIndex(op, operand, shape.size());
    if (dim >= 0 && shape[dim] == from)
      shape[dim] = to;
  };
  for (model::OpSpec &op : result.ops) {
    for (const model::OperandSpec &operand : op.operands) {
      if (operand.role == model::TensorRole::State)
        grow(op, operand, result.states[operand.tensor].shape);
      else if (operand.role == model::TensorRole::Input)
        grow(op, operand, result.inputs[operand.tensor].shape);
      else if (operand.role == model::TensorRole::Output)
        grow(op, operand, result.outputs[operand.tensor].shape);
    }
    for (model::IterationDim &dim : op.dims)
      if (dim.name == kContext && dim.size == from)
        dim.size = to;
  }
  return result;
}

/// A tensor of [sequences, tokens, ...], or of both in one dim.
static void resize(std::vector<int64_t> &shape, const model::Graph &model,
                   int64_t batch, int64_t tokens) {
  if (shape.size() > 1 && shape[0] == model.batch && shape[1] == model.tokens) {
    shape[0] = batch;
    shape[1] = tokens;
  } else if (!shape.empty() && shape[0] == model.batch * model.tokens) {
    shape[0] = batch * tokens;
  }
}

model::Graph inlay::memory::withStep(const model::Graph &model, int64_t batch,
                                     int64_t tokens) {
  model::Graph result = model;
  result.batch = batch;
  result.tokens = tokens;
  for (model::KernelSpec &kernel : result.kernels) {
    for (model::OpSpec &op : kernel.ops)
      for (model::IterationDim &dim : op.dims)
        if (dim.name == "token" && dim.size == model.batch * model.tokens)
          dim.size = batch * tokens;
    for (model::PortSpec &port : kernel.inputs)
      resize(port.shape, model, batch, tokens);
    for (model::PortSpec &port : kernel.outputs)
      resize(port.shape, model, batch, tokens);
    // Steps in flight have states of their own, one behind the other.
    for (model::StateSpec &state : kernel.states)
      if (!state.shape.empty() && state.shape[0] % model.batch == 0)
        state.shape[0] = state.shape[0] / model.batch * batch;
  }
  for (model::StreamSpec &stream : result.streams)
    resize(stream.shape, model, batch, tokens);
  return result;
}

namespace {

/// Bytes that are live at once on the fullest core.
struct LiveBytes {
  int64_t resident = 0;
  int64_t scratch = 0; ///< of the op that needs the most

  void share(const LiveBytes &other) {
    resident += other.resident;
    scratch = std::max(scratch, other.scratch);
  }
};

/// What of a region stays the same, and what grows.
struct Region {
  LiveBytes fixed;
  std::vector<model::CutKernel> growing;

  bool fits(int64_t from, int64_t to, int64_t budget) const;
};

} // namespace

static LiveBytes liveBytes(const model::KernelSpec &kernel,
                           const model::Sharding &sharding) {
  LiveBytes bytes;
  std::map<int, int64_t> change; // of live scratch, by op
  for (const model::ShardBuffer &buffer :
       model::shardBuffers(kernel, sharding)) {
    if (buffer.role != model::TensorRole::Local) {
      bytes.resident += buffer.bytes;
      continue;
    }
    change[buffer.firstOp] += buffer.bytes;
    change[buffer.lastOp + 1] -= buffer.bytes;
  }
  int64_t live = 0;
  for (auto [op, difference] : change)
    bytes.scratch = std::max(bytes.scratch, live += difference);
  return bytes;
}

bool Region::fits(int64_t from, int64_t to, int64_t budget) const {
  LiveBytes bytes = fixed;
  for (const model::CutKernel &cut : growing)
    bytes.share(liveBytes(withContext(*cut.kernel, from, to), *cut.sharding));
  return bytes.resident + bytes.scratch <= budget;
}

static bool grows(const model::CutKernel &cut, int64_t room) {
  for (size_t s = 0; s < cut.kernel->states.size(); ++s) {
    int dim = contextDim(*cut.kernel, *cut.sharding, static_cast<int>(s));
    if (dim >= 0 && cut.kernel->states[s].shape[dim] == room)
      return true;
  }
  return false;
}

int64_t inlay::memory::longestContext(
    const std::vector<std::vector<model::CutKernel>> &regions, int64_t context,
    int64_t tokens, int64_t budget) {
  int64_t room = context + tokens;
  int64_t most = kLongestContext;
  std::vector<Region> all;
  bool anyGrows = false;
  for (const std::vector<model::CutKernel> &kernels : regions) {
    Region &region = all.emplace_back();
    for (const model::CutKernel &cut : kernels) {
      for (const model::OpSpec &op : cut.kernel->ops)
        for (const model::IterationDim &dim : op.dims)
          if (dim.name == kPosition && dim.size >= room)
            most = std::min(most, dim.size - tokens);
      if (grows(cut, room))
        region.growing.push_back(cut);
      else
        region.fixed.share(liveBytes(*cut.kernel, *cut.sharding));
    }
    anyGrows |= !region.growing.empty();
  }
  if (!anyGrows)
    return context;
  auto fits = [&](int64_t candidate) {
    return llvm::all_of(all, [&](const Region &region) {
      return region.fits(room, candidate + tokens, budget);
    });
  };
  // [least, most): the answer is the last that fits. Needs do not only grow: a
  // shorter context than the step's may need more.
  int64_t least = fits(context) ? context : -1, end = most + 1;
  while (end - least > 1) {
    int64_t middle = least + (end - least) / 2;
    (fits(middle) ? least : end) = middle;
  }
  return std::max<int64_t>(0, least);
}
