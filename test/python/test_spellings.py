"""Norms, activations, biases and attributes in other words, and what looks like them and is something else.

Each model is run by onnxruntime as it is and as the raised module is written back; see test_near_misses.
"""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import moe_models
from moe_models import i64
from runners import export_onnx, open_session, run_session
from test_near_misses import check, draw, f32, has, model_of, raised


def run(build, folder, *shape, opset=20, tolerance=1e-4):
    b = moe_models.Builder()
    feeds = {"x": draw(*shape)}
    y = build(b, "x")
    return check(model_of(b.nodes, feeds, [y], {i.name: numpy_helper.to_array(i) for i in b.initializers}, opset=opset), feeds, folder, tolerance=tolerance)


# x / sqrt(mean(x^2) + epsilon), with the mean as a sum over as many.


def root_mean(b, x, mean):
    return b.op("Div", x, b.op("Sqrt", b.op("Add", mean(b, x), f32(1e-6))))


MEANS = {
    "sum times": (lambda b, x: b.op("Mul", b.op("ReduceSum", b.op("Mul", x, x), i64(-1)), f32(1 / 8)), True),
    "sum over": (lambda b, x: b.op("Div", b.op("ReduceSumSquare", x, i64(-1)), f32(8)), True),
    "over another number": (lambda b, x: b.op("Div", b.op("ReduceSumSquare", x, i64(-1)), f32(7)), False),
    "sum alone": (lambda b, x: b.op("ReduceSumSquare", x, i64(-1)), False),
    "mean over": (lambda b, x: b.op("Div", b.op("ReduceMean", b.op("Mul", x, x), i64(-1)), f32(8)), False),
}


@pytest.mark.parametrize("name", MEANS)
def test_means(name, tmp_path):
    mean, known = MEANS[name]
    ir = run(lambda b, x: root_mean(b, x, mean), tmp_path, 2, 3, 8)
    # Of other multiples of the mean the root is in gamma.
    assert has(ir, "rms_norm") and ("dense<1.0" in ir) == known, ir


# Activations.


def tanh_gelu(argument):
    return lambda b, x: b.op("Mul", b.op("Mul", x, f32(0.5)), b.op("Add", f32(1), b.op("Tanh", argument(b, x))))


def factored(number, cubic):
    def write(b, x):
        inner = b.op("Add", f32(1), b.op("Mul", b.op("Mul", f32(cubic), x), x))
        return b.op("Mul", b.op("Mul", x, f32(number)), inner)
    return write


ROOT = np.sqrt(2 / np.pi)
ACTIVATIONS = {
    "factored": (tanh_gelu(factored(ROOT, 0.044715)), " gelu_tanh "),
    "squared": (tanh_gelu(lambda b, x: b.op("Mul", b.op("Add", b.op("Mul", b.op("Mul", x, x), f32(0.044715)), f32(1)), b.op("Mul", f32(ROOT), x))), " gelu_tanh "),
    "another root": (tanh_gelu(factored(0.797, 0.044715)), None),
    "another cubic": (tanh_gelu(factored(ROOT, 0.0447)), None),
    "silu by exp": (lambda b, x: b.op("Div", x, b.op("Add", f32(1), b.op("Exp", b.op("Neg", x)))), " silu "),
    "silu by reciprocal": (lambda b, x: b.op("Mul", x, b.op("Reciprocal", b.op("Add", b.op("Exp", b.op("Mul", f32(-1), x)), f32(1)))), " silu "),
    "sigmoid": (lambda b, x: b.op("Div", f32(1), b.op("Add", f32(1), b.op("Exp", b.op("Neg", x)))), " sigmoid "),
    "exp without minus": (lambda b, x: b.op("Div", x, b.op("Add", f32(1), b.op("Exp", x))), None),
    "two and exp": (lambda b, x: b.op("Div", x, b.op("Add", f32(2), b.op("Exp", b.op("Neg", x)))), None),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_in_other_words(name, tmp_path):
    build, kind = ACTIVATIONS[name]
    ir = run(build, tmp_path, 2, 3, 8)
    assert kind in ir if kind else not any(known in ir for known in (" gelu", " silu ", " sigmoid ")), ir


# A bias has a number for each column.


@pytest.mark.parametrize("shape, known", [((8,), True), ((1, 8), True), ((1, 1, 8), True), ((8, 1), False), ((8, 1, 1), False)])
def test_biases_go_along_rows(shape, known, tmp_path):
    ir = run(lambda b, x: b.op("Add", b.op("MatMul", x, draw(8, 8)), draw(*shape)), tmp_path, 8, 8, 8)
    assert has(ir, "binary") != known, ir


@pytest.mark.parametrize("rows", [True, False])
def test_products_with_ones(rows, tmp_path):
    x = (lambda b, x: b.op("MatMul", np.ones((1, 3), "f"), x)) if rows else (lambda b, x: b.op("MatMul", x, np.ones((8, 1), "f")))
    assert has(run(x, tmp_path, 2, 3, 8), "reduce")


def gather(indices, axis=2):
    return lambda b, x: b.op("Gather", x, np.asarray(indices), axis=axis)


@pytest.mark.parametrize("indices, axis, op", [(0, 2, "slice"), (-1, 1, "slice"), ([1, 2, 3], 2, "slice"), ([0, 2, 4], 2, "slice"), ([[0, 3]], 2, "slice"),
                                               ([0, 0, 1, 1, 2, 2], 1, "broadcast"), ([0, 1, 0], 2, "gather"), ([3, 2, 1], 2, "gather"), ([0, 0, 1], 1, "gather")])
def test_places_that_are_known(indices, axis, op, tmp_path):
    ir = run(gather(indices, axis), tmp_path, 2, 3, 8)
    assert has(ir, op), ir


@pytest.mark.parametrize("dim, places", [(2, (0, 1)), (1, (1, 0))])
def test_parts_of_a_split_dim(dim, places, tmp_path):
    """[..., 8] as [..., 2, 4] or [..., 4, 2]: one of two is every second number, or a half."""
    def build(b, x):
        parts = b.op("Reshape", x, i64(2, 3, *((2, 4) if dim == 1 else (4, 2))))
        taken = [b.op("Gather", parts, moe_models.scalar(i), axis=dim + 1) for i in places]
        return b.op("Concat", *taken, axis=-1)
    ir = run(build, tmp_path, 2, 3, 8)
    assert ir.count("inlay_nn.slice") == 2 and not has(ir, "reshape"), ir


# Numbers in place of yes and no: as onnxruntime takes them.


def check_all(nodes, feeds, outputs, folder):
    """As `check`, with the bits of every output."""
    results = [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()]
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in feeds.items()]
    constants = [numpy_helper.from_array(i64(4), "k"), numpy_helper.from_array(i64(1), "axes")]
    model = helper.make_model(helper.make_graph(nodes, "g", inputs, results, constants), opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, folder / "model.onnx")
    ir = raised(folder / "model.onnx", "")
    back = export_onnx(ir, folder / "raised.onnx")
    expected, actual = (run_session(open_session(each, optimise=False), feeds) for each in (folder / "model.onnx", back))
    for name, value in expected.items():
        np.testing.assert_array_equal(actual[name], value, err_msg=name)
    return ir.decode(), onnx.load(back)


