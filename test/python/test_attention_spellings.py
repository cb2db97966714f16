"""Attention written out in the words of many exporters: copied heads, heads in one dim, sinks, softmax in parts.

Each model is run by onnxruntime as it is and as the raised module is written back; see test_near_misses.
"""

import copy

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import moe_models
from moe_models import i64, scalar
from test_near_misses import check, draw, f32, has, model_of

BATCH, HEADS, KV, DIM, TOKENS, CONTEXT = 1, 4, 2, 8, 3, 5
LENGTH = CONTEXT + TOKENS
OPTIONS = f"phase=prefill prefill-chunk={TOKENS} context={CONTEXT}"
GROUP = HEADS // KV

# How key/value heads [batch, kv, length, d] are copied for the heads that share them.
COPIES = {
    "expand": lambda b, t: b.op("Reshape", b.op("Expand", b.op("Unsqueeze", t, i64(2)), i64(1, 1, GROUP, 1, 1)), i64(BATCH, HEADS, LENGTH, DIM)),
    "tile": lambda b, t: b.op("Reshape", b.op("Tile", b.op("Unsqueeze", t, i64(2)), i64(1, 1, GROUP, 1, 1)), i64(BATCH, HEADS, LENGTH, DIM)),
    "gather": lambda b, t: b.op("Gather", t, np.repeat(np.arange(KV), GROUP), axis=1),
    "concat": lambda b, t: b.op("Reshape", b.op("Concat", *[b.op("Unsqueeze", t, i64(2))] * GROUP, axis=2), i64(BATCH, HEADS, LENGTH, DIM)),
}


def softmax_in_parts(b, s):
    e = b.op("Exp", b.op("Sub", s, b.op("ReduceMax", s, i64(-1))))
    return b.op("Div", e, b.op("ReduceSum", e, i64(-1)))


def written(copies="expand", keys="scores", softmax=lambda b, s: b.op("Softmax", s, axis=-1), mask=True, heads="apart"):
    """softmax(q k^T / sqrt(d) + mask) v with a past; `keys` is where the scale stands, `heads` whether these share a dim with the batch."""
    b = moe_models.Builder()
    feeds = {"q": draw(BATCH, HEADS, TOKENS, DIM), "k": draw(BATCH, KV, TOKENS, DIM, seed=1), "v": draw(BATCH, KV, TOKENS, DIM, seed=2),
             "past_key_values.0.key": draw(BATCH, KV, CONTEXT, DIM, seed=3), "past_key_values.0.value": draw(BATCH, KV, CONTEXT, DIM, seed=4)}
    states = [b.op("Concat", f"past_key_values.0.{name}", new, axis=2) for name, new in (("key", "k"), ("value", "v"))]
    q, (k, v), scale = "q", states, f32(DIM**-0.5)
    if heads in ("grouped", "copied"):
        q = b.op("Reshape", q, i64(BATCH, KV, GROUP, TOKENS, DIM))
        k, v = (b.op("Unsqueeze", t, i64(2)) for t in (k, v))
        if heads == "copied":
            k, v = (b.op("Expand", t, i64(1, 1, GROUP, 1, 1)) for t in (k, v))
    else:
        k, v = (COPIES[copies](b, t) for t in (k, v))
    if heads == "joined":
        q, k, v = (b.op("Reshape", t, i64(BATCH * HEADS, -1, DIM)) for t in (q, k, v))
    if keys == "both":
        q, k = (b.op("Mul", t, f32(DIM**-0.25)) for t in (q, k))
    if keys == "query":
        q = b.op("Mul", q, scale)
    rank = {"apart": 4, "grouped": 5, "copied": 5, "joined": 3}[heads]
    s = b.op("MatMul", q, b.op("Transpose", k, perm=[*range(rank - 2), rank - 1, rank - 2]))
    if keys == "scores":
        s = b.op("Mul", s, scale)
    seen = np.arange(LENGTH)[None] <= np.arange(TOKENS)[:, None] + CONTEXT
    causal = b.op("Constant", value=numpy_helper.from_array(np.where(seen, f32(0), np.finfo("f").min)[None, None]))
    if heads == "joined":
        s = b.op("Reshape", s, i64(BATCH, HEADS, TOKENS, LENGTH))
    if mask:
        s = b.op("Add", s, b.op("Unsqueeze", causal, i64(2)) if rank == 5 else causal)
    if heads == "joined":
        s = b.op("Reshape", s, i64(BATCH * HEADS, TOKENS, LENGTH))
    y = b.op("Reshape", b.op("MatMul", softmax(b, s), v), i64(BATCH, HEADS, TOKENS, DIM))
    y = b.op("Reshape", b.op("Transpose", y, perm=[0, 2, 1, 3]), i64(BATCH, TOKENS, HEADS * DIM))
    outputs = [b.op("Identity", t) for t in (y, *states)]
    return model_of(b.nodes, feeds, outputs, {i.name: numpy_helper.to_array(i) for i in b.initializers}, opset=18), feeds


