"""The examples are real: onnxruntime runs them, and their KV state means what it should."""

import pathlib

import numpy as np
import onnx
import onnxruntime
import pytest

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
MODELS = sorted(EXAMPLES.glob("*/model.onnx"))
PROMPT = np.array([[3, 14, 15, 92, 65, 35]], dtype=np.int64)


class Decoder:
    """A session of one example, and the shapes of its KV state."""

    def __init__(self, path):
        graph = onnx.load(path, load_external_data=False).graph
        # The last dim of the KV inputs is symbolic in the files; the rotary cache tells it.
        self.head = 2 * next(t for t in graph.initializer if t.name == "cos_cache").dims[1]
        self.window = max(attribute.i for node in graph.node for attribute in node.attribute
                          if attribute.name == "local_window_size")
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def empty_state(self):
        """No tokens yet. The cache of a sliding layer is a buffer of one window from the start."""
        state = {}
        for value in self.session.get_inputs():
            if value.name.startswith("past_key_values"):
                capacity = self.window if value.shape[2] == "past_sliding_length" else 0
                state[value.name] = np.zeros((1, value.shape[1], capacity, self.head), np.float32)
        return state

    def step(self, ids, state, length):
        """One run over `ids` after `length` tokens; returns logits and the new KV state."""
        feeds = {"input_ids": ids, **state}
        feeds["attention_mask"] = np.ones((1, length + ids.shape[1]), dtype=np.int64)
        names = [value.name for value in self.session.get_outputs()]
        results = dict(zip(names, self.session.run(names, feeds)))
        present = {name.replace("present", "past_key_values"): value
                   for name, value in results.items() if name.startswith("present")}
        return results["logits"], present


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.parent.name)
def test_decode_after_prefill_equals_prefill(path):
    decoder = Decoder(path)
    length = PROMPT.shape[1] - 1
    whole, _ = decoder.step(PROMPT, decoder.empty_state(), 0)
    _, state = decoder.step(PROMPT[:, :length], decoder.empty_state(), 0)
    last, _ = decoder.step(PROMPT[:, length:], state, length)

    assert np.isfinite(whole).all()
    assert whole.shape[:2] == PROMPT.shape
    # int4 products quantise activations on the way, by blocks: decode and prefill differ by that.
    tolerance = 1e-4 if "fp32" in path.parent.name else 5e-2
    np.testing.assert_allclose(last[0, -1], whole[0, -1], atol=tolerance)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.parent.name)
def test_stays_small(path):
    assert sum(file.stat().st_size for file in path.parent.iterdir()) <= 1_000_000
