"""Every way to write a mixture of experts becomes one route and one experts, which mean what the model does."""

import dataclasses
import os
import pathlib
import re
import resource
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import moe_models  # noqa: E402
import nn_experts  # noqa: E402
from moe_models import Spec  # noqa: E402
from runners import open_session  # noqa: E402

BIN = pathlib.Path(os.environ.get("INLAY_BIN_DIR", "build/bin")).resolve()
PASSES = ["--bind-dims", "--infer-shapes", "--raise-to-nn", "--canonicalize"]

SPECS = {
    "mixtral": ("ABCDEF", Spec()),
    "one-token": ("ABCDEF", Spec(tokens=1)),
    "top-1": ("ABCDEF", Spec(top_k=1)),
    "no-renormalisation": ("ABCDEF", Spec(renormalize=False)),
    "epsilon": ("BCDEF", Spec(epsilon=1e-6)),
    "topk-softmax": ("BCDEF", Spec(router="topk_softmax")),
    "halves": ("ABCDEF", Spec(layout="halves")),
    "interleaved": ("ABCDEF", Spec(layout="interleaved")),
    "bias": ("ABCDEF", Spec(bias=True)),
    "gpt-oss": ("ABCDEF", Spec(layout="interleaved", bias=True, alpha=1.702, beta=1.0, limit=7.0,
                               router="topk_softmax")),
    "clamped-halves": ("ABCDEF", Spec(layout="halves", limit=0.5)),
    "relu": ("ABCDEF", Spec(gated=False, activation="relu")),
    "gelu": ("BCDEF", Spec(gated=False, activation="gelu")),
    "geglu": ("BCDEF", Spec(activation="gelu")),
    "silu-without-gate": ("ABCDEF", Spec(gated=False)),
    "turned-weights": ("BCDEF", Spec(weights="nk")),
    "deepseek": ("BCDEF", Spec(experts=16, top_k=4, router="sigmoid", selection_bias=True, groups=4, top_groups=2,
                               epsilon=1e-20, scale=2.5)),
    "kimi": ("BCDEF", Spec(experts=8, top_k=3, router="sigmoid", selection_bias=True, epsilon=1e-20, scale=2.827)),
    "phi3.5": ("BCDEF", Spec(experts=8, router="sparse_mixer", renormalize=False, threshold=0.4)),
    "phi3.5-three": ("BD", Spec(experts=8, top_k=3, router="sparse_mixer", renormalize=False, threshold=1.5)),
    "bytes": ("BE", Spec(weights="int8")),
    "bytes-with-zeros": ("BE", Spec(weights="uint8")),
    "blocks-of-bytes": ("BDE", Spec(weights="blocks", inner=32)),
    "einsum": ("D", Spec(einsum=True)),
    "einsum-halves": ("D", Spec(einsum=True, layout="halves", bias=True, router="topk_softmax")),
    "swiglu-operator": ("BD", Spec(swiglu=True)),
    "llama4": ("BCDEF", Spec(top_k=1, router="sigmoid", renormalize=False, weight_on_input=True)),
    "weighted-inputs": ("BCDEF", Spec(weight_on_input=True)),
    "weighted-inputs-with-bias": ("CEF", Spec(weight_on_input=True, bias=True)),
    "llama4-halves": ("CDEF", Spec(top_k=1, router="sigmoid", renormalize=False, weight_on_input=True, layout="halves")),
}
CASES = [(name, letter) for name, (letters, _) in SPECS.items() for letter in letters]


