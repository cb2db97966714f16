"""The examples are real: onnxruntime runs them, and their KV state means what it should."""

import pathlib
import re

import numpy as np
import onnx
import onnxruntime
import pytest

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
MODELS = sorted(EXAMPLES.glob("*/model.onnx"))
WINDOW = 32  # of the examples with a sliding window
PROMPT = np.array([[3, 14, 15, 92, 65, 35]], dtype=np.int64)

# Written for a GPU: onnxruntime loads it here, and says what its CPU kernels cannot do.
GPU_ONLY = {"qwen2-moe-tiny-hf-fused": "FC3 is not implemented for CPU MoE"}
CPU_MODELS = [path for path in MODELS if path.parent.name not in GPU_ONLY]
GPU_MODELS = [path for path in MODELS if path.parent.name in GPU_ONLY]

# Exporters name KV state "past_key_values.0.key" and "present.0.key", or
# "input.past_key_values.layers.0.keys" and "output.past_key_values.layers.0.keys"; buffers that a
# step writes into are "key_cache.0" and "updated_key_cache.0".
PAST = re.compile(r"(input\.)?past_key_values\.|(key|value)_cache\.")


def present_of(past):
    """The name of the output that continues a KV input."""
    if past.startswith("input."):
        return past.replace("input.", "output.", 1)
    if "_cache." in past:
        return "updated_" + past
    return past.replace("past_key_values", "present", 1)


class Decoder:
    """A session of one example, and the shapes of its KV state."""

    def __init__(self, path):
        graph = onnx.load(path, load_external_data=False).graph
        # ONNX Runtime GenAI leaves the last dim of KV inputs symbolic; the rotary cache tells it.
        self.head = next((2 * t.dims[1] for t in graph.initializer if t.name == "cos_cache"), None)
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.inputs = {value.name: value for value in self.session.get_inputs()}
        self.state_names = [name for name in self.inputs if PAST.match(name)]

    def empty_state(self):
        """No tokens yet. The cache of a sliding layer is a buffer of one window from the start."""
        state = {}
        for name in self.state_names:
            shape = self.inputs[name].shape
            if not shape:  # A layer of transformers with a window carries its size along.
                state[name] = np.array(WINDOW, np.int64)
                continue
            if len(shape) == 3:  # A buffer for all tokens: batch, tokens, heads x head size.
                state[name] = np.zeros((1, *shape[1:]), np.float32)
                continue
            _, heads, past, head = shape
            capacity = WINDOW if past == "past_sliding_length" else 0
            head = self.head if head == "kv_cache_dim" else int(head)
            state[name] = np.zeros((1, int(heads), capacity, head), np.float32)
        return state

    def step(self, ids, state, length):
        """One run over `ids` after `length` tokens; returns logits and the new KV state."""
        total = length + ids.shape[1]
        feeds = {"input_ids": ids, **state}
        if "attention_mask" in self.inputs:
            feeds["attention_mask"] = np.ones((1, total), dtype=np.int64)
        if "position_ids" in self.inputs:
            feeds["position_ids"] = np.arange(length, total, dtype=np.int64)[None]
        if "write_indices" in self.inputs:
            feeds["write_indices"] = np.array([length], dtype=np.int64)
            feeds["nonpad_kv_seqlen"] = np.array([total], dtype=np.int64)
        names = [value.name for value in self.session.get_outputs()]
        results = dict(zip(names, self.session.run(names, feeds)))
        return results["logits"], {name: results[present_of(name)] for name in self.state_names}


@pytest.mark.parametrize("path", CPU_MODELS, ids=lambda path: path.parent.name)
def test_decode_after_prefill_equals_prefill(path):
    decoder = Decoder(path)
    length = PROMPT.shape[1] - 1
    whole, _ = decoder.step(PROMPT, decoder.empty_state(), 0)
    _, state = decoder.step(PROMPT[:, :length], decoder.empty_state(), 0)
    last, _ = decoder.step(PROMPT[:, length:], state, length)

    assert len(state) >= 4
    assert np.isfinite(whole).all()
    assert whole.shape[:2] == PROMPT.shape
    # int4 products quantise activations on the way, by blocks: decode and prefill differ by that.
    tolerance = 5e-2 if "int4" in path.parent.name else 1e-4
    np.testing.assert_allclose(last[0, -1], whole[0, -1], atol=tolerance)


@pytest.mark.parametrize("path", CPU_MODELS, ids=lambda path: path.parent.name)
def test_state_counts(path):
    """A step that forgets what came before gives other logits: the state is read."""
    decoder = Decoder(path)
    length = PROMPT.shape[1] - 1
    whole, _ = decoder.step(PROMPT, decoder.empty_state(), 0)
    alone, _ = decoder.step(PROMPT[:, length:], decoder.empty_state(), 0)

    assert np.abs(alone[0, -1] - whole[0, -1]).max() > 1e-3


@pytest.mark.parametrize("path", GPU_MODELS, ids=lambda path: path.parent.name)
def test_lacks_a_cpu_kernel_only(path):
    decoder = Decoder(path)
    with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented,
                       match=GPU_ONLY[path.parent.name]):
        decoder.step(PROMPT, decoder.empty_state(), 0)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.parent.name)
def test_stays_small(path):
    assert sum(file.stat().st_size for file in path.parent.iterdir()) <= 1_000_000
