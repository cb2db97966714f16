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
#include <numeric>

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
      std::vector<size_t> direct;
      bool entered = false;
      size_t numRead = 0;
      for (const OperandSpec &operand : op.operands) {
        entered |= operand.role == TensorRole::Input;
        auto maker = madeBy.find({operand.role, operand.tensor});
        if (maker == madeBy.end())
          continue;
        // Of what attention reads only the queries reach all its products; a
        // new key meets one position.
        if (numRead++ > 0 && readsState(op))
          continue;
        direct.push_back(maker->second);
        entered |= reached[maker->second];
        all[maker->second] = true;
        for (size_t i = 0; i < maker->second; ++i)
          all[i] = all[i] || ancestors[maker->second][i];
      }
      ancestors.push_back(std::move(all));
      makers.push_back(std::move(direct));
      reached.push_back(entered);
      if (!op.operands.empty())
        madeBy[{op.operands.back().role, op.operands.back().tensor}] = o;
    }
  }

  bool depends(size_t op, size_t on) const { return ancestors[op][on]; }
  /// True where an input of the kernel reaches the op.
  bool isReached(size_t op) const { return reached[op]; }
  /// The ops whose values an op reads.
  const std::vector<size_t> &makersOf(size_t op) const { return makers[op]; }

private:
  static bool readsState(const OpSpec &op) {
    return std::any_of(op.operands.begin(), op.operands.end(),
                       [](const OperandSpec &operand) {
                         return operand.role == TensorRole::State;
                       });
  }

  std::vector<std::vector<bool>> ancestors;
  std::vector<std::vector<size_t>> makers;
  std::vector<bool> reached;
};

/// An op waits for a passage, counted from 1; for what enters the kernel, 0; or
/// not even for the scale of that.
constexpr int kUnscaled = -1;

/// Follows through a kernel which passages its values truly wait for.
class Waits {
public:
  Waits(const KernelSpec &kernel, const Dependences &dependences)
      : kernel(kernel), dependences(dependences) {
    for (size_t o = 0; o < kernel.ops.size(); ++o)
      if (isPassage(kernel.ops[o]) && dependences.isReached(o) &&
          (passages.empty() || dependences.depends(o, passages.back())))
        passages.push_back(o);
    for (size_t o = 0; o < kernel.ops.size(); ++o)
      follow(o);
  }

  /// Each depends on the one before.
  int numPassages() const { return int(passages.size()); }

  /// The last passage on which the op depends.
  int behind(size_t op) const {
    int last = 0;
    while (last < numPassages() && dependences.depends(op, passages[last]))
      ++last;
    return last;
  }
  /// What the work of the op waits for.
  int needs(size_t op) const { return needed[op]; }
  /// What somebody waits for who reads its result and minds no scale.
  int carries(size_t op) const { return carried[op]; }

  /// True for work that must be done between the passages around it. What does
  /// not come before the next may be done at any time.
  bool isBetween(size_t op) const {
    int last = behind(op);
    return (last > 0 || dependences.isReached(op)) &&
           (last == numPassages() || op == passages[last] ||
            dependences.depends(passages[last], op));
  }

private:
  /// True for what keeps its form when all it reads is multiplied by one
  /// positive number. Exponentials do not; and which expert is to work is known
  /// only behind the choice.
  bool keepsScale(const OpSpec &op) const {
    constexpr double kExponential = 4;
    if (kernel.role == KernelRole::Experts)
      return false;
    switch (op.opClass) {
    case OpClass::Contraction:
    case OpClass::Reduction:
    case OpClass::TopK:
    case OpClass::Move:
      return true;
    case OpClass::Elementwise:
      return op.name == "rotary" || op.opsPerPoint < kExponential;
    case OpClass::Softmax:
    case OpClass::Lookup:
    case OpClass::Opaque:
      break;
    }
    return false;
  }

  void follow(size_t o) {
    int last = behind(o);
    int need = kUnscaled;
    for (size_t maker : dependences.makersOf(o))
      need = std::max(need, carried[maker]);
    if (!keepsScale(kernel.ops[o]))
      need = std::max(need, last);
    needed.push_back(std::min(need, last));
    auto passage = std::find(passages.begin(), passages.end(), o);
    // The scale of a norm may come later, a choice not.
    bool isChoice =
        passage != passages.end() && kernel.ops[o].opClass == OpClass::TopK;
    carried.push_back(isChoice ? int(passage - passages.begin()) + 1
                               : needed.back());
  }

  const KernelSpec &kernel;
  const Dependences &dependences;
  std::vector<size_t> passages;
  std::vector<int> needed, carried;
};

} // namespace

static double tokensOf(const OpSpec &op) {
  double tokens = 1;
  for (const IterationDim &dim : op.dims)
    if (dim.name == "token" || dim.name == "batch")
      tokens *= double(dim.size);
  return std::max(1.0, tokens);
}

