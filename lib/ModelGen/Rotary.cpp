//===- Rotary.cpp - Cosines and sines of rotary embeddings ----------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Formulas: transformers' modeling_rope_utils.py (linear, llama3, yarn). The
// angle of channel pair i at position p is p * f_i with
// f_i = theta^(-2i / dims), changed by the scaling.
//
//===----------------------------------------------------------------------===//

#include "inlay/ModelGen/ModelSpec.h"

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace inlay::modelgen;

static constexpr double kTwoPi = 2 * std::numbers::pi;

/// Long wave lengths are stretched, short ones kept, a ramp between.
static double scaleLlama3(const RotarySpec &spec, double frequency) {
  double turns = double(spec.originalContext) * frequency / kTwoPi;
  if (turns > spec.highFrequency)
    return frequency;
  double stretched = frequency / spec.factor;
  if (turns < spec.lowFrequency)
    return stretched;
  double smooth =
      (turns - spec.lowFrequency) / (spec.highFrequency - spec.lowFrequency);
  return (1 - smooth) * stretched + smooth * frequency;
}

/// The pair that turns `turns` times over the original context.
static double yarnPair(const RotarySpec &spec, double turns) {
  return double(spec.dims) *
         std::log(double(spec.originalContext) / (turns * kTwoPi)) /
         (2 * std::log(spec.theta));
}

static double scaleYarn(const RotarySpec &spec, double frequency, double pair) {
  double low = yarnPair(spec, spec.betaFast);
  double high = yarnPair(spec, spec.betaSlow);
  if (spec.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, double(spec.dims - 1));
  if (low == high)
    high += 0.001;
  double ramp = std::clamp((pair - low) / (high - low), 0.0, 1.0);
  return frequency / spec.factor * ramp + frequency * (1 - ramp);
}

static double computeFrequency(const RotarySpec &spec, int64_t pair) {
  double frequency =
      std::pow(spec.theta, -2.0 * double(pair) / double(spec.dims));
  switch (spec.scaling) {
  case RotaryScaling::None:
    return frequency;
  case RotaryScaling::Linear:
    return frequency / spec.factor;
  case RotaryScaling::Llama3:
    return scaleLlama3(spec, frequency);
  case RotaryScaling::Yarn:
    return scaleYarn(spec, frequency, double(pair));
  }
  return frequency;
}

RotaryTables inlay::modelgen::computeRotaryTables(const RotarySpec &spec,
                                                  int64_t positions) {
  int64_t pairs = spec.dims / 2;
  std::vector<double> frequencies;
  for (int64_t pair = 0; pair < pairs; ++pair)
    frequencies.push_back(computeFrequency(spec, pair));
  RotaryTables tables;
  tables.cos.reserve(positions * pairs);
  tables.sin.reserve(positions * pairs);
  for (int64_t position = 0; position < positions; ++position)
    for (double frequency : frequencies) {
      double angle = double(position) * frequency;
      tables.cos.push_back(float(std::cos(angle) * spec.attentionFactor));
      tables.sin.push_back(float(std::sin(angle) * spec.attentionFactor));
    }
  return tables;
}
