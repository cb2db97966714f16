//===- Llama4Family.cpp - The text part of Llama 4 ------------------------===//
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

/// Layers without rotation: those with a 0 in `no_rope_layers`, else every
/// fourth. They see all keys; the others only those of their chunk.
static void readPositions(ConfigReader &config, ModelSpec &spec) {
  std::vector<int64_t> rotates = config.integers("no_rope_layers", 0, 1);
  config.expectEntryForEachLayer("no_rope_layers");
  int64_t step = rotates.empty() ? config.sizeOr("no_rope_layer_interval", 4, 0,
                                                 1, kMaxCount)
                                 : 1;
  int64_t chunk = 0;
  if (config.has("attention_chunk_size"))
    chunk = config.sizeOr("attention_chunk_size", 0, config.overrides.window, 0,
                          kMaxContext);
  for (auto [index, layer] : llvm::enumerate(spec.layers)) {
    layer.rotates = rotates.empty() ? (index + 1) % step != 0
                                    : rotates[index % rotates.size()] != 0;
    // A chunk as long as the context cuts nothing.
    if (layer.rotates && chunk < spec.context)
      layer.chunk = chunk;
  }
}

static void readExpertLayers(ConfigReader &config, ModelSpec &spec) {
  std::vector<int64_t> listed = config.layerIndices("moe_layers");
  int64_t step = listed.empty() ? config.sizeOr("interleave_moe_layer_step", 1,
                                                0, 1, kMaxCount)
                                : 1;
  bool anyDense = false;
  for (auto [index, layer] : llvm::enumerate(spec.layers)) {
    layer.experts = listed.empty() ? (int64_t(index) + 1) % step == 0
                                   : llvm::is_contained(listed, int64_t(index));
    anyDense |= !layer.experts;
  }
  if (anyDense)
    spec.intermediate =
        config.size("intermediate_size_mlp", config.overrides.intermediate);
}

void modelgen::readLlama4(ConfigReader &config, ModelSpec &spec) {
  readGroupedAttention(config, spec);
  AttentionSpec &attention = spec.attention;
  attention.outputBias = attention.queryKeyValueBias;
  attention.unitNorm = config.flagOr("use_qk_norm", true);
  // Published configs write a number here, which counts as true.
  if (config.truthOr("attn_temperature_tuning", true)) {
    attention.temperatureScale = config.realOr("attn_scale", 0.1, 0, 1e3);
    attention.temperatureFloor = config.realOr("floor_scale", 8192, 1, 1e9);
  }
  readRotary(config, spec, attention.headDim);
  spec.rotary.interleaved = true;
  readPositions(config, spec);

  ExpertsSpec &experts = spec.experts;
  const SpecOverrides &overrides = config.overrides;
  experts.count =
      config.size("num_local_experts", overrides.experts, kMaxCount);
  experts.chosen =
      config.size("num_experts_per_tok", overrides.expertsPerToken, kMaxCount);
  experts.intermediate =
      config.size("intermediate_size", overrides.expertIntermediate);
  experts.sharedIntermediate = experts.intermediate;
  experts.router = RouterKind::TopKSigmoid;
  experts.renormalise = false;
  readExpertLayers(config, spec);
}
