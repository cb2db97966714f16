//===- Config.cpp - From a config to a spec -------------------------------===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Families.h"

#include "inlay/Support/JsonReader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Error.h"

#include <fmt/format.h>

using namespace inlay;
using namespace inlay::modelgen;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

static constexpr const char *kDeepSeekDefaults = R"({
  "first_k_dense_replace": 3, "kv_lora_rank": 512, "n_group": 8,
  "n_shared_experts": 1, "norm_topk_prob": true, "q_lora_rank": 1536,
  "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "rms_norm_eps": 1e-6,
  "rope_theta": 10000, "routed_scaling_factor": 2.5, "topk_group": 4,
  "v_head_dim": 128})";

/// Sorted by model_type. Kimi K2 says `deepseek_v3` or `kimi_k2`; the text part
/// of K2.5 and K2.6 likewise. Defaults are those of the `*Config` classes of
/// transformers 4.56.
static constexpr Family kFamilies[] = {
    {"deepseek_v3", "DeepSeek-V3", kDeepSeekDefaults, readDeepSeek},
    {"glm4_moe", "GLM-4.5",
     R"({"first_k_dense_replace": 1, "n_group": 1, "n_shared_experts": 1,
         "norm_topk_prob": true, "num_key_value_heads": 8,
         "partial_rotary_factor": 0.5, "rms_norm_eps": 1e-5,
         "rope_theta": 10000, "routed_scaling_factor": 1, "topk_group": 1})",
     readGlm4Moe},
    {"gpt_oss", "gpt-oss",
     R"({"head_dim": 64, "num_key_value_heads": 8, "rms_norm_eps": 1e-5,
         "rope_scaling": {"rope_type": "yarn", "factor": 32, "beta_fast": 32,
           "beta_slow": 1, "truncate": false,
           "original_max_position_embeddings": 4096},
         "rope_theta": 150000, "sliding_window": 128, "swiglu_limit": 7})",
     readGptOss},
    {"kimi_k2", "Kimi K2", kDeepSeekDefaults, readDeepSeek},
    {"llama", "Llama", R"({"rms_norm_eps": 1e-6, "rope_theta": 10000})",
     readLlama},
    {"llama4_text", "Llama 4",
     R"({"attention_chunk_size": 8192, "attn_scale": 0.1, "floor_scale": 8192,
         "head_dim": 128, "interleave_moe_layer_step": 1,
         "no_rope_layer_interval": 4, "num_key_value_heads": 8,
         "rms_norm_eps": 1e-5, "rope_theta": 500000})",
     readLlama4},
    {"mistral", "Mistral",
     R"({"num_key_value_heads": 8, "rms_norm_eps": 1e-6, "rope_theta": 10000,
         "sliding_window": 4096})",
     readMistral},
    {"mixtral", "Mixtral",
     R"({"num_key_value_heads": 8, "rms_norm_eps": 1e-5,
         "rope_theta": 1000000})",
     readMixtral},
    {"qwen2", "Qwen2",
     R"({"num_key_value_heads": 32, "rms_norm_eps": 1e-6, "rope_theta": 10000,
         "use_sliding_window": false})",
     readQwen2},
    {"qwen2_moe", "Qwen2-MoE",
     R"({"decoder_sparse_step": 1, "norm_topk_prob": false,
         "num_key_value_heads": 16, "rms_norm_eps": 1e-6, "rope_theta": 10000,
         "use_sliding_window": false})",
     readQwen2Moe},
    {"qwen3", "Qwen3",
     R"({"head_dim": 128, "num_key_value_heads": 32, "rms_norm_eps": 1e-6,
         "rope_theta": 10000, "use_sliding_window": false})",
     readQwen3},
    {"qwen3_moe", "Qwen3-MoE",
     R"({"decoder_sparse_step": 1, "norm_topk_prob": false,
         "num_key_value_heads": 4, "rms_norm_eps": 1e-6, "rope_theta": 10000,
         "use_sliding_window": false})",
     readQwen3Moe},
};

/// Fields that say nothing about what a step computes: names, tokens, training,
/// and sizes that follow from others.
static constexpr llvm::StringRef kHarmless[] = {
    "_name_or_path",
    "architectures",
    "attention_dropout",
    "auto_map",
    "aux_loss_alpha",
    "bad_words_ids",
    "bos_token_id",
    "chunk_size_feed_forward",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "dtype",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "eos_token_id",
    "ep_size",
    "experts_per_token",
    "initial_context_length",
    "initializer_range",
    "interleave_moe_layer_step",
    "intermediate_size",
    "intermediate_size_mlp",
    "length_penalty",
    "max_length",
    "max_window_layers",
    "min_length",
    "model_type",
    "no_repeat_ngram_size",
    "no_rope_layer_interval",
    "num_beam_groups",
    "num_beams",
    "num_key_value_heads",
    "num_nextn_predict_layers",
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_router_logits",
    "pad_token_id",
    "pretraining_tp",
    "pruned_heads",
    "quantization_config",
    "repetition_penalty",
    "return_dict",
    "rope_scaling",
    "router_aux_loss_coef",
    "router_jitter_noise",
    "seq_aux",
    "sliding_window",
    "temperature",
    "top_k",
    "top_p",
    "torch_dtype",
    "transformers_version",
    "typical_p",
    "use_cache",
    "use_return_dict",
};

