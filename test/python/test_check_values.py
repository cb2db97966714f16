"""inlay-check follows every value of the model along the streams of a plan, and every initializer to the op that reads it."""

import copy
import itertools
import json

import onnx
import pytest

import checking
import mutations
import placing
from checking import matches

NAME = "gpt-oss-tiny-fp32"
REWIRED = [("mixtral-tiny-hf", "wse3"), ("qwen3-moe-tiny-optimum", "grid8x8"), ("deepseek-v3-tiny-hf", "grid8x8"), (NAME, "grid8x8")]


def kernel(plan, name):
    return next(kernel for kernel in plan["kernels"] if kernel["name"] == name)


def op(plan, of, name):
    return next(op for op in kernel(plan, of)["ops"] if op["op"] == name)


def pieces(plan, of, ending):
    return next(weight for weight in kernel(plan, of)["weights"] if weight["name"].endswith(ending))["pieces"]


def put(owner, key, value):
    owner[key] = value


def rename_input(plan):
    """The host brings what the model has not, and the kernel says that it takes it."""
    plan["streams"][0]["name"] = plan["kernels"][0]["inputs"][0] = "more"


def take_other_input(plan):
    plan["streams"][0]["name"] = plan["kernels"][0]["inputs"][0] = "attention_mask"


def add_operand(plan):
    """A product with the weights of another, too."""
    target, source = op(plan, ATTENTION, "linear"), op(plan, ATTENTION, "rms_norm")
    target["operands"].insert(1, source["operands"][1])


def take_over(plan):
    """An op of another node that takes nothing but what has no name."""
    target = op(plan, "model.layers.0.moe.experts", "activation")
    target["node"] = op(plan, ATTENTION, "linear")["node"]
    for use in target["operands"]:
        use["buffer"] = "scratch of op 2"


def swap_pieces(plan):
    one, other = (pieces(plan, ATTENTION, ending) for ending in ("input_layernorm.weight", "Add.bias.query"))
    one[0], other[0] = other[0], one[0]


def skip_layer(plan):
    """The head takes what the first layer takes, and says so."""
    stream = next(stream for stream in plan["streams"] if stream["to"] == "lm_head")
    mutations.rewire(plan, stream, plan["kernels"][0]["name"], 0)


def take_too_much(plan):
    """The norm of a router reads the experts before it once more."""
    norm = op(plan, "model.layers.1.moe.router", "rms_norm")
    norm["node"] = op(plan, "model.layers.1.attn", "rms_norm")["node"]


ATTENTION = "model.layers.0.attn"
CASES = {
    "stream": (lambda p: put(p["streams"][1], "from", "model.layers.0.moe.router"), "brings '*' to input 0, which takes '"),
    "inputs": (lambda p: kernel(p, ATTENTION)["inputs"].append("more"), "names 2 inputs, 1 have streams"),
    "no value": (rename_input, "takes 'more', which is no value of the model"),
    "no node": (lambda p: put(op(p, ATTENTION, "linear"), "node", ""), "does not say of which node it is"),
    "other node": (lambda p: put(op(p, ATTENTION, "linear"), "node", "more"),
                   "is of 'more', which is no node of the model that its outputs need, or none of its outputs"),
    "other output": (lambda p: put(op(p, ATTENTION, "linear"), "node", op(p, ATTENTION, "linear")["node"] + ":7"),
                     ":7', which is no node of the model that its outputs need, or none of its outputs"),
    "handed on": (take_over,
                  "op * 'activation': takes what the op before it makes, but is of another node, '"),
    "skipped": (skip_layer, "kernel 'lm_head', op 1 'rms_norm': lacks a value: from node '*' (*) back to what it takes lies what node '*' makes"),
    "swapped weight": (swap_pieces, "lacks a value: from node '*' (*) back to what it takes lies initializer '*' of kernel 'model.layers.0.attn'"),
    "not needed": (take_too_much, "takes what node '*' makes, which node '*' (*) does not need"),
    "other input": (take_other_input, "takes 'attention_mask', which node '*' (Gather) does not need"),
    "not read": (add_operand, "has a weight from initializer '*layernorm.weight', which node '*' (*) does not read"),
    "swapped": (swap_pieces, "kernel 'model.layers.0.attn', op 0 'rms_norm': "),
    "result": (lambda p: put(p["streams"][-1], "from", "model.embed_tokens"), "brings what node '*' makes, which is not 'logits'"),
}


@pytest.fixture(scope="module")
def found():
    return checking.violations(checking.subject(NAME), CASES)


@pytest.mark.parametrize("case", CASES)
def test_violations_are_told(found, case):
    assert any(matches(f"[values] *{CASES[case][1]}", violation) for violation in found[case]), "\n".join(found[case])


@pytest.mark.parametrize("name, target", REWIRED)
@pytest.mark.parametrize("names_inputs", [False, True])
def test_streams_from_another_producer(name, target, names_inputs):
    """Every stream from every other output of its kind, whether or not the consumer says that it takes that."""
    subject = checking.subject(name, target)
    rewired = list(mutations.rewirings(subject.plan, names_inputs))
    assert len(rewired) > 20
    said = subject.check([subject.text(plan) for _, plan in rewired])
    passed = [words for (words, _), violations in zip(rewired, said) if not violations]
    assert not passed


