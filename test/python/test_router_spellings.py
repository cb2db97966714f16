"""Other words for the same router: functions written out, logarithms, tokens along the last dim, places; and what no route says.

Each model is run by onnxruntime as it is and as the raised module is written back; see test_near_misses.
"""

import numpy as np
import pytest
from onnx import TensorProto

import moe_models
from moe_models import Spec, i64, scalar
from runners import import_named, run_tool
from test_moe_spellings import ONE, SPEC, equal_scores, loop, one_sum, raises
from test_near_misses import check, f32, has

def with_weights(scores, weights, top_k=2):
    def write_model(spec):
        block = moe_models.Block(spec, moe_models.Weights(spec))
        b = block.b
        tokens, logits = block.logits()
        values, experts = b.op("TopK", scores(b, logits), i64(top_k), outputs=2, axis=-1)
        return block.finish(one_sum(block, b, tokens, weights(b, values), experts)), {"x": block.w.x}
    return write_model


def softmax(b, x):
    return b.op("Softmax", x, axis=-1)


def softmax_in_parts(b, x):
    e = b.op("Exp", b.op("Sub", x, b.op("ReduceMax", x, i64(-1))))
    return b.op("Div", e, b.op("ReduceSum", e, i64(-1)))


def total(b, values, kind="ReduceSum"):
    return b.op(kind, values, i64(-1))


