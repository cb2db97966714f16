"""Places the kernels of a model anyhow: systems that no solver would make, but that are legal.

Tests of plans want shardings of every kind (uneven, replicated, cut inside a byte, in several expert
groups) on real models. Cycles are made up: nothing here is an estimate.
"""

import functools
import itertools
import json
import math
import os
import pathlib
import random
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("INLAY_BIN_DIR", ROOT / "build/bin"))
EXAMPLES = sorted((ROOT / "examples").glob("*/model.onnx"))
COMPILED = ["gpt-oss-tiny-fp32", "gpt-oss-tiny-int4", "llama-tiny-fp32", "llama-tiny-int4"]
CELL = 8  # the columns and rows that every kernel has for itself
GRID = 64

FIGURES = {
    "clock": (0.85, "GHz"), "sram": (1e9, "B"), "reserved": (6144, "B"), "sram_read": (16, "B/cycle"),
    "sram_write": (8, "B/cycle"), "wavelet": (4, "B"), "link_rate": (1, "wavelet/cycle"), "hop": (1, "cycle"),
    "ramp": (2, "cycle"), "colours": (21, "1"), "wafer_bandwidth": (150, "GB/s"), "wafer_latency": (10, "us"),
    "mac_rate.f32": (4, "1/cycle"), "element_rate.f32": (4, "1/cycle"),
}


def example(name):
    return next(path for path in EXAMPLES if path.parent.name == name)