# Scores that are kept from getting too low, as OPT's are: behind the mask, so that a query that sees no key sees all alike.

LOWEST = np.finfo("f").min


def bounded(number, order="score bound", heads="apart"):
    def softmax(b, s):
        s = b.op("Reshape", s, i64(BATCH, HEADS, TOKENS, LENGTH)) if heads == "joined" else s
        s = b.op("Max", s, f32(number)) if order == "score bound" else b.op("Max", f32(number), s)
        s = b.op("Reshape", s, i64(BATCH * HEADS, TOKENS, LENGTH)) if heads == "joined" else s
        return b.op("Softmax", s, axis=-1)
    return softmax


@pytest.mark.parametrize("order", ["score bound", "bound score"])
@pytest.mark.parametrize("heads", ["apart", "grouped", "copied", "joined"])
def test_scores_that_are_bounded_below(heads, order, tmp_path):
    for ir in check_disturbed(*written(softmax=bounded(LOWEST, order, heads), heads=heads), tmp_path):
        assert " bias " not in ir, ir


@pytest.mark.parametrize("number", [-2, -100, 0.5])
def test_scores_that_are_bounded_where_scores_are(number, tmp_path):
    ir = check(*written(softmax=bounded(number)), tmp_path, OPTIONS)
    assert not has(ir, "attention"), ir


@pytest.mark.parametrize("bound", [None, LOWEST])
def test_bounded_scores_of_queries_without_keys(bound, tmp_path):
    """They see all keys alike; without the bound they are no numbers."""
    def softmax(b, s):
        seen = np.ones((1, 1, TOKENS, LENGTH), bool)
        seen[0, 0, 1] = False
        s = b.op("Add", s, b.op("Constant", value=numpy_helper.from_array(np.where(seen, f32(0), -np.inf).astype("f"))))
        return (bounded(bound)(b, s) if bound else b.op("Softmax", s, axis=-1))
    ir = check(*written(softmax=softmax, mask=False), tmp_path, OPTIONS)
    assert has(ir, "attention") and " bias " in ir, ir


def hidden_twice(first, second, floor):
    """A query without keys, all of which are hidden by `first`, and every other by `second` thereafter."""
    def softmax(b, s):
        for at, number in enumerate((first, second)):
            seen = np.ones((1, 1, TOKENS, LENGTH), bool)
            seen[0, 0, 1, ::2 if at else 1] = False
            s = b.op("Where", b.op("Constant", value=numpy_helper.from_array(seen)), s, f32(number))
        return bounded(floor)(b, s)
    return softmax


@pytest.mark.parametrize("first, second, floor, raises", [
    (-1e9, -1e10, LOWEST, True), (-1e9, -1e9, LOWEST, True), (LOWEST, LOWEST, LOWEST, True), (-1e9, -np.inf, LOWEST, True),
    (-1e9, -1e10, -2e12, False), (-1e12, -1e20, -1.5e30, False), (-1e9, -np.inf, -1e31, False), (LOWEST, -np.inf, LOWEST, False)])
def test_bounds_stay_in_order_with_what_hides_keys(first, second, floor, raises, tmp_path):
    """A bound is not raised above, or to, a number that hides fewer keys."""
    ir = check(*written(softmax=hidden_twice(first, second, floor), mask=False), tmp_path, OPTIONS)
    assert has(ir, "attention") == raises, ir


