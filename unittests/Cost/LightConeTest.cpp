//===- LightConeTest.cpp - No interval holds more work than distance allows
//===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Cost/LightCone.h"
#include "RandomKernels.h"
#include "inlay/Cost/Cost.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace inlay;
using namespace inlay::cost;
using namespace inlay::cost::testing;
using namespace inlay::model;

namespace {

/// A step of one token as it may happen: which cores work when, and when each
/// knows the numbers on which all depends. Intervals and passages as in
/// LightCone.h.
class History {
public:
  History(const target::Target &target, Random &random, int intervals)
      : target(target), random(random), known(size(), 0) {
    work.passages = intervals - 1;
    for (int i = 0; i < intervals; ++i)
      addInterval(i);
  }

  PathWork work;
  double length = 0; ///< from start to end

private:
  size_t size() const { return size_t(target.grid.area()); }
  int64_t xOf(size_t core) const { return int64_t(core) % target.grid.width; }
  int64_t yOf(size_t core) const { return int64_t(core) / target.grid.width; }
  double distance(size_t a, size_t b) const {
    return double(target.hops(xOf(a) - xOf(b), yOf(a) - yOf(b)));
  }

  /// For how long each core works; negative for one that does not take part.
  std::vector<double> shape() {
    std::vector<double> cycles(size(), -1);
    auto middle = size_t(random.below(int64_t(size())));
    auto span = double(1 + random.below(30));
    int64_t kind = random.below(4);
    for (size_t core = 0; core < size(); ++core) {
      if (kind == 0) // a cone
        cycles[core] = span - 2 * distance(core, middle);
      else if (kind == 1) // all within reach alike
        cycles[core] = distance(core, middle) <= span ? span : -1;
      else if (kind == 2) // a line across the directions of the mesh
        cycles[core] =
            xOf(core) + yOf(core) == xOf(middle) + yOf(middle) ? span : -1;
      else // here and there
        cycles[core] = random.below(3) == 0 ? double(random.below(30)) : -1;
    }
    cycles[middle] = std::max(cycles[middle], 1.0);
    return cycles;
  }

  void addInterval(int i) {
    std::vector<double> cycles = shape();
    double spent = 0, early = 0;
    std::vector<double> latest(size(), -1);
    for (size_t core = 0; core < size(); ++core) {
      if (cycles[core] < 0)
        continue;
      spent += cycles[core];
      latest[core] = known[core] + cycles[core];
      length = std::max(length, latest[core]);
      // While it waited to be told, it could do what need not wait.
      if (i > 0)
        early += known[core] - free[core];
    }
    work.parts.push_back({i, 0, spent});
    if (i > 0)
      work.parts.push_back({i, 1, early});
    free = known;
    std::vector<double> next(size(), 0);
    for (size_t from = 0; from < size(); ++from) {
      if (latest[from] < 0)
        continue;
      free[from] = latest[from];
      for (size_t to = 0; to < size(); ++to)
        next[to] = std::max(next[to], latest[from] + distance(from, to));
    }
    known = std::move(next);
  }

