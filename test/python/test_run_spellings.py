"""Tokens that are split by the number that each expert has, as experts that are lists of linear layers have it.

Each model is run by onnxruntime as it is and as the raised module is written back; see test_near_misses.
"""

import numpy as np
import pytest
from onnx import TensorProto

import moe_models
from moe_models import Spec, i64, scalar
from test_moe_spellings import raises
from test_near_misses import check, f32, has

SPEC = Spec(tokens=5, hidden=8, inner=6)


class Runs:
    """Encoding F by Split; what a test changes is a method."""

    def __init__(self, spec):
        self.block = moe_models.Block(spec, moe_models.Weights(spec))
        self.b, self.spec = self.block.b, spec

    def mask(self, experts):
        spec, b = self.spec, self.b
        return b.op("ScatterElements", np.zeros((spec.tokens, spec.experts), "f"), experts, np.ones((spec.tokens, spec.top_k), "f"), axis=1)

    def counts(self, experts):
        return self.b.op("ReduceSum", self.b.op("Cast", self.mask(experts), to=TensorProto.INT64), i64(0), keepdims=0)

    def apart(self, counts):
        """As a list of numbers that are put together again."""
        b, sizes = self.b, []
        for e in range(self.spec.experts):
            size = b.op("Squeeze", b.op("Slice", counts, i64(e), i64(e + 1), i64(0)), i64(0))
            sizes.append(b.op("Reshape", b.op("Gather", b.op("Reshape", size, i64(-1)), scalar(0), axis=0), i64(-1)))
        return b.op("Concat", *sizes, axis=0)

    def token(self, order):
        """order / k, rounded towards zero in floats."""
        b = self.b
        quotient = b.op("Div", b.op("Cast", order, to=TensorProto.FLOAT), f32(self.spec.top_k))
        whole = b.op("Mul", b.op("Floor", b.op("Abs", quotient)), b.op("Sign", quotient))
        return b.op("Cast", whole, to=TensorProto.INT64)

    def layer(self, x, sizes, matrices):
        """Each part times its matrix, put together."""
        b = self.b
        parts = b.op("Split", x, sizes, outputs=self.spec.experts, axis=0)
        return b.op("Concat", *(self.linear(part, *matrix) for part, matrix in zip(parts, matrices)), axis=0)

    def linear(self, x, matrix, bias):
        return self.b.op("Gemm", x, matrix, transB=1) if bias is None else self.b.op("Gemm", x, matrix, bias, transB=1)

    def activation(self, y):
        b, halves = self.b, (y, y)
        if self.spec.gated:
            halves = b.op("Split", y, outputs=2, axis=1, num_outputs=2)
        return self.block.activate(*halves)

    def second(self, inner, sizes, matrices):
        return self.layer(inner, sizes, matrices)

    def build(self):
        spec, b = self.spec, self.b
        tokens, _, weights, experts = self.block.route()
        sizes = self.apart(self.counts(experts))
        _, order = b.op("TopK", b.op("Reshape", experts, i64(-1)), i64(spec.tokens * spec.top_k), outputs=2, axis=0, largest=0, sorted=1)
        token = self.token(order)
        x = b.op("GatherND", tokens, b.op("Unsqueeze", token, i64(-1)))
        weight = b.op("GatherND", b.op("Reshape", weights, i64(-1)), b.op("Unsqueeze", order, i64(-1)))
        all_matrices = [self.block.matrices(e) for e in range(spec.experts)]
        inner = self.activation(self.layer(x, sizes, [first[0] for first, _ in all_matrices]))
        y = self.second(inner, sizes, [down for _, down in all_matrices])
        y = b.op("Mul", y, b.op("Unsqueeze", weight, i64(1)))
        y = b.op("ScatterND", np.zeros((spec.tokens, spec.hidden), "f"), b.op("Unsqueeze", token, i64(1)), y, reduction="add")
        return self.block.finish(y), {"x": self.block.w.x}


@pytest.mark.parametrize("spec", [
    dict(layout="halves"), dict(layout="halves", tokens=1), dict(layout="halves", router="topk_softmax", bias=True), dict(bias=True, gated=False, tokens=1), dict(gated=False, activation="relu"),
    dict(gated=False, activation="gelu", bias=True), dict(layout="halves", alpha=1.702, beta=1.0, limit=0.3), dict(layout="halves", top_k=1, renormalize=False),
], ids=lambda spec: "-".join(map(str, spec.values())))
def test_parts_by_counts(spec, tmp_path):
    for seed in (None, 0, 1):
        model, feeds = Runs(Spec(**dict(tokens=5, hidden=8, inner=6) | spec)).build()
        (tmp_path / str(seed)).mkdir()
        ir = check(model if seed is None else moe_models.disturb(model, seed), feeds, tmp_path / str(seed))
        assert raises(ir) and "opaque" not in ir, ir


