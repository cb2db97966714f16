"""Inlay takes every example down to kernels with its defaults, and knows all shapes on the way."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("INLAY_BIN_DIR", ROOT / "build" / "bin"))
MODELS = sorted((ROOT / "examples").glob("*/model.onnx"))
# Loops over the tokens that chose an expert, or rows of each expert: a router decides how many.
DEPENDS_ON_DATA = {"qwen3-moe-tiny-optimum", "qwen3-moe-tiny-hf", "deepseek-v3-tiny-hf"}


def run(*command, **options):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                            check=False, **options)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(params=MODELS, ids=lambda path: path.parent.name)
def imported(request):
    return request.param.parent.name, run(BIN / "inlay-translate", "--import-onnx", request.param)


def test_becomes_kernels(imported):
    _, text = imported
    kernels = run(BIN / "inlay-opt", "--onnx-to-dataflow", input=text)
    assert "inlay_dataflow.kernel" in kernels


@pytest.mark.parametrize("phase", ["decode", "prefill"])
def test_shapes_are_known(imported, phase):
    name, text = imported
    shaped = run(BIN / "inlay-opt", "--inline-functions", f"--bind-dims=phase={phase} context=40",
                 "--infer-shapes", "--verify-onnx", input=text)
    unknown = [line for line in shaped.splitlines()
               if re.search(r"tensor<[^>]*\?|inlay_onnx\.unknown", line)]
    assert bool(unknown) == (name in DEPENDS_ON_DATA), unknown[:3]
