"""FOLDER: decisions.json against plan.json beside it."""

import json
import math
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
plan, decisions = (json.loads((folder / name).read_text()) for name in ("plan.json", "decisions.json"))
estimate, step, partition = plan["estimate"], decisions["step"], decisions["partition"]
options = dict(option.split("=", 1) for option in plan["options"] if "=" in option)

assert math.isclose(step["cycles"], estimate["latency"]["total"], rel_tol=1e-9)
assert math.isclose(step["slowest_wafer"], max(estimate["stage_cycles"]), rel_tol=1e-9)
assert 0 < step["least_of_all"] <= step["least_of_this_partition"] <= step["cycles"]
assert 0 < step["least_slowest_wafer"] <= step["slowest_wafer"]

# The chosen number of wafers is the plan's, and best of those considered unless it was asked for.
wafers = plan["system"]["wafers"]
assert partition["objective"] == options.get("objective", "latency")
chosen = [choice for choice in partition["considered"] if choice["chosen"]]
assert [choice["wafers"] for choice in chosen] == [wafers] and "cycles" in chosen[0]
assert any(not choice["chosen"] for choice in partition["considered"])
for choice in partition["considered"]:
    if "cycles" not in choice or options.get("wafers", "auto") != "auto":
        continue
    if partition["objective"] == "latency":
        assert chosen[0]["cycles"] <= choice["cycles"] * 1.001 ** abs(wafers - choice["wafers"])
    else:
        assert chosen[0]["slowest_wafer"] * wafers <= choice["slowest_wafer"] * choice["wafers"] * (1 + 1e-9)

# A cut between each two wafers, at kernels where the plan has it.
first = {}
for kernel in plan["kernels"]:
    first.setdefault(kernel["wafer"], kernel["name"])
behind = sorted(wafer for cut in partition["cuts"] for wafer in cut["behind_wafers"])
assert behind == list(range(wafers - 1)), behind
for cut in partition["cuts"]:
    assert cut["chosen"]["before"] == first[cut["behind_wafers"][0] + 1]
    assert all(other["before"] != cut["chosen"]["before"] for other in cut["others"])

# Every kernel is cut in one of the ways that were considered; of those none is faster and smaller than another.
assert sum(kernel["kernels"] for kernel in decisions["kernels"]) == len(plan["kernels"])
for kernel in decisions["kernels"]:
    assert sum(choice["chosen"] for choice in kernel["considered"]) == 1, kernel
    # Cuts that differ only in whether heads have cores of their own are told apart.
    [cut] = [choice["cut"] for choice in kernel["considered"] if choice["chosen"]]
    placed = next(other for other in plan["kernels"] if other["name"] == kernel["kernel"])
    if any(dim["pitch"] > dim["size"] for op in placed["ops"] for dim in op["dims"]):
        assert " to a head" in cut, cut
    assert kernel["shardings"] >= 1
    for choice in kernel["considered"]:
        assert not any(other["cycles"] < choice["cycles"] and other["bytes_per_core"] < choice["bytes_per_core"]
                       for other in kernel["considered"] if not choice["chosen"]), kernel
    for total in kernel["sums"]:
        assert total["considered"][total["chosen"]] == min(total["considered"].values()), total
