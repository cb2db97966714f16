"""inlay-check computes anew what ways and waiting take: cycles that are taken out of a plan are missed."""

import copy
import functools
import itertools

import pytest

import checking

PLANS = [("gpt-oss-tiny-int4", "grid8x8"), ("qwen3-moe-tiny-hf", "grid8x8", "--wafers", "2", "--sequences-in-flight", "2", "--cost", "calibrated"),
         ("mixtral-tiny-hf", "wse3", "--cost", "calibrated"), ("granitemoe-tiny-mobius", "grid8x8", "--expert-slices", "2", "--cost", "calibrated")]
CAUSES = {"fabric_latency": "cycles of fabric_latency, what it sends", "fabric_bandwidth": "cycles of fabric_bandwidth, what it sends",
          "crossing": "cycles from wafer to wafer", "contention": "by the links that others have at the same time"}


def without(plan, kind, number, cause, share):
    """The cycles of one cause made less, as all that adds up in the kernel or stream says too."""
    changed = copy.deepcopy(plan)
    owner = changed[kind][number]
    cycles = owner["cycles"]
    less = cycles[cause] * share
    cycles[cause] -= less
    cycles["total"] = sum(value for name, value in cycles.items() if name != "total")
    for name in ("worst_case_cycles", "least_cycles") if kind == "kernels" else ():
        owner[name] = max(0, owner[name] - less * (name == "worst_case_cycles" or cause != "contention"))
    return changed


@pytest.mark.parametrize("case", PLANS, ids=" ".join)
def test_cycles_taken_out_are_missed(case):
    subject = checking.subject(*case)
    cases = [(kind, number, cause, share) for kind in ("kernels", "streams") for number, owner in enumerate(subject.plan[kind])
             for cause in CAUSES for share in (1, 0.5, 0.01, -0.01) if owner["cycles"][cause] > 0]
    assert {cause for _, _, cause, _ in cases} >= {"fabric_latency", "fabric_bandwidth", "contention"} - (
        set() if "--wafers" in case else {"contention"})
    found = subject.check([subject.text(without(subject.plan, *each)) for each in cases])
    for (kind, number, cause, _), violations in zip(cases, found):
        name = subject.plan[kind][number]["name"]
        assert any(CAUSES[cause] in violation and name in violation for violation in violations), (kind, name, cause, violations)


def test_more_waiting_than_links_ask_for_is_told():
    subject = checking.subject(*PLANS[1])
    for kind in "kernels", "streams":
        for number, owner in enumerate(subject.plan[kind]):
            if not owner["cycles"]["contention"]:
                continue
            violations, = subject.check([subject.text(without(subject.plan, kind, number, "contention", -1))])
            assert any("by the links that others have at the same time" in violation for violation in violations)


def tables_of(plan):
    """(kernel, its op that rotates, the operands with cosines and sines)."""
    for kernel in plan["kernels"]:
        for op in kernel["ops"]:
            if op["op"] == "rotary":
                yield kernel, op, op["operands"][-3], op["operands"][-2]


@pytest.mark.parametrize("name", ["gpt-oss-tiny-int4", "mixtral-tiny-hf", "deepseek-v3-tiny-hf", "granitemoe-tiny-mobius",
                                  "gemma3-tiny-hf", "qwen3-moe-tiny-optimum"])
def test_cosines_and_sines_that_change_places_are_told(name):
    """By streams together with the names of the inputs, by the pieces of weights, by the operands of the op."""
    subject = checking.subject(name)
    texts = []
    for number, (kernel, op, cosines, sines) in enumerate(tables_of(subject.plan)):
        changed = copy.deepcopy(subject.plan)
        kernel, op, cosines, sines = list(tables_of(changed))[number]
        at = op["operands"].index(cosines)
        op["operands"][at], op["operands"][at + 1] = op["operands"][at + 1], op["operands"][at]
        texts.append(subject.text(changed))
        changed = copy.deepcopy(subject.plan)
        kernel, op, cosines, sines = list(tables_of(changed))[number]
        if cosines["role"] == "weights":
            one, two = ([w for w in kernel["weights"] if w["name"] == each["buffer"]][0] for each in (cosines, sines))
            one["pieces"], two["pieces"] = two["pieces"], one["pieces"]
        elif cosines["role"] == "input":
            ports = [int(each["buffer"].split(" ")[1]) for each in (cosines, sines)]
            inputs = kernel["inputs"]
            inputs[ports[0]], inputs[ports[1]] = inputs[ports[1]], inputs[ports[0]]
            one, two = ([s for s in changed["streams"] if s["to"] == kernel["name"] and s["to_port"] == port][0] for port in ports)
            for field in ("from", "from_port", "name"):
                one[field], two[field] = two[field], one[field]
        else:
            continue
        texts.append(subject.text(changed))
    assert texts
    for violations in subject.check(texts):
        assert any(checking.matches("for cosines and * for sines, the model has them the other way round", violation)
                   for violation in violations), violations