class OneByOne(Runs):
    """The parts stay parts from layer to layer."""

    def layer(self, x, sizes, matrices):
        return [self.linear(part, *matrix) for part, matrix in zip(self.b.op("Split", x, sizes, outputs=self.spec.experts, axis=0), matrices)]

    def activation(self, y):
        return [super(OneByOne, self).activation(part) for part in y]

    def second(self, inner, sizes, matrices):
        return self.b.op("Concat", *(self.linear(part, *matrix) for part, matrix in zip(inner, matrices)), axis=0)


class Numbered(Runs):
    """Counts and tokens in other words."""

    def counts(self, experts):
        hot = self.b.op("OneHot", experts, scalar(self.spec.experts), i64(0, 1), axis=-1)
        return self.b.op("ReduceSum", hot, i64(0, 1), keepdims=0)

    def apart(self, counts):
        return counts

    def token(self, order):
        return self.b.op("Div", order, scalar(self.spec.top_k))


@pytest.mark.parametrize("kind", [OneByOne, Numbered])
def test_parts_in_other_words(kind, tmp_path):
    ir = check(*kind(Spec(tokens=5, hidden=8, inner=6, layout="halves")).build(), tmp_path)
    assert raises(ir) and "opaque" not in ir, ir


# What looks like it and is something else.


class OtherCounts(Runs):
    """The numbers of the experts before them: the parts are of the same rows, and others."""

    def apart(self, counts):
        b = self.b
        sizes = [b.op("Slice", counts, i64(e), i64(e + 1), i64(0)) for e in (1, 0, 2, 3)]
        return b.op("Concat", *sizes, axis=0)


class OtherMatrices(Runs):
    """The parts are put together in another order than that of the experts, before they are split again."""

    def layer(self, x, sizes, matrices):
        b = self.b
        parts = b.op("Split", x, sizes, outputs=self.spec.experts, axis=0)
        products = [self.linear(part, *matrix) for part, matrix in zip(parts, matrices)]
        products[0], products[1] = products[1], products[0]
        return b.op("Concat", *products, axis=0)


class RowsInBetween(Runs):
    """Rows meet others between the two layers."""

    def activation(self, y):
        inner = super().activation(y)
        return self.b.op("Mul", inner, self.b.op("ReduceMax", inner, i64(0), keepdims=1))


class FactorsInBetween(Runs):
    """A number for each row of the order, whichever expert's it is."""

    def activation(self, y):
        rows = np.arange(1, 1 + self.spec.tokens * self.spec.top_k, dtype="f")[:, None]
        return self.b.op("Mul", super().activation(y), rows)


class OtherTokens(Runs):
    """The order over another number than that of the slots."""

    def token(self, order):
        b = self.b
        quotient = b.op("Div", b.op("Cast", order, to=TensorProto.FLOAT), f32(self.spec.top_k + 1))
        return b.op("Cast", quotient, to=TensorProto.INT64)


class RoundedUp(Runs):
    def token(self, order):
        b = self.b
        quotient = b.op("Div", b.op("Cast", order, to=TensorProto.FLOAT), f32(self.spec.top_k))
        return b.op("Min", b.op("Cast", b.op("Ceil", quotient), to=TensorProto.INT64), scalar(self.spec.tokens - 1))


NEAR_MISSES = [OtherCounts, OtherMatrices, RowsInBetween, FactorsInBetween, OtherTokens, RoundedUp]


@pytest.mark.parametrize("kind", NEAR_MISSES)
def test_what_is_no_run_of_an_expert(kind, tmp_path):
    ir = check(*kind(Spec(tokens=5, hidden=8, inner=6, layout="halves")).build(), tmp_path)
    assert not has(ir, "experts"), ir


def test_many_experts_take_no_longer_each(tmp_path):
    """What stands between the layers is written once for each expert."""
    spec = Spec(tokens=6, hidden=8, inner=6, experts=64, layout="halves")
    ir = check(*Runs(spec).build(), tmp_path)
    assert raises(ir) and ir.count("inlay_nn.experts ") == 1, ir