@pytest.mark.parametrize("floor, raises", [(LOWEST, True), (-1e30, True), (-2e12, False)])
def test_bounds_below_large_scores(floor, raises, tmp_path):
    """Of scores of 1e7 something is left beside -1e12."""
    def softmax(b, s):
        blind = np.zeros((1, 1, TOKENS, LENGTH), "f")
        blind[0, 0, 1] = -np.inf
        return bounded(floor)(b, b.op("Add", s, b.op("Constant", value=numpy_helper.from_array(blind))))
    model, feeds = written(softmax=softmax, mask=False)
    ir = check(model, feeds | {name: feeds[name] * f32(3e3) for name in ("q", "k", "past_key_values.0.key")}, tmp_path, OPTIONS)
    assert has(ir, "attention") == raises, ir


# A scale behind the mask, as CodeGen has it.


def scaled_last(number, factor):
    b = moe_models.Builder()
    feeds = {"q": draw(1, HEADS, TOKENS, DIM), "k": draw(1, HEADS, LENGTH, DIM, seed=1), "v": draw(1, HEADS, LENGTH, DIM, seed=2)}
    s = b.op("MatMul", "q", b.op("Transpose", "k", perm=[0, 1, 3, 2]))
    seen = np.arange(LENGTH)[None] <= np.arange(TOKENS)[:, None] + CONTEXT
    s = b.op("Div", b.op("Add", s, np.where(seen, f32(0), f32(number))[None, None]), f32(factor))
    y = b.op("MatMul", b.op("Softmax", s, axis=-1), "v")
    return model_of(b.nodes, feeds, [y], {i.name: numpy_helper.to_array(i) for i in b.initializers}, opset=18), feeds


@pytest.mark.parametrize("number, folds", [(-np.inf, True), (LOWEST, True), (-3, False), (-2e4, False)])
def test_masks_that_are_scaled_with_the_scores(number, folds, tmp_path):
    """A mask that is scaled until it hides nothing is none."""
    model, feeds = scaled_last(number, DIM**0.5 if folds else 1e4)
    ir = check(model, feeds, tmp_path, OPTIONS)
    assert has(ir, "attention") and (" bias " in ir) != folds and ("causal = false" in ir) != folds, ir


# Distances weighted by head beside a mask (ALiBi).


SLOPES = 2.0 ** -np.arange(1, HEADS + 1, dtype="f")[:, None]


def with_distances(heads="apart", distances=lambda b: b.op("Mul", SLOPES, b.op("Cast", b.op("Range", scalar(0), scalar(LENGTH), scalar(1)), to=TensorProto.FLOAT))):
    def softmax(b, s):
        row = b.op("Unsqueeze", distances(b), i64(1) if heads == "joined" else i64(0, 2))
        return b.op("Softmax", b.op("Add", s, row), axis=-1)
    return written(softmax=softmax, heads=heads)


def test_distances_beside_a_mask(tmp_path):
    for ir in check_disturbed(*with_distances(), tmp_path):
        assert " bias " in ir and "causal = false" not in ir and " past " in ir, ir


def test_distances_far_into_a_text(tmp_path):
    """Places are as large as what hides keys, but are known for places."""
    far = 200_000
    ir = check(*with_distances(distances=lambda b: b.op("Mul", SLOPES, b.op("Cast", b.op("Range", scalar(far), scalar(far + LENGTH), scalar(1)), to=TensorProto.FLOAT))),
               tmp_path, OPTIONS)
    assert " bias " in ir and "causal = false" not in ir, ir


def test_distances_of_joined_heads(tmp_path):
    """They are added to scores of [heads, tokens, length], the mask to those of [1, heads, tokens, length]."""
    b = moe_models.Builder()
    feeds = {"q": draw(1, HEADS, TOKENS, DIM), "k": draw(1, HEADS, LENGTH, DIM, seed=1), "v": draw(1, HEADS, LENGTH, DIM, seed=2)}
    q, k, v = (b.op("Reshape", name, i64(HEADS, -1, DIM)) for name in "qkv")
    s = b.op("Mul", b.op("MatMul", q, b.op("Transpose", k, perm=[0, 2, 1])), f32(DIM**-0.5))
    row = b.op("Unsqueeze", b.op("Mul", SLOPES, np.arange(LENGTH, dtype="f")), i64(1))
    s = b.op("Reshape", b.op("Add", row, s), i64(1, HEADS, TOKENS, LENGTH))
    seen = np.arange(LENGTH)[None] <= np.arange(TOKENS)[:, None] + CONTEXT
    s = b.op("Add", s, np.where(seen, f32(0), LOWEST)[None, None])
    p = b.op("Reshape", b.op("Softmax", s, axis=-1), i64(HEADS, TOKENS, LENGTH))
    y = b.op("Reshape", b.op("MatMul", p, v), i64(1, HEADS, TOKENS, DIM))
    model = model_of(b.nodes, feeds, [y], {i.name: numpy_helper.to_array(i) for i in b.initializers}, opset=18)
    ir = check(model, feeds, tmp_path, OPTIONS)
    assert has(ir, "attention") and " bias " in ir and "causal = false" not in ir and not has(ir, "softmax"), ir


