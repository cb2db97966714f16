"""inlay-check holds slices and concatenations to the values that there are, to the model's nodes, and to their moves."""

import copy
import re

import pytest

import checking
from checking import matches

SUBJECT = ("deepseek-v3-tiny-mobius", "grid8x8")


def part(plan, name, first=None):
    """The first slice or concatenation that has an operand which begins there."""
    return next(op for kernel in plan["kernels"] for op in kernel["ops"] if op["op"] == name and op["kind"] == "move"
                and any(first is None and use["index_dims"] or use["index_firsts"] == [0, first] for use in op["operands"][:-1]))


def put(owner, key, value):
    owner[key] = value


def swap_operands(op):
    """The second value comes first, and begins there."""
    one, other = op["operands"][:2]
    for key in ("role", "buffer"):
        one[key], other[key] = other[key], one[key]


# A change, and words of what must be said about it; a * stands for anything.
CASES = {
    "ranks": (lambda p: put(part(p, "slice", 16)["operands"][0], "index_firsts", [16]), "has 2 dims and 1 firsts"),
    "beyond": (lambda p: put(part(p, "slice", 16)["operands"][0], "index_firsts", [0, 17]),
               "takes 16 from 17 on of 'local *', which has 32 elements for 1 of these"),
    "elsewhere": (lambda p: put(part(p, "slice", 16)["operands"][0], "index_firsts", []),
                  "takes what begins at 0, node '*' (Split) what begins at 16"),
    "behind": (lambda p: put(part(p, "concat", -16)["operands"][1], "index_firsts", [0, -17]),
               "has 'local *' of 64 elements for 4 rows begin at 17, but what comes before ends at 16"),
    "too few": (lambda p: part(p, "concat", -16)["operands"].pop(1), "puts 16 together, its result has 32"),
    "no part": (lambda p: put(next(op for kernel in p["kernels"] for op in kernel["ops"] if op["op"] == "linear")["operands"][0],
                              "index_firsts", [0, 1]),
                "has operand '*' begin elsewhere than the op does, which only what slices and concatenations read may"),
    "order": (lambda p: swap_operands(part(p, "concat", -16)), "puts 'local *' in place 0, where node '*' has another value"),
    "moves": (lambda p: put(part(p, "slice", 16), "op", "copy"), "needs"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_with_a_part_is_said(name):
    change, words = CASES[name]
    subject = checking.subject(*SUBJECT)
    plan = copy.deepcopy(subject.plan)
    change(plan)
    found, = subject.check([subject.text(plan)])
    assert any(matches(words, line) for line in found), found


@pytest.mark.parametrize("name", ["deepseek-v3-tiny-hf", "deepseek-v3-tiny-mobius"])
def test_what_slices_and_concatenations_change_has_routes(name):
    """Latent attention puts queries of all heads together out of two parts; ops that read them have these moved."""
    plan = checking.subject(name, "grid8x8").plan
    uses = {(use["kernel"], use["op"]) for route in plan["routes"] if route["kind"] == "move" for use in route["uses"]}
    moved = [op["op"] for kernel in plan["kernels"] for number, op in enumerate(kernel["ops"]) if (kernel["name"], number) in uses]
    assert "concat" in moved
    assert not any(re.search("slices|concatenations", line) for line in plan["assumptions"])