def run(*arguments, text=None):
    done = subprocess.run(arguments, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def raise_model(model, path):
    """IR of the nn level and what was said about it."""
    onnx.save(model, path)
    text, _ = run(str(BIN / "inlay-translate"), "--import-onnx", "--mlir-print-debuginfo", str(path))
    return run(str(BIN / "inlay-opt"), *PASSES, text=text)


def lines_of(ir, op):
    return [line for line in ir.splitlines() if f"inlay_nn.{op} " in line]


def expected_route(spec, letter):
    kind = {"softmax_topk": "softmax_topk", "topk_softmax": "topk_softmax", "sigmoid": "sigmoid_topk",
            "sparse_mixer": "sparse_mixer"}[spec.router]
    if letter == "A":
        # MoE has softmax before the choice; divided by the sum that is softmax over the chosen.
        kind = "softmax_topk"
    found = {f" {kind} ", f"k = {spec.top_k} : i64"}
    if spec.groups > 1:
        found |= {f"groups = {spec.groups} : i64", f"top_groups = {spec.top_groups} : i64"}
    if (spec.renormalize and spec.router != "topk_softmax") or (letter == "A" and spec.router == "topk_softmax"):
        found.add("renormalize")
    if spec.epsilon:
        found.add("epsilon = ")
    if spec.scale != 1:
        found.add("scale = ")
    if spec.selection_bias:
        found.add(" bias ")
    return found


def check_shape(ir, errors, spec, letter):
    assert "opaque" not in ir and "warning" not in errors, errors
    [route], [experts] = lines_of(ir, "route"), lines_of(ir, "experts")
    for text in expected_route(spec, letter):
        assert text in route, route
    assert ("weight_on_input" in experts) == spec.weight_on_input
    assert (" fc3 " in experts) == spec.gated
    assert (" bias " in experts) == spec.bias
    for op in ("top_k", "matmul", "gather"):
        assert not lines_of(ir, op), ir


@pytest.mark.parametrize("name,letter", CASES, ids=[f"{n}-{l}" for n, l in CASES])
def test_raises_and_means_the_same(name, letter, tmp_path):
    spec = SPECS[name][1]
    weights = moe_models.Weights(spec)
    model = moe_models.build(letter, spec, weights)
    path = tmp_path / "model.onnx"
    ir, errors = raise_model(model, path)
    check_shape(ir, errors, spec, letter)
    actual = nn_experts.evaluate(ir, path.parent, weights.x)
    # Of rounded weights onnxruntime says what comes out.
    if spec.activation in ("silu", "relu") and spec.weights in ("kn", "nk"):
        np.testing.assert_allclose(actual, moe_models.reference(spec, weights), atol=2e-5)
    # onnxruntime's MoE on the CPU knows interleaved rows and no fc3; it does not know SwiGLU.
    if not spec.swiglu and letter != "A" or (spec.layout == "interleaved" and spec.gated):
        # Optimised, onnxruntime quantises the activations before quantised weights.
        session = open_session(path, optimise=False)
        np.testing.assert_allclose(actual, session.run(["y"], {"x": weights.x})[0][0], atol=2e-5)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("letter", "BCDEF")
def test_idle_nodes_order_and_names_do_not_matter(letter, seed, tmp_path):
    spec = SPECS[("deepseek", "gpt-oss", "phi3.5", "weighted-inputs")[seed]][1]
    weights = moe_models.Weights(spec)
    model = moe_models.disturb(moe_models.build(letter, spec, weights), seed)
    path = tmp_path / "model.onnx"
    ir, errors = raise_model(model, path)
    check_shape(ir, errors, spec, letter)
    np.testing.assert_allclose(nn_experts.evaluate(ir, path.parent, weights.x), moe_models.reference(spec, weights),
                               atol=2e-5)


def nn_level(ir):
    """The graph at the nn level without the names of weights and values."""
    generic, _ = run(str(BIN / "inlay-opt"), "--verify-nn", "--mlir-print-op-generic", text=ir)
    graph = re.search(r'"inlay_nn.graph".*?"inlay_nn.return"', generic, re.DOTALL).group()
    return re.sub(r"@[\w.\"$#-]+", "@", graph)


@pytest.mark.parametrize("name, sizes", [(name, {}) for name in ("mixtral", "gpt-oss", "deepseek", "phi3.5", "weighted-inputs")] + [
    (name, dict(tokens=tokens, top_k=k)) for name in ("mixtral", "gpt-oss", "llama4") for tokens, k in ((1, 1), (5, 1), (1, 3), (3, 4))])
def test_all_encodings_become_the_same(name, sizes, tmp_path):
    """However they are written, disturbed or not; also where there is one token, one choice, or nothing to choose."""
    spec = dataclasses.replace(SPECS[name][1], **sizes)
    found = {}
    for letter in SPECS[name][0].replace("A", ""):
        for seed in (None, 1, 2):
            model = moe_models.build(letter, spec)
            model = model if seed is None else moe_models.disturb(model, seed)
            ir, errors = raise_model(model, tmp_path / "model.onnx")
            check_shape(ir, errors, spec, letter)
            found[letter, seed] = nn_level(ir)
    first = found["B", None]
    for key, other in found.items():
        assert other == first, key


@pytest.mark.parametrize("letter", "ABCDEF")
def test_shared_expert_stays_an_mlp(letter, tmp_path):
    ir, errors = raise_model(moe_models.build(letter, Spec(shared=True)), tmp_path / "model.onnx")
    assert "opaque" not in ir, errors
    assert len(lines_of(ir, "experts")) == 1
    assert len(lines_of(ir, "linear")) + len(lines_of(ir, "lm_head")) == 4
    assert sum(" add " in line for line in lines_of(ir, "binary")) == 1


@pytest.mark.parametrize("letter", "BEF")
def test_names_experts_that_tracing_dropped(letter, tmp_path):
    spec = Spec(experts=6)
    _, errors = raise_model(moe_models.build(letter, spec, keep=[0, 1, 3]), tmp_path / "model.onnx")
    if letter == "F":
        # Its bounds skip an expert: not even the others are runs of the sorted pairs.
        assert "opaque" in errors
        return
    assert re.search(r"router 'n\d+_TopK' chooses from 6 experts, but the sum at node 'n\d+_\w+' has only 3 of them: "
                     r"2, 4, 5 are", errors), errors
    remedy = ("missing, as when tracing drops experts that the sample input does not reach; "
              "export again in a way that keeps all experts")
    assert remedy in errors


def test_names_the_expert_that_is_not_like_the_others(tmp_path):
    block = moe_models.Block(Spec(), moe_models.Weights(Spec()))
    plain = block.mlp
    block.mlp = lambda x, index: block.b.op("Tanh", plain(x, index)) if index == 2 else plain(x, index)
    ir, errors = raise_model(block.finish(block.encode_b()), tmp_path / "model.onnx")
    assert not lines_of(ir, "experts"), ir
    for text in ("experts 2 of router '", "' are no MLP like the others of the sum at node '",
                 "', so none of them is raised"):
        assert text in errors, errors


def cpu_seconds(ir_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    run(str(BIN / "inlay-opt"), *PASSES, str(ir_path), "-o", os.devnull)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def test_time_is_linear_in_the_number_of_experts(tmp_path):
    """Eight times as many experts may take twice eight times as long, since machines are noisy; squares take 64."""
    seconds = []
    for experts in (500, 4000):
        model = moe_models.build("B", Spec(hidden=8, inner=4, experts=experts))
        path = tmp_path / f"{experts}.onnx"
        onnx.save(model, path)
        text, _ = run(str(BIN / "inlay-translate"), "--import-onnx", str(path))
        ir_path = path.with_suffix(".mlir")
        ir_path.write_text(text)
        seconds.append(min(cpu_seconds(ir_path) for _ in range(3)))
    assert seconds[1] < 2 * 8 * seconds[0], seconds


# Near misses: each is a model that onnxruntime runs and that is no mixture of experts, or not one that can be said.


def edit(model, op_type, index, change):
    change([node for node in model.graph.node if node.op_type == op_type][index], model)
    return model


def set_attribute(name, value):
    def change(node, _):
        kept = [a for a in node.attribute if a.name != name]
        del node.attribute[:]
        node.attribute.extend(kept + [onnx.helper.make_attribute(name, value)])
    return change


def replace_constant(position, array):
    def change(node, model):
        name = node.input[position] + "_other"
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array), name))
        node.input[position] = name
    return change


