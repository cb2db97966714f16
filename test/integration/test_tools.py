"""The installed tools, away from the tree that built them."""

import json
import os
import re

from conftest import BUILD, LLVM, MODELS, ROOT, run

MODEL = MODELS / "tiny_genai_moe.onnx"


def compiled(inlayc, folder, *options):
    run(inlayc, MODEL, "--target", "grid8x8", "-o", folder, *options)
    return (folder / "plan.json").read_bytes()


def test_inlayc_finds_its_targets_wherever_it_is(prefix, tmp_path):
    plan = compiled(prefix / "bin/inlayc", tmp_path / "installed")
    assert plan == compiled(BUILD / "bin/inlayc", tmp_path / "built")
    (tmp_path / "inlayc").symlink_to(prefix / "bin/inlayc")
    assert plan == compiled(tmp_path / "inlayc", tmp_path / "linked")
    # As a shell finds it in PATH, which is all that the loader then knows of it.
    path = f"{prefix}/bin:{os.environ['PATH']}"
    run("inlayc", MODEL, "--target", "grid8x8", "-o", tmp_path / "named", env={"PATH": path})
    assert plan == (tmp_path / "named/plan.json").read_bytes()


def test_every_tool_starts(prefix):
    tools = sorted(path.name for path in (prefix / "bin").iterdir())
    assert {"inlayc", "inlay-opt", "inlay-translate", "inlay-model", "inlay-lsp-server"} <= set(tools)
    for tool in tools:
        assert "USAGE: " + tool in run(prefix / "bin" / tool, "--help").stdout


def test_passes_and_benches_find_their_data(prefix):
    module = run(prefix / "bin/inlay-translate", "--import-onnx", MODEL).stdout
    placed = run(prefix / "bin/inlay-opt", "--onnx-to-dataflow", "--partition-stages=target=grid8x8", input=module).stdout
    assert "inlay_wafer.system" in placed
    assert json.loads(run(prefix / "bin/inlay-bench", "fidelity", "--json").stdout)


def test_targets_and_schemas_are_those_of_the_source(prefix):
    for name, source in [("targets", "targets"), ("schema", "docs/schema"), ("measured", "data/measured")]:
        installed = {path.name: path.read_bytes() for path in (prefix / "share/inlay" / name).iterdir() if path.is_file()}
        assert installed and installed == {path.name: path.read_bytes() for path in (ROOT / source).iterdir() if path.is_file()}


def test_the_package_names_no_place_of_the_build(prefix):
    for path in (prefix / "lib/cmake/Inlay").iterdir():
        assert not re.search(rf"{re.escape(str(ROOT))}|{re.escape(str(BUILD))}", path.read_text()), path


def test_td_files_are_complete(prefix):
    include = prefix / "include/inlay-cxx"
    for level in ["Onnx", "NN", "Dataflow", "Wafer"]:
        declared = run(LLVM / "bin/mlir-tblgen", "-gen-op-decls", "-I", include, "-I", LLVM / "include",
                       include / f"dialects/{level}/IR/{level}Ops.td").stdout
        assert f"namespace inlay::{level.lower()}" in declared
