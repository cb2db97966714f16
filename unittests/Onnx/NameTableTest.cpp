//===- NameTableTest.cpp - Numbers of names -------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Onnx/NameTable.h"

#include "gtest/gtest.h"

#include <string>

using namespace inlay::onnx::file;

TEST(NameTableTest, NumbersNamesInTheOrderOfTheirAddition) {
  NameTable table;
  EXPECT_EQ(table.find("x"), std::nullopt);
  EXPECT_TRUE(table.add("x"));
  EXPECT_TRUE(table.add("y"));
  EXPECT_FALSE(table.add("x"));
  EXPECT_TRUE(table.add("z"));
  EXPECT_EQ(table.find("x"), 0u);
  EXPECT_EQ(table.find("y"), 1u);
  EXPECT_EQ(table.find("z"), 2u);
  EXPECT_EQ(table.find("w"), std::nullopt);
}

TEST(NameTableTest, FindsNamesInAnyOrderWhateverItsSize) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < 5000; ++i)
    names.push_back("layers." + std::to_string(i * 7919 % 5000));
  NameTable table;
  for (size_t i = 0; i < names.size(); ++i) {
    ASSERT_TRUE(table.add(names[i]));
    if (i == 2000)
      table.startResults();
  }
  for (unsigned step : {1u, 3u, 4999u})
    for (size_t i = 0; i < names.size(); ++i) {
      size_t at = i * step % names.size();
      ASSERT_EQ(table.find(names[at]), at);
    }
  EXPECT_EQ(table.find("layers.5000"), std::nullopt);
  EXPECT_EQ(table.size(), names.size());
}
