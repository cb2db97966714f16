//===- PropertyTest.cpp - Every plan of a random model is legal -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MapModel.h"
#include "RandomModel.h"

#include "gtest/gtest.h"

#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace inlay;
using namespace inlay::model;
using namespace inlay::test;

namespace {

int64_t elementsOf(const std::vector<int64_t> &shape) {
  int64_t elements = 1;
  for (int64_t size : shape)
    elements *= size;
  return elements;
}

/// Counts for every element of a weight how many cores hold it.
void expectPlacedOnce(const KernelSpec &kernel, const Sharding &sharding,
                      int weight) {
  const std::vector<int64_t> &shape = kernel.weights[weight].shape;
  std::vector<int> count(elementsOf(shape), 0);
  for (int64_t group = 0; group < sharding.numGroups(); ++group)
    for (int64_t y = 0; y < sharding.group.height; ++y)
      for (int64_t x = 0; x < sharding.group.width; ++x) {
        std::vector<IndexRange> box =
            weightShard(kernel, sharding, weight, {group, x, y});
        std::vector<int64_t> index;
        bool isEmpty = false;
        for (const IndexRange &range : box) {
          index.push_back(range.begin);
          isEmpty |= range.length() <= 0;
        }
        while (!isEmpty) {
          int64_t flat = 0;
          for (size_t d = 0; d < shape.size(); ++d)
            flat = flat * shape[d] + index[d];
          ++count[flat];
          size_t d = shape.size();
          while (d > 0 && ++index[d - 1] == box[d - 1].end) {
            index[d - 1] = box[d - 1].begin;
            --d;
          }
          isEmpty = d == 0;
        }
      }
  int64_t expected = copies(kernel, sharding, weight);
  auto wrong = std::find_if(count.begin(), count.end(),
                            [&](int n) { return n != expected; });
  EXPECT_EQ(wrong, count.end())
      << kernel.weights[weight].name << ": element " << (wrong - count.begin())
      << " is on " << (wrong == count.end() ? 0 : *wrong) << " cores, not on "
      << expected;
}

/// Bytes of every core by its own shards, not by the fullest core's.
int64_t weightBytesOf(const KernelSpec &kernel, const Sharding &sharding,
                      const CorePosition &position) {
  int64_t bytes = 0;
  for (size_t w = 0; w < kernel.weights.size(); ++w) {
    int64_t elements = 1;
    for (const IndexRange &range :
         weightShard(kernel, sharding, static_cast<int>(w), position))
      elements *= std::max<int64_t>(0, range.length());
    bytes += packedBytes({elements}, kernel.weights[w].type.bits);
  }
  return bytes;
}

void expectLegal(const Graph &graph, const target::Target &target,
                 const std::vector<Placed> &placed) {
  ASSERT_EQ(placed.size(), graph.kernels.size());
  Rect grid = {0, 0, target.grid.width, target.grid.height};
  for (size_t k = 0; k < placed.size(); ++k) {
    const Rect &rect = placed[k].rect;
    EXPECT_TRUE(grid.contains(rect));
    EXPECT_GE(rect.area(), 1);
    EXPECT_EQ(rect.extent(), placed[k].sharding.region);
    for (const Rect &dead : target.dead)
      EXPECT_FALSE(rect.overlaps(dead));
    // On one wafer regions are the same or apart.
    for (size_t j = 0; j < k; ++j)
      EXPECT_FALSE(placed[j].wafer == placed[k].wafer &&
                   !(rect == placed[j].rect) && rect.overlaps(placed[j].rect));
    const KernelSpec &kernel = graph.kernels[k];
    const Sharding &sharding = placed[k].sharding;
    Footprint bytes = footprint(kernel, sharding);
    EXPECT_LE(bytes.total(), target.budget());
    EXPECT_LE(placed[k].memory.peak, target.budget());
    for (int64_t group : {int64_t(0), sharding.numGroups() - 1})
      for (int64_t x : {int64_t(0), sharding.group.width - 1})
        for (int64_t y : {int64_t(0), sharding.group.height - 1})
          EXPECT_LE(weightBytesOf(kernel, sharding, {group, x, y}),
                    bytes.weights);
  }
}

/// Equal layers are placed on few different extents; each is counted once.
void expectWeightsPlaced(const Graph &graph,
                         const std::vector<Placed> &placed) {
  std::vector<std::pair<std::string, Extent>> seen;
  for (size_t k = 0; k < placed.size(); ++k) {
    const KernelSpec &kernel = graph.kernels[k];
    std::pair<std::string, Extent> key = {kernel.structuralHash,
                                          placed[k].rect.extent()};
    if (std::find(seen.begin(), seen.end(), key) != seen.end())
      continue;
    seen.push_back(key);
    for (size_t w = 0; w < kernel.weights.size(); ++w)
      expectPlacedOnce(kernel, placed[k].sharding, static_cast<int>(w));
  }
}

/// What the kernels of each region keep on a core, summed.
void expectRegionsInBudget(const Graph &graph, const target::Target &target,
                           const std::vector<Placed> &placed) {
  for (size_t first = 0, last = 0; first < placed.size(); first = last) {
    std::vector<CutKernel> kernels;
    for (; last < placed.size() && placed[last].wafer == placed[first].wafer &&
           placed[last].rect == placed[first].rect;
         ++last)
      kernels.push_back({&graph.kernels[last], &placed[last].sharding});
    EXPECT_LE(footprint(kernels).total(), target.budget());
  }
}

std::string textOf(const Diagnostics &diags) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  diags.print(stream);
  return text;
}

