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

#include <fmt/format.h>

using namespace inlay;
using namespace inlay::modelgen;
namespace json = llvm::json;

/// Sorted by model_type. Kimi K2 says `deepseek_v3` or `kimi_k2`; the text part
/// of K2.5 and K2.6 likewise.
static constexpr Family kFamilies[] = {
    {"deepseek_v3", "DeepSeek-V3", readDeepSeek},
    {"glm4_moe", "GLM-4.5", readGlm4Moe},
    {"gpt_oss", "gpt-oss", readGptOss},
    {"kimi_k2", "Kimi K2", readDeepSeek},
    {"llama", "Llama", readLlama},
    {"llama4_text", "Llama 4", readLlama4},
    {"mistral", "Mistral", readMistral},
    {"mixtral", "Mixtral", readMixtral},
    {"qwen2", "Qwen2", readQwen2},
    {"qwen2_moe", "Qwen2-MoE", readQwen2Moe},
    {"qwen3", "Qwen3", readQwen3},
    {"qwen3_moe", "Qwen3-MoE", readQwen3Moe},
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
  ModelSpec spec;
  spec.modelType = type;
  spec.family = family->name;
  readCommon(config, spec);
  family->read(config, spec);
  readQuantization(config.has("quantization_config") ? config : outer, spec);
  if (diags.hasErrors() || !checkSpec(spec, diags))
    return std::nullopt;
  return spec;
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
  ConfigReader config(*document->getAsObject(), "", diags, overrides);
  if (std::optional<ConfigReader> inner = config.child("text_config"))
    return readDecoder(*inner, config, diags);
  return diags.hasErrors() ? std::nullopt : readDecoder(config, config, diags);
}
