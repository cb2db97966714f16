"""The schema says what plans are: it takes those of real models, and refuses every corrupted one."""

import copy
import json
import re

import jsonschema
import pytest

import placing

SCHEMA = json.loads((placing.ROOT / "docs/schema/plan-1.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("path", sorted((placing.ROOT / "test/Inputs/plans").glob("*/*.json")), ids=lambda path: path.stem)
def test_frozen_plans_have_the_schema_of_their_version(path):
    """The newest version is plan-1.schema.json, the others keep theirs."""
    plan = json.loads(path.read_text())
    newest = SCHEMA["properties"]["version"]["properties"]["minor"]["const"]
    minor = plan["version"]["minor"]
    name = "plan-1" if minor == newest else f"plan-1.{minor}"
    schema = json.loads((placing.ROOT / f"docs/schema/{name}.schema.json").read_text())
    jsonschema.validate(plan, schema, cls=jsonschema.Draft202012Validator)
    if minor < newest:
        assert not VALIDATOR.is_valid(plan)


def first_of_lists(value):
    if isinstance(value, dict):
        return {key: first_of_lists(inner) for key, inner in value.items()}
    return [first_of_lists(value[0])] if isinstance(value, list) and value else value


AREA = {"x": 1, "y": 2, "width": 3, "height": 1, "count": 2, "dx": 0, "dy": 4}
LOAD = {"link": "E", "total": 36, "most": 12, "wafer": 0, "x": 1, "y": 2}
FABRIC = {
    "patterns": [{
        "name": "chain of 2", "algorithm": "chain", "cores": 2, "length": 2, "colours": 1,
        "segments": [{"first": 0, "count": 1, "step": 1, "colour": 0, "in": "ramp", "out": ["ahead"], "position": 0, "load": 1,
                      "load_step": 0}],
        "actions": [{"first": 0, "count": 1, "step": 1, "receive": -1, "send": 0, "forward": False, "rounds": 1,
                     "rounds_step": 0}],
    }],
    "routes": [{
        "name": "r", "kind": "trunk", "wafer": 0, "in_turn": False, "colours": [5], "streams": [0], "axis": "y", "first_part": 0,
        "end_part": 2, "wavelets": 12, "segments": [{**AREA, "in": "W", "out": ["E"], "position": 0}], "pattern": "chain of 2",
        "line_axis": "x", "lines": [AREA], "uses": [{"kernel": "k", "op": 0, "times": 1, "wavelets": 4}],
    }],
    "colours": {"available": 21, "used": 6, "lower_bound": 6, "wafer": 0, "x": 1, "y": 2},
    "links": {"kinds": [LOAD], "hottest": LOAD},
}


# Members that stand only where they have another value than the usual one.
OPTIONAL = {"operations", "density", "compute_type", "activations"}


def small_plan():
    """A plan with two kernels, one with states and one with experts, and else one element in each list."""
    plan = copy.deepcopy(placing.plans(placing.example("gpt-oss-tiny-int4"))[0])
    kernels = {kernel["role"]: first_of_lists(kernel) for kernel in plan["kernels"]}
    kernels["experts"]["ops"][0]["compute_type"] = "f32"
    plan["accounting"]["folded"] = [{"name": "shape", "bytes": 8}]
    plan["host_values"] = [{"node": "embedding", "initializers": [{"name": "table", "bytes": 8}]}]
    plan.update(FABRIC)
    estimate = plan["estimate"]
    same = ("latency", "worst_case_latency", "stage_cycles", "bound", "gap", "rates", "in_flight")
    plan["other_phases"] = [{"phase": "decode", "batch": 1, "context": 7, "tokens": 1, "firings": 2.0,
                             **{name: estimate[name] for name in same}}]
    return {**first_of_lists(plan), "kernels": [kernels["attention"], kernels["experts"]]}


@pytest.fixture(scope="module")
def plan():
    return small_plan()


def struct_fields():
    """Struct -> names of its fields, as lib/Plan/Fields.h lists them for reader and writer; without those of older plans."""
    text = (placing.ROOT / "lib/Plan/Fields.h").read_text()
    fields = {}
    for name, body in re.findall(r"void visit\(V &v, (\w+) &o\) \{(.*?)\n\}", text, re.S):
        own = re.findall(r'v\.field\("(\w+)"(?![^;]*Until)', body)
        fields[name] = fields["Cut"] + own if "visit(v, o.cut);" in body else own
    return fields


def test_schema_and_structs_have_the_same_fields():
    fields = struct_fields()
    assert ["format", "version", "content_sha256", *fields.pop("Plan")] == list(SCHEMA["properties"])
    objects = {name: list(schema["properties"]) for name, schema in SCHEMA["$defs"].items() if "properties" in schema}
    assert {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): names for name, names in fields.items()} == objects


def objects_of(schema):
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for value in schema.values():
            yield from objects_of(value)


def test_schema_is_closed_and_described():
    VALIDATOR.check_schema(SCHEMA)
    for schema in objects_of(SCHEMA):
        assert schema["additionalProperties"] is False
        assert schema["required"] == [name for name in schema["properties"] if name not in OPTIONAL]
        for name, field in schema["properties"].items():
            target = SCHEMA["$defs"][field["$ref"].split("/")[-1]] if "$ref" in field else field
            assert field.get("description") or target.get("description"), name


@pytest.mark.parametrize("path", placing.EXAMPLES, ids=lambda path: path.parent.name)
def test_plans_of_examples_are_valid(path):
    for plan in placing.plans(path):
        jsonschema.validate(plan, SCHEMA, cls=jsonschema.Draft202012Validator)
        for kernel in plan["kernels"]:
            parts = list(kernel["cycles"].values())
            assert sum(parts[1:-1], parts[0]) == parts[-1]


@pytest.mark.parametrize("name", placing.COMPILED)
@pytest.mark.parametrize("target", ["wse3", "grid8x8"])
def test_plans_of_the_compiler_are_valid(name, target):
    jsonschema.validate(placing.compiled(placing.example(name), target), SCHEMA, cls=jsonschema.Draft202012Validator)


def places(value, path=()):
    """Paths of all objects and leaves."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def shape_of(path):
    """A path without the numbers: one corruption of each field is enough."""
    return tuple("*" if isinstance(key, int) else key for key in path)


def corrupt(plan, path, change):
    broken = copy.deepcopy(plan)
    owner = broken
    for key in path[:-1]:
        owner = owner[key]
    change(owner, path[-1])
    return broken


def remove(owner, key):
    del owner[key]


def set_to(value):
    return lambda owner, key: owner.__setitem__(key, value)


def test_every_corrupted_field_is_refused(plan):
    assert VALIDATOR.is_valid(plan)
    seen = {shape_of(path): path for path in places(plan) if path}
    assert len(seen) > 150
    for path in seen.values():
        assert not VALIDATOR.is_valid(corrupt(plan, path, set_to(None))), path
        assert not VALIDATOR.is_valid(corrupt(plan, path, set_to({"surprise": 1}))), path
        if isinstance(path[-1], str):
            assert VALIDATOR.is_valid(corrupt(plan, path, remove)) == (path[-1] in OPTIONAL), path
            extra = (*path[:-1], "surprise")
            assert not VALIDATOR.is_valid(corrupt(plan, extra, set_to(1))), path


def test_every_field_of_the_schema_occurs(plan):
    occurring = {path[-1] for path in places(plan) if path and isinstance(path[-1], str)}
    wanted = {name for schema in objects_of(SCHEMA) for name in schema["properties"]}
    assert wanted == occurring


@pytest.mark.parametrize("path, value", [
    (["version", "major"], 2),
    (["version", "minor"], 0),
    (["version", "minor"], 1),
    (["version", "minor"], 4),
    (["system", "banks"], -1),
    (["system", "reserved", 0, "bytes"], 0),
    (["kernels", 0, "core_classes", 0, "memory", 0, "alignment"], 0),
    (["kernels", 0, "core_classes", 0, "memory", 0, "bank"], "first"),
    (["format"], "inlay"),
    (["digests", 0, "sha256"], "00FF"),
    (["step", "phase"], "training"),
    (["step", "batch"], 0),
    (["step", "batch"], 1.5),
    (["system", "wafers"], -1),
    (["system", "clock_ghz"], 0),
    (["kernels", 0, "role"], "Embedding"),
    (["kernels", 0, "layer"], -2),
    (["regions", 0, "rectangle", "width"], 0),
    (["regions", 0, "kernels"], []),
    (["kernels", 0, "region"], {"x": 0, "y": 0, "width": 1, "height": 1}),
    (["streams", 0, "in_place"], 0),
    (["kernels", 0, "weights", 0, "pieces", 0, "offset"], "12"),
    (["kernels", 0, "weights", 0, "pieces", 0, "offset"], 2**53 + 2),
    (["kernels", 0, "weights", 0, "pieces", 0, "offset"], "-9007199254740994"),
    (["kernels", 0, "weights", 0, "pieces", 0, "encoding"], "zip"),
    (["kernels", 0, "weights", 0, "copies"], 0),
    (["kernels", 0, "weights", 0, "cuts", 0, "axis"], "z"),
    (["kernels", 0, "core_classes"], []),
    (["kernels", 0, "core_classes", 0, "memory", 0, "role"], "weight"),
    (["kernels", 0, "cycles", "sram"], -1),
    (["streams", 0, "type"], "tensor<f32>"),
    (["estimate", "rates"], []),
    (["patterns", 0, "algorithm"], "magic"),
    (["patterns", 0, "segments", 0, "in"], "W"),
    (["routes", 0, "kind"], "detour"),
    (["routes", 0, "colours"], []),
    (["routes", 0, "segments", 0, "in"], "back"),
    (["routes", 0, "segments", 0, "out"], ["E", "E"]),
    (["routes", 0, "segments", 0, "count"], 0),
    (["links", "kinds", 0, "link"], "up"),
])
def test_schema_refuses(plan, path, value):
    assert not VALIDATOR.is_valid(corrupt(plan, path, set_to(value)))


def test_integers_beyond_doubles_are_strings(plan):
    assert VALIDATOR.is_valid(corrupt(plan, ["kernels", 0, "weights", 0, "pieces", 0, "offset"], set_to("9007199254740993")))
