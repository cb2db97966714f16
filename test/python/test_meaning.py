"""Import, shape inference and raising keep what a model means.

Each model is written back as ONNX after each of these levels, and onnxruntime runs it on the inputs
of the original. After import and after shape inference the operators are the original's. After
raising there are only standard operators: what the typed operations mean, in full.

Tolerances are relative to the largest magnitude of an output:

- the same operators: 0 and nothing else, they run the same kernels. Where functions were inlined, 1e-5:
  onnxruntime has kernels of its own for some of them;
- f32: 1e-4. Sums run in another order, over at most a few hundred terms;
- f16: 2e-2. Results of each operator are rounded to 11 bits, and onnxruntime's fused ones round less often;
- int4 weights: 1e-3 against the original with exact products. Real exports ask for products of
  quantised activations (accuracy_level 4, 8 bits), which is an approximation of the kernel and no part
  of the model: against these 1e-1.
"""

import shutil

import numpy as np
import onnx
import pytest

from runners import (ROOT, export_onnx, import_onnx, make_feeds, open_session, run_session, run_tool)
from test_fixtures import GPU_ONLY

MODELS = [path for path in (*sorted((ROOT / "examples").glob("*/model.onnx")),
                            *sorted((ROOT / "test/Inputs").glob("*.onnx")))
          if path.parent.name not in GPU_ONLY]

# Tokens in the KV state; more than the window of 32 that layers of some examples have.
CONTEXT = 40
# Models with fewer rotary positions than that and a step need.
CONTEXTS = {"tiny_genai_moe": 20}


def name_of(path):
    return path.parent.name if path.name == "model.onnx" else path.stem


def external_files(model):
    tensors = list(model.graph.initializer)
    return {entry.value for tensor in tensors for entry in tensor.external_data if entry.key == "location"}


def has_weights(path):
    model = onnx.load(path, load_external_data=False)
    return all((path.parent / name).exists() for name in external_files(model))


def has_past(path):
    return any("past" in value.name or "cache" in value.name for value in onnx.load(path, load_external_data=False).graph.input)


def has_functions(path):
    return bool(onnx.load(path, load_external_data=False).functions)


def steps_of(path):
    """(tokens in the state, new tokens) of the steps that a model is tested in."""
    context = CONTEXTS.get(name_of(path), CONTEXT)
    return [(context, 1), (7, 1), (0, 6), (context, 5)] if has_past(path) else [(0, 6)]


def bind_options(context, tokens):
    phase = f"prefill prefill-chunk={tokens}" if tokens > 1 else "decode"
    return f"phase={phase} context={context}"


CASES = [pytest.param(path, *step, id=f"{name_of(path)}-{step[0]}+{step[1]}")
         for path in MODELS if has_weights(path) for step in steps_of(path)]


def ask_for_exact_products(path):
    """A copy of the model beside it whose products do not quantise activations; none if none does."""
    model = onnx.load(path, load_external_data=False)
    levels = [attribute for node in model.graph.node for attribute in node.attribute
              if attribute.name == "accuracy_level" and attribute.i == 4]
    if not levels:
        return None
    for attribute in levels:
        attribute.i = 1
    exact = path.with_name("exact.onnx")
    exact.write_bytes(model.SerializeToString())
    return exact


def tolerance_of(path):
    """Against exact products."""
    model = onnx.load(path, load_external_data=False)
    types = {tensor.data_type for tensor in model.graph.initializer}
    if onnx.TensorProto.FLOAT16 in types:
        return 2e-2
    return 1e-3 if onnx.TensorProto.UINT8 in types else 1e-4


def valid_part(name, value, tokens):
    """The rows of a state that hold tokens. A buffer of one window has rows that nobody has written."""
    is_state = name.startswith("present") and value.ndim == 4
    return value[:, :, :tokens] if is_state else value


def expect_finite(outputs, tokens):
    for name, value in outputs.items():
        assert np.isfinite(valid_part(name, value, tokens)).all(), name


def expect_close(expected, actual, tolerance, tokens):
    assert list(expected) == list(actual)
    for name, value in expected.items():
        other = actual[name]
        assert value.dtype == other.dtype and value.shape == other.shape, name
        value = valid_part(name, value, tokens).astype(np.float64)
        other = valid_part(name, other, tokens).astype(np.float64)
        bound = tolerance * np.abs(value).max(initial=0)
        np.testing.assert_allclose(other, value, rtol=0, atol=bound, err_msg=name)


class Levels:
    """One model at each level, as files beside a copy of it."""

    def __init__(self, path, context, tokens, folder):
        self.original = folder / path.name
        for file in {path.name} | external_files(onnx.load(path, load_external_data=False)):
            shutil.copyfile(path.parent / file, folder / file)
        imported = import_onnx(self.original)
        options = bind_options(context, tokens)
        inferred = run_tool("inlay-opt", "--inline-functions", f"--bind-dims={options}", "--infer-shapes",
                            stdin=imported)
        raised = run_tool("inlay-opt", "--raise-to-nn", "--verify-nn", stdin=inferred)
        self.imported = export_onnx(imported, folder / "imported.onnx")
        self.inferred = export_onnx(inferred, folder / "inferred.onnx")
        self.raised = export_onnx(raised, folder / "raised.onnx")


@pytest.mark.parametrize("path, context, tokens", CASES)
def test_every_level_means_the_same(path, context, tokens, tmp_path):
    levels = Levels(path, context, tokens, tmp_path)
    feeds = make_feeds(levels.inferred, context, tokens)
    length = context + tokens
    expected = run_session(open_session(levels.original), feeds)
    expect_finite(expected, length)

    expect_close(expected, run_session(open_session(levels.imported), feeds), 0, length)
    inferred = run_session(open_session(levels.inferred), feeds)
    expect_close(expected, inferred, 1e-5 if has_functions(path) else 0, length)

    raised = run_session(open_session(levels.raised), feeds)
    exact = ask_for_exact_products(levels.original)
    if exact:
        expect_close(expected, raised, 1e-1, length)
        expected = run_session(open_session(exact), feeds)
    expect_close(expected, raised, tolerance_of(path), length)


@pytest.mark.parametrize("path", [path for path in MODELS if has_weights(path)], ids=name_of)
def test_raised_models_have_standard_operators_only(path, tmp_path):
    levels = Levels(path, 0, 6, tmp_path)
    model = onnx.load(levels.raised, load_external_data=False)
    assert {node.domain for node in model.graph.node} == {""}


def test_finds_models():
    """The models are found by their place; none may get lost."""
    assert len(CASES) >= 20
