//===- CarryOverTest.cpp --------------------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/CarryOver.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::model;
using testing::ElementsAre;

namespace {

const ElementType kF16 = {"f16", 16};

OpSpec project(int64_t tokens) {
  OpSpec op;
  op.name = "linear";
  op.opClass = OpClass::Contraction;
  op.dims = {{"token", tokens}, {"n", 8}, {"k", 4, DimKind::Reduction}};
  op.operands = {{TensorRole::Input, 0, kF16, {{0, 1}, {2, 1}}},
                 {TensorRole::Weights, 0, kF16, {{1, 1}, {2, 1}}},
                 {TensorRole::Local, 0, kF16, {{0, 1}, {1, 1}}}};
  return op;
}

OpSpec elementwise(const char *name, std::vector<IterationDim> dims) {
  OpSpec op;
  op.name = name;
  op.dims = std::move(dims);
  return op;
}

/// y = rotate(transpose(x W)); with one token the transposition falls away, and
/// so does the dim of the tokens.
KernelSpec kernelOf(int64_t tokens) {
  KernelSpec kernel;
  kernel.name = "attention";
  kernel.weights = {{"w", kF16, {8, 4}, 0, 0, {}}};
  kernel.inputs = {{kF16, {tokens, 4}}};
  kernel.outputs = {{kF16, {tokens, 8}}};
  kernel.ops = {project(tokens)};
  if (tokens > 1)
    kernel.ops.push_back(
        elementwise("transpose", {{"token", tokens}, {"head", 2}, {"n", 4}}));
  kernel.ops.push_back(elementwise(
      "rotary",
      tokens > 1
          ? std::vector<IterationDim>{{"token", tokens}, {"head", 2}, {"n", 4}}
          : std::vector<IterationDim>{{"head", 2}, {"n", 4}}));
  return kernel;
}

Sharding cut() {
  return {{4, 2},
          {1, 1},
          {4, 2},
          {{{Axis::None, Axis::X, Axis::Y}},
           {{Axis::None, Axis::None, Axis::None}},
           {{Axis::Y, Axis::X, Axis::None}}}};
}

std::string whyNot(const KernelSpec &from, const KernelSpec &to) {
  std::string why;
  EXPECT_FALSE(CarryOver::find(from, to, why).has_value());
  return why;
}

TEST(CarryOverTest, LeavesAKernelAsItIs) {
  std::string why;
  auto carry = CarryOver::find(kernelOf(8), kernelOf(8), why);
  ASSERT_TRUE(carry) << why;
  Sharding carried = (*carry)(cut());
  ASSERT_EQ(carried.ops.size(), 3u);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(carried.ops[i].axisOfDim, cut().ops[i].axisOfDim);
}

TEST(CarryOverTest, WhatIsDoneAlongTokensFallsAway) {
  std::string why;
  auto carry = CarryOver::find(kernelOf(8), kernelOf(1), why);
  ASSERT_TRUE(carry) << why;
  Sharding carried = (*carry)(cut());
  EXPECT_EQ(carried.region.area(), 8);
  ASSERT_EQ(carried.ops.size(), 2u);
  EXPECT_THAT(carried.ops[0].axisOfDim,
              ElementsAre(Axis::None, Axis::X, Axis::Y));
  EXPECT_THAT(carried.ops[1].axisOfDim, ElementsAre(Axis::X, Axis::None));
}

TEST(CarryOverTest, EveryCoreDoesAnOpThatIsNew) {
  KernelSpec to = kernelOf(1);
  to.ops.push_back(elementwise("relu", {{"n", 8}}));
  std::string why;
  auto carry = CarryOver::find(kernelOf(8), to, why);
  ASSERT_TRUE(carry) << why;
  EXPECT_THAT((*carry)(cut()).ops.back().axisOfDim, ElementsAre(Axis::None));
}

TEST(CarryOverTest, ADimIsThatOfItsNameAndSize) {
  KernelSpec from = kernelOf(8), to = kernelOf(1);
  from.ops.back().dims = {{"n", 2}, {"n", 4}};
  to.ops.back().dims = {{"n", 4}};
  std::string why;
  auto carry = CarryOver::find(from, to, why);
  ASSERT_TRUE(carry) << why;
  Sharding sharding = cut();
  sharding.ops.back().axisOfDim = {Axis::X, Axis::Y};
  EXPECT_THAT((*carry)(sharding).ops.back().axisOfDim, ElementsAre(Axis::Y));
}

TEST(CarryOverTest, SaysInWhatKernelsDiffer) {
  KernelSpec from = kernelOf(8);
  KernelSpec to = kernelOf(1);
  to.name = "mlp";
  EXPECT_EQ(whyNot(from, to), "one is called 'attention', the other 'mlp'");
  to = kernelOf(1);
  to.weights.clear();
  to.ops.erase(to.ops.begin());
  EXPECT_EQ(whyNot(from, to), "one has 1 weights, the other 0");
  to = kernelOf(1);
  to.weights[0].name = "v";
  EXPECT_EQ(whyNot(from, to), "one has weight 'w' where the other has 'v'");
  to = kernelOf(1);
  to.weights[0].shape = {8, 8};
  EXPECT_EQ(whyNot(from, to), "weight 'w' has other elements");
  to = kernelOf(1);
  to.states = {{"past", kF16, {1, 8}}};
  EXPECT_EQ(whyNot(from, to), "one has 0 states, the other 1");
  to = kernelOf(1);
  to.ops.push_back(to.ops[0]);
  EXPECT_EQ(whyNot(from, to), "op 2 'linear' is in one only");
}

} // namespace
