//===- ConfigTest.cpp - What configs say, and what is wrong with them -----===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Configs.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace inlay;
using namespace inlay::modelgen;
using testing::HasSubstr;

namespace {

ModelSpec read(const std::string &config, const SpecOverrides &overrides = {}) {
  Diagnostics diags;
  std::optional<ModelSpec> spec = readConfig(config, diags, overrides);
  EXPECT_TRUE(spec) << print(diags);
  return spec.value_or(ModelSpec());
}

/// What is printed about a config that is wrong.
std::string complain(const std::string &config,
                     const SpecOverrides &overrides = {}) {
  Diagnostics diags;
  diags.setFile("config.json");
  EXPECT_FALSE(readConfig(config, diags, overrides));
  return print(diags);
}

/// The one error of a config with one wrong field.
void expectError(const std::string &config, const std::string &message) {
  EXPECT_EQ(complain(config), "config.json: error: " + message + "\n");
}

//===----------------------------------------------------------------------===//
// Families
//===----------------------------------------------------------------------===//

TEST(ConfigTest, ReadsMixtral) {
  ModelSpec spec = read(kMixtral);
  EXPECT_EQ(spec.family, "Mixtral");
  EXPECT_EQ(spec.layers.size(), 2u);
  EXPECT_EQ(spec.numExpertLayers(), 2);
  EXPECT_EQ(spec.attention.headDim, 16); // hidden_size / num_attention_heads
  EXPECT_EQ(spec.attention.scale, 0.25);
  EXPECT_EQ(spec.experts.router, RouterKind::SoftmaxTopK);
  EXPECT_TRUE(spec.experts.renormalise);
  EXPECT_EQ(spec.activation, onnx::file::DataType::BFloat16);
  EXPECT_EQ(spec.storageOf(WeightClass::Experts).format,
            WeightFormat::Activation);
}

TEST(ConfigTest, ReadsDeepSeek) {
  ModelSpec spec =
      read(with(kDeepSeek, "quantization_config",
                R"({"quant_method": "fp8", "weight_block_size": [128, 128]})"));
  EXPECT_EQ(spec.attention.kind, AttentionKind::Latent);
  EXPECT_EQ(spec.attention.headDim, 24);
  EXPECT_EQ(spec.rotary.dims, 8);
  EXPECT_TRUE(spec.rotary.interleaved);
  EXPECT_FALSE(spec.layers[0].experts);
  EXPECT_TRUE(spec.layers[1].experts);
  EXPECT_EQ(spec.experts.router, RouterKind::SigmoidTopK);
  EXPECT_EQ(spec.experts.groups, 4);
  EXPECT_EQ(spec.experts.topGroups, 2);
  EXPECT_EQ(spec.experts.scale, 2.5);
  EXPECT_EQ(spec.experts.sharedIntermediate, 32);
  EXPECT_EQ(spec.storageOf(WeightClass::Attention).format, WeightFormat::Fp8);
  EXPECT_EQ(spec.storageOf(WeightClass::Attention).block, 128);
  EXPECT_EQ(spec.storageOf(WeightClass::Head).format, WeightFormat::Activation);
}

TEST(ConfigTest, CorrectsTheScaleOfLatentAttentionForYarn) {
  ModelSpec spec = read(
      with(kDeepSeek, "rope_scaling",
           R"({"type": "yarn", "factor": 40, "mscale": 1, "mscale_all_dim": 1,
               "original_max_position_embeddings": 4096})"));
  double mscale = 0.1 * std::log(40) + 1;
  EXPECT_DOUBLE_EQ(spec.attention.scale, mscale * mscale / std::sqrt(24.0));
  EXPECT_DOUBLE_EQ(spec.rotary.attentionFactor, 1);
}

TEST(ConfigTest, ReadsGptOss) {
  ModelSpec spec = read(kGptOss);
  EXPECT_EQ(spec.layers[0].window, 8);
  EXPECT_EQ(spec.layers[1].window, 0);
  EXPECT_TRUE(spec.attention.sinks);
  EXPECT_TRUE(spec.attention.outputBias);
  EXPECT_EQ(spec.experts.alpha, 1.702);
  EXPECT_EQ(spec.experts.limit, 7);
  EXPECT_EQ(spec.experts.router, RouterKind::TopKSoftmax);
  EXPECT_EQ(spec.storageOf(WeightClass::Experts).format, WeightFormat::Mxfp4);
  EXPECT_EQ(spec.storageOf(WeightClass::Attention).format,
            WeightFormat::Activation);
}

TEST(ConfigTest, ReadsLlama4) {
  ModelSpec spec = read(kLlama4);
  EXPECT_EQ(spec.modelType, "llama4_text");
  EXPECT_EQ(spec.experts.router, RouterKind::TopKSigmoid);
  EXPECT_FALSE(spec.layers[0].experts);
  EXPECT_TRUE(spec.layers[1].experts);
  EXPECT_TRUE(spec.layers[2].rotates);
  EXPECT_FALSE(spec.layers[3].rotates);
  EXPECT_EQ(spec.layers[2].chunk, 16);
  EXPECT_EQ(spec.layers[3].chunk, 0);
  EXPECT_EQ(spec.attention.temperatureScale, 0.1);
  EXPECT_EQ(spec.intermediate, 48);
  EXPECT_EQ(spec.experts.sharedIntermediate, 32);
}

TEST(ConfigTest, ReadsIgnoreListsOfCompressedTensors) {
  ModelSpec spec = read(with(kDeepSeek, "quantization_config", R"({
    "quant_method": "compressed-tensors",
    "config_groups": {"group_0": {"weights": {
      "type": "int", "num_bits": 4, "group_size": 32, "symmetric": true}}},
    "ignore": ["lm_head", "re:.*self_attn.*", "re:.*shared_experts.*",
               "re:.*mlp\\.(gate|up|gate_up|down)_proj.*"]})"));
  EXPECT_EQ(spec.storageOf(WeightClass::Experts).format, WeightFormat::Int4);
  EXPECT_EQ(spec.storageOf(WeightClass::Experts).block, 32);
  for (WeightClass kind : {WeightClass::Attention, WeightClass::Dense,
                           WeightClass::Shared, WeightClass::Head})
    EXPECT_EQ(spec.storageOf(kind).format, WeightFormat::Activation)
        << getWeightClassName(kind);
}

TEST(ConfigTest, ReadsNvfp4OfModelOpt) {
  ModelSpec spec = read(with(kDeepSeek, "quantization_config", R"({
    "quant_method": "modelopt", "quant_algo": "NVFP4",
    "config_groups": {"group_0": {"weights": {
      "type": "float", "num_bits": 4, "group_size": 16}}},
    "ignore": ["language_model.lm_head", "language_model.model.layers.0*",
               "language_model.model.layers.1.mlp.shared_experts*",
               "mm_projector*"]})"));
  EXPECT_EQ(spec.storageOf(WeightClass::Experts).format, WeightFormat::Nvfp4);
  EXPECT_EQ(spec.storageOf(WeightClass::Experts).block, 16);
  for (WeightClass kind : {WeightClass::Attention, WeightClass::Dense,
                           WeightClass::Shared, WeightClass::Head})
    EXPECT_EQ(spec.storageOf(kind).format, WeightFormat::Activation)
        << getWeightClassName(kind);
}

TEST(ConfigTest, RefusesUnknownFormsOfModelOpt) {
  EXPECT_THAT(
      complain(with(kMixtral, "quantization_config",
                    R"({"quant_method": "modelopt",
        "config_groups": {"group_0": {"weights": {"type": "int"}}}})")),
      HasSubstr("modelopt with int of 0 bits is a storage that is not known"));
  EXPECT_THAT(
      complain(with(kMixtral, "quantization_config",
                    R"({"quant_method": "compressed-tensors",
        "config_groups": {"group_0": {"weights": {"type": "int",
        "num_bits": 8, "group_size": 32}}}})")),
      HasSubstr("compressed-tensors with int of 8 bits in groups of 32 is a "
                "storage that is not known"));
  EXPECT_THAT(complain(with(kMixtral, "quantization_config",
                            R"({"quant_method": "compressed-tensors"})")),
              HasSubstr("compressed-tensors without "
                        "config_groups.group_0.weights is a storage"));
}

TEST(ConfigTest, QuantisationMayStandOutside) {
  ModelSpec spec = read(R"({"model_type": "llama4", "quantization_config":
      {"quant_method": "mxfp4"}, "text_config": )" +
                        with(kMixtral, "head_dim", "16") + "}");
  EXPECT_EQ(spec.storageOf(WeightClass::Experts).format, WeightFormat::Mxfp4);
}

