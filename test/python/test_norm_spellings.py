"""Norms by lengths, by moments and with their products folded together, and what looks like them and is something else.

Each model is run by onnxruntime as it is and as the raised module is written back; see test_near_misses.
"""

import numpy as np
import pytest
from onnx import TensorProto, helper

from moe_models import i64
from test_near_misses import check, draw, f32, has, messages, model_of
from test_spellings import run

WIDTH = 8
GAMMA, BETA = (draw(WIDTH, seed=seed) for seed in (1, 2))


def times(b, value, number):
    return b.op("Mul", value, f32(number))


# x over its length, which is the root of the mean of squares times the root of the width.


def length(b, x, op="ReduceL2"):
    return b.op("Sqrt", b.op("ReduceSumSquare", x, i64(-1))) if op == "squares" else b.op(op, x, i64(-1), keepdims=1)


LENGTHS = {
    "length times root": lambda b, x: b.op("Div", x, times(b, length(b, x), WIDTH**-0.5)),
    "length over root": lambda b, x: b.op("Div", x, b.op("Div", length(b, x), f32(WIDTH**0.5))),
    "unit times root": lambda b, x: times(b, b.op("Div", x, length(b, x)), WIDTH**0.5),
    "root of squares": lambda b, x: times(b, b.op("Div", x, length(b, x, "squares")), WIDTH**0.5),
    "LpNormalization": lambda b, x: times(b, b.op("LpNormalization", x, axis=-1, p=2), WIDTH**0.5),
    "kept from zero": lambda b, x: times(b, b.op("Div", x, b.op("Max", length(b, x), f32(1e-12))), WIDTH**0.5),
    "expanded": lambda b, x: times(b, b.op("Div", x, b.op("Expand", b.op("Clip", length(b, x), f32(1e-12)), i64(1, 1, WIDTH))), WIDTH**0.5),
    "by reciprocal": lambda b, x: b.op("Mul", x, b.op("Div", f32(WIDTH**0.5), length(b, x))),
}


@pytest.mark.parametrize("gamma", [False, True])
@pytest.mark.parametrize("name", LENGTHS)
def test_lengths(name, gamma, tmp_path):
    ir = run(lambda b, x: b.op("Mul", LENGTHS[name](b, x), GAMMA) if gamma else LENGTHS[name](b, x), tmp_path, 2, 3, WIDTH)
    assert has(ir, "rms_norm") and not has(ir, "binary") and ("dense<1.0" in ir) != gamma, ir


def kept(least):
    return lambda b, x: b.op("Div", x, b.op("Clip", length(b, x), f32(least)))


ROWS_OF_ZEROS = {
    "Max": (LENGTHS["kept from zero"], True), "LpNormalization": (LENGTHS["LpNormalization"], True), "Clip 1e-12": (kept(1e-12), True),
    "Clip 1e-16": (kept(1e-16), True), "Clip 1e-20": (kept(1e-20), False), "Clip 1e-30": (kept(1e-30), False), "Clip 1.2e-38": (kept(1.2e-38), False),
    "not kept": (LENGTHS["unit times root"], True),
}


@pytest.mark.parametrize("name", ROWS_OF_ZEROS)
def test_a_row_of_zeros_stays_one(name, tmp_path):
    """What keeps the length from zero is kept, unless f32 has no square of it."""
    write, raises = ROWS_OF_ZEROS[name]
    rows = np.ones((2, 3, WIDTH), "f")
    rows[0, 1] = 0
    ir = run(lambda b, x: write(b, b.op("Mul", x, rows)), tmp_path, 2, 3, WIDTH)
    assert has(ir, "rms_norm") == raises, ir


@pytest.mark.parametrize("least", [1e-12, 1e-16, 1e-20])
def test_rows_longer_than_what_keeps_them_from_zero(least, tmp_path):
    run(lambda b, x: kept(least)(b, times(b, x, least * 100)), tmp_path, 2, 3, WIDTH)


@pytest.mark.parametrize("axis", [1, -1])
def test_units_of_halves(axis, tmp_path):
    """Of a row of zeros, too, and of one whose squares are too small for halves."""
    rows = np.array([1, 0, 1e-3], np.float16)[None, :, None] if axis == -1 else np.array([1, 0] * 4, np.float16)

    def write(b, x):
        half = b.op("Mul", b.op("Cast", x, to=TensorProto.FLOAT16), rows)
        return b.op("Cast", b.op("LpNormalization", half, axis=axis, p=2), to=TensorProto.FLOAT)
    ir = run(write, tmp_path, 2, 3, WIDTH, tolerance=2e-3)
    assert "opaque" not in ir and has(ir, "rms_norm") == (axis == -1), ir


