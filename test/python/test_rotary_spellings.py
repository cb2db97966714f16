"""Rotary embeddings written out: by tables of half or full width, turned either way, on halves, pairs or parts of a head.

Each model is run by onnxruntime as it is and as the raised module is written back; see test_near_misses. Tables are initializers, of which raising reads
no number, so whether both columns of a pair are equal must not matter.
"""

import numpy as np
import pytest

import moe_models
from moe_models import i64
from test_near_misses import check, draw, f32, has, model_of

BATCH, HEADS, TOKENS, DIM, CONTEXT = 2, 3, 4, 8, 3
OPTIONS = f"phase=prefill prefill-chunk={TOKENS} batch={BATCH} context={CONTEXT}"


class Rotary(moe_models.Builder):
    """A rotary embedding of x [batch, heads, tokens, d]."""

    def __init__(self, pairs=False, rotated=DIM, order="BHSD", positions=1):
        super().__init__()
        shape = (BATCH, HEADS, TOKENS, DIM) if order == "BHSD" else (BATCH, TOKENS, HEADS, DIM)
        steps = np.broadcast_to(CONTEXT + np.arange(TOKENS), (positions, TOKENS))
        self.feeds = {"x": draw(*shape), "position_ids": steps.astype(np.int64)}
        self.pairs, self.rotated, self.head_dim = pairs, rotated, 1 if order == "BHSD" else 2

    def tables(self, different=False):
        """Cosines and sines [16, d]; with `different`, no two columns are equal."""
        angles = np.outer(np.arange(16), 10.0 ** -np.arange(self.rotated // 2))
        full = np.repeat(angles, 2, -1) if self.pairs else np.concatenate([angles, angles], -1)
        return [(f(full) + different * np.arange(self.rotated)).astype("f") for f in (np.cos, np.sin)]

    def rows(self, table):
        return self.op("Unsqueeze", self.op("Gather", table, "position_ids", axis=0), i64(self.head_dim))

    def doubled(self, table):
        """Rows of a table of half width, twice."""
        half = self.op("Gather", table[:, ::2].copy() if self.pairs else table[:, :self.rotated // 2].copy(), "position_ids", axis=0)
        if self.pairs:
            each = self.op("Unsqueeze", half, i64(-1))
            both = self.op("Reshape", self.op("Concat", each, each, axis=-1), i64(-1, TOKENS, self.rotated))
        else:
            both = self.op("Concat", half, half, axis=-1)
        return self.op("Unsqueeze", both, i64(self.head_dim))

    def parts(self, x):
        start, step = (i64(1), i64(2)) if self.pairs else (i64(self.rotated // 2), i64(1))
        return (self.op("Slice", x, i64(0), i64(2**62) if self.pairs else start, i64(-1), step), self.op("Slice", x, start, i64(2**62), i64(-1), step))

    def turned(self, x, signs=(-1, 1), negate=None):
        negate = negate or (lambda value: self.op("Neg", value))
        first, second = self.parts(x)
        new = [negate(value) if sign < 0 else value for value, sign in zip((second, first), signs)]
        if not self.pairs:
            return self.op("Concat", *new, axis=-1)
        new = [self.op("Unsqueeze", value, i64(-1)) for value in new]
        return self.op("Reshape", self.op("Concat", *new, axis=-1), self.op("Shape", x))

    def finish(self, y):
        return model_of(self.nodes, self.feeds, [y], {i.name: moe_models.numpy_helper.to_array(i) for i in self.initializers}, opset=18), self.feeds


def write(b, cos, sin, x="x", join="Add", swapped=False, **turn):
    straight, turned = (b.op("Mul", *(pair[::-1] if swapped else pair)) for pair in ((x, cos), (b.turned(x, **turn), sin)))
    return b.op(join, *((turned, straight) if swapped and join == "Add" else (straight, turned)))


def raises(ir):
    return has(ir, "rotary") and not has(ir, "concat") and "opaque" not in ir


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("join", ["Add", "Sub"])
@pytest.mark.parametrize("signs", [(-1, 1), (1, -1)])
@pytest.mark.parametrize("pairs", [False, True])
def test_turns_either_way(pairs, signs, join, known, tmp_path):
    b = Rotary(pairs)
    caches = [b.doubled(t) if known else b.rows(t) for t in b.tables()]
    ir = check(*b.finish(write(b, *caches, join=join, signs=signs)), tmp_path, OPTIONS)
    # What the graph doubles is halved again.
    assert raises(ir) and ("full_width" in ir) != known and ("neg" in ir) == ((signs == (1, -1)) != (join == "Sub")), ir


@pytest.mark.parametrize("pairs", [False, True])
def test_tables_may_hold_anything(pairs, tmp_path):
    """Columns of a pair that differ are no rotation, and stay as they are."""
    b = Rotary(pairs)
    ir = check(*b.finish(write(b, *map(b.rows, b.tables(different=True)))), tmp_path, OPTIONS)
    assert raises(ir) and "full_width" in ir, ir


@pytest.mark.parametrize("pairs", [False, True])
def test_signs_may_be_in_the_table(pairs, tmp_path):
    b = Rotary(pairs)
    cos, sin = b.tables()
    sin = sin * np.where(np.arange(DIM) % 2 == 0 if pairs else np.arange(DIM) < DIM // 2, -1, 1).astype("f")
    ir = check(*b.finish(write(b, b.rows(cos), b.rows(sin), signs=(1, 1))), tmp_path, OPTIONS)
    assert raises(ir), ir


@pytest.mark.parametrize("how", ["mul", "sub", "swapped", "tokens first", "positions of each batch", "part", "part of pairs"])
def test_other_words(how, tmp_path):
    b = Rotary(pairs="pairs" in how, rotated=4 if "part" in how else DIM, order="BSHD" if how == "tokens first" else "BHSD",
               positions=BATCH if "each" in how else 1)
    negate = {"mul": lambda value: b.op("Mul", value, f32(-1)), "sub": lambda value: b.op("Sub", f32(0), value)}.get(how)
    x, rest = b.op("Split", "x", i64(4, DIM - 4), outputs=2, axis=-1) if "part" in how else ("x", None)
    y = write(b, *map(b.rows, b.tables()), x=x, swapped=how == "swapped", negate=negate)
    ir = check(*b.finish(b.op("Concat", y, rest, axis=-1) if rest else y), tmp_path, OPTIONS)
    assert raises(ir), ir


@pytest.mark.parametrize("table", ["sliced", "of the step"])
def test_tables_without_positions(table, tmp_path):
    b = Rotary()
    rows = slice(CONTEXT, CONTEXT + TOKENS)
    caches = [b.constant(t[rows][None, None]) if table == "of the step" else b.op("Slice", t[None, None], i64(rows.start), i64(rows.stop), i64(2))
              for t in b.tables()]
    b.op("Add", "position_ids", i64(0))
    assert raises(check(*b.finish(write(b, *caches)), tmp_path, OPTIONS))


@pytest.mark.parametrize("how", ["gather", "slice", "split"])
@pytest.mark.parametrize("signs", ["SubAdd", "AddSub"])
def test_complex_numbers(signs, how, tmp_path):
    """Pairs as a dim of their own, real and imaginary parts apart."""
    b = Rotary(order="BSHD")
    cos, sin = (b.rows(t[:, :DIM // 2].copy()) for t in b.tables())
    pairs = b.op("Reshape", "x", i64(BATCH, TOKENS, HEADS, DIM // 2, 2))
    if how == "gather":
        real, imaginary = (b.op("Gather", pairs, moe_models.scalar(i), axis=4) for i in (0, 1))
    elif how == "slice":
        real, imaginary = (b.op("Squeeze", b.op("Slice", pairs, i64(i), i64(i + 1), i64(4)), i64(4)) for i in (0, 1))
    else:
        real, imaginary = (b.op("Squeeze", part, i64(4)) for part in b.op("Split", pairs, i64(1, 1), outputs=2, axis=4))
    first = b.op(signs[:3], b.op("Mul", real, cos), b.op("Mul", imaginary, sin))
    second = b.op(signs[3:], b.op("Mul", imaginary, cos), b.op("Mul", real, sin))
    both = b.op("Concat", *(b.op("Unsqueeze", value, i64(4)) for value in (first, second)), axis=4)
    ir = check(*b.finish(b.op("Reshape", both, i64(BATCH, TOKENS, HEADS, DIM))), tmp_path, OPTIONS)
    assert raises(ir) and "interleaved" in ir, ir


def other_input(b, cos, sin):
    return b.op("Add", b.op("Mul", "x", cos), b.op("Mul", b.turned(b.op("Tanh", "x")), sin))


def both_negated(b, cos, sin):
    return write(b, cos, sin, signs=(-1, -1))


def other_product(b, cos, sin):
    return b.op("Sub", b.op("Mul", b.turned("x"), sin), b.op("Mul", "x", cos))


def in_place(b, cos, sin):
    first, second = b.parts("x")
    return b.op("Add", b.op("Mul", "x", cos), b.op("Mul", b.op("Concat", b.op("Neg", first), second, axis=-1), sin))


@pytest.mark.parametrize("spelling", [other_input, both_negated, other_product, in_place])
def test_near_misses_of_rotations(spelling, tmp_path):
    b = Rotary()
    ir = check(*b.finish(spelling(b, *map(b.rows, b.tables()))), tmp_path, OPTIONS)
    assert not has(ir, "rotary"), ir


def test_layouts_that_differ_rotate_by_full_tables(tmp_path):
    """Halves turn, by angles that are doubled for pairs: no column is the other's."""
    b = Rotary()
    b.pairs = True
    caches = [b.doubled(t) for t in b.tables()]
    b.pairs = False
    ir = check(*b.finish(write(b, *caches)), tmp_path, OPTIONS)
    assert has(ir, "rotary") and "full_width" in ir, ir
