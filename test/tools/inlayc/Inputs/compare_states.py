"""USUAL TYPED TYPE BITS: whether states of the second plan have the type, and as many bytes less as it has fewer bits."""

import json
import sys

usual, typed = (json.load(open(path)) for path in sys.argv[1:3])
name, bits = sys.argv[3], int(sys.argv[4])
before, after = ({state["name"]: state for kernel in plan["kernels"] for state in kernel["states"]} for plan in (usual, typed))
assert before and before.keys() == after.keys()
for key, state in after.items():
    assert state["type"] == name and state["bits"] == bits, state
    assert state["shape"] == before[key]["shape"]
    assert state["bytes"] * before[key]["bits"] == before[key]["bytes"] * bits, (state, before[key])
operands = [operand for kernel in typed["kernels"] for op in kernel["ops"] for operand in op["operands"] if operand["role"] == "state"]
assert operands and all(operand["type"] == name and operand["bits"] == bits for operand in operands)
assert typed["accounting"]["state_bytes"] < usual["accounting"]["state_bytes"]
