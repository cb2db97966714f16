//===- Configs.h - Configs for tests ----------------------------*- C++ -*-===//
//
// Part of Inlay, under the Apache License v2.0 with LLVM Exceptions.
// See the LICENSE file for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INLAY_UNITTESTS_MODELGEN_CONFIGS_H
#define INLAY_UNITTESTS_MODELGEN_CONFIGS_H

#include "inlay/ModelGen/ModelGen.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace inlay::modelgen {

/// A small model of each kind: Mixtral, DeepSeek, gpt-oss and Llama 4.
inline const char *kMixtral = R"({
  "model_type": "mixtral", "hidden_size": 64, "num_hidden_layers": 2,
  "vocab_size": 96, "max_position_embeddings": 128, "rms_norm_eps": 1e-5,
  "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 32,
  "num_local_experts": 4, "num_experts_per_tok": 2, "torch_dtype": "bfloat16"
})";

inline const char *kDeepSeek = R"({
  "model_type": "deepseek_v3", "hidden_size": 64, "num_hidden_layers": 3,
  "vocab_size": 96, "max_position_embeddings": 128, "num_attention_heads": 4,
  "intermediate_size": 96, "moe_intermediate_size": 32, "n_routed_experts": 8,
  "n_shared_experts": 1, "num_experts_per_tok": 2, "n_group": 4,
  "topk_group": 2, "first_k_dense_replace": 1, "routed_scaling_factor": 2.5,
  "q_lora_rank": 32, "kv_lora_rank": 16, "qk_nope_head_dim": 16,
  "qk_rope_head_dim": 8, "v_head_dim": 16, "torch_dtype": "bfloat16"
})";

inline const char *kGptOss = R"({
  "model_type": "gpt_oss", "hidden_size": 64, "num_hidden_layers": 2,
  "vocab_size": 96, "max_position_embeddings": 128, "num_attention_heads": 4,
  "num_key_value_heads": 2, "head_dim": 16, "intermediate_size": 32,
  "num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": 8,
  "layer_types": ["sliding_attention", "full_attention"],
  "quantization_config": {"quant_method": "mxfp4"}, "dtype": "bfloat16"
})";

inline const char *kLlama4 = R"({
  "model_type": "llama4", "text_config": {
  "model_type": "llama4_text", "hidden_size": 64, "num_hidden_layers": 4,
  "vocab_size": 96, "max_position_embeddings": 128, "num_attention_heads": 4,
  "num_key_value_heads": 2, "head_dim": 16, "intermediate_size": 32,
  "intermediate_size_mlp": 48, "num_local_experts": 4, "num_experts_per_tok": 1,
  "interleave_moe_layer_step": 2, "attention_chunk_size": 16},
  "torch_dtype": "bfloat16"
})";

/// `config` with `field` (of `text_config` where that is there) set to the JSON
/// text `value`, or taken away where that is empty.
inline std::string with(const char *config, llvm::StringRef field,
                        llvm::StringRef value) {
  llvm::json::Value document = llvm::cantFail(llvm::json::parse(config));
  llvm::json::Object *object = document.getAsObject();
  if (llvm::json::Object *inner = object->getObject("text_config"))
    object = inner;
  if (value.empty())
    object->erase(field);
  else
    (*object)[field] = llvm::cantFail(llvm::json::parse(value));
  std::string text;
  llvm::raw_string_ostream(text) << document;
  return text;
}

inline std::string print(const Diagnostics &diags) {
  std::string text;
  llvm::raw_string_ostream os(text);
  diags.print(os);
  return text;
}

} // namespace inlay::modelgen

#endif // INLAY_UNITTESTS_MODELGEN_CONFIGS_H
