"""Dialects and passes as a plugin of Debian's own mlir-opt."""

import json

from conftest import LLVM, MODELS, ROOT, run

MODULE = ROOT / "test/integration/plugin/tiny-genai-moe.mlir"
MLIR_OPT = LLVM / "bin/mlir-opt"


def mlir_opt(prefix, *arguments, **options):
    plugin = prefix / "lib/InlayPlugin.so"
    return run(MLIR_OPT, f"--load-dialect-plugin={plugin}", f"--load-pass-plugin={plugin}", *arguments, **options)


def test_runs_the_whole_pipeline(build, prefix, tmp_path):
    """The committed module, which inlay-translate --import-onnx --mlir-print-debuginfo has made, becomes the plan of its model."""
    plan = json.loads((build("plugin") / "plan.json").read_text())
    run(prefix / "bin/inlayc", MODELS / "tiny_genai_moe.onnx", "--target", "grid8x8", "--context", "16", "-o", tmp_path)
    compiled = json.loads((tmp_path / "plan.json").read_text())
    assert plan["step"]["context"] == 16 and len(plan["kernels"]) > 5
    for part in ["step", "system", "regions", "kernels", "streams", "estimate", "accounting"]:
        assert plan[part] == compiled[part], part


def test_runs_passes_one_by_one_and_beside_those_of_the_host(prefix):
    passes = "symbol-dce,onnx-to-dataflow,canonicalize,cse,partition-stages{target=grid8x8},shard-kernels,place-regions"
    placed = mlir_opt(prefix, "--verify-roundtrip", f"--pass-pipeline=builtin.module({passes})", MODULE).stdout
    assert "inlay_wafer.region" in placed


def test_gives_the_host_its_verifiers(prefix):
    module = "inlay_wafer.keep_out at(0, 0) size(0, 8)"
    result = mlir_opt(prefix, input="module { inlay_wafer.constraints { %s } }" % module, status=1)
    assert "'inlay_wafer.keep_out' op" in result.stderr


def test_contains_no_second_mlir(prefix):
    plugin = prefix / "lib/InlayPlugin.so"
    needed = run(LLVM / "bin/llvm-readelf", "--needed-libs", plugin).stdout
    assert "libMLIR.so.22" in needed
    defined = run(LLVM / "bin/llvm-nm", "--dynamic", "--defined-only", "--demangle", "--no-weak", plugin).stdout
    own = [line.split(" ", 2)[2] for line in defined.splitlines() if " T " in line]
    assert any(name.startswith("inlay::") for name in own)
    assert not [name for name in own if name.startswith(("mlir::MLIRContext::", "mlir::PassManager::", "mlir::Operation::"))]
