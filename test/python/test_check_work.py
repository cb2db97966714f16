"""inlay-check computes anew what the cores of every kernel work: cycles, and what they follow from, cannot be changed."""

import copy
import functools
import json

import pytest

import checking
import work_oracle

# Of one group and of several, of sums of softmax, of 4-bit weights; by software too; with DRAM and without routes.
PLANS = [("gpt-oss-tiny-int4", "grid8x8"), ("qwen3-moe-tiny-hf", "grid8x8", "--wafers", "2", "--sequences-in-flight", "2"),
         ("deepseek-v3-tiny-hf", "grid8x8", "--batch", "2"), ("mixtral-tiny-hf", "wse3"),
         ("mixtral-tiny-hf", "wse3", "--cost", "calibrated"), ("gpt-oss-tiny-int4", "grid8x8", "--cost", "calibrated"),
         ("llama-tiny-int4", "grid8x8", "--phase", "prefill", "--prefill-chunk", "8"), ("gpt-oss-tiny-int4", "wormhole")]
SPREAD = ("deepseek-v3-tiny-hf", "wse3", "--phase", "prefill", "--prefill-chunk", "8", "--wafers", "1")
PLANS.append(SPREAD)
TAKES = "takes * cycles of {}, its ops take"


def is_told(words, violations):
    return any(checking.matches(words, violation) for violation in violations)


@pytest.mark.parametrize("case", PLANS, ids=" ".join)
def test_work_taken_out_is_missed(case):
    """As all that adds up says it too."""
    subject = checking.subject(*case)
    cases = [(number, cause, share) for number, kernel in enumerate(subject.plan["kernels"]) for cause in ("compute", "sram", "software")
             for share in (1, 0.01, -0.01) if kernel["cycles"][cause] > 0]
    assert {cause for _, cause, _ in cases} >= {"compute"} | ({"software"} if "calibrated" in case else set())
    texts = []
    for number, cause, share in cases:
        changed = copy.deepcopy(subject.plan)
        kernel = changed["kernels"][number]
        less = kernel["cycles"][cause] * share
        kernel["cycles"][cause] -= less
        kernel["cycles"]["total"] = sum(value for name, value in kernel["cycles"].items() if name != "total")
        kernel["worst_case_cycles"] -= less
        kernel["least_cycles"] = max(0, kernel["least_cycles"] - less)
        texts.append(subject.text(changed))
    for (number, cause, _), violations in zip(cases, subject.check(texts)):
        words = "takes * cycles of software, what it sends takes" if cause == "software" else TAKES.format(cause)
        assert is_told(f"kernel '{subject.plan['kernels'][number]['name']}': {words}", violations), (number, cause, violations)


@pytest.mark.parametrize("case", [case for case in PLANS if "calibrated" not in case and "wormhole" not in case], ids=" ".join)
def test_a_third_opinion_agrees(case):
    assert work_oracle.holds(checking.subject(*case).plan)


def test_bounds_of_kernels_follow_from_their_ops():
    subject = checking.subject(*PLANS[0])
    for bound in ("bound", "region_bound"):
        for reason in ("compute", "sram"):
            texts = []
            for number in range(len(subject.plan["kernels"])):
                changed = copy.deepcopy(subject.plan)
                changed["kernels"][number][bound][reason] *= 0.5
                changed["kernels"][number][bound][reason] += 1e-3
                texts.append(subject.text(changed))
            for violations in subject.check(texts):
                assert is_told(f", {bound}: says * cycles of {reason}, its ops take * on * cores at their peak", violations)


def change_op(kind, field, value, plan):
    op = next(op for kernel in plan["kernels"] for op in kernel["ops"] if op["kind"] == kind)
    op[field] = value(op) if callable(value) else value


def change_experts(value, plan):
    kernel = next(kernel for kernel in plan["kernels"] if kernel["role"] == "experts")
    kernel["activations"] = value(kernel["activations"])


def give_choices(plan):
    plan["kernels"][0]["activations"] = 2


OPS = {
    "more": (functools.partial(change_op, "contraction", "operations", 4), TAKES.format("compute")),
    "fewer": (functools.partial(change_op, "reduction", "operations", 3), TAKES.format("compute")),
    "thinner": (functools.partial(change_op, "contraction", "density", 0.5), "says * cycles of compute, its ops take"),
    "types": (functools.partial(change_op, "contraction", "compute_type", "i64"), "computes in type 'i64', which no operand has"),
    "lookups": (functools.partial(change_op, "lookup", "operations", 2), "has 2 operations for each point, but is of kind lookup"),
    "tables": (functools.partial(change_op, "lookup", "density", 1), "takes * cycles of sram, its ops take"),
    "choices": (functools.partial(change_experts, lambda choices: choices + 0.25),
                "says that its busiest expert group serves * choices, it serves"),
    "none": (give_choices, "says that its busiest expert group serves 2 choices, it serves 0"),
}


