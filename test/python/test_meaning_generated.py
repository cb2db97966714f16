"""What inlay-model writes, in every encoding, raises whole and means the same after it.

Small instances of every family with random weights, with and without a KV state, in f32 and f16. onnxruntime has no CPU
kernels of most operators for bf16, nor of fused experts for f16: those cannot be held against it.
"""

import subprocess

import numpy as np
import pytest

from runners import BIN, ROOT, import_onnx, make_feeds, open_session, run_session, run_tool
from test_meaning import Levels, bind_options, expect_close, expect_finite

SIZES = ["--layers=4", "--hidden=64", "--intermediate=96", "--expert-intermediate=64", "--experts=8", "--experts-per-token=2",
         "--heads=4", "--vocab=128", "--context=64", "--random-weights", "--seed=3"]
GROUPED = ["--kv-heads=2", "--head-dim=16"]
LATENT = ["--head-dim=16", "--rope-dim=8", "--query-rank=32", "--kv-rank=32"]
FAMILIES = {
    "llama": ("llama-3.1-8b", GROUPED),
    "qwen3": ("qwen3-32b", GROUPED),
    "mixtral": ("mixtral-8x7b", GROUPED),
    "qwen3-moe": ("qwen3-235b-a22b", GROUPED),
    "gpt-oss": ("gpt-oss-20b", GROUPED + ["--window=32"]),
    "deepseek": ("deepseek-v3", LATENT + ["--experts=16", "--experts-per-token=4"]),
    "kimi": ("kimi-k2.6", LATENT),
    "llama4": ("llama-4-maverick", GROUPED),
    "glm": ("glm-4.5", ["--kv-heads=2", "--head-dim=32"]),
}
ENCODINGS = ["contrib", "stacked", "unrolled"]
STEPS = [(0, 6), (40, 1), (40, 5)]


def generate(folder, family, encoding, activations, weights):
    config, options = FAMILIES[family]
    given = {option.split("=")[0] for option in options}
    sizes = [size for size in SIZES if size.split("=")[0] not in given]
    path = folder / "generated.onnx"
    subprocess.run([BIN / "inlay-model", ROOT / f"examples/configs/{config}.json", "-o", path, f"--encoding={encoding}",
                    f"--activation-type={activations}", f"--weights={weights}", *sizes, *options], check=True)
    return path


def opaque_nodes(path, context, tokens):
    _, said = run_tool("inlay-opt", f"--bind-dims={bind_options(context, tokens)}", "--infer-shapes", "--raise-to-nn",
                       "--verify-nn", stdin=import_onnx(path), diagnostics=True)
    return [line for line in said.splitlines() if "note: " in line]


def check(path, steps, tolerance, folder):
    for index, (context, tokens) in enumerate(steps):
        assert not opaque_nodes(path, context, tokens)
        place = folder / str(index)
        place.mkdir()
        levels = Levels(path, context, tokens, place)
        feeds = make_feeds(levels.inferred, context, tokens)
        expected = run_session(open_session(levels.original, optimise=False), feeds)
        expect_finite(expected, context + tokens)
        raised = run_session(open_session(levels.raised, optimise=False), feeds)
        expect_close(expected, raised, tolerance, context + tokens)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("family", FAMILIES)
def test_raises_whole_and_means_the_same(family, encoding, tmp_path):
    check(generate(tmp_path, family, encoding, "f32", "f32"), STEPS, 1e-4, tmp_path)


@pytest.mark.parametrize("encoding", ["stacked", "unrolled"])
@pytest.mark.parametrize("family", ["mixtral", "gpt-oss", "deepseek", "llama4"])
def test_halves(family, encoding, tmp_path):
    check(generate(tmp_path, family, encoding, "fp16", "fp16"), STEPS[1:2], 2e-2, tmp_path)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("family", FAMILIES)
def test_bf16_raises_whole(family, encoding, tmp_path):
    path = generate(tmp_path, family, encoding, "bf16", "bf16")
    assert not opaque_nodes(path, 40, 1)
