//===- VariantsTest.cpp - Shardings of a kernel on regions of every shape -===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Sharding/Variants.h"

#include "../Mapping/RandomModel.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::model;
using namespace inlay::sharding;
using testing::ElementsAre;

namespace {

const KernelSpec &kernelOf(const Graph &graph, KernelRole role) {
  for (const KernelSpec &kernel : graph.kernels)
    if (kernel.role == role)
      return kernel;
  ADD_FAILURE() << "no kernel of role " << toString(role);
  return graph.kernels[0];
}

/// "head: X, dim: X" for the cut dims of an op.
std::string cutsOf(const KernelSpec &kernel, const std::string &name,
                   const std::vector<OpSharding> &axes) {
  std::string text;
  for (size_t o = 0; o < kernel.ops.size(); ++o) {
    if (kernel.ops[o].name != name)
      continue;
    for (size_t d = 0; d < kernel.ops[o].dims.size(); ++d) {
      Axis axis = axes[o].axisOfDim[d];
      if (axis == Axis::None)
        continue;
      text += text.empty() ? "" : ", ";
      text += kernel.ops[o].dims[d].name + ": ";
      text += axis == Axis::X ? "X" : axis == Axis::Y ? "Y" : "Group";
    }
  }
  return text;
}

test::ModelShape moe() {
  test::ModelShape shape;
  shape.experts = 8;
  return shape;
}

TEST(AxesTest, AttentionAlternatesWithoutTransposition) {
  Graph graph = test::makeModel(moe());
  const KernelSpec &kernel = kernelOf(graph, KernelRole::Attention);
  std::vector<OpSharding> axes = chooseAxes(kernel);
  EXPECT_EQ(cutsOf(kernel, "norm", axes), "n: Y");
  for (const char *projection : {"q", "k", "v"})
    EXPECT_EQ(cutsOf(kernel, projection, axes), "n: X, k: Y");
  EXPECT_EQ(cutsOf(kernel, "rotary", axes), "dim: Y, position: X");
  EXPECT_EQ(cutsOf(kernel, "scores", axes), "head: X, context: Y, dim: X");
  EXPECT_EQ(cutsOf(kernel, "softmax", axes), "head: X, context: Y");
  EXPECT_EQ(cutsOf(kernel, "context", axes), "head: X, dim: X, context: Y");
  EXPECT_EQ(cutsOf(kernel, "o", axes), "n: Y, k: X");
  EXPECT_EQ(cutsOf(kernel, "add", axes), "n: Y");
}

/// Sequences have states of their own: cut over the axis of the heads they need
/// no copies.
TEST(AxesTest, ABatchMayBeCutByItsSequences) {
  test::ModelShape shape = moe();
  shape.tokens = 16; // of one sequence each, by the state below
  Graph graph = test::makeModel(shape);
  KernelSpec kernel = kernelOf(graph, KernelRole::Attention);
  for (StateSpec &state : kernel.states)
    state.shape.insert(state.shape.begin(), shape.tokens);
  for (OpSpec &op : kernel.ops)
    for (OperandSpec &operand : op.operands)
      if (operand.role == TensorRole::State)
        operand.indexing.insert(operand.indexing.begin(), IndexExpr{0, 1});
  Sharding sharding = {{16, 16}, {1, 1}, {16, 16}, {}};
  auto cutsTokens = [&](const std::vector<OpSharding> &axes) {
    return cutsOf(kernel, "scores", axes).find("token: ") == 0;
  };
  sharding.ops = chooseAxes(kernel, [&](const std::vector<OpSharding> &axes) {
    return cutsTokens(axes) ? 0 : 1;
  });
  EXPECT_TRUE(cutsTokens(sharding.ops));
  Diagnostics diags;
  EXPECT_TRUE(check(kernel, sharding, diags));
  // One sequence has nothing of the kind.
  const KernelSpec &single = kernelOf(graph, KernelRole::Attention);
  chooseAxes(single, [&](const std::vector<OpSharding> &axes) {
    EXPECT_EQ(cutsOf(single, "scores", axes).find("token"), std::string::npos);
    return 0;
  });
}

TEST(AxesTest, UnnamedLocalsFollowTheOpsBefore) {
  Graph graph = test::makeModel(moe());
  KernelSpec kernel = kernelOf(graph, KernelRole::Attention);
  std::vector<OpSharding> named = chooseAxes(kernel);
  for (OpSpec &op : kernel.ops)
    for (OperandSpec &operand : op.operands)
      if (operand.role == TensorRole::Local)
        operand.tensor = -1;
  std::vector<OpSharding> unnamed = chooseAxes(kernel);
  for (const char *op : {"q", "k", "v", "scores", "o"})
    EXPECT_EQ(cutsOf(kernel, op, unnamed), cutsOf(kernel, op, named)) << op;
}

TEST(AxesTest, ExpertsAreCutOverGroupsAndTheirMatricesWithin) {
  Graph graph = test::makeModel(moe());
  const KernelSpec &kernel = kernelOf(graph, KernelRole::Experts);
  std::vector<OpSharding> axes = chooseAxes(kernel);
  EXPECT_EQ(cutsOf(kernel, "fc1", axes), "expert: Group, n: X, k: Y");
  EXPECT_EQ(cutsOf(kernel, "activation", axes), "expert: Group, n: X");
  EXPECT_EQ(cutsOf(kernel, "fc2", axes), "expert: Group, n: Y, k: X");
}

TEST(AxesTest, TablesAndHeadsAreCutBothWays) {
  Graph graph = test::makeModel(moe());
  const KernelSpec &embedding = kernelOf(graph, KernelRole::Embedding);
  EXPECT_EQ(cutsOf(embedding, "embedding", chooseAxes(embedding)),
            "vocab: X, n: Y");
  const KernelSpec &head = kernelOf(graph, KernelRole::Head);
  EXPECT_EQ(cutsOf(head, "lm_head", chooseAxes(head)), "n: X, k: Y");
}

TEST(AxesTest, LargeWeightsAreNeverCopied) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    test::Random random(seed);
    Graph graph = test::makeModel(test::randomShape(random));
    for (const KernelSpec &kernel : graph.kernels) {
      Sharding sharding = {{3, 2}, {1, 1}, {3, 2}, chooseAxes(kernel)};
      Diagnostics diags;
      EXPECT_TRUE(check(kernel, sharding, diags));
      for (size_t w = 0; w < kernel.weights.size(); ++w) {
        const std::vector<int64_t> &shape = kernel.weights[w].shape;
        // Vectors (scales, biases, gammas) may be copied, matrices and tables
        // not, unless they have nothing to cut.
        size_t rank = shape.size();
        std::string part =
            kernel.weights[w].name.substr(kernel.weights[w].name.rfind('.'));
        bool isMatrix = part == ".weight" || part == ".table" ||
                        part == ".cos" || part == ".sin";
        if (isMatrix && shape[rank - 1] > 1 && shape[rank - 2] > 1) {
          EXPECT_EQ(copies(kernel, sharding, static_cast<int>(w)), 1)
              << kernel.weights[w].name;
        }
      }
    }
  }
}

