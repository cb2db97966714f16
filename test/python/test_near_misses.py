"""Models that look like what raising knows and mean something else: raised or not, they keep what they mean.

Each is run by onnxruntime as it is and as the raised module is written back. The bound is that of f32: 1e-4 of the
largest magnitude. Beside each stands its neighbour that is the known form, so that a rule which refuses all would fail.
"""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import moe_models
from moe_models import Spec, i64
from runners import export_onnx, import_onnx, open_session, run_session, run_tool

ROOT2 = np.float32(np.sqrt(2))
f32 = np.float32


def raised(path, options):
    return run_tool("inlay-opt", f"--bind-dims={options}", "--infer-shapes", "--raise-to-nn", "--verify-nn",
                    stdin=import_onnx(path))


def messages(path, options=""):
    return run_tool("inlay-opt", f"--bind-dims={options}", "--infer-shapes", "--raise-to-nn", stdin=import_onnx(path), diagnostics=True)[1]


def check(model, feeds, folder, options="", tolerance=1e-4):
    """The raised module, once it means the same."""
    path = folder / "model.onnx"
    onnx.save(model, path)
    module = raised(path, options)
    back = export_onnx(module, folder / "raised.onnx")
    expected, actual = (run_session(open_session(each, optimise=False), feeds) for each in (path, back))
    for name, value in expected.items():
        bound = tolerance * np.nanmax(np.abs(value), initial=0)
        np.testing.assert_allclose(actual[name], value, rtol=0, atol=bound, err_msg=name)
    return module.decode()


def has(ir, op):
    return f"inlay_nn.{op} " in ir


# Experts. The product of gate and up projection lacks a factor that the activation has, or has another.


def erf_part(b, gate, divisor=ROOT2):
    return b.op("Add", b.op("Erf", b.op("Div", gate, divisor)), f32(1))


ACTIVATIONS = {
    "silu": (True, True, lambda b, g, u: b.op("Mul", b.op("Mul", g, b.op("Sigmoid", g)), u)),
    "gelu": (True, True, lambda b, g, u: b.op("Mul", b.op("Mul", b.op("Mul", g, f32(0.5)), erf_part(b, g)), u)),
    "sigmoid for silu": (False, True, lambda b, g, u: b.op("Mul", b.op("Sigmoid", g), u)),
    "erf without its gate": (False, True, lambda b, g, u: b.op("Mul", erf_part(b, g), u)),
    "half erf without its gate": (False, True, lambda b, g, u: b.op("Mul", b.op("Mul", erf_part(b, g), f32(0.5)), u)),
    "sigmoid of another": (False, True, lambda b, g, u: b.op("Mul", b.op("Mul", g, b.op("Sigmoid", u)), b.op("Sigmoid", g))),
    "erf of another divisor": (False, True, lambda b, g, u: b.op("Mul", b.op("Mul", b.op("Mul", g, f32(0.5)),
                                                                         erf_part(b, g, f32(1.4148))), u)),
    "gelu without half": (False, False, lambda b, g, _: b.op("Mul", g, erf_part(b, g))),
    "sigmoid alone": (False, False, lambda b, g, _: b.op("Sigmoid", g)),
}


@pytest.mark.parametrize("letter", "BCDEF")
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_of_experts(name, letter, tmp_path):
    raises, gated, activation = ACTIVATIONS[name]
    spec = Spec(gated=gated, hidden=6, inner=6)
    block = moe_models.Block(spec, moe_models.Weights(spec))
    block.activate = lambda gate, up: activation(block.b, gate, up)
    ir = check(block.finish(getattr(block, "encode_" + letter.lower())()), {"x": block.w.x}, tmp_path)
    assert has(ir, "experts") == raises, ir


# Known forms between idle nodes, which must be seen all the same.
DISTURBED = {
    "geglu": Spec(activation="gelu"),
    "gelu": Spec(activation="gelu", gated=False, layout="separate"),
    "swiglu": Spec(alpha=1.702, beta=1.0, limit=0.3, layout="halves"),
    "few weights": Spec(experts=8, top_k=4, hidden=4, inner=4, groups=2, top_groups=1, selection_bias=True, layout="interleaved", bias=True,
                        activation="relu", weights="nk"),
    "bias of logits": Spec(router="topk_softmax", selection_bias=True),
}