TEST(MappingPropertyTest, EveryPlanOfARandomModelIsLegal) {
  constexpr unsigned kModels = 400;
  unsigned numPlans = 0;
  for (unsigned seed = 0; seed < kModels; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Graph graph = makeModel(randomShape(random));
    target::Target target = randomTarget(random);
    int wafers = random.chance(70) ? 0 : static_cast<int>(random.between(1, 3));
    auto objective = static_cast<partition::Objective>(random.between(0, 2));
    Diagnostics diags;
    auto placed = mapModel(graph, target, wafers, objective, diags);
    if (!placed) {
      // What cannot be placed is said to exceed the machine, nothing else.
      EXPECT_EQ(diags.exitStatus(), 2) << textOf(diags);
      EXPECT_EQ(textOf(diags).find("memory of"), std::string::npos)
          << "the footprint promised that it fits\n"
          << textOf(diags);
      continue;
    }
    ++numPlans;
    EXPECT_FALSE(diags.hasErrors()) << textOf(diags);
    expectLegal(graph, target, *placed);
    expectRegionsInBudget(graph, target, *placed);
    expectWeightsPlaced(graph, *placed);
    if (testing::Test::HasFailure())
      return;
  }
  RecordProperty("plans", static_cast<int>(numPlans));
  // Both outcomes must be well represented.
  EXPECT_GE(numPlans, kModels / 2);
  EXPECT_LE(numPlans, kModels - kModels / 20);
}

TEST(MappingPropertyTest, TheSameInputGivesTheSamePlan) {
  Random random(3);
  Graph graph = makeModel({});
  target::Target target = makeTarget({16, 12}, 32 << 10);
  Diagnostics diags;
  auto first = mapModel(graph, target, 0, partition::Objective::Latency, diags);
  auto second =
      mapModel(graph, target, 0, partition::Objective::Latency, diags);
  ASSERT_TRUE(first && second) << textOf(diags);
  for (size_t k = 0; k < first->size(); ++k) {
    EXPECT_EQ((*first)[k].rect, (*second)[k].rect);
    EXPECT_EQ((*first)[k].sharding.groups, (*second)[k].sharding.groups);
    EXPECT_EQ((*first)[k].memory.offsets, (*second)[k].memory.offsets);
  }
}

TEST(MappingPropertyTest, ATwoLayerMoEFitsSixtyFourCores) {
  ModelShape shape;
  shape.experts = 8;
  Graph graph = makeModel(shape);
  target::Target target = makeTarget({8, 8}, 256 << 10);
  Diagnostics diags;
  auto placed =
      mapModel(graph, target, 1, partition::Objective::Latency, diags);
  ASSERT_TRUE(placed) << textOf(diags);
  expectLegal(graph, target, *placed);
}

} // namespace
