"""Small, randomly initialised models of published architectures.

The configurations are ours: published ones with every size made small, and head sizes of a multiple
of 16, as onnxruntime's kernels want them. The code that runs is that of Hugging Face transformers.
"""

import torch
import transformers

SEED = 0
VOCABULARY = 128
SPECIAL_TOKENS = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
ATTENTION = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16}
SMALL = {"num_hidden_layers": 2, "hidden_size": 32, "vocab_size": VOCABULARY,
         "max_position_embeddings": 256, **SPECIAL_TOKENS}


def gpt_oss(**sizes):
    """gpt-oss: sinks, window in every second layer, biases, clamped SwiGLU, top-k before softmax."""
    sizes = {"hidden_size": 32, "intermediate_size": 32, "vocab_size": VOCABULARY,
             "max_position_embeddings": 256, "initial_context_length": 256, **sizes}
    return transformers.GptOssForCausalLM(transformers.GptOssConfig(
        num_hidden_layers=2, num_local_experts=4, num_experts_per_tok=2, sliding_window=32,
        rope_scaling=None, **ATTENTION, **SPECIAL_TOKENS, **sizes))


def llama(**sizes):
    """Llama 3: dense, grouped queries, gated MLP."""
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(
        **{**SMALL, "intermediate_size": 64, **sizes}, **ATTENTION))


def mixtral():
    """Mixtral: experts in every layer, softmax over all experts before top-k, renormalised."""
    return transformers.MixtralForCausalLM(transformers.MixtralConfig(
        **SMALL, **ATTENTION, intermediate_size=48, num_local_experts=4, num_experts_per_tok=2,
        sliding_window=None))


def qwen3():
    """Qwen 3: dense, queries and keys normalised per head."""
    return transformers.Qwen3ForCausalLM(transformers.Qwen3Config(
        **SMALL, **ATTENTION, intermediate_size=64))


def qwen3_moe():
    """Qwen 3 MoE: Qwen 3's attention, small experts, routing weights renormalised."""
    return transformers.Qwen3MoeForCausalLM(transformers.Qwen3MoeConfig(
        **SMALL, **ATTENTION, intermediate_size=64, moe_intermediate_size=24, num_experts=4,
        num_experts_per_tok=2, norm_topk_prob=True))


def qwen2_moe():
    """Qwen 1.5/2 MoE: biases on queries, keys and values, and a shared expert with a gate."""
    return transformers.Qwen2MoeForCausalLM(transformers.Qwen2MoeConfig(
        **SMALL, num_attention_heads=2, num_key_value_heads=2, intermediate_size=64,
        moe_intermediate_size=24, shared_expert_intermediate_size=40, num_experts=4,
        num_experts_per_tok=2, norm_topk_prob=False))


def deepseek_v3():
    """DeepSeek V3: latent attention, one dense layer, then routing by groups with a selection bias,
    a shared expert and a routed scale."""
    return transformers.DeepseekV3ForCausalLM(transformers.DeepseekV3Config(
        **SMALL, num_attention_heads=4, num_key_value_heads=4, q_lora_rank=24, kv_lora_rank=16,
        qk_nope_head_dim=16, qk_rope_head_dim=16, v_head_dim=16, intermediate_size=64,
        first_k_dense_replace=1, moe_intermediate_size=16, n_routed_experts=8,
        num_experts_per_tok=2, n_group=4, topk_group=2, n_shared_experts=1,
        routed_scaling_factor=2.5, norm_topk_prob=True,
        # Published configurations say what transformers takes for granted; Mobius reads it.
        scoring_func="sigmoid", topk_method="noaux_tc"))


def glm4_moe():
    """GLM 4.5: partial rotary, one dense layer, sigmoid routing with a selection bias, shared expert."""
    return transformers.Glm4MoeForCausalLM(transformers.Glm4MoeConfig(
        **SMALL, **ATTENTION, attention_bias=True, use_qk_norm=True, partial_rotary_factor=0.5,
        intermediate_size=64, first_k_dense_replace=1, moe_intermediate_size=24,
        n_routed_experts=4, num_experts_per_tok=2, n_shared_experts=1, n_group=1, topk_group=1,
        routed_scaling_factor=2.5, norm_topk_prob=True))


def llama4():
    """Llama 4: rotary and chunked attention in some layers, dense layers between those with experts,
    top-1 of sigmoids that scale the experts' input, shared expert."""
    return transformers.Llama4ForCausalLM(transformers.Llama4TextConfig(
        **{**SMALL, "num_hidden_layers": 4}, **ATTENTION, intermediate_size=24,
        intermediate_size_mlp=64, num_local_experts=4, num_experts_per_tok=1,
        interleave_moe_layer_step=2, use_qk_norm=True, attention_chunk_size=64))


def phimoe():
    """Phi 3.5 MoE: layer norms with biases, top-2 by a sparse mixer."""
    return transformers.PhimoeForCausalLM(transformers.PhimoeConfig(
        **SMALL, num_attention_heads=2, num_key_value_heads=1, intermediate_size=32,
        num_local_experts=4, num_experts_per_tok=2, attention_bias=True, lm_head_bias=True))


def olmoe():
    """OLMoE: norms over all heads of queries and keys, routing weights not renormalised."""
    return transformers.OlmoeForCausalLM(transformers.OlmoeConfig(
        **SMALL, num_attention_heads=2, num_key_value_heads=2, intermediate_size=24,
        num_experts=4, num_experts_per_tok=2, norm_topk_prob=False))


def granitemoe():
    """Granite 3 MoE: multipliers on embeddings, attention, residuals and logits; top-k before softmax."""
    return transformers.GraniteMoeForCausalLM(transformers.GraniteMoeConfig(
        **SMALL, num_attention_heads=2, num_key_value_heads=1, intermediate_size=24,
        num_local_experts=4, num_experts_per_tok=2, embedding_multiplier=12.0,
        attention_multiplier=0.0625, residual_multiplier=0.22, logits_scaling=6.0))


def gemma3():
    """Gemma 3: dense, norms around each block, window in all layers but one, scaled embeddings."""
    return transformers.Gemma3ForCausalLM(transformers.Gemma3TextConfig(
        **SMALL, **ATTENTION, intermediate_size=64, sliding_window=32,
        layer_types=["sliding_attention", "full_attention"], query_pre_attn_scalar=16))


def randomise(model):
    """Gives every parameter and selection bias values, biases and sinks too: exporters drop biases
    that are zero and norms that are one."""
    generator = torch.Generator().manual_seed(SEED)
    selection_biases = [(name, buffer) for name, buffer in model.named_buffers()
                        if name.endswith("e_score_correction_bias")]
    with torch.no_grad():
        for _, parameter in sorted([*model.named_parameters(), *selection_biases]):
            spread = 0.02 if parameter.dim() == 1 else parameter.shape[-1] ** -0.5
            noise = torch.randn(parameter.shape, generator=generator) * spread
            parameter.copy_(parameter + noise if parameter.dim() == 1 else noise)


def build(family, **sizes):
    """The model of a family (a function above), with the same values at every call."""
    torch.manual_seed(SEED)
    model = globals()[family](**sizes).eval()
    randomise(model)
    return model