def test_every_name_of_a_node_will_do(tmp_path):
    """Nodes without a name, or with one that others have, go by their first output."""
    model = onnx.load(placing.example("mixtral-tiny-hf"), load_external_data=False)
    for number, node in enumerate(model.graph.node):
        node.name = "" if number % 2 else "node"
    onnx.save(model, tmp_path / "model.onnx")
    placing.run("inlayc", tmp_path / "model.onnx", "--target", "wse3", "-o", tmp_path)
    placing.run("inlay-check", tmp_path / "plan.json", "--model", tmp_path / "model.onnx")
    plan = json.loads((tmp_path / "plan.json").read_text())
    outputs = set(itertools.chain.from_iterable(node.output for node in model.graph.node))
    assert all(op["node"] in outputs for kernel in plan["kernels"] for op in kernel["ops"])


@pytest.mark.parametrize("name", ["deepseek-v3-tiny-mobius", "mixtral-tiny-mobius", "granitemoe-tiny-mobius", "olmoe-tiny-mobius",
                                  "phimoe-tiny-mobius", "qwen2-moe-tiny-mobius-cpu", NAME])
def test_no_context_is_longer_than_the_tables_of_positions(name):
    subject = checking.subject(name)
    model = onnx.load(subject.model, load_external_data=False)
    rows = min(tensor.dims[0] for tensor in model.graph.initializer if "cos_cache" in tensor.name)
    assert subject.plan["max_context"] == rows - subject.plan["step"]["tokens"]
    said = subject.check([subject.text({**subject.plan, "max_context": rows})])[0]
    assert any(matches(f"max_context: is {rows} tokens, * the model has positions for {rows - 1}", words) for words in said)


SQUARE = ("deepseek-v3-tiny-hf", "val_87")  # [32, 32], summed over its rows
LAYOUTS = {
    "turned": (SQUARE[0], lambda p: turn(p, SQUARE[1]), "is summed over with a stride of 1, by node '*' (MatMul) with one of 32"),
    "parts": (SQUARE[0], lambda p: swap_parts(p, "val_173.keys", "val_173.values"),
              "takes other elements than that of kernel 'layer.*.attention' of the same structure"),
    "rows": (NAME, lambda p: turn(p, "model.embed_tokens.weight"),
             "has strides 1 * for sizes * *, but node '/model/embed_tokens/Gather' (Gather) reads it in the order of the file"),
    "blocks": ("gpt-oss-tiny-int4", lambda p: turn(p, "model.layers.0.attn.o_proj.MatMul.weight_Q4"),
               "(MatMulNBits) reads it in the order of the file"),
}


def find_pieces(plan, name):
    return next(weight["pieces"] for kernel in plan["kernels"] for weight in kernel["weights"] if weight["name"] == name)


def turn(plan, name):
    """Rows become columns: every element is taken once still where the matrix is square."""
    strides = find_pieces(plan, name)[0]["strides"]
    strides[-2:] = strides[:-3:-1]


def swap_parts(plan, one, other):
    first, second = find_pieces(plan, one), find_pieces(plan, other)
    first[:], second[:] = second[:], first[:]


@pytest.mark.parametrize("case", LAYOUTS)
def test_weights_in_another_order(case):
    name, change, words = LAYOUTS[case]
    subject = checking.subject(name)
    plan = copy.deepcopy(subject.plan)
    change(plan)
    said = subject.check([subject.text(plan)])[0]
    assert any(matches(f"[layouts] *{words}", violation) for violation in said), said


def choose(plan, chosen):
    """Another number of experts for each token, as the router, its streams and the experts say together."""
    routers = {kernel["name"]: op for kernel in plan["kernels"] for op in kernel["ops"] if op["kind"] == "top_k"}
    for kernel in plan["kernels"]:
        if not kernel["experts_per_token"]:
            continue
        before, kernel["experts_per_token"] = kernel["experts_per_token"], chosen
        for op in kernel["ops"]:
            if op.get("density", 1) != 1:
                op["density"] *= chosen / before
        for stream in plan["streams"]:
            if stream["from"] in routers and stream["to"] == kernel["name"] and stream["shape"][-1] == before:
                stream.update(shape=[*stream["shape"][:-1], chosen], bytes=int(stream["bytes"]) * chosen // before)
    for op in routers.values():
        op["operations"] += chosen - before


# A fused node with its attribute, an initializer, a constant of the graph, a number that is reshaped.
CHOOSERS = ["gpt-oss-tiny-int4", "mixtral-tiny-hf", "granitemoe-tiny-mobius", "deepseek-v3-tiny-hf", "glm4-moe-tiny-hf"]


@pytest.mark.parametrize("name", CHOOSERS)
@pytest.mark.parametrize("chosen", [1, 3])
def test_the_model_says_how_many_experts_a_token_has(name, chosen):
    subject = checking.subject(name)
    routers = [kernel["name"] for kernel in subject.plan["kernels"] if any(op["kind"] == "top_k" for op in kernel["ops"])]
    changed = copy.deepcopy(subject.plan)
    choose(changed, chosen)
    same, violations = subject.check([subject.text(subject.plan), subject.text(changed)])
    assert same == [] and routers
    for router in routers:
        words = f"kernel '{router}', op *: is of {chosen} choices for each token, node * of the model makes 2"
        assert any(checking.matches(words, violation) for violation in violations), violations