llvm::ArrayRef<Family> modelgen::getFamilies() { return kFamilies; }

std::vector<std::string> modelgen::getKnownModelTypes() {
  std::vector<std::string> names;
  for (const Family &family : kFamilies)
    names.emplace_back(family.modelType);
  return names;
}

/// Objects and arrays inside each other, beyond which a text is no config: the
/// JSON parser recurses.
static bool isTooDeep(llvm::StringRef text) {
  constexpr int most = 64;
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > most)
        return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

static const Family *findFamily(llvm::StringRef modelType) {
  const auto *found = llvm::find_if(kFamilies, [&](const Family &family) {
    return modelType == family.modelType;
  });
  return found == std::end(kFamilies) ? nullptr : found;
}

/// Says what an unknown config is, what is known, and what it lacks of a plain
/// decoder: a family of another architecture lacks much.
static void reportUnknown(ConfigReader &config, llvm::StringRef type,
                          Diagnostics &diags) {
  std::vector<std::string> classes = config.texts("architectures");
  Diagnostic &error = diags.inputError(
      "field '" + config.pathOf("model_type") + "'",
      fmt::format("no family of this name is known: model_type {}, "
                  "architectures [{}]",
                  type.empty() ? "is missing" : "'" + type.str() + "'",
                  llvm::join(classes, ", ")));
  if (findFamily((type + "_text").str())) {
    error.notes.push_back("a config of this type has its decoder in "
                          "'text_config', which is missing");
    return;
  }
  std::vector<std::string> lacking;
  for (llvm::StringRef name :
       {"hidden_size", "num_hidden_layers", "num_attention_heads",
        "intermediate_size", "vocab_size", "max_position_embeddings",
        "rms_norm_eps"})
    if (!config.has(name))
      lacking.push_back(name.str());
  error.notes.push_back("known: " + llvm::join(getKnownModelTypes(), ", "));
  if (!lacking.empty())
    error.notes.push_back("fields of a plain decoder that it has not: " +
                          llvm::join(lacking, ", "));
  else if (config.has("linear_attn_config"))
    error.notes.emplace_back("it has linear attention (linear_attn_config), "
                             "which no family here has");
  else
    error.notes.emplace_back(
        "it has every field of a plain decoder: if it is one of the known "
        "families under a new name, write that name into model_type");
}

/// Multimodal models keep the decoder in `text_config`, and may keep its
/// quantisation outside.
static std::optional<ModelSpec>
readDecoder(ConfigReader &config, ConfigReader &outer, Diagnostics &diags) {
  std::string type = config.textOr("model_type", "");
  if (diags.hasErrors())
    return std::nullopt; // it is no name
  const Family *family = findFamily(type);
  if (!family) {
    reportUnknown(config, type, diags);
    return std::nullopt;
  }
  json::Value defaults = llvm::cantFail(json::parse(family->defaults));
  config.setDefaults(*defaults.getAsObject());
  ModelSpec spec;
  spec.modelType = type;
  spec.family = family->name;
  readCommon(config, outer, spec);
  family->read(config, spec);
  readQuantization(config.has("quantization_config") ? config : outer, spec);
  bool isSound = !diags.hasErrors() && checkSpec(spec, diags);
  // What is missing may be there under another name.
  config.reportRest(family->name, kHarmless);
  return isSound ? std::optional(spec) : std::nullopt;
}

std::optional<ModelSpec> modelgen::readConfig(llvm::StringRef text,
                                              Diagnostics &diags,
                                              const SpecOverrides &overrides) {
  constexpr size_t mostBytes = size_t(1) << 24;
  if (text.size() > mostBytes) {
    diags.inputError("", fmt::format("has {} bytes, a config has at most {}",
                                     text.size(), mostBytes));
    return std::nullopt;
  }
  if (isTooDeep(text)) {
    diags.inputError("", "nests objects and lists more than 64 deep, which no "
                         "config does");
    return std::nullopt;
  }
  std::optional<json::Value> document = parseJsonObject(text, diags);
  if (!document)
    return std::nullopt;
  ConfigLog log;
  ConfigReader config(*document->getAsObject(), "", diags, overrides, log);
  if (std::optional<ConfigReader> inner = config.child("text_config"))
    return readDecoder(*inner, config, diags);
  return diags.hasErrors() ? std::nullopt : readDecoder(config, config, diags);
}