@pytest.mark.parametrize("number, splits", [(-1e5, True), (-1e37, True), (LOWEST, False), (-np.inf, False)])
def test_distances_that_hide_keys_are_no_distances(number, splits, tmp_path):
    """A query whose own keys they hide as well as the mask does sees what that hides."""
    row = np.zeros((HEADS, LENGTH), "f")
    row[1, :CONTEXT + 1] = number
    row[2] = np.arange(LENGTH)
    ir = check(*with_distances(distances=lambda b: b.op("Constant", value=numpy_helper.from_array(row))), tmp_path, OPTIONS)
    assert has(ir, "attention") and " bias " in ir and ("causal = false" in ir) != splits, ir


# A mask of the prompt beside one of padding, of which all keys that a query may see can be.


PAD = np.array([1] * 6 + [0, 0], "f").reshape(1, 1, 1, LENGTH)
PADDINGS = {
    "chosen": lambda b, number: b.op("Mul", b.op("Sub", f32(1), "pad"), f32(number)),
    "constant": lambda b, number: b.op("Constant", value=numpy_helper.from_array(((1 - PAD) * f32(number)))),
    "given": lambda b, number: "given",
    "by two factors": lambda b, number: b.op("Mul", b.op("Mul", b.op("Sub", f32(1), "pad"), f32(-100)), f32(number / -100)),
}


@pytest.mark.parametrize("causal, number, splits", [
    (-1e4, -1e4, ()), (-65504, -65504, ()), (-1e4, -5e4, ()), (-1e5, -9e4, ()), (LOWEST, LOWEST, ()),
    (-1e4, -400, ("chosen", "constant", "by two factors")), (-1e9, -1e4, ("chosen", "constant", "by two factors")),
    (LOWEST, -65504, ("chosen", "constant", "by two factors")), (-np.inf, -65504, PADDINGS)])
@pytest.mark.parametrize("form", PADDINGS)
def test_masks_beside_padding(form, causal, number, splits, tmp_path):
    """What hides the future is taken apart only where a query that sees nothing but padding sees no more than that then."""
    b = moe_models.Builder()
    pad = 1 - PAD if number != LOWEST else PAD  # the first tokens are padding, or the last
    feeds = {"q": draw(1, HEADS, TOKENS, DIM), "k": draw(1, HEADS, LENGTH, DIM, seed=1), "v": draw(1, HEADS, LENGTH, DIM, seed=2)}
    feeds |= {"pad": pad} if form in ("chosen", "by two factors") else {}
    feeds |= {"given": (1 - pad) * f32(number)} if form == "given" else {}
    s = b.op("Mul", b.op("MatMul", "q", b.op("Transpose", "k", perm=[0, 1, 3, 2])), f32(DIM**-0.5))
    seen = np.arange(LENGTH)[None] <= np.arange(TOKENS)[:, None] + CONTEXT
    s = b.op("Add", s, b.op("Constant", value=numpy_helper.from_array(np.where(seen, 0, causal).astype("f")[None, None])))
    s = b.op("Add", s, PADDINGS[form](b, number))
    y = b.op("MatMul", b.op("Softmax", s, axis=-1), "v")
    model = model_of(b.nodes, feeds, [y], {i.name: numpy_helper.to_array(i) for i in b.initializers}, opset=18)
    ir = check(model, feeds, tmp_path, OPTIONS)
    assert has(ir, "attention") and " bias " in ir and ("causal = false" in ir) != (form in splits), ir


# Parts of a packed projection taken by constant indices.