def output_of(op_type, index):
    """Makes an inner value a second result of the graph."""
    def change(node, model):
        model.graph.output.append(onnx.helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, None))
    return lambda model: edit(model, op_type, index, change)


def swap_inputs(model):
    """The second expert reads other tokens: twice the input."""
    products = [n for n in model.graph.node if n.op_type == "MatMul"]
    tokens = products[1].input[0]
    model.graph.node.insert(1, onnx.helper.make_node("Add", [tokens, tokens], ["twice"]))
    products[4].input[0] = "twice"
    return model


def route_one_token(model):
    """One choice, that of the first token, for all tokens."""
    product = [n for n in model.graph.node if n.op_type == "MatMul"][0]
    for name, value in (("zero", 0), ("one", 1)):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([value], np.int64), name))
    first = onnx.helper.make_node("Slice", [product.input[0], "zero", "one", "zero"], ["first"])
    model.graph.node.insert(list(model.graph.node).index(product), first)
    product.input[0] = "first"
    return model


def same_expert_twice(model):
    equal = [n for n in model.graph.node if n.op_type == "Equal"]
    equal[1].input[1] = equal[0].input[1]
    return model


def bias_of_weighted_inputs(letter):
    """Experts that were not chosen answer to zeros with their biases: their sum is that of all experts."""
    return moe_models.build(letter, Spec(weight_on_input=True, bias=True, router="sigmoid", renormalize=False))


