//===- FormatTest.cpp -----------------------------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/Support/Format.h"

#include "gtest/gtest.h"

using namespace inlay;

namespace {

TEST(FormatTest, GroupsDigitsByThousands) {
  EXPECT_EQ(formatCount(0), "0");
  EXPECT_EQ(formatCount(999), "999");
  EXPECT_EQ(formatCount(1000), "1,000");
  EXPECT_EQ(formatCount(-1234567), "-1,234,567");
  EXPECT_EQ(formatBytes(52416), "52,416 B");
}

TEST(FormatTest, TotalsUseDecimalUnits) {
  EXPECT_EQ(formatTotalBytes(999), "999 B");
  EXPECT_EQ(formatTotalBytes(595e9), "595.0 GB");
}

TEST(FormatTest, CeilDivRoundsUp) {
  EXPECT_EQ(ceilDiv(0, 4), 0);
  EXPECT_EQ(ceilDiv(8, 4), 2);
  EXPECT_EQ(ceilDiv(9, 4), 3);
}

TEST(FormatTest, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(toUtf8("größe"), "größe");
  EXPECT_EQ(toUtf8("a\xff"
                   "b"),
            "a\xEF\xBF\xBD"
            "b");
}

} // namespace
