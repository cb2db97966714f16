"""inlay-check flags every single change of a plan that breaks something, and no other. bench/mutations.py does more."""

import collections

import pytest

import checking
import mutations

# Kernels that have twins and kernels that have none, experts, windows, weights in many pieces.
PLANS = [(300, "gpt-oss-tiny-int4"), (300, "mixtral-tiny-mobius"),
         # Slices and concatenations.
         (300, "deepseek-v3-tiny-hf"),
         # Several wafers, each of which works on a step of its own; prefill that shares its regions with decode.
         (300, "qwen3-moe-tiny-hf", "--wafers", "2", "--sequences-in-flight", "2"),
         (300, "gpt-oss-tiny-int4", "--phase", "both", "--context", "64", "--prompt-ratio", "2")]


@pytest.mark.parametrize("case", PLANS, ids=lambda case: " ".join(case[1:]))
def test_checker_agrees_with_what_a_change_breaks(case):
    count, name, *options = case
    subject = checking.subject(name, "grid8x8", *options)
    assert subject.check([subject.text(subject.plan)]) == [[]]
    wrong = []
    killed = collections.Counter()
    for mutant, reason, violations in mutations.judge(subject, mutations.mutants(subject, count)):
        killed[bool(violations)] += 1
        if bool(violations) == bool(reason):
            wrong.append((mutant.kind, mutant.operator, mutant.path, reason, violations[:1]))
    assert not wrong, "\n".join(map(str, wrong))
    assert killed[True] > 0.6 * count and killed[False] > 0


def test_every_kind_of_field_is_changed():
    subject = checking.subject("gpt-oss-tiny-int4")
    kinds = {kind for kind, _ in mutations.places(subject.plan)}
    assert {mutant.kind for mutant in mutations.mutants(subject, 1)} == kinds
    assert len(kinds) > 300


def test_reasons_are_about_fields_that_exist():
    kinds = {kind for _, name, *options in PLANS for kind, _ in mutations.places(checking.subject(name, "grid8x8", *options).plan)}
    for names, _, reason, _ in mutations.HARMLESS:
        assert reason and names <= kinds, names - kinds
