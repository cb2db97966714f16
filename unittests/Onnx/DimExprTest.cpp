//===- DimExprTest.cpp - Expressions over symbolic dimensions -------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Onnx/DimExpr.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay::onnx;
using testing::ElementsAre;

namespace {

/// a = 7, b = 2, past_sequence_length = 8192, s0.x = 3; nothing else.
std::optional<int64_t> lookup(llvm::StringRef name) {
  if (name == "a")
    return 7;
  if (name == "b")
    return 2;
  if (name == "past_sequence_length")
    return 8192;
  if (name == "s0.x")
    return 3;
  return std::nullopt;
}

/// The value as text, or what is wrong.
std::string evaluate(llvm::StringRef text) {
  std::string error;
  std::optional<DimExpr> expr = DimExpr::parse(text, error);
  if (!expr)
    return "parse: " + error;
  std::optional<int64_t> value = expr->evaluate(lookup, error);
  return value ? std::to_string(*value) : "evaluate: " + error;
}

TEST(DimExprTest, EvaluatesWhatExportersWrite) {
  EXPECT_EQ(evaluate("a"), "7");
  EXPECT_EQ(evaluate(" 42 "), "42");
  EXPECT_EQ(evaluate("past_sequence_length + a"), "8199");
  EXPECT_EQ(evaluate("past_sequence_length + 1"), "8193");
  EXPECT_EQ(evaluate("a * b"), "14");
  EXPECT_EQ(evaluate("a - 1"), "6");
  EXPECT_EQ(evaluate("-b + a"), "5");
  EXPECT_EQ(evaluate("s0.x*2"), "6");
}

TEST(DimExprTest, EvaluatesWhatSympyPrints) {
  EXPECT_EQ(evaluate("floor(a/2)"), "3");
  EXPECT_EQ(evaluate("floor(a / 2) + 1"), "4");
  EXPECT_EQ(evaluate("ceiling(a/2)"), "4");
  EXPECT_EQ(evaluate("Max(1, a)"), "7");
  EXPECT_EQ(evaluate("Max(1, a, 9)"), "9");
  EXPECT_EQ(evaluate("Min(a, b)"), "2");
  EXPECT_EQ(evaluate("Max(a)"), "7");
  EXPECT_EQ(evaluate("Mod(a, 4)"), "3");
  EXPECT_EQ(evaluate("a**b"), "49");
  EXPECT_EQ(evaluate("FloorDiv(a, 2)"), "3");
  EXPECT_EQ(evaluate("CeilDiv(a, 2)"), "4");
  EXPECT_EQ(evaluate("CeilToInt(IntTrueDiv(a, 2))"), "4");
  EXPECT_EQ(evaluate("Abs(b - a)"), "5");
}

TEST(DimExprTest, KeepsFractionsExact) {
  EXPECT_EQ(evaluate("2*(a/2)"), "7");
  EXPECT_EQ(evaluate("a/2 + 1/2"), "4");
  EXPECT_EQ(evaluate("a//2"), "3");
  EXPECT_EQ(evaluate("-a//2 + 10"), "6");
  EXPECT_EQ(evaluate("-a % 4"), "1");
}

TEST(DimExprTest, HonoursPrecedence) {
  EXPECT_EQ(evaluate("1 + a * b"), "15");
  EXPECT_EQ(evaluate("(1 + a) * b"), "16");
  EXPECT_EQ(evaluate("a - b - 1"), "4");
  EXPECT_EQ(evaluate("100 - b**2"), "96");
  EXPECT_EQ(evaluate("2**b**b"), "16");
}

TEST(DimExprTest, ListsSymbolsOnce) {
  std::string error;
  std::optional<DimExpr> expr = DimExpr::parse("b + a*b + Max(c, 1)", error);
  ASSERT_TRUE(expr);
  EXPECT_THAT(expr->symbols(), ElementsAre("b", "a", "c"));
}

TEST(DimExprTest, SaysWhatDoesNotParse) {
  EXPECT_EQ(evaluate(""), "parse: column 1: expected a size, the text ends");
  EXPECT_EQ(evaluate("a +"), "parse: column 4: expected a size, the text ends");
  EXPECT_EQ(evaluate("a b"), "parse: column 3: expected an operator");
  EXPECT_EQ(evaluate("2a"), "parse: column 2: expected an operator");
  EXPECT_EQ(evaluate("(a"), "parse: column 3: expected ')'");
  EXPECT_EQ(evaluate("Max(a, 1"), "parse: column 9: expected ')'");
  EXPECT_EQ(evaluate("?"), "parse: column 1: expected a number, a name or '('");
  EXPECT_EQ(evaluate("sin(a)"), "parse: column 1: unknown function 'sin'");
  EXPECT_EQ(evaluate("floor(a, b)"),
            "parse: column 12: 'floor' takes 1, got 2");
  EXPECT_EQ(evaluate("99999999999999999999"),
            "parse: column 1: the number overflows 64 bits");
}

TEST(DimExprTest, BoundsWhatAFileMayAsk) {
  EXPECT_EQ(evaluate(std::string(5000, '1')),
            "parse: column 1: longer than 4,096 characters");
  EXPECT_THAT(evaluate(std::string(4000, '(')),
              testing::HasSubstr("nested deeper than 64 levels"));
  EXPECT_THAT(evaluate(std::string(4000, '-')),
              testing::HasSubstr("nested deeper than 64 levels"));
}

TEST(DimExprTest, SaysWhatHasNoValue) {
  EXPECT_EQ(evaluate("a + c"), "evaluate: 'c' has no size");
  EXPECT_EQ(evaluate("a / 2"), "evaluate: the result is 7/2, which is no size");
  EXPECT_EQ(evaluate("b - a"), "evaluate: the result is -5, which is no size");
  EXPECT_EQ(evaluate("a / (b - 2)"), "evaluate: division by zero");
  EXPECT_EQ(evaluate("a % (b - 2)"), "evaluate: division by zero");
  EXPECT_EQ(evaluate("a**64"), "evaluate: a number overflows 64 bits");
  EXPECT_EQ(evaluate("9223372036854775807 + 1"),
            "evaluate: a number overflows 64 bits");
  EXPECT_EQ(evaluate("a**(-1)"), "evaluate: a number overflows 64 bits");
}

} // namespace
