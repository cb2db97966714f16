#!/usr/bin/env python3
"""What `inlay-bench mapping --json` says agrees with itself."""

import json
import math
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    rows = json.load(file)
assert rows
for row in rows:
    for causes in (row["cycles"], row["above_bound"]):
        parts = [value for name, value in causes.items() if name != "total"]
        assert math.isclose(sum(parts), causes["total"], rel_tol=1e-9), causes
        assert min(parts) >= 0, causes
    assert math.isclose(row["above_bound"]["total"], row["cycles"]["total"] - row["bound"], rel_tol=1e-9)
    assert math.isclose(row["estimate_over_bound"], row["cycles"]["total"] / row["bound"], rel_tol=1e-9)
    crossing = row["cycles"]["crossing"]
    fitting = [baseline for baseline in row["baselines"] if "why_not" not in baseline]
    for baseline in fitting:
        # The partition is one, and so are its crossings.
        assert math.isclose(baseline["cycles"] - baseline["cycles_without_crossings"], crossing, rel_tol=1e-9, abs_tol=1e-6)
        assert baseline["cycles"] <= baseline.get("mean_cycles", math.inf)
    is_best = all(row["cycles"]["total"] < baseline["cycles"] for baseline in fitting)
    assert row["better_than_every_baseline"] == is_best