TEST(ConfigTest, RefusesUnknownQuantisationUnlessTheCallerSaysOtherwise) {
  std::string config =
      with(kMixtral, "quantization_config", R"({"quant_method": "gguf"})");
  EXPECT_EQ(complain(config),
            "config.json: error: field 'quantization_config.quant_method': "
            "'gguf' is a storage that is not known\n"
            "  note: known are fp8 with square blocks, mxfp4, nvfp4 of "
            "modelopt, and symmetric int4 groups of compressed-tensors, gptq "
            "and awq; make a model with what comes nearest, e.g. inlay-model "
            "--weights=int4, or drop quantization_config for unquantised "
            "weights\n");
  SpecOverrides overrides;
  overrides.storage = true;
  read(config, overrides);
}

TEST(ConfigTest, ReadsSymmetricGroupsOfGptqAndAwq) {
  for (const char *text :
       {R"({"quant_method": "gptq", "bits": 4, "group_size": 64})",
        R"({"quant_method": "awq", "bits": 4, "group_size": 64,
            "zero_point": false})"}) {
    ModelSpec spec = read(with(kMixtral, "quantization_config", text));
    for (WeightClass kind : {WeightClass::Attention, WeightClass::Experts}) {
      EXPECT_EQ(spec.storageOf(kind).format, WeightFormat::Int4) << text;
      EXPECT_EQ(spec.storageOf(kind).block, 64) << text;
    }
    EXPECT_EQ(spec.storageOf(WeightClass::Head).format,
              WeightFormat::Activation);
  }
}

