//===- CarryOver.cpp - One way to cut a kernel in two phases --------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/CarryOver.h"

#include "fmt/format.h"

#include <algorithm>
#include <map>

using namespace inlay;
using namespace inlay::model;

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Dims of size 1 say nothing of where elements are.
static int64_t elementsOf(const WeightSpec &weight) {
  int64_t count = 1;
  for (int64_t size : weight.shape)
    count *= size;
  return count;
}

/// In what the kernels differ beside their ops; empty: in nothing.
static std::string differenceOf(const KernelSpec &from, const KernelSpec &to) {
  if (from.name != to.name)
    return fmt::format("one is called '{}', the other '{}'", from.name,
                       to.name);
  auto count = [](const char *what, size_t one, size_t other) {
    return one == other
               ? std::string()
               : fmt::format("one has {} {}, the other {}", one, what, other);
  };
  for (const std::string &text :
       {count("weights", from.weights.size(), to.weights.size()),
        count("states", from.states.size(), to.states.size()),
        count("inputs", from.inputs.size(), to.inputs.size()),
        count("outputs", from.outputs.size(), to.outputs.size())})
    if (!text.empty())
      return text;
  for (size_t i = 0; i < from.weights.size(); ++i) {
    const WeightSpec &one = from.weights[i], &other = to.weights[i];
    if (one.name != other.name)
      return fmt::format("one has weight '{}' where the other has '{}'",
                         one.name, other.name);
    if (elementsOf(one) != elementsOf(other) ||
        one.type.bits != other.type.bits)
      return fmt::format("weight '{}' has other elements", one.name);
  }
  for (size_t i = 0; i < from.states.size(); ++i)
    if (from.states[i].name != to.states[i].name)
      return fmt::format("one has state '{}' where the other has '{}'",
                         from.states[i].name, to.states[i].name);
  return "";
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// Weights and states of an op, in order.
static std::vector<std::pair<TensorRole, int>> keptBy(const OpSpec &op) {
  std::vector<std::pair<TensorRole, int>> kept;
  for (const OperandSpec &operand : op.operands)
    if (operand.role == TensorRole::Weights ||
        operand.role == TensorRole::State)
      kept.emplace_back(operand.role, operand.tensor);
  return kept;
}

/// Of each dim of `to` which dim of `from` it is: of those behind the one
/// before that have its name the first of its size, or else the first.
static std::vector<int> matchDims(const OpSpec &from, const OpSpec &to) {
  std::vector<int> dims;
  auto next = from.dims.begin();
  for (const IterationDim &dim : to.dims) {
    auto isNamed = [&](const IterationDim &other) {
      return other.name == dim.name && other.kind == dim.kind;
    };
    auto found = std::find_if(next, from.dims.end(), [&](const auto &other) {
      return isNamed(other) && other.size == dim.size;
    });
    if (found == from.dims.end())
      found = std::find_if(next, from.dims.end(), isNamed);
    bool isThere = found != from.dims.end();
    dims.push_back(isThere ? static_cast<int>(found - from.dims.begin()) : -1);
    if (isThere)
      next = std::next(found);
  }
  return dims;
}

/// How well two ops go together; 0: not at all.
static int likeness(const OpSpec &from, const OpSpec &to) {
  if (from.name != to.name || keptBy(from) != keptBy(to))
    return 0;
  std::vector<int> dims = matchDims(from, to);
  return std::count(dims.begin(), dims.end(), -1) == 0 ? 2 : 1;
}

/// Of each op of `to` the op of `from`, in the same order, so that they are
/// as like each other as possible; -1: none.
static std::vector<int> alignOps(const KernelSpec &from, const KernelSpec &to) {
  size_t rows = from.ops.size(), columns = to.ops.size();
  std::vector<std::vector<int>> best(rows + 1, std::vector<int>(columns + 1));
  for (size_t i = rows; i-- > 0;)
    for (size_t j = columns; j-- > 0;) {
      int like = likeness(from.ops[i], to.ops[j]);
      best[i][j] = std::max({best[i + 1][j], best[i][j + 1],
                             like ? like + best[i + 1][j + 1] : 0});
    }
  std::vector<int> found(columns, -1);
  for (size_t i = 0, j = 0; i < rows && j < columns;) {
    int like = likeness(from.ops[i], to.ops[j]);
    if (like && best[i][j] == like + best[i + 1][j + 1])
      found[j++] = static_cast<int>(i++);
    else if (best[i][j] == best[i + 1][j])
      ++i;
    else
      ++j;
  }
  return found;
}

std::optional<CarryOver> CarryOver::find(const KernelSpec &from,
                                         const KernelSpec &to,
                                         std::string &why) {
  why = differenceOf(from, to);
  if (!why.empty())
    return std::nullopt;
  std::vector<int> found = alignOps(from, to);
  CarryOver carry;
  for (size_t j = 0; j < to.ops.size(); ++j) {
    Op &op = carry.ops.emplace_back();
    op.from = found[j];
    if (op.from >= 0) {
      op.dims = matchDims(from.ops[op.from], to.ops[j]);
    } else if (!keptBy(to.ops[j]).empty()) {
      why = fmt::format("op {} '{}' is in one only", j, to.ops[j].name);
      return std::nullopt;
    } else {
      op.dims.assign(to.ops[j].dims.size(), -1);
    }
  }
  return carry;
}

Sharding CarryOver::operator()(const Sharding &sharding) const {
  Sharding result = sharding;
  result.ops.clear();
  for (const Op &op : ops) {
    OpSharding &cut = result.ops.emplace_back();
    for (int dim : op.dims)
      cut.axisOfDim.push_back(dim < 0 ? Axis::None
                                      : sharding.ops[op.from].axisOfDim[dim]);
    if (op.from >= 0)
      cut.width = sharding.ops[op.from].width;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

std::vector<Shortage> inlay::model::shortages(const KernelSpec &from,
                                              const KernelSpec &to,
                                              const Sharding &sharding,
                                              const CarryOver &carry) {
  Sharding carried = carry(sharding);
  std::map<std::pair<TensorRole, int>, int64_t> there;
  for (const ShardBuffer &buffer : shardBuffers(from, sharding))
    there[{buffer.role, buffer.tensor}] = buffer.bytes;
  std::vector<Shortage> found;
  for (const ShardBuffer &buffer : shardBuffers(to, carried))
    if (int64_t room = there[{buffer.role, buffer.tensor}];
        buffer.role != TensorRole::Local && buffer.bytes > room)
      found.push_back({buffer, room});
  ShardBuffer scratch;
  scratch.bytes = footprint(to, carried).scratch;
  if (int64_t room = footprint(from, sharding).scratch; scratch.bytes > room)
    found.push_back({scratch, room});
  return found;
}
