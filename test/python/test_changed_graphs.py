"""Models of which one edge was moved to another value of its type: almost what raising knows.

None makes a pass crash, and each keeps what it means, whatever of it is still recognised. The changes are drawn with
fixed seeds, from those that keep all types.
"""

import os
import pathlib
import random
import re
import subprocess

import numpy as np
import onnx
import pytest

import moe_models
from moe_models import Spec
from runners import BIN, ROOT, import_onnx, open_session, run_session, run_tool
from test_near_misses import check

NODE = re.compile(r'^ *(?P<result>%\S+?)(?::\d+)? = inlay_onnx\.node "[^"]*"\((?P<operands>[^)]*)\).* : \((?P<types>.*?)\) -> \(?(?P<results>[^()]*)\)?$')


def moved_edges(text):
    """(line, place, value): each operand of a node, with each value before it of the same type."""
    known = {}
    edges = []
    for number, line in enumerate(text):
        node = NODE.match(line)
        if not node:
            continue
        operands, types = node["operands"].split(", "), node["types"].split(", ")
        edges += [(number, place, value) for place, (operand, kind) in enumerate(zip(operands, types))
                  for value in known.get(kind, []) if value != operand]
        results = node["results"].split(", ")
        for i, kind in enumerate(results):
            known.setdefault(kind, []).append(node["result"] + (f"#{i}" if len(results) > 1 else ""))
    return edges


def move(text, number, place, value):
    node = NODE.match(text[number])
    operands = node["operands"].split(", ")
    operands[place] = value
    changed = text[number][:node.start("operands")] + ", ".join(operands) + text[number][node.end("operands"):]
    return "\n".join([*text[:number], changed, *text[number + 1:]])


# Two experts of each token in a row of rounds; a router with groups; experts in operators of their own.
@pytest.mark.parametrize("name", ["phimoe-tiny-mobius", "deepseek-v3-tiny-mobius", "gpt-oss-tiny-fp32"])
def test_no_moved_edge_crashes(name):
    inferred = run_tool("inlay-opt", "--inline-functions", "--bind-dims", "--infer-shapes", stdin=import_onnx(ROOT / "examples" / name / "model.onnx"))
    text = inferred.decode().rstrip().split("\n")
    edges = moved_edges(text)
    # What a router chooses has few values of its type: all of these, and some of the others.
    indices = [edge for edge in edges if re.search(r"x1xi64|x2xi64", text[edge[0]])]
    chosen = indices[:100] + random.Random(0).sample(edges, min(100, len(edges)))
    assert len(chosen) > 50
    modules = "\n// -----\n".join(move(text, *edge) for edge in chosen)
    done = subprocess.run([BIN / "inlay-opt", "--mlir-print-op-on-diagnostic=false", "--split-input-file", "--raise-to-nn", "--verify-nn"],
                          input=modules.encode(), capture_output=True, check=False)
    said = done.stderr.decode(errors="replace")
    assert done.returncode in (0, 1), said[-2000:]
    assert done.stdout.count(b"inlay_nn.graph") > len(chosen) // 2, said[-2000:]


def with_moved_edge(model, generator):
    """`model` with one input of a node from another value of its type and shape; none where there is no other."""
    types = {}
    for value in onnx.shape_inference.infer_shapes(model).graph.value_info:
        tensor = value.type.tensor_type
        types[value.name] = (tensor.elem_type, tuple(dim.dim_value for dim in tensor.shape.dim))
    edges, known = [], {}
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            edges += [(node, place, other) for other in known.get(types.get(name), []) if other != name]
        for name in node.output:
            if name in types:
                known.setdefault(types[name], []).append(name)
    if not edges:
        return None
    node, place, other = generator.choice(edges)
    node.input[place] = other
    return model


SPECS = [Spec(), Spec(router="topk_softmax", bias=True), Spec(router="sigmoid", experts=8, groups=4, top_groups=2, selection_bias=True),
         Spec(router="sparse_mixer")]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.router)
@pytest.mark.parametrize("letter", "BCDEF")
def test_moved_edges_of_experts_keep_their_meaning(letter, spec, tmp_path):
    ran, wanted = 0, int(os.environ.get("INLAY_CHANGED_GRAPHS", "2"))
    for seed in range(10 * wanted):
        if ran == wanted:
            break
        weights = moe_models.Weights(spec)
        model = with_moved_edge(moe_models.build(letter, spec, weights), random.Random(seed))
        folder = pathlib.Path(tmp_path, str(seed))
        folder.mkdir()
        try:
            expected = run_session(open_session(_saved(model, folder), optimise=False), {"x": weights.x})
        except Exception:  # no model: onnxruntime refuses it
            continue
        if all(np.isfinite(value).all() for value in expected.values()):
            check(model, {"x": weights.x}, folder)
            ran += 1
    assert ran, "no change that onnxruntime runs"


def _saved(model, folder):
    onnx.save(model, folder / "changed.onnx")
    return folder / "changed.onnx"
