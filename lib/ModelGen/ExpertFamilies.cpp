//===- ExpertFamilies.cpp - Mixtral, Qwen-MoE, gpt-oss --------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Families.h"

#include "llvm/ADT/STLExtras.h"

using namespace inlay;
using namespace inlay::modelgen;

static void readGroupedDecoder(ConfigReader &config, ModelSpec &spec) {
  readGroupedAttention(config, spec);
  readRotary(config, spec, spec.attention.headDim);
}

static void readExpertCounts(ConfigReader &config, ModelSpec &spec,
                             llvm::StringRef count) {
  spec.experts.count = config.size(count, config.overrides.experts, kMaxCount);
  spec.experts.chosen = config.size(
      "num_experts_per_tok", config.overrides.expertsPerToken, kMaxCount);
}

static void useExpertsEverywhere(ModelSpec &spec) {
  for (LayerSpec &layer : spec.layers)
    layer.experts = true;
}

void modelgen::readMixtral(ConfigReader &config, ModelSpec &spec) {
  readGroupedDecoder(config, spec);
  readExpertCounts(config, spec, "num_local_experts");
  spec.experts.intermediate =
      config.size("intermediate_size", config.overrides.expertIntermediate);
  useExpertsEverywhere(spec);
}

/// Layers with experts: every `decoder_sparse_step`-th, but not those in
/// `mlp_only_layers`.
static void readQwenExperts(ConfigReader &config, ModelSpec &spec) {
  readExpertCounts(config, spec, "num_experts");
  spec.experts.intermediate =
      config.size("moe_intermediate_size", config.overrides.expertIntermediate);
  spec.experts.renormalise = config.flagOr("norm_topk_prob", false);
  int64_t step = config.sizeOr("decoder_sparse_step", 1, 0, 1, kMaxCount);
  std::vector<int64_t> dense = config.layerIndices("mlp_only_layers");
  bool anyDense = false;
  for (auto [index, layer] : llvm::enumerate(spec.layers)) {
    layer.experts = (int64_t(index) + 1) % step == 0 &&
                    !llvm::is_contained(dense, int64_t(index));
    anyDense |= !layer.experts;
  }
  if (anyDense)
    spec.intermediate =
        config.size("intermediate_size", config.overrides.intermediate);
}

void modelgen::readQwen2Moe(ConfigReader &config, ModelSpec &spec) {
  readGroupedDecoder(config, spec);
  spec.attention.queryKeyValueBias = true;
  readQwenExperts(config, spec);
  spec.experts.sharedIntermediate = config.size(
      "shared_expert_intermediate_size", config.overrides.expertIntermediate);
  spec.experts.sharedGate = true;
}

void modelgen::readQwen3Moe(ConfigReader &config, ModelSpec &spec) {
  readGroupedDecoder(config, spec);
  spec.attention.headNorm = true;
  spec.attention.outputBias = spec.attention.queryKeyValueBias;
  readQwenExperts(config, spec);
}

void modelgen::readGptOss(ConfigReader &config, ModelSpec &spec) {
  readGroupedDecoder(config, spec);
  spec.attention.queryKeyValueBias = config.flagOr("attention_bias", true);
  spec.attention.outputBias = spec.attention.queryKeyValueBias;
  spec.attention.sinks = true;
  // Without a list every second layer sees all keys.
  if (!config.has("layer_types"))
    for (size_t i = 1; i < spec.layers.size(); i += 2)
      spec.layers[i].window = 0;
  readExpertCounts(config, spec, "num_local_experts");
  ExpertsSpec &experts = spec.experts;
  experts.intermediate =
      config.size("intermediate_size", config.overrides.expertIntermediate);
  experts.router = RouterKind::TopKSoftmax;
  experts.routerBias = true;
  experts.biases = true;
  experts.alpha = 1.702; // fixed in the model's code, as is beta
  experts.beta = 1;
  experts.limit = config.realOr("swiglu_limit", 7, 1e-3, 1e6);
  useExpertsEverywhere(spec);
}
