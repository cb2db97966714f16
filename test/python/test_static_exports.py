"""Exports for a prompt of a fixed length: exporters fold places, masks and fillings into initializers, which lie with the weights.

Each model is run by onnxruntime as it is and as the raised module is written back; see test_near_misses.
"""

import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import convert_model_to_external_data

import moe_models
from moe_models import Spec, i64, scalar
from runners import import_named, run_tool
from test_near_misses import check, draw, f32, has, model_of

SPEC = Spec(tokens=70, hidden=8, inner=6, experts=4)
make = helper.make_node


def outside(model, threshold=64):
    """`model` with its initializers, but for the smallest, in a file of their own."""
    convert_model_to_external_data(model, location="model.onnx.data", size_threshold=threshold)
    return model


@pytest.mark.parametrize("letter", "CDEF")
def test_experts_with_all_numbers_outside(letter, tmp_path):
    weights = moe_models.Weights(SPEC)
    ir = check(outside(moe_models.build(letter, SPEC, weights)), {"x": weights.x}, tmp_path)
    assert has(ir, "experts") and "opaque" not in ir, ir


def sorted_with_counts(ones):
    """Encoding F with the tokens of each expert counted by adding `ones` up, as histc is written."""
    block = moe_models.Block(SPEC, moe_models.Weights(SPEC))
    b = block.b
    tokens, _, weights, experts = block.route()
    flat = b.op("Reshape", experts, i64(-1))
    _, order = b.op("TopK", flat, i64(SPEC.tokens * SPEC.top_k), outputs=2, axis=0, largest=0, sorted=1)
    token = b.op("Div", order, scalar(SPEC.top_k))
    counts = b.op("ScatterElements", np.zeros(SPEC.experts, "f"), flat, ones, axis=0, reduction="add")
    ends = b.op("CumSum", b.op("Cast", counts, to=onnx.TensorProto.INT64), scalar(0))
    x, pieces, begin = b.op("Gather", tokens, token, axis=0), [], i64(0)
    for e in range(SPEC.experts):
        end = b.op("Slice", ends, i64(e), i64(e + 1), i64(0))
        pieces.append(block.mlp(b.op("Slice", x, begin, end, i64(0)), e))
        begin = end
    y = b.op("Mul", b.op("Concat", *pieces, axis=0), b.op("Unsqueeze", b.op("Gather", b.op("Reshape", weights, i64(-1)), order, axis=0), i64(1)))
    rows = b.op("Expand", b.op("Unsqueeze", token, i64(1)), b.op("Shape", y))
    y = b.op("ScatterElements", np.zeros((SPEC.tokens, SPEC.hidden), "f"), rows, y, axis=0, reduction="add")
    return block.finish(y), {"x": block.w.x}


@pytest.mark.parametrize("is_outside", [False, True])
def test_counts_by_folded_ones(is_outside, tmp_path):
    model, feeds = sorted_with_counts(np.ones(SPEC.tokens * SPEC.top_k, "f"))
    ir = check(outside(model) if is_outside else model, feeds, tmp_path)
    assert has(ir, "experts") and "opaque" not in ir, ir


def test_counts_by_other_numbers_stay(tmp_path):
    ones = np.ones(SPEC.tokens * SPEC.top_k, "f")
    ones[-1] = 1.25  # which counts as 1 in the end
    model, feeds = sorted_with_counts(ones)
    assert not has(check(model, feeds, tmp_path), "experts")


@pytest.mark.parametrize("letter", "BCDEF")
def test_experts_with_the_smallest_outside_too(letter, tmp_path):
    """All but places is in the file beside the model, as ONNX Runtime GenAI saves it."""
    spec = Spec(tokens=70, hidden=8, inner=6, router="sigmoid", selection_bias=True, scale=2.5, epsilon=1e-20, limit=0.3)
    weights = moe_models.Weights(spec)
    model = moe_models.build(letter, spec, weights)
    for place in [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.INT64]:
        model.graph.initializer.remove(place)
        model.graph.node.insert(0, make("Constant", [], [place.name], value=place))
    ir = check(outside(model, threshold=0), {"x": weights.x}, tmp_path)
    assert has(ir, "experts") and "opaque" not in ir and "limit = " in ir and "scale = " in ir, ir