@pytest.mark.parametrize("letter", "BCDEF")
@pytest.mark.parametrize("name", DISTURBED)
def test_idle_nodes_hide_nothing(name, letter, tmp_path):
    spec = DISTURBED[name]
    weights = moe_models.Weights(spec)
    model = moe_models.disturb(moe_models.build(letter, spec, weights), "BCDEF".index(letter))
    ir = check(model, {"x": weights.x}, tmp_path)
    assert has(ir, "experts") and "opaque" not in ir, ir


def with_idle(kind, model, narrow=TensorProto.FLOAT, wide=TensorProto.DOUBLE):
    """`model` with an idle node behind each value of floats, or of any type where the node takes any."""
    graph = model.graph
    types = {v.name: v.type.tensor_type for v in onnx.shape_inference.infer_shapes(model).graph.value_info}
    outputs = {v.name for v in graph.output}
    nodes, at = [], helper.make_node
    for name, value in (("idle_from", 0), ("idle_to", 2**62), ("idle_axis", 0)):
        graph.initializer.append(numpy_helper.from_array(i64(value), name))
    for node in list(graph.node):
        nodes.append(node)
        for i, name in enumerate(node.output):
            known = types.get(name)
            if name in outputs or not known or not known.shape.dim or (kind == "cast" and known.elem_type != narrow):
                continue
            node.output[i] = name + "_before"
            turn = list(range(len(known.shape.dim)))[::-1]
            nodes += {"slice": [at("Slice", [node.output[i], "idle_from", "idle_to", "idle_axis"], [name])],
                      "concat": [at("Concat", [node.output[i]], [name], axis=0)],
                      "turn": [at("Transpose", [node.output[i]], [name + "_turned"], perm=turn), at("Transpose", [name + "_turned"], [name], perm=turn)],
                      "shape": [at("Unsqueeze", [node.output[i], "idle_axis"], [name + "_deep"]), at("Squeeze", [name + "_deep", "idle_axis"], [name])],
                      "cast": [at("Cast", [node.output[i]], [name + "_wide"], to=wide), at("Cast", [name + "_wide"], [name], to=narrow)]}[kind]
    del graph.node[:]
    graph.node.extend(nodes)
    return model


@pytest.mark.parametrize("kind", ["slice", "concat", "cast", "turn", "shape"])
@pytest.mark.parametrize("letter", "BCDEF")
def test_nodes_that_change_nothing_hide_nothing(letter, kind, tmp_path):
    """Behind every value at once."""
    spec = Spec(router="topk_softmax", bias=True)
    weights = moe_models.Weights(spec)
    ir = check(with_idle(kind, moe_models.build(letter, spec, weights)), {"x": weights.x}, tmp_path)
    assert has(ir, "experts") and "opaque" not in ir, ir


def in_halves(model):
    """`model` in f16 in place of f32."""
    graph, half = model.graph, TensorProto.FLOAT16

    def convert(tensor):
        if tensor.data_type == TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))

    for tensor in graph.initializer:
        convert(tensor)
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.elem_type = half
    for attribute in (a for node in graph.node for a in node.attribute):
        if attribute.name == "to" and attribute.i == TensorProto.FLOAT:
            attribute.i = half
        if attribute.HasField("t"):
            convert(attribute.t)
    return model


@pytest.mark.parametrize("spec", [Spec(), Spec(router="topk_softmax", bias=True, alpha=1.702, beta=1.0, limit=0.5, layout="interleaved")])
@pytest.mark.parametrize("letter", "BCDEF")
def test_casts_of_halves_hide_nothing(letter, spec, tmp_path):
    """f16 to f32 and back behind every value. onnxruntime adds no f16 at places (E, F): these only have to raise."""
    weights = moe_models.Weights(spec)
    model = with_idle("cast", in_halves(moe_models.build(letter, spec, weights)), TensorProto.FLOAT16, TensorProto.FLOAT)
    if letter in "EF":
        onnx.save(model, tmp_path / "model.onnx")
        ir = raised(tmp_path / "model.onnx", "").decode()
    else:
        ir = check(model, {"x": weights.x.astype(np.float16)}, tmp_path, tolerance=2e-2)
    assert has(ir, "experts") and "opaque" not in ir, ir


@pytest.mark.parametrize("there", [TensorProto.FLOAT16, TensorProto.BFLOAT16])
def test_casts_that_round_are_kept(there, tmp_path):
    feeds, make = {"x": draw(4, 8)}, helper.make_node
    nodes = [make("Cast", ["x"], ["a"], to=there), make("Cast", ["a"], ["b"], to=TensorProto.FLOAT), make("Add", ["b", "x"], ["y"])]
    assert has(check(model_of(nodes, feeds, ["y"], {}), feeds, tmp_path), "cast")


