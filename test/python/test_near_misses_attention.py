"""Attention that is written out in a way that almost is the known one: raised or not, it keeps what it means.

What shifts the scores, rounds on the way, hides keys twice, or keeps a state elsewhere than an attention would.
"""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from test_near_misses import check, draw, f32, has, i64, model_of

make = helper.make_node
TRANSPOSED = [make("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2])]
SHAPE = (1, 2, 4, 8)


def attention(between, weights, shape=SHAPE, extra=None, opset=19):
    """softmax of what `between` makes of the scores "s", named "masked", times the values."""
    feeds = {name: draw(*shape, seed=i) for i, name in enumerate("qkv")} | (extra or {})
    nodes = [*TRANSPOSED, make("MatMul", ["q", "kt"], ["s0"]), make("Mul", ["s0", "scale"], ["s"]), *between,
             make("Softmax", ["masked"], ["p"], axis=-1), make("MatMul", ["p", "v"], ["y"])]
    return model_of(nodes, feeds, ["y"], {"scale": f32(0.5)} | weights, opset), feeds


# The maximum of each row shifts nothing; one of each column, or of other rows, does.
SHIFTS = {
    "row": (True, SHAPE, [make("ReduceMax", ["s", "last"], ["m"])]),
    "row in another shape": (True, SHAPE, [make("ReduceMax", ["s", "last"], ["r"], keepdims=0), make("Unsqueeze", ["r", "last"], ["m"])]),
    "spread along keys": (False, (1, 1, 4, 8), [make("ReduceMax", ["s", "last"], ["m"], keepdims=0)]),
    "spread along keys of as many heads": (False, (4, 4, 4, 8), [make("ReduceMax", ["s", "last"], ["m"], keepdims=0)]),
    "turned": (False, SHAPE, [make("ReduceMax", ["s", "last"], ["r"]), make("Transpose", ["r"], ["m"], perm=[0, 1, 3, 2])]),
    "reshaped": (False, (1, 1, 4, 8), [make("ReduceMax", ["s", "last"], ["r"]), make("Reshape", ["r", "turned"], ["m"])]),
}


@pytest.mark.parametrize("name", SHIFTS)
def test_shifts_are_by_row(name, tmp_path):
    raises, shape, nodes = SHIFTS[name]
    weights = {"last": i64(-1), "turned": i64(1, 1, 1, 4)}
    model, feeds = attention([*nodes, make("Sub", ["s", "m"], ["masked"])], weights, shape)
    assert has(check(model, feeds, tmp_path), "attention") == raises


def constants(arrays):
    """Nodes whose numbers raising may read; those of an initializer are a weight's."""
    return [make("Constant", [], [name], value=numpy_helper.from_array(value)) for name, value in arrays.items()]


def through(kind, value, result):
    return [make("Cast", [value], [result + "_there"], to=kind), make("Cast", [result + "_there"], [result], to=TensorProto.FLOAT)]


ROUNDING = [TensorProto.FLOAT8E4M3FN, TensorProto.BFLOAT16, TensorProto.FLOAT16]


@pytest.mark.parametrize("kind, raises", [(TensorProto.DOUBLE, True), *((kind, False) for kind in ROUNDING)])
@pytest.mark.parametrize("place", ["scores", "probabilities"])
def test_rounded_scores_stay_rounded(place, kind, raises, tmp_path):
    nodes = through(kind, "s", "masked") if place == "scores" else [make("Identity", ["s"], ["masked"])]
    model, feeds = attention(nodes, {})
    if place == "probabilities":
        last = model.graph.node[-1]
        model.graph.node.remove(last)
        model.graph.node.extend([*through(kind, "p", "rounded"), make("MatMul", ["rounded", "v"], ["y"])])
    assert has(check(model, feeds, tmp_path, tolerance=1e-6), "attention") == raises


def norm_of(x, squared):
    return [make("Mul", [squared, squared], ["square"]), make("ReduceMean", ["square", "last"], ["mean"]), make("Add", ["mean", "eps"], ["sum"]),
            make("Sqrt", ["sum"], ["root"]), make("Div", [x, "root"], ["n"])]


# Where a value is rounded, and whether an op of its own can still follow or come before.
ROUNDED = {
    "what is divided": (lambda kind: [*through(kind, "x", "r"), *norm_of("r", "x"), make("Identity", ["n"], ["y"])], None),
    "what is squared": (lambda kind: [*through(kind, "x", "r"), *norm_of("x", "r"), make("Identity", ["n"], ["y"])], None),
    "input": (lambda kind: [*through(kind, "x", "r"), *norm_of("r", "r"), make("Identity", ["n"], ["y"])], "rms_norm"),
    "result": (lambda kind: [*norm_of("x", "x"), *through(kind, "n", "y")], "rms_norm"),
    "sigmoid": (lambda kind: [make("Sigmoid", ["x"], ["g"]), *through(kind, "g", "r"), make("Mul", ["x", "r"], ["y"])], None),
    "what sigmoid reads": (lambda kind: [*through(kind, "x", "r"), make("Sigmoid", ["r"], ["g"]), make("Mul", ["x", "g"], ["y"])], None),
}


@pytest.mark.parametrize("kind", ROUNDING)
@pytest.mark.parametrize("name", ROUNDED)
def test_what_norms_and_activations_round_stays_rounded(name, kind, tmp_path):
    build, kept = ROUNDED[name]
    feeds = {"x": draw(2, 3, 8)}
    ir = check(model_of(build(kind), feeds, ["y"], {"last": i64(-1), "eps": f32(1e-5)}, opset=19), feeds, tmp_path, tolerance=1e-6)
    assert has(ir, "rms_norm") == (kept == "rms_norm") and " silu" not in ir, ir


@pytest.mark.parametrize("kind, raises", [(TensorProto.FLOAT16, False), (TensorProto.FLOAT8E4M3FN, True)])
def test_constants_are_rounded_as_the_graph_does(kind, raises, tmp_path):
    """An exponent of 2.1 is 2 in eight bits."""
    feeds = {"x": np.abs(draw(2, 3, 8))}
    nodes = [*through(kind, "exponent", "e"), make("Pow", ["x", "e"], ["square"]), *norm_of("x", "x")[1:], make("Identity", ["n"], ["y"])]
    weights = {"exponent": f32(2.1), "last": i64(-1), "eps": f32(1e-5)}
    assert has(check(model_of(nodes, feeds, ["y"], weights, opset=19), feeds, tmp_path), "rms_norm") == raises


# Two masks, of which each hides other keys: all keys of one query are hidden, and what is left of them decides.
FILLS = {"-1e4": -1e4, "-1e9": -1e9, "lowest": np.finfo("f").min, "infinity": -np.inf}
MASKS = [(kind, fill) for kind in ("where", "add") for fill in FILLS]
LEFT = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 1, 1], [1, 1, 1, 0]], bool)
RIGHT = np.array([[1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 1], [1, 1, 1, 1]], bool)