# Models without the file beside them.


def said_without_data(model, folder, options=""):
    onnx.save(outside(model, threshold=0), folder / "model.onnx")
    (folder / "model.onnx.data").unlink()
    module, said = run_tool("inlay-opt", f"--bind-dims={options}", "--infer-shapes", "--raise-to-nn", stdin=import_named(folder / "model.onnx"), diagnostics=True)
    return module.decode(), said


def test_without_the_data_nothing_is_taken_for_granted(tmp_path):
    """The places might be any."""
    ir, said = said_without_data(moe_models.build("C", SPEC, moe_models.Weights(SPEC)), tmp_path)
    assert not has(ir, "experts")
    assert re.search(r"file 'model.onnx.data' is not there, or ends too early: \d+ tensors of places, masks or numbers lie in it \(e.g. '[^']+'\), and what "
                     "depends on them is not raised; put the file beside the model, or export it such that small tensors and masks are in the model itself", said), said


def test_one_mask_without_the_data(tmp_path):
    nodes = [make("Add", ["s1", "mask"], ["added"]), make("Softmax", ["added"], ["masked"], axis=-1)]
    model, _ = attention(TOKENS, nodes, {"mask": np.where(lower(), 0, -np.inf).astype("f")})
    scale = next(t for t in model.graph.initializer if t.name == "scale")
    model.graph.initializer.remove(scale)
    model.graph.node.insert(0, make("Constant", [], ["scale"], value=scale))
    ir, said = said_without_data(model, tmp_path, f"phase=prefill prefill-chunk={TOKENS} context=0")
    assert has(ir, "attention") and " bias " in ir
    assert "1 tensor of places, a mask or a number lies in it (e.g. 'mask')" in said, said


@pytest.mark.parametrize("form, number", [("cut_and_scaled", -1e4), ("of_bytes", -np.inf), ("of_halves", -65504)])
def test_a_mask_of_another_form_without_the_data(form, number, tmp_path):
    """Only the mask is missed: what it is made with lies in the model."""
    nodes, weights = globals()[form](lower(), number)
    model, _ = attention(TOKENS, nodes, weights)
    onnx.save(outside(model, threshold=300), tmp_path / "model.onnx")
    (tmp_path / "model.onnx.data").unlink()
    options = f"--bind-dims=phase=prefill prefill-chunk={TOKENS} context=0"
    ir, said = run_tool("inlay-opt", options, "--infer-shapes", "--raise-to-nn", stdin=import_named(tmp_path / "model.onnx"), diagnostics=True)
    assert has(ir.decode(), "attention") and " bias " in ir.decode()
    name = {"cut_and_scaled": "whole", "of_bytes": "bytes", "of_halves": "mask"}[form]
    assert f"1 tensor of places, a mask or a number lies in it (e.g. '{name}')" in said, said


def test_a_table_of_distances_is_not_missed(tmp_path):
    """Its rows, which places choose, are learnt."""
    distance = np.clip(np.arange(TOKENS)[None] - np.arange(TOKENS)[:, None], -3, 3) + 3
    nodes = [make("Gather", ["table", "distance"], ["some"], axis=0), make("Transpose", ["some"], ["bias"], perm=[2, 0, 1]),
             make("Add", ["s1", "bias"], ["added"]), make("Softmax", ["added"], ["masked"], axis=-1)]
    model, _ = attention(TOKENS, nodes, {"table": draw(100, 2), "distance": distance.astype(np.int64)})
    onnx.save(outside(model, threshold=300), tmp_path / "model.onnx")
    (tmp_path / "model.onnx.data").unlink()
    options = f"--bind-dims=phase=prefill prefill-chunk={TOKENS} context=0"
    _, said = run_tool("inlay-opt", options, "--infer-shapes", "--raise-to-nn", stdin=import_named(tmp_path / "model.onnx"), diagnostics=True)
    assert "1 tensor of places, a mask or a number lies in it (e.g. 'distance')" in said, said


def test_weights_alone_are_not_missed(tmp_path):
    """Nor is a file that ends where weights are."""
    model = model_of([make("MatMul", ["x", "w"], ["m"]), make("Add", ["m", "b"], ["y"])], {"x": draw(2, 3, 8)}, ["y"],
                     {"w": draw(8, 16), "b": draw(16)}, opset=18)
    ir, said = said_without_data(model, tmp_path)
    assert has(ir, "lm_head") and "is not there" not in said, said