def test_slices_that_turn_around_are_kept(tmp_path):
    feeds = {"x": draw(4, 8)}
    nodes = [helper.make_node("Slice", ["x", "from", "to", "axis", "step"], ["r"]), helper.make_node("Add", ["r", "x"], ["y"])]
    check(model_of(nodes, feeds, ["y"], {"from": i64(-1), "to": i64(-2**62), "axis": i64(0), "step": i64(-1)}), feeds, tmp_path)


# Routers. Each gives weights and indices of the chosen, from the scores of a block in encoding B.


def with_router(spec, choose):
    block = moe_models.Block(spec, moe_models.Weights(spec))

    def route():
        tokens, logits = block.logits()
        return (tokens, logits, *choose(block, logits))

    block.route = route
    return block.finish(block.encode_b()), {"x": block.w.x}


def groups_by(score, largest):
    """Groups chosen by another score than the sum of the best two of each, or the worst groups."""
    def choose(block, logits):
        spec, b = block.spec, block.b
        scores = b.op("Sigmoid", logits)
        choice = b.op("Sub", b.op("Add", scores, block.w.selection_bias), f32(0.6))
        size = spec.experts // spec.groups
        grouped = b.op("Reshape", choice, i64(-1, spec.groups, size))
        if score == "ReduceSum":
            grouped = b.op("TopK", grouped, i64(2), outputs=2, axis=-1)[0]
            score_of = b.op(score, grouped, i64(-1), keepdims=0)
        else:
            score_of = b.op(score, grouped, i64(-1), keepdims=0)
        _, groups = b.op("TopK", score_of, i64(spec.top_groups), outputs=2, axis=-1, largest=largest)
        mask = b.op("ScatterElements", b.fill_like(score_of), groups, b.fill_like(groups, 1.0), axis=1)
        mask = b.op("Expand", b.op("Unsqueeze", mask, i64(2)), i64(1, 1, size))
        mask = b.op("Greater", b.op("Reshape", mask, i64(-1, spec.experts)), f32(0))
        _, experts = b.op("TopK", b.op("Where", mask, choice, f32(0)), i64(spec.top_k), outputs=2, axis=-1)
        return b.op("GatherElements", scores, experts, axis=1), experts
    return choose


@pytest.mark.parametrize("score, largest, limits", [("ReduceSum", 1, True), ("ReduceSum", 0, False), ("ReduceMax", 1, True),
                                                    ("ReduceL2", 1, False), ("ReduceMin", 1, False)])
def test_limits_by_other_groups(score, largest, limits, tmp_path):
    """Where the limit cannot be said, the mask of the graph stays and the route has none beside it."""
    spec = Spec(experts=16, top_k=4, groups=4, top_groups=2, selection_bias=True)
    model, feeds = with_router(spec, groups_by(score, largest))
    ir = check(model, feeds, tmp_path)
    assert ("groups = " in ir) == limits and has(ir, "top_k") != limits, ir


def values_of_masked(kind, fill):
    """Weights are the values of TopK itself, of scores that are masked outside of the best groups."""
    def choose(block, logits):
        b = block.b
        scores = logits if kind == "logits" else b.op(kind, logits, **({"axis": -1} if kind == "Softmax" else {}))
        masked = block.best_groups(scores)
        where = next(node for node in b.nodes if node.op_type == "Where" and node.output[0] == masked)
        where.input[2] = b.constant(f32(fill))
        values, experts = b.op("TopK", masked, i64(block.spec.top_k), outputs=2, axis=-1)
        return (b.op("Softmax", values, axis=-1) if kind == "logits" else values), experts
    return choose


@pytest.mark.parametrize("kind, k, fill, raises", [
    ("logits", 4, 0, False), ("logits", 4, -np.inf, True), ("logits", 6, 0, False),
    ("Softmax", 4, 0, True), ("Softmax", 6, 0, False), ("Softmax", 2, 0.5, False),
    ("Sigmoid", 4, 0, True), ("Sigmoid", 6, 0, False)])
def test_values_of_masked_scores(kind, k, fill, raises, tmp_path):
    spec = Spec(experts=8, top_k=k, groups=4, top_groups=2)
    model, feeds = with_router(spec, values_of_masked(kind, fill))
    assert has(check(model, feeds, tmp_path), "experts") == raises


