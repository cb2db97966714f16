#!/usr/bin/env python3
"""A plan for both phases beside one of decode: decode has the states that it has alone, and its estimate is of these regions."""

import json
import math
import sys


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


both, decode = load(sys.argv[1]), load(sys.argv[2])
(phase,) = both["other_phases"]
assert both["step"] == {"phase": "prefill", "batch": 1, "context": 24, "tokens": 8, "sequences_in_flight": 1}
assert (phase["phase"], phase["batch"], phase["context"], phase["tokens"]) == ("decode", 1, 31, 1)
assert phase["firings"] == 2
assert not decode["other_phases"]


def by_name(plan, what):
    return {(kernel["name"], tensor["name"]): tensor for kernel in plan["kernels"] for tensor in kernel[what]}


def whole_context(states):
    return {key: state["shape"] for key, state in states.items() if state["window"] == 0}


# Weights are cut for both; states that keep the whole context have one shape.
assert by_name(both, "weights").keys() == by_name(decode, "weights").keys()
assert whole_context(by_name(both, "states")) == whole_context(by_name(decode, "states"))
latency = phase["latency"]["total"]
assert math.isclose(phase["gap"], latency / phase["bound"]["cycles"]) and phase["gap"] >= 1
# On one wafer the bound of a step is that of its kernels, wherever they lie.
assert math.isclose(phase["bound"]["cycles"], decode["estimate"]["bound"]["cycles"])
# Prefill has eight times the tokens.
assert both["estimate"]["latency"]["total"] > latency