TEST(ConfigTest, RefusesGroupsThatAreStoredOtherwise) {
  EXPECT_THAT(complain(with(kMixtral, "quantization_config",
                            R"({"quant_method": "awq", "bits": 4})")),
              HasSubstr("awq with 4 bits, groups of 128 and zero points is a "
                        "storage that is not known"));
  EXPECT_THAT(complain(with(kMixtral, "quantization_config",
                            R"({"quant_method": "gptq", "bits": 3,
                                "group_size": -1})")),
              HasSubstr("gptq with 3 bits, one group for each row and no zero "
                        "points is a storage that is not known"));
}

//===----------------------------------------------------------------------===//
// What a config leaves out, and what it adds
//===----------------------------------------------------------------------===//

/// What is printed about a config that is read all the same.
std::string remark(const std::string &config) {
  Diagnostics diags;
  EXPECT_TRUE(readConfig(config, diags));
  return print(diags);
}

TEST(ConfigTest, TellsWhichTypeAConfigWithoutOneCountsAs) {
  std::string config = with(kMixtral, "torch_dtype", "");
  config = with(config.c_str(), "rope_theta", "10000");
  EXPECT_EQ(remark(config), "warning: fields that are missing have the "
                            "defaults of Mixtral: dtype = \"bfloat16\"\n");
  // The caller says it, or the whole that the decoder is a part of.
  SpecOverrides overrides;
  overrides.activation = true;
  Diagnostics diags;
  EXPECT_TRUE(readConfig(config, diags, overrides));
  EXPECT_EQ(print(diags), "");
  Diagnostics whole;
  std::optional<ModelSpec> spec = readConfig(
      R"({"model_type": "whole", "dtype": "float16", "text_config": )" +
          config + "}",
      whole);
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->activation, onnx::file::DataType::Float16);
  EXPECT_EQ(print(whole), "");
}

