//===- OrderTest.cpp - In which order a kernel executes its ops -----------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Model/Order.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <map>
#include <random>

using namespace inlay;
using namespace inlay::model;
using testing::ElementsAre;

namespace {

const ElementType kF16 = {"f16", 16};

OperandSpec local(int tensor) {
  return {TensorRole::Local, tensor, kF16, {{0, 1}}};
}

/// Reads locals and makes the last of them.
OpSpec op(std::string name, bool sums, std::vector<int> tensors) {
  OpSpec spec;
  spec.name = std::move(name);
  spec.dims = {{"n", 8, DimKind::Parallel, 1}};
  if (sums)
    spec.dims.push_back({"k", 8, DimKind::Reduction, 1});
  for (int tensor : tensors)
    spec.operands.push_back(local(tensor));
  return spec;
}

std::vector<std::string> namesOf(const KernelSpec &kernel) {
  std::vector<std::string> names;
  for (const OpSpec &op : kernel.ops)
    names.push_back(op.name);
  return names;
}

TEST(OrderTest, ProductsOfOneInputFollowEachOther) {
  // The way of the queries to its end, then that of the keys.
  KernelSpec kernel;
  kernel.ops = {op("norm", true, {0, 1}),       op("query a", true, {1, 2}),
                op("query norm", true, {2, 3}), op("query b", true, {3, 4}),
                op("key a", true, {1, 5}),      op("key norm", true, {5, 6}),
                op("sum", false, {4, 6, 7})};
  orderBySums(kernel);
  EXPECT_THAT(namesOf(kernel),
              ElementsAre("norm", "query a", "key a", "query norm", "key norm",
                          "query b", "sum"));
}

TEST(OrderTest, ValuesWithoutNumbersStayTogether) {
  KernelSpec kernel;
  kernel.ops = {op("product", true, {0, 1}), op("scores", true, {1, -1}),
                op("softmax", true, {-1}),   op("context", true, {-1, 2}),
                op("other", true, {0, 3}),   op("more", false, {3, 4})};
  orderBySums(kernel);
  EXPECT_THAT(namesOf(kernel), ElementsAre("product", "other", "scores",
                                           "softmax", "context", "more"));
}

TEST(OrderTest, StatesAreUsedAsTheyWere) {
  OperandSpec state = {TensorRole::State, 0, kF16, {{0, 1}}};
  KernelSpec kernel;
  kernel.ops = {op("a", true, {0, 1}), op("old", false, {1, 2}),
                op("new", false, {0, 3})};
  kernel.ops[1].operands.insert(kernel.ops[1].operands.begin(), state);
  kernel.ops[2].operands.insert(kernel.ops[2].operands.begin(), state);
  orderBySums(kernel);
  EXPECT_THAT(namesOf(kernel), ElementsAre("a", "old", "new"));
}

/// What each op reads, by the number of the op that wrote it last.
std::map<std::string, std::vector<std::string>>
sourcesOf(const KernelSpec &kernel) {
  std::map<int, std::string> writer;
  std::map<std::string, std::vector<std::string>> sources;
  for (const OpSpec &op : kernel.ops) {
    std::vector<std::string> &own = sources[op.name];
    for (size_t i = 0; i + 1 < op.operands.size(); ++i)
      own.push_back(writer[op.operands[i].tensor]);
    writer[op.operands.back().tensor] = op.name;
  }
  return sources;
}

TEST(OrderTest, EveryOpReadsWhatItRead) {
  std::mt19937 random(7);
  auto pick = [&](int below) { return int(random() % unsigned(below)); };
  int moved = 0;
  for (int i = 0; i < 2000; ++i) {
    KernelSpec kernel;
    for (int o = 0; o < 12; ++o) {
      std::vector<int> tensors;
      for (int n = pick(3); n >= 0; --n)
        tensors.push_back(pick(8));
      tensors.push_back(pick(8));
      kernel.ops.push_back(op(std::to_string(o), pick(2) == 0, tensors));
    }
    std::vector<std::string> before = namesOf(kernel);
    auto sources = sourcesOf(kernel);
    orderBySums(kernel);
    moved += namesOf(kernel) != before;
    ASSERT_EQ(sourcesOf(kernel), sources);
    std::vector<std::string> once = namesOf(kernel);
    orderBySums(kernel);
    ASSERT_EQ(namesOf(kernel), once);
  }
  EXPECT_GT(moved, 200);
}

} // namespace
