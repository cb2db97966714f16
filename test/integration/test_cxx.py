"""A C++ program of a vendor that links dialects and passes: see cxx/vendor-map.cpp."""

import json
import subprocess

import pytest

from conftest import MODELS, run

MODEL = MODELS / "tiny_genai_moe.onnx"


@pytest.fixture(scope="module")
def vendor_map(build):
    return build("cxx") / "vendor-map"


def weights(plan):
    return {(kernel["name"], weight["name"]): weight["pieces"] for kernel in plan["kernels"] for weight in kernel["weights"]}


def test_runs_the_pipeline_with_a_pass_of_its_own(vendor_map, prefix, tmp_path):
    target = prefix / "share/inlay/targets/grid8x8.json"
    plan = json.loads(run(vendor_map, MODEL, target).stdout)
    run(prefix / "bin/inlayc", MODEL, "--target", target, "-o", tmp_path)
    stock = json.loads((tmp_path / "plan.json").read_text())
    assert plan["producer"] == "vendor-map 1.0"
    assert weights(plan) == weights(stock) and len(weights(plan)) > 10
    assert min(region["rectangle"]["x"] for region in stock["regions"]) == 0
    assert min(region["rectangle"]["x"] for region in plan["regions"]) >= 1


def test_has_no_targets_of_its_own(vendor_map):
    result = run(vendor_map, MODEL, "grid8x8", status=1)
    assert "no share/inlay/targets is near this program; name the folder of the targets" in result.stderr


def test_shares_the_one_libmlir(vendor_map):
    libraries = subprocess.run(["ldd", vendor_map], capture_output=True, text=True, check=True).stdout
    assert sum("libMLIR" in line for line in libraries.splitlines()) == 1
