"""The shipped device descriptions keep to their schema, and the schema refuses what it should."""

import copy
import json
import pathlib

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/schema/target-1.schema.json").read_text())
TARGETS = sorted((ROOT / "targets").glob("*.json"))


@pytest.mark.parametrize("path", TARGETS, ids=lambda path: path.stem)
def test_shipped_targets_are_valid(path):
    target = json.loads(path.read_text())
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(target, SCHEMA)
    assert target["name"] == path.stem


def change(target, path, value):
    *outer, last = path
    for key in outer:
        target = target[key]
    target[last] = value


@pytest.mark.parametrize("path, value", [
    (["grid", "width"], 0),
    (["clock", "unit"], "MHz"),
    (["core", "sram", "source"], ""),
    (["core", "mac_rate"], {}),
    (["fabric", "extra"], 1),
    (["dead"], [{"x": 0, "y": 0, "width": 0, "height": 1}]),
])
def test_schema_refuses(path, value):
    target = copy.deepcopy(json.loads((ROOT / "targets/wse3.json").read_text()))
    change(target, path, value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(target, SCHEMA)
