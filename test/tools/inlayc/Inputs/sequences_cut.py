"""Every attention of a plan whose step has several sequences has a state of few of them on a core."""

import json
import sys

plan = json.load(open(sys.argv[1]))
found = 0
for kernel in plan["kernels"]:
    for op in kernel["ops"]:
        for use in op["operands"]:
            if use["role"] != "state":
                continue
            tokens = [op["dims"][d] for d in use["index_dims"] if d >= 0 and op["dims"][d]["dim"] == "token"]
            assert len(tokens) == 1 and tokens[0]["axis"] in ("x", "y"), (kernel["name"], op)
            found += 1
assert found > 0
