//===- DeepSeekFamilies.cpp - DeepSeek-V3, Kimi K2, GLM-4.5 ---------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Families.h"

#include <cmath>

using namespace inlay;
using namespace inlay::modelgen;

void modelgen::readSigmoidExperts(ConfigReader &config, ModelSpec &spec) {
  ExpertsSpec &experts = spec.experts;
  const SpecOverrides &overrides = config.overrides;
  experts.count = config.size("n_routed_experts", overrides.experts, kMaxCount);
  experts.chosen =
      config.size("num_experts_per_tok", overrides.expertsPerToken, kMaxCount);
  experts.intermediate =
      config.size("moe_intermediate_size", overrides.expertIntermediate);
  experts.sharedIntermediate =
      experts.intermediate *
      config.sizeOr("n_shared_experts", 0, 0, 0, kMaxCount);
  experts.router = RouterKind::SigmoidTopK;
  experts.selectionBias = true;
  experts.renormalise = config.flagOr("norm_topk_prob", true);
  experts.scale = config.realOr("routed_scaling_factor", 1, 1e-6, 1e6);
  experts.groups = config.sizeOr("n_group", 1, 0, 1, kMaxCount);
  experts.topGroups = config.sizeOr("topk_group", 1, 0, 1, kMaxCount);
  config.expectText("scoring_func", "sigmoid", {"sigmoid"});
  config.expectText("topk_method", "noaux_tc", {"noaux_tc"});
  if (config.sizeOr("moe_layer_freq", 1, 0, 1, kMaxCount) != 1)
    config.reject("moe_layer_freq", "1: other frequencies are not known");

  size_t dense = config.sizeOr("first_k_dense_replace", 0, 0, 0, kMaxCount);
  for (size_t i = dense; i < spec.layers.size(); ++i)
    spec.layers[i].experts = true;
  if (dense > 0)
    spec.intermediate =
        config.size("intermediate_size", overrides.intermediate);
}

void modelgen::readDeepSeek(ConfigReader &config, ModelSpec &spec) {
  const SpecOverrides &overrides = config.overrides;
  AttentionSpec &attention = spec.attention;
  attention.kind = AttentionKind::Latent;
  attention.heads = config.size("num_attention_heads", overrides.heads);
  attention.kvHeads = 1;
  attention.queryRank = config.sizeOr("q_lora_rank", 0, overrides.queryRank);
  attention.kvRank = config.size("kv_lora_rank", overrides.kvRank);
  attention.nopeDim = config.size("qk_nope_head_dim", overrides.headDim);
  attention.ropeDim = config.size("qk_rope_head_dim", overrides.ropeDim);
  attention.valueDim = config.size("v_head_dim", overrides.headDim);
  attention.headDim = attention.nopeDim + attention.ropeDim;
  if (config.flagOr("attention_bias", false))
    config.reject("attention_bias", "false: MLA with biases is not known");
  double correction = readRotary(config, spec, attention.ropeDim);
  spec.rotary.interleaved = true;
  attention.scale = correction / std::sqrt(double(attention.headDim));
  readSigmoidExperts(config, spec);
}

void modelgen::readGlm4Moe(ConfigReader &config, ModelSpec &spec) {
  readGroupedAttention(config, spec);
  AttentionSpec &attention = spec.attention;
  attention.headNorm = config.flagOr("use_qk_norm", false);
  double part = config.realOr("partial_rotary_factor", 0.5, 1e-3, 1);
  readRotary(config, spec, int64_t(double(attention.headDim) * part));
  readSigmoidExperts(config, spec);
}
