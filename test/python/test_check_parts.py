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


def turn_later_use(plan):
    """The second op that reads a state takes its tokens for its channels."""
    for kernel in plan["kernels"]:
        for state in kernel["states"]:
            uses = [use for op in kernel["ops"] for use in op["operands"] if use["buffer"] == state["name"]]
            for use in uses[1:]:
                use["index_dims"][-2:] = reversed(use["index_dims"][-2:])


def shared_dims(plan):
    """The last of the dims that share an axis, of an op that sums along it."""
    for kernel in plan["kernels"]:
        for op in kernel["ops"]:
            for axis in "xy":
                dims = [dim for dim in op["dims"] if dim["axis"] == axis]
                if len(dims) > 1 and dims[-1]["reduction"]:
                    return [dims[-1]]
    raise LookupError


def weight(plan):
    return next(weight for kernel in plan["kernels"] for weight in kernel["weights"] if weight["cuts"][0]["axis"] != "none")


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
    "two dims": (lambda p: put(part(p, "concat", -16)["operands"][1], "index_firsts", [-3, -16]),
                 "has operand 'local *' begin elsewhere along several dims"),
    "twice": (lambda p: put(part(p, "slice", 16)["operands"][0], "index_divisors", [1, 2]),
              "has operand 'local *' with several indices to an element, which what it makes or takes apart has not"),
    "no pitch": (lambda p: put(part(p, "slice", 16)["dims"][0], "pitch", 0), "by the rule of cuts it has"),
    "wide pitch": (lambda p: [put(dim, "pitch", 2**53) for dim in shared_dims(p)], "by the rule of cuts it has"),
    "many parts": (lambda p: [put(weight(p)["cuts"][0], key, value)
                              for key, value in (("parts", 10**12), ("points", 2**53), ("shard", 1))],
                   "; the op that uses it has"),
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


def test_each_use_of_a_state_finds_it_as_it_is_cut():
    subject = checking.subject("deepseek-v3-tiny-hf", "grid8x8")
    plan = copy.deepcopy(subject.plan)
    turn_later_use(plan)
    assert plan != subject.plan
    found, = subject.check([subject.text(plan)])
    assert any(matches("has*; the op that uses it has", line) for line in found), found


@pytest.mark.parametrize("name", ["deepseek-v3-tiny-hf", "deepseek-v3-tiny-mobius"])
def test_what_slices_and_concatenations_change_has_routes(name):
    """Latent attention puts queries of all heads together out of two parts; ops that read them have these moved."""
    plan = checking.subject(name, "grid8x8").plan
    uses = {(use["kernel"], use["op"]) for route in plan["routes"] if route["kind"] == "move" for use in route["uses"]}
    moved = [op["op"] for kernel in plan["kernels"] for number, op in enumerate(kernel["ops"]) if (kernel["name"], number) in uses]
    assert "concat" in moved
    assert not any(re.search("slices|concatenations", line) for line in plan["assumptions"])
