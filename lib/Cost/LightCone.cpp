//===- LightCone.cpp - How much work distance allows ----------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/LightCone.h"
#include "inlay/Cost/Cost.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::model;
using target::Target;

/// A number that depends on all features of its input, on which all that
/// follows depends.
static bool isPassage(const OpSpec &op) {
  if (op.opClass != OpClass::Reduction && op.opClass != OpClass::TopK)
    return false;
  // One norm for each head is none.
  return std::all_of(
      op.dims.begin(), op.dims.end(), [](const IterationDim &dim) {
        return dim.kind == DimKind::Reduction || dim.name == "token";
      });
}

namespace {

/// Which ops of a kernel depend on which, through its values.
class Dependences {
public:
  explicit Dependences(const KernelSpec &kernel) {
    std::map<std::pair<TensorRole, int>, size_t> madeBy;
    for (size_t o = 0; o < kernel.ops.size(); ++o) {
      const OpSpec &op = kernel.ops[o];
      std::vector<bool> all(kernel.ops.size(), false);
      size_t numRead = 0;
      for (const OperandSpec &operand : op.operands) {
        auto maker = madeBy.find({operand.role, operand.tensor});
        if (maker == madeBy.end())
          continue;
        // Of what attention reads only the queries reach all its products; a
        // new key meets one position.
        if (numRead++ > 0 && readsState(op))
          continue;
        direct.emplace(o, maker->second);
        all[maker->second] = true;
        for (size_t i = 0; i < maker->second; ++i)
          all[i] = all[i] || ancestors[maker->second][i];
      }
      ancestors.push_back(std::move(all));
      if (!op.operands.empty())
        madeBy[{op.operands.back().role, op.operands.back().tensor}] = o;
    }
  }

  bool depends(size_t op, size_t on) const { return ancestors[op][on]; }
  /// Without another op between.
  bool reads(size_t op, size_t of) const { return direct.count({op, of}) != 0; }

private:
  static bool readsState(const OpSpec &op) {
    return std::any_of(op.operands.begin(), op.operands.end(),
                       [](const OperandSpec &operand) {
                         return operand.role == TensorRole::State;
                       });
  }

  std::vector<std::vector<bool>> ancestors;
  std::set<std::pair<size_t, size_t>> direct;
};

} // namespace

/// Passages of the kernel, each of which depends on the one before.
static std::vector<size_t> passagesOf(const KernelSpec &kernel,
                                      const Dependences &dependences) {
  std::vector<size_t> passages;
  for (size_t o = 0; o < kernel.ops.size(); ++o)
    if (isPassage(kernel.ops[o]) &&
        (passages.empty() || dependences.depends(o, passages.back())))
      passages.push_back(o);
  return passages;
}

std::vector<WorkSegment> inlay::cost::workSegments(const KernelSpec &kernel,
                                                   const Target &target) {
  Dependences dependences(kernel);
  std::vector<size_t> passages = passagesOf(kernel, dependences);
  std::vector<WorkSegment> segments(1);
  for (size_t i = 0; i < passages.size(); ++i)
    segments.push_back({true, 0, 0});
  for (size_t o = 0; o < kernel.ops.size(); ++o) {
    // Behind the last passage that it depends on, and before the next; work
    // that does not come before that may be done at any time and counts
    // nowhere.
    size_t behind = 0;
    while (behind < passages.size() && dependences.depends(o, passages[behind]))
      ++behind;
    if (behind < passages.size() && o != passages[behind] &&
        !dependences.depends(passages[behind], o))
      continue;
    const OpSpec &op = kernel.ops[o];
    bool isEarly =
        behind > 0 && op.opClass == OpClass::Contraction &&
        kernel.ops[passages[behind - 1]].opClass == OpClass::Reduction &&
        dependences.reads(o, passages[behind - 1]);
    (isEarly ? segments[behind].early : segments[behind].work) +=
        coreCycles(op, target);
  }
  return segments;
}

/// Cycles of cores that can be spent in `hops`, with at most a t^2 + b t + 1
/// cores within reach after t.
static double within(double hops, double a, double b, double cores) {
  // From `full` on all cores are within reach.
  double full =
      (-b + std::sqrt(b * b + 4 * a * std::max(0.0, cores - 1))) / (2 * a);
  double cone = std::min(hops, full);
  double spent = a * cone * cone * cone / 3 + b * cone * cone / 2 + cone;
  return spent + std::max(0.0, hops - full) * cores;
}

double inlay::cost::lightCone(const Target &target, double work, bool oneWay) {
  double hop = target.hop.value;
  if (work <= 0 || hop <= 0)
    return 0;
  auto cores = double(std::max<int64_t>(1, target.usableCores()));
  double a = oneWay ? 2 : 0.5, b = oneWay ? 2 : 1;
  // A hop takes `hop` cycles, each of which a core within reach can spend.
  double low = 0, high = work / hop;
  constexpr int kHalvings = 60;
  for (int i = 0; i < kHalvings; ++i) {
    double middle = (low + high) / 2;
    (within(middle, a, b, cores) * hop >= work ? high : low) = middle;
  }
  return low * hop;
}

/// Segments that no number separates belong to one interval.
static std::vector<WorkSegment>
joined(const std::vector<WorkSegment> &segments) {
  std::vector<WorkSegment> intervals;
  for (const WorkSegment &segment : segments) {
    if (segment.follows || intervals.empty()) {
      intervals.push_back(segment);
      continue;
    }
    intervals.back().work += segment.work;
    intervals.back().early += segment.early;
  }
  return intervals;
}

double inlay::cost::pathDistance(const Target &target,
                                 const std::vector<WorkSegment> &path) {
  std::vector<WorkSegment> intervals = joined(path);
  if (intervals.empty())
    return 0;
  // Least sums so far with the early work of the last interval left in it, and
  // with it done in the one before.
  constexpr double kNever = 1e300;
  double stays = 0, moves = kNever;
  for (size_t i = 0; i < intervals.size(); ++i) {
    bool isLast = i + 1 == intervals.size();
    bool oneWay = !intervals[i].follows || isLast;
    double next = isLast ? 0 : intervals[i + 1].early;
    auto add = [&](bool early, bool more) {
      double before = early ? stays : moves;
      return before +
             lightCone(target,
                       intervals[i].work + (early ? intervals[i].early : 0) +
                           (more ? next : 0),
                       oneWay);
    };
    double stay = std::min(add(true, false), add(false, false));
    double move = isLast ? kNever : std::min(add(true, true), add(false, true));
    stays = stay;
    moves = move;
  }
  return stays;
}
