"""Every example raises to typed operations; what stays opaque is a part of its experts."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = sorted((ROOT / "examples").glob("*/model.onnx"))
BIN = ROOT / "build" / "bin"
PHASES = {"decode": "", "prefill": "phase=prefill prefill-chunk=8 context=16 batch=2"}


def raise_model(path, options):
    """The module at the nn level, as text."""
    imported = subprocess.run([BIN / "inlay-translate", "--import-onnx", path], check=True, capture_output=True)
    passes = ["--inline-functions", "--remove-unreachable", f"--bind-dims={options}", "--infer-shapes",
              "--raise-to-nn", "--verify-nn"]
    return subprocess.run([BIN / "inlay-opt", *passes], input=imported.stdout, check=True, capture_output=True).stdout.decode()


def states(text):
    """Number of arguments of the graph that are no tokens, masks or positions: the KV state."""
    header = re.search(r"inlay_nn\.graph @\S+\((.*?)\) -> ", text).group(1)
    return len(re.findall(r": tensor<(?:\d+x){3,}(?:f32|f16|bf16)>", header))


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.parent.name)
def test_everything_is_typed(path, phase):
    text = raise_model(path, PHASES[phase])
    attentions = re.findall(r"inlay_nn\.attention .*", text)

    # One attention for each pair of states, without a mask: causality is a property of the op.
    assert len(attentions) == states(text) // 2 > 0
    assert not [line for line in attentions if " bias " in line or "causal = false" in line]
    # Angles, norms and embeddings are ops of their own, not their pieces.
    assert not re.search(r"inlay_nn\.unary +(sqrt|reciprocal|neg|erf|tanh) ", text)
    assert "inlay_nn.embedding" in text
    assert "inlay_nn.rms_norm" in text or "inlay_nn.layer_norm" in text
    assert "inlay_nn.lm_head" in text
    assert "inlay_nn.opaque" not in text
    # The state goes into attention, or (latent attention) grows by a concatenation that attention reads.
    assert all(" past " in line for line in attentions) or len(re.findall(r"inlay_nn\.concat %input\.past", text)) == states(text)


@pytest.mark.parametrize("name", ["deepseek-v3-tiny-hf", "qwen3-moe-tiny-hf", "mixtral-tiny-hf", "qwen3-moe-tiny-optimum"])
def test_long_prompts_are_typed(name):
    """Exporters sort the tokens of a prompt by their experts, by places that are constants; masks are read row by row."""
    text = raise_model(ROOT / "examples" / name / "model.onnx", "phase=prefill prefill-chunk=4096 context=0")
    assert "inlay_nn.opaque" not in text and "inlay_nn.experts" in text
    assert not [line for line in text.splitlines() if "inlay_nn.attention" in line and (" bias " in line or "causal = false" in line)]


def test_latent_attention_keeps_its_state():
    """One head of latent vectors and rotary parts, not the keys that are expanded from them."""
    text = raise_model(ROOT / "examples/deepseek-v3-tiny-hf/model.onnx", "phase=prefill prefill-chunk=16 context=40")
    attentions = [line for line in text.splitlines() if "inlay_nn.attention " in line]
    assert len(attentions) == 2 and all("kv_heads = 1" in line and " past " in line for line in attentions), attentions
