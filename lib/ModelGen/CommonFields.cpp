//===- CommonFields.cpp - What all families spell alike -------------------===//
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
using onnx::file::DataType;

/// Multimodal models may have it outside, as the whole's.
static DataType readActivationType(ConfigReader &inner, ConfigReader &outer) {
  auto has = [](ConfigReader &config) {
    // Both are asked for: some configs have both.
    bool isNew = config.has("dtype"), isOld = config.has("torch_dtype");
    return isNew || isOld;
  };
  if (inner.overrides.activation)
    return DataType::BFloat16; // for now: the caller sets it
  ConfigReader &config = has(inner) || !has(outer) ? inner : outer;
  if (!has(config))
    config.noteDefault("dtype = \"bfloat16\"");
  llvm::StringRef name = config.has("dtype") ? "dtype" : "torch_dtype";
  std::string type = config.textOr(name, "bfloat16");
  if (type == "bfloat16")
    return DataType::BFloat16;
  if (type == "float16")
    return DataType::Float16;
  if (type != "float32")
    config.reject(name, "\"bfloat16\", \"float16\" or \"float32\"");
  return DataType::Float;
}

void modelgen::readCommon(ConfigReader &config, ConfigReader &outer,
                          ModelSpec &spec) {
  const SpecOverrides &overrides = config.overrides;
  spec.hidden = config.size("hidden_size", overrides.hidden);
  spec.vocabulary = config.size("vocab_size", overrides.vocabulary, kMaxSize);
  spec.context =
      config.size("max_position_embeddings", overrides.context, kMaxContext);
  spec.layers.resize(
      config.size("num_hidden_layers", overrides.layers, kMaxCount));
  spec.epsilon = config.realOr("rms_norm_eps", 1e-6, 1e-12, 1e-1);
  spec.tiedEmbeddings = config.flagOr("tie_word_embeddings", false);
  spec.activation = readActivationType(config, outer);
  config.expectText("hidden_act", "silu", {"silu", "swish"});
}

/// Window by layer: `layer_types` where it is there, repeated if the model was
/// given more layers, else `sliding_window` for all from layer `first` on.
static void readWindows(ConfigReader &config, ModelSpec &spec) {
  if (!config.flagOr("use_sliding_window", true) ||
      !config.has("sliding_window"))
    return;
  int64_t window = config.sizeOr("sliding_window", 0, config.overrides.window,
                                 0, kMaxContext);
  std::vector<std::string> types = config.texts("layer_types");
  size_t first = config.has("use_sliding_window")
                     ? config.sizeOr("max_window_layers", 0, 0, 0, kMaxCount)
                     : 0;
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    bool slides = types.empty()
                      ? i >= first
                      : types[i % types.size()] == "sliding_attention";
    if (slides)
      spec.layers[i].window = window;
  }
  for (const std::string &type : types)
    if (type != "sliding_attention" && type != "full_attention" &&
        type != "chunked_attention")
      return config.reject("layer_types",
                           "a list of \"sliding_attention\", "
                           "\"full_attention\" and \"chunked_attention\"");
}

void modelgen::readGroupedAttention(ConfigReader &config, ModelSpec &spec) {
  const SpecOverrides &overrides = config.overrides;
  AttentionSpec &attention = spec.attention;
  attention.kind = AttentionKind::Grouped;
  attention.heads = config.size("num_attention_heads", overrides.heads);
  attention.kvHeads =
      config.sizeOr("num_key_value_heads", attention.heads, overrides.kvHeads);
  attention.headDim = config.sizeOr(
      "head_dim", std::max<int64_t>(1, spec.hidden / attention.heads),
      overrides.headDim);
  attention.scale = 1 / std::sqrt(double(attention.headDim));
  attention.queryKeyValueBias = config.flagOr("attention_bias", false);
  config.expectEntryForEachLayer("layer_types");
  readWindows(config, spec);
}

/// YaRN's factor for a context that is `factor` times the original one.
static double yarnScale(double factor, double mscale) {
  return factor <= 1 ? 1 : 0.1 * mscale * std::log(factor) + 1;
}

/// As transformers' `_compute_yarn_parameters`. Returns the correction of the
/// softmax scale.
static double readYarn(ConfigReader &scaling, RotarySpec &rotary) {
  rotary.scaling = RotaryScaling::Yarn;
  rotary.betaFast = scaling.realOr("beta_fast", 32, 0, 1e6);
  rotary.betaSlow = scaling.realOr("beta_slow", 1, 0, 1e6);
  rotary.truncate = scaling.flagOr("truncate", true);
  double mscale = scaling.realOr("mscale", 0, 0, 1e3);
  double mscaleAll = scaling.realOr("mscale_all_dim", 0, 0, 1e3);
  double otherwise = mscale && mscaleAll
                         ? yarnScale(rotary.factor, mscale) /
                               yarnScale(rotary.factor, mscaleAll)
                         : yarnScale(rotary.factor, 1);
  rotary.attentionFactor =
      scaling.realOr("attention_factor", otherwise, 1e-3, 1e3);
  double correction = mscaleAll ? yarnScale(rotary.factor, mscaleAll) : 1;
  return correction * correction;
}

static double readScaling(ConfigReader &scaling, ModelSpec &spec) {
  RotarySpec &rotary = spec.rotary;
  llvm::StringRef key = scaling.has("rope_type") ? "rope_type" : "type";
  std::string type = scaling.textOr(key, "default");
  if (type == "default")
    return 1;
  rotary.factor = scaling.real("factor", 1, 1e6);
  rotary.originalContext = scaling.sizeOr("original_max_position_embeddings",
                                          spec.context, 0, 1, kMaxContext);
  if (type == "yarn")
    return readYarn(scaling, rotary);
  if (type == "linear") {
    rotary.scaling = RotaryScaling::Linear;
  } else if (type == "llama3") {
    rotary.scaling = RotaryScaling::Llama3;
    rotary.lowFrequency = scaling.real("low_freq_factor", 1e-3, 1e6);
    rotary.highFrequency = scaling.real("high_freq_factor", 1e-3, 1e6);
    if (scaling.has("high_freq_factor") &&
        rotary.highFrequency <= rotary.lowFrequency)
      scaling.reject("high_freq_factor", "more than low_freq_factor");
  } else {
    scaling.reject(key, "\"default\", \"linear\", \"llama3\" or \"yarn\"");
  }
  return 1;
}

double modelgen::readRotary(ConfigReader &config, ModelSpec &spec,
                            int64_t dims) {
  RotarySpec &rotary = spec.rotary;
  rotary.dims = dims;
  auto parameters = config.child("rope_parameters");
  ConfigReader &theta =
      parameters && parameters->has("rope_theta") ? *parameters : config;
  rotary.theta = theta.realOr("rope_theta", 10000, 1, 1e12);
  if (parameters)
    return readScaling(*parameters, spec);
  if (auto scaling = config.child("rope_scaling"))
    return readScaling(*scaling, spec);
  return 1;
}
