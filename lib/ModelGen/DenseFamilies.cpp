//===- DenseFamilies.cpp - Llama, Mistral, Qwen2, Qwen3 -------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Families.h"

using namespace inlay;
using namespace inlay::modelgen;

/// A decoder without experts.
static void readDense(ConfigReader &config, ModelSpec &spec) {
  spec.intermediate =
      config.size("intermediate_size", config.overrides.intermediate);
  readGroupedAttention(config, spec);
  readRotary(config, spec, spec.attention.headDim);
  if (config.flagOr("mlp_bias", false))
    config.reject("mlp_bias", "false: an MLP with biases is not known");
}

void modelgen::readLlama(ConfigReader &config, ModelSpec &spec) {
  readDense(config, spec);
  spec.attention.outputBias = spec.attention.queryKeyValueBias;
}

void modelgen::readMistral(ConfigReader &config, ModelSpec &spec) {
  readDense(config, spec);
}

void modelgen::readQwen2(ConfigReader &config, ModelSpec &spec) {
  readDense(config, spec);
  spec.attention.queryKeyValueBias = true;
}

void modelgen::readQwen3(ConfigReader &config, ModelSpec &spec) {
  readDense(config, spec);
  spec.attention.headNorm = true;
  spec.attention.outputBias = spec.attention.queryKeyValueBias;
}