@pytest.mark.parametrize("letter", "BD")
def test_biases_of_experts_that_were_not_chosen_count(letter, tmp_path):
    ir, _ = raise_model(bias_of_weighted_inputs(letter), tmp_path / "model.onnx")
    assert not lines_of(ir, "experts"), ir


def test_sparse_mixers_with_other_distances_are_not_raised(tmp_path):
    block = moe_models.Block(SPECS["phi3.5"][1], moe_models.Weights(SPECS["phi3.5"][1]))
    plain = block.b.op
    block.b.op = lambda op, *inputs, **rest: plain("Min" if op == "Max" else op, *inputs, **rest)
    ir, _ = raise_model(block.finish(block.encode_b()), tmp_path / "model.onnx")
    assert "sparse_mixer" not in ir and not lines_of(ir, "experts"), ir


def test_scores_gathered_along_the_default_axis_are_no_weights(tmp_path):
    """GatherElements works along axis 0 unless it says otherwise: along the tokens, not along the experts."""
    spec = Spec(tokens=6, experts=4, router="sigmoid", selection_bias=True)
    for axis, raises in ((1, True), (None, False)):
        model = moe_models.build("B", spec)
        [gather] = [node for node in model.graph.node if node.op_type == "GatherElements"]
        del gather.attribute[:]
        if axis is not None:
            gather.attribute.append(onnx.helper.make_attribute("axis", axis))
        ir, _ = raise_model(model, tmp_path / "model.onnx")
        assert bool(lines_of(ir, "experts")) == raises, ir


NEAR_MISSES = {
    "slots summed over tokens": ("D", lambda m: edit(m, "Transpose", 0, set_attribute("perm", [0, 1]))),
    "smallest instead of largest": ("B", lambda m: edit(m, "TopK", 0, set_attribute("largest", 0))),
    "weights divided by another sum": ("B", lambda m: edit(m, "ReduceSum", 0, replace_constant(1, [0]))),
    "one expert twice": ("B", same_expert_twice),
    "experts of different inputs": ("B", swap_inputs),
    "one choice for all tokens": ("B", route_one_token),
    "one choice for all tokens, dense": ("D", route_one_token),
    "gate used elsewhere": ("B", output_of("Sigmoid", 2)),
    "product used elsewhere": ("E", output_of("MatMul", 3)),
    "overwriting scatter": ("E", lambda m: edit(m, "ScatterElements", 1, set_attribute("reduction", "none"))),
    "descending order": ("F", lambda m: edit(m, "TopK", 1, set_attribute("largest", 1))),
    "tokens of other pairs": ("F", lambda m: edit(m, "Div", 1, replace_constant(1, np.int64(3)))),
    "weights of other experts": ("C", lambda m: edit(m, "Gather", 1, replace_constant(1, np.zeros(12, np.int64)))),
    "tokens in another order": ("C", lambda m: edit(m, "Gather", 0, replace_constant(1, np.arange(12) % 6))),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_near_misses_are_not_raised(name, tmp_path):
    letter, change = NEAR_MISSES[name]
    spec = Spec(tokens=6, experts=6) if letter == "D" else Spec()
    model = change(moe_models.build(letter, spec))
    onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    ir, _ = raise_model(model, tmp_path / "model.onnx")
    assert not lines_of(ir, "experts"), ir


def test_weights_of_unequal_shapes_are_not_raised(tmp_path):
    spec = Spec()
    weights = moe_models.Weights(spec)
    block = moe_models.Block(spec, weights)
    plain = block.mlp

    def odd(x, index):
        if index != 2:
            return plain(x, index)
        narrow = moe_models.Block(Spec(inner=7), moe_models.Weights(Spec(inner=7)))
        narrow.b = block.b
        return narrow.mlp(x, index)

    block.mlp = odd
    ir, _ = raise_model(block.finish(block.encode_b()), tmp_path / "model.onnx")
    assert not lines_of(ir, "experts"), ir
