"""Weights of 4-bit and 8-bit floats, and of integers, keep their meaning in every encoding.

A small model of one seed is the same in each encoding. What onnxruntime's CPU kernels do not run (4-bit floats, fused
experts of floats) is widened here, with numpy, in the encoding of standard operators; every encoding is raised, written
back as standard operators, and must give the same logits. Nothing may stay opaque, and no weight may be dequantised
apart from the product that it goes into.
"""

import json
import subprocess

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from moe_models import sigmoid, softmax
from runners import BIN, ROOT, export_onnx, import_onnx, make_feeds, open_session, run_session, run_tool

# The fused one, which onnxruntime's CPU kernels run in part only, is held against the one before: rows that are
# interleaved share the scale of their block, so that the first may be another model.
FUSED = "contrib"
ENCODINGS = ["stacked", "unrolled", FUSED]
# Blocks of 128 x 128, some partial; gate and up meet between two blocks.
SIZES = ["--layers=4", "--hidden=192", "--intermediate=160", "--expert-intermediate=128", "--experts=16",
         "--experts-per-token=2", "--heads=4", "--vocab=200", "--context=64", "--activation-type=f32"]
CONTEXT, TOKENS = 7, 5
GROUPED = ["--kv-heads=2", "--head-dim=16"]
LATENT = ["--head-dim=16", "--rope-dim=8", "--query-rank=32", "--kv-rank=64"]
MODELS = {
    "gpt-oss-20b": [*GROUPED, f"--window={CONTEXT}"],  # whose caches are of one window in one encoding
    "mixtral-8x7b": GROUPED,
    "qwen3-235b-a22b": GROUPED,
    "deepseek-v3": LATENT,
    "kimi-k2": LATENT,
    "glm-4.5": ["--kv-heads=2", "--head-dim=32"],
    "llama-4-maverick": GROUPED,
    "llama-3.1-8b": GROUPED,
}
STORAGES = ["mxfp4", "fp8", "int4"]


def generate(folder, model, storage, encoding):
    path = folder / f"{encoding}.onnx"
    subprocess.run([BIN / "inlay-model", ROOT / f"examples/configs/{model}.json", "-o", path, f"--encoding={encoding}",
                    "--random-weights", "--seed=5", f"--weights={storage}", *SIZES, *MODELS[model]], check=True)
    return path


def widen(path):
    """A copy whose products of 4-bit floats have these as f32."""
    model = onnx.load(path)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in list(model.graph.node):
        if node.op_type != "DequantizeLinear" or tensors[node.input[0]].data_type != TensorProto.FLOAT4E2M1:
            continue
        numbers, scales = (numpy_helper.to_array(tensors[name]).astype(np.float32) for name in node.input)
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        wide = numbers * np.repeat(scales, attributes["block_size"], axis=attributes["axis"])
        model.graph.initializer.append(numpy_helper.from_array(wide, node.output[0]))
        model.graph.node.remove(node)
    used = {name for node in model.graph.node for name in node.input}
    for tensor in [tensor for tensor in model.graph.initializer if tensor.name not in used]:
        model.graph.initializer.remove(tensor)
    wide = path.with_suffix(".wide.onnx")
    onnx.save(model, wide)
    return wide


def raised(path, bound):
    return run_tool("inlay-opt", f"--bind-dims={bound}", "--infer-shapes", "--raise-to-nn", "--canonicalize",
                    "--verify-nn", stdin=import_onnx(path))


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("model", MODELS)
def test_raised_models_mean_the_same(model, storage, tmp_path):
    bound = f"phase=prefill prefill-chunk={TOKENS} context={CONTEXT}"
    expected, feeds = None, {}
    for encoding in ENCODINGS:
        path = generate(tmp_path, model, storage, encoding)
        if encoding != FUSED:
            reference = export_onnx(run_tool("inlay-opt", f"--bind-dims={bound}", "--infer-shapes",
                                             stdin=import_onnx(widen(path))), tmp_path / "reference.onnx")
            feeds = feeds or make_feeds(reference, CONTEXT, TOKENS)
            expected = run_session(open_session(reference), feeds)["logits"]
            assert expected.std() > 0.1
        module = raised(path, bound)
        text = module.decode()
        assert "inlay_nn.opaque" not in text and "inlay_nn.dequantize" not in text
        assert ("inlay_nn.experts " in text) == (model != "llama-3.1-8b"), encoding
        back = export_onnx(run_tool("inlay-opt", "--convert-nn-to-onnx", stdin=module), tmp_path / "back.onnx")
        names = {value.name for value in onnx.load(back, load_external_data=False).graph.input}
        logits = run_session(open_session(back), {name: feeds[name] for name in names})["logits"]
        np.testing.assert_allclose(logits, expected, atol=1e-4 * np.abs(expected).max(), err_msg=encoding)


