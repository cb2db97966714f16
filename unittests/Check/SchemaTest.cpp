//===- SchemaTest.cpp - JSON Schema, as far as ours use it ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Check/Schema.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay::checker;
using testing::HasSubstr;

namespace {

std::string violations(const std::string &schemaText,
                       const std::string &valueText) {
  std::string error;
  std::unique_ptr<Schema> schema = Schema::parse(schemaText, error);
  EXPECT_TRUE(schema) << error;
  std::string problem;
  auto value = json::Document::parse(valueText, problem);
  if (!schema || !value)
    return problem;
  Report report;
  schema->validate(value->value(), report);
  std::string text;
  for (const Violation &violation : report.take())
    text += violation.place + ": " + violation.message + "\n";
  return text;
}

std::string refusal(const std::string &text) {
  std::string error;
  EXPECT_FALSE(Schema::parse(text, error));
  return error;
}

TEST(SchemaTest, Types) {
  EXPECT_EQ(violations(R"({"type": "integer"})", "1"), "");
  EXPECT_EQ(violations(R"({"type": "integer"})", "1.0"), "");
  EXPECT_EQ(violations(R"({"type": "integer"})", "1.5"),
            "the plan: must be of type integer\n");
  EXPECT_EQ(violations(R"({"type": ["string", "null"]})", "null"), "");
  EXPECT_EQ(violations(R"({"type": ["string", "null"]})", "[]"),
            "the plan: must be of type string or null\n");
  EXPECT_EQ(violations(R"({"type": "number"})", "true"),
            "the plan: must be of type number\n");
}

TEST(SchemaTest, Limits) {
  EXPECT_EQ(violations(R"({"minimum": 1, "maximum": 3})", "0"),
            "the plan: is 0, less than 1\n");
  EXPECT_EQ(violations(R"({"minimum": 1, "maximum": 3})", "4"),
            "the plan: is 4, more than 3\n");
  EXPECT_EQ(violations(R"({"exclusiveMinimum": 1})", "1"),
            "the plan: is 1, must be more than 1\n");
  EXPECT_EQ(violations(R"({"maxItems": 1, "uniqueItems": true})", "[1, 1]"),
            "the plan: has 2 elements, at most 1 are allowed\n"
            "the plan: has an element twice\n");
  EXPECT_EQ(violations(R"({"minProperties": 1})", "{}"),
            "the plan: has 0 members, at least 1 are needed\n");
  EXPECT_EQ(violations(R"({"enum": ["a", 1]})", "\"a\""), "");
  // A limit speaks of its own type only.
  EXPECT_EQ(
      violations(R"({"minimum": 1, "minLength": 2, "minItems": 3})", "true"),
      "");
}

TEST(SchemaTest, PathsNameThePlace) {
  EXPECT_EQ(
      violations(
          R"({"properties": {"a": {"items": {"properties": {"b": {"const": 1}},
              "additionalProperties": false, "required": ["b"]}}}})",
          R"({"a": [{"b": 1}, {"b": 2, "c": 3}, {}]})"),
      "a[1].b: must be 1\n"
      "a[1]: has a member 'c' that nobody knows\n"
      "a[2]: has no member 'b'\n");
  EXPECT_EQ(violations(R"({"additionalProperties": {"type": "string"}})",
                       R"({"x": 1})"),
            "x: must be of type string\n");
}

TEST(SchemaTest, References) {
  std::string list = R"({"$defs": {"list": {"type": "array",
      "items": {"$ref": "#/$defs/list"}}}, "$ref": "#/$defs/list"})";
  EXPECT_EQ(violations(list, "[[], [[]]]"), "");
  EXPECT_EQ(violations(list, "[[], [1]]"), "[1][0]: must be of type array\n");
  EXPECT_EQ(violations(R"({"$defs": {"a": {"minimum": 1}},
                           "$ref": "#/$defs/a", "maximum": 2})",
                       "3"),
            "the plan: is 3, more than 2\n");
}

TEST(SchemaTest, Choices) {
  EXPECT_EQ(
      violations(R"({"anyOf": [{"type": "string"}, {"minimum": 2}]})", "1"),
      "the plan: is none of the 2 things allowed here\n");
  EXPECT_EQ(violations(R"({"oneOf": [{"minimum": 1}, {"minimum": 2}]})", "3"),
            "the plan: is not exactly one of the 2 things allowed here\n");
  EXPECT_EQ(violations(R"({"allOf": [{"minimum": 1}, {"minimum": 5}]})", "3"),
            "the plan: is 3, less than 5\n");
}

TEST(SchemaTest, WhatIsNotKnownIsRefused) {
  EXPECT_EQ(refusal(R"({"format": "date"})"),
            "keyword 'format' of JSON Schema is not known here");
  EXPECT_EQ(refusal(R"({"$ref": "other.json"})"),
            "reference 'other.json' leads nowhere");
  EXPECT_THAT(refusal(R"({"pattern": "("})"), HasSubstr("pattern '(': "));
  EXPECT_EQ(refusal(R"({"items": 1})"), "a schema is no object");
  EXPECT_EQ(refusal("[]"), "a schema is no object");
}

} // namespace
