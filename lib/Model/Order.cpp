//===- Order.cpp - In which order a kernel executes its ops ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Order.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <map>
#include <tuple>

using namespace inlay;
using namespace inlay::model;

static bool sums(const OpSpec &op) {
  return llvm::any_of(op.dims, [](const IterationDim &dim) {
    return dim.kind == DimKind::Reduction;
  });
}

/// Whether ops hand the operand to each other: not what is constant or only
/// comes in.
static bool isPassedOn(const OperandSpec &operand) {
  return operand.role == TensorRole::Local ||
         operand.role == TensorRole::Output ||
         operand.role == TensorRole::State;
}

static bool hasUnnamed(const OpSpec &op) {
  return llvm::any_of(op.operands, [](const OperandSpec &operand) {
    return operand.role == TensorRole::Local && operand.tensor < 0;
  });
}

namespace {

/// How many sums lie before what reads a tensor, and before what writes it.
struct Ready {
  int read = 0;
  int written = 0;
};

/// Ops that stay together.
struct Unit {
  int before = 0; ///< sums
  size_t first = 0, last = 0;
};

/// Goes through the ops as they were.
class SumCounter {
public:
  /// The sums on the longest way to what a unit reads and overwrites; its
  /// results lie behind its own.
  int add(const KernelSpec &kernel, const Unit &unit) {
    int before = 0;
    forEach(kernel, unit, [&](const Ready &ready, bool isWritten) {
      before = std::max(before, isWritten ? ready.written : ready.read);
    });
    int behind = before;
    for (size_t o = unit.first; o <= unit.last; ++o)
      behind += sums(kernel.ops[o]) ? 1 : 0;
    forEach(kernel, unit, [&](Ready &ready, bool isWritten) {
      if (isWritten)
        ready.read = std::max(ready.read, behind);
      ready.written = std::max(ready.written, behind);
    });
    return before;
  }

private:
  template <typename Visit>
  void forEach(const KernelSpec &kernel, const Unit &unit, Visit visit) {
    for (size_t o = unit.first; o <= unit.last; ++o)
      for (const OperandSpec &operand : kernel.ops[o].operands)
        if (isPassedOn(operand) && operand.tensor >= 0)
          visit(tensors[{operand.role, operand.tensor}],
                &operand == &kernel.ops[o].operands.back() ||
                    operand.role == TensorRole::State);
  }

  std::map<std::pair<TensorRole, int>, Ready> tensors;
};

} // namespace

std::vector<size_t> inlay::model::orderBySums(KernelSpec &kernel) {
  SumCounter counter;
  std::vector<Unit> units;
  for (size_t o = 0; o < kernel.ops.size(); ++o) {
    bool isHandedOn =
        o > 0 && hasUnnamed(kernel.ops[o - 1]) && hasUnnamed(kernel.ops[o]);
    if (isHandedOn)
      units.back().last = o;
    else
      units.push_back({0, o, o});
  }
  for (Unit &unit : units)
    unit.before = counter.add(kernel, unit);
  llvm::sort(units, [](const Unit &a, const Unit &b) {
    return std::tie(a.before, a.first) < std::tie(b.before, b.first);
  });
  std::vector<OpSpec> ops;
  std::vector<size_t> before;
  for (const Unit &unit : units)
    for (size_t o = unit.first; o <= unit.last; ++o) {
      ops.push_back(std::move(kernel.ops[o]));
      before.push_back(o);
    }
  kernel.ops = std::move(ops);
  return before;
}
