"""Experts that are put together in a way which raising does not read: the router is named, and what it means stays.

Each model is run by onnxruntime as it is and as the raised module is written back; see test_near_misses.
"""

import numpy as np
import pytest
from onnx import TensorProto

import moe_models
from moe_models import Spec, i64, scalar
from runners import import_named, run_tool
from test_near_misses import check, f32, has

ONE = Spec(tokens=5, hidden=8, inner=6, top_k=1, renormalize=False)
UNREAD = ("experts, but no sum of their outputs, each times its weight, is behind it, so what is there stays as the graph has it; "
          "export experts whose weighted outputs are added up")
DROPS = "for places of which an expert has only so many: tokens beyond them pass no expert, which no route says"


def messages(path):
    return run_tool("inlay-opt", "--bind-dims", "--infer-shapes", "--raise-to-nn", stdin=import_named(path), diagnostics=True)[1]


def assigned(capacity):
    """Switch Transformers: the rows of each expert are assigned to what is there, which the weight of each token multiplies in the end."""
    block = moe_models.Block(ONE, moe_models.Weights(ONE))
    b = block.b
    tokens, logits = block.logits()
    scores = b.op("Softmax", logits, axis=-1)
    hot = b.op("OneHot", b.op("ArgMax", scores, axis=-1, keepdims=0), scalar(ONE.experts), i64(0, 1), axis=-1)
    fits = b.op("Cast", b.op("LessOrEqual", b.op("CumSum", hot, scalar(-2)), scalar(capacity)), to=TensorProto.INT64)
    mask = b.op("Cast", b.op("Mul", hot, fits), to=TensorProto.BOOL)
    result = b.fill_like(tokens)
    for e in range(ONE.experts):
        rows = b.op("Transpose", b.op("NonZero", b.op("Gather", mask, scalar(e), axis=1)), perm=[1, 0])
        result = b.op("ScatterND", result, rows, block.mlp(b.op("GatherND", tokens, rows), e))
    return block.finish(b.op("Mul", result, b.op("ReduceMax", scores, i64(-1), keepdims=1))), {"x": block.w.x}


@pytest.mark.parametrize("capacity, drops", [(1, True), (64, False)])
def test_assigned_rows_are_named(capacity, drops, tmp_path):
    """By the reason that there is: where all tokens have places, none is dropped."""
    model, feeds = assigned(capacity)
    ir = check(model, feeds, tmp_path)
    said = messages(tmp_path / "model.onnx")
    assert has(ir, "experts") or ((DROPS in said) == drops and (UNREAD in said) != drops), said
    assert not (drops and has(ir, "experts")), ir


def test_numbers_of_tokens_that_were_traced_are_named(tmp_path):
    """Tokens are sorted by their experts and cut by constants: those of the sample input."""
    block = moe_models.Block(ONE, moe_models.Weights(ONE))
    b = block.b
    tokens, _, weights, experts = block.route()
    flat = b.op("Reshape", experts, i64(-1))
    _, order = b.op("TopK", flat, i64(ONE.tokens), outputs=2, axis=0, largest=0, sorted=1)
    runs = b.op("Split", b.op("Gather", tokens, order, axis=0), i64(2, 1, 1, 1), outputs=4, axis=0)
    y = b.op("Mul", b.op("Concat", *(block.mlp(x, e) for e, x in enumerate(runs)), axis=0), b.op("Gather", weights, order, axis=0))
    rows = b.op("Expand", b.op("Unsqueeze", order, i64(1)), b.op("Shape", y))
    model = block.finish(b.op("ScatterElements", b.fill_like(tokens), rows, y, axis=0, reduction="add"))
    ir = check(model, {"x": block.w.x}, tmp_path)
    said = messages(tmp_path / "model.onnx")
    best = next(n.name for n in model.graph.node if n.op_type == "TopK")
    assert not has(ir, "experts") and f"warning: node '{best}' (TopK) chooses from 4 {UNREAD}" in said, said


def test_experts_that_are_raised_are_not_named(tmp_path):
    for letter in "BCDEF":
        weights = moe_models.Weights(ONE)
        check(moe_models.build(letter, ONE, weights), {"x": weights.x}, tmp_path)
        assert UNREAD not in messages(tmp_path / "model.onnx")


# Dispatch by products with one-hot places, as GShard writes it: dispatch [T, E, C], x to [E, C, H] and back.


def dispatched(capacity):
    block = moe_models.Block(ONE, moe_models.Weights(ONE))
    b = block.b
    tokens, _, weights, experts = block.route()
    hot = b.op("Squeeze", b.op("OneHot", experts, scalar(ONE.experts), np.array([0, 1], "f"), axis=-1), i64(1))
    place = b.op("Mul", b.op("Sub", b.op("CumSum", hot, scalar(0)), f32(1)), hot)
    kept = b.op("Mul", hot, b.op("Cast", b.op("Less", place, f32(capacity)), to=TensorProto.FLOAT))
    place = b.op("Cast", b.op("ReduceSum", place, i64(1), keepdims=0), to=TensorProto.INT64)
    places = b.op("OneHot", place, scalar(capacity), np.array([0, 1], "f"), axis=-1)
    dispatch = b.op("Mul", b.op("Unsqueeze", kept, i64(2)), b.op("Unsqueeze", places, i64(1)))
    inputs = b.op("Einsum", dispatch, tokens, equation="tec,th->ech")
    outputs = block.mlp(inputs, slice(None))
    y = b.op("Einsum", dispatch, outputs, equation="tec,ech->th")
    return block.finish(b.op("Mul", y, weights)), {"x": block.w.x}


@pytest.mark.parametrize("capacity", [1, 5, 8])
def test_dispatch_by_products_is_named(capacity, tmp_path):
    model, feeds = dispatched(capacity)
    ir = check(model, feeds, tmp_path)
    said = messages(tmp_path / "model.onnx")
    assert not has(ir, "experts"), ir
    assert (DROPS in said) != (UNREAD in said) and (DROPS in said or capacity >= ONE.tokens), said
