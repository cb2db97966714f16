"""One plan for prefill and decode, of every example: exporters spell what is done along tokens in many ways, and most of it falls away with one token."""

import json

import pytest

import placing

EXAMPLES = sorted(path.parent.name for path in placing.ROOT.glob("examples/*/model.onnx"))


# A window of 32 tokens over a state of 8,193: prefill sees 31 and its chunk, and cuts the state into as many parts. With 16 tokens decode, which
# sees 32, has fewer and larger ones.
CHUNKS = {"gpt-oss-tiny-optimum": 128}


@pytest.mark.parametrize("name", EXAMPLES)
def test_one_plan_serves_both_phases(name, tmp_path):
    model, chunk = placing.example(name), CHUNKS.get(name, 16)
    placing.run("inlayc", model, "--phase", "both", "--prefill-chunk", str(chunk), "-o", tmp_path)
    placing.run("inlay-check", tmp_path / "plan.json", "--model", model)
    plan = json.loads((tmp_path / "plan.json").read_text())
    (decode,) = plan["other_phases"]
    assert plan["step"]["phase"] == "prefill" and plan["step"]["tokens"] == chunk
    assert decode["tokens"] == 1 and decode["context"] + 1 == plan["step"]["context"] + chunk, "states have one shape"
    assert 0 < decode["latency"]["total"] <= plan["estimate"]["latency"]["total"], "less work on the same cores"
    assert decode["bound"]["cycles"] <= decode["latency"]["total"]
