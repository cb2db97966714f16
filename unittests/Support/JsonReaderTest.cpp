//===- JsonReaderTest.cpp - Strict reading of JSON objects ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/JsonReader.h"

#include "gtest/gtest.h"

using namespace inlay;

namespace {

std::string errorOf(const std::string &text) {
  Diagnostics diags;
  bool isParsed = parseJsonObject(text, diags).has_value();
  EXPECT_EQ(isParsed, diags.all().empty());
  return isParsed ? "" : diags.all().front().message;
}

std::string nested(int depth) {
  return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') +
         "}";
}

TEST(JsonReaderTest, DepthIsLimited) {
  const std::string tooDeep = "nests arrays and objects more than 256 deep";
  EXPECT_EQ(errorOf(nested(256)), "");
  EXPECT_EQ(errorOf(nested(257)), tooDeep);
  // Without a limit these end the process.
  EXPECT_EQ(errorOf(std::string(10'000'000, '[')), tooDeep);
  std::string objects;
  for (int i = 0; i < 1'000'000; ++i)
    objects += "{\"a\":";
  EXPECT_EQ(errorOf(objects), tooDeep);
}

TEST(JsonReaderTest, BracketsInStringsAreNotDepth) {
  std::string brackets(1000, '[');
  EXPECT_EQ(errorOf("{\"a\": \"" + brackets + "\"}"), "");
  EXPECT_EQ(errorOf("{\"a\": \"\\\"" + brackets + "\\\\\"}"), "");
}

} // namespace
