"""onnxruntime runs small models of every family in every encoding, and the encodings agree."""

import os
import pathlib
import subprocess

import numpy as np
import onnx
import onnxruntime
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("INLAY_BIN_DIR", ROOT / "build/bin")) / "inlay-model"
PROMPT = np.array([[3, 14, 15, 92, 65, 35, 8, 9, 79]], dtype=np.int64)
HEAD = 16
WINDOW = 16

SIZES = ["--layers=4", "--hidden=64", "--intermediate=96", "--expert-intermediate=64",
         "--experts=16", "--experts-per-token=2", "--heads=4", "--vocab=128", "--context=64"]
GROUPED = ["--kv-heads=2", f"--head-dim={HEAD}"]
# Half of a head rotates, in blocks of 16 as everywhere.
GLM = ["--kv-heads=2", f"--head-dim={2 * HEAD}"]
LATENT = [f"--head-dim={HEAD}", "--rope-dim=8", "--query-rank=32", "--kv-rank=32"]
QWEN2_MOE = """{
  "model_type": "qwen2_moe", "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 128,
  "max_position_embeddings": 64, "num_attention_heads": 4, "num_key_value_heads": 2,
  "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32,
  "shared_expert_intermediate_size": 96, "norm_topk_prob": false, "tie_word_embeddings": true
}"""

# Name, config, options. Weights are in the activations' type unless said otherwise: onnxruntime's
# CPU kernels have no fp4, and no fused experts of fp8.
CASES = {
    "llama": ("llama-3.1-8b", GROUPED),
    "llama-int4": ("llama-3.1-8b", GROUPED + ["--weights=int4,router=int4"]),
    "qwen3": ("qwen3-32b", GROUPED),
    "mixtral": ("mixtral-8x7b", GROUPED),
    "mixtral-f16-weights": ("mixtral-8x7b", GROUPED + ["--weights=fp16"]),
    "qwen3-moe": ("qwen3-235b-a22b", GROUPED),
    "qwen3-moe-int4": ("qwen3-235b-a22b", GROUPED + ["--weights=int4"]),
    "qwen2-moe": (QWEN2_MOE, GROUPED),
    "qwen2-moe-int4": (QWEN2_MOE, GROUPED + ["--weights=experts=int4"]),
    "gpt-oss": ("gpt-oss-20b", GROUPED + [f"--window={WINDOW}", "--weights=f32"]),
    "gpt-oss-int4": ("gpt-oss-20b", GROUPED + [f"--window={WINDOW}", "--weights=int4"]),
    "deepseek": ("deepseek-v3", LATENT + ["--weights=f32"]),
    "deepseek-int4": ("deepseek-v3", LATENT + ["--weights=int4"]),
    "kimi": ("kimi-k2.6", LATENT),
    "llama4": ("llama-4-maverick", GROUPED),
    "llama4-chunks": ("llama-4-maverick", GROUPED + ["--window=4"]),
    "glm": ("glm-4.5", GLM),
    "glm-int4": ("glm-4.5", GLM + ["--weights=experts=int4"]),
}
ENCODINGS = ["contrib", "stacked", "unrolled"]


def generate(folder, config, options, encoding, sizes=()):
    path = ROOT / "examples/configs" / f"{config}.json"
    if config.startswith("{"):
        path = folder / "config.json"
        path.write_text(config)
    model = folder / f"{encoding}.onnx"
    replaced = {size.split("=")[0] for size in sizes}
    kept = [size for size in SIZES if size.split("=")[0] not in replaced]
    subprocess.run([TOOL, path, "-o", model, f"--encoding={encoding}", "--random-weights",
                    "--seed=3", *kept, *sizes, *options], check=True)
    return model


class Decoder:
    """A session of a generated model."""

    def __init__(self, path):
        # The last dim of the KV inputs may be symbolic; attention and its heads tell it.
        graph = onnx.load(path, load_external_data=False).graph
        self.head = next((2 * HEAD for tensor in graph.initializer
                          if tensor.name.endswith("q_norm.layernorm.weight")
                          and tensor.dims[0] == 2 * HEAD), HEAD)
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def empty_state(self, batch=1):
        """No tokens yet. The cache of a sliding layer is a buffer of one window from the start."""
        state = {}
        for value in self.session.get_inputs():
            if value.name.startswith("past_key_values"):
                width = value.shape[3] if isinstance(value.shape[3], int) else self.head
                length = WINDOW if value.shape[2] == "past_sliding_length" else 0
                state[value.name] = np.zeros((batch, value.shape[1], length, width), np.float32)
        return state

    def step(self, ids, state, length):
        """One run over `ids` after `length` tokens; returns logits and the new KV state."""
        batch, tokens = ids.shape
        feeds = {"input_ids": ids, **state,
                 "attention_mask": np.ones((batch, length + tokens), dtype=np.int64)}
        if any(value.name == "position_ids" for value in self.session.get_inputs()):
            feeds["position_ids"] = np.tile(np.arange(length, length + tokens), (batch, 1))
        names = [value.name for value in self.session.get_outputs()]
        results = dict(zip(names, self.session.run(names, feeds)))
        present = {name.replace("present", "past_key_values"): value
                   for name, value in results.items() if name.startswith("present")}
        return results["logits"], present


