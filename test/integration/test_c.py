"""A loader in C: see c/loader.c. What it reads is held against the plan's JSON and the rule of docs/plan.md."""

import json
import re
import subprocess
import sys

import pytest

from conftest import MODELS, ROOT, run

sys.path.append(str(ROOT / "test/python"))
import test_plan_weights as rule  # noqa: E402  the rule, in Python and numpy

EXAMPLES = ["gpt-oss-tiny-int4", "llama-tiny-int4", "mixtral-tiny-hf"]


@pytest.fixture(scope="module")
def loader(build):
    return build("c") / "loader"


@pytest.fixture(scope="module")
def plan(loader, tmp_path_factory):
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    run(loader, "compile", MODELS / "tiny_genai_moe.onnx", path, "target", "grid8x8", "context", "16")
    return path


def test_compiles_to_the_bytes_of_inlayc(plan, prefix, tmp_path):
    run(prefix / "bin/inlayc", MODELS / "tiny_genai_moe.onnx", "--target", "grid8x8", "--context", "16", "-o", tmp_path)
    assert plan.read_bytes() == (tmp_path / "plan.json").read_bytes()


def kernel_lines(kernel, region):
    r = region["rectangle"]
    yield (f"kernel {kernel['name']} {kernel['role']} layer {kernel['layer']} wafer {kernel['wafer']} region {region['name']}"
           f" {r['x']} {r['y']} {r['width']} {r['height']} cycles {kernel['cycles']['total']:.17g}")
    for group in kernel["expert_groups"]:
        r = group["rectangle"]
        experts = "".join(f" {expert}" for expert in group["experts"])
        yield f"group {group['index']} experts{experts} rectangle {r['x']} {r['y']} {r['width']} {r['height']}"
    for w in kernel["weights"]:
        shape = "".join(f" {size}" for size in w["shape"])
        yield f"weight {w['name']} {w['type']} bits {w['bits']} bytes {w['bytes']} copies {w['copies']} shape{shape}"
        for p in w["pieces"]:
            yield f"piece {p['initializer']} {p['file']} {p['offset']} {p['length']} {p['encoding']}"
    for s in kernel["states"]:
        yield f"state {s['name']} {s['type']} bytes {s['bytes']} shape" + "".join(f" {size}" for size in s["shape"])
    for c in kernel["core_classes"]:
        yield f"class {c['name']} cores {c['cores']} bytes {c['bytes_per_core']}"
        for b in c["memory"]:
            yield (f"buffer {b['role']} {b['name']} {b['offset']} {b['bytes']} slots {b['slots']}"
                   f" ops {b['first_op']} {b['last_op']} alignment {b['alignment']} bank {b['bank']}")


def described(plan):
    system, step, estimate = plan["system"], plan["step"], plan["estimate"]
    version = plan["version"]
    yield f"plan {version['major']}.{version['minor']} of {plan['model']} on {system['target']} feasible {plan['feasible']:d}"
    yield (f"system {system['wafers']} {system['width']} {system['height']} sram {system['sram_bytes']}"
           f" reserved {system['reserved_bytes']} clock {system['clock_ghz']:.17g} banks {system['banks']}")
    for r in system["reserved"]:
        yield f"reserved {r['name']} {r['address']} {r['bytes']}"
    yield f"step {step['phase']} {step['batch']} {step['context']} {step['tokens']}"
    yield (f"estimate {estimate['latency']['total']:.17g} worst {estimate['worst_case_latency']:.17g}"
           f" bound {estimate['bound']['cycles']:.17g} {estimate['bound']['binding']}")
    for region in plan["regions"]:
        r = region["rectangle"]
        yield (f"region {region['name']} wafer {region['wafer']} bytes {region['bytes_per_core']} rectangle"
               f" {r['x']} {r['y']} {r['width']} {r['height']} {' '.join(region['kernels'])}")
    regions = {region["name"]: region for region in plan["regions"]}
    for kernel in plan["kernels"]:
        yield from kernel_lines(kernel, regions[kernel["region"]])
    for s in plan["streams"]:
        yield (f"stream {s['name']} from {s['from']} {s['from_port']} to {s['to']} {s['to_port']} {s['type']}"
               f" bytes {s['bytes']} crosses {s['crossing']:d} in place {s['in_place']:d}")


