"""Prompts of thousands of tokens: what sorts them by their experts is folded, and masks are read row by row."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import moe_models
from moe_models import Spec, i64, scalar
from runners import import_onnx, run_tool
from test_near_misses import check, draw, f32, has, model_of


@pytest.mark.parametrize("tokens", [2048, 4096])
@pytest.mark.parametrize("letter", "CEF")
def test_places_of_all_choices(letter, tokens, tmp_path):
    """Of eight experts for each token."""
    spec = Spec(tokens=tokens, hidden=4, inner=4, experts=16, top_k=8)
    weights = moe_models.Weights(spec)
    ir = check(moe_models.build(letter, spec, weights), {"x": weights.x}, tmp_path)
    assert has(ir, "experts") and "opaque" not in ir and not has(ir, "gather"), ir[-3000:]


def large_tensors(starts, count, folder):
    """How many of the ranges, which begin at `starts`, are constants after shape inference, as what is made of them is."""
    nodes, outputs = [], []
    for i, start in enumerate(starts):
        nodes += [helper.make_node("Range", [f"s{start}", f"e{start}", "one"], [f"r{i}"]), helper.make_node("Add", [f"r{i}", "one"], [f"y{i}"])]
        outputs.append(helper.make_tensor_value_info(f"y{i}", TensorProto.INT64, [count]))
    ends = {f"s{start}": scalar(start) for start in starts} | {f"e{start}": scalar(start + count) for start in starts}
    constants = [numpy_helper.from_array(value, name) for name, value in ({"one": scalar(1)} | ends).items()]
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", [], outputs, constants), opset_imports=[helper.make_opsetid("", 18)], ir_version=8),
              folder / "model.onnx")
    ir = run_tool("inlay-opt", "--infer-shapes", "--mlir-elide-elementsattrs-if-larger=16", stdin=import_onnx(folder / "model.onnx")).decode()
    return len(outputs) - ir.count('"Add"')


def test_large_tensors_have_a_bound(tmp_path):
    """On memory, of which equal tensors take one share, and on time."""
    assert large_tensors([0] * 40, 1 << 18, tmp_path) == 40
    assert large_tensors(range(40), 1 << 18, tmp_path) == 15
    assert large_tensors(range(40), 1 << 10, tmp_path) == 40
    assert large_tensors([0], 1 << 19, tmp_path) == 0
    assert large_tensors([0] * 140, 1 << 18, tmp_path) == 128


def masked_scores(tokens, places, updates=None):
    """Attention under a mask of which a part is written over by ScatterND, as `mask[:, :, :, :n] = ...` becomes."""
    feeds = {name: draw(1, 2, tokens, 8, seed=i) for i, name in enumerate("qkv")}
    seen = np.tril(np.ones((tokens, tokens), bool))
    mask = np.where(seen, f32(0), np.finfo("f").min)[None, None]
    make = helper.make_node
    values = {"base": np.zeros_like(mask), "places": places, "mask": mask if updates is None else updates, "scale": f32(0.5)}
    nodes = [make("Constant", [], [name], value=numpy_helper.from_array(value)) for name, value in values.items()]
    nodes += [make("ScatterND", ["base", "places", "mask"], ["bias"]), make("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]),
              make("MatMul", ["q", "kt"], ["s0"]), make("Mul", ["s0", "scale"], ["s1"]), make("Add", ["s1", "bias"], ["masked"]),
              make("Softmax", ["masked"], ["p"], axis=-1), make("MatMul", ["p", "v"], ["y"])]
    return model_of(nodes, feeds, ["y"], {}, opset=18), feeds


def all_places(tokens):
    return np.stack(np.meshgrid([0], [0], np.arange(tokens), np.arange(tokens), indexing="ij"), -1)


def swapped(tokens):
    places = all_places(tokens)
    places[0, 0, [0, 1]] = places[0, 0, [1, 0]]
    return places


MASKS = {"all": (all_places, None, True), "from the end": (lambda n: all_places(n) - np.array([1, 1, n, n]), None, True),
         "other rows": (swapped, None, False)}


@pytest.mark.parametrize("name", MASKS)
def test_masks_that_are_written_over(name, tmp_path):
    places, updates, folds = MASKS[name]
    model, feeds = masked_scores(6, places(6), updates)
    ir = check(model, feeds, tmp_path, "phase=prefill prefill-chunk=6 context=0")
    assert has(ir, "attention") and (" bias " in ir or "causal = false" in ir or "opaque" in ir) != folds, ir


def test_part_of_a_mask_that_is_written_over(tmp_path):
    model, feeds = masked_scores(6, all_places(6)[:, :, :3], np.full((1, 1, 3, 6), f32(-1)))
    ir = check(model, feeds, tmp_path, "phase=prefill prefill-chunk=6 context=0")
    assert has(ir, "attention") and " bias " in ir, ir


# Masks that are too large to be computed at once, written as transformers does: by places of rows and columns, or with the length given.
def causal_by_places(tokens):
    make = helper.make_node
    nodes = [make("Range", ["zero", "tokens", "one"], ["at"]), make("Unsqueeze", ["at", "last"], ["row"]), make("LessOrEqual", ["at", "row"], ["seen"]),
             make("Where", ["seen", "none", "lowest"], ["flat"]), make("Unsqueeze", ["flat", "first"], ["bias"])]
    return nodes, {"zero": scalar(0), "tokens": scalar(tokens), "one": scalar(1), "last": i64(-1), "first": i64(0, 1), "none": f32(0),
                   "lowest": np.finfo("f").min}


def windowed(nodes, weights, window):
    make = helper.make_node
    nodes[3:3] = [make("Sub", ["row", "at"], ["distance"]), make("Less", ["distance", "window"], ["near"]), make("And", ["seen", "near"], ["both"])]
    nodes[6] = make("Where", ["both", "none", "lowest"], ["flat"])
    return nodes, weights | {"window": scalar(window)}


@pytest.mark.parametrize("window", [0, 1000])
def test_large_masks_are_read_row_by_row(window, tmp_path):
    tokens = 4096
    nodes, weights = causal_by_places(tokens)
    if window:
        nodes, weights = windowed(nodes, weights, window)
    make = helper.make_node
    feeds = {name: draw(1, 1, tokens, 4, seed=i) for i, name in enumerate("qkv")}
    nodes += [make("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]), make("MatMul", ["q", "kt"], ["s"]), make("Add", ["s", "bias"], ["masked"]),
              make("Softmax", ["masked"], ["p"], axis=-1), make("MatMul", ["p", "v"], ["y"])]
    ir = check(model_of(nodes, feeds, ["y"], weights, opset=18), feeds, tmp_path, f"phase=prefill prefill-chunk={tokens} context=0")
    assert has(ir, "attention") and " bias " not in ir and "causal = false" not in ir, ir
    assert (f"window = {window}" in ir) == (window > 0), ir


def test_large_masks_with_one_other_row_stay(tmp_path):
    """Only the row tells it."""
    tokens, options = 4096, "phase=prefill prefill-chunk=4096 context=0"
    nodes, weights = causal_by_places(tokens)
    make = helper.make_node
    nodes[3:3] = [make("Equal", ["row", "other"], ["is"]), make("Not", ["is"], ["is_not"]), make("Equal", ["at", "zero"], ["front"]),
                  make("Or", ["is_not", "front"], ["may"]), make("And", ["seen", "may"], ["both"])]
    nodes[8] = make("Where", ["both", "none", "lowest"], ["flat"])
    feeds = {name: draw(1, 1, tokens, 4, seed=i) for i, name in enumerate("qkv")}
    nodes += [make("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]), make("MatMul", ["q", "kt"], ["s"]), make("Add", ["s", "bias"], ["masked"]),
              make("Softmax", ["masked"], ["p"], axis=-1), make("MatMul", ["p", "v"], ["y"])]
    ir = check(model_of(nodes, feeds, ["y"], weights | {"other": scalar(1234)}, opset=18), feeds, tmp_path, options)
    assert has(ir, "attention") and " bias " in ir, ir
