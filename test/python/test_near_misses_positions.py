"""Positions that are counted from the mask of valid tokens, as exporters write them: the mask stays the mask."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from test_near_misses import check, draw, f32, has, i64, model_of

make = helper.make_node


def from_mask(form):
    """Positions "p" of "ids" and the mask "m" of the step's tokens."""
    if form == "where":
        return [make("Equal", ["m", "zero"], ["padding"]), make("Where", ["padding", "one", "ids"], ["p"])]
    return [make("Mul", ["ids", "m"], ["counted"]), make("Sub", ["one", "m"], ["padding"]), make("Sub", ["counted", "padding"], ["p"])]


def model(form, tokens, context, name):
    length = tokens + context
    feeds = {"q": draw(1, 2, tokens, 8), "k": draw(1, 2, length, 8, seed=6), "v": draw(1, 2, length, 8, seed=7),
             name: np.ones((1, length), np.int64), "ids": context + np.arange(tokens)[None]}
    keys = np.arange(length)[None] <= np.arange(tokens)[:, None] + context
    nodes = [make("Slice", [name, "from", "to", "axis"], ["m"]), *from_mask(form), make("Cast", ["p"], ["pf"], to=TensorProto.FLOAT),
             make("Unsqueeze", ["pf", "two"], ["column"]), make("MatMul", ["column", "rates"], ["half"]), make("Concat", ["half", "half"], ["angle"], axis=-1),
             make("Cos", ["angle"], ["c3"]), make("Sin", ["angle"], ["s3"]), make("Unsqueeze", ["c3", "axis"], ["cos"]),
             make("Unsqueeze", ["s3", "axis"], ["sin"]), make("Split", ["q"], ["q1", "q2"], axis=-1, num_outputs=2), make("Neg", ["q2"], ["n2"]),
             make("Concat", ["n2", "q1"], ["turned"], axis=-1), make("Mul", ["q", "cos"], ["qc"]), make("Mul", ["turned", "sin"], ["qs"]),
             make("Add", ["qc", "qs"], ["qr"]), make("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]), make("MatMul", ["qr", "kt"], ["s0"]),
             make("Cast", [name], ["flags"], to=TensorProto.BOOL), make("Unsqueeze", ["flags", "inner"], ["wide"]),
             make("Where", ["wide", "nothing", "low"], ["bias"]), make("Add", ["s0", "bias"], ["s1"]), make("Add", ["s1", "causal"], ["s2"]),
             make("Softmax", ["s2"], ["w"], axis=-1), make("MatMul", ["w", "v"], ["y"]), make("Cast", ["m"], ["mine"], to=TensorProto.BOOL),
             make("Unsqueeze", ["mine", "outer"], ["rows"]), make("Where", ["rows", "y", "q"], ["kept"])]
    weights = {"from": i64(context), "to": i64(length), "axis": i64(1), "two": i64(2), "inner": i64(1, 2), "outer": i64(1, 3), "zero": i64(0),
               "one": i64(1), "rates": f32([[1, 0.1, 0.01, 0.001]]), "nothing": f32(0), "low": f32(-1e9), "causal": np.where(keys, f32(0), f32(-1e9))}
    return model_of(nodes, feeds, ["kept"], weights, opset=18), feeds


@pytest.mark.parametrize("name", ["attention_mask", "other_mask"])
@pytest.mark.parametrize("tokens, context", [(1, 0), (3, 0), (1, 4), (2, 4)])
@pytest.mark.parametrize("form", ["where", "product"])
def test_masks_are_no_positions(form, tokens, context, name, tmp_path):
    graph, feeds = model(form, tokens, context, name)
    phase = "" if tokens == 1 else f"phase=prefill prefill-chunk={tokens} "
    assert has(check(graph, feeds, tmp_path, phase + f"context={context}"), "attention")
