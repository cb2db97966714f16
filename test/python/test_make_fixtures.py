"""What is written about the examples holds for what is there."""

import ast
import importlib.util
import pathlib
import re

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
FOLDERS = {path.parent.name for path in EXAMPLES.glob("*/model.onnx")}


def load_make_fixtures():
    spec = importlib.util.spec_from_file_location("make_fixtures", EXAMPLES / "make_fixtures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_can_be_made():
    fixtures = load_make_fixtures().FIXTURES
    tree = ast.parse((EXAMPLES / "exporters" / "architectures.py").read_text())
    families = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert set(fixtures) == FOLDERS
    for exporter, family, *_ in fixtures.values():
        assert (EXAMPLES / "exporters" / f"{exporter}.py").is_file()
        assert family in families


def test_every_version_is_pinned():
    for path in EXAMPLES.glob("exporters/*.txt"):
        for line in path.read_text().splitlines():
            assert re.fullmatch(r"#.*|[a-z0-9-]+==[0-9.]+", line), f"{path.name}: {line}"


def test_every_example_is_described():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", (EXAMPLES / "README.md").read_text(), re.M)
    assert sorted(rows) == sorted(FOLDERS)


def test_no_example_holds_paths_of_the_machine_that_made_it():
    for path in EXAMPLES.glob("*/model.onnx"):
        assert not re.search(rb"site-packages/|/(tmp|home|root|work)/", path.read_bytes()), path
