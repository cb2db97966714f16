"""QuantizeLinear of what a model computes: division, rounding and bounds as typed operations, with the numbers of onnxruntime, bit for bit."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from runners import export_onnx, open_session, run_session
from test_near_misses import draw, f32, has, model_of, raised

TYPES = {"uint8": 130, "int8": -3, "uint16": 40000, "int16": 11}


def same(nodes, feeds, weights, folder, opset=21):
    """The raised module, once all outputs are the same."""
    model = model_of(nodes, feeds, ["y"], weights, opset)
    path = folder / "model.onnx"
    onnx.save(model, path)
    module = raised(path, "")
    back = export_onnx(module, folder / "raised.onnx")
    expected, actual = (run_session(open_session(each, optimise=False), feeds)["y"] for each in (path, back))
    np.testing.assert_array_equal(actual, expected)
    return module.decode()


def there_and_back(inputs, **attributes):
    return [helper.make_node("QuantizeLinear", ["x", *inputs], ["q"], **attributes),
            helper.make_node("DequantizeLinear", ["q", *inputs], ["y"], **attributes)]


@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("kind", TYPES)
def test_rounds_as_onnxruntime(kind, zero, tmp_path):
    """Halves to the even neighbour, what is too large to the largest."""
    halves = (np.arange(-40, 40, dtype="f") + f32(0.5)) * f32(0.25)
    feeds = {"x": np.concatenate([halves, draw(80) * 40, np.array([1e9, -1e9, 0, -0.0], "f")]).reshape(4, 41)}
    weights = {"scale": f32(0.25), "zero": np.array(TYPES[kind] if zero else 0, kind)}
    if kind == "uint8" and not zero:
        ir = same(there_and_back(["scale"]), feeds, weights, tmp_path)
    else:
        ir = same(there_and_back(["scale", "zero"]), feeds, weights, tmp_path)
    assert "opaque" not in ir and " round " in ir, ir


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_scales_along_a_dim(axis, tmp_path):
    feeds = {"x": draw(3, 3, 3) * 9}
    weights = {"scale": np.array([0.1, 0.02, 0.3], "f"), "zero": np.array([3, 128, 250], np.uint8)}
    ir = same(there_and_back(["scale", "zero"], axis=axis), feeds, weights, tmp_path)
    assert "opaque" not in ir, ir


def test_tokens_before_a_product(tmp_path):
    feeds = {"x": draw(2, 3, 16)}
    nodes = there_and_back(["scale", "zero"])
    nodes[1].output[0] = "d"
    nodes.append(helper.make_node("MatMul", ["d", "w"], ["y"]))
    ir = same(nodes, feeds, {"scale": f32(0.05), "zero": np.array(128, np.uint8), "w": draw(16, 8)}, tmp_path)
    assert has(ir, "lm_head") and "opaque" not in ir, ir


@pytest.mark.parametrize("kind", ["blocks", "floats"])
def test_what_stays_opaque(kind, tmp_path):
    feeds = {"x": draw(4, 4)}
    if kind == "blocks":
        ir = same(there_and_back(["scale", "zero"], axis=1, block_size=2), feeds,
                  {"scale": np.abs(draw(4, 2)), "zero": np.zeros((4, 2), np.int8)}, tmp_path)
    else:
        nodes = [helper.make_node("QuantizeLinear", ["x", "scale"], ["q"], output_dtype=TensorProto.FLOAT8E4M3FN),
                 helper.make_node("DequantizeLinear", ["q", "scale"], ["y"])]
        ir = same(nodes, feeds, {"scale": f32(0.5)}, tmp_path)
    assert 'opaque "QuantizeLinear"' in ir, ir
