"""Holds the groups of experts of a plan, its summary and its decisions against each other."""

import collections
import json
import sys

plan, summary, decisions = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:4])
estimate = plan["estimate"]
others = {other["placement"]: other["latency"] for other in estimate["other_placements"]}
assert set(others) == {"round_robin", "in_order"}, others
assert {o["placement"]: o["cycles"] for o in summary["estimate"]["other_placements"]} == others
assert estimate["latency"]["total"] <= min(others.values()) * (1 + 1e-9), (estimate["latency"]["total"], others)

kernels = [kernel for kernel in plan["kernels"] if kernel["role"] == "experts"]
assert kernels
for kernel in kernels:
    held = collections.Counter(expert for group in kernel["expert_groups"] for expert in group["experts"])
    assert set(held) == set(range(kernel["experts"])), held
    if "apart" in sys.argv[4:]:
        assert len(kernel["expert_groups"]) == 1 or all(
            len({expert // 2 for expert in group["experts"]}) == len(group["experts"]) for group in kernel["expert_groups"])

assert sum(layer["kernels"] for layer in decisions["experts"]) == len(kernels)
for layer in decisions["experts"]:
    counts = {count["groups"]: count for count in layer["considered"]}
    assert layer["groups"] in counts and layer["reason"]
    for count in counts.values():
        assert count["cycles"] <= count["round_robin_cycles"] * (1 + 1e-9), count
        assert count["cycles"] <= count["worst_case_cycles"] * (1 + 1e-9), count