TEST(ConfigTest, TakesAndTellsTheDefaultsOfTheFamily) {
  std::string mixtral = with(kMixtral, "rope_theta", "10000");
  EXPECT_EQ(remark(mixtral), "");
  std::string config = with(mixtral.c_str(), "rms_norm_eps", "");
  EXPECT_EQ(remark(config),
            "warning: fields that are missing have the defaults of Mixtral: "
            "rms_norm_eps = 1e-05\n");
  EXPECT_EQ(read(config).epsilon, 1e-5);

  config = with(kDeepSeek, "first_k_dense_replace", "");
  config = with(config.c_str(), "routed_scaling_factor", "null");
  config = with(config.c_str(), "q_lora_rank", "");
  ModelSpec spec = read(with(config.c_str(), "num_hidden_layers", "5"));
  EXPECT_EQ(spec.numExpertLayers(), 2);
  EXPECT_EQ(spec.experts.scale, 2.5);
  EXPECT_EQ(spec.attention.queryRank, 1536);
  EXPECT_THAT(remark(config),
              testing::AllOf(HasSubstr("q_lora_rank = 1536"),
                             HasSubstr("routed_scaling_factor = 2.5"),
                             HasSubstr("first_k_dense_replace = 3")));
}

TEST(ConfigTest, NullSaysNoneWhereTheFamilyMayDoWithout) {
  EXPECT_EQ(read(with(kDeepSeek, "q_lora_rank", "null")).attention.queryRank,
            0);
  EXPECT_EQ(
      read(with(kMixtral, "num_key_value_heads", "null")).attention.kvHeads, 4);
  std::string config = with(kMixtral, "num_attention_heads", "8");
  config = with(config.c_str(), "num_key_value_heads", "");
  EXPECT_EQ(read(config).attention.kvHeads, 8) << "the class's own default";
}

TEST(ConfigTest, LayersOfGptOssAlternateWithoutAList) {
  ModelSpec spec = read(with(kGptOss, "layer_types", ""));
  EXPECT_EQ(spec.layers[0].window, 8);
  EXPECT_EQ(spec.layers[1].window, 0);
  EXPECT_EQ(spec.rotary.factor, 32) << "of the class's YaRN";
}

TEST(ConfigTest, TellsOfFieldsThatItDoesNotKnow) {
  std::string config = with(kMixtral, "rope_theta", "10000");
  config = with(config.c_str(), "attn_logit_softcapping", "30.0");
  config = with(config.c_str(), "use_mystery_gate", "true");
  config = with(config.c_str(), "use_other_gate", "false");
  config = with(config.c_str(), "bos_token_id", "1");
  EXPECT_EQ(remark(config),
            "warning: fields that Mixtral is not known to have are left out: "
            "attn_logit_softcapping, use_mystery_gate\n"
            "  note: the model differs where they change what is computed\n");
}

TEST(ConfigTest, TellsWhatMayBeAnotherNameOfAMissingField) {
  std::string config = with(kMixtral, "num_experts", "4");
  EXPECT_EQ(complain(with(config.c_str(), "num_local_experts", "")),
            "config.json: error: field 'num_local_experts': is missing, but "
            "the family needs it\n"
            "config.json: warning: fields that Mixtral is not known to have "
            "are left out: num_experts\n"
            "  note: the model differs where they change what is computed\n");
}

TEST(ConfigTest, TellsWhereADecoderIsMissing) {
  EXPECT_THAT(complain(R"({"model_type": "llama4"})"),
              HasSubstr("note: a config of this type has its decoder in "
                        "'text_config', which is missing"));
}

TEST(ConfigTest, ListsOfLayersHaveAnEntryForEach) {
  expectError(with(kLlama4, "moe_layers", "[1, 4]"),
              "field 'text_config.moe_layers': is [1,4], expected a list of "
              "whole numbers from 0 to 3");
  expectError(with(kGptOss, "layer_types", R"(["full_attention"])"),
              "field 'layer_types': has 1 entries, expected one for each of "
              "the 2 layers");
  expectError(with(kLlama4, "no_rope_layers", "[1, 0]"),
              "field 'text_config.no_rope_layers': has 2 entries, expected one "
              "for each of the 4 layers");
}

