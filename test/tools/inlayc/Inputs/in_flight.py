#!/usr/bin/env python3
"""A plan of one step and one of three in flight: what the second says follows from the schema's formulas."""

import json
import math
import sys


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


one, three = load(sys.argv[1]), load(sys.argv[2])
for plan, steps in ((one, 1), (three, 3)):
    flight, estimate = plan["estimate"]["in_flight"], plan["estimate"]
    latency, stages = estimate["latency"]["total"], estimate["stage_cycles"]
    assert plan["step"]["sequences_in_flight"] == flight["steps"] == steps
    assert math.isclose(flight["period"], max(max(stages), latency / steps))
    assert math.isclose(flight["turn"], steps * flight["period"])
    assert math.isclose(flight["fill"], latency - stages[-1])
    assert math.isclose(flight["drain"], latency - stages[0])
    rate = estimate["rates"][0]
    assert math.isclose(rate["tokens_per_second_in_flight"], rate["clock_ghz"] * 1e9 / flight["period"], rel_tol=1e-9)
# Two wafers take turns, so that three steps at once give more than one.
assert three["estimate"]["rates"][0]["tokens_per_second_in_flight"] > 1.2 * one["estimate"]["rates"][0]["tokens_per_second_in_flight"]


def states(plan):
    return {state["name"]: state for kernel in plan["kernels"] for state in kernel["states"]}


def buffers(plan, name):
    return [buffer["bytes"] for kernel in plan["kernels"] for cores in kernel["core_classes"] for buffer in cores["memory"]
            if buffer["name"] == name]


assert states(one).keys() == states(three).keys()
for name, state in states(three).items():
    alone = states(one)[name]
    assert state["shape"] == [3 * alone["shape"][0], *alone["shape"][1:]]
    assert state["bytes"] == 3 * alone["bytes"]
    assert sum(buffers(three, name)) > sum(buffers(one, name))
assert three["accounting"]["state_bytes"] == 3 * one["accounting"]["state_bytes"]