@pytest.mark.parametrize("path", sorted((ROOT / "test/Inputs/plans/1.0").glob("*.json")), ids=lambda path: path.stem)
def test_reads_plans_of_older_versions(loader, path):
    plan = json.loads(path.read_text())
    plan["version"]["minor"] = 3
    system = plan["system"]
    system.update(banks=0, reserved=[{"name": "code, stack and runtime", "address": 0, "bytes": system["reserved_bytes"]}])
    for buffer in (b for kernel in plan["kernels"] for cores in kernel["core_classes"] for b in cores["memory"]):
        buffer.update(alignment=system["buffer_alignment"], bank=0)
    for group in (g for kernel in plan["kernels"] for g in kernel["expert_groups"]):
        group["experts"] = list(range(group["first_expert"], group["end_expert"]))
    assert run(loader, "describe", path).stdout.splitlines() == list(described(plan))


def test_reads_what_the_json_says(loader, plan):
    assert run(loader, "describe", plan).stdout.splitlines() == list(described(json.loads(plan.read_text())))


def holds(rectangle, x, y):
    return 0 <= x - rectangle["x"] < rectangle["width"] and 0 <= y - rectangle["y"] < rectangle["height"]


def number_on_axes(kernel, region, x, y):
    inside = [group for group in kernel["expert_groups"] if holds(group["rectangle"], x, y)]
    rectangle = inside[0]["rectangle"] if inside else region
    return {"none": 0, "x": x - rectangle["x"], "y": y - rectangle["y"], "group": inside[0]["experts"] if inside else None}


def images(plan, folder):
    """The data area of every core in the order of the loader."""
    whole = {(kernel["name"], weight["name"]): rule.elements(weight, folder) for kernel in plan["kernels"]
             for weight in kernel["weights"]}
    for region in plan["regions"]:
        r = region["rectangle"]
        for y in range(r["y"], r["y"] + r["height"]):
            for x in range(r["x"], r["x"] + r["width"]):
                image = bytearray(region["bytes_per_core"])
                for kernel in plan["kernels"]:
                    classes = [cls for cls in kernel["core_classes"] if any(holds(part, x, y) for part in cls["rectangles"])]
                    for weight in kernel["weights"] if classes and kernel["region"] == region["name"] else []:
                        core = number_on_axes(kernel, r, x, y)
                        data = rule.logical_bytes(weight, whole[kernel["name"], weight["name"]][rule.box(weight, core)])
                        offset = next(b["offset"] for b in classes[0]["memory"] if b["name"] == weight["name"])
                        image[offset:offset + len(data)] = data
                yield region["name"], x, y, bytes(image)


@pytest.mark.parametrize("name", EXAMPLES)
def test_fills_every_core_byte_for_byte(loader, tmp_path, name):
    folder = ROOT / "examples" / name
    run(loader, "compile", folder / "model.onnx", tmp_path / "plan.json", "target", "grid8x8")
    run(loader, "images", tmp_path / "plan.json", folder, tmp_path / "images")
    filled = (tmp_path / "images").read_bytes()
    at = 0
    for region, x, y, image in images(json.loads((tmp_path / "plan.json").read_text()), folder):
        assert filled[at:at + len(image)] == image, (region, x, y)
        at += len(image)
    assert at == len(filled) > 0


PORTS = {"W": 1, "E": 2, "N": 4, "S": 8, "ramp": 16}
LINES = {"x": {"back": "W", "ahead": "E", "ramp": "ramp"}, "y": {"back": "N", "ahead": "S", "ramp": "ramp"}}


def places(area):
    """Routers of an area and its copies, each with the corner of its copy; a router counts in the first copy that has it."""
    found = {}
    for k in range(area["count"]):
        x0, y0 = area["x"] + k * area["dx"], area["y"] + k * area["dy"]
        for y in range(y0, y0 + area["height"]):
            for x in range(x0, x0 + area["width"]):
                found.setdefault((x, y), (x0, y0))
    return found


def settings(route, patterns):
    """Yields (x, y), colour, in, out, position, by the rule of docs/plan.md."""
    for s in route["segments"]:
        for place in places(s):
            yield place, route["colours"][0], PORTS[s["in"]], sum(PORTS[port] for port in s["out"]), s["position"]
    for area in route["lines"]:
        ports = LINES[route["line_axis"]]
        for (x, y), (x0, y0) in places(area).items():
            at = x - x0 if route["line_axis"] == "x" else y - y0
            for s in patterns[route["pattern"]]["segments"]:
                if at in range(s["first"], s["first"] + s["count"] * s["step"], s["step"]):
                    yield ((x, y), route["colours"][s["colour"]], PORTS[ports[s["in"]]],
                           sum(PORTS[ports[port]] for port in s["out"]), s["position"])