TEST(ConfigTest, OverridesSizes) {
  SpecOverrides overrides;
  overrides.layers = 5;
  overrides.experts = 16;
  overrides.window = 3;
  ModelSpec spec = read(kGptOss, overrides);
  EXPECT_EQ(spec.layers.size(), 5u);
  EXPECT_EQ(spec.layers[4].window, 3); // layer_types repeats
  EXPECT_EQ(spec.layers[3].window, 0);
  EXPECT_EQ(spec.experts.count, 16);
}

TEST(ConfigTest, KnowsItsFamilies) {
  EXPECT_THAT(getKnownModelTypes(),
              testing::ElementsAre("deepseek_v3", "glm4_moe", "gpt_oss",
                                   "kimi_k2", "llama", "llama4_text", "mistral",
                                   "mixtral", "qwen2", "qwen2_moe", "qwen3",
                                   "qwen3_moe"));
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST(ConfigTest, NamesWhatIsMissing) {
  expectError(with(kMixtral, "hidden_size", ""),
              "field 'hidden_size': is missing, but the family needs it");
  expectError(with(kMixtral, "num_local_experts", "null"),
              "field 'num_local_experts': is missing, but the family needs it");
  expectError(
      with(kLlama4, "num_hidden_layers", ""),
      "field 'text_config.num_hidden_layers': is missing, but the family "
      "needs it");
}

TEST(ConfigTest, ReportsAllFieldsAtOnce) {
  std::string text = complain(R"({"model_type": "mixtral"})");
  for (const char *name : {"hidden_size", "vocab_size", "num_hidden_layers",
                           "num_attention_heads", "num_local_experts"})
    EXPECT_THAT(text, HasSubstr(std::string("field '") + name + "'"));
}

TEST(ConfigTest, NamesWrongNumbers) {
  expectError(with(kMixtral, "hidden_size", "-64"),
              "field 'hidden_size': is -64, expected a whole number from 1 to "
              "2097152");
  expectError(with(kMixtral, "num_hidden_layers", "1e9"),
              "field 'num_hidden_layers': is 1000000000, expected a whole "
              "number from 1 to 16384");
  expectError(with(kMixtral, "num_local_experts", "2.5"),
              "field 'num_local_experts': is 2.5, expected a whole number "
              "from 1 to 16384");
  expectError(with(kMixtral, "vocab_size", "\"many\""),
              "field 'vocab_size': is \"many\", expected a whole number from 1 "
              "to 2097152");
  expectError(with(kMixtral, "rms_norm_eps", "-1"),
              "field 'rms_norm_eps': is -1, expected a number from 1e-12 to "
              "0.1");
}

TEST(ConfigTest, NamesWrongTypes) {
  expectError(with(kMixtral, "tie_word_embeddings", "3"),
              "field 'tie_word_embeddings': is 3, expected true or false");
  expectError(with(kMixtral, "hidden_act", "[]"),
              "field 'hidden_act': is [], expected a text");
  expectError(with(kMixtral, "rope_scaling", "7"),
              "field 'rope_scaling': is 7, expected an object");
  expectError(with(kGptOss, "layer_types", R"(["sliding_attention", 3])"),
              "field 'layer_types': is [\"sliding_attention\",3], expected a "
              "list of texts");
  expectError(
      with(kLlama4, "no_rope_layers", "[1, 2, 1, 0]"),
      "field 'text_config.no_rope_layers': is [1,2,1,0], expected a list "
      "of whole numbers from 0 to 1");
}

TEST(ConfigTest, NamesWhatNoFamilyHas) {
  expectError(with(kMixtral, "hidden_act", "\"gelu\""),
              "field 'hidden_act': is \"gelu\", expected \"silu\" or "
              "\"swish\"");
  expectError(with(kMixtral, "torch_dtype", "\"int8\""),
              "field 'torch_dtype': is \"int8\", expected \"bfloat16\", "
              "\"float16\" or \"float32\"");
  expectError(with(kDeepSeek, "scoring_func", "\"softmax\""),
              "field 'scoring_func': is \"softmax\", expected \"sigmoid\"");
  expectError(with(kDeepSeek, "attention_bias", "true"),
              "field 'attention_bias': is true, expected false: MLA with "
              "biases is not known");
  expectError(with(kDeepSeek, "moe_layer_freq", "2"),
              "field 'moe_layer_freq': is 2, expected 1: other frequencies are "
              "not known");
  expectError(
      with(kMixtral, "rope_scaling", R"({"type": "longrope", "factor": 2})"),
      "field 'rope_scaling.type': is \"longrope\", expected \"default\", "
      "\"linear\", \"llama3\" or \"yarn\"");
  expectError(with(kMixtral, "rope_scaling", R"({"rope_type": "yarn"})"),
              "field 'rope_scaling.factor': is missing, but the family needs "
              "it");
  expectError(with(kMixtral, "rope_scaling",
                   R"({"rope_type": "llama3", "factor": 8, "low_freq_factor": 4,
               "high_freq_factor": 1})"),
              "field 'rope_scaling.high_freq_factor': is 1, expected more than "
              "low_freq_factor");
  expectError(with(kGptOss, "layer_types", R"(["full_attention", "linear"])"),
              "field 'layer_types': is [\"full_attention\",\"linear\"], "
              "expected a list "
              "of \"sliding_attention\", \"full_attention\" and "
              "\"chunked_attention\"");
  expectError(with(kDeepSeek, "quantization_config",
                   R"({"quant_method": "fp8", "weight_block_size": [1, 128]})"),
              "field 'quantization_config.weight_block_size': is [1,128], "
              "expected two equal whole numbers, such as [128, 128]");
  expectError(R"({"model_type": "llama", "hidden_size": 64,
      "num_hidden_layers": 2, "vocab_size": 96, "max_position_embeddings": 128,
      "num_attention_heads": 4, "intermediate_size": 96, "mlp_bias": true})",
              "field 'mlp_bias': is true, expected false: an MLP with biases "
              "is not known");
}