def test_moves_of_a_value_stand_in_their_order():
    """Routes of two moves of one value change places in the list: the second cannot begin with what the first leaves."""
    subject = checking.subject("deepseek-v3-tiny-hf")
    assert subject.check([subject.text(subject.plan)]) == [[]]
    moves = [number for number, route in enumerate(subject.plan["routes"]) if route["kind"] == "move"]
    texts = []
    for first, second in itertools.combinations(moves, 2):
        changed = {**subject.plan, "routes": list(subject.plan["routes"])}
        routes = changed["routes"]
        routes[first], routes[second] = routes[second], routes[first]
        if routes[first]["line_axis"] != routes[second]["line_axis"]:
            texts.append(subject.text(changed))
    told = [any(checking.matches("has a value move first*; the routes stand in another order", violation) for violation in violations)
            for violations in subject.check(texts)]
    assert any(told) and not all(told)


def add(owner, field, amount):
    owner[field] += amount


PHASES = {
    "firings": (lambda p: add(p["other_phases"][0], "firings", 1),
                "say a prompt-ratio of 2, the plan is for * steps of decode to each chunk of * tokens"),
    "clocks": (lambda p: p["other_phases"][0]["rates"].pop(), "decode, rates: are not at the clocks of the plan's own"),
    "crossings": (lambda p: add(p["other_phases"][0]["bound"], "crossing", 1), "decode, bound: is * cycles, its largest reason and its"),
    "least": (lambda p: add(p["kernels"][1], "least_cycles", 1), "cycles at least, its ops and ways take"),
}


def test_what_two_phases_say_agrees():
    subject = checking.subject("gpt-oss-tiny-int4", "grid8x8", "--phase", "both", "--context", "64", "--prompt-ratio", "2")
    for name, violations in checking.violations(subject, PHASES).items():
        assert any(checking.matches(PHASES[name][1], violation) for violation in violations), (name, violations)


def test_slices_of_experts_have_them_in_one_order_and_are_all_added():
    subject = checking.subject("granitemoe-tiny-mobius", "grid8x8", "--expert-slices", "2")
    sliced = [k for k, kernel in enumerate(subject.plan["kernels"]) if kernel["name"].endswith(".slice_1")][0]
    weight = [w for w, weight in enumerate(subject.plan["kernels"][sliced]["weights"]) if len(weight["pieces"]) > 2][0]
    # The kernels behind them add up what all made: by slice, where its sum is added.
    adds = {stream["from"]: (k, o, i, f"from '{stream['from']}' to '{kernel['name']}': comes in at input {stream['to_port']}, which no op reads")
            for stream in subject.plan["streams"] if ".slice_" in stream["from"]
            for k, kernel in enumerate(subject.plan["kernels"]) if kernel["name"] == stream["to"]
            for o, op in enumerate(kernel["ops"]) if op["op"] == "binary"
            for i, use in enumerate(op["operands"]) if use["buffer"].startswith(f"input {stream['to_port']} ")}
    assert sorted(adds) == sorted(kernel["name"] for kernel in subject.plan["kernels"] if ".slice_" in kernel["name"])

    def swap_pieces(plan):
        pieces = plan["kernels"][sliced]["weights"][weight]["pieces"]
        pieces[0], pieces[1] = pieces[1], pieces[0]

    def drop_operand(place, plan):
        k, o, i = place
        del plan["kernels"][k]["ops"][o]["operands"][i]

    cases = {"pieces": (swap_pieces, "has '*' as expert 0, kernel '*' has it as expert 1")}
    for name, (*place, words) in adds.items():
        cases[name] = (functools.partial(drop_operand, place), words)
    for name, violations in checking.violations(subject, cases).items():
        assert any(checking.matches(cases[name][1], violation) for violation in violations), (name, violations)


SPREAD = [("granitemoe-tiny-mobius", "grid8x8", "--expert-slices", "2"), ("mixtral-tiny-hf", "wse3", "--batch", "4", "--cost", "calibrated"),
          ("gpt-oss-tiny-int4", "grid8x8", "--routing", "zipf:1.0", "--batch", "2", "--context", "64"),
          ("deepseek-v3-tiny-hf", "wse3", "--phase", "prefill", "--prefill-chunk", "8", "--wafers", "1", "--routing", "zipf:1.1")]
ROUTINGS = {"least_cycles": "cycles at least, its ops and ways take", "worst_case_cycles": "cycles in the worst case, its ops and ways take"}


@pytest.mark.parametrize("case", SPREAD, ids=" ".join)
@pytest.mark.parametrize("field", ROUTINGS)
def test_the_best_and_the_worst_routing_of_several_groups_are_computed(case, field):
    subject = checking.subject(*case)
    spread = [number for number, kernel in enumerate(subject.plan["kernels"]) if len(kernel["expert_groups"]) > 1]
    kernels = [subject.plan["kernels"][number] for number in spread]
    assert kernels and all(kernel["least_cycles"] < kernel["cycles"]["total"] < kernel["worst_case_cycles"] for kernel in kernels)
    texts = []
    for number, share in itertools.product(spread, (0.999, 1.001)):
        changed = copy.deepcopy(subject.plan)
        changed["kernels"][number][field] *= share
        texts.append(subject.text(changed))
    for number, violations in zip([number for number in spread for _ in range(2)], subject.check(texts)):
        words = f"kernel '{subject.plan['kernels'][number]['name']}': takes * {ROUTINGS[field]}"
        assert any(checking.matches(words, violation) for violation in violations), violations