@pytest.mark.parametrize("largest", [1, 0, 2])
@pytest.mark.parametrize("is_sorted", [1, 0, 2])
def test_top_k_keeps_its_order(is_sorted, largest, tmp_path):
    node = helper.make_node("TopK", ["x", "k"], ["values", "places"], axis=-1, sorted=is_sorted, largest=largest)
    ir, back = check_all([node], {"x": draw(3, 16)}, {"values": TensorProto.FLOAT, "places": TensorProto.INT64}, tmp_path)
    attributes = {a.name: a.i for n in back.graph.node if n.op_type == "TopK" for a in n.attribute}
    assert ("unsorted" in ir) == (is_sorted != 1) and attributes.get("sorted", 1) == (is_sorted == 1), ir
    assert attributes.get("largest", 1) == (largest == 1), ir


@pytest.mark.parametrize("keepdims", [1, 0, 2, -1])
@pytest.mark.parametrize("op", ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceL2", "ArgMax"])
def test_dims_are_kept_by_one(op, keepdims, tmp_path):
    inputs, attributes = (["x"], {"axis": 1}) if op == "ArgMax" else (["x", "axes"], {})
    node = helper.make_node(op, inputs, ["y"], keepdims=keepdims, **attributes)
    check_all([node], {"x": draw(2, 3, 4)}, {"y": TensorProto.INT64 if op == "ArgMax" else TensorProto.FLOAT}, tmp_path)


@pytest.mark.parametrize("noop", [1, 0, 2])
def test_empty_axes_are_all_or_none(noop, tmp_path):
    node = helper.make_node("ReduceSum", ["x"], ["y"], noop_with_empty_axes=noop)
    check_all([node], {"x": draw(2, 3, 4)}, {"y": TensorProto.FLOAT}, tmp_path)


@pytest.mark.parametrize("is_sorted", [1, 0])
def test_unsorted_choices_that_others_see(is_sorted, tmp_path):
    """A route gives its choices in order of size: where their order is seen, only a TopK that does so is one."""
    nodes = [helper.make_node("Softmax", ["x"], ["p"], axis=-1),
             helper.make_node("TopK", ["p", "k"], ["values", "places"], axis=-1, sorted=is_sorted),
             helper.make_node("ReduceSum", ["values", "axes"], ["total"]), helper.make_node("Div", ["values", "total"], ["weights"])]
    ir, _ = check_all(nodes, {"x": draw(3, 16)}, {"weights": TensorProto.FLOAT, "places": TensorProto.INT64}, tmp_path)
    assert has(ir, "route") == bool(is_sorted), ir