WEIGHTS = {
    "softmax in parts": (softmax_in_parts, lambda b, v: b.op("Div", v, total(b, v)), True),
    "sigmoid in parts": (lambda b, x: b.op("Div", f32(1), b.op("Add", b.op("Exp", b.op("Neg", x)), f32(1))), lambda b, v: b.op("Div", v, total(b, v)), True),
    "sigmoid by Reciprocal": (lambda b, x: b.op("Reciprocal", b.op("Add", f32(1), b.op("Exp", b.op("Mul", x, f32(-1))))), lambda b, v: v, True),
    "times the reciprocal": (softmax, lambda b, v: b.op("Mul", b.op("Reciprocal", total(b, v)), v), True),
    "magnitudes": (softmax, lambda b, v: b.op("Div", v, total(b, v, "ReduceL1")), True),
    "magnitudes of logits": (lambda b, x: x, lambda b, v: b.op("Div", v, total(b, v, "ReduceL1")), False),
    "sum above a number": (softmax, lambda b, v: b.op("Div", v, b.op("Max", total(b, v), f32(1e-9))), True),
    "clipped sum": (softmax, lambda b, v: b.op("Div", v, b.op("Clip", total(b, v), f32(1e-12))), True),
    "sum above a large number": (softmax, lambda b, v: b.op("Div", v, b.op("Max", total(b, v), f32(0.9))), True),
    "sum of sigmoids above a number": (lambda b, x: b.op("Sigmoid", x), lambda b, v: b.op("Div", v, b.op("Max", total(b, v), f32(1e-3))), True),
    "sum below a number": (softmax, lambda b, v: b.op("Div", v, b.op("Min", total(b, v), f32(0.5))), False),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_in_other_words(name, tmp_path):
    scores, weights, known = WEIGHTS[name]
    ir = check(*with_weights(scores, weights)(SPEC), tmp_path)
    assert (raises(ir) and not has(ir, "binary")) == known, ir


def turned(scores, normalise, spec=SPEC):
    """Scores [experts, tokens], of which each column is chosen from; what is weighed is [k, tokens]."""
    block = moe_models.Block(spec, moe_models.Weights(spec))
    b = block.b
    tokens, logits = block.logits()
    values, experts = b.op("TopK", scores(b, b.op("Transpose", logits, perm=[1, 0])), i64(spec.top_k), outputs=2, axis=0)
    weights, experts = b.op("Transpose", normalise(b, values), perm=[1, 0]), b.op("Transpose", experts, perm=[1, 0])
    return block.finish(one_sum(block, b, tokens, weights, experts)), {"x": block.w.x}


TURNED = {
    "softmax": (lambda b, x: b.op("Softmax", x, axis=0), lambda b, v: b.op("Div", v, b.op("ReduceSum", v, i64(0))), " softmax_topk ", True),
    "sigmoid": (lambda b, x: b.op("Sigmoid", x), lambda b, v: b.op("Div", v, b.op("ReduceSum", v, i64(0))), " sigmoid_topk ", True),
    "softmax of the chosen": (lambda b, x: x, lambda b, v: b.op("Softmax", v, axis=0), " topk_softmax ", True),
    "softmax of each row": (lambda b, x: b.op("Softmax", x, axis=1), lambda b, v: v, " topk ", True),
    "sum of each row": (lambda b, x: b.op("Softmax", x, axis=0), lambda b, v: b.op("Div", v, b.op("ReduceSum", v, i64(1))), " softmax_topk ", False),
}


@pytest.mark.parametrize("square", [False, True])
@pytest.mark.parametrize("name", TURNED)
def test_tokens_along_the_last_dim(name, square, tmp_path):
    *build, kind, known = TURNED[name]
    ir = check(*turned(*build, Spec(tokens=4 if square else 5, hidden=8, inner=6)), tmp_path)
    assert has(ir, "experts") == known and (kind in ir or not known), ir


def test_other_choices_along_the_first_dim(tmp_path):
    """Of tokens for each expert: no choice of experts."""
    block = moe_models.Block(SPEC, moe_models.Weights(SPEC))
    b = block.b
    tokens, logits = block.logits()
    values, places = b.op("TopK", b.op("Softmax", logits, axis=-1), i64(2), outputs=2, axis=0)
    full = b.op("ScatterElements", b.fill_like(logits), places, values, axis=0)
    model = block.finish(loop(block, tokens, lambda e: b.op("Slice", full, i64(e), i64(e + 1), i64(1))))
    ir = check(model, {"x": block.w.x}, tmp_path)
    assert not has(ir, "experts"), ir


# Logarithms and norms.


def logarithms(b, x):
    return b.op("LogSoftmax", x, axis=-1)


NORMS = {
    "powers of logarithms": (logarithms, lambda b, v: b.op("Exp", v), True),
    "shares of powers": (logarithms, lambda b, v: b.op("Div", e := b.op("Exp", v), total(b, e)), True),
    "logarithms": (logarithms, lambda b, v: v, False),
    "norm of shares": (softmax, lambda b, v: b.op("LpNormalization", v, axis=-1, p=1), True),
    "norm of sigmoids": (lambda b, x: b.op("Sigmoid", x), lambda b, v: b.op("LpNormalization", v, axis=1, p=1), True),
    "norm of logits": (lambda b, x: x, lambda b, v: b.op("LpNormalization", v, axis=-1, p=1), False),
    "norm of squares": (softmax, lambda b, v: b.op("LpNormalization", v, axis=-1), False),
    "norm of tokens": (softmax, lambda b, v: b.op("LpNormalization", v, axis=0, p=1), False),
}


@pytest.mark.parametrize("name", NORMS)
def test_logarithms_and_norms(name, tmp_path):
    scores, weights, known = NORMS[name]
    ir = check(*with_weights(scores, weights)(SPEC), tmp_path)
    assert (raises(ir) and not has(ir, "binary")) == known, ir


def test_norms_of_zeros_are_zeros(tmp_path):
    """Sigmoids of which nothing is left."""
    model, feeds = with_weights(lambda b, x: b.op("Sigmoid", b.op("Sub", x, f32(1000))), lambda b, v: b.op("LpNormalization", v, axis=-1, p=1))(SPEC)
    assert has(check(model, feeds, tmp_path), "experts")


# What no route says: the node is named.


def messages(path):
    return run_tool("inlay-opt", "--bind-dims", "--infer-shapes", "--raise-to-nn", stdin=import_named(path), diagnostics=True)[1]


def thresholds(compare, least):
    def write_model():
        block = moe_models.Block(SPEC, moe_models.Weights(SPEC))
        b = block.b
        tokens, logits = block.logits()
        scores = softmax(b, logits)
        values, _ = b.op("TopK", scores, i64(2), outputs=2, axis=-1)
        bound = b.op("Slice", values, i64(1), i64(2), i64(1)) if least == "Slice" else b.op(least, values, i64(-1))
        mask = b.op(compare, scores, bound) if compare != "LessOrEqual" else b.op(compare, bound, scores)
        full = b.op("Where", mask, *((f32(0), scores) if compare == "Less" else (scores, f32(0))))
        return block.finish(loop(block, tokens, lambda e: b.op("Slice", full, i64(e), i64(e + 1), i64(1)))), {"x": block.w.x}
    return write_model


@pytest.mark.parametrize("compare, least", [("GreaterOrEqual", "Slice"), ("Less", "Slice"), ("LessOrEqual", "ReduceMin")])
def test_thresholds_are_named(compare, least, tmp_path):
    model, feeds = thresholds(compare, least)()
    check(equal_scores(model), feeds, tmp_path)
    said = messages(tmp_path / "model.onnx")
    compared, best = (next(n.name for n in model.graph.node if n.op_type == op) for op in (compare, "TopK"))
    assert (f"warning: node '{compared}' ({compare}) takes all experts whose scores reach the least of the 2 best of TopK '{best}"
            "': where scores are equal these are more than 2, which no route of 2 "
            "experts says, so what is behind it stays products that all tokens pass; export the choice by the indices of TopK") in said, said


def test_thresholds_beside_a_choice_are_no_matter(tmp_path):
    """A mask that only goes along with experts which are chosen by index."""
    block = moe_models.Block(SPEC, moe_models.Weights(SPEC))
    b = block.b
    tokens, logits = block.logits()
    scores = softmax(b, logits)
    values, experts = b.op("TopK", scores, i64(2), outputs=2, axis=-1)
    mask = b.op("Cast", b.op("GreaterOrEqual", scores, b.op("Slice", values, i64(1), i64(2), i64(1))), to=TensorProto.FLOAT)
    y = b.op("Add", one_sum(block, b, tokens, values, experts), b.op("ReduceMax", mask, i64(-1)))
    ir = check(block.finish(y), {"x": block.w.x}, tmp_path)
    assert has(ir, "experts") and "takes all experts" not in messages(tmp_path / "model.onnx"), ir


def numbered(capacity, compare="LessOrEqual", count=TensorProto.INT64):
    """Encoding B of the first choice, of tokens that are among the first `capacity` of their expert."""
    block = moe_models.Block(ONE, moe_models.Weights(ONE))
    b = block.b
    tokens, _, weights, experts = block.route()
    hot = b.op("Squeeze", b.op("OneHot", experts, scalar(ONE.experts), np.array([0, 1], np.int64), axis=-1), i64(1))
    numbers = b.op("CumSum", b.op("Cast", hot, to=count), scalar(0))
    if compare == "Less":  # from 0 on, and 0 where another was chosen
        numbers = b.op("Mul", b.op("Sub", numbers, b.op("Cast", scalar(1), to=count)), b.op("Cast", hot, to=count))
    fits = b.op(compare, numbers, b.op("Cast", scalar(capacity), to=count))
    kept = b.op("Mul", b.op("Cast", b.op("And", fits, b.op("Cast", hot, to=TensorProto.BOOL)), to=TensorProto.FLOAT), weights)
    return block.finish(loop(block, tokens, lambda e: b.op("Slice", kept, i64(e), i64(e + 1), i64(1)))), {"x": block.w.x}


@pytest.mark.parametrize("capacity", [1, 2])
def test_capacities_are_named(capacity, tmp_path):
    model, feeds = numbered(capacity)
    ir = check(model, feeds, tmp_path)
    said = messages(tmp_path / "model.onnx")
    counted, best = (next(n.name for n in model.graph.node if n.op_type == op) for op in ("CumSum", "TopK"))
    assert not has(ir, "experts"), ir
    assert (f"warning: node '{counted}' (CumSum) numbers the tokens of each expert of TopK '{best}"
            "', for places of which an expert has only so many: tokens beyond them pass no expert, which no route says, so what is behind it stays as the graph has it; export without a capacity (dropless)") in said, said


@pytest.mark.parametrize("count", [TensorProto.INT64, TensorProto.INT32, TensorProto.FLOAT])
@pytest.mark.parametrize("compare", ["LessOrEqual", "Less"])
def test_places_for_all_tokens_drop_none(compare, count, tmp_path):
    for capacity in (ONE.tokens, 64):
        ir = check(*numbered(capacity, compare, count), tmp_path)
        assert raises(ir) and "CumSum" not in messages(tmp_path / "model.onnx"), ir
    ir = check(*numbered(ONE.tokens - 1, compare, count), tmp_path)
    assert not has(ir, "experts") and "(CumSum) numbers the tokens" in messages(tmp_path / "model.onnx"), ir