def with_a_route(plan):
    """A trunk and copies of lines, so that there are routes whatever the compiler needs."""
    one = {"count": 1, "dx": 0, "dy": 0}
    route = {"name": "extra", "kind": "trunk", "wafer": 0, "in_turn": False, "colours": [6, 9], "streams": [], "axis": "none",
             "first_part": 0, "end_part": 1, "wavelets": 1, "pattern": "extra", "line_axis": "y", "uses": [],
             "segments": [{"x": 4, "y": 2, "width": 3, "height": 1, **one, "in": "W", "out": ["E"], "position": 0},
                          {"x": 7, "y": 4, "width": 1, "height": 1, **one, "in": "N", "out": ["S", "ramp"], "position": 1}],
             "lines": [{"x": 0, "y": 1, "width": 1, "height": 5, "count": 3, "dx": 2, "dy": 1}]}
    segment = {"first": 1, "count": 2, "step": 2, "colour": 1, "in": "back", "out": ["ahead", "ramp"], "position": 2, "load": 1,
               "load_step": 0}
    pattern = {"name": "extra", "algorithm": "chain", "cores": 2, "length": 5, "colours": 2, "segments": [segment], "actions": []}
    return {**plan, "routes": [*plan["routes"], route], "patterns": [*plan["patterns"], pattern]}


def test_sets_every_router(loader, plan, tmp_path):
    content = with_a_route(json.loads(plan.read_text()))
    (tmp_path / "plan.json").write_text(json.dumps(content))
    patterns = {pattern["name"]: pattern for pattern in content["patterns"]}
    expected = [(route["wafer"], y, x, number, route["name"], route["in_turn"], *rest)
                for number, route in enumerate(content["routes"]) for (x, y), *rest in settings(route, patterns)]
    expected = [f"{wafer} {x} {y} {name} in turn {in_turn:d} colour {colour} in {into} out {out} position {position}"
                for wafer, y, x, _, name, in_turn, colour, into, out, position in sorted(expected, key=lambda e: e[:4])]
    assert run(loader, "routers", tmp_path / "plan.json").stdout.splitlines() == expected
    assert len(expected) >= 10


def test_errors_are_those_of_inlayc_and_nothing_crashes(loader, plan, tmp_path):
    messages = run(loader, "misuse", plan, cwd=tmp_path).stdout
    for expected in ["error: option 'contxt': there is none", "options: bind, phase, batch, context",
                     "error: option 'context': must be a whole number, got 'many'",
                     "error: option 'phase': must be decode or prefill or both, got 'idle'", "error: argument 'value': must not be NULL",
                     "error: option --batch: must be at least 1, got 0",
                     "no/such/plan.json: error: cannot be read: No such file or directory",
                     "error: field 'format': is missing", "the core's shard has", "bytes, but there is room for 1",
                     "its file 'no/such/tiny_genai_moe.onnx' cannot be read", "the core's image has", "error: core (-1, 0): is in no region of wafer 0", "error: core (-1, 0): is not in the region of",
                     "has no dim 99"]:
        assert expected in messages, messages
    missing = run(loader, "compile", "no/model.onnx", tmp_path / "p", status=1).stderr
    assert missing == "no/model.onnx: error: cannot be read: No such file or directory\n"
    # Cores with room for hardly more than their reserve.
    run(loader, "compile", MODELS / "tiny_genai_moe.onnx", tmp_path / "p", "target", "grid8x8", "sram", "6200", status=2)
    assert not (tmp_path / "p").exists() and not (tmp_path / "out").exists()


def test_every_option_of_a_model_a_machine_or_a_mapping_has_its_name(loader, prefix):
    text = run(prefix / "bin/inlayc", "--help").stdout
    sections = dict(re.findall(r"^(\w+):\n\n((?:  .*\n)+)", text, re.M))
    wanted = {name for group in ["Input", "Machine", "Mapping"] for name in re.findall(r"^  --?([a-z-]+)", sections[group], re.M)}
    names = set(run(loader, "options").stdout.split())
    assert len(wanted) > 10 and wanted <= names, wanted - names


def test_stands_alone(loader, prefix):
    """The headers are C, the library shows C only, and a program needs nothing else."""
    shown = run("/usr/lib/llvm-22/bin/llvm-nm", "--dynamic", "--defined-only", prefix / "lib/libInlayC.so").stdout
    names = [line.split()[-1] for line in shown.splitlines() if " A " not in line]
    assert names and all(name.startswith("inlay") for name in names), names
    declared = set()
    for header in (prefix / "include/inlay-c").iterdir():
        declared |= set(re.findall(r"\b(inlay[A-Z]\w+)\(", re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)))
    assert {name.split("@")[0] for name in names} == declared
    assert "libInlayC.so.1" in subprocess.run(["ldd", loader], capture_output=True, text=True, check=True).stdout