def test_what_cycles_follow_from_is_held():
    subject = checking.subject(*PLANS[0])
    for name, violations in checking.violations(subject, OPS).items():
        assert is_told(OPS[name][1], violations), (name, violations)


@pytest.fixture(scope="module", name="spread")
def several_groups():
    """Experts of each layer in several groups."""
    subject = checking.subject(*SPREAD)
    assert any(len(kernel["expert_groups"]) > 1 for kernel in subject.plan["kernels"])
    return subject


@pytest.mark.parametrize("share", [0.5, 0.999, 1.001, 3])
def test_the_busiest_group_is_known_where_experts_are_alike(spread, share):
    changed = copy.deepcopy(spread.plan)
    for kernel in changed["kernels"]:
        if kernel["role"] == "experts":
            kernel["activations"] *= share
    violations, = spread.check([spread.text(changed)])
    assert is_told("says that its busiest expert group serves * choices, it serves *", violations)


def test_the_busiest_group_is_bounded_where_they_are_not(spread):
    """By an even spread and by the worst; what it works is known all the same."""
    changed = json.loads(json.dumps(spread.plan).replace("every expert equally likely", "as they like"))
    for kernel in changed["kernels"]:
        if kernel["role"] == "experts":
            kernel["activations"] = 1e6
    violations, = spread.check([spread.text(changed)])
    assert is_told("says that its busiest expert group serves 1000000 choices, it serves * to *", violations)
    assert is_told(TAKES.format("compute"), violations)


def op_of(plan, kind, name=None):
    return next(op for kernel in plan["kernels"] for op in kernel["ops"] if op["kind"] == kind and name in (None, op["op"]))


def change_arithmetic(kind, name, field, value, plan):
    op_of(plan, kind, name)[field] = value


def choose_fewer(plan):
    for kernel in plan["kernels"]:
        if kernel["experts_per_token"]:
            kernel["experts_per_token"] -= 1


def narrow(plan):
    op = op_of(plan, "contraction", "lm_head")
    op["compute_type"] = next(use["type"] for use in op["operands"] if int(use["bits"]) < int(op["operands"][-1]["bits"]))


TELLS = "has {} operations for each point, those of its kind have {}"
ARITHMETIC = {
    "no product": ("contraction", "lm_head", "operations", 0, TELLS.format(0, 2)),
    "a small product": ("contraction", "linear", "operations", 0.001, TELLS.format(0.001, 2)),
    "half a product": ("contraction", "fc1", "operations", 1, TELLS.format(1, 2)),
    "no norm": ("reduction", "rms_norm", "operations", 0, TELLS.format(0, "4 or 6")),
    "no softmax": ("softmax", None, "operations", 0, TELLS.format(0, "8 or 12")),
    "no rotation": ("elementwise", "rotary", "operations", 1, TELLS.format(1, "3 or 7")),
    "no activation": ("elementwise", "activation", "operations", 0, TELLS.format(0, "1 or 2 or 4 or 7")),
    "one choice": ("top_k", "route", "operations", 9, "has 9 operations for each point, with 2 choices it has 10"),
    "a thin head": ("contraction", "lm_head", "density", 0.001,
                    "has density 0.001, by its dims and the 0 experts for each token it is 1"),
    "few experts": ("contraction", "fc1", "density", 0.01, "has density 0.01, by its dims and the 2 experts for each token it is 0.5"),
    "no row": ("lookup", "embedding", "density", 1e-6, "has density 1e-06, by its dims and the 0 experts for each token it is"),
}


def test_what_an_op_takes_follows_from_its_kind_and_dims():
    """Though cycles that are made to fit tell nothing then."""
    subject = checking.subject(*PLANS[0])
    cases = {name: (functools.partial(change_arithmetic, *case[:4]), case[4]) for name, case in ARITHMETIC.items()}
    cases["fewer experts"] = (choose_fewer, "takes 2 choices for each token, its kernel has 1 experts for each")
    cases["narrow sums"] = (narrow, "computes in type 'u4', but has a result of * bits")
    for name, violations in checking.violations(subject, cases).items():
        assert is_told(cases[name][1], violations), (name, violations)


