//===- ModelSpec.cpp - Checks and names of a spec -------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "inlay/ModelGen/ModelSpec.h"

#include "ConfigReader.h"

#include "llvm/ADT/STLExtras.h"

#include <fmt/format.h>

using namespace inlay;
using namespace inlay::modelgen;

const char *modelgen::getWeightClassName(WeightClass kind) {
  static constexpr const char *names[kNumWeightClasses] = {
      "embedding", "attention", "dense",  "shared", "experts",
      "router",    "head",      "vector", "table"};
  return names[static_cast<unsigned>(kind)];
}

const char *modelgen::getWeightFormatName(WeightFormat format) {
  static constexpr const char *names[] = {
      "activation", "f32", "fp16", "bf16", "fp8", "int4", "mxfp4", "nvfp4"};
  return names[static_cast<unsigned>(format)];
}

int64_t ModelSpec::numExpertLayers() const {
  return llvm::count_if(layers,
                        [](const LayerSpec &layer) { return layer.experts; });
}

/// By whose names the experts are counted: Mixtral's, Qwen's or DeepSeek's.
static std::string getExpertCountField(llvm::StringRef modelType) {
  if (modelType.starts_with("qwen"))
    return "num_experts";
  return modelType == "mixtral" || modelType == "gpt_oss" ||
                 modelType == "llama4_text"
             ? "num_local_experts"
             : "n_routed_experts";
}

std::string modelgen::getExpertWidthField(llvm::StringRef modelType) {
  return modelType == "mixtral" || modelType == "gpt_oss" ||
                 modelType == "llama4_text"
             ? "intermediate_size"
             : "moe_intermediate_size";
}

std::string modelgen::nearestMultiples(int64_t value, int64_t factor) {
  int64_t below = value / factor * factor;
  return below ? fmt::format("{} or {}", below, below + factor)
               : fmt::format("{}", factor);
}

namespace {

/// Adds an error for each rule that a spec breaks.
class SpecChecker {
public:
  SpecChecker(const ModelSpec &spec, Diagnostics &diags)
      : spec(spec), diags(diags) {}

  bool run() {
    checkSizes();
    if (ok)
      checkHeads();
    if (ok && spec.numExpertLayers() > 0)
      checkExperts();
    if (ok)
      checkTotal();
    return ok;
  }

private:
  Diagnostic &fail(std::string message) {
    ok = false;
    return diags.inputError("model", std::move(message));
  }

  void size(const char *what, int64_t value, int64_t most = kMaxSize) {
    if (value < 1 || value > most)
      fail(fmt::format("{} is {}, expected a whole number from 1 to {}", what,
                       value, most));
  }

  /// Says with the fields what a user can change.
  void multiple(const std::string &what, int64_t value,
                const std::string &ofWhat, int64_t factor) {
    if (value % factor != 0)
      fail(fmt::format("{} {} is no multiple of {} {}", what, value, ofWhat,
                       factor))
          .notes.push_back(fmt::format("{} would be one, or another {}",
                                       nearestMultiples(value, factor),
                                       ofWhat));
  }

  void checkSizes() {
    size("number of layers", spec.layers.size(), kMaxCount);
    size("hidden size", spec.hidden);
    size("vocabulary", spec.vocabulary);
    size("context", spec.context, kMaxContext);
    size("number of heads", spec.attention.heads);
    size("number of KV heads", spec.attention.kvHeads);
    size("size of a head", spec.attention.headDim);
    if (spec.attention.kind == AttentionKind::Latent) {
      size("rank of keys and values", spec.attention.kvRank);
      size("rotated part of a head", spec.attention.ropeDim);
      size("value part of a head", spec.attention.valueDim);
    }
    if (spec.numExpertLayers() < int64_t(spec.layers.size()))
      size("intermediate size", spec.intermediate);
    if (spec.numExpertLayers() > 0) {
      size("number of experts", spec.experts.count, kMaxCount);
      size("experts per token", spec.experts.chosen, kMaxCount);
      size("intermediate size of experts", spec.experts.intermediate);
    }
  }

  void checkHeads() {
    const AttentionSpec &attention = spec.attention;
    multiple("num_attention_heads", attention.heads, "num_key_value_heads",
             attention.kvHeads);
    if (spec.rotary.dims < 2 || spec.rotary.dims > attention.headDim)
      fail(fmt::format("{} channels of a head rotate, expected 2 to the head's "
                       "size {}",
                       spec.rotary.dims, attention.headDim))
          .notes.push_back(headRemedy());
    else if (spec.rotary.dims % 2 != 0)
      fail(fmt::format("{} channels of a head rotate, but they rotate in pairs",
                       spec.rotary.dims))
          .notes.push_back(headRemedy());
  }

  /// What the size of a head and of its rotated part come from.
  std::string headRemedy() const {
    if (spec.attention.kind == AttentionKind::Latent)
      return "qk_rope_head_dim is the rotated part of a head";
    return "it is head_dim, or without it hidden_size / num_attention_heads, "
           "times partial_rotary_factor where there is one: write a head_dim "
           "that suits";
  }

  void checkExperts() {
    const ExpertsSpec &experts = spec.experts;
    std::string countField = getExpertCountField(spec.modelType);
    if (experts.chosen > experts.count)
      fail(fmt::format("a token has {} experts (num_experts_per_tok) of {} "
                       "({})",
                       experts.chosen, experts.count, countField))
          .notes.push_back(
              fmt::format("num_experts_per_tok is at most {}", countField));
    multiple(countField, experts.count, "n_group", experts.groups);
    if (experts.topGroups > experts.groups)
      fail(fmt::format("{} groups of experts are chosen (topk_group) of {} "
                       "(n_group)",
                       experts.topGroups, experts.groups))
          .notes.emplace_back("topk_group is at most n_group");
    int64_t perGroup = experts.count / experts.groups;
    if (ok && experts.chosen > experts.topGroups * perGroup)
      fail(fmt::format("a token has {} experts (num_experts_per_tok), but the "
                       "chosen groups hold {}",
                       experts.chosen, experts.topGroups * perGroup))
          .notes.push_back(fmt::format("topk_group {} of n_group {} leave {} "
                                       "of the {} experts of {}",
                                       experts.topGroups, experts.groups,
                                       experts.topGroups * perGroup,
                                       experts.count, countField));
    if (experts.groups > 1 && perGroup < 2)
      fail(fmt::format("a group has {} expert, but its two best make its score",
                       perGroup))
          .notes.push_back(fmt::format(
              "n_group is at most half of {}, or 1 for no groups", countField));
  }

  void checkTotal() {
    constexpr double most = 1e15;
    double hidden = spec.hidden;
    double experts = 3.0 * spec.experts.count * spec.experts.intermediate;
    double heads = 4.0 * spec.attention.heads * spec.attention.headDim;
    double layer = hidden * (experts + heads + 3.0 * spec.intermediate);
    double total = layer * spec.layers.size() + 2.0 * hidden * spec.vocabulary;
    if (total > most)
      fail(fmt::format("the sizes come to about {:.1e} parameters, expected at "
                       "most {:.0e}",
                       total, most));
  }

  const ModelSpec &spec;
  Diagnostics &diags;
  bool ok = true;
};

} // namespace

bool modelgen::checkSpec(const ModelSpec &spec, Diagnostics &diags) {
  return SpecChecker(spec, diags).run();
}
