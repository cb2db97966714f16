"""A state of 8 or 4 bits comes back as standard operators, which store and read what onnxruntime's attention does."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from runners import export_onnx, import_onnx, open_session, run_session, run_tool

HEADS, KV_HEADS, DIM, PAST = 4, 2, 16, 5


def attention(kind, bits, tokens, rotary):
    """One GroupQueryAttention with scales for each channel or for all."""
    stored = TensorProto.INT8 if bits == 8 else TensorProto.UINT8
    scales = 1 if kind == "PER_TENSOR" else KV_HEADS * DIM
    state = [1, KV_HEADS, PAST, DIM * bits // 8]
    after = [1, KV_HEADS, PAST + tokens, DIM * bits // 8]
    value = helper.make_tensor_value_info
    inputs = [value("q", 1, [1, tokens, HEADS * DIM]), value("k", 1, [1, tokens, KV_HEADS * DIM]),
              value("v", 1, [1, tokens, KV_HEADS * DIM]), value("past_key", stored, state), value("past_value", stored, state),
              value("seqlens", 6, [1]), value("total", 6, [1])]
    random = np.random.default_rng(1)
    weights = {"ks": random.uniform(0.01, 0.03, scales), "vs": random.uniform(0.01, 0.03, scales)}
    if bits == 4:
        weights = {name: 8 * scale for name, scale in weights.items()}
    angles = np.outer(np.arange(32), 1 / 100 ** np.linspace(0, 1, DIM // 2))
    weights |= {"cos": np.cos(angles), "sin": np.sin(angles)}
    node = helper.make_node(
        "GroupQueryAttention", ["q", "k", "v", "past_key", "past_value", "seqlens", "total",
                                "cos" if rotary else "", "sin" if rotary else "", "", "", "", "ks", "vs"],
        ["y", "present_key", "present_value"], domain="com.microsoft", num_heads=HEADS, kv_num_heads=KV_HEADS,
        do_rotary=int(rotary), k_quant_type=kind, v_quant_type=kind, kv_cache_bit_width=bits)
    graph = helper.make_graph(
        [node], "g", inputs, [value("y", 1, [1, tokens, HEADS * DIM]), value("present_key", stored, after),
                              value("present_value", stored, after)],
        [onnx.numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


@pytest.mark.parametrize("rotary", [False, True], ids=["plain", "rotary"])
@pytest.mark.parametrize("tokens", [1, 3])
@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("kind", ["PER_TENSOR", "PER_CHANNEL"])
def test_state_and_result_are_those_of_onnxruntime(kind, bits, tokens, rotary, tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(attention(kind, bits, tokens, rotary), path)
    phase = f"phase=prefill prefill-chunk={tokens}" if tokens > 1 else "phase=decode"
    raised = run_tool("inlay-opt", f"--bind-dims={phase} context={PAST}", "--infer-shapes", "--raise-to-nn", "--verify-nn",
                      stdin=import_onnx(path))
    assert b"inlay_nn.attention" in raised and b"opaque" not in raised
    back = export_onnx(raised, tmp_path / "raised.onnx")
    random = np.random.default_rng(0)
    feeds = {name: random.standard_normal((1, tokens, width * DIM)).astype(np.float32)
             for name, width in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS))}
    low, high, dtype = (-100, 100, np.int8) if bits == 8 else (0, 256, np.uint8)
    for name in ("past_key", "past_value"):
        feeds[name] = random.integers(low, high, (1, KV_HEADS, PAST, DIM * bits // 8)).astype(dtype)
    feeds |= {"seqlens": np.array([PAST + tokens - 1], np.int32), "total": np.array([PAST + tokens], np.int32)}
    expected = run_session(open_session(path), feeds)
    actual = run_session(open_session(back), feeds)
    for name in ("present_key", "present_value"):
        # Rotated keys may fall on the other side of a half.
        same = expected[name] == actual[name]
        assert same.all() if not rotary else same.mean() > 0.99, name
    np.testing.assert_allclose(actual["y"], expected["y"], atol=0.05 if rotary else 2e-3)
