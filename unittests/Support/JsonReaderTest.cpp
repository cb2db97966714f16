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

TEST(JsonReaderTest, MembersThatAreThereTwiceAreRefused) {
  auto messageOf = [](const char *text) {
    Diagnostics diags;
    bool isRead = parseJsonObject(text, diags).has_value();
    return isRead ? std::string() : diags.all().front().message;
  };
  EXPECT_EQ(messageOf(R"({"a": 1, "b": {"a": 2}, "c": [{"a": 1}, {"a": 2}]})"),
            "");
  EXPECT_EQ(messageOf(R"({"a": "b", "b": ":", "c\"": "c"})"), "");
  EXPECT_EQ(messageOf(R"({"a": 1, "b": {"c": 2}, "a": [3]})"),
            "has the member 'a' twice in one object; keep one");
  EXPECT_EQ(messageOf(R"({"x": [{"c": 2, "\u0063" : 3}]})"),
            "has the member 'c' twice in one object; keep one");
}

TEST(JsonReaderTest, BracketsInStringsAreNotDepth) {
  std::string brackets(1000, '[');
  EXPECT_EQ(errorOf("{\"a\": \"" + brackets + "\"}"), "");
  EXPECT_EQ(errorOf("{\"a\": \"\\\"" + brackets + "\\\\\"}"), "");
}

} // namespace
