"""Plans whose embedding table stays with the host: what the host works out is known to the byte, and what is wrong with it is told."""

import functools
import json

import pytest

import checking
import placing

EXAMPLES = ["gpt-oss-tiny-fp32", "mixtral-tiny-hf", "gemma3-tiny-hf", "deepseek-v3-tiny-mobius", "llama-tiny-int4"]


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("phase", ["decode", "prefill", "both"])
def test_the_table_is_with_the_host_and_nowhere_else(name, phase, tmp_path):
    placing.run("inlayc", placing.example(name), "--embedding", "host", "--phase", phase, "-o", tmp_path)
    plan = json.loads((tmp_path / "plan.json").read_text())
    placing.run("inlay-check", tmp_path / "plan.json", "--model", placing.example(name))
    (value,) = plan["host_values"]
    (table,) = value["initializers"]
    held = {piece["initializer"] for kernel in plan["kernels"] for weight in kernel["weights"] for piece in weight["pieces"]}
    only_there = 0 if table["name"] in held else table["bytes"]
    accounting = plan["accounting"]
    folded = sum(entry["bytes"] for entry in accounting["folded"])
    assert accounting["weight_bytes"] + folded + only_there == accounting["reachable_bytes"]
    assert [stream["name"] for stream in plan["streams"] if stream["name"] == value["node"]], "the host sends rows"
    assert not any(stream["name"] == "input_ids" for stream in plan["streams"]), "nobody looks tokens up"


def test_on_the_wafer_the_host_works_out_nothing():
    assert checking.subject("mixtral-tiny-hf").plan["host_values"] == []


def first(plan):
    return plan["host_values"][0]


def made_of_states(plan):
    first(plan)["node"] = plan["kernels"][-1]["ops"][-1]["node"]


WRONG = {
    "other node": (lambda p: first(p).update(node="nowhere"), ["is no stream from the host", "is no node of the model that its outputs need"]),
    "initializer twice": (lambda p: first(p)["initializers"].append(dict(first(p)["initializers"][0])),
                          ["lists initializer 'model.embed_tokens.weight' twice"]),
    "size": (lambda p: first(p)["initializers"][0].update(bytes=7),
             ["says 7 B of initializer 'model.embed_tokens.weight', the model has 16384 B"]),
    "no initializer": (lambda p: first(p)["initializers"][0].update(name="none"), ["lists 'none', which is no initializer of the model"]),
    "other initializer": (lambda p: first(p)["initializers"][0].update(name="lm_head.weight"),
                          ["is not made from initializer 'lm_head.weight'",
                           "is made from initializer 'model.embed_tokens.weight', which it does not list"]),
    "left out": (lambda p: first(p)["initializers"].clear(),
                 ["is made from initializer 'model.embed_tokens.weight', which it does not list"]),
    "value twice": (lambda p: p["host_values"].append(first(p)), ["host value 'node_embedding': is there twice"]),
    "from states": (made_of_states, ["is made from state ", ", which the host does not have"]),
    "not said": (lambda p: p["host_values"].clear(), ["is no input of it in that order", "at no host value and not folded"]),
}


@functools.cache
def told():
    subject = checking.subject("mixtral-tiny-hf", "grid8x8", "--embedding", "host")
    return checking.violations(subject, WRONG)


@pytest.mark.parametrize("kind", WRONG)
def test_what_the_host_works_out_is_checked(kind):
    violations = "\n".join(told()[kind])
    for text in WRONG[kind][1]:
        assert text in violations


def test_wafers_that_differ_in_what_the_host_sends_are_planned_apart():
    """A wafer of one layer whose values the host makes, and one of an equal layer whose values come from that."""
    subject = checking.subject("llama-tiny-fp32", "grid8x8", "--embedding", "host", "--context", "64", "--wafers", "3")
    assert subject.check([subject.text(subject.plan)]) == [[]]
    structures = [[kernel["structure"] for kernel in subject.plan["kernels"] if region["wafer"] == wafer and kernel["region"] == region["name"]]
                  for wafer in (0, 1) for region in subject.plan["regions"] if region["wafer"] == wafer]
    assert structures[0] == structures[1] and structures[0]