TEST(ConfigTest, SaysOnceThatANameIsNone) {
  EXPECT_EQ(complain(R"({"model_type": 7, "architectures": 5})"),
            "config.json: error: field 'model_type': is 7, expected a text\n");
}

TEST(ConfigTest, NamesUnknownFamilies) {
  EXPECT_EQ(
      complain(R"({"model_type": "mamba", "architectures": ["MambaForCausalLM"],
                   "hidden_size": 64, "vocab_size": 96,
                   "num_hidden_layers": 2})"),
      "config.json: error: field 'model_type': no family of this name is "
      "known: model_type 'mamba', architectures [MambaForCausalLM]\n"
      "  note: known: deepseek_v3, glm4_moe, gpt_oss, kimi_k2, llama, "
      "llama4_text, mistral, mixtral, qwen2, qwen2_moe, qwen3, qwen3_moe\n"
      "  note: fields of a plain decoder that it has not: "
      "num_attention_heads, intermediate_size, max_position_embeddings, "
      "rms_norm_eps\n");
  EXPECT_THAT(complain(with(kMixtral, "model_type", "\"new\"")),
              HasSubstr("it has every field of a plain decoder: if it is one "
                        "of the known families under a new name, write that "
                        "name into model_type"));
  EXPECT_THAT(complain(with(with(kMixtral, "model_type", "").c_str(),
                            "linear_attn_config", "{}")),
              testing::AllOf(HasSubstr("model_type is missing"),
                             HasSubstr("it has linear attention "
                                       "(linear_attn_config), which no family "
                                       "here has")));
}