E, K, TOKEN_COUNT = 4, 2, 6
MXFP4 = {"quant_type": "fp4", "expert_weight_bits": 4}
NVFP4 = {"quant_type": "nvfp4", "expert_weight_bits": 4}
FP8 = {"quant_type": "fp8", "expert_weight_bits": 8}
HALVES, ALTERNATE = {"swiglu_fusion": 2}, {"swiglu_fusion": 1}
# How the operator may be given its weights: attributes, hidden and inner size, and whether the two 4-bit floats of a byte
# are neighbours along N.
FORMS = {
    "mxfp4": ({**MXFP4, **ALTERNATE}, 64, 32, False),
    "mxfp4-halves": ({**MXFP4, **HALVES}, 64, 32, False),
    "mxfp4-square": ({**MXFP4, **ALTERNATE}, 32, 32, False),
    "mxfp4-by-columns": ({**MXFP4, **ALTERNATE}, 64, 96, True),
    "nvfp4-by-columns": ({**NVFP4, **ALTERNATE}, 64, 96, True),
    "nvfp4-by-rows": ({**NVFP4, **ALTERNATE, "weights_prepacked": 1}, 64, 96, False),
    "fp8-squares": ({**FP8, **HALVES, "block_size": 16}, 40, 32, False),
    "fp8-squares-alternate": ({**FP8, **ALTERNATE, "block_size": 16}, 40, 24, False),
    "fp8-squares-large": ({**FP8, **ALTERNATE, "block_size": 64}, 40, 24, False),
    "fp8-factors": ({**FP8, **ALTERNATE}, 24, 40, False),
}