def attention(tokens, nodes, weights, last="masked", heads=2):
    feeds = {name: draw(1, heads, tokens, 8, seed=i) for i, name in enumerate("qkv")}
    nodes = [make("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]), make("MatMul", ["q", "kt"], ["s0"]), make("Mul", ["s0", "scale"], ["s1"]), *nodes,
             make("MatMul", [last, "v"], ["y"])]
    return model_of(nodes, feeds, ["y"], {"scale": f32(0.5)} | weights, opset=18), feeds


@pytest.mark.parametrize("other", [False, True])
def test_folded_masks_are_causal_if_all_of_them_are(other, tmp_path):
    tokens = 20
    seen = np.tril(np.ones((1, 1, tokens, tokens), bool))
    seen[0, 0, 12, 3] = not other
    nodes = [make("Where", ["seen", "none", "lowest"], ["bias"]), make("Add", ["s1", "bias"], ["added"]), make("Softmax", ["added"], ["masked"], axis=-1)]
    model, feeds = attention(tokens, nodes, {"seen": seen, "none": f32(0), "lowest": np.finfo("f").min})
    ir = check(outside(model), feeds, tmp_path, f"phase=prefill prefill-chunk={tokens} context=0")
    assert has(ir, "attention") and (" bias " in ir) == other and ("causal = false" in ir) == other, ir


# Masks of floats or bytes, of the prompt or of all tokens that the model could have.

TOKENS = 20


def lower(size=TOKENS, other=None):
    seen = np.tril(np.ones((1, 1, size, size), bool))
    if other is not None:
        seen[0, 0, 12, 3] = other
    return seen


def added(seen, number, dtype="f", make_mask=None):
    """scores + mask"""
    mask = np.where(seen, 0, number).astype(dtype)
    nodes = [make("Add", ["s1", "mask"], ["added"]), make("Softmax", ["added"], ["masked"], axis=-1)]
    return nodes, {"mask": mask}


def cut_and_scaled(seen, number):
    """scores + (1 - mask) * number, the mask being cut to the length of the prompt"""
    nodes = [make("Slice", ["whole", "zero", "length", "axis3"], ["some"]), make("Slice", ["some", "zero", "length", "axis2"], ["mask"]),
             make("Sub", ["one", "mask"], ["hidden"]), make("Mul", ["hidden", "number"], ["bias"]), make("Add", ["s1", "bias"], ["added"]),
             make("Softmax", ["added"], ["masked"], axis=-1)]
    whole = np.tril(np.ones((1, 1, 300, 300), "f"))
    whole[:, :, :TOKENS, :TOKENS] = seen
    return nodes, {"whole": whole, "zero": i64(0), "length": i64(TOKENS), "axis3": i64(3), "axis2": i64(2), "one": f32(1), "number": f32(number)}


def of_bytes(seen, number):
    nodes = [make("Cast", ["bytes"], ["seen"], to=onnx.TensorProto.BOOL), make("Where", ["seen", "s1", "number"], ["added"]),
             make("Softmax", ["added"], ["masked"], axis=-1)]
    return nodes, {"bytes": seen.astype(np.uint8), "number": f32(number)}


def of_halves(seen, number):
    nodes = [make("Cast", ["mask"], ["bias"], to=onnx.TensorProto.FLOAT), make("Add", ["s1", "bias"], ["added"]), make("Softmax", ["added"], ["masked"], axis=-1)]
    return nodes, {"mask": np.where(seen, 0, number).astype(np.float16)}


@pytest.mark.parametrize("is_outside", [False, True])
@pytest.mark.parametrize("other", [None, False, True])
@pytest.mark.parametrize("form, number", [(added, -np.inf), (added, np.finfo("f").min), (cut_and_scaled, -1e4), (of_bytes, -np.inf), (of_halves, -65504)],
                         ids=["infinite", "lowest", "scaled", "bytes", "halves"])
def test_masks_that_lie_among_the_weights(form, number, other, is_outside, tmp_path):
    nodes, weights = form(lower(other=other), number)
    model, feeds = attention(TOKENS, nodes, weights)
    ir = check(outside(model) if is_outside else model, feeds, tmp_path, f"phase=prefill prefill-chunk={TOKENS} context=0")
    isCausal = other is not False
    assert has(ir, "attention") and (" bias " in ir) != isCausal and ("causal = false" in ir) != isCausal, ir


def test_zero_has_two_spellings(tmp_path):
    nodes, weights = added(lower(), -np.inf)
    weights["mask"][0, 0, 5, 2] = -0.0
    model, feeds = attention(TOKENS, nodes, weights)
    ir = check(outside(model), feeds, tmp_path, f"phase=prefill prefill-chunk={TOKENS} context=0")
    assert has(ir, "attention") and " bias " not in ir, ir


# How much of a model is read.


def sparse(folder, nodes, shapes, element=TensorProto.FLOAT, fill=None):
    """A model whose initializers lie one behind the other in a file of zeros, unless `fill` writes others at their start."""
    kind, at = helper.tensor_dtype_to_np_dtype(element), 0
    tensors = []
    with open(folder / "zeros", "wb") as data:
        for name, shape in shapes.items():
            size = int(np.prod(shape)) * kind.itemsize
            tensor = TensorProto(name=name, data_type=element, dims=shape, data_location=TensorProto.EXTERNAL)
            for key, value in (("location", "zeros"), ("offset", at), ("length", size)):
                tensor.external_data.add(key=key, value=str(value))
            tensors.append(tensor)
            if fill is not None:
                data.seek(at)
                data.write(fill(name).astype(kind).tobytes())
            at += size
        data.truncate(at)
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for node in nodes for name in node.output if name.startswith("y")]
    tokens = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", [tokens], outputs, tensors), opset_imports=[helper.make_opsetid("", 18)], ir_version=10), folder / "m.onnx")
    return run_tool("inlay-translate", "--import-onnx", "--mlir-elide-elementsattrs-if-larger=16", folder / "m.onnx")