def apply(kind, fill, seen, value, result):
    """Nodes and constants of one mask."""
    if kind == "where":
        return [make("Where", [result + "_seen", value, result + "_fill"], [result])], {result + "_seen": seen, result + "_fill": f32(FILLS[fill])}
    return [make("Add", [value, result + "_bias"], [result])], {result + "_bias": np.where(seen, f32(0), f32(FILLS[fill]))}


def says_the_same(inner, outer, given):
    """Whether one addend can say it: numbers that are chosen far apart, and beside them addends of infinity, if known."""
    chosen = [fill for kind, fill in (inner, outer) if kind == "where" and fill != "infinity"]
    added = [fill for kind, fill in (inner, outer) if kind == "add"]
    if not chosen or not added or chosen == ["lowest"]:
        return True
    return not given and added == ["infinity"]


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("inner", MASKS, ids="_".join)
def test_two_masks_are_one_after_the_other(inner, given, tmp_path):
    nodes, weights, extra, expected = [*TRANSPOSED, make("MatMul", ["q", "kt"], ["s"])], {}, {}, 0
    outputs = []
    for outer in MASKS:
        name = "_".join(outer)
        first, one = apply(*inner, LEFT, "s", name + "1")
        second, two = apply(*outer, RIGHT, name + "1", name + "2")
        fills = {key: value for key, value in (one | two).items() if key.endswith("_fill")}
        masks = {key: value for key, value in (one | two).items() if key not in fills}
        weights |= fills
        extra |= masks if given else {}
        nodes += [] if given else constants(masks)
        nodes += [*first, *second, make("Softmax", [name + "2"], [name + "p"], axis=-1), make("MatMul", [name + "p", "v"], [name])]
        outputs.append(name)
        expected += says_the_same(inner, outer, given)
    feeds = {name: draw(1, 2, 4, 8, seed=i) for i, name in enumerate("qkv")} | extra
    ir = check(model_of(nodes, feeds, outputs, weights, opset=19), feeds, tmp_path)
    assert ir.count("inlay_nn.softmax ") == len(MASKS) - expected < len(MASKS), ir


