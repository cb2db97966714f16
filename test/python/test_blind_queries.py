"""Queries that see no key: the operator gives zeros, softmax alone no numbers, a softmax that is guarded zeros again.

Each model is run by onnxruntime as it is and as the raised module is written back; see test_near_misses.
"""

import numpy as np
import pytest
from onnx import helper

from test_near_misses import CAUSAL, check, draw, f32, has, model_of


@pytest.mark.parametrize("past, causal", [(0, 0), (0, 1), (2, 1)])
@pytest.mark.parametrize("kind", ["flags", "per head", "infinity", "lowest"])
@pytest.mark.parametrize("given", [False, True])
def test_blind_queries_of_the_operator_give_zeros(kind, given, past, causal, tmp_path):
    """With causality a row is empty as soon as the keys before the query are hidden."""
    tokens, length = 4, 4 + past
    seen = np.ones((1, 2 if kind == "per head" else 1, tokens, length), bool)
    seen[0, 0, 0, :length - 1] = False
    seen[0, 0, 0, length - 1] = causal
    seen[0, -1, 2] = False
    mask = seen if kind in ("flags", "per head") else np.where(seen, f32(0), f32(-np.inf) if kind == "infinity" else np.finfo("f").min)
    feeds = {"q": draw(2, 2, tokens, 8), "k": draw(2, 2, 4, 8), "v": draw(2, 2, 4, 8, seed=6)}
    inputs, outputs = ["q", "k", "v", "m"], ["y"]
    if past:
        feeds |= {"pk": draw(2, 2, past, 8), "pv": draw(2, 2, past, 8, seed=6)}
        inputs, outputs = [*inputs, "pk", "pv"], ["y", "nk", "nv"]
    node = helper.make_node("Attention", inputs, outputs, is_causal=causal)
    masks = {"m": mask.astype(mask.dtype)}
    ir = check(model_of([node], feeds | (masks if given else {}), outputs, {} if given else masks), feeds | (masks if given else {}), tmp_path)
    assert has(ir, "attention"), ir


@pytest.mark.parametrize("flat", [False, True])
def test_masks_that_leave_a_key_to_each_query_need_no_zeros(flat, tmp_path):
    feeds = {name: draw(1, 6, 16, seed=i) if flat else draw(1, 2, 6, 8, seed=i) for i, name in enumerate("qkv")}
    node = helper.make_node("Attention", ["q", "k", "v", "m"], ["y"], **({"q_num_heads": 2, "kv_num_heads": 2} if flat else {}))
    ir = check(model_of([node], feeds, ["y"], {"m": CAUSAL}), feeds, tmp_path, "phase=prefill prefill-chunk=6 context=0")
    assert has(ir, "attention") and not has(ir, "where") and " bias " not in ir and "causal = false" not in ir, ir


@pytest.mark.parametrize("guarded, added, given, blind", [
    (guarded, added, given, blind) for guarded in (True, False) for added in (True, False) for given in (True, False) for blind in (True, False)
    if guarded or not blind])
def test_guards_of_blind_queries_are_kept(guarded, added, given, blind, tmp_path):
    """As exporters write them around each softmax: dropped only where every query is known to see a key."""
    seen = CAUSAL.copy()
    seen[0] &= not blind
    make = helper.make_node
    mask = [make("Where", ["seen", "zero", "low"], ["bias"]), make("Add", ["s1", "bias"], ["masked"])] if added else [
        make("Where", ["seen", "s1", "low"], ["masked"])]
    feeds = {name: draw(1, 2, 6, 8, seed=i) for i, name in enumerate("qkv")}
    nodes = [make("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]), make("MatMul", ["q", "kt"], ["s0"]), make("Mul", ["s0", "half"], ["s1"]), *mask,
             make("Softmax", ["masked"], ["p"], axis=-1)]
    if guarded:
        nodes += [make("IsNaN", ["p"], ["none"]), make("Where", ["none", "zero", "p"], ["kept"])]
    nodes.append(make("MatMul", ["kept" if guarded else "p", "v"], ["y"]))
    weights = {"half": f32(0.5), "zero": f32(0), "low": f32(-np.inf)} | ({} if given else {"seen": seen})
    feeds |= {"seen": seen} if given else {}
    ir = check(model_of(nodes, feeds, ["y"], weights, opset=18), feeds, tmp_path, "phase=prefill prefill-chunk=6 context=0")
    assert has(ir, "attention"), ir
    if not given:
        assert has(ir, "where") == blind and (" bias " in ir) == blind, ir
    else:
        assert has(ir, "reduce") == guarded, ir