def skipped(ir):
    """The initializers that were left alone because there are too many."""
    found = re.search(r"inlay_onnx.skipped_numbers = \[(.*?)\]", ir.decode())
    return re.findall('"(.*?)"', found[1]) if found else []


@pytest.mark.parametrize("how", ["Cast", "Mul"])
def test_weights_that_are_moved_and_multiplied_are_not_read(how, tmp_path):
    """However many there are, and if they are all zeros. Of masks there would be too many."""
    shapes = {f"w{i}": (4096, 4096) for i in range(20)}
    nodes = []
    for w in shapes:
        nodes += [make("Cast", [w], [f"c{w}"], to=TensorProto.FLOAT) if how == "Cast" else make("Mul", [w, "x"], [f"c{w}"]),
                  make("Reshape", [f"c{w}", "s"], [f"r{w}"]), make("Transpose", [f"r{w}"], [f"t{w}"]), make("MatMul", ["x", f"t{w}"], [f"y{w}"])]
    nodes.insert(0, make("Constant", [], ["s"], value=numpy_helper.from_array(i64(4096, 4096))))
    ir = sparse(tmp_path, nodes, shapes)
    assert not skipped(ir) and ir.decode().count("global_load_const @w") == 20


def test_what_is_read_for_masks_has_a_bound(tmp_path):
    """Of 64 MB each, sixteen are read, though none turns out to be a mask."""
    shapes = {f"w{i}": (4096, 4096) for i in range(20)}
    ir = sparse(tmp_path, [make("Add", ["x", w], [f"y{w}"]) for w in shapes], shapes)
    assert skipped(ir) == ["w16", "w17", "w18", "w19"] and ir.decode().count("global_load_const @w") == 20


@pytest.mark.parametrize("kept, hidden", [(7, lambda i: 1), (4, lambda i: i + 1)], ids=["equal", "different"])
def test_masks_that_are_kept_have_a_bound(kept, hidden, tmp_path):
    """Equal ones have one share."""
    shapes = {f"w{i}": (4096, 4096) for i in range(7)}
    ir = sparse(tmp_path, [make("Add", ["x", w], [f"y{w}"]) for w in shapes], shapes, fill=lambda w: np.full(hidden(int(w[1:])), -np.inf))
    assert [w for w in shapes if f"global_load_const @{w} " not in ir.decode()] == list(shapes)[:kept]
    assert skipped(ir) == list(shapes)[kept:]