def run(tool, *arguments, text=""):
    result = subprocess.run([BIN / tool, *arguments], input=text, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def align(size):
    return -(-size // 16) * 16


def shard(size, unit, parts):
    return min(size, math.ceil(math.ceil(size / unit) / parts) * unit)


class Sharder:
    """Draws axes for the ops of one kernel, so that shards of weights are boxes, alike in all uses."""

    def __init__(self, kernel, rng):
        self.kernel, self.rng = kernel, rng
        self.region = (rng.randint(1, CELL), rng.randint(1, CELL))
        self.groups, self.group = (1, 1), self.region
        if kernel["role"] == "experts":
            self.groups = (rng.randint(1, self.region[0]), rng.randint(1, self.region[1]))
            self.group = tuple(r // g for r, g in zip(self.region, self.groups))
            if math.prod(self.groups) == 1:
                self.group = self.region
        self.cuts = {}
        self.ops = [self.draw(op) for op in kernel["ops"]]

    def parts(self, axis):
        return {"none": 1, "x": self.group[0], "y": self.group[1], "group": math.prod(self.groups)}[axis]

    def choices(self, dim):
        grouped = dim["name"] == "expert" and math.prod(self.groups) > 1
        return ["none", "x", "y"] + ["group"] * grouped

    def draw(self, op):
        for _ in range(50):
            axes = [self.rng.choice(self.choices(dim)) for dim in op["dims"]]
            cuts = self.weight_cuts(op, axes)
            # Places of a context have their axis for themselves.
            is_beside = any(dim["name"] == "context" and axis != "none" and axes.count(axis) > 1 for dim, axis in zip(op["dims"], axes))
            if cuts is not None and not is_beside:
                break
        else:
            axes = ["none"] * len(op["dims"])
            cuts = self.weight_cuts(op, axes)
            if cuts is None:  # another op cuts the weight: whole here is no choice
                return None
        for index, cut in cuts.items():
            self.cuts.setdefault(index, cut)
        return axes

    def weight_cuts(self, op, axes):
        cuts = {}
        for use in op["operands"]:
            weight = self.kernel["weights"][use["tensor"]] if use["role"] == "weights" else None
            if not weight or len(use["indexing"]) != len(weight["shape"]):
                continue
            cut = []
            for (dim, divisor), size in zip(use["indexing"], weight["shape"]):
                axis, unit = "none", 1
                # Along a dim that shares its axis every core holds all.
                if dim >= 0 and divisor < op["dims"][dim]["size"] and axes.count(axes[dim]) == 1:
                    axis, unit = axes[dim], op["dims"][dim]["unit"]
                    if axis != "none" and unit % divisor:
                        return None
                cut.append((axis, shard(size, max(1, unit // divisor), self.parts(axis))))
            known = cuts.get(use["tensor"], self.cuts.get(use["tensor"], cut))
            if [axis for axis, _ in known] != [axis for axis, _ in cut]:
                return None
            cuts[use["tensor"]] = cut
        return cuts

    def weight_bytes(self, index):
        weight = self.kernel["weights"][index]
        sizes = [size for _, size in self.cuts.get(index, [("none", size) for size in weight["shape"]])]
        return align(-(-math.prod(sizes) * weight["bits"] // 8))


def draw_sharding(kernel, rng):
    while True:
        sharder = Sharder(kernel, rng)
        if None not in sharder.ops:
            return sharder


def buffers(kernel, sharder):
    """(name, role, bytes) of everything that needs a place."""
    for index, weight in enumerate(kernel["weights"]):
        yield weight["name"], "weights", sharder.weight_bytes(index)
    for state in kernel["states"]:
        yield state["name"], "state", align(-(-math.prod(state["shape"]) * state["bits"] // 8))
    yield "input 0 (double-buffered)", "input", 4096
    yield "output 0 (double-buffered)", "output", 4096


def stage_ops(kernel, number, sharder):
    name = f'@"{kernel["name"]}"'
    x, y = CELL * (number % (GRID // CELL)), CELL * (number // (GRID // CELL))
    width, height = sharder.region
    axes = ", ".join(f'[{", ".join(op)}]' for op in sharder.ops)
    groups = f"groups = {sharder.groups[0]} x {sharder.groups[1]}, " if math.prod(sharder.groups) > 1 else ""
    group = f"group = {sharder.group[0]} x {sharder.group[1]}"
    yield f"inlay_wafer.region @r{number} at({x}, {y}) size({width}, {height})"
    yield (f"inlay_wafer.assign {name} to @r{number} "
           f"sharding(#inlay_wafer.sharding<{groups}{group}, ops = [{axes}]>)")
    if kernel["role"] == "experts":
        count = math.prod(sharder.groups)
        each = math.ceil(kernel["num_experts"] / count)
        for g in range(count):
            at = (g % sharder.groups[0] * sharder.group[0], g // sharder.groups[0] * sharder.group[1])
            experts = list(range(kernel["num_experts"]))[g * each:(g + 1) * each]
            yield (f"inlay_wafer.expert_group {g} of {name} offset({at[0]}, {at[1]}) "
                   f"size({sharder.group[0]}, {sharder.group[1]}) experts {experts}")
    offset = 0
    for buffer, role, size in buffers(kernel, sharder):
        yield (f'inlay_wafer.buffer "{buffer}" of {name} role({role}) offset({offset}) bytes({size}) '
               f'ops(0 to {max(0, len(kernel["ops"]) - 1)})')
        offset += size
    yield (f"inlay_wafer.estimate {name} cycles(#inlay_wafer.cycles<compute = {number + 1}.1, "
           f"sram = 0.3, fabric_latency = 2.7>) worst_case({number + 9}.0) "
           f"bound(#inlay_wafer.bound<compute = 0.5, sram = 0.25>) unknown_bytes(0.0) moved_bytes(1024.0)")


def connect(stream, kernels, wafer_of):
    producer, consumer = stream["producer"], stream["consumer"]
    ends = [f'from @"{kernels[producer]["name"]}"({stream["producer_port"]})'] * (producer >= 0)
    ends += [f'to @"{kernels[consumer]["name"]}"({stream["consumer_port"]})'] * (consumer >= 0)
    crosses = producer >= 0 and consumer >= 0 and wafer_of(producer) != wafer_of(consumer)
    size = -(-math.prod(stream["shape"]) * stream["bits"] // 8)
    cycles = "crossing = 8500.0" if crosses else "fabric_latency = 12.0"
    return (f'inlay_wafer.connect "{stream["name"]}" {" ".join(ends)} bytes({size}) hops({8 * (len(ends) == 2)}) '
            f'{"crossing " * crosses}cycles(#inlay_wafer.cycles<{cycles}>)')


def system(model, wafers, rng):
    """The text of an `inlay_wafer.system` that places a model, as `--dataflow-to-model-json` prints it."""
    kernels = model["kernels"]

    def wafer_of(kernel):
        return kernel * wafers // len(kernels)

    figures = ", ".join(f'"{name}" = #inlay_wafer.figure<{float(value)}, "{unit}", "made up for tests", assumption>'
                        for name, (value, unit) in FIGURES.items())
    lines = [f'inlay_wafer.system @system of @"{model["name"]}" wafers({wafers}) target(#inlay_wafer.target<'
             f'name = "test", description = "for tests", digest = "{"ab" * 32}", width = {GRID}, height = {GRID}, '
             f'dead = [{GRID - 1}, {GRID - 1}, 1, 1], report_clocks = [0.75, 1.1], figures = {{{figures}}}>) '
             f'options {{objective = "latency"}} {{']
    for wafer in range(wafers):
        lines.append(f"inlay_wafer.stage @stage_{wafer} wafer({wafer}) {{")
        for number, kernel in enumerate(kernels):
            if wafer_of(number) == wafer:
                lines += stage_ops(kernel, number, draw_sharding(kernel, rng))
        lines.append("}")
    lines += [connect(stream, kernels, wafer_of) for stream in model["streams"]]
    lines.append("inlay_wafer.fabric colours(21) used(0) least(0) at [0, 0, 0] loads []")
    stages = ", ".join("1000.0" for _ in range(wafers))
    path = ", ".join(f'@"{kernel["name"]}"' for kernel in kernels)
    others = " round_robin(1000.5) in_order(1000.25)" if any(kernel.get("num_experts") for kernel in kernels) else ""
    lines.append(f"inlay_wafer.step_estimate mode(ideal) latency(#inlay_wafer.cycles<compute = 900.1, sram = 0.7, "
                 f"fabric_latency = 99.3>) worst_case(2000.0) path [{path}] stages [{stages}] "
                 f"bound(#inlay_wafer.bound<compute = 5.0>) least(7.0) model(7.0 on 1){others}")
    return "\n".join([*lines, "}"])


def dataflow(path):
    return run("inlay-opt", "--onnx-to-dataflow", text=run("inlay-translate", "--import-onnx", path))


def place(text, wafers, seed):
    """A module of the dataflow level with a system that places it."""
    model = json.loads(run("inlay-translate", "--dataflow-to-model-json", text=text))
    head, tail = text.rstrip().rsplit("}", 1)
    return f"{head}{system(model, wafers, random.Random(seed))}\n}}{tail}\n"


@functools.cache
def plans(path, count=2):
    """Plans of one model, each placed otherwise, over 1, 2, 3, ... wafers. Not to be changed."""
    text = dataflow(path)
    return [json.loads(run("inlay-translate", "--mlir-to-plan", text=place(text, wafers, seed)))
            for seed, wafers in zip(range(count), itertools.count(1))]


@functools.cache
def compiled(path, target):
    """The plan that the compiler's own passes make. Not to be changed."""
    placed = run("inlay-opt", f"--partition-stages=target={target} target-dir={ROOT / 'targets'}", "--shard-kernels",
                 "--place-regions", "--route-streams", "--allocate-memory", "--schedule-step", "--verify-wafer", text=dataflow(path))
    return json.loads(run("inlay-translate", "--mlir-to-plan", text=placed))