  const target::Target &target;
  Random &random;
  std::vector<double> known; ///< when each core knows the last passage
  std::vector<double> free;  ///< since when it has nothing to do before that
};

target::Target machine(const model::Extent &grid, bool isTorus) {
  target::Target target = shipped("wse3");
  target.grid = grid;
  target.hop.value = 1;
  if (isTorus)
    target.wrap = {1, "1", "", false};
  return target;
}

TEST(LightConeTest, NoHistoryOfAMeshIsShorter) {
  for (bool isTorus : {false, true}) {
    target::Target target = machine({14, 18}, isTorus);
    Random random(5);
    double closest = 0;
    for (int i = 0; i < 400; ++i) {
      History history(target, random, int(1 + random.below(7)));
      double bound = pathDistance(target, {history.work});
      ASSERT_LE(bound, history.length * (1 + 1e-9)) << "history " << i;
      closest = std::max(closest, bound / history.length);
    }
    // Some come near, so that the test would see a bound that is too large.
    EXPECT_GE(closest, isTorus ? 0.2 : 0.6);
  }
}

/// Cores on a line across the mesh form a number together and go on at once:
/// more than any cone has in one interval, at the cost of its neighbours.
TEST(LightConeTest, AnIntervalAloneIsNoBound) {
  target::Target target = machine({40, 40}, false);
  double span = 10, cores = 40;
  EXPECT_GT(intervalLength(target, span * cores, Interval::Inner), span);
  // Of the path: from one core at the corner to the line, and back.
  PathWork work;
  work.passages = 2;
  work.parts = {{0, 0, 1}, {1, 0, span * cores}, {2, 0, 1}};
  double way = 39;
  EXPECT_LE(pathDistance(target, {work}), 1 + way + span + way + 1);
}

TEST(LightConeTest, IsAboutTheCubeRootOfSixTimesTheWork) {
  target::Target target = shipped("wse3");
  EXPECT_NEAR(intervalLength(target, 36e6, Interval::Inner) /
                  std::cbrt(6 * 36e6),
              1, 0.01);
  for (Interval kind : {Interval::Inner, Interval::End, Interval::Whole}) {
    EXPECT_EQ(intervalLength(target, 0, kind), 0);
    double last = 0;
    for (double work = 1; work < 1e15; work *= 1.7) {
      double cycles = intervalLength(target, work, kind);
      EXPECT_GT(cycles, last);
      // All cores are the limit.
      EXPECT_GE(cycles * (1 + 1e-9), work / double(target.usableCores()));
      last = cycles;
    }
  }
  // Nothing joins what no number separates.
  PathWork work;
  work.parts = {{0, 0, 36e6}};
  EXPECT_EQ(pathDistance(target, {work, work}),
            72e6 / double(target.usableCores()));
}

/// Every choice of passages, whatever the length of runs.
double bestOfAll(const target::Target &target, const PathWork &path) {
  int intervals = path.passages + 1;
  double best = 0;
  for (int kept = 0; kept < 1 << path.passages; ++kept) {
    double sum = 0;
    for (int first = 0; first < intervals;) {
      int end = first + 1;
      while (end < intervals && !(kept >> (end - 1) & 1))
        ++end;
      double work = 0;
      for (const PathWork::Part &part : path.parts)
        if (part.behind >= first && part.behind < end &&
            part.behind - part.early >= first)
          work += part.cycles;
      bool isFirst = first == 0, isLast = end == intervals;
      sum += intervalLength(target, work,
                            isFirst && isLast   ? Interval::Whole
                            : isFirst || isLast ? Interval::End
                                                : Interval::Inner);
      first = end;
    }
    best = std::max(best, sum);
  }
  return best;
}

TEST(LightConeTest, TakesTheBestChoiceOfPassages) {
  target::Target target = shipped("wse3");
  Random random(9);
  for (int i = 0; i < 200; ++i) {
    PathWork path;
    path.passages = int(random.below(kMostJoined));
    for (int behind = 0; behind <= path.passages; ++behind)
      for (int early = 0; early <= behind; ++early)
        path.parts.push_back({behind, early, double(random.below(1000000))});
    double bound = pathDistance(target, {path});
    EXPECT_NEAR(bound, bestOfAll(target, path), 1e-6 * bound);
  }
  EXPECT_EQ(pathDistance(target, {}), 0);
}

/// A kernel cut in two is the same path.
TEST(LightConeTest, EarlyWorkIsFollowedFromKernelToKernel) {
  target::Target target = shipped("wse3");
  PathWork whole, head, tail;
  whole.passages = 3;
  whole.parts = {{0, 0, 1e6}, {1, 1, 2e6}, {2, 0, 3e6}, {2, 2, 4e6},
                 {3, 1, 5e6}, {3, 3, 6e6}, {3, 0, 7e6}};
  head.passages = 2;
  head.parts = {{0, 0, 1e6}, {1, 1, 2e6}, {2, 0, 3e6}, {2, 2, 4e6}};
  head.early = 2; // its result needs neither of its passages
  tail.passages = 1;
  tail.parts = {{1, 1, 5e6}, {1, 2, 6e6}, {1, 0, 7e6}};
  EXPECT_EQ(pathDistance(target, {head, tail}), pathDistance(target, {whole}));
}

/// An op on the values of one kernel, by number; value 0 is its input.
OpSpec opOn(OpClass opClass, const char *name, int from, int to,
            int64_t tokens = 1) {
  OpSpec op;
  op.name = name;
  op.opClass = opClass;
  op.computeType = {"f16", 16};
  op.opsPerPoint = 2;
  op.dims = {{"token", tokens}, {"n", 1000}, {"k", 800, DimKind::Reduction}};
  if (opClass != OpClass::Contraction)
    op.dims = {{"token", tokens}, {"n", 1000, DimKind::Reduction}};
  if (opClass == OpClass::Elementwise) {
    op.dims[1].kind = DimKind::Parallel;
    op.opsPerPoint = 6;
  }
  ElementType half = {"f16", 16};
  op.operands = {
      {from == 0 ? TensorRole::Input : TensorRole::Local, from, half, {{0, 1}}},
      {TensorRole::Local, to, half, {{0, 1}}}};
  return op;
}

double cyclesAt(const PathWork &work, int behind, int early) {
  for (const PathWork::Part &part : work.parts)
    if (part.behind == behind && part.early == early)
      return part.cycles;
  return 0;
}

TEST(LightConeTest, WorkIsCutAtNormsOfAllFeatures) {
  target::Target target = shipped("wse3");
  KernelSpec kernel;
  kernel.ops = {opOn(OpClass::Contraction, "before", 0, 1),
                opOn(OpClass::Reduction, "rms_norm", 1, 2),
                opOn(OpClass::Contraction, "gate", 2, 3),
                opOn(OpClass::Contraction, "again", 3, 4),
                opOn(OpClass::Elementwise, "silu", 4, 5),
                opOn(OpClass::Contraction, "down", 5, 6),
                // Reads nothing that comes in: it may be done at any time.
                opOn(OpClass::Contraction, "beside", 99, 7)};
  double product = arithmeticCycles(kernel.ops[0], target);
  double norm = arithmeticCycles(kernel.ops[1], target);
  double silu = arithmeticCycles(kernel.ops[4], target);
  PathWork work = pathWork(kernel, target);
  EXPECT_EQ(work.passages, 1);
  // The input may be scaled yet.
  EXPECT_EQ(cyclesAt(work, 0, 1), product + norm);
  // Both products in a row may come before the scale, the exponential and what
  // follows it not.
  EXPECT_EQ(cyclesAt(work, 1, 2), 2 * product);
  EXPECT_EQ(cyclesAt(work, 1, 0), silu + product);
  EXPECT_EQ(work.parts.size(), 3u);
  // A choice must be known before its experts work.
  kernel.ops[1] = opOn(OpClass::TopK, "choice", 1, 2);
  EXPECT_EQ(cyclesAt(pathWork(kernel, target), 1, 0), silu + 3 * product);
  // A norm over each head is no such point.
  kernel.ops[1] = opOn(OpClass::Reduction, "rms_norm", 1, 2);
  kernel.ops[1].dims.push_back({"head", 8});
  EXPECT_EQ(pathWork(kernel, target).passages, 0);
}

/// Each token has numbers of its own: more of them are no longer way.
TEST(LightConeTest, TokensDoNotWaitForEachOther) {
  target::Target target = shipped("wse3");
  KernelSpec one, many;
  for (int64_t tokens : {1, 8}) {
    KernelSpec &kernel = tokens == 1 ? one : many;
    kernel.ops = {opOn(OpClass::Contraction, "a", 0, 1, tokens),
                  opOn(OpClass::Reduction, "rms_norm", 1, 2, tokens),
                  opOn(OpClass::Elementwise, "silu", 2, 3, tokens),
                  opOn(OpClass::Contraction, "b", 3, 4, tokens),
                  opOn(OpClass::Reduction, "rms_norm", 4, 5, tokens),
                  opOn(OpClass::Elementwise, "silu", 5, 6, tokens),
                  opOn(OpClass::Contraction, "c", 6, 7, tokens)};
  }
  int64_t cores = target.usableCores();
  Bound first = kernelBound(one, target, cores);
  Bound all = kernelBound(many, target, cores);
  EXPECT_GT(first.distance, first.compute);
  EXPECT_DOUBLE_EQ(all.distance, first.distance);
  EXPECT_DOUBLE_EQ(all.compute, 8 * first.compute);
}

/// Weights can be turned into the type of the activations at any time.
TEST(LightConeTest, DequantisingWaitsForNothing) {
  target::Target target = shipped("wse3");
  KernelSpec kernel = linear({1, 4096, 4096}, 4);
  double dequantised = coreCycles(kernel.ops[0], target) -
                       arithmeticCycles(kernel.ops[0], target);
  EXPECT_GT(dequantised, 0);
  PathWork work = pathWork(kernel, target);
  ASSERT_EQ(work.parts.size(), 1u);
  EXPECT_EQ(work.parts[0].cycles, arithmeticCycles(kernel.ops[0], target));
}

} // namespace
