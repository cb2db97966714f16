//===- RotaryTest.cpp - Rotary tables against the published formulas ------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/ModelGen/ModelSpec.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace inlay::modelgen;

namespace {

/// The angle of each pair at position 1.
std::vector<double> angles(const RotarySpec &spec) {
  RotaryTables tables = computeRotaryTables(spec, 2);
  std::vector<double> result;
  size_t pairs = spec.dims / 2;
  for (size_t i = 0; i < pairs; ++i)
    result.push_back(std::atan2(tables.sin[pairs + i], tables.cos[pairs + i]));
  return result;
}

TEST(RotaryTest, TurnsByPowersOfTheta) {
  RotarySpec spec;
  spec.dims = 8;
  spec.theta = 10000;
  std::vector<double> found = angles(spec);
  ASSERT_EQ(found.size(), 4u);
  for (size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(found[i], std::pow(10.0, -double(i)), 1e-6);
  RotaryTables tables = computeRotaryTables(spec, 3);
  EXPECT_EQ(tables.cos.size(), 12u);
  EXPECT_EQ(tables.cos[0], 1);
  EXPECT_EQ(tables.sin[0], 0);
}

TEST(RotaryTest, StretchesLinearly) {
  RotarySpec spec;
  spec.dims = 4;
  spec.scaling = RotaryScaling::Linear;
  spec.factor = 4;
  EXPECT_NEAR(angles(spec)[0], 0.25, 1e-6);
}

/// Llama 3.1: wave lengths below 8192 / 4 stay, above 8192 / 1 are stretched.
TEST(RotaryTest, StretchesLongWavesForLlama3) {
  RotarySpec spec;
  spec.dims = 128;
  spec.theta = 500000;
  spec.scaling = RotaryScaling::Llama3;
  spec.factor = 8;
  spec.originalContext = 8192;
  RotarySpec plain = spec;
  plain.scaling = RotaryScaling::None;
  std::vector<double> found = angles(spec), base = angles(plain);
  bool between = false;
  for (size_t i = 0; i < found.size(); ++i) {
    double wave = 2 * 3.14159265358979 / base[i];
    if (wave < 8192 / 4.0) {
      EXPECT_NEAR(found[i], base[i], base[i] * 1e-5);
    } else if (wave > 8192) {
      EXPECT_NEAR(found[i], base[i] / 8, base[i] * 1e-5);
    } else {
      between = true;
      EXPECT_LT(found[i], base[i]);
      EXPECT_GT(found[i], base[i] / 8);
    }
  }
  EXPECT_TRUE(between);
}

/// The first pairs turn often and stay, the last are stretched; cosines and
/// sines are scaled.
TEST(RotaryTest, InterpolatesByPartsForYarn) {
  RotarySpec spec;
  spec.dims = 64;
  spec.theta = 150000;
  spec.scaling = RotaryScaling::Yarn;
  spec.factor = 32;
  spec.originalContext = 4096;
  spec.truncate = false;
  spec.attentionFactor = 0.1 * std::log(32) + 1;
  RotarySpec plain = spec;
  plain.scaling = RotaryScaling::None;
  std::vector<double> found = angles(spec), base = angles(plain);
  EXPECT_NEAR(found[0], base[0], 1e-6);
  EXPECT_NEAR(found[31], base[31] / 32, 1e-9);
  RotaryTables tables = computeRotaryTables(spec, 1);
  EXPECT_FLOAT_EQ(tables.cos[0], float(spec.attentionFactor));
  // Pair 8 turns more than 32 times over the original context, pair 18 less
  // than once: the ramp lies between.
  EXPECT_NEAR(found[8], base[8], base[8] * 1e-5);
  EXPECT_NEAR(found[18], base[18] / 32, base[18] * 1e-5);
  EXPECT_LT(found[13], base[13]);
  EXPECT_GT(found[13], base[13] / 32);
}

} // namespace