def test_values_that_are_the_first_channels_of_keys_may_be_fewer():
    """The product goes over all channels of the keys; no other product may say so."""
    subject = checking.subject("kimi-k2.6", "wse3")
    assert subject.check([subject.text(subject.plan)]) == [[]]
    shares = {op["density"] for kernel in subject.plan["kernels"] for op in kernel["ops"] if op["op"] == "context"}
    assert shares == {512 / 576}


def test_all_that_count_of_these_are_read():
    """Of a prompt they are turned first: the channels that count, no more and no fewer."""
    subject = checking.subject("kimi-k2.6", "wse3", "--phase", "prefill", "--prefill-chunk", "8")
    assert subject.check([subject.text(subject.plan)]) == [[]]
    texts = []
    for size in (511, 513):
        changed = copy.deepcopy(subject.plan)
        made = next(op["operands"][-1]["buffer"] for op in changed["kernels"][1]["ops"] if op["op"] == "context")
        turned = next(op for op in changed["kernels"][1]["ops"] if op["operands"][0]["buffer"] == made)
        turned["dims"][-1]["size"] = size
        texts.append(subject.text(changed))
    for violations in subject.check(texts):
        assert is_told(f"op * 'transpose', operand '{made}': has * elements by the dims of the op, the value has", violations), violations


def read_another_token(plan):
    op = op_of(plan, "contraction", "fc2")
    op["operands"][0]["index_divisors"][0] = 3


def read_all_tokens(plan):
    use = next(use for kernel in plan["kernels"] for op in kernel["ops"] for use in op["operands"][:-1]
               if (op["op"], use["role"]) == ("binary", "scratch") and len(use["index_dims"]) == 2)
    use["index_dims"][0] = -1


def add_up(name, dim, plan):
    next(each for each in op_of(plan, "contraction", name)["dims"] if each["dim"] == dim)["reduction"] = True


def forget(plan):
    op = op_of(plan, "contraction", "linear")
    next(dim for dim in op["dims"] if dim["reduction"])["reduction"] = False


VALUES = {
    "tokens": (functools.partial(add_up, "fc2", "token"), "op * 'fc2': adds up over dim 'token'"),
    "experts": (functools.partial(add_up, "fc1", "expert"), "op * 'fc1': adds up over dim 'expert'"),
    "outputs": (functools.partial(add_up, "lm_head", "n"), "has a result with dim 'n', which it adds up"),
    "no sum": (forget, "has a result without dim 'k', which it does not add up"),
    "another token": (read_another_token, "op * 'fc2', operand *: has * elements by the dims of the op, the value has"),
    "all tokens": (read_all_tokens, "op * 'binary', operand *: has * elements by the dims of the op, the value has"),
}


def test_values_of_tokens_stay_apart():
    """No op reads the value of another sequence, or adds them up."""
    subject = checking.subject("qwen3-moe-tiny-hf", "grid8x8", "--batch", "3")
    for name, violations in checking.violations(subject, VALUES).items():
        assert is_told(VALUES[name][1], violations), (name, violations)


def test_plans_without_routes_say_what_is_taken_at_least_too():
    """And that no link carries anything."""
    subject = checking.subject("gpt-oss-tiny-int4", "wormhole")
    cases = {"least": (lambda plan: plan["kernels"][2].update(least_cycles=99999999),
                       "takes 99999999 cycles at least, its ops and ways take"),
             "hottest": (lambda plan: plan["links"]["hottest"].update(total=1),
                         "say that the hottest is 'none' with 0 wavelets, which is none of them or not the fullest: 0")}
    for name, violations in checking.violations(subject, cases).items():
        assert is_told(cases[name][1], violations), (name, violations)


def test_windows_read_places_that_are_dealt_out():
    """A state whose places lie in blocks has a window's on few cores; what the op takes says otherwise."""
    subject = checking.subject("gemma3-tiny-hf")
    changed = copy.deepcopy(subject.plan)
    windows = [state for kernel in changed["kernels"] for state in kernel["states"] for op in kernel["ops"] for use in op["operands"]
               if (use["role"], use["buffer"]) == ("state", state["name"])
               and any(dim["dim"] == "context" and dim["size"] < state["shape"][state["context_dim"]] for dim in op["dims"])]
    assert windows
    for state in windows:
        state["context_dim"] = -1
    violations, = subject.check([subject.text(changed)])
    assert is_told("has * places in blocks, of which op '*' reads * as if they were dealt out", violations)