@pytest.mark.parametrize("element, read, shape, first, expected", [
    (TensorProto.FLOAT, "Add", (4096, 4097), [-np.inf, 0], True), (TensorProto.FLOAT, "Add", (4096, 4096), [-np.inf, 0], False),
    (TensorProto.FLOAT, "Add", (4096, 4097), [0.5, 0.25], False), (TensorProto.FLOAT, "MatMul", (4096, 4097), [-np.inf, 0], False),
    (TensorProto.BOOL, "Where", (4096, 4097), [1, 0], True), (TensorProto.INT32, "Add", (512, 513), [1, 0], False)],
    ids=["mask", "largest", "other numbers", "product", "truths", "integers"])
def test_masks_of_too_many_numbers_are_told(element, read, shape, first, expected, tmp_path):
    """4,096 x 4,096 are read; of more it is told that they may be a mask, where their first numbers are such."""
    nodes = [make(read, ["w", "x", "x"] if read == "Where" else ["x", "w"], ["y"])]
    ir = sparse(tmp_path, nodes, {"w": shape}, element, fill=lambda w: np.array(first))
    assert skipped(ir) == (["w"] if expected else [])


def test_masks_leave_room_for_places(tmp_path):
    """A mask of the largest size takes as much as all places may."""
    places = make("Constant", [], ["places"], value=numpy_helper.from_array(np.arange(3000) % 128))
    nodes = [places, make("Add", ["x", "w"], ["a"]), make("Gather", ["a", "places"], ["y"], axis=0)]
    ir = sparse(tmp_path, nodes, {"w": (4096, 4096)}, fill=lambda w: np.array([-np.inf]))
    assert not skipped(ir) and "global_load_const" not in ir.decode()


@pytest.mark.parametrize("names, said", [('"other", "given"', "1 tensor of places or a mask counts as weights (e.g. 'given"),
                                         ('"more", "given"', "2 tensors of places or masks count as weights (e.g. '")])
def test_what_was_left_alone_is_named(names, said, tmp_path):
    """If a mask is made of it."""
    nodes, weights = added(lower(), -np.inf)
    nodes = [make("Add", ["given", "more"], ["mask"]), *nodes]
    model, _ = attention(TOKENS, nodes, {"given": weights["mask"], "more": weights["mask"]})
    onnx.save(outside(model, threshold=300), tmp_path / "model.onnx")
    (tmp_path / "model.onnx.data").unlink()
    module = import_named(tmp_path / "model.onnx").replace(b'unread_files = ["model.onnx.data"]', f"skipped_numbers = [{names}]".encode())
    options = f"--bind-dims=phase=prefill prefill-chunk={TOKENS} context=0"
    _, printed = run_tool("inlay-opt", options, "--infer-shapes", "--raise-to-nn", stdin=module, diagnostics=True)
    numbers = weights["mask"].size
    assert said in printed and f"' of {numbers} numbers, which node '" in printed and (
        "' reads), because no more than 64 MB of places and 256 MB of masks, 16777216 numbers each, are read of a model, and what depends on "
        "them is not raised; let nodes share a mask, or export for fewer tokens") in printed, printed


@pytest.mark.parametrize("distance", [None, 5])
def test_folded_masks_of_windows(distance, tmp_path):
    """A triangle, or a band of it: a window."""
    seen = lower() if distance is None else lower() & ~np.tril(np.ones((TOKENS, TOKENS), bool), -distance)
    nodes, weights = added(seen, -np.inf)
    model, feeds = attention(TOKENS, nodes, weights)
    ir = check(outside(model), feeds, tmp_path, f"phase=prefill prefill-chunk={TOKENS} context=0")
    assert " bias " not in ir and ("window = 5" in ir) == (distance == 5), ir


@pytest.mark.parametrize("table", [lambda x: np.where(lower()[0, 0], 0, -1e3), lambda x: np.where(lower()[0, 0], 0.5, -1e5), lambda x: np.where(lower()[0, 0], x, 0)],
                         ids=["no mask", "one half", "numbers"])