@pytest.mark.parametrize("op, dtype, raises", [("ReduceL2", np.int32, False), ("ReduceL2", np.int64, False), ("ReduceSumSquare", np.int32, True),
                                               ("ReduceL1", np.int32, True), ("ReduceL2", np.float32, True)])
def test_lengths_of_integers(op, dtype, raises, tmp_path):
    feeds = {"x": np.arange(24).reshape(3, 8).astype(dtype)}
    nodes = [helper.make_node(op, ["x", "axes"], ["length"]), helper.make_node("Cast", ["length"], ["y"], to=TensorProto.FLOAT)]
    ir = check(model_of(nodes, feeds, ["y"], {"axes": i64(-1)}, opset=18), feeds, tmp_path)
    assert ("opaque" not in ir) == raises, ir
    assert ("takes the root of integers" not in messages(tmp_path / "model.onnx")) == raises


OTHER_LENGTHS = {
    "of magnitudes": lambda b, x: b.op("Div", x, length(b, x, "ReduceL1")),
    "of another dim": lambda b, x: b.op("Div", x, b.op("ReduceL2", x, i64(1), keepdims=1)),
    "of another value": lambda b, x: b.op("Div", x, length(b, times(b, x, 2))),
    "kept from one half": lambda b, x: b.op("Div", x, b.op("Max", length(b, x), f32(2.5))),
    "kept below": lambda b, x: b.op("Div", x, b.op("Min", length(b, x), f32(2.5))),
    "plus a number": lambda b, x: b.op("Div", x, b.op("Add", length(b, x), f32(0.5))),
}


@pytest.mark.parametrize("name", OTHER_LENGTHS)
def test_other_lengths_are_kept(name, tmp_path):
    assert not has(run(OTHER_LENGTHS[name], tmp_path, 2, 3, WIDTH), "rms_norm")


def test_units_are_norms_of_one_number(tmp_path):
    """Without the root of the width the norm's gamma has it."""
    ir = run(lambda b, x: b.op("Div", x, b.op("Sqrt", b.op("Add", b.op("ReduceSumSquare", x, i64(-1)), f32(0.5)))), tmp_path, 2, 3, WIDTH)
    assert has(ir, "rms_norm") and "epsilon = 6.250000e-02" in ir, ir


# The factors of a norm folded together.


def inverse(b, variance, epsilon=1e-3):
    return b.op("Reciprocal", b.op("Sqrt", b.op("Add", variance, f32(epsilon))))


def mean(b, x, axis=-1):
    return b.op("ReduceMean", x, i64(axis), keepdims=1)


def square(b, x):
    return b.op("Mul", x, x)


def difference(b, x):
    return b.op("Sub", x, mean(b, x))


def moments(b, x):
    return b.op("Sub", mean(b, square(b, x)), square(b, mean(b, x)))


VARIANCES = {
    "of differences": lambda b, x: mean(b, square(b, difference(b, x))),
    "of the sample": lambda b, x: b.op("Div", b.op("ReduceSumSquare", difference(b, x), i64(-1)), f32(WIDTH - 1)),
    "by moments": moments,
    "by moments from zero": lambda b, x: b.op("Max", moments(b, x), f32(0)),
    "by moments, relu": lambda b, x: b.op("Relu", moments(b, x)),
}


def unfolded(b, x, variance=VARIANCES["of differences"], offset=lambda b, m, s: b.op("Sub", BETA, b.op("Mul", m, s)), gamma=True, final="Add"):
    """x * s + (beta - mean * s), as TensorFlow's batch_normalization has it."""
    s = inverse(b, variance(b, x))
    s = b.op("Mul", s, GAMMA) if gamma else s
    return b.op(final, b.op("Mul", x, s), offset(b, mean(b, x), s))


OFFSETS = {
    "beta minus": (lambda b, m, s: b.op("Sub", BETA, b.op("Mul", m, s)), "Add"),
    "minus": (lambda b, m, s: b.op("Neg", b.op("Mul", s, m)), "Add"),
    "of the negated mean": (lambda b, m, s: b.op("Mul", b.op("Neg", m), s), "Add"),
    "of the negated mean and beta": (lambda b, m, s: b.op("Add", b.op("Mul", b.op("Neg", m), s), BETA), "Add"),
    "subtracted": (lambda b, m, s: b.op("Mul", m, s), "Sub"),
}