def rounded(*types):
    def choose(block, logits):
        b = block.b
        values, experts = b.op("TopK", b.op("Softmax", logits, axis=-1), i64(block.spec.top_k), outputs=2, axis=-1)
        for each in (*types, TensorProto.FLOAT):
            values = b.op("Cast", values, to=each)
        return values, experts
    return choose


@pytest.mark.parametrize("types, raises", [((TensorProto.DOUBLE,), True), ((TensorProto.FLOAT16,), False), ((TensorProto.BFLOAT16,), False)])
def test_weights_that_are_rounded(types, raises, tmp_path):
    model, feeds = with_router(Spec(tokens=2), rounded(*types))
    assert has(check(model, feeds, tmp_path), "experts") == raises


def test_weights_in_eight_bits_are_no_weights(tmp_path):
    """onnxruntime does not run it."""
    model, _ = with_router(Spec(tokens=2), rounded(TensorProto.FLOAT8E4M3FN))
    onnx.save(model, tmp_path / "model.onnx")
    assert not has(raised(tmp_path / "model.onnx", "").decode(), "experts")


def compared(offset, narrow=None):
    """Encoding B, whose masks compare the choice as another type, with numbers that are off by `offset`."""
    def build(spec):
        block = moe_models.Block(spec, moe_models.Weights(spec))
        b = block.b
        tokens, _, weights, experts = block.route()
        if narrow:
            experts = b.op("Cast", experts, to=narrow)
        index, result = b.op("Cast", experts, to=TensorProto.FLOAT), None
        for e in range(spec.experts):
            mask = b.op("CastLike", b.op("Equal", index, f32(e + offset)), weights)
            weight = b.op("ReduceSum", b.op("Mul", weights, mask), i64(-1), keepdims=1)
            y = b.op("Mul", block.mlp(tokens, e), weight)
            result = y if result is None else b.op("Add", result, y)
        return block.finish(result), {"x": block.w.x}
    return build


@pytest.mark.parametrize("build, experts, raises", [(compared(0), 4, True), (compared(0.5), 4, False), (compared(0, TensorProto.INT8), 4, True),
                                                    (compared(0, TensorProto.INT8), 160, False)])
def test_choices_that_are_compared(build, experts, raises, tmp_path):
    model, feeds = build(Spec(experts=experts, top_k=2, hidden=4, inner=4))
    assert has(check(model, feeds, tmp_path), "experts") == raises


# Attention, norms and activations.


def model_of(nodes, feeds, outputs, weights, opset=23):
    ms = helper.make_opsetid("com.microsoft", 1)
    inputs = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
              for name, value in feeds.items()]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph(nodes, "g", inputs, results, [numpy_helper.from_array(np.asarray(v), k) for k, v in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), ms], ir_version=10)


def draw(*shape, seed=5):
    return np.random.default_rng(seed + sum(shape)).standard_normal(shape).astype("f")


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("tokens, length", [(3, 5), (5, 3), (1, 6), (4, 4)])
def test_causality_without_a_past_counts_from_the_first_key(tokens, length, mask, tmp_path):
    feeds = {"q": draw(1, 4, tokens, 8), "k": draw(1, 2, length, 8), "v": draw(1, 2, length, 8, seed=6)}
    inputs = ["q", "k", "v"]
    if mask:
        feeds["m"] = draw(1, 1, tokens, length)
        inputs.append("m")
    node = helper.make_node("Attention", inputs, ["y"], is_causal=1)
    ir = check(model_of([node], feeds, ["y"], {}), feeds, tmp_path)
    assert has(ir, "attention") and ("causal = false" in ir) == (tokens != length), ir


@pytest.mark.parametrize("tokens, length, raises", [(3, 5, False), (1, 6, True), (3, 3, True)])
def test_unidirectional_attention_needs_one_length(tokens, length, raises, tmp_path):
    """onnxruntime lets the last query see all keys."""
    feeds = {"q": draw(1, tokens, 32), "k": draw(1, length, 32), "v": draw(1, length, 32, seed=6)}
    node = helper.make_node("MultiHeadAttention", ["q", "k", "v"], ["y"], domain="com.microsoft", num_heads=2, unidirectional=1)
    assert has(check(model_of([node], feeds, ["y"], {}, opset=17), feeds, tmp_path), "attention") == raises


