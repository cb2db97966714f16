"""Weights of 4-bit and 8-bit floats, and of integers, keep their meaning in every encoding.

A small model of one seed is the same in each encoding. What onnxruntime's CPU kernels do not run (4-bit floats, fused
experts of floats) is widened here, with numpy, in the encoding of standard operators; every encoding is raised, written
back as standard operators, and must give the same logits. Nothing may stay opaque, and no weight may be dequantised
apart from the product that it goes into.
"""

import subprocess

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from runners import BIN, ROOT, export_onnx, import_onnx, make_feeds, open_session, run_session, run_tool

# The fused one, which onnxruntime's CPU kernels run in part only, is held against the one before: rows that are
# interleaved share the scale of their block, so that the first may be another model.
FUSED = "contrib"
ENCODINGS = ["stacked", "unrolled", FUSED]
# Blocks of 128 x 128, some partial; gate and up meet between two blocks.
SIZES = ["--layers=4", "--hidden=192", "--intermediate=160", "--expert-intermediate=128", "--experts=16",
         "--experts-per-token=2", "--heads=4", "--vocab=200", "--context=64", "--activation-type=f32"]
CONTEXT, TOKENS = 7, 5
GROUPED = ["--kv-heads=2", "--head-dim=16"]
LATENT = ["--head-dim=16", "--rope-dim=8", "--query-rank=32", "--kv-rank=64"]
MODELS = {
    "gpt-oss-20b": [*GROUPED, f"--window={CONTEXT}"],  # whose caches are of one window in one encoding
    "mixtral-8x7b": GROUPED,
    "qwen3-235b-a22b": GROUPED,
    "deepseek-v3": LATENT,
    "kimi-k2": LATENT,
    "glm-4.5": ["--kv-heads=2", "--head-dim=32"],
    "llama-4-maverick": GROUPED,
    "llama-3.1-8b": GROUPED,
}
STORAGES = ["mxfp4", "fp8", "int4"]


def generate(folder, model, storage, encoding):
    path = folder / f"{encoding}.onnx"
    subprocess.run([BIN / "inlay-model", ROOT / f"examples/configs/{model}.json", "-o", path, f"--encoding={encoding}",
                    "--random-weights", "--seed=5", f"--weights={storage}", *SIZES, *MODELS[model]], check=True)
    return path


def widen(path):
    """A copy whose products of 4-bit floats have these as f32."""
    model = onnx.load(path)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in list(model.graph.node):
        if node.op_type != "DequantizeLinear" or tensors[node.input[0]].data_type != TensorProto.FLOAT4E2M1:
            continue
        numbers, scales = (numpy_helper.to_array(tensors[name]).astype(np.float32) for name in node.input)
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        wide = numbers * np.repeat(scales, attributes["block_size"], axis=attributes["axis"])
        model.graph.initializer.append(numpy_helper.from_array(wide, node.output[0]))
        model.graph.node.remove(node)
    used = {name for node in model.graph.node for name in node.input}
    for tensor in [tensor for tensor in model.graph.initializer if tensor.name not in used]:
        model.graph.initializer.remove(tensor)
    wide = path.with_suffix(".wide.onnx")
    onnx.save(model, wide)
    return wide


def raised(path, bound):
    return run_tool("inlay-opt", f"--bind-dims={bound}", "--infer-shapes", "--raise-to-nn", "--canonicalize",
                    "--verify-nn", stdin=import_onnx(path))


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("model", MODELS)
def test_raised_models_mean_the_same(model, storage, tmp_path):
    bound = f"phase=prefill prefill-chunk={TOKENS} context={CONTEXT}"
    expected, feeds = None, {}
    for encoding in ENCODINGS:
        path = generate(tmp_path, model, storage, encoding)
        if encoding != FUSED:
            reference = export_onnx(run_tool("inlay-opt", f"--bind-dims={bound}", "--infer-shapes",
                                             stdin=import_onnx(widen(path))), tmp_path / "reference.onnx")
            feeds = feeds or make_feeds(reference, CONTEXT, TOKENS)
            expected = run_session(open_session(reference), feeds)["logits"]
            assert expected.std() > 0.1
        module = raised(path, bound)
        text = module.decode()
        assert "inlay_nn.opaque" not in text and "inlay_nn.dequantize" not in text
        assert ("inlay_nn.experts " in text) == (model != "llama-3.1-8b"), encoding
        back = export_onnx(run_tool("inlay-opt", "--convert-nn-to-onnx", stdin=module), tmp_path / "back.onnx")
        names = {value.name for value in onnx.load(back, load_external_data=False).graph.input}
        logits = run_session(open_session(back), {name: feeds[name] for name in names})["logits"]
        np.testing.assert_allclose(logits, expected, atol=1e-4 * np.abs(expected).max(), err_msg=encoding)