@pytest.mark.parametrize("index", [1, -1])
def test_parts_by_one_index(index, tmp_path):
    x = draw(2, 3, 4, 8)
    b = moe_models.Builder()
    y = b.op("GatherND", b.op("Transpose", b.op("Add", "x", "x"), perm=[2, 0, 1, 3]), np.array([[index]]))
    model = model_of(b.nodes, {"x": x}, [y], {i.name: numpy_helper.to_array(i) for i in b.initializers}, opset=18)
    ir = check(model, {"x": x}, tmp_path)
    assert has(ir, "slice") and not has(ir, "gather") and "opaque" not in ir, ir


@pytest.mark.parametrize("form, raises", [
    (lambda b, t: b.op("Expand", b.op("Unsqueeze", t, i64(2)), i64(1, 3, 8)), True),
    (lambda b, t: b.op("Tile", b.op("Unsqueeze", t, i64(2)), i64(1, 1, 8)), True),
    (lambda b, t: b.op("Concat", *[b.op("Unsqueeze", b.op("Add", t, scalar(i)), i64(2)) for i in range(8)], axis=2), False),
    (lambda b, t: b.op("Expand", b.op("Reshape", t, i64(1, 1, 3)), i64(1, 2, 3)), False),
], ids=["expanded", "tiled", "one for each", "along another dim"])
def test_rows_by_elements(form, raises, tmp_path):
    """GPT-J's angles of positions."""
    table = draw(1, 16, 8)
    b = moe_models.Builder()
    feeds = {"x": draw(1, 3, 8), "rows": np.array([[5, 0, 2]])}
    picked = b.op("GatherElements", b.op("Mul", table, f32(2)), form(b, "rows"), axis=1)
    y = b.op("ReduceSum", picked, keepdims=0) if not raises else b.op("Add", "x", picked)
    model = model_of(b.nodes, feeds, [y], {i.name: numpy_helper.to_array(i) for i in b.initializers}, opset=18)
    ir = check(model, feeds, tmp_path)
    assert ("opaque" not in ir) == raises, ir


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_places_that_are_counted_in_the_graph(dtype, tmp_path):
    """OPT counts the tokens of its mask to find the rows of a table."""
    table = draw(64, 8)
    b = moe_models.Builder()
    counts = b.op("CumSum", b.op("ConstantOfShape", i64(1, 20), value=numpy_helper.from_array(np.ones(1, dtype))), scalar(1, np.int32))
    rows = b.op("Cast", b.op("Add", counts, scalar(1, dtype)), to=TensorProto.INT64)
    y = b.op("Add", "x", b.op("Gather", table, rows, axis=0))
    feeds = {"x": draw(1, 20, 8)}
    model = model_of(b.nodes, feeds, [y], {i.name: numpy_helper.to_array(i) for i in b.initializers}, opset=18)
    ir = check(model, feeds, tmp_path, "phase=prefill prefill-chunk=20 context=0")
    assert "opaque" not in ir, ir


def check_disturbed(model, feeds, folder):
    """As it is, and with idle nodes, in another order."""
    for seed in (None, 0, 1):
        changed = copy.deepcopy(model)
        if seed is not None:
            moe_models.disturb(changed, seed)
        (folder / str(seed)).mkdir()
        ir = check(changed, feeds, folder / str(seed), OPTIONS)
        assert has(ir, "attention") and "opaque" not in ir and not has(ir, "softmax"), ir
        yield ir


@pytest.mark.parametrize("copies", COPIES)
def test_copied_heads_and_the_state(copies, tmp_path):
    for ir in check_disturbed(*written(copies), tmp_path):
        assert " past " in ir and f"kv_heads = {KV}" in ir and "causal = false" not in ir, ir


@pytest.mark.parametrize("keys", ["query", "both", "scores"])
def test_scales_of_query_and_key(keys, tmp_path):
    for ir in check_disturbed(*written(keys=keys), tmp_path):
        assert " past " in ir, ir


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("heads", ["joined", "grouped", "copied"])
def test_dims_of_heads(heads, mask, tmp_path):
    for ir in check_disturbed(*written(heads=heads, mask=mask), tmp_path):
        assert ("causal = false" in ir) != mask and (heads == "joined" or (" past " in ir and f"kv_heads = {KV}" in ir)), ir