TEST(AxesTest, CutsMaySplitBlocksAndNotDiffer) {
  Graph graph = test::makeModel(moe());
  KernelSpec kernel = kernelOf(graph, KernelRole::Head);
  kernel.ops[1].dims[2].unit = 1;
  Sharding sharding = {{4, 4}, {1, 1}, {4, 4}, chooseAxes(kernel)};
  Diagnostics diags;
  EXPECT_TRUE(check(kernel, sharding, diags));
  EXPECT_EQ(cutsOf(kernel, "lm_head", sharding.ops), "n: X, k: Y");

  kernel = kernelOf(graph, KernelRole::Head);
  kernel.ops.push_back(kernel.ops[1]);
  kernel.ops.back().name = "again";
  std::swap(kernel.ops.back().operands[1].indexing[0],
            kernel.ops.back().operands[1].indexing[1]);
  sharding.ops = chooseAxes(kernel);
  EXPECT_TRUE(check(kernel, sharding, diags));
}

TEST(ExplorerTest, BestFitsTheBudgetAndIsOnTheExtent) {
  target::Target target = test::makeTarget({32, 32}, 16 << 10);
  Explorer explorer(machineOf(target));
  Graph graph = test::makeModel(moe());
  for (const KernelSpec &kernel : graph.kernels) {
    std::optional<Extent> least = explorer.leastExtent(kernel);
    ASSERT_TRUE(least);
    EXPECT_TRUE(explorer.fits(kernel, *least));
    std::optional<Variant> variant = explorer.best(kernel, *least);
    ASSERT_TRUE(variant);
    EXPECT_EQ(variant->extent(), *least);
    EXPECT_LE(variant->bytes, 16 << 10);
    EXPECT_EQ(variant->bytes, footprint(kernel, variant->sharding).total());
    EXPECT_GT(variant->cycles, 0);
  }
}

TEST(ExplorerTest, OneCoreIsARegion) {
  target::Target target = test::makeTarget({4, 4}, 8 << 20);
  Explorer explorer(machineOf(target));
  Graph graph = test::makeModel(moe());
  for (const KernelSpec &kernel : graph.kernels)
    EXPECT_EQ(explorer.leastExtent(kernel), (Extent{1, 1})) << kernel.name;
}

TEST(ExplorerTest, GroupsOfExpertsNeverExceedTheExperts) {
  target::Target target = test::makeTarget({64, 64}, 64 << 10);
  Explorer explorer(machineOf(target));
  for (int64_t experts : {1, 3, 7, 12, 40}) {
    test::ModelShape shape;
    shape.experts = experts;
    shape.expertsPerToken = 1;
    Graph graph = test::makeModel(shape);
    KernelSpec kernel = kernelOf(graph, KernelRole::Experts);
    kernel.structuralHash.clear();
    kernel.name += std::to_string(experts);
    for (Extent extent : {Extent{1, 1}, Extent{3, 2}, Extent{64, 1},
                          Extent{16, 16}, Extent{5, 61}}) {
      std::optional<Variant> variant = explorer.best(kernel, extent);
      if (!variant)
        continue;
      Diagnostics diags;
      EXPECT_TRUE(check(kernel, variant->sharding, diags));
      EXPECT_LE(variant->sharding.numGroups(), experts);
    }
  }
}

