//===- JsonTest.cpp - JSON as its checker reads it ------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Check/Canonical.h"

#include "gtest/gtest.h"

#include <limits>

using namespace inlay::checker;

namespace {

/// The canonical text of what was read, or what is wrong.
std::string read(const std::string &text) {
  std::string problem;
  auto document = json::Document::parse(text, problem);
  return document ? canonicalJson(document->value()) : problem;
}

TEST(JsonTest, Values) {
  EXPECT_EQ(read(" null "), "null");
  EXPECT_EQ(read("[true, false, [], {}]"), "[true,false,[],{}]");
  EXPECT_EQ(read(R"({"b": 1, "a": {"d": [2, 3], "c": ""}})"),
            R"({"a":{"c":"","d":[2,3]},"b":1})");
}

TEST(JsonTest, Numbers) {
  EXPECT_EQ(read("[0, -0, 7, -12, 1.50, 1e3, 1E-7, 2.5e+1]"),
            "[0,0,7,-12,1.5,1000,1e-7,25]");
  EXPECT_EQ(read("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(read("9223372036854775808"), "9223372036854776000");
  EXPECT_EQ(read("1e-400"), "0");
  std::string problem;
  auto document = json::Document::parse("[3.0, 3.5, 1e19, 4]", problem);
  const json::Array &array = *document->value().getAsArray();
  EXPECT_EQ(array[0].getAsInteger(), 3);
  EXPECT_EQ(array[1].getAsInteger(), std::nullopt);
  EXPECT_EQ(array[2].getAsInteger(), std::nullopt);
  EXPECT_EQ(array[3].getAsNumber(), 4.0);
}

TEST(JsonTest, Strings) {
  EXPECT_EQ(read(R"("a\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00")"),
            "\"a\\\"\\\\/\\b\\f\\n\\r\\tA\u00e9\U0001F600\"");
  // Half a surrogate pair is no character; what follows is read by itself.
  EXPECT_EQ(read(R"("\ud83dx")"), "\"\uFFFDx\"");
  EXPECT_EQ(read(R"("\ud83d\u0041")"), "\"\uFFFDA\"");
  EXPECT_EQ(read(R"("\ude00")"), "\"\uFFFD\"");
}

TEST(JsonTest, Members) {
  std::string problem, text = R"({"b": 1, "a": "x", "c": [true]})";
  auto document = json::Document::parse(text, problem);
  const json::Object &object = *document->value().getAsObject();
  EXPECT_EQ(object.getInteger("b"), 1);
  EXPECT_EQ(object.getString("a"), "x");
  EXPECT_EQ(object.getArray("c")->size(), 1u);
  EXPECT_EQ(object.get("d"), nullptr);
  EXPECT_EQ(object.getNumber("a"), std::nullopt);
  EXPECT_EQ(object.getObject("c"), nullptr);
}

TEST(JsonTest, WhatIsNoJson) {
  const std::pair<const char *, const char *> cases[] = {
      {"", "a value at line 1, column 1"},
      {"{\n  \"a\": 1,\n  }", "a name at line 3, column 3"},
      {"{\"a\" 1}", "':' at line 1, column 6"},
      {"{\"a\": 1 \"b\"}", "',' or '}' at line 1, column 9"},
      {"[1 2]", "',' or ']' at line 1, column 4"},
      {"[1,]", "a value at line 1, column 4"},
      {"[1]]", "the end of the text at line 1, column 4"},
      {"nul", "a value at line 1, column 1"},
      {"\"a", "the end of a string at line 1, column 3"},
      {"\"\\x\"", "an escape at line 1, column 4"},
      {"\"\\u12g4\"", "an escape at line 1, column 8"},
      {"\"\n\"", "a string without control characters at line 1, column 2"},
      {"01", "the end of the text at line 1, column 2"},
      {"-", "a value at line 1, column 2"},
      {"1.", "a digit at line 1, column 3"},
      {"1e+", "a digit at line 1, column 4"},
      {"1e999", "a number that is finite at line 1, column 6"},
      {"\"\xff\"", "text that is UTF-8 at line 1, column 2"},
  };
  for (auto [text, expected] : cases)
    EXPECT_EQ(read(text), std::string("is not JSON: expected ") + expected)
        << text;
}

TEST(JsonTest, NoNameTwice) {
  EXPECT_EQ(read(R"([{"a": 1, "b": 2, "a": 3}])"),
            "is not JSON: the object that ends at byte 25 has the member 'a' "
            "twice");
}

TEST(JsonTest, Depth) {
  EXPECT_EQ(read(std::string(100, '[') + std::string(100, ']')),
            std::string(100, '[') + std::string(100, ']'));
  EXPECT_EQ(read(std::string(100000, '[')), "nests more than 100 levels deep");
}

TEST(JsonTest, Equality) {
  auto equal = [](const std::string &a, const std::string &b) {
    std::string problem;
    return json::Document::parse(a, problem)->value() ==
           json::Document::parse(b, problem)->value();
  };
  EXPECT_TRUE(
      equal(R"({"a": [1, "x"], "b": null})", R"({"b":null,"a":[1.0,"x"]})"));
  EXPECT_FALSE(equal("[1]", "[1, 2]"));
  EXPECT_FALSE(equal("1", "\"1\""));
  EXPECT_FALSE(equal(R"({"a": 1})", R"({"a": 2})"));
}

} // namespace