TEST(ConfigTest, NamesSizesThatDoNotFit) {
  expectError(with(kMixtral, "num_key_value_heads", "3"),
              "model: num_attention_heads 4 is no multiple of "
              "num_key_value_heads 3\n"
              "  note: 3 or 6 would be one, or another num_key_value_heads");
  expectError(with(kMixtral, "num_experts_per_tok", "5"),
              "model: a token has 5 experts (num_experts_per_tok) of 4 "
              "(num_local_experts)\n"
              "  note: num_experts_per_tok is at most num_local_experts");
  expectError(with(kDeepSeek, "n_group", "3"),
              "model: n_routed_experts 8 is no multiple of n_group 3\n"
              "  note: 6 or 9 would be one, or another n_group");
  expectError(with(kDeepSeek, "topk_group", "5"),
              "model: 5 groups of experts are chosen (topk_group) of 4 "
              "(n_group)\n"
              "  note: topk_group is at most n_group");
  expectError(with(kDeepSeek, "num_experts_per_tok", "5"),
              "model: a token has 5 experts (num_experts_per_tok), but the "
              "chosen groups hold 4\n"
              "  note: topk_group 2 of n_group 4 leave 4 of the 8 experts of "
              "n_routed_experts");
  expectError(
      with(kDeepSeek, "n_group", "8"),
      "model: a group has 1 expert, but its two best make its score\n"
      "  note: n_group is at most half of n_routed_experts, or 1 for no "
      "groups");
  expectError(with(kMixtral, "head_dim", "1"),
              "model: 1 channels of a head rotate, expected 2 to the head's "
              "size 1\n"
              "  note: it is head_dim, or without it hidden_size / "
              "num_attention_heads, times partial_rotary_factor where there is "
              "one: write a head_dim that suits");
  expectError(with(kMixtral, "head_dim", "7"),
              "model: 7 channels of a head rotate, but they rotate in pairs\n"
              "  note: it is head_dim, or without it hidden_size / "
              "num_attention_heads, times partial_rotary_factor where there is "
              "one: write a head_dim that suits");
  std::string large = with(kMixtral, "hidden_size", "2097152");
  large = with(large.c_str(), "intermediate_size", "2097152");
  expectError(with(large.c_str(), "num_local_experts", "16384"),
              "model: the sizes come to about 4.3e+17 parameters, expected at "
              "most 1e+15");
  SpecOverrides overrides;
  overrides.hidden = -5;
  EXPECT_THAT(complain(kMixtral, overrides),
              HasSubstr("model: hidden size is -5, expected a whole number "
                        "from 1 to 2097152"));
}

TEST(ConfigTest, RefusesWhatIsNoConfig) {
  EXPECT_THAT(complain("{"), HasSubstr("is not JSON"));
  EXPECT_THAT(complain("[]"), HasSubstr("must be one JSON object"));
  expectError("{\"a\": " + std::string(100000, '['),
              "nests objects and lists more than 64 deep, which no config "
              "does");
  expectError(std::string((1 << 24) + 1, ' '),
              "has 16777217 bytes, a config has at most 16777216");
}

TEST(ConfigTest, ReadsStorageOptions) {
  ModelSpec spec = read(kMixtral);
  Diagnostics diags;
  ASSERT_TRUE(setWeightFormats({"int4", "attention=bf16"}, spec, diags));
  EXPECT_EQ(spec.storageOf(WeightClass::Experts).format, WeightFormat::Int4);
  EXPECT_EQ(spec.storageOf(WeightClass::Head).format, WeightFormat::Int4);
  EXPECT_EQ(spec.storageOf(WeightClass::Attention).format, WeightFormat::BF16);
  EXPECT_EQ(spec.storageOf(WeightClass::Router).format,
            WeightFormat::Activation);
  EXPECT_FALSE(setWeightFormats({"int3", "heads=int4"}, spec, diags));
  EXPECT_FALSE(setWeightFormats({"embedding=int4"}, spec, diags));
  EXPECT_EQ(
      print(diags),
      "error: --weights: 'int3' is no storage; expected FORMAT or "
      "CLASS=FORMAT\n"
      "  note: formats: bf16, f32, fp16, fp8, int4, mxfp4, nvfp4\n"
      "  note: classes: embedding, attention, dense, shared, experts, router, "
      "head\n"
      "error: --weights: 'heads=int4' is no storage; expected FORMAT or "
      "CLASS=FORMAT\n"
      "  note: formats: bf16, f32, fp16, fp8, int4, mxfp4, nvfp4\n"
      "  note: classes: embedding, attention, dense, shared, experts, router, "
      "head\n"
      "error: --weights: the embedding is a table of floats: expected bf16, "
      "f32 or fp16\n");
}

} // namespace