TEST(ExplorerTest, VariantsFormAParetoSet) {
  target::Target target = test::makeTarget({48, 64}, 16 << 10);
  Explorer explorer(machineOf(target));
  Graph graph = test::makeModel(moe());
  for (const KernelSpec &kernel : graph.kernels) {
    std::vector<Variant> variants = explorer.variants(kernel);
    ASSERT_FALSE(variants.empty());
    EXPECT_EQ(variants.front().extent().area(),
              explorer.leastExtent(kernel)->area());
    for (size_t i = 0; i < variants.size(); ++i)
      for (size_t j = 0; j < variants.size(); ++j) {
        bool dominates =
            i != j &&
            variants[i].extent().area() <= variants[j].extent().area() &&
            variants[i].cycles <= variants[j].cycles &&
            variants[i].bytes <= variants[j].bytes;
        EXPECT_FALSE(dominates) << kernel.name << ": " << i << ", " << j;
      }
  }
}

TEST(ExplorerTest, EqualKernelsAreExploredOnce) {
  int numCosts = 0;
  Machine machine = {
      {16, 16}, 64 << 10, [&](const KernelSpec &, const Sharding &) {
        ++numCosts;
        return 1.0;
      }};
  Explorer explorer(machine);
  Graph graph = test::makeModel(moe());
  explorer.best(graph.kernels[1], {8, 8});
  int once = numCosts;
  EXPECT_GT(once, 0);
  ASSERT_EQ(graph.kernels[1].structuralHash, graph.kernels[4].structuralHash);
  explorer.best(graph.kernels[4], {8, 8});
  EXPECT_EQ(numCosts, once);
}

TEST(ExplorerTest, SaysWhatIsShortAndWhatWouldHelp) {
  test::ModelShape shape;
  shape.context = 4096;
  target::Target target = test::makeTarget({4, 4}, 32 << 10);
  Explorer explorer(machineOf(target));
  Diagnostics diags;
  Graph graph = test::makeModel(shape);
  EXPECT_FALSE(explorer.allFit(graph.kernels, diags));
  EXPECT_EQ(diags.exitStatus(), 2);
  ASSERT_EQ(diags.all().size(), 1u);
  const Diagnostic &diag = diags.all()[0];
  EXPECT_EQ(diag.subject, "kernel 'layer.0.attention'");
  EXPECT_EQ(diag.message,
            "needs 83,104 B on a core even when spread over all 4 x 4 cores; "
            "the budget of a core is 32,768 B, short by 50,336 B");
  EXPECT_THAT(
      diag.notes,
      ElementsAre("largest: weights 33,824 B, state 32,768 B, scratch 16,384 "
                  "B, streams 128 B",
                  "would fit by itself: 50,336 B more on each core (a smaller "
                  "--reserve or a target with more SRAM), or 8 x 8 cores",
                  "so does 1 more kernel of the same structure"));
}

TEST(ExplorerTest, RemediesAreTrue) {
  test::ModelShape shape;
  shape.context = 4096;
  Graph graph = test::makeModel(shape);
  // What the remedies of the test above name, and a byte less.
  auto fits = [&](Extent grid, int64_t budget) {
    target::Target target = test::makeTarget(grid, budget);
    Diagnostics diags;
    return Explorer(machineOf(target)).allFit(graph.kernels, diags);
  };
  EXPECT_TRUE(fits({4, 4}, (32 << 10) + 50336));
  EXPECT_FALSE(fits({4, 4}, (32 << 10) + 50335));
  EXPECT_TRUE(fits({8, 8}, 32 << 10));
}

TEST(ExplorerTest, MoreCoresAreNoRemedyForWhatEveryCoreHolds) {
  test::ModelShape shape;
  shape.tokens = 512;
  target::Target target = test::makeTarget({4, 4}, 4 << 10);
  Explorer explorer(machineOf(target));
  Diagnostics diags;
  Graph graph = test::makeModel(shape);
  EXPECT_FALSE(explorer.allFit(graph.kernels, diags));
  for (const Diagnostic &diag : diags.all())
    EXPECT_THAT(diag.notes,
                testing::Not(testing::Contains(testing::HasSubstr("cores"))));
}

TEST(ExplorerTest, CandidateSizesCoverBothEnds) {
  EXPECT_THAT(candidateSizes(1), ElementsAre(1));
  std::vector<int64_t> sizes = candidateSizes(1170);
  EXPECT_EQ(sizes.front(), 1);
  EXPECT_EQ(sizes.back(), 1170);
  EXPECT_LT(sizes.size(), 130u);
  EXPECT_TRUE(std::is_sorted(sizes.begin(), sizes.end()));
}

} // namespace
