"""One plan for prefill and decode, of every example: exporters spell what is done along tokens in many ways, and most of it falls away with one token."""

import json

import pytest

import placing

EXAMPLES = sorted(path.parent.name for path in placing.ROOT.glob("examples/*/model.onnx"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_one_plan_serves_both_phases(name, tmp_path):
    model = placing.example(name)
    placing.run("inlayc", model, "--phase", "both", "--prefill-chunk", "16", "-o", tmp_path)
    placing.run("inlay-check", tmp_path / "plan.json", "--model", model)
    plan = json.loads((tmp_path / "plan.json").read_text())
    (decode,) = plan["other_phases"]
    assert plan["step"]["phase"] == "prefill" and plan["step"]["tokens"] == 16
    assert decode["tokens"] == 1 and decode["context"] + 1 == plan["step"]["context"] + 16, "states have one shape"
    assert 0 < decode["latency"]["total"] <= plan["estimate"]["latency"]["total"], "less work on the same cores"
    assert decode["bound"]["cycles"] <= decode["latency"]["total"]
