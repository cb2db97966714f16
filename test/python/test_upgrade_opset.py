"""Nodes of old opsets that no rule raises come back in a newer opset, beside typed operations, and compute the same."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from runners import export_onnx, import_onnx, make_feeds, open_session, run_session, run_tool

X = [2, 3, 4, 4]
# (opset, operator, constant inputs, attributes)
NODES = {
    "flattened": (11, "Hardmax", [], {"axis": 2}),
    "flattened by default": (7, "Hardmax", [], {}),
    "Upsample with attribute": (8, "Upsample", [], {"scales": [1.0, 1.0, 2.0, 3.0]}),
    "Upsample with input": (9, "Upsample", [np.array([1, 1, 2, 1.5], np.float32)], {"mode": "linear"}),
    "Pad": (10, "Pad", [], {"pads": [0, 0, 1, 0, 0, 0, 2, 0], "mode": "edge"}),
    "Pad with a number": (9, "Pad", [], {"pads": [0, 1, 0, 0, 0, 0, 0, 1], "value": -1.5}),
    "unchanged": (8, "LRN", [], {"size": 3}),
    "axes in an attribute": (12, "ReduceLogSumExp", [], {"axes": [1, 3], "keepdims": 0}),
    "pooling": (8, "MaxPool", [], {"kernel_shape": [2, 2], "strides": [1, 2]}),
}


@pytest.mark.parametrize("name", NODES)
def test_old_nodes_mean_the_same(name, tmp_path):
    opset, op_type, constants, attributes = NODES[name]
    names = [f"c{index}" for index in range(len(constants))]
    nodes = [helper.make_node("Neg", ["x"], ["n"]),
             helper.make_node(op_type, ["n", *names], ["o"], name="old", **attributes),
             helper.make_node("Sqrt", ["o"], ["s"]), helper.make_node("Exp", ["o"], ["y"])]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, X)],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
                              [onnx.numpy_helper.from_array(c, n) for c, n in zip(constants, names)])
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=6), path)
    raised, said = run_tool("inlay-opt", "--infer-shapes", "--raise-to-nn", stdin=import_onnx(path), diagnostics=True)
    assert f"1 x {op_type} (opset {opset})" in said, "not opaque: the case says nothing"
    back = export_onnx(raised, tmp_path / "raised.onnx")
    assert [entry.version for entry in onnx.load(back).opset_import if entry.domain == ""] == [13]
    feeds = make_feeds(path, 0, 1)
    [expected] = run_session(open_session(path, optimise=False), feeds).values()
    [actual] = run_session(open_session(back, optimise=False), feeds).values()
    np.testing.assert_allclose(actual, expected, rtol=1e-6)