def written_out(mask_nodes, feeds, weights, folder, before=(), scores="s1", options="phase=prefill prefill-chunk=6 context=0"):
    """softmax(q k^T / 2 + mask) v over six tokens; `mask_nodes` make `masked` of the scores."""
    feeds = {"q": draw(1, 2, 6, 8), "k": draw(1, 2, 6, 8, seed=6), "v": draw(1, 2, 6, 8, seed=7)} | feeds
    nodes = [*before, helper.make_node("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]), helper.make_node("MatMul", ["q", "kt"], ["s0"]),
             helper.make_node("Mul", ["s0", "half"], [scores]), *mask_nodes,
             helper.make_node("Softmax", ["masked"], ["p"], axis=-1), helper.make_node("MatMul", ["p", "v"], ["y"])]
    model = model_of(nodes, feeds, ["y"], {"half": f32(0.5)} | weights, opset=18)
    return check(model, feeds, folder, options)


CAUSAL = np.tril(np.ones((6, 6), bool))


@pytest.mark.parametrize("fill", [-1e4, -1e9, -3e38])
@pytest.mark.parametrize("twice", [False, True])
def test_queries_that_see_no_key_see_all_alike(fill, twice, tmp_path):
    """As with padding on the left. Chosen in place of the scores, the fill leaves none of them."""
    seen = CAUSAL.copy()
    seen[0] = False
    nodes = [helper.make_node("Where", ["seen", "s1", "fill"], ["m1" if twice else "masked"])]
    if twice:
        nodes.append(helper.make_node("Where", ["other", "m1", "fill"], ["masked"]))
    ir = written_out(nodes, {}, {"seen": seen, "other": CAUSAL[::-1].copy(), "fill": f32(fill)}, tmp_path)
    assert has(ir, "attention") and " bias " in ir, ir


@pytest.mark.parametrize("name, values, folds", [
    ("attention_mask", np.ones((1, 6), np.int64), False), ("segment_ids", np.array([[0, 0, 1, 1, 2, 2]], np.int64), False),
    ("document", np.array([[0, 0, 1, 1, 2, 2]], np.float32), False), ("position_ids", np.array([[0, 1, 2, 0, 1, 2]], np.int64), False)])
def test_tokens_of_one_segment_see_each_other(name, values, folds, tmp_path):
    """The input is compared with itself: it is no mask of valid tokens, whatever its name."""
    nodes = [helper.make_node("Unsqueeze", [name, "rows"], ["a"]), helper.make_node("Unsqueeze", [name, "columns"], ["b"]),
             helper.make_node("Equal", ["a", "b"], ["same"]), helper.make_node("And", ["same", "causal"], ["seen"]),
             helper.make_node("Where", ["seen", "zero", "low"], ["mask"]), helper.make_node("Add", ["s1", "mask"], ["masked"])]
    weights = {"rows": i64(1, 2), "columns": i64(1, 3), "causal": CAUSAL, "zero": f32(0), "low": f32(-np.inf)}
    ir = written_out(nodes, {name: values}, weights, tmp_path)
    assert has(ir, "attention") and (" bias " not in ir) == folds, ir


@pytest.mark.parametrize("form", ["flags", "compared", "taken from one", "added and compared"])
def test_masks_of_valid_tokens_fold_away(form, tmp_path):
    """However they are used: all tokens of a step are valid, as far as the model is concerned."""
    make = helper.make_node
    nodes = [make("Where", ["causal", "zero", "low"], ["bias"]), make("Cast", ["attention_mask"], ["real"], to=TensorProto.FLOAT), make("Unsqueeze", ["real", "axes"], ["wide"])]
    if form == "flags":
        nodes += [make("Cast", ["wide"], ["flags"], to=TensorProto.BOOL), make("And", ["flags", "causal"], ["seen"]),
                  make("Where", ["seen", "zero", "low"], ["mask"])]
    elif form == "compared":
        nodes += [make("Greater", ["wide", "zero"], ["flags"]), make("And", ["flags", "causal"], ["seen"]),
                  make("Where", ["seen", "zero", "low"], ["mask"])]
    elif form == "taken from one":
        nodes += [make("Sub", ["one", "wide"], ["hidden"]), make("Mul", ["hidden", "low"], ["pad"]), make("Add", ["pad", "bias"], ["mask"])]
    else:
        nodes += [make("Add", ["wide", "bias"], ["both"]), make("Equal", ["both", "zero"], ["pad"]), make("Where", ["pad", "low", "bias"], ["mask"])]
    nodes.append(make("Add", ["s1", "mask"], ["masked"]))
    weights = {"axes": i64(1, 2), "causal": CAUSAL, "zero": f32(0), "one": f32(1), "low": f32(-1e9)}
    ir = written_out(nodes, {"attention_mask": np.ones((1, 6), np.int64)}, weights, tmp_path)
    assert has(ir, "attention") and " bias " not in ir, ir


def hidden_by(name, form, values, folder):
    """Scores of six tokens, masked by causality and by an input [1, 6] for each token."""
    make = helper.make_node
    nodes = [make("Unsqueeze", [name, "rows"], ["row"]), make("Unsqueeze", [name, "columns"], ["column"])]
    flag = [make("Cast", ["row"], ["keys"], to=TensorProto.BOOL), make("Cast", ["column"], ["queries"], to=TensorProto.BOOL)]
    nodes += flag + {
        "keys": [make("And", ["keys", "causal"], ["seen"])],
        "greater": [make("Greater", ["row", "naught"], ["some"]), make("And", ["some", "causal"], ["seen"])],
        "shown keys": [make("Or", ["keys", "causal"], ["seen"])],
        "shown block": [make("And", ["keys", "queries"], ["both"]), make("Or", ["both", "causal"], ["seen"])],
        "block": [make("And", ["keys", "queries"], ["both"]), make("Or", ["both", "own"], ["shown"]), make("And", ["shown", "causal"], ["seen"])],
        "product": [make("Mul", ["row", "column"], ["both"]), make("Greater", ["both", "naught"], ["some"]), make("Or", ["some", "causal"], ["seen"])],
        "hidden": [make("Not", ["keys"], ["padding"]), make("Not", ["causal"], ["ahead"]), make("Or", ["padding", "ahead"], ["gone"]),
                   make("Not", ["gone"], ["seen"])],
    }[form]
    nodes += [make("Where", ["seen", "zero", "low"], ["mask"]), make("Add", ["s1", "mask"], ["masked"])]
    weights = {"rows": i64(1, 2), "columns": i64(1, 3), "causal": CAUSAL, "own": np.eye(6, dtype=bool), "zero": f32(0), "low": f32(-1e9)}
    if values.dtype != bool:
        weights["naught"] = values.dtype.type(0)
    return written_out(nodes, {name: values}, weights, folder)


@pytest.mark.parametrize("name", ["token_type_ids", "image_mask", "is_image", "keep"])
@pytest.mark.parametrize("form", ["keys", "greater", "shown keys", "shown block", "block", "product", "hidden"])
def test_other_masks_are_kept(name, form, tmp_path):
    """Nothing tells that an input of this form is 1 throughout."""
    values = np.array([[1, 0, 0, 1, 1, 0]], {"is_image": bool, "keep": f32}.get(name, np.int64))
    if values.dtype == bool and form in ("greater", "product"):
        pytest.skip("is a flag already")
    ir = hidden_by(name, form, values, tmp_path)
    assert has(ir, "attention") and " bias " in ir, ir


@pytest.mark.parametrize("form, values", [("shown keys", [1, 0, 0, 1, 1, 0]), ("shown block", [0, 1, 1, 1, 0, 0]), ("block", [0, 0, 1, 1, 1, 1]),
                                          ("product", [1, 0, 0, 1, 1, 0])])
def test_masks_that_are_used_otherwise_are_kept(form, values, tmp_path):
    """Called a mask of valid tokens, but combined with itself, or showing keys instead of hiding them."""
    ir = hidden_by("attention_mask", form, np.array([values], np.int64), tmp_path)
    assert has(ir, "attention") and " bias " in ir, ir


@pytest.mark.parametrize("form", ["keys", "greater", "hidden"])
def test_masks_that_hide_padding_fold_away_and_are_named(form, tmp_path):
    ir = hidden_by("attention_mask", form, np.ones((1, 6), np.int64), tmp_path)
    assert has(ir, "attention") and " bias " not in ir, ir
    said = messages(tmp_path / "model.onnx", "phase=prefill prefill-chunk=6 context=0")
    assert "input 'attention_mask' counts as all ones: the runtime leaves padding out" in said, said


def test_a_choice_that_is_added_has_two_sides(tmp_path):
    """Padding chosen into a bias, as `masked_fill` writes it: the bias is more than what it is not."""
    nodes = [helper.make_node("Where", ["pad", "low", "bias"], ["mask"]), helper.make_node("Add", ["s1", "mask"], ["masked"])]
    pad = np.zeros((6, 6), bool)
    pad[3:, 1] = True
    ir = written_out(nodes, {}, {"pad": pad, "low": f32(-1e9), "bias": draw(6, 6)}, tmp_path)
    assert has(ir, "attention") and " bias " in ir, ir


@pytest.mark.parametrize("outer, capped", [(2.0, True), (2.0016, False)])
def test_soft_caps_have_one_number(outer, capped, tmp_path):
    nodes = [helper.make_node("Div", ["s1", "inner"], ["a"]), helper.make_node("Tanh", ["a"], ["b"]), helper.make_node("Mul", ["b", "outer"], ["masked"])]
    ir = written_out(nodes, {}, {"inner": f32(2), "outer": f32(outer)}, tmp_path)
    assert ("softcap = " in ir) == capped, ir


@pytest.mark.parametrize("op", ["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"])
def test_skip_norms_have_an_epsilon_of_their_own(op, tmp_path):
    feeds = {"x": draw(2, 3, 8) * f32(1e-4), "skip": draw(2, 3, 8, seed=6) * f32(1e-4)}
    node = helper.make_node(op, ["x", "skip", "scale"], ["y"], domain="com.microsoft")
    check(model_of([node], feeds, ["y"], {"scale": draw(8)}, opset=17), feeds, tmp_path)


@pytest.mark.parametrize("divisor, kind", [(ROOT2, "gelu"), (f32(1.4142), "gelu"), (f32(1.41), None)])
def test_gelu_has_the_root_of_two(divisor, kind, tmp_path):
    feeds, make = {"x": draw(4, 8)}, helper.make_node
    nodes = [make("Div", ["x", "c"], ["a"]), make("Erf", ["a"], ["e"]), make("Add", ["e", "one"], ["s"]), make("Mul", ["x", "s"], ["m"]),
             make("Mul", ["m", "half"], ["y"])]
    ir = check(model_of(nodes, feeds, ["y"], {"c": divisor, "one": f32(1), "half": f32(0.5)}, opset=17), feeds, tmp_path)
    assert (" gelu " in ir) == (kind == "gelu"), ir


@pytest.mark.parametrize("factor, cubic, fuses", [(0.7978845608, 0.044715, True), (0.8, 0.044715, False), (0.7978845608, 0.0448, False)])
def test_gelu_by_tanh_has_its_numbers(factor, cubic, fuses, tmp_path):
    feeds, make = {"x": draw(4, 8) * f32(2)}, helper.make_node
    nodes = [make("Pow", ["x", "three"], ["x3"]), make("Mul", ["x3", "c"], ["a"]), make("Add", ["x", "a"], ["b"]), make("Mul", ["b", "k"], ["d"]),
             make("Tanh", ["d"], ["e"]), make("Add", ["e", "one"], ["s"]), make("Mul", ["x", "s"], ["m"]), make("Mul", ["m", "half"], ["y"])]
    weights = {"three": f32(3), "c": f32(cubic), "k": f32(factor), "one": f32(1), "half": f32(0.5)}
    assert (" gelu_tanh " in check(model_of(nodes, feeds, ["y"], weights, opset=17), feeds, tmp_path)) == fuses


@pytest.mark.parametrize("tokens, window", [(1, -1), (3, -1), (3, 3)])
def test_a_past_of_fixed_length_is_the_context(tokens, window, tmp_path):
    """The rotary table has room for more; the state has not."""
    past, dim = 4, 16
    feeds = {"q": draw(1, tokens, 4 * dim), "k": draw(1, tokens, 2 * dim), "v": draw(1, tokens, 2 * dim, seed=6), "pk": draw(1, 2, past, dim),
             "pv": draw(1, 2, past, dim, seed=6)}
    angles = np.arange(64)[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)[None]
    weights = {"last": np.array([past + tokens - 1], np.int32), "total": np.array(past + tokens, np.int32), "cos": np.cos(angles).astype("f"),
               "sin": np.sin(angles).astype("f")}
    node = helper.make_node("GroupQueryAttention", ["q", "k", "v", "pk", "pv", "last", "total", "cos", "sin"], ["y", "nk", "nv"],
                            domain="com.microsoft", num_heads=4, kv_num_heads=2, do_rotary=1, local_window_size=window)
    ir = check(model_of([node], feeds, ["y", "nk", "nv"], weights, opset=17), feeds, tmp_path)
    assert "context = 4 : i64" in ir, ir


@pytest.mark.parametrize("tokens, last, raises", [(1, 4, True), (1, 3, False), (1, 1, False), (3, 6, True), (3, 5, False)])
def test_constant_lengths_are_those_of_the_step(tokens, last, raises, tmp_path):
    """What the runtime gives is taken for all tokens; fewer that the model fixes hide keys."""
    past, dim = 4, 16
    feeds = {"q": draw(1, tokens, 4 * dim), "k": draw(1, tokens, 2 * dim), "v": draw(1, tokens, 2 * dim, seed=6), "pk": draw(1, 2, past, dim),
             "pv": draw(1, 2, past, dim, seed=6)}
    weights = {"last": np.array([last], np.int32), "total": np.array(past + tokens, np.int32)}
    node = helper.make_node("GroupQueryAttention", ["q", "k", "v", "pk", "pv", "last", "total"], ["y", "nk", "nv"],
                            domain="com.microsoft", num_heads=4, kv_num_heads=2)
    ir = check(model_of([node], feeds, ["y", "nk", "nv"], weights, opset=17), feeds, tmp_path)
    assert ("inlay_nn.attention" in ir) == raises, ir
    assert ("GroupQueryAttention" in ir) != raises, ir


@pytest.mark.parametrize("causal", [0, 1])
@pytest.mark.parametrize("tokens, length, counts, given, raises", [
    (3, 5, 5, False, True), (1, 5, 5, False, True), (3, 5, 4, False, False), (1, 5, 4, False, False), (3, 5, 5, True, False), (3, 5, 4, True, False)])
def test_all_keys_count_or_none_is_raised(tokens, length, counts, given, raises, causal, tmp_path):
    """nonpad_kv_seqlen hides the keys behind it: known only where it hides none."""
    feeds = {"q": draw(2, 4, tokens, 8), "k": draw(2, 2, length, 8), "v": draw(2, 2, length, 8, seed=6)}
    numbers = {"counts": np.array([length, counts], np.int64)}
    node = helper.make_node("Attention", ["q", "k", "v", "", "", "", "counts"], ["y"], is_causal=causal)
    feeds |= numbers if given else {}
    ir = check(model_of([node], feeds, ["y"], {} if given else numbers, opset=24), feeds, tmp_path)
    assert has(ir, "attention") == raises and ("opaque" in ir) != raises, ir


def test_keys_that_do_not_count_are_named(tmp_path):
    feeds = {"q": draw(1, 2, 1, 8), "k": draw(1, 2, 5, 8), "v": draw(1, 2, 5, 8, seed=6)}
    for given in (False, True):
        counts = {"counts": np.array([4], np.int64)}
        node = helper.make_node("Attention", ["q", "k", "v", "", "", "", "counts"], ["y"], name="attn")
        onnx.save(model_of([node], feeds | (counts if given else {}), ["y"], {} if given else counts, opset=24), tmp_path / "model.onnx")
        said = messages(tmp_path / "model.onnx")
        assert ("has a nonpad_kv_seqlen that the model is given, so that fewer than the 5 keys may count" if given else
                "has the constant 4 in nonpad_kv_seqlen, where there are 5 keys") in said, said
        assert "leave nonpad_kv_seqlen out and cut the keys and values to what counts" in said, said


@pytest.mark.parametrize("activation, kind", [("gelu", "gelu_tanh"), ("relu", "relu"), ("silu", "silu"), ("identity", "identity")])
def test_activations_of_fused_experts_are_those_of_onnxruntime(activation, kind, tmp_path):
    """Its gelu is the form by tanh, which differs from erf by more than the bound at these magnitudes."""
    feeds = {"x": draw(5, 8) * f32(2), "router": draw(5, 3)}
    weights = {"fc1": draw(3, 12, 8), "fc2": draw(3, 8, 12)}
    node = helper.make_node("MoE", ["x", "router", "fc1", "", "fc2"], ["y"], domain="com.microsoft", k=3, activation_type=activation)
    ir = check(model_of([node], feeds, ["y"], weights, opset=18), feeds, tmp_path)
    assert has(ir, "experts") and f" {kind}" in ir, ir


@pytest.mark.parametrize("name", ["zorp", "gelu_tanh"])
def test_unknown_activations_are_named(name, tmp_path):
    node = helper.make_node("MoE", ["x", "router", "fc1", "", "fc2"], ["y"], domain="com.microsoft", name="moe", k=3, activation_type=name)
    feeds = {"x": draw(5, 8), "router": draw(5, 3)}
    onnx.save(model_of([node], feeds, ["y"], {"fc1": draw(3, 12, 8), "fc2": draw(3, 8, 12)}, opset=18), tmp_path / "model.onnx")
    said = messages(tmp_path / "model.onnx")
    assert f"has activation_type = {name}, expected relu, gelu, silu, swiglu or identity" in said, said