@pytest.mark.parametrize("gamma", [False, True])
@pytest.mark.parametrize("name", OFFSETS)
def test_layer_norms_by_scale_and_offset(name, gamma, tmp_path):
    offset, final = OFFSETS[name]
    ir = run(lambda b, x: unfolded(b, x, offset=offset, gamma=gamma, final=final), tmp_path, 2, 3, WIDTH)
    assert has(ir, "layer_norm") and not has(ir, "binary") and not has(ir, "reduce"), ir


@pytest.mark.parametrize("name", VARIANCES)
def test_variances(name, tmp_path):
    ir = run(lambda b, x: unfolded(b, x, VARIANCES[name]), tmp_path, 2, 3, WIDTH)
    assert has(ir, "layer_norm") and not has(ir, "reduce"), ir


@pytest.mark.parametrize("name", VARIANCES)
def test_variances_of_differences_times_their_inverse(name, tmp_path):
    ir = run(lambda b, x: b.op("Add", b.op("Mul", difference(b, x), b.op("Mul", GAMMA, inverse(b, VARIANCES[name](b, x)))), BETA), tmp_path, 2, 3, WIDTH)
    assert has(ir, "layer_norm") and not has(ir, "reduce"), ir


def test_gamma_times_the_inverse(tmp_path):
    ir = run(lambda b, x: b.op("Mul", x, b.op("Mul", inverse(b, mean(b, square(b, x))), GAMMA)), tmp_path, 2, 3, WIDTH)
    assert has(ir, "rms_norm") and not has(ir, "binary"), ir


def test_doubles_in_between(tmp_path):
    def write(b, x):
        wide = b.op("Cast", x, to=TensorProto.DOUBLE)
        s = b.op("Reciprocal", b.op("Sqrt", b.op("Add", mean(b, square(b, difference(b, wide))), np.float64(1e-3))))
        y = b.op("Sub", b.op("Mul", wide, s), b.op("Mul", mean(b, wide), s))
        return b.op("Cast", y, to=TensorProto.FLOAT)
    ir = run(write, tmp_path, 2, 3, WIDTH)
    assert has(ir, "layer_norm") and not has(ir, "reduce"), ir


NO_LAYER_NORMS = {
    "mean of another": lambda b, x: unfolded(b, x, offset=lambda b, m, s: b.op("Sub", BETA, b.op("Mul", mean(b, times(b, x, 2)), s))),
    "mean of another dim": lambda b, x: unfolded(b, x, offset=lambda b, m, s: b.op("Sub", BETA, b.op("Mul", mean(b, x, 1), s))),
    "mean times another": lambda b, x: unfolded(b, x, offset=lambda b, m, s: b.op("Sub", BETA, b.op("Mul", m, b.op("Mul", s, f32(1.1))))),
    "mean added": lambda b, x: unfolded(b, x, offset=lambda b, m, s: b.op("Add", BETA, b.op("Mul", m, s))),
    "beta subtracted": lambda b, x: unfolded(b, x, offset=lambda b, m, s: b.op("Add", BETA, b.op("Mul", m, s)), final="Sub"),
    "variance of another": lambda b, x: unfolded(b, x, lambda b, x: VARIANCES["of differences"](b, times(b, x, 2))),
    "squares alone": lambda b, x: unfolded(b, x, lambda b, x: mean(b, square(b, x))),
    "moments of others": lambda b, x: unfolded(b, x, lambda b, x: b.op("Sub", mean(b, square(b, x)), square(b, mean(b, times(b, x, 0.5))))),
    "a row that is added": lambda b, x: unfolded(b, x, offset=lambda b, m, s: b.op("Sub", b.op("Mul", x, BETA), b.op("Mul", m, s))),
}


@pytest.mark.parametrize("name", NO_LAYER_NORMS)
def test_what_is_no_layer_norm(name, tmp_path):
    ir = run(NO_LAYER_NORMS[name], tmp_path, 2, 3, WIDTH)
    assert not has(ir, "layer_norm"), ir


def test_long_chains_of_factors_are_read_once(tmp_path):
    """Not from each of them back to the first."""
    def write(b, x):
        for _ in range(3000):
            x = b.op("Div", b.op("Mul", x, f32(2)), f32(2))
        return x
    run(write, tmp_path, 1, 2, WIDTH)
