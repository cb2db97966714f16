//===- ExpertPlannerTest.cpp - Groups of experts and their cost -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RandomModel.h"

#include "inlay/Mapping/ExpertPlanner.h"
#include "inlay/Sharding/Variants.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>

using namespace inlay;
using namespace inlay::mapping;
using model::DimKind;
using model::TensorRole;

namespace {

constexpr int64_t kExperts = 24, kPerToken = 3, kTokens = 16;

/// One product for each chosen expert.
model::KernelSpec expertsKernel() {
  model::KernelSpec kernel;
  kernel.name = "moe";
  kernel.role = model::KernelRole::Experts;
  kernel.layer = 0;
  kernel.numExperts = kExperts;
  kernel.expertsPerToken = kPerToken;
  model::ElementType half{"f16", 16};
  kernel.weights.push_back(
      {"w", half, {kExperts, 256, 128}, 0, kExperts * 256 * 128 * 2, {}});
  kernel.inputs.push_back({half, {kTokens, 128}});
  kernel.outputs.push_back({half, {kTokens, 256}});
  model::OpSpec op;
  op.name = "fc1";
  op.opClass = model::OpClass::Contraction;
  op.dims = {{"token", kTokens},
             {"expert", kExperts},
             {"n", 256},
             {"k", 128, DimKind::Reduction}};
  op.operands = {{TensorRole::Input, 0, half, {{0, 1}, {3, 1}}},
                 {TensorRole::Weights, 0, half, {{1, 1}, {2, 1}, {3, 1}}},
                 {TensorRole::Output, 0, half, {{0, 1}, {2, 1}}}};
  op.opsPerPoint = 2;
  op.density = double(kPerToken) / double(kExperts);
  op.computeType = half;
  kernel.ops.push_back(op);
  return kernel;
}

cost::ModelRouting zipf(double exponent) {
  cost::ModelRouting routing;
  routing.kind = cost::Routing::Kind::Zipf;
  routing.exponent = exponent;
  return routing;
}

class ExpertPlannerTest : public testing::Test {
protected:
  ExpertPlannerTest() {
    rates.emplace(machine, cost::Mode::Ideal);
    sharding::Explorer explorer(sharding::machineOf(machine));
    shardings = explorer.allOf(kernel, {48, 32});
    EXPECT_GT(shardings.size(), 4U);
  }

  model::KernelSpec kernel = expertsKernel();
  target::Target machine = test::makeTarget({48, 32}, 48 * 1024);
  std::optional<cost::Rates> rates;
  std::vector<model::Sharding> shardings;
};

TEST_F(ExpertPlannerTest, IsNeverWorseThanOtherPlacements) {
  for (double exponent : {0.0, 0.5, 1.0, 1.5}) {
    ExpertPlanner planner(*rates, zipf(exponent));
    model::Sharding chosen = planner.choose(kernel, shardings);
    chosen.held = planner.place(kernel, chosen, 0, {0, 0});
    Diagnostics diags;
    EXPECT_TRUE(model::check(kernel, chosen, diags));
    double cycles = cost::estimateKernel(kernel, chosen, *rates,
                                         cost::Routing::zipf(exponent))
                        .cycles.total();
    OtherPlacements others = planner.others(kernel, shardings);
    EXPECT_LE(cycles, others.roundRobin.cycles.total() * (1 + 1e-9));
    EXPECT_LE(cycles, others.inOrder.cycles.total() * (1 + 1e-9));
    // The curve has the choice as its least point, and no cheaper round robin.
    std::vector<GroupCount> curve = planner.curve(kernel, shardings);
    double least = curve.front().cycles, turns = curve.front().roundRobin;
    for (size_t i = 0; i < curve.size(); ++i) {
      EXPECT_TRUE(i == 0 || curve[i - 1].groups < curve[i].groups);
      EXPECT_LE(curve[i].cycles, curve[i].roundRobin * (1 + 1e-9));
      EXPECT_LE(curve[i].cycles, curve[i].worst * (1 + 1e-9));
      least = std::min(least, curve[i].cycles);
      turns = std::min(turns, curve[i].roundRobin);
    }
    EXPECT_NEAR(turns, others.roundRobin.cycles.total(), 1e-6);
    EXPECT_LE(least, cycles * (1 + 1e-9));
  }
}

TEST_F(ExpertPlannerTest, PutsHotGroupsNearTheRouter) {
  ExpertPlanner planner(*rates, zipf(1.2));
  model::Sharding sharding = shardings.front();
  for (const model::Sharding &other : shardings)
    if (other.groups.width >= 2 && other.groups.height >= 2)
      sharding = other;
  ASSERT_GE(sharding.groups.height, 2);
  std::vector<double> chosen =
      cost::inclusion(cost::Routing::zipf(1.2), kExperts, kPerToken);
  auto meanOf = [&](const std::vector<int64_t> &group) {
    double mean = 0;
    for (int64_t expert : group)
      mean += chosen[size_t(expert)];
    return mean;
  };
  for (bool isEast : {false, true}) {
    double x = isEast ? double(sharding.region.width) : 0;
    experts::Groups held = planner.place(kernel, sharding, 0, {x, 0});
    ASSERT_EQ(int64_t(held.size()), sharding.numGroups());
    size_t nearest = isEast ? size_t(sharding.groups.width) - 1 : 0;
    for (const std::vector<int64_t> &group : held)
      EXPECT_LE(meanOf(group), meanOf(held[nearest]) + 1e-12);
  }
}

TEST_F(ExpertPlannerTest, FillsWhatIsLeftWithReplicas) {
  model::Sharding sharding = shardings.front();
  for (const model::Sharding &other : shardings)
    if (other.numGroups() == 8)
      sharding = other;
  ASSERT_EQ(sharding.numGroups(), 8);
  EXPECT_EQ(roomFor(kernel, sharding, 0), 3);
  sharding.held.assign(8, {});
  sharding.held.front() = {0, 1, 2, 3};
  int64_t more = model::footprint(kernel, sharding).total();
  sharding.held.front().pop_back();
  more -= model::footprint(kernel, sharding).total();
  sharding.held.clear();
  EXPECT_EQ(roomFor(kernel, sharding, more - 1), 3);
  EXPECT_EQ(roomFor(kernel, sharding, more), 4);
  ExpertPlanner planner(*rates, zipf(1.5));
  auto placesOf = [&](int64_t freeBytes) {
    size_t places = 0;
    for (const std::vector<int64_t> &group :
         planner.place(kernel, sharding, freeBytes, {0, 0}))
      places += group.size();
    return places;
  };
  EXPECT_EQ(placesOf(0), size_t(kExperts));
  EXPECT_GT(placesOf(more), size_t(kExperts));
}

} // namespace