@pytest.mark.parametrize("case", CASES)
def test_encodings_agree(case, tmp_path):
    """All encodings give the same logits, and a decode step those of the longer prefill."""
    config, options = CASES[case]
    length = PROMPT.shape[1] - 1
    logits = {}
    for encoding in ENCODINGS:
        decoder = Decoder(generate(tmp_path, config, options, encoding))
        logits[encoding], _ = decoder.step(PROMPT, decoder.empty_state(), 0)
        _, state = decoder.step(PROMPT[:, :length], decoder.empty_state(), 0)
        last, _ = decoder.step(PROMPT[:, length:], state, length)
        np.testing.assert_allclose(last[0, -1], logits[encoding][0, -1], atol=5e-5,
                                   err_msg=encoding)
    whole = logits["contrib"]
    assert whole.shape == (*PROMPT.shape, 128)
    # Logits that all but ignore the layers would agree too.
    assert 0.3 < whole.std() < 3
    for encoding in ENCODINGS[1:]:
        np.testing.assert_allclose(logits[encoding], whole, atol=5e-5, err_msg=encoding)


@pytest.mark.parametrize("encoding", ["stacked", "unrolled"])
def test_fp8_blocks(encoding, tmp_path):
    """Square blocks, some of them partial: the graph's dequantisation is that of the definition."""
    sizes = ["--hidden=192", "--expert-intermediate=160", "--vocab=200"]
    path = generate(tmp_path, "mixtral-8x7b", GROUPED + ["--weights=fp8"], encoding, sizes)
    model = onnx.load(path)
    weight, scale = (next(t for t in model.graph.initializer if t.name == name) for name in
                     ("lm_head.MatMul.weight", "lm_head.MatMul.weight_scale"))
    assert list(weight.dims) == [200, 192] and list(scale.dims) == [2, 2]
    scales = np.repeat(np.repeat(onnx.numpy_helper.to_array(scale), 128, axis=0), 128, axis=1)
    expected = onnx.numpy_helper.to_array(weight).astype(np.float32) * scales[:200, :192]

    output = "/lm_head/DequantizeLinear/output_0"
    model.graph.output.append(onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT,
                                                                 [200, 192]))
    session = onnxruntime.InferenceSession(model.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    decoder = Decoder(path)
    feeds = {"input_ids": PROMPT, "attention_mask": np.ones_like(PROMPT),
             "position_ids": np.arange(PROMPT.shape[1])[None], **decoder.empty_state()}
    np.testing.assert_array_equal(session.run([output], feeds)[0], expected)


def test_latent_attention_is_the_expanded_one(tmp_path):
    """The absorbed form against numpy on keys and values expanded from the latent state."""
    path = generate(tmp_path, "kimi-k2.6", LATENT, "contrib")
    model = onnx.load(path)
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer
               if t.name.startswith("model.layers.0.attn.kv_b")}
    prefix = "/model/layers.0/attn/"
    names = [prefix + "q_heads/Split/output_0", prefix + "q_rotary/RotaryEmbedding/output_0",
             "present.0.latent", prefix + "kv_b_proj_v/MatMul/output_0"]
    for name in names[:2] + names[3:]:
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    session = onnxruntime.InferenceSession(model.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    decoder = Decoder(path)
    tokens = PROMPT.shape[1]
    q_nope, q_rope, state, output = session.run(names, {
        "input_ids": PROMPT, "attention_mask": np.ones_like(PROMPT),
        "position_ids": np.arange(tokens)[None], **decoder.empty_state()})

    latent, k_rope = state[0, 0, :, :32], state[0, 0, :, 32:]
    k_nope = np.einsum("tr,hnr->htn", latent, tensors["model.layers.0.attn.kv_b_proj_k.MatMul.weight"])
    values = latent @ tensors["model.layers.0.attn.kv_b_proj_v.MatMul.weight"]
    scores = (np.einsum("hsn,htn->hst", q_nope[0], k_nope)
              + np.einsum("hsr,tr->hst", q_rope[0], k_rope))
    # Kimi K2.6: YaRN with factor 64 and mscale_all_dim 1.
    scores *= (0.1 * np.log(64) + 1) ** 2 / np.sqrt(HEAD + 8)
    scores += np.triu(np.full((tokens, tokens), -np.inf), 1)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    np.testing.assert_allclose(output[0], weights @ values, atol=2e-5)


def test_batches_and_padding(tmp_path):
    """Two sequences of one step; the second is padded on the left in the standard operators."""
    decoder = Decoder(generate(tmp_path, "deepseek-v3", LATENT + ["--weights=f32"], "stacked"))
    alone, _ = decoder.step(PROMPT[:, :6], decoder.empty_state(), 0)
    ids = np.stack([PROMPT[0], np.concatenate([[0, 0, 0], PROMPT[0, :6]])])
    mask = np.ones_like(ids)
    mask[1, :3] = 0
    positions = np.stack([np.arange(9), np.maximum(np.arange(9) - 3, 0)])
    logits = decoder.session.run(["logits"], {
        "input_ids": ids, "attention_mask": mask, "position_ids": positions,
        **decoder.empty_state(batch=2)})[0]
    np.testing.assert_allclose(logits[1, 3:], alone[0], atol=5e-5)


@pytest.mark.parametrize("config", sorted((ROOT / "examples/configs").glob("*.json")),
                         ids=lambda path: path.stem)
def test_structure_of_published_models(config, tmp_path):
    """The whole model without weights: the official checker's view of names and topology."""
    model = tmp_path / "model.onnx"
    subprocess.run([TOOL, config, "-o", model], check=True)
    graph = onnx.load(model, load_external_data=False).graph
    known = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    for node in graph.node:
        assert all(name in known for name in node.input if name), node.name
        known.update(node.output)
    assert all(value.name in known for value in graph.output)
    assert not (tmp_path / "model.onnx.data").exists()


GPT_OSS = """{
  "model_type": "gpt_oss", "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 256,
  "max_position_embeddings": 512, "num_attention_heads": 4, "num_key_value_heads": 2,
  "head_dim": 16, "intermediate_size": 64, "num_local_experts": 4, "num_experts_per_tok": 2,
  "sliding_window": 32, "layer_types": ["sliding_attention", "full_attention"],
  "rope_theta": 150000, "torch_dtype": "float32"
}"""
LLAMA = """{
  "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 256,
  "max_position_embeddings": 512, "num_attention_heads": 4, "num_key_value_heads": 2,
  "intermediate_size": 128, "torch_dtype": "float32"
}"""


def describe_graph(path):
    """Nodes with operands and attributes, weights with dims, interface: what a reader goes by."""
    graph = onnx.load(path, load_external_data=False).graph
    nodes = {}
    for node in graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute
                      if a.name not in ("value", "epsilon", "accuracy_level", "weights_prepacked")}
        inputs = list(node.input)
        while inputs and not inputs[-1]:
            inputs.pop()
        nodes[node.name] = (node.domain, node.op_type, inputs, list(node.output), attributes)
    weights = {t.name: (t.data_type, list(t.dims)) for t in graph.initializer}
    interface = [(v.name, v.type.tensor_type.elem_type,
                  [d.dim_value or d.dim_param for d in v.type.tensor_type.shape.dim])
                 for v in (*graph.input, *graph.output)]
    return nodes, weights, interface


@pytest.mark.parametrize("example, config, options", [
    ("gpt-oss-tiny-fp32", GPT_OSS, []),
    ("gpt-oss-tiny-int4", GPT_OSS, ["--weights=int4,router=int4"]),
    ("llama-tiny-fp32", LLAMA, []),
    ("llama-tiny-int4", LLAMA, ["--weights=int4"]),
])
def test_contrib_is_what_genai_exports(example, config, options, tmp_path):
    """The same graph as the real exporter's, name by name."""
    (tmp_path / "config.json").write_text(config)
    subprocess.run([TOOL, tmp_path / "config.json", "-o", tmp_path / "model.onnx", *options],
                   check=True)
    found = describe_graph(tmp_path / "model.onnx")
    expected = describe_graph(ROOT / "examples" / example / "model.onnx")
    for mine, theirs in zip(found, expected):
        assert mine == theirs