# States. An attention keeps its new keys behind the context, and sees no more than these.

CONTEXT, TOKENS, LENGTH = 5, 2, 8
OPTIONS = f"phase=prefill prefill-chunk={TOKENS} context={CONTEXT}"


def over_buffer(indices, mask, operator=False, given=(), initializer=False):
    """Attention over a buffer that is written at `indices`, None for no such input; written out, or the operator."""
    feeds = {name: draw(1, 2, TOKENS, 8, seed=i) for i, name in enumerate("qkv")}
    feeds |= {"old_k": draw(1, 2, LENGTH, 8, seed=7), "old_v": draw(1, 2, LENGTH, 8, seed=8)} | dict(given)
    masks = {} if mask is None or "mask" in feeds else {"mask": mask}
    weights = {"scale": f32(8**-0.5)} | (masks if initializer else {})
    at = [] if indices is None else ["at"]
    if isinstance(indices, int):
        weights["at"] = i64(indices)
    elif indices is not None:
        feeds["at"] = i64(CONTEXT)
    nodes = [*constants({} if initializer else masks), make("TensorScatter", ["old_k", "k", *at], ["new_k"]), make("TensorScatter", ["old_v", "v", *at], ["new_v"])]
    if operator:
        nodes.append(make("Attention", ["q", "new_k", "new_v", *(["mask"] if mask is not None else [])], ["y"], is_causal=int(mask is None)))
    else:
        nodes += [make("Transpose", ["new_k"], ["kt"], perm=[0, 1, 3, 2]), make("MatMul", ["q", "kt"], ["s0"]), make("Mul", ["s0", "scale"], ["s"])]
        nodes += [make("Add" if mask is not None else "Identity", ["s", "mask"] if mask is not None else ["s"], ["masked"]),
                  make("Softmax", ["masked"], ["p"], axis=-1), make("MatMul", ["p", "new_v"], ["y"])]
    return model_of(nodes, feeds, ["y", "new_k", "new_v"], weights, opset=24), feeds


def seen_from(first, ahead=0):
    keys, rows = np.arange(LENGTH)[None], np.arange(TOKENS)[:, None]
    return np.where(keys <= rows + first + ahead, f32(0), f32(-np.inf))


@pytest.mark.parametrize("operator", [False, True])
@pytest.mark.parametrize("indices, fuses", [(None, False), (0, False), (3, False), (CONTEXT, True), ("given", True)])
def test_states_are_written_behind_the_context(indices, fuses, operator, tmp_path):
    first = CONTEXT if indices == "given" else indices or 0
    model, feeds = over_buffer(indices, seen_from(first), operator)
    ir = check(model, feeds, tmp_path, OPTIONS)
    assert (" past " in ir) == fuses and has(ir, "cache_write") != fuses, ir


def test_scatters_without_indices_are_no_state_of_a_causal_operator(tmp_path):
    model, feeds = over_buffer(None, None, operator=True)
    assert " past " not in check(model, feeds, tmp_path, OPTIONS)


@pytest.mark.parametrize("mask, fuses", [(None, False), (np.zeros((TOKENS, LENGTH), "f"), False), (seen_from(CONTEXT, ahead=2), False),
                                         (seen_from(CONTEXT, ahead=1)[-1:], False), (seen_from(CONTEXT), True)])
def test_what_is_not_written_yet_stays_seen(mask, fuses, tmp_path):
    model, feeds = over_buffer("given", mask)
    ir = check(model, feeds, tmp_path, OPTIONS)
    assert (" past " in ir) == fuses, ir


def test_masks_that_are_weights_may_show_anything(tmp_path):
    model, feeds = over_buffer("given", np.zeros((TOKENS, LENGTH), "f"), initializer=True)
    assert " past " not in check(model, feeds, tmp_path, OPTIONS)


def test_masks_that_are_given_hide_what_is_not_written(tmp_path):
    mask = seen_from(CONTEXT)
    model, feeds = over_buffer("given", mask, given={"mask": mask})
    assert " past " in check(model, feeds, tmp_path, OPTIONS)