def test_tables_that_are_added_stay_weights(table, tmp_path):
    """Relative positions have more numbers, or others."""
    mask = table(draw(TOKENS, TOKENS)).astype("f")
    nodes = [make("Add", ["s1", "mask"], ["added"]), make("Softmax", ["added"], ["masked"], axis=-1)]
    model, feeds = attention(TOKENS, nodes, {"mask": mask})
    ir = check(outside(model), feeds, tmp_path, f"phase=prefill prefill-chunk={TOKENS} context=0")
    assert " bias " in ir and "global_load_const @mask" in ir, ir


def test_matrices_of_zeros_and_ones_that_multiply_stay_weights(tmp_path):
    """Columns that are put in another order."""
    x = draw(2, 3, 16)
    order = np.eye(16, dtype="f")[np.random.default_rng(3).permutation(16)]
    model = model_of([make("Unsqueeze", ["w", "axis"], ["m"]), make("MatMul", ["x", "m"], ["y"])], {"x": x}, ["y"], {"w": order, "axis": i64(0)}, opset=18)
    ir = check(outside(model), {"x": x}, tmp_path)
    assert "global_load_const @w" in ir, ir


@pytest.mark.parametrize("other", [False, True])
def test_folded_sinks_are_one_for_each_head(other, tmp_path):
    """A column beside the scores, written out for each query."""
    tokens, heads = 20, 4
    column = np.repeat(draw(1, heads, 1, 1), tokens, axis=2).copy()
    if other:
        column[0, 1, 7] += 1
    nodes = [make("Concat", ["s1", "column"], ["wide"], axis=-1), make("Softmax", ["wide"], ["p"], axis=-1),
             make("Slice", ["p", "from", "to", "axis"], ["masked"])]
    model, feeds = attention(tokens, nodes, {"column": column, "from": i64(0), "to": i64(tokens), "axis": i64(3)}, heads=heads)
    ir = check(outside(model), feeds, tmp_path, f"phase=prefill prefill-chunk={tokens} context=0")
    assert has(ir, "attention") != other and (" sinks " in ir) != other, ir


# The least sum that weights are divided by.


def routed(floor, spec, order="floor"):
    block = moe_models.Block(spec, moe_models.Weights(spec))
    b = block.b
    tokens, logits = block.logits()
    scores = b.op("Softmax" if spec.router == "softmax_topk" else "Sigmoid", logits)
    choice = b.op("Add", scores, block.w.selection_bias) if spec.selection_bias else scores
    _, experts = b.op("TopK", choice, i64(spec.top_k), outputs=2, axis=-1)
    values = b.op("GatherElements", scores, experts, axis=1)
    total = b.op("ReduceSum", values, i64(-1), keepdims=1)
    for step in order.split():
        total = floor(b, total) if step == "floor" else b.op("Add", total, f32(0.25))
    values = b.op("Div", values, total)
    block.route = lambda: (tokens, logits, values, experts)
    return block.finish(block.encode_b()), {"x": block.w.x}


FLOORS = {"Clip": lambda b, t: b.op("Clip", t, f32(0.6)), "Max": lambda b, t: b.op("Max", f32(0.6), t)}
LIMITS = {"up and down": lambda b, t: b.op("Clip", t, f32(0.6), f32(0.9)), "below 0": lambda b, t: b.op("Max", f32(-1), t),
          "by token": lambda b, t: b.op("Max", draw(6, 1), t)}


@pytest.mark.parametrize("order", ["floor", "add floor"])
@pytest.mark.parametrize("router, bias", [("softmax_topk", True), ("softmax_topk", False), ("sigmoid", True)])
@pytest.mark.parametrize("name", FLOORS)
def test_sums_that_are_kept_from_zero(name, router, bias, order, tmp_path):
    model, feeds = routed(FLOORS[name], Spec(router=router, selection_bias=bias), order)
    ir = check(model, feeds, tmp_path)
    assert has(ir, "experts") and "least_sum = " in ir and has(ir, "route") and not has(ir, "reduce"), ir


@pytest.mark.parametrize("name, order", [(name, "floor") for name in LIMITS] + [("Max", "floor add")])
def test_sums_that_are_limited_in_another_way(name, order, tmp_path):
    model, feeds = routed((FLOORS | LIMITS)[name], Spec(selection_bias=True), order)
    ir = check(model, feeds, tmp_path)
    assert "least_sum" not in ir and not has(ir, "experts"), ir