static bool makesOutput(const OpSpec &op) {
  return !op.operands.empty() && op.operands.back().role == TensorRole::Output;
}

PathWork inlay::cost::pathWork(const KernelSpec &kernel, const Target &target) {
  Dependences dependences(kernel);
  Waits waits(kernel, dependences);
  PathWork work;
  work.passages = waits.numPassages();
  std::map<std::pair<int, int>, double> parts;
  int leaves = work.passages;
  for (size_t o = 0; o < kernel.ops.size(); ++o) {
    if (makesOutput(kernel.ops[o]))
      leaves = std::min(leaves, waits.carries(o));
    if (!waits.isBetween(o))
      continue;
    int behind = waits.behind(o);
    parts[{behind, behind - waits.needs(o)}] +=
        arithmeticCycles(kernel.ops[o], target) / tokensOf(kernel.ops[o]);
  }
  for (const auto &[place, cycles] : parts)
    work.parts.push_back({place.first, place.second, cycles});
  work.early = work.passages - leaves;
  return work;
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

double inlay::cost::intervalLength(const Target &target, double work,
                                   Interval interval) {
  double hop = target.hop.value;
  auto cores = double(std::max<int64_t>(1, target.usableCores()));
  if (work <= 0)
    return 0;
  if (interval == Interval::Whole || hop <= 0)
    return work / cores;
  // (4), with the diameter that t leaves.
  bool isEnd = interval == Interval::End;
  double a = isEnd ? 2 : 0.5, b = isEnd ? 2 : 1;
  if (target.isTorus()) {
    a = isEnd ? 32 : 8;
    b = isEnd ? 8 : 4;
  }
  // A hop takes `hop` cycles, each of which a core within reach can spend.
  double low = 0, high = work / hop;
  constexpr int kHalvings = 50;
  for (int i = 0; i < kHalvings; ++i) {
    double middle = (low + high) / 2;
    (within(middle, a, b, cores) * hop >= work ? high : low) = middle;
  }
  return low * hop;
}

namespace {

/// A path with its passages counted through; `needs` of 0 is its start.
struct Path {
  struct Part {
    int needs = 0;
    double cycles = 0;
  };
  /// Behind each passage, the start being number 0.
  std::vector<std::vector<Part>> parts;

  explicit Path(const std::vector<PathWork> &kernels) : parts(1) {
    int early = 0; // passages that what enters a kernel need not wait for
    for (const PathWork &kernel : kernels) {
      int before = int(parts.size()) - 1;
      parts.resize(parts.size() + size_t(kernel.passages));
      auto waitsFor = [&](int behind, int unneeded) {
        return std::max(0, unneeded <= behind ? before + behind - unneeded
                                              : before - early);
      };
      for (const PathWork::Part &part : kernel.parts)
        parts[size_t(before + part.behind)].push_back(
            {waitsFor(part.behind, part.early), part.cycles});
      int needs = waitsFor(kernel.passages, kernel.early);
      early = before + kernel.passages - needs;
    }
  }

  int numIntervals() const { return int(parts.size()); }

  /// Work of interval `last` that needs a passage from `first` on.
  double work(int first, int last) const {
    double cycles = 0;
    for (const Part &part : parts[size_t(last)])
      cycles += part.needs >= first ? part.cycles : 0;
    return cycles;
  }
};

} // namespace

std::vector<double>
inlay::cost::pathIntervals(const Target &target,
                           const std::vector<PathWork> &kernels) {
  Path path(kernels);
  int numIntervals = path.numIntervals();
  // The largest sum of the first intervals, and the run that ends there.
  std::vector<double> most(size_t(numIntervals) + 1, -1), length(most);
  std::vector<int> start(most.size(), 0);
  most[0] = 0;
  for (int first = 0; first < numIntervals; ++first) {
    double work = 0;
    int end = std::min(numIntervals, first + kMostJoined);
    for (int last = first; last < end; ++last) {
      work += path.work(first, last);
      bool isFirst = first == 0, isLast = last + 1 == numIntervals;
      Interval kind = isFirst && isLast   ? Interval::Whole
                      : isFirst || isLast ? Interval::End
                                          : Interval::Inner;
      double cycles = intervalLength(target, work, kind);
      if (most[size_t(first)] + cycles <= most[size_t(last) + 1])
        continue;
      most[size_t(last) + 1] = most[size_t(first)] + cycles;
      length[size_t(last) + 1] = cycles;
      start[size_t(last) + 1] = first;
    }
  }
  std::vector<double> lengths;
  for (int end = numIntervals; end > 0; end = start[size_t(end)])
    lengths.push_back(length[size_t(end)]);
  std::reverse(lengths.begin(), lengths.end());
  return lengths;
}

double inlay::cost::pathDistance(const Target &target,
                                 const std::vector<PathWork> &path) {
  std::vector<double> lengths = pathIntervals(target, path);
  return std::accumulate(lengths.begin(), lengths.end(), 0.0);
}