class Operand:
    """One matrix of all experts [E, rows, columns], as the operator is given it, and its numbers."""

    def __init__(self, name, rows, columns, attributes, by_columns, generator):
        quant = attributes["quant_type"]
        self.name, self.tensors = name, {}
        if quant == "fp8":
            numbers = generator.standard_normal((E, rows, columns)).astype(ml_dtypes.float8_e4m3fn)
            self.add("w", numbers)
        else:
            patterns = generator.integers(0, 16, (E, rows, columns), np.uint8)
            numbers = decode_e2m1(patterns)
            stored = patterns.swapaxes(1, 2) if by_columns else patterns
            packed = stored[..., ::2] | stored[..., 1::2] << 4
            # Of nvfp4 the dims are by columns, whatever the order of the bytes.
            self.add("w", packed.reshape(E, columns, rows // 2) if quant == "nvfp4" else packed)
        self.numbers = np.asarray(numbers, np.float32)
        block = {"fp4": 32, "nvfp4": 16}.get(quant, attributes.get("block_size"))
        if block:
            height = block if quant == "fp8" else 1
            shape = (E, -(-rows // height), -(-columns // block))
            scales = {"fp4": ml_dtypes.float8_e8m0fnu, "nvfp4": ml_dtypes.float8_e4m3fn}.get(quant, np.float32)
            given = np.exp2(generator.integers(-3, 2, shape)).astype(scales)
            self.add("s", given)
            wide = np.repeat(np.repeat(given.astype(np.float32), height, 1), block, 2)
            self.numbers = self.numbers * wide[:, :rows, :columns]
        if quant != "fp8" or not block:
            factors = generator.uniform(0.5, 2, E).astype(np.float32)
            self.add("g", factors)
            self.numbers = self.numbers * factors[:, None, None]

    def add(self, kind, array):
        self.tensors[kind] = numpy_helper.from_array(array, f"{self.name}.{kind}")

    def __getitem__(self, kind):
        return self.tensors[kind].name if kind in self.tensors else ""


def decode_e2m1(patterns):
    """Sign, two bits of exponent with bias 1, one of mantissa."""
    exponent, mantissa = patterns >> 1 & 3, patterns & 1
    size = np.where(exponent == 0, mantissa / 2, np.exp2(exponent.astype(float) - 1) * (1 + mantissa / 2))
    return np.where(patterns & 8, -size, size)


def experts(x, logits, fc1, fc2, attributes):
    """What QMoE means: softmax over the logits of the chosen experts, and swiglu."""
    rows = fc1 @ x.T  # [E, 2 I, tokens]
    width = rows.shape[1] // 2
    gate, up = (rows[:, ::2], rows[:, 1::2]) if attributes["swiglu_fusion"] == 1 else (rows[:, :width], rows[:, width:])
    y = (fc2 @ (gate * sigmoid(gate) * up)).swapaxes(1, 2)  # [E, tokens, H]
    chosen = np.argsort(-logits, axis=1)[:, :K]
    weights = softmax(np.take_along_axis(logits, chosen, 1))
    return sum(weights[:, slot, None] * y[chosen[:, slot], np.arange(len(x))] for slot in range(K))


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_the_fused_operator(form, tmp_path):
    attributes, hidden, inner, by_columns = FORMS[form]
    generator = np.random.default_rng(11)
    fc1 = Operand("fc1", 2 * inner, hidden, attributes, by_columns, generator)
    fc2 = Operand("fc2", hidden, inner, attributes, by_columns, generator)
    inputs = ["x", "logits", fc1["w"], fc1["s"], "", fc2["w"], fc2["s"], *[""] * 8, fc1["g"], fc2["g"]]
    node = helper.make_node("QMoE", inputs, ["y"], domain="com.microsoft", activation_type="swiglu", k=K, **attributes)
    of_tokens = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [TOKEN_COUNT, size])
                 for name, size in (("x", hidden), ("logits", E), ("y", hidden))]
    graph = helper.make_graph([node], "g", of_tokens[:2], of_tokens[2:], [*fc1.tensors.values(), *fc2.tensors.values()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)])
    path = tmp_path / "model.onnx"
    onnx.save(model, path)

    module = raised(path, "phase=prefill prefill-chunk=1")
    assert b"inlay_nn.experts" in module and b"opaque" not in module
    back = export_onnx(run_tool("inlay-opt", "--convert-nn-to-onnx", stdin=module), tmp_path / "back.onnx")
    x = generator.standard_normal((TOKEN_COUNT, hidden)).astype(np.float32)
    logits = generator.standard_normal((TOKEN_COUNT, E)).astype(np.float32)
    y = run_session(open_session(back), {"x": x, "logits": logits})["y"]
    expected = experts(x, logits, fc1.numbers, fc2.numbers, attributes)
    np.testing.assert_allclose(y, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("storage, scale_type", [("mxfp4", "f8E8M0FNU"), ("nvfp4", "f8E4M3FN")])
def test_plans_say_where_4_bit_floats_lie(tmp_path, storage, scale_type):
    """From the plan alone to the numbers of the gate's and the up's rows; and no byte is lost or counted twice."""
    from test_plan_weights import elements

    path = generate(tmp_path, "gpt-oss-20b", f"bf16,experts={storage}", "contrib")
    run_tool_plainly("inlayc", path, "--target=wse3", "--emit=plan", "-o", tmp_path)
    plan = json.loads((tmp_path / "plan.json").read_text())
    tensors = {tensor.name: tensor for tensor in onnx.load(path).graph.initializer}
    weights = {weight["name"]: weight for kernel in plan["kernels"] for weight in kernel["weights"]}
    name = "model.layers.1.moe.experts.gate_up_proj"
    stored = numpy_helper.to_array(tensors[f"{name}.qweight"])
    patterns = np.stack([stored & 15, stored >> 4], -1).reshape(*stored.shape[:2], -1)
    if storage == "nvfp4":  # by columns
        patterns = patterns.transpose(0, 2, 1)
    scales = numpy_helper.to_array(tensors[f"{name}.scales"]).view(np.uint8)
    for part, first in (("gate", 0), ("up", 1)):
        weight, scale = weights[f"{name}.qweight.{part}"], weights[f"{name}.scales.{part}.scales"]
        assert (weight["type"], weight["bits"], scale["type"]) == ("f4E2M1FN", 4, scale_type)
        np.testing.assert_array_equal(elements(weight, tmp_path), patterns[:, first::2])
        np.testing.assert_array_equal(elements(scale, tmp_path), scales[:, first::2])
    accounting = plan["accounting"]
    assert accounting["folded"] == []
    assert accounting["weight_bytes"] == accounting["reachable_bytes"]
    assert accounting["weight_bytes"] == sum(weight["bytes"] for weight in weights.values())


def run_tool_plainly(name, *arguments):
    subprocess.run([BIN / name, *arguments], check=True, capture_output=True)
