"""Einsum outside of experts becomes typed products, which mean what onnxruntime computes."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from runners import BIN, export_onnx, import_onnx, open_session, run_session, run_tool

# Equation to the shapes of its factors ("w": a weight, "h": one that is stored as f16) and the typed operations that it may become.
CASES = {
    # Products with weights: projections as exporters of JAX and Keras write them.
    "btd,dk->btk": (((1, 3, 16), "w16x24"), {"linear"}),
    "btd,kd->btk": (((1, 3, 16), "w24x16"), {"linear"}),
    "dk,btd->btk": (("w16x24", (1, 3, 16)), {"linear"}),
    "...d,dk->...k": (((2, 1, 3, 16), "w16x24"), {"linear"}),
    "btd,dhk->bthk": (((1, 3, 16), "w16x4x8"), {"linear"}),
    "btd,dhk->bhtk": (((1, 3, 16), "w16x4x8"), {"linear"}),
    "bthk,hkd->btd": (((1, 3, 4, 8), "w4x8x16"), {"linear"}),
    "bthk,khd->btd": (((1, 3, 4, 8), "w8x4x16"), {"linear"}),
    "bhtk,hdk->btd": (((1, 4, 3, 8), "w4x16x8"), {"linear"}),
    "bhtn,hnr->bhtr": (((1, 4, 3, 8), "w4x8x16"), {"matmul"}),
    "bthn,hrn->bthr": (((1, 3, 4, 8), "w4x16x8"), {"matmul"}),
    "abd,dhk->abhk": (((1, 3, 16), "h16x4x8"), {"linear"}),
    "d,dk->k": (((16,), "w16x24"), {"linear"}),
    # Products of activations: scores, values, and others.
    "bqhd,bkhd->bhqk": (((2, 3, 4, 8), (2, 5, 4, 8)), {"matmul"}),
    "bhqk,bkhd->bqhd": (((2, 4, 3, 5), (2, 5, 4, 8)), {"matmul"}),
    "bij,bjk": (((2, 3, 4), (2, 4, 5)), {"matmul"}),
    "...ij,...jk": (((2, 1, 3, 4), (2, 5, 4, 6)), {"matmul"}),
    "bij,bjk->ki": (((2, 3, 4), (2, 4, 5)), {"matmul"}),
    "i,i->": (((6,), (6,)), {"matmul"}),
    "i,j->ij": (((6,), (5,)), {"binary"}),
    "bi,i->bi": (((3, 6), (6,)), {"binary"}),
    "bi,bi->b": (((3, 6), (3, 6)), {"matmul"}),
    "ab,cd->bd": (((3, 6), (2, 5)), {"reduce", "binary"}),
    "bd,bd->bd": (((1, 6), (4, 6)), {"binary"}),
    "bij,bjk,kl->bil": (((2, 3, 4), (2, 4, 5), "w5x6"), {"matmul", "linear"}),
    "ij,kl,jk->il": (((3, 4), (5, 6), (4, 5)), {"matmul"}),
    # One factor.
    "abc->cab": (((2, 3, 4),), set()),
    "abc->b": (((2, 3, 4),), {"reduce"}),
    "ba": (((2, 3),), set()),
}
# Weights that lie as the product takes them, or of which a view does: no transpose is left.
AS_IT_LIES = {"btd,dk->btk", "btd,kd->btk", "dk,btd->btk", "btd,dhk->bthk", "bthk,hkd->btd", "bhtn,hnr->bhtr",
              "abd,dhk->abhk"}


def model_of(equation, factors):
    inputs, weights, names, casts = [], [], [], []
    random = np.random.default_rng(3)
    for index, factor in enumerate(factors):
        name = f"x{index}"
        names.append(name)
        if isinstance(factor, str):
            shape = [int(size) for size in factor[1:].split("x")]
            numbers = random.standard_normal(shape)
            if factor.startswith("h"):
                weights.append(numpy_helper.from_array(numbers.astype(np.float16), f"{name}.half"))
                casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
            else:
                weights.append(numpy_helper.from_array(numbers.astype(np.float32), name))
        else:
            inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, factor))
    node = helper.make_node("Einsum", names, ["y"], name="product", equation=equation)
    graph = helper.make_graph([*casts, node], "g", inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def raise_model(path):
    return run_tool("inlay-opt", "--bind-dims", "--infer-shapes", "--raise-to-nn", "--canonicalize", "--verify-nn",
                    stdin=import_onnx(path)).decode()


def ops_of(ir):
    moved = {"graph", "return", "reshape", "transpose", "broadcast", "constant"}
    words = [word.split()[0] for line in ir.splitlines() for word in line.split("inlay_nn.")[1:2]]
    return {word for word in words if word not in moved}


@pytest.mark.parametrize("equation", CASES)
def test_means_what_onnxruntime_computes(equation, tmp_path):
    factors, expected = CASES[equation]
    path = tmp_path / "model.onnx"
    onnx.save(model_of(equation, factors), path)
    ir = raise_model(path)
    products = ops_of(ir)
    assert products in (expected, {"lm_head" if op == "linear" else op for op in expected}), ir
    if equation in AS_IT_LIES:
        assert "inlay_nn.transpose" not in ir, ir
    back = export_onnx(ir.encode(), tmp_path / "raised.onnx")
    session = open_session(path)
    random = np.random.default_rng(1)
    feeds = {value.name: random.standard_normal(value.shape).astype(np.float32) for value in session.get_inputs()}
    (actual,), (wanted,) = (run_session(each, feeds).values() for each in (open_session(back), session))
    assert actual.shape == wanted.shape
    np.testing.assert_allclose(actual, wanted, rtol=0, atol=1e-5 * max(1, np.abs(wanted).max()))
    # The third opinion.
    tensors = feeds | {tensor.name.removesuffix(".half"): numpy_helper.to_array(tensor).astype(np.float32)
                       for tensor in onnx.load(path).graph.initializer}
    by_numpy = np.einsum(equation, *(tensors[f"x{index}"] for index in range(len(factors))))
    np.testing.assert_allclose(actual, by_numpy, rtol=0, atol=1e-5 * max(1, np.abs(by_numpy).max()))