@pytest.mark.parametrize("keys", [True, False])
def test_copies_of_keys_or_values_alone_are_kept(keys, tmp_path):
    """Each query has a key, or a value, of its own: heads do not share both."""
    model, feeds = written(heads="copied", mask=False)
    copy_node = [n for n in model.graph.node if n.op_type == "Expand"][0 if keys else 1]
    at = list(model.graph.node).index(copy_node)
    kept = copy_node.output[0]
    copy_node.output[0] = "copied"
    model.graph.initializer.append(numpy_helper.from_array(draw(1, KV, GROUP, LENGTH, DIM, seed=7), "own"))
    model.graph.node.insert(at + 1, helper.make_node("Add", ["copied", "own"], [kept]))
    check(model, feeds, tmp_path, OPTIONS)


@pytest.mark.parametrize("heads", ["joined", "grouped", "copied"])
def test_dims_of_heads_in_a_step_of_one_token(heads, tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "TOKENS", 1)
    monkeypatch.setitem(globals(), "LENGTH", CONTEXT + 1)
    model, feeds = written(heads=heads)
    ir = check(model, feeds, tmp_path, f"context={CONTEXT}")
    assert has(ir, "attention") and not has(ir, "softmax"), ir


def test_softmax_in_parts(tmp_path):
    for ir in check_disturbed(*written(softmax=softmax_in_parts), tmp_path):
        assert " past " in ir, ir


# A softmax whose maximum or sum is of other elements.
NO_SOFTMAX = {
    "sum of other rows": lambda b, s: b.op("Div", e := b.op("Exp", b.op("Sub", s, b.op("ReduceMax", s, i64(-1)))), b.op("ReduceSum", e, i64(-2))),
    "maximum of other rows": lambda b, s: b.op("Div", e := b.op("Exp", b.op("Sub", s, b.op("ReduceMax", s, i64(-2)))), b.op("ReduceSum", e, i64(-1))),
    "sum of others": lambda b, s: b.op("Div", b.op("Exp", b.op("Sub", s, b.op("ReduceMax", s, i64(-1)))), b.op("ReduceSum", b.op("Exp", s), i64(-1))),
}


@pytest.mark.parametrize("name", NO_SOFTMAX)
def test_what_is_no_softmax(name, tmp_path):
    ir = check(*written(softmax=NO_SOFTMAX[name], mask=False), tmp_path, OPTIONS)
    assert not has(ir, "attention") and not has(ir, "softmax"), ir


# Sinks: a column of the scores that is dropped again.


def with_sinks(column):
    """`column` makes it of a builder."""
    def softmax(b, s):
        all_scores = b.op("Concat", s, column(b), axis=-1)
        shifted = b.op("Sub", all_scores, b.op("ReduceMax", all_scores, i64(-1)))
        return b.op("Slice", b.op("Softmax", shifted, axis=-1), i64(0), i64(-1), i64(-1))
    return written(softmax=softmax)


SINKS = draw(1, HEADS, 1, 1, seed=9)
BY_QUERY = draw(1, HEADS, TOKENS, 1, seed=10)


def initializer(numbers):
    return lambda b: b.constant(np.broadcast_to(numbers, (BATCH, HEADS, TOKENS, 1)).copy())


def constant_node(numbers):
    return lambda b: b.op("Constant", value=numpy_helper.from_array(np.broadcast_to(numbers, (BATCH, HEADS, TOKENS, 1)).copy()))


@pytest.mark.parametrize("column, raises", [
    (lambda b: b.op("Expand", SINKS, i64(BATCH, 1, TOKENS, 1)), True),
    (lambda b: b.op("Expand", b.op("Reshape", SINKS.reshape(-1), i64(1, -1, 1, 1)), i64(BATCH, -1 + 2, TOKENS, 1)), True),
    (initializer(SINKS), True), (constant_node(SINKS), True), (initializer(BY_QUERY), False), (constant_node(BY_QUERY), False),
], ids=["expanded", "reshaped", "initializer", "constant", "initializer by query", "constant by query"])
def test_sinks(column, raises, tmp_path):
    ir = check(*with_sinks(column), tmp_path, OPTIONS)
    assert (" sinks " in ir) == raises and has(ir, "softmax") != raises, ir
